"""The network: how long a message takes, and what a faulty link does to it.

`Network` says it as data. `Links` carries it out: for each link a function from a
message to its delay in microseconds, or to the reason why it never arrives. It is put
together from stages, one for each fault in force, and made again when the faults
change; a link without faults is its latency alone. Latencies and faults draw from
streams of their own, so a message that is lost changes the latency of no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from distlab.faults import (
    Cut,
    Delay,
    Duplication,
    Heal,
    Isolate,
    LinkFault,
    Loss,
    Reordering,
    SlowLink,
    Split,
)
from distlab.node import Inner, Message, NodeId, Signed
from distlab.sim.delays import Distribution, Uniform, as_distribution, us
from distlab.sim.replay import Script
from distlab.sim.streams import Stream

Transit = Callable[[Message], Any]  # → delay (int), why not (str), two delays (tuple)
Link = tuple[NodeId, NodeId]
CUTS = (Cut, Split, Isolate)


class Network:
    """How long messages take: on every link, on some, and for some classes of message.

    Delays are in milliseconds: a distribution, or a number for a constant one. Where
    both the message's class and the link have one, the class decides. With `fifo`,
    messages of a link never overtake each other. Raises `Misuse` for what is no delay.
    """

    def __init__(
        self,
        latency: Distribution | float = Uniform(1, 5),  # noqa: B008 (a frozen value)
        per_message: Mapping[str, Distribution | float] | None = None,
        per_link: Mapping[Link, Distribution | float] | None = None,
        fifo: bool = False,
    ):
        self.latency = as_distribution(latency)
        self.per_message = {
            kind: as_distribution(delay) for kind, delay in (per_message or {}).items()
        }
        self.per_link = {
            link: as_distribution(delay) for link, delay in (per_link or {}).items()
        }
        self.fifo = fifo

    def __repr__(self) -> str:
        parts = [f"latency={self.latency}"]
        parts += [f"per_message={self.per_message}"] if self.per_message else []
        parts += [f"per_link={self.per_link}"] if self.per_link else []
        parts += ["fifo=True"] if self.fifo else []
        return f"Network({', '.join(parts)})"


class Links:
    """The links of one run, the faults in force, and what both do to a message."""

    def __init__(
        self,
        network: Network,
        seed: int,
        now_us: Callable[[], int],
        script: Script | None = None,
    ):
        self.network, self.seed, self.now_us = network, seed, now_us
        self.script = script  # what decides in the place of chance
        self.faults: list[LinkFault] = []
        # By source and destination: each goes on where it was, for ever
        self.latencies: dict[NodeId, dict[NodeId, Transit]] = defaultdict(dict)
        self.streams: dict[tuple[NodeId, NodeId, type], Stream] = {}  # the same
        self.last_us: dict[Link, int] = {}  # with fifo: when the last message arrives

    # ------------------------------------------------------------- faults begin and end
    def begin(self, fault: LinkFault) -> list[LinkFault]:
        """Put a fault in force, and return those that it replaces."""
        splits: list[LinkFault] = [f for f in self.faults if isinstance(f, Split)]
        replaced = self.end(splits) if isinstance(fault, Split) else []
        self.faults.append(fault)
        return replaced

    def end(self, faults: list[LinkFault]) -> list[LinkFault]:
        """Take faults out of force, and return those that were in force."""
        ended = [fault for fault in faults if fault in self.faults]
        for fault in ended:
            self.faults.remove(fault)
        return ended

    def healed_by(self, heal: Heal) -> list[LinkFault]:
        """The faults in force that this ends."""
        return [fault for fault in self.faults if heal.all or isinstance(fault, CUTS)]

    def is_cut(self, src: NodeId, dst: NodeId) -> bool:
        """Whether nothing passes from one node to another now."""
        return src != dst and any(cuts(fault, src, dst) for fault in self.faults)

    def any_cut(self) -> bool:
        """Whether some link is cut now."""
        return any(isinstance(fault, CUTS) for fault in self.faults)

    # ------------------------------------------------------------- what a message meets
    def transit(self, src: NodeId, dst: NodeId) -> Transit:
        """What this link does to each message, with the faults now in force."""
        transit = self.latency(src, dst)
        if not self.faults and not self.network.fifo:
            return transit
        concerned = [fault for fault in self.faults if concerns(fault, src, dst)]
        for fault in concerned:
            if isinstance(fault, (SlowLink, Delay)):
                transit = stretched(transit, fault)
        if self.network.fifo and not (self.script and self.script.overtaking):
            transit = self.in_order(transit, (src, dst))
        for kind, stage in CHANCES.items():
            for fault in concerned:
                if isinstance(fault, kind):
                    transit = stage(transit, fault, self.stream(src, dst, kind))
        return severed(transit) if self.is_cut(src, dst) else transit

    def latency(self, src: NodeId, dst: NodeId) -> Transit:
        """The link's own latency: one function for the whole run, which goes on."""
        known = self.latencies[src]
        if dst not in known:
            known[dst] = self.new_latency(src, dst)
        return known[dst]

    def new_latency(self, src: NodeId, dst: NodeId) -> Transit:
        """As the network has it, or as it is recorded."""
        if self.script:
            return self.script.transit(src, dst)
        stream = Stream(self.seed, f"{src}→{dst}", "latency")
        usual = self.network.per_link.get((src, dst), self.network.latency)
        transit = started(usual, stream)
        if special := self.network.per_message:
            kinds = {kind: started(d, stream) for kind, d in special.items()}
            return by_class(transit, kinds)
        return transit

    def stream(self, src: NodeId, dst: NodeId, kind: type) -> Stream:
        """What the faults of one kind draw from on this link, for the whole run."""
        if (src, dst, kind) not in self.streams:
            self.streams[src, dst, kind] = Stream(
                self.seed, f"{src}→{dst}", kind.__name__
            )
        return self.streams[src, dst, kind]

    def in_order(self, transit: Transit, link: Link) -> Transit:
        """Nobody overtakes: a message waits for the one before it."""

        def queued(msg: Message) -> Any:
            now_us, outcome = self.now_us(), transit(msg)
            if outcome.__class__ is not int:  # a recording says more than a latency
                return outcome if isinstance(outcome, str) else behind(now_us, outcome)
            arrives_us = max(now_us + outcome, self.last_us.get(link, 0))
            self.last_us[link] = arrives_us
            return arrives_us - now_us

        def behind(now_us: int, copies: tuple[int, ...]) -> tuple[int, ...]:
            arrives_us = max(now_us + copies[0], self.last_us.get(link, 0))
            self.last_us[link] = arrives_us
            return tuple(arrives_us - now_us + us - copies[0] for us in copies)

        return queued


