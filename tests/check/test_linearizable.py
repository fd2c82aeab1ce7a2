"""Linearizability of registers, against a slow twin that tries every order."""

from __future__ import annotations

import random
from itertools import combinations, permutations

import pytest
from check.histories import drawn, read, write
from hypothesis import given
from hypothesis import strategies as st

from distlab.check import linearizable
from distlab.check.linearizable import Register, Search, Zones, registers
from distlab.errors import Misuse
from distlab.history import History, Operation


# ----------------------------------------------------------------------- the slow twin
def explained(history: History) -> bool:
    """Whether some order, with some of the open writes, explains every read."""
    definite = [op for op in history if op.outcome == "ok"]
    unsure = [op for op in history if op.f == "write" and op.outcome == "info"]
    return any(
        reads_fit(order) and in_real_time(order, history)
        for k in range(len(unsure) + 1)
        for some in combinations(unsure, k)
        for order in permutations((*definite, *some))
    )


def reads_fit(order: tuple[Operation, ...]) -> bool:
    held: dict = {}
    for op in order:
        if op.f == "write":
            held[op.args[0]] = op.args[1]
        elif held.get(op.args[0]) != op.result:
            return False
    return True


def in_real_time(order: tuple[Operation, ...], history: History) -> bool:
    """What has ended stays before what is called later, also at once by one process."""
    place = {id(op): i for i, op in enumerate(history)}
    return not any(
        later.before(op)
        or (later.process == op.process and place[id(later)] < place[id(op)])
        for i, op in enumerate(order)
        for later in order[i + 1 :]
        if later.outcome == "ok"
    )


def of_key(history: History, key: str) -> History:
    return history.where(test=lambda op: op.args[0] == key)


def twin(history: History) -> str:
    if not all(explained(of_key(history, key)) for key in "xy"):
        return "invalid"
    return "valid" if history.where("read", outcome="ok") else "unknown"


def small(seed: int) -> History:
    """A random history of up to six operations, at moments of which many are equal.

    Every other one writes some values again. Some operations take no time at all.
    """
    rng = random.Random(seed)
    values: list = [1, 2, None] if seed % 2 else [1, 2, 3, 4, 5, 6]
    free = {f"c{n}": rng.randint(0, 2) for n in range(1, rng.randint(2, 4) + 1)}
    written: list = []
    operations = []
    for _ in range(rng.randint(2, 6)):
        process = rng.choice(sorted(free))
        begin = free[process] + rng.choice((0, 0, 1, 3))
        end = begin + rng.choice((0, 1, 2, 4, 7))
        free[process] = end
        key = "x" if rng.random() < 0.9 else "y"
        if rng.random() < 0.5:
            outcome = rng.choices(["ok", "info", "fail"], [6, 2, 1])[0]
            value = rng.choice(values) if seed % 2 else values[len(written)]
            written.append((key, value))
            operations.append(write(process, key, value, begin, end, outcome=outcome))
        else:
            operations.append((process, key, begin, end))
    return History(
        op if isinstance(op, Operation) else saw(rng, op, written) for op in operations
    )


def saw(rng: random.Random, wish: tuple, written: list) -> Operation:
    process, key, begin, end = wish
    there = [value for of, value in written if of == key] or [None]
    result = rng.choices([None, rng.choice(there), 9], [4, 15, 1])[0]
    outcome = rng.choices(["ok", "fail", "info"], [9, 1, 1])[0]
    one = read(process, key, result, begin, end)
    return one if outcome == "ok" else one._replace(outcome=outcome, result=None)


def first_difference(seeds=range(4000)) -> int | None:
    """The seed of the first history that the check and its twin judge differently."""
    for seed in seeds:
        if registers(small(seed)).outcome != twin(small(seed)):
            return seed
    return None


def test_the_check_says_what_its_slow_twin_says():
    seed = first_difference()
    assert seed is None, f"seed {seed}: {registers(small(seed))}\n{small(seed).text()}"


@pytest.mark.soak
def test_the_check_says_what_its_slow_twin_says_of_many_more():
    seed = first_difference(range(4000, 200_000))
    assert seed is None, f"seed {seed}: {registers(small(seed))}\n{small(seed).text()}"


def test_the_random_histories_are_of_every_outcome_and_judged_in_both_ways():
    verdicts = [registers(small(seed)) for seed in range(2000)]
    for how in ("zones", "search"):
        outcomes = [v.outcome for v in verdicts if how in v.strength]
        assert all(outcomes.count(o) > 20 for o in ("valid", "invalid"))
    assert sum(verdict.unknown for verdict in verdicts) > 100


