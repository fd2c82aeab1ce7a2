"""Detectors in arrays: against one heartbeat at a time, by hand, and the protocols."""

import random
from functools import partial
from itertools import pairwise
from math import exp, inf, lgamma, pi, sqrt

import detection_mutants as mutants
import numpy
import pytest

from distlab.errors import Misuse
from distlab.events import Deliver, SetTimer, Start
from distlab.membership.detection import HOUR_MS, Accuracy, Heard, heartbeats
from distlab.membership.heartbeat import HeartbeatDetector, IsAlive, Suspect
from distlab.membership.phi_accrual import Normal, PhiAccrualDetector
from distlab.replication.staleness import Exponential, Mixture, Pareto, drawn
from distlab.sim import sweep
from distlab.sim.detection import watched

QUICK, SLOW = Exponential(5.0), Exponential(100.0)
MIXED = Mixture(((0.9, QUICK), (0.1, SLOW)))


def generator(seed=1):
    return numpy.random.default_rng(seed)


def always(ms):
    return lambda generator, shape: numpy.full(shape, float(ms))


# ------------------------------------------------- the twin: one heartbeat at a time
def twin(sent, arrived, patience) -> Accuracy:
    """Walks through all waits, and through all crashes, in steps of half a ms."""
    begins = sorted([0.0, *(at for at in arrived if at < inf)])
    waits = list(zip(begins, patience, strict=True))
    errors, wrong = 0, 0.0
    for (begin, patient), end in zip(waits, begins[1:], strict=False):
        if end <= sent[-1] and end - begin > patient:
            errors, wrong = errors + 1, wrong + end - begin - patient
    left = 0.0
    for i, (begin, end) in enumerate(pairwise(sent)):
        latest = max([0.0, *(at for at in arrived[: i + 1] if at < inf)])
        over = max(at + patient for at, patient in waits if at == latest)
        steps = round(2 * (end - begin))
        crashes = (begin + (step + 0.5) / 2 for step in range(steps))
        left += sum(max(0.0, over - crash) for crash in crashes) / 2
    hours = sent[-1] / HOUR_MS
    return Accuracy(left / sent[-1], errors / hours, wrong / sent[-1], hours)


def differing(kind, cases=60):
    """The first case in which the arrays and the twin do not say the same."""
    dice = random.Random(7)
    for case in range(cases):
        sent = [0.0]
        for _ in range(12):
            sent.append(sent[-1] + dice.choice((10, 10, 10, 45)))
        arrived = [at + dice.choice((1, 4, 7, 33)) for at in sent]
        arrived = [at if dice.random() < 0.8 else inf for at in arrived]
        arrived[:2] = [1.0, 11.0]
        heard = kind(10.0, numpy.array(sent), numpy.array(arrived))
        waits = 1 + sum(at < inf for at in arrived)
        patience = [float(dice.choice((8, 12, 30))) for _ in range(waits)]
        found = heard.accuracy(numpy.array(patience))
        if found != pytest.approx(twin(sent, arrived, patience), rel=1e-9, abs=1e-6):
            return case
    return None


def test_arrays_say_what_one_heartbeat_at_a_time_says():
    """T_D; λ_M; P_A."""
    assert differing(Heard) is None


@pytest.mark.parametrize(
    "mutant",
    [
        mutants.ForgetsWhatIsOnItsWay,
        mutants.CountsFromTheLastHeartbeat,
        mutants.NoticesBeforeTheCrash,
        mutants.TakesTheLatestSent,
        mutants.CountsEveryWait,
        mutants.IsWrongForAllOfTheGap,
        mutants.WaitsInTheOrderSent,
    ],
)
def test_a_mutant_differs_from_the_twin(mutant):
    assert differing(mutant) is not None


# --------------------------------------------------------------------------- by hand
def test_where_all_takes_the_same_time_it_is_as_worked_out_by_hand():
    """T_D: the timeout and the delay, less half a period on average."""
    found = heartbeats(generator(), 10_000, 100, always(7)).with_timeout(250)
    assert found == pytest.approx((250 + 7 - 50, 0, 0, 9_999 * 100 / HOUR_MS))


@pytest.mark.parametrize("loss", [0.1, 0.5])
def test_losses_make_errors_as_worked_out_by_hand(loss):
    """λ_M; P_A: between two and three periods, it errs when two in a row are lost."""
    # A run of k losses is as probable as (1 - p) p^k, for each heartbeat: it is an
    # error from k = 2 on, of (k + 1) 100 - 250 ms.
    heard = heartbeats(generator(), 1_000_000, 100, always(7), loss=loss)
    found = heard.with_timeout(250)
    runs = [(k, (1 - loss) * (1 - loss) * loss**k) for k in range(2, 200)]
    errors = sum(share for _, share in runs)
    wrong = sum(share * ((k + 1) * 100 - 250) / 100 for k, share in runs)
    assert found.errors_per_hour == pytest.approx(errors * 36_000, rel=0.02)
    assert found.wrong == pytest.approx(wrong, rel=0.02)


