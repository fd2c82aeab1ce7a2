"""Exercise 4.6: an invariant of two-phase commit that every step keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.inductive import inductive
from distlab.check.versions import counted
from distlab.consensus.two_phase_commit_model import TwoPhaseCommit, always_consistent
from distlab.errors import Misuse, did_you_mean
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, broken, kept

Condition = dict[str, tuple[Any, ...]]
Rule = tuple[Condition, Condition]
Property = Callable[[Any], str | None]
VALUES: dict[str, tuple[Any, ...]] = {
    "coordinator": ("undecided", "committed", "aborted"),
    "decision": ("unsent", "commit", "abort"),
    "manager": ("working", "prepared", "committed", "aborted"),
    "has_sent": (False, True),
    "is_heard": (False, True),
}
OF_A_MANAGER = ("manager", "has_sent", "is_heard")

invariants = Exercise("4.6", "What every step keeps", "04_paxos", Literal("RULES"))


# --------------------------------------------------------------------------- the answer
def rules(answer: Any) -> tuple[Rule, ...]:
    """The rules of the answer. Raises `Misuse` for what is none."""
    if not isinstance(answer, (tuple, list)):
        raise Misuse("RULES is a tuple of rules, each `({…}, {…})`.")
    found = []
    for number, rule in enumerate(answer, 1):
        match rule:
            case (dict() as given, dict() as then):
                found.append((condition(number, given), condition(number, then)))
            case _:
                raise Misuse(
                    f"rule {number}: {rule!r} is none: write `({{…}}, {{…}})`, what "
                    f"is given and what then holds; one rule alone needs a comma."
                )
    return tuple(found)


def condition(number: int, given: dict[Any, Any]) -> Condition:
    """Which values each variable may have; one value alone may stand for itself."""
    found: Condition = {}
    for name, values in given.items():
        if name not in VALUES:
            raise Misuse(
                f"rule {number}: there is no {name!r}.{did_you_mean(str(name), VALUES)}"
            )
        several = values if isinstance(values, (tuple, list, frozenset)) else (values,)
        for value in several:
            if value not in VALUES[name]:
                told = ", ".join(map(repr, VALUES[name]))
                raise Misuse(f"rule {number}: {name} is {told}, and never {value!r}.")
        found[name] = tuple(several)
    return found


def holds(condition: Condition, s: Any, manager: int) -> bool:
    """Whether the variables have these values, of a manager its own."""
    return all(
        (getattr(s, name)[manager] if name in OF_A_MANAGER else getattr(s, name)) in of
        for name, of in condition.items()
    )


def as_property(number: int, rule: Rule) -> Property:
    """A rule as a property for `check`: it holds for each manager."""
    given, then = rule

    def always(s: Any) -> str | None:
        for manager in range(len(s.manager)):
            if holds(given, s, manager) and not holds(then, s, manager):
                return f"not of manager {manager}"
        return None

    always.__name__ = f"always_rule_{number}"
    return always


# ---------------------------------------------------------------------- what is claimed
MODEL = TwoPhaseCommit(managers=2)


@invariants.claim(
    "each rule holds in every state that can be reached", points=1, public=1, hidden=0
)
def true(answer: Any, case: Case) -> Outcome:
    """With two managers."""
    properties = asked(answer)
    verdict = explore(MODEL, properties=properties, progress=False)
    if verdict.valid:
        return kept(f"{counted(len(properties), 'rule')}, {verdict.states:,} states")
    last = MODEL.label(verdict.path[-1][1])
    return broken(verdict.reason, lines(*verdict.evidence, last), advice=REACHED)


def lines(*evidence: str) -> str:
    """What shows it, one below the other."""
    return "\n".join(evidence)


def asked(answer: Any) -> list[Property]:
    """The rules as properties; none at all is no answer yet."""
    found = [as_property(i, rule) for i, rule in enumerate(rules(answer), 1)]
    if not found:
        raise NotImplementedError("no rule yet")
    return found


REACHED = "This state is reached, by these steps, and the rule says that it is not."
FIRST = "One after the other: what is claimed above comes first."


@invariants.claim(
    "where they hold, no step ends consistency", points=2, public=1, hidden=0
)
def enough(answer: Any, case: Case) -> Outcome:
    """Whether or not the step keeps the rules themselves."""
    given = asked(answer)
    if true(answer, case).share != 1:
        return broken("not tried: a rule is not true", advice=FIRST)
    where = [s for s in MODEL.every_state() if not any(rule(s) for rule in given)]
    return shown(inductive(MODEL, always_consistent, states=where))


@invariants.claim(
    "and every step keeps the rules, from wherever they hold",
    points=3,
    public=1,
    hidden=0,
)
def kept_by_every_step(answer: Any, case: Case) -> Outcome:
    """Of all 2,304 states that the variables could have."""
    given = asked(answer)
    if enough(answer, case).share != 1:
        return broken("not tried: a step ends consistency", advice=FIRST)
    return shown(inductive(MODEL, always_consistent, *given))


def shown(verdict: Explored) -> Outcome:
    """What came of it; the advice is about the state before the step that escapes."""
    if verdict.valid:
        return kept(verdict.strength)
    (_, before), *_ = verdict.path
    return broken(verdict.reason, lines(*verdict.evidence), advice=odd(before))


def odd(s: Any) -> str:
    """What cannot be in the state before a step that escapes."""
    each = list(zip(s.manager, s.has_sent, s.is_heard, strict=True))
    late = s.decision == "commit"
    found = (
        (not late and "committed" in s.manager, UNTOLD),
        (late and {"working", "aborted"} & set(s.manager), UNPREPARED),
        (s.coordinator == "undecided" and s.decision != "unsent", UNDECIDED),
        (any(heard and not sent for _, sent, heard in each), UNHEARD),
        (any(sent and manager == "working" for manager, sent, _ in each), IDLE),
    )
    return next((advice for is_so, advice in found if is_so), UNBOUND)


UNTOLD = "Before this step a manager has committed. Who has told it to?"
UNPREPARED = "Before this step “commit” was sent. Were all managers as far as that?"
UNDECIDED = "Before this step the coordinator is undecided. And what has it sent?"
UNHEARD = "Before this step a manager was heard. What has it sent?"
IDLE = "Before this step a manager has sent “prepared”. Is it?"
UNBOUND = (
    "Who has sent “prepared” has bound itself. What may it be from then on, and why?"
)
