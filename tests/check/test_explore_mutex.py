"""Lamport's mutex: in no order of messages two are inside, if links keep order."""

import pytest
from protocols.mutex import LamportMutex

from distlab.check.explore import explore
from distlab.check.networks import Ordered, Unordered
from distlab.node import Call, Deliver

ENTER_AND_LEAVE = Call("acquire"), Call("release")


def always_one_inside(world):
    inside = [node.id for node in world.nodes.values() if node.inside]
    return f"{' and '.join(inside)} are inside" if len(inside) > 1 else None


def explored(protocol, servers, network=Ordered()):  # noqa: B008 (a frozen value)
    workload = {f"s{i + 1}": ENTER_AND_LEAVE for i in range(servers)}
    return explore(
        protocol,
        servers=servers,
        workload=workload,
        network=network,
        properties=[always_one_inside],
    )


SIZES = [(1, 3), (2, 73), pytest.param(3, 156_713, marks=pytest.mark.soak)]


@pytest.mark.parametrize(("servers", "worlds"), SIZES)
def test_no_two_are_ever_inside(servers, worlds):
    """The 73 of two nodes are those that an explorer in 60 lines counts."""
    verdict = explored(LamportMutex, servers)
    assert verdict.valid
    assert verdict.states == worlds


def test_the_mutex_needs_links_that_keep_order():
    verdict = explored(LamportMutex, 2, Unordered())
    assert verdict.invalid
    assert "s1 and s2 are inside" in verdict.reason
    events = [type(action.event) for action, _ in verdict.path[1:]]
    assert events == [Call, Call, Deliver, Deliver]


class SkipsClauseI(LamportMutex):
    def may_enter(self):
        mine = self.queue.get(self.id)
        return mine is not None and all(
            self.heard.get(p, mine) > mine for p in self.peers
        )


class SkipsClauseII(LamportMutex):
    def may_enter(self):
        mine = self.queue.get(self.id)
        return mine is not None and mine == min(self.queue.values())


class ComparesClocksOnly(LamportMutex):
    def may_enter(self):
        mine = self.queue.get(self.id)
        return (
            mine is not None
            and mine.clock <= min(ts.clock for ts in self.queue.values())
            and all(self.heard.get(p, mine) > mine for p in self.peers)
        )


MUTANTS = [(SkipsClauseI, 5), (SkipsClauseII, 2), (ComparesClocksOnly, 5)]


@pytest.mark.parametrize(("mutant", "steps"), MUTANTS)
def test_each_mutant_of_rule_5_lets_two_in(mutant, steps):
    verdict = explored(mutant, 2)
    assert verdict.invalid
    assert "s1 and s2 are inside" in verdict.reason
    assert len(verdict.path) == steps + 1
