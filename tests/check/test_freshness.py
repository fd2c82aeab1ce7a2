"""Stale reads and new-old inversions, against a slow twin that compares all pairs."""

from __future__ import annotations

import pytest
from check.sibling_histories import V, drawn, op

from distlab.check import freshness, sessions
from distlab.errors import Misuse
from distlab.history import History


# ----------------------------------------------------------------------- the slow twin
def lacks(history: History, read, vector, due) -> bool:
    """Whether a read lacks a vector, and no deletion explains it."""
    found = [version.vector for version in read.result]
    if due.f == "delete":
        return any(vector.covers(v) for v in found)
    if any(v.covers(vector) for v in found):
        return False
    for delete in history.where("delete"):
        if delete.args != read.args or delete.invoked_us > read.ended_us:
            continue
        if delete.outcome == "info":
            return False
        hides = delete.result.covers(vector)
        if hides and not any(delete.result.covers(v) for v in found):
            return False
    return True


def twin(history: History, fs: tuple[str, ...]) -> tuple[int, list]:
    """How many reads something was due to, and which of them lack some of it."""
    due_to, stale = 0, []
    for read in history.where("read", outcome="ok"):
        dues = [
            (vector, due)
            for due in history.where(*fs, outcome="ok")
            for vector in (
                [v.vector for v in due.result] if due.f == "read" else [due.result]
            )
            if due.args[0] == read.args[0] and due.before(read)
        ]
        due_to += bool(dues)
        if any(lacks(history, read, vector, due) for vector, due in dues):
            stale.append(read)
    return due_to, stale


@pytest.mark.parametrize("block", range(10))
def test_it_agrees_with_a_slow_twin(block):
    seen = set()
    for seed in range(200 * block, 200 * block + 200):
        history = drawn(seed)
        reads, stale = twin(history, ("write", "delete"))
        measured = freshness.staleness(history)
        assert (measured.reads, list(measured.stale)) == (reads, stale), seed
        assert freshness.fresh_reads(history).outcome == outcome(reads, stale)
        reads, stale = twin(history, ("read",))
        verdict = freshness.no_inversion(history)
        assert verdict.outcome == outcome(reads, stale), seed
        assert set(stale) <= set(verdict.evidence)
        seen.add(verdict.outcome)
    assert seen == {"valid", "invalid", "unknown"}


def outcome(reads: int, stale: list) -> str:
    return "invalid" if stale else "valid" if reads else "unknown"


# --------------------------------------------------------------------------- by example
ONE, TWO = V("c1.1"), V("c1.1", "c1.2")
WROTE = op("c1", "write", ("x", 1), 0, 5, ONE)
AGAIN = op("c1", "write", ("x", 2), 6, 9, TWO)


def read(begin_ms, end_ms, *found, process="c2"):
    return op(process, "read", ("x",), begin_ms, end_ms, found)


def test_a_read_of_the_last_write_is_fresh():
    verdict = freshness.fresh_reads(History([WROTE, AGAIN, read(10, 12, TWO.of(2))]))
    assert str(verdict) == (
        "valid: reads return what was acknowledged before they began (1 read could "
        "have broken it). Every read has what was due to it."
    )


def test_a_read_of_an_older_version_is_stale():
    stale = read(10, 12, ONE.of(1))
    verdict = freshness.fresh_reads(History([WROTE, AGAIN, stale]))
    assert verdict.invalid
    assert verdict.strength == "1 of 1 read broke it"
    assert verdict.reason == (
        "c1 wrote x = 2 [c1.1 c1.2] (6 to 9 ms), and then c2 read x: 1 [c1.1] (10 to "
        "12 ms)."
    )
    assert verdict.evidence == (AGAIN, stale)


def test_a_read_that_began_before_the_write_ended_may_miss_it():
    during = read(8, 12, ONE.of(1))
    assert freshness.fresh_reads(History([WROTE, AGAIN, during])).valid
    assert freshness.fresh_reads(History([WROTE, read(5, 12)])).unknown


def test_a_client_that_reads_at_once_is_owed_its_own_write():
    own = read(5, 12, process="c1")
    assert freshness.fresh_reads(History([WROTE, own])).invalid


def test_what_supersedes_a_write_is_as_good():
    newer = V("c1.1", "c1.2", "c3.1").of(3)
    assert freshness.fresh_reads(History([WROTE, AGAIN, read(10, 12, newer)])).valid


def test_a_sibling_is_not():
    concurrent = V("c3.1").of(3)
    history = History([WROTE, read(10, 12, concurrent)])
    assert freshness.fresh_reads(history).invalid
    history = History([WROTE, read(10, 12, concurrent, ONE.of(1))])
    assert freshness.fresh_reads(history).valid


def test_an_unknown_write_is_due_to_nobody():
    unknown = op("c1", "write", ("x", 1), 0, None)
    assert freshness.fresh_reads(History([unknown, read(10, 12)])).unknown


def test_a_deletion_is_seen_by_what_is_not_there():
    delete = op("c1", "delete", ("x",), 6, 9, TWO)
    assert freshness.fresh_reads(History([WROTE, delete, read(10, 12)])).valid
    assert freshness.fresh_reads(
        History([WROTE, delete, read(10, 12, ONE.of(1))])
    ).invalid


def test_a_deletion_under_way_excuses_who_finds_nothing():
    delete = op("c1", "delete", ("x",), 11, 19, TWO)
    assert freshness.fresh_reads(History([WROTE, delete, read(10, 12)])).valid
    assert freshness.fresh_reads(History([WROTE, delete, read(7, 10)])).invalid
    unknown = op("c1", "delete", ("x",), 11, None)
    assert freshness.fresh_reads(History([WROTE, unknown, read(10, 12)])).valid


def test_a_deletion_excuses_nobody_who_still_shows_what_it_covers():
    delete = op("c1", "delete", ("x",), 11, 19, V("c1.1", "c1.2", "c3.1"))
    history = History([WROTE, delete, read(10, 12, V("c3.1").of(3))])
    assert freshness.fresh_reads(history).invalid


def test_new_and_then_old_is_an_inversion():
    first, then = read(10, 12, TWO.of(2)), read(13, 15, ONE.of(1), process="c3")
    verdict = freshness.no_inversion(History([first, then]))
    assert verdict.invalid
    assert verdict.evidence == (first, then)
    assert freshness.no_inversion(History([then, first])).invalid
    assert freshness.no_inversion(History([first, read(11, 15, ONE.of(1))])).unknown


def test_a_rate_is_of_the_reads_that_something_was_due_to():
    reads = [read(2, 3), read(10, 12), read(13, 15, TWO.of(2)), read(16, 17)]
    measured = freshness.staleness(History([WROTE, AGAIN, *reads]))
    assert str(measured) == "2 of 3 reads stale (66.7%)"
    assert measured.rate == 2 / 3
    assert freshness.staleness(History()).rate == 0


def test_results_without_vectors_are_refused():
    with pytest.raises(Misuse, match="judges single values"):
        freshness.fresh_reads(History([op("c1", "read", ("x",), 0, 5, 1)]))


def test_who_asks_the_judges_of_single_values_is_sent_here():
    verdict = sessions.monotonic_reads(History([WROTE, read(10, 12, TWO.of(2))]))
    assert verdict.unknown
    assert verdict.reason.endswith("(`check.freshness` judges reads of siblings).")