def test_a_pause_holds_back_what_was_due_and_what_comes_after_it():
    """At any moment of a period; unless it ends before the next heartbeat is due."""
    short = heartbeats(generator(), 999, 100, always(7), pauses=always(0), pausing=1)
    assert set(numpy.diff(short.sent)) == {100}
    long = heartbeats(generator(), 9999, 100, always(7), pauses=always(250), pausing=1)
    between = numpy.diff(long.sent)
    assert between.min() == pytest.approx(250, abs=0.1)
    assert between.max() == pytest.approx(350, abs=0.1)
    assert between.mean() == pytest.approx(300, abs=1)


def test_a_longer_timeout_notices_later_and_errs_less():
    """T_D; λ_M; P_A: what a slider over the timeout shows."""
    heard = heartbeats(generator(), 100_000, 100, partial(drawn, MIXED), loss=0.01)
    found = [heard.with_timeout(ms) for ms in range(100, 2001, 100)]
    noticed, errors, wrong, _ = zip(*found, strict=True)
    assert list(noticed) == sorted(noticed)
    assert list(errors) == sorted(errors, reverse=True)
    assert list(wrong) == sorted(wrong, reverse=True)
    assert errors[0] > 1000 > 2 > errors[-1]


def test_where_delays_vary_without_end_a_heartbeat_of_long_ago_is_still_to_come():
    """T_D: with a variance that is infinite, the more one draws the longer it takes."""
    heavy = partial(drawn, Pareto(1.0, 1.1))
    light = partial(drawn, Pareto(1.0, 3.5))
    for delays, grows in ((heavy, True), (light, False)):
        few, many = (
            numpy.mean(
                [
                    heartbeats(generator(seed), count, 100, delays).with_timeout(250)[0]
                    for seed in range(count_of)
                ]
            )
            for count, count_of in ((1000, 100), (100_000, 20))
        )
        assert (many > few + 20) == grows


