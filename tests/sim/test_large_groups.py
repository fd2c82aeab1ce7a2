"""What lets ten thousand nodes run together: no node has a long list of its own."""

import pytest

from distlab.errors import Misuse
from distlab.membership.swim import Swim
from distlab.node import Call, ChoiceNeeded, Node, volatile
from distlab.sim import Cluster
from distlab.sim.streams import Stream


class Chooser(Node):
    """Chooses two of five numbers, listed or not."""

    chosen: tuple[int, ...] = volatile(())

    def of_a_range(self):
        self.chosen = self.choose(2, range(10, 15))

    def of_a_list(self):
        self.chosen = self.choose(2, [10, 11, 12, 13, 14])

    def of_too_few(self):
        self.choose(3, range(2))


def taken_out(stream: Stream, k: int, options: range) -> tuple[int, ...]:
    """One after the other, of a list that becomes shorter."""
    left = list(options)
    return tuple(left.pop(stream.between(0, len(left) - 1)) for _ in range(k))


@pytest.mark.parametrize("k", [0, 1, 4, 10])
def test_of_a_range_the_same_are_drawn_as_of_its_list(k):
    for seed in range(100):
        some = Stream(seed).sample(k, range(3, 13))
        assert some == Stream(seed).sample(k, list(range(3, 13)))
        assert some == taken_out(Stream(seed), k, range(3, 13))


def test_a_node_may_choose_of_a_range():
    cluster = Cluster(Chooser, servers=2, seed=1)
    cluster.at(1).call("s1", "of_a_range")
    listed = Cluster(Chooser, servers=2, seed=1)
    listed.at(1).call("s1", "of_a_list")
    assert cluster.run(2)["s1"].chosen == listed.run(2)["s1"].chosen
    assert len(cluster["s1"].chosen) == 2


def test_who_explores_is_asked_for_each_of_a_range():
    with pytest.raises(ChoiceNeeded) as asked:
        Chooser("s1").step(Call("of_a_range"))
    assert (asked.value.k, asked.value.options) == (2, (10, 11, 12, 13, 14))
    chooser = Chooser("s1")
    chooser.step(Call("of_a_range"), [(14, 11)])
    assert chooser.chosen == (11, 14)


def test_there_must_be_enough_in_a_range():
    with pytest.raises(Misuse, match=r"asks for 3 of range\(0, 2\)"):
        Chooser("s1").step(Call("of_too_few"))


def test_a_recorded_choice_of_a_range_is_made_again():
    cluster = Cluster(Swim, servers=5, seed=3).run(3000)
    assert cluster.again(cluster.recording).run(3000).trace == cluster.trace


def test_nodes_of_a_group_share_its_ids():
    cluster = Cluster(Swim, servers=4)
    assert len({id(node.nodes) for node in cluster.nodes.values()}) == 1


def test_the_others_of_a_group_are_listed_when_they_are_asked_for():
    node = Chooser("b", ("a", "b", "c"))
    assert node.peers == ("a", "c")
    assert node.peers is node.peers
