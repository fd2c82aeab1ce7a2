"""SWIM: each member pings one other at a time; who is silent is asked for by others.

Source
    Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process
    Group Membership Protocol", DSN 2002, sections 3.1 and 4.1.
Guarantees
    A member that crashes is in the end taken for failed by every other: found by some
    in e/(e - 1) periods on average, told to the rest in O(log n). Nobody that lives is.
Assumes
    Time: whoever is up answers within `timeout_ms`, and in the rest of the period by
    way of another. A message that is late or lost, a node that stands still, may make
    a member seem to have failed, for good. Who comes back needs a new name.
Costs
    In a period each member sends a ping and on average answers one; for one that is
    silent 4k messages more at most. No disk is used.
Departs
    Nobody joins or leaves but by a crash: the group is given. Updates travel in the
    pings from the beginning, without the multicast of section 3.2, and from one list:
    the paper's has two, of those that live and those that failed, and takes from both.
    A relay remembers nothing: whom a ping is for is written on it.
"""

from __future__ import annotations

from math import ceil, log

from distlab.membership.members import Members
from distlab.node import Assumes, Message, Node, NodeId, Timer, Value, setting, volatile


class Update(Value):
    """Some news about a member."""

    member: NodeId


class Failed(Update):
    """It has crashed."""


class SwimMessage(Message):
    """Whatever is sent carries news."""

    updates: tuple[Update, ...]


class Ping(SwimMessage):
    """Are you there? It is asked for `initiator`, in this period of its own."""

    initiator: NodeId
    period: int


class PingReq(SwimMessage):
    """Ping this one for me, and let me know."""

    target: NodeId
    period: int


class Ack(SwimMessage):
    """The one that `initiator` pings in this period is there."""

    initiator: NodeId
    period: int


class ProtocolPeriod(Timer):
    """A period is over, and the next begins."""


class NoAck(Timer):
    """A ping should have been answered by now."""


class Swim(Node):
    """Outputs the update about each member that it takes for failed."""

    assumes = Assumes(links="at least once", failures="crash-stop", disk="loses writes")

    period_ms: float = setting(200)  # paper: T'; three round trips at least
    timeout_ms: float = setting(40)  # a round trip
    k: int = setting(3)  # how many are asked to ping in one's place
    lambda_: float = setting(3)  # each member sends an update λ log n times
    updates_max: int = setting(6)  # in one message

    members: Members = volatile(Members())  # the others, as far as it knows
    period: int = volatile(0)
    target: NodeId | None = volatile(None)  # pinged in this period, no answer yet
    buffer: dict[NodeId, tuple[Update, int]] = volatile({})  # and how often it was sent

    def on_start(self):
        self.members = Members(self.nodes).without(self.id)
        self.set_timer(ProtocolPeriod(), 0, self.period_ms)  # not all at once

    def on_recover(self, report):
        self.on_start()

    # ------------------------------------------------------------- the failure detector
    def on_protocol_period(self, timer: ProtocolPeriod):
        if self.target is not None:
            self.give_up(self.target)
        self.period += 1
        self.target = self.next_target()
        if self.target is not None:
            self.send(self.target, Ping(self.piggyback(), self.id, self.period))
            self.set_timer(NoAck(), self.timeout_ms)
        self.set_timer(ProtocolPeriod(), self.period_ms)

    def next_target(self) -> NodeId | None:  # §3.1, ping
        if not self.members:
            return None
        (number,) = self.choose(1, range(len(self.members)))
        return self.members[number]

    def on_no_ack(self, timer: NoAck):  # §3.1, ping-req
        assert self.target
        for relay in self.relays(self.target):
            self.send(relay, PingReq(self.piggyback(), self.target, self.period))

    def relays(self, target: NodeId) -> tuple[NodeId, ...]:
        others = self.members.without(target)
        chosen = self.choose(min(self.k, len(others)), range(len(others)))
        return tuple(others[number] for number in chosen)

    def on_ping(self, src: NodeId, msg: Ping):  # §3.1, ack
        self.send(src, Ack(self.piggyback(), msg.initiator, msg.period))

    def on_ping_req(self, src: NodeId, msg: PingReq):  # §3.1, relay
        self.send(msg.target, Ping(self.piggyback(), src, msg.period))

    def on_ack(self, src: NodeId, msg: Ack):
        if msg.initiator != self.id:
            ack = Ack(self.piggyback(), msg.initiator, msg.period)
            return self.send(msg.initiator, ack)  # §3.1, relay
        if msg.period != self.period or self.target is None:
            return self.ignore("answered already, or too late")
        self.target = None
        self.cancel_timer(NoAck())

    def give_up(self, member: NodeId):  # §3.1, no ack
        self.learn(Failed(member))

    # --------------------------------------------------------------- infection by pings
    def before_swim_message(self, src: NodeId, msg: SwimMessage):  # §4.1, receive
        for update in msg.updates:
            self.learn(update)

    def learn(self, update: Update):
        if update.member in self.members:
            self.drop(update)
            self.spread(update)

    def drop(self, update: Update):
        self.members = self.members.without(update.member)
        self.output(update)
        if update.member == self.target:
            self.target = None
            self.cancel_timer(NoAck())

    def spread(self, update: Update):
        """What is newer takes the place of what was said of that member before."""
        self.buffer.pop(update.member, None)
        if self.times:
            self.buffer[update.member] = update, 0

    def piggyback(self) -> tuple[Update, ...]:  # §4.1, send
        """Of what has been sent least, as much as there is room for."""
        if not self.buffer:
            return ()
        rarest = sorted(self.buffer.values(), key=lambda entry: entry[1])
        for update, sent in rarest[: self.updates_max]:
            if sent + 1 < self.times:
                self.buffer[update.member] = update, sent + 1
            else:
                del self.buffer[update.member]
        return tuple(update for update, _ in rarest[: self.updates_max])

    @property
    def times(self) -> int:  # §4.1, count
        return ceil(self.lambda_ * log(len(self.nodes)))
