"""What happens to a node and what it does: messages and timers, events, effects.

All of them are values: frozen, compared by their fields, safe to keep and to send.
"""

from __future__ import annotations

from typing import Any, Literal

from distlab.errors import Misuse
from distlab.value import Value

NodeId = str
Outcome = Literal["ok", "fail", "info"]  # it happened; it did not; nobody knows


# ------------------------------------------------------------------ values that travel
class Message(Value):
    """Something that one node tells another. Subclass it and list the fields."""


class Timer(Value):
    """Something that a node asks to be told later. An equal one restarts it."""


class Signed(Message):
    """A message and who vouches for it: `Node.sign` makes it, anyone may pass it on."""

    signer: NodeId
    msg: Message

    def __init__(self, signer: NodeId, msg: Message):
        raise Misuse(
            f"a signature of {signer!r} cannot be made by hand: `self.sign(msg)` makes "
            f"your own, and others' can only be passed on."
        )

    def __init_subclass__(cls) -> None:
        raise Misuse(
            f"{cls.__name__} would forge signatures: `Signed` has no subclass."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return mint, (self.signer, self.msg)


def mint(signer: NodeId, msg: Message) -> Signed:
    """Sign in the name of `signer`: for runtimes, never for protocols."""
    signed = object.__new__(Signed)
    object.__setattr__(signed, "signer", signer)
    object.__setattr__(signed, "msg", msg)
    return signed


class Inner(Message):
    """A message between two parts: which part it belongs to, and the message."""

    part: str
    msg: Message


class InnerTimer(Timer):
    """A timer of a part."""

    part: str
    timer: Timer


# ------------------------------------------------------------ what may happen to a node
class Event(Value):
    """What may happen to a node: the argument of `step`."""


class Start(Event):
    """The node comes to life for the first time."""


class Deliver(Event):
    """A message arrives."""

    src: NodeId
    msg: Message


class Fire(Event):
    """A timer runs out."""

    timer: Timer


class Call(Event):
    """The layer above calls a method: `Call("acquire")`, `Call("write", ("x", 1))`."""

    name: str
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.args))})"


class Crash(Event):
    """The node stops; what is in memory is gone. `saved` is what the disk has kept."""

    saved: tuple[Any, ...] | None = None  # as `Node.saved()` gives it; None: all of it


class Recover(Event):
    """The node comes back, and is told what its disk lost."""

    report: DiskReport


class DiskReport(Value):
    """What a node finds when it reads its disk again after a crash."""

    lost: int = 0  # records that were written and never reached the disk
    torn: bool = False  # the last record is only a prefix
    corrupted: tuple[str, ...] = ()  # fields whose record failed its checksum

    def of(self, part: str) -> DiskReport:
        """What a part is told: its own fields, by the names that it knows."""
        inside = f"{part}."
        theirs = [f[len(inside) :] for f in self.corrupted if f.startswith(inside)]
        return DiskReport(self.lost, self.torn, tuple(theirs))


# ------------------------------------------------------------------ what a node may do
class Effect(Value):
    """What a node wants to happen outside: what `step` returns."""


class Send(Effect):
    """Put a message on the way to one node."""

    dst: NodeId
    msg: Message


class SetTimer(Effect):
    """Fire this timer after a delay in this range, in milliseconds."""

    timer: Timer
    after_ms: tuple[float, float]


class CancelTimer(Effect):
    """Forget this timer, if it is set."""

    timer: Timer


class Output(Effect):
    """Tell the layer above: delivered, decided, elected."""

    value: Any


class End(Effect):
    """End the operation in progress: `ok`, `fail` (it did not) or `info` (perhaps)."""

    call: Call
    outcome: Outcome
    value: Any


class Note(Effect):
    """A remark for the diagram; `dropped`: it is the reason for ignoring an event."""

    text: str
    dropped: bool = False


class ChoiceNeeded(Exception):
    """`step` was given too few choices: the node now asks for `k` of `options`."""

    def __init__(self, k: int, options: tuple[Any, ...]):
        super().__init__(f"the node chooses {k} of {options}")
        self.k, self.options = k, options
