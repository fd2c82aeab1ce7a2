"""Deliveries taken alone: less is looked at, and nothing that lasts is missed."""

from __future__ import annotations

import re
import sys
from collections import defaultdict, deque

import automata
import pytest
from automata import Automaton

from distlab.check import Budget, commuting
from distlab.check.commuting import Commuting, Delivery, Receiver
from distlab.check.explore import Ordered, Unordered, explore
from distlab.check.local_steps import FREE
from distlab.check.worlds import Worlds, carried_out
from distlab.clocks.lamport_broadcast import LamportBroadcast
from distlab.consensus.paxos import Paxos
from distlab.errors import Misuse
from distlab.node import Call, Message, Node, volatile
from distlab.replication.abd import AbdReplica

FEW = 1_500  # worlds


def gone_through(worlds, most=float("inf")):
    """The worlds that a search reaches; None for too many."""
    known = dict.fromkeys(worlds.initial())
    to_do = deque(known)
    while to_do or (to_do := deque(worlds.again())):
        for _, after in worlds.enough(to_do.popleft()):
            if after not in known:
                known[after] = None
                to_do.append(after)
        if len(known) > most:
            return None
    return known


def as_value(worlds, number):
    """A world without what is on its way."""
    bodies = zip(worlds.locals, worlds.bodies(number), strict=True)
    nodes = tuple(local.bodies[body] for local, body in bodies)
    return nodes, worlds.left(number), worlds.shared[number >> worlds.top].past


def misses(protocol, most=float("inf"), **cluster):
    """What the reduced search misses, and how many worlds the two look at.

    What has no way to anything that is reached may be broken for ever, unseen.
    """
    whole, reduced = Worlds(protocol, **cluster), Commuting(protocol, **cluster)
    if (found := gone_through(whole, most)) is None:
        return None
    some = gone_through(reduced)
    reached = {as_value(reduced, world) for world in some}
    before = defaultdict(set)
    for world in found:
        for _, after in whole.next(world):
            before[as_value(whole, after)].add(as_value(whole, world))
    everything = {as_value(whole, world) for world in found}
    lead_on, to_do = set(reached), list(reached)
    while to_do:
        new = before[to_do.pop()] - lead_on
        lead_on |= new
        to_do += new
    missed = {
        "worlds that there are not": reached - everything,
        "what leads to nothing reached": everything - lead_on,
        "histories": {one[-1] for one in everything} - {one[-1] for one in reached},
    }
    return [what for what, some in missed.items() if some], len(found), len(some)


ONE = {"s1": (Call("propose", ("A",)),)}
TWO = ONE | {"s2": (Call("propose", ("B",)),)}
WRITE_AND_READ = {"c1": (Call("write", ("x", 1)),), "c2": (Call("read", ("x",)),)}
ABD = {"clients": 2, "workload": WRITE_AND_READ, "budget": Budget(timers=0)}
SAY = {id: (Call("broadcast", (id,)),) for id in ("s1", "s2")}
CLUSTERS = [
    (Paxos, {"servers": 3, "retry_ms": None, "workload": ONE}, 381, 94),
    (Paxos, {"servers": 4, "retry_ms": None, "workload": ONE}, 1_547, 305),
    (Paxos, {"servers": 2, "retry_ms": None, "workload": TWO}, 754, 485),
    (AbdReplica, {"servers": 2, **ABD}, 464, 238),
    (AbdReplica, {"servers": 2, "history": True, **ABD}, 502, 377),
    (LamportBroadcast, {"servers": 2, "network": Ordered(), "workload": SAY}, 22, 18),
]


@pytest.mark.parametrize(("protocol", "cluster", "worlds", "left"), CLUSTERS)
def test_every_end_and_every_history_is_reached(protocol, cluster, worlds, left):
    assert misses(protocol, **cluster) == ([], worlds, left)


def always_nobody_else_is_marked(world):
    marked = [id for id, node in world.nodes.items() if node.marked]
    return f"{marked} are marked" if len(marked) > 1 else None


def told(seed, commuting):
    cluster = automata.cluster(seed)
    properties = [always_nobody_else_is_marked]
    return explore(Automaton, properties=properties, commuting=commuting, **cluster)


def wrong(seeds):
    """The random automata of which something is missed, and what."""
    found = {}
    smaller = 0
    for seed in seeds:
        compared = misses(Automaton, FEW, **automata.cluster(seed))
        if compared is None:
            continue
        missed, whole, some = compared
        smaller += some < whole
        if told(seed, True).outcome != told(seed, False).outcome:
            missed = [*missed, "what is broken"]
        if missed:
            found[seed] = missed
    return found, smaller


def test_nothing_is_missed_of_random_automata():
    found, smaller = wrong(range(300))
    assert not found
    assert smaller > 60


@pytest.mark.soak
@pytest.mark.parametrize("first", range(300, 10_000, 100))
def test_nothing_is_missed_of_ten_thousand_automata(first):
    assert not wrong(range(first, first + 100))[0]


