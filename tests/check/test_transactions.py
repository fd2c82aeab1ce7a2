"""Levels of isolation, against twins that try every order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

import pytest
from check import twins_transactions as twins
from check.transaction_histories import a, drawn, r, run, txn

from distlab.check import Limits, transactions
from distlab.check.anomalies import Forms
from distlab.check.dependencies import ALWAYS, Dependencies
from distlab.check.levels import forbidden
from distlab.check.limits import Meter
from distlab.check.observations import Observed
from distlab.check.rings import Rings
from distlab.errors import Misuse
from distlab.history import History, Operation

EXACT = {
    "serializable": twins.serializable,
    "strong session serializable": twins.session_serializable,
    "strict serializable": twins.strict_serializable,
}
SNAPSHOTS = {"snapshot isolation": twins.snapshot_isolated}


# ------------------------------------------------------------------- beside the twins
def differs(history: History, exact: bool = True) -> str | None:
    """The level that a verdict and its twin see differently.

    What is not exact may let something pass, unless it shows an order; but it never
    accuses wrongly.
    """
    verdicts = transactions.placed(history)
    for level, twin in (EXACT | SNAPSHOTS).items():
        verdict = verdicts[level]
        if not verdict.unknown:
            kept = twin(history)
            proven = exact and "not proven" not in verdict.strength
            if verdict.invalid and kept:
                return level
            if verdict.valid and not kept and (proven or verdict.order):
                return level
    return None


def first_difference(seeds=range(500), exact: bool = True, **kind) -> int | None:
    """The seed of the first history that is judged differently."""
    return next((s for s in seeds if differs(drawn(s, **kind), exact)), None)


def test_lists_are_judged_as_if_every_order_had_been_tried():
    seed = first_difference()
    assert seed is None, f"seed {seed}\n{drawn(seed).text()}"


@pytest.mark.parametrize("scans", [False, True])
def test_registers_are_never_accused_wrongly_and_an_order_is_a_proof(scans):
    seed = first_difference(range(200), exact=False, lists=False, scans=scans)
    assert seed is None, f"seed {seed}\n{drawn(seed, lists=False).text()}"


def test_scans_are_judged_as_if_every_order_had_been_tried():
    seed = first_difference(range(200), scans=True)
    assert seed is None, f"seed {seed}\n{drawn(seed, scans=True).text()}"


@pytest.mark.soak
@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("scans", [False, True])
def test_ten_thousand_more_are_judged_as_if_every_order_had_been_tried(lists, scans):
    kind = {"lists": lists, "scans": scans, "most": 5}
    seed = first_difference(range(10_000, 20_000), exact=lists, **kind)
    assert seed is None, f"seed {seed}\n{drawn(seed, **kind).text()}"


def test_the_random_histories_are_of_every_outcome_and_most_registers_are_proven():
    found = Counter()
    for seed in range(300):
        for lists in (True, False):
            verdict = transactions.judge(drawn(seed, lists=lists))
            found[lists, verdict.outcome, bool(verdict.order)] += 1
    for lists in (True, False):
        assert found[lists, "valid", True] > 100
        assert found[lists, "invalid", False] > 30
    assert found[True, "valid", False] == 0  # lists: always an order
    assert found[False, "valid", False] < 5


# ---------------------------------------------------------------- all that are small
PATTERNS = (  # from when to when each of three transactions takes
    ((0, 9), (0, 9), (0, 9)),
    ((0, 1), (2, 3), (4, 5)),
    ((0, 1), (2, 9), (2, 9)),
    ((0, 5), (0, 5), (6, 7)),
    ((0, 1), (2, 3), (0, 9)),
)
SHAPES = ("rx", "ax", "rx ax", "rx ay", "ry ax", "rx ry", "ax ay")


def every(count: int, patterns=PATTERNS) -> Iterator[History]:
    """All histories of lists x and y of so many transactions, up to renaming.

    Each is of one of some shapes, reads any order of what somebody appends, and may be
    one of which nobody knows.
    """
    for shapes in product(SHAPES, repeat=count):
        bodies = [
            [(op[0], op[1], 10 * n + i) for i, op in enumerate(shape.split())]
            for n, shape in enumerate(shapes)
        ]
        appended = {
            key: [v for body in bodies for f, k, v in body if (f, k) == ("a", key)]
            for key in "xy"
        }
        options = [list(filled(body, appended)) for body in bodies]
        for done in product(*options):
            if list(shapes) != sorted(shapes):
                break  # the patterns are tried in all their orders
            for times in patterns:
                for order in sorted(set(permutations(times[:count]))):
                    yield History(
                        txn(f"c{n}", *order[n], *one, outcome=outcome)
                        for n, (one, outcome) in enumerate(done)
                    )


def filled(body: list, appended: dict) -> Iterator[tuple[tuple, str]]:
    """A transaction with all that it may have read; or of which nobody knows."""
    options = []
    for f, key, value in body:
        if f == "a":
            options.append([a(key, value)])
        else:
            some = appended[key]
            rows = [p for k in range(len(some) + 1) for p in permutations(some, k)]
            options.append([r(key, row) for row in rows])
    for done in product(*options):
        yield done, "ok"
    if any(f == "a" for f, _, _ in body):
        yield tuple(a(k, v) if f == "a" else r(k) for f, k, v in body), "info"


def first_small_difference(count: int, part: slice) -> History | None:
    for at, history in enumerate(every(count)):
        if at % part.step == part.start and differs(history):
            return history
    return None


def test_all_histories_of_two_transactions_are_judged_right():
    history = first_small_difference(2, slice(0, None, 2))
    assert history is None, f"\n{history.text()}"


@pytest.mark.soak
@pytest.mark.parametrize("part", range(2))
def test_one_in_four_of_all_histories_of_three_transactions_is_judged_right(part):
    """All of them, `slice(part, None, 4)` for four parts, take half an hour."""
    history = first_small_difference(3, slice(part, None, 8))
    assert history is None, f"\n{history.text()}"


# --------------------------------------------------------------------- evidence, order
def found_in(seeds=range(400)) -> Iterator[tuple[History, transactions.Anomaly]]:
    for seed in seeds:
        for kind in ({}, {"lists": False}, {"scans": True}):
            history = drawn(seed, most=5, **kind)
            yield from ((history, one) for one in transactions.anomalies(history))


def test_a_cycle_leads_back_to_its_beginning_and_says_why():
    names = Counter()
    for _, anomaly in found_in(range(150)):
        names[anomaly.name] += 1
        cycle = anomaly.cycle
        for edge, following in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True):
            assert edge.target == following.source
            assert edge.why in anomaly.reason
            if edge.kind == "real time":
                assert edge.source.before(edge.target)
        sources = [id(edge.source) for edge in cycle]
        assert len(set(sources)) == len(sources), "it meets somebody twice"
    assert len(names) > 12


def test_what_an_anomaly_shows_is_wrong_by_itself():
    """Its transactions alone, in the order of the history, have the same anomaly."""
    for history, anomaly in found_in(range(100)):
        shown = {id(op) for op in anomaly.transactions}
        alone = History(op for op in history if id(op) in shown)
        again = [one.name for one in transactions.anomalies(alone)]
        assert anomaly.name in again, f"{anomaly!r}\n{history.text()}"


def test_an_order_that_is_shown_explains_every_read_in_real_time():
    for seed in range(200):
        history = drawn(seed)
        verdict = transactions.judge(history)
        if verdict.valid:
            assert twins.one_after_another(verdict.order)
            next(twins.chosen(history))
            assert twins.in_real_time(verdict.order)


def test_a_verdict_on_one_level_is_the_same_as_among_all():
    for seed in range(40):
        for level, verdict in transactions.placed(drawn(seed)).items():
            assert transactions.judge(drawn(seed), level) == verdict


def test_what_a_level_forbids_makes_it_invalid_and_nothing_else_does():
    for seed in range(200):
        history = drawn(seed)
        names = {anomaly.name for anomaly in transactions.anomalies(history)}
        for level, verdict in transactions.placed(history).items():
            assert verdict.invalid == bool(names & set(forbidden(level)))


# ------------------------------------------------------------- stores of several levels
@pytest.mark.parametrize(
    ("store", "level", "stronger"),
    [
        ("one at a time", "strict serializable", None),
        ("snapshots", "strong snapshot isolation", "serializable"),
        ("old snapshots", "snapshot isolation", "strong session snapshot isolation"),
        ("committed", "read committed", "cursor stability"),
        ("dirty", "read uncommitted", "read committed"),
    ],
)
def test_a_store_keeps_its_level_and_breaks_the_next(store, level, stronger):
    broken = 0
    for seed in range(60):
        history = run(store, seed)
        verdict = transactions.judge(history, level)
        assert verdict.valid, f"seed {seed}: {verdict}"
        if stronger:
            broken += transactions.judge(history, stronger).invalid
    assert broken > 20 or stronger is None


# ------------------------------------------------------------------------------ limits
def ring(size: int) -> History:
    """Each reads what the next one appends to: one ring, of rw alone."""
    return History(
        txn(f"c{i}", 0, 9, r(f"k{i}"), a(f"k{(i + 1) % size}", 1)) for i in range(size)
    )


def knot(size: int, seed: int = 1) -> History:
    """Transactions that read and append in any order: one giant component."""
    rng = random.Random(seed)
    lists: dict[str, tuple] = {}
    ops = []
    for i in range(size):
        one, other = rng.sample([f"k{n}" for n in range(9)], 2)
        lists[one] = (*lists.get(one, ()), i)
        shown = lists.get(other, ())
        old = shown[: rng.randint(0, len(shown))]
        ops.append(txn(f"c{i}", 0, 9, a(one, i), r(other, old)))
    ops += [txn(f"d{k}", 0, 9, r(k, v)) for k, v in lists.items()]
    return History(ops)


def test_a_long_ring_is_found_whole():
    (anomaly,) = transactions.anomalies(ring(500))
    assert (anomaly.name, len(anomaly.cycle)) == ("G2-item", 500)
    assert anomaly.shortest


def test_past_its_limits_a_ring_is_shown_that_may_not_be_the_shortest():
    exact = transactions.judge(knot(300), "snapshot isolation", Limits(steps=10**6))
    verdict = transactions.judge(knot(300), "snapshot isolation", Limits(steps=1))
    assert exact.invalid
    assert "a shorter ring may be there" not in exact.strength
    assert verdict.invalid
    assert len(verdict.cycle) >= len(exact.cycle)


def test_past_its_limits_a_level_is_unknown_and_never_valid():
    """Of rings with one rw only a search can tell whether there is any."""
    history = ring(50)
    assert transactions.judge(history, "consistent view").valid
    verdict = transactions.judge(history, "consistent view", Limits(steps=3))
    assert verdict.unknown
    assert verdict.reason == "The search for lost update ended after 3 steps."
    verdict = transactions.judge(history, "serializable", Limits(steps=3))
    assert verdict.invalid


def blind(size: int, keys: int = 10) -> History:
    """Reads and appends, and all that is ever read is empty: all miss all others."""
    rng = random.Random(1)
    ops = []
    for i in range(size):
        names = rng.sample([f"k{n}" for n in range(keys)], 4)
        done = [a(k, i) if rng.random() < 0.5 else r(k, ()) for k in names]
        ops.append(txn(f"c{i % 20}", 2 * (i // 20), 2 * (i // 20) + 1, *done))
    return History(ops)


def mesh(size: int) -> History:
    """Three crowds, each of which misses all of the next: many pairs, and no skew."""
    return History(
        txn(f"c{i}", 0, 9, r(f"k{i % 3}", ()), a(f"k{(i + 1) % 3}", i))
        for i in range(size)
    )


def replaced(size: int) -> History:
    """All read one empty list, and append to it."""
    return History(txn(f"c{i}", 0, 9, r("x", ()), a("x", i)) for i in range(size))


def phantoms() -> History:
    """Two that scan before the other appends: only scans show what is wrong."""
    return History(
        txn(f"c{i}", 0, 9, ("scan", one, ()), r("z", ()), a(f"{other}1", i))
        for i, (one, other) in enumerate(("xy", "yx"))
    )


def overlooks_a_limit() -> str | None:
    """Which limit a judge does not keep to."""
    verdict = transactions.judge(mesh(60), "snapshot isolation", Limits(400))
    if verdict.reason != "The search for lost update ended after 400 steps.":
        return "it looked at 1,200 pairs in 400 steps"
    if not transactions.judge(ring(50), "serializable", Limits(time_s=1e-9)).unknown:
        return "it climbed the whole ladder in no time"
    if not transactions.judge(phantoms(), "serializable", Limits(time_s=1e-9)).unknown:
        return "it went through scans in no time"
    for history in (ring(50), phantoms(), History(skipped())):
        said = (ended_at(history, looks) for looks in range(99))
        if next(outcome for outcome in said if outcome != "unknown") == "valid":
            return "it took for good what it had no time for"
    return None


@dataclass(frozen=True)
class Looks(Limits):
    """Time is over when a judge has asked for it so many times."""

    most: int = 0

    def meter(self) -> Meter:
        return Patience(self)


class Patience(Meter):
    def look(self) -> bool:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked > self.limits.most:
            self.late, self.exceeded = True, "10 s"
        return not self.late


def ended_at(history: History, most: int) -> str:
    """The outcome for whoever has time for so many looks."""
    return transactions.judge(history, "serializable", Looks(most=most)).outcome


def skipped() -> Iterator[Operation]:
    """Two who each replaced a register that the other had read, among many keys."""
    yield txn("c1", 0, 9, ("r", "x", None), ("w", "y", 1))
    yield txn("c2", 0, 9, ("r", "y", None), ("w", "x", 1))
    yield from (txn("c3", 10 * i, 10 * i + 1, ("w", "z", i)) for i in range(1, 600))


def test_a_judge_that_has_no_time_to_read_a_history_says_so():
    """More than the one look per 256 transactions that it takes to read them."""
    for most in (0, 1, 2):
        verdict = transactions.judge(History(skipped()), limits=Looks(most=most))
        assert verdict.reason == "The check gave up after 10 s: raise `limits`."
        assert verdict.strength.endswith("gave up after 10 s")
    with pytest.raises(Misuse, match="gave up after 10 s"):
        transactions.anomalies(History(skipped()), Looks(most=2))


def test_what_a_fault_shows_by_itself_stays_invalid_past_the_limits():
    history = [*skipped(), txn("c4", 0, 9, ("r", "x", 7))]
    said = [ended_at(History(history), most) for most in range(20)]
    first = said.index("invalid")
    assert said == ["unknown"] * first + ["invalid"] * (20 - first)


def test_no_limit_is_overlooked():
    assert overlooks_a_limit() is None
    assert transactions.judge(mesh(60), "snapshot isolation").valid
    assert transactions.judge(ring(50), "serializable").invalid
    assert transactions.judge(phantoms(), "serializable").invalid


def steps_of_forms(history: History) -> int:
    """What it takes to find lost updates, skews and what is fractured."""
    meter = Limits(steps=10**9, time_s=1000).meter()
    rings = Rings(Dependencies(Observed(history, meter)), meter)
    rings.prepare(ALWAYS)
    assert {ring.name for ring in Forms(rings, meter).found()} >= {"write skew"}
    return meter.steps


def test_where_all_miss_all_others_twice_as_many_take_twice_the_steps():
    few, many = (steps_of_forms(blind(size)) for size in (500, 1000))
    assert 1000 < many < 2.1 * few


def test_where_all_miss_all_others_what_is_proven_stays_invalid_past_the_limits():
    for level in ("serializable", "strict serializable"):
        assert transactions.judge(blind(500), level).invalid
        verdict = transactions.judge(blind(500), level, Limits(steps=10))
        assert verdict.invalid
        assert verdict.strength.endswith("; 10 steps: others may be there")


@pytest.mark.parametrize("size", [2, 3, 16, 17, 18, 40, 100])
def test_who_reads_and_appends_comes_before_all_others_and_not_before_itself(size):
    edges = Dependencies(Observed(replaced(size))).edges
    rows = list(zip(edges.src.tolist(), edges.dst.tolist(), strict=True))
    onward = {src: [other for one, other in rows if one == src] for src, _ in rows}
    for t in range(size):
        missed = {
            x for dst in onward[t] for x in (onward[dst] if dst >= size else [dst])
        }
        assert missed == {*range(size)} - {t}
    assert len(rows) <= size * max(16, 2 * (size - 1).bit_length())


def test_nothing_that_was_read_is_no_proof():
    verdict = transactions.judge(History([txn("c1", 0, 1, a("x", 1))]))
    assert verdict.unknown
    assert verdict.reason == (
        "No transaction that is known to have happened has read anything."
    )
    assert transactions.judge(History()).unknown


# -------------------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("history", "sentence"),
    [
        (
            [Operation("c1", "read", ("x",), 0, "ok", 1, 5)],
            "needs transactions, `txn` with",
        ),
        ([txn("c1", 0, 1, ("put", "x", 1))], "'x' has 'put'"),
        (
            [txn("c1", 0, 1, r("x"))._replace(result=(("r", "x"),))],
            "needs transactions",
        ),
        ([txn("c1", 0, 1, a("x", 1), ("w", "x", 2))], "mixes 'append' and 'w'"),
        ([txn("c1", 0, 1, a("x", 1)), txn("c2", 0, 1, a("x", 1))], "x = 1 again"),
        ([txn("c1", 0, 1, a("x", 1), a("x", 1))], "x = 1 again"),
        ([txn("c1", 0, 1, a("x", None))], "x = None again"),
        ([txn("c1", 0, 9, a("x", 1)), txn("c1", 5, 9, r("x"))], "c1 calls `txn` at 5"),
        ([txn("c1", 0, None, a("x", 1)), txn("c1", 5, 9, r("x"))], "before its last"),
        ([txn("c1", 0, 1, a("x", 1)), txn("c2", 0, 1, r("x", 7))], "7 was read where"),
        ([txn("c1", 0, 1, r("x"))._replace(result=None)], "needs transactions"),
        ([txn("c1", 0, 1, a("x", 1))._replace(result=7)], "needs transactions"),
    ],
)
def test_what_is_no_history_of_transactions_gets_a_sentence(history, sentence):
    with pytest.raises(Misuse, match=sentence):
        transactions.judge(History(history))


def test_a_level_that_is_none_gets_a_sentence():
    with pytest.raises(Misuse, match="Did you mean `serializable`"):
        transactions.judge(History(), "serialisable")
    with pytest.raises(Misuse, match="linearizable is a model of single objects: the"):
        transactions.judge(History(), "linearizable")
    assert transactions.judge(ring(2), "PL-3").property == "serializable"
