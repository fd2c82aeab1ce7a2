"""NTP: samples, selection, a disciplined clock; mutants, and what breaks it."""

import random
from itertools import pairwise
from math import nan
from typing import NamedTuple

import ntp_mutants as mutants
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed import broken, first_harm, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab.clocks.marzullo import Interval, tolerating
from distlab.clocks.ntp import (
    STAGES,
    Poll,
    Request,
    Response,
    Sample,
    Selection,
    TimeClient,
    TimeServer,
    best,
    meet,
    sample,
    survivors,
)
from distlab.faults import (
    Byzantine,
    ClockDrift,
    ClockFault,
    ClockJump,
    ClockSkew,
    Cut,
    Delay,
    Schedule,
)
from distlab.node import Call, Deliver, Fire, Note, Send, SetTimer, Start
from distlab.sim import Cluster, Exponential, Mixture, Network, Uniform

SERVERS = ("s1", "s2", "s3")
PPM = 1000  # of drift, that every client of these runs is told
ERROR_MS = 5  # by which a right server may be off


# ----------------------------------------------------------------------------- formulas
def test_offset_and_delay_follow_from_the_four_stamps():
    """§8, offset; §8, delay: 4 ms there, 2 back, 10 at the server, 50 ahead."""
    assert sample(100, 154, 164, 116) == Sample(51, 6, 0, 116)


stamps = st.floats(0, 100)


@given(there=stamps, inside=stamps, back=stamps, ahead=st.floats(-500, 500))
def test_the_true_offset_is_no_further_away_than_half_the_delay(
    there, inside, back, ahead
):
    """§10, error: however unequal the two ways are."""
    t1, t2, t3, t4 = 0, there, there + inside, there + inside + back
    taken = sample(t1, t2 + ahead, t3 + ahead, t4)
    assert abs(taken.offset_ms - ahead) <= taken.delay_ms / 2 + 1e-9
    assert ahead in taken.interval(t4, drift_ppm=0).wider(1e-9)


def test_a_sample_says_less_the_older_it_is():
    """§10, drift: 200 in a million make 2 ms in 10 s; §10, error: and the server's."""
    taken = Sample(offset_ms=50, delay_ms=0, error_ms=1, at_ms=5000)
    assert taken.interval(5000, 200) == Interval(49, 51)
    assert taken.interval(15_000, 200) == Interval(47, 53)
    assert taken.interval(0, 200) == Interval(49, 51)  # the clock was set back


def test_of_the_samples_of_a_server_the_one_with_the_least_delay_counts():
    """§10, clock filter."""
    samples = tuple(Sample(offset, delay, 0, 0) for offset, delay in ((1, 4), (2, 3)))
    assert best(samples) == best(samples[::-1]) == samples[1]
    equal = (Sample(1, 3, 0, 0), Sample(2, 3, 0, 9))
    assert best(equal) == equal[1]


def test_the_fewest_falsetickers_are_assumed_that_will_do():
    """§11.2.1, fewer than half: one of three, but not two of four."""
    said = {"a": Interval(0, 4), "b": Interval(1, 5), "c": Interval(10, 12)}
    assert survivors(said) == Selection(Interval(1, 4), ("a", "b"))
    assert survivors({**said, "d": Interval(10, 12)}) is None


def test_the_middles_have_to_be_inside_too():
    """§11.2.1, midpoints: what all have in common would be 9 to 10, and a is at 5."""
    said = {"a": Interval(0, 10), "b": Interval(7, 13), "c": Interval(9, 11)}
    assert survivors(said) == Selection(Interval(7, 11), ("a", "b", "c"))
    apart = {"a": Interval(0, 10), "b": Interval(9, 29), "c": Interval(8, 12)}
    assert survivors(apart) is None


# ---------------------------------------------------------------------------- the steps
def client(**settings) -> TimeClient:
    """One that has asked when its clock showed 1000 ms."""
    c1 = TimeClient("c1", servers=SERVERS, **settings)
    c1.step(Start(), now_ms=1000)
    return c1


