"""Random nodes that do what a table says: small ones, of which all worlds are known."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from explored_nodes import Tick

from distlab.check import Budget
from distlab.check.networks import Ordered, Unordered
from distlab.node import Call, Message, Node, setting, volatile

NODES, STATES, WORDS, HOPS = 3, 3, 3, 2
BUDGETS = Budget(timers=0), Budget(timers=1), Budget(1, timers=0, of=("s1",))
CALLED, RANG = WORDS, WORDS + 1  # what may happen beside words


class Word(Message):
    text: int
    hops: int


class Row(NamedTuple):
    """What comes of an event in a state."""

    state: int
    said: tuple[tuple[int, int], ...] = ()  # to whom, what
    ends: bool = False  # the operation that runs
    marks: bool = False
    chooses: bool = False
    sets_timer: bool = False
    cancels_timer: bool = False
    for_ever: bool = False  # goes on with what costs no hop


class Automaton(Node):
    table: tuple = setting(())
    wrong: tuple = setting(())  # what its invariant forbids: a state, marked or not
    mode: int = volatile(0)
    marked: bool = volatile(False)  # and it stays so

    def on_start(self):
        if self.table[0][RANG].sets_timer:
            self.set_timer(Tick("t"), 0, 10)

    def go(self):
        self.do(CALLED, HOPS)
        if self.operation is not None and not self.table[0][CALLED].ends:
            self.ok(self.mode)

    def on_word(self, src, msg):
        self.do(msg.text, msg.hops)

    def on_tick(self, timer):
        self.do(RANG, HOPS)

    def do(self, what, hops):
        row = self.table[self.mode][what]
        self.mode = row.state
        self.marked = self.marked or row.marks
        if row.chooses:
            (self.mode,) = self.choose(1, range(STATES))
        left = hops if row.for_ever else hops - 1
        for dst, text in row.said if hops else ():
            self.send(f"s{dst + 1}", Word(text, left))
        if row.ends and self.operation is not None:
            self.ok(self.mode)
        if row.sets_timer:
            self.set_timer(Tick("t"), 0, 10)
        if row.cancels_timer:
            self.cancel_timer(Tick("t"))

    def invariant(self):
        if (self.mode, self.marked) in self.wrong:
            return f"it is in {self.mode}"
        return None


def row(random: Random, state: int, place: int, to_itself: float) -> Row:
    stays = random.random() < 0.6
    said = [
        (
            place if random.random() < to_itself else random.randrange(NODES),
            random.randrange(WORDS),
        )
        for _ in range(random.choice((0, 0, 0, 1, 1, 2)))
    ]
    return Row(
        state if stays else random.randrange(STATES),
        tuple(said),
        ends=random.random() < 0.3,
        marks=random.random() < 0.1,
        chooses=random.random() < 0.03,
        sets_timer=random.random() < 0.1,
        cancels_timer=random.random() < 0.1,
        for_ever=len(said) == 1 and random.random() < 0.1,
    )


def cluster(seed: int) -> dict:
    """What `Worlds(Automaton, …)` takes."""
    random = Random(seed)
    per_node = {}
    to_itself = random.choice((0.0, 0.5))
    for place in range(NODES):
        table = tuple(
            tuple(row(random, state, place, to_itself) for _ in range(WORDS + 2))
            for state in range(STATES)
        )
        wrong = ()
        if random.random() < 0.4:
            wrong = ((random.randrange(STATES), random.random() < 0.5),)
        per_node[f"s{place + 1}"] = {"table": table, "wrong": wrong}
    prompt = random.random() < 0.1
    network = random.choice(
        (
            *[Unordered(prompt=prompt)] * 4,
            *[Ordered(prompt=prompt)] * 4,
            Unordered(idle=True),
            Unordered(lossy=True),
            Ordered(lossy=True),
            Unordered(duplicating=True),
        )
    )
    callers = random.sample(("s1", "s2", "s3"), random.choice((1, 2, 2)))
    return {
        "servers": NODES,
        "per_node": per_node,
        "network": network,
        "workload": {id: (Call("go"),) * random.choice((1, 1, 2)) for id in callers},
        "budget": random.choice(BUDGETS),
        "history": random.random() < 0.5,
    }
