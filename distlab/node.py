"""A node: some state, and what it does when something happens. All protocols are nodes.

Nothing here knows the time, draws a random number or opens a socket: that belongs to
whoever runs the node (a simulator, an explorer, a real network).

A protocol is a subclass of `Node`. Its handlers run one at a time, to the end. They
change `self`, and say what should happen outside by `send`, `set_timer`, `output` …
`step` makes of them a pure function: state, event, choices in; new state, effects out.

The rest of the vocabulary: `events` (messages, timers, what happens, what a node does),
`state` (the kinds of field), `reactions` (how a message finds its handler).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from operator import attrgetter
from typing import Any, ClassVar, Literal, Self

from distlab.errors import Misuse, did_you_mean, undeclared
from distlab.events import (
    Call,
    CancelTimer,
    ChoiceNeeded,
    Crash,
    Deliver,
    DiskReport,
    Effect,
    End,
    Event,
    Fire,
    Inner,
    InnerTimer,
    Message,
    NodeId,
    Note,
    Outcome,
    Output,
    Recover,
    Send,
    SetTimer,
    Signed,
    Start,
    Timer,
    mint,
)
from distlab.faults import Assumes
from distlab.reactions import Reactions, Rule, check_handlers, ignored, snake
from distlab.runtime import IDLE, PartRuntime, Recorder, Runtime
from distlab.state import (
    Field,
    Log,
    Record,
    StateType,
    check_setting,
    copied,
    durable,
    frozen,
    ghost,
    part,
    setting,
    volatile,
)
from distlab.value import Value, check_frozen

__all__ = [
    "Assumes",
    "Call",
    "CancelTimer",
    "ChoiceNeeded",
    "Crash",
    "Deliver",
    "DiskReport",
    "Effect",
    "End",
    "Event",
    "Fire",
    "Inner",
    "InnerTimer",
    "Log",
    "Message",
    "Node",
    "NodeId",
    "Note",
    "Output",
    "Record",
    "Recover",
    "Runtime",
    "Send",
    "SetTimer",
    "Signed",
    "Start",
    "Timer",
    "Value",
    "durable",
    "ghost",
    "ignored",
    "mint",
    "part",
    "setting",
    "snake",
    "volatile",
]


def _slot(*, init: Literal[False] = False) -> Any:
    return Field("runtime", None)


class Node(metaclass=StateType):
    """One process: some state, and what it does when something happens.

    Subclass it. Declare the state as annotated fields (`setting`, `durable`,
    `volatile`, `ghost`, `part`). Write `on_<message>(self, src, msg)` for each message,
    `on_<timer>(self, timer)` for each timer, and a plain method for each call.
    """

    id: NodeId
    nodes: tuple[NodeId, ...]  # the node's own group, this one included
    _peers: tuple[NodeId, ...] | None = _slot()  # once somebody has asked for them
    operation: Call | None = volatile(None)  # the call in progress: one at a time
    _runtime: Runtime = _slot()

    assumes: ClassVar[Assumes] = Assumes()
    client: ClassVar[type[Node] | None] = None  # the class that speaks to this service

    _fields: ClassVar[dict[str, Field]]
    _of_kind: ClassVar[dict[tuple[str, ...], tuple[str, ...]]] = {}
    _parts: ClassVar[tuple[str, ...]]
    _calls: ClassVar[tuple[str, ...]]  # the methods that the layer above may call
    _reactions: ClassVar[dict[type, Rule]]
    _saved: ClassVar[Callable[[Node], Any] | None]  # durable fields, of parts too
    _fixed: ClassVar[Callable[[Node], tuple[Any, ...]]]  # what no rule may change

    def __init__(self, id: NodeId, nodes: Iterable[NodeId] = (), **settings: Any):
        self.id = id
        self.nodes = tuple(nodes) or (id,)
        self._peers, self._runtime = None, IDLE
        self._check_settings(settings)
        for name, field in self._fields.items():
            if field.kind == "setting":
                setattr(self, name, settings.get(name, field.initial))
            elif field.kind == "part":
                inside = self._inside(name)
                theirs = {s: settings[s] for s in inside._settings() if s in settings}
                self._join(name, inside(id, self.nodes, **theirs))
            elif field.kind != "runtime":
                setattr(self, name, copied(field.initial))

    def _check_settings(self, settings: Mapping[str, Any]) -> None:
        known = self._settings()
        for name, value in settings.items():
            check_setting(name, value)
            if name not in known:
                listed = ", ".join(f"`{name}`" for name in known) or "none"
                raise Misuse(
                    f"{type(self).__name__} has no setting `{name}`."
                    f"{did_you_mean(name, known) or f' It has: {listed}.'}"
                )

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls._of_kind = {}
        check_handlers(cls)
        cls.assumes.check()
        cls._calls = tuple(filter(cls._may_be_called, dir(cls)))
        asks = cls.after_event is not Node.after_event
        cls._reactions = Reactions(cls, cls.after_event if asks else None)
        cls._parts = cls.of_kind("part")
        names = cls._durable()
        cls._saved = attrgetter(*names) if names else None
        cls._fixed = attrgetter("id", "nodes", *cls.of_kind("setting"))

    # ------------------------------------------------ hooks that a protocol may fill in
    def on_start(self) -> None:
        """What a node does when it first comes to life; timers are armed here."""

    def on_recover(self, report: DiskReport) -> None:
        """What a node does when it is back from a crash; timers are armed here too."""

    def after_event(self) -> None:
        """Rules of the form "whenever this holds, do that"."""

    def invariant(self) -> str | None:
        """What is always true of one node: the sentence that is broken, or None."""

    # ------------------------------------------------------------ what handlers may do
    @property
    def peers(self) -> tuple[NodeId, ...]:
        """The others of the node's own group."""
        if self._peers is None:
            self._peers = tuple(node for node in self.nodes if node != self.id)
        return self._peers

    def send(self, to: NodeId | Iterable[NodeId], msg: Message) -> None:
        """Send `msg` to one node, or to each of several in this order."""
        if to.__class__ is str:
            self._runtime.send(to, msg)
        else:
            for dst in self._in_order(to):
                self._runtime.send(dst, msg)

    def set_timer(
        self, timer: Timer, low_ms: float, high_ms: float | None = None
    ) -> None:
        """Fire `timer` after a delay from this range; an equal timer is restarted."""
        high_ms = low_ms if high_ms is None else high_ms
        if not isinstance(timer, Timer):
            raise Misuse(
                f"{type(self).__name__} {self.id!r} sets {timer!r}, which is no timer: "
                f"derive a class from `Timer` and set one of it."
            )
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

    def choose(self, k: int, options: Iterable[Any]) -> tuple[Any, ...]:
        """`k` of `options`, in their order, chosen by whoever runs the node.

        Of a `range` nothing is listed: to choose of ten thousand costs as of ten.
        """
        if isinstance(options, range):
            apart: Sized = options
        else:
            options = tuple(self._in_order(options))
            apart = set(options)
        if not 0 <= k <= len(apart) == len(options):
            raise Misuse(
                f"{type(self).__name__} {self.id!r} asks for {k} of {options}: ask for "
                f"at most as many as there are, each of them once."
            )
        chosen = self._runtime.choose(k, options)
        return tuple(sorted(chosen, key=options.index))

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

    def _in_order(self, several: Iterable[Any]) -> Iterable[Any]:
        if isinstance(several, (set, frozenset)):
            raise Misuse(
                f"{type(self).__name__} {self.id!r} goes through a set, whose order "
                f"changes from run to run: use a tuple, a dict or `sorted(…)`."
            )
        return several

    def _end(self, outcome: Outcome, value: Any) -> None:
        call, self.operation = self.operation, None
        if call is None:
            raise Misuse(
                f"{type(self).__name__} {self.id!r} ends an operation with {outcome!r} "
                f"and none is in progress: guard it by `if self.operation`."
            )
        self._runtime.end(call, outcome, value)

    # ---------------------------------------------------------- the one way in and out
    def step(
        self,
        event: Event,
        choices: Iterable[tuple[Any, ...]] = (),
        now_ms: float | None = None,
    ) -> list[Effect]:
        """Apply one event and return the effects, in order.

        `choices` answers the node's `choose` calls in turn; `now_ms` is what its clock
        shows. Raises `ChoiceNeeded` where an answer is missing: clone the node before.
        """
        recorder = Recorder(self.id, choices, now_ms)
        before, self._runtime = self._runtime, recorder
        as_it_was = self._as_it_must_stay()
        try:
            self.react(event)
        except AttributeError as error:
            raise undeclared(self, error) from error
        finally:
            self._runtime = before
        self._check_step(*as_it_was)
        if recorder.choices:
            raise Misuse(
                f"`step` was given {recorder.choices} and {self.id!r} did not ask: "
                f"give one choice for each `choose`."
            )
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
                for name in self._parts:
                    getattr(self, name).react(event)
                self.on_start()
            case Recover(report):
                for name in self._parts:
                    getattr(self, name).react(Recover(report.of(name)))
                self.on_recover(report)
        self.after_event()

    def _call(self, call: Call) -> None:
        cls = type(self)
        if call.name not in cls._calls:
            raise Misuse(
                f"{cls.__name__} {self.id!r} has no method `{call.name}` to call."
                f"{did_you_mean(call.name, cls._calls)}"
            )
        if self.operation is not None:
            raise Misuse(
                f"{cls.__name__} {self.id!r} is called to {call} and is still at "
                f"{self.operation}: end one operation before the next begins."
            )
        self.operation = call
        getattr(self, call.name)(*call.args)

    def _crash(self, saved: tuple[Any, ...] | None) -> None:
        for name, field in self._fields.items():
            if field.kind == "volatile":
                setattr(self, name, copied(field.initial))
        if saved is not None:
            own, parts = saved
            for name, value in zip(self.of_kind("durable"), own, strict=True):
                setattr(self, name, value)
        for i, name in enumerate(self._parts):
            getattr(self, name)._crash(None if saved is None else parts[i])

    def _as_it_must_stay(self) -> tuple[tuple[Any, ...], Any]:
        """What no step may change, and what it may change to values alone."""
        cls = type(self)
        return cls._fixed(self), cls._saved and cls._saved(self)

    def _check_step(self, fixed: tuple[Any, ...], saved: Any) -> None:
        """Refuse a step that changed what is fixed, or saved what could change."""
        fixed_now, saved_now = self._as_it_must_stay()
        if fixed_now != fixed:
            names = ("id", "nodes", *self.of_kind("setting"))
            pairs = zip(names, fixed, fixed_now, strict=True)
            changed = next(name for name, was, now in pairs if was != now)
            raise Misuse(
                f"{type(self).__name__} {fixed[0]!r} changes `{changed}`, which is "
                f"fixed in a run: what changes is `durable` or `volatile`."
            )
        if saved_now != saved:
            for name in self._durable():
                check_frozen(attrgetter(name)(self), type(self), name)

    # ------------------------------------------------------------- what runtimes need
    def saved(self) -> tuple[Any, ...]:
        """What has to be on disk: the durable fields, and the same of each part."""
        own = tuple([getattr(self, name) for name in self.of_kind("durable")])
        return own, tuple([getattr(self, name).saved() for name in self._parts])

    def clone(self) -> Self:
        """A twin that shares nothing changeable with this node."""
        twin = object.__new__(type(self))
        twin.id, twin.nodes = self.id, self.nodes
        twin._peers, twin._runtime = self._peers, IDLE
        for name, field in self._fields.items():
            if field.kind == "part":
                twin._join(name, getattr(self, name).clone())
            elif field.kind != "runtime":
                setattr(twin, name, copied(getattr(self, name)))
        return twin

    def parts(self) -> tuple[Node, ...]:
        """The parts of this node, and theirs."""
        own = [getattr(self, name) for name in self._parts]
        return tuple(inner for part in own for inner in (part, *part.parts()))

    def _join(self, name: str, inside: Node) -> None:
        inside._runtime = PartRuntime(self, name)
        setattr(self, name, inside)

    def fingerprint(self, ghosts: bool = True) -> tuple[Any, ...]:
        """The state as a hashable value: equal states, equal fingerprints.

        Raises `Misuse` for a field that holds a plain mutable object.
        """
        kinds = ("durable", "volatile", "ghost") if ghosts else ("durable", "volatile")
        names = self.of_kind(*kinds)
        try:
            own = [frozen(getattr(self, name)) for name in names]
        except Misuse:
            for name in names:
                self._check_field(name)
            raise
        parts = (getattr(self, name).fingerprint(ghosts) for name in self._parts)
        return (*own, *parts)

    def _check_field(self, name: str) -> None:
        try:
            frozen(getattr(self, name))
        except Misuse as error:
            raise Misuse(f"{type(self).__name__}.{name}: {error}") from None

    def state(self) -> dict[str, Any]:
        """The state by name, a part's as a dict: for pictures, errors, the wire."""
        own = self.of_kind("durable", "volatile", "ghost")
        parts = {name: getattr(self, name).state() for name in self._parts}
        return {name: getattr(self, name) for name in own} | parts

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over a state that `state` gave, of this node or of a twin."""
        for name, value in state.items():
            if name in self._parts:
                getattr(self, name).load(value)
            elif name in self.of_kind("durable", "volatile", "ghost"):
                setattr(self, name, copied(value))
            else:
                raise Misuse(
                    f"{type(self).__name__} has no state `{name}`."
                    f"{did_you_mean(name, self.state())}"
                )

    def __getstate__(self) -> dict[str, Any]:
        fields = [n for n, field in self._fields.items() if field.kind != "runtime"]
        return {name: getattr(self, name) for name in ("id", "nodes", *fields)}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        self._peers, self._runtime = None, IDLE
        for name, value in saved.items():
            setattr(self, name, value)
        for name in self._parts:
            self._join(name, getattr(self, name))

    @classmethod
    def of_kind(cls, *kinds: str) -> tuple[str, ...]:
        """The names of the fields of these kinds, in the order of the class body."""
        if kinds not in cls._of_kind:
            named = (n for n, field in cls._fields.items() if field.kind in kinds)
            cls._of_kind[kinds] = tuple(named)
        return cls._of_kind[kinds]

    @classmethod
    def _may_be_called(cls, name: str) -> bool:
        rule = name.startswith(("_", "on_", "before_")) or hasattr(Node, name)
        return not rule and callable(getattr(cls, name))

    @classmethod
    def _durable(cls) -> tuple[str, ...]:
        own = cls.of_kind("durable")
        parts = cls.of_kind("part")
        return (*own, *(f"{p}.{n}" for p in parts for n in cls._inside(p)._durable()))

    @classmethod
    def _settings(cls) -> tuple[str, ...]:
        inner = [n for p in cls.of_kind("part") for n in cls._inside(p)._settings()]
        return (*cls.of_kind("setting"), *inner)

    @classmethod
    def _inside(cls, part: str) -> type[Node]:
        inside: type[Node] = cls._fields[part].initial
        return inside

    def __repr__(self) -> str:
        state = self.state()
        if state["operation"] is None:
            del state["operation"]
        shown = [repr(self.id), *(f"{name}={value!r}" for name, value in state.items())]
        return f"{type(self).__name__}({', '.join(shown)})"
