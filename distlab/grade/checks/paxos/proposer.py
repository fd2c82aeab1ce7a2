"""Exercise 4.2: which value a proposer may propose."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

from distlab.check.explore import explore
from distlab.check.networks import Ordered
from distlab.consensus.paxos import Ballot, Paxos, Proposal
from distlab.grade.checks.paxos.acceptor import (
    PROPOSALS,
    always_one_value_is_decided,
)
from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept
from distlab.node import Call

Report = tuple[tuple[int, str], Any] | None
Choice = Callable[[Any, tuple[Report, ...]], Any]

proposer = Exercise(
    "4.2",
    "Free to propose?",
    "04_paxos",
    Function("value_for"),
)


class Situation(NamedTuple):
    """What acceptors report, such as `1.s1 tea, -`, and what is to be proposed."""

    title: str
    text: str
    wanted: str
    advice: str

    def reported(self, case: Case) -> tuple[Report, ...]:
        """The same; but for the first case, in another order."""
        found = [report(each) for each in self.text.split(", ")]
        if case.seed > 1:
            case.random(self.title).shuffle(found)
        return tuple(found)


def report(text: str) -> Report:
    """`1.s1 tea`; `-` for an acceptor that has accepted nothing."""
    if text == "-":
        return None
    ballot, value = text.split(" ")
    number, who = ballot.split(".")
    return (int(number), who), parsed(value)


def parsed(value: str) -> Any:
    """What a value of a table is: words, and numbers."""
    return int(value) if value.isdigit() else value


def listing(reported: Iterable[Report]) -> str:
    """One line for each acceptor that has promised."""
    return "\n".join(
        f"{'nothing' if one is None else f'{one[1]!r:8} in ballot {one[0]}'}"
        for one in reported
    )


MINE = "milk"  # what the proposer was asked to propose


def first_wrong(choice: Choice, case: Case, table: Iterable[Situation]) -> Outcome:
    """The first situation that it answers wrongly, if there is one."""
    for situation in table:
        reported = situation.reported(case)
        said, wanted = choice(MINE, reported), parsed(situation.wanted)
        if said != wanted or type(said) is not type(wanted):
            came = f"{situation.title}: it proposes {said!r}; it should be {wanted!r}"
            advice = PAIR if isinstance(said, (tuple, list)) else situation.advice
            return broken(came, listing(reported), advice=advice)
    return kept("all situations are right")


PAIR = "Return the value alone: the proposal gets the ballot of whoever proposes it."


# ---------------------------------------------------------------------- what is claimed
@proposer.claim(
    "free where nobody has accepted anything, bound where somebody has",
    points=1,
    public=2,
    hidden=2,
)
def bound(choice: Choice, case: Case) -> Outcome:
    """No two of the reports differ."""
    return first_wrong(choice, case, FEW)


@proposer.claim(
    "of several, the one with the highest ballot", points=3, public=3, hidden=3
)
def highest(choice: Choice, case: Case) -> Outcome:
    """Wherever it stands, whatever its value is and however many report it."""
    return first_wrong(choice, case, SEVERAL)


FEW = (
    Situation(
        "nobody has accepted anything",
        "-, -",
        "milk",
        "Nothing can have been chosen, and nothing will be below this ballot.",
    ),
    Situation(
        "one has accepted tea",
        "-, 1.s1 tea",
        "tea",
        "Tea may have been chosen, by this acceptor and by one that was not heard.",
    ),
    Situation(
        "one has accepted the number 0",
        "-, 1.s1 0",
        "0",
        "0 is a value like any other. Is the *report* None, or what it says?",
    ),
    Situation(
        "two have accepted tea",
        "1.s1 tea, 1.s1 tea",
        "tea",
        "All who have promised say tea.",
    ),
)
SEVERAL = (
    Situation(
        "the highest was heard first",
        "2.s3 water, 1.s1 tea, -",
        "water",
        "Who proposed water had asked a majority: tea was not chosen before.",
    ),
    Situation(
        "more of them report the lower one",
        "4.s3 water, 1.s1 tea, 1.s1 tea",
        "water",
        "It is no vote. Whoever proposed water knew that tea was not chosen.",
    ),
    Situation(
        "the highest was heard last",
        "1.s1 tea, -, 2.s3 water",
        "water",
        "The order in which promises arrive says nothing about which is newer.",
    ),
    Situation(
        "the higher ballot has the value that sorts first",
        "2.s1 water, 3.s3 coffee, -",
        "coffee",
        "Compare ballots. The values say nothing about what came later.",
    ),
    Situation(
        "one number, two names",
        "2.s1 tea, 2.s3 water, -",
        "water",
        "Ballots are pairs: of one number, the name decides. Nothing else may.",
    ),
    Situation(
        "the higher number has the lower name",
        "2.s3 tea, 3.s1 water, -",
        "water",
        "First the number, then the name: pairs compare like that.",
    ),
    Situation(
        "ten is more than nine",
        "9.s3 tea, 10.s1 water, -",
        "water",
        "Numbers, not texts: 10 is above 9.",
    ),
    Situation(
        "what it wanted itself is below another",
        "1.s3 milk, 2.s1 tea, -",
        "tea",
        "That somebody has accepted milk before does not make it free.",
    ),
)


# -------------------------------------------------------------------- in every schedule
def with_choice(choice: Choice) -> type[Paxos]:
    """Paxos with this choice, asked beforehand for all that can be reported."""
    proposals = [Proposal(Ballot(1, id), value) for id, value in PROPOSALS.items()]
    table = {
        (mine, pair): choice(mine, tuple(as_report(one) for one in pair))
        for mine in PROPOSALS.values()
        for pair in product([None, *proposals], repeat=2)
    }

    class Chooses(Paxos):
        def value_for(self, reported: tuple[Proposal | None, ...]) -> Any:
            return table[self.value, reported]

    return Chooses


def as_report(proposal: Proposal | None) -> Report:
    """As the answer is given it."""
    if proposal is None:
        return None
    return (proposal.ballot.number, proposal.ballot.proposer), proposal.value


@proposer.claim(
    "in no schedule of two proposals are two values decided",
    points=1,
    public=1,
    hidden=0,
)
def agrees(choice: Choice, case: Case) -> Outcome:
    """All orders of the messages of different links."""
    said = choice(MINE, (None, None))
    if said != MINE:
        return broken(f"it proposes {said!r}, which nobody wants", advice=ANYTHING)
    verdict = explore(
        with_choice(choice),
        servers=3,
        retry_ms=None,
        workload={id: (Call("propose", (v,)),) for id, v in PROPOSALS.items()},
        network=Ordered(prompt=True),
        properties=[always_one_value_is_decided],
        progress=False,
    )
    if verdict.valid:
        return kept(f"{verdict.states:,} states")
    return broken(verdict.reason, verdict.trace, advice=LATE)


ANYTHING = "Whoever proposes one and the same value always agrees with everybody."
LATE = "This is the shortest way. What was the second proposer told, and by whom?"
