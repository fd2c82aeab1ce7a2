"""Sequential consistency of any machine, against a twin that tries every order."""

from __future__ import annotations

from itertools import chain, islice

import pytest
from check import histories
from check import twins_weak as twins
from check.histories import read, write
from check.twins_weak import WORDS, did

from distlab.check import interleavings, reads_from, sequential, sessions
from distlab.check.causal import (
    causal_memory,
    causally_consistent,
    causally_convergent,
)
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.check.pram import pram
from distlab.check.sequential import sequentially_consistent
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.machine import KeyValue, Machine, Register


# ------------------------------------------------------------------------ slow twins
def first_difference(cases) -> tuple[Machine, History] | None:
    """The first machine and history on which the judge and its twin differ."""
    for machine, history in cases:
        said = sequentially_consistent(history, machine).outcome
        if said != twins.twin(history, twins.sequential, machine):
            return machine, history
    return None


def test_the_judge_says_of_all_small_histories_what_its_twin_says():
    """Lamport 1979; each value is written once here."""
    small = (history for number in (1, 2, 3) for history in twins.every(number))
    assert first_difference((KeyValue(), history) for history in small) is None


def test_it_says_of_random_histories_what_its_twin_says():
    random = (twins.drawn(seed) for seed in range(500))
    assert first_difference((KeyValue(), history) for history in random) is None


@pytest.mark.parametrize("machine", WORDS, ids=lambda machine: type(machine).__name__)
def test_so_it_does_of_any_machine(machine):
    """All histories of two operations, some of three, random ones of up to seven."""
    some = chain(
        twins.every_of(machine, 1),
        twins.every_of(machine, 2),
        islice(twins.every_of(machine, 3), 0, None, 37),
        (twins.drawn_of(machine, seed) for seed in range(150)),
    )
    differs = first_difference((machine, history) for history in some)
    assert differs is None, differs[1].text()


@pytest.mark.soak
@pytest.mark.parametrize("machine", WORDS, ids=lambda machine: type(machine).__name__)
def test_so_it_does_of_many_more(machine):
    some = chain(
        twins.every_of(machine, 3),
        twins.every_of(machine, 4),
        (twins.drawn_of(machine, seed) for seed in range(10_000)),
    )
    assert first_difference((machine, history) for history in some) is None


@pytest.mark.soak
def test_it_says_of_many_more_histories_what_its_twin_says():
    random = (twins.drawn(seed) for seed in range(500, 10_500))
    some = chain(twins.every(4), random)
    assert first_difference((KeyValue(), history) for history in some) is None


# ---------------------------------------------------------------- the papers' histories
BOTH_ENTER = did(a="w(x)1 r(y)0", b="w(y)1 r(x)0")
STALE = History(
    (
        write("c1", "x", 1, 0, 2),
        write("c2", "x", 2, 3, 5),
        read("c3", "x", 1, 6, 8),
    )
)
EIGHT_OBSERVERS = did(  # four writes at the same time, and no two observers agree
    a="w(x)1",
    b="w(x)2",
    c="w(y)1",
    d="w(y)2",
    o1="r(x)2 r(y)1",
    o2="r(y)2 r(x)1",
    o3="r(x)2 r(y)2",
    o4="r(y)1 r(x)1",
    o5="r(x)1 r(y)1",
    o6="r(y)2 r(x)2",
    o7="r(x)1 r(y)2",
    o8="r(y)1 r(x)2",
)


def test_two_processes_that_each_miss_the_flag_of_the_other_are_not_both_right():
    """Lamport 1979, the example: both would enter the critical section."""
    verdict = sequentially_consistent(BOTH_ENTER)
    assert verdict.invalid
    assert verdict.reason == (
        "a read y and found nothing (10 to 15 ms), so that was before y = 1 came. b "
        "read x and found nothing (10 to 15 ms), so that was before x = 1 came. a "
        "wrote x = 1 (0 to 5 ms), then a read y and found nothing (10 to 15 ms). b "
        "wrote y = 1 (0 to 5 ms), then b read x and found nothing (10 to 15 ms). No "
        "order allows all this."
    )
    assert [edge.kind for edge in verdict.cycle] == ["process", "rw", "process", "rw"]
    assert len(verdict.evidence) == 4


