"""Exercise 5.2: what a leader may take for committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.consensus.client import Request
from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Heartbeat,
    Raft,
    RequestVoteResponse,
)
from distlab.events import Call, Deliver, Fire, Send, Start
from distlab.grade.exercise import Case, Exercise, Method, Outcome, broken, kept
from distlab.node import NodeId

Event = tuple[NodeId, int]  # this follower has all up to this index; ("", 0): a command

commits = Exercise(
    "5.2",
    "Committed",
    "05_raft",
    Method("MyRaft", Raft, ("advance_commit_index",)),
)


# ------------------------------------------------------------------------- what is run
class Story(NamedTuple):
    """A leader of `servers` that had these terms in its log when it was elected."""

    servers: int
    log: tuple[int, ...]
    events: tuple[Event, ...]

    @property
    def term(self) -> int:
        """The term that it leads."""
        return max(self.log, default=0) + 2

    @property
    def ids(self) -> tuple[NodeId, ...]:
        """The servers."""
        return tuple(f"s{i + 1}" for i in range(self.servers))


def elected(kind: Any, story: Story) -> Any:
    """s1, when all the others have just voted for it."""
    node = kind("s1", story.ids)
    node.step(Start())
    entries = tuple(Entry(term, None) for term in story.log)
    node.step(Deliver("s2", AppendEntries(story.term - 1, 0, 0, entries, 0)))
    node.step(Fire(ElectionTimeout()))
    for voter in story.ids[1:]:
        node.step(Deliver(voter, RequestVoteResponse(story.term, True)))
    return node


class Moment(NamedTuple):
    """Who has how much, and up to where the leader takes it for committed."""

    terms: tuple[int, ...]
    match: dict[NodeId, int]
    says: int  # the commit index that it sends

    def copies(self, index: int) -> int:
        """How many have this entry, the leader included."""
        return 1 + sum(have >= index for have in self.match.values())

    def __str__(self) -> str:
        rows = [f"s1 leads; its log has the terms  {' '.join(map(str, self.terms))}"]
        rows += [
            f"{follower} has  {' '.join(map(str, self.terms[:have])) or '(none)'}"
            for follower, have in self.match.items()
        ]
        return "\n".join([*rows, f"its commit index is {self.says}"])


def played(kind: Any, story: Story) -> Iterator[Moment]:
    """The story, event by event."""
    node = elected(kind, story)
    terms, match = (*story.log, story.term), dict.fromkeys(story.ids[1:], 0)
    for number, (follower, index) in enumerate(story.events, 1):
        if follower:
            match[follower] = max(match[follower], index)
            answer = AppendEntriesResponse(story.term, True, index)
            node.step(Deliver(follower, answer))
        else:
            terms = (*terms, story.term)
            node.step(Deliver("c1", Request(number, WRITE)))
        sent = [e.msg for e in node.step(Fire(Heartbeat())) if isinstance(e, Send)]
        told = [m.leader_commit for m in sent if isinstance(m, AppendEntries)]
        says = max(told, default=0)
        yield Moment(terms, dict(match), says)


WRITE = Call("write", ("x", 1))


def stories(case: Case) -> list[Story]:
    """The plainest ones, and some that are drawn."""
    plain = [
        Story(3, (), (("s2", 1),)),
        Story(3, (), (("", 0), ("s3", 2))),
        Story(5, (), (("s2", 1), ("s3", 1))),
        Story(5, (1, 2), (("s2", 2), ("s3", 2), ("s2", 3), ("s3", 3))),  # Figure 8
        Story(3, (1, 1), (("s3", 3),)),
    ]
    return plain + [drawn(case, i) for i in range(4 + 2 * case.size)]


def drawn(case: Case, number: int) -> Story:
    """Followers answer now and then, in any order; old answers come late."""
    draw = case.random(f"story {number}")
    log = tuple(sorted(draw.randint(1, 3) for _ in range(draw.randint(0, 4))))
    servers, last = draw.choice((3, 4, 5)), len(log) + 1
    events: list[Event] = []
    for _ in range(6 + 2 * case.size):
        if draw.random() < 0.3:
            events.append(("", 0))
            last += 1
        else:
            events.append((f"s{draw.randint(2, servers)}", draw.randint(1, last)))
    return Story(servers, log, tuple(events))


# ------------------------------------------------------------------------ what was seen
class Wrong(NamedTuple):
    """A moment at which its commit index is another than Raft's."""

    moment: Moment
    story: Story
    wanted: int

    @property
    def kind(self) -> str:
        """Which of the three claims it breaks."""
        if self.moment.says < self.wanted:
            return "late"
        majority = 2 * self.moment.copies(self.moment.says) > self.story.servers
        return "old" if majority else "few"

    def outcome(self, advice: str) -> Outcome:
        """As a finding."""
        came = f"its commit index is {self.moment.says}; it should be {self.wanted}"
        return broken(came, str(self.moment), advice=advice)


def wrongs(kind: Any, case: Case) -> Iterator[Wrong]:
    """Of each story the first moment that is wrong."""
    for story in stories(case):
        for ours, theirs in zip(played(Raft, story), played(kind, story), strict=True):
            if ours.says != theirs.says:
                yield Wrong(theirs, story, ours.says)
                break


def judged(
    kind: Any, case: Case, breaks: str, advice: Callable[[Wrong], str]
) -> Outcome:
    """The first moment that breaks this claim; who never commits breaks each."""
    *_, last = played(kind, Story(3, (), (("s2", 1), ("s3", 1), ("", 0), ("s2", 2))))
    if last.says == 0:
        came = "everybody has its first entry, and it commits nothing"
        return broken(came, str(last), advice=NEVER)
    for wrong in wrongs(kind, case):
        if wrong.kind == breaks:
            return wrong.outcome(advice(wrong))
    return kept(f"{len(stories(case))} leaders")


NEVER = "Who commits nothing loses nothing, and answers nobody: that earns nothing."


# ---------------------------------------------------------------------- what is claimed
@commits.claim(
    "nothing is committed that a majority does not have", points=2, public=3, hidden=3
)
def majority(kind: Any, case: Case) -> Outcome:
    """The leader is one of them."""
    return judged(kind, case, "few", counted)


def counted(wrong: Wrong) -> str:
    """What to think of where too few have it."""
    moment, servers = wrong.moment, wrong.story.servers
    return HALF if 2 * moment.copies(moment.says) == servers else FEW


FEW = "How many have this entry? A majority is of *all* servers, s1 among them."
HALF = "Two of four are no majority: the other two might be one as well."


@commits.claim(
    "copies count for entries of the leader's own term alone",
    points=3,
    public=3,
    hidden=3,
)
def own_term(kind: Any, case: Case) -> Outcome:
    """Figure 8."""
    return judged(kind, case, "old", lambda wrong: OLD)


OLD = "This entry is of an older term: one who never had it may still be elected."


@commits.claim(
    "when a majority has one of its own term, all up to it is committed at once",
    points=2,
    public=3,
    hidden=3,
)
def soon(kind: Any, case: Case) -> Outcome:
    """What is committed is executed, and sent on."""
    return judged(kind, case, "late", late)


def late(wrong: Wrong) -> str:
    """What to think of where a majority has it."""
    moment, story = wrong.moment, wrong.story
    return BEFORE if moment.says < len(story.log) else ALL


BEFORE = "An old entry is committed as soon as one of its own term behind it is."
ALL = "A majority has it, the leader among them. Who waits for more waits long."