def test_the_search_says_what_the_zones_say():
    """Lowe's algorithm on histories where both are at home."""
    for seed in range(0, 4000, 2):
        ops = linearizable.by_key(small(seed)).get("x", ())
        happened = tuple(op for op in ops if op.outcome != "fail")
        if linearizable.seen_from_nowhere(ops):
            continue
        broken = bool(Zones(happened).contradiction())
        assert Search(happened, Register(), 1000).explained is not broken, seed


def test_each_key_may_be_judged_by_itself():
    """Herlihy and Wing, Theorem 1: locality; no two moments are the same here."""
    differ = 0
    for seed in range(300):
        history = drawn(seed, most=2)[:6]
        alone = all(explained(of_key(history, key)) for key in "xy")
        assert explained(history) == alone, seed
        differ += len({op.args[0] for op in history}) > 1
    assert differ > 100


def test_the_evidence_alone_is_wrong_and_without_any_of_it_nothing_is():
    for seed in range(2000):
        verdict = registers(small(seed))
        if verdict.invalid:
            least = verdict.evidence
            assert not explained(History(least)), seed
            assert all(op in small(seed) for op in least)
            for read_ in (op for op in least if op.f == "read"):
                rest = [op for op in least if op != read_]
                seen = [op.result for op in rest if op.f == "read"]
                rest = [op for op in rest if op.f == "read" or op.args[1] in seen]
                assert explained(History(rest)), seed


