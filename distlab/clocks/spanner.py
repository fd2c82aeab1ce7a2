"""Spanner's transactions: timestamps that are in the order in which things happened.

Source
    Corbett et al., "Spanner: Google's Globally-Distributed Database", OSDI 2012,
    sections 4.1.2, 4.1.3, 4.2.1 and 4.2.2.
Guarantees
    External consistency: if a transaction has ended before another begins, its
    timestamp is smaller. So transactions are strictly serializable, readings of several
    servers among them, which take no lock.
Assumes
    As `true_time`, servers and clients alike: no clock is off by more than ε.
Costs
    A write takes two messages, a sync and a wait of 2 ε. A reading takes two messages
    and a sync for each server that it asks, and waits only for writes under way.
Departs
    A transaction that writes runs at one server, which does one after the other: it
    needs no locks and no two-phase commit. A server is one node in place of a Paxos
    group. A reading's wait is only for what was written under its own keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.clocks.true_time import TrueTime
from distlab.node import (
    Assumes,
    Call,
    Log,
    Message,
    NodeId,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)

Op = tuple[str, str, Any]  # ("append", "x", 1), or ("r", "x", None)


class Commit(Message):
    """Do this transaction, all of whose keys are yours."""

    number: int
    ops: tuple[Op, ...]


class ReadAt(Message):
    """What was under these keys at this time?"""

    number: int
    keys: tuple[str, ...]
    at_us: int


class Done(Message):
    """The answer to the request with this number; reads say what they have seen."""

    number: int
    ops: tuple[Op, ...]


class NoAnswer(Timer):
    """Somebody has not answered for a while."""


class Transaction(Value):
    """What a server has written down."""

    client: NodeId
    number: int
    ops: tuple[Op, ...]  # with what its reads have seen
    at_us: int  # its timestamp


# -------------------------------------------------------------------------- the clients
class TransactionClient(TrueTime):
    """`txn(*ops)`: appends and reads at one server, or reads alone, at any of them."""

    servers: tuple[NodeId, ...] = setting(())
    timeout_ms: float = setting(100)
    tries: int = setting(10)

    number: int = durable(0)  # of the last transaction, so that none is done twice
    asked: dict[NodeId, Commit | ReadAt] = volatile({})  # who has not answered
    seen: dict[str, Op] = volatile({})  # of a reading, by key
    tried: int = volatile(0)

    def txn(self, *ops: Op):
        self.number += 1
        self.seen, self.tried = {}, 0
        places = tuple(dict.fromkeys(self.place(key) for _, key, _ in ops))
        if all(f == "r" for f, _, _ in ops):
            self.asked = self.questions(places, ops)
        elif len(places) > 1:
            return self.fail("writes at several servers")
        else:
            self.asked = {places[0]: Commit(self.number, ops)}
        self.ask()

    def questions(self, places: tuple[NodeId, ...], ops: tuple[Op, ...]):
        """What a reading asks, all of it as of one time."""
        at_us = self.as_of_us()
        keys = tuple(dict.fromkeys(key for _, key, _ in ops))
        return {
            place: ReadAt(
                self.number, tuple(k for k in keys if self.place(k) == place), at_us
            )
            for place in places
        }

    def as_of_us(self) -> int:  # §4.2.2, s read
        return self.tt_now().latest_us

    def place(self, key: str) -> NodeId:
        """Who keeps this key."""
        return self.servers[sum(key.encode()) % len(self.servers)]

    def ask(self):
        self.tried += 1
        for server, question in self.asked.items():
            self.send(server, question)
        self.set_timer(NoAnswer(), self.timeout_ms)

    def on_done(self, src: NodeId, msg: Done):
        if msg.number != self.number or src not in self.asked:
            return self.ignore("answers an earlier question")
        question = self.asked.pop(src)
        if isinstance(question, Commit):
            return self.finish(msg.ops)
        self.seen |= {op[1]: op for op in msg.ops}
        if not self.asked:
            assert self.operation
            self.finish(tuple(self.seen[key] for _, key, _ in self.operation.args))

    def finish(self, ops: tuple[Op, ...]):
        self.cancel_timer(NoAnswer())
        self.ok(ops)

    def on_no_answer(self, timer: NoAnswer):
        if self.tried < self.tries:
            return self.ask()
        writes = any(isinstance(asked, Commit) for asked in self.asked.values())
        self.asked = {}
        if writes:
            self.unknown("no answer")  # a server may have done it, or may yet
        else:
            self.fail("no answer")

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: a write, and a reading."""
        for i in range(10):
            (key,) = choose(1, "xyz")
            yield Call("txn", (("append", key, f"{client}.{i}"),))
            yield Call("txn", tuple(("r", key, None) for key in choose(2, "xyz")))


# -------------------------------------------------------------------------- the servers
class Spanner(TrueTime):
    """A server that gives its transactions timestamps, and waits before it tells."""

    assumes = Assumes(disk="torn writes", clock="bounded skew")
    client = TransactionClient

    log: Log[Transaction] = durable(Log())  # in the order of their timestamps
    promised_us: int = durable(0)  # no transaction gets a timestamp up to here any more
    # What follows from the log: the last of each client, and what is under each key
    latest: dict[NodeId, Transaction] = volatile({})
    versions: dict[str, tuple[tuple[int, Any], ...]] = volatile({})

    def on_recover(self, report):
        for transaction in self.log:
            self.remember(transaction)

    def on_commit(self, src: NodeId, msg: Commit):
        mine = self.latest.get(src)
        if mine and msg.number < mine.number:
            return self.ignore("has been answered")
        if not mine or msg.number > mine.number:
            mine = self.do(src, msg)
        answer = Done(mine.number, mine.ops)
        self.send_when_past(mine.at_us, src, answer)  # §4.1.2, Commit Wait

    def timestamp_us(self) -> int:  # §4.1.2, Start
        return max(self.tt_now().latest_us, self.promised_us + 1)

    def do(self, src: NodeId, msg: Commit) -> Transaction:
        at_us = self.timestamp_us()
        ops = tuple(
            (f, key, self.seen(key, at_us) if f == "r" else value)
            for f, key, value in msg.ops
        )
        done = Transaction(src, msg.number, ops, at_us)
        self.promised_us, self.log = at_us, self.log.append(done)
        self.remember(done)
        return done

    def remember(self, done: Transaction):
        self.latest[done.client] = done
        for f, key, value in done.ops:
            if f == "append":
                there = self.versions.get(key, ())
                self.versions[key] = (*there, (done.at_us, value))

    def seen(self, key: str, at_us: int) -> tuple[Any, ...]:
        """What was appended under a key up to this time."""
        return tuple(value for us, value in self.versions.get(key, ()) if us <= at_us)

    def on_read_at(self, src: NodeId, msg: ReadAt):  # §4.1.3, t safe
        """What is there by then is there now, and nothing is put before it later."""
        self.promised_us = max(self.promised_us, msg.at_us)
        there = [us for key in msg.keys for us, _ in self.versions.get(key, ())]
        last_us = max((us for us in there if us <= msg.at_us), default=0)
        ops = tuple(("r", key, self.seen(key, msg.at_us)) for key in msg.keys)
        self.send_when_past(last_us, src, Done(msg.number, ops))
