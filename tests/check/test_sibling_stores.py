"""Acknowledged writes that stay or are superseded, against a slow twin; agreement."""

from __future__ import annotations

import pytest
from check.sibling_histories import V, drawn, final_of, op

from distlab.check import siblings
from distlab.errors import Misuse
from distlab.history import History

judge = siblings.acknowledged_writes


# ----------------------------------------------------------------------- the slow twin
def twin(history: History, final: dict) -> str:
    """Tries for each write and version whether a chain of who saw what joins them."""
    written = [o for o in history.where("write", "delete") if o.outcome == "ok"]
    if not final or not written:
        return "unknown"
    held = {(key, v) for rows in final.values() for key, vs in rows.items() for v in vs}
    kept = [
        any(
            key == write.args[0]
            and v.vector.covers(write.result)
            and stands_on(history, key, v, write)
            for key, v in held
        )
        for write in written
    ]
    return "valid" if all(kept) else "invalid"


def writers(history, key, version):
    ops = [o for o in history.where("write", "delete") if o.args[0] == key]
    made = [o for o in ops if o.outcome == "ok" and o.result == version.vector]
    made = made or [o for o in ops if o.outcome == "info"]
    return [o for o in made if o.f == "delete" or o.args[1] == version.value]


def stands_on(history, key, version, write) -> bool:
    told = [
        o
        for o in history.where("delete", test=lambda o: o.args[0] == key)
        if o.outcome == "info"
        or (o.outcome == "ok" and version.vector.covers(o.result))
    ]
    return any(
        knew(history, one, write) for one in [*writers(history, key, version), *told]
    )


def knew(history, one, write) -> bool:
    if one == write:
        return True
    for before in history:
        same = before.process.split("#")[0] == one.process.split("#")[0]
        if not same or before.args[0] != one.args[0] or before.outcome == "fail":
            continue
        if before.f == "read":
            if before.outcome == "ok" and before.ended_us <= one.invoked_us:
                for v in before.result:
                    if any(
                        knew(history, w, write)
                        for w in writers(history, one.args[0], v)
                        if w.invoked_us < before.ended_us
                    ):
                        return True
        elif before.invoked_us < one.invoked_us and knew(history, before, write):
            return True
    return False


@pytest.mark.parametrize("block", range(10))
def test_it_agrees_with_a_slow_twin(block):
    seen = set()
    for seed in range(100 * block, 100 * block + 100):
        history = drawn(seed)
        final = final_of(seed, history)
        outcome = judge(history, final).outcome
        assert outcome == twin(history, final), (
            f"seed {seed}\n{history.text()}\n{final}"
        )
        seen.add(outcome)
    assert seen == {"valid", "invalid", "unknown"}


# --------------------------------------------------------------------------- by example
FIRST = op("c1", "write", ("x", 1), 0, 5, V("c1.1"))


def test_a_write_that_is_on_one_replica_is_there():
    verdict = judge(History([FIRST]), {"s1": {}, "s2": {"x": (V("c1.1").of(1),)}})
    assert str(verdict) == (
        "valid: acknowledged writes are there, or superseded (1 write, 2 replicas). "
        "Some replica has each of them."
    )


def test_a_write_that_is_nowhere_is_lost():
    verdict = judge(History([FIRST]), {"s1": {}, "s2": {"x": (V("c2.1").of(2),)}})
    assert verdict.invalid
    assert verdict.evidence == (FIRST,)
    assert verdict.reason == (
        "1 acknowledged write lost. c1 wrote x = 1 [c1.1] (0 to 5 ms), and now there "
        "is 2 [c2.1] on s2."
    )


def test_who_had_read_a_write_supersedes_it():
    read = op("c2", "read", ("x",), 6, 7, (V("c1.1").of(1),))
    newer = op("c2", "write", ("x", 2), 8, 9, V("c1.1", "c2.1"))
    final = {"s1": {"x": (V("c1.1", "c2.1").of(2),)}}
    assert judge(History([FIRST, read, newer]), final).valid


