"""Version vectors of servers: nothing is lost, and too much is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import version_vector_mutants as mutants
from hypothesis import given
from hypothesis import strategies as st
from killed import Judge, broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing
from version_vector_runs import (
    OUTAGE,
    contexts_become_equal,
    each_value_is_there_once,
    nothing_comes_back,
    nothing_is_lost,
    run,
)

from distlab import faults as faults_of
from distlab.clocks.version_vector import (
    Client,
    Current,
    Get,
    Put,
    Recovered,
    Row,
    Sync,
    Timeout,
    Vector,
    VersionVectors,
)
from distlab.faults import Loss, LostWrites
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
from distlab.sim import Cluster

PROMISES = (contexts_become_equal, nothing_is_lost)
NOTHING = Vector()


def vector(**counts: int) -> Vector:
    """Written as it reads: `vector(a=1, b=2)`."""
    return Vector(tuple(counts.items()))


# ------------------------------------------------------------------ one rule, one test
def test_a_server_that_takes_a_write_counts_it_in_its_own_entry():
    """Update."""
    row = Row().update("a", "milk", NOTHING)
    assert row == Row(("milk",), vector(a=1))
    assert row.update("b", "eggs", row.context) == Row(("eggs",), vector(a=1, b=1))


def test_a_write_whose_client_has_seen_all_replaces_all():
    """Update."""
    row = Row(("milk", "eggs"), vector(a=2))
    assert row.update("a", "both", vector(a=2)) == Row(("both",), vector(a=3))


def test_a_write_whose_client_has_not_is_put_beside_all():
    """update: even beside what its client has seen, for who can tell which that is."""
    row = Row(("milk", "eggs"), vector(a=2))
    assert row.update("a", "flour", vector(a=1)).values == ("milk", "eggs", "flour")


def test_the_copy_whose_vector_dominates_stays():
    """compatible; conflict."""
    old, new = Row(("milk",), vector(a=1)), Row(("eggs",), vector(a=1, b=1))
    assert old.sync(new) == new.sync(old) == new


def test_copies_in_conflict_are_kept_both_with_the_greater_of_each_entry():
    """conflict; merge."""
    one, other = Row(("milk",), vector(a=2)), Row(("eggs",), vector(a=1, b=1))
    assert one.sync(other) == Row(("milk", "eggs"), vector(a=2, b=1))


VECTORS = st.tuples(*[st.integers(0, 3)] * 3).map(
    lambda counts: Vector(
        tuple((s, n) for s, n in zip("abc", counts, strict=True) if n)
    )
)


@given(VECTORS, VECTORS, VECTORS)
def test_what_comes_of_both_is_the_least_that_covers_both(u, v, w):
    """compatible; merge."""
    assert u.join(v).covers(u)
    assert u.join(v).covers(v)
    assert (w.covers(u) and w.covers(v)) == w.covers(u.join(v))
    assert (u.covers(v) and v.covers(u)) == (u == v)


# ----------------------------------------------------------------- servers and clients
def test_a_server_keeps_a_write_tells_the_others_and_answers():
    """Update."""
    a = VersionVectors("a", ("a", "b"))
    rows = (("x", Row(("milk",), vector(a=1))),)
    assert a.step(Deliver("c1", Put(1, "x", "milk", NOTHING))) == [
        Send("b", Sync(rows)),
        Send("c1", Current(1, ("milk",), vector(a=1))),
    ]
    assert a.rows == rows


def test_a_server_that_was_down_tells_what_it_has_and_is_told():
    """Merge."""
    a, b = VersionVectors("a", ("a", "b")), VersionVectors("b", ("a", "b"))
    a.step(Deliver("c1", Put(1, "x", "milk", NOTHING)))
    b.step(Deliver("c1", Put(2, "y", "eggs", NOTHING)))
    assert a.step(Crash()) == []
    (asked,) = a.step(Recover(DiskReport()))
    assert asked == Send("b", Recovered(a.rows))
    (told,) = b.step(Deliver("a", asked.msg))
    a.step(Deliver("b", told.msg))
    assert dict(a.rows) == dict(b.rows)
    assert a.row("y").values == ("eggs",)


def test_a_client_writes_over_what_it_has_seen():
    c1 = Client("c1", servers=("a",))
    read, write = Call("read", ("x",)), Call("write", ("x", "eggs"))
    ask = [Send("a", Get(1, "x")), SetTimer(Timeout(), (100, 100))]
    assert c1.step(read, choices=[("a",)]) == ask
    answer = Current(1, ("milk",), vector(a=1))
    ended = [CancelTimer(Timeout()), End(read, "ok", ("milk",))]
    assert c1.step(Deliver("a", answer)) == ended
    sent, _ = c1.step(write, choices=[("a",)])
    assert sent == Send("a", Put(2, "x", "eggs", vector(a=1)))
    ignored = [Note("answers an earlier request", dropped=True)]
    assert c1.step(Deliver("a", answer)) == ignored
    assert c1.step(Fire(Timeout())) == [End(write, "info", "no answer")]


# ------------------------------------------------------------------------- many seeds
@pytest.mark.parametrize("shape", ["symmetric", "lopsided"])
@pytest.mark.parametrize("seed", range(10))
def test_servers_know_of_the_same_writes_and_have_lost_nothing(seed, shape):
    """update; conflict; merge."""
    drawing = Drawing(seed, ("s1", "s2", "s3"), ("c1", "c2", "c3"))
    faults = drawing.schedule(VersionVectors.assumes)
    cluster = run(VersionVectors, seed, shape=shape, faults=faults)
    assert broken(cluster, *PROMISES, each_value_is_there_once) == {}


def test_but_what_was_overwritten_may_be_there_as_well():
    """update: a client that has seen a value is not believed for this value alone."""
    harmed = first_harm(nothing_comes_back, lambda seed: run(VersionVectors, seed))
    assert harmed == 0


def test_clients_that_take_turns_make_more_and_more_siblings():
    """update: each has seen all but the last write of the other, and nothing goes."""
    row, seen = Row(), {"c1": NOTHING, "c2": NOTHING}
    for i in range(10):
        client = ("c1", "c2")[i % 2]
        row = row.update("a", i, seen[client])
        seen[client] = row.context
    assert row.values == tuple(range(10))


# --------------------------------------------------------- what is taken for granted
def test_servers_whose_messages_are_lost_know_different_things():
    lossy = (Loss(0.5, messages=("Sync",)),)
    assert not VersionVectors.assumes.admits(lossy, 3)
    first_harm(
        contexts_become_equal, lambda seed: run(VersionVectors, seed, faults=lossy)
    )


def with_lost_writes(protocol: type, seed: int) -> Cluster:
    """The only server forgets what it had said was kept."""
    faults = (
        LostWrites("s1", at_ms=300, records=20),
        faults_of.Crash("s1", at_ms=301),
        faults_of.Recover("s1", at_ms=302),
    )
    return run(protocol, seed, faults=faults, servers=1)


def test_who_loses_what_was_on_its_disk_loses_values():
    lost = (LostWrites("s1", at_ms=300),)
    assert not VersionVectors.assumes.admits(lost, 3)
    first_harm(nothing_is_lost, lambda seed: with_lost_writes(VersionVectors, seed))


# ---------------------------------------------------------------------------- mutants
TABLE = [
    (mutants.Replaces, "symmetric", 0, nothing_is_lost),
    (mutants.DoesNotCount, "symmetric", 0, nothing_is_lost),
    (mutants.CountsFromTheContext, "symmetric", 0, nothing_is_lost),
    (mutants.ForgetsTheContext, "alone", 0, nothing_comes_back),
    (mutants.TakesTheirs, "symmetric", 0, nothing_is_lost),
    (mutants.KeepsItsOwn, "symmetric", 0, nothing_is_lost),
    (mutants.KeepsBothVectors, "symmetric", 0, contexts_become_equal),
    (mutants.ComparesOneEntry, "symmetric", 0, nothing_is_lost),
    (mutants.AsksNobodyAfterACrash, "outage", 0, contexts_become_equal),
    (mutants.TellsNobodyAfterACrash, "outage", 0, contexts_become_equal),
    (mutants.TellsTheFirstAlone, "symmetric", 0, contexts_become_equal),
]


def tried(shape: str) -> Callable[[type, int], Cluster]:
    """Runs of a row, or of a server, with what goes wrong in this shape of a run."""

    def made(kind: type, seed: int) -> Cluster:
        server = mutants.with_rows_of(kind) if issubclass(kind, Row) else kind
        if shape == "outage":
            return run(server, seed, faults=OUTAGE)
        return run(server, seed, shape=shape)

    return made


def promised(shape: str) -> tuple[Judge, ...]:
    """Whoever is alone finds nothing that it has overwritten."""
    return (*PROMISES, nothing_comes_back) if shape == "alone" else PROMISES


@pytest.mark.parametrize("seed", range(5))
def test_what_one_client_has_overwritten_does_not_come_back(seed):
    """update; conflict: though it writes here and there, faster than servers tell."""
    assert broken(tried("alone")(VersionVectors, seed), *promised("alone")) == {}


@each_mutant(TABLE)
def test_each_rule_is_needed(mutant, shape, seed, promise):
    """update; compatible; conflict; merge."""
    kill(mutant, seed, promise, promised(shape), tried(shape), VersionVectors)


def test_every_mutant_is_in_the_table():
    kinds = mutants_in(mutants) - {mutants.CoversIfOneEntryDoes}
    assert {row[0] for row in TABLE} == kinds
