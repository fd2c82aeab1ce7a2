"""The trace: what happened, in order, as lines that can be kept and compared."""

from __future__ import annotations

import pytest
from protocols.pingpong import Ping, PingPong, Pong

from distlab.errors import Misuse
from distlab.faults import Byzantine, Crash, Split
from distlab.node import Call, Log, mint
from distlab.trace import KINDS, Step, Trace


class Liar(PingPong):
    pass


STEPS = (
    Step(0, "start", "a"),
    Step(0, "fault", "", what=Split((("a",), ("b",)), at_ms=0), why="begins"),
    Step(100, "call", "a", what=Call("serve", (2,))),
    Step(100, "send", "a", "b", Ping(2), msg_id=1),
    Step(1600, "drop", "b", "a", Ping(2), "cut", 1),
    Step(2000, "fault", "b", what=Byzantine("b", Liar, at_ms=2)),
    Step(2500, "deliver", "a", "b", mint("b", Pong(2)), msg_id=2),
    Step(2500, "state", "a", what=(("left", 1), ("seen", {"b": [1]}), ("log", Log(1)))),
    Step(3000, "note", "a", what="split vote"),
    Step(9000, "crash", "b"),
)
TRACE = Trace(STEPS, ("a", "b"), seed=7)


def test_a_trace_survives_being_written_and_read():
    again = Trace.from_jsonl(TRACE.to_jsonl())
    assert again == TRACE
    assert again.seed == 7
    assert again.digest() == TRACE.digest()
    assert [type(step) for step in again] == [Step] * len(TRACE)


def test_the_digest_tells_traces_apart():
    later = (*STEPS[:-1], STEPS[-1]._replace(at_us=9001))
    assert Trace(later, ("a", "b"), 7).digest() != TRACE.digest()
    assert Trace(STEPS, ("b", "a"), 7).digest() != TRACE.digest()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (1, "line 1: a trace begins with its nodes and its seed"),
        (3, "line 3: a step is at_us, kind, node"),
    ],
)
def test_a_wrong_line_is_named(line, sentence):
    lines = TRACE.to_jsonl().splitlines()
    lines[line - 1] = '["x"]'
    with pytest.raises(Misuse, match=sentence):
        Trace.from_jsonl("\n".join(lines))


def test_a_line_that_is_no_json_is_named():
    lines = TRACE.to_jsonl().splitlines()
    lines[4] = lines[4][:-3]
    with pytest.raises(Misuse, match="line 5: this is not JSON"):
        Trace.from_jsonl("\n".join(lines))


def test_an_empty_text_is_no_trace():
    with pytest.raises(Misuse, match="line 1"):
        Trace.from_jsonl("")


def test_times_are_told_in_milliseconds():
    assert STEPS[4].at_ms == 1.6
    assert TRACE.end_us == 9000
    assert Trace((), ()).end_us == 0


def test_steps_are_chosen_by_kind_node_and_test():
    assert len(TRACE.where("send", "drop")) == 2
    assert len(TRACE.where(node="b")) == 3
    assert len(TRACE.where(test=lambda s: s.msg_id == 1)) == 2
    assert TRACE.where("send").nodes == ("a", "b")
    assert len(TRACE.where()) == len(TRACE)


def test_an_unknown_kind_is_refused():
    with pytest.raises(Misuse, match="no step has the kind 'sent': start, send"):
        TRACE.where("sent")


def test_steps_are_chosen_by_time_both_ends_included():
    assert [s.kind for s in TRACE.between(1.6, 2.5)] == [
        "drop",
        "fault",
        "deliver",
        "state",
    ]


def test_a_time_just_outside_is_outside():
    assert [s.kind for s in TRACE.between(1.601, 2.499)] == ["fault"]
    assert TRACE.between(9.001, 1000) == Trace((), ("a", "b"))


def test_traces_of_other_nodes_are_other_traces():
    assert Trace(STEPS, ("b", "a"), 7) != TRACE
    assert Trace(STEPS[1:], ("a", "b"), 7) != TRACE


def test_a_slice_of_a_trace_is_a_trace():
    assert TRACE[2:4] == Trace(STEPS[2:4], ("a", "b"))
    assert TRACE[2] is STEPS[2]


def test_a_run_tells_which_path_it_took():
    assert TRACE.saw("split vote")
    assert not TRACE.saw("split")


def test_a_trace_reads_as_a_story():
    assert TRACE[3:5].text() == (
        "     0.100 ms  a    send     → b  Ping(n=2)\n"
        "     1.600 ms  b    drop     ← a  Ping(n=2)  (cut)"
    )
    assert repr(TRACE) == "Trace of 2 nodes: 10 steps, 1 messages, 9 ms, seed 7"
    assert repr(Trace((), ())) == "Trace: nothing happened"


def test_each_kind_of_step_is_explained():
    assert {step.kind for step in STEPS} <= set(KINDS)


def test_a_trace_is_a_table_too():
    table = TRACE.to_pandas()
    assert list(table.columns) == "at_ms kind node peer what why msg_id".split()
    assert len(table) == len(TRACE)
    assert table.what[0] == ""
    assert table.what[3] == "Ping(n=2)"


def test_equal_traces_have_equal_hashes():
    assert hash(Trace(STEPS, ("a", "b"), 7)) == hash(TRACE)
    assert Trace(STEPS, ("a", "b"), 7) == TRACE
    assert [*STEPS] != TRACE


def test_a_fault_stays_what_it_was():
    (read,) = Trace.from_jsonl(
        Trace([Step(0, "fault", "s1", what=Crash("s1", at_ms=0.5))], ("s1",)).to_jsonl()
    )
    assert read.what == Crash("s1", at_ms=0.5)
