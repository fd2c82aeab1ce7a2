"""φ: the number itself, the window, whom it suspects, and what its odds are worth."""

import random
from functools import partial
from itertools import pairwise
from math import erfc, inf, log, log10, pi, sqrt
from statistics import fmean, pstdev

import phi_accrual_mutants as mutants
import pytest
from detectors import accurate_in_the_end, run, strongly_complete, suspicions
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu

from distlab import events
from distlab.check.explore import Budget, explore
from distlab.errors import DistlabError, Misuse
from distlab.faults import (
    Byzantine,
    ClockJump,
    Crash,
    Cut,
    Fault,
    Isolate,
    Pause,
    Recover,
    Schedule,
    Split,
)
from distlab.membership.heartbeat import Beat, IsAlive, Overdue, Restore, Suspect
from distlab.membership.increasing_timeout import IncreasingTimeout
from distlab.membership.phi_accrual import FAR, Arrivals, Normal, PhiAccrualDetector
from distlab.node import (
    Call,
    Deliver,
    DiskReport,
    Fire,
    Output,
    Send,
    SetTimer,
    Start,
)
from distlab.sim import Cluster, Network, Uniform


# ---------------------------------------------------------------------- φ, by two twins
def phi_twin(z: float) -> float:
    """Laplace's continued fraction for the tail of a normal distribution."""
    fraction = 0.0
    for k in range(400, 0, -1):
        fraction = k / (z + fraction)
    return z * z / 2 / log(10) + log10(sqrt(2 * pi)) + log10(z + fraction)


def differing_phi(kind: type) -> float | None:
    """The first z at which φ is not what the twins say."""
    normal = kind(100.0, 20.0)
    for tenths in range(-60, 3000):
        z = tenths / 10
        found = normal.phi(100 + 20 * z)
        expected = phi_twin(z) if z > 3 else -log10(erfc(z / sqrt(2)) / 2)
        if not abs(found - expected) <= 1e-9 * max(1, expected):
            return z
    return None


def test_phi_is_the_logarithm_of_the_odds_that_a_gap_is_longer():
    """φ; P_later: as by `erfc` where it is near, by a continued fraction far away."""
    assert differing_phi(Normal) is None
    assert [round(Normal(0, 1).phi(z), 4) for z in (0, 1.28156, 2.32636, 3.09023)] == [
        0.301,
        1.0,
        2.0,
        3.0,
    ]


def test_phi_grows_with_silence_and_never_to_infinity():
    """φ: also where the machine has no number for the odds themselves."""
    assert erfc(40 / sqrt(2)) == 0
    levels = [Normal(100, 1).phi(100 + z / 100) for z in range(10_000)]
    assert all(a < b < inf for a, b in pairwise(levels))
    before, after = (Normal(0, 1).phi(FAR + side) for side in (-1e-9, 1e-9))
    assert after - before < 1e-6


@pytest.mark.parametrize("level", [0.5, 1, 2, 3, 8, 12, 100])
def test_a_level_is_reached_after_a_silence_that_is_known(level):
    """Threshold."""
    gaps = Normal(100, 20)
    assert gaps.phi(gaps.silence_ms(level)) == pytest.approx(level, rel=1e-6)


@pytest.mark.parametrize("level", [0, -1, 301, inf])
def test_a_level_that_means_nothing_is_refused(level):
    with pytest.raises(Misuse, match="choose a level above 0"):
        Normal(100, 20).silence_ms(level)


@pytest.mark.parametrize("wrong", [{"window": 0}, {"least_std_ms": 0}])
def test_to_know_of_no_gap_and_to_doubt_none_is_refused(wrong):
    with pytest.raises(Misuse, match="one gap or more"):
        PhiAccrualDetector("s1", ("s1", "s2"), **wrong).step(Start(), now_ms=0)


# --------------------------------------------------------------------------- the window
def differing_window(kind: type, most: int = 20) -> int | None:
    """The first gap after which mean or deviation is not that of the last gaps."""
    dice, heard, gaps = random.Random(3), kind(0), []
    for i in range(500):
        gap_us = dice.choice((50_000, 49_000, 51_234, 10**7 + dice.randint(0, 9)))
        gaps = [*gaps, gap_us / 1000][-most:]
        heard.add(gap_us, most)
        found, expected = (heard.mean_ms, heard.std_ms), (fmean(gaps), pstdev(gaps))
        if found != pytest.approx(expected, rel=1e-12, abs=1e-9):
            return i
    return None


def test_the_window_knows_mean_and_deviation_of_the_last_gaps():
    """Sampling; Estimation: exactly, after outages of ten seconds too."""
    assert differing_window(Arrivals) is None