def test_each_key_alone_may_be_right_and_the_whole_wrong():
    """Herlihy and Wing 1990, section 3.3: sequential consistency is not local."""
    for key in "xy":
        alone = BOTH_ENTER.where(test=lambda op, key=key: op.args[0] == key)
        assert sequentially_consistent(alone).valid


class TwoQueues(Machine):
    """Queues p and q."""

    @property
    def initial(self):
        return (), ()

    def enqueue(self, state, queue, item):
        held = list(state)
        held["pq".index(queue)] += (item,)
        return tuple(held), None

    def dequeue(self, state, queue):
        held = list(state)
        first, *rest = held["pq".index(queue)] or (None,)
        held["pq".index(queue)] = tuple(rest)
        return tuple(held), first


def test_two_queues_are_each_right_and_together_wrong():
    """Herlihy and Wing 1990, section 3.3: the two queues."""
    did_what = {
        "A": (("enqueue", "p", "x"), ("enqueue", "q", "x"), ("dequeue", "p", "y")),
        "B": (("enqueue", "q", "y"), ("enqueue", "p", "y"), ("dequeue", "q", "x")),
    }
    history = History(
        Operation(process, f, (queue, item), 10 * at, "ok", None, 10 * at + 5)
        if f == "enqueue"
        else Operation(process, f, (queue,), 10 * at, "ok", item, 10 * at + 5)
        for process, calls in did_what.items()
        for at, (f, queue, item) in enumerate(calls)
    )
    assert sequentially_consistent(history, TwoQueues()).invalid
    for queue in "pq":
        alone = history.where(test=lambda op, queue=queue: op.args[0] == queue)
        assert sequentially_consistent(alone, TwoQueues()).valid


def test_real_time_means_nothing():
    assert linearizable(STALE).invalid
    verdict = sequentially_consistent(STALE)
    assert verdict.valid
    assert verdict.order == (STALE[0], STALE[2], STALE[1])


def test_where_reads_tell_too_little_orders_are_tried():
    """No order of any two writes follows from what was read; each of the four fails."""
    verdict = sequentially_consistent(EIGHT_OBSERVERS)
    assert verdict.reason == (
        "No order of these 20 operations that keeps the order of each process explains "
        "that o8 read x = 2 (10 to 15 ms). Of all 20, at most 8 fit."
    )
    assert len(verdict.order) == 8
    assert verdict.evidence == tuple(EIGHT_OBSERVERS)
    without_one = EIGHT_OBSERVERS.where(test=lambda op: op.process != "o5")
    assert sequentially_consistent(without_one).valid


# ------------------------------------------------------------------------- the argument
def test_the_order_of_a_valid_verdict_explains_all_and_keeps_each_process_in_order():
    for machine in WORDS:
        for seed in range(100):
            verdict = sequentially_consistent(
                history := twins.drawn_of(machine, seed), machine
            )
            if verdict.valid:
                ops = verdict.order
                assert {op for op in history if op.outcome == "ok"} <= set(ops)
                assert twins.gives(tuple(range(len(ops))), ops, machine)
                order = tuple(op for op in history if op in ops)
                place = [ops.index(op) for op in order]
                before = twins.program_order(order)
                assert all(place[i] < place[j] for i, j in before)


def test_the_evidence_alone_is_wrong_and_no_read_of_it_can_be_spared():
    for history in map(twins.drawn, range(500)):
        verdict = sequentially_consistent(history)
        if verdict.invalid:
            least = History(verdict.evidence)
            assert twins.twin(least, twins.sequential) == "invalid"
            for read_ in least.where("read"):
                rest = least.where(test=lambda op, read_=read_: op != read_)
                assert twins.twin(rest, twins.sequential) != "invalid"


