"""Shrinking: the smallest run that still fails for the same reason."""

import pytest

from distlab.check import Limits
from distlab.check.linearizable import linearizable
from distlab.check.shrink import Search, changed, shrink
from distlab.errors import Misuse, Violation
from distlab.faults import Crash, Heal, Loss, Pause, Split
from distlab.node import Call
from distlab.recording import Called, Recording, Took
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.sim import Cluster
from distlab.sim.program import program

CALLS = tuple(Called(i * 10.3, f"c{i % 2}", Call("write", ("x", i))) for i in range(20))
MESSAGES = tuple(Took("c1", "s1", i, i + 0.5) for i in range(1, 31))
LONG = Recording(
    CALLS, (Crash("s1", 55.5), Pause("s2", 12.25, 99.75), Heal(200)), MESSAGES
)


def needs(*wanted):
    """A judge that is content unless all of these are there."""

    def judge(recording):
        there = (*recording.calls, *recording.faults, *recording.messages)
        return "all of them are there" if set(wanted) <= set(there) else None

    return judge


@pytest.mark.parametrize(
    "wanted",
    [
        (CALLS[3],),
        (CALLS[0], CALLS[19]),
        (CALLS[7], MESSAGES[12], LONG.faults[1]),
        MESSAGES[5:9],
        (),
    ],
)
def test_what_it_takes_is_all_that_is_left(wanted):
    smallest = shrink(LONG, needs(*wanted))
    left = smallest.recording
    assert {*left.calls, *left.faults, *left.messages} == set(wanted)
    assert smallest.ended is None and smallest.size == LONG.size


def test_times_become_as_round_as_they_may():
    """At 20.6 ms it fails; 0 is rounder than 20, and does not."""

    def judge(recording):
        late = [call for call in recording.calls if call.at_ms >= 12]
        return "somebody calls late" if late else None

    (call,) = shrink(LONG, judge).recording.calls
    assert call.at_ms == 20


def test_another_failure_is_not_the_same():
    """With few calls it breaks something else: that is not followed."""

    def judge(recording):
        return "reads go back" if len(recording.calls) > 4 else "nobody leads"

    assert len(shrink(LONG, judge).recording.calls) == 5


def test_the_same_sentence_with_other_numbers_is_the_same():
    def judge(recording):
        return f"{len(recording.calls)} calls, at 12.5 ms" if recording.calls else None

    assert shrink(LONG, judge).reason == "1 calls, at 12.5 ms"


def test_a_run_that_is_stopped_by_an_error_fails_for_its_sentence():
    def judge(recording):
        if CALLS[2] in recording.calls:
            raise Violation(f"seed 1, {len(recording.calls)} ms: two leaders in term 3")
        if recording.calls:
            raise Violation("seed 1, 4 ms: something else")
        return

    smallest = shrink(LONG, judge)
    assert smallest.recording.calls == (CALLS[2],)
    assert smallest.reason == "seed 1, 1 ms: two leaders in term 3"


def test_a_run_that_does_not_fail_is_refused():
    with pytest.raises(Misuse, match="does not fail"):
        shrink(LONG, lambda recording: None)


def test_what_is_made_smaller_is_a_recording():
    cluster = Cluster(AutomaticFailover, servers=3)
    with pytest.raises(Misuse, match=r"give that of a run, `cluster\.recording`"):
        shrink(cluster, lambda recording: None)


def test_a_judge_gives_its_reason():
    with pytest.raises(Misuse, match="the judge says True: let it give a verdict"):
        shrink(LONG, lambda recording: True)


def test_past_its_limits_it_says_so():
    smallest = shrink(LONG, needs(CALLS[3]), Limits(steps=5))
    assert smallest.ended == "5 steps"
    assert smallest.runs == 6
    assert smallest.told.startswith("53 calls, faults and draws → ")
    assert "ended after 5 steps" in smallest.told


# --------------------------------------------------------------------------- a real run
SPLIT = Split((("s1", "c1"), ("s2", "s3", "c2")), at_ms=20, until_ms=900)


def failing() -> Cluster:
    """A leader that is cut off and does not know that it leads no more."""
    return Cluster(
        AutomaticFailover,
        servers=3,
        clients=2,
        seed=3,
        faults=(SPLIT, Loss(0.02)),
        workload=AutomaticFailover.client.workload,
    ).run(1_500)


def test_a_run_of_hundreds_of_draws_becomes_three_things_and_a_program():
    run = failing()

    def judge(recording):
        return linearizable(run.again(recording).run(1_500).history)

    smallest = shrink(run.recording, judge)
    assert smallest.size > 200
    assert smallest.recording.size <= 4
    assert Split in map(type, smallest.recording.faults)
    pasted: dict = {}
    exec(program(run, smallest.recording), pasted)
    verdict = linearizable(pasted["cluster"].history)
    assert str(verdict) == smallest.reason


# ------------------------------------------------------------------------------ mutants
class TakesAnyFailure(Search):
    def better(self, tried):
        self.reason = "nobody leads"
        return super().better(tried)


class TakesAllOrNothing(Search):
    def leave_out(self, name):
        self.better(changed(self.best, name, ()))


class LeavesTimes(Search):
    def round_times(self):
        pass


KILLED = {
    TakesAnyFailure: test_another_failure_is_not_the_same,
    TakesAllOrNothing: lambda: test_what_it_takes_is_all_that_is_left((CALLS[3],)),
    LeavesTimes: test_times_become_as_round_as_they_may,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_a_shrinker_that_forgets_something_is_caught(monkeypatch, mutant):
    monkeypatch.setattr("distlab.check.shrink.Search", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
