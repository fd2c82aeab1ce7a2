"""Exercise 5.4: the adversary, who moves three servers by hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distlab.check.versions import counted
from distlab.consensus.client import Request
from distlab.consensus.raft import (
    AppendEntries,
    ElectionTimeout,
    Entry,
    Heartbeat,
    Raft,
    RequestVote,
    Role,
)
from distlab.errors import Misuse
from distlab.events import Call, Deliver, Fire
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
)
from distlab.node import NodeId, volatile
from distlab.sim.by_hand import ByHand

Move = tuple[str, ...]
COPIES, VOTE = "counts copies", "forgets its vote"
SERVERS = ("s1", "s2", "s3")
MOVES_MAX = 30

adversary = Exercise(
    "5.4",
    "The adversary",
    "05_raft",
    Literal("RAFT_MOVES", stub={COPIES: (), VOTE: ()}),
)


# -------------------------------------------------------------------- what is played on
class WithoutNoOp(Raft):
    """A new leader appends nothing of its own, as in Figure 8."""

    def become_leader(self) -> None:
        """Only lead."""
        self.note("leads")
        self.role, self.leader = Role.LEADER, self.id
        self.next_index = dict.fromkeys(self.peers, self.log.last_index + 1)
        self.match_index = dict.fromkeys(self.peers, 0)


class CountsCopies(WithoutNoOp):
    """Takes for committed what a majority has, whatever its term."""

    def advance_commit_index(self) -> None:
        """The rule of section 5.4.2, without its last condition."""
        for index in range(self.commit_index + 1, self.log.last_index + 1):
            have = [self.id, *(p for p in self.peers if self.match_index[p] >= index)]
            if self.quorum.has(have):
                self.commit_index = index


class ForgetsItsVote(WithoutNoOp):
    """After a crash it does not know for whom it has voted."""

    voted_for: NodeId | None = volatile(None)


class Table:
    """Three servers that do what a list of moves says, and what came of it."""

    def __init__(self, kind: type[Raft], moves: Iterable[Move] = ()):
        self.hands = ByHand(kind, SERVERS)
        self.led: dict[int, list[NodeId]] = {}  # by term
        self.executed: dict[int, Entry] = {}  # by index, whoever did
        self.lines: list[str] = []
        self.lost = ""  # what was executed, and is not in a later leader's log
        for move in moves:
            self.make(move)

    def make(self, move: Move) -> None:
        """Make a move; all messages that it does not ask for are lost."""
        what, who, *others = move
        getattr(self, what)(who, *others)
        self.hands.lose_the_rest()
        self.look(" ".join(move))

    def node(self, id: NodeId) -> Any:
        """One of the servers."""
        return self.hands[id]

    def stand(self, who: NodeId, *voters: NodeId) -> None:
        """Its timeout ends; these are asked, and their answers come back."""
        if self.node(who).role is not Role.LEADER:
            self.hands.step(who, Fire(ElectionTimeout()))
        self.round_trips(who, voters, RequestVote)

    def write(self, who: NodeId) -> None:
        """A client gives it a command; it takes it if it leads."""
        number = len(self.lines) + 1
        command = Call("write", ("x", number))
        self.hands.step(who, Deliver("c1", Request(number, command)))

    def copy(self, who: NodeId, *followers: NodeId) -> None:
        """It sends its log to these, until they have all of it."""
        if self.node(who).role is Role.LEADER:
            self.hands.step(who, Fire(Heartbeat()))
        self.round_trips(who, followers, AppendEntries)

    def crash(self, who: NodeId) -> None:
        """It crashes, and is back with its disk."""
        self.hands.crash(who)

    def round_trips(
        self, who: NodeId, others: tuple[NodeId, ...], kind: type[object]
    ) -> None:
        """Messages of one kind to these, what they answer, and again."""
        hands = self.hands
        while sent := [
            m for m in hands.on_its_way if m[1] in others and isinstance(m[2], kind)
        ]:
            hands.lose_the_rest()
            for src, dst, msg in sent:
                hands.step(dst, Deliver(src, msg))
            answers = [m for m in hands.on_its_way if m[1] == who]
            hands.lose_the_rest()
            for src, dst, msg in answers:
                hands.step(dst, Deliver(src, msg))
            if kind is RequestVote:
                return

    def look(self, move: str) -> None:
        """Write down who leads, what is executed, and what is lost."""
        for id in SERVERS:
            node = self.node(id)
            if node.role is Role.LEADER:
                leaders = self.led.setdefault(node.current_term, [])
                leaders += [id] if id not in leaders else []
        newest = max(self.led, default=0)
        for id in self.led.get(newest, ()):
            node = self.node(id)
            for index, entry in self.executed.items():
                leads = node.role is Role.LEADER and node.current_term == newest
                there = node.log.last_index >= index and node.log[index] == entry
                if leads and not there and not self.lost:
                    self.lost = f"{id} leads term {newest} without entry {index}"
        for id in SERVERS:
            node = self.node(id)
            for index in range(1, node.commit_index + 1):
                self.executed.setdefault(index, node.log[index])
        self.lines.append(f"{move:16}{'   '.join(map(self.told, SERVERS))}")

    def told(self, id: NodeId) -> str:
        """`s1 leads 2: 1 (2)`: its term, its log; in brackets what it has executed."""
        node = self.node(id)
        does = {Role.LEADER: "leads", Role.CANDIDATE: "stands in"}
        terms = [
            f"({e.term})" if i <= node.commit_index else str(e.term)
            for i, e in enumerate(node.log.after(0), 1)
        ]
        text = f"{id} {does.get(node.role, 'is in')} {node.current_term}:"
        return f"{text} {' '.join(terms)}".ljust(24)

    def __repr__(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)


def moves_of(answer: Any, name: str) -> tuple[Move, ...]:
    """The moves of the answer. Raises `Misuse` for what is none."""
    if not isinstance(answer, dict) or set(answer) != {COPIES, VOTE}:
        raise Misuse("RAFT_MOVES has two lists of moves: keep their names.")
    given = answer[name]
    if not isinstance(given, (tuple, list)) or any(isinstance(m, str) for m in given):
        raise Misuse(
            f'{name}: give a list of moves; one alone is `(("write", "s1"),)`.'
        )
    if not given:
        raise NotImplementedError(f"no moves for {name!r} yet")
    if len(given) > MOVES_MAX:
        raise Misuse(f"{name}: {len(given)} moves; a dozen are more than enough.")
    for move in given:
        require_move(name, move)
    return tuple(tuple(move) for move in given)


def require_move(name: str, move: Any) -> None:
    """Raise `Misuse` unless this is `("stand", "s1", "s2")`, or the like."""
    match move:
        case (("stand" | "copy"), str(who), *others) if others:
            pass
        case (("write" | "crash"), str(who)):
            others = []
        case _:
            raise Misuse(
                f'{name}: {move!r} is no move: write `("stand", "s1", "s2")`, '
                f'`("write", "s1")`, `("copy", "s1", "s2")` or `("crash", "s1")`.'
            )
    for server in (who, *others):
        if server not in SERVERS:
            raise Misuse(f"{name}, {move!r}: there are s1, s2 and s3, and no {server}.")
    if who in others:
        raise Misuse(f"{name}, {move!r}: name the others, {who} need not be asked.")


# ---------------------------------------------------------------------- what is claimed
def scored(table: Table, smallest: int, came: str) -> Outcome:
    """It works; how short is it?"""
    count = len(table.lines)
    told = f"{came}, after {counted(count, 'move')}"
    return by_size(count, smallest, told, str(table), advice=SHORTER)


SHORTER = (
    "It works, and there is a shorter way: which moves only clear up after others?"
)


@adversary.claim(
    "an executed entry is lost, where the leader counts copies",
    points=4,
    public=1,
    hidden=0,
)
def loses(answer: Any, case: Case) -> Outcome:
    """The same moves do Raft's own rule no harm."""
    moves = moves_of(answer, COPIES)
    table = Table(CountsCopies, moves)
    if table.lost:
        assert not Table(WithoutNoOp, moves).lost
        return scored(table, 7, table.lost)
    return broken("nothing that was executed is lost", str(table), advice=why(table))


