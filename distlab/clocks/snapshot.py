"""A snapshot of all nodes and of what is on its way, while they go on with their work.

Source
    Chandy and Lamport, "Distributed Snapshots: Determining Global States of Distributed
    Systems", ACM Transactions on Computer Systems 3(1), 1985, section 3.2. What they
    work on, here, are accounts, of which the paper's token is the smallest.
Guarantees
    What is recorded is a consistent cut: a state that the system could have been in,
    between that in which the snapshot began and that in which it ended, though it may
    never have been in it. So no money is lost in it, and none is counted twice. Once
    somebody has begun, all get done. It does not matter how many begin.
Assumes
    Reliable FIFO links between all nodes; nothing is known of delays. No crashes.
Costs
    n(n - 1) markers, a message delay until all have recorded their states, and one more
    until all channels are recorded. Nobody stands still for it.
Departs
    One snapshot in a run: for several, markers would carry a number. To gather what the
    nodes have recorded is left to who reads their outputs, as the paper leaves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.node import Assumes, Call, Message, Node, NodeId, Value, setting, volatile
from distlab.trace import Trace


class Transfer(Message):
    """This much of the sender's money is the receiver's, when it arrives."""

    amount: int


class Marker(Message):
    """On this channel, what was sent before my state was recorded is before this."""


class Recorded(Value):
    """A node's part of the snapshot: its state, and what was on its way to it."""

    balance: int
    channels: tuple[tuple[NodeId, tuple[int, ...]], ...]  # amounts, by sender

    @property
    def total(self) -> int:
        """All the money of this part."""
        return self.balance + sum(sum(amounts) for _, amounts in self.channels)


class ChandyLamport(Node):
    """An account: `transfer(dst, amount)`. `snapshot()` begins one: see `Recorded`."""

    assumes = Assumes(links="reliable FIFO", failures="pause", disk="loses writes")

    deposit: int = setting(100)

    balance: int = volatile(0)
    # Its part of the snapshot
    recorded: int | None = volatile(None)  # its state
    channels: dict[NodeId, tuple[int, ...]] = volatile({})  # into it, while recorded
    closed: tuple[NodeId, ...] = volatile(())  # channels whose marker has arrived

    # ----------------------------------------------------------------- the computation
    def on_start(self):
        self.balance = self.deposit

    def transfer(self, dst: NodeId, amount: int):
        if dst not in self.peers:
            return self.fail(f"there is no {dst} to transfer to")
        if not 0 < amount <= self.balance:
            return self.fail(f"{self.balance} are there")
        self.balance -= amount
        self.send(dst, Transfer(amount))
        self.ok()

    def on_transfer(self, src: NodeId, msg: Transfer):
        self.balance += msg.amount
        if self.recorded is not None and src not in self.closed:
            self.record_on_channel(src, msg.amount)

    # -------------------------------------------------------------------- the snapshot
    def snapshot(self):
        if self.recorded is None:
            self.record_state()
        self.ok()

    def record_state(self):  # Marker-Sending Rule
        """In one step, so that nothing is sent between the recording and the marker."""
        self.recorded = self.balance
        self.channels = dict.fromkeys(self.peers, ())
        self.send(self.peers, Marker())
        self.finish()

    def on_marker(self, src: NodeId, msg: Marker):  # Marker-Receiving Rule
        if self.recorded is None:
            self.record_state()  # and the channel is empty
        self.closed = (*self.closed, src)
        self.finish()

    def record_on_channel(self, src: NodeId, amount: int):  # Marker-Receiving Rule
        """After its own state was recorded, and before the marker on this channel."""
        self.channels[src] = (*self.channels[src], amount)

    def finish(self):  # Termination
        if len(self.closed) == len(self.peers):
            assert self.recorded is not None
            self.output(Recorded(self.recorded, tuple(self.channels.items())))

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it pays; one looks at all."""
        others = [other for other in ("s1", "s2", "s3") if other != node]
        for i in range(6):
            (dst,), (amount,) = choose(1, others), choose(1, range(1, 20))
            yield Call("transfer", (dst, amount))
            if node == "s1" and i == 2:
                yield Call("snapshot")


def cut(trace: Trace) -> dict[NodeId, int]:
    """How many steps of each node come before it records its state: the snapshot.

    A node that has not recorded it takes all of its steps before.
    """
    steps = dict.fromkeys(trace.nodes, 0)
    over: list[NodeId] = []
    for step in trace:
        if step.node not in steps or step.kind == "drop":
            continue
        begins = step.kind == "call" and step.what == Call("snapshot")
        if begins or (step.kind == "deliver" and type(step.what) is Marker):
            over.append(step.node)
        if step.node not in over:
            steps[step.node] += 1
    return steps
