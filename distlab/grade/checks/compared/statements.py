"""Exercise 6.3: what people say about consensus, and runs that refute some of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.grade.checks.compared.exhibits import EXHIBITS
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    kept,
    partly,
)

RIGHT = "right"
SHOWS = {
    "E1": "two servers lead at once, and one of them answers a read",
    "E2": "two values are proposed, and none is decided",
    "E3": "an answer is lost",
    "E4": "two of four servers are down, and a write waits",
    "E5": "three participants wait for a coordinator that is down",
    "E6": "two protocols are counted",
    "E7": "replicas without a disk crash and come back",
}


class Statement(NamedTuple):
    """What people say."""

    text: str
    refuted_by: str | None  # the exhibit; None: it is right
    thought: str  # what to think of


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
FALSE = {n: said.refuted_by for n, said in STATEMENTS.items() if said.refuted_by}

statements = Exercise(
    "6.3",
    "What people say",
    "06_consensus_compared",
    Literal("STATEMENTS", stub=dict.fromkeys(STATEMENTS)),
)


def answers(answer: Any) -> dict[int, str]:
    """What was said of each statement. Raises `Misuse` for what cannot be meant."""
    if not isinstance(answer, dict) or set(answer) != set(STATEMENTS):
        raise Misuse("STATEMENTS has an answer for each number: leave the numbers.")
    for number, said in answer.items():
        if said not in (None, RIGHT, *EXHIBITS):
            raise Misuse(
                f"{number}: {said!r} is no answer: write 'right', None, or the exhibit "
                f"that refutes it, one of {', '.join(EXHIBITS)}."
            )
    return {number: said for number, said in answer.items() if said is not None}


# ---------------------------------------------------------------------- what is claimed
@statements.claim(
    "each wrong statement is refuted, by an exhibit", points=6, public=1, hidden=0
)
def refuted(answer: Any, case: Case) -> Outcome:
    """An exhibit that does not refute its statement costs what a right one earns."""
    accused = {n: e for n, e in answers(answer).items() if e != RIGHT}
    vain = [n for n, exhibit in accused.items() if FALSE.get(n) != exhibit]
    found = len(accused) - len(vain)
    came = f"{found} of {len(FALSE)} are refuted, {len(vain)} in vain"
    share = (found - len(vain)) / len(FALSE)
    if vain:
        number = min(vain)
        exhibit = accused[number]
        came += f". {number} by {exhibit}? There, {SHOWS[exhibit]}"
        return partly(share, came, advice=STATEMENTS[number].thought)
    if found == len(FALSE):
        return kept(came)
    missing = next(number for number in FALSE if number not in accused)
    return partly(share, came, advice=STATEMENTS[missing].thought)


@statements.claim("each right statement stands", points=1, public=1, hidden=0)
def stands(answer: Any, case: Case) -> Outcome:
    """It earns nothing to call everything right."""
    said = answers(answer)
    believed = [n for n in FALSE if said.get(n) == RIGHT]
    if believed:
        came = f"statement {believed[0]} is called right, and an exhibit refutes it"
        return broken(came, advice=STATEMENTS[believed[0]].thought)
    true = [number for number in STATEMENTS if number not in FALSE]
    missing = [number for number in true if said.get(number) != RIGHT]
    if not missing:
        return kept(f"{len(true)} statements are right")
    came = f"{len(true) - len(missing)} of {len(true)} are called right"
    share = 1 - len(missing) / len(true)
    return partly(share, came, advice=STATEMENTS[missing[0]].thought)
