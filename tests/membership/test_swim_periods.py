"""How soon SWIM finds a crash and what it costs: formulas, draws and the protocol."""

from fractions import Fraction
from itertools import pairwise
from math import ceil, e, log

import numpy
import pytest

from distlab.errors import Misuse
from distlab.faults import Crash, Loss
from distlab.membership import swim_periods
from distlab.membership.heartbeat import HeartbeatDetector
from distlab.membership.swim import Failed, Ping, Swim
from distlab.membership.swim_periods import false_alarm, first_suspicion, relays_needed
from distlab.membership.swim_round_robin import RoundRobinSwim
from distlab.membership.swim_suspicion import Confirm, SuspicionSwim
from distlab.sim import Cluster
from distlab.sim.after_crash import after_crash, first_pinged, load


def agree(found: list[float], expected: float) -> bool:
    """Whether a mean is within four standard errors of what is expected."""
    error = numpy.std(found) / len(found) ** 0.5
    return abs(numpy.mean(found) - expected) < 4 * error


# --------------------------------------------------------------------- first suspicion
def test_the_first_suspicion_takes_as_many_periods_as_is_known():
    """§3.1, detection time: 1.53 of ten members, 1.582 of ten thousand."""
    assert f"{first_suspicion(10):.2f}" == "1.53"
    assert f"{first_suspicion(10_000):.3f}" == "1.582"


def test_in_a_large_group_it_takes_e_over_e_less_one_periods():
    """§3.1, detection time: and never more."""
    sizes = [3, 10, 100, 1000, 10**4, 10**6]
    found = [first_suspicion(n) for n in sizes]
    assert found == sorted(found)
    assert found[-1] < e / (e - 1) < found[-1] + 1e-6


@pytest.mark.parametrize("n", [3, 4, 5])
def test_it_is_what_counting_all_choices_gives(n):
    """§3.1, detection time: a slow twin, in whole numbers."""
    choices = numpy.stack(numpy.meshgrid(*[numpy.arange(n - 1)] * (n - 1)))
    found = Fraction(int((choices == 0).any(axis=0).sum()), (n - 1) ** (n - 1))
    assert first_suspicion(n) == pytest.approx(float(1 / found), rel=1e-12)


@pytest.mark.parametrize(("n", "count"), [(10, 20_000), (100, 10_000), (10_000, 1000)])
def test_drawing_agrees(n, count):
    """§3.1, detection time."""
    generator = numpy.random.default_rng(n)
    found = swim_periods.drawn_first_suspicion(generator, n, count)
    assert agree(list(found), first_suspicion(n))


@pytest.mark.parametrize(("n", "seeds"), [(10, 40), (100, 3)])
def test_the_protocol_agrees(n, seeds):
    """§3.1, detection time: pings of the nodes themselves."""
    found = [p for seed in range(seeds) for p in first_pinged(Swim, Ping, n, seed)]
    assert agree(found, first_suspicion(n))


def test_in_rounds_it_is_no_slower():
    """§3.1, detection time: where each has an order of its own."""
    found = [
        p for seed in range(3) for p in first_pinged(RoundRobinSwim, Ping, 100, seed)
    ]
    assert agree(found, first_suspicion(100))


# -------------------------------------------------------------------------------- load
@pytest.mark.parametrize("n", [5, 40])
def test_a_member_sends_a_ping_and_an_answer_a_period_however_many_there_are(n):
    """§3.1, load: against n - 1 heartbeats."""
    assert load(Swim, n, periods=20).mean == pytest.approx(2, abs=0.02)
    assert load(HeartbeatDetector, n, periods=5).mean == pytest.approx(n - 1, abs=0.02)


def test_the_most_that_a_member_gets_grows_slower_than_the_logarithm():
    """§3.1, load: one may be pinged by several at once, but hardly by many."""
    generator = numpy.random.default_rng(1)
    sizes = (10, 100, 1000, 10_000)
    most = [swim_periods.most_pings(generator, n, 100).mean() for n in sizes]
    for n, pings in zip(sizes, most, strict=True):
        assert 1 < pings < 1 + log(n)
    steps = numpy.diff(most)
    assert (steps > 0).all()
    assert steps[-1] < steps[0] + 0.2


