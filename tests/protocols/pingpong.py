"""The smallest conversation: one node asks, the other answers, until the ball is tired.

Source
    Nobody's: a greeting to the reader.
Guarantees
    After `serve(n)`, on links that lose no message for ever, the server counts n pongs
    and outputs "done".
Assumes
    Messages may be lost, repeated and reordered; no crashes.
Costs
    2 messages a round; one round trip each.
Departs
    Nowhere.
"""

from __future__ import annotations

from distlab.node import Assumes, Message, Node, NodeId, Timer, setting, volatile


class Ping(Message):
    """Are you there?"""

    n: int


class Pong(Message):
    """I am."""

    n: int


class Retransmit(Timer):
    """No pong has come for this ping."""

    n: int


class PingPong(Node):
    """`serve(rounds)` sends a ping to the next node for each pong that comes back."""

    assumes = Assumes(links="fair loss", failures="none")

    timeout_ms: float = setting(50)
    left: int = volatile(0)  # pongs still wanted
    pongs: int = volatile(0)  # pongs received

    def serve(self, rounds: int) -> None:
        self.left = rounds
        self.ping()

    def ping(self) -> None:
        self.send(self.peers[0], Ping(self.left))
        self.set_timer(Retransmit(self.left), self.timeout_ms)

    def on_ping(self, src: NodeId, msg: Ping) -> None:
        self.send(src, Pong(msg.n))

    def on_pong(self, src: NodeId, msg: Pong) -> None:
        if msg.n != self.left:
            return self.ignore("an answer to an older ping")
        self.cancel_timer(Retransmit(self.left))
        self.pongs += 1
        self.left -= 1
        if self.left:
            self.ping()
        else:
            self.output("done")
            self.ok(self.pongs)

    def on_retransmit(self, timer: Retransmit) -> None:
        self.ping()
