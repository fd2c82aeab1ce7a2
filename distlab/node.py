"""A node, its messages and its effects: the vocabulary in which every protocol is written.

Reading order: `Message` and `Timer`, what may happen to a node (events), what a node may do
(effects), `Node`. Nothing here knows the time, draws a random number or opens a socket: that
belongs to whoever runs the node (a simulator, an explorer, a real network).

A protocol is a subclass of `Node`. Its handlers are called one at a time, to the end. They
change `self`, and say what should happen outside by `send`, `set_timer`, `output` …  `step`
makes of them a pure function: state, event and choices in; new state and effects out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, ClassVar, Literal, Protocol

from distlab.errors import Misuse, UnhandledMessage, did_you_mean
from distlab.faults import Assumes
from distlab.state import (
    Field,
    Log,
    Record,
    StateType,
    copied,
    durable,
    frozen,
    ghost,
    part,
    setting,
    volatile,
)
from distlab.value import Value

__all__ = [
    "Assumes",
    "Log",
    "Message",
    "Node",
    "NodeId",
    "Record",
    "Timer",
    "Value",
    "durable",
    "ghost",
    "ignored",
    "part",
    "setting",
    "volatile",
]

NodeId = str


# ------------------------------------------------------------------ values that travel
class Message(Value):
    """Something that one node tells another. Subclass it and list the fields."""


class Timer(Value):
    """Something that a node asks to be told later. Setting an equal one restarts it."""


class Signed(Message):
    """A message and who vouches for it. Made by `Node.sign` alone; anyone may pass it on."""

    signer: NodeId
    msg: Message

    def __init__(self, signer: NodeId, msg: Message):
        raise Misuse(
            f"a signature of {signer!r} cannot be made by hand: `self.sign(msg)` makes "
            f"your own, and others' can only be passed on."
        )

    def __reduce__(self):
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
    args: tuple = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(repr, self.args))})"


class Crash(Event):
    """The node stops; what is in memory is gone. `saved` is what the disk has kept."""

    saved: tuple | None = None  # as `Node.saved()` gives it; None: all of it


class Recover(Event):
    """The node comes back, and is told what its disk lost."""

    report: DiskReport


class DiskReport(Value):
    """What a node finds when it reads its disk again after a crash."""

    lost: int = 0  # records that were written and never reached the disk
    torn: bool = False  # the last record is only a prefix
    corrupted: tuple[str, ...] = ()  # fields whose record failed its checksum


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
    """End the operation in progress: `ok`, `fail` (it did not happen) or `info` (it may)."""

    call: Call
    outcome: Literal["ok", "fail", "info"]
    value: Any


class Note(Effect):
    """A remark for the diagram; `dropped` when it is the reason for ignoring an event."""

    text: str
    dropped: bool = False


class ChoiceNeeded(Exception):
    """`step` was given too few choices: the node now asks for `k` of `options`."""

    def __init__(self, k: int, options: tuple):
        super().__init__(f"the node chooses {k} of {options}")
        self.k, self.options = k, options


class Runtime(Protocol):
    """Whoever runs a node: where its effects go, and who answers its questions."""

    def send(self, dst: NodeId, msg: Message) -> None: ...
    def set_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None: ...
    def cancel_timer(self, timer: Timer) -> None: ...
    def output(self, value: Any) -> None: ...
    def end(self, call: Call, outcome: str, value: Any) -> None: ...
    def note(self, text: str, dropped: bool) -> None: ...
    def choose(self, k: int, options: tuple) -> tuple: ...
    def sign(self, msg: Message) -> Signed: ...
    def now_ms(self) -> float: ...


def _slot(*, init: Literal[False] = False) -> Any:
    return Field("runtime", None)


# ------------------------------------------------------------------------------- a node
class Node(metaclass=StateType):
    """One process: some state, and what it does when something happens.

    Subclass it. Declare the state as annotated fields (`setting`, `durable`, `volatile`,
    `ghost`, `part`). Write `on_<message>(self, src, msg)` for each message,
    `on_<timer>(self, timer)` for each timer, and a plain method for each call.
    """

    id: NodeId
    nodes: tuple[NodeId, ...]  # the node's own group, this one included
    peers: tuple[NodeId, ...] = _slot()  # the others of it
    operation: Call | None = volatile(None)  # the call in progress: one at a time
    _runtime: Runtime = _slot()

    assumes: ClassVar[Assumes] = Assumes()
    client: ClassVar[type[Node] | None] = None  # the class that speaks to this service
    _reactions: ClassVar[dict[type, Callable]]
    _saved: ClassVar[Callable[[Node], Any] | None]

    def __init__(self, id: NodeId, nodes: Iterable[NodeId] = (), **settings: Any):
        self.id = id
        self.nodes = tuple(nodes) or (id,)
        self.peers = tuple(node for node in self.nodes if node != id)
        self._runtime = IDLE
        known = self._settings()
        for name in settings:
            if name not in known:
                raise Misuse(
                    f"{type(self).__name__} has no setting `{name}`."
                    f"{did_you_mean(name, known) or f' It has: {_listed(known)}.'}"
                )
        for name, field in self._fields.items():
            if field.kind == "setting":
                setattr(self, name, settings.get(name, field.initial))
            elif field.kind == "part":
                inside: type[Node] = field.initial
                theirs = {s: settings[s] for s in inside._settings() if s in settings}
                setattr(self, name, inside(id, self.nodes, **theirs))
                getattr(self, name)._runtime = PartRuntime(self, name)
            elif field.kind != "runtime":
                setattr(self, name, copied(field.initial))

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        check_handlers(cls)
        cls._reactions = Reactions(cls)
        names = cls.of_kind("durable")
        cls._saved = attrgetter(*names) if names else None

    # -------------------------------------------------- hooks that a protocol may fill in
    def on_start(self) -> None:
        """What a node does when it first comes to life; timers are armed here."""

    def on_recover(self, report: DiskReport) -> None:
        """What a node does when it comes back from a crash; timers are armed here too."""

    def after_event(self) -> None:
        """Rules of the form "whenever this holds, do that"."""

    def invariant(self) -> str | None:
        """What is always true of one node: the sentence that is broken, or None."""

    # ------------------------------------------------------------ what handlers may do
    def send(self, to: NodeId | Iterable[NodeId], msg: Message) -> None:
        """Send `msg` to one node, or to each of several."""
        if to.__class__ is str:
            self._runtime.send(to, msg)  # type: ignore[arg-type]
        else:
            for dst in to:
                self._runtime.send(dst, msg)

    def set_timer(
        self, timer: Timer, low_ms: float, high_ms: float | None = None
    ) -> None:
        """Fire `timer` after a delay drawn from this range; an equal timer is restarted."""
        high_ms = low_ms if high_ms is None else high_ms
        if not 0 <= low_ms <= high_ms:
            raise Misuse(
                f"{type(self).__name__} {self.id!r} sets {timer} for {low_ms} to "
                f"{high_ms} ms: give a range that starts at 0 or later and ends after."
            )
        self._runtime.set_timer(timer, low_ms, high_ms)

    def cancel_timer(self, timer: Timer) -> None:
        """Forget `timer`; nothing happens if it is not set."""
        self._runtime.cancel_timer(timer)

    def output(self, value: Any) -> None:
        """Tell the layer above."""
        self._runtime.output(value)

    def ok(self, value: Any = None) -> None:
        """End the operation in progress: it happened, with this result."""
        self._end("ok", value)

    def fail(self, reason: Any = None) -> None:
        """End the operation in progress: it certainly did not happen."""
        self._end("fail", reason)

    def unknown(self, reason: Any = None) -> None:
        """End the operation in progress: it may have happened, or may yet."""
        self._end("info", reason)

    def choose(self, k: int, options: Iterable[Any]) -> tuple:
        """`k` different ones of `options`, chosen by whoever runs the node."""
        options = tuple(options)
        if not 0 <= k <= len(options):
            raise Misuse(
                f"{type(self).__name__} {self.id!r} asks for {k} of {len(options)} "
                f"options: ask for at most as many as there are."
            )
        return self._runtime.choose(k, options)

    def sign(self, msg: Message) -> Signed:
        """`msg` with this node's signature, which no other node can make."""
        return self._runtime.sign(msg)

    @property
    def now_ms(self) -> float:
        """What this node's own clock shows; it may be skewed, drift and jump."""
        return self._runtime.now_ms()

    def note(self, text: str) -> None:
        """Remark on the diagram, and mark that this path was taken."""
        self._runtime.note(text, False)

    def ignore(self, reason: str) -> None:
        """Drop what arrived, and say why."""
        self._runtime.note(reason, True)

    def _end(self, outcome: Literal["ok", "fail", "info"], value: Any) -> None:
        call, self.operation = self.operation, None
        if call is None:
            raise Misuse(
                f"{type(self).__name__} {self.id!r} ends an operation with {outcome!r} "
                f"and none is in progress: guard it by `if self.operation`."
            )
        self._runtime.end(call, outcome, value)

    # -------------------------------------------------------------- the one way in and out
    def step(
        self, event: Event, choices: Iterable[tuple] = (), now_ms: float | None = None
    ) -> list[Effect]:
        """Apply one event and return the effects, in order.

        `choices` answers the node's `choose` calls in turn; `now_ms` is what its clock
        shows. Raises `ChoiceNeeded` where an answer is missing.
        """
        recorder = Recorder(self.id, tuple(choices), now_ms)
        before, self._runtime = self._runtime, recorder
        try:
            self.react(event)
        finally:
            self._runtime = before
        return recorder.effects

    def react(self, event: Event) -> None:
        """Let the node's rules answer `event`; the effects go to its runtime."""
        match event:
            case Deliver(src, msg):
                self._reactions[type(msg)](self, src, msg)
                return
            case Fire(timer):
                self._reactions[type(timer)](self, timer)
                return
            case Crash(saved):
                self._crash(saved)
                return
            case Call():
                self._call(event)
            case Start():
                self.on_start()
            case Recover(report):
                self.on_recover(report)
        self.after_event()

    def _call(self, call: Call) -> None:
        method = getattr(type(self), call.name, None)
        if call.name.startswith(("_", "on_", "before_")) or not callable(method):
            known = [n for n in vars(type(self)) if not n.startswith(("_", "on_"))]
            raise Misuse(
                f"{type(self).__name__} {self.id!r} has no method `{call.name}` to call."
                f"{did_you_mean(call.name, known)}"
            )
        if self.operation is not None:
            raise Misuse(
                f"{type(self).__name__} {self.id!r} is called to {call} and is still at "
                f"{self.operation}: end one operation before the next begins."
            )
        self.operation = call
        method(self, *call.args)

    def _crash(self, saved: tuple | None) -> None:
        for name, field in self._fields.items():
            if field.kind == "volatile":
                setattr(self, name, copied(field.initial))
        if saved is not None:
            own, parts = saved
            for name, value in zip(self.of_kind("durable"), own, strict=True):
                setattr(self, name, value)
        for i, name in enumerate(self.of_kind("part")):
            getattr(self, name)._crash(None if saved is None else parts[i])

    # ------------------------------------------------------------- what runtimes need
    def saved(self) -> tuple:
        """What has to be on disk: the durable fields, and the same of each part."""
        own = tuple(getattr(self, name) for name in self.of_kind("durable"))
        return own, tuple(getattr(self, p).saved() for p in self.of_kind("part"))

    def clone(self) -> Node:
        """A twin that shares nothing changeable with this node."""
        twin = object.__new__(type(self))
        twin.id, twin.nodes, twin.peers = self.id, self.nodes, self.peers
        twin._runtime = IDLE
        for name, field in self._fields.items():
            if field.kind == "part":
                inside = getattr(self, name).clone()
                inside._runtime = PartRuntime(twin, name)
                setattr(twin, name, inside)
            elif field.kind != "runtime":
                setattr(twin, name, copied(getattr(self, name)))
        return twin

    def fingerprint(self, ghosts: bool = True) -> tuple:
        """The state as a hashable value: equal states, equal fingerprints."""
        kinds = ("durable", "volatile", "ghost") if ghosts else ("durable", "volatile")
        own = (frozen(getattr(self, name)) for name in self.of_kind(*kinds))
        parts = (getattr(self, p).fingerprint(ghosts) for p in self.of_kind("part"))
        return (*own, *parts)

    def state(self) -> dict[str, Any]:
        """The state by name, for pictures and error messages."""
        kinds = ("durable", "volatile", "ghost", "part")
        return {name: getattr(self, name) for name in self.of_kind(*kinds)}

    @classmethod
    def of_kind(cls, *kinds: str) -> tuple[str, ...]:
        """The names of the fields of these kinds, in the order of the class body."""
        return tuple(n for n, field in cls._fields.items() if field.kind in kinds)

    @classmethod
    def _settings(cls) -> tuple[str, ...]:
        inner = (cls._fields[p].initial._settings() for p in cls.of_kind("part"))
        return (*cls.of_kind("setting"), *(name for names in inner for name in names))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.state().items())
        return f"{type(self).__name__}({self.id!r}, {shown})"