@pytest.mark.parametrize(
    "wrong",
    [{"count": 1}, {"period_ms": 0}, {"loss": 1}, {"pausing": 1.5}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_cannot_be_meant_is_refused(wrong):
    right = {"count": 10, "period_ms": 100, "delays": always(1)}
    with pytest.raises(Misuse, match="give two heartbeats"):
        heartbeats(generator(), **{**right, **wrong})


def test_heartbeats_of_which_none_arrives_are_refused():
    with pytest.raises(Misuse, match="none arrived in time"):
        heartbeats(generator(), 10, 100, always(1e9)).with_timeout(50)


def test_a_window_without_a_gap_is_refused():
    with pytest.raises(Misuse, match="one gap or more"):
        heartbeats(generator(), 10, 100, always(1)).with_phi(8, window=0)


# ---------------------------------------------------------------------------------- φ
def test_arrays_wait_for_as_long_as_the_protocol_does():
    """Threshold, window and guess: the node itself, heartbeat for heartbeat."""
    heard = heartbeats(generator(), 300, 50, partial(drawn, MIXED), loss=0.05)
    node = PhiAccrualDetector("s1", ("s1", "s2"), window=20, threshold=3)
    happens = [Start(), *[Deliver("s2", IsAlive())] * (len(heard.begins) - 1)]
    waits = []
    for event, at_ms in zip(happens, heard.begins.tolist(), strict=True):
        effects = node.step(event, now_ms=at_ms)
        timer = next(effect for effect in effects if isinstance(effect, SetTimer))
        waits.append(timer.after_ms[0])
    found = heard.silences_ms(3, window=20, least_std_ms=5)
    assert found.tolist() == pytest.approx(waits, rel=1e-3)


def student_beyond(t: float, freedom: int) -> float:
    """How probable Student's t is beyond this: by adding up its density."""
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    middles = numpy.arange(t, 100, 1e-3) + 5e-4
    density = (1 + middles**2 / freedom) ** (-(freedom + 1) / 2)
    return float(scale * density.sum() * 1e-3)


def share_longer(gaps, level: float, window: int) -> float:
    """The share of gaps longer than the silence for which φ reaches this level."""
    arrived = gaps.cumsum()
    heard = Heard(100.0, arrived, arrived)
    late = heard.gaps > heard.silences_ms(level, window, 1e-9)[:-1]
    return float(late[window:].mean())


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize(("window", "worse"), [(10, 10.4), (100, 1.43), (1000, 1.04)])
def test_where_gaps_are_normal_the_odds_are_those_that_phi_says(level, window, worse):
    """φ: 10^-φ with a window of many; with one of few, as Student's t has it."""
    odds = student_beyond(
        Normal(0, 1).silence_ms(level) * sqrt((window - 1) / (window + 1)), window - 1
    )
    count = 400_000
    share = share_longer(generator().normal(100, 10, count), level, window)
    assert abs(share - odds) < 4 * sqrt(odds / count)
    if level == 3:
        assert odds * 1000 == pytest.approx(worse, rel=0.01)


def test_where_gaps_have_a_heavy_tail_the_odds_are_far_from_what_phi_says():
    """φ: at 8, one in a hundred million says the scale, and hundreds happen."""
    gaps = 98 + drawn(Pareto(1.0, 1.5), generator(), (1_000_000,))
    assert share_longer(gaps, 1, 1000) < 0.05
    assert 1e-3 < share_longer(gaps, 8, 1000) < 1e-2


# ------------------------------------------------------------ φ against a fixed timeout
def by_turns(quick, slow, generator, shape, *, turn=5000):
    """So many delays of one kind, then as many of the other, and so on."""
    kinds = (numpy.arange(*shape) // turn) % 2
    return numpy.where(
        kinds, drawn(slow, generator, shape), drawn(quick, generator, shape)
    )


def errors_of_both(delays, threshold: float) -> tuple[float, float]:
    """Of φ, and of the timeout that notices a crash as soon on average."""
    heard = heartbeats(generator(), 400_000, 100, delays)
    phi = heard.with_phi(threshold)
    low, high = 0.0, 10_000.0
    while high - low > 0.01:
        middle = (low + high) / 2
        later = heard.with_timeout(middle).noticed_ms > phi.noticed_ms
        low, high = (low, middle) if later else (middle, high)
    return phi.errors_per_hour, heard.with_timeout(low).errors_per_hour


@pytest.mark.parametrize("threshold", [1, 3])
def test_where_delays_stay_as_they_are_phi_is_a_timeout_like_any_other(threshold):
    """T_D; λ_M: of long experience it has a mean and a deviation, and these stay."""
    phi, fixed = errors_of_both(partial(drawn, MIXED), threshold)
    assert phi == pytest.approx(fixed, rel=0.1)


@pytest.mark.parametrize("threshold", [2, 3, 5])
def test_where_delays_change_phi_errs_less_often_for_the_same_mean_delay(threshold):
    """T_D; λ_M: it is patient while it has to be, and quick the rest of the time."""
    phi, fixed = errors_of_both(partial(by_turns, QUICK, Exponential(200.0)), threshold)
    assert phi < 0.7 * fixed


# ------------------------------------------------------------------ the protocols agree
BEATS = 100
CASES = {
    "delays": {"delay": MIXED},
    "losses": {"delay": MIXED, "loss": 0.05},
    "pauses": {"delay": QUICK, "pause": Pareto(30, 2.5), "pausing": 0.1},
}
DETECTORS = {
    "timeout": (HeartbeatDetector, {"timeout_ms": 220}),
    "phi": (PhiAccrualDetector, {"threshold": 3, "window": 20}),
}


def measured(protocol, settings, seeds, delay, **how):
    """Of so many runs, what the protocol noticed and how often it erred."""
    run = partial(watched, protocol, Suspect, delay, beats=BEATS, **settings, **how)
    watches = sweep.seeds(run, seeds, workers=1)
    return numpy.array([(w.noticed_ms, w.errors / w.up_ms * HOUR_MS) for w in watches])


def modelled(settings, delay, pause=None, **how):
    """The same of the model: errors from the same start on, crashes long after it."""
    draw = partial(
        heartbeats,
        period_ms=100,
        delays=partial(drawn, delay),
        pauses=partial(drawn, pause) if pause else None,
        **how,
    )
    kind = Heard.with_timeout if "timeout_ms" in settings else Heard.with_phi
    dice = generator(3)
    errors = [kind(draw(dice, BEATS), **settings).errors_per_hour for _ in range(1000)]
    return kind(draw(dice, 200_000), **settings).noticed_ms, numpy.mean(errors)


def disagreements(detector, seeds, ours, model):
    """Means that lie more than four standard errors from what the model says."""
    protocol, settings = DETECTORS[detector]
    found = measured(protocol, settings, seeds, **CASES[ours])
    expected = modelled(settings, **CASES[model])
    for i, name in enumerate(("noticed, ms", "errors an hour")):
        mean, error = found[:, i].mean(), found[:, i].std() / sqrt(len(found))
        if abs(mean - expected[i]) > 4 * error:
            yield f"{name}: {mean:.1f} ± {error:.1f}, the model {expected[i]:.1f}"


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("case", CASES)
def test_the_protocol_is_as_quick_and_as_often_wrong_as_the_model_says(case, detector):
    """T_D; λ_M."""
    assert list(disagreements(detector, range(40), case, case)) == []


def test_a_crash_that_is_not_noticed_in_ten_seconds_is_refused():
    with pytest.raises(Misuse, match="suspect it earlier"):
        watched(HeartbeatDetector, Suspect, QUICK, 0, beats=5, timeout_ms=20_000)


@pytest.mark.soak
@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("case", CASES)
def test_they_agree_for_many_runs(case, detector):
    assert list(disagreements(detector, range(200), case, case)) == []


@pytest.mark.parametrize(
    ("detector", "model"), [("timeout", "losses"), ("phi", "pauses")]
)
def test_another_model_is_found_to_differ(detector, model):
    assert list(disagreements(detector, range(40), "delays", model))
