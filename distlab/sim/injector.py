"""Makes the faults of a schedule happen, each at its time.

What a fault finds nothing to do for (a node that is down already, a disk without
records) is noted in the trace and changes nothing: a schedule may be drawn at random or
shrunk, and is still one that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from distlab import faults as menu
from distlab.errors import Misuse, did_you_mean
from distlab.faults import Fault
from distlab.node import Message, NodeId
from distlab.sim.delays import us
from distlab.sim.engine import Door, Engine, Entry
from distlab.sim.host import Host
from distlab.sim.network import Links
from distlab.value import CLASSES


class Injector:
    """Plans faults, and carries them out."""

    def __init__(self, engine: Engine, links: Links):
        self.engine, self.links, self.hosts = engine, links, engine.hosts
        self.beginnings = Door("fault", "", self.begin)
        self.endings = Door("fault", "", self.end)
        self.schedule: tuple[Fault, ...] = ()

    def plan(self, fault: Any) -> None:
        """Let a fault happen at its time. Raises `Misuse` for what cannot be."""
        check(fault, self.hosts)
        now_ms = self.engine.now_us / 1000
        if us(fault.at_ms) < self.engine.now_us:
            raise Misuse(f"{fault} is in the past: it is {now_ms:g} ms already.")
        self.schedule = (*self.schedule, fault)
        for at_ms, door in (
            (fault.at_ms, self.beginnings),
            (getattr(fault, "until_ms", None), self.endings),
        ):
            if at_ms is not None:
                self.engine.plan_first(us(at_ms), door, fault)

    def begin(self, entry: Entry) -> None:
        """A fault begins, or happens once."""
        fault = entry[4]
        if isinstance(fault, menu.LinkFault):
            self.change_links(fault)
        else:
            host = self.hosts[fault.node]
            HAPPENS[type(fault)](self, host, fault)

    def end(self, entry: Entry) -> None:
        """A fault that lasted ends, unless it has ended already."""
        fault = entry[4]
        if isinstance(fault, menu.Pause):
            host = self.hosts[fault.node]
            if host.paused is fault:
                host.resume()
        elif ended := self.links.end([fault]):
            self.tell_ends(ended)
            self.rewire()

    def change_links(self, fault: Any) -> None:
        """A fault of links begins; some end others."""
        if isinstance(fault, menu.Heal):
            ended = self.links.end(self.links.healed_by(fault))
        else:
            ended = self.links.begin(fault)
        self.engine.tell("fault", "", fault)
        self.tell_ends(ended)
        self.rewire()

    def tell_ends(self, ended: list[Any]) -> None:
        """Write down which faults of links are over."""
        for fault in ended:
            self.engine.tell("fault", "", fault, "ends")

    def rewire(self) -> None:
        """Let every host ask anew what its links do."""
        for host in self.hosts.values():
            host.rewire()

    # ------------------------------------------------------------------ faults of nodes
    def crash(self, host: Host, fault: Fault) -> None:
        """Stop a node that is up."""
        if host.up:
            host.crash()
        else:
            self.pointless(fault, "is down already")

    def recover(self, host: Host, fault: Fault) -> None:
        """Bring back a node that is down."""
        if host.up:
            self.pointless(fault, "is not down")
        else:
            host.recover()

    def pause(self, host: Host, fault: menu.Pause) -> None:
        """Let a node that goes stand still."""
        if host.up and not host.paused:
            host.pause(fault)
        else:
            self.pointless(fault, "does not go")

    def resume(self, host: Host, fault: Fault) -> None:
        """Let a node that stands still go on."""
        if host.paused:
            host.resume()
        else:
            self.pointless(fault, "does not stand still")

    def replace(self, host: Host, fault: menu.Byzantine) -> None:
        """Put a liar in a node's place."""
        self.engine.tell("fault", host.id, fault)
        host.replace(fault.liar)

    # -------------------------------------------------------------- of clocks and disks
    def skew(self, host: Host, fault: menu.ClockSkew) -> None:
        """Set a clock wrong."""
        self.engine.tell("fault", host.id, fault)
        host.clock.offset_us = us(fault.offset_ms)

    def drift(self, host: Host, fault: menu.ClockDrift) -> None:
        """Change the rate of a clock."""
        self.engine.tell("fault", host.id, fault)
        host.clock.drift(self.engine.now_us, fault.ppm)

    def jump(self, host: Host, fault: menu.ClockJump) -> None:
        """Set a clock forward or back."""
        self.engine.tell("fault", host.id, fault)
        host.clock.offset_us += us(fault.by_ms)

    def lose_writes(self, host: Host, fault: menu.LostWrites) -> None:
        """Let the disk forget at the next crash."""
        self.engine.tell("fault", host.id, fault)
        if host.journal:
            records = host.journal.records
            records.forgets = max(records.forgets, fault.records)

    def tear_write(self, host: Host, fault: menu.TornWrite) -> None:
        """Let the next crash tear what is being written."""
        self.engine.tell("fault", host.id, fault)
        if host.journal:
            host.journal.records.tears = True

    def corrupt(self, host: Host, fault: menu.CorruptRecord) -> None:
        """Damage a record."""
        if host.journal and host.journal.records.corrupt(fault.record):
            self.engine.tell("fault", host.id, fault)
        else:
            self.pointless(fault, "has written no such record")

    def pointless(self, fault: Any, why: str) -> None:
        """Say that a fault changed nothing."""
        self.engine.tell("note", fault.node, f"{fault}: {fault.node} {why}")


