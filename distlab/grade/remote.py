"""An answer that lives in a child, as something the parent's judges can use.

A function is called through the pipe. A node is a stand-in: the parent's cluster runs
it like any other, and each step of it is made in the child. Its fields are sealed: the
parent keeps them for the child and never looks inside, so that a judge can only believe
what a node does.
"""

from __future__ import annotations

import ast
import inspect
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from distlab import codec
from distlab.errors import Misuse
from distlab.events import (
    Call,
    CancelTimer,
    Deliver,
    End,
    Event,
    Fire,
    Message,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Signed,
    Start,
    Timer,
    mint,
)
from distlab.grade.child import Child, Library, Raised
from distlab.grade.collect import Sheet, Statement
from distlab.grade.examine import Stopped
from distlab.grade.exercise import Function, Method
from distlab.grade.fence import Limits
from distlab.grade.server import defined_by
from distlab.history import History
from distlab.node import Node
from distlab.reactions import Reactions, Rule
from distlab.state import Field, StateType
from distlab.trace import Trace
from distlab.value import Value

AGAIN_MAX = 200  # requests that are made again, of another child
STATE = ("durable", "volatile", "ghost")


class Sealed(Value):
    """A field of an answer, as the child wrote it."""

    text: str


class Remote:
    """The answer of one exercise, in a child that is started anew after a stop."""

    def __init__(self, library: Library, sheet: Sheet, answer: Method | Function):
        self.library, self.limits = library, Limits()
        self.loading = load_request(sheet, answer)
        self.loaded: dict[str, Any] = {}
        self.holds: tuple[str, ...] = ()
        self.asked: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.busy_s = 0.0  # how long the child has been at work
        self.signed: set[str] = set()
        self._child: Child | None = None

    def started(self) -> Child:
        """The child; a new one if there is none."""
        if self._child is None:
            self._child = self.start(hash_seed=0)
        return self._child

    def open(self) -> dict[str, Any]:
        """What a child said when it read the sheet."""
        self.started()
        return self.loaded

    def rest(self) -> None:
        """Between two claims: a child that has worked for long is replaced."""
        if self.busy_s > self.limits.processor_s / 4:
            self.close()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """One request; the errors are those of `Child.ask`."""
        child, since_s = self.started(), time.perf_counter()
        try:
            reply = child.ask(do, **request)
        except Stopped:
            self.close()
            raise
        finally:
            self.busy_s += time.perf_counter() - since_s
        self.asked.append(({"do": do, **request}, reply))
        return reply

    def start(self, hash_seed: int) -> Child:
        """A new child that has read the sheet."""
        child = Child(self.library, self.limits, hash_seed)
        self.holds = child.holds
        try:
            self.loaded = child.ask("load", **self.loading)
        except BaseException:
            child.close()
            raise
        return child

    def close(self) -> None:
        """End the child; the next request goes to a new one."""
        if self._child is not None:
            self._child.close()
        self._child, self.busy_s = None, 0.0

    def remembers(self) -> str | None:
        """What another child, asked in another order, answers otherwise; or None.

        A function of what it is given answers the same at any time, in any process.
        """
        sample = random.Random(len(self.asked)).sample
        again = sample(self.asked, min(len(self.asked), AGAIN_MAX))
        with self.start(hash_seed=1) as other:
            for request, first in again:
                try:
                    second = other.ask(**request)
                except (Raised, NotImplementedError) as raised:
                    second = {"raised": str(raised)}
                if not alike({**second, "n": first["n"]}, first):
                    return difference(request, first, second)
        return None

    # ------------------------------------------------------------ values from the child
    def value(self, text: Any, signer: str = "") -> Any:
        """What the child wrote, as a plain value. Raises `Raised` where it is none."""
        if not isinstance(text, str):
            raise Raised("The answer was not written as the course writes values.")

        def sign(who: str, msg: Message) -> Signed:
            signed = mint(who, msg)
            if who != signer and codec.to_json(signed) not in self.signed:
                raise Misuse(f"a signature of {who!r} that it has never seen")
            return self.remember(who, msg)

        try:
            most = self.limits.answer_bytes
            return codec.from_json(text, size_max=most, sign=sign)
        except Misuse as why:
            raise Raised(f"What came cannot be read: {why}") from None

    def remember(self, who: str, msg: Message) -> Signed:
        """Note that this signature exists, so that it may be passed on."""
        signed = mint(who, msg)
        self.signed.add(codec.to_json(signed))
        return signed

    def written(self, event: Event) -> str:
        """An event as text; the signatures in it are known from now on."""
        text = codec.to_json(event)
        if '"signer":' in text:
            codec.from_json(text, sign=self.remember)
        return text


