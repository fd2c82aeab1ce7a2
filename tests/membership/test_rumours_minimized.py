"""Rumours told both ways, step by step: whose counter rises."""

import pytest
from test_rumours import NEWS, cycle, receive, site

from distlab.membership.rumours import AskForRumours, Rumours
from distlab.membership.rumours_minimized import Counters, Minimized, PushPull


def minimized(useless: int = 0, k: int = 5):
    """A site that spreads NEWS and has had so many useless contacts."""
    node = site(NEWS, protocol=Minimized, k=k)
    node.hot[NEWS.stamp].useless = useless
    return node


def counter(node) -> int:
    """After the end of this cycle."""
    cycle(node)
    return node.hot[NEWS.stamp].useless


def told(needed: bool, theirs: int | None) -> Counters:
    return Counters(((NEWS.stamp, needed),), (theirs,))


def test_a_site_tells_another_one_and_asks_it():
    """§1.4, push-pull."""
    assert cycle(site(NEWS, protocol=PushPull)) == [
        ("s2", Rumours((NEWS,))),
        ("s2", AskForRumours()),
    ]
    assert cycle(site(protocol=PushPull)) == [("s2", AskForRumours())]


def test_the_answer_says_how_weary_one_is():
    """§1.4, minimization."""
    heard = receive(site(protocol=Minimized), "s2", Rumours((NEWS,)))
    assert heard == [("s2", told(True, None))]
    infective = receive(minimized(3), "s2", Rumours((NEWS,)))
    assert infective == [("s2", told(False, 3))]
    removed = site(NEWS, protocol=Minimized, k=1)
    receive(removed, "s2", told(False, None))
    cycle(removed)
    assert receive(removed, "s2", Rumours((NEWS,))) == [("s2", told(False, None))]


@pytest.mark.parametrize(
    ("mine", "theirs", "after"), [(2, 1, 2), (2, 2, 3), (2, 3, 3), (2, None, 3)]
)
def test_of_two_who_knew_it_only_the_smaller_counter_rises(mine, theirs, after):
    """§1.4, minimization: both, if they are equal."""
    node = minimized(mine)
    receive(node, "s2", told(False, theirs))
    assert counter(node) == after


def test_who_has_helped_begins_to_count_again():
    """§1.4, minimization: whatever the others have told it."""
    node = minimized(2)
    for msg in (told(True, None), told(False, 4)):
        receive(node, "s2", msg)
    assert counter(node) == 0


def test_an_answer_about_a_rumour_that_is_forgotten_changes_nothing():
    node = site(protocol=Minimized)
    assert receive(node, "s2", told(False, 1)) == []
    assert node.hot == {}


# ------------------------------------------------------------------------------ mutants
class RaisesBoth(Minimized):
    """§1.4, minimization: every contact with one who knows is useless."""

    def rises(self, stamp, theirs):
        return True


class RaisesTheLarger(Minimized):
    """§1.4, minimization: the wearier one counts."""

    def rises(self, stamp, theirs):
        return theirs is None or self.hot[stamp].useless >= theirs


class SparesEquals(Minimized):
    """§1.4, minimization: if they are equal, neither rises."""

    def rises(self, stamp, theirs):
        return theirs is None or self.hot[stamp].useless < theirs


class IsNeverWeary(Minimized):
    """§1.4, minimization: says that its counter is 0."""

    def answer(self, src, needed):
        self.send(src, Counters(needed, (0,) * len(needed)))


class OnlyTells(PushPull):
    """§1.4, push-pull: does not ask."""

    def contact(self, peer):
        self.tell(peer)


KILLED = {
    RaisesBoth: (test_of_two_who_knew_it_only_the_smaller_counter_rises, 2, 1, 2),
    RaisesTheLarger: (test_of_two_who_knew_it_only_the_smaller_counter_rises, 2, 3, 3),
    SparesEquals: (test_of_two_who_knew_it_only_the_smaller_counter_rises, 2, 2, 3),
    IsNeverWeary: (test_the_answer_says_how_weary_one_is,),
    OnlyTells: (test_a_site_tells_another_one_and_asks_it,),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    test, *arguments = KILLED[mutant]
    with pytest.raises(AssertionError):
        test(*arguments)
