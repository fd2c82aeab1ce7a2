"""The longest good beginning of a bad history, against a twin that tries each one."""

from __future__ import annotations

import pytest
from check.brute_force import Operations, drawn, explained, is_explained_by
from check.histories import read, write

from distlab.check import Limits, prefixes
from distlab.check.linearizable import by_rule, linearizable
from distlab.check.objects import Object
from distlab.check.prefixes import longest_good
from distlab.history import History
from distlab.machine import Membership, Queue, Register, Stack, Text


def one_of(*calls):
    """A command: each that writes anything writes the number of its operation."""

    def command(rng, i):
        f, writes = rng.choice(calls)
        return f, (writes(i),) if writes else ()

    return command


def number(i):
    return i + 1


WORLDS = {
    "register": (Register(), one_of(("write", number), ("read", None))),
    "queue": (Queue(), one_of(("enqueue", number), ("dequeue", None))),
    "stack": (Stack(), one_of(("push", number), ("pop", None))),
    "set": (Membership(), one_of(*((f, None) for f in ("add", "remove", "contains")))),
    "text": (Text(), one_of(("append", "abcdefghij".__getitem__), ("get", None))),
}


def ended_until(ops: Operations) -> list[int]:
    """The ends of what happened, in their order."""
    return sorted({op.ended_us for op in ops if op.outcome == "ok"})


def known_at(ops: Operations, at_us: int) -> Operations:
    """What had been called, and the results of what had ended."""
    return tuple(
        op if op.ended_us <= at_us else op._replace(outcome="info", result=None)
        for op in ops
        if op.invoked_us <= at_us
    )


def differs(ops: Operations, machine) -> bool | None:
    """Whether the search in halves ends elsewhere than one end after another would."""
    one = Object(machine, False, ops)
    judged = by_rule(one)
    if judged is None or judged.finding.outcome != "invalid":
        return None

    def judge(part):
        return judged.finding if (judged := by_rule(part)) else None

    evidence = judged.finding.evidence
    found = longest_good(one, evidence, judge, Limits().meter())
    if found is None:
        return None
    stuck, order = found
    ends_us = ended_until(ops)
    good = [at for at in ends_us if explained(known_at(ops, at), machine)]
    if stuck.ended_us != next(at for at in ends_us if at not in good):
        return True
    known = known_at(ops, good[-1]) if good else ()
    part_of = dict(zip(map(id, ops), known, strict=False))
    return not is_explained_by(tuple(part_of[id(op)] for op in order), known, machine)


def differences(world: str, seeds: range) -> list[bool]:
    """Of the bad histories of these seeds."""
    machine, command = WORLDS[world]
    told = (differs(drawn(seed, machine, command), machine) for seed in seeds)
    return [said for said in told if said is not None]


@pytest.mark.parametrize("world", WORLDS)
def test_it_ends_where_a_history_goes_wrong_first(world):
    """Herlihy and Wing, 1990: what has gone wrong stays wrong, so halving finds it."""
    said = differences(world, range(400))
    assert len(said) > 20 and not any(said)


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_it_ends_where_ten_thousand_histories_go_wrong_first(world):
    assert not any(differences(world, range(400, 10_400)))


# ------------------------------------------------------------------------------ mutants
right = prefixes.until


def drops_what_is_under_way(one, at_us):
    part, whole = right(one, at_us)
    ended = tuple(op for op in part.ops if op.outcome == "ok")
    return part._replace(ops=ended), whole


def knows_what_is_under_way(one, at_us):
    begun = tuple(op for op in one.ops if op.invoked_us <= at_us)
    return one._replace(ops=begun), {id(op): op for op in begun}


@pytest.mark.parametrize("mutant", [drops_what_is_under_way, knows_what_is_under_way])
def test_what_forgets_a_rule_ends_elsewhere(mutant, monkeypatch):
    monkeypatch.setattr(prefixes, "until", mutant)
    assert any(any(differences(world, range(400))) for world in WORLDS)


# ------------------------------------------------------------------------- how it tells
LONG = (
    *(write("c1", "x", i, 10 * i, 10 * i + 5) for i in range(1, 9)),
    read("c2", "x", 7, 90, 95),
    *(write("c1", "x", i, 10 * i, 10 * i + 5) for i in range(10, 20)),
)


def test_a_reason_says_how_far_a_history_went_well():
    verdict = linearizable(History(LONG))
    assert verdict.invalid
    assert verdict.order == LONG[:8]
    assert verdict.reason.endswith(
        "An order explains the 8 operations that ended before 95 ms, and none goes on "
        "from there."
    )


def test_where_the_evidence_shows_it_all_nothing_is_said_of_it():
    short = (LONG[6], LONG[7], LONG[8])
    verdict = linearizable(History(short))
    assert (verdict.evidence, verdict.order) == (short, short[:2])
    assert "An order explains" not in verdict.reason


def test_past_a_limit_it_is_not_looked_for():
    verdict = linearizable(History(LONG), limits=Limits(time_s=1e-9))
    assert (verdict.invalid, verdict.order) == (True, ())
