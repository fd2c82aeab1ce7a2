"""Who depends on whom: the edges between the transactions of a history.

Source
    Adya, "Weak Consistency", MIT 1999, section 3: T2 depends on T1 if it overwrote T1's
    version (ww) or read it (wr); T1 anti-depends on T2 (rw) if T2 overwrote what T1 had
    read.
    Kingsbury and Alvaro, "Elle", PVLDB 14(3), 2020: how observations show them.

A list that was read shows the order of its appends, and what nobody saw came later. Of
a register three things are certain: it held nothing at first; a transaction replaced
what it had read; and, for whoever counts on the order of time or of a session, what was
written after another write had ended replaced it. An open transaction happened if
somebody saw it.

Costs
    Linear in the micro-operations and in what they read. Where a have read what b
    overwrote, a hub between them makes a + b edges of a · b; where c did both, hubs for
    each bit make c · log c of c · c. A scan takes an edge for each key that it lacks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any, NamedTuple

from distlab.check.observations import NOBODY, Fault, Key, Observed, listed

if TYPE_CHECKING:
    import numpy

WW, WR, RW, SCAN, PROCESS, REAL_TIME, ON = range(7)  # SCAN: an rw that a scan missed
ALWAYS, IN_SESSIONS, IN_TIME = range(3)  # who may count on an edge
DENSE = 8  # times more edges than transactions: from there on hubs are fewer
Versions = list[tuple[int, Any]]  # who read it, and what it was


class Edges(NamedTuple):
    """Edges as arrays."""

    src: numpy.ndarray
    dst: numpy.ndarray
    kind: numpy.ndarray
    key: numpy.ndarray  # its number in `Observed.keys`; -1 of none
    basis: numpy.ndarray

    def only(self, some: Any) -> Edges:
        """Those at these places."""
        return Edges(*(column[some] for column in self))


class Dependencies:
    """The graph of a history: its transactions by number, then hubs.

    Raises `Exceeded` if that takes more than the meter allows that counts for all.
    """

    def __init__(self, observed: Observed):
        self.observed = observed
        self.meter = observed.meter
        self.keys = list(observed.keys.values())
        self.faults = list(observed.faults)
        self.unseen = 0  # appends whose place nobody saw
        self.happened = [op.outcome == "ok" for op in observed.ops]
        self.seen_by: dict[int, int] = {}  # who shows that an open one happened
        self.open = {t for t, op in enumerate(observed.ops) if op.outcome == "info"}
        self.nodes = len(observed.ops)
        self._blocks: list[Edges] = []
        self._few: list[tuple[int, int, int, int, int]] = []
        lists = {k: key for k, key in enumerate(self.keys) if key.f != "w"}
        registers = {k: key for k, key in enumerate(self.keys) if key.f == "w"}
        paced = self.meter.paced
        fitting = {k: self._order(k, key) for k, key in paced(lists.items())}
        for key in paced(registers.values()):
            self._look_through(key, key.reads)
        self._along_lists(lists, fitting)
        for k, key in paced(lists.items()):
            self._beyond(k, key, fitting[k])
        for k, key in paced(registers.items()):
            self._replaced(k, key)
        self._missed_by_scans()
        self.edges = self._put_together()

    # ------------------------------------------------------- versions; what is wrong
    def _order(self, k: int, key: Key) -> Versions:
        """Put a list into the order of its longest read; the reads that fit it.

        A read is told by how many elements it shows, without those that were taken
        back.
        """
        reads = [(t, v if v.__class__ is tuple else listed(v)) for t, v in key.reads]
        shown = (
            [*reads, *((t, listed(v)) for t, v in key.shown)] if key.shown else reads
        )
        key.last, key.longest = max(shown, key=_length, default=(NOBODY, ()))
        longest = key.longest
        writers = [key.writes.get(value, NOBODY) for value in longest]
        key.order = [t for t in writers if t != NOBODY]
        for t in self.open.intersection(key.order):
            self.happened[t] = True
            self.seen_by.setdefault(t, key.last)
        misfits = [read for read in shown if read[1] != longest[: len(read[1])]]
        places: Sequence[int] = range(len(longest) + 1)
        if misfits or NOBODY in writers or len(set(longest)) < len(longest):
            self._look_through_elements(key, shown, misfits)
            places = list(accumulate((t != NOBODY for t in writers), initial=0))
        if key.superseded:
            self._look_through(key, [(t, v[-1]) for t, v in reads if v])
        if not misfits:
            return [(t, places[len(v)]) for t, v in reads]
        for t, version in misfits:
            self._edge(key.writes.get(version[-1], NOBODY), t, WR, k)
        wrong = dict(misfits)
        return [(t, places[len(v)]) for t, v in reads if t not in wrong]

    def _look_through(self, key: Key, reads: Versions) -> None:
        """Find values that were read and are no last word of somebody else's."""
        for t, value in reads:
            of_list = key.f != "w"  # whose elements are looked through by themselves
            writer = (
                key.writes.get(value, t) if of_list else self._writer(key, t, value)
            )
            if value in key.superseded and writer not in (NOBODY, t):
                self.faults.append(Fault("G1b", key.name, value, (t, writer)))
            elif writer == t and not of_list:
                self.faults.append(Fault("G1c", key.name, value, (t,)))

    def _writer(self, key: Key, t: int, value: Any) -> int:
        """Who wrote what this one read: that has happened, then; or it is strange."""
        writer = key.writes.get(value, NOBODY)
        if writer != NOBODY and not self.happened[writer]:
            self.happened[writer], self.seen_by[writer] = True, t
        elif writer == NOBODY and value in key.failed:
            self.faults.append(Fault("G1a", key.name, value, (t, key.failed[value])))
        elif writer == NOBODY and value is not None:
            self.faults.append(Fault("garbage read", key.name, value, (t,)))
        return writer

    def _look_through_elements(
        self, key: Key, shown: Versions, misfits: Versions
    ) -> None:
        """Find elements that cannot be there, or not twice; each is told once."""
        if misfits:
            t, version = misfits[0]
            what = Fault("incompatible order", key.name, version, (t, key.last))
            self.faults.append(what)
        read_by = {value: t for t, version in reversed(shown) for value in version}
        for value, t in reversed(read_by.items()):
            self._writer(key, t, value)
        for t, version in shown:
            if len(set(version)) < len(version):
                counts = Counter[Any](version)
                again = next(v for v in version if counts[v] > 1)
                self.faults.append(Fault("duplicate elements", key.name, again, (t,)))
                break
        for value in (
            v for v in key.longest if v in key.failed and v not in key.writes
        ):
            later = key.longest[key.longest.index(value) :]
            built = next((key.writes[v] for v in later if v in key.writes), NOBODY)
            if built != NOBODY:
                who = key.failed[value], built, key.last
                self.faults.append(Fault("dirty update", key.name, value, who))

    # ----------------------------------------------------------------------- the edges
    def _along_lists(self, lists: dict[int, Key], fitting: dict[int, Versions]) -> None:
        """Lists whose order is known: all of them at once."""
        import numpy

        if not lists:
            return
        names = numpy.array(list(lists))
        counts = [len(fitting[k]) for k in lists]
        lengths = numpy.array([len(key.order) for key in lists.values()])
        firsts = numpy.cumsum(lengths) - lengths
        flat = chain.from_iterable(key.order for key in lists.values())
        writers = numpy.fromiter(flat, int, lengths.sum())
        of = numpy.repeat(numpy.arange(len(names)), lengths)
        next_to = numpy.flatnonzero(of[1:] == of[:-1])
        self._block(writers[next_to], writers[next_to + 1], WW, names[of[next_to]])
        flat = chain.from_iterable(read for k in lists for read in fitting[k])
        reader, shown = numpy.fromiter(flat, int, 2 * sum(counts)).reshape(-1, 2).T
        of = numpy.repeat(numpy.arange(len(names)), counts)
        some = numpy.flatnonzero(shown > 0)
        seen = writers[(firsts[of] + shown - 1)[some]]
        for at in some[seen == reader[some]]:  # its own, before it wrote it
            key = self.keys[names[of[at]]]
            value = key.longest[shown[at] - 1]
            self.faults.append(Fault("G1c", key.name, value, (int(reader[at]),)))
        self._block(seen, reader[some], WR, names[of[some]])
        more = numpy.flatnonzero(shown < lengths[of])
        missed = writers[(firsts[of] + shown)[more]]
        self._block(reader[more], missed, RW, names[of[more]])

    def _beyond(self, k: int, key: Key, reads: Versions) -> None:
        """Appends that no read shows came later than all that one does."""
        known = set(key.longest)
        key.firsts = key.order[:1]
        if len(known) == len(key.order) == len(key.writes):
            return
        beyond = dict.fromkeys(
            t
            for value, t in key.writes.items()
            if value not in known and self.happened[t]
        )
        if len(beyond) > 1:  # the place of one alone is known: it is the last
            self.unseen += len(beyond)
        if beyond:
            if key.order:
                self._overtake(key.order[-1:], beyond, k, WW)
            whole = [t for t, shown in reads if shown == len(key.order)]
            self._overtake(whole, beyond, k, RW)
        key.firsts = key.firsts or list(beyond)

    def _replaced(self, k: int, key: Key) -> None:
        """Versions of a register that are known to have come behind others."""
        readers: dict[Any, list[int]] = defaultdict(list)
        for t, value in key.reads:
            readers[value].append(t)
            self._edge(key.writes.get(value, NOBODY), t, WR, k)
        writers = dict.fromkeys(t for t in key.writes.values() if self.happened[t])
        after: dict[Any, list[int]] = defaultdict(list)
        for t in writers:
            value = key.updates.get(t)
            after[value if value in key.writes else None].append(t)
        key.firsts = after[None]
        for value, targets in after.items():
            self._overtake(readers[value], targets, k, RW)
        later = Later(self.observed, list(writers))
        for value, those in readers.items():
            if value in key.writes:
                writer = key.writes[value]
                self._overtake(those, later.in_session(writer), k, RW, IN_SESSIONS)
                self._overtake(those, later.in_time(writer), k, RW, IN_TIME)

    def _missed_by_scans(self) -> None:
        """A key that a scan does not show held nothing."""
        under: dict[str, list[int]] = {}
        for t, prefix, known in self.observed.scans:
            if not self.meter.look():
                return  # nor will anybody have the time to look for rings
            if prefix not in under:
                names = (str(key.name) for key in self.keys)
                whole = enumerate(names)
                under[prefix] = [k for k, name in whole if name.startswith(prefix)]
            for k in under[prefix]:
                if self.keys[k].name not in known:
                    self._overtake([t], self.keys[k].firsts, k, SCAN)

    def _overtake(
        self,
        readers: Sequence[int],
        targets: Iterable[int],
        k: int,
        kind: int,
        basis: int = ALWAYS,
    ) -> None:
        """Each of some readers comes before each of some others, but not itself.

        Who is among both would lead to itself through one hub. So these get two for
        each bit of their places: any two of them differ in one.
        """
        targets, about = dict.fromkeys(targets), (k, kind, basis)
        both = dict.fromkeys(t for t in readers if t in targets)
        self._lead([t for t in readers if t not in targets], list(targets), *about)
        if len(both) * len(targets) <= DENSE * (len(both) + len(targets)):
            for t in both:
                self._lead([t], list(targets), *about)
            return
        self._lead(list(both), [t for t in targets if t not in both], *about)
        for bit in range((len(both) - 1).bit_length()):
            parts: tuple[list[int], list[int]] = [], []
            for place, t in enumerate(both):
                parts[place >> bit & 1].append(t)
            self._lead(*parts, *about)
            self._lead(*parts[::-1], *about)

    def _lead(
        self, some: list[int], others: list[int], k: int, kind: int, basis: int
    ) -> None:
        """An edge from each to each of the others, or through a hub."""
        if len(some) > 1 and len(others) > 1:
            hub, self.nodes = self.nodes, self.nodes + 1
            self._few += [(t, hub, kind, k, basis) for t in some]
            self._few += [(hub, other, ON, k, basis) for other in others]
            return
        for t in some:
            for other in others:
                self._edge(t, other, kind, k, basis)

    def _edge(self, src: int, dst: int, kind: int, k: int, basis: int = ALWAYS) -> None:
        if src not in (dst, NOBODY):
            self._few.append((src, dst, kind, k, basis))

    def _block(self, src: Any, dst: Any, kind: int, key: Any) -> None:
        import numpy

        kinds = numpy.full(len(src), kind)
        edges = Edges(src, dst, kinds, key, numpy.zeros_like(kinds))
        self._blocks.append(edges.only(src != dst))

    def _put_together(self) -> Edges:
        import numpy

        few = numpy.array(self._few, int).reshape(-1, 5).T
        blocks = zip(*self._blocks, few, strict=True)
        return Edges(*(numpy.concatenate(columns) for columns in blocks))


class Later:
    """The writers of a register that certainly came next after one of them."""

    def __init__(self, observed: Observed, writers: list[int]):
        self.observed = observed
        self.writers = writers
        self.calls = [observed.calls[t] for t in writers]
        ends = (observed.ends[t] for t in reversed(writers))
        self.first_ends = [*accumulate(ends, min)][::-1]  # from each one on
        self.sessions: dict[str, list[int]] = defaultdict(list)
        for t in writers:
            self.sessions[observed.ops[t].process].append(t)

    def in_time(self, writer: int) -> list[int]:
        """Those called after this one had ended, and before any such one had ended."""
        begin = bisect_right(self.calls, self.observed.ends[writer])
        if begin == len(self.calls):
            return []
        return self.writers[begin : bisect_right(self.calls, self.first_ends[begin])]

    def in_session(self, writer: int) -> list[int]:
        """The next one of the same session, if this one has certainly happened."""
        op = self.observed.ops[writer]
        if op.outcome != "ok":
            return []
        row = self.sessions[op.process]
        at = bisect_right(row, writer)
        return row[at : at + 1]


def _length(read: tuple[int, Any]) -> int:
    return len(read[1])
