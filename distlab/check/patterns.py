"""Circles of operations that no order allows, told so that a person can follow.

Source
    Bouajjani, Enea, Guerraoui and Hamza, "On Verifying Causal Consistency", POPL 2017,
    table 2: the bad patterns, and their names.

A history is wrong because of a few operations. Those that lead to a pattern are picked
out, as many as can be spared are left away, and the pattern is told of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from distlab.check.limits import Exceeded, Limits, Meter
from distlab.check.orders import Order
from distlab.check.reads_from import Link, Nowhere, ReadsFrom
from distlab.check.smallest import smallest
from distlab.check.verdict import Edge, Verdict
from distlab.check.versions import counted, told, version
from distlab.history import History, Operation


class Pattern(NamedTuple):
    """Links of which each leads to the next, and the last to the first."""

    name: str
    order: Order
    links: list[Link]
    process: str = ""  # whose view it is, where each has its own

    @property
    def stale(self) -> bool:
        """Whether it begins with a read that missed what comes before it."""
        return self.links[0].kind == "rw" and not self.links[0].round

    def support(self) -> History:
        """The operations that the pattern needs."""
        needed = dict.fromkeys(self.links)
        todo = list(needed)
        while todo:
            more = grounds(self.order, todo.pop())
            todo += [link for link in more if link not in needed]
            needed.update(dict.fromkeys(more))
        ends = {i for link in needed for i in (link.source, link.target)}
        return History(self.order.shown.ops[i] for i in sorted(ends))


def replaced(order: Order, read: int, newer: int) -> list[Link]:
    """The circle of a read that does not show a newer write, which comes before it."""
    return [Link(read, "rw", newer, read, 0), *order.way(newer, read)]


def grounds(order: Order, link: Link) -> list[Link]:
    """The links that lead to one that the history does not say itself."""
    if link.kind == "ww":  # the read knew of the one, and saw the other
        return order.way(link.source, link.read, link.round)
    source = order.shown.source[link.read] if link.kind == "rw" else None
    return [] if source is None else order.way(source, link.target, link.round)


LIMITS = Limits()  # the usual ones
Operations = tuple[Operation, ...]
Found = Pattern | Any  # a pattern, or what shows that there is none
Find = Callable[[ReadsFrom, Meter], Found]


def judged(
    promise: str,
    history: History,
    find: Find,
    witness: Callable[[Any], Any],
    limits: Limits,
    how: str,
) -> Verdict:
    """What a way to find patterns says about a history, told by the fewest operations.

    `witness` turns what it finds otherwise into the order of a valid verdict, and a
    sentence about it.
    """
    shown, meter = ReadsFrom(history), limits.meter()
    reads = counted(len(shown.reads), "read")
    strength = f"{reads} on {counted(len(keys(shown)), 'key')}; {how}"
    if not shown.reads:
        return Verdict("unknown", promise, strength, "No read has told anything.")
    if shown.nowhere:
        return from_nowhere(promise, strength, shown.nowhere)
    try:
        found = find(shown, meter)
    except Exceeded:
        return gave_up(promise, strength, meter)
    if not isinstance(found, Pattern):
        order, reason = witness(found)
        return Verdict("valid", promise, strength, reason, order=order)
    return broken(promise, strength, fewest(found, find, meter))


def from_nowhere(promise: str, strength: str, found: Nowhere) -> Verdict:
    """The verdict of a read that no write explains."""
    reason = f"{found.reason} (ThinAirRead)."
    return Verdict("invalid", promise, strength, reason, found.evidence)


def gave_up(promise: str, strength: str, meter: Meter) -> Verdict:
    """The verdict of a judge that has come to a limit."""
    reason = f"The check gave up after {meter.exceeded}: raise `limits`."
    return Verdict(
        "unknown", promise, f"{strength}; gave up after {meter.exceeded}", reason
    )


def keys(shown: ReadsFrom) -> list[Any]:
    """The keys of a history, in the order of their first use."""
    return list(dict.fromkeys(op.args[0] for op in shown.ops))


def fewest(pattern: Pattern, find: Find, meter: Meter) -> Pattern:
    """A pattern of operations of which none can be spared."""

    def patterned(ops: Operations) -> Pattern | None:
        try:
            found = find(ReadsFrom(History(ops)), meter)
        except Exceeded:
            return None
        return found if isinstance(found, Pattern) else None

    least = smallest(
        tuple(pattern.support()), lambda ops: patterned(ops) is not None, readers
    )
    return patterned(least) or pattern


def readers(gone: Operations, left: Operations) -> Operations:
    """The reads of what some writes have written."""
    written = [op.args for op in gone if op.f == "write"]
    return tuple(op for op in left if (*op.args, op.result) in written)


# ------------------------------------------------------------------------- in sentences
def broken(promise: str, strength: str, pattern: Pattern) -> Verdict:
    """The verdict of a pattern."""
    ops = pattern.order.shown.ops
    cycle = tuple(
        Edge(ops[link.source], link.kind, ops[link.target], why(ops, link))
        for link in pattern.links
    )
    view = f"As {pattern.process} sees it: " if pattern.process else ""
    name = f" ({pattern.name})" if pattern.name else ""
    reason = f"{view}{argument(pattern)}{name}."
    evidence = tuple(pattern.support())
    return Verdict("invalid", promise, strength, reason, evidence, cycle=cycle)


def why(ops: tuple[Operation, ...], link: Link) -> str:
    """The clause that says why one operation comes before another."""
    one, other = ops[link.source], ops[link.target]
    if link.kind == "process":
        return f"{told(one)}, then {told(other)}"
    if link.kind == "wr":
        return f"{other.process} read what {one.process} wrote, {version(one)}"
    if link.kind == "ww":
        return f"{told(ops[link.read])}, knowing of {version(one)}"
    return f"{told(one)}, so {version(other)} came later"


def argument(pattern: Pattern) -> str:
    """Why the operations of a pattern cannot have gone like this."""
    order, links = pattern.order, pattern.links
    ops = order.shown.ops
    sentences = list(derived(order, links, set()))
    if pattern.stale:
        read, newer = ops[links[0].source], ops[links[0].target]
        before = grounds(order, links[0])
        known = version(newer)
        if before:
            known += f", which comes after {version(ops[before[0].source])}"
        way = chain(ops, [*before, *links[1:]])
        return " ".join([*sentences, f"{told(read)}, knowing of {known}: {way}"])
    for given, some in groupby(links, key=lambda link: link.given):
        if given:
            sentences.append(f"{chain(ops, list(some))}.")
    return " ".join([*sentences, "No order allows all this"])


def derived(order: Order, links: list[Link], told_of: set[Link]) -> Iterator[str]:
    """The sentences that lead to links which the history does not say itself."""
    ops = order.shown.ops
    for link in links:
        if link.given or not link.round or link in told_of:
            continue
        told_of.add(link)
        before = grounds(order, link)
        yield from derived(order, before, told_of)
        one, other = ops[link.source], ops[link.target]
        if link.kind == "ww":
            way = chain(ops, before)
            yield f"{way}. So {version(one)} comes before {version(other)}."
        elif before:
            way = chain(ops, before)
            yield f"{way}. So {told(one)} before {version(other)} came."
        else:
            yield f"{told(one)}, so that was before {version(other)} came."


def chain(ops: tuple[Operation, ...], links: list[Link]) -> str:
    """What links lead through, in a row."""
    through = [links[0].source, *(link.target for link in links)]
    return ", then ".join(told(ops[i]) for i in through)
