"""TrueTime: an interval, and the wait until a moment is past."""

import pytest
import spanner_mutants as mutants
from hypothesis import given
from hypothesis import strategies as st

from distlab.clocks.true_time import Past, TrueTime, TTInterval
from distlab.faults import ClockDrift, ClockJump, ClockSkew, Schedule
from distlab.node import Call, End, Fire, Message, Send, SetTimer
from distlab.sim import Cluster, Network

E_US = 7000


class Stamp(Message):
    """Something happened at this moment."""

    at_us: int


def clock(now_ms: float, asks: str, *args):
    """What the clock of a node answers when it shows this."""
    found = []

    class Asks(TrueTime):
        def read_clock(self):
            found.append(getattr(self, asks)(*args))
            self.ok()

    Asks("s1").step(Call("read_clock"), now_ms=now_ms)
    return found[0]


# ---------------------------------------------------------------------------- the steps
@given(st.integers(0, 10**9), st.integers(-E_US, E_US))
def test_the_true_time_is_in_the_interval_of_every_clock_that_is_off_by_no_more(
    true_us, off_us
):
    """Table 1, TT.now."""
    now = clock((true_us + off_us) / 1000, "tt_now")
    assert now.earliest_us <= true_us <= now.latest_us
    assert now.latest_us - now.earliest_us == 2 * E_US


def test_a_node_can_be_asked_for_its_interval():
    """Table 1, TT.now."""
    asked = Call("read_clock")
    (end,) = TrueTime("s1", epsilon_ms=2).step(asked, now_ms=10)
    assert end == End(asked, "ok", TTInterval(8000, 12_000))


def test_a_moment_is_past_when_it_is_before_all_that_the_time_may_be():
    """Table 1, TT.after."""
    assert clock(10, "tt_now") == TTInterval(3000, 17_000)
    assert [clock(10, "tt_after", us) for us in (2999, 3000, 10_000)] == [
        True,
        False,
        False,
    ]


def test_a_moment_has_not_come_when_it_is_behind_all_that_the_time_may_be():
    """Table 1, TT.before."""
    assert [clock(10, "tt_before", us) for us in (10_000, 17_000, 17_001)] == [
        False,
        False,
        True,
    ]


class Tells(TrueTime):
    """Stamps with the latest, and tells when that is past."""

    def tell(self, dst):
        at_us = self.tt_now().latest_us
        self.send_when_past(at_us, dst, Stamp(at_us))
        self.ok()

    def on_stamp(self, src, msg):
        self.output(msg)


def told_by(kind: type, *events: tuple[object, float]) -> list:
    """What a node does at the last of these events, each at a time of its clock."""
    s1 = kind("s1")
    for event, now_ms in events:
        effects = s1.step(event, now_ms=now_ms)
    return effects


def test_nobody_hears_of_a_moment_before_it_is_past():
    """Commit Wait: for 2 ε, and a microsecond."""
    tell = Call("tell", ("c1",))
    (waits, _) = told_by(Tells, (tell, 10))
    assert waits == SetTimer(Past(17_000), (14.001, 14.001))
    sends = [Send("c1", Stamp(17_000))]
    assert told_by(Tells, (tell, 10), (Fire(Past(17_000)), 24.001)) == sends


def test_who_is_woken_too_early_waits_on():
    """Commit Wait: the clock was set back meanwhile, within what it may be off."""
    events = ((Call("tell", ("c1",)), 10), (Fire(Past(17_000)), 23))
    assert told_by(Tells, *events) == [SetTimer(Past(17_000), (1.001, 1.001))]


# ----------------------------------------------------------------------------- the runs
def run(
    kind: type = Tells, schedule: Schedule = (), epsilon_ms: float = 7, **more
) -> Cluster:
    """One after the other stamps something, and tells the next as soon as may be."""
    first = Cluster(
        kind,
        servers=3,
        network=Network(0),
        faults=schedule,
        epsilon_ms=epsilon_ms,
        **more,
    )
    for i in range(30):
        first.add_call(20 * i, f"s{i % 3 + 1}", Call("tell", (f"s{(i + 1) % 3 + 1}",)))
    return first.run(until_ms=2000)


def what_is_told_is_past(cluster: Cluster) -> str | None:
    """Commit Wait: in true time, which no node knows."""
    for step in cluster.trace.where("output"):
        if step.what.at_us >= step.at_ms * 1000:
            return f"{step}"
    return None


EXTREMES = [
    (ClockSkew("s1", a), ClockSkew("s2", b), ClockSkew("s3", c, at_ms=100))
    for a, b, c in ((7, -7, 0), (-7, 7, 7), (7, 7, -7), (0, 0, 0))
]


@pytest.mark.parametrize("schedule", EXTREMES)
def test_what_is_told_is_past_for_everybody_while_no_clock_is_off_by_more(schedule):
    """Commit Wait."""
    cluster = run(schedule=schedule)
    assert len(cluster.trace.where("output")) == 30
    assert what_is_told_is_past(cluster) is None


OFF = {
    "more than epsilon": (ClockSkew("s1", 7.002),),
    "drift": (ClockDrift("s1", 20_000),),
    "a jump": (ClockJump("s2", 9, at_ms=50),),
}


@pytest.mark.parametrize("kind", OFF)
def test_with_a_clock_that_is_off_by_more_somebody_hears_of_the_future(kind):
    assert what_is_told_is_past(run(schedule=OFF[kind]))


def mutant_of(forgets: type) -> type:
    return type(f"Tells{forgets.__name__}", (forgets, Tells), {"__module__": __name__})


@pytest.mark.parametrize(
    "forgets", [mutants.TellsAtOnce, mutants.WaitsHalf, mutants.IsSureOfItself]
)
def test_what_forgets_to_wait_is_found(forgets):
    runs = [run(mutant_of(forgets), schedule) for schedule in EXTREMES]
    assert any(map(what_is_told_is_past, runs))


def test_who_does_not_look_again_is_found():
    """Commit Wait."""
    back = (ClockSkew("s1", 7), ClockSkew("s1", -7, at_ms=5))
    early = mutant_of(mutants.TellsWhenTheTimerSaysSo)
    ended = [run(kind, back).trace.where("output")[0].at_ms for kind in (Tells, early)]
    assert ended == [28.001, 14.001]


class SaysSoTooEarly(TrueTime):
    """Table 1, TT.before: takes the other end of the interval."""

    def tt_before(self, at_us):
        return self.tt_now().earliest_us < at_us


def test_who_takes_what_may_have_come_for_what_has_not_is_found(monkeypatch):
    monkeypatch.setitem(globals(), "TrueTime", SaysSoTooEarly)
    with pytest.raises(AssertionError):
        test_a_moment_has_not_come_when_it_is_behind_all_that_the_time_may_be()


def test_no_fault_of_a_clock_is_neither_admitted_nor_excluded():
    assert ClockSkew in TrueTime.assumes.kinds()
    assert not {ClockDrift, ClockJump} & set(TrueTime.assumes.kinds())