def told(c1: TimeClient, offset_ms: float, *servers: str, asked_ms: float = 1000):
    """These servers answer, each after 4 ms, as if its clock were so far ahead."""
    at_ms = asked_ms + 2 + offset_ms
    answer = Response(asked_ms, at_ms, at_ms, 0)
    return [c1.step(Deliver(s, answer), now_ms=asked_ms + 4) for s in servers]


def test_a_client_asks_all_servers_again_and_again():
    c1 = TimeClient("c1", servers=SERVERS)
    asked = [Send(s, Request(5)) for s in SERVERS]
    assert c1.step(Start(), now_ms=5) == [*asked, SetTimer(Poll(), (1000, 1000))]
    again = [Send(s, Request(9)) for s in SERVERS]
    assert c1.step(Fire(Poll()), now_ms=9) == [*again, SetTimer(Poll(), (1000, 1000))]


def test_a_server_stamps_what_it_hears_and_what_it_sends():
    s1 = TimeServer("s1", error_ms=3)
    answer = Send("c1", Response(5, 77, 77, 3))
    assert s1.step(Deliver("c1", Request(5)), now_ms=77) == [answer]


def test_a_stamp_that_was_not_asked_for_is_bogus():
    """§8, bogus: and so is a second copy."""
    c1 = client()
    bogus = [Note("answers no request under way", dropped=True)]
    assert told(c1, 0, "s1", asked_ms=900) == [bogus]
    told(c1, 0, "s1")
    assert told(c1, 0, "s1") == [bogus]


@pytest.mark.parametrize(("stamp_ms", "error_ms"), [(1052, -9), (1052, nan), (nan, 0)])
def test_who_allows_no_time_takes_none_from_the_others(stamp_ms, error_ms):
    """§11.2.1, intersection: it would count against those who are right."""
    c1 = client()
    told(c1, 50, "s1", "s2")
    lie = Deliver("s3", Response(1000, stamp_ms, stamp_ms, error_ms))
    ignored = Note("allows no time at all", dropped=True)
    assert c1.step(lie, now_ms=1004) == [ignored]
    assert "s3" not in c1.samples


def test_eight_samples_of_a_server_are_kept():
    """§10, clock filter."""
    c1 = client()
    for i in range(20):
        c1.step(Fire(Poll()), now_ms=2000 + i)
        told(c1, i, "s1", asked_ms=2000 + i)
    assert [one.offset_ms for one in c1.samples["s1"]] == list(range(12, 20))
    assert len(c1.samples["s1"]) == STAGES


def test_one_server_of_three_is_not_enough_and_two_are():
    """§11.2.1, intersection: the third may be the wrong one."""
    c1 = client()
    assert told(c1, 50, "s1", "s2") == [[Note("too few servers have answered")], []]
    assert round(c1.to_ms, 6) == 50


def test_where_no_two_of_three_meet_the_clock_is_left_alone():
    """§11.2.1, intersection."""
    c1 = client()
    told(c1, 0, "s1")
    told(c1, 100, "s2")
    assert told(c1, 200, "s3") == [[Note("no majority agrees")]]


class Probe(TimeClient):
    """A twin that outputs what its clock shows."""

    def on_poll(self, timer):
        self.output(self.shows_ms)

    @classmethod
    def of(cls, c1: TimeClient, now_ms: float) -> float:
        twin = cls("c1", servers=SERVERS)
        twin.load(c1.state())
        (shown,) = twin.step(Fire(Poll()), now_ms=now_ms)
        return shown.value


def test_a_small_offset_is_worked_off_little_by_little():
    """§12, slew: 500 in a million, so 50 ms take 100 s."""
    c1 = client()
    told(c1, 50, "s1", "s2", "s3")
    shown = [Probe.of(c1, 1004 + s * 1000) - 1004 - s * 1000 for s in (0, 10, 100, 200)]
    assert [round(ms, 3) for ms in shown] == [0, 5, 50, 50]


def test_a_correction_goes_on_from_where_it_is_and_no_further_than_it_should():
    """§12, slew: from 200 ms to 210, which takes 20 s."""
    c1 = client()
    told(c1, 200, "s1", "s2", "s3")
    c1.step(Fire(Poll()), now_ms=2000)
    told(c1, 210, "s1", "s2", "s3", asked_ms=2000)
    shown = [Probe.of(c1, 2004 + s * 1000) - 2004 - s * 1000 for s in (0, 10, 20, 300)]
    assert [round(ms, 3) for ms in shown] == [200, 205, 210, 210]