def test_the_most_that_a_member_gets_in_the_protocol_is_what_is_drawn():
    """§3.1, load: pings, and the answer to its own."""
    drawn = swim_periods.most_pings(numpy.random.default_rng(1), 40, 2000)
    assert load(Swim, 40, periods=20).most_received <= drawn.max() + 1 + drawn.max()


# ------------------------------------------------------------------------ false alarms
class Unshaken(Swim):
    """Remarks whom it would take for failed, and keeps it on the list."""

    def give_up(self, member):
        self.note(member)


@pytest.mark.parametrize(
    ("loss", "crashed", "k"), [(0.1, 0, 0), (0.2, 0, 1), (0.3, 0, 3), (0.2, 2, 2)]
)
def test_false_alarms_of_the_protocol_are_as_many_as_the_formula_says(loss, crashed, k):
    """§3.1, accuracy: with lost messages, and relays that have crashed."""
    n = 10
    up = [f"s{i + 1}" for i in range(n - crashed)]
    faults = (Loss(loss), *(Crash(f"s{n - i}", 0) for i in range(crashed)))
    cluster = Cluster(Unshaken, servers=n, seed=1, faults=faults, k=k).run(60_000)
    sent = (s for s in cluster.trace.where("send") if isinstance(s.what, Ping))
    pings = sum(s.what.initiator == s.node and s.peer in up for s in sent)
    alarms = sum(step.what in up for step in cluster.trace.where("note"))
    # n - 2 may be asked to ping a member that is up, and some of these have crashed
    expected = false_alarm(loss, crashed / (n - 2), k)
    error = (expected * (1 - expected) / pings) ** 0.5
    assert abs(alarms / pings - expected) < 4 * error


def test_each_further_relay_divides_false_alarms_by_the_same_number():
    """§3.1, accuracy."""
    alarms = [false_alarm(0.05, 0.1, k) for k in range(6)]
    ratios = [b / a for a, b in pairwise(alarms)]
    assert ratios == pytest.approx([ratios[0]] * 5)
    assert ratios[0] < 0.3


def test_as_many_relays_as_are_needed_are_enough_and_one_less_is_not():
    """§3.1, accuracy."""
    for loss in (0.01, 0.1, 0.3):
        k = relays_needed(1e-4, loss, 0.05)
        assert false_alarm(loss, 0.05, k) <= 1e-4 < false_alarm(loss, 0.05, k - 1)
    assert relays_needed(0.5, 0.1, 0) == 0


def test_without_losses_there_are_no_false_alarms():
    """§3.1, accuracy."""
    assert false_alarm(0, 0.5, 0) == 0
    assert false_alarm(1, 0, 9) == 1


def test_with_suspicions_there_are_fewer():
    """§4.2: of the members that are up, those that are dropped under heavy loss."""
    dropped = []
    for protocol in (Swim, SuspicionSwim):
        cluster = Cluster(protocol, servers=10, k=1, faults=(Loss(0.15),)).run(10_000)
        outputs = cluster.trace.where("output")
        dropped.append(sum(isinstance(s.what, (Failed, Confirm)) for s in outputs))
    assert dropped[0] > 20
    assert dropped[1] == 0


# ------------------------------------------------------------------------- the last one
def test_what_is_confirmed_is_so_after_a_time_that_grows_with_the_logarithm():
    """§4.2, confirm: the first hears a ping's silence out, waits, and tells."""
    for n in (5, 20, 60):
        waits = 3 * ceil(log(n + 1))  # periods
        for seed in range(2):
            first, *_, last = after_crash(SuspicionSwim, Confirm, n, seed)
            assert waits + 1 <= first < waits + 9
            assert last - first < 2 + 2 * log(n)


def test_all_are_told_within_a_logarithm_of_periods():
    """§4.1, send."""
    for n in (5, 20, 60):
        for seed in range(2):
            first, *_, last = after_crash(Swim, Failed, n, seed)
            assert last - first < 2 + 2 * log(n)


# ------------------------------------------------------------------------------ misuse
def test_what_cannot_be_meant_is_refused():
    for n in (0, 2):
        with pytest.raises(Misuse, match="3 or more"):
            first_suspicion(n)
    with pytest.raises(Misuse, match="from 0 to 1"):
        false_alarm(1.5, 0, 1)
    for hopeless in ((0, 0.1, 0), (0.1, 1, 0), (0.1, 0.1, 1)):
        with pytest.raises(Misuse, match="no number of relays"):
            relays_needed(*hopeless)
