"""Exercise 6.4: the network's part in the game of Fischer, Lynch and Paterson."""

from __future__ import annotations

from typing import Any, cast

from distlab.consensus.paxos import Paxos, Retry
from distlab.errors import Misuse
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    kept,
    partly,
)
from distlab.node import Call, Deliver, Fire, NodeId
from distlab.show.naming import told
from distlab.sim.by_hand import ByHand

Move = NodeId | tuple[NodeId, NodeId]  # who begins again, or between whom one arrives
SERVERS = ("s1", "s2", "s3")
PROPOSALS = {"s1": "tea", "s2": "milk"}
PATIENCE = 8  # moves that a message waits at most
GOAL = 24  # moves that are enough
BY_CHANCE = 12  # moves without a decision, of the median game that chance plays

duel = Exercise(
    "6.4",
    "Never a decision",
    "06_consensus_compared",
    Literal("MOVES", stub=()),
)


class Game:
    """Three nodes, and what is on its way between them. `play` makes one move."""

    def __init__(self) -> None:
        self.table = ByHand(Paxos, SERVERS)
        self.since: list[int] = []  # of each message on its way: the move that sent it
        self.moves = 0
        for id, value in PROPOSALS.items():
            self.table.step(id, Call("propose", (value,)))
        self.settle()

    def settle(self) -> None:
        """What a node sends to itself arrives at once."""
        for id in SERVERS:
            self.table.deliver((id,))
        new = len(self.table.on_its_way) - len(self.since)
        self.since += [self.moves] * new

    def node(self, id: NodeId) -> Paxos:
        """A node, to look at."""
        return cast(Paxos, self.table[id])

    @property
    def decided(self) -> dict[NodeId, Any]:
        """Who has decided, and what."""
        found = {id: self.node(id).decided for id in SERVERS}
        return {id: msg.value for id, msg in found.items() if msg}

    @property
    def overdue(self) -> tuple[NodeId, NodeId] | None:
        """Between whom a message has to arrive with the next move, if it must."""
        if not self.since or self.moves - self.since[0] < PATIENCE:
            return None
        src, dst, _ = self.table.on_its_way[0]
        return src, dst

    def refused(self, id: NodeId) -> bool:
        """Whether this node has proposed, and was outbid."""
        node = self.node(id)
        return id in PROPOSALS and node.pending is None and node.decided is None

    def play(self, move: Move) -> str:
        """Make a move; what it was. Raises `Misuse` where it cannot be made."""
        if self.overdue not in (None, move):
            src, dst = self.overdue or ("", "")
            raise Misuse(
                f"a message from {src} to {dst} has waited for {PATIENCE} moves, and "
                f"this move is {move!r}: it has to arrive now."
            )
        what = self.begin(move) if isinstance(move, str) else self.deliver(*move)
        self.moves += 1
        self.settle()
        return what

    def begin(self, id: NodeId) -> str:
        """A node that was refused begins again, with a higher ballot."""
        if not self.refused(id):
            raise Misuse(
                f"{id} cannot begin again: nobody has refused its last ballot."
            )
        self.table.step(id, Fire(Retry()))
        return f"{id} begins again"

    def deliver(self, src: NodeId, dst: NodeId) -> str:
        """The message that has been on its way between these for longest arrives."""
        for i, (a, b, msg) in enumerate(self.table.on_its_way):
            if (a, b) == (src, dst):
                del self.table.on_its_way[i], self.since[i]
                self.table.step(dst, Deliver(src, msg))
                return f"{src} → {dst}  {told(msg)}"
        raise Misuse(f"nothing is on its way from {src} to {dst}.")

    def __str__(self) -> str:
        """What may arrive next, the oldest first; and who may begin again."""
        lines = [f"after {self.moves} moves there are on their way:"]
        for (src, dst, msg), sent in zip(
            self.table.on_its_way, self.since, strict=True
        ):
            lines.append(f"    {src} → {dst}  {told(msg)}, since move {sent}")
        lines += [f"{id} may begin again" for id in PROPOSALS if self.refused(id)]
        lines += [f"{id} has decided {value}" for id, value in self.decided.items()]
        return "\n".join(lines)


def played(moves: Any) -> tuple[Game, list[str], str]:
    """The game after these moves, what they were, and why it does not go on."""
    if not isinstance(moves, (tuple, list)):
        raise Misuse("MOVES is a tuple of moves; one alone is written `(…,)`.")
    game, told_moves = Game(), []
    for move in moves[:GOAL]:
        if game.decided:
            break
        try:
            told_moves.append(game.play(checked(move)))
        except Misuse as why:
            return game, told_moves, str(why)
    return game, told_moves, ""


def checked(move: Any) -> Move:
    """A move as it was meant. Raises `Misuse` for what is none."""
    match move:
        case str() if move in SERVERS:
            return move
        case (str(src), str(dst)) if src in SERVERS and dst in SERVERS and src != dst:
            return src, dst
    raise Misuse(
        f'{move!r} is no move: write ("s1", "s2") for the oldest message from s1 to '
        f's2, or "s1" if s1 begins again.'
    )


# ---------------------------------------------------------------------- what is claimed
@duel.claim(f"after {GOAL} moves nobody has decided", points=5, public=1, hidden=0)
def undecided(answer: Any, case: Case) -> Outcome:
    """As many moves as a network makes by chance earn nothing."""
    game, moves, why = played(answer)
    numbered = [f"{i:>4}  {what}" for i, what in enumerate(moves, 1)]
    shown = "\n".join([*numbered, str(game)])
    share = (len(moves) - BY_CHANCE) / (GOAL - BY_CHANCE)
    if why:
        came = f"move {len(moves) + 1} cannot be made: {why}"
        return partly(share, came, shown, advice=CANNOT)
    if game.decided:
        who, value = next(iter(game.decided.items()))
        came = f"with move {len(moves)}, {who} decides {value}"
        return partly(min(share, 0.9), came, shown, advice=SETTLED)
    if len(moves) < GOAL:
        came = f"{len(moves)} moves, and nobody has decided"
        return partly(share, came, shown, advice=ON)
    return kept(f"{GOAL} moves, and nobody has decided", shown)


CANNOT = "Below is what was on its way, the oldest first: what may arrive, does."
SETTLED = "That was one answer too many. Who could have been outbid before it came?"
ON = f"It is undecided: go on from here, up to {GOAL} moves."
