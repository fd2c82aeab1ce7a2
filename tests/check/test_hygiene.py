"""A protocol that keeps something outside its fields is refused, with the place."""

from dataclasses import dataclass
from itertools import count

import pytest

from distlab.check.explore import explore
from distlab.check.hygiene import changeable_in
from distlab.check.worlds import Worlds
from distlab.errors import Misuse
from distlab.node import Call, Deliver, Log, Message, Node, Record, Value, volatile

GO = {"s1": (Call("go"), Call("go"))}
tickets = count()
seen: list[str] = []


class Word(Message):
    what: object = None


class Honest(Node):
    """Tells the others how often it was called."""

    called: int = volatile(0)
    heard: tuple = volatile(())

    def go(self):
        self.called += 1
        self.send(self.peers, Word(self.called))
        self.ok()

    def on_word(self, src, msg):
        self.heard += (msg.what,)


class SendsWhatAModuleCounts(Honest):
    def go(self):
        self.send(self.peers, Word(next(tickets)))
        self.ok()


class KeepsInItsClass(Honest):
    total = 0

    def go(self):
        type(self).total += 1
        self.called = self.total
        self.ok()


class HidesUntilLater(Honest):
    """The first times all is as it should be."""

    def on_word(self, src, msg):
        seen.append(src)
        self.heard += (len(seen) > 12,)


class ForgetsInItsClone(Honest):
    def clone(self):
        twin = super().clone()
        twin.called = 0
        return twin


@dataclass(frozen=True)
class Box:
    """Frozen by name: what is inside can change."""

    items: list


@dataclass(frozen=True, eq=False)
class Address:
    """Two are equal only if they are the same one."""

    items: list


class SendsABox(Honest):
    def go(self):
        self.send(self.peers, Word(Box([1])))
        self.ok()


class SendsAnAddress(Honest):
    def go(self):
        self.send(self.peers, Word(Address([1])))
        self.ok()


class Shelf(Value):
    box: object


class KeepsABox(Honest):
    shelf: Shelf | None = volatile(None)

    def go(self):
        self.shelf = Shelf(Address([]))
        self.ok()


SENTENCES = [
    (SendsWhatAModuleCounts, r"the same step at go\(\) came out differently"),
    (KeepsInItsClass, r"the same step at go\(\) .* in `called`.*use fields"),
    (HidesUntilLater, r"the same step at Word.* came out differently .* in `heard`"),
    (ForgetsInItsClone, "ForgetsInItsClone 's1' .*: its clone differs in `called`"),
    (SendsABox, r"Word from 's1' .*: Word.what.items is a list, .* Use a tuple"),
    (SendsAnAddress, r"Word from 's1' .*: Word.what.items is a list, which may"),
    (KeepsABox, r"after go\(\), shelf.box.items is a list, .* unseen. Use a tuple"),
]


@pytest.mark.parametrize(("protocol", "told"), SENTENCES)
def test_what_cannot_be_explored_soundly_is_refused_with_the_place(protocol, told):
    seen.clear()
    with pytest.raises(Misuse, match=told):
        explore(protocol, servers=3, workload=GO)


def test_who_keeps_all_in_fields_is_explored():
    assert explore(Honest, servers=3, workload=GO).valid


class Pile(Record):
    items: list = []


MAY_CHANGE = [
    ([1], True, []),
    ([1], False, [("f", "list")]),
    ({"a": [1]}, True, []),
    (Pile(), True, []),
    (Pile(), False, [("f", "Pile")]),
    ((1, [2]), True, [("f[1]", "list")]),
    (Log(Box([])), True, [("f[0].items", "list")]),
    (frozenset([1, (2, 3)]), False, []),
    (Box((1, 2)), False, []),
    (object(), True, [("f", "object")]),
]


@pytest.mark.parametrize(
    ("value", "state", "places"), MAY_CHANGE, ids=lambda value: type(value).__name__
)
def test_the_path_to_what_may_change_is_told(value, state, places):
    assert list(changeable_in(value, "f", state)) == places


def test_looking_costs_few_steps():
    """Of each kind of step the first, second, fourth … are taken again, twice."""
    taken = []

    class Watched(Honest):
        def on_word(self, src, msg):
            taken.append(msg)
            super().on_word(src, msg)

    calls = tuple(Call("go") for _ in range(5))
    worlds = Worlds(Watched, servers=2, workload={"s1": calls})
    assert explore(worlds).valid
    different = worlds.rules.hygiene.met[Watched, Deliver, Word]
    assert different == 325
    assert len(taken) == different + 2 * 9
