"""Durability, against a slow twin that tries every order of the writes."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from check.histories import drawn, write

from distlab.check import durability, versions
from distlab.history import History

judge = durability.acknowledged_writes


def draw(seed: int) -> tuple[History, dict]:
    """A random history, and up to three replicas that hold anything."""
    rng = random.Random(seed)
    history = drawn(seed, keys="x" if seed % 2 else "xy")
    replicas = [f"s{n}" for n in range(rng.choices([0, 1, 2, 3], [1, 4, 4, 2])[0])]
    agreed = {key: rng.choice([None, 1, 2, 3, 3, 4, 4, 9]) for key in "xy"}
    final = {r: dict(agreed) for r in replicas}
    if final and rng.random() < 0.3:
        final[rng.choice(replicas)]["x"] = rng.choice([None, 1, 2, 3, 4])
    return history, final


def has(history: History, state: dict, wanted) -> bool:
    """Whether in some order of the writes what is there is not older than `wanted`."""
    key, value = wanted.args[0], state.get(wanted.args[0])
    writes = [w for w in history.where("write") if w.args[0] == key]
    writes = [w for w in writes if w.outcome != "fail"]
    positions = None not in [w.result for w in writes if w.outcome == "ok"]
    for order in permutations(writes):
        values = [w.args[1] for w in order]
        place = values.index(value) if value in values else -1
        if place >= order.index(wanted) and not any(
            certain(order[j], order[i], positions)
            for i in range(len(order))
            for j in range(i + 1, len(order))
        ):
            return True
    return False


def certain(one, other, positions) -> bool:
    if positions:
        return one.outcome == other.outcome == "ok" and one.result < other.result
    return one.outcome == "ok" and one.ended_us < other.invoked_us


def twin(history: History, final: dict) -> str:
    acknowledged = history.where("write", outcome="ok")
    if not final or not acknowledged:
        return "unknown"
    there = [[has(history, s, w) for s in final.values()] for w in acknowledged]
    if not all(any(row) for row in there):
        return "invalid"
    return "valid" if all(all(row) for row in there) else "unknown"


def first_difference(seeds=range(2500)) -> int | None:
    for seed in seeds:
        history, final = draw(seed)
        if judge(history, final).outcome != twin(history, final):
            return seed
    return None


def test_the_check_says_what_its_slow_twin_says():
    seed = first_difference()
    assert seed is None, f"seed {seed}: {judge(*draw(seed))}\n{draw(seed)[0].text()}"


def test_the_random_cases_are_of_every_outcome():
    outcomes = [judge(*draw(seed)).outcome for seed in range(300)]
    assert {outcomes.count(o) > 20 for o in ("valid", "invalid", "unknown")} == {True}


# ------------------------------------------------------------------------------ mutants
def looks_for_the_value_alone(patch):
    def lacks(state, wanted, versions):
        return state.get(wanted.args[0]) != wanted.args[1]

    patch.setattr(durability, "_lacks", lacks)


def is_content_with_any_write(patch):
    def lacks(state, wanted, versions):
        return state.get(wanted.args[0]) not in versions.writes[wanted.args[0]]

    patch.setattr(durability, "_lacks", lacks)


def believes_failed_writes(patch):
    def lacks(state, wanted, versions):
        found = versions.writes[wanted.args[0]].get(state.get(wanted.args[0]))
        return found is None or versions.older(found, wanted)

    patch.setattr(durability, "_lacks", lacks)


def looks_at_one_write_a_key(patch):
    patch.setattr(versions.Versions, "newest", lambda self, writes: list(writes)[-1:])


def wants_unacknowledged_writes_too(patch):
    def acknowledged(self, key):
        return [op for op in self.writes[key].values() if op.outcome != "fail"]

    patch.setattr(versions.Versions, "acknowledged", acknowledged)


def knows_no_order(patch):
    patch.setattr(versions.Versions, "older", lambda self, one, other: False)


@pytest.mark.parametrize(
    "mutant",
    [
        looks_for_the_value_alone,
        is_content_with_any_write,
        believes_failed_writes,
        looks_at_one_write_a_key,
        wants_unacknowledged_writes_too,
        knows_no_order,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_a_check_with_a_flaw_is_told_from_its_twin(mutant, monkeypatch):
    monkeypatch.setattr(durability, "_loss", lambda *_: "")  # it tells what it cannot
    mutant(monkeypatch)
    assert first_difference() is not None


# ----------------------------------------------------------- known histories, known why
def test_a_failover_that_lost_the_last_write():
    history = History([write("c1", "x", 1, 0, 5), write("c1", "x", 2, 6, 9)])
    verdict = judge(history, {"s2": {"x": 1}, "s3": {"x": 1}})
    assert verdict.invalid
    assert verdict.reason == (
        "1 acknowledged write lost: c1 wrote x = 2 (6 to 9 ms), but under x, on s2 and "
        "s3 there is 1; x = 1 is older than x = 2: it had ended at 5 ms, before the "
        "other was called at 6 ms."
    )
    assert verdict.evidence == (write("c1", "x", 2, 6, 9),)


def test_every_lost_write_is_named():
    history = History([write("c1", k, 1, i, i + 1) for i, k in enumerate("xyz")])
    verdict = judge(history, {"s1": {"y": 1}})
    assert verdict.evidence == (history[0], history[2])
    assert verdict.reason.startswith("2 acknowledged writes lost: c1 wrote x = 1")
    assert "but under z, on s1 there is nothing." in verdict.reason


def test_a_write_that_came_later_excuses_the_one_it_replaced():
    history = History([write("c1", "x", 1, 0, 5), write("c2", "x", 2, 6, None)])
    assert judge(history, {"s1": {"x": 2}}).valid


def test_a_failed_write_excuses_nothing():
    history = History(
        [write("c1", "x", 1, 0, 5), write("c2", "x", 2, 6, 9, outcome="fail")]
    )
    verdict = judge(history, {"s1": {"x": 2}})
    assert verdict.invalid
    assert "there is 2, whose client was told that it had failed" in verdict.reason


def test_a_value_from_nowhere_excuses_nothing():
    verdict = judge(History([write("c1", "x", 1, 0, 5)]), {"s1": {"x": 7}})
    assert "there is 7, which nobody wrote" in verdict.reason


def test_replicas_that_do_not_agree_leave_it_open():
    history = History([write("c1", "x", 1, 0, 5)])
    verdict = judge(history, {"s1": {"x": 1}, "s2": {}})
    assert verdict.unknown
    assert verdict.reason == (
        "c1 wrote x = 1 (0 to 5 ms), and s2 lack it while others have it."
    )


def test_without_a_look_at_the_end_nothing_is_known():
    history = History([write("c1", "x", 1, 0, 5)])
    assert judge(history, {}).reason == "Nobody looked at the end."
    assert judge(History(), {"s1": {}}).reason == "No write was acknowledged."
