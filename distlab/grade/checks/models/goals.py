"""Histories that learners build: allowed by this model, forbidden by that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from distlab.check import convergence, levels, properties, transactions
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse, did_you_mean
from distlab.grade.exercise import Outcome, broken, kept, partly
from distlab.history import History, Operation

# The models that are asked about here, the strongest first.
MODELS = ("linearizable", "sequentially consistent", "causal memory", "PRAM")
EVENTUAL = "eventual consistency"
# What the judges of single objects are called, where it is otherwise than the model.
JUDGES = {
    "sequentially consistent": "sequential",
    "causally convergent": "causal-convergence",
    "causally consistent": "causal",
}
Wanted = Literal["valid", "invalid"]


def as_read(name: Any) -> str:
    """A name as it is compared: `causal-memory` is causal memory."""
    return str(name).lower().replace("-", " ")


NAMES = {
    as_read(name): model.name
    for model in levels.MODELS
    for name in (model.name, *model.aliases)
} | {"eventually consistent": EVENTUAL}


def called(name: Any) -> str:
    """What the map calls the model of this name; a name that no model has, as it is."""
    return NAMES.get(as_read(name), str(name))


def verdict(history: History, model: str) -> Verdict:
    """What the judge of a model says; of transactions, that of a level.

    Raises `Misuse` for a name that no model has, or one that nobody judges here.
    """
    name = called(model)
    if name == EVENTUAL:
        return convergence.eventual_consistency(history)
    if name in transactions.LEVELS:
        return transactions.judge(history, name)
    judge = JUDGES.get(name, as_read(name).replace(" ", "-"))
    if judge in properties.PROPERTIES:
        return properties.judge(history, judge, "kv")
    judged = dict.fromkeys(map(called, (*properties.PROPERTIES, EVENTUAL)))
    hint = did_you_mean(str(model), judged)
    raise Misuse(f"nobody judges {model!r} here.{hint} Names: {', '.join(judged)}.")


class Goal(NamedTuple):
    """A history to build, and how few operations are enough."""

    name: str
    read: Callable[[str], History]
    kept: str  # the model that allows it
    broken: str  # the one that does not
    smallest: int
    keys: int = 2  # how many it may use
    by_key: bool = False  # whether each key is judged by itself, to be kept

    def demands(self, history: History) -> Iterator[tuple[Verdict, Wanted, History]]:
        """What is asked of it, with what the judges say."""
        parts = [history]
        if self.by_key:
            keys = sorted({op.args[0] for op in history})
            parts = [History(op for op in history if op.args[0] == k) for k in keys]
        for part in parts:
            yield verdict(part, self.kept), "valid", part
        yield verdict(history, self.broken), "invalid", history

    def missed(self, history: History) -> tuple[Verdict, History] | None:
        """What is otherwise than asked, and of which operations; None if nothing is."""
        for said, wanted, part in self.demands(history):
            unread = part != history and said.unknown  # a key that nobody has read
            if said.outcome != wanted and not unread:
                return said, part
        return None


def size(history: History) -> int:
    """How many reads and writes there are."""
    return sum(len(op.args) if op.f == "txn" else 1 for op in history)


def goal_and_history(
    answer: Any, goals: tuple[Goal, ...], name: str
) -> tuple[Goal, History]:
    """One goal, and what stands under its name. Raises `Misuse` for other names."""
    if not isinstance(answer, dict) or set(answer) != {goal.name for goal in goals}:
        told = ", ".join(repr(goal.name) for goal in goals)
        raise Misuse(f"leave the names as they are: {told}.")
    if isinstance(answer[name], str) and not answer[name].strip():
        raise NotImplementedError(f"nothing written for {name!r} yet")
    goal = next(goal for goal in goals if goal.name == name)
    return goal, goal.read(answer[name])


def reached(goal: Goal, history: History) -> Outcome:
    """Whether this history is what was asked for, and how short it is."""
    keys = {key for op in history for key in keys_of(op)}
    if len(keys) > goal.keys:
        raise Misuse(f"{goal.name}: it may use {counted(goal.keys, 'key')}, no more.")
    early = from_the_future(history)
    if early is not None:
        came = f"{early.process} reads {early.args[0]} = {early.result!r}, and had its "
        came += "answer before that was written"
        return broken(came, history, advice=FUTURE)
    missed = goal.missed(history)
    if missed is not None:
        said, part = missed
        return broken(str(said), part, advice=otherwise(said), mark=said)
    count = size(history)
    came = counted(count, "operation")
    if count <= goal.smallest:
        return kept(came)
    spare = any(goal.missed(fewer) is None for fewer in without_one(history))
    advice = SPARE if spare else ANOTHER
    return partly(goal.smallest / count, came, history, advice=advice)


def otherwise(said: Verdict) -> str:
    """What to think about where a judge says what was not asked for."""
    if said.valid:
        return EXPLAINED if said.order else TOO_GOOD
    return UNTOLD if said.unknown else TOO_BAD


def without_one(history: History) -> Iterator[History]:
    """The history without one of its reads and writes, whichever that is."""
    for i, op in enumerate(history):
        before, after = history[:i], history[i + 1 :]
        if op.f != "txn" or len(op.args) == 1:
            yield History((*before, *after))
            continue
        for j in range(len(op.args)):
            args = op.args[:j] + op.args[j + 1 :]
            done = op.result and op.result[:j] + op.result[j + 1 :]
            yield History((*before, op._replace(args=args, result=done), *after))


def from_the_future(history: History) -> Operation | None:
    """A read that had ended before the write was called that it returned, if any."""
    called = {op.args: op.invoked_us for op in history if op.f == "write"}
    for op in history.where("read", outcome="ok"):
        written_us = called.get((*op.args, op.result))
        if written_us is not None and (op.ended_us or 0) <= written_us:
            return op
    return None


def keys_of(op: Any) -> list[str]:
    """The keys that an operation touches."""
    return [key for _, key, _ in op.args] if op.f == "txn" else [op.args[0]]


UNTOLD = "Nothing in it could have gone wrong: somebody has to read."
EXPLAINED = "This model has to forbid it, and all that was seen can be explained."
TOO_GOOD = "This model has to forbid it, and its judge finds nothing wrong."
TOO_BAD = "This model has to allow it: which operation can be otherwise, or left out?"
FUTURE = "A model that knows no clock may allow it; nobody has read the future yet."
SPARE = "It is one, and there is a shorter one: which operation can you leave out?"
ANOTHER = "It is one, of which nothing can be left out; but another history is shorter."
