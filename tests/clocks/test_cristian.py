"""Reading a remote clock: the bound, the attempts, mutants, and what breaks it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed import broken, first_harm
from schedules import OVER_MS, Drawing, menu

from distlab import faults
from distlab.clocks import cristian
from distlab.clocks.cristian import (
    Again,
    Reader,
    Reading,
    TimeIs,
    TimeServer,
    WhatTime,
    reading,
)
from distlab.errors import Misuse
from distlab.faults import (
    Byzantine,
    ClockDrift,
    ClockFault,
    ClockJump,
    ClockSkew,
    Fault,
    Schedule,
)
from distlab.node import Call, Deliver, End, Fire, Note, Send, SetTimer
from distlab.sim import ClosedLoop, Cluster, Exponential, Mixture, Network, Uniform

ASK = Call("read_clock")
PPM = 1000  # of drift, that every reader of these runs is told


def reader(**settings) -> Reader:
    """One that has asked when its clock showed 100 ms."""
    c1 = Reader("c1", servers=("s1",), **settings)
    c1.step(ASK, now_ms=100)
    return c1


# ---------------------------------------------------------------------------- the steps
def test_a_reader_asks_and_remembers_when():
    """§4, attempt."""
    c1 = Reader("c1", servers=("s1",))
    asks = [Send("s1", WhatTime(100)), SetTimer(Again(), (50, 50))]
    assert c1.step(ASK, now_ms=100) == asks
    assert c1.step(Fire(Again()), now_ms=150)[0] == Send("s1", WhatTime(150))


def test_a_server_tells_what_its_clock_shows():
    s1 = TimeServer("s1")
    assert s1.step(Deliver("c1", WhatTime(100)), now_ms=7) == [
        Send("c1", TimeIs(100, 7))
    ]


def test_an_answer_that_comes_soon_enough_ends_the_reading():
    """§4, rapport: with half the round trip added, less than which nobody knows."""
    (_, end) = reader(drift_ppm=0).step(Deliver("s1", TimeIs(100, 7)), now_ms=104)
    assert end == End(ASK, "ok", Reading(9, 1))


def test_one_that_takes_too_long_is_thrown_away():
    """§4, too slow: its error would be more than 2 ms."""
    c1 = reader(drift_ppm=0, wanted_ms=2)
    slow = Note("took too long to tell enough", dropped=True)
    assert c1.step(Deliver("s1", TimeIs(100, 7)), now_ms=106.2) == [slow]
    (_, end) = reader(drift_ppm=0).step(Deliver("s1", TimeIs(100, 7)), now_ms=106)
    assert end.value == Reading(10, 2)


def test_what_answers_an_earlier_attempt_tells_nothing():
    """§4, attempt: nor does a second copy."""
    c1 = reader()
    c1.step(Fire(Again()), now_ms=150)
    late = Note("answers an earlier attempt", dropped=True)
    assert c1.step(Deliver("s1", TimeIs(100, 7)), now_ms=152) == [late]
    c1.step(Deliver("s1", TimeIs(150, 57)), now_ms=152)
    assert c1.step(Deliver("s1", TimeIs(150, 57)), now_ms=153) == [late]


def test_after_so_many_attempts_the_reading_fails():
    """§4, failure."""
    c1 = reader(attempts=2)
    c1.step(Fire(Again()), now_ms=150)
    assert c1.step(Fire(Again()), now_ms=200) == [End(ASK, "fail", "no rapport")]


times = st.floats(0, 50)


@given(there=times, back=times, least=times, way=st.sampled_from((-1, 1)))
def test_the_clock_is_within_the_error_whatever_way_is_the_slower(
    there, back, least, way
):
    """§3, estimate; §3, error: with drifts of a thousand in a million, either way."""
    rate = 1 + way * PPM / 1e6
    there, back = there + least, back + least
    found = reading(0, (there + back) * rate, least, PPM)
    for server_rate in (1 - PPM / 1e6, 1 + PPM / 1e6):
        off = abs(found.time_ms - back * server_rate)
        assert off <= found.error_ms + 1e-3 * (there + back) * 2 * PPM / 1e6


def test_where_one_way_takes_all_the_time_the_error_is_as_large_as_told():
    """§3, error: no better bound exists."""
    found = reading(server_ms=50, round_trip_ms=10, least_ms=1)
    assert found == Reading(55, 4)
    assert (found.time_ms - (50 + 1), found.time_ms - (50 + 9)) == (4, -4)


def test_an_answer_faster_than_any_message_is_refused():
    with pytest.raises(Misuse, match="give a smaller `least_ms`"):
        reading(0, round_trip_ms=1, least_ms=1)


def test_a_reading_without_an_attempt_is_refused():
    c1 = Reader("c1", servers=("s1",), attempts=0)
    with pytest.raises(Misuse, match="1 or more"):
        c1.step(ASK, now_ms=100)


# ----------------------------------------------------------------------------- by seeds
DELAYS = (Uniform(1, 5), Mixture(((0.7, Uniform(1, 3)), (0.3, Uniform(1, 60)))))


def drawn(seed: int) -> Schedule:
    """All that is admitted; clocks are off from the beginning, and drift throughout."""
    drawing = Drawing(seed, ["s1"], ["c1"])
    others = drawing.schedule(TimeServer.assumes)
    dice = random.Random(f"clocks {seed}")
    clocks = [
        clock
        for node in ("s1", "c1")
        for clock in (
            ClockSkew(node, dice.randint(-500, 500)),
            ClockDrift(node, dice.randint(-PPM, PPM)),
        )
    ]
    return (*clocks, *(f for f in others if not isinstance(f, ClockFault)))


def run(
    kind: type = Reader,
    seed: int = 0,
    schedule: Schedule | None = None,
    server: type = TimeServer,
) -> Cluster:
    """Some readings, over quick links or over links that are slow now and then."""
    cluster = Cluster(
        server,
        servers=(server, 1),
        clients=(kind, 1),
        seed=seed,
        network=Network(DELAYS[seed % 2]),
        faults=drawn(seed) if schedule is None else schedule,
        workload={"c1": ClosedLoop((ASK,) * 30, think_ms=Uniform(0, 60))},
        drift_ppm=PPM,
    )
    return cluster.run(until_ms=OVER_MS + 60_000)


def server_shows_ms(cluster: Cluster, at_ms: float) -> float:
    """The server's clock, which nobody touches after the beginning."""
    told = [f for f in cluster.schedule if getattr(f, "node", "") == "s1"]
    ppm = sum(f.ppm for f in told if isinstance(f, ClockDrift))
    skew_ms = sum(f.offset_ms for f in told if isinstance(f, ClockSkew))
    return at_ms * (1 + ppm / 1e6) + skew_ms


