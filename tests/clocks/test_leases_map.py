"""The map of leases: out of order where arithmetic says so; refused with fencing."""

import pytest

from distlab.clocks import lease, lease_by_date
from distlab.clocks.lease import TrustingStorage
from distlab.errors import Misuse
from distlab.faults import ClockDrift, ClockSkew
from distlab.sim.lease_map import lease_map

PAUSES_MS = range(0, 60, 7)
SLOW = {percent: (ClockDrift("c1", -10_000 * percent),) for percent in range(0, 22, 3)}
BEHIND = {ms: (ClockSkew("c1", -ms),) for ms in range(0, 60, 11)}
TRUSTING = {"storage": (TrustingStorage, 1)}
# By the true time: c2 asks at 5, 25 … and again at 205 ms, when the server is free; its
# effect is there after four messages of 1 ms and 10 ms of work.
OTHER_MS = 205 + 1 + 1 + 10 + 1
WORK_MS = 10


def arrives_ms(look_ms: float, work_ms: float, pause_ms: float) -> float:
    """When the holder's effect is there, if it looks then and stands still."""
    return look_ms + max(work_ms, pause_ms) + 1


def expected(arrives: float) -> str:
    return "out of order" if arrives > OTHER_MS else "in order"


def near(arrives: float) -> bool:
    """Where a bisection, which is not exact, may come to the other answer."""
    return abs(arrives - OTHER_MS) < 1


def test_pauses_and_slow_clocks_eat_up_the_same_slack():
    """§2, effective term: a holder counts 178 ms, which are longer if it is slow."""
    found = lease_map({**lease.CLUSTER, **TRUSTING}, SLOW, PAUSES_MS)
    for (percent, pause_ms), outcome in found.items():
        rate = 1 - percent / 100
        arrives = arrives_ms(178 / rate, WORK_MS / rate, pause_ms)
        assert outcome == expected(arrives) or near(arrives), (percent, pause_ms)
    assert set(found.values()) == {"in order", "out of order"}


def test_what_a_clock_shows_does_not_matter_where_only_durations_count():
    found = lease_map({**lease.CLUSTER, **TRUSTING}, BEHIND, PAUSES_MS)
    for (_, pause_ms), outcome in found.items():
        assert outcome == found[0, pause_ms]
    assert set(found.values()) == {"in order", "out of order"}


def test_where_a_lease_ends_by_date_being_behind_is_as_bad_as_standing_still():
    """Process Pauses, expiry time: the date is 201 ms, less 20 ms to act."""
    found = lease_map({**lease_by_date.CLUSTER, **TRUSTING}, BEHIND, PAUSES_MS)
    for (behind_ms, pause_ms), outcome in found.items():
        arrives = arrives_ms(181 + behind_ms, WORK_MS, pause_ms)
        assert outcome == expected(arrives) or near(arrives), (behind_ms, pause_ms)
    assert found[0, 0] == "in order" != found[44, 0]


@pytest.mark.parametrize(
    ("groups", "clocks"),
    [(lease.CLUSTER, SLOW), (lease_by_date.CLUSTER, BEHIND)],
    ids=("durations", "dates"),
)
def test_with_fencing_all_that_would_be_out_of_order_is_refused(groups, clocks):
    """Fencing tokens, checked."""
    trusting = lease_map({**groups, **TRUSTING}, clocks, PAUSES_MS)
    fenced = lease_map(groups, clocks, PAUSES_MS)
    refused = {"in order": "in order", "out of order": "refused"}
    assert fenced == {cell: refused[outcome] for cell, outcome in trusting.items()}


def test_a_longer_margin_bears_a_longer_pause():
    """§2, effective term."""
    groups = {**lease.CLUSTER, **TRUSTING}
    still = {None: ()}
    assert lease_map(groups, still, (50,))[None, 50] == "out of order"
    assert lease_map(groups, still, (50,), act_ms=60)[None, 50] == "in order"


def test_a_term_that_ends_before_it_is_granted_is_refused():
    with pytest.raises(Misuse, match="cannot write within a term"):
        lease_map(lease.CLUSTER, {None: ()}, (0,), term_ms=21)
