"""Heartbeats: the tasks, what timeouts promise, mutants, and life without synchrony."""

from functools import partial

import heartbeat_mutants as mutants
import pytest
from detectors import (
    SLOW,
    accurate_in_the_end,
    run,
    strongly_accurate,
    strongly_complete,
    suspicions,
)
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu

from distlab import events, faults
from distlab.check.explore import Budget, explore
from distlab.check.explored import Explored
from distlab.faults import (
    Byzantine,
    Crash,
    Cut,
    Delay,
    Fault,
    Isolate,
    Loss,
    Pause,
    Schedule,
    Split,
)
from distlab.membership.heartbeat import (
    Beat,
    HeartbeatDetector,
    IsAlive,
    Overdue,
    Restore,
    Suspect,
)
from distlab.membership.increasing_timeout import IncreasingTimeout
from distlab.node import Deliver, DiskReport, Fire, Output, Send, SetTimer, Start
from distlab.sim import Cluster, Network, Uniform

THREE = ("s1", "s2", "s3")
WAITS = [SetTimer(Overdue(id), (150, 150)) for id in ("s2", "s3")]
SAYS = [
    Send("s2", IsAlive()),
    Send("s3", IsAlive()),
    SetTimer(Beat(), (50, 50)),
]


def node(*events, kind=HeartbeatDetector) -> HeartbeatDetector:
    """The first of three nodes, after it has started and these events."""
    made = kind("s1", THREE)
    for event in (Start(), *events):
        made.step(event)
    return made


# ---------------------------------------------------------------------------- the tasks
def test_each_tells_all_others_again_and_again_that_it_is_alive():
    """Task 1."""
    assert HeartbeatDetector("s1", THREE).step(Start()) == [*WAITS, *SAYS]
    assert node().step(Fire(Beat())) == SAYS


def test_who_is_not_heard_of_in_time_is_suspected():
    """Task 2."""
    s1 = node()
    assert s1.step(Fire(Overdue("s3"))) == [Output(Suspect("s3"))]
    assert s1.suspected == ("s3",)


def test_who_is_heard_of_is_waited_for_anew():
    """Task 3: from now on, as long as before."""
    assert node().step(Deliver("s2", IsAlive())) == [WAITS[0]]


def test_who_is_suspected_and_heard_of_is_suspected_no_longer():
    """Task 3, 1."""
    s1 = node(Fire(Overdue("s3")), Fire(Overdue("s2")))
    assert s1.step(Deliver("s3", IsAlive())) == [Output(Restore("s3")), WAITS[1]]
    assert s1.suspected == ("s2",)


def test_who_was_suspected_too_soon_has_more_time_from_then_on():
    """Task 3, 2; Increasing: it alone, and a step more with each error."""
    s1 = node(Fire(Overdue("s3")), kind=IncreasingTimeout)
    for longer_ms in (200, 250, 300):
        more = SetTimer(Overdue("s3"), (longer_ms, longer_ms))
        assert s1.step(Deliver("s3", IsAlive()))[-1] == more
        assert s1.step(Deliver("s3", IsAlive())) == [more]
        s1.step(Fire(Overdue("s3")))
    assert s1.step(Deliver("s2", IsAlive())) == [WAITS[0]]


def test_who_is_back_from_a_crash_begins_anew():
    s1 = node(Fire(Overdue("s3")))
    s1.step(events.Crash(s1.saved()))
    assert s1.step(events.Recover(DiskReport())) == [*WAITS, *SAYS]
    assert s1.suspected == ()


# ----------------------------------------------------------------------------- the runs
WORKLOADS = {
    "symmetric": {},
    "lopsided": {"per_node": {"s1": {"period_ms": 10}, "s2": {"timeout_ms": 400}}},
}
HASTY = {"timeout_ms": 55, "step_ms": 120, "network": Network(Uniform(1, 120))}
LEARNING = {
    "symmetric": HASTY,
    "lopsided": {**HASTY, "per_node": {"s1": {"period_ms": 20}}},
}
FIXED = (strongly_complete, strongly_accurate)
LEARNT = (strongly_complete, accurate_in_the_end)


def run_fixed(kind: type, seed: int, work: str = "symmetric", schedule=None) -> Cluster:
    return run(kind, seed, schedule, slow=SLOW, **WORKLOADS[work])


def run_learning(
    kind: type, seed: int, work: str = "symmetric", schedule=None
) -> Cluster:
    return run(kind, seed, schedule, slow={}, **LEARNING[work])


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(15))
def test_a_timeout_above_every_gap_is_a_perfect_detector(seed, work):
    """Task 2: strong completeness, strong accuracy, under every fault admitted."""
    assert broken(run_fixed(HeartbeatDetector, seed, work), *FIXED) == {}


@pytest.mark.parametrize("work", LEARNING)
@pytest.mark.parametrize("seed", range(15))
def test_a_timeout_that_grows_is_perfect_in_the_end(seed, work):
    """Task 3, 2: though it is shorter than a message takes, and much is lost."""
    assert broken(run_learning(IncreasingTimeout, seed, work), *LEARNT) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(5))
