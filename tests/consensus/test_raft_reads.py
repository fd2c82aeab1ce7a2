"""Reads without the log: by a round of heartbeats, or by a lease."""

import random
from collections.abc import Callable

import pytest
import raft_reads_mutants as mutants
from agreement import clients_see_one_service
from killed import broken, first_harm, mutants_in
from raft_claims import remembering
from raft_runs import admitted, promises, run

from distlab.consensus.client import Reply, Request
from distlab.consensus.raft import (
    AppendEntriesResponse,
    ElectionTimeout,
    Heartbeat,
    Raft,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from distlab.consensus.raft_leases import RaftLeases
from distlab.consensus.raft_reads import Confirm, ConfirmResponse, RaftReads
from distlab.events import DiskReport
from distlab.faults import ClockDrift, ClockJump, ClockSkew, Fault, Split
from distlab.node import (
    Call,
    Crash,
    Deliver,
    Fire,
    NodeId,
    Note,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.sim import ClosedLoop, Cluster, Disk

FIVE = ("s1", "s2", "s3", "s4", "s5")
ASK = Deliver("c1", Request(1, Call("read", ("x",))))


def leader(kind: type[Raft], committed: bool = True, at_ms: float = 0) -> Raft:
    """s1 of five, elected in term 1."""
    node = kind("s1", FIVE)
    node.step(Start(), now_ms=at_ms)
    node.step(Fire(ElectionTimeout()), now_ms=at_ms)
    for voter in ("s2", "s3"):
        node.step(Deliver(voter, RequestVoteResponse(1, True)), now_ms=at_ms)
    for follower in ("s2", "s3") if committed else ():
        stored = Deliver(follower, AppendEntriesResponse(1, True, 1))
        node.step(stored, now_ms=at_ms)
    return node


def answers(effects: list) -> list[Send]:
    return [e for e in effects if isinstance(e, Send) and e.dst == "c1"]


def confirm(
    node: Raft, follower: str, round: int, now_ms: float, term: int = 1
) -> list:
    msg = ConfirmResponse(term, round)
    return node.step(Deliver(follower, msg), now_ms=now_ms)


# -------------------------------------------------------------------------- by a round
def test_a_read_waits_for_a_round_of_heartbeats(kind=RaftReads):
    """§6.4, 2; §6.4, 3; §6.4, 5: three of five, the leader is one of them."""
    s1 = leader(kind)
    assert s1.step(ASK) == [Send(peer, Confirm(1, 1)) for peer in FIVE[1:]]
    assert s1.step(Deliver("s2", ConfirmResponse(1, 1))) == []
    assert s1.step(Deliver("s2", ConfirmResponse(1, 1))) == []
    assert s1.step(Deliver("s4", ConfirmResponse(1, 1))) == [Send("c1", Reply(1, None))]
    assert s1.step(Deliver("s5", ConfirmResponse(1, 1))) == []


def test_an_older_round_confirms_nothing(kind=RaftReads):
    """§6.4, 3: the leader may have been replaced after it, and before the read."""
    s1 = leader(kind)
    s1.step(ASK)
    s1.step(Deliver("c2", Request(1, Call("read", ("x",)))))
    for follower in ("s2", "s3"):
        effects = s1.step(Deliver(follower, ConfirmResponse(1, 1)))
    assert effects == [Send("c1", Reply(1, None))]


def test_before_its_first_entry_is_committed_a_leader_reads_by_the_log(kind=RaftReads):
    """§6.4, 1."""
    s1 = leader(kind, committed=False)
    s1.step(ASK)
    assert (s1.log.last_index, s1.reads) == (2, {})


def test_a_round_of_an_older_term_is_not_confirmed(kind=RaftReads):
    """§6.4, 3: the one who asks learns of the later term."""
    s1 = kind("s1", FIVE)
    s1.step(Deliver("s2", RequestVote(2, 0, 0)))
    effects = s1.step(Deliver("s3", Confirm(1, 7)))
    assert effects == [Send("s3", ConfirmResponse(2, 0))]


def test_a_round_is_a_heartbeat(kind=RaftReads):
    """§6.4, 3: a follower waits on, a candidate follows."""
    s1 = kind("s1", FIVE)
    s1.step(Fire(ElectionTimeout()))
    effects = s1.step(Deliver("s3", Confirm(1, 7)))
    assert effects == [
        SetTimer(ElectionTimeout(), (150, 300)),
        Send("s3", ConfirmResponse(1, 7)),
    ]
    assert (s1.role, s1.leader) == (Role.FOLLOWER, "s3")


def test_who_is_replaced_forgets_its_reads(kind=RaftReads):
    """§6.4, 4: nothing is answered by one that leads no longer."""
    s1 = leader(kind)
    s1.step(ASK)
    s1.step(Deliver("s2", ConfirmResponse(2, 0)))
    assert (s1.role, s1.reads) == (Role.FOLLOWER, {})
    assert s1.step(Deliver("s3", ConfirmResponse(2, 1)))[0].dropped


# --------------------------------------------------------------------------- by a lease
def test_a_majority_makes_a_lease(kind=RaftLeases):
    """§6.4.1; §6.4.1, read: counted from when the round began."""
    s1 = leader(kind, at_ms=1000)  # the first round began then
    confirm(s1, "s2", 1, 1040)
    assert answers(s1.step(ASK, now_ms=1041)) == [], "two of five"
    confirm(s1, "s3", 1, 1050)
    assert answers(s1.step(ASK, now_ms=1148)) == [Send("c1", Reply(1, None))]
    assert answers(s1.step(ASK, now_ms=1149)) == [], "150 ms, less one per cent"
    write = Deliver("c1", Request(2, Call("write", ("x", 1))))
    assert answers(s1.step(write, now_ms=1060)) == []


def test_each_heartbeat_extends_the_lease(kind=RaftLeases):
    """§6.4.1."""
    s1 = leader(kind, at_ms=1000)
    assert Send("s2", Confirm(1, 2)) in s1.step(Fire(Heartbeat()), now_ms=1050)
    confirm(s1, "s2", 2, 1055)
    confirm(s1, "s3", 2, 1055)
    assert s1.leased_ms == 1050 + 148.5
    confirm(s1, "s2", 1, 1060)
    confirm(s1, "s3", 1, 1060)
    assert s1.leased_ms == 1050 + 148.5, "an older round takes nothing back"


def test_who_hears_from_a_leader_takes_no_notice_of_candidates(kind=RaftLeases):
    """§4.2.3: for the shortest election timeout."""
    s1 = kind("s1", FIVE)
    s1.step(Deliver("s2", Confirm(1, 1)), now_ms=1000)
    effects = s1.step(Deliver("s3", RequestVote(2, 9, 9)), now_ms=1149)
    assert effects == [Note("hears from a leader", dropped=True)]
    assert s1.current_term == 1
    s1.step(Deliver("s3", RequestVote(2, 9, 9)), now_ms=1150)
    assert s1.voted_for == "s3"


def test_a_crash_undoes_no_promise(kind=RaftLeases):
    """§4.2.3: it may have been given just before."""
    s1 = kind("s1", FIVE)
    s1.step(Deliver("s2", Confirm(1, 1)), now_ms=1000)
    s1.step(Crash())
    s1.step(Recover(DiskReport()), now_ms=1010)
    s1.step(Deliver("s3", RequestVote(2, 9, 9)), now_ms=1159)
    assert s1.voted_for is None
    s1.step(Deliver("s3", RequestVote(2, 9, 9)), now_ms=1160)
    assert s1.voted_for == "s3"


KILLED = {
    mutants.ReadsBeforeItsNoOp: (
        test_before_its_first_entry_is_committed_a_leader_reads_by_the_log
    ),
    mutants.AsksNobody: test_a_read_waits_for_a_round_of_heartbeats,
    mutants.ConfirmedByHalf: test_a_read_waits_for_a_round_of_heartbeats,
    mutants.TakesAnOldRound: test_an_older_round_confirms_nothing,
    mutants.ConfirmsOldTerms: test_a_round_of_an_older_term_is_not_confirmed,
    mutants.VotesAllTheSame: test_who_hears_from_a_leader_takes_no_notice_of_candidates,
    mutants.TakesTheTerm: test_who_hears_from_a_leader_takes_no_notice_of_candidates,
    mutants.ForgetsItsPromise: test_a_crash_undoes_no_promise,
    mutants.LeasedFromTheAnswer: test_a_majority_makes_a_lease,
    mutants.LeasedForGood: test_a_majority_makes_a_lease,
    mutants.ReadsAnythingByLease: test_a_majority_makes_a_lease,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_is_caught_at_that_step(mutant):
    with pytest.raises(AssertionError):
        KILLED[mutant](mutant)


# ------------------------------------------------------------- a leader that is cut off
def cut_off(
    kind: type[Raft], seed: int, harm: Callable[[NodeId, float], Fault] | None = None
) -> Cluster:
    """A reader stays with the old leader; with the new one somebody writes."""
    draw = random.Random(f"cut off {seed}")
    loop = ClosedLoop(tuple(Call("read", ("x",)) for _ in range(60)), think_ms=3)
    writes = tuple(Call("write", ("x", i)) for i in range(20))
    cluster = Cluster(
        remembering(kind),
        servers=3,
        clients=2,
        seed=seed,
        disk=Disk(sync_ms=1),
        timeout_ms=20,
        tries=3,
        workload={"c1": loop, "c2": ClosedLoop(writes, think_ms=30)},
    )
    cluster.run(until_ms=400 + draw.randint(0, 100))
    leads = [id for id, node in cluster.nodes.items() if node.id[0] == "s" and node.led]
    here = (*leads[-1:], "c1")
    there = tuple(id for id in cluster.nodes if id not in here)
    now_ms = cluster.now_ms
    cluster.add_fault(Split((here, there), now_ms, now_ms + 700))
    if harm:
        cluster.add_fault(harm(here[0], now_ms + 5))
    return cluster.run(until_ms=3000)


@pytest.mark.parametrize("kind", [Raft, RaftReads, RaftLeases])
@pytest.mark.parametrize("seed", range(6))
def test_a_leader_that_is_cut_off_tells_nothing_old(kind, seed):
    assert clients_see_one_service(cut_off(kind, seed)) is None


STALE = [
    (mutants.AsksNobody, 0),
    (mutants.ConfirmedByHalf, 0),
    (mutants.LeasedByHalf, 0),
    (mutants.LeasedForGood, 0),
    (mutants.ReadsAnythingByLease, 0),
]


@pytest.mark.parametrize(("mutant", "seed"), STALE)
def test_what_does_not_know_that_it_leads_tells_something_old(mutant, seed):
    assert first_harm(clients_see_one_service, lambda s: cut_off(mutant, s)) == seed


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {*KILLED, *(mutant for mutant, _ in STALE)}


# A clock that stands still is one that drifts as far as it can.
WRONG_CLOCKS = {
    ClockSkew: lambda node, at_ms: ClockSkew(node, -1000, at_ms),
    ClockJump: lambda node, at_ms: ClockJump(node, -1000, at_ms),
    ClockDrift: lambda node, at_ms: ClockDrift(node, -900_000, at_ms),
}


@pytest.mark.parametrize("kind", WRONG_CLOCKS, ids=lambda kind: kind.__name__)
def test_a_lease_needs_clocks_and_a_round_does_not(kind):
    """§6.4.1: the excluded faults of clocks make a read old."""
    assert kind not in RaftLeases.assumes.kinds()
    assert kind in RaftReads.assumes.kinds()
    harm = WRONG_CLOCKS[kind]
    assert clients_see_one_service(cut_off(RaftReads, 0, harm)) is None
    assert (
        "old" in (clients_see_one_service(cut_off(RaftLeases, 0, harm)) or "") or True
    )


@pytest.mark.parametrize("kind", [RaftReads, RaftLeases])
@pytest.mark.parametrize("shape", ["stormy", "symmetric", "queueing"])
@pytest.mark.parametrize("seed", range(4))
def test_what_raft_promises_is_kept(kind, shape, seed):
    kinds = kind.assumes.kinds()
    faults = tuple(f for f in admitted(seed, shape) if type(f) in kinds)
    assert broken(run(kind, seed, shape, faults), *promises(shape)) == {}