class Poison(Message):
    pass


class Cure(Message):
    pass


class Patient(Node):
    """Whether poison or cure comes first: both together leave it well."""

    cured: bool = volatile(False)
    ill: bool = volatile(False)

    def give(self):
        self.send("s2", Cure())
        self.send("s2", Poison())
        self.ok()

    def on_poison(self, src, msg):
        self.ill = not self.cured

    def on_cure(self, src, msg):
        self.cured, self.ill = True, False

    def invariant(self):
        return "it is ill" if self.ill else None


def test_an_invariant_that_is_broken_only_for_a_while_is_seen_to_be():
    give = {"s1": (Call("give"),)}
    verdict = explore(Patient, servers=2, workload=give, commuting=True)
    assert verdict.invalid
    assert "Patient 's2': it is ill" in verdict.reason


GO = {"s1": (Call("go"),)}


class Poll(Message):
    pass


class Poller(Node):
    """s1 asks itself for ever, which changes nothing; s2 may be marked meanwhile."""

    marked: bool = volatile(False)

    def on_start(self):
        if self.id == "s1":
            self.send(self.id, Poll())

    def on_poll(self, src, msg):
        self.send(self.id, Poll())

    def mark(self):
        self.marked = True
        self.ok()

    def invariant(self):
        return "it is marked" if self.marked else None


def test_what_goes_on_for_ever_does_not_put_off_all_else():
    mark = {"s2": (Call("mark"),)}
    assert explore(Poller, servers=2, workload=mark, commuting=True).invalid


class Begin(Message):
    pass


class Late(Message):
    pass


class First(Message):
    pass


class Second(Message):
    pass


class TalksToItself(Node):
    """Whether `Late` comes between two words to itself is told by the second."""

    is_late: bool = volatile(False)
    first: bool = volatile(False)
    between: bool = volatile(False)

    def go(self):
        self.send("s2", Begin())
        self.send("s2", Late())
        self.ok()

    def on_begin(self, src, msg):
        self.send(self.id, First())
        self.send(self.id, Second())

    def on_late(self, src, msg):
        self.is_late = True

    def on_first(self, src, msg):
        self.first = self.is_late

    def on_second(self, src, msg):
        self.between = self.is_late and not self.first


def always_nothing_comes_between(world):
    return "it is late" if world.nodes["s2"].between else None


@pytest.mark.parametrize("prompt", [False, True])
def test_words_to_oneself_are_held_against_what_may_come_between(prompt):
    """Where they come before all else, nothing does."""
    verdict = explore(
        TalksToItself,
        servers=2,
        workload=GO,
        network=Unordered(prompt=prompt),
        properties=[always_nothing_comes_between],
        commuting=True,
    )
    assert verdict.valid == prompt


class Asks(TalksToItself):
    """Asks itself what `Late` has changed, before anything else can happen to it."""

    def on_begin(self, src, msg):
        self.send(self.id, Second())

    def on_second(self, src, msg):
        self.between = self.is_late


def test_nothing_is_taken_alone_before_words_that_come_first():
    cluster = {"servers": 2, "workload": GO, "network": Unordered(prompt=True)}
    claims = [always_nothing_comes_between]
    whole, reduced = (
        explore(Asks, properties=claims, commuting=commuting, **cluster)
        for commuting in (False, True)
    )
    assert (whole.outcome, whole.states) == (reduced.outcome, reduced.states)
    assert whole.invalid


class LooksAtItsClock(TalksToItself):
    """Only if `Late` comes before `Begin`, and it is an answer to what is sent then."""

    def go(self):
        self.send("s2", Begin())
        self.ok()

    def on_begin(self, src, msg):
        self.first = True
        self.send("s1", First())

    def on_first(self, src, msg):
        self.send("s2", Late())

    def on_late(self, src, msg):
        if not self.first:
            self.now_ms()


def test_a_step_that_never_happens_does_no_harm():
    assert explore(LooksAtItsClock, servers=2, workload=GO, commuting=True).valid


# ------------------------------------------------------------------ what it refuses
def sometimes_all_is_well(world):
    return True


def always_nothing_is_on_its_way(world):
    return f"{len(world.messages)} messages" if len(world.messages) > 100 else None


REFUSED = [
    ({"properties": [sometimes_all_is_well]}, "`sometimes all is well` may be so only"),
    ({"properties": [always_nothing_is_on_its_way]}, "looks at messages on their way"),
    ({"goal": sometimes_all_is_well}, "goal: a stage ends in the middle of things"),
    ({"within": sometimes_all_is_well}, "within: a stage ends in the middle of things"),
    ({"order": "random"}, "random walks go one way at a time"),
    ({"interchangeable": "servers"}, "interchangeable, commuting: give one of them"),
]


@pytest.mark.parametrize(("asked", "sentence"), REFUSED)
def test_what_may_be_so_in_between_is_not_asked_of_less(asked, sentence):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        explore(Paxos, servers=3, retry_ms=None, workload=ONE, commuting=True, **asked)