def ignored(reason: str) -> Callable[..., None]:
    """A handler for a whole type that is safe to drop: `on_ack = ignored("…")`."""

    def handler(self: Node, *event: Any) -> None:
        self.ignore(reason)

    return handler


# ----------------------------------------------------------- from a message to its rules
def snake(name: str) -> str:
    """`RequestVote` → `request_vote`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


class Reactions(dict):
    """For each class of message and timer, what a node class does: made on first use."""

    def __init__(self, cls: type[Node]):
        self.cls = cls

    def __missing__(self, kind: type) -> Callable:
        rules = [*self.before(kind), self.handler(kind)]
        if self.cls.after_event is not Node.after_event:
            after = self.cls.after_event
            rules.append(lambda node, *event: after(node))
        self[kind] = reaction = rules[0] if len(rules) == 1 else in_turn(rules)
        return reaction

    def before(self, kind: type) -> list[Callable]:
        """The `before_<base>` hooks of every base that the message derives from."""
        names = ["before_" + snake(base.__name__) for base in reversed(kind.__mro__)]
        return [getattr(self.cls, name) for name in names if hasattr(self.cls, name)]

    def handler(self, kind: type) -> Callable:
        """The `on_<name>` of the class, or what says that there is none."""
        if kind is Inner:
            return lambda node, src, msg: getattr(node, msg.part).react(
                Deliver(src, msg.msg)
            )
        if kind is InnerTimer:
            return lambda node, timer: getattr(node, timer.part).react(
                Fire(timer.timer)
            )
        name = "on_" + snake(kind.__name__)
        return getattr(self.cls, name, None) or _unhandled(name)


def in_turn(rules: list[Callable]) -> Callable:
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


def _unhandled(name: str) -> Callable:
    def complain(node: Node, *event: Any) -> None:
        raise UnhandledMessage(
            f"{type(node).__name__} {node.id!r} received {event[-1]} and has no "
            f"`{name}`: write one, or `{name} = ignored(reason)` if it may be dropped."
        )

    return complain


def check_handlers(cls: type[Node]) -> None:
    """Every `on_…` and `before_…` must name something that exists: typos end here."""
    modules = {base.__module__ for base in cls.__mro__}
    kinds = {
        kind
        for kind in (*_subclasses(Message), *_subclasses(Timer))
        if kind.__module__ in modules or _imported(kind, modules)
    }
    bases = {base for kind in kinds for base in kind.__mro__}
    known = {"on_start", "on_recover"}
    known |= {"on_" + snake(kind.__name__) for kind in kinds}
    known |= {"before_" + snake(base.__name__) for base in bases}
    known |= {f"on_{name}_output" for name in cls.of_kind("part")}
    for name in vars(cls):
        if name.startswith(("on_", "before_")) and name not in known:
            raise Misuse(
                f"{cls.__name__}.{name}: no message or timer has that name."
                f"{did_you_mean(name, known)}"
            )


def _imported(kind: type, modules: set[str]) -> bool:
    import sys

    return any(
        getattr(sys.modules.get(module), kind.__name__, None) is kind
        for module in modules
    )


def _subclasses(cls: type) -> set[type]:
    return {cls}.union(*(_subclasses(kind) for kind in cls.__subclasses__()))


# ----------------------------------------------------------------- three small runtimes
class Recorder:
    """Writes a step's effects down instead of carrying them out."""

    def __init__(self, id: NodeId, choices: tuple[tuple, ...], now_ms: float | None):
        self.id, self.choices, self.clock_ms = id, list(choices), now_ms
        self.effects: list[Effect] = []

    def send(self, dst: NodeId, msg: Message) -> None:
        self.effects.append(Send(dst, msg))

    def set_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        self.effects.append(SetTimer(timer, (low_ms, high_ms)))

    def cancel_timer(self, timer: Timer) -> None:
        self.effects.append(CancelTimer(timer))

    def output(self, value: Any) -> None:
        self.effects.append(Output(value))

    def end(self, call: Call, outcome: Any, value: Any) -> None:
        self.effects.append(End(call, outcome, value))

    def note(self, text: str, dropped: bool) -> None:
        self.effects.append(Note(text, dropped))

    def choose(self, k: int, options: tuple) -> tuple:
        if not self.choices:
            raise ChoiceNeeded(k, options)
        return self.choices.pop(0)

    def sign(self, msg: Message) -> Signed:
        return mint(self.id, msg)

    def now_ms(self) -> float:
        if self.clock_ms is None:
            raise Misuse(
                f"{self.id!r} reads its clock: give `step` what it shows, `now_ms=…`."
            )
        return self.clock_ms


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
        getattr(self.node, f"on_{self.name}_output")(value)

    def end(self, call: Call, outcome: str, value: Any) -> None:
        raise Misuse(
            f"the part {self.name!r} of {self.node.id!r} ends an operation: a part "
            f"answers its node by `self.output(…)`."
        )

    def note(self, text: str, dropped: bool) -> None:
        self.node._runtime.note(f"{self.name}: {text}", dropped)

    def choose(self, k: int, options: tuple) -> tuple:
        return self.node._runtime.choose(k, options)

    def sign(self, msg: Message) -> Signed:
        return self.node._runtime.sign(msg)

    def now_ms(self) -> float:
        return self.node._runtime.now_ms()


class _Idle:
    """Nobody runs this node: every effect is refused."""

    def __getattr__(self, name: str) -> Any:
        raise Misuse(
            f"`{name}` has an effect outside, and nobody runs this node: use `step`, or "
            f"put it into a cluster."
        )


IDLE: Any = _Idle()


def _listed(names: Mapping | Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
