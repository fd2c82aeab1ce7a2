"""Linearizability: known histories of each machine, and what is said of them."""

from __future__ import annotations

import pytest
from check.brute_force import explained, is_explained_by
from check.histories import read, write
from hypothesis import given
from hypothesis import strategies as st

from distlab.check import limits as limits_
from distlab.check import linearizable as linearizable_
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.machine import (
    Counter,
    KeyValue,
    Lock,
    LogMachine,
    Queue,
    Register,
    Set,
    Stack,
    Texts,
)

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
            "ms) before that. A read finds nothing only before the first "
            "write."
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
            "ms) before that. A read finds nothing only before the first "
            "write."
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
            "before that. A read finds nothing only before the first "
            "write."
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
            "An order explains the 3 operations that ended before 8 ms, and none goes "
            "on from there. c3 read x = 1 (6 to 8 ms), but c1 wrote x = 2 (3 to 5 ms) "
            "before that. And x = 2 is newer: c2 wrote x = 1 (0 to 2 ms) before c1 "
            "wrote x = 2 (3 to 5 ms)."
        ),
        3,
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
            "An order explains the 2 operations that ended before 10 ms, and none goes "
            "on from there. c3 read x = 1 (8 to 10 ms), but c2 wrote x = 2 (5 to 7 ms) "
            "before that. And x = 2 is newer: c3 read x = 1 (2 to 4 ms) before c2 "
            "wrote x = 2 (5 to 7 ms)."
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
    verdict = linearizable(History(history))
    assert (verdict.outcome, verdict.reason) == ("invalid", reason)
    assert len(verdict.evidence) == size


@pytest.mark.parametrize("what", GOOD)
def test_a_history_that_is_right_is_let_pass(what):
    verdict = linearizable(History(GOOD[what]))
    assert verdict.valid, verdict
    assert is_explained_by(verdict.order, GOOD[what], KeyValue())


def test_what_is_wrong_is_told_without_what_is_right():
    """A stale read among a thousand operations: three of them say it all."""
    noise = [write("c9", "x", 100 + i, 10 + 2 * i, 11 + 2 * i) for i in range(500)]
    noise += [read("c8", "x", 100 + i, 11 + 2 * i, 12 + 2 * i) for i in range(500)]
    verdict = linearizable(History((*STALE, *noise)))
    assert verdict.evidence == STALE


def test_so_it_is_where_a_search_was_needed():
    """The last write of the value that was read too late, and what came after it."""
    again = [write("c9", "x", i % 3, 10 + 2 * i, 11 + 2 * i) for i in range(99)]
    late = read("c8", "x", 1, 300, 302)
    verdict = linearizable(History((*again, late)))
    assert verdict.outcome == "invalid"
    assert "search" in verdict.strength
    assert verdict.evidence == (*again[-2:], late)


def test_each_write_that_a_read_may_have_seen_is_shown_with_it():
    """New, then old: the old one may have been written by either."""
    twice = write("c4", "x", 1, 0, 2)
    noise = [read(f"c{i}", "x", 1, 0, 2) for i in range(5, 9)]
    verdict = linearizable(History((*NEW_THEN_OLD, twice, *noise)))
    assert "search" in verdict.strength
    assert set(verdict.evidence) == {*NEW_THEN_OLD, twice}


def test_without_a_read_nothing_can_be_said():
    for history in (
        (),
        STALE[:2],
        (read("c1", "x", None, 0, 2)._replace(outcome="info"),),
    ):
        verdict = linearizable(History(history))
        assert verdict.unknown
        assert verdict.reason == "No read has told anything."


def test_a_search_that_ends_before_it_has_found_out_says_so():
    writes = [write(f"c{i}", "x", i % 3, 0, 100) for i in range(12)]
    history = History([*writes, read("c1", "x", None, 101, 102)])
    verdict = linearizable(history, limits=Limits(steps=5))
    assert verdict.unknown
    assert verdict.reason == (
        "The search of x gave up after 5 steps: give it more, `limits=Limits(…)`, or "
        "judge a shorter history."
    )
    assert linearizable(history).invalid