def readings_are_within_their_error(cluster: Cluster) -> str | None:
    """§3: at the end of each reading."""
    for op in cluster.history.where(outcome="ok"):
        off_ms = abs(op.result.time_ms - server_shows_ms(cluster, op.ended_ms))
        if off_ms > op.result.error_ms + 0.002:  # both clocks show whole microseconds
            return f"{op} is off by {off_ms:g} ms"
    return None


def errors_are_as_small_as_wanted(cluster: Cluster) -> str | None:
    """§4: a reading that is too bad is none."""
    for op in cluster.history.where(outcome="ok"):
        if op.result.error_ms > 2:
            return f"{op}, and 2 ms were wanted"
    return None


def every_reading_ends(cluster: Cluster) -> str | None:
    """§4: after so many attempts."""
    unended = [op for op in cluster.history if op.ended_us is None]
    return f"{unended[0]}" if unended or len(cluster.history) < 30 else None


PROMISES = (
    readings_are_within_their_error,
    errors_are_as_small_as_wanted,
    every_reading_ends,
)


@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed):
    assert broken(run(seed=seed), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(10))
def test_what_is_promised_is_kept_for_a_thousand_seeds(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(seed=seed), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    runs = [run(seed=seed) for seed in range(40)]
    ignored = {s.why for cluster in runs for s in cluster.trace.where("ignore")}
    assert {"answers an earlier attempt", "took too long to tell enough"} <= ignored
    ends = {
        op.result for cluster in runs for op in cluster.history.where(outcome="fail")
    }
    assert ends == {"no rapport"}


def test_how_many_attempts_it_takes_is_what_chance_says():
    """§4: 1 / (1 - p) on average, where an attempt is too slow with probability p.

    A round trip of two exponential delays is quick enough with 1 - (1 + x) exp(-x).
    """
    cluster = Cluster(
        TimeServer,
        servers=1,
        clients=1,
        network=Network(Exponential(2)),
        workload={"c1": (ASK,) * 2000},
        least_ms=0,
        drift_ppm=0,
        attempts=1000,
        wait_ms=200,
    ).run(until_ms=1e7)
    assert len(cluster.history.where(outcome="ok")) == 2000
    attempts = len(cluster.trace.where("send", test=lambda s: s.node == "c1"))
    p_quick = 1 - (1 + 2) * 2.718281828**-2
    assert abs(attempts / 2000 - 1 / p_quick) < 3 * (1 - p_quick) ** 0.5 / p_quick / 44


# ------------------------------------------------------------------------------ mutants
class TakesAnyAnswer(Reader):
    """§4, attempt: does not look which request it answers."""

    def on_time_is(self, src, msg):
        if self.asked_ms is not None:
            super().on_time_is(src, TimeIs(self.asked_ms, msg.server_ms))


class IsContentWithAnything(Reader):
    """§4, too slow."""

    def on_time_is(self, src, msg):
        if msg.asked_ms == self.asked_ms:
            self.cancel_timer(Again())
            passed_ms, self.asked_ms = self.now_ms - msg.asked_ms, None
            self.ok(reading(msg.server_ms, passed_ms, self.least_ms, self.drift_ppm))


class AsksOnce(Reader):
    """§4, attempt: waits for ever."""

    def try_once(self):
        if self.left == self.attempts:
            super().try_once()


class NeverGivesUp(Reader):
    """§4, failure: found by the step alone, since some attempt succeeds in the end."""

    def on_again(self, timer):
        self.try_once()


KILLED = [
    (TakesAnyAnswer, readings_are_within_their_error),
    (IsContentWithAnything, errors_are_as_small_as_wanted),
    (AsksOnce, every_reading_ends),
]


@pytest.mark.parametrize(("mutant", "promise"), KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, promise):
    assert first_harm(promise, lambda seed: run(mutant, seed)) < 10


def test_who_never_gives_up_is_found(monkeypatch):
    monkeypatch.setitem(globals(), "Reader", NeverGivesUp)
    with pytest.raises(AssertionError):
        test_after_so_many_attempts_the_reading_fails()


def takes_it_as_it_comes(server_ms, round_trip_ms, least_ms=0, drift_ppm=0):
    """§3, estimate: forgets that the answer was on its way."""
    right = reading(server_ms, round_trip_ms, least_ms, drift_ppm)
    return Reading(server_ms, right.error_ms)


def takes_all_clocks_for_exact(server_ms, round_trip_ms, least_ms=0, drift_ppm=0):
    """§3, error: forgets the drift."""
    least_ms = min(least_ms, round_trip_ms / 2)
    return reading(server_ms, round_trip_ms, least_ms)


def takes_both_ways_for_equal(server_ms, round_trip_ms, least_ms=0, drift_ppm=0):
    """§3, error: a round trip says nothing of its halves."""
    right = reading(server_ms, round_trip_ms, least_ms, drift_ppm)
    return Reading(right.time_ms, right.error_ms / 2)


FORMULAS = (takes_it_as_it_comes, takes_both_ways_for_equal, takes_all_clocks_for_exact)


@pytest.mark.parametrize("mutant", FORMULAS)
def test_another_formula_breaks_the_bound(mutant, monkeypatch):
    right = [run(seed=seed) for seed in range(3)]
    assert not any(map(readings_are_within_their_error, right))
    monkeypatch.setattr(cristian, "reading", mutant)
    slow = APART if mutant is takes_all_clocks_for_exact else ()
    first_harm(
        readings_are_within_their_error,
        lambda seed: run(seed=seed, schedule=slow or None),
    )


# All the time on the way back, and clocks as far apart in rate as they may be
APART = (
    ClockDrift("s1", PPM),
    ClockDrift("c1", -PPM),
    faults.Delay(1.9, src="s1"),
)


# -------------------------------------------------------------------------- assumptions
class Liar(TimeServer):
    def on_what_time(self, src, msg):
        self.send(src, TimeIs(msg.asked_ms, self.now_ms + 10))


EXCLUDED: dict[type[Fault], Schedule] = {
    ClockJump: tuple(ClockJump("c1", by_ms=-3, at_ms=2 + 9 * i) for i in range(40)),
    Byzantine: (Byzantine("s1", Liar),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_what_is_not_admitted_breaks_the_bound_at_some_seed(kind):
    assert kind not in TimeServer.assumes.kinds()
    schedule = EXCLUDED[kind]
    first_harm(
        readings_are_within_their_error,
        lambda seed: run(seed=2 * seed, schedule=schedule),
    )


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(TimeServer.assumes.kinds()) | EXCLUDED.keys()
