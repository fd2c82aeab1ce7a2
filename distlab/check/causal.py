"""Causal consistency, in three strengths: who knows of a write knows what led to it.

Source
    Bouajjani, Enea, Guerraoui and Hamza, "On Verifying Causal Consistency", POPL 2017:
    the three models, the bad patterns, and that each model is what lacks its patterns.
    Ahamad, Neiger, Burns, Kohli and Hutto, "Causal Memory: Definitions, Implementation,
    and Programming", Distributed Computing 9, 1995: causal memory.

One operation depends on another if its process did that before, or read what it wrote,
or by several such steps. *Causal consistency* (CC): a read shows nothing that another
write replaced among those that it depends on. *Causal memory* (CM): besides, each
process can put all writes into one order that explains all its reads. *Causal
convergence* (CCv): besides CC, one order of the writes, the same for all, tells which
of those that a read depends on it shows. Neither of CM and CCv follows from the other.

Each value is written to a key once; then all three are polynomial: CC and CCv take one
pass over the operations for each process, CM some for each process that reads.
"""

from __future__ import annotations

from distlab.check.limits import Limits, Meter
from distlab.check.orders import Order
from distlab.check.patterns import LIMITS, Pattern, judged, replaced
from distlab.check.pram import Views, each_view, views
from distlab.check.reads_from import Link, ReadsFrom
from distlab.check.verdict import Verdict
from distlab.history import History, Operation

HOW = "bad patterns (Bouajjani, Enea, Guerraoui and Hamza)"
Operations = tuple[Operation, ...]


def causally_consistent(history: History, limits: Limits = LIMITS) -> Verdict:
    """Whether no read shows what was replaced among the writes that it depends on.

    The `order` of a valid verdict is one that keeps all dependencies. Raises `Misuse`
    for values that are written to a key twice, and for other calls than reads and
    writes.
    """
    promise = "causally consistent (CC)"
    return judged(promise, history, dependencies, causal_order, limits, HOW)


def causal_memory(history: History, limits: Limits = LIMITS) -> Verdict:
    """Whether each process can order all writes as its reads and dependencies demand.

    The `order` of a valid verdict is a `View` for each process. Raises `Misuse` as
    `causally_consistent` does.
    """
    return judged("causal memory (CM)", history, own_orders, each_view, limits, HOW)


def causally_convergent(history: History, limits: Limits = LIMITS) -> Verdict:
    """Whether one order of the writes tells what each read shows of its dependencies.

    The `order` of a valid verdict is that one: reads show the last write to their key
    before them, among those that they depend on. Raises `Misuse` as
    `causally_consistent` does.
    """
    promise = "causally convergent (CCv)"
    return judged(promise, history, one_order, arbitration, limits, HOW)


# ------------------------------------------------------------------------- the patterns
def dependencies(shown: ReadsFrom, meter: Meter) -> Pattern | Order:
    """CyclicCO, WriteCOInitRead and WriteCORead; or the order of all dependencies."""
    order = Order(shown, shown.seen, meter)
    if order.circular:
        return Pattern("CyclicCO", order, order.circle())
    for read in shown.reads:
        source = shown.source[read]
        for last in order.last_writes(read):
            if source is None:
                return Pattern("WriteCOInitRead", order, replaced(order, read, last))
            if last != source and order.before(source, last):
                return Pattern("WriteCORead", order, replaced(order, read, last))
    return order


def own_orders(shown: ReadsFrom, meter: Meter) -> Pattern | Views:
    """WriteHBInitRead and CyclicHB, beside those of CC; or orders for each process."""
    order = dependencies(shown, meter)
    if isinstance(order, Pattern):
        return order
    return views(shown, lambda process: order, meter)


def one_order(shown: ReadsFrom, meter: Meter) -> Pattern | Order:
    """CyclicCF, beside those of CC; or the order of the writes."""
    order = dependencies(shown, meter)
    if isinstance(order, Pattern):
        return order
    conflicts = {
        (last, source): Link(last, "ww", source, read, 1)
        for read in shown.reads
        if (source := shown.source[read]) is not None
        for last in order.last_writes(read)
        if last != source
    }
    order = order.also(conflicts.values(), meter)
    return Pattern("CyclicCF", order, order.circle()) if order.circular else order


# ---------------------------------------------------------------------------- witnesses
def causal_order(found: Order) -> tuple[Operations, str]:
    """What a valid verdict shows and says."""
    return in_sequence(found), "No read shows what was replaced before it."


def arbitration(found: Order) -> tuple[Operations, str]:
    """What a valid verdict shows and says."""
    return in_sequence(found), "One order of the writes explains every read."


def in_sequence(order: Order) -> Operations:
    """All operations, in an order that keeps this one."""
    return tuple(order.shown.ops[i] for i in order.sequence)
