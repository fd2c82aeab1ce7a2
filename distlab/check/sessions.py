"""Session guarantees: what one client may rely on while replicas lag behind.

Source
    Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for
    Weakly Consistent Replicated Data", PDIS 1994: the four guarantees. Terry,
    "Replicated Data Consistency Explained Through Baseball", CACM 2013: the prefix.

The paper speaks of what servers hold; a history knows only what clients saw. So each
guarantee is a list of demands, "what was seen here may not be older than that write",
and is broken if no order of the writes meets all demands and all that is certain about
the order (`Versions`). A session is what one process does.

Monotonic writes, writes follow reads and consistent prefix speak of *whoever saw the
later write*: an observer who reads one key and then another. One that changes to a
staler replica in between breaks them too: keep each observer at one replica.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any, Literal

from distlab.check.demands import Demand, ring
from distlab.check.verdict import Edge, Verdict
from distlab.check.versions import Versions, counted, told, version
from distlab.history import History, Operation


# ---------------------------------------------------------------------- the guarantees
def read_your_writes(history: History) -> Verdict:
    """A client that has written a key reads its own write there, or a later one."""
    return _judge("read your writes", history, _after_own_writes)


def monotonic_reads(history: History) -> Verdict:
    """A client that has read a key never reads an older value there."""
    return _judge("monotonic reads", history, _after_own_reads)


def monotonic_writes(history: History) -> Verdict:
    """Whoever saw a write finds the earlier writes of the same client too."""
    return _judge("monotonic writes", history, _after_earlier_writes)


def writes_follow_reads(history: History) -> Verdict:
    """Whoever saw a write finds what its client had read before writing it too."""
    return _judge("writes follow reads", history, _after_what_was_read)


def consistent_prefix(history: History) -> Verdict:
    """Whoever saw a write finds in other keys all that was written before it."""
    return _judge("consistent prefix", history, _after_earlier_in_time)


# ------------------------------------------------------------------ what they demand
Demands = Iterator[Demand]


def _after_own_writes(history: History, versions: Versions) -> Demands:
    written: dict[tuple[str, Any], list[Operation]] = defaultdict(list)
    for op in _in_order(history):
        session = op.process, op.args[0]
        if op.f == "read":
            for write in written[session]:
                yield Demand(write, versions.seen(op), (write, op))
        elif op.outcome == "ok":
            written[session] = versions.newest([*written[session], op])


def _after_own_reads(history: History, versions: Versions) -> Demands:
    last: dict[tuple[str, Any], Operation] = {}
    for op in _in_order(history):
        session = op.process, op.args[0]
        if op.f == "read":
            least = versions.seen(last[session]) if session in last else None
            if least:
                yield Demand(least, versions.seen(op), (last[session], op))
            last[session] = op


def _after_earlier_writes(history: History, versions: Versions) -> Demands:
    return _after_dependencies("write", history, versions)


def _after_what_was_read(history: History, versions: Versions) -> Demands:
    return _after_dependencies("read", history, versions)


def _after_dependencies(
    on: Literal["read", "write"], history: History, versions: Versions
) -> Demands:
    """A write depends on what its client had read, or on what it had written.

    Of two writes to one key, the order is demanded; of two keys, that an observer of
    the later write finds the earlier one.
    """
    pasts: dict[str, Past] = defaultdict(lambda: Past(versions))  # for its next write
    observed: dict[str, Past] = defaultdict(lambda: Past(versions))
    of_write: dict[Any, Past] = {}
    for op in _in_order(history):
        key, past = op.args[0], pasts[op.process]
        if op.f == "write":
            yield from past.demands(op, op)
            of_write[op.args] = past.then(op)
            if on == "write" and op.outcome == "ok":
                past.add(op, (op,))
            continue
        yield from observed[op.process].demands(op, versions.seen(op))
        write = versions.seen(op)
        if write is not None:
            causes = of_write.get(write.args, Past(versions)).then(op)
            observed[op.process].merge(causes, besides=key)
            if on == "read":
                past.merge(causes)
                past.add(write, (op,))


def _after_earlier_in_time(history: History, versions: Versions) -> Demands:
    latest: dict[str, dict[Any, Operation]] = defaultdict(dict)  # by session and key
    earlier: dict[Any, Acknowledged] = {}
    for op in _in_order(history):
        if op.f != "read":
            continue
        (key,) = op.args
        reads = latest[op.process]
        others = [read for other, read in reads.items() if other != key]
        if others:
            read = max(others, key=lambda r: _written_us(r, versions))
            effect = versions.seen(read)
            assert effect is not None
            if key not in earlier:
                earlier[key] = Acknowledged(key, versions)
            for cause in earlier[key].before(effect):
                yield Demand(cause, versions.seen(op), (cause, effect, read, op))
        if op.result is not None:
            before = reads.get(key, op)
            reads[key] = max(before, op, key=lambda r: _written_us(r, versions))


class Acknowledged:
    """The acknowledged writes of a key, in the order of their ends."""

    def __init__(self, key: Any, versions: Versions):
        self.versions = versions
        self.positioned = key in versions.positioned
        self.writes = sorted(versions.acknowledged(key), key=_ended_us)
        self.ends = [_ended_us(write) for write in self.writes]
        self.last = list(accumulate(self.writes, self.later))

    def later(self, one: Operation, other: Operation) -> Operation:
        """The one whose position is later, or that was called later."""
        if self.positioned:
            return max(one, other, key=lambda write: write.result)
        return max(one, other, key=lambda write: write.invoked_us)

    def before(self, effect: Operation) -> list[Operation]:
        """The newest of those that had ended before a write to another key began."""
        over = bisect_left(self.ends, effect.invoked_us)
        touching = bisect_right(self.ends, effect.invoked_us)
        some = [w for w in self.writes[over:touching] if w.before(effect)]
        if over:
            last = self.last[over - 1]
            since = bisect_left(self.ends, last.invoked_us, hi=over)
            some += [last] if self.positioned else self.writes[since:over]
        return self.versions.newest(some)


def _ended_us(write: Operation) -> int:
    return write.ended_us or 0


def _written_us(read: Operation, versions: Versions) -> int:
    write = versions.seen(read)
    return -1 if write is None else write.invoked_us


class Past:
    """The newest writes of each key that something depends on, and through what."""

    def __init__(self, versions: Versions):
        self.versions = versions
        self.causes: dict[Any, dict[Any, tuple[Operation, ...]]] = {}

    def add(self, write: Operation, through: tuple[Operation, ...]) -> None:
        """Depend on one more write."""
        key, value = write.args
        found = {value: through, **self.causes.get(key, {})}
        writes = self.versions.writes[key]
        newest = self.versions.newest(writes[value] for value in found)
        self.causes[key] = {w.args[1]: found[w.args[1]] for w in newest}

    def merge(self, other: Past, besides: Any = None) -> None:
        """Depend on all that another past depends on, but for one key."""
        for key, found in other.causes.items():
            if key != besides:
                for value, through in found.items():
                    self.add(self.versions.writes[key][value], through)

    def then(self, op: Operation) -> Past:
        """The same past, one step later."""
        past = Past(self.versions)
        for key, found in self.causes.items():
            past.causes[key] = {v: (*through, op) for v, through in found.items()}
        return past

    def demands(self, op: Operation, seen: Operation | None) -> Demands:
        """That what `op` shows of its key is not older than what this depends on."""
        for value, through in self.causes.get(op.args[0], {}).items():
            least = self.versions.writes[op.args[0]][value]
            yield Demand(least, seen, (*through, op))


def _in_order(history: History) -> list[Operation]:
    """Writes when they were called and reads when they were answered."""
    relevant = [
        op
        for op in history
        if (op.f == "write" and op.outcome != "fail")
        or (op.f == "read" and op.outcome == "ok")
    ]
    return sorted(
        relevant,
        key=lambda op: (
            op.ended_us if op.f == "read" else op.invoked_us,
            op.invoked_us,
        ),
    )


# ----------------------------------------------------------------- whether they are met
def _judge(
    promise: str,
    history: History,
    demands_of: Callable[[History, Versions], Demands],
) -> Verdict:
    versions = Versions(history)
    for op in history.where("read", outcome="ok"):
        if strange := versions.strange(op):
            return Verdict("unknown", promise, "not judged", strange, (op,))
    demands = list(demands_of(history, versions))
    shown = {demand.shown[-1] for demand in demands}
    tried = f"{len(shown)} of {counted(len(history), 'operation')} could have broken it"
    strength = f"{tried}; {versions.basis}"
    broken = _contradiction(demands, versions)
    if broken:
        evidence = dict.fromkeys(op for demand in broken for op in demand.shown)
        reason = _argument(broken, versions)
        cycle = tuple(_edges(broken, versions))
        return Verdict(
            "invalid", promise, strength, reason, tuple(evidence), cycle=cycle
        )
    if not demands:
        reason = "No operation of this history could have broken it."
        return Verdict("unknown", promise, strength, reason)
    return Verdict("valid", promise, strength, "One order of the writes explains all.")


def _contradiction(demands: list[Demand], versions: Versions) -> list[Demand]:
    """Demands that no order of the writes can meet, as few as possible; or none."""
    undecided: dict[Any, Demand] = {}
    for demand in demands:
        least, seen, _ = demand
        if seen is None or versions.older(seen, least):
            return [demand]
        if seen.args != least.args and not versions.older(least, seen):
            undecided.setdefault((least.args, seen.args), demand)
    return ring(list(undecided.values()), versions)


def _edges(broken: list[Demand], versions: Versions) -> Iterator[Edge]:
    """The same contradiction as a cycle of operations."""
    for demand, following in zip(broken, broken[1:] + broken[:1], strict=True):
        least, seen, shown = demand
        why = ", then ".join(map(told, shown))
        if seen is None:  # a read found nothing, so it comes before any write
            yield Edge(least, "session", shown[-1], why)
            yield Edge(shown[-1], "rw", following.least, f"{told(shown[-1])}")
            continue
        yield Edge(least, "session", seen, why)
        if seen.args != following.least.args:
            kind = "ww" if seen.args[0] in versions.positioned else "real time"
            why = versions.why_older(seen, following.least).removesuffix(".")
            yield Edge(seen, kind, following.least, why)


def _argument(broken: list[Demand], versions: Versions) -> str:
    """Why these demands contradict each other, in sentences."""
    sentences = []
    for demand, following in zip(broken, broken[1:] + broken[:1], strict=True):
        sentences.append(f"{', then '.join(map(told, demand.shown))}.")
        if len(broken) > 1:
            least, seen = version(demand.least), version(demand.seen)
            sentences.append(f"So {seen} is not older than {least}.")
        if demand.seen is None or demand.seen.args != following.least.args:
            why = versions.why_older(demand.seen, following.least)
            sentences.append(f"But {why}")
    if len(broken) > 1:
        sentences.append("No order of the writes allows all this.")
    return " ".join(sentences)