def test_one_wrong_key_outweighs_one_that_nobody_knows():
    unsure = [write(f"c{i}", "x", i % 3, 0, 100) for i in range(12)]
    unsure.append(read("c1", "x", None, 101, 102))
    wrong = [
        op._replace(args=("y", *op.args[1:]), process=f"d{op.process}") for op in STALE
    ]
    verdict = linearizable(History((*unsure, *wrong)), limits=Limits(steps=5))
    assert verdict.invalid
    assert verdict.strength == (
        "2 reads on 2 keys; a search of 6 configurations (Wing and Gong, Lowe); zones "
        "(Gibbons and Korach)"
    )


def test_a_call_that_the_machine_does_not_know_is_refused():
    promote = Operation("c1", "promote", (), 0, "ok", None, 5)
    known = r'history.where\("append", "cas", "delete", "read", "write"\)'
    with pytest.raises(Misuse, match=known):
        linearizable(History([promote]))
    with pytest.raises(Misuse, match="Did you mean `write`"):
        linearizable(History([promote._replace(f="wrte", args=("x", 1))]))
    with pytest.raises(Misuse, match="judges transactions"):
        linearizable(History([promote._replace(f="txn", args=(("r", "x", None),))]))


def test_other_arguments_than_those_of_the_command_are_refused():
    odd = Operation("c1", "write", ("x",), 0, "ok", None, 5)
    with pytest.raises(Misuse, match="`write` of KeyValue takes key, value"):
        linearizable(History([odd]))


def test_what_may_change_is_refused():
    odd = Operation("c1", "write", ("x", [1]), 0, "ok", None, 5)
    with pytest.raises(Misuse, match="use tuples for lists"):
        linearizable(History([odd]))


def test_a_process_that_does_two_things_at_a_time_is_refused():
    with pytest.raises(Misuse, match="c1 calls `read` at 1 ms before its last"):
        linearizable(History([write("c1", "x", 1, 0, 2), read("c1", "x", 1, 1, 3)]))
    with pytest.raises(Misuse, match="one operation at a time"):
        linearizable(History([write("c1", "x", 1, 0, None), read("c1", "x", 1, 1, 3)]))


# ----------------------------------------------------------------- any other machine
def op(process: str, f: str, args: tuple, result, begin: int, end: int | None = None):
    """One that was answered, from one millisecond to another; None: it never ended."""
    outcome = "info" if end is None else "ok"
    ended_us = None if end is None else end * 1000
    return Operation(process, f, args, begin * 1000, outcome, result, ended_us)


