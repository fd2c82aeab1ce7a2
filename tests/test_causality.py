"""What could have caused what, in any trace."""

from __future__ import annotations

import random
from collections import Counter
from functools import cached_property

import causality_mutants as mutants
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed import mutants_in
from random_traces import KINDS, pasts, random_trace, trace_of

from distlab import stamps
from distlab.causality import Causality
from distlab.consensus.raft import Raft
from distlab.errors import Misuse
from distlab.faults import Crash, Duplication, Loss, Pause, Recover
from distlab.sim import Cluster
from distlab.stamps import Changes, Rows, Stamps, filled
from distlab.trace import Step, Trace

# a tells b, b tells c; meanwhile c tells a, twice; a message of a is lost.
STEPS = (
    Step(0, "send", "a", "b", "one", msg_id=1),  # 0
    Step(1, "send", "c", "a", "two", msg_id=2),  # 1
    Step(2, "deliver", "b", "a", "one", msg_id=1),  # 2
    Step(3, "send", "b", "c", "three", msg_id=3),  # 3
    Step(4, "deliver", "a", "c", "two", msg_id=2),  # 4
    Step(5, "deliver", "c", "b", "three", msg_id=3),  # 5
    Step(6, "send", "a", "b", "four", msg_id=4),  # 6
    Step(7, "drop", "b", "a", "four", "loss", 4),  # 7
    Step(8, "deliver", "a", "c", "two", msg_id=2),  # 8
    Step(9, "fault", "", what="cut"),  # 9
)
TRACE = Trace(STEPS, ("a", "b", "c"))