def test_of_a_machine_without_single_values_the_evidence_is_wrong_too():
    """What may have changed something stays: without it all may be wrong."""
    for machine in WORDS:
        for seed in range(60):
            verdict = sequentially_consistent(twins.drawn_of(machine, seed), machine)
            if verdict.invalid:
                least = History(verdict.evidence)
                assert twins.twin(least, twins.sequential, machine) == "invalid"


def test_how_many_operations_fit_is_said_and_shown():
    history = did(a="w(x)1 w(x)2 w(x)1", b="r(x)2 r(x)1 r(x)2")
    verdict = sequentially_consistent(history)
    assert verdict.reason == (
        "No order of these 6 operations that keeps the order of each process explains "
        "that b read x = 2 (20 to 25 ms). Of all 6, at most 5 fit."
    )
    assert len(verdict.order) == 5
    assert twins.gives(tuple(range(5)), verdict.order, KeyValue())


# ---------------------------------------------------------- what is known, and what not
def test_what_nobody_knows_may_have_happened_late_or_never():
    unsure = write("a", "x", 1, 0, 5, outcome="info")
    later = write("a", "x", 2, 6, 9)
    for seen in ((2, 1), (1, 2), (None, 2), (2, 2)):
        reads = [read("b", "x", v, 10 + 3 * i, 12 + 3 * i) for i, v in enumerate(seen)]
        assert sequentially_consistent(History([unsure, later, *reads])).valid
    before = write("a", "x", 0, -3, -1)
    stale = read("b", "x", 1, 10, 12), read("b", "x", 0, 13, 14)
    assert sequentially_consistent(History([before, unsure, *stale])).invalid


def test_without_a_result_nothing_is_known():
    for history in (History(), did(a="w(x)1", b="w(x)2")):
        verdict = sequentially_consistent(history)
        assert verdict.unknown
        assert verdict.reason == "No operation has told anything."


def test_a_read_of_what_nobody_wrote_is_told():
    verdict = sequentially_consistent(did(a="w(x)1", b="r(x)2"))
    assert (
        verdict.reason == "b read x = 2 (0 to 5 ms), which nobody wrote (ThinAirRead)."
    )


def test_so_it_is_where_values_are_written_again_however_many_orders_there_are():
    writes = [
        Operation(f"c{i}", "write", (i % 3,), 0, "ok", None, 100) for i in range(30)
    ]
    late = Operation("c30", "read", (), 101, "ok", 7, 102)
    verdict = sequentially_consistent(History([*writes, late]), Register())
    assert verdict.evidence == (late,)
    assert verdict.reason == (
        "c30 read() gave 7 (0.101 to 0.102 ms), which nobody wrote (ThinAirRead)."
    )


def test_what_costs_too_much_is_unknown():
    for steps in (3, 50, 150):
        verdict = sequentially_consistent(EIGHT_OBSERVERS, limits=Limits(steps))
        assert verdict.unknown
        assert verdict.reason == (
            f"The check gave up after {steps} steps: raise `limits`."
        )


def test_histories_that_cannot_be_judged_are_refused():
    with pytest.raises(Misuse, match="Register has no command `enqueue`"):
        sequentially_consistent(
            History([Operation("c1", "enqueue", (1,), 0, "ok", None, 5)]), Register()
        )
    with pytest.raises(Misuse, match="c1 calls `read` at 1 ms before its last"):
        sequentially_consistent(
            History([write("c1", "x", 1, 0, 2), read("c1", "x", 1, 1, 3)])
        )


# ------------------------------------------------------------------------ the hierarchy
IMPLIED = [
    (sequentially_consistent, causal_memory),
    (sequentially_consistent, causally_convergent),
    (causal_memory, causally_consistent),
    (causally_convergent, causally_consistent),
    (causal_memory, pram),
]


@pytest.mark.parametrize(("stronger", "weaker"), IMPLIED)
def test_what_a_stronger_model_allows_a_weaker_one_allows_too(stronger, weaker):
    """Bouajjani et al. 2017, and of PRAM Ahamad et al. 1995."""
    small = twins.every(3)
    differ = 0
    for history in chain(small, map(twins.drawn, range(800))):
        if stronger(history).valid:
            assert weaker(history).valid, history.text()
        else:
            differ += weaker(history).valid
    assert differ


