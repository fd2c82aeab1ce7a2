"""Histories of a register in few words: some hold a stale read, some only seem to."""

from __future__ import annotations

from typing import NamedTuple

from distlab.grade.exercise import Case
from distlab.history import Operation

STEP_US = 1_000


class Story(NamedTuple):
    """A history in few words, each operation with when it was called and ended.

    `c1 x=a 0-2` writes, `c2 x? b 3-4` reads b (-: nothing), `c2 x? a/b 3-4` reads a
    where b would be right. `3-?`: nobody knows; `3-4!`: it failed.
    """

    title: str
    text: str
    advice: str

    def told(self, wrong: bool) -> list[Operation]:
        """Its operations; the read in question goes wrong, or goes right."""
        return [operation(line, wrong) for line in self.text.split(", ")]

    @property
    def in_question(self) -> int:
        """The place of the read that may go wrong; 0 if none does."""
        lines = self.text.split(", ")
        return next((i for i, line in enumerate(lines) if "/" in line), 0)


def operation(line: str, wrong: bool) -> Operation:
    """One operation of a story."""
    process, *what, when = line.split(" ")
    called, _, ended = when.partition("-")
    f, result = "read", None
    args: tuple[str, ...] = (what[0].rstrip("?"),)
    if "=" in what[0]:
        f, args = "write", tuple(what[0].split("="))
    else:
        value = what[1].split("/")[0 if wrong else -1]
        result = None if value == "-" else value
    outcome = {"?": "info", "!": "fail"}.get(ended[-1], "ok")
    ended_us = None if outcome == "info" else int(ended.rstrip("!")) * STEP_US
    return Operation(
        process,
        f,
        args,
        int(called) * STEP_US,
        outcome,  # type: ignore[arg-type]
        result if outcome == "ok" else None,
        ended_us,
    )


def of_story(
    story: Story, wrong: bool, case: Case
) -> tuple[tuple[Operation, ...], int]:
    """The history of a story, among what others do, and the place in question."""
    draw = case.random(story.title)
    values = dict(zip("abc", draw.sample("abcdefgh", 3), strict=True))
    ops = [renamed(op, values) for op in story.told(wrong)]
    asked = ops[story.in_question]
    for i in range(2 * (case.size - 1)):
        at_us, value = draw.randrange(10 * STEP_US), f"z{i}"
        ended_us = at_us + draw.randrange(1, STEP_US)
        ops.append(Operation(f"c{8 + i}", "write", ("z", value), at_us, "info"))
        read = Operation("c7", "read", ("z",), at_us, "ok", value, ended_us)
        ops += [read] if i == 0 else []
    ops.sort(key=lambda op: op.invoked_us)
    return tuple(ops), ops.index(asked)


def renamed(op: Operation, values: dict[str, str]) -> Operation:
    """The same, of other values."""
    args = (*op.args[:1], *(values[value] for value in op.args[1:]))
    return op._replace(args=args, result=values.get(op.result, op.result))


BROKEN = (
    Story(
        "nothing is read",
        "c1 x=a 0-1, c2 x? -/a 2-3",
        "The write had ended: to find nothing is too old then.",
    ),
    Story(
        "an overwritten value is read",
        "c1 x=a 0-1, c2 x=b 2-3, c3 x? a/b 4-5",
        "Both writes had ended, one after the other: which of them is older?",
    ),
    Story(
        "new, then old again",
        "c1 x=a 0-1, c1 x=b 2-9, c2 x? b 3-4, c3 x? a/b 5-6",
        "That write had not ended; but somebody had read it, so it had happened.",
    ),
    Story(
        "a read finds nothing after another had found a write under way",
        "c1 x=a 0-9, c2 x? a 1-2, c3 x? -/a 3-4",
        "What has been read has happened, whatever becomes of its write.",
    ),
    Story(
        "of a write nobody knows, and one has read it",
        "c1 x=a 0-1, c2 x=b 2-?, c3 x? b 4-5, c1 x? a/b 6-7",
        "Info: nobody knows if it happened, but for those who have read it.",
    ),
    Story(
        "a third write overlaps both, and ends last",
        "c1 x=a 1-2, c1 x=b 3-4, c2 x=c 0-6, c3 x? a/b 7-8",
        "Not only the write that ended last counts: any that had ended does.",
    ),
    Story(
        "another key is written in between",
        "c1 x=a 0-1, c1 y=b 2-3, c2 y? b 4-5, c2 x? -/a 6-7",
        "Each key is a register of its own.",
    ),
    Story(
        "an unknown write was read, and then overwritten",
        "c1 x=a 0-?, c2 x? a 1-2, c2 x=b 3-4, c3 x? a/b 5-6",
        "An unknown write that was read had happened by then: it can be too old.",
    ),
)
FINE = (
    Story(
        "a write is under way, and the new value is read",
        "c1 x=a 0-1, c1 x=b 2-9, c2 x? b 3-4",
        "What is under way may have happened.",
    ),
    Story(
        "a write is under way, and the old value is read",
        "c1 x=a 0-1, c1 x=b 2-9, c2 x? a 3-4",
        "That write has not ended, and nobody has read it: it may come later.",
    ),
    Story(
        "two writes overlap, and the one that ended first is read",
        "c1 x=a 0-2, c2 x=b 1-3, c3 x? a 4-5",
        "They overlapped: nobody can say which of them was first.",
    ),
    Story(
        "two writes overlap, and the one that was called first is read",
        "c1 x=a 0-3, c2 x=b 1-2, c3 x? a 4-5",
        "They overlapped: nobody can say which of them was first.",
    ),
    Story(
        "the write ends while the read is in progress",
        "c1 x=a 0-1, c1 x=b 2-4, c2 x? a 3-5",
        "It had not ended when the read was called.",
    ),
    Story(
        "two reads overlap",
        "c1 x=a 0-1, c1 x=b 2-9, c2 x? b 3-6, c3 x? a 4-5",
        "The read of the new value had not ended: these two may be in any order.",
    ),
    Story(
        "of a write nobody knows, and nobody reads it",
        "c1 x=a 0-1, c2 x=b 2-?, c3 x? a 4-5",
        "Nobody has promised that this write happened.",
    ),
    Story(
        "an unknown write is read late",
        "c1 x=a 0-?, c2 x=b 1-2, c3 x? b 3-4, c3 x? a 5-6",
        "An unknown write may take effect at any later time.",
    ),
    Story(
        "a write failed",
        "c1 x=a 0-1, c2 x=b 2-3!, c3 x? a 4-5",
        "A write that failed did not happen.",
    ),
    Story(
        "another key was overwritten",
        "c1 x=a 0-1, c1 y=b 2-3, c2 x? a 4-5",
        "A write of one key says nothing about another.",
    ),
    Story(
        "a read has no answer",
        "c1 x=a 0-1, c2 x? - 2-3!",
        "A read that failed has seen nothing.",
    ),
)