WRONG = {
    "a cas of what had been replaced": (
        Register(),
        (
            op("c1", "cas", (None, 1), True, 0, 2),
            op("c2", "cas", (1, 2), True, 3, 5),
            op("c3", "cas", (1, 3), True, 6, 8),
        ),
        "After c1 cas(None, 1), then c2 cas(1, 2), c3 cas(1, 3) gives False, not True.",
    ),
    "a lock with two holders": (
        Lock(),
        (
            op("c1", "acquire", (), 1, 0, 2),
            op("c2", "acquire", (), 2, 3, 5),
            op("c1", "release", (1,), True, 6, 8),
        ),
        "After c1 acquire(), c2 acquire() gives None, not 2.",
    ),
    "one number given twice": (
        Counter(),
        (op("c1", "next", (), 1, 0, 2), op("c2", "next", (), 1, 3, 5)),
        "After c1 next(), c2 next() gives 2, not 1.",
    ),
    "entries in another order than their indexes": (
        LogMachine(),
        (
            op("c1", "append", ("a",), 1, 0, 2),
            op("c2", "append", ("b",), 2, 3, 5),
            op("c3", "read", (), ("b", "a"), 6, 8),
        ),
        (
            "After c1 append('a'), then c2 append('b'), c3 read() gives ('a', 'b'), "
            "not ('b', 'a')."
        ),
    ),
    "an item that was new twice": (
        Set(),
        (op("c1", "add", (1,), True, 0, 2), op("c2", "add", (1,), True, 3, 5)),
        "and nobody can have removed it before that.",
    ),
    "all that is in a set, without what had been added": (
        Set(),
        (op("c1", "add", (1,), True, 0, 2), op("c2", "read", (), frozenset(), 3, 5)),
        "After c1 add(1), c2 read() gives {1}, not {}.",
    ),
    "a text that lost its beginning": (
        Texts(),
        (
            op("c1", "append", ("x", "a"), None, 0, 2),
            op("c1", "append", ("x", "a"), None, 3, 5),
            op("c2", "get", ("x",), "a", 6, 8),
        ),
        (
            "After c1 append('x', 'a'), then c1 append('x', 'a'), c2 get('x') gives "
            "'aa', not 'a'."
        ),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_order_explains_is_told(what):
    machine, history, why = WRONG[what]
    verdict = linearizable(History(history), machine)
    assert verdict.invalid
    assert verdict.reason.endswith(why), verdict.reason


def test_the_longest_good_prefix_is_explained_by_an_order():
    machine, history, _ = WRONG["a cas of what had been replaced"]
    verdict = linearizable(History(history), machine)
    assert verdict.order == history[:2]
    assert verdict.reason.startswith(
        "An order explains the 2 operations that ended before 8 ms, and none goes on "
        "from there. No order of these 3 operations that real time allows explains "
        "that c3 cas(1, 3) gave True (6 to 8 ms)."
    )


def test_the_fast_algorithm_is_taken_and_named_where_one_is_known():
    put = op("c1", "put", ("x", "a"), None, 0, 2), op("c2", "get", ("x",), "a", 3, 5)
    into = op("c1", "enqueue", (1,), None, 0, 2), op("c2", "dequeue", (), 1, 3, 5)
    onto = op("c1", "push", (1,), None, 0, 2), op("c2", "pop", (), 1, 3, 5)
    twice = (*into, op("c1", "enqueue", (1,), None, 6, 8))
    for machine, history, by in (
        (KeyValue(), STALE, "zones (Gibbons and Korach)"),
        (Texts(), put, "epochs as zones (after Gibbons and Korach)"),
        (Queue(), into, "sorted items (Henzinger, Sezgin and Vafeiadis)"),
        (Stack(), onto, "items left out in turn (Lee and Mathur)"),
        (Queue(), twice, "a search of 3 configurations (Wing and Gong, Lowe)"),
    ):
        assert linearizable(History(history), machine).strength.endswith(f"; {by}")


def test_keys_are_judged_together_where_an_operation_touches_all():
    """Of two items that were added one after the other, a read saw the second alone."""
    history = (
        op("c1", "add", (1,), None, 0, 2),
        op("c1", "add", (2,), None, 3, 5),
        op("c2", "read", (), frozenset({2}), 0, 9),
    )
    verdict = linearizable(History(history), Set())
    assert verdict.invalid
    assert "key" not in verdict.strength
    assert set(verdict.evidence) == set(history)


def test_keys_are_judged_together_where_the_clock_is_too_coarse():
    """Each key by itself has an order; both have none, for each process has its own."""
    history = (
        op("c1", "write", ("x", 1), None, 0, 5),
        op("c2", "write", ("y", 1), None, 0, 5),
        op("c1", "read", ("y",), None, 5, 9),
        op("c2", "read", ("x",), None, 5, 9),
    )
    verdict = linearizable(History(history), KeyValue())
    assert verdict.invalid
    assert not explained(history, KeyValue())
    assert "all keys together" in verdict.strength


def test_of_one_order_for_all_keys_each_keys_is_a_part():
    history = (
        write("c1", "x", 1, 0, 20),
        read("c2", "x", 1, 5, 8),
        write("c2", "y", 1, 9, 12),
        read("c3", "y", 1, 13, 15),
        read("c3", "x", 1, 16, 18),
    )
    verdict = linearizable(History(history))
    assert is_explained_by(verdict.order, history, KeyValue())


def test_past_its_memory_or_its_time_it_says_so(monkeypatch):
    """What the process holds is said to grow by 1 MB each time that one asks."""
    writes = [write(f"c{i}", "x", i % 5, 0, 100) for i in range(20)]
    seen = [read(f"d{i}", "x", i % 5, 0, 100) for i in range(20)]
    history = History([*writes, *seen, read("c1", "x", None, 101, 102)])
    short = linearizable(history, limits=Limits(time_s=1e-9))
    assert "gave up after 1e-09 s" in short.reason
    monkeypatch.setattr(limits_, "resident_mb", iter(range(100)).__next__)
    small = linearizable(history, limits=Limits(memory_mb=2))
    assert "gave up after 2 MB" in small.reason
    assert short.unknown
    assert small.unknown


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
    assert not linearizable(history).invalid


@given(real(values=3))
def test_what_a_register_did_is_linearizable_with_values_written_again(history):
    assert not linearizable(history).invalid


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
        assert linearizable(
            History(lie if op is victim else op for op in history)
        ).invalid


# ----------------------------------------------------------------- mutants of the judge
def believes_what_failed(patch):
    patch_objects(patch, lambda op: op._replace(outcome="ok"), "fail")


def takes_open_writes_for_certain(patch):
    patch_objects(patch, lambda op: op._replace(outcome="ok"), "info")


def forgets_open_writes(patch):
    patch_objects(patch, lambda op: op._replace(outcome="fail"), "info")


def patch_objects(patch, change, outcome):
    """The judge sees other operations in the place of those with this outcome."""
    original = linearizable_.objects_of

    def objects_of(history, machine, keyed=True):
        seen = [
            change(op) if op.outcome == outcome and op.f != "read" else op
            for op in history
        ]
        return original(seen, machine, keyed)

    patch.setattr(linearizable_, "objects_of", objects_of)


def calls_valid_what_it_gave_up(patch):
    def order(self):
        return ()

    patch.setattr(linearizable_.Found, "explained", property(lambda found: True))
    patch.setattr(linearizable_.Search, "order", order)


def leaves_out_what_was_read(patch):
    patch.setattr(linearizable_, "dependants_in", lambda *one: lambda *parts: ())


def leaves_out_nothing(patch):
    patch.setattr(linearizable_, "smallest", lambda ops, *more: ops)


def shrinks_what_is_told_already(patch):
    patch.setattr(linearizable_, "stale_in", lambda ops, machine: ops[-1:])


def trusts_the_order_of_each_key(patch):
    original = linearizable_.merged

    def merged(orders, ops):
        return original(orders, ops) or tuple(op for order in orders for op in order)

    patch.setattr(linearizable_, "merged", merged)


def asks_no_failed_write(patch):
    patch.setattr(linearizable_, "seen_in_vain", lambda one: None)


KILLED = {
    believes_what_failed: lambda: test_a_history_that_is_right_is_let_pass(
        "what failed did not happen"
    ),
    takes_open_writes_for_certain: lambda: test_a_history_that_is_right_is_let_pass(
        "what a client was not told may happen after its next call"
    ),
    forgets_open_writes: lambda: test_a_history_that_is_right_is_let_pass(
        "an open write may happen much later"
    ),
    calls_valid_what_it_gave_up: (
        lambda: test_a_search_that_ends_before_it_has_found_out_says_so()
    ),
    leaves_out_what_was_read: (
        lambda: test_each_write_that_a_read_may_have_seen_is_shown_with_it()
    ),
    leaves_out_nothing: (
        lambda: test_each_write_that_a_read_may_have_seen_is_shown_with_it()
    ),
    shrinks_what_is_told_already: lambda: test_so_it_is_where_a_search_was_needed(),
    trusts_the_order_of_each_key: (
        lambda: test_keys_are_judged_together_where_the_clock_is_too_coarse()
    ),
    asks_no_failed_write: lambda: test_a_history_that_is_wrong_is_found_and_told(
        "what had failed"
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_fails_its_test(mutant, monkeypatch):
    KILLED[mutant]()
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
