"""Anti-entropy and rumours in every order: two sites that update one key, and three.

A changed count is a changed protocol.
"""

import gossip_mutants
import pytest
from gossip_claims import (
    always_one_update_a_timestamp,
    sometimes_a_rumour_has_died_and_some_site_has_not_heard,
    sometimes_an_update_is_everywhere,
)

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.membership import anti_entropy, rumours
from distlab.membership.anti_entropy import AntiEntropy, Site
from distlab.membership.gossip import Gossip
from distlab.node import Call

STATES = {
    AntiEntropy: 583,
    anti_entropy.Push: 543,
    anti_entropy.Pull: 377,
    Gossip: 2320,
    rumours.Push: 682,
    rumours.Pull: 470,
    rumours.PushCoin: 699,
    rumours.PushBlindCoin: 165,
}


def explored(
    protocol: type[Site],
    sites: int = 2,
    updates: int = 2,
    cycles: int = 3,
    crashes: int = 0,
    properties: tuple = (
        always_one_update_a_timestamp,
        sometimes_an_update_is_everywhere,
    ),
    **how,
) -> Explored:
    """All schedules of so many cycles, any message being lost."""
    sites_that_update = (f"s{i + 1}" for i in range(updates))
    return explore(
        protocol,
        servers=sites,
        workload={site: (Call("update", ("x", site)),) for site in sites_that_update},
        budget=Budget(timers=cycles, crashes=crashes, recoveries=crashes),
        properties=properties,
        **how,
    )


@pytest.mark.parametrize("protocol", STATES, ids=lambda p: p.__qualname__)
def test_a_timestamp_stands_for_one_value_in_every_order(protocol):
    """§1, Now."""
    how = {"backup": 2, "cycles": 2} if protocol is Gossip else {}
    verdict = explored(protocol, **how)
    print(verdict)
    assert (verdict.valid, verdict.states) == (True, STATES[protocol])


def test_so_it_does_for_three_sites_and_after_a_crash():
    """§1, Now: what was acknowledged is on the disk."""
    assert explored(AntiEntropy, sites=3, cycles=2).states == 600
    assert explored(AntiEntropy, crashes=1).valid


def test_a_rumour_may_die_before_all_have_heard_though_nothing_is_lost():
    """§1.4, removed: three sites, and two of them tell each other."""
    died = (sometimes_a_rumour_has_died_and_some_site_has_not_heard,)
    how = {"sites": 3, "updates": 1, "properties": died, "k": 1}
    verdict = explored(rumours.Push, cycles=5, **how)
    print(verdict)
    assert verdict.valid


def test_what_names_no_site_in_a_timestamp_goes_wrong_in_two_steps():
    """§1, Now."""
    verdict = explored(gossip_mutants.NamesNoSite, updates=2)
    assert verdict.invalid
    assert len(verdict.trace.where("call")) == 2
