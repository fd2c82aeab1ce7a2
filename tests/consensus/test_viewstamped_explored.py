"""Every schedule of viewstamped replication within a bound, and a published bug in one.

Three replicas, one client with one command, messages in any order or never.
"""

import pytest
import viewstamped_mutants as mutants
from viewstamped_claims import CLAIMS, remembering

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.limits import Limits
from distlab.check.world import World
from distlab.check.worlds import Worlds
from distlab.consensus.viewstamped import DoViewChange, StartViewChange, Status
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.node import Call

LONG = Limits(steps=2_000_000, time_s=300, memory_mb=3000)


def worlds(protocol: type, budget: Budget, calls: int = 1) -> Worlds:
    writes = tuple(Call("write", ("x", i)) for i in range(calls))
    return Worlds(
        remembering(protocol),
        servers=3,
        clients=1,
        timeout_ms=None,
        workload={"c1": writes},
        budget=budget,
    )


def sometimes_a_view_has_begun(world: World) -> bool:
    return any(set(node.led) - {0} for node in servers(world))


def sometimes_a_command_is_executed(world: World) -> bool:
    return any(node.commit_number for node in servers(world))


def sometimes_a_replica_has_recovered(world: World) -> bool:
    return any(is_back(world, node.id) for node in servers(world))


def servers(world: World) -> list[ViewstampedRecovery]:
    return [world.nodes[id] for id in ("s1", "s2", "s3")]


def is_back(world: World, id: str) -> bool:
    """Whether it has recovered from a crash, and is in a view."""
    node = world.nodes[id]
    return bool(node.nonce) and node.status is Status.NORMAL and id not in world.down


# ----------------------------------------------------------------------- what is right
def test_in_every_order_a_view_change_loses_nothing():
    verdict = explore(
        worlds(ViewstampedRecovery, Budget(timers=1)),
        properties=[
            *CLAIMS,
            sometimes_a_view_has_begun,
            sometimes_a_command_is_executed,
        ],
    )
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (15_745, 36_594)


def test_in_every_order_a_crash_loses_nothing():
    verdict = explore(
        worlds(ViewstampedRecovery, Budget(crashes=1, recoveries=1, timers=0)),
        properties=[
            *CLAIMS,
            sometimes_a_replica_has_recovered,
            sometimes_a_command_is_executed,
        ],
    )
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (743, 1_750)


@pytest.mark.soak
def test_in_every_order_a_crash_in_a_view_change_loses_nothing():
    verdict = explore(
        worlds(ViewstampedRecovery, Budget(crashes=1, recoveries=1, timers=1)),
        properties=[*CLAIMS, sometimes_a_replica_has_recovered],
        limits=LONG,
    )
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (692_110, 1_767_312)


# ---------------------------------------------------------------------- what is printed
TWICE = Budget(crashes=2, recoveries=2, timers=1, of=("s2", "s3"))


def s2_forgets_that_it_wants_view_1(world: World) -> bool:
    return is_back(world, "s2") and on_its_way(world, StartViewChange, "s2", "s3")


def s3_forgets_what_it_has_sent(world: World) -> bool:
    return is_back(world, "s3") and on_its_way(world, DoViewChange, "s3", "s2")


def on_its_way(world: World, kind: type, src: str, dst: str) -> bool:
    sent = ((msg, a, b) for a, b, msg in world.messages)
    return any((type(msg), a, b) == (kind, src, dst) for msg, a, b in sent)


def nobody_has_asked(world: World) -> bool:
    return not world.nodes["c1"].number


def in_stages(protocol: type) -> list[Explored]:
    """Two replicas forget, one after the other; then anything may happen."""
    model = worlds(protocol, TWICE)
    stages: list[Explored] = []
    for goal in (s2_forgets_that_it_wants_view_1, s3_forgets_what_it_has_sent):
        start = stages[-1] if stages else None
        stages.append(explore(model, goal=goal, within=nobody_has_asked, start=start))
    stages.append(explore(model, properties=CLAIMS, start=stages[-1]))
    return stages


def test_the_printed_recovery_is_found_to_lose_a_command():
    """§4.3, 3: Michael et al. 2017. Two crashes and one timeout are enough."""
    *before, verdict = in_stages(mutants.ForgetsItsView)
    assert verdict.invalid
    assert verdict.reason.endswith(
        "always later views begin with what is committed: s1 has executed 1 commands "
        "in view 0, and s2 begins view 1 without them."
    )
    assert [stage.depth for stage in before] == [7, 7]
    assert verdict.depth == 6
    kinds = [step.kind for step in verdict.trace.where("crash", "recover")]
    assert kinds == ["crash", "recover"] * 2


