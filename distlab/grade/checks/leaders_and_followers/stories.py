"""Histories in few words: some break read your writes, some only seem to."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

from distlab.grade.exercise import Case
from distlab.history import Operation


class Story(NamedTuple):
    """A history in few words.

    `c1 x=a @3` writes and is told its place in the log (or info, or fail); `c1 x? b`
    reads b (-: nothing, !: no answer); `c1 x? a/b` reads a where b would be right.
    """

    title: str
    text: str
    advice: str

    def told(self, wrong: bool) -> list[Operation]:
        """Its operations; the read in question goes wrong, or goes right."""
        found = []
        for line in self.text.split(", "):
            process, what, end = line.split(" ")
            if what.endswith("?"):
                values = end.split("/")
                value = values[0] if wrong else values[-1]
                found.append(read(process, what[:-1], None if value == "-" else value))
            else:
                key, value = what.split("=")
                found.append(write(process, key, value, end))
        return found

    @property
    def in_question(self) -> int:
        """The place of the read that may go wrong; 0 if none does."""
        lines = self.text.split(", ")
        return next((i for i, line in enumerate(lines) if "/" in line), 0)


def read(process: str, key: str, value: str | None) -> Operation:
    """A read; `!` is one without an answer."""
    if value == "!":
        return Operation(process, "read", (key,), 0, "fail", "no answer")
    return Operation(process, "read", (key,), 0, "ok", value)


def write(process: str, key: str, value: str, end: str) -> Operation:
    """A write; `@3` is its place in the log if it ended ok."""
    args = key, value
    if end.startswith("@"):
        return Operation(process, "write", args, 0, "ok", int(end[1:]))
    return Operation(process, "write", args, 0, "fail" if end == "fail" else "info")


def among_others(ops: list[Operation], draw: random.Random, count: int) -> list[Any]:
    """The same, with their old places, and what two other sessions do in between."""
    found: list[Any] = list(enumerate(ops))
    ends = sorted(draw.choices(range(len(ops) + 1), k=2 * count), reverse=True)
    for i, at in enumerate(ends):
        number = count - 1 - i // 2
        reads = read("c9", "z", f"z{number}")
        writes = write("c8", "z", f"z{number}", f"@{900 + number}")
        found.insert(at, (None, writes if i % 2 else reads))
    return found


def timed(ops: list[Operation]) -> tuple[Operation, ...]:
    """The same, each in progress until its process calls the next."""
    found: list[Operation] = []
    next_us: dict[str, int] = {}
    for i in reversed(range(len(ops))):
        ended_us = next_us.get(ops[i].process, 1000 * len(ops)) - 1
        next_us[ops[i].process] = 1000 * i
        ended = None if ops[i].outcome == "info" else ended_us
        found.append(ops[i]._replace(invoked_us=1000 * i, ended_us=ended))
    return tuple(reversed(found))


def of_story(
    story: Story, wrong: bool, case: Case
) -> tuple[tuple[Operation, ...], Any]:
    """The history of a story, and where the read in question stands in it."""
    draw = case.random(story.title)
    mixed = among_others(story.told(wrong), draw, 2 * (case.size - 1))
    old_places = [old for old, _ in mixed]
    return timed([op for _, op in mixed]), old_places.index(story.in_question)


BROKEN = (
    Story(
        "nothing is read",
        "c1 x=a @1, c1 x? -/a",
        "Its write had ended: to find nothing is too old then.",
    ),
    Story(
        "an older write of its own is read",
        "c1 x=a @1, c1 x=b @2, c1 x? a/b",
        "Its own writes have an order too: which one is the latest?",
    ),
    Story(
        "an older write of another is read",
        "c2 x=a @1, c1 x=b @2, c1 x? a/b",
        "What another wrote may be older too: the result of a write is its place.",
    ),
    Story(
        "the second read is too old",
        "c1 x=a @1, c1 x? a, c1 x? -/a",
        "A read that was fine ends nothing: the next one may be too old.",
    ),
    Story(
        "another key is written and read in between",
        "c1 x=a @1, c1 y=b @2, c1 y? b, c1 x? -/a",
        "It is not enough to keep the last write: each key has one.",
    ),
    Story(
        "a write without an answer follows the one with an answer",
        "c1 x=a @1, c1 x=b info, c1 x? -/a",
        "An unknown write promises nothing, and takes nothing back.",
    ),
    Story(
        "the write of another was called later and came earlier",
        "c1 x=a @2, c2 x=b @1, c1 x? b/a",
        "Which write is older is decided by its place in the log, not by its call.",
    ),
    Story(
        "others read and write all the time",
        "c2 x=a @1, c1 x=b @2, c2 x=c @3, c2 x? c, c1 x? c, c3 x? a, c1 x? a/b",
        "Each session is judged by its own writes, in the midst of the others.",
    ),
)
FINE = (
    Story(
        "a newer write of another is read",
        "c1 x=a @1, c2 x=b @2, c1 x? b",
        "Newer than its own is not too old: another has written meanwhile.",
    ),
    Story(
        "its own write had no answer",
        "c1 x=a info, c1 x? -",
        "Nobody has promised that this write happened.",
    ),
    Story(
        "its own write failed",
        "c1 x=a fail, c1 x? -",
        "A write that failed did not happen.",
    ),
    Story(
        "another session lags",
        "c1 x=a @1, c2 x? -",
        "The promise is made to the one who wrote.",
    ),
    Story(
        "it reads first and writes later",
        "c1 x? -, c1 x=a @1, c1 x? a",
        "What was read before the write could not show it.",
    ),
    Story(
        "a read without an answer",
        "c1 x=a @1, c1 x? !",
        "A read that failed has seen nothing.",
    ),
    Story(
        "another key was never written",
        "c1 x=a @1, c1 y? -",
        "A write of one key says nothing about another.",
    ),
    Story(
        "an unknown write of another is read",
        "c2 x=b info, c1 x=a @1, c1 x? b",
        "An unknown write has no place: it may be the newest.",
    ),
    Story(
        "the write of another was called earlier and came later",
        "c2 x=b @2, c1 x=a @1, c1 x? b",
        "Which write is older is decided by its place in the log, not by its call.",
    ),
)
