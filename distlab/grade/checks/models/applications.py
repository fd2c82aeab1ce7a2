"""Exercise 3.6: the weakest model under which an application keeps its promise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

from distlab.grade.checks.models.choices import chosen, scored
from distlab.grade.checks.models.goals import MODELS, verdict
from distlab.grade.checks.models.notation import history
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, broken
from distlab.history import History, Operation

EVENTUAL = "eventually consistent"
CHOICES = (*MODELS, EVENTUAL)


class Application(NamedTuple):
    """Who does what and when, and what must never come of it."""

    what: str
    program: str  # a read that may find anything is `x?any`
    promise: Callable[..., bool]  # of what the reads found, in their order

    def histories(self) -> Iterator[tuple[tuple, History]]:
        """Whatever the reads may find: nothing, or anything written to that key."""
        ops = history(self.program)
        asked = [i for i, op in enumerate(ops) if op.result == "any"]
        for found in product(*(self.values(ops, ops[i]) for i in asked)):
            held = dict(zip(asked, found, strict=True))
            yield (
                found,
                History(
                    op._replace(result=held.get(i, op.result))
                    for i, op in enumerate(ops)
                ),
            )

    def values(self, ops: History, read: Operation) -> list[Any]:
        """What this read may find."""
        return [
            None,
            *(w.args[1] for w in ops.where("write") if w.args[0] == read.args[0]),
        ]

    def breaking(self) -> list[History]:
        """The histories in which the promise is broken."""
        return [ops for found, ops in self.histories() if not self.promise(*found)]

    def weakest(self) -> str:
        """The weakest model under which the promise is kept."""
        return next(m for m in reversed(CHOICES) if breaks_under(self, m) is None)


def breaks_under(application: Application, model: str) -> History | None:
    """A history that the model allows and in which the promise is broken, if any."""
    allowed = (
        ops
        for ops in application.breaking()
        if model == EVENTUAL or verdict(ops, model).valid
    )
    return next(allowed, None)


APPLICATIONS = {
    "the phone call": Application(
        "Ann saves the new address of the party, then phones Bob, who looks it up. "
        "He must find the new one.",
        "ann 0-1 address=new\nbob 5-6 address?any",
        lambda found: found == "new",
    ),
    "the album": Application(
        "Ann hides her album from her boss, puts a photo into it, and then writes a "
        "line about it. If the boss sees the line, he must see that the album is "
        "hidden from him.",
        "ann 0-1 album=hidden\nann 2-3 photo=party\nann 4-5 line=fun\n"
        "boss 6-7 line?any\nboss 8-9 album?any",
        lambda line, album: line is None or album == "hidden",
    ),
    "the answer": Application(
        "Ann asks, Bob reads that and answers, Carl reads it and thanks him. If all "
        "this was read, and Dora sees the thanks, she must see Ann's question.",
        "ann 0-1 question=why\nbob 2-3 question?any\nbob 4-5 answer=because\n"
        "carl 6-7 answer?any\ncarl 8-9 thanks=much\n"
        "dora 10-11 thanks?any\ndora 12-13 question?any",
        lambda *found: not all(found[:-1]) or found[-1] == "why",
    ),
    "the single track": Application(
        "Each of three trains raises its flag and then looks at the next one's; it "
        "enters if that is down. Never all three.",
        "east 0-1 e=up\nwest 0-1 w=up\nsouth 0-1 s=up\n"
        "east 2-3 w?any\nwest 2-3 s?any\nsouth 2-3 e?any",
        lambda *flags: any(flags),
    ),
    "the auction": Application(
        "Two bids are made at once; two screens show them one after another. They must "
        "not show the two bids in opposite orders.",
        "ann 0-1 bid=7\nbob 0-1 bid=8\nleft 2-3 bid?any\nright 2-3 bid?any\n"
        "left 4-5 bid?any\nright 4-5 bid?any",
        lambda left, right, then_left, then_right: (
            not ((left, then_left) == (then_right, right) and {left, right} == {7, 8})
        ),
    ),
    "the visitors": Application(
        "A page shows how many have visited it. Too few for a while is fine; what it "
        "shows must have been counted by somebody.",
        "page 0-1 visitors=1\npage 2-3 visitors=2\nann 4-5 visitors?any\n"
        "ann 6-7 visitors?any",
        lambda first, second: {first, second} <= {None, 1, 2},
    ),
}

applications = Exercise(
    "3.6",
    "The weakest that will do",
    "03_consistency_models",
    Literal("WEAKEST", stub=dict.fromkeys(APPLICATIONS)),
)


def wrong_choice(name: str, model: str) -> Outcome | None:
    """Why another model is the weakest; None if it is this one."""
    application = APPLICATIONS[name]
    found = breaks_under(application, model)
    if found is not None:
        came = f"{name}: {model} allows this, and the promise is broken"
        mark = () if model == EVENTUAL else verdict(found, model)
        return broken(came, found, advice=STRONGER, mark=mark)
    weaker = CHOICES[CHOICES.index(model) + 1 :]
    if weaker and breaks_under(application, weaker[0]) is None:
        came = f"{name}: under {model} the promise is kept, and under a weaker one too"
        return broken(came, advice=WEAKER)
    return None


STRONGER = "Each result of this history is one that the model allows: ask for more."
WEAKER = "What is not needed costs: who would wait for it, and for nothing?"


# ---------------------------------------------------------------------- what is claimed
@applications.claim(
    "each application has the weakest model that keeps its promise",
    points=6,
    public=1,
    hidden=0,
)
def enough(answer: Any, case: Case) -> Outcome:
    """A point for each, tried on all that its reads may find; wrong costs a quarter."""
    models, unknown = chosen(answer, "WEAKEST", APPLICATIONS, CHOICES)
    wrong = [why for name in models if (why := wrong_choice(name, models[name]))]
    return scored(wrong, unknown, len(models), len(APPLICATIONS), CHOICES)
