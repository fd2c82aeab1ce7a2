"""Which operations of a history are drawn: what fits on a page, and what does not."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from distlab.errors import Misuse, did_you_mean
from distlab.history import History, Operation
from distlab.show.operations import has_key

LANES = 30  # processes that fit on a page


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Some operations of a history, by their places in it from 0."""

    history: History
    processes: tuple[str, ...]
    places: tuple[int, ...]
    evidence: frozenset[int]  # places too
    order: tuple[int, ...]  # the same, in the order that explains them

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is drawn, in the order of the calls."""
        return tuple(self.history[place] for place in self.places)

    def lane(self, process: str) -> list[int]:
        """The places of what one process called."""
        return [i for i in self.places if self.history[i].process == process]

    @property
    def key(self) -> tuple:
        """The key that the verdict is about, if each operation has one; or nothing."""
        return _key(self.history, [*self.evidence, *self.order])

    @property
    def only_key(self) -> tuple:
        """The key of all that is drawn, if each operation of the history has one."""
        return _key(self.history, self.places)

    def sentence(self) -> str:
        """What is drawn of the history, and what is not, and how to see it."""
        whole, drawn = len(self.history), len(self.places)
        them = f"{counted(len(self.processes), 'process', 'es')}"
        if drawn == whole:
            return f"{'All ' * (whole > 1)}{counted(whole, 'operation')} of {them}."
        kept = self.evidence and self.evidence <= set(self.places)
        around = " around the evidence" if kept else ""
        missing = len({op.process for op in self.history}) - len(self.processes)
        silent = f", {counted(missing, 'process', 'es')} with them" if missing else ""
        return (
            f"{drawn:,} of {counted(whole, 'operation')}{around}, of {them}; "
            f"{whole - drawn:,} left out{silent}: see them by `from_ms` and `to_ms`, "
            f"`processes` or `most`."
        )


def excerpt(
    history: History,
    evidence: Iterable[object],
    order: Iterable[object],
    from_ms: float | None,
    to_ms: float | None,
    processes: Iterable[str] | None,
    most: int,
) -> Excerpt:
    """The part asked for: of more than `most`, those nearest to the evidence.

    Without evidence it is the first ones. Raises `Misuse` for a process that the
    history does not have, and for a verdict about another history.
    """
    marked, ordered = places_of(history, evidence), places_of(history, order)
    shown = _processes(history, processes, marked)
    low = -inf if from_ms is None else from_ms * 1000
    high = inf if to_ms is None else to_ms * 1000
    if low > high or most < 1:
        raise Misuse(
            f"a picture from {low / 1000:g} to {high / 1000:g} ms of at most {most} "
            f"operations shows nothing: give `from_ms` before `to_ms`, `most` from 1."
        )
    inside = [
        place
        for place, op in enumerate(history)
        if op.process in shown and op.invoked_us <= high and not _ended(op, low)
    ]
    drawn = tuple(sorted(_nearest(history, inside, marked)[:most]))
    lanes = {history[place].process for place in drawn}
    return Excerpt(
        history,
        tuple(process for process in shown if process in lanes),
        drawn,
        frozenset(marked),
        tuple(ordered),
    )


def _ended(op: Operation, before_us: float) -> bool:
    return op.ended_us is not None and op.ended_us < before_us


def _nearest(
    history: History, places: list[int], evidence: Collection[int]
) -> list[int]:
    """These, from the nearest to the evidence on; those of another key at the end."""
    if not evidence:
        return places
    key, marked = _key(history, evidence), sorted(evidence)
    return sorted(
        places,
        key=lambda i: (history[i].args[: len(key)] != key, _distance(i, marked), i),
    )


def places_of(history: History, some: Iterable[object]) -> list[int]:
    """Where the operations among these stand in a history: equal ones one by one."""
    ops = [op for op in some if isinstance(op, Operation)]
    there: dict[tuple[str, int], list[int]] = {
        (o.process, o.invoked_us): [] for o in ops
    }
    for place, op in enumerate(history if there else ()):
        if (known := there.get((op.process, op.invoked_us))) is not None:
            known.append(place)
    used: dict[int, None] = {}
    for op in ops:
        found = next(
            (
                place
                for place in there[op.process, op.invoked_us]
                if place not in used and history[place] == op
            ),
            None,
        )
        if found is None:
            raise Misuse(
                f"the verdict speaks of “{' '.join(str(op).split())}”, which this "
                f"history does not have: give the history that was judged."
            )
        used[found] = None
    return list(used)


def counted(n: int, thing: str, plural: str = "s") -> str:
    """`1 process`, `1,000 processes`."""
    return f"{n:,} {thing}{plural if n != 1 else ''}"


def _key(history: History, places: Iterable[int]) -> tuple:
    """The key of these operations, `("x",)`, if each one has a key and all share it."""
    keys = [history[place].args[:1] for place in places]
    shared = bool(keys) and all(key == keys[0] for key in keys)
    return keys[0] if shared and all(map(has_key, history)) else ()


def _distance(place: int, evidence: Sequence[int]) -> int:
    """How many operations away the nearest one of the evidence is."""
    at = bisect_left(evidence, place)
    return min(abs(place - there) for there in evidence[max(at - 1, 0) : at + 1])


def _natural(process: str) -> list[tuple[int, str]]:
    """So that c10 comes after c9."""
    parts = re.split(r"(\d+)", str(process))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


def _processes(
    history: History, asked: Iterable[str] | None, evidence: Iterable[int]
) -> tuple[str, ...]:
    """The lanes: those asked for; or all, the ones of the evidence before others."""
    known = history.processes
    if asked is None:
        first = dict.fromkeys(history[place].process for place in evidence)
        kept = {*[*first, *(p for p in known if p not in first)][:LANES]}
        return tuple(sorted((p for p in known if p in kept), key=_natural))
    chosen = tuple(asked)
    for process in chosen:
        if process not in known:
            hint = did_you_mean(process, known) or f" It has {', '.join(known)}."
            raise Misuse(f"no process of this history is called {process!r}.{hint}")
    return chosen