def test_a_disk_that_keeps_the_view_lets_nobody_go_back():
    """§4.3, 3: the first stage is never reached, in whatever order."""
    verdict = explore(
        worlds(ViewstampedRecovery, TWICE),
        goal=s2_forgets_that_it_wants_view_1,
        within=lambda world: nobody_has_asked(world) and in_view_0(world, "s1", "s3"),
    )
    assert verdict.exhausted
    assert verdict.reason == "No state that can be reached is the goal."
    assert verdict.states == 2_193


def in_view_0(world: World, *ids: str) -> bool:
    return all(world.nodes[id].view_number == 0 for id in ids)


# What state transfer does where a replica takes itself for a member of a later view as
# soon as it has cut its log and asked (Vanlightly 2022 reports a defect of this kind).
def committed_in_view_0(world: World) -> bool:
    s1, s2, _ = servers(world)
    return s1.commit_number == len(s2.log) == 1


def view_1_begins_without_s3(world: World) -> bool:
    s1, s2, s3 = servers(world)
    joins_later = s1.status is Status.VIEW_CHANGE and s3.view_number == 0
    return 1 in s2.led and joins_later and not s3.log


def s3_is_in_view_1_with_nothing(world: World) -> bool:
    s3 = world.nodes["s3"]
    return s3.last_normal == 1 and not s3.log


def behind(model: Worlds) -> Explored:
    """s3 has heard nothing of the first view, and then hears of the next."""
    first = explore(model, goal=committed_in_view_0, within=no_later_view)
    then = explore(model, goal=view_1_begins_without_s3, within=no_view_2, start=first)
    nothing = s3_is_in_view_1_with_nothing
    return explore(model, goal=nothing, within=no_view_2, start=then)


def no_later_view(world: World) -> bool:
    return in_view_0(world, "s1", "s2", "s3") and not world.nodes["s3"].log


def no_view_2(world: World) -> bool:
    return all(node.view_number < 2 for node in servers(world))


def test_who_joins_before_it_has_the_state_loses_a_command():
    """§5.2, 3: with a log that was cut, of a view later than all others'."""
    model = worlds(mutants.JoinsBeforeItHasTheState, Budget(timers=3))
    verdict = explore(model, properties=CLAIMS, start=behind(model))
    assert verdict.invalid
    assert "s3 begins view 2 without them" in verdict.reason


def test_who_waits_for_the_state_is_never_there_without_it():
    """§5.2, 3."""
    verdict = behind(worlds(ViewstampedRecovery, Budget(timers=3)))
    assert verdict.exhausted
    assert verdict.reason == "No state that can be reached is the goal."


# ------------------------------------------------------------------------------ mutants
# (what it forgets, what may go wrong and how many commands, in how many states it dies)
A_CHANGE, A_CRASH = Budget(timers=1), Budget(crashes=1, recoveries=1, timers=1)
KILLED = [
    (mutants.PreparesOutOfOrder, Budget(timers=0), 2, 26),
    (mutants.BeginsWithOneTooFew, A_CHANGE, 1, 483),
    (mutants.StaysNormal, A_CHANGE, 1, 1_104),
    (mutants.TakesPartAtOnce, A_CRASH, 1, 3_285),
]
LATER = [
    (mutants.VotesWhileItRecovers, A_CRASH, 1, 39_332),
    (mutants.RecoversWithoutThePrimary, A_CRASH, 1, 85_132),
    (mutants.RecoversFromOneTooFew, A_CRASH, 1, 98_822),
]


def killed(mutant: type, budget: Budget, calls: int) -> int:
    """In how many states a search finds what a mutant breaks."""
    model = worlds(mutants.recovering(mutant), budget, calls)
    verdict = explore(model, properties=CLAIMS, limits=LONG)
    assert verdict.invalid
    return verdict.states


@pytest.mark.parametrize(("mutant", "budget", "calls", "states"), KILLED)
def test_some_order_breaks_what_forgets_a_rule(mutant, budget, calls, states):
    assert killed(mutant, budget, calls) == states


@pytest.mark.soak
@pytest.mark.parametrize(("mutant", "budget", "calls", "states"), LATER)
def test_some_order_with_a_crash_breaks_what_forgets_a_rule(
    mutant, budget, calls, states
):
    assert killed(mutant, budget, calls) == states
