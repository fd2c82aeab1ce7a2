"""SWIM in rounds: each member is pinged in time, whatever chance does."""

from itertools import pairwise, permutations

import pytest
import swim_mutants as mutants
from killed import mutants_in

from distlab.faults import Crash
from distlab.membership.swim import Ping, Swim
from distlab.membership.swim_round_robin import RoundRobinSwim, strides
from distlab.membership.swim_suspicion import Suspect
from distlab.sim import Cluster

PERIOD_MS = 200
SIZES = (2, 3, 5, 8)


def targets(protocol: type, n: int, seed: int, periods: int = 60) -> list[list[str]]:
    """Whom each member pings on its own account, in the order of its periods."""
    cluster = Cluster(protocol, servers=n, seed=seed).run(periods * PERIOD_MS)
    pings = cluster.trace.where("send", test=lambda step: isinstance(step.what, Ping))
    return [[ping.peer for ping in pings if ping.node == id] for id in cluster.nodes]


def waits(protocol: type, n: int) -> list[int]:
    """The periods between one ping to a member and the next, of several runs."""
    found = []
    for seed in range(5):
        for pinged in targets(protocol, n, seed):
            for id in sorted(set(pinged)):
                at = [period for period, other in enumerate(pinged) if other == id]
                found += [later - earlier for earlier, later in pairwise(at)]
    return found


def bounded(protocol: type, n: int) -> bool:
    """Whether nobody waits for more than 2m - 1 periods, where m are the others."""
    return max(waits(protocol, n)) <= 2 * (n - 1) - 1


def reorders(protocol: type, n: int) -> bool:
    """Whether somebody waits for more than a round, and somebody for less."""
    found = waits(protocol, n)
    return max(found) > n - 1 > min(found)


# ---------------------------------------------------------------------------- the rules
@pytest.mark.parametrize("n", SIZES)
def test_in_a_round_each_member_is_pinged_once(n):
    """§4.3, traversal."""
    for pinged in targets(RoundRobinSwim, n, seed=1):
        rounds = [pinged[i : i + n - 1] for i in range(0, len(pinged) - n + 2, n - 1)]
        assert len(rounds) > 7
        assert all(len(set(one)) == n - 1 for one in rounds)


@pytest.mark.parametrize("n", SIZES)
def test_nobody_waits_for_more_than_two_rounds_less_one_period(n):
    """§4.3, traversal: the worst is to be first in one round and last in the next."""
    assert bounded(RoundRobinSwim, n)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_the_next_round_has_another_order(n):
    """§4.3, reordering."""
    assert reorders(RoundRobinSwim, n)


def test_of_three_members_every_order_is_drawn():
    """§4.3, reordering: with three, two numbers say as much as a shuffled list."""
    orders = {
        tuple("abc"[(start + turn * stride) % 3] for turn in range(3))
        for start in range(3)
        for stride in strides(3)
    }
    assert orders == set(permutations("abc"))


@pytest.mark.parametrize("n", [1, 2, 12, 30])
def test_every_stride_comes_around_to_every_place(n):
    """§4.3, reordering."""
    for stride in strides(n):
        assert sorted(turn * stride % n for turn in range(n)) == list(range(n))


@pytest.mark.parametrize("seed", range(5))
def test_a_crash_is_found_within_that_time_by_each_member_alone(seed):
    """§4.3, traversal: told by nobody, and with the period in which no answer comes."""
    n, at_ms = 8, 2000
    crash = Crash("s3", at_ms)
    cluster = Cluster(RoundRobinSwim, servers=n, seed=seed, faults=(crash,), lambda_=0)
    cluster.run(until_ms=at_ms + 2 * (n - 1) * PERIOD_MS)
    suspect = Suspect("s3", 0)
    found = cluster.trace.where("output", test=lambda step: step.what == suspect)
    assert {step.node for step in found} == set(cluster.nodes) - {"s3"}


# ------------------------------------------------------------------------------ mutants
def test_who_draws_each_time_keeps_somebody_waiting():
    """§4.3, traversal: and so does plain SWIM."""
    assert not bounded(mutants.DrawsEachTime, 5)
    assert not bounded(Swim, 5)


def test_who_never_reorders_is_seen():
    """§4.3, reordering."""
    assert bounded(mutants.NeverReorders, 5)
    assert not reorders(mutants.NeverReorders, 5)


def test_every_mutant_of_this_protocol_has_what_kills_it():
    mine = {kind for kind in mutants_in(mutants) if issubclass(kind, RoundRobinSwim)}
    assert mine == {mutants.DrawsEachTime, mutants.NeverReorders}
