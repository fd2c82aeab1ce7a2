"""Figures 7 and 8 of the paper, set up and run by hand: no time passes, no dice.

A `Table` delivers what it is told to, and nothing else; the rest stays on its way.
"""

from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Heartbeat,
    Raft,
    Role,
)
from distlab.node import (
    Call,
    Deliver,
    Fire,
    Log,
    NodeId,
    Output,
)
from distlab.replicated import Command, Delivered
from distlab.sim.by_hand import ByHand

# Figure 7: the log of the leader of term 8, and those that its followers may have.
LEADER = (1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
FOLLOWERS = {
    "a": (1, 1, 1, 4, 4, 5, 5, 6, 6),
    "b": (1, 1, 1, 4),
    "c": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6),
    "d": (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7),
    "e": (1, 1, 1, 4, 4, 4, 4),
    "f": (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
}


def log(*terms: int) -> Log[Entry]:
    """Entries of these terms: two of one index and term are the same."""
    commands = (
        Command("client", index, Call("write", ("x", index)))
        for index in range(1, len(terms) + 1)
    )
    return Log(*map(Entry, terms, commands))


def terms(node: Raft) -> tuple[int, ...]:
    """The log as the figures draw it."""
    return tuple(entry.term for entry in node.log)


class Table(ByHand):
    """Replicas of Raft on which elections can be held."""

    def delivered(self, id: NodeId) -> list[Delivered]:
        """What a replica has told the layer above."""
        return [said.value for said in self.told[id] if isinstance(said, Output)]

    def elect(self, id: NodeId, term: int, voters: tuple[NodeId, ...]) -> None:
        """Let it stand up to a term, and these vote; what it then sends is lost."""
        while self.nodes[id].current_term < term:
            self.lose_the_rest()
            self.step(id, Fire(ElectionTimeout()))
        for voter in voters:
            for message in [m for m in self.on_its_way if m[1] == voter]:
                self.step(voter, Deliver(id, message[2]))
        answers = [m for m in self.on_its_way if m[1] == id]
        self.lose_the_rest()
        for voter, _, msg in answers:
            self.step(id, Deliver(voter, msg))
        self.lose_the_rest()


# ----------------------------------------------------------------------------- Figure 7
def repair(kind: type[Raft], name: str) -> tuple[int, tuple[int, ...]]:
    """How often a follower refuses until its log is the leader's, and what it is then.

    The leader of term 8 has just been elected; its no-op comes on top of the figure.
    """
    table = Table(kind, ("leader", name, "third"))
    for id, entries in (("leader", LEADER), (name, FOLLOWERS[name]), ("third", LEADER)):
        table.nodes[id].load({"log": log(*entries), "current_term": 7})
    table.elect("leader", 8, ("third",))
    leader, refusals = table.nodes["leader"], 0
    table.step("leader", Fire(Heartbeat()))
    while table.on_its_way:
        src, dst, msg = table.on_its_way.pop(0)
        if isinstance(msg, AppendEntriesResponse) and not msg.success:
            refusals += 1
        table.step(dst, Deliver(src, msg))
    assert table.nodes[name].log == leader.log
    return refusals, terms(table.nodes[name])


# ----------------------------------------------------------------------------- Figure 8
def figure_8(kind: type[Raft], stops_at: str = "d") -> Table:
    """(a) to (d): the leader of term 4 has copied an entry of term 2, and is replaced.

    Or to (e), where it has first copied one of its own term too.
    """
    table = Table(kind, ("s1", "s2", "s3", "s4", "s5"))
    nodes = table.nodes
    for node in nodes.values():
        node.load({"log": log(1), "current_term": 1})
    # (a) s1 leads term 2 and copies its entry to s2 alone
    table.elect("s1", 2, ("s2", "s3"))
    table.step("s1", Fire(Heartbeat()))
    table.deliver(("s1", "s2"))
    # (b) s1 crashes; s5 leads term 3 by the votes of s3 and s4, with an entry
    table.crash("s1")
    table.elect("s5", 3, ("s3", "s4"))
    # (c) s5 crashes; s1 leads term 4 and copies on: the entry of term 2 reaches s3
    table.crash("s5")
    table.elect("s1", 4, ("s2", "s3"))
    leader = nodes["s1"]
    assert (leader.current_term, terms(leader)) == (4, (1, 2, 4))
    for follower in ("s2", "s3"):
        sent = leader.log.after(1) if stops_at == "e" else leader.log.cut(2).after(1)
        msg = AppendEntries(4, 1, 1, tuple(sent), leader.commit_index)
        table.step(follower, Deliver("s1", msg))
    table.deliver(("s1", "s2", "s3"))
    # (d) s1 crashes; s5 stands: s2, s3 and s4 are asked
    table.crash("s1")
    table.elect("s5", 5, ("s2", "s3", "s4"))
    if nodes["s5"].role is Role.LEADER:
        table.step("s5", Fire(Heartbeat()))
    table.deliver(("s2", "s3", "s4", "s5"))
    return table
