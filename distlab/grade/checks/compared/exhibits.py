"""Seven runs and measurements, for exercise 6.3: each refutes something people say."""

from __future__ import annotations

from typing import Any

from distlab.check.networks import Unordered
from distlab.check.undecided import Game, keep_undecided
from distlab.check.worlds import Worlds
from distlab.consensus.client import Reply, Request
from distlab.consensus.multi_paxos import MultiPaxos
from distlab.consensus.paxos import Paxos
from distlab.consensus.raft import Raft, Role
from distlab.consensus.two_phase_commit import Coordinator, Participant
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.faults import Crash, Cut, Fault, Recover, Split
from distlab.node import Call, Node, NodeId
from distlab.sim import Cluster, Network
from distlab.sim.compare import Comparison, compare

Planned = tuple[float, NodeId, Call]  # when, who, what
READ = Call("read", ("x",))
SEED = 3  # Raft elects s1 with it


class AnswersAtOnce(Raft):
    """Whoever takes itself for the leader answers reads from its own state."""

    def on_request(self, src: NodeId, msg: Request) -> None:
        """A read costs no message; everything else is as in Raft."""
        if msg.call.name != "read" or self.role is not Role.LEADER:
            super().on_request(src, msg)
            return
        _, result = self.machine.apply(self.service.state, msg.call)
        self.send(src, Reply(msg.number, result))


def write(value: str) -> Call:
    """Put it at x."""
    return Call("write", ("x", value))


def service(
    protocol: type[Node],
    faults: tuple[Fault, ...],
    *calls: Planned,
    until_ms: float,
    **settings: Any,
) -> Cluster:
    """Clients of a replicated register; every message takes 2 ms."""
    cluster = Cluster(
        protocol,
        seed=SEED,
        network=Network(latency=2),
        faults=faults,
        timeout_ms=60,
        **{"servers": 3, "clients": 2, **settings},
    )
    for at_ms, client, call in calls:
        cluster.add_call(at_ms, client, call)
    return cluster.run(until_ms)


def two_leaders() -> Cluster:
    """E1. The first leader is cut off, with c1; the others elect a new one."""
    return service(
        AnswersAtOnce,
        (Split((("s1", "c1"), ("s2", "s3", "c2")), at_ms=400),),
        (300, "c1", write("tea")),
        (800, "c2", write("milk")),
        (950, "c1", READ),
        until_ms=1000,
    )


def undecided() -> Game:
    """E2. Two of three nodes propose; no message is lost, and no node stops."""
    calls = {"s1": (Call("propose", ("tea",)),), "s2": (Call("propose", ("milk",)),)}
    worlds = Worlds(
        Paxos,
        servers=3,
        ghosts=False,
        workload=calls,
        network=Unordered(prompt=True),
    )
    return keep_undecided(worlds, decisions, steps=30)


def decisions(world: Any) -> list[Any]:
    """What its nodes have decided."""
    return [node.decided.value for node in world.nodes.values() if node.decided]


def no_answer() -> Cluster:
    """E3. What the leader sends to c1 is lost, and c1 asks once."""
    return service(
        Raft,
        (Cut("s1", "c1"),),
        (300, "c1", write("tea")),
        (500, "c2", READ),
        until_ms=560,
        tries=1,
    )


def two_of_four() -> Cluster:
    """E4. Four servers, and two of them are down for good."""
    return service(
        Raft,
        (Crash("s3", at_ms=250), Crash("s4", at_ms=250)),
        (300, "c1", write("tea")),
        until_ms=800,
        servers=4,
        clients=1,
        tries=5,
    )


def blocked() -> Cluster:
    """E5. Two-phase commit; the coordinator c1 is down when the votes arrive."""
    return Cluster(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, 3),
        network=Network(latency=2),
        faults=(Crash("c1", at_ms=3),),
        workload={"c1": (Call("commit"),)},
    ).run(350)


def costs() -> Comparison:
    """E6. What a command costs if every message takes 1 ms."""
    return compare((MultiPaxos, Raft))


def without_disk() -> Cluster:
    """E7. No command is on a disk; each replica crashes once, one after the other."""
    return service(
        ViewstampedRecovery,
        tuple(
            fault
            for server, at_ms in (("s3", 200), ("s2", 300), ("s1", 400))
            for fault in (Crash(server, at_ms), Recover(server, at_ms + 20))
        ),
        (100, "c1", write("tea")),
        (900, "c2", READ),
        until_ms=1000,
        tries=9,
    )


EXHIBITS = {
    "E1": two_leaders,
    "E2": undecided,
    "E3": no_answer,
    "E4": two_of_four,
    "E5": blocked,
    "E6": costs,
    "E7": without_disk,
}