def why(table: Table) -> str:
    """What to think of, from how far it came."""
    if not table.led:
        return LEADS
    nodes = [table.node(id) for id in SERVERS]
    if all(node.log.last_index == 0 for node in nodes):
        return WRITES
    if not table.executed:
        return EXECUTES
    terms = {e.term for node in nodes for e in node.log.after(0)}
    if len(terms) < 2:
        return RIVAL
    old = table.executed[min(table.executed)].term
    return TOO_OLD if old == max(terms) else ELECTS


LEADS = "Nobody leads: a candidate needs the vote of one of the other two."
WRITES = "No log has an entry: who gets a command while it leads keeps it."
EXECUTES = "Nothing is executed: a leader has to copy an entry to one of the others."
RIVAL = "There is no other entry: who could be elected with a log that is later?"
TOO_OLD = "What is executed is of the latest term: whoever has less is not elected."
ELECTS = "There is a later entry elsewhere. Is its server elected, after all this?"


@adversary.claim(
    "two lead one term, where a server forgets its vote",
    points=2,
    public=1,
    hidden=0,
)
def two_leaders(answer: Any, case: Case) -> Outcome:
    """Not one after the other: in the same term."""
    table = Table(ForgetsItsVote, moves_of(answer, VOTE))
    for term, leaders in table.led.items():
        if len(leaders) > 1:
            return scored(table, 3, f"{' and '.join(leaders)} lead term {term}")
    crashed = any(line.startswith("crash") for line in table.lines)
    advice = FORGETS if not crashed else LEADS if not table.led else SAME
    terms = ", ".join(f"{who[0]} leads term {t}" for t, who in table.led.items())
    return broken(terms or "nobody leads", str(table), advice=advice)


FORGETS = "A server forgets its vote when it crashes."
SAME = (
    "Each of them in a term of its own. Who is asked learns the term: a candidate "
    "that stood alone stands in the next one."
)
