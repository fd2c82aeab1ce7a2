"""Texts and lists that are put and appended to: what was read tells the order.

Source
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section
    3: clusters and zones, here of a put with all that was seen of it.

A put opens an epoch. The longest that was read of it tells which items were appended
and in which order; what else was read of it must be a beginning of that. An epoch lasts
until the last of it was read, and nothing else comes between. An item that nobody read
stands alone, between two epochs. So it is enough that real time agrees with the order
inside each epoch, and that the epochs, as zones, can be put into an order: n log n, and
looking at what was read.

This takes items that differ, none of which begins another, so that what was read can be
taken apart in one way only. Other histories are for the search.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, NoReturn

from distlab.check.finding import Finding, Operations, told
from distlab.check.moments import Moments
from distlab.check.zones import Pair, Zones
from distlab.history import Operation

Content = Any  # a text, or a tuple of items; None where there is none
OPENS = ("put", "write")


def texts(ops: Operations) -> Finding | None:
    """Whether these puts, appends and gets are of one text that is empty at first.

    None where epochs do not tell.
    """
    known = all(op.f in ("put", "append", "get") for op in ops) and all(
        op.f != "get" or op.outcome == "info" or op.result is not None for op in ops
    )
    return judged(ops, contents(ops, of_a_text, str)) if known else None


def lists(ops: Operations) -> Finding | None:
    """Whether these writes, appends and reads are of one list that is empty at first.

    None where epochs do not tell.
    """
    known = all(op.f in ("write", "append", "read") for op in ops) and all(
        op.f != "append" or op.outcome == "info" or op.result is not None for op in ops
    )
    return judged(ops, contents(ops, of_a_list, tuple)) if known else None


def judged(ops: Operations, contents: Contents | None) -> Finding | None:
    """An order of the epochs, or why there is none."""
    if contents is None:
        return None
    try:
        order = Epochs(ops, contents).order()
    except Wrong as wrong:
        read = [contents.seen[i] or () for i in wrong.ops]
        pieces = [i for content in read for i in contents.pieces(content) if i >= 0]
        evidence = sorted({*pieces, *wrong.ops})
        return Finding("invalid", wrong.reason, tuple(ops[i] for i in evidence))
    return Finding("valid", order=tuple(ops[i] for i in order))


class Wrong(Exception):
    """What was read cannot have been there: a sentence, and the operations it needs."""

    def __init__(self, reason: str, *ops: int):
        super().__init__(reason)
        self.reason, self.ops = reason, ops


# ---------------------------------------------------------------- what was put and read
class Contents:
    """What each operation saw, and what each one put there or added."""

    def __init__(self, seen: list[Content], written: list[Content]):
        self.seen, self.written = seen, written
        self.writer = {what: i for i, what in enumerate(written) if what is not None}
        self.sizes = sorted(set(map(len, self.writer)))

    def pieces(self, content: Content) -> Iterator[int]:
        """Who wrote it, piece by piece; -1: nobody wrote the rest."""
        at, writer = 0, self.writer
        while at < len(content):
            for size in self.sizes:
                if (part := content[at : at + size]) in writer:
                    yield writer[part]
                    at += size
                    break
            else:
                yield -1
                return

    def ambiguous(self) -> bool:
        """Whether something was written twice, is empty, or begins another thing."""
        count = sum(what is not None for what in self.written)
        if len(self.writer) < count or 0 in self.sizes:
            return True
        return any(
            what[:size] in self.writer
            for size in self.sizes[:-1]
            for what in self.writer
            if len(what) > size
        )


def contents(
    ops: Operations, of: Callable[[Operation], tuple[Content, Content]], kind: type
) -> Contents | None:
    """What was seen and written; None if what was seen could not tell who wrote it."""
    seen, written = map(list, zip(*map(of, ops), strict=True)) if ops else ([], [])
    if any(what is not None and type(what) is not kind for what in (*seen, *written)):
        return None
    found = Contents(seen, written)
    return None if found.ambiguous() else found


def of_a_text(op: Operation) -> tuple[Content, Content]:
    """What this operation saw of a text, and what it put there or added."""
    if op.f == "get":
        return op.result if op.outcome == "ok" else None, None
    return None, op.args[-1]


def of_a_list(op: Operation) -> tuple[Content, Content]:
    """The same of a list, of which who appends sees what has come of it."""
    if op.f == "read":
        return () if op.result is None else op.result, None
    if op.f == "write":
        return None, op.args[-1]
    return op.result if op.outcome == "ok" else None, (op.args[-1],)


# ------------------------------------------------------------------------------ epochs
class Place(NamedTuple):
    """Where an operation belongs: in which epoch, and after how many steps of it."""

    epoch: int | None  # the put that opens it; None: what was there at first
    step: int = 0  # an append, then the reads that saw it as the last one


class Epochs:
    """The operations of one object, each in the epoch that it belongs to.

    Raises `Wrong` if what was read cannot have been there.
    """

    def __init__(self, ops: Operations, contents: Contents):
        self.ops, self.contents = ops, contents
        self.places = {i: Place(i) for i in contents.writer.values()}  # each by itself
        self.reader: dict[int, int] = {}  # of a put or append: who saw it
        epochs: dict[int | None, list[int]] = defaultdict(list)
        for i, content in enumerate(contents.seen):
            if content is not None:
                first = next(contents.pieces(content), -1)
                opens = first >= 0 and ops[first].f in OPENS
                epochs[first if opens else None].append(i)
        for epoch, readers in epochs.items():
            self.read(epoch, readers)

    def read(self, epoch: int | None, readers: list[int]) -> None:
        """Put those who saw one epoch, and what they saw, into their places."""
        seen, written = self.contents.seen, self.contents.written
        longest = max(readers, key=lambda i: len(seen[i]))
        path = list(self.contents.pieces(seen[longest]))
        self.take_in(epoch, path, longest)
        lengths = accumulate((len(written[i]) for i in path), initial=0)
        step_at = {length: 2 * n for n, length in enumerate(lengths)}
        for i in readers:
            size = len(seen[i])
            if seen[longest][:size] != seen[i]:
                raise Wrong(f"{self.told(i)}, but {self.told(longest)}.", i, longest)
            if size not in step_at:
                raise Wrong(f"{self.told(i)}, of which nobody wrote the end.", i)
            if i not in self.places:
                self.places[i] = Place(epoch, step_at[size] + 1)
            elif self.places[i] != (epoch, step_at[size]):
                raise Wrong(f"{self.told(i)}, which does not end with its own.", i)

    def take_in(self, epoch: int | None, path: list[int], reader: int) -> None:
        """What was seen of one epoch, in its order."""
        for n, i in enumerate(path, 1):
            if i < 0:
                why = f"{self.told(reader)}, of which nobody wrote the end."
                raise Wrong(why, reader)
            if n > 1 and self.ops[i].f in OPENS:
                why = f"but {self.told(i)}, which leaves nothing of before"
                raise Wrong(f"{self.told(reader)}, {why}.", reader)
            other = self.reader.setdefault(i, reader)
            if self.places[i].step:
                why = f"{self.told(i)} and so in one place only"
                if other != reader:
                    why = f"{self.told(other)}, and {why}"
                raise Wrong(f"{self.told(reader)}, but {why}.", reader, other)
            self.places[i] = Place(epoch, 2 * n)

    def order(self) -> list[int]:
        """One that explains what was read. Raises `Wrong` if real time allows none."""
        ops, places = self.ops, self.places
        kept = [i for i in sorted(places) if ops[i].outcome == "ok" or i in self.reader]
        zones = Zones(tuple(ops[i] for i in kept), [places[i].epoch for i in kept])
        self.look_inside(kept, zones.moments)
        if broken := zones.contradiction():
            self.between(broken)
        rank = {epoch: n for n, epoch in enumerate(zones.order())}
        return sorted(kept, key=lambda i: (rank[places[i].epoch], places[i].step))

    def look_inside(self, kept: list[int], moments: Moments) -> None:
        """Whether each epoch went from step to step."""
        calls, ends, crowds = moments
        place = [self.places[i] for i in kept]
        first: dict[int | None, int] = {}  # of this step and all later ones, to end
        rows = [(-at.step, -calls[n], n) for n, at in enumerate(place)]
        for _, _, row in sorted(rows):
            epoch = place[row].epoch
            earliest = first.setdefault(epoch, row)
            if ends[earliest] < calls[row]:
                self.backwards(kept[earliest], kept[row])
            if ends[row] < ends[earliest]:
                first[epoch] = row
        for one, other in (pair for chain in crowds for pair in pairwise(chain)):
            same = place[one].epoch == place[other].epoch
            if same and place[one].step > place[other].step:
                self.backwards(kept[one], kept[other])

    def backwards(self, late: int, early: int) -> NoReturn:
        """Of one epoch the later step was done, and then the earlier one was called."""
        readers = [self.reader[i] for i in (late, early) if i in self.reader]
        why = f"{self.told(late)} before that"
        if len(readers) == 2:  # neither of them has read anything: who has?
            why = f"{why}, and {self.told(readers[0])}"
        raise Wrong(f"{self.told(early)}, but {why}.", late, early, *readers)

    def between(self, broken: list[Pair]) -> NoReturn:
        """Of two epochs, something of either comes before something of the other."""
        place = {id(op): i for i, op in enumerate(self.ops)}
        about = [place[id(op)] for pair in broken for op in pair if op]
        readers = [self.reader[i] for i in about if i in self.reader]
        (before, one), (other, last) = broken[0], broken[-1]
        why = f"{told(last)}, but {told(other or last)} before that"
        if before is None:
            why = f"{why}. A read finds it empty only before the first write."
        elif one is other:
            why = f"{why}, after {told(before)}."
        else:
            pairs = [f"{told(a)} before {told(b)}" for a, b in broken[:-1] if a]
            why = f"{why}, and {' and '.join(pairs)}."
        raise Wrong(why, *about, *readers)

    def told(self, i: int) -> str:
        """An operation as a clause."""
        return told(self.ops[i])