SESSIONS = (
    sessions.read_your_writes,
    sessions.monotonic_reads,
    sessions.monotonic_writes,
    sessions.writes_follow_reads,
    sessions.consistent_prefix,
)


def test_what_is_linearizable_is_sequentially_consistent_and_keeps_each_guarantee():
    """Herlihy and Wing 1990: real time and one order are more than any of these ask."""
    valid = 0
    for seed in range(600):
        history = histories.drawn(seed)
        history = History(
            op._replace(result=None) if op.f == "write" else op for op in history
        )
        if linearizable(history).valid:
            valid += 1
            assert sequentially_consistent(history).valid
            assert not any(guarantee(history).invalid for guarantee in SESSIONS)
    assert valid > 100


def test_a_session_guarantee_knows_real_time_and_sequential_consistency_does_not():
    """So a history may break the first and keep the second."""
    late = History((*STALE[:2], read("c3", "x", 2, 6, 8), read("c3", "x", 1, 9, 10)))
    assert sessions.monotonic_reads(late).invalid
    assert sequentially_consistent(late).valid


def test_each_process_of_pram_alone_keeps_three_of_the_four_session_guarantees():
    """Brzeziński, Sobaniec and Wawrzyniak, "Session Guarantees to Achieve PRAM
    Consistency of Replicated Shared Objects", PPAM 2003: read your writes, monotonic
    reads and monotonic writes are what PRAM says of one process, apart from the others
    and from real time.
    """
    judged = 0
    for history in map(twins.drawn, range(800)):
        for process in history.processes if pram(history).valid else ():
            seen = history.where(
                test=lambda op, own=process: op.f == "write" or op.process == own
            )
            timeless = History(op._replace(invoked_us=0, ended_us=0) for op in seen)
            for guarantee in SESSIONS[:3]:
                assert not guarantee(timeless).invalid, timeless.text()
                judged += guarantee(timeless).valid
    assert judged > 100


def test_two_processes_of_pram_may_break_together_what_each_keeps_alone():
    """They put two writes into opposite orders: `check.sessions` wants one for all."""
    apart = did(a="w(x)1", b="w(x)2", c="r(x)1 r(x)2", d="r(x)2 r(x)1")
    assert pram(apart).valid
    assert causal_memory(apart).valid
    assert sessions.monotonic_reads(apart).invalid


# ---------------------------------------------------------------- mutants of the judge
def forgets_the_order_of_a_process(patch):
    original = interleavings.Program.of.__func__

    def of(cls, ops, machine):
        alone = tuple(op._replace(process=str(i)) for i, op in enumerate(ops))
        return original(cls, alone, machine)._replace(ops=ops)

    patch.setattr(interleavings.Program, "of", classmethod(of))


def keeps_real_time(patch):
    """Judges linearizability instead."""
    patch.setattr(sequential, "sequentially_consistent", linearizable)
    original = interleavings.Search.after

    def after(self, i, config):
        ops = self.program.ops
        left = [
            j
            for lane, done in zip(self.program.lanes, config.done, strict=True)
            for j in lane[done:]
        ]
        if any(ops[j].before(ops[i]) for j in left):
            return interleavings.NEVER
        return original(self, i, config)

    patch.setattr(interleavings.Search, "after", after)


def with_outcomes(change):
    """Judges that take some outcomes for others."""

    def mutant(patch):
        original = sequential.that_count

        def that_count(history, machine):
            return original(History(filter(None, map(change, history))), machine)

        patch.setattr(sequential, "that_count", that_count)

    mutant.__name__ = change.__name__
    return mutant


@with_outcomes
def takes_what_nobody_knows_for_certain(op):
    return op._replace(outcome="ok") if op.outcome == "info" else op


@with_outcomes
def takes_what_nobody_knows_for_never(op):
    return op if op.outcome != "info" else None


@with_outcomes
def believes_what_failed(op):
    return op._replace(outcome="ok") if op.outcome == "fail" else op