# ---------------------------------------------------- stages: a link, made worse by one
def started(delay: Distribution, stream: Stream) -> Transit:
    """Draws as a function of a message, which a plain latency does not look at.

    `send` wants a generator that has begun: the first draw is left unused.
    """
    draws = delay.draws(stream)
    next(draws)
    return draws.send


def by_class(usual: Transit, kinds: Mapping[str, Transit]) -> Transit:
    """Some classes of message have a latency of their own."""
    return lambda msg: kinds.get(class_name(msg), usual)(msg)


def stretched(transit: Transit, fault: SlowLink | Delay) -> Transit:
    """A slow link multiplies, a delay adds."""
    concerned = chooser(fault)
    factor = fault.factor if isinstance(fault, SlowLink) else 1
    extra_us = us(fault.extra_ms) if isinstance(fault, Delay) else 0

    def later(msg: Message) -> int:
        delay_us: int = transit(msg)
        return round(delay_us * factor) + extra_us if concerned(msg) else delay_us

    return later


def reordering(transit: Transit, fault: Reordering, stream: Stream) -> Transit:
    """Some messages are held back, and what is sent after them arrives first."""
    concerned, limit, within_us = chooser(fault), share(fault.rate), us(fault.within_ms)

    def held_back(msg: Message) -> int:
        delay_us: int = transit(msg)
        unlucky, extra_us = stream.bits() < limit, stream.between(0, within_us)
        return delay_us + extra_us if unlucky and concerned(msg) else delay_us

    return held_back


def loss(transit: Transit, fault: Loss, stream: Stream) -> Transit:
    """Some messages never arrive."""
    concerned, limit, bits = chooser(fault), share(fault.rate), stream.bits

    if not fault.messages:  # the common case, at half the price

        def lossy(msg: Message) -> int | str:
            delay_us: int = transit(msg)
            return delay_us if bits() >= limit else "lost"

        return lossy

    def choosy(msg: Message) -> int | str:
        delay_us: int = transit(msg)
        return "lost" if bits() < limit and concerned(msg) else delay_us

    return choosy


def duplication(transit: Transit, fault: Duplication, stream: Stream) -> Transit:
    """Some messages arrive twice; the copy takes up to twice as long."""
    concerned, limit = chooser(fault), share(fault.rate)

    def doubled(msg: Message) -> Any:
        outcome = transit(msg)
        unlucky, more = stream.bits() < limit, stream.fraction()
        if not unlucky or isinstance(outcome, str) or not concerned(msg):
            return outcome
        delays = (outcome,) if isinstance(outcome, int) else outcome
        return (*delays, delays[0] + round(delays[0] * more))

    return doubled


def severed(transit: Transit) -> Transit:
    """Nothing passes; the draws are made all the same, so that later ones stay."""

    def nothing(msg: Message) -> str:
        transit(msg)
        return "cut"

    return nothing


CHANCES: dict[type, Callable[..., Transit]] = {
    Reordering: reordering,
    Loss: loss,
    Duplication: duplication,
}


# ----------------------------------------------------------------- which ones are meant
def concerns(fault: LinkFault, src: NodeId, dst: NodeId) -> bool:
    """Whether a fault that has a source and a destination is about this link."""
    ends = getattr(fault, "src", None), getattr(fault, "dst", None)
    return ends[0] in ("*", src) and ends[1] in ("*", dst)


def cuts(fault: LinkFault, src: NodeId, dst: NodeId) -> bool:
    """Whether this fault lets nothing pass from one node to another."""
    if isinstance(fault, Cut):
        return concerns(fault, src, dst)
    if isinstance(fault, Isolate):
        return fault.node in (src, dst)
    if isinstance(fault, Split):
        sides = [i for i, group in enumerate(fault.groups) if src in group]
        other = [i for i, group in enumerate(fault.groups) if dst in group]
        return bool(sides and other) and not set(sides) & set(other)
    return False


def chooser(fault: Any) -> Callable[[Message], bool]:
    """Whether a fault is about this message: all of them, or those of some classes."""
    names = fault.messages
    return (lambda msg: class_name(msg) in names) if names else (lambda msg: True)


def class_name(msg: Message) -> str:
    """The class by which a message is known: of what is signed or wrapped inside."""
    while isinstance(msg, (Inner, Signed)):
        msg = msg.msg
    return type(msg).__name__


def share(rate: float) -> int:
    """The number below which 64 random bits fall with this probability."""
    return round(rate * 2**64)