def load_request(sheet: Sheet, answer: Method | Function) -> dict[str, Any]:
    """What a child needs to make the answer of the sheet."""
    request: dict[str, Any] = {
        "name": answer.name,
        "cells": sheet.sources,
        "statements": [[s.cell, s.place, s.names] for s in sheet.statements],
        "base": None,
        "source": None,
        "asked": None,
    }
    if isinstance(answer, Method):
        base, module = answer.base, answer.base.__module__
        request["base"] = f"{module}:{base.__qualname__}"
        request["asked"] = answer.asked
        request["classes"] = [[s.cell, s.place] for s in lineage(sheet, answer.name)]
        if not module.startswith("distlab.") or module.startswith("distlab.grade."):
            request["source"] = inspect.getsource(sys.modules[module])
    return request


def lineage(sheet: Sheet, name: str) -> list[Statement]:
    """The class and those of its bases that stand in the sheet, the furthest first."""
    found: list[Statement] = []
    known = [s for s in sheet.statements if isinstance(s.node, ast.ClassDef)]
    wanted = [name]
    while wanted and known:
        statement = known.pop()
        node = statement.node
        if isinstance(node, ast.ClassDef) and node.name == wanted[0]:
            found.insert(0, statement)
            wanted = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return found


def defined(sheet: Sheet, name: str) -> list[str]:
    """What a class of the sheet and its bases there define."""
    classes = [s.node for s in lineage(sheet, name)]
    names = (n for c in classes for s in getattr(c, "body", ()) for n in defined_by(s))
    return list(dict.fromkeys(names))


def left_out(sheet: Sheet, answer: Method | Function) -> list[str]:
    """What the learner's class redefines and was not asked for."""
    if isinstance(answer, Function) or answer.asked is None:
        return []
    return [
        f"`{name}` of `{answer.name}` was not asked for and is left as "
        f"{answer.base.__name__} has it."
        for name in defined(sheet, answer.name)
        if name not in answer.asked and hasattr(answer.base, name)
    ]


def alike(first: Any, second: Any) -> bool:
    """Whether two replies say the same; the order of a dict's keys says nothing."""
    if first == second:
        return True
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            alike(first[key], second[key]) for key in first
        )
    try:
        return bool(codec.from_json(first) == codec.from_json(second))
    except (Misuse, TypeError):
        return False


def difference(request: dict, first: dict, second: dict) -> str:
    """In a sentence: what was asked, what came at first, what came later."""
    asked = request.get("event", request.get("args"))
    told = [
        str(reply.get("effects", reply.get("result", reply.get("raised", reply))))
        for reply in (first, second)
    ]
    if told[0] == told[1]:
        told = [str(reply.get("state")) for reply in (first, second)]
    return f"asked {asked}, it answered {told[0]} at first and {told[1]} later"


# --------------------------------------------------------------------------- a function
def remote_function(remote: Remote) -> Callable[..., Any]:
    """A function whose calls are made in the child."""

    def call(*args: Any) -> Any:
        reply = remote.ask("call", args=[argument(value) for value in args])
        return remote.value(reply.get("result"))

    return call


def argument(value: Any) -> tuple[str, str]:
    """An argument as text, and how it is to be read."""
    if isinstance(value, History):
        return "history", value.to_jsonl()
    if isinstance(value, Trace):
        return "trace", value.to_jsonl()
    return "value", codec.to_json(value)


# ------------------------------------------------------------------------------- a node
def remote_class(remote: Remote, answer: Method) -> type[Node]:
    """A node class for the parent's cluster, whose steps are made in the child."""
    loaded = remote.open()
    kinds = new_fields(loaded.get("new"))
    namespace: dict[str, Any] = {
        name: Field(kind, None) for name, kind in kinds.items()
    }
    namespace["__annotations__"] = dict.fromkeys(kinds, "Any")
    namespace |= DOORS | {"__module__": __name__}
    cls: Any = StateType(answer.name, (answer.base,), namespace)
    cls._fields = sealed_fields(cls._fields, loaded.get("state"))
    cls._reactions, cls._remote, cls._told = RemoteReactions(), remote, {}
    found: type[Node] = cls
    return found


def new_fields(told: Any) -> dict[str, Any]:
    """The fields that the learner has added, each with its kind."""
    found: dict[str, Any] = {}
    for entry in told if isinstance(told, list) else [None]:
        match entry:
            case [str(name), str(kind)] if name.isidentifier() and not hasattr(
                Node, name
            ):
                if kind in STATE:
                    found[name] = kind
            case _:
                raise Raised(f"The answer describes its fields as {entry!r}.")
    return found


