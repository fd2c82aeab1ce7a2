"""Exercise 8.5: what people say about who is alive, and what refutes some of it."""

from __future__ import annotations

from typing import Any

from distlab.grade.exercise import Case, Exercise, Literal, Outcome
from distlab.grade.sayings import Sayings, Statement

SAYINGS = Sayings(
    "SAID",
    {
        1: Statement(
            "Whoever gives no answer in time has crashed.",
            "E1",
            "Of which four things may one have happened?",
        ),
        2: Statement(
            "Of the same heartbeats, a longer timeout never makes more errors.",
            None,
            "A gap that is longer than the longer one: is it longer than the shorter?",
        ),
        3: Statement(
            "Who suspects at φ = 8 is wrong about one silence in a hundred million.",
            "E2",
            "That is so if gaps are normal. Are they?",
        ),
        4: Statement(
            "Each SWIM member pings only one other in a period. So the time until the "
            "first one finds a crash grows in proportion to the size of the group.",
            "E3",
            "In a larger group there are more to ping. And how many ping?",
        ),
        5: Statement(
            "If no message is lost and no site is down, rumours with feedback and a "
            "counter reach every site.",
            "E4",
            "When does a site lose interest, and what does it know by then?",
        ),
        6: Statement(
            "Push and pull bring an update to the last site equally fast: the same "
            "pairs of sites are in contact.",
            "E5",
            "When only few sites lack it: who has to choose whom?",
        ),
        7: Statement(
            "A detector that never suspects anybody who is up is easy to build.",
            None,
            "Nothing is said of those that have crashed.",
        ),
        8: Statement(
            "A member that all others have dropped has crashed.",
            "E6",
            "What did the others see of it, and for how long?",
        ),
        9: Statement(
            "A detector whose timeout grows with each error, and that has not erred "
            "for a minute, has found a timeout that is long enough.",
            "E7",
            "It errs no more from some moment on. Who can tell that it has come?",
        ),
        10: Statement(
            "If messages and pauses may take any time, no detector finds every crash "
            "and is never wrong.",
            None,
            "After how long a silence would it be sure?",
        ),
        11: Statement(
            "A command whose answer did not come was not executed.",
            "E1",
            "Look what the server has, in each of the runs.",
        ),
        12: Statement(
            "Once updates and faults have stopped, anti-entropy makes all sites equal, "
            "with probability 1.",
            None,
            "Two sites differ: how long can it take until they are compared?",
        ),
    },
    {
        "E1": "a client has no answer, for one of four reasons",
        "E2": "nobody crashes, and φ is 8 now and then",
        "E3": "groups of four sizes wait about as long",
        "E4": "rumours end before everybody has heard of it",
        "E5": "push and pull are counted in cycles",
        "E6": "a member stands still for a second",
        "E7": "a timeout has grown, and is exceeded again",
    },
)
STATEMENTS = SAYINGS.statements

statements = Exercise(
    "8.5",
    "What people say",
    "08_failure_detection",
    Literal(SAYINGS.name, stub=dict.fromkeys(STATEMENTS)),
)


@statements.claim(
    "each wrong statement is refuted, by an exhibit", points=5, public=1, hidden=0
)
def refuted(answer: Any, case: Case) -> Outcome:
    """An exhibit that does not refute its statement costs what a right one earns."""
    return SAYINGS.refuted(answer)


@statements.claim("each right statement stands", points=1, public=1, hidden=0)
def stands(answer: Any, case: Case) -> Outcome:
    """It earns nothing to call everything right."""
    return SAYINGS.stands(answer)