HAPPENS: dict[type[Fault], Callable[[Injector, Host, Any], None]] = {
    menu.Crash: Injector.crash,
    menu.Recover: Injector.recover,
    menu.Pause: Injector.pause,
    menu.Resume: Injector.resume,
    menu.Byzantine: Injector.replace,
    menu.ClockSkew: Injector.skew,
    menu.ClockDrift: Injector.drift,
    menu.ClockJump: Injector.jump,
    menu.LostWrites: Injector.lose_writes,
    menu.TornWrite: Injector.tear_write,
    menu.CorruptRecord: Injector.corrupt,
}


# -------------------------------------------------------------- what cannot be meant
def check(fault: Any, hosts: dict[NodeId, Host]) -> None:
    """Raise `Misuse` for a fault of what is not there, or out of range."""
    if not isinstance(fault, Fault):
        raise Misuse(f"{fault!r} is no fault: `distlab.faults` has the menu.")
    if fault.at_ms < 0:  # type: ignore[attr-defined]
        raise Misuse(f"{fault} begins before 0 ms: time starts there.")
    until_ms = getattr(fault, "until_ms", None)
    if until_ms is not None and until_ms < fault.at_ms:  # type: ignore[attr-defined]
        raise Misuse(f"{fault} ends before it begins.")
    if not 0 <= getattr(fault, "rate", 0) <= 1:
        raise Misuse(f"{fault}: a rate is a probability, from 0 to 1.")
    for name in ("extra_ms", "within_ms", "factor", "records"):
        if getattr(fault, name, 0) < 0:
            raise Misuse(f"{fault}: `{name}` is 0 or more.")
    if getattr(fault, "record", 1) < 1 or getattr(fault, "ppm", 0) <= -1_000_000:
        raise Misuse(
            f"{fault}: records are counted from 1, and no clock runs backward."
        )
    for node in mentioned(fault):
        require_node(node, hosts, fault)
    for name in getattr(fault, "messages", ()):
        require_message(name, fault)
    if isinstance(fault, menu.Byzantine):
        honest = type(hosts[fault.node].node)
        if not (isinstance(fault.liar, type) and issubclass(fault.liar, honest)):
            raise Misuse(
                f"{fault}: the liar takes the place of a {honest.__name__}, so make it "
                f"a subclass of {honest.__name__}."
            )


def mentioned(fault: Any) -> list[NodeId]:
    """The nodes that a fault names."""
    named = [getattr(fault, name, "*") for name in ("node", "src", "dst")]
    grouped = [node for group in getattr(fault, "groups", ()) for node in group]
    return [node for node in (*named, *grouped) if node != "*"]


def require_node(node: NodeId, hosts: Iterable[NodeId], where: object) -> None:
    """Raise `Misuse` for a node that is not in the cluster."""
    if node not in hosts:
        raise Misuse(f"no node {node!r} in {where}: there are {', '.join(hosts)}.")


def require_message(name: str, where: object) -> None:
    """Raise `Misuse` for a name that no class of message has."""
    known = {kind.__name__ for kind in CLASSES.values() if issubclass(kind, Message)}
    if name not in known:
        raise Misuse(
            f"no message is called {name!r}, in {where}.{did_you_mean(name, known)}"
        )
