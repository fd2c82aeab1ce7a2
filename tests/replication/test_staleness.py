"""WARS in arrays against one trial at a time, and k-staleness against enumeration."""

import random
import warnings
from fractions import Fraction
from itertools import combinations, product
from math import inf, isnan

import numpy
import pytest
import staleness_mutants as mutants

from distlab.errors import Misuse
from distlab.replication.staleness import (
    Cell,
    Exponential,
    Mixture,
    Pareto,
    Trials,
    Wars,
    drawn,
    k_staleness,
    percentiles,
    staleness_map,
)

QUICK, SLOW = Exponential(1.0), Exponential(10.0)
DISKS = Wars(SLOW, QUICK, QUICK, QUICK)


def generator(seed=1):
    return numpy.random.default_rng(seed)


# -------------------------------------------------------- the twin: one trial at a time
def twin(w, a, r, s, reads, writes):
    """(write latency, read latency, t from which the read is fresh) of one trial."""
    n = range(len(w))
    write_ms = sorted(w[i] + a[i] for i in n)[writes - 1]
    heard = sorted(n, key=lambda i: (r[i] + s[i], i))[:reads]
    read_ms = r[heard[-1]] + s[heard[-1]]
    if write_ms == inf or read_ms == inf:
        return write_ms, read_ms, None
    return write_ms, read_ms, min(w[i] - r[i] for i in heard) - write_ms


def random_times(dice, n, loss, whole):
    """Few different ones if `whole`, so that many are equal."""

    def one():
        if dice.random() < loss:
            return inf
        return float(dice.randint(1, 3)) if whole else dice.expovariate(1)

    return [[one() for _ in range(n)] for _ in range(4)]


def differing(kind, cases=400):
    """The first case in which the arrays and the twin do not say the same."""
    dice = random.Random(7)
    for case in range(cases):
        n, loss, whole = 1 + case % 5, (0, 0.2)[case % 2], case % 3 == 0
        columns = [random_times(dice, n, loss, whole) for _ in range(8)]
        trials = kind(*(numpy.array(part).T for part in zip(*columns, strict=True)))
        for reads, writes in product(range(1, n + 1), repeat=2):
            fresh = trials.fresh_after_ms(reads, writes).tolist()
            found = zip(
                trials.write_ms[writes - 1].tolist(),
                trials.read_ms[reads - 1].tolist(),
                [None if isnan(ms) else ms for ms in fresh],
                strict=True,
            )
            expected = (twin(*column, reads, writes) for column in columns)
            for ours, theirs in zip(found, expected, strict=True):
                if ours != theirs:
                    return case, reads, writes, ours, theirs
    return None


