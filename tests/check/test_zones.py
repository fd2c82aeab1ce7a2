"""Registers where each value is written once, against a twin that tries all orders."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from check.brute_force import Operations, drawn, explained, is_explained_by, spans
from check.histories import read, write

from distlab.check import moments as moments_
from distlab.check import zones, zones_in_arrays
from distlab.check.zones import Zones, registers
from distlab.check.zones_in_arrays import NEVER, contradiction
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.machine import Register


def something(rng, i):
    return ("write", (i + 1,)) if rng.random() < 0.5 else ("read", ())


def small(seed: int) -> Operations:
    """Up to seven operations; the i-th writes i, if anything."""
    return drawn(seed, Register(), something)


def all_of(n: int):
    """Every history of n operations, up to the names of processes and values.

    Each operation writes its own number or reads that of any, or nothing.
    """
    for laid in spans(n):
        for what in product(range(-1, n + 1), repeat=n):  # -1: it writes, 0: nothing
            writes = [i for i, saw in enumerate(what) if saw < 0]
            if all(saw <= 0 or saw - 1 in writes for saw in what):
                for unknown in product((False, True), repeat=len(writes)):
                    never = {i for i, u in zip(writes, unknown, strict=True) if u}
                    yield tuple(
                        one_of(i, saw, span, i in never)
                        for i, (saw, span) in enumerate(zip(what, laid, strict=True))
                    )


def one_of(i: int, saw: int, span: tuple[int, int], unknown: bool) -> Operation:
    f, args = ("write", (i + 1,)) if saw < 0 else ("read", ())
    outcome = "info" if unknown else "ok"
    return Operation(f"c{i}", f, args, span[0], outcome, max(saw, 0) or None, span[1])


def arrays(ops: Operations, processes: bool = True):
    """The same as columns."""
    values: dict = {None: -1}
    for op in ops:
        values.setdefault(zones.value_of(op), len(values) - 1)
    columns = [
        [op.invoked_us for op in ops],
        [NEVER if op.outcome == "info" else op.ended_us for op in ops],
        [op.f == "write" for op in ops],
        [values[zones.value_of(op)] for op in ops],
        [int(op.process[1:]) for op in ops],
    ]
    kinds = (int, int, bool, int, int)[: 4 + processes]
    return [
        np.array(column, kind) for column, kind in zip(columns, kinds, strict=False)
    ]


def in_arrays(ops: Operations) -> bool:
    return not contradiction(*arrays(ops))


def differs(ops: Operations) -> bool:
    """Whether zones, as objects or in arrays, say another thing than the twin."""
    truth = explained(ops, Register())
    finding = registers(ops)
    if (finding.outcome == "valid") != truth or in_arrays(ops) != truth:
        return True
    return truth and not is_explained_by(finding.order, happened(ops), Register())


def happened(ops: Operations) -> Operations:
    return zones.those_that_happened(ops)


def first_difference(histories) -> Operations | None:
    return next((ops for ops in histories if differs(ops)), None)


# --------------------------------------------------------------------- against the twin
def test_zones_say_what_their_twin_says_of_all_histories_of_three_operations():
    assert first_difference(all_of(3)) is None


@pytest.mark.soak
def test_zones_say_what_their_twin_says_of_all_histories_of_four_operations():
    assert first_difference(all_of(4)) is None


def test_zones_say_what_their_twin_says_of_larger_ones():
    assert first_difference(map(small, range(2000))) is None


@pytest.mark.soak
def test_zones_say_what_their_twin_says_of_many_larger_ones():
    assert first_difference(map(small, range(2000, 12_000))) is None


def test_the_random_histories_are_of_every_outcome():
    outcomes = Counter(registers(small(seed)).outcome for seed in range(500))
    assert min(outcomes["valid"], outcomes["invalid"]) > 50


def test_the_evidence_alone_is_wrong_and_without_any_read_of_it_nothing_is():
    for seed in range(2000):
        finding = registers(small(seed))
        if finding.outcome == "invalid":
            least = finding.evidence
            assert not explained(least, Register()), seed
            for gone in (op for op in least if op.f == "read"):
                rest = tuple(op for op in least if op is not gone)
                saw = {op.result for op in rest}
                rest = tuple(op for op in rest if op.f == "read" or op.args[-1] in saw)
                assert explained(rest, Register()), seed


# ------------------------------------------------------------------------ what is told
# Three who at one moment have each written a value and read that of the next.
RING = (
    *(Operation(f"c{i}", "write", (i,), 0, "ok", None, 4) for i in (1, 2, 3)),
    *(Operation(f"c{i}", "read", (), 4, "ok", i % 3 + 1, 8) for i in (1, 2, 3)),
)
# A write of which nobody knows, and which happens after all.
LATE = (
    Operation("c1", "write", (1,), 0, "info", None, 5),
    Operation("c2", "read", (), 10, "ok", None, 12),
    Operation("c2", "read", (), 20, "ok", 1, 22),
)
STALE = (
    write("c1", "x", 1, 0, 2),
    write("c2", "x", 2, 3, 5),
    read("c3", "x", 1, 6, 8),
)


def test_a_stale_read_is_told():
    finding = registers(STALE)
    assert finding.evidence == STALE
    assert finding.reason == (
        "c3 read x = 1 (6 to 8 ms), but c2 wrote x = 2 (3 to 5 ms) before that. And x "
        "= 2 is newer: c1 wrote x = 1 (0 to 2 ms) before c2 wrote x = 2 (3 to 5 ms)."
    )


def test_an_order_that_explains_is_shown():
    first = write("c1", "x", 1, 0, 30)
    early, late = read("c2", "x", None, 2, 4), read("c2", "x", 1, 6, 8)
    assert registers((first, early, late)).order == (early, first, late)


def test_a_value_that_is_written_again_is_for_the_search():
    assert registers((*STALE, write("c1", "x", 1, 9, 10))) is None
    assert registers((write("c1", "x", None, 0, 2),)) is None


def test_other_commands_are_for_the_search():
    assert registers((Operation("c1", "cas", ("x", 1, 2), 0, "ok", True, 9),)) is None


# ----------------------------------------------------------------------- from arrays
def test_arrays_tell_which_operations_contradict():
    assert contradiction(*arrays(STALE)) == ((0, 1), (1, 2))
    assert contradiction(*arrays(STALE[:2])) == ()
    assert contradiction(*arrays(())) == ()


def test_arrays_tell_a_read_that_no_write_explains():
    early = read("c1", "x", 1, 0, 1)
    later = write("c2", "x", 1, 2, 3)
    assert contradiction(*arrays((early, later))) == ((-1, 0),)
    nobody = read("c1", "x", 7, 0, 1)
    assert contradiction(*arrays((nobody,))) == ((-1, 0),)


def test_arrays_take_no_value_that_is_written_twice():
    with pytest.raises(Misuse, match="A value is written twice"):
        contradiction(*arrays((STALE[0], write("c2", "x", 1, 3, 5))))


def test_without_processes_operations_that_touch_are_at_the_same_time():
    own = (
        write("c1", "x", 1, 0, 2),
        write("c1", "x", 2, 2, 4),
        read("c1", "x", 1, 4, 6),
    )
    assert contradiction(*arrays(own)) == ((0, 1), (1, 2))
    assert contradiction(*arrays(own, processes=False)) == ()


def test_crowds_are_found_out_one_by_one():
    assert len(contradiction(*arrays(RING))) == 3
    assert not explained(RING, Register())


# ----------------------------------------------------------------- mutants of the zones
def forgets_real_time(patch):
    patch.setattr(Zones, "contradiction", lambda self: [])


def forgets_the_order_of_a_process(patch):
    patch.setattr(moments_, "chains_at_once", lambda ops: {})


def forgets_crowds(patch):
    patch.setattr(Zones, "contradiction_at_once", lambda self: [])


def sees_no_rings(patch):
    class Blind(zones.TopologicalSorter):
        def prepare(self): ...

    patch.setattr(zones, "TopologicalSorter", Blind)


def ends_what_nobody_knows(patch):
    patch.setattr(moments_, "ended_us", lambda op: op.ended_us)


def never_did_what_nobody_knows(patch):
    patch.setattr(
        zones,
        "those_that_happened",
        lambda ops: tuple(op for op in ops if op.outcome == "ok"),
    )


def compares_forward_zones_alone(patch):
    patch.setattr(zones, "bisect_left", lambda ends, call: 0)


def lets_forward_zones_overlap(patch):
    original = zones.pairwise

    def of_no_clusters(several):
        several = list(several)
        cluster = several and isinstance(several[0], zones.Cluster)
        return original([] if cluster else several)

    patch.setattr(zones, "pairwise", of_no_clusters)


def lets_nothing_be_there_at_any_time(patch):
    original = zones.Cluster.__init__

    def init(self, name):
        original(self, name)
        self.end = float("inf")

    patch.setattr(zones.Cluster, "__init__", init)


def asks_no_writer(patch):
    patch.setattr(zones, "seen_from_nowhere", lambda ops: None)


def puts_zones_in_any_order(patch):
    patch.setattr(Zones, "order", lambda self: sorted(self.clusters, key=str))


def arrays_of_another_time(patch):
    original = zones_in_arrays._in_zones
    patch.setattr(
        zones_in_arrays,
        "_in_zones",
        lambda call, end, *more: original(0 * call, 0 * end + NEVER, *more),
    )


def arrays_that_guess_in_crowds(patch):
    patch.setattr(zones_in_arrays, "_one_by_one", lambda *columns: ())


MUTANTS = [
    forgets_real_time,
    forgets_the_order_of_a_process,
    forgets_crowds,
    sees_no_rings,
    ends_what_nobody_knows,
    never_did_what_nobody_knows,
    compares_forward_zones_alone,
    lets_forward_zones_overlap,
    lets_nothing_be_there_at_any_time,
    asks_no_writer,
    puts_zones_in_any_order,
    arrays_of_another_time,
    arrays_that_guess_in_crowds,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_zones_that_forget_something_are_told_from_their_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert first_difference((RING, LATE, *map(small, range(1500)))) is not None
