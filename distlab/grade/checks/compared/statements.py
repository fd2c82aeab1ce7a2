"""Exercise 6.3: what people say about consensus, and runs that refute some of it."""

from __future__ import annotations

from typing import Any

from distlab.grade.exercise import Case, Exercise, Literal, Outcome
from distlab.grade.sayings import Sayings, Statement

SHOWS = {
    "E1": "two servers lead at once, and one of them answers a read",
    "E2": "two values are proposed, and none is decided",
    "E3": "an answer is lost",
    "E4": "two of four servers are down, and a write waits",
    "E5": "three participants wait for a coordinator that is down",
    "E6": "two protocols are counted",
    "E7": "replicas without a disk crash and come back",
}
STATEMENTS = {
    1: Statement(
        "There is never more than one leader at a time.",
        "E1",
        "Who tells a leader that it leads no longer, if nothing reaches it?",
    ),
    2: Statement(
        "Whatever messages are lost, Paxos never decides two values.",
        None,
        "What was lost could have been late. Does safety rest on time anywhere?",
    ),
    3: Statement(
        "If no message is lost and nobody crashes, a bound on the number of steps can "
        "be given after which Paxos has decided.",
        "E2",
        "Two proposers can outbid each other, as often as one likes.",
    ),
    4: Statement(
        "Who gets no answer in time knows that the command was not executed.",
        "E3",
        "What may have got lost: the request, or the answer?",
    ),
    5: Statement(
        "With every server more, one more may be down.",
        "E4",
        "How many of four are a majority, and how many of three?",
    ),
    6: Statement(
        "Two-phase commit is a consensus: as long as a majority of its nodes is up, "
        "they decide.",
        "E5",
        "For whom does somebody wait who has voted yes?",
    ),
    7: Statement(
        "Any two majorities of one cluster have a server in common.",
        None,
        "Two groups of more than half each: how many is that together?",
    ),
    8: Statement(
        "The fewer messages a command takes, the sooner it is answered.",
        "E6",
        "Many messages may be on their way at once. Which of them does a client wait "
        "for, one after the other?",
    ),
    9: Statement(
        "Commands that are on no disk are lost when all who know them have crashed "
        "once, even if it is one after the other.",
        "E7",
        "Whom can a replica ask that has forgotten everything?",
    ),
    10: Statement(
        "If messages may take any time, nobody can tell a leader that has crashed from "
        "one that is slow.",
        None,
        "What would one have to hear, and by when?",
    ),
    11: Statement(
        "A leader has all that was committed, so it may answer reads from its own "
        "state as long as it has not heard of another leader.",
        "E1",
        "It has all that was committed until it was elected. And since?",
    ),
}
SAYINGS = Sayings("STATEMENTS", STATEMENTS, SHOWS)

statements = Exercise(
    "6.3",
    "What people say",
    "06_consensus_compared",
    Literal(SAYINGS.name, stub=dict.fromkeys(STATEMENTS)),
)


# ---------------------------------------------------------------------- what is claimed
@statements.claim(
    "each wrong statement is refuted, by an exhibit", points=6, public=1, hidden=0
)
def refuted(answer: Any, case: Case) -> Outcome:
    """An exhibit that does not refute its statement costs what a right one earns."""
    return SAYINGS.refuted(answer)


@statements.claim("each right statement stands", points=1, public=1, hidden=0)
def stands(answer: Any, case: Case) -> Outcome:
    """It earns nothing to call everything right."""
    return SAYINGS.stands(answer)
