"""Histories that learners build: allowed by this model, forbidden by that one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

from distlab.check import properties, transactions
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.grade.exercise import Outcome, broken, kept, partly
from distlab.history import History, Operation

# The models that are asked about here, the strongest first, and their judges.
MODELS = {
    "linearizable": "linearizable",
    "sequentially consistent": "sequential",
    "causal memory": "causal-memory",
    "PRAM": "pram",
}
Wanted = Literal["valid", "invalid"]


def verdict(history: History, model: str) -> Verdict:
    """What the judge of a model says; of transactions, that of a level."""
    if model in MODELS:
        return properties.judge(history, MODELS[model], "kv")
    return transactions.judge(history, model)


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
        advice = UNTOLD if said.unknown else TOO_GOOD if said.valid else TOO_BAD
        return broken(str(said), part, advice=advice, mark=said)
    count = size(history)
    came = counted(count, "operation")
    if count <= goal.smallest:
        return kept(came)
    return partly(goal.smallest / count, came, history, advice=SHORTER)


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
TOO_GOOD = "This model has to forbid it, and there is an order that explains it all."
TOO_BAD = "This model has to allow it: which operation can be otherwise, or left out?"
FUTURE = "A model that knows no clock may allow it; nobody has read the future yet."
SHORTER = "It is one, and there is a shorter one: which operation can you leave out?"
