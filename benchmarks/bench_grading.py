"""`distlab grade`: submissions a minute, with one worker and with two.

A submission is one learner's answers to the first two sheets (`--sheets`), with a key,
so that hidden cases are run too. Half of the learners hand in the solutions, half the
sheets as they were given out. The peer is nbgrader's autograde of the same notebooks,
where its extra is installed: it runs each notebook in a kernel, with the practice
checks in it, keeps no answer from anything, and has no hidden cases.

    python benchmarks/bench_grading.py            # prints the tables
    python benchmarks/bench_grading.py --write    # and puts them into README.md
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tables import table, write

from distlab.folders import course_folder
from distlab.grade.batch import Job, Marking, results
from distlab.grade.checks import course
from distlab.grade.gradebook import Entry
from distlab.grade.regrading import key_id
from distlab.grade.sheets import sources
from distlab.grade.submissions import found
from distlab.grade.versions import versions

KEY = b"a key for a benchmark"
LIMIT_S = 600


def hand_in(folder: Path, learners: int, sheets: int) -> None:
    """So many sheets of so many learners, every other one solved."""
    for i in range(learners):
        room = course_folder() / ("solutions", "exercises")[i % 2]
        for sheet in course().sheets[:sheets]:
            place = folder / f"learner{i:03}" / sheet
            place.mkdir(parents=True)
            shutil.copy(room / f"{sheet}.ipynb", place)


def ours(folder: Path, workers: int) -> None:
    """Mark all, as the command does."""
    of = course()
    marking = Marking(of, KEY, key_id(KEY), versions(of))
    handed, _ = found(folder, of)
    jobs = [Job(submission, 1) for submission in handed]
    marks = [came for _, came in results(jobs, marking, workers, LIMIT_S)]
    assert len(marks) == len(handed)
    for entry in marks:
        assert isinstance(entry, Entry), entry
        solved = int(entry.student[-3:]) % 2 == 0
        assert entry.score == (entry.worth if solved else 0), entry.summary


def processor_s() -> float:
    """What this process and those that it has waited for have used."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = map(resource.getrusage, who)
    return sum(one.ru_utime + one.ru_stime for one in used)


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and on the processors."""
    wall_s, used_s = time.perf_counter(), processor_s()
    work()
    return time.perf_counter() - wall_s, processor_s() - used_s


# --------------------------------------------------------------------------------- peer
def nbgraders(folder: Path, sheets: int) -> Callable[[], None] | None:
    """Have nbgrader autograde what is in `folder`, or None: it is not here."""
    try:
        from nbgrader.apps import NbGraderAPI
        from traitlets.config import Config
    except ModuleNotFoundError:
        return None
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    room = folder.parent
    for path, text in sources(course_folder(), room).items():
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    config = Config()
    config.CourseDirectory.root = str(room)
    config.CourseDirectory.submitted_directory = folder.name
    config.Execute.timeout = LIMIT_S
    api = NbGraderAPI(config=config)
    for sheet in course().sheets[:sheets]:
        api.generate_assignment(sheet)

    def autograde() -> None:
        for learner in sorted(path.name for path in folder.iterdir()):
            for sheet in course().sheets[:sheets]:
                done = api.autograde(sheet, learner, create=True)
                assert done["success"], done["error"]

    return autograde


def main() -> None:
    """Measure, print and perhaps write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=40)
    parser.add_argument("--sheets", type=int, default=2, help="the first of them")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "submitted"
        hand_in(folder, arguments.learners, arguments.sheets)
        works: dict[str, Callable[[], object]] = {
            "ours, 1 worker": lambda: ours(folder, 1),
            "ours, 2 workers": lambda: ours(folder, 2),
        }
        if peer := nbgraders(folder, arguments.sheets):
            works["nbgrader, one at a time"] = peer
        for name, work in works.items():
            wall_s, used_s = measured(work)
            a_minute = 60 * arguments.learners / wall_s
            each_s = used_s / arguments.learners
            rows.append([name, f"{a_minute:.0f}", f"{each_s:.2f}"])
    heads = ["who marks", "learners a minute", "processor seconds a learner"]
    told = table(heads, rows)
    print(f"{arguments.learners} learners, {arguments.sheets} sheets each\n\n{told}")
    if arguments.write:
        write(Path(__file__).with_name("README.md"), "grading", told)


if __name__ == "__main__":
    main()
