"""The history: what clients began, and how each operation ended."""

from __future__ import annotations

import pytest

from distlab.errors import Misuse
from distlab.history import History, Operation

WRITE = Operation("c1", "write", ("x", 1), 1000, "ok", 3, 5000)
READ = Operation("c2", "read", ("x",), 2000, "ok", None, 4000)
FAILED = Operation("c2", "cas", ("x", 1, 2), 5000, "fail", "not 1", 6500)
OPEN = Operation("c1#2", "write", ("x", 2), 6000)
ALL = (OPEN, FAILED, READ, WRITE)
HISTORY = History(ALL)


def test_operations_are_in_the_order_of_their_calls():
    assert tuple(HISTORY) == (WRITE, READ, FAILED, OPEN)
    assert History(reversed(ALL)) == HISTORY
    assert hash(HISTORY) == hash(History(reversed(ALL)))


def test_a_history_survives_being_written_and_read():
    again = History.from_jsonl(HISTORY.to_jsonl())
    assert again == HISTORY
    assert again.digest() == HISTORY.digest()
    assert {type(op) for op in again} == {Operation}


def test_the_digest_tells_histories_apart():
    assert History(ALL[:3]).digest() != HISTORY.digest()


@pytest.mark.parametrize("line", ["[1]", "{}", "null", "7"])
def test_a_wrong_line_is_named(line):
    with pytest.raises(Misuse, match="line 5: an operation is process, f, args"):
        History.from_jsonl(HISTORY.to_jsonl() + line)


def test_an_operation_that_has_not_ended_is_indefinite():
    assert OPEN.outcome == "info"
    assert not OPEN.definite
    assert OPEN.ended_ms is None
    assert OPEN.latency_ms is None
    assert FAILED.definite


def test_times_are_told_in_milliseconds():
    assert (WRITE.invoked_ms, WRITE.ended_ms, WRITE.latency_ms) == (1, 5, 4)
    assert (WRITE.span, OPEN.span) == ("1 to 5 ms", "6 to no end")


def test_one_is_before_another_if_it_had_ended_when_that_was_called():
    assert WRITE.before(OPEN)
    assert not WRITE.before(READ)
    assert not OPEN.before(OPEN)
    assert not WRITE.before(FAILED)  # at the same moment: nobody can tell


def test_operations_are_chosen_by_name_process_outcome_and_test():
    assert list(HISTORY.where("read", "cas")) == [READ, FAILED]
    assert list(HISTORY.where(process="c2", outcome="ok")) == [READ]
    assert list(HISTORY.where(test=lambda op: op.result == 3)) == [WRITE]
    assert HISTORY.where() == HISTORY


def test_processes_come_in_the_order_of_their_first_call():
    assert HISTORY.processes == ("c1", "c2", "c1#2")


def test_a_slice_of_a_history_is_a_history():
    assert HISTORY[1:3] == History((READ, FAILED))
    assert HISTORY[-1] is OPEN


def test_a_history_reads_as_a_story():
    assert HISTORY[::3].text() == (
        "c1        1.000 to    5.000 ms  write('x', 1) → ok 3\n"
        "c1#2      6.000 to    never ms  write('x', 2) → info"
    )
    assert repr(HISTORY) == "History of 4 operations: 2 ok, 1 fail, 1 info"


def test_a_history_is_a_table_too():
    table = HISTORY.to_pandas()
    assert list(table.columns) == (
        "process f args invoked_ms ended_ms outcome result".split()
    )
    assert list(table.outcome) == ["ok", "ok", "fail", "info"]
