"""Who runs a node: where its effects go, and who answers its questions.

A simulator and a real network each have their own. Here are the three that belong to
the vocabulary: one that writes a step's effects down, one that runs a part inside its
node, and nobody.
"""

# ruff: noqa: D102 – what the methods mean is told once, in `Runtime`
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from distlab.errors import Misuse, UnhandledMessage
from distlab.events import (
    Call,
    CancelTimer,
    ChoiceNeeded,
    Effect,
    End,
    Inner,
    InnerTimer,
    Message,
    NodeId,
    Note,
    Outcome,
    Output,
    Send,
    SetTimer,
    Signed,
    Timer,
    mint,
)

if TYPE_CHECKING:
    from distlab.node import Node


class ClockNeeded(Misuse):
    """`step` was told no time: the node now reads its clock."""


class Runtime(Protocol):
    """What every runtime does for the nodes that it runs."""

    def send(self, dst: NodeId, msg: Message) -> None:
        """Put `msg` on the way; to the node itself it is never lost."""

    def set_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        """Fire `timer` after a delay in this range; an equal one is restarted."""

    def cancel_timer(self, timer: Timer) -> None:
        """Forget `timer`, if it is set."""

    def output(self, value: Any) -> None:
        """Tell the layer above, once what the step changed is on disk."""

    def end(self, call: Call, outcome: Outcome, value: Any) -> None:
        """End `call`, once what the step changed is on disk."""

    def note(self, text: str, dropped: bool) -> None:
        """Write down a remark, or why what arrived was `dropped`."""

    def choose(self, k: int, options: Sequence[Any]) -> tuple[Any, ...]:
        """`k` different ones of `options`, written down for replay."""
        ...

    def sign(self, msg: Message) -> Signed:
        """`msg` with the signature of the node that is run, whoever it claims to be."""
        ...

    def now_ms(self) -> float:
        """What the node's clock shows, in milliseconds."""
        ...


class Recorder:
    """Writes a step's effects down instead of carrying them out."""

    def __init__(self, id: NodeId, choices: Iterable[tuple[Any, ...]], clock_ms: Any):
        self.id, self.choices, self.clock_ms = id, list(choices), clock_ms
        self.effects: list[Effect] = []

    def send(self, dst: NodeId, msg: Message) -> None:
        if not isinstance(msg, Message):
            raise Misuse(
                f"{self.id!r} sends {msg!r} to {dst!r}, which is not a message: derive "
                f"a class from `Message` and send one of it."
            )
        self.effects.append(Send(dst, msg))

    def set_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        self.effects.append(SetTimer(timer, (low_ms, high_ms)))

    def cancel_timer(self, timer: Timer) -> None:
        self.effects.append(CancelTimer(timer))

    def output(self, value: Any) -> None:
        self.effects.append(Output(value))

    def end(self, call: Call, outcome: Outcome, value: Any) -> None:
        self.effects.append(End(call, outcome, value))

    def note(self, text: str, dropped: bool) -> None:
        self.effects.append(Note(text, dropped))

    def choose(self, k: int, options: Sequence[Any]) -> tuple[Any, ...]:
        if not self.choices:
            raise ChoiceNeeded(k, tuple(options))
        answer = tuple(self.choices.pop(0))
        if len(answer) != k or len(set(answer)) != k or not set(answer) <= set(options):
            raise Misuse(
                f"{self.id!r} chooses {k} of {options} and `step` was given the choice "
                f"{answer}: give {k} different ones of these."
            )
        return answer

    def sign(self, msg: Message) -> Signed:
        return mint(self.id, msg)

    def now_ms(self) -> float:
        if self.clock_ms is None:
            raise ClockNeeded(
                f"{self.id!r} reads its clock: give `step` what it shows, `now_ms=…`."
            )
        shown: float = self.clock_ms
        return shown


class PartRuntime:
    """Runs a part inside its node: wraps what it sends, hands up what it outputs."""

    def __init__(self, node: Node, name: str):
        self.node, self.name = node, name

    def send(self, dst: NodeId, msg: Message) -> None:
        self.node._runtime.send(dst, Inner(self.name, msg))

    def set_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        self.node._runtime.set_timer(InnerTimer(self.name, timer), low_ms, high_ms)

    def cancel_timer(self, timer: Timer) -> None:
        self.node._runtime.cancel_timer(InnerTimer(self.name, timer))

    def output(self, value: Any) -> None:
        handler = f"on_{self.name}_output"
        if not hasattr(self.node, handler):
            raise UnhandledMessage(
                f"{type(self.node).__name__} {self.node.id!r} has no `{handler}` for "
                f"{value!r} of its part: write one, or `{handler} = ignored(reason)`."
            )
        getattr(self.node, handler)(value)

    def end(self, call: Call, outcome: Outcome, value: Any) -> None:
        raise Misuse(
            f"the part {self.name!r} of {self.node.id!r} ends an operation: a part "
            f"answers its node by `self.output(…)`."
        )

    def note(self, text: str, dropped: bool) -> None:
        self.node._runtime.note(f"{self.name}: {text}", dropped)

    def choose(self, k: int, options: Sequence[Any]) -> tuple[Any, ...]:
        return self.node._runtime.choose(k, options)

    def sign(self, msg: Message) -> Signed:
        return self.node._runtime.sign(msg)

    def now_ms(self) -> float:
        return self.node._runtime.now_ms()


class Idle:
    """Nobody runs this node: every effect is refused."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python asks, not a node
            raise AttributeError(name)
        raise Misuse(
            f"`{name}` has an effect outside, and nobody runs this node: use `step`, "
            f"or put it into a cluster."
        )


IDLE: Any = Idle()
