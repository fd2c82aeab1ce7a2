"""What a learner has solved and foretold: a file that only grows, and stays.

One line of JSON for each event, in the learner's own folder, so that an update of the
course does not touch it; exercises are known by their number. A line is written in one
go, and a line that was cut off (a full disk, a power cut) is left out when it is read.

A prediction counts once, the first time. `calibration` asks how good a learner's own
confidence was: its Brier score is the mean of (confidence - right)², so that 0 is
perfect, and always saying 0.5 gives 0.25 (Brier, "Verification of forecasts expressed
in terms of probability", Monthly Weather Review 78(1), 1950).
"""

from __future__ import annotations

import argparse
import json
import os
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from distlab.folders import settings_folder
from distlab.grade.checks import course
from distlab.grade.exercise import Course


def file() -> Path | None:
    """Where progress is kept; None in a kernel that a test has started."""
    tested = "PYTEST_VERSION" in os.environ
    if tested and ("JPY_PARENT_PID" in os.environ or "DISTLAB_HOME" not in os.environ):
        return None
    return settings_folder() / "progress.jsonl"


def record(event: str, **what: Any) -> None:
    """Add a line. A folder that cannot be written to is no reason to stop a lesson."""
    path = file()
    if path is None:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"event": event, "at": now, **what}, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a+b", buffering=0) as kept:
            size = kept.seek(0, os.SEEK_END)
            whole = size == 0 or os.pread(kept.fileno(), 1, size - 1) == b"\n"
            kept.write(("" if whole else "\n").encode() + line.encode())
    except OSError as why:
        warnings.warn(f"progress could not be kept in {path}: {why}.", stacklevel=2)


def records() -> list[dict[str, Any]]:
    """All lines that can be read, the oldest first."""
    path = file()
    if path is None or not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            read = json.loads(line)
        except ValueError:
            continue
        if isinstance(read, dict):
            found.append(read)
    return found


class Calibration(NamedTuple):
    """How a learner's predictions came out."""

    settled: int = 0
    right: int = 0
    confident: int = 0  # of them with a confidence
    confidence: float = 0  # the mean of these
    brier: float = 0

    def __str__(self) -> str:
        if not self.settled:
            return "No prediction has been settled yet."
        told = f"Predictions: {self.right} of {self.settled} were right."
        if not self.confident:
            return told
        return (
            f"{told} You were {self.confidence:.0%} sure on average; Brier score "
            f"{self.brier:.2f} (0 is perfect, 0.25 is what a coin gets)."
        )


class Progress:
    """What has been solved and foretold, beside what the course asks."""

    def __init__(self, found: list[dict[str, Any]], of: Course):
        self.course = of
        events = [(r.get("event"), str(r.get("exercise", ""))) for r in found]
        self.solved = dict.fromkeys(n for event, n in events if event == "solved")
        tried = dict.fromkeys(n for event, n in events if event == "tried")
        self.tried = [number for number in tried if number not in self.solved]
        self.calibration = calibration(
            [r for r in found if r.get("event") == "settled"]
        )

    def lines(self) -> list[tuple[str, int, int]]:
        """Each sheet: how many of its exercises are solved, and how many there are."""
        return [
            (sheet, sum(e.number in self.solved for e in asked), len(asked))
            for sheet in self.course.sheets
            for asked in [self.course.of(sheet)]
        ]

    def __repr__(self) -> str:
        lines = [
            f"{sheet:<32} {'■' * done}{'□' * (of - done)} {done} of {of} solved"
            for sheet, done, of in self.lines()
        ]
        gone = [number for number in self.solved if number not in self.course.exercises]
        if gone:
            lines.append(f"solved, no longer in the course: {', '.join(gone)}")
        if self.tried:
            lines.append(f"tried, not solved yet: {', '.join(self.tried)}")
        return "\n".join([*lines, str(self.calibration)])


def calibration(settled: list[dict[str, Any]]) -> Calibration:
    """The first prediction of each name counts; what came later is practice."""
    first: dict[str, dict[str, Any]] = {}
    for entry in settled:
        first.setdefault(str(entry.get("prediction")), entry)
    pairs = [(e.get("confidence"), e.get("right") is True) for e in first.values()]
    sure = [(float(c), right) for c, right in pairs if isinstance(c, (int, float))]
    n = len(sure)
    return Calibration(
        settled=len(pairs),
        right=sum(right for _, right in pairs),
        confident=n,
        confidence=sum(c for c, _ in sure) / n if n else 0,
        brier=sum((c - right) ** 2 for c, right in sure) / n if n else 0,
    )


def here(of: Course | None = None) -> Progress:
    """What has been solved on this machine."""
    return Progress(records(), of or course())


# --------------------------------------------------------------------- distlab progress
def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab progress` can be told."""
    parser.add_argument(
        "--where", action="store_true", help="print the file in which it is kept"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show what has been solved."""
    print(file() if arguments.where else here())
    return 0
