"""Exercise 5.1: who gets a vote, asked by hand and in every schedule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.networks import Ordered
from distlab.consensus.raft import (
    AppendEntries,
    Entry,
    Raft,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from distlab.events import Crash, Deliver, DiskReport, Recover, Send, Start
from distlab.grade.checks.raft.adversary import WithoutNoOp
from distlab.grade.exercise import Case, Exercise, Method, Outcome, broken, kept
from distlab.node import NodeId

Terms = tuple[int, ...]  # of the entries of a log
Ask = tuple[NodeId, RequestVote] | None  # None: the voter crashes, and is back
SERVERS = ("s1", "s2", "s3")

votes = Exercise("5.1", "A vote", "05_raft", Method("MyVoter", Raft, ("may_vote",)))


# ------------------------------------------------------------------------- what is run
def voter(kind: Any, log: Terms, term: int) -> Any:
    """s2, with a log that the leader of this term has sent it."""
    node = kind("s2", SERVERS)
    node.step(Start())
    entries = tuple(Entry(each, None) for each in log)
    node.step(Deliver("s1", AppendEntries(term, 0, 0, entries, 0)))
    return node


def said(node: Any, ask: Ask) -> bool | None:
    """Whether it grants its vote; None if it does not say."""
    if ask is None:
        node.step(Crash())
        node.step(Recover(DiskReport()))
        return None
    for effect in node.step(Deliver(*ask)):
        if isinstance(effect, Send) and isinstance(effect.msg, RequestVoteResponse):
            return bool(effect.msg.vote_granted)
    return None


def first_wrong(node: Any, log: Terms, term: int, asks: Iterable[Ask]) -> int | None:
    """The place of the first request that it answers otherwise than Raft."""
    theirs, ours = voter(node, log, term), voter(Raft, log, term)
    for place, ask in enumerate(asks):
        if said(theirs, ask) is not said(ours, ask):
            return place
    return None


def told(log: Terms, asks: Iterable[Ask], granted: bool) -> str:
    """What the voter was asked, line by line, and what it said at last."""
    lines = [f"the log of s2 has the terms  {listed(log)}"]
    for ask in asks:
        if ask is None:
            lines.append("s2 crashes, and is back")
        else:
            src, msg = ask
            last = (
                f"its last entry is {msg.last_log_index}, of term {msg.last_log_term}"
            )
            lines.append(f"{src} asks for a vote in term {msg.term}; {last}")
    return "\n".join([*lines, f"s2 {'grants it' if granted else 'refuses'}"])


def listed(log: Terms) -> str:
    """`1 1 2`"""
    return " ".join(map(str, log)) or "(none)"


def request(term: int, log: Terms) -> RequestVote:
    """What somebody with this log asks."""
    return RequestVote(term, len(log), log[-1] if log else 0)


# ---------------------------------------------------------------------- what is claimed
def crowds(length: int) -> Iterator[tuple[Ask, ...]]:
    """s1 and s3 ask in terms 2 and 3, their logs equal to the voter's; it may crash."""
    same = [(src, request(t, (1,))) for src, t in product(("s1", "s3"), (2, 3))]
    yield from product((*same, None), repeat=length)


@votes.claim("it votes for one candidate a term", points=2, public=1, hidden=0)
def once(node: Any, case: Case) -> Outcome:
    """Whoever asks, however often, and whatever crashes: up to three times."""
    count = 0
    for asks in (asks for length in (1, 2, 3) for asks in crowds(length)):
        place = first_wrong(node, (1,), 1, asks)
        if place is not None:
            return wrong_vote(asks[: place + 1])
        count += 1
    return kept(f"{count} ways to ask, each answered rightly")


def wrong_vote(asks: tuple[Ask, ...]) -> Outcome:
    """What to think of, from what was asked before."""
    *before, last = asks
    right = voter(Raft, (1,), 1)
    granted = not [said(right, ask) for ask in asks][-1]
    assert last is not None
    same_term = [a[0] for a in before if a is not None and a[1].term == last[1].term]
    if granted:
        advice = DISK if None in before else ONE
    else:
        advice = AGAIN if last[0] in same_term else FIRST
    came = f"it {'grants' if granted else 'refuses'} {last[0]} a vote"
    return broken(came, told((1,), asks, granted), advice=advice)


