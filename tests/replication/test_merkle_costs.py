"""The costs that are counted are those of two real replicas, message by message."""

import pytest
from test_anti_entropy import conversation, replica

from distlab.codec import size_bytes
from distlab.node import Deliver
from distlab.replication.anti_entropy import (
    AntiEntropy,
    Compare,
    Exchange,
    WholeBuckets,
)
from distlab.replication.merkle_costs import HASH, Cost, Pair, cost

SHAPES = [(2, 0), (2, 1), (2, 8), (3, 4), (16, 1), (16, 2), (100, 1), (16, 4)]


def replicas_of(pair: Pair, protocol: type) -> list[AntiEntropy]:
    """The two replicas, with all their rows."""
    replicas = []
    for id, newer in (("s1", ()), ("s2", pair.changed())):
        node = replica(
            id, protocol=protocol, branching=pair.branching, depth=pair.depth
        )
        node.step(Deliver("s3", Exchange(pair.rows(range(pair.keys), newer))))
        replicas.append(node)
    return replicas


def told(messages) -> list[tuple[str, int]]:
    return [(type(message).__name__, size_bytes(message)) for message in messages]


@pytest.mark.parametrize("differing", [1, 7, 300])
@pytest.mark.parametrize(("branching", "depth"), SHAPES)
def test_each_message_is_as_long_as_that_of_a_real_replica(branching, depth, differing):
    """§4.7, transfer."""
    pair = Pair(300, differing, branching, depth, value_bytes=10)
    first, second = replicas_of(pair, AntiEntropy)
    assert told(conversation(first, second)) == told(pair.conversation())
    assert first.rows == second.rows


@pytest.mark.parametrize("differing", [1, 7, 300])
@pytest.mark.parametrize(("branching", "depth"), SHAPES)
def test_so_is_each_of_those_that_send_whole_buckets(branching, depth, differing):
    pair = Pair(300, differing, branching, depth, value_bytes=10)
    first, second = replicas_of(pair, WholeBuckets)
    if depth % 2:  # let the one with the newer rows be the one that sends them
        first, second = second, first
    assert told(conversation(first, second)) == told(pair.whole_buckets())
    assert first.rows == second.rows


def test_one_differing_key_among_100_000_is_found_in_four_kilobytes():
    """The bar: against 23 megabytes where everything is sent."""
    everything = cost(Pair(depth=0).whole_buckets())
    assert everything == Cost(2, 23_100_161)
    assert cost(Pair().conversation()) == Cost(6, 4017)


def test_ten_times_the_keys_cost_a_level_more_where_buckets_stay_as_small():
    ten, hundred = (
        cost(Pair(keys, branching=10, depth=depth).conversation())
        for keys, depth in ((10_000, 3), (100_000, 4))
    )
    assert hundred.messages - ten.messages == 2
    assert hundred.size_bytes - ten.size_bytes < 1000


def test_with_as_many_buckets_as_before_they_cost_ten_times_the_bytes():
    """A tree that does not grow with its rows sends more and more of each bucket."""
    few, many = (cost(Pair(k, depth=1).conversation()) for k in (10_000, 100_000))
    assert few.messages == many.messages == 4
    assert 9 < many.size_bytes / few.size_bytes < 10


# ------------------------------------------------------------------------------ mutants
class ForgetsTheOldRows(Pair):
    def conversation(self):
        for message in super().conversation():
            if not (isinstance(message, Exchange) and message.wanted):
                yield message


class CountsEmptyPlaces(Pair):
    def compares(self):
        for compare in super().compares():
            yield Compare(tuple((place, HASH) for place, _ in compare.hashes))


class NamesTheKeysThatDiffer(Pair):
    def inside(self, apart):
        return list(self.changed())


KILLED = {
    ForgetsTheOldRows: test_each_message_is_as_long_as_that_of_a_real_replica,
    CountsEmptyPlaces: test_each_message_is_as_long_as_that_of_a_real_replica,
    NamesTheKeysThatDiffer: test_so_is_each_of_those_that_send_whole_buckets,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_something_counts_wrongly(mutant, monkeypatch):
    KILLED[mutant](16, 2, differing=7)
    monkeypatch.setitem(globals(), "Pair", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant](16, 2, differing=7)
