"""Nodes that nobody runs: what arrives is what somebody delivers."""

from distlab.consensus.raft import ElectionTimeout, Raft, Role
from distlab.node import Deliver, Fire
from distlab.replication.client import Write
from distlab.replication.single_leader import SingleLeader
from distlab.sim.by_hand import ByHand

THREE = ("s1", "s2", "s3")


def test_nothing_arrives_until_it_is_delivered():
    table = ByHand(Raft, THREE)
    table.step("s1", Fire(ElectionTimeout()))
    assert [message[:2] for message in table.on_its_way] == [("s1", "s2"), ("s1", "s3")]
    assert table["s1"].role is Role.CANDIDATE


def test_what_goes_on_between_some_leaves_the_others_waiting():
    table = ByHand(Raft, THREE)
    table.step("s1", Fire(ElectionTimeout()))
    assert table.deliver(("s1", "s2")) > 2
    assert table["s1"].role is Role.LEADER
    assert table["s3"].current_term == 0
    assert {message[1] for message in table.on_its_way} == {"s3"}
    table.lose_the_rest()
    assert table.deliver(THREE) == 0


def test_a_crash_keeps_what_is_durable():
    table = ByHand(Raft, THREE)
    table.step("s1", Fire(ElectionTimeout()))
    table.crash("s1")
    assert (table["s1"].current_term, table["s1"].role) == (1, Role.FOLLOWER)


def test_what_goes_to_others_is_told():
    table = ByHand(SingleLeader, ("s1",))
    table.step("s1", Deliver("c1", Write(1, "x", 7)))
    (sent,) = table.told["s1"]
    assert sent.dst == "c1"
