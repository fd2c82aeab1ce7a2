"""Random schedules of faults, drawn from what a protocol's `assumes` admits."""

import random
from collections.abc import Iterable, Sequence

from distlab import faults
from distlab.faults import (
    Assumes,
    ClockDrift,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    Cut,
    Delay,
    Duplication,
    Fault,
    Heal,
    Isolate,
    Loss,
    LostWrites,
    Pause,
    Recover,
    Reordering,
    Schedule,
    SlowLink,
    Split,
    TornWrite,
)

OVER_MS = 1500  # from here on nothing goes wrong any more


def menu() -> set[type[Fault]]:
    """All faults that there are: each is admitted by a protocol, or excluded."""
    kinds = {f for f in vars(faults).values() if isinstance(f, type)}
    return {f for f in kinds if issubclass(f, Fault) and not f.__subclasses__()}


class Drawing:
    """Draws faults of a kind among some nodes. Equal seeds, equal faults.

    `pause_ms` and `delay_ms` bound what a protocol with timeouts may take for granted.
    """

    def __init__(
        self,
        seed: int,
        servers: Sequence[str],
        clients: Sequence[str] = (),
        pause_ms: float = 400,
        delay_ms: float = 60,
    ):
        self.random = random.Random(f"schedule {seed}")
        self.servers, self.nodes = tuple(servers), (*servers, *clients)
        self.clients = tuple(clients)
        self.pause_ms, self.delay_ms = pause_ms, delay_ms

    def schedule(self, assumes: Assumes, w: int | None = None) -> Schedule:
        """Some of everything that is admitted, healed by `OVER_MS`."""
        kinds = assumes.kinds()
        faults: list[Fault] = []
        for kind in kinds:
            if kind in DRAW and self.random.random() < 0.35:
                faults += [self.one(kind) for _ in range(self.random.randint(1, 2))]
        if Crash in kinds:
            most = assumes.most(len(self.servers))
            victims = self.random.sample(self.servers, most)
            faults += self.crashes(victims, kinds)
        if Recover in kinds and self.clients:
            faults += self.crashes(self.clients[:1], kinds, harmed=False)
        faults.append(Heal(OVER_MS, all=True))
        of_servers = (fault for fault in faults if by(fault) in self.servers)
        assert assumes.admits(of_servers, len(self.servers), w)
        return tuple(sorted(faults, key=lambda fault: fault.at_ms))

    def one(self, kind: type[Fault]) -> Fault:
        """One fault of this kind."""
        return DRAW[kind](self)

    def crashes(
        self, victims: Iterable[str], kinds: Sequence[type[Fault]], harmed: bool = True
    ) -> list[Fault]:
        """Crashes of these nodes, with their recoveries and what harms their disks."""
        faults: list[Fault] = []
        harm = [kind for kind in HARM if kind in kinds and harmed]
        for node in victims:
            count = self.random.randint(0, 2 if Recover in kinds else 1)
            for at_ms in sorted(self.times(count)):
                if harm and self.random.random() < 0.8:
                    faults.append(self.random.choice(harm)(node, at_ms - 1))
                faults.append(Crash(node, at_ms))
                if Recover in kinds:
                    faults.append(Recover(node, at_ms + self.random.randint(1, 400)))
        return faults

    # ------------------------------------------------------------------------ the draws
    def times(self, count: int) -> list[int]:
        return [self.random.randint(1, OVER_MS - 401) for _ in range(count)]

    def span(self, most_ms: float = 400) -> dict[str, float]:
        at_ms = self.times(1)[0]
        return {"at_ms": at_ms, "until_ms": at_ms + self.random.uniform(1, most_ms)}

    def by(self, most: int) -> int:
        return self.random.randint(-most, most)

    def node(self) -> str:
        return self.random.choice(self.nodes)

    def split(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        nodes = self.random.sample(self.nodes, len(self.nodes))
        cut = self.random.randint(1, len(nodes) - 1)
        return tuple(nodes[:cut]), tuple(nodes[cut:])


def by(fault: Fault) -> str:
    """The server that a crash is of; for other faults any."""
    return fault.node if isinstance(fault, Crash) else "s1"


HARM = (TornWrite, LostWrites, CorruptRecord)  # shows at the next crash
DRAW = {
    Loss: lambda d: Loss(d.random.choice((0.1, 0.3, 0.6)), **d.span()),
    Duplication: lambda d: Duplication(d.random.choice((0.2, 0.8)), **d.span()),
    Reordering: lambda d: Reordering(0.5, d.delay_ms, **d.span()),
    Delay: lambda d: Delay(d.random.uniform(0, d.delay_ms), **d.span()),
    SlowLink: lambda d: SlowLink(1 + d.delay_ms / 20, **d.span()),
    Cut: lambda d: Cut(*d.random.sample(d.nodes, 2), **d.span()),
    Split: lambda d: Split(d.split(), **d.span()),
    Isolate: lambda d: Isolate(d.node(), **d.span()),
    Pause: lambda d: Pause(d.node(), **d.span(d.pause_ms)),
    ClockSkew: lambda d: ClockSkew(d.node(), d.by(500), *d.times(1)),
    ClockDrift: lambda d: ClockDrift(d.node(), d.by(900), *d.times(1)),
    ClockJump: lambda d: ClockJump(d.node(), d.by(500), *d.times(1)),
}
