"""Every schedule of two holders of a lease, in which nobody keeps to any time."""

import pytest

from distlab.check.budget import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.clocks.lease import Holder, LeaseServer, Storage, TrustingStorage
from distlab.node import Call


def always_effects_in_the_order_of_leases(world) -> str | None:
    """Fencing tokens."""
    latest = 0
    for effect in world.nodes["storage1"].effects:
        if effect.token < latest:
            return f"{effect} after one of lease {latest}"
        latest = effect.token
    return None


def sometimes_effects_of_two_leases(world) -> bool:
    return len({one.token for one in world.nodes["storage1"].effects}) == 2


def explored(storage: type, timers: int) -> Explored:
    """Two nodes want to write once; so many timers run out, at any time whatever."""
    return explore(
        LeaseServer,
        servers=(LeaseServer, 1),
        storage=(storage, 1),
        clients=(Holder, 2),
        workload={"c1": (Call("write", ("a",)),), "c2": (Call("write", ("b",)),)},
        budget=Budget(timers=timers),
        properties=(
            always_effects_in_the_order_of_leases,
            sometimes_effects_of_two_leases,
        ),
    )


@pytest.mark.parametrize(("timers", "states"), [(3, 2853), (4, 15_034)])
def test_with_fencing_effects_are_in_order_however_slow_anybody_is(timers, states):
    """Fencing tokens, checked."""
    verdict = explored(Storage, timers)
    assert (verdict.valid, verdict.states) == (True, states)


def test_without_fencing_a_term_that_ends_too_early_is_enough():
    """§2, expiry: for its holder, that is: it has looked, and acts."""
    verdict = explored(TrustingStorage, 3)
    assert verdict.reason.startswith("Broken after 11 steps")
    assert [str(action) for action, _ in verdict.path[3:]] == [
        "Ends() of s1 runs out",
        "c1 receives Granted(number=1, token=1) from s1",
        "Acts() of c1 runs out",
        "c2 is called to write('b')",
        "s1 receives Ask(number=1) from c2",
        "c2 receives Granted(number=1, token=2) from s1",
        "Acts() of c2 runs out",
        "storage1 receives Store(token=2, number=2, value='b') from c2",
        "storage1 receives Store(token=1, number=2, value='a') from c1",
    ]
