"""Leases: a lock that ends by itself, and a storage that does not rely on it.

Source
    Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed
    File Cache Consistency", SOSP 1989, sections 2 and 5; Kleppmann, "Designing
    Data-Intensive Applications", O'Reilly 2017, chapter 8, "Fencing tokens".
Guarantees
    With `Storage`, effects happen in the order of tokens, whoever is slow or paused.
    With `TrustingStorage`, only as long as what is assumed of time is true.
Assumes
    No clock is read, only durations are measured: one node's oscillator is faster than
    another's by no more than the share `drift`. From a holder's look at its lease to
    the effect no more than `act_ms` pass, pauses and delays included.
Costs
    Two messages and two syncs a term. Who comes after a holder that has crashed waits
    for a term.
Departs
    The paper's holders keep copies that they may read, and a writer waits for them;
    here one holder may write, and the others ask again and again. The term is known
    beforehand. A lease is not given back; whoever holds it may ask for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import (
    Assumes,
    Call,
    Log,
    Message,
    Node,
    NodeId,
    Timer,
    durable,
    setting,
    volatile,
)


class Ask(Message):
    """May I have the lease?"""

    number: int


class Granted(Message):
    """You have it, for a term, and with it a token greater than any before."""

    number: int
    token: int


class Store(Message):
    """An effect, and by which lease."""

    token: int
    number: int
    value: Any


class Stored(Message):
    """It has happened."""

    number: int


class Refused(Message):
    """It has not: a holder with a greater token has been here."""

    number: int


class Ends(Timer):
    """The term is over, as the server measures it."""


class Expires(Timer):
    """Not enough of the term is left to begin anything, as its holder measures it."""


class Again(Timer):
    """The lease was not granted: it is taken, or a message was lost."""


class Acts(Timer):
    """What there is to do after looking at the lease is done, but for the effect."""


class NoAnswer(Timer):
    """The storage says nothing."""


# -------------------------------------------------------------------------- the holders
class Holder(Node):
    """`write(value)`: with the lease in its hand, or after getting it."""

    servers: tuple[NodeId, ...] = setting(())
    storage: tuple[NodeId, ...] = setting(())
    term_ms: float = setting(200)
    drift: float = setting(0.01)  # paper: ε, as a share of the term
    act_ms: float = setting(20)  # from a look at the lease to the effect, at most
    work_ms: float = setting(10)  # of which it needs so much itself
    again_ms: float = setting(20)

    number: int = durable(0)  # of the last attempt or effect: none is used twice
    token: int | None = volatile(None)  # while it takes itself for the holder
    asks: bool = volatile(False)
    effect: Store | None = volatile(None)  # what it is about to do

    def write(self, value: Any):
        self.try_to_write()

    def try_to_write(self):
        if self.token is None:
            return self.ask()
        self.note(f"looks: it holds lease {self.token}")
        assert self.operation
        self.number += 1
        self.effect = Store(self.token, self.number, *self.operation.args)
        self.set_timer(Acts(), self.work_ms)

    def ask(self):
        self.number += 1
        self.asks = True
        self.set_timer(Expires(), self.lasts_ms)
        self.send(self.servers, Ask(self.number))
        self.set_timer(Again(), self.again_ms)

    @property
    def lasts_ms(self) -> float:  # §2, effective term
        """Counted from before the server can have begun to."""
        return self.term_ms * (1 - self.drift) - self.act_ms

    def on_again(self, timer: Again):
        self.ask()

    def on_granted(self, src: NodeId, msg: Granted):
        if not self.asks or msg.number != self.number:
            return self.ignore("answers an earlier attempt")
        self.asks, self.token = False, msg.token
        self.cancel_timer(Again())
        if self.operation:
            self.try_to_write()

    def on_expires(self, timer: Expires):  # §2, expiry
        self.asks, self.token = False, None  # a grant that comes now is over, too

    # ---------------------------------------------------------------------- its effects
    def on_acts(self, timer: Acts):  # Fencing tokens, shown
        """It does not look again: however late, it cannot know how late."""
        assert self.effect
        self.send(self.storage, self.effect)
        self.set_timer(NoAnswer(), self.term_ms)

    def on_stored(self, src: NodeId, msg: Stored):
        if self.finishes(msg):
            self.ok()

    def on_refused(self, src: NodeId, msg: Refused):
        if self.finishes(msg):
            self.token = None
            self.fail("somebody else holds the lease")

    def finishes(self, msg: Stored | Refused) -> bool:
        if self.effect is None or msg.number != self.effect.number:
            self.ignore("answers an earlier effect")
            return False
        self.effect = None
        self.cancel_timer(NoAnswer())
        return True

    def on_no_answer(self, timer: NoAnswer):
        self.effect = None
        self.unknown("no answer")

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a holder does when a run says nothing else."""
        for i in range(20):
            yield Call("write", (f"{client}.{i}",))


# -------------------------------------------------------------- the server, the storage
class LeaseServer(Node):
    """Grants the lease to one node at a time."""

    assumes = Assumes(disk="torn writes")
    client = Holder

    term_ms: float = setting(200)

    token: int = durable(0)  # of the last lease
    taken: bool = volatile(False)
    holder: NodeId | None = volatile(None)  # None: who had it before a crash

    def on_ask(self, src: NodeId, msg: Ask):  # §2, grant
        if self.taken and src != self.holder:
            return self.ignore("is taken")
        self.token += 1
        self.taken, self.holder = True, src
        self.set_timer(Ends(), self.term_ms)
        self.grant(src, msg)

    def grant(self, src: NodeId, msg: Ask):
        self.send(src, Granted(msg.number, self.token))

    def on_ends(self, timer: Ends):  # §2, expiry
        self.taken, self.holder = False, None

    def on_recover(self, report):  # §2, recovery
        """Whoever held it may hold it still."""
        self.taken = True
        self.set_timer(Ends(), self.term_ms)


class Storage(Node):
    """What holders write to; it lets no older one in when a newer has been there."""

    latest: tuple[int, int] = durable((0, 0))  # the token and number of the last effect
    effects: Log[Store] = durable(Log())  # what it has let happen

    def on_store(self, src: NodeId, msg: Store):  # Fencing tokens, checked
        """Who asks again about what has happened is told so, whoever came later."""
        if (msg.token, msg.number) < self.latest and msg not in self.effects:
            self.note("refuses an old holder")
            return self.send(src, Refused(msg.number))
        if (msg.token, msg.number) > self.latest:
            self.accept(msg)
        self.send(src, Stored(msg.number))

    def accept(self, msg: Store):
        self.latest = msg.token, msg.number
        self.effects = self.effects.append(msg)


class TrustingStorage(Storage):
    """A storage that looks at no token."""

    def on_store(self, src: NodeId, msg: Store):
        self.accept(msg)
        self.send(src, Stored(msg.number))


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (LeaseServer, 1), "storage": (Storage, 1), "clients": (Holder, 2)}
