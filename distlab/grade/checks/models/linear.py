"""Exercise 3.3: a checker of registers, judged by the histories that it tells apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.linearizable import linearizable
from distlab.check.verdict import Verdict
from distlab.grade.checks.models.registers import FINE, KINDS, drawn, told
from distlab.grade.exercise import (
    Case,
    Exercise,
    Function,
    Outcome,
    broken,
    kept,
    partly,
)
from distlab.history import History, Operation

linear = Exercise(
    "3.3",
    "The checker",
    "03_consistency_models",
    Function("is_linearizable"),
)
Check = Callable[[tuple[Operation, ...]], Any]


# --------------------------------------------------------------------- how it is judged
def wrong_about(check: Check, ops: History) -> bool:
    """Whether the check says otherwise than the library, or neither True nor False."""
    said = check(tuple(ops))
    return type(said) is not bool or said == judge(ops).invalid


def judge(ops: History) -> Verdict:
    """What the library says; if nobody has read, nothing contradicts."""
    return linearizable(ops)


def least(check: Check, ops: History) -> History:
    """The same without what it can do without: the check is wrong about it still."""
    for i in range(len(ops)):
        fewer = History((*ops[:i], *ops[i + 1 :]))
        if wrong_about(check, fewer):
            return least(check, fewer)
    return ops


# ---------------------------------------------------------------------- what is claimed
@linear.claim("it finds each kind of wrong history", points=4, public=1, hidden=1)
def finds(check: Check, case: Case) -> Outcome:
    """A kind counts if the twin that differs in little is accepted."""
    plainest = told(KINDS[0].wrong, case)
    said = check(tuple(plainest))
    if type(said) is not bool:
        return broken(f"it returned {said!r}", plainest, advice=RETURN)
    missed = [
        (kind, ops)
        for kind in KINDS
        for ops in (told(kind.wrong, case), told(kind.right, case))
        if wrong_about(check, ops)
    ]
    if not missed:
        return kept(f"{len(KINDS)} kinds, each told from a history that is fine")
    count = len(KINDS) - len({kind.title for kind, _ in missed})
    kind, ops = min(missed, key=lambda each: len(each[1]))
    came = f"{count} of {len(KINDS)} kinds; not: {kind.title}"
    came += "" if judge(ops).invalid else ", of which this is the twin that is fine"
    return erred(count / len(KINDS), came, ops, kind.advice)


@linear.claim("it raises no false alarm", points=2, public=1, hidden=1)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """Who says True to everything raises none either: that earns nothing."""
    plainest = told(KINDS[0].wrong, case)
    if wrong_about(check, plainest):
        came = f"it does not find the plainest one: {KINDS[0].title}"
        return erred(0, came, plainest, BLIND)
    alarms = [
        (title, ops, advice)
        for title, text, advice in FINE
        if wrong_about(check, ops := told(text, case))
    ]
    if not alarms:
        return kept(f"{len(FINE)} odd histories are fine")
    title, ops, advice = min(alarms, key=lambda each: len(each[1]))
    count = len(FINE) - len(alarms)
    return erred(
        count / len(FINE),
        f"{count} of {len(FINE)} are accepted; not: {title}",
        ops,
        advice,
    )


@linear.claim("it agrees with ours", points=2, public=3, hidden=3)
def agrees(check: Check, case: Case) -> Outcome:
    """On histories that were drawn: the shortest on which it errs is shown."""
    given = list(drawn(case))
    wrong = [ops for ops in given if wrong_about(check, ops)]
    if not wrong:
        return kept(f"{len(given)} histories that were drawn")
    ops = least(check, min(wrong, key=len))
    came = f"it errs about {len(wrong)} of {len(given)}; this is left of the shortest"
    return erred(0, came, ops, MISSED if judge(ops).invalid else ALARM)


def erred(share: float, came: str, ops: History, advice: str) -> Outcome:
    """Some are right; this is the shortest of those that are not."""
    return partly(share, came, ops, advice=advice)._replace(mark=judge(ops))


RETURN = "Return True or False: is there an order that explains all of it?"
BLIND = "Who never raises an alarm raises no false one either: that earns nothing."
ALARM = "An order is there, and it found none: which orders does it never try?"
MISSED = "It has found an order that breaks a rule: which one does it not look at?"
