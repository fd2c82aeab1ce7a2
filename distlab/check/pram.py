"""PRAM: each process sees the writes of any other in the order in which they were made.

Source
    Lipton and Sandberg, "PRAM: A Scalable Shared Memory", Princeton CS-TR-180-88, 1988:
    the model, a memory whose writes arrive through pipelines.
    Bouajjani, Enea, Guerraoui and Hamza, "On Verifying Causal Consistency", POPL 2017,
    table 2: what has to happen before what, as one process sees it; here with the order
    of the processes in the place of the causal one.

Each process can put all writes, and its own reads, into one order that keeps the order
of every process and explains what it read. It need not be the order of another one:
nobody has to know what a writer had read before.

If a process reads 2, and 1 must come before that read, then 1 came before 2. What
follows from this is added until nothing follows any more. If the order is then without
circles, there is a view: before each read, all that must come before it, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from distlab.check.limits import Limits, Meter
from distlab.check.orders import Order
from distlab.check.patterns import LIMITS, Pattern, judged, replaced
from distlab.check.reads_from import Link, ReadsFrom
from distlab.check.verdict import Verdict
from distlab.history import History, Operation
from distlab.value import Value

HOW = "orders saturated for each process (Bouajjani, Enea, Guerraoui and Hamza)"
Known = Callable[[str], Order]


class View(Value):
    """All writes and the reads of one process, in an order that explains these."""

    process: str
    order: tuple[Operation, ...]

    def __str__(self) -> str:
        return f"{self.process}: {', then '.join(map(briefly, self.order))}"


Views = tuple[View, ...]


def pram(history: History, limits: Limits = LIMITS) -> Verdict:
    """Whether each process can order all writes so that its own reads are explained.

    The `order` of a valid verdict is a `View` for each process that reads. Raises
    `Misuse` for values that are written to a key twice, and for other calls than reads
    and writes.
    """
    return judged("PRAM", history, pipelined, each_view, limits, HOW)


def pipelined(shown: ReadsFrom, meter: Meter) -> Pattern | Views:
    """An order for each process, which knows of reads no others than its own."""

    def own(process: str) -> Order:
        seen = (at for at in shown.seen if shown.ops[at.read].process == process)
        return Order(shown, seen, meter)

    return views(shown, own, meter)


def each_view(found: Views) -> tuple[Views, str]:
    """What a valid verdict shows and says."""
    return found, "Each process has an order of all writes that explains its reads."


# ---------------------------------------------------------------------------- the views
def views(shown: ReadsFrom, known: Known, meter: Meter) -> Pattern | Views:
    """A view of each process that reads; or why one of them has none.

    `known` is the order that a process keeps in any case.
    """
    reads: dict[str, list[int]] = {}
    for read in shown.reads:
        reads.setdefault(shown.ops[read].process, []).append(read)
    found = []
    for process, own in reads.items():
        order = saturated(shown, own, known(process), meter)
        if isinstance(order, Pattern):
            return order._replace(process=process)
        found.append(View(process, in_order(order, own)))
    return tuple(found)


def saturated(
    shown: ReadsFrom, reads: list[int], order: Order, meter: Meter
) -> Pattern | Order:
    """This order with all that some reads add to it; or why there is none:
    WriteHBInitRead or CyclicHB.
    """
    for turn in count(1):
        if order.circular:
            return Pattern("CyclicHB", order, order.circle())
        added: dict[tuple[int, int], Link] = {}
        for read in reads:
            source = shown.source[read]
            for last in order.last_writes(read):
                if source is None:
                    circle = replaced(order, read, last)
                    return Pattern("WriteHBInitRead", order, circle)
                if last != source and not order.before(last, source):
                    link = Link(last, "ww", source, read, turn)
                    added.setdefault((last, source), link)
        if not added:
            return order
        order = order.also(added.values(), meter)
    raise AssertionError("there are only so many pairs of writes")


def in_order(order: Order, reads: list[int]) -> tuple[Operation, ...]:
    """All writes and some reads of one process: before each read, only what must be."""
    shown = order.shown
    rank = {i: at for at, i in enumerate(order.sequence)}
    done, view = [0] * len(shown.lanes), list[int]()
    ends = [*(order.past[read] for read in reads), [len(ln) for ln in shown.lanes]]
    for end in ends:
        several = [
            i
            for lane, start, stop in zip(shown.lanes, done, end, strict=True)
            for i in lane[start:stop]
        ]
        view += sorted(several, key=rank.__getitem__)
        done = list(map(max, done, end))
    own = set(reads)
    shows = (i for i in view if shown.ops[i].f == "write" or i in own)
    return tuple(shown.ops[i] for i in shows)


def briefly(op: Operation) -> str:
    """`x = 1` for a write, `read x = 1` for a read."""
    key, value = (*op.args, op.result)[:2]
    return f"{'' if op.f == 'write' else 'read '}{key} = {value!r}"
