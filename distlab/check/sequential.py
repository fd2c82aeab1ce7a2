"""Sequential consistency: one order for all, which keeps the order of each process.

Source
    Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess
    Programs", IEEE Trans. Computers C-28(9), 1979: the promise.
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: to judge
    it is NP-complete, even where each value is written once.
    Zennou, Bouajjani, Enea and Erradi, "Gradual Consistency Checking", CAV 2019: first
    what is polynomial to find out, which leaves the search less to try.
    Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990, section 3.3: it is not
    local. Each key alone may be right, and the whole wrong: nothing is judged by key.

Real time means nothing here: a process may see what has long been replaced, as long as
nobody can tell. An operation of which nobody knows whether it happened did so at some
time after what its process had done before, or never.

Costs
    Exponential in the number of processes, at worst. Where each value is written to a
    key once, what reads tell of the order of the writes is added first, until nothing
    follows any more: that is polynomial, and mostly shows what is wrong. The search
    then keeps this order, looks at once, and replaces no value that is still to be
    read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from distlab.check.finding import told
from distlab.check.interleavings import Program, Search
from distlab.check.kinds import ANY, Kind
from distlab.check.limits import Exceeded, Limits, Meter
from distlab.check.orders import Order
from distlab.check.patterns import (
    LIMITS,
    Operations,
    Pattern,
    broken,
    fewest,
    from_nowhere,
    gave_up,
    readers,
)
from distlab.check.processes import one_at_a_time
from distlab.check.reads_from import Link, Nowhere, ReadsFrom
from distlab.check.smallest import smallest
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.events import Call
from distlab.history import History, Operation
from distlab.machine import KeyValue, Machine, Register

PROMISE = "sequentially consistent"
KEY_VALUE = KeyValue()
AS_MUCH = 100_000  # steps, to find fewer operations that are still wrong
HOW = "what reads tell of the order of the writes"


def sequentially_consistent(
    history: History, machine: Machine = KEY_VALUE, limits: Limits = LIMITS
) -> Verdict:
    """Whether one order of all operations explains what each of them returned.

    Of limits, a step is one operation tried in one place. Raises `Misuse` for a call
    that the machine does not have, and for a process that calls again before its last
    operation has ended.
    """
    ops = that_count(history, machine)
    telling = sum(tells(op, machine) for op in ops)
    strength = f"{counted(len(ops), 'operation')}, {telling} of them with a result"
    if not telling:
        reason = "No operation has told anything."
        return Verdict("unknown", PROMISE, strength, reason)
    meter = limits.meter()
    try:
        program = program_of(history, machine, meter)
        if isinstance(program, Nowhere):
            return from_nowhere(PROMISE, strength, program)
        if isinstance(program, Pattern):
            least = fewest(program, saturated, meter)
            return broken(PROMISE, f"{strength}; {HOW}", least)
        return searched(program, strength, meter)
    except Exceeded:
        return gave_up(PROMISE, strength, meter)


def that_count(history: History, machine: Machine) -> Operations:
    """The operations that happened, and those that may have changed something."""
    for op in one_at_a_time(history):
        if op.f not in machine.commands:
            machine.apply(machine.initial, Call(op.f, op.args))  # says what is wrong
    return tuple(
        op
        for op in history
        if op.outcome == "ok"
        or (op.outcome == "info" and not machine.only_looks(op.f, ANY))
    )


def tells(op: Operation, machine: Machine) -> bool:
    """Whether its client was told something that not every order explains."""
    return Kind(machine, op, op.args).told is not ANY


def written_once(history: History, machine: Machine) -> bool:
    """Whether a read tells which write it saw, or that it saw none."""
    writes = [op.args for op in history if op.f == "write"]
    return (
        machine == KEY_VALUE
        and all(op.f in ("read", "write") for op in history)
        and len(set(writes)) == len(writes)
        and not any(value is None for _, value in writes)
    )


def program_of(
    history: History, machine: Machine, meter: Meter
) -> Nowhere | Pattern | Program:
    """What has to be searched; or why nothing has to be."""
    if not written_once(history, machine):
        ops = that_count(history, machine)
        return left_by_none(ops, machine) or Program.of(ops, machine)
    shown = ReadsFrom(history)
    if shown.nowhere:
        return shown.nowhere
    order = saturated(shown, meter)
    return order if isinstance(order, Pattern) else Program.ordered(order, machine)


def left_by_none(ops: Operations, machine: Machine) -> Nowhere | None:
    """A read of what no operation can have left, if they are those of registers."""
    registers = isinstance(machine, (KeyValue, Register))
    if not registers or any(op.f not in ("read", "write", "cas") for op in ops):
        return None
    keyed = isinstance(machine, KeyValue)
    left = {(op.args[:keyed], op.args[-1]) for op in ops if op.f != "read"}
    for op in ops:
        strange = (op.args[:keyed], op.result) not in left
        if op.f == "read" and op.result is not None and strange:
            return Nowhere(f"{told(op)}, which nobody wrote", (op,))
    return None


# ------------------------------------------------- what has to come before what, surely
def saturated(shown: ReadsFrom, meter: Meter) -> Pattern | Order:
    """The order of all that reads tell; or a circle, if they contradict each other."""
    order = Order(shown, shown.seen, meter)
    for turn in count(1):
        if order.circular:
            return Pattern("", order, order.circle())
        added: dict[tuple[int, int], Link] = {}
        for read in shown.reads:
            for link in told_by(order, read, turn):
                if not order.before(link.source, link.target):
                    added.setdefault((link.source, link.target), link)
        if not added:
            return order
        order = order.also(added.values(), meter)
    raise AssertionError("there are only so many pairs of operations")


def told_by(order: Order, read: int, turn: int) -> Iterator[Link]:
    """What a read tells: other writes to its key do not come between it and its own."""
    source = order.shown.source[read]
    if source is not None:
        for last in order.last_writes(read):
            if last != source:
                yield Link(last, "ww", source, read, turn)
    for newer in order.next_writes(source, order.shown.key(read)):
        yield Link(read, "rw", newer, read, turn)


# ----------------------------------------------------------------------- what was found
def searched(program: Program, strength: str, meter: Meter) -> Verdict:
    """What a search says, and the fewest operations of which it says that they fail."""
    before = meter.steps
    search = Search(program, meter)
    if program.kept:
        strength += f"; {HOW}"
    strength += f"; a search of {meter.steps - before:,} steps"
    order = search.order()
    if search.explained:
        reason = "One order of all operations explains every result."
        return Verdict("valid", PROMISE, strength, reason, order=order)
    least = fewest_that_fail(program, Limits(max(meter.steps, AS_MUCH)).meter())
    *_, last = (op for op in least if tells(op, program.machine))
    reason = (
        f"No order of these {counted(len(least), 'operation')} that keeps the order of "
        f"each process explains that {told(last)}. Of all {len(program.ops)}, at most "
        f"{len(order)} fit."
    )
    return Verdict("invalid", PROMISE, strength, reason, least, order)


def fewest_that_fail(program: Program, meter: Meter) -> Operations:
    """As few as no order explains, as far as a meter reaches."""

    def fails(ops: Operations) -> bool:
        try:
            fewer = program_of(History(ops), program.machine, meter)
            if not isinstance(fewer, Program):
                return True
            return not Search(fewer, meter).explained
        except Exceeded:
            return False

    def left_alone(gone: Operations, left: Operations) -> Operations:
        """What makes no sense without what goes: all, but for what only looked."""
        if all(op.f in ("read", "write") for op in program.ops):
            return readers(gone, left)
        looked = (Kind(program.machine, op, op.args).looks for op in gone)
        return () if all(looked) else left

    return smallest(program.ops, fails, left_alone)
