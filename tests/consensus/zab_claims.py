"""What Zab promises at all times, as functions of a cluster or a world.

Each returns the sentence that is broken, or None. They read the history that a
`remembering` replica keeps of itself, which no rule of the protocol reads.
"""

import functools
from itertools import combinations
from typing import Any

from distlab.consensus.zab import Phase, Txn, Zab, Zxid
from distlab.node import Log, ghost


@functools.cache
def remembering(protocol: type[Zab]) -> type[Zab]:
    """The same protocol; each replica also remembers what it has led and delivered."""

    class Remembering(protocol):
        led: dict[int, Log[Txn]] = ghost({})  # by epoch: the history it began with
        committed: dict[int, Log[Txn]] = ghost({})  # by epoch: delivered in it
        done: Log[Txn] = ghost(Log())  # the furthest that it has ever come
        strange: str | None = ghost(None)  # what it did and no replica does

        def after_event(self):
            before = self.phase
            super().after_event()
            if self.leader == self.id and before != self.phase is Phase.BROADCAST:
                self.led[self.epoch] = self.history

        def deliver(self, zxid: Zxid):
            super().deliver(zxid)
            now = self.history.cut(self.delivered)
            if now.cut(len(self.done)) != self.done.cut(len(now)):
                self.strange = f"{self.id} delivers another transaction than it had"
            self.done = max(now, self.done, key=len)
            self.committed[self.current_epoch] = now

    Remembering.__name__ = Remembering.__qualname__ = protocol.__name__
    return Remembering


def replicas(world: Any) -> list[Any]:
    """The nodes that replicate: clients do not."""
    return [node for node in world.nodes.values() if isinstance(node, Zab)]


def always_one_transaction_is_delivered_at_each_place(world: Any) -> str | None:
    """Total order, agreement: of two replicas one has delivered what the other has."""
    for one in replicas(world):
        if one.strange:
            return one.strange
    for one, other in combinations(replicas(world), 2):
        length = min(len(one.done), len(other.done))
        if one.done.cut(length) != other.done.cut(length):
            return f"{one.id} and {other.id} have delivered different transactions"
    return None


def always_one_leader_an_epoch(world: Any) -> str | None:
    """No two nodes establish the same epoch."""
    for one, other in combinations(replicas(world), 2):
        if both := one.led.keys() & other.led.keys():
            return f"{one.id} and {other.id} have both led epoch {min(both)}"
    return None


def always_histories_are_in_order(world: Any) -> str | None:
    """Primary order: epochs do not go back, and none has a gap where it is counted."""
    for node in replicas(world):
        before = Zxid(0, 0)
        for txn in node.history:
            epoch, counter = txn.zxid
            follows = txn.zxid == (before.epoch, before.counter + 1)
            if not (follows or (epoch > before.epoch and counter == 1)):
                return f"{node.id} has {txn.zxid} behind {before}"
            before = txn.zxid
    return None


def always_new_epochs_begin_with_what_is_committed(world: Any) -> str | None:
    """Whoever establishes an epoch has all that was committed in the ones before."""
    for one in replicas(world):
        for epoch, committed in one.committed.items():
            for other in replicas(world):
                for later, history in other.led.items():
                    if later > epoch and history.cut(len(committed)) != committed:
                        return (
                            f"{one.id} has delivered {len(committed)} transactions in "
                            f"epoch {epoch}, and {other.id} begins {later} without them"
                        )
    return None


CLAIMS = (
    always_one_transaction_is_delivered_at_each_place,
    always_one_leader_an_epoch,
    always_histories_are_in_order,
    always_new_epochs_begin_with_what_is_committed,
)
