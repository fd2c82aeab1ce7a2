"""Everything that can happen is looked at once; what is said of it is sure."""

from distlab.check.search import search
from distlab.model import Model


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


def test_all_states_are_reached_and_counted_once():
    verdict = search(Jugs())
    assert verdict.valid
    assert (verdict.states, verdict.transitions, verdict.depth) == (16, 96, 7)


def test_the_shortest_counterexample_is_found_breadth_first():
    verdict = search(Jugs(), [always_not_four_gallons])
    assert verdict.invalid
    assert len(verdict.path) == 7