def test_arrays_say_what_one_trial_at_a_time_says():
    """WARS, write; WARS, read; WARS, t-visibility: 35,200 trials, some with losses."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert differing(Trials) is None


@pytest.mark.parametrize(
    "mutant",
    [
        mutants.ForgetsTheWayBack,
        mutants.WaitsForOneReplica,
        mutants.AnswersAsItArrives,
        mutants.ForgetsTheReadsWay,
        mutants.TakesTheLastAnswer,
        mutants.AsksEverybody,
        mutants.CountsFromTheBeginning,
        mutants.CountsWhatNeverEnds,
    ],
)
def test_a_mutant_differs_from_the_twin(mutant):
    with numpy.errstate(invalid="ignore"):
        assert differing(mutant) is not None


# ---------------------------------------------------------------- what the model claims
@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize(("loss", "failed"), [(0, 0), (0.3, 0), (0, 1), (0.2, 1)])
def test_no_read_is_stale_where_quorums_overlap(n, loss, failed):
    """WARS, t-visibility: a replica that had the write answers; a failed one never."""
    trials = DISKS.trials(generator(), n, 2000, loss, failed)
    for r, w in product(range(1, n + 1), repeat=2):
        stale = bool((trials.fresh_after_ms(r, w) > 0).any())
        assert stale == (r + w <= n - failed)


def test_a_read_that_begins_later_is_never_less_fresh():
    """WARS, t-visibility."""
    shares = [
        staleness_map(DISKS, generator(), t_ms=t)[1, 1].stale for t in (0, 1, 5, 20, 99)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.4
    assert shares[-1] < 0.01


def test_the_simplest_case_is_as_worked_out_by_hand():
    """One replica of two: W, A exponential, R and S no time at all."""
    # Stale at t if the read asks the other replica (1/2), and the write is there later
    # than t after the first acknowledgement: memoryless, so exp(-t) if A takes no time.
    nothing = Exponential(0.0)
    model = Wars(QUICK, nothing, nothing, nothing)
    trials = model.trials(generator(), 2, 400_000)
    read_at_random = numpy.arange(400_000) % 2
    for t_ms in (0, 0.5, 2):
        late = trials.w[read_at_random, numpy.arange(400_000)]
        stale = (late > trials.write_ms[0] + t_ms).mean()
        assert abs(stale - numpy.exp(-t_ms) / 2) < 0.003


def test_a_local_replica_is_drawn_for_each_operation():
    """WARS, write; WARS, read: all others are further, one way and the other."""
    # With all else at no time: fresh at once if both have the same one nearby, or t
    # after the write has passed; a third of the trials for three replicas.
    nothing = Exponential(0.0)
    far = Wars(nothing, nothing, nothing, nothing, remote_ms=75)
    assert local_facts(far) == pytest.approx((1 / 3, 0, 150, 75), abs=0.01)
    for mutant in (mutants.OneLocalReplica, mutants.FarOneWayOnly):
        wrong = mutant(nothing, nothing, nothing, nothing, remote_ms=75)
        assert local_facts(wrong) != pytest.approx((1 / 3, 0, 150, 75), abs=0.01)


def local_facts(model):
    trials = model.trials(generator(), 3, 40_000)
    cells = staleness_map(model, generator(), count=40_000)
    fresh = 1 - cells[1, 1].stale
    after_ms = float(trials.fresh_after_ms(1, 1).max())
    return fresh, cells[1, 1].read_ms[0], cells[2, 1].read_ms[0], after_ms


@pytest.mark.parametrize("loss", [0.0, 0.1, 1.0])
def test_an_operation_ends_if_enough_come_and_go_without_loss(loss):
    """WARS, write; WARS, read: each replica with the chance (1 - loss)^2."""
    cells = staleness_map(DISKS, generator(), n=3, loss=loss, count=40_000)
    for (r, w), cell in cells.items():
        assert cell.reads_end == pytest.approx(enough(3, r, loss), abs=0.01)
        assert cell.writes_end == pytest.approx(enough(3, w, loss), abs=0.01)
    wrong = mutants.LosesNoAnswers(SLOW, QUICK, QUICK, QUICK)
    cells = staleness_map(wrong, generator(), n=3, loss=0.1, count=40_000)
    assert cells[3, 3].reads_end > enough(3, 3, 0.1) + 0.1


def enough(n, k, loss):
    """The chance that k of n replicas answer."""
    p = (1 - loss) ** 2
    hit = (sum(c) for c in product((0, 1), repeat=n))
    return sum(p**some * (1 - p) ** (n - some) for some in hit if some >= k)


def test_with_a_failed_replica_what_asks_all_never_ends():
    cells = staleness_map(DISKS, generator(), n=3, failed=1)
    assert cells[2, 2].never == ""
    assert cells[3, 1].never == "no read ever ends"
    assert cells[1, 3].never == "no write ever ends"
    assert cells[3, 3].never == "no read and no write ever ends"
    assert isnan(cells[3, 1].stale)
    assert cells[3, 1].read_ms == (inf, inf)
    lively = mutants.FailedOnesStillAnswer(SLOW, QUICK, QUICK, QUICK)
    assert staleness_map(lively, generator(), n=3, failed=1)[3, 1].never == ""


def test_other_losses_leave_the_times_as_they_were():
    some, more = (DISKS.trials(generator(), 3, 500, loss) for loss in (0, 0.3))
    arrived = numpy.isfinite(more.w)
    assert (some.w[arrived] == more.w[arrived]).all()
    assert 0 < arrived.mean() < 1


def test_the_map_is_about_the_same_trials_in_each_cell():
    """So its cells can be compared: another r changes no write, another w no read."""
    cells = staleness_map(DISKS, generator(), n=4)
    assert list(cells) == list(product(range(1, 5), repeat=2))
    assert len({cells[r, 2].write_ms for r in range(1, 5)}) == 1
    assert len({cells[2, w].read_ms for w in range(1, 5)}) == 1
    assert isinstance(cells[1, 1], Cell)
    for r, w in product(range(1, 4), repeat=2):
        assert cells[r + 1, w].stale <= cells[r, w].stale
        assert cells[r, w + 1].stale <= cells[r, w].stale


@pytest.mark.parametrize("n", range(1, 7))
def test_percentiles_are_times_that_occurred(n):
    times = numpy.array([5.0, 1.0, 4.0, 2.0, inf, 3.0][:n])
    ranked = sorted(times)
    for percent in (0, 1, 20, 50, 80, 99.9, 100):
        (found,) = percentiles(times, (percent,))
        assert (times <= found).sum() >= n * percent / 100
        assert found in ranked
        below = ranked[ranked.index(found) - 1] if found != ranked[0] else -1
        assert (times <= below).sum() < max(1e-9, n * percent / 100)


# -------------------------------------------------------------------------- one message
@pytest.mark.parametrize(
    ("delay", "survival"),
    [
        (Exponential(2.0), lambda x: numpy.exp(-x / 2)),
        (Pareto(0.5, 3.0), lambda x: min(1, (0.5 / x) ** 3)),
        (
            Mixture(((0.7, Pareto(0.5, 3.0)), (0.3, Exponential(2.0)))),
            lambda x: 0.7 * min(1, (0.5 / x) ** 3) + 0.3 * numpy.exp(-x / 2),
        ),
    ],
)
def test_delays_are_distributed_as_they_say(delay, survival):
    times = drawn(delay, generator(), (3, 100_000))
    assert times.shape == (3, 100_000)
    for x in (0.1, 0.5, 0.6, 1.0, 2.0, 8.0):
        assert abs((times > x).mean() - survival(x)) < 0.004


# -------------------------------------------------------------------------- k-staleness
def enumerated(n, r, w, k):
    """The share of all choices of k write quorums and a read quorum that miss them."""
    quorums = [frozenset(q) for q in combinations(range(n), w)]
    missed = total = 0
    for read in combinations(range(n), r):
        for written in product(quorums, repeat=k):
            total += 1
            missed += not any(quorum.intersection(read) for quorum in written)
    return Fraction(missed, total)


@pytest.mark.parametrize(
    ("n", "k"), [(1, 1), (2, 3), (3, 1), (3, 2), (3, 3), (4, 2), (5, 1), (5, 2)]
)
def test_k_staleness_is_the_share_of_quorums_that_miss_the_last_k_versions(n, k):
    """Equation 2, exactly."""
    for r, w in product(range(1, n + 1), repeat=2):
        assert k_staleness(n, r, w, k) == enumerated(n, r, w, k)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda n, r, w, k: k_staleness(n, r, w, 1),
        lambda n, r, w, k: k_staleness(n, r, w, k + 1),
        lambda n, r, w, k: 1 - k_staleness(n, r, w, k),
        lambda n, r, w, k: k * k_staleness(n, r, w, 1),
        lambda n, r, w, k: Fraction(n - w, n) ** (r * k),
    ],
    ids="ignores_k one_more fresh_for_stale adds draws_with_replacement".split(),
)
def test_another_formula_is_not_what_enumeration_finds(wrong):
    """Equation 2."""
    assert any(
        wrong(n, r, w, k) != enumerated(n, r, w, k)
        for n, r, w, k in [(3, 1, 1, 1), (3, 1, 1, 2), (3, 2, 1, 2)]
    )


def test_every_read_is_fresh_of_infinitely_old_versions_and_stale_of_none():
    """Equation 2 at its ends."""
    assert k_staleness(3, 1, 1, 0) == 1
    assert k_staleness(3, 2, 2) == 0
    assert k_staleness(3, 1, 1) == Fraction(2, 3)
    assert k_staleness(3, 1, 1, 10) < Fraction(1, 50)


@pytest.mark.parametrize("wrong", [(3, 0, 1), (3, 1, 4), (0, 1, 1), (3, 1, 1, -1)])
def test_quorums_that_cannot_be_are_refused(wrong):
    with pytest.raises(Misuse, match="r and w are from 1 to n"):
        k_staleness(*wrong)


@pytest.mark.parametrize(
    "wrong", [{"n": 0}, {"failed": 4}, {"failed": -1}, {"loss": 1.1}, {"loss": -0.1}]
)
def test_clusters_that_cannot_be_are_refused(wrong):
    with pytest.raises(Misuse, match="there is at least one replica"):
        DISKS.trials(**{"generator": generator(), "n": 3, "count": 9} | wrong)