def sealed_fields(fields: dict[str, Field], state: Any) -> dict[str, Field]:
    """The same fields, each starting from what the child says."""
    sealed = {}
    for name, how in fields.items():
        if how.kind in STATE and name != "operation":
            how = Field(how.kind, Sealed(entry(state, name, str)))
        elif how.kind == "part":
            inner: Any = StateType(how.initial.__name__, (how.initial,), {**CLOSED})
            inner._fields = sealed_fields(inner._fields, entry(state, name, dict))
            how = Field("part", inner)
        sealed[name] = how
    return sealed


def entry(state: Any, name: str, kind: type) -> Any:
    """A field of a reply, if it has this form."""
    found = state.get(name) if isinstance(state, dict) else None
    if not isinstance(found, kind):
        raise Raised(f"The state that came has no `{name}` of the right form.")
    return found


# Where a runtime comes in: all of these are steps, and are made in the child.
DOORS: dict[str, Any] = {
    "on_start": lambda node: step(node, Start()),
    "on_recover": lambda node, report: step(node, Recover(report)),
    "_call": lambda node, call: step(node, call),
    "after_event": Node.after_event,
    "invariant": Node.invariant,
}
# A part is inside the child's node: from here, nothing can happen to it.
CLOSED: dict[str, Any] = {
    "on_start": Node.on_start,
    "on_recover": Node.on_recover,
    "after_event": Node.after_event,
    "invariant": Node.invariant,
}


class RemoteReactions(Reactions):
    """For each class of message and timer: let the child answer it."""

    def __init__(self) -> None:
        super().__init__(Node, None)

    def __missing__(self, kind: type) -> Rule:
        event: Any = Deliver if issubclass(kind, Message) else Fire
        self[kind] = reaction = lambda node, *what: step(node, event(*what))
        return reaction


def step(node: Any, event: Event) -> None:
    """Let the child make this step; keep its state, and carry out its effects."""
    remote: Remote = node._remote
    request = {
        "node": described(node),
        "state": {**texts(node), "operation": codec.to_json(node.operation)},
        "event": remote.written(event),
        "now": clock(node),
    }
    choices: list[tuple[Any, ...]] = []
    reply = remote.ask("step", **request, choices="[]")
    while "choose" in reply:
        k, options = reply["choose"]
        choices.append(node.choose(k, remote.value(options)))
        reply = remote.ask("step", **request, choices=codec.to_json(tuple(choices)))
    take(node, reply.get("state"))
    if isinstance(event, Call):
        node.operation = event
    effects = remote.value(reply.get("effects"), signer=node.id)
    for effect in effects if isinstance(effects, list) else [effects]:
        carry_out(node, effect)


def clock(node: Node) -> float | None:
    """What the node's clock shows; None where whoever runs it gave it no clock."""
    try:
        return node.now_ms
    except Misuse:
        return None


def described(node: Any) -> str:
    """The node's name, its group and its settings, as text."""
    fixed = type(node)._fixed(node)
    if fixed not in node._told:
        told = (node.id, node.nodes, settings(node))
        node._told[fixed] = codec.to_json(told)
    text: str = node._told[fixed]
    return text


def settings(node: Node) -> dict[str, Any]:
    """The settings of a node and of its parts."""
    inner = (settings(part) for part in node.parts())
    own = {name: getattr(node, name) for name in node.of_kind("setting")}
    return {name: value for each in (*inner, own) for name, value in each.items()}


def texts(node: Node) -> dict[str, Any]:
    """The sealed state of a node, as the child wrote it."""
    fields = (name for name in node.of_kind(*STATE) if name != "operation")
    own = {name: getattr(node, name).text for name in fields}
    return own | {name: texts(getattr(node, name)) for name in node.of_kind("part")}


def take(node: Node, state: Any) -> None:
    """Keep what has changed."""
    for name in state if isinstance(state, dict) else ():
        if name in node.of_kind(*STATE) and name != "operation":
            setattr(node, name, Sealed(entry(state, name, str)))
        elif name in node.of_kind("part"):
            take(getattr(node, name), state[name])
        else:
            raise Raised(f"The answer has no field {name!r}, and changes it.")


def carry_out(node: Any, effect: Any) -> None:
    """Do what the child's node wants, if it is something that a node may want."""
    match effect:
        case Send(str(dst), Message() as msg):
            node.send(dst, msg)
        case SetTimer(
            Timer() as timer, (int() | float() as low, int() | float() as high)
        ):
            node.set_timer(timer, low, high)
        case CancelTimer(Timer() as timer):
            node.cancel_timer(timer)
        case Output(value):
            node.output(value)
        case End(_, "ok" | "fail" | "info" as outcome, value):
            node._end(outcome, value)
        case Note(str(text), bool(dropped)):
            node._runtime.note(text, dropped)
        case _:
            raise Raised(f"It wants {effect!r} to happen, which no node can want.")
