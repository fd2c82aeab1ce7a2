r"""Properties and models by their names: what a history can be judged for, and as what.

    >>> from distlab.check import formats
    >>> history = formats.read("0 :invoke :cas [1 2]\n0 :ok :cas [1 2]")
    >>> guessed(history), usual(guessed(history))
    ('cas-register', 'linearizable')

A model says what the operations mean: a machine, whose commands they are, or the kind
of micro-operations of transactions. A property says what was promised. Neither is in
the log; both can be guessed from what was called.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace
from functools import cache
from typing import Any, Literal, NamedTuple

from distlab.check import levels
from distlab.check.limits import Limits
from distlab.check.verdict import Edge, Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse, did_you_mean
from distlab.history import History, Operation
from distlab.machine import (
    Counter,
    KeyValue,
    Lock,
    LogMachine,
    Machine,
    Mutex,
    Queue,
    Register,
    Set,
    Stack,
    Texts,
)

Needs = Literal["a machine", "reads and writes", "transactions"]


class Property(NamedTuple):
    """Who judges it, and what it is about."""

    module: str
    function: str
    needs: Needs


MODELS: dict[str, Machine | None] = {
    "register": Register(),
    "cas-register": Register(),
    "kv": KeyValue(),
    "texts": Texts(),
    "counter": Counter(),
    "set": Set(),
    "queue": Queue(),
    "stack": Stack(),
    "lock": Lock(),
    "mutex": Mutex(),
    "log": LogMachine(),
    "list-append": None,  # transactions
    "rw-register": None,
}
PROPERTIES = {
    "linearizable": Property("linearizable", "linearizable", "a machine"),
    "sequential": Property("sequential", "sequentially_consistent", "a machine"),
    "causal": Property("causal", "causally_consistent", "reads and writes"),
    "causal-memory": Property("causal", "causal_memory", "reads and writes"),
    "causal-convergence": Property("causal", "causally_convergent", "reads and writes"),
    "pram": Property("pram", "pram", "reads and writes"),
    **{
        name.replace("_", "-"): Property("sessions", name, "reads and writes")
        for name in (
            "read_your_writes",
            "monotonic_reads",
            "monotonic_writes",
            "writes_follow_reads",
            "consistent_prefix",
        )
    },
    **{
        model.name.replace(" ", "-"): Property("transactions", "judge", "transactions")
        for model in levels.MODELS
        if model.kind == "transactions"
    },
}
KEYED = [name for name, machine in MODELS.items() if machine and machine.part]
TRANSACTIONS = [name for name, machine in MODELS.items() if machine is None]
ONE_KEY = "x"  # of a register that is judged as a store of one


def judge(
    history: History, property: str, model: str, limits: Limits | None = None
) -> Verdict:
    """Whether a history has a property, its operations being those of a model.

    Raises `Misuse` for unknown names, for a property that the model cannot have, and
    for operations that are none of the model.
    """
    if model == "kv" and any(op.f in ("get", "put") for op in history):
        return judge(history, property, "texts", limits)  # others call those kv too
    asked = may_be_asked(property, model)
    judged = fitted(history, model)
    if asked.needs == "reads and writes" and model == "register":
        judged = History(op._replace(args=(ONE_KEY, *op.args)) for op in judged)
    ask = getattr(
        importlib.import_module(f"distlab.check.{asked.module}"), asked.function
    )
    given: dict[str, Any] = {
        "machine": MODELS[model],
        "level": property.replace("-", " "),
        "limits": limits or Limits(),
    }
    takes = inspect.signature(ask).parameters
    verdict: Verdict = ask(judged, **{n: v for n, v in given.items() if n in takes})
    if judged is history:
        return verdict
    called = dict(zip(judged, history, strict=True))  # the order of calls is the same
    parts = ("evidence", "order", "cycle")
    told = {part: as_called(getattr(verdict, part), called) for part in parts}
    return replace(verdict, **told)


def may_be_asked(property: str, model: str) -> Property:
    """Who judges a property of a model. Raises `Misuse` for one that it cannot have."""
    asked: Property = known(property, PROPERTIES, "property")
    machine = known(model, MODELS, "model")
    if (asked.needs == "transactions") != (machine is None):
        raise Misuse(
            f"`{property}` is about {asked.needs}, and the model `{model}` is not; "
            f"`{usual(model)}` would be usual."
        )
    if asked.needs == "reads and writes" and model not in ("register", "kv"):
        raise Misuse(f"`{property}` is about {asked.needs}: of a register, or of kv.")
    return asked


def as_called(told: Any, called: dict[Operation, Operation]) -> Any:
    """What a judge tells, with each operation as it was called: a picture needs it."""
    if isinstance(told, Operation):
        return called.get(told, told)
    if isinstance(told, tuple):
        return tuple(as_called(one, called) for one in told)
    if isinstance(told, Edge):
        source, target = as_called((told.source, told.target), called)
        return Edge(source, told.kind, target, told.why)
    return told  # what one process saw is told of keys


def known(name: str, names: dict[str, Any], what: str) -> Any:
    """What has this name. Raises `Misuse` with the nearest of the others."""
    if name not in names:
        hint = did_you_mean(name, names) or f" There are: {', '.join(names)}."
        raise Misuse(f"there is no {what} `{name}`.{hint}")
    return names[name]


def usual(model: str) -> str:
    """The property that is mostly promised of a model, and the strongest one."""
    return "strict-serializable" if model in TRANSACTIONS else "linearizable"


# -------------------------------------------------------------- what the operations are
def guessed(history: History) -> str:
    """The first model that has all the operations of a history.

    Raises `Misuse` for operations that are those of no model.
    """
    shapes = dict.fromkeys((op.f, len(op.args)) for op in history)
    wrong: list[str] = []
    if all(f == "txn" for f, _ in shapes):
        appends = any(micro[0] == "append" for op in history for micro in op.args)
        return "list-append" if appends else "rw-register"
    for model, machine in MODELS.items():
        if machine is None or (model == "register" and ("cas", 2) in shapes):
            continue
        if any(misshapen(*shape, model) for shape in shapes):
            continue
        unfit = next(filter(None, (wrong_in(op, model) for op in history)), None)
        if unfit is None and not (model == "lock" and without_tokens(history)):
            return model
        wrong += [unfit] if unfit else []
    if wrong:
        raise Misuse(" ".join(wrong))
    names = ", ".join(f"{f} of {counted(n, 'argument')}" for f, n in shapes)
    raise Misuse(f"no model has {names}; there are: {', '.join(MODELS)}.")


def fitted(history: History, model: str) -> History:
    """The history as its model wants it. Raises `Misuse` for what is none of it.

    Sets are read as sets, in whatever order they were told; where no text is, the text
    is empty; of a mutex, what happened succeeded; keys that cannot be compared with
    each other become texts.
    """
    for op in history:
        if wrong := wrong_in(op, model):
            raise Misuse(wrong)
    if model == "set":
        return History(map(as_set, history))
    if model == "mutex":
        return History(map(as_done, history))
    if model == "texts":
        history = History(map(as_text, history))
    if model in KEYED and len({type(op.args[0]) for op in history}) > 1:
        return History(
            op._replace(args=(repr(op.args[0]), *op.args[1:])) for op in history
        )
    return history


def wrong_in(op: Operation, model: str) -> str | None:
    """Why an operation is none of a model, and whose it is, or None if it is one."""
    if wrong := misshapen(op.f, len(op.args), model) or wrong_values(op, model):
        return f"{op.process} called `{op.f}` at {op.when(op.invoked_us)}: {wrong}"
    return None


def without_tokens(history: History) -> bool:
    """Whether a lock was acquired, and nobody was given a token, nor showed one."""
    return not any(op.args or type(op.result) is int for op in history)


@cache
def misshapen(f: str, arguments: int, model: str) -> str | None:
    """Why a call is none of a model, or None if it is one."""
    machine = MODELS[model]
    if machine is None:
        return None if f == "txn" else f"`{model}` has transactions alone, `txn`."
    if f not in machine.commands:
        has = ", ".join(sorted(machine.commands))
        return f"`{model}` has {has} alone.{did_you_mean(f, machine.commands)}"
    method = getattr(type(machine), f)
    takes = len(inspect.signature(method).parameters) - 2  # itself and the state
    if arguments == takes:
        return None
    return f"it has {counted(arguments, 'argument')}, and of `{model}` {takes}."


def wrong_values(op: Operation, model: str) -> str | None:
    """Why the values of an operation are none of a model."""
    told = op.outcome == "ok" and op.f == "read"
    if model == "counter":
        numbers = (*op.args, op.result) if told else op.args
        if not all(isinstance(number, int) for number in numbers):
            return "a counter has whole numbers alone."
    elif model in ("set", "log") and told and not has_members(op.result):
        return f"a {model} is read as a vector, not as {op.result!r}."
    elif model == "texts" and not all(isinstance(arg, str) for arg in op.args):
        other = next(arg for arg in op.args if not isinstance(arg, str))
        return (
            f"the keys and the values of `texts` are texts, and {other!r} is none: "
            f"other values are for `kv`, by `write` and `read`."
        )
    return None


def has_members(result: Any) -> bool:
    """Whether this may be what a set or a log was read as."""
    return isinstance(result, (tuple, frozenset))


def as_done(op: Operation) -> Operation:
    """An operation that, if it happened and told nothing, did what was asked."""
    return op._replace(result=True) if op[4:6] == ("ok", None) else op


def as_text(op: Operation) -> Operation:
    """An operation that gave a text, the empty one where there was none."""
    empty = op.f == "get" and op[4:6] == ("ok", None)
    return op._replace(result="") if empty else op


def as_set(op: Operation) -> Operation:
    """An operation whose result, if it has members, is a set of them."""
    members = op.f == "read" and has_members(op.result)
    return op._replace(result=frozenset(op.result)) if members else op