def test_both_keep_their_promises_for_five_hundred_seeds(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        for work in WORKLOADS:
            assert broken(run_fixed(HeartbeatDetector, seed, work), *FIXED) == {}, seed
            learnt = run_learning(IncreasingTimeout, seed, work)
            assert broken(learnt, *LEARNT) == {}, seed


def test_these_runs_have_every_fault_that_is_admitted():
    for kind, how in (
        (HeartbeatDetector, run_fixed),
        (IncreasingTimeout, run_learning),
    ):
        kinds = {type(f) for seed in range(15) for f in how(kind, seed).schedule}
        assert kinds == set(kind.assumes.kinds()) - {faults.Resume}


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.SaysItOnce, "symmetric", 0, strongly_accurate),
    (mutants.TellsOneOther, "symmetric", 1, strongly_accurate),
    (mutants.SuspectsNobody, "symmetric", 0, strongly_complete),
    (mutants.ForgetsWhomItSuspects, "symmetric", 0, strongly_complete),
    (mutants.WatchesNobodyAfterACrash, "symmetric", 0, strongly_complete),
    (mutants.RestoresAll, "symmetric", 0, strongly_complete),
    (mutants.WaitsFromTheBeginning, "symmetric", 0, strongly_accurate),
    (mutants.RestoresAndWaitsNoMore, "symmetric", 0, strongly_complete),
]
KILLED_IN_THE_END = [
    (mutants.NeverLearns, "symmetric", 0, accurate_in_the_end),
    (mutants.LearnsAboutTheOthers, "symmetric", 0, accurate_in_the_end),
    (mutants.LosesPatience, "symmetric", 0, accurate_in_the_end),
]
KILLED_BY_A_STEP = {
    mutants.NeverRestores: test_who_is_suspected_and_heard_of_is_suspected_no_longer
}


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    how = partial(run_fixed, work=shape)
    kill(mutant, seed, promise, (promise,), how, HeartbeatDetector)


@each_mutant(KILLED_IN_THE_END)
def test_what_forgets_to_learn_never_gets_it_right(mutant, shape, seed, promise):
    how = partial(run_learning, work=shape)
    kill(mutant, seed, promise, (promise,), how, IncreasingTimeout)


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setattr(node, "__kwdefaults__", {"kind": mutant})
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_every_mutant_has_what_kills_it():
    killed = {mutant for mutant, *_ in (*KILLED, *KILLED_IN_THE_END)}
    assert mutants_in(mutants) == killed | KILLED_BY_A_STEP.keys()


# --------------------------------------------------- fast and wrong, slow and right
def noticed_ms(timeout_ms: float, crash_ms: float, **how) -> float:
    """After how long s1 suspects s2, which crashes then; messages take 1 to 5 ms."""
    cluster = Cluster(
        HeartbeatDetector,
        servers=2,
        timeout_ms=timeout_ms,
        faults=(Crash("s2", crash_ms),),
        **how,
    )
    cluster.run(until_ms=crash_ms + 2 * timeout_ms)
    return [at_ms for at_ms, who, _ in suspicions(cluster) if who == "s1"][
        -1
    ] - crash_ms


@pytest.mark.parametrize("timeout_ms", [60, 100, 300])
def test_a_crash_is_noticed_after_the_timeout_and_a_delay_or_a_period_sooner(
    timeout_ms,
):
    """Task 2: the last heartbeat left before the crash, at most a period before."""
    waits = [noticed_ms(timeout_ms, 501 + moment, seed=moment) for moment in range(50)]
    assert timeout_ms - 50 + 1 <= min(waits) < timeout_ms - 40
    assert timeout_ms - 10 < max(waits) <= timeout_ms + 5


def errors(timeout_ms: float) -> int:
    """How often somebody is suspected in an hour's worth of heartbeats, and lives."""
    network = Network(Uniform(1, 100))
    cluster = Cluster(
        HeartbeatDetector, servers=2, timeout_ms=timeout_ms, network=network
    )
    return len(suspicions(cluster.run(until_ms=60_000)))