# ------------------------------------------------------------------ known histories
STALE = (
    write("c1", "x", 1, 0, 2),
    write("c2", "x", 2, 3, 5),
    read("c3", "x", 1, 6, 8),
)
NEW_THEN_OLD = (
    write("c1", "x", 1, 0, 2),
    write("c1", "x", 2, 3, 30),
    read("c2", "x", 2, 10, 12),
    read("c3", "x", 1, 20, 24),
)
BAD = {
    "a stale read": (
        STALE,
        (
            "c3 read x = 1 (6 to 8 ms), but c2 wrote x = 2 (3 to 5 ms) before that. "
            "And x = 2 is newer: c1 wrote x = 1 (0 to 2 ms) before c2 wrote x = 2 (3 "
            "to 5 ms)."
        ),
        3,
    ),
    "new, then old, during one write": (
        NEW_THEN_OLD,
        (
            "c3 read x = 1 (20 to 24 ms), but c2 read x = 2 (10 to 12 ms) before "
            "that. And x = 2 is newer: c1 wrote x = 1 (0 to 2 ms) before c1 wrote x = "
            "2 (3 to 30 ms)."
        ),
        4,
    ),
    "found, then lost, of a client that crashed": (
        (
            write("c1", "x", 1, 0, None),
            read("c2", "x", 1, 10, 12),
            read("c3", "x", None, 20, 24),
        ),
        (
            "c3 read x and found nothing (20 to 24 ms), but c2 read x = 1 (10 to 12 "
            "ms) before that. Nothing is there only before the first write."
        ),
        3,
    ),
    "found, then lost, of a client that was told nothing": (
        (
            write("c1", "x", 1, 0, 5, outcome="info"),
            read("c2", "x", 1, 10, 12),
            read("c3", "x", None, 20, 24),
        ),
        (
            "c3 read x and found nothing (20 to 24 ms), but c2 read x = 1 (10 to 12 "
            "ms) before that. Nothing is there only before the first write."
        ),
        3,
    ),
    "two readers who disagree on the order of two writes": (
        (
            write("c1", "x", 1, 0, 10),
            write("c2", "x", 2, 0, 10),
            read("c3", "x", 1, 11, 12),
            read("c3", "x", 2, 13, 14),
            read("c4", "x", 2, 11, 12),
            read("c4", "x", 1, 13, 14),
        ),
        (
            "c4 read x = 2 (11 to 12 ms), but c1 wrote x = 1 (0 to 10 ms) before "
            "that. And x = 1 is newer: c2 wrote x = 2 (0 to 10 ms) before c3 read x = "
            "1 (11 to 12 ms)."
        ),
        4,
    ),
    "what nobody wrote": (
        (write("c1", "x", 1, 0, 2), read("c2", "x", 7, 3, 5)),
        "c2 read x = 7 (3 to 5 ms), which nobody wrote.",
        1,
    ),
    "what had failed": (
        (write("c1", "x", 1, 0, 2, outcome="fail"), read("c2", "x", 1, 3, 5)),
        (
            "c2 read x = 1 (3 to 5 ms), but c1 wrote x = 1 (0 to 2 ms) and was told "
            "that it had failed."
        ),
        2,
    ),
    "from the future": (
        (read("c2", "x", 1, 0, 2), write("c1", "x", 1, 3, 5)),
        "c2 read x = 1 (0 to 2 ms), but c1 wrote x = 1 (3 to 5 ms), later.",
        2,
    ),
    "its own write, called at once": (
        (
            write("c1", "x", 1, 0, 2),
            write("c1", "x", 2, 2, 4),
            read("c1", "x", 1, 4, 6),
        ),
        (
            "c1 read x = 1 (4 to 6 ms), but c1 wrote x = 2 (2 to 4 ms) before that. "
            "And x = 2 is newer: c1 wrote x = 1 (0 to 2 ms) before c1 wrote x = 2 (2 "
            "to 4 ms)."
        ),
        3,
    ),
    "its own write, past one that nobody knows": (
        (
            write("c2", "x", 1, 0, 1),
            write("c2", "x", 2, 1, 1, outcome="info"),
            read("c2", "x", None, 1, 3),
            read("c1", "x", 2, 1, 8),
        ),
        (
            "c2 read x and found nothing (1 to 3 ms), but c2 wrote x = 1 (0 to 1 ms) "
            "before that. Nothing is there only before the first write."
        ),
        2,
    ),
    "three in a ring, at one moment": (
        (
            *(write(f"c{i}", "x", i, 0, 4) for i in (1, 2, 3)),
            *(read(f"c{i}", "x", i % 3 + 1, 4, 8) for i in (1, 2, 3)),
        ),
        (
            "No order of these 6 operations that real time allows explains that c1 "
            "read x = 2 (4 to 8 ms)."
        ),
        6,
    ),
    "a value that was written twice, before another": (
        (
            write("c1", "x", 1, 0, 2),
            write("c2", "x", 1, 0, 2),
            write("c1", "x", 2, 3, 5),
            read("c3", "x", 1, 6, 8),
        ),
        (
            "No order of these 4 operations that real time allows explains that c3 "
            "read x = 1 (6 to 8 ms)."
        ),
        4,
    ),
    "an open write that happens twice": (
        (
            write("c1", "x", 1, 0, None),
            read("c3", "x", 1, 2, 4),
            write("c2", "x", 2, 5, 7),
            read("c3", "x", 1, 8, 10),
            write("c2", "x", 2, 11, 13),
        ),
        (
            "c3 read x = 1 (8 to 10 ms), but c2 wrote x = 2 (5 to 7 ms) before that. "
            "And x = 2 is newer: c3 read x = 1 (2 to 4 ms) before c2 wrote x = 2 (5 "
            "to 7 ms)."
        ),
        4,
    ),
}
GOOD = {
    "a read during a write may be early or late": (
        write("c1", "x", 1, 0, 30),
        read("c2", "x", None, 2, 4),
        read("c3", "x", 1, 6, 8),
    ),
    "an open write may happen much later": (
        write("c1", "x", 1, 0, None),
        read("c2", "x", None, 10, 12),
        read("c2", "x", 1, 20, 22),
    ),
    "what a client was not told may happen after its next call": (
        write("c1", "x", 1, 0, 5, outcome="info"),
        write("c1", "x", 2, 6, 8),
        read("c2", "x", 2, 10, 12),
        read("c2", "x", 1, 20, 22),
    ),
    "an open write of a value that was there before": (
        write("c1", "x", 1, 0, 2),
        write("c2", "x", 1, 0, None),
        write("c1", "x", 2, 3, 5),
        read("c3", "x", 2, 6, 8),
        read("c3", "x", 1, 9, 11),
    ),
    "what failed did not happen": (
        write("c1", "x", 1, 0, 2),
        write("c2", "x", 2, 3, 5, outcome="fail"),
        read("c3", "x", 1, 6, 8),
    ),
    "nothing, written": (
        write("c1", "x", 1, 0, 2),
        write("c1", "x", None, 3, 5),
        read("c2", "x", None, 6, 8),
    ),
    "two that only touch are at the same time": (
        write("c1", "x", 1, 0, 4),
        read("c2", "x", None, 4, 8),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_history_that_is_wrong_is_found_and_told(what):
    history, reason, size = BAD[what]
    verdict = registers(History(history))
    assert (verdict.outcome, verdict.reason) == ("invalid", reason)
    assert len(verdict.evidence) == size


@pytest.mark.parametrize("what", GOOD)
def test_a_history_that_is_right_is_let_pass(what):
    verdict = registers(History(GOOD[what]))
    assert verdict.valid, verdict
    assert twin(History(GOOD[what])) == "valid"


def test_what_is_wrong_is_told_without_what_is_right():
    """A stale read among a thousand operations: three of them say it all."""
    noise = [write("c9", "x", 100 + i, 10 + 2 * i, 11 + 2 * i) for i in range(500)]
    noise += [read("c8", "x", 100 + i, 11 + 2 * i, 12 + 2 * i) for i in range(500)]
    verdict = registers(History((*STALE, *noise)))
    assert verdict.evidence == STALE


def test_so_it_is_where_a_search_was_needed():
    """All writes of the value that was read too late are shown, and what came after."""
    again = [write("c9", "x", i % 3, 10 + 2 * i, 11 + 2 * i) for i in range(99)]
    late = read("c8", "x", 1, 300, 302)
    verdict = registers(History((*again, late)))
    assert verdict.outcome == "invalid"
    assert "search" in verdict.strength
    assert verdict.evidence == (*again[1::3], again[98], late)


def test_without_a_read_nothing_can_be_said():
    for history in (
        (),
        STALE[:2],
        (read("c1", "x", None, 0, 2)._replace(outcome="info"),),
    ):
        verdict = registers(History(history))
        assert verdict.unknown
        assert verdict.reason == "No read has told anything."


def test_a_search_that_ends_before_it_has_found_out_says_so():
    writes = [write(f"c{i}", "x", i % 3, 0, 100) for i in range(12)]
    history = History([*writes, read("c1", "x", None, 101, 102)])
    verdict = registers(history, budget=50)
    assert verdict.unknown
    assert verdict.reason == (
        "The search gave up after 50 configurations of x, where some values were "
        "written again: raise `budget`, or write each value once."
    )
    assert registers(history).invalid


def test_one_wrong_key_outweighs_one_that_nobody_knows():
    unsure = [write(f"c{i}", "x", i % 3, 0, 100) for i in range(12)]
    unsure.append(read("c1", "x", None, 101, 102))
    wrong = [
        op._replace(args=("y", *op.args[1:]), process=f"d{op.process}") for op in STALE
    ]
    verdict = registers(History((*unsure, *wrong)), budget=50)
    assert verdict.invalid
    assert verdict.strength == (
        "2 reads on 2 keys; a search of 50 configurations (Wing and Gong); zones "
        "(Gibbons and Korach)"
    )


def test_a_call_that_no_register_knows_is_refused():
    promote = Operation("c1", "promote", (), 0, "ok", None, 5)
    with pytest.raises(Misuse, match=r'history.where\("read", "write"\)'):
        registers(History([promote]))


def test_a_process_that_does_two_things_at_a_time_is_refused():
    with pytest.raises(Misuse, match="c1 calls `read` at 1 ms before its last"):
        registers(History([write("c1", "x", 1, 0, 2), read("c1", "x", 1, 1, 3)]))
    with pytest.raises(Misuse, match="one operation at a time"):
        registers(History([write("c1", "x", 1, 0, None), read("c1", "x", 1, 1, 3)]))


# ------------------------------------------------------------------- a real register
@st.composite
def real(draw, values=None) -> History:
    """What clients of a register see that does each operation at one moment."""
    wishes = draw(
        st.lists(
            st.tuples(
                st.integers(1, 5),  # whose
                st.integers(0, 3),  # after how long
                st.integers(0, 9),  # for how long
                st.integers(0, 9),  # done when
                st.booleans(),  # a write
                st.integers(0, 9),  # whether its client is told
            ),
            max_size=40,
        )
    )
    free, planned = dict.fromkeys(range(1, 6), 0), []
    for i, (client, gap, length, point, writes, luck) in enumerate(wishes):
        begin = free[client] + gap
        free[client] = begin + length + 1
        at = begin + point * length / 9
        planned.append((at, i, f"c{client}", begin, begin + length, writes, luck))
    held, seen = None, []
    for _, i, process, begin, end, writes, luck in sorted(planned):
        if writes:
            held = i % values if values else i
            outcome = "ok" if luck else "info"
            seen.append(write(process, "x", held, begin, end, outcome=outcome))
        else:
            seen.append(read(process, "x", held, begin, end))
    return History(seen)


@given(real())
def test_what_a_register_did_is_linearizable(history):
    assert not registers(history).invalid


@given(real(values=3))
def test_what_a_register_did_is_linearizable_with_values_written_again(history):
    assert not registers(history).invalid


@given(real(), st.data())
def test_a_read_that_is_made_stale_is_found(history, data):
    """It returns what had been overwritten before it was called."""
    writes = history.where("write", outcome="ok")
    stale = [
        (read_, old)
        for read_ in history.where("read")
        for old in writes
        for new in writes
        if old.before(new) and new.before(read_)
    ]
    if stale:
        victim, old = data.draw(st.sampled_from(stale))
        lie = victim._replace(result=old.args[1])
        assert registers(History(lie if op is victim else op for op in history)).invalid


# ----------------------------------------------------------------- mutants of the check
def forgets_real_time(patch):
    patch.setattr(linearizable, "chains_at_once", lambda ops: [])
    patch.setattr(Zones, "contradiction", lambda self: [])
    patch.setattr(Search, "first_end_us", over_when_all_is_done)


def over_when_all_is_done(self, place):
    lanes = zip(place, self.lanes, strict=True)
    return float("inf") if all(at == len(lane) for at, lane in lanes) else 10**12


def ends_what_nobody_knows(patch):
    patch.setattr(
        linearizable,
        "ended_us",
        lambda op: float("inf") if op.ended_us is None else op.ended_us,
    )


def forgets_what_nobody_knows(patch):
    original = linearizable.by_key

    def by_key(history):
        return original(history.where(test=lambda op: op.definite or op.f == "read"))

    patch.setattr(linearizable, "by_key", by_key)


def believes_what_failed(patch):
    original = linearizable.by_key

    def by_key(history):
        return original(
            History(
                op._replace(outcome="ok") if op.f == "write" else op for op in history
            )
        )

    patch.setattr(linearizable, "by_key", by_key)


def forgets_the_order_of_a_process(patch):
    patch.setattr(linearizable, "chains_at_once", lambda ops: [])


def sees_no_rings(patch):
    class Blind(linearizable.TopologicalSorter):
        def prepare(self): ...

    patch.setattr(linearizable, "TopologicalSorter", Blind)


def compares_forward_zones_alone(patch):
    patch.setattr(linearizable, "bisect_left", lambda ends, call_us: 0)


def lets_forward_zones_overlap(patch):
    original = linearizable.pairwise

    def none_of_clusters(several):
        several = list(several)
        cluster = several and isinstance(several[0], linearizable.Cluster)
        return original([] if cluster else several)

    patch.setattr(linearizable, "pairwise", none_of_clusters)


def forgets_what_was_there_at_first(patch):
    patch.setattr(
        linearizable, "by_key", only(lambda op, writes: op.result is not None)
    )


def asks_no_writer(patch):
    patch.setattr(linearizable, "by_key", only(lambda op, writes: op.result in writes))


def only(told):
    """`by_key` without the reads that this is not true of."""
    original = linearizable.by_key

    def by_key(history):
        writes = [None, *(op.args[1] for op in history if op.f == "write")]
        return original(
            history.where(test=lambda op: op.f == "write" or told(op, writes))
        )

    return by_key


def trusts_that_values_differ(patch):
    patch.setattr(linearizable, "written_once", lambda ops: True)


def takes_writes_as_soon_as_they_fit(patch):
    """A write of what is there may be needed later, when something else is."""
    patch.setattr(Register, "only_looks", lambda self, op: self.after(op) == self)


def takes_open_writes_before_what_came_before_them(patch):
    original = Search.__init__

    def init(self, ops, start, budget):
        original(self, ops, start, 0)
        self.open = [(op, process, 0) for op, process, _ in self.open]
        self.explained = self.run(start, budget)

    patch.setattr(Search, "__init__", init)


def uses_an_open_write_twice(patch):
    original = Search.following

    def following(self, place, happened, state):
        return [
            (there, 0, after) for there, _, after in original(self, place, 0, state)
        ]

    patch.setattr(Search, "following", following)


MUTANTS = [
    forgets_real_time,
    ends_what_nobody_knows,
    forgets_what_nobody_knows,
    believes_what_failed,
    forgets_the_order_of_a_process,
    sees_no_rings,
    compares_forward_zones_alone,
    lets_forward_zones_overlap,
    forgets_what_was_there_at_first,
    asks_no_writer,
    trusts_that_values_differ,
    takes_writes_as_soon_as_they_fit,
    takes_open_writes_before_what_came_before_them,
    uses_an_open_write_twice,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_check_that_forgets_something_is_told_from_its_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    passes = [what for what in BAD if registers(History(BAD[what][0])).valid]
    assert passes or first_difference() is not None
