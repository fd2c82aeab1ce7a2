"""Many submissions at once: nobody stops the rest, no mark depends on the others."""

import csv
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from classes import a_run, graded, hand_in, put
from exercises_for_toys import COURSE as TOYS
from toy_answers import MIDDLE, MY_COUNTER, SOLUTION

from distlab.grade.checks import course
from distlab.grade.examine import Unjudgeable
from distlab.grade.gradebook import opened
from distlab.grade.marks import Marker


def scores(place: Path) -> dict[str, str]:
    with open(place.parent / "grades.csv") as file:
        return {row["student_id"]: row["score"] for row in csv.DictReader(file)}


# ------------------------------------------------------------------- one and the rest
def test_a_process_that_dies_or_hangs_takes_nobody_with_it(tmp_path, capsys):
    answers = {"ann": "right", "bob": "dies", "cat": "hangs", "dan": "wrong"}
    place = hand_in(tmp_path / "in", **answers, eve="right")
    run = graded(place, workers=2, limit_s=2)
    assert scores(place) == {"ann": "1.0", "dan": "0.0", "eve": "1.0"}
    assert run.broke_off == {
        "bob.ipynb": "the process that marked it ended with exit code -9",
        "cat.ipynb": "marking it took more than 2 s",
    }
    assert run.exit_code() == 1
    told = capsys.readouterr().out
    assert "bob.ipynb: could not be marked: the process that marked it ended" in told


def test_who_dies_once_is_marked_by_a_fresh_process(tmp_path):
    """Memory may have run out because of somebody else."""
    place = hand_in(tmp_path / "in", ann=("dies once", str(tmp_path / "flag")))
    run = graded(place)
    assert (run.exit_code(), scores(place)) == (0, {"ann": "1.0"})


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_process_of_this_user_may_look_into_one_that_has_the_key(tmp_path):
    place = hand_in(tmp_path / "in", ann="may be looked into")
    graded(place, key=b"key")
    assert scores(place) == {"ann": "1.0"}


def test_what_broke_off_is_tried_again_by_the_next_run(tmp_path):
    place = hand_in(tmp_path / "in", ann="right", bob="dies")
    graded(place)
    with a_run(place) as (_, jobs):
        assert [job.submission.student for job in jobs] == ["bob"]


def test_a_machine_that_cannot_judge_stops_the_run_and_keeps_the_marks(tmp_path):
    place = hand_in(tmp_path / "in", ann="right", bob="cannot be judged")
    with pytest.raises(Unjudgeable, match="nothing works here"):
        graded(place)
    with opened(tmp_path / "gradebook.jsonl") as book:
        assert [entry.student for entry in book.entries] == ["ann"]


def test_workers_leave_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    graded(hand_in(tmp_path / "in", ann="right", bob="dies"), workers=2)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_course_can_be_handed_to_another_process():
    for of in (course(), TOYS):
        assert pickle.loads(pickle.dumps(of)).exercises.keys() == of.exercises.keys()


# ----------------------------------------------------------------------- the same marks
def written(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "in" not in path.relative_to(folder).parts
    }


def test_marks_are_the_same_bytes_whoever_gives_them_in_whatever_order(tmp_path):
    wrong = MY_COUNTER.replace("if (src, msg.number) not in", "if True or 1 not in")
    found = []
    for workers in (1, 2):
        place = tmp_path / str(workers) / "in"
        put(place / "ann/99_counting.ipynb", wrong)
        put(place / "bob/99_counting.ipynb", *SOLUTION)
        put(place / "cat/99_counting.ipynb", MIDDLE)
        (place / "dan.ipynb").write_text("no notebook")
        pages = place.parent / "reports"
        graded(place, workers=workers, pages=pages, of=TOYS, key=b"key")
        found.append(written(place.parent))
    assert found[0] == found[1]
    assert list(found[0]) == [
        "gradebook.jsonl",
        "grades.csv",
        *(f"reports/{who}/99_counting.{kind}" for who in ("ann",) for kind in KINDS),
        *(f"reports/ann/index.{kind}" for kind in KINDS),
        *(
            f"reports/{who}/{name}.{kind}"
            for who in ("bob", "cat", "dan")
            for name in ("99_counting", "index")
            for kind in KINDS
        ),
        *(f"reports/index.{kind}" for kind in KINDS),
    ]