def test_it_is_wrong_the_less_the_longer_it_waits_and_never_above_the_longest_gap():
    """Task 2: a gap is a period and the difference of two delays, 149 ms at most."""
    found = [errors(timeout_ms) for timeout_ms in (60, 80, 100, 120, 140, 149)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 500 > found[-2] > found[-1] == 0


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_period_costs_a_message_for_each_pair(n):
    """Task 1: n(n - 1), and n of them for each node to hear or to say."""
    trace = Cluster(HeartbeatDetector, servers=n).run(until_ms=999).trace
    assert len(trace.where("send")) == 20 * n * (n - 1)


# ------------------------------------------------------------ what is taken for granted
class Mute(HeartbeatDetector):
    """Is up, hears all, and says nothing."""

    def on_beat(self, timer):
        pass


class LearnsAndIsMute(IncreasingTimeout):
    """The same."""

    def on_beat(self, timer):
        pass


EXCLUDED: dict[type[Fault], Schedule] = {
    Loss: (Loss(0.7),),
    Cut: (Cut("s2", "s1", 1000),),
    Split: (Split((("s1",), ("s2",)), 1000),),
    Isolate: (Isolate("s2", 1000),),
    Byzantine: (Byzantine("s2", Mute, 1000),),
}
FOR_EVER = {**EXCLUDED, Byzantine: (Byzantine("s2", LearnsAndIsMute, 1000),)}
MAY_END = {Loss, Cut, Split, Isolate}  # what ends is admitted where one learns


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_makes_a_timeout_wrong(kind):
    assert kind not in HeartbeatDetector.assumes.kinds()
    schedule = EXCLUDED[kind]
    harm = partial(run_fixed, HeartbeatDetector, schedule=schedule)
    first_harm(strongly_accurate, harm)


@pytest.mark.parametrize("kind", FOR_EVER, ids=lambda kind: kind.__name__)
def test_what_never_ends_leaves_nobody_right_in_the_end(kind):
    admitted = IncreasingTimeout.assumes.kinds()
    assert (kind in MAY_END) == (kind in admitted)
    schedule = FOR_EVER[kind]
    harm = partial(run_learning, IncreasingTimeout, schedule=schedule)
    first_harm(accurate_in_the_end, harm)


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(HeartbeatDetector.assumes.kinds()) | EXCLUDED.keys()
    assert menu() == set(IncreasingTimeout.assumes.kinds()) | EXCLUDED.keys()


LATE: dict[str, Schedule] = {
    "a pause": (Pause("s2", 1000, 1200),),
    "slow messages": (Delay(200, 1000, 1200, src="s2"),),
}


@pytest.mark.parametrize("late", LATE)
def test_without_synchrony_who_lives_is_suspected(late):
    """Task 2; Task 3, 1: and taken back, as soon as it is heard of."""
    cluster = run_fixed(HeartbeatDetector, 0, schedule=LATE[late])
    assert strongly_accurate(cluster)
    assert accurate_in_the_end(cluster) is None


def test_delays_that_grow_faster_than_patience_make_it_err_for_ever():
    """Task 3, 2: eventual accuracy needs a bound, even one that nobody knows."""
    waits = {"timeout_ms": 60, "step_ms": 10}
    late = tuple(Delay(60 * i, 1000 * i, src="s2") for i in range(1, 60))
    cluster = Cluster(IncreasingTimeout, servers=2, faults=late, **waits)
    errors = [
        at for at, who, _ in suspicions(cluster.run(until_ms=60_000)) if who == "s1"
    ]
    assert all(
        any(m <= at < m + 10_000 for at in errors) for m in range(0, 60_000, 10_000)
    )


# ----------------------------------------------------------------------- every schedule
def always_whoever_is_trusted_is_waited_for(world) -> str | None:
    """Completeness, one step at a time: nobody is neither suspected nor waited for."""
    for id, one in world.nodes.items():
        timers = world.timers[id]  # none of one that is down, or has not started
        waited = [timer.node for timer in timers if isinstance(timer, Overdue)]
        if timers and sorted((*one.suspected, *waited)) != sorted(one.peers):
            return f"{id} suspects {one.suspected} and waits for {waited}"
    return None


def always_only_who_is_down_is_suspected(world) -> str | None:
    up = world.nodes.keys() - set(world.down)
    for id in sorted(up):
        if wrong := sorted(up.intersection(world.nodes[id].suspected)):
            return f"{id} suspects {wrong}"
    return None


def sometimes_who_lives_is_suspected(world) -> bool:
    return bool(always_only_who_is_down_is_suspected(world))


def explored(kind: type, servers: int, timers: int, crashes: int = 0) -> Explored:
    """All orders, losses, and so many timers that run out, whenever they like."""
    return explore(
        kind,
        servers=servers,
        budget=Budget(timers=timers, crashes=crashes, recoveries=crashes),
        properties=(
            always_whoever_is_trusted_is_waited_for,
            sometimes_who_lives_is_suspected,
        ),
    )


@pytest.mark.parametrize(
    ("kind", "servers", "timers", "crashes", "states"),
    [
        (HeartbeatDetector, 2, 4, 0, 308),
        (IncreasingTimeout, 2, 4, 0, 483),
        (HeartbeatDetector, 2, 3, 1, 638),
        (HeartbeatDetector, 3, 2, 0, 12_837),
    ],
)
def test_in_every_order_whoever_is_not_suspected_is_waited_for(
    kind, servers, timers, crashes, states
):
    verdict = explored(kind, servers, timers, crashes)
    assert (verdict.valid, verdict.states) == (True, states)


def test_without_time_one_timeout_is_enough_to_be_wrong():
    """The shortest way: it starts, and a timer runs out."""
    verdict = explore(
        IncreasingTimeout,
        servers=2,
        properties=(always_only_who_is_down_is_suspected,),
    )
    assert verdict.invalid
    assert len(verdict.path) == 2
