"""Version numbers on one replica: the book's shopping cart, its steps, its limits."""

import random
from contextlib import suppress

import pytest

from distlab import faults
from distlab.faults import Duplication, Loss
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    DiskReport,
    End,
    Fire,
    Note,
    Recover,
    Send,
    SetTimer,
)
from distlab.replication.siblings import Vector, Version, context, merge
from distlab.replication.version_numbers import (
    Current,
    Read,
    Timeout,
    VersionedClient,
    VersionNumbers,
    Write,
)
from distlab.sim import ClosedLoop, Cluster, Network, NotOk, Uniform

READ, WRITE = Call("read", ("cart",)), Call("write", ("cart", "milk"))


def client() -> VersionedClient:
    return VersionedClient("c1", servers=("s1",))


def server() -> VersionNumbers:
    return VersionNumbers("s1")


def ask(s1: VersionNumbers, value: object, seen: int) -> tuple[int, tuple]:
    """Write, and what the answer tells: the version and all values."""
    (answer,) = s1.step(Deliver("c1", Write(1, "cart", value, seen)))
    return answer.msg.version, answer.msg.values


# ------------------------------------------------------------------- the book's example
def test_two_clients_fill_one_shopping_cart():
    """Algorithm 1 to 4: Figure 5-13 of the book, step by step."""
    s1 = server()
    assert ask(s1, ("milk",), seen=0) == (1, (("milk",),))
    assert ask(s1, ("eggs",), seen=0) == (2, (("milk",), ("eggs",)))
    assert ask(s1, ("milk", "flour"), seen=1) == (3, (("eggs",), ("milk", "flour")))
    assert ask(s1, ("eggs", "milk", "ham"), seen=2) == (
        4,
        (("milk", "flour"), ("eggs", "milk", "ham")),
    )
    assert ask(s1, ("milk", "flour", "eggs", "bacon"), seen=3) == (
        5,
        (("eggs", "milk", "ham"), ("milk", "flour", "eggs", "bacon")),
    )


# ----------------------------------------------------------------------------- by steps
def test_each_write_of_a_key_raises_its_version_by_one():
    """Algorithm 1: other keys count for themselves."""
    s1 = server()
    assert [ask(s1, value, seen=0)[0] for value in "abc"] == [1, 2, 3]
    (answer,) = s1.step(Deliver("c1", Write(4, "other", "d", 0)))
    assert answer.msg.version == 1


def test_a_reader_is_told_all_values_that_were_not_overwritten_and_the_version():
    """Algorithm 2."""
    s1 = server()
    assert s1.step(Deliver("c2", Read(7, "cart"))) == [Send("c2", Current(7, 0, ()))]
    ask(s1, "milk", seen=0)
    ask(s1, "eggs", seen=0)
    told = [Send("c2", Current(8, 2, ("milk", "eggs")))]
    assert s1.step(Deliver("c2", Read(8, "cart"))) == told


def test_a_write_names_the_version_that_was_read():
    """Algorithm 3: or that the answer to a write has told."""
    c1 = client()
    assert c1.step(WRITE)[0] == Send("s1", Write(1, "cart", "milk", 0))
    c1.step(Deliver("s1", Current(1, 4, ("milk",))))
    assert c1.step(WRITE)[0] == Send("s1", Write(2, "cart", "milk", 4))
    c1.step(Deliver("s1", Current(2, 9, ("milk",))))
    c1.step(Call("read", ("other",)))
    c1.step(Deliver("s1", Current(3, 1, ())))
    assert c1.step(WRITE)[0] == Send("s1", Write(4, "cart", "milk", 9))


def test_a_write_takes_the_place_of_what_its_client_had_seen_and_of_nothing_else():
    """Algorithm 4."""
    s1 = server()
    for value in "abc":
        ask(s1, value, seen=0)
    assert ask(s1, "d", seen=2) == (4, ("c", "d"))
    assert ask(s1, "e", seen=4) == (5, ("e",))


def test_the_answer_ends_the_operation_with_all_values():
    c1 = client()
    effects = c1.step(WRITE)
    assert effects[1] == SetTimer(Timeout(), (100, 100))
    assert c1.step(Deliver("s1", Current(1, 1, ("milk",)))) == [
        CancelTimer(Timeout()),
        End(WRITE, "ok", ("milk",)),
    ]
    late = c1.step(Deliver("s1", Current(1, 1, ("milk",))))
    assert late == [Note("answers an earlier request", dropped=True)]


def test_without_an_answer_a_write_is_unknown_and_a_read_has_failed():
    c1 = client()
    c1.step(WRITE)
    assert c1.step(Fire(Timeout())) == [End(WRITE, "info", "no answer")]
    c1.step(READ)
    assert c1.step(Fire(Timeout())) == [End(READ, "fail", "no answer")]


def test_a_server_that_comes_back_has_its_versions_still():
    s1 = server()
    ask(s1, "milk", seen=0)
    s1.step(Crash(s1.saved()))
    s1.step(Recover(DiskReport()))
    assert ask(s1, "eggs", seen=0) == (2, ("milk", "eggs"))