ONE = "It has voted for another one in this term: two could get a majority."
DISK = "It had voted for another one before it crashed. `self.voted_for` is on disk."
AGAIN = "It has voted for this very candidate: its answer may have been lost."
FIRST = "It has voted for nobody in this term, and the two logs are the same."
SMALL = ((1,), (2,), (1, 1), (1, 2), (3,), (1, 3), (1, 1, 1), (1, 1, 2), ())


@votes.claim(
    "it votes for nobody whose log is behind its own", points=3, public=2, hidden=3
)
def not_behind(node: Any, case: Case) -> Outcome:
    """All pairs of small logs, and some longer ones; votes that it gives come first."""
    pairs = [((1, 2), (1,)), *product(SMALL, repeat=2), *longer(case)]
    wrong = [
        (mine, theirs)
        for mine, theirs in pairs
        if first_wrong(node, mine, 4, (("s3", request(5, theirs)),)) is not None
    ]
    for mine, theirs in sorted(wrong, key=lambda pair: not is_behind(*pair)):
        return wrong_log(mine, theirs)
    return kept(f"{len(pairs)} pairs of logs, each answered rightly")


def is_behind(mine: Terms, theirs: Terms) -> bool:
    """Whether the second log is behind the first."""
    return (theirs[-1:], len(theirs)) < (mine[-1:], len(mine))


def longer(case: Case) -> Iterator[tuple[Terms, Terms]]:
    """Pairs of logs of a few entries, of any terms that rise."""
    draw = case.random("logs")
    for _ in range(20 * case.size):
        first, second = (
            tuple(sorted(draw.randint(1, 4) for _ in range(draw.randint(1, 6))))
            for _ in range(2)
        )
        yield first, second


def wrong_log(mine: Terms, theirs: Terms) -> Outcome:
    """What to think of, from the two logs."""
    granted = is_behind(mine, theirs)
    if mine[-1:] == theirs[-1:]:
        advice = EQUAL if len(mine) == len(theirs) else LONGER if granted else AHEAD
    else:
        advice = LATER if granted else LENGTH
    came = (
        f"with the terms {listed(mine)} it {'grants' if granted else 'refuses'} its "
        f"vote to {listed(theirs)}"
    )
    asks = (("s3", request(5, theirs)),)
    return broken(came, told(mine, asks, granted), advice=advice)


EQUAL = "Neither log is behind the other. Who asks may be just as far."
LATER = "Its own last entry is of a later term: what it has may be committed."
LENGTH = "The other log ends in a later term: however short, it is not behind."
LONGER = "Both end in the same term, and its own log is longer: the other is behind."
AHEAD = "Both end in the same term, and the other is longer: it lacks nothing."


@votes.claim(
    "in no schedule of two elections and a crash do two lead one term",
    points=2,
    public=1,
    hidden=0,
)
def one_leader(node: Any, case: Case) -> Outcome:
    """s1 and s3 are ours, and only lead; s2 is the learner's, and does vote."""
    willing = voter(node, (1,), 1)
    if not said(willing, ("s3", request(2, (1,)))):
        return broken("it votes for nobody", advice=NOBODY)
    verdict = explore(
        Raft,
        servers=(WithoutNoOp, node, WithoutNoOp),
        network=Ordered(prompt=True),
        budget=Budget(timers=2, crashes=1, recoveries=1, of=("s2",)),
        properties=[always_one_leader_a_term],
        progress=False,
    )
    if verdict.valid:
        return kept(f"{verdict.states:,} states")
    return broken(verdict.reason, verdict.trace, advice=SHORTEST)


NOBODY = "Who votes for nobody elects no two leaders, and no leader: it earns nothing."
SHORTEST = (
    "This is the shortest way. Which vote of s2 in it should not have been given?"
)


def always_one_leader_a_term(world: Any) -> str | None:
    """Election safety, of the two candidates that are ours."""
    one, other = (world.nodes[id] for id in ("s1", "s3"))
    both = one.role is other.role is Role.LEADER
    if both and one.current_term == other.current_term:
        return f"s1 and s3 lead term {one.current_term}"
    return None
