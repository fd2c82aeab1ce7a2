"""Models whose numbers of states are known, and small ones made by chance."""

import random
from typing import NamedTuple

from distlab.model import Model
from distlab.specification import Specification, variable


class Jugs(Model):
    """Two jugs, of 3 and of 5 gallons: `DieHard` of the TLA+ examples."""

    def initial(self):
        return [(0, 0)]

    def next(self, jugs):
        small, big = jugs
        to_big, to_small = min(small, 5 - big), min(big, 3 - small)
        return [
            ("fill the small jug", (3, big)),
            ("fill the big jug", (small, 5)),
            ("empty the small jug", (0, big)),
            ("empty the big jug", (small, 0)),
            ("pour small into big", (small - to_big, big + to_big)),
            ("pour big into small", (small + to_small, big - to_small)),
        ]


def always_not_four_gallons(jugs):
    return "4 gallons are in the big jug" if jugs[1] == 4 else None


class Rally(NamedTuple):
    pinger: int
    ponger: int
    network: frozenset[tuple[str, int]]


class PingPong(Model):
    """Two counters that answer each other, up to a bound: Stateright's example.

    What was sent may arrive again and again, unless the network loses it. To hear what
    changes nothing is no step.
    """

    def __init__(self, most, *, is_lossy):
        self.most, self.is_lossy = most, is_lossy

    def initial(self):
        return [Rally(0, 0, frozenset({("ping", 0)}))]

    def next(self, s):
        for message in sorted(s.network):
            if message == ("ping", s.ponger):
                sent = s.network | {("pong", s.ponger)}
                yield message, s._replace(ponger=s.ponger + 1, network=sent)
            elif message == ("pong", s.pinger):
                sent = s.network | {("ping", s.pinger + 1)}
                yield message, s._replace(pinger=s.pinger + 1, network=sent)
            if self.is_lossy:
                yield ("lost", *message), s._replace(network=s.network - {message})

    def within(self, s):
        return max(s.pinger, s.ponger) <= self.most


class EightPuzzle(Model):
    """Eight tiles and a gap: 181,440 states, the farthest 31 moves away."""

    def initial(self):
        return ["12345678."]

    def next(self, tiles):
        gap = tiles.index(".")
        row, column = divmod(gap, 3)
        for way, can, other in (
            ("up", row > 0, gap - 3),
            ("down", row < 2, gap + 3),
            ("left", column > 0, gap - 1),
            ("right", column < 2, gap + 1),
        ):
            if can:
                tile = tiles[other]
                yield way, tiles.replace(tile, "x").replace(".", tile).replace("x", ".")


class Commit(Specification):
    """What a commit is, without a protocol: `TCommit` of the TLA+ examples."""

    manager = variable("working", "prepared", "committed", "aborted", of="managers")

    def rules(self):
        for manager in self.managers:
            yield self.prepares, manager
            yield self.commits, manager
            yield self.aborts, manager

    def prepares(self, s, manager):
        if s.manager[manager] == "working":
            s.manager[manager] = "prepared"

    def commits(self, s, manager):
        all_can = all(m in ("prepared", "committed") for m in s.manager)
        if s.manager[manager] == "prepared" and all_can:
            s.manager[manager] = "committed"

    def aborts(self, s, manager):
        is_open = s.manager[manager] in ("working", "prepared")
        if is_open and "committed" not in s.manager:
            s.manager[manager] = "aborted"


class Increment(Specification):
    """Two threads that count one up, in two steps each: Stateright's `increment`."""

    counter = variable(0, 1, 2)
    seen = variable(0, 1, 2, of="threads")
    next_step = variable("read", "write", "none", of="threads")

    def rules(self):
        for thread in self.threads:
            yield self.reads, thread
            yield self.writes, thread

    def reads(self, s, thread):
        if s.next_step[thread] == "read":
            s.seen[thread] = s.counter
            s.next_step[thread] = "write"

    def writes(self, s, thread):
        if s.next_step[thread] == "write":
            s.counter = s.seen[thread] + 1
            s.next_step[thread] = "none"


def always_as_many_as_are_done(s):
    done = s.next_step.count("none")
    return None if s.counter == done else f"{done} have counted up to {s.counter}"


class Graph(Model):
    """States are numbers, and steps are given."""

    def __init__(self, edges, initial=(0,), bound=None):
        self.edges, self.begin, self.bound = edges, initial, bound

    def initial(self):
        return self.begin

    def next(self, state):
        return [(f"to {after}", after) for after in self.edges.get(state, ())]

    def within(self, state):
        return self.bound is None or state < self.bound


def random_graph(seed):
    """A graph of a few states: some are never reached, some lead nowhere."""
    rng = random.Random(seed)
    size = rng.randint(1, 12)
    edges = {
        state: [rng.randrange(size) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        for state in range(size)
    }
    begin = sorted(rng.sample(range(size), min(size, rng.choice([1, 1, 2]))))
    return Graph(edges, begin, rng.choice([None, None, size - 1, size // 2 + 1]))


def random_specification(seed):
    """Variables and rules by chance: a rule reads more if what it has read is so."""
    rng = random.Random(seed)
    names = "abcde"[: rng.randint(2, 5)]
    sizes = {name: rng.choice([2, 2, 3, 4]) for name in names}
    tables = []
    for _ in range(rng.randint(1, 6)):
        first, second = rng.choice(names), rng.choice(names)
        on = {rng.randrange(sizes[first]) for _ in range(2)}
        change = rng.choice(names)
        add = rng.randrange(sizes[change])
        tables.append((first, on, second, rng.randrange(3), change, add))

    def rules(self):
        for number in range(len(tables)):
            yield self.happens, number

    def happens(self, s, number):
        first, on, second, least, change, add = tables[number]
        if getattr(s, first) in on or getattr(s, second) > least:
            setattr(s, change, (getattr(s, change) + add) % sizes[change])

    variables = {name: variable(*range(size)) for name, size in sizes.items()}
    body = {**variables, "rules": rules, "happens": happens}
    return type("Random", (Specification,), body)()
