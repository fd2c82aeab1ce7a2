"""Coordinator: a replica asks the others, so that its clients need to know only one.

Source
    DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007,
    sections 4.5 and 5: the coordinator's state machine.
Guarantees
    Those of `quorum`. A write that a client sends again, to the same coordinator or to
    another, is the same version: it is there once.
Assumes
    As `quorum`, and as there a client never loses its last number. Any replica can
    coordinate any request.
Costs
    As many messages as `quorum`, for the coordinator's own copy costs none, and two
    message delays more. Clients stay small: they wait for one answer and repair
    nothing. One write to the coordinator's disk for each request.
Departs
    In Dynamo the coordinator names the version, by itself and a number of its own. Sent
    again to another one, a write is then there twice, and two clients of one supersede
    each other unseen. Here the client names it, and says with it what it had seen.
"""

from __future__ import annotations

from distlab.node import Log, Message, NodeId, durable, setting, volatile
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


class Coordinate(Message):
    """Do this with all replicas, and answer when enough of them have."""

    request: Store | Fetch


class ThinClient(QuorumClient):
    """Asks one replica, and after a while the next: any of them answers for all."""

    def transmit(self, pending: Pending):  # §4.5, coordinator
        turn = pending.request.number + pending.tried
        coordinator = self.servers[turn % len(self.servers)]
        self.send(coordinator, Coordinate(pending.request))

    def enough(self, pending: Pending) -> bool:
        return True

    def forget_if_complete(self, number: int):
        del self.pending[number]
        self.cancel_timer(Resend(number))


class Coordinator(QuorumClient):
    """A replica as in `quorum`, and a client of all of them, itself included."""

    assumes = Replica.assumes
    client = ThinClient

    log_kept: int = setting(100)

    log: Log[tuple[str, Siblings]] = durable(Log())
    rows: dict[str, Siblings] = volatile({})
    clients: dict[int, tuple[NodeId, int]] = volatile({})  # who asked, by our number

    on_store, on_fetch, on_repair = (
        Replica.on_store,
        Replica.on_fetch,
        Replica.on_repair,
    )
    keep, on_recover = Replica.keep, Replica.on_recover

    def on_coordinate(self, src: NodeId, msg: Coordinate):  # §5, state machine
        self.number += 1
        self.clients[self.number] = src, msg.request.number
        if isinstance(msg.request, Fetch):
            return self.ask(Fetch(self.number, msg.request.key))
        self.ask(Store(self.number, msg.request.key, msg.request.siblings))

    def succeed(self, pending: Pending, newest: Siblings):
        pending.answered = True
        client, number = self.clients.pop(pending.request.number)
        if isinstance(pending.request, Store):
            return self.send(client, Stored(number))
        self.send(client, Fetched(number, newest))

    def give_up(self, request: Store | Fetch):
        self.note("leaves it to another coordinator")
        del self.clients[request.number]


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Coordinator, 3), "clients": (ThinClient, 2)}