@pytest.fixture(params=["rows", "changes"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stamps are kept in the one way, and in the other."""
    dearer = {"rows": 1 << 60, "changes": 0}[request.param]
    monkeypatch.setattr(stamps, "DEARER", dearer)


def test_what_a_node_does_happens_one_after_the_other():
    assert TRACE.happened_before(0, 4)
    assert not TRACE.happened_before(4, 0)


def test_a_message_is_sent_before_it_arrives_and_what_follows_follows():
    assert TRACE.happened_before(0, 2)
    assert TRACE.happened_before(0, 5)
    assert TRACE.happened_before(STEPS[1], STEPS[8])


def test_what_no_message_joins_is_concurrent():
    assert TRACE.causality.concurrent(0, 1)
    assert TRACE.causality.concurrent(2, 4)
    assert not TRACE.causality.concurrent(2, 2)


def test_a_lost_message_has_a_past_and_no_future():
    assert TRACE.causality.past(7) == (0, 1, 4, 6)
    assert TRACE.causality.future(7) == ()


def test_a_fault_of_the_network_is_apart():
    assert TRACE.causality.past(9) == TRACE.causality.future(9) == ()


def test_past_and_future():
    assert TRACE.causality.past(5) == (0, 1, 2, 3)
    assert TRACE.causality.future(1) == (4, 5, 6, 7, 8)


def test_a_cut_is_consistent_unless_a_message_comes_out_of_its_future():
    causality = TRACE.causality
    assert causality.is_consistent({"a": 1, "b": 2, "c": 1})
    assert causality.in_transit({"a": 1, "b": 2, "c": 1}) == ((1, 4), (3, 5), (1, 8))
    assert not causality.is_consistent({"a": 0, "b": 1, "c": 1})
    assert causality.orphans({"b": 1}) == ((0, 2),)


def test_the_cut_of_a_moment():
    assert TRACE.causality.cut_at(0.004) == {"a": 2, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda c: c.past(10), "there is no step 10: they have numbers from 0 to 9"),
        (lambda c: c.past(Step(0, "note", "a")), "note` is not in this trace"),
        (lambda c: c.is_consistent({"d": 1}), "'d', which is no node"),
        (lambda c: c.is_consistent({"a": 9}), "9 steps of 'a': give 0 to 4"),
    ],
)
def test_what_is_not_in_the_trace_is_refused(wrong, sentence):
    with pytest.raises(Misuse, match=sentence):
        wrong(TRACE.causality)


def test_a_step_that_stands_there_twice_is_asked_by_its_number():
    twice = Trace((STEPS[0], Step(1, "note", "a"), Step(1, "note", "a")), ("a",))
    assert twice.happened_before(twice[1], twice[2])
    assert twice.happened_before(0, STEPS[0]._replace()) is False
    with pytest.raises(Misuse, match="several times: give the number"):
        twice.happened_before(0, Step(1, "note", "a"))


def test_an_arrival_that_is_told_before_its_sending_is_refused():
    with pytest.raises(Misuse, match="step 0 is the arrival of what step 1 sends"):
        Causality(Trace((STEPS[2], STEPS[0]), ("a", "b")))


def test_what_comes_from_outside_a_part_of_a_trace_has_its_own_past_alone():
    part = TRACE[2:6].causality
    assert part.past(3) == (0, 1)


# ------------------------------------------------------------------- beside a slow twin
CHOICES = st.tuples(
    st.integers(0, 3), st.integers(0, len(KINDS) - 1), st.integers(0, 9)
)


def numbers(bits: int) -> tuple[int, ...]:
    """The places of the bits that are set."""
    return tuple(i for i, bit in enumerate(f"{bits:b}"[::-1]) if bit == "1")


@pytest.mark.usefixtures("kept")
@given(st.lists(CHOICES, max_size=40), st.integers(1, 4))
def test_all_pairs_are_in_the_order_of_the_graph(choices, nodes):
    trace = trace_of(choices, nodes)
    before, found = pasts(trace), trace.causality
    everything = range(len(trace))
    for b in everything:
        assert found.past(b) == numbers(before[b])
        assert found.future(b) == tuple(c for c in everything if before[c] >> b & 1)
        for a in everything:
            assert found.happened_before(a, b) == bool(before[b] >> a & 1)


@pytest.mark.usefixtures("kept")
@given(st.lists(CHOICES, max_size=40), st.lists(st.integers(0, 40), min_size=4))
def test_a_cut_is_consistent_if_the_past_of_each_step_in_it_is_in_it(choices, sizes):
    found = trace_of(choices, 4).causality
    lines = found.lines.items()
    cut = {
        node: min(n, len(line)) for (node, line), n in zip(lines, sizes, strict=False)
    }
    within = {i for node, line in lines for i in line[: cut[node]]}
    assert found.is_consistent(cut) == all(set(found.past(i)) <= within for i in within)


def check_long(trace: Trace, seed: int) -> None:
    """Pairs drawn at random, and the past of some steps."""
    before, found, draw = pasts(trace), trace.causality, random.Random(seed)
    length = len(trace)
    for _ in range(2_000):
        a, b = draw.randrange(length), draw.randrange(length)
        assert found.happened_before(a, b) == bool(before[b] >> a & 1)
    for b in (draw.randrange(length) for _ in range(5)):
        assert found.past(b) == numbers(before[b])
        assert found.future(b) == tuple(c for c in range(length) if before[c] >> b & 1)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("nodes", "far"), [(3, None), (30, 2), (300, None)])
def test_ten_thousand_events_are_in_the_order_of_the_graph(nodes, far):
    check_long(random_trace(1, nodes, far=far), 1)


@pytest.mark.usefixtures("kept")
def test_a_run_with_many_faults_is_in_the_order_of_the_graph():
    faults = (
        Duplication(0.3),
        Loss(0.1),
        Crash("s1", at_ms=300),
        Pause("s2", at_ms=400, until_ms=700),
        Recover("s1", at_ms=900),
    )
    check_long(Cluster(Raft, servers=5, faults=faults, seed=1).run(1500).trace, 1)


def test_a_timer_runs_out_after_it_was_set():
    run = Cluster(Raft, servers=3).run(500).trace
    for i, fired in enumerate(run):
        if fired.kind == "fire":
            before = [run[j] for j in run.causality.past(i)]
            sets = (step for step in before if step.kind == "set")
            assert (fired.node, fired.what) in [(s.node, s.what) for s in sets]


def test_a_message_that_arrives_twice_was_sent_before_both():
    run = Cluster(Raft, servers=3, faults=(Duplication(0.5),)).run(500).trace
    arrivals = Counter(step.msg_id for step in run.where("deliver"))
    twice = next(msg_id for msg_id, count in arrivals.items() if count > 1)
    sent, first, second = (i for i, s in enumerate(run) if s.msg_id == twice)
    assert run.happened_before(sent, first)
    assert run.happened_before(sent, second)


@pytest.mark.soak
@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("nodes", "far"), [(2, 1), (10, None), (100, 3), (1000, 3)])
def test_many_long_traces_are_in_the_order_of_the_graph(nodes, far, seed):
    check_long(random_trace(seed, nodes, far=far), seed)


# ---------------------------------------------------------------------------- mutants
def differs(mutant: type[Causality], trace: Trace) -> bool:
    """Whether some past is another than the graph's."""
    before, found = pasts(trace), mutant(trace)
    everything = range(len(trace))
    return any(
        found.happened_before(a, b) != bool(before[b] >> a & 1)
        for a in everything
        for b in everything
    )


def keeping(kind: type[Stamps]) -> type[Causality]:
    """Stamps are kept in such a way."""

    class Kept(Causality):
        @cached_property
        def _stamps(self) -> Stamps:
            nodes = len(self.lines)
            heard = self._arrivals()
            size = (nodes, len(heard)) if issubclass(kind, Rows) else (nodes,)
            return filled(kind(*size), heard)

    return Kept


def test_a_way_to_keep_stamps_that_forgets_something_is_found_out():
    trace = random_trace(3, nodes=4, length=150)
    for kind in sorted(mutants_in(mutants), key=lambda kind: kind.__name__):
        if issubclass(kind, (Rows, Changes)):
            assert differs(keeping(kind), trace), kind
        elif kind not in (mutants.Reread, mutants.LooksOneWay):
            assert differs(kind, trace), kind
    for right in (Causality, keeping(Rows), keeping(Changes), mutants.Reread):
        assert not differs(right, trace)


def test_a_cut_that_is_looked_at_from_the_other_side_is_found_out():
    found = mutants.LooksOneWay(TRACE)
    assert found.is_consistent({"b": 1})
    assert not found.is_consistent({"a": 1})