KINDS = ("html", "md")


def test_a_mark_does_not_depend_on_who_was_marked_before(tmp_path):
    place = hand_in(tmp_path / "a/in", ann="right", bob="wrong")
    graded(place)
    alone = hand_in(tmp_path / "b/in", bob="wrong")
    graded(alone)
    lines = [
        json.loads(line)
        for book in (tmp_path / "a/gradebook.jsonl", tmp_path / "b/gradebook.jsonl")
        for line in book.read_text().splitlines()
    ]
    assert lines[1] == lines[2]


def test_the_bytes_that_are_marked_are_those_that_are_digested(tmp_path, monkeypatch):
    """Whoever changes the file meanwhile finds the first one marked."""
    place = hand_in(tmp_path / "in", ann="right")

    def changed(self, path, student):
        hand_in(place, ann="wrong")
        return mark(self, path, student)

    mark = Marker.mark
    monkeypatch.setattr(Marker, "mark", changed)
    from distlab.grade import batch

    with a_run(place) as (run, [job]), Marker(run.course) as marker:
        entry = batch.marked(marker, run.marking, job)
    assert entry.score == 1
    with a_run(place) as (run, [job]):  # the file that is there now is another one
        assert job.submission.student == "ann"


# --------------------------------------------------------------------------- going on
def test_a_second_run_marks_only_what_is_new_or_has_changed(tmp_path, capsys):
    place = hand_in(tmp_path / "in", ann="right", bob="wrong")
    graded(place)
    before = written(tmp_path)
    graded(place)
    assert written(tmp_path) == before
    assert "0 marked, 2 were marked before" in capsys.readouterr().out
    hand_in(place, bob="right", cat="right")
    with a_run(place) as (_, jobs):
        assert [job.submission.student for job in jobs] == ["bob", "cat"]


def pressed_until_it_ends(run: subprocess.Popen) -> tuple[str, int]:
    """Ctrl-C, as often as it takes: what was said, and how often.

    Python drops an interrupt that comes while a destructor runs, and says so.
    """
    for pressed in (1, 2, 3):
        os.killpg(run.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return run.communicate(timeout=15)[1], pressed
    pytest.fail("it goes on")


def test_ctrl_c_loses_no_mark_and_leaves_no_process(tmp_path):
    answers = {f"s{i:02}": "right" for i in range(6)}
    place = hand_in(tmp_path / "in", **answers, zoe="hangs")
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(place)],
        cwd=Path(__file__).parent,
        start_new_session=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert run.stdout
    said = [run.stdout.readline() for _ in answers]
    complaints, pressed = pressed_until_it_ends(run)
    assert run.returncode == 130, complaints
    assert "interrupted: 6 of 7 are marked and kept in " in complaints
    assert len(said) == 6
    if pressed == 1:
        assert complaints.startswith("interrupted: ")
        assert "Traceback" not in complaints
    with pytest.raises(ProcessLookupError):
        gone(run.pid)
    with a_run(place) as (_, jobs):
        assert [job.submission.student for job in jobs] == ["zoe"]


def test_a_run_that_was_killed_goes_on_to_the_same_bytes(tmp_path):
    """A line may be cut off half way; and what came first in that run came in it."""
    answers = {f"s{i}": "right" for i in range(5)}
    through, killed = (hand_in(tmp_path / x / "in", **answers) for x in "ab")
    for place in (through, killed):
        put(place / "s0/a.ipynb", "WHAT = 'wrong'")  # the other of s0 is read later
    graded(through)
    expected = written(through.parent)
    hand_in(killed, zoe="hangs")
    run = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(killed)],
        cwd=Path(__file__).parent,
        start_new_session=True,
        stdout=subprocess.PIPE,
    )
    assert run.stdout
    for _ in range(3):
        run.stdout.readline()
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    with (killed.parent / "gradebook.jsonl").open("a") as book:
        book.write('{"answers":[{"cl')
    (killed / "zoe.ipynb").unlink()
    graded(killed)
    assert written(killed.parent) == expected


INTERRUPTED = """
import sys
from pathlib import Path
from classes import graded
if __name__ == "__main__":
    try:
        graded(Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def gone(group: int) -> None:
    """Raises `ProcessLookupError` once nobody of this group is left."""
    for _ in range(50):
        os.killpg(group, 0)
        time.sleep(0.1)
