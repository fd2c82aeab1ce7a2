"""Histories from the literature, with their names, what they rule out, and mutants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from check import test_transactions as beside
from check.transaction_histories import a, r, scan, txn, w

from distlab.check import (
    anomalies,
    dependencies,
    levels,
    observations,
    rings,
    transactions,
)
from distlab.check.dependencies import ALWAYS, PROCESS, REAL_TIME, RW, SCAN, WR, WW
from distlab.check.ladder import Step, classified
from distlab.check.limits import Exceeded, Limits, Meter
from distlab.history import History

# name: transactions; the names of what is found; the weakest levels that are ruled out
KNOWN = {
    # ----------------------------------- Adya, Liskov and O'Neil, ICDE 2000, section 4
    "G0, H-wcycle: two overwrote each other": (
        [
            txn("c1", 0, 9, a("x", 1), a("y", 1)),
            txn("c2", 0, 9, a("x", 2), a("y", 2)),
            txn("c3", 10, 11, r("x", (1, 2)), r("y", (2, 1))),
        ],
        ["G0"],
        ["read uncommitted"],
    ),
    "G1a, H1a': a read of what was taken back": (
        [
            txn("c1", 0, 9, w("x", 1), outcome="fail"),
            txn("c2", 0, 9, r("x", 1)),
        ],
        ["G1a"],
        ["read committed"],
    ),
    "G1b, H1b': a read of what its writer changed again": (
        [txn("c1", 0, 9, w("x", 1), w("x", 2)), txn("c2", 0, 9, r("x", 1))],
        ["G1b"],
        ["read committed"],
    ),
    "G1c, H1c': each saw the other": (
        [
            txn("c1", 0, 9, w("x", 1), r("y", 2)),
            txn("c2", 0, 9, w("y", 2), r("x", 1)),
        ],
        ["G1c"],
        ["read committed"],
    ),
    "H2: an inconsistent analysis, one sum before and one after": (
        [
            txn("c0", 0, 1, w("x", 5), w("y", 5)),
            txn("c1", 2, 9, r("x", 5), r("y", 9)),
            txn("c2", 3, 5, r("x", 5), w("x", 1), r("y", 5), w("y", 9)),
        ],
        ["fractured read"],
        ["repeatable read", "consistent view", "read atomic"],
    ),
    "G2, H-phantom: a sum that lacks a new employee": (
        [
            txn("c0", 0, 1, w("emp/1", 10), w("sum", 10)),
            txn("c1", 2, 9, scan("emp/", ("emp/1", 10)), r("sum", 30)),
            txn("c2", 3, 5, w("emp/2", 20), r("sum", 10), w("sum", 30)),
        ],
        ["G-single-predicate"],
        ["consistent view"],
    ),
    "G2: two scan for what the other then inserts": (
        [
            txn("c1", 0, 9, scan("on call/"), w("on call/1", 1)),
            txn("c2", 0, 9, scan("on call/"), w("on call/2", 2)),
        ],
        ["G2"],
        ["serializable"],
    ),
    # ------------------------------------------------- Berenson and others, SIGMOD 1995
    "P4, lost update": (
        [
            txn("c1", 0, 9, r("x"), a("x", 1)),
            txn("c2", 0, 9, r("x"), a("x", 2)),
            txn("c3", 10, 11, r("x", (1, 2))),
        ],
        ["lost update"],
        ["cursor stability"],
    ),
    "P4, of a register": (
        [txn("c1", 0, 9, r("x"), w("x", 1)), txn("c2", 0, 9, r("x"), w("x", 2))],
        ["lost update"],
        ["cursor stability"],
    ),
    "A5A, read skew": (
        [
            txn("c1", 0, 9, r("x"), r("y", (2,))),
            txn("c2", 2, 5, a("x", 1), a("y", 2)),
        ],
        ["fractured read"],
        ["repeatable read", "consistent view", "read atomic"],
    ),
    "A5B, write skew": (
        [
            txn("c1", 0, 9, r("x"), r("y"), a("x", 1)),
            txn("c2", 0, 9, r("x"), r("y"), a("y", 2)),
        ],
        ["write skew"],
        ["repeatable read"],
    ),
    # ------------------------------------- Bailis and others, VLDB 2013 (and Hermitage)
    "OTV: an observed transaction vanishes": (
        [
            txn("c1", 0, 9, a("x", 1), a("y", 1)),
            txn("c2", 0, 9, r("x", (1,)), r("y")),
        ],
        ["observed transaction vanishes"],
        ["consistent view", "monotonic atomic view"],
    ),
    "a read that cannot be repeated": (
        [
            txn("c1", 0, 9, r("x"), r("x", (1,))),
            txn("c2", 2, 5, a("x", 1)),
        ],
        ["internal", "G-single"],
        ["repeatable read", "consistent view", "read atomic"],
    ),
    # -------------------------------------- Cerone, Bernardi and Gotsman, CONCUR 2015
    "long fork: two see two writes in different orders": (
        [
            txn("c1", 0, 1, a("x", 1)),
            txn("c2", 0, 1, a("y", 2)),
            txn("c3", 2, 3, r("x", (1,)), r("y")),
            txn("c4", 2, 3, r("x"), r("y", (2,))),
        ],
        ["G-nonadjacent"],
        ["repeatable read", "snapshot isolation"],
    ),
    "causality violation: an answer without its question": (
        [
            txn("c1", 0, 1, a("x", 1)),
            txn("c2", 2, 3, r("x", (1,)), a("y", 2)),
            txn("c3", 4, 5, r("x"), r("y", (2,))),
        ],
        ["causality violation"],
        ["repeatable read", "transactional causal consistency", "consistent view"],
    ),
    # ------------------------------------ Fekete, O'Neil and O'Neil, SIGMOD Record 2004
    "the read-only anomaly of snapshots": (
        [
            txn("c1", 0, 3, r("y"), a("y", 20)),
            txn("c2", 0, 9, r("x"), r("y"), a("x", -11)),
            txn("c3", 4, 5, r("x"), r("y", (20,))),
        ],
        ["G2-item"],
        ["repeatable read"],
    ),
    # ------------------------------------------------ Kingsbury and Alvaro, VLDB 2020
    "Elle, TiDB: an append behind what had not been read": (
        [
            txn("c0", 0, 1, a("34", 2)),
            txn("c0", 1, 2, a("34", 1)),
            txn("c1", 3, 9, r("34", (2, 1)), a("36", 5), a("34", 4)),
            txn("c2", 3, 9, a("34", 5)),
            txn("c3", 10, 11, r("34", (2, 1, 5, 4))),
        ],
        ["lost update"],
        ["cursor stability"],
    ),
    "Elle, FaunaDB: a transaction that does not see its own append": (
        [txn("c1", 0, 9, a("0", 6), r("0"))],
        ["internal"],
        ["repeatable read", "read atomic"],
    ),
    "Elle, Dgraph: a transaction that does not see its own write": (
        [txn("c1", 0, 9, w("x", 1), r("x", 2)), txn("c2", 0, 9, w("x", 2))],
        ["internal"],
        ["repeatable read", "read atomic"],
    ),
    "Elle, an append that nobody saw comes last": (
        [
            txn("c1", 0, 9, a("x", 8)),
            txn("c2", 0, 9, a("y", 4), r("x", (8,)), r("y", (4,))),
            txn("c3", 0, 9, r("x"), a("y", 3)),
        ],
        ["G-single"],
        ["repeatable read", "consistent view"],
    ),
    "Elle: a dirty update": (
        [
            txn("c1", 0, 9, a("x", 1), outcome="fail"),
            txn("c2", 0, 9, a("x", 2)),
            txn("c3", 10, 11, r("x", (1, 2))),
        ],
        ["G1a", "dirty update"],
        ["read committed"],
    ),
    "Elle: two reads of one list that disagree": (
        [
            txn("c1", 0, 9, a("x", 1)),
            txn("c2", 0, 9, a("x", 2)),
            txn("c3", 10, 11, r("x", (1, 2))),
            txn("c4", 10, 11, r("x", (2,))),
        ],
        ["incompatible order"],
        ["read committed"],
    ),
    "Elle: an append that was done twice": (
        [txn("c1", 0, 9, a("x", 1)), txn("c2", 10, 11, r("x", (1, 1)))],
        ["duplicate elements"],
        ["read uncommitted"],
    ),
    "Elle: a value from nowhere": (
        [txn("c1", 0, 9, a("x", 1)), txn("c2", 10, 11, r("x", (1, 7)))],
        ["garbage read"],
        ["read committed"],
    ),
    "a read of what one writes only later": (
        [txn("c1", 0, 9, r("x", (1,)), a("x", 1))],
        ["G1c"],
        ["read committed"],
    ),
    # --------------------------------------------------------- sessions, and real time
    "a session that does not see what it wrote": (
        [txn("c1", 0, 1, a("x", 1)), txn("c1", 2, 3, r("x"))],
        ["G-single-process"],
        ["strong session snapshot isolation"],
    ),
    "a stale read: serializable, and not strictly": (
        [txn("c1", 0, 1, a("x", 1)), txn("c2", 2, 3, r("x"))],
        ["G-single-realtime"],
        ["strong snapshot isolation"],
    ),
    "a stale read of a register that was written twice": (
        [
            txn("c1", 0, 1, w("x", 1)),
            txn("c3", 2, 3, w("x", 2)),
            txn("c2", 4, 5, r("x", 1)),
        ],
        ["G-single-realtime"],
        ["strong snapshot isolation"],
    ),
    "a read from the future": (
        [txn("c1", 0, 1, r("x", (1,))), txn("c2", 2, 3, a("x", 1))],
        ["G1c-realtime"],
        ["strong snapshot isolation"],
    ),
    "appends in the wrong order": (
        [
            txn("c1", 0, 1, a("x", 1)),
            txn("c2", 2, 3, a("x", 2)),
            txn("c3", 4, 5, r("x", (2, 1))),
        ],
        ["G0-realtime"],
        ["strong snapshot isolation"],
    ),
    "two sessions, each blind for the other": (
        [
            txn("c1", 0, 4, a("x", 1)),
            txn("c1", 5, 9, r("y")),
            txn("c2", 0, 6, a("y", 1)),
            txn("c2", 6, 9, r("x")),
        ],
        ["G-nonadjacent-process"],
        ["strong session snapshot isolation"],
    ),
    "a session's order, and a write skew of snapshots": (
        [
            txn("c1", 0, 1, a("y", 1)),
            txn("c1", 2, 3, r("x")),
            txn("c2", 0, 9, r("y"), a("x", 1)),
        ],
        ["G2-item-process"],
        ["strong session serializable"],
    ),
    # -------------------------------------------------------------------- nothing wrong
    "an open transaction that somebody saw": (
        [txn("c1", 0, None, a("x", 1)), txn("c2", 5, 6, r("x", (1,)))],
        [],
        [],
    ),
    "an open transaction that nobody saw": (
        [txn("c1", 0, None, a("x", 1)), txn("c2", 5, 6, r("x"))],
        [],
        [],
    ),
    "an open transaction that happened much later": (
        [
            txn("c1", 0, 2, a("x", 1), outcome="info"),
            txn("c2", 5, 6, r("x")),
            txn("c2", 7, 8, r("x", (1,))),
        ],
        [],
        [],
    ),
    "a read that overlaps a write": (
        [txn("c1", 0, 9, a("x", 1)), txn("c2", 2, 3, r("x"))],
        [],
        [],
    ),
    "reads of own appends": (
        [
            txn("c1", 0, 1, a("x", 1)),
            txn("c2", 2, 3, r("x", (1,)), a("x", 2), r("x", (1, 2)), a("x", 3)),
            txn("c3", 4, 5, a("x", 4), r("x", (1, 2, 3, 4))),
        ],
        [],
        [],
    ),
}


@pytest.mark.parametrize("what", KNOWN)
def test_a_known_history_is_called_by_its_name(what):
    history, names, weakest = KNOWN[what]
    found = [one.name for one in transactions.anomalies(History(history))]
    assert found == names
    assert list(levels.weakest_ruled_out(found)) == weakest


@pytest.mark.parametrize("what", KNOWN)
def test_a_known_history_is_placed_by_what_it_rules_out(what):
    history, names, _ = KNOWN[what]
    verdicts = transactions.placed(History(history))
    broken = [level for level, verdict in verdicts.items() if verdict.invalid]
    out = levels.ruled_out(names)
    assert broken == [level for level in transactions.LEVELS if level in out]


def told(what: str) -> str:
    return transactions.anomalies(History(KNOWN[what][0]))[0].reason


def test_anomalies_are_told_so_that_one_can_check_them():
    assert told("A5B, write skew") == (
        "T1 is c2's (0 to 9 ms), T2 is c1's (0 to 9 ms). T1 comes before T2: T1 found "
        "no x, and T2 appended 1. T2 comes before T1: T2 found no y, and T1 appended "
        "2. No order has both."
    )
    assert told("G0, H-wcycle: two overwrote each other") == (
        "T1 is c2's (0 to 9 ms), T2 is c1's (0 to 9 ms), T3 is c3's (10 to 11 ms). T1 "
        "comes before T2: T1 appended 2 to y before T2 1, as T3 read (2, 1). T2 comes "
        "before T1: T2 appended 1 to x before T1 2, as T3 read (1, 2). No order has "
        "both."
    )
    assert told("a stale read of a register that was written twice") == (
        "T1 is c3's (2 to 3 ms), T2 is c2's (4 to 5 ms), T3 is c1's (0 to 1 ms). T1 "
        "comes before T2: T1 had ended at 3 ms, T2 began at 4 ms. T2 comes before T1: "
        "T2 read x = 1 of T3, and T1 wrote 2 later in real time. No order has both."
    )
    assert told("G1b, H1b': a read of what its writer changed again") == (
        "T1 is c2's (0 to 9 ms), T2 is c1's (0 to 9 ms). T1 read x = 1, and T2, which "
        "wrote it, then wrote again."
    )


def test_a_verdict_names_the_worst_first_and_the_others_too():
    history = History(KNOWN["Elle: a dirty update"][0])
    verdict = transactions.judge(history, "read committed")
    assert verdict.reason == (
        "G1a: Aborted read: a read saw a write that was taken back. T1 is c3's (10 to "
        "11 ms), T2 is c1's (0 to 9 ms). T1 read 1 in x, and T2, which wrote it, "
        "failed. There is dirty update too."
    )
    assert verdict.strength.startswith("2 transactions on 1 key; rings of dependencies")


def test_what_valid_means_is_said():
    """Kingsbury and Alvaro, section 5: of registers much cannot be inferred."""
    blind = [txn(f"c{i}", 0, 9, w("x", i), w("y", i)) for i in range(1, 4)]
    seen = txn("c4", 10, 11, r("x", 1), r("y", 1))
    verdict = transactions.judge(History([*blind, seen]), "snapshot isolation")
    assert verdict.valid
    assert verdict.strength.endswith(
        "of registers only what is certain: valid is not proven"
    )
    unread = [txn(f"c{i}", 0, 9, a("x", i)) for i in (1, 3)]
    unread += [txn("c2", 0, 9, r("x"))]
    verdict = transactions.judge(History(unread), "snapshot isolation")
    assert verdict.strength.endswith(
        "nobody saw the places of 2 appends: valid is not proven"
    )
    verdict = transactions.judge(History(unread), "read atomic")
    assert "only of forms that have a name: valid is not proven" in verdict.strength
    verdict = transactions.judge(History(unread), "serializable")
    assert verdict.reason == "One order of the transactions explains every read."
    assert [op.process for op in verdict.order] == ["c2", "c1", "c3"]


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        ((WW, WW), "G0"),
        ((WW, WR), "G1c"),
        ((WR, RW), "G-single"),
        ((WR, RW, WR), "causality violation"),
        ((WR, RW, WW), "G-single"),
        ((WW, SCAN), "G-single-predicate"),
        ((RW, WR, RW, WW), "G-nonadjacent"),
        ((RW, WR, RW), "G2-item"),  # the last and the first follow each other
        ((RW, RW), "G2-item"),
        ((RW, SCAN), "G2"),
        ((WW, PROCESS), "G0-process"),
        ((RW, REAL_TIME), "G-single-realtime"),
        ((SCAN, PROCESS), "G-single-process"),
        ((RW, RW, PROCESS, REAL_TIME), "G2-item-realtime"),
    ],
)
def test_a_ring_is_named_by_what_it_is_made_of(kinds, name):
    """Adya, definitions of G0 to G2; Cerone and Gotsman, 2016, of what is adjacent."""
    assert classified(tuple(Step(0, 1, kind) for kind in kinds)) == name


# ---------------------------------------------------------------------------- mutants
def without(*kinds: int) -> Callable:
    """A mutant that forgets these kinds of edges."""

    def forget(patch):
        original = dependencies.Dependencies._put_together

        def put_together(self):
            edges = original(self)
            keep = ~sum((edges.kind == kind for kind in kinds), start=False)
            return edges.only(keep.nonzero()[0])

        patch.setattr(dependencies.Dependencies, "_put_together", put_together)

    return forget


def forgets_ww(patch):
    without(WW)(patch)


def forgets_wr(patch):
    without(WR)(patch)


def forgets_rw(patch):
    without(RW)(patch)


def forgets_scans(patch):
    without(SCAN)(patch)


def forgets_sessions(patch):
    original = rings.with_order

    def with_order(graph, basis):
        return original(graph, ALWAYS if basis == dependencies.IN_SESSIONS else basis)

    patch.setattr(rings, "with_order", with_order)


def forgets_real_time(patch):
    original = rings.with_order

    def with_order(graph, basis):
        return original(graph, min(basis, dependencies.IN_SESSIONS))

    patch.setattr(rings, "with_order", with_order)


def takes_open_ones_for_done(patch):
    """What a client was told nothing of may still happen after the call has ended."""
    original = observations.Observed._in_time

    def in_time(self):
        original(self)
        ends = (
            observations.FOREVER if op.ended_us is None else op.ended_us
            for op in self.ops
        )
        self.ends = list(ends)

    patch.setattr(observations.Observed, "_in_time", in_time)


def takes_open_ones_for_failed(patch):
    original = observations.Observed.__init__

    def init(self, history, meter):
        original(
            self,
            [
                op._replace(outcome="fail") if op.outcome == "info" else op
                for op in history
            ],
            meter,
        )

    patch.setattr(observations.Observed, "__init__", init)


def forgets_what_nobody_saw(patch):
    patch.setattr(dependencies.Dependencies, "_beyond", lambda *given: None)


def counts_on_the_session_of_an_open_one(patch):
    original = observations.Observed._in_time

    def in_time(self):
        original(self)
        last: dict = {}
        for t, op in enumerate(self.ops):
            self.previous[t] = last.get(op.process, -1)
            last[op.process] = t

    patch.setattr(observations.Observed, "_in_time", in_time)


def ignores(name: str) -> Callable:
    """A mutant that does not see faults of a name."""

    def ignore(patch):
        original = anomalies.Found.__init__

        def init(self, graph, basis, meter):
            graph.faults = [fault for fault in graph.faults if fault.name != name]
            original(self, graph, basis, meter)

        patch.setattr(anomalies.Found, "__init__", init)

    ignore.__name__ = f"ignores_{name.replace(' ', '_')}"
    return ignore


def believes_that_rw_are_never_adjacent(patch):
    patch.setattr(rings, "classified", lambda steps: "G-nonadjacent")


def takes_every_register_for_new(patch):
    """Forgets that a transaction replaces what it has read."""
    patch.setattr(
        observations,
        "_write_again",
        lambda t, key, value, known: known.__setitem__(1, (*known[1], value)),
    )


def forgets_forms(patch):
    patch.setattr(anomalies.Forms, "found", lambda self: [])


def looks_at_one_microsecond_as_at_two(patch):
    """In real time, who begins when another ends comes after it."""
    original = observations.Observed._in_time

    def in_time(self):
        original(self)
        self.calls = [call + 1 for call in self.calls]

    patch.setattr(observations.Observed, "_in_time", in_time)


def loses_hubs(patch):
    without(dependencies.ON)(patch)


def lets_a_hub_lead_back(patch):
    """Who has read what it then replaced would come before itself."""

    def overtake(self, readers, targets, k, kind, basis=ALWAYS):
        hub, self.nodes = self.nodes, self.nodes + 1
        for t in readers:
            self._edge(t, hub, kind, k, basis)
        for target in targets:
            self._edge(hub, target, dependencies.ON, k, basis)

    patch.setattr(dependencies.Dependencies, "_overtake", overtake)


def lets_missed_writes_follow_each_other(patch):
    """Takes any ring with several rw for one that snapshots forbid."""
    ladder = [kind._replace(apart=False) for kind in rings.LADDER]
    patch.setattr(rings, "LADDER", tuple(ladder))


def takes_the_shortest_read_for_the_order(patch):
    patch.setattr(dependencies, "_length", lambda read: -len(read[1]))


def lets_a_reader_overtake_itself(patch):
    """Leads all who read to all who wrote through one hub, those who did both too."""

    def overtake(self, readers, targets, k, kind, basis=dependencies.ALWAYS):
        self._lead(list(readers), list(targets), k, kind, basis)

    patch.setattr(dependencies.Dependencies, "_overtake", overtake)


def forgets_to_count_pairs(patch):
    """Looks for forms without asking whether it may."""
    original = anomalies.Forms.__init__

    def init(self, rings, meter):
        original(self, rings, Limits().meter())

    patch.setattr(anomalies.Forms, "__init__", init)


def climbs_on_past_its_time(patch):
    """Asks for steps alone, as long as it does not search."""
    patch.setattr(Meter, "look", lambda self: True)


def takes_for_good_what_it_has_no_time_for(patch):
    original = anomalies.Found._look

    def look(self, basis, meter):
        with suppress(Exceeded):
            original(self, basis, meter)

    patch.setattr(anomalies.Found, "_look", look)


MUTANTS = [
    lets_a_reader_overtake_itself,
    forgets_to_count_pairs,
    climbs_on_past_its_time,
    takes_for_good_what_it_has_no_time_for,
    loses_hubs,
    lets_a_hub_lead_back,
    lets_missed_writes_follow_each_other,
    takes_the_shortest_read_for_the_order,
    forgets_ww,
    forgets_wr,
    forgets_rw,
    forgets_scans,
    forgets_sessions,
    forgets_real_time,
    takes_open_ones_for_done,
    takes_open_ones_for_failed,
    forgets_what_nobody_saw,
    counts_on_the_session_of_an_open_one,
    believes_that_rw_are_never_adjacent,
    takes_every_register_for_new,
    forgets_forms,
    looks_at_one_microsecond_as_at_two,
    *map(ignores, "G1a G1b G1c internal".split()),
    *map(ignores, ("garbage read", "dirty update", "duplicate elements")),
    ignores("incompatible order"),
]


def differs_from_what_is_known() -> bool:
    for history, names, _ in KNOWN.values():
        if [one.name for one in transactions.anomalies(History(history))] != names:
            return True
    if beside.overlooks_a_limit():
        return True
    return beside.first_difference(range(500)) is not None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_is_found(mutant, monkeypatch):
    mutant(monkeypatch)
    assert differs_from_what_is_known()