def lets_what_nobody_knows_happen_before_all(patch):
    original = interleavings.Program.of.__func__

    def of(cls, ops, machine):
        program = original(cls, ops, machine)
        needs = [
            (0,) * len(program.lanes) if i in program.unsure else need
            for i, need in enumerate(program.needs)
        ]
        return program._replace(needs=needs)

    patch.setattr(interleavings.Program, "of", classmethod(of))


def lets_what_nobody_knows_happen_twice(patch):
    original = interleavings.Search.following

    def following(self, config, path):
        for step, way in original(self, config._replace(used=0), path):
            yield step._replace(used=0), way

    patch.setattr(interleavings.Search, "following", following)


def forgets_what_the_state_was(patch):
    """Comes to a place twice, and looks at the first state alone."""

    class Placed(interleavings.Configuration):
        def __eq__(self, other):
            return self[:2] == other[:2]

        def __hash__(self):
            return hash(self[:2])

    patch.setattr(interleavings, "Configuration", Placed)


def takes_writes_as_soon_as_they_fit(patch):
    original = interleavings.Search.settled

    def settled(self, config, path):
        for kind in self.kinds:
            kind.looks = True
        return original(self, config, path)

    patch.setattr(interleavings.Search, "settled", settled)


def judges_each_key_alone(patch):
    original = sequential.searched
    ordered = sequential.saturated

    def saturated(shown, meter):
        for key in shown.writers:
            alone = [op for op in shown.ops if op.args[0] == key]
            found = ordered(reads_from.ReadsFrom(History(alone)), meter)
            if isinstance(found, sequential.Pattern):
                return found
        return sequential.Order(shown, shown.seen, meter)

    def searched(program, strength, meter):
        for key in {op.args[0] for op in program.ops}:
            alone = [op for op in program.ops if op.args[0] == key]
            one = interleavings.Program.of(tuple(alone), program.machine)
            if (verdict := original(one, strength, meter)).invalid:
                return verdict
        return verdict

    patch.setattr(sequential, "saturated", saturated)
    patch.setattr(sequential, "searched", searched)


def stops_at_what_follows_at_once(patch):
    """Takes a history without a circle for right, and searches nothing."""

    class Trusting(sequential.Search):
        def run(self):
            super().run()
            return True

    patch.setattr(sequential, "Search", Trusting)


def puts_what_a_read_replaced_after_what_it_saw(patch):
    original = sequential.told_by

    def told_by(order, read_, turn):
        for link in original(order, read_, turn):
            turned = link._replace(source=link.target, target=link.source)
            yield turned if link.kind == "ww" else link

    patch.setattr(sequential, "told_by", told_by)


MUTANTS = [
    forgets_the_order_of_a_process,
    keeps_real_time,
    takes_what_nobody_knows_for_certain,
    takes_what_nobody_knows_for_never,
    believes_what_failed,
    lets_what_nobody_knows_happen_before_all,
    lets_what_nobody_knows_happen_twice,
    forgets_what_the_state_was,
    takes_writes_as_soon_as_they_fit,
    judges_each_key_alone,
    stops_at_what_follows_at_once,
    puts_what_a_read_replaced_after_what_it_saw,
]


NEEDED_TWICE = History(
    Operation(process, f, args, 10 * at, outcome, result, 10 * at + 5)
    for at, (process, f, args, outcome, result) in enumerate(
        (
            ("a", "write", (1,), "info", None),
            ("b", "read", (), "ok", 1),
            ("b", "write", (2,), "ok", None),
            ("b", "read", (), "ok", 1),
        )
    )
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_is_told_from_its_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    some = chain(
        [(KeyValue(), BOTH_ENTER), (KeyValue(), STALE), (Register(), NEEDED_TWICE)],
        ((KeyValue(), twins.drawn(seed)) for seed in range(300)),
        (
            (machine, twins.drawn_of(machine, seed))
            for machine in (Register(), KeyValue())
            for seed in range(300)
        ),
    )
    trusts = sequentially_consistent(EIGHT_OBSERVERS).valid
    assert trusts or first_difference(some) is not None
