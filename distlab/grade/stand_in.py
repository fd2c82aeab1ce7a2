"""A node that stands in for one in a child.

The parent's cluster runs it like any other, and each step of it is made in the child.
Its fields are sealed: the parent keeps them for the child and never looks inside, so
that a judge can only believe what a node does.
"""

from __future__ import annotations

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
    Start,
    Timer,
)
from distlab.grade.child import Raised
from distlab.grade.exercise import Method
from distlab.grade.remote import Remote
from distlab.node import Node
from distlab.reactions import Reactions, Rule
from distlab.state import Field, StateType
from distlab.value import Value

STATE = ("durable", "volatile", "ghost")
CHOICES_MAX = 100  # of one step, which is tried again with each of them
EFFECTS_MAX = 1_000  # of one step: each message may be work for those who get it


class Sealed(Value):
    """A field of an answer, as the child wrote it."""

    text: str


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
        if len(choices) == CHOICES_MAX:
            raise Raised(f"It chooses more than {CHOICES_MAX} times in one step.")
        k, options = reply["choose"]
        choices.append(node.choose(k, remote.value(options)))
        reply = remote.ask("step", **request, choices=codec.to_json(tuple(choices)))
    take(node, reply.get("state"))
    if isinstance(event, Call):
        node.operation = event
    effects = remote.value(reply.get("effects"), signer=node.id)
    if not isinstance(effects, list) or len(effects) > EFFECTS_MAX:
        raise Raised(f"It wants more than {EFFECTS_MAX} things to happen in one step.")
    for effect in effects:
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
