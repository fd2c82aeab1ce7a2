"""Whether a protocol can be explored soundly: is all that it knows in its fields?

An explorer remembers what a step did in a state, and takes two states for one when
their fields are equal. Both are wrong for a node that also keeps something elsewhere,
in a global or a class, that draws or looks at a clock behind the runtime's back, or
whose values change after they were made. Such a node is refused, with the place.

Looking costs a second step each time. So it is done for the first steps of each kind,
then for every second, fourth, eighth … of them; and once more when all is over, since
what is hidden needs time to change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from distlab.errors import Misuse
from distlab.events import Call, Deliver, Effect, Fire, Message, NodeId
from distlab.node import Node
from distlab.state import Log, Record
from distlab.value import ATOMS, IMMUTABLE, INSTEAD

if TYPE_CHECKING:
    from distlab.check.action import Action

MOST = 500  # samples that are looked at again when all is over


class Sample(NamedTuple):
    """A step, and what it did."""

    node: Node
    action: Action
    before: Any
    after: Any
    effects: list[Effect]


class Hygiene:
    """Looks at samples of the steps of one exploration."""

    def __init__(self) -> None:
        self.met: Counter[tuple[type, type, type]] = Counter()
        self.samples: list[Sample] = []

    # -------------------------------------------------------------------------- values
    def look_into(self, src: NodeId, msg: Message) -> None:
        """Refuse a message in which something may change after it was sent."""
        for place, kind in changeable_in(msg, type(msg).__name__, False):
            raise Misuse(
                f"{type(msg).__name__} from {src!r} cannot be explored: {place} is a "
                f"{kind}, which may change after it was sent. {advice(kind)}"
            )

    # --------------------------------------------------------------------------- steps
    def look_at(
        self, node: Node, action: Action, twin: Node, effects: list[Effect]
    ) -> None:
        """Look at a step from `node` to `twin`, if it is one of the samples."""
        kind = type(node), type(action.event), type(what_of(action))
        self.met[kind] += 1
        if self.met[kind] & (self.met[kind] - 1):  # no power of two
            return
        self.look_into_state(node, action, twin)
        before, after = node.fingerprint(), twin.fingerprint()
        sample = Sample(node, action, before, after, effects)
        self.repeat(sample)
        if len(self.samples) < MOST:
            self.samples.append(sample)

    def once_more(self) -> None:
        """Take the samples' steps again, now that all others have been taken."""
        for sample in self.samples:
            self.repeat(sample)

    def repeat(self, sample: Sample) -> None:
        """Take a step again. Raises `Misuse` if it does something else."""
        node, action = sample.node, sample.action
        where = f"{type(node).__name__} {node.id!r} cannot be explored"
        twin = node.clone()
        if twin.fingerprint() != node.fingerprint():
            raise Misuse(
                f"{where}: its clone differs in {differing(node, twin)}. Keep state in "
                f"fields and leave `clone` to `Node`."
            )
        effects = twin.step(action.event, action.choices)
        event = f"at {what_of(action)}"
        if node.fingerprint() != sample.before:
            raise Misuse(
                f"{where}: a step of its clone {event} changed the node too, so they "
                f"share something. Let fields hold numbers, text, tuples, dicts, sets, "
                f"records."
            )
        if (did := twin.fingerprint()) != sample.after or effects != sample.effects:
            how = differing_values(type(node), sample.after, did) or "what it sent"
            raise Misuse(
                f"{where}: the same step {event} came out differently the second "
                f"time, in {how}. It keeps something outside its fields, draws, or "
                f"looks at a clock: use fields, `choose` and timers."
            )

    def look_into_state(self, node: Node, action: Action, after: Node) -> None:
        """Refuse a field in which a value holds something that may change."""
        for name, held in after.state().items():
            for place, kind in changeable_in(held, name, True):
                raise Misuse(
                    f"{type(node).__name__} {node.id!r} cannot be explored: after "
                    f"{what_of(action)}, {place} is a {kind}, which may change unseen. "
                    f"{advice(kind)}"
                )


def what_of(action: Action) -> Any:
    """The message, the timer, the call … of an action."""
    match action.event:
        case Deliver(_, msg):
            return msg
        case Fire(timer):
            return timer
        case Call() as call:
            return call
    return action.event


def differing(one: Node, other: Node) -> str:
    """The names of the fields in which two nodes of a class differ."""
    mine, theirs = one.state(), other.state()
    return ", ".join(f"`{name}`" for name in mine if mine[name] != theirs[name])


def differing_values(kind: type[Node], one: Any, other: Any) -> str:
    """The names of the fields in which two fingerprints of a class differ."""
    names = (*kind.of_kind("durable", "volatile", "ghost"), *kind.of_kind("part"))
    pairs = zip(names, one, other, strict=True)
    return ", ".join(f"`{name}`" for name, was, now in pairs if was != now)


def changeable_in(value: Any, path: str, state: bool) -> Iterator[tuple[str, str]]:
    """Where something that may change hides in a value: the path to it, and its class.

    In the `state` of a node dicts, lists, sets and records may change. In a value
    nothing may, all down.
    """
    kind = type(value)
    if kind in ATOMS or isinstance(value, (Enum, type, FunctionType)):
        return
    if not state and isinstance(value, (dict, list, set, bytearray, Record)):
        yield path, kind.__name__
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from changeable_in(key, f"a key of {path}", False)
            yield from changeable_in(item, f"{path}[{key!r}]", True)
    elif isinstance(value, (tuple, list, Log)):
        for i, item in enumerate(value):
            yield from changeable_in(item, f"{path}[{i}]", kind is list)
    elif isinstance(value, (set, frozenset)):
        for item in sorted(value, key=repr):
            yield from changeable_in(item, f"an item of {path}", False)
    elif is_dataclass(value):
        for field in fields(value):
            item, inside = getattr(value, field.name), isinstance(value, Record)
            yield from changeable_in(item, f"{path}.{field.name}", inside)
    elif kind not in IMMUTABLE:
        yield path, kind.__name__


def advice(kind: str) -> str:
    """What to use in the place of something that changes."""
    instead = {cls.__name__: use for cls, use in INSTEAD.items()}
    return f"Use {instead.get(kind, 'numbers, text, tuples, or a class of `Value`')}."
