"""The mailbox of one node: how its messages leave, and how others' get in.

What runs once for each message is a closure over just what it needs, made again when
the faults of links change.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

from distlab.errors import Misuse
from distlab.node import Message, Node, NodeId
from distlab.sim.engine import Detour, Door, Engine, Entry
from distlab.sim.network import Links, Transit

Send = Callable[[NodeId, Message], None]
Way = Callable[[Entry], None]
Route = tuple[Door, Transit]  # the door at the other end, and what the link does


class Mailbox:
    """Messages of one node, out and in."""

    def __init__(self, id: NodeId, engine: Engine, links: Links):
        self.id, self.engine, self.links = id, engine, links
        self.door = Door("deliver", id, self.miss)
        self.routes: dict[NodeId, Route] = {}  # made on first use

    def sender(self) -> Send:
        """The node's `send`."""
        engine, known, route, src = self.engine, self.routes.get, self.route, self.id
        agenda, number, note_down = engine.agenda, engine.number, engine.raw.append
        put_off = engine.put_off

        def send(dst: NodeId, msg: Message) -> None:
            door, transit = known(dst) or route(dst)
            delay_us = transit(msg)
            if delay_us.__class__ is int:
                now_us = engine.now_us
                at_us = now_us + delay_us
                entry = (at_us, number(), door, src, msg, now_us)
                note_down(entry)
                if at_us < engine.horizon_us:
                    heappush(agenda, entry)
                else:
                    put_off(entry)
            else:
                self.astray(dst, door, msg, delay_us)

        return send

    def route(self, dst: NodeId) -> Route:
        """The way to another node, or to oneself: a loop that loses nothing."""
        hosts = self.engine.hosts
        if dst not in hosts:
            raise Misuse(
                f"{self.id!r} sends to {dst!r}, and there is no such node: there are "
                f"{', '.join(hosts)}."
            )
        loop = dst == self.id
        transit = (lambda msg: None) if loop else self.links.transit(self.id, dst)
        self.routes[dst] = route = hosts[dst].mailbox.door, transit
        return route

    def astray(self, dst: NodeId, door: Door, msg: Message, outcome: Any) -> None:
        """What is sent and does not arrive just once: lost, doubled, or to oneself."""
        engine, src = self.engine, self.id
        if outcome is None:  # to oneself: at once, and not counted
            delays, number = (0,), -1
        else:
            delays, number = outcome, engine.number()
            engine.aside[number] = outcome
            engine.tell("send", src, msg, peer=dst, number=number)
        if isinstance(outcome, str):
            engine.tell("drop", dst, msg, outcome, peer=src, number=number)
            return
        for delay_us in delays:
            at_us, way = engine.now_us + delay_us, Detour(door, number)
            entry = (at_us, engine.number(), way, src, msg, engine.now_us)
            engine.put(entry)

    def open_for(self, node: Node, step: Callable[..., None], plain: bool) -> None:
        """Let messages in; where a step is `plain` it is the node's rule alone."""
        reactions, note_down = type(node)._reactions, self.engine.raw.append

        def deliver(entry: Entry) -> None:
            note_down(entry)
            msg = entry[4]
            reactions[msg.__class__](node, entry[3], msg)

        def deliver_with_care(entry: Entry) -> None:
            note_down(entry)
            msg = entry[4]
            step(reactions[msg.__class__], entry[3], msg)

        self.door.usual = deliver if plain else deliver_with_care

    def if_reached(self, way_in: Way) -> Way:
        """The same way in, unless the link was cut while the message was under way."""
        if not self.links.any_cut():
            return way_in

        def guarded(entry: Entry) -> None:
            if self.links.is_cut(entry[3], self.id):
                self.refuse(entry, "cut")
            else:
                way_in(entry)

        return guarded

    def miss(self, entry: Entry) -> None:
        """Nobody is there."""
        self.refuse(entry, f"{self.id} is down")

    def refuse(self, entry: Entry, why: str) -> None:
        """Write down that a message did not get in."""
        _, number, _, src, msg, _ = entry
        self.engine.tell("drop", self.id, msg, why, peer=src, number=number)
