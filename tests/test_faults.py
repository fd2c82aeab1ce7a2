"""Faults are data: hashed, compared, kept; and a protocol says which it admits."""

from __future__ import annotations

import inspect

import pytest

from distlab import faults
from distlab.codec import from_json, to_json
from distlab.errors import Misuse
from distlab.faults import (
    Assumes,
    Byzantine,
    ClockDrift,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    Cut,
    Delay,
    Duplication,
    Fault,
    Heal,
    Isolate,
    Loss,
    LostWrites,
    Pause,
    Recover,
    Reordering,
    Resume,
    SlowLink,
    Split,
    TornWrite,
)
from distlab.node import Node

EACH = (
    Loss(0.1),
    Duplication(0.1, at_ms=5, until_ms=10),
    Reordering(0.1, within_ms=20),
    Delay(10, src="s1", messages=("Append",)),
    SlowLink(3, dst="s2"),
    Cut("s1", "s2"),
    Split((("s1",), ("s2", "s3")), at_ms=5),
    Isolate("s1"),
    Heal(9),
    Crash("s1", 5),
    Recover("s1", 6),
    Pause("s1", 5, 8),
    Resume("s1", 7),
    Byzantine("s1", Node),
    ClockSkew("s1", 3),
    ClockDrift("s1", -50),
    ClockJump("s1", 100, 5),
    LostWrites("s1", 5),
    TornWrite("s1", 5),
    CorruptRecord("s1", 5),
)


def concrete() -> set[type]:
    kinds = {k for k in vars(faults).values() if isinstance(k, type)}
    return {k for k in kinds if issubclass(k, Fault) and not k.__subclasses__()}


def test_the_whole_menu_is_here():
    assert {type(fault) for fault in EACH} == concrete()


def test_a_schedule_can_be_hashed_compared_and_kept():
    assert hash(EACH) == hash(tuple(EACH))
    assert from_json(to_json(EACH)) == EACH


@pytest.mark.parametrize("fault", EACH, ids=lambda f: type(f).__name__)
def test_a_fault_can_be_pasted_into_a_cell(fault):
    text = repr(fault).replace(repr(Node), "Node")
    assert eval(text, {**vars(faults), "Node": Node}) == fault


@pytest.mark.parametrize("kind", sorted(concrete(), key=lambda k: k.__name__))
def test_every_fault_has_a_time_and_a_sentence(kind):
    assert "at_ms" in inspect.signature(kind).parameters
    assert kind.__doc__.rstrip().endswith(".")


def test_a_fault_without_a_time_is_there_from_the_start_and_for_good():
    loss = Loss(0.1)
    assert (loss.at_ms, loss.until_ms) == (0, None)
    for kind in concrete():
        parameters = inspect.signature(kind).parameters
        assert parameters["at_ms"].default in (0, inspect.Parameter.empty)


def test_a_disk_forgets_or_damages_the_last_record_unless_told_otherwise():
    assert LostWrites("s1", 5) == LostWrites("s1", 5, records=1)
    assert CorruptRecord("s1", 5) == CorruptRecord("s1", 5, record=1)


def test_every_fault_is_admitted_by_some_assumption():
    bold = Assumes(
        links="fair loss", failures="byzantine", disk="loses writes", clock="unused"
    )
    assert set(bold.kinds()) == concrete()
    assert bold.admits(EACH, n=3)


def test_each_step_up_admits_what_the_one_below_does():
    for words in (faults.LINKS, faults.FAILURES, faults.DISK, faults.CLOCK):
        below: set[type] = set()
        for word, kinds in words.items():
            assert below <= set(kinds), word
            below = set(kinds)


@pytest.mark.parametrize("fault", EACH, ids=lambda f: type(f).__name__)
def test_who_assumes_a_perfect_world_is_promised_nothing_in_another(fault):
    meek = Assumes(links="reliable FIFO", failures="none", clock="exact", f=0)
    harmless = (Delay, SlowLink, Heal, Resume)
    assert meek.admits((fault,), n=3) == isinstance(fault, harmless)


@pytest.mark.parametrize(
    ("f", "n", "most"),
    [
        (1, 5, 1),
        ("minority", 4, 1),
        ("minority", 5, 2),
        ("less than a third", 3, 0),
        ("less than a third", 4, 1),
        ("all but one", 3, 2),
        ("any", 3, 3),
    ],
)
def test_how_many_may_be_faulty(f, n, most):
    assert Assumes(f=f).most(n) == most


def test_a_minority_may_be_down_at_once():
    assumes = Assumes(f="minority")
    assert assumes.admits((Crash("s1", 5),), n=3)
    assert not assumes.admits((Crash("s1", 5), Crash("s2", 6)), n=3)


def test_one_after_the_other_is_not_at_once():
    assumes = Assumes(f=1)
    turns = (Crash("s2", 7), Crash("s1", 5), Recover("s1", 6))
    assert assumes.admits(turns, n=3)
    assert not assumes.admits((*turns, Crash("s3", 8)), n=3)


def test_a_liar_stays_one():
    assumes = Assumes(failures="byzantine", f=1)
    assert not assumes.admits(
        (Byzantine("s1", Node), Recover("s9", 1), Crash("s2", 6)), n=4
    )


def lost(*nodes: str) -> tuple[Fault, ...]:
    return tuple(LostWrites(node, 5) for node in nodes)


def test_fewer_than_w_disks_may_lose_what_they_wrote():
    assumes = Assumes(disk="loses writes", losers="fewer than w")
    assert assumes.admits((*lost("s1", "s1"), CorruptRecord("s1", 9)), n=3, w=2)
    assert not assumes.admits((*lost("s1"), CorruptRecord("s2", 9)), n=3, w=2)
    assert assumes.admits(lost("s1", "s2"), n=3, w=3)
    assert not assumes.admits(lost("s1"), n=3, w=1)
    assert assumes.admits((TornWrite("s1", 5),), n=3, w=1)  # it was not synced


def test_a_disk_that_has_lost_something_counts_for_the_whole_run():
    assumes = Assumes(disk="loses writes", losers=1)
    back = (Crash("s1", 6), Recover("s1", 7))
    assert not assumes.admits((*lost("s1"), *back, LostWrites("s2", 900)), n=3)
    assert Assumes(disk="loses writes").admits(lost("s1", "s2", "s3"), n=3)


def test_how_many_are_fewer_than_w_has_to_be_said():
    with pytest.raises(Misuse, match="say how many w are, `w=2`"):
        Assumes(losers="fewer than w").admits((), n=3)


def test_a_word_that_is_not_known_is_refused_when_the_protocol_is_written():
    with pytest.raises(Misuse, match="Assumes knows no 'fair lost': choose one of"):

        class Hopes(Node):
            assumes = Assumes(links="fair lost")

    with pytest.raises(Misuse, match=r"Assumes knows no 'half': .* minority"):

        class Wishes(Node):
            assumes = Assumes(f="half")

    with pytest.raises(Misuse, match=r"Assumes knows no 'few': .* fewer than w"):

        class Expects(Node):
            assumes = Assumes(losers="few")
