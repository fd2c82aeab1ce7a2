"""From a message to the rules that answer it: found by name once, typos found early.

`on_<message>` answers the messages of that very class, not of its subclasses. A rule
for several kinds of message is a `before_<base>`, and runs before the handler.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from distlab.errors import Misuse, UnhandledMessage, did_you_mean
from distlab.events import Deliver, Fire, Inner, InnerTimer, Message, Timer

if TYPE_CHECKING:
    from distlab.node import Node

Rule = Callable[..., None]


def snake(name: str) -> str:
    """`RequestVote` → `request_vote`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def ignored(reason: str) -> Rule:
    """A handler for a whole type that is safe to drop: `on_ack = ignored("…")`."""

    def handler(self: Node, *event: Any) -> None:
        self.ignore(reason)

    return handler


class Reactions(dict[type, Rule]):
    """What a node class does for each class of message and timer: made on first use."""

    def __init__(self, cls: type[Node], after: Rule | None):
        self.cls, self.after = cls, after

    def __missing__(self, kind: type) -> Rule:
        rules = [*self.before(kind), self.handler(kind)]
        if self.after is not None:
            after = self.after
            rules.append(lambda node, *event: after(node))
        self[kind] = reaction = rules[0] if len(rules) == 1 else in_turn(rules)
        return reaction

    def before(self, kind: type) -> list[Rule]:
        """The `before_<base>` hooks of every base that the message derives from."""
        if kind in (Inner, InnerTimer):
            return []  # the hooks of the part see what is inside
        names = ["before_" + snake(base.__name__) for base in reversed(kind.__mro__)]
        return [getattr(self.cls, name) for name in names if hasattr(self.cls, name)]

    def handler(self, kind: type) -> Rule:
        """The `on_<name>` of the class, or what says that there is none."""
        if kind is Inner:
            return _deliver_to_part
        if kind is InnerTimer:
            return _fire_in_part
        name = "on_" + snake(kind.__name__)
        rule: Rule | None = getattr(self.cls, name, None)
        if rule is None:
            return _complaint(
                f"has no `{name}`: write one, or `{name} = ignored(reason)`"
            )
        if kind not in vocabulary(self.cls):
            return _complaint(
                f"its `{name}` is for another class of that name: import "
                f"`{kind.__name__}` from {kind.__module__}"
            )
        return rule


def _deliver_to_part(node: Node, src: str, msg: Inner) -> None:
    getattr(node, msg.part).react(Deliver(src, msg.msg))


def _fire_in_part(node: Node, timer: InnerTimer) -> None:
    getattr(node, timer.part).react(Fire(timer.timer))


def in_turn(rules: list[Rule]) -> Rule:
    """One function that applies several rules to the same event."""
    if len(rules) == 2:
        first, second = rules

        def both(*event: Any) -> None:
            first(*event)
            second(*event)

        return both

    def all_of_them(*event: Any) -> None:
        for rule in rules:
            rule(*event)

    return all_of_them


def _complaint(what: str) -> Rule:
    def complain(node: Node, *event: Any) -> None:
        raise UnhandledMessage(
            f"{type(node).__name__} {node.id!r} received {event[-1]} and {what}."
        )

    return complain


# ------------------------------------------------- checked when a node class is written
def check_handlers(cls: type[Node]) -> None:
    """Every `on_…` and `before_…` must name something that exists and take what comes.

    Raises `Misuse` for a name that nothing has, and for a wrong number of arguments.
    """
    arguments = expected(cls)
    for name, rule in vars(cls).items():
        if not name.startswith(("on_", "before_")):
            continue
        if name not in arguments:
            raise Misuse(
                f"{cls.__name__}.{name}: no message or timer has that name."
                f"{did_you_mean(name, arguments)}"
            )
        if not _takes(rule, len(arguments[name])):
            raise Misuse(
                f"{cls.__name__}.{name} must take ({', '.join(arguments[name])})."
            )


def expected(cls: type[Node]) -> dict[str, tuple[str, ...]]:
    """The handlers and hooks that a node class may have, and what each is given."""
    message, timer = ("self", "src", "msg"), ("self", "timer")
    arguments: dict[str, tuple[str, ...]] = {
        "on_start": ("self",),
        "on_recover": ("self", "report"),
        "before_message": message,
        "before_timer": timer,
        **{f"on_{part}_output": ("self", "value") for part in cls.of_kind("part")},
    }
    for kind in vocabulary(cls):
        given = message if issubclass(kind, Message) else timer
        handler = "on_" + snake(kind.__name__)
        if arguments.setdefault(handler, given) != given:
            raise Misuse(
                f"{cls.__name__}: `{handler}` would answer two different things: give "
                f"`{kind.__name__}` another name."
            )
        for base in kind.__mro__:
            if issubclass(base, (Message, Timer)):
                arguments["before_" + snake(base.__name__)] = given
    return arguments


def vocabulary(cls: type[Node]) -> set[type]:
    """The messages and timers in the modules of a node class and of its bases."""
    scopes = {_scope(base) for base in cls.__mro__}
    known = {
        kind
        for module, _ in scopes
        for kind in vars(sys.modules.get(module, object)).values()
        if isinstance(kind, type) and issubclass(kind, (Message, Timer))
    }
    known |= {
        kind  # defined inside a function, or in a module that cannot be imported
        for kind in _subclasses([Message, Timer])
        if _scope(kind) in scopes
        and ("." in kind.__qualname__ or kind.__module__ not in sys.modules)
    }
    return known - {Message, Timer, Inner, InnerTimer}


def _scope(cls: type) -> tuple[str, str]:
    return cls.__module__, cls.__qualname__.rpartition(".")[0]


def _subclasses(kinds: Iterable[type]) -> set[type]:
    return {
        sub for kind in kinds for sub in (kind, *_subclasses(kind.__subclasses__()))
    }


def _takes(rule: Any, count: int) -> bool:
    """Whether a function can be called with so many arguments by position."""
    code = getattr(rule, "__code__", None)
    if code is None or code.co_flags & 0x04:  # not a plain function, or it has *args
        return True
    least = code.co_argcount - len(rule.__defaults__ or ())
    return bool(least <= count <= code.co_argcount)