def test_the_verdict_says_that_deliveries_were_taken_alone():
    cluster = {"servers": 3, "retry_ms": None, "workload": ONE}
    told = "deliveries that commute taken alone"
    assert told in explore(Paxos, commuting=True, **cluster).strength
    assert told not in explore(Paxos, commuting=False, **cluster).strength


# ------------------------------------------------------------------- what it may forget
class LooksAtNoEventsOfItsOwn(Delivery):
    def _not_yet(self, body, letters):
        return (
            event for event in super()._not_yet(body, letters) if type(event) is int
        )


class LooksAtOneStateOnly(Delivery):
    def _commutes_with(self, event, outcome, first):
        self.held.setdefault(outcome.body, len(self.receiver.letters))
        return super()._commutes_with(event, outcome, first)


class LetsClientsSeeIt(Delivery):
    def _arrival(self, body):
        return self.local.outcomes(body, self.letter)[0]


class MindsNoInvariant(Delivery):
    def _arrival(self, body):
        outcome, *others = self.local.outcomes(body, self.letter)
        return None if others or outcome.charge != FREE else outcome


class ThinksThatLinksKeepTheOrder(Delivery):
    in_order = property(lambda self: True, lambda self, value: None)


class ComparesStatesOnly(Delivery):
    def _both(self, one, then):
        return then.body


class MayDisableWhatElseMayHappen(Delivery):
    def _commutes_with(self, event, outcome, first):
        then = self._arrival(outcome.body)
        return then is not None and any(
            self._both(outcome, then) == self._both(first, other)
            for other in self.local.outcomes(first.body, event)
        )


class HoldsNothingAgainstLaterLetters(Receiver):
    def may_get(self, letters):
        self.letters.update(dict.fromkeys(letters))


class ForgetsWhatItTookAlone(Receiver):
    def may_get(self, letters):
        super().may_get(letters)
        self.reopened.clear()


class SkipsIdleWordsToItself(Delivery):
    def _come_of(self, body, event):
        found = super()._come_of(body, event)
        return (one for one in found if not (type(event) is int and one.idle))


class MindsNoFaults(Receiver):
    def __init__(self, worlds, local):
        super().__init__(worlds, local)
        self.is_sure = not worlds.rules.network.prompt


class MindsNoPrompt(Receiver):
    def __init__(self, worlds, local):
        super().__init__(worlds, local)
        if worlds.rules.network.prompt:
            rules = worlds.rules.network, local
            self.is_sure = not (rules[0].lossy or rules[1].crashes)


class PutsAllOffForEver(Commuting):
    def enough(self, world):
        for receiver in self.receivers:
            move = receiver[receiver.cell(world)]
            if move is not None:
                self.alone[world] = None
                return [(move[0], carried_out(move, world))]
        return self.next(world)


class TakesAWorldForTheNext(Commuting):
    def enough(self, world):
        for receiver in self.receivers:
            move = receiver[receiver.cell(world)]
            if move is not None and carried_out(move, world) == world:
                return [(move[0], world)]
        return super().enough(world)


class GivesUp(Delivery):
    def holds(self):
        return self._is_held_against_all()


MUTANTS = {
    LooksAtNoEventsOfItsOwn: 41,
    LooksAtOneStateOnly: 2030,
    LetsClientsSeeIt: 36,
    ThinksThatLinksKeepTheOrder: 140,
    ComparesStatesOnly: 94,
    MayDisableWhatElseMayHappen: 219,
    HoldsNothingAgainstLaterLetters: 293,
    ForgetsWhatItTookAlone: 293,
    MindsNoFaults: 122,
    PutsAllOffForEver: 1089,
}
BY_HAND = {
    MindsNoInvariant: test_an_invariant_that_is_broken_only_for_a_while_is_seen_to_be,
    TakesAWorldForTheNext: test_what_goes_on_for_ever_does_not_put_off_all_else,
    SkipsIdleWordsToItself: lambda: (
        test_words_to_oneself_are_held_against_what_may_come_between(False)
    ),
    MindsNoPrompt: test_nothing_is_taken_alone_before_words_that_come_first,
    GivesUp: test_a_step_that_never_happens_does_no_harm,
}


def put_in(monkeypatch, mutant):
    kind = mutant.__base__
    for where in (commuting, sys.modules[__name__], sys.modules[explore.__module__]):
        if hasattr(where, kind.__name__):
            monkeypatch.setattr(where, kind.__name__, mutant)


@pytest.mark.parametrize(("mutant", "seed"), MUTANTS.items())
def test_what_forgets_a_rule_misses_something(monkeypatch, mutant, seed):
    assert wrong([seed])[0] == {}
    put_in(monkeypatch, mutant)
    assert wrong([seed])[0]


@pytest.mark.parametrize(("mutant", "claim"), BY_HAND.items())
def test_what_forgets_a_rare_rule_is_missed(monkeypatch, mutant, claim):
    claim()
    put_in(monkeypatch, mutant)
    with pytest.raises((AssertionError, Misuse)):
        claim()