def test_who_had_not_read_it_does_not_whatever_its_vector_says():
    """Two writes that a coordinator numbered one after the other: the first is gone."""
    newer = op("c2", "write", ("x", 2), 1, 4, V("c1.1", "c2.1"))
    final = {"s1": {"x": (V("c1.1", "c2.1").of(2),)}}
    verdict = judge(History([FIRST, newer]), final)
    assert verdict.invalid
    assert verdict.reason.endswith(
        "now there is 2 [c1.1 c2.1] on s1, which covers it and whose writer had never "
        "seen it."
    )


def test_a_client_that_came_back_goes_on_with_its_own_writes():
    newer = op("c1#2", "write", ("x", 2), 8, 9, V("c1.1", "c1.2"))
    assert judge(History([FIRST, newer]), {"s1": {"x": (newer.result.of(2),)}}).valid


def test_an_unknown_write_supersedes_what_its_client_had_read():
    read = op("c2", "read", ("x",), 6, 7, (V("c1.1").of(1),))
    newer = op("c2", "write", ("x", 2), 8, None)
    final = {"s1": {"x": (V("c1.1", "c2.1").of(2),)}}
    assert judge(History([FIRST, read, newer]), final).valid
    assert judge(History([FIRST, newer]), final).invalid


def test_what_covers_a_deletion_is_taken_at_its_word():
    """A read does not show what was deleted, so nobody can be seen to know of it."""
    delete = op("c1", "delete", ("x",), 6, 7, V("c1.1", "c1.2"))
    newer = op("c2", "write", ("x", 2), 8, 9, V("c1.1", "c1.2", "c2.1"))
    assert judge(
        History([FIRST, delete, newer]), {"s1": {"x": (newer.result.of(2),)}}
    ).valid


def test_of_two_writes_with_one_vector_the_value_tells_which_is_there():
    again = op("c1#2", "write", ("x", 2), 8, 9, V("c1.1"))
    verdict = judge(History([FIRST, again]), {"s1": {"x": (V("c1.1").of(1),)}})
    assert verdict.evidence == (again,)


def test_equal_values_are_told_apart_by_their_vectors():
    again = op("c2", "write", ("x", 1), 8, 9, V("c2.1"))
    verdict = judge(History([FIRST, again]), {"s1": {"x": (V("c2.1").of(1),)}})
    assert verdict.evidence == (FIRST,)


def test_other_operations_are_passed_over():
    other = op("c1", "promote", (), 1, 2)
    assert judge(History([FIRST, other]), {"s1": {"x": (V("c1.1").of(1),)}}).valid


def test_without_a_look_at_the_end_nothing_is_known():
    assert judge(History([FIRST]), {}).reason == "Nobody looked at the end."
    assert judge(History(), {"s1": {}}).reason == "No write was acknowledged."


@pytest.mark.parametrize(
    "strange",
    [
        op("c1", "write", ("x", 1), 0, 5, 7),
        op("c1", "read", ("x",), 0, 5, 7),
        op("c1", "read", ("x",), 0, 5, (7,)),
    ],
)
def test_results_without_vectors_are_refused(strange):
    with pytest.raises(Misuse, match="needs reads that end with versions and writes"):
        judge(History([strange]), {"s1": {}})


# ---------------------------------------------------------------------------- agreement
def test_replicas_agree_when_they_hold_the_same():
    one, other = V("c1.1").of(1), V("c2.1").of(2)
    same = {"s1": {"x": (one,), "y": ()}, "s2": {"x": (one,)}}
    assert siblings.convergence(same).valid
    verdict = siblings.convergence({**same, "s3": {"x": (one, other)}})
    assert verdict.invalid
    assert verdict.reason == (
        "Of x there is on s1 and s2 1 [c1.1]; on s3 1 [c1.1] and 2 [c2.1]."
    )


def test_one_replica_alone_agrees_with_nobody():
    assert siblings.convergence({"s1": {"x": (V("c1.1").of(1),)}}).unknown
    assert siblings.convergence({"s1": {}, "s2": {}}).unknown
