"""SWIM explored: three members, all orders of messages, and some waits too short."""

import pytest
import swim_mutants as mutants

from distlab.check.explore import Budget, explore
from distlab.check.explored import Explored
from distlab.membership.swim import Swim
from distlab.membership.swim_round_robin import RoundRobinSwim
from distlab.membership.swim_suspicion import SuspicionSwim


def always_who_is_up_is_on_every_list(world) -> str | None:
    """Accuracy, of one state."""
    up = {id: node for id, node in world.nodes.items() if id not in world.down}
    for id, node in up.items():
        if lost := [other for other in up if other not in (id, *node.members)]:
            return f"{id} has dropped {lost[0]}, which is up"
    return None


def always_the_member_itself_is_ahead(world) -> str | None:
    """§4.2, alive: nobody speaks of an incarnation that has not begun."""
    for id, node in world.nodes.items():
        for other, claim in node.claims.items():
            if claim.incarnation > world.nodes[other].incarnation:
                return f"{id} says {claim}"
    return None


def sometimes_a_crash_is_found(world) -> bool:
    listed = [other for node in world.nodes.values() for other in node.members]
    return world.down == ("s3",) and listed.count("s3") == 0


def sometimes_a_suspicion_is_answered(world) -> bool:
    return any(node.incarnation for node in world.nodes.values())


def explored(protocol: type, *properties, timers: int, crashes: int = 0) -> Explored:
    """All orders in which messages may arrive, and so many timers run out."""
    return explore(
        protocol,
        servers=3,
        budget=Budget(timers=timers, crashes=crashes, of=("s3",)),
        properties=properties or (always_who_is_up_is_on_every_list,),
        progress=False,
    )


@pytest.mark.parametrize(
    ("protocol", "timers", "states"),
    [(Swim, 2, 367), (SuspicionSwim, 3, 4336), (RoundRobinSwim, 2, 2113)],
)
def test_before_a_whole_period_is_over_nobody_is_dropped(protocol, timers, states):
    """A crash, a ping too late and one by way of another: and still there is hope."""
    verdict = explored(protocol, timers=timers, crashes=1)
    assert (verdict.valid, verdict.states) == (True, states)


def test_a_single_period_in_which_no_answer_comes_costs_a_member():
    """Without synchrony: what is late is as good as lost."""
    verdict = explored(Swim, timers=3)
    assert verdict.reason.startswith("Broken after 3 steps")
    assert [str(action) for action, _ in verdict.path[1:]] == [
        "ProtocolPeriod() of s1 runs out, choosing ((0,),)",
        "NoAck() of s1 runs out, choosing ((0,),)",
        "ProtocolPeriod() of s1 runs out, choosing ((0,),)",
    ]


def test_with_suspicions_it_takes_one_more_wait_that_is_too_short():
    """§4.2, confirm: in which an objection could have come."""
    verdict = explored(SuspicionSwim, timers=4)
    assert verdict.reason.startswith("Broken after 4 steps")
    last, _ = verdict.path[-1]
    assert str(last) == "SuspicionTimeout(member='s2') of s1 runs out"


def test_nobody_speaks_of_an_incarnation_that_has_not_begun():
    """§4.2, alive: since the member alone begins it."""
    properties = (always_the_member_itself_is_ahead, sometimes_a_suspicion_is_answered)
    verdict = explored(SuspicionSwim, *properties, timers=3)
    assert (verdict.valid, verdict.states) == (True, 2178)


def test_who_raises_the_incarnation_of_another_is_found_out():
    """§4.2, alive."""
    mutant = mutants.SuspectsTheNextIncarnation
    verdict = explored(mutant, always_the_member_itself_is_ahead, timers=3)
    assert verdict.reason.startswith("Broken after 3 steps")


def test_a_crash_is_found_and_told():
    """§3.1, no ack; §4.1, send: both of the others know within a few steps."""
    verdict = explored(Swim, sometimes_a_crash_is_found, timers=4, crashes=1)
    assert verdict.valid