# ----------------------------------------- what version vectors are a generalisation of
@pytest.mark.parametrize("seed", range(200))
def test_on_one_replica_version_vectors_keep_the_same_values(seed):
    """Each client reads when it likes, and writes on top of what it has read last."""
    rng = random.Random(seed)
    s1, siblings, counts = server(), (), dict.fromkeys("abc", 0)
    seen = {writer: (0, Vector()) for writer in "abc"}
    for value in range(30):
        writer = rng.choice("abc")
        if rng.random() < 0.5:
            (answer,) = s1.step(Deliver(writer, Read(1, "cart")))
            seen[writer] = answer.msg.version, context(siblings)
            continue
        if counts[writer] and seen[writer][1][writer] < counts[writer]:
            continue  # it has not read since it wrote: a vector would cover its write
        version, vector = seen[writer]
        counts[writer] += 1
        _, values = ask(s1, value, version)
        mine = Version(value, vector.then(writer, counts[writer]))
        siblings = merge(siblings, (mine,))
        assert sorted(values) == sorted(v.value for v in siblings)


# ----------------------------------------------------------------------------- in a run
def carts(seed: int, server: type, *schedule) -> Cluster:
    """Three clients add to one cart what they find there and one thing more."""

    def shops(client):
        def calls(db):
            for i in range(8):
                with suppress(NotOk):
                    found = yield db.read("cart")
                    basket = sorted({item for one in found for item in one})
                    yield db.write("cart", (*basket, f"{client}.{i}"))

        return calls

    cluster = Cluster(
        server,
        servers=1,
        clients=3,
        seed=seed,
        network=Network(Uniform(1, 20)),
        faults=schedule,
        workload={c: ClosedLoop(shops(c), think_ms=5) for c in ("c1", "c2", "c3")},
    )
    return cluster.run(until_ms=4000)


def bought(cluster: Cluster) -> list[str]:
    """What was put into the cart and answered."""
    writes = cluster.history.where("write", outcome="ok")
    return sorted(op.args[1][-1] for op in writes)


def in_cart(cluster: Cluster) -> set[str]:
    return {item for _, value in cluster["s1"].row("cart").values for item in value}


@pytest.mark.parametrize("seed", range(20))
def test_nothing_that_was_put_into_the_cart_is_lost(seed):
    at_ms = 40 + 7 * seed
    down = faults.Crash("s1", at_ms), faults.Recover("s1", at_ms + 50)
    cluster = carts(seed, VersionNumbers, *down)
    assert len(bought(cluster)) >= 12
    assert set(bought(cluster)) <= in_cart(cluster)


def test_a_write_that_arrives_twice_brings_back_what_was_overwritten():
    """Excluded: the copy is written as if its client had seen nothing since."""
    assert Duplication not in VersionNumbers.assumes.kinds()
    s1 = server()
    ask(s1, "milk", seen=0)
    assert ask(s1, "nothing", seen=1) == (2, ("nothing",))
    assert ask(s1, "milk", seen=0) == (3, ("nothing", "milk"))


def test_a_message_that_is_lost_is_not_sent_again():
    """Excluded: nobody is told a lie, but a write may stay unknown."""
    assert Loss not in VersionNumbers.assumes.kinds()
    cluster = carts(0, VersionNumbers, Loss(0.2))
    assert {op.outcome for op in cluster.history.where("write")} == {"ok", "info"}


# ------------------------------------------------------------------------------ mutants
class DropsAll(VersionNumbers):
    def on_write(self, src, msg):
        latest = self.row(msg.key).version
        super().on_write(src, Write(msg.number, msg.key, msg.value, latest))


class DropsNothing(VersionNumbers):
    def on_write(self, src, msg):
        super().on_write(src, Write(msg.number, msg.key, msg.value, 0))


class CountsNothing(VersionNumbers):
    def row(self, key):
        row = super().row(key)
        return type(row)(0, row.values)


class TellsTheLastValueAlone(VersionNumbers):
    def answer(self, client, msg):
        row = self.row(msg.key)
        values = tuple(value for _, value in row.values[-1:])
        self.send(client, Current(msg.number, row.version, values))


class ForgetsWhatItHasRead(VersionedClient):
    def on_current(self, src, msg):
        seen = dict(self.seen)
        super().on_current(src, msg)
        self.seen = seen


class WritesBlindly(VersionedClient):
    def write(self, key, value):
        self.ask(Write(self.number + 1, key, value, 0))


class CallsUnknownFailed(VersionedClient):
    def on_timeout(self, timer):
        self.request = None
        self.fail("no answer")


KILLED = {
    DropsAll: test_two_clients_fill_one_shopping_cart,
    DropsNothing: (
        test_a_write_takes_the_place_of_what_its_client_had_seen_and_of_nothing_else
    ),
    CountsNothing: test_each_write_of_a_key_raises_its_version_by_one,
    TellsTheLastValueAlone: (
        test_a_reader_is_told_all_values_that_were_not_overwritten_and_the_version
    ),
    WritesBlindly: test_a_write_names_the_version_that_was_read,
    ForgetsWhatItHasRead: test_a_write_names_the_version_that_was_read,
    CallsUnknownFailed: (
        test_without_an_answer_a_write_is_unknown_and_a_read_has_failed
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    of = mutant.__bases__[0].__name__
    monkeypatch.setitem(globals(), of, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()


def test_a_server_that_drops_all_loses_what_was_bought():
    assert not set(bought(carts(0, DropsAll))) <= in_cart(carts(0, DropsAll))
