"""Many submissions at once: processes that mark one after the other.

A file that brings the process that marks it to an end, or keeps it for too long, takes
nobody else with it: it is tried once more in a fresh one, and then told in a sentence.
What comes of a submission depends on it alone, not on who marked it or when.
"""

from __future__ import annotations

import gc
import shutil
import signal
import tempfile
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NamedTuple

from distlab.errors import DistlabError
from distlab.grade import fence, submissions
from distlab.grade.cells import FILE_BYTES_MAX
from distlab.grade.examine import Unjudgeable
from distlab.grade.exercise import Course
from distlab.grade.gradebook import Entry, entry, line, read_line
from distlab.grade.marks import Marker
from distlab.grade.submissions import Submission
from distlab.grade.versions import Version

TRIES = 2
START_S = 120.0  # for a process to be ready
PATIENCE_S = 5.0  # for one that has nothing more to do
FRESH = get_context("spawn")  # a process that has nothing of this one, not even threads


class Job(NamedTuple):
    """One submission to be marked, and the run that first saw it."""

    submission: Submission
    handed: int


class Marking(NamedTuple):
    """With what all are marked."""

    course: Course
    key: bytes | None
    key_id: str
    versions: dict[str, Version]


Result = tuple[Job, Entry | str]  # or why nobody could mark it


# ------------------------------------------------------------------------ in a process
def work(pipe: Connection, marking: Marking, folder: str) -> None:
    """Mark what comes, until nothing more does."""
    fence.hide()
    tempfile.tempdir = folder  # emptied by the parent, however this process ends
    with suppress(EOFError, BrokenPipeError):
        try:
            with Marker(marking.course, marking.key) as marker:
                gc.freeze()  # the collector need not look through the library each time
                while True:
                    job = pipe.recv()
                    pipe.send(("begun", ""))
                    pipe.send(answered(marker, marking, job))
        except (DistlabError, OSError) as why:
            pipe.send(("unjudgeable", str(why)))


def answered(marker: Marker, marking: Marking, job: Job) -> tuple[str, str]:
    """What came of one job: a line, or why there is none."""
    try:
        return "marked", line(marked(marker, marking, job))
    except Unjudgeable:
        raise
    except Exception as raised:  # a judge that fails is no reason to stop the rest
        return "broke off", told(raised)


def marked(marker: Marker, marking: Marking, job: Job) -> Entry:
    """Mark a copy of the file, so that the line tells of the bytes that were marked."""
    with tempfile.TemporaryDirectory() as folder:
        handed = copied(job.submission, Path(folder))
        marks = marker.mark(handed.path, handed.student)
        return entry(
            marks,
            marking.versions,
            file=handed.file,
            digest=submissions.digest(handed),
            handed=job.handed,
            key=marking.key_id,
        )


def copied(submission: Submission, folder: Path) -> Submission:
    """A copy of what can be read; what cannot, or is too large, is told by itself."""
    try:
        content = submissions.content(submission.path)
    except OSError:
        return submission
    if len(content) > FILE_BYTES_MAX:
        return submission
    copy = folder / submission.file
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(content)
    return submission._replace(path=copy)


def told(raised: Exception) -> str:
    """What went wrong here, with the place in our own code."""
    frame = traceback.extract_tb(raised.__traceback__)[-1]
    place = f"{Path(frame.filename).name}, line {frame.lineno}"
    return f"{type(raised).__name__}: {raised} ({place})"


# ---------------------------------------------------------------------------- and here
class Worker:
    """A process that marks, and the job that it has."""

    def __init__(self, marking: Marking, folder: Path):
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.pipe, theirs = FRESH.Pipe()
        given = (theirs, marking, str(self.folder))
        self.process = FRESH.Process(target=work, args=given, daemon=True)
        with interrupts_held():
            self.process.start()
        theirs.close()
        self.job: Job | None = None
        self.until_s = 0.0

    def give(self, job: Job) -> None:
        """Let it mark this."""
        self.job, self.until_s = job, time.monotonic() + START_S
        with suppress(BrokenPipeError):  # its end is told when it is asked
            self.pipe.send(job)

    def answer(self, limit_s: float) -> tuple[str, str] | None:
        """What came of the job; None as long as it has time."""
        if not self.pipe.poll():
            late = time.monotonic() >= self.until_s
            return (
                ("ended", f"marking it took more than {limit_s:g} s") if late else None
            )
        try:
            how, said = self.pipe.recv()
        except (EOFError, OSError):
            self.process.join(1)
            code = self.process.exitcode
            return "ended", f"the process that marked it ended with exit code {code}"
        if how == "begun":
            self.until_s = time.monotonic() + limit_s
            return None
        return how, said

    def end(self, patience_s: float = 0.0) -> None:
        """End the process, and remove what it has left behind."""
        self.pipe.close()  # nothing more comes, sees one that waits, and ends itself
        self.process.join(patience_s)
        self.process.kill()
        self.process.join()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """What is started now does not hear Ctrl-C: this process does, and ends it."""
    resource_tracker.ensure_running()  # whose start would let interrupts through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Pool:
    """Workers, and the jobs that are left."""

    def __init__(self, jobs: Iterable[Job], marking: Marking, limit_s: float):
        self.left = deque((job, 1) for job in jobs)
        self.marking, self.limit_s = marking, limit_s
        self.busy: dict[Worker, int] = {}  # each with how often its job has been tried
        self.idle: list[Worker] = []

    def hand_out(self, workers: int, folder: Path) -> None:
        """Give a job to everybody who has none."""
        while self.left and len(self.busy) < workers:
            job, tried = self.left.popleft()
            worker = self.idle.pop() if self.idle else Worker(self.marking, folder)
            worker.give(job)
            self.busy[worker] = tried

    def answers(self) -> Iterator[tuple[Worker, tuple[str, str]]]:
        """The workers that are done, or late; waits until there is one."""
        soonest_s = min(worker.until_s for worker in self.busy) - time.monotonic()
        wait([worker.pipe for worker in self.busy], max(0.0, soonest_s))
        found = [(worker, worker.answer(self.limit_s)) for worker in self.busy]
        yield from ((worker, answer) for worker, answer in found if answer)

    def results(self) -> Iterator[Result]:
        """What came of the jobs that are done; who has died is tried once more."""
        for worker, (how, said) in self.answers():
            tried, job = self.busy.pop(worker), worker.job
            assert job is not None
            if how == "ended":
                worker.end()
            else:
                self.idle.append(worker)
            if how == "ended" and tried < TRIES:
                self.left.append((job, tried + 1))
            else:
                yield job, result(how, said)

    def end(self) -> None:
        """End all workers."""
        for worker in self.busy:
            worker.end()
        for worker in self.idle:
            worker.end(PATIENCE_S)


def results(
    jobs: Iterable[Job], marking: Marking, workers: int, limit_s: float
) -> Iterator[Result]:
    """What came of each job, in the order in which they are done.

    Raises `DistlabError` if this machine cannot mark at all.
    """
    pool = Pool(jobs, marking, limit_s)
    with tempfile.TemporaryDirectory(prefix="distlab-") as folder:
        try:
            while pool.left or pool.busy:
                pool.hand_out(workers, Path(folder))
                yield from pool.results()
        finally:
            pool.end()


def result(how: str, said: str) -> Entry | str:
    """The line that came, or why there is none."""
    if how == "unjudgeable":
        raise Unjudgeable(said)
    return read_line(said) if how == "marked" else said