def test_a_large_offset_is_set_at_once():
    """§12, step: more than 128 ms."""
    c1 = client()
    told(c1, 200, "s1", "s2", "s3")
    assert round(Probe.of(c1, 1004), 3) == 1204


# ----------------------------------------------------------------------------- by seeds
SIZES = (3, 5)
DELAYS = (Uniform(1, 5), Mixture(((0.8, Uniform(1, 3)), (0.2, Exponential(40)))))


class LiesALot(TimeServer):
    """Is 300 ms ahead, and sure of it."""

    def on_request(self, src, msg):
        ahead_ms = self.now_ms + 300
        self.send(src, Response(msg.origin_ms, ahead_ms, ahead_ms, 0))


class LiesALittle(TimeServer):
    """Is 2 ms ahead, and sure of it: it overlaps with those who are right."""

    def on_request(self, src, msg):
        ahead_ms = self.now_ms + 2
        self.send(src, Response(msg.origin_ms, ahead_ms, ahead_ms, 0))


class LiesToEachOtherwise(TimeServer):
    """Says it is exact, and takes back at odd moments what it said at even ones."""

    def on_request(self, src, msg):
        ahead_ms = self.now_ms + 20 * (-1) ** int(msg.origin_ms)
        self.send(src, Response(msg.origin_ms, ahead_ms - 40, ahead_ms, 0))


LIARS = (LiesALot, LiesALittle, LiesToEachOtherwise)


