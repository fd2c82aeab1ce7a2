"""Traces written by hand, so that a picture's test depends on no simulator."""

from __future__ import annotations

from typing import Any

from distlab import faults
from distlab.events import Call, Message, Timer
from distlab.trace import Step, Trace


class Append(Message):
    index: int
    key: str
    value: int


class Ack(Message):
    index: int


class Put(Message):
    key: str
    value: int


class Done(Message):
    key: str


class Vote(Message):
    epoch: int


class Heartbeat(Timer):
    pass


class Pen:
    """Writes steps down in any order; `trace()` puts them in order of time."""

    def __init__(self, *nodes: str):
        self.nodes, self.written = nodes, []
        self.messages = 0

    def step(self, at_ms: float, kind: str, node: str = "", **more: Any) -> None:
        self.written.append(Step(round(at_ms * 1000), kind, node, **more))

    def send(
        self,
        at_ms: float,
        src: str,
        dst: str,
        what: Any,
        takes_ms: float | None = 3.0,
        *,
        lost: str = "",
        ignored: str = "",
        twice_ms: float | None = None,
    ) -> None:
        self.messages += 1
        ends = {"what": what, "msg_id": self.messages}
        self.step(at_ms, "send", src, peer=dst, **ends)
        if takes_ms is None:
            return
        end = at_ms + takes_ms
        if lost:
            self.step(end, "drop", dst, peer=src, why=lost, **ends)
            return
        self.step(end, "deliver", dst, peer=src, **ends)
        if ignored:
            self.step(end, "ignore", dst, what=ignored)
        if twice_ms is not None:
            self.step(at_ms + twice_ms, "deliver", dst, peer=src, **ends)

    def trace(self, seed: int | None = 7) -> Trace:
        return Trace(sorted(self.written, key=lambda s: s.at_us), self.nodes, seed)


def small() -> Trace:
    """Three nodes, a handful of messages."""
    pen = Pen("s1", "s2", "s3")
    for node in pen.nodes:
        pen.step(0, "start", node)
    pen.send(5, "s1", "s2", Append(1, "x", 1), 4)
    pen.send(5, "s1", "s3", Append(1, "x", 1), 7)
    pen.send(9, "s2", "s1", Ack(1), 5)
    pen.send(12, "s3", "s1", Ack(1), 6)
    pen.step(18, "note", "s1", what="row 1 is everywhere")
    pen.send(21, "s1", "s2", Append(2, "y", 2), 3)
    pen.send(21, "s1", "s3", Append(2, "y", 2), 5, lost="lost")
    pen.send(24, "s2", "s1", Ack(2), 6)
    pen.step(21, "set", "s1", what=Heartbeat(), why="20 ms")
    pen.step(41, "fire", "s1", what=Heartbeat())
    pen.send(41, "s1", "s3", Append(2, "y", 2), 4)
    pen.send(45, "s3", "s1", Ack(2), 3)
    return pen.trace()


def eventful() -> Trace:
    """Two clients, three servers, a crash, a pause, a split, a duplicate, a refusal."""
    pen = Pen("s1", "s2", "s3", "c1", "c2")
    pen.step(2, "call", "c1", what=Call("write", ("x", 1)))
    pen.send(2, "c1", "s1", Put("x", 1), 3)
    pen.send(5, "s1", "s2", Append(1, "x", 1), 3)
    pen.send(5, "s1", "s3", Append(1, "x", 1), 4)
    pen.send(8, "s2", "s1", Ack(1), 3)
    pen.send(9, "s3", "s1", Ack(1), 4, ignored="enough already")
    pen.send(11, "s1", "c1", Done("x"), 3)
    pen.step(14, "ok", "c1", what=None)
    pen.step(16, "call", "c2", what=Call("write", ("y", 2)))
    split = faults.Split((("s1", "c2"), ("s2", "s3", "c1")), at_ms=18)
    pen.step(18, "fault", what=split)
    pen.send(16, "c2", "s1", Put("y", 2), 3)
    pen.send(19, "s1", "s2", Append(2, "y", 2), 0, lost="cut")
    pen.send(19, "s1", "s3", Append(2, "y", 2), 0, lost="cut")
    pen.step(20, "set", "s2", what=Heartbeat(), why="14 ms")
    pen.step(34, "fire", "s2", what=Heartbeat())
    pen.step(34, "note", "s2", what="becomes leader of epoch 2")
    pen.send(34, "s2", "s3", Vote(2), 4, twice_ms=9)
    pen.send(34, "s2", "s1", Vote(2), 0, lost="cut")
    pen.step(40, "crash", "s1")
    pen.step(44, "info", "c2", what="timeout")
    pen.step(48, "fault", what=faults.Heal(at_ms=48))
    pen.step(50, "pause", "s3")
    pen.send(52, "s2", "s1", Vote(2), 3, lost="s1 is down")
    pen.step(60, "resume", "s3")
    pen.step(62, "recover", "s1")
    pen.step(63, "call", "c1", what=Call("read", ("y",)))
    pen.send(63, "c1", "s2", Put("y", 0), 3)
    pen.send(66, "s2", "c1", Done("y"), 4)
    pen.step(70, "ok", "c1", what=None)
    pen.send(69, "s2", "s1", Append(1, "x", 1), None)
    return pen.trace()


def busy(rounds: int = 8) -> Trace:
    """Five nodes and some sixty messages: appends to all, acknowledgements by each."""
    pen = Pen("s1", "s2", "s3", "s4", "s5")
    took = [2.1, 3.7, 2.9, 5.2, 1.6, 4.4, 3.1, 2.4, 6.3, 2.7, 3.3]
    turn = 0
    for i in range(rounds):
        at = 3 + 11.5 * i
        for j, dst in enumerate(pen.nodes[1:]):
            there = took[(turn := turn + 1) % 11]
            lost = "lost" if (i, j) in ((2, 1), (5, 3)) else ""
            pen.send(
                at, "s1", dst, Append(i + 1, "xyz"[i % 3], 10 * i), there, lost=lost
            )
            if not lost:
                back = took[(turn := turn + 1) % 11]
                pen.send(at + there, dst, "s1", Ack(i + 1), back)
    return pen.trace()


def sparse() -> Trace:
    """Bursts of a few milliseconds with hundreds of idle ones between them."""
    pen = Pen("s1", "s2", "s3")
    for at in (0, 150, 300, 900, 1900):
        pen.step(at, "fire", "s1", what=Heartbeat())
        for dst in ("s2", "s3"):
            pen.send(at, "s1", dst, Vote(at), 2.5 + (dst == "s3"))
            pen.send(at + 3 + (dst == "s3"), dst, "s1", Ack(at), 3)
        pen.step(at, "set", "s1", what=Heartbeat(), why="150 ms")
    return pen.trace()
