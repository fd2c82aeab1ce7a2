"""What can be claimed of all worlds: always, sometimes, always possible; in stages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from explored_nodes import Rally

from distlab.check.explore import Unordered, Worlds, explore
from distlab.consensus.paxos import Paxos
from distlab.errors import Misuse
from distlab.node import Call, Message, Node, Timer, ghost, setting, volatile

PROPOSE = {"s1": (Call("propose", ("A",)),), "s2": (Call("propose", ("B",)),)}


class Ask(Message):
    pass


class Answer(Message):
    pass


class Again(Timer):
    pass


class Asks(Node):
    """Asks the next node, again and again if it `insists`, until it is answered."""

    insists: bool = setting(True)
    answered: bool = volatile(False)

    def ask(self):
        self.send(self.peers[0], Ask())
        if self.insists:
            self.set_timer(Again(), 10)

    def on_again(self, timer):
        self.ask()

    def on_ask(self, src, msg):
        self.send(src, Answer())

    def on_answer(self, src, msg):
        if self.answered:
            return self.ignore("has been answered")
        self.answered = True
        self.cancel_timer(Again())
        self.ok()


def always_possible_it_is_answered(world):
    return world.nodes["s1"].answered or world.calls_left["s1"] > 0


def few_messages(world):
    return len(world.messages) < 3


def asked(insists, network):
    return explore(
        Asks,
        servers=2,
        insists=insists,
        workload={"s1": (Call("ask"),)},
        network=network,
        within=few_messages,
        properties=[always_possible_it_is_answered],
    )


def test_who_insists_can_always_be_answered_even_if_messages_are_lost():
    assert asked(True, Unordered(lossy=True)).valid


def test_who_asks_once_cannot_be_answered_any_more_if_the_message_is_lost():
    assert asked(False, Unordered()).valid
    verdict = asked(False, Unordered(lossy=True))
    assert verdict.invalid
    assert verdict.evidence == (
        "  1  s1 is called to ask()",
        "  2  Ask() from s1 never reaches s2: lost",
    )
    assert [step.why for step in verdict.trace.where("drop")] == ["lost"]


def sometimes_both_have_proposed(world):
    return not any(world.calls_left.values())


def sometimes_three_have_proposed(world):
    return world.nodes["s3"].value is not None


def test_what_is_never_seen_leaves_the_verdict_open():
    claims = [sometimes_both_have_proposed, sometimes_three_have_proposed]
    one = {"s1": PROPOSE["s1"]}
    verdict = explore(
        Paxos, servers=3, retry_ms=None, workload=one, properties=claims[:1]
    )
    assert verdict.valid
    verdict = explore(Paxos, servers=3, retry_ms=None, workload=one, properties=claims)
    assert verdict.unknown
    assert verdict.never_seen == ("sometimes three have proposed",)


# --------------------------------------------------------------------------- in stages
def a_is_accepted_by_one(world):
    return [n.id for n in world.nodes.values() if n.accepted] == ["s3"]


def b_is_decided(world):
    return any(n.decided and n.decided.value == "B" for n in world.nodes.values())


def only_s1_proposes(world):
    return world.calls_left["s2"] == 1


def test_a_search_goes_on_from_where_another_has_stopped():
    """In one go the second goal would take all that lies between."""
    worlds = Worlds(Paxos, servers=3, retry_ms=None, workload=PROPOSE)
    first = explore(worlds, goal=a_is_accepted_by_one, within=only_s1_proposes)
    second = explore(worlds, goal=b_is_decided, start=first)
    assert first.valid and second.valid
    assert len(second.path) > len(first.path)
    assert second.path[: len(first.path)] == first.path
    assert second.trace.where("call").steps[0].node == "s1"
    at_once = explore(worlds, goal=b_is_decided)
    assert len(at_once.path) < len(second.path)


def test_to_go_on_needs_the_same_worlds():
    first = explore(Paxos, servers=3, workload=PROPOSE, goal=a_is_accepted_by_one)
    with pytest.raises(Misuse, match="needs the same worlds: make them once"):
        explore(Paxos, servers=3, workload=PROPOSE, start=first)
    with pytest.raises(Misuse, match="a model takes no servers"):
        explore(Worlds(Paxos, servers=3), servers=3)


def test_orders_of_search_reach_the_same_worlds():
    def within(world):
        return world.nodes["s1"].count < 4

    counts = {
        explore(
            Rally,
            servers=2,
            per_node={"s1": {"serves": True}},
            network=Unordered(duplicating=True, lossy=True),
            within=within,
            order=order,
        ).states
        for order in ("breadth", "depth")
    }
    assert len(counts) == 1


# ------------------------------------------------------------------------------- ghosts
class Remembers(Rally):
    """Keeps, for checking only, whether it has ever been told what it knew."""

    bored: bool = ghost(False)

    def on_ping(self, src, msg):
        self.bored |= msg.n != self.count
        super().on_ping(src, msg)


def test_worlds_are_counted_with_and_without_ghosts():
    def within(world):
        return all(node.count <= 2 for node in world.nodes.values())

    counts = {
        ghosts: explore(
            Remembers,
            servers=2,
            per_node={"s1": {"serves": True}},
            network=Unordered(duplicating=True),
            within=within,
            ghosts=ghosts,
        )
        for ghosts in (True, False)
    }
    assert counts[False].states == 5
    assert counts[True].states > counts[False].states
    assert "without ghosts" in counts[False].strength


# ---------------------------------------------------------------------- the same always
SCRIPT = """
from distlab.check.explore import Budget, always, explore
from distlab.check.linearizable import linearizable
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularClient
work = {"c1": (Call("write", ("x", 1)),), "c2": (Call("read", ("x",)),) * 2}
found = explore(AbdReplica, servers=3, clients=(RegularClient, 2), workload=work,
                budget=Budget(timers=0), properties=[always(linearizable)],
                interchangeable="servers")
print(repr(found), found.path, found.trace.digest(), found.recording)
"""


def test_equal_explorations_are_equal_to_the_byte_whatever_the_hashes():
    told = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(told) == 1
