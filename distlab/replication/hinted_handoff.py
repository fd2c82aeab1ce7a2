"""Hinted handoff: another node stands in for a replica that is down, and hands over.

Source
    DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007,
    section 4.6.
Guarantees
    A write succeeds while w nodes can be reached, of the replicas and of those that
    stand in, and so many disks have it. It stays, and once faults stop w of the
    replicas have it. A read need not see it before: r + w > n is no promise here, since
    the r and the w may be other nodes.
Assumes
    As `quorum`, of replicas and stand-ins together: fewer than w of all lose what was
    on their disks.
Costs
    Those of `quorum` while all replicas answer. For each that does not in time two more
    messages; later two, and a sync at both, for each row that is handed over; until
    then one for each replica that is down, every `handoff_ms`.
Departs
    One range of the ring: all keys have the same replicas, and the same stand-ins in
    the same order. A client takes for down who has not answered once.
"""

from __future__ import annotations

from collections.abc import Iterator

from distlab.node import (
    Log,
    Message,
    NodeId,
    Timer,
    durable,
    setting,
    volatile,
)
from distlab.replication.quorum import (
    Fetch,
    Fetched,
    Pending,
    QuorumClient,
    Replica,
    Resend,
    Store,
    Stored,
)
from distlab.replication.siblings import Siblings


class StoreHint(Message):
    """Keep these versions for a replica that does not answer."""

    number: int
    key: str
    siblings: Siblings
    home: NodeId


class HandOver(Message):
    """These are yours: I kept them while you were away."""

    key: str
    siblings: Siblings


class HandedOver(Message):
    """They are on my disk."""

    key: str
    siblings: Siblings


class Handoff(Timer):
    """Is anybody back for whom something is kept?"""


class SloppyClient(QuorumClient):
    """Turns to `fallbacks`, in their order, for each replica that does not answer.

    A fallback stands in for one replica, and what it answers counts as an answer of
    that one: so w answers come from w disks, and w replicas will have what they keep.
    """

    fallbacks: tuple[NodeId, ...] = setting(())

    stand_ins: dict[int, dict[NodeId, NodeId]] = volatile({})  # by request, for whom

    def on_resend(self, timer: Resend):  # §4.6, sloppy quorum
        stand_ins = self.stand_ins.setdefault(timer.number, {})
        held = self.pending[timer.number].held
        free = [f for f in self.fallbacks if f not in stand_ins]
        late = [replica for replica in self.servers if replica not in held]
        stand_ins.update(zip(free, late, strict=False))
        super().on_resend(timer)

    def transmit(self, pending: Pending):
        super().transmit(pending)
        request = pending.request
        for fallback, home in self.stand_ins.get(request.number, {}).items():
            if home not in pending.held:
                self.send(fallback, hinted(request, home))

    def count(self, replica: NodeId, number: int, siblings: Siblings):
        home = self.stand_ins.get(number, {}).get(replica, replica)
        if pending := self.pending.get(number):  # both may answer
            siblings = self.merge(pending.held.get(home, ()), siblings)
        super().count(home, number, siblings)

    def after_event(self):
        for number in [n for n in self.stand_ins if n not in self.pending]:
            del self.stand_ins[number]


def hinted(request: Store | Fetch, home: NodeId) -> StoreHint | Fetch:
    """The request as it goes to who stands in for this replica."""
    if isinstance(request, Fetch):
        return request
    return StoreHint(request.number, request.key, request.siblings, home)


class HintedHandoff(Replica):
    """A replica, or a node that stands in for replicas: it keeps theirs apart."""

    client = SloppyClient  # type: ignore[assignment]

    handoff_ms: float = setting(100)

    hinted: Log[tuple[NodeId, str, Siblings]] = durable(Log())  # the last entry counts
    hints: dict[NodeId, dict[str, Siblings]] = volatile({})  # by replica and key

    def on_store_hint(self, src: NodeId, msg: StoreHint):  # §4.6, hint
        if not any(self.hints.values()):
            self.set_timer(Handoff(), self.handoff_ms)
        kept = self.hints.get(msg.home, {}).get(msg.key, ())
        self.hint(msg.home, msg.key, self.merge(kept, msg.siblings))
        self.send(src, Stored(msg.number))

    def hint(self, home: NodeId, key: str, siblings: Siblings):
        """Keep just these for a replica; none: it has them."""
        self.remember(home, key, siblings)
        self.hinted = self.hinted.append((home, key, siblings))
        kept = sum(map(len, self.hints.values()))
        if len(self.hinted) > self.log_kept + 2 * kept:  # overwritten, handed over
            self.hinted = Log(*self.entries())

    def entries(self) -> Iterator[tuple[NodeId, str, Siblings]]:
        for home, rows in self.hints.items():
            yield from ((home, key, siblings) for key, siblings in rows.items())

    def remember(self, home: NodeId, key: str, siblings: Siblings):
        rows = self.hints.setdefault(home, {})
        rows[key] = siblings
        if not siblings:
            del rows[key]

    def on_fetch(self, src: NodeId, msg: Fetch):
        kept = (rows.get(msg.key, ()) for rows in self.hints.values())
        siblings = self.merge(self.rows.get(msg.key, ()), *kept)
        self.send(src, Fetched(msg.number, siblings))

    def on_handoff(self, timer: Handoff):
        for home in self.hints:
            self.hand_over(home)
        if any(self.hints.values()):
            self.set_timer(timer, self.handoff_ms)

    def hand_over(self, home: NodeId):  # §4.6, handoff
        """One row at a time: the next one when this has arrived."""
        for key, siblings in list(self.hints[home].items())[:1]:
            self.send(home, HandOver(key, siblings))

    def on_hand_over(self, src: NodeId, msg: HandOver):
        self.keep(msg.key, msg.siblings)
        self.send(src, HandedOver(msg.key, msg.siblings))

    def on_handed_over(self, src: NodeId, msg: HandedOver):  # §4.6, delete
        if self.hints.get(src, {}).get(msg.key) != msg.siblings:
            return self.ignore("not what is kept now")
        self.hint(src, msg.key, ())
        self.hand_over(src)

    def on_recover(self, report):
        super().on_recover(report)
        for home, key, siblings in self.hinted:
            self.remember(home, key, siblings)
        if any(self.hints.values()):
            self.set_timer(Handoff(), self.handoff_ms)


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {
    "servers": (HintedHandoff, 3),
    "fallbacks": (HintedHandoff, 2),
    "clients": (SloppyClient, 2),
}