def drawn(seed: int, n: int) -> Schedule:
    """All that is admitted: a minority lies, clocks are off when the run begins."""
    dice = random.Random(f"time {seed}")
    servers = [f"s{i + 1}" for i in range(n)]
    others = Drawing(seed, servers, ["c1"]).schedule(TimeServer.assumes)
    liars = dice.sample(servers, (n - 1) // 2)
    skews = [ClockSkew(s, dice.uniform(-ERROR_MS, ERROR_MS)) for s in servers]
    return (
        *skews,
        ClockSkew("c1", dice.choice((-500, -50, 50, 500))),
        ClockDrift("c1", dice.randint(-PPM, PPM)),
        ClockDrift("c1", dice.randint(-PPM, PPM), dice.randint(1, OVER_MS)),
        *(Byzantine(liar, dice.choice(LIARS), dice.choice((0, 700))) for liar in liars),
        *(f for f in others if not isinstance(f, ClockFault)),
    )


class Seen(NamedTuple):
    """What a client's clock showed at a moment of true time."""

    at_ms: float
    shows_ms: float
    error_ms: float


class Watched(Cluster):
    """A run in which somebody looks at the client's clock every now and then."""

    def watch(self, until_ms: float, every_ms: float) -> "Watched":
        self.seen: list[Seen] = []
        at_ms = 0.0
        while at_ms < until_ms:
            at_ms += every_ms
            self.run(until_ms=at_ms)
            c1 = self["c1"]
            self.seen.append(Seen(at_ms, c1.shows_ms, c1.error_ms))
        return self


def run(
    kind: type = TimeClient,
    seed: int = 0,
    schedule: Schedule | None = None,
    **settings,
) -> Watched:
    """A minute with a client, over quick links or links that are slow now and then."""
    n = SIZES[seed % 2]
    cluster = Watched(
        TimeServer,
        servers=n,
        clients=(kind, 1),
        seed=seed,
        network=Network(DELAYS[seed // 2 % 2]),
        faults=drawn(seed, n) if schedule is None else schedule,
        workload={"c1": (Call("read_clock"),) * 40},
        **{"poll_ms": 250, "drift_ppm": PPM, "error_ms": ERROR_MS, **settings},
    )
    return cluster.watch(until_ms=OVER_MS + 2500, every_ms=37)


def the_truth_is_within_the_error(cluster: Watched) -> str | None:
    """At every moment; clocks show whole microseconds."""
    for seen in cluster.seen:
        if abs(seen.shows_ms - seen.at_ms) > seen.error_ms + 0.002:
            return f"{seen}"
    return None


def readings_are_within_their_error(cluster: Watched) -> str | None:
    for op in cluster.history.where(outcome="ok"):
        if abs(op.result.time_ms - op.ended_ms) > op.result.error_ms + 0.002:
            return f"{op}"
    return None


def between_steps_it_never_goes_back(cluster: Watched) -> str | None:
    """Unless it has crashed, and begins anew."""
    told = cluster.trace.where("note", "crash", test=lambda step: step.node == "c1")
    may_ms = [step.at_ms for step in told if step.what in ("steps", None)]
    for before, after in pairwise(cluster.seen):
        steps = any(before.at_ms <= at_ms <= after.at_ms for at_ms in may_ms)
        if after.shows_ms < before.shows_ms and not steps:
            return f"{before}, then {after}"
    return None


def it_comes_near(cluster: Watched) -> str | None:
    """Once faults are over, an offset of half a second is not left to be worked off."""
    last = cluster.seen[-1]
    return None if abs(last.shows_ms - last.at_ms) < 200 else f"{last}"


PROMISES = (
    the_truth_is_within_the_error,
    readings_are_within_their_error,
    between_steps_it_never_goes_back,
    it_comes_near,
)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed):
    """§10, error; §10, drift; §11.2.1, intersection; §12, slew."""
    assert broken(run(seed=seed), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(5))
def test_what_is_promised_is_kept_for_five_hundred_seeds(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(seed=seed), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    notes = {
        step.what or step.why
        for seed in range(30)
        for step in run(seed=seed).trace.where("note", "ignore")
    }
    assert {"steps", "answers no request under way"} <= notes


def test_an_unequal_path_costs_accuracy_and_not_the_bound():
    """§10, error: half of what one way takes longer is what the clock is off."""
    slow = (Delay(40, src="s1"), Delay(40, src="s2"), Delay(40, src="s3"))
    cluster = run(schedule=slow, drift_ppm=0, error_ms=0)
    assert broken(cluster, *PROMISES) == {}
    assert -23 < cluster["c1"].to_ms < -19


def test_the_longer_nobody_answers_the_less_it_knows():
    """§10, drift: a thousand in a million make 1 ms in a second."""
    deaf = tuple(Cut(server, "c1", at_ms=1000) for server in SERVERS)
    cluster = run(schedule=deaf)
    early, late = (seen for seen in cluster.seen if seen.at_ms in (37 * 40, 37 * 80))
    assert round(late.error_ms - early.error_ms, 3) >= 37 * 40 / 1000
    assert broken(cluster, *PROMISES) == {}


def test_one_falseticker_of_three_is_outvoted_and_two_are_not():
    """§11.2.1, intersection: a majority has to be right."""
    one = (Byzantine("s1", LiesALot),)
    assert broken(run(schedule=one), *PROMISES) == {}
    two = (*one, Byzantine("s2", LiesALot))
    assert "the_truth_is_within_the_error" in broken(run(schedule=two), *PROMISES)


def test_a_server_that_lies_a_little_fools_the_selection_of_the_rfc():
    """§11.2.1, fewer than half: all agree, so all are believed, and one lies."""
    little = (Byzantine("s1", LiesALittle),)
    exact = {"error_ms": 0, "drift_ppm": 0}
    found = first_harm(
        the_truth_is_within_the_error,
        lambda seed: run(mutants.TakesAsFewAsWillDo, 2 * seed, little, **exact),
    )
    assert broken(run(seed=2 * found, schedule=little, **exact), *PROMISES) == {}


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (mutants.BelievesOneServer, the_truth_is_within_the_error),
    (mutants.TakesItsClockForExact, the_truth_is_within_the_error),
    (mutants.TakesHalvesForEqual, the_truth_is_within_the_error),
    (mutants.StepsAlways, between_steps_it_never_goes_back),
    (mutants.NeverSteps, it_comes_near),
]
KILLED_BY_A_STEP = {
    mutants.BelievesAnyStamp: test_a_stamp_that_was_not_asked_for_is_bogus,
}


@pytest.mark.parametrize(("mutant", "promise"), KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, promise):
    found = first_harm(promise, lambda seed: run(mutant, seed))
    assert broken(run(seed=found), *PROMISES) == {}


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "TimeClient", mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_who_believes_the_last_sample_is_right_and_knows_less():
    """§10, clock filter: what eight samples are kept for."""
    errors_ms = {TimeClient: 0.0, mutants.BelievesItsLastSample: 0.0}
    for kind in errors_ms:
        for seed in (2, 3, 6, 7):  # of slow links
            cluster = run(kind, seed, (), drift_ppm=10, error_ms=0)
            assert broken(cluster, *PROMISES) == {}
            errors_ms[kind] += sum(seen.error_ms for seen in cluster.seen[20:])
    filtered_ms, last_ms = errors_ms.values()
    print(filtered_ms, last_ms)
    assert 1.5 * filtered_ms < last_ms


def test_who_forgets_the_way_back_breaks_the_bound():
    """§8, delay."""
    wrong = mutants.ForgetsTheWayBack(5, 10, 0, 0)  # all of it on the way there
    assert 0 not in wrong.interval(0, 0)
    assert 0 in Sample(5, 10, 0, 0).interval(0, 0)


def believes_the_way_there(t1, t2, t3, t4, error_ms=0):
    """§8, offset."""
    return Sample(t2 - t1, t4 - t1 - (t3 - t2), error_ms, t4)


def counts_what_the_server_took(t1, t2, t3, t4, error_ms=0):
    """§8, delay."""
    return Sample(((t2 - t1) + (t3 - t4)) / 2, t4 - t1, error_ms, t4)


def takes_the_last_sample(samples):
    """§10, clock filter."""
    return samples[-1]


def believes_any_number(sources):
    """§11.2.1, fewer than half: takes the most, be they one."""
    for falsetickers in range(len(sources)):
        if found := tolerating(sources.values(), falsetickers):
            return Selection(found, tuple(sources))
    return None


def looks_at_no_middle(sources):
    """§11.2.1, midpoints."""
    for falsetickers in range((len(sources) + 1) // 2):
        if found := tolerating(sources.values(), falsetickers):
            who = [id for id, one in sources.items() if meet(one, found)]
            return Selection(found, tuple(who))
    return None


FORMULAS = [
    ("sample", believes_the_way_there, "offset_and_delay_follow_from_the_four_stamps"),
    (
        "sample",
        counts_what_the_server_took,
        "offset_and_delay_follow_from_the_four_stamps",
    ),
    (
        "best",
        takes_the_last_sample,
        "of_the_samples_of_a_server_the_one_with_the_least_delay_counts",
    ),
    (
        "survivors",
        believes_any_number,
        "the_fewest_falsetickers_are_assumed_that_will_do",
    ),
    ("survivors", looks_at_no_middle, "the_middles_have_to_be_inside_too"),
]


@pytest.mark.parametrize(("name", "mutant", "killer"), FORMULAS)
def test_another_formula_gives_something_else(name, mutant, killer, monkeypatch):
    monkeypatch.setitem(globals(), name, mutant)
    with pytest.raises(AssertionError):
        globals()[f"test_{killer}"]()


def test_no_mutant_is_forgotten():
    by_name = {
        mutants.TakesAsFewAsWillDo,
        mutants.BelievesItsLastSample,
        mutants.ForgetsTheWayBack,
    }
    killed = {mutant for mutant, _ in KILLED}
    assert mutants_in(mutants) == killed | KILLED_BY_A_STEP.keys() | by_name


# -------------------------------------------------------------------------- assumptions
def test_a_client_whose_clock_is_set_meanwhile_is_wrong_about_its_error():
    assert ClockJump not in TimeServer.assumes.kinds()
    jump = (ClockJump("c1", by_ms=90, at_ms=1100),)
    cluster = run(schedule=jump)
    assert the_truth_is_within_the_error(cluster)


def test_a_clock_that_drifts_more_than_it_is_told_is_wrong_about_its_error():
    fast = (ClockDrift("c1", 50_000), *(Cut(s, "c1", at_ms=1000) for s in SERVERS))
    assert the_truth_is_within_the_error(run(schedule=fast))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(TimeServer.assumes.kinds()) | {ClockJump}