OF_NUMBERS = {
    mutants.KeepsAllGaps: differing_window,
    mutants.NeverTakesOut: differing_window,
    mutants.MeanOfTwo: differing_window,
    mutants.ForgetsTheRoot: differing_window,
    mutants.LooksAtBothTails: differing_phi,
    mutants.TakesTheNaturalLogarithm: differing_phi,
}


@pytest.mark.parametrize("mutant", OF_NUMBERS, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_differs_from_the_twin(mutant):
    assert OF_NUMBERS[mutant](mutant) is not None


# ------------------------------------------------------------------------- its steps
def node(*, kind=PhiAccrualDetector, **settings) -> PhiAccrualDetector:
    """The first of two nodes, after it has started."""
    made = kind("s1", ("s1", "s2"), **settings)
    made.step(events.Start(), now_ms=0)
    return made


def hear(one: PhiAccrualDetector, *times_ms: float) -> list:
    """What comes of the last of some heartbeats."""
    for now_ms in times_ms:
        effects = one.step(Deliver("s2", IsAlive()), now_ms=now_ms)
    return effects


def waits(silent_ms: float) -> SetTimer:
    return SetTimer(Overdue("s2"), (silent_ms, silent_ms))


def test_each_tells_all_others_again_and_again_that_it_is_alive():
    """Sampling: there must be something to sample."""
    says = [Send("s2", IsAlive()), SetTimer(Beat(), (50, 50))]
    s1 = node()
    assert s1.step(Fire(Beat()), now_ms=50) == says


def test_it_waits_until_the_silence_reaches_its_threshold():
    """Threshold: and suspects then; whoever speaks is suspected no longer."""
    s1 = node(threshold=3)
    heard = Normal(fmean((37.5, 62.5, 40)), pstdev((37.5, 62.5, 40)))
    [timer] = hear(s1, 40)
    assert timer.after_ms[0] == pytest.approx(heard.silence_ms(3), rel=1e-9)
    assert s1.step(Fire(Overdue("s2")), now_ms=200) == [Output(Suspect("s2"))]
    assert s1.suspected == ("s2",)
    assert hear(s1, 201)[0] == Output(Restore("s2"))
    assert s1.suspected == ()


def test_the_level_itself_can_be_asked_for():
    """φ: of the silence until now, in thousandths."""
    s1 = node()
    hear(s1, 50, 100, 150)
    heard = Normal(50, pstdev((37.5, 62.5, 50, 50, 50)))
    for now_ms in (160, 200, 230, 400):
        [end] = s1.step(Call("suspicion", ("s2",)), now_ms=now_ms)
        assert end.value == round(heard.phi(now_ms - 150), 3)


def test_nobody_watches_itself():
    with pytest.raises(Misuse, match=r"'s1' watches \('s2',\), and not 's1'"):
        node().step(Call("suspicion", ("s1",)), now_ms=10)


def test_the_deviation_is_never_less_than_is_set():
    """Estimation: gaps that were all the same do not make a microsecond a crash."""
    s1 = node(window=5, least_std_ms=5)
    [timer] = hear(s1, *range(50, 1001, 50))
    assert timer == waits(Normal(50, 5).silence_ms(8))


def test_who_is_back_from_a_crash_begins_with_a_guess():
    s1 = node()
    hear(s1, 300, 900)
    s1.step(events.Crash(s1.saved()))
    [timer, *_] = s1.step(events.Recover(DiskReport()), now_ms=1000)
    assert timer == waits(Normal(50, 12.5).silence_ms(8))


# ----------------------------------------------------------------------------- the runs
JITTER = {"network": Network(Uniform(1, 60))}
WORKLOADS = {
    "symmetric": JITTER,
    "lopsided": {**JITTER, "window": 20, "per_node": {"s1": {"period_ms": 120}}},
}
PROMISES = (strongly_complete, accurate_in_the_end)


def run_phi(kind: type, seed: int, work: str = "symmetric", schedule=None) -> Cluster:
    return run(kind, seed, schedule, slow={}, **WORKLOADS[work])


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(15))
def test_whoever_suspects_at_a_threshold_is_complete_and_in_the_end_accurate(
    seed, work
):
    """Threshold: where nothing is rarer than the window is long."""
    assert broken(run_phi(PhiAccrualDetector, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(3))
def test_it_keeps_its_promises_for_three_hundred_seeds(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        for work in WORKLOADS:
            kept = broken(run_phi(PhiAccrualDetector, seed, work), *PROMISES) == {}
            assert kept, (seed, work)


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (mutants.KnowsNoDeviation, "symmetric", 0, accurate_in_the_end),
    (mutants.SuspectsWhoIsLate, "symmetric", 0, accurate_in_the_end),
    (mutants.SuspectsNobody, "symmetric", 0, strongly_complete),
    (mutants.NeverRestores, "symmetric", 0, accurate_in_the_end),
]
KILLED_BY_A_STEP = {
    mutants.CountsFromTheFirst: test_the_level_itself_can_be_asked_for,
    mutants.ForgetsTheSilence: test_the_level_itself_can_be_asked_for,
    mutants.HasNoLeastDeviation: test_the_deviation_is_never_less_than_is_set,
}


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    how = partial(run_phi, work=shape)
    kill(mutant, seed, promise, (promise,), how, PhiAccrualDetector)


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(node.__kwdefaults__, "kind", mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_every_mutant_has_what_kills_it():
    killed = {mutant for mutant, *_ in KILLED}
    assert mutants_in(mutants) == killed | KILLED_BY_A_STEP.keys() | OF_NUMBERS.keys()


# ------------------------------------------------------------ what is taken for granted
class Mute(PhiAccrualDetector):
    """Is up, hears all, and says nothing."""

    def on_beat(self, timer):
        pass


FOR_EVER: dict[type[Fault], Schedule] = {
    Cut: (Cut("s2", "s1", 1000),),
    Split: (Split((("s1",), ("s2",)), 1000),),
    Isolate: (Isolate("s2", 1000),),
    Byzantine: (Byzantine("s2", Mute, 1000),),
}
MAY_END = {Cut, Split, Isolate}


@pytest.mark.parametrize("kind", FOR_EVER, ids=lambda kind: kind.__name__)
def test_what_never_ends_leaves_nobody_right_in_the_end(kind):
    admitted = PhiAccrualDetector.assumes.kinds()
    assert (kind in MAY_END) == (kind in admitted)
    harm = partial(run_phi, PhiAccrualDetector, schedule=FOR_EVER[kind])
    first_harm(accurate_in_the_end, harm)


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(PhiAccrualDetector.assumes.kinds()) | {Byzantine}


def test_one_that_reads_a_clock_is_not_explored():
    """Its estimates are as many as there are times."""
    with pytest.raises(DistlabError, match="clock"):
        explore(PhiAccrualDetector, servers=2, budget=Budget(timers=1))


# ------------------------------------------------------------------------- the pitfalls
def watch(*schedule: Fault, asked: float = 0) -> tuple[float, Cluster]:
    """After how long s1 suspects s2, which crashes at 20 s; φ, when it is asked."""
    cluster = Cluster(PhiAccrualDetector, servers=2, faults=(*schedule, CRASH))
    if asked:
        cluster.at(asked).call("s1", "suspicion", "s2")
    cluster.run(until_ms=90_000)
    said = [at_ms for at_ms, who, _ in suspicions(cluster) if who == "s1"]
    return said[-1] - CRASH.at_ms, cluster


CRASH = Crash("s2", 20_000)


def errors_at_pauses(protocol: type, every_ms: int, **settings) -> list[int]:
    """Which of thirty pauses of s2, short ones of 150 ms, make s1 suspect it."""
    starts = [every_ms * i for i in range(1, 31)]
    pauses = tuple(Pause("s2", at, at + 150) for at in starts)
    cluster = Cluster(protocol, servers=2, faults=pauses, **settings)
    said = suspicions(cluster.run(until_ms=every_ms * 31))
    return [int(at // every_ms) for at, who, _ in said if who == "s1"]


def test_what_is_seldom_surprises_it_each_time_and_what_is_not_never():
    """Threshold: Cantelli's inequality draws the line at one gap in 1 + z², here 32."""
    z = Normal(0, 1).silence_ms(8)
    gaps = [every_ms / 50 - 3 for every_ms in (1000, 3000)]  # from pause to pause
    assert gaps[0] < 1 + z**2 < gaps[1]
    often, seldom = (errors_at_pauses(PhiAccrualDetector, ms) for ms in (1000, 3000))
    assert often == [1, 2]  # until it has seen a few
    assert seldom == list(range(1, 31))


def test_a_timeout_that_grows_is_surprised_once():
    """Threshold: by the same pauses, which have a bound."""
    assert errors_at_pauses(IncreasingTimeout, 3000, step_ms=100) == [1]


def test_an_outage_makes_it_slow_for_as_long_as_the_window_remembers():
    """Sampling: one gap of ten seconds among four hundred, with a window of more."""
    usual, _ = watch()
    after, _ = watch(Crash("s2", 5000), Recover("s2", 15_000))
    assert usual < 120
    assert after > 20 * usual


def test_a_clock_that_is_set_forward_makes_a_living_node_seem_dead_to_who_asks():
    """φ: so read a clock that nobody sets. What it outputs, timers have decided."""
    _, cluster = watch(ClockJump("s1", 1000, 10_000), asked=10_001)
    [asked] = cluster.history
    assert asked.result > 100
    assert min(at for at, who, _ in suspicions(cluster) if who == "s1") > CRASH.at_ms
    usual, set_forward = watch()[0], watch(ClockJump("s1", 1000, 10_000))[0]
    assert set_forward > 3 * usual
