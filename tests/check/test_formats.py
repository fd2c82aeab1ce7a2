"""Logs in the formats of others: what is read, and what of it is known."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tracemalloc
from contextlib import suppress
from pathlib import Path

import histories
import made_logs
import pytest
import written_logs as written
from hypothesis import given
from hypothesis import strategies as st

from distlab.check import formats
from distlab.check.formats import (
    edn,
    edn_values,
    etcd,
    lines,
    maelstrom,
    reading,
    recognised,
    times,
)
from distlab.check.formats import jepsen as jepsen_format
from distlab.check.formats.events import Clock
from distlab.errors import Misuse
from distlab.faults import Crash, Recover
from distlab.history import History, Operation
from distlab.replication.abd import AbdClient, AbdReplica
from distlab.sim import Cluster, Network, Uniform

LOGS = Path(__file__).parent / "logs"
SEEDS = range(12)
SOAK = [pytest.param(seed, marks=pytest.mark.soak) for seed in range(12, 100)]


def drawn(seed: int) -> History:
    """Reads and writes with keys, of a store that tells no positions."""
    return History(
        op._replace(result=None) if op.f == "write" else op
        for op in histories.drawn(seed)
        if op.outcome != "fail" or op.ended_us is not None
    )


def without_keys(history: History) -> History:
    """What was done to x, as to a register."""
    return History(op._replace(args=op.args[1:]) for op in history if op.args[0] == "x")


def without_times(op: Operation) -> tuple:
    """What a log line tells of an operation."""
    return (*op[:3], op.outcome, op.result if op.outcome == "ok" else None)


def jepsen(*events: str) -> str:
    return "\n".join(f"{{{event}}}" for event in events)


WRITE_3 = jepsen(
    ":process 0, :type :invoke, :f :write, :value 3, :time 5000000",
    ":process 0, :type :ok, :f :write, :value 3, :time 9000000",
)


# ---------------------------------------------------------------------- which format
@pytest.mark.parametrize(
    ("text", "format"),
    [
        ('["c1","write",["x",1],1000,"ok",null,2000]\n', "jsonl"),
        ('{"nodes":["s1","c1"],"seed":3}\n', "trace"),
        ('{"type": "invoke", "process": 0, "f": "read"}\n', "json"),
        (WRITE_3, "jepsen"),
        (f"[{WRITE_3}]", "jepsen"),
        ("; a comment\n\n#jepsen.history.Op" + WRITE_3, "jepsen"),
        ("INFO  jepsen.util - 0  :invoke  :write  3\n", "etcd"),
        ("2024-01-01 10:00 INFO [w 0] jepsen.util: 0\t:invoke\t:read\tnil\n", "etcd"),
        ("0\t:invoke\t:read\tnil\n", "etcd"),
        ('{:process 0, :type :invoke, :f :get, :key "x", :value nil}', "porcupine"),
        ('{:type :invoke, :key "x", :f :put, :value "y", :process 1}', "porcupine"),
        ("{:process 0, :type :invoke, :f :broadcast, :value 1}", "maelstrom"),
    ],
)
def test_a_format_is_told_by_its_first_lines(text, format):
    assert recognised(text) == format


@pytest.mark.parametrize("text", ["hello\n", "{}", "[1, 2]", "(nil)"])
def test_what_is_in_no_format_is_refused(text):
    with pytest.raises(
        Misuse, match="in no format that is known here: jsonl, trace, json"
    ):
        recognised(text)


def test_a_text_and_a_path_are_told_apart(tmp_path):
    path = tmp_path / "history.edn"
    path.write_text(WRITE_3, encoding="utf-8")
    assert (
        formats.read(WRITE_3)
        == formats.read(path)
        == formats.read(str(path))
        == reading(WRITE_3.encode()).history
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_that_can_be_read_once_is_read_once(tmp_path):
    pipe = tmp_path / "history.edn"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(WRITE_3,))
    writer.start()
    assert formats.read(pipe) == formats.read(WRITE_3)
    writer.join()


# ----------------------------------------------------------------------- our own lines
@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_our_own_lines_come_back_as_they_were(seed):
    history = histories.drawn(seed)
    assert formats.read(history.to_jsonl()) == history


@pytest.mark.parametrize("seed", range(4))
def test_a_trace_tells_the_history_of_its_run(seed):
    """With a client that crashes at its work and comes back as another process."""
    cluster = Cluster(
        AbdReplica,
        servers=3,
        clients=3,
        seed=seed,
        network=Network(Uniform(1, 5)),
        workload=AbdClient.workload,
        faults=(Crash("c1", at_ms=30), Recover("c1", at_ms=60)),
    )
    cluster.at(80).call("c1", "read", "x")
    cluster.run(until_ms=400)
    read = reading(cluster.trace.to_jsonl())
    assert (read.format, read.history) == ("trace", cluster.history)
    assert "c1#2" in read.history.processes


# ------------------------------------------------------------- those of your own system
@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_objects_of_json_come_back(seed):
    history = drawn(seed)
    assert formats.read(written.as_json(history)) == history


def test_transactions_may_be_json_too():
    history = made_logs.transactions(made_logs.WRITE_SKEW)
    lines = written.as_json(history).replace('":append"', '"append"')
    assert formats.read(lines.replace('":r"', '"r"')) == history


def test_a_key_in_json_need_not_be_told_again():
    write, read = formats.read(
        '{"process": 0, "type": "invoke", "f": "write", "key": "x", "value": [1, 2]}\n'
        '{"process": 0, "type": "ok", "f": "write"}\n'
        '{"process": 0, "type": "invoke", "f": "read", "key": "x"}\n'
        '{"process": 0, "type": "ok", "f": "read", "value": [1, 2]}\n'
    )
    assert (write.args, write.result) == (("x", (1, 2)), None)
    assert (read.args, read.result) == (("x",), (1, 2))


def test_a_value_in_json_may_be_anything():
    (op,) = formats.read(
        '{"process": 7, "type": "invoke", "f": "write", "value": {"b": [1], "a": {}}}\n'
    )
    assert (op.process, op.args) == ("p7", ((("a", ()), ("b", (1,))),))


def timed(*events: tuple) -> str:
    """Lines of JSON: process, type, f, value, time."""
    names = ("process", "type", "f", "value", "time")
    rows = (dict(zip(names, event, strict=True)) for event in events)
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def in_turn(*times: object) -> str:
    """Writes of 1 and 2 by a; b, whose lines stand below, reads 1 between them."""
    done = [
        ("a", "invoke", "write", 1),
        ("a", "ok", "write", 1),
        ("a", "invoke", "write", 2),
        ("a", "ok", "write", 2),
        ("b", "invoke", "read", None),
        ("b", "ok", "read", 1),
    ]
    return timed(*((*event, at) for event, at in zip(done, times, strict=True)))


DAY = "2026-01-31T"
TIMES = {
    "nanoseconds": (10**9, 1_010_000_000, 3 * 10**9, 3_010_000_000, 2 * 10**9, 2**31),
    "seconds": (1.0, 1.01, 3.0, 3.01, 2.0, 2.147483648),
    "in UTC": tuple(
        f"{DAY}12:00:{second}Z"
        for second in ("01.000", "01.010", "03", "03.01", "02", "02.147483648")
    ),
    "elsewhere": tuple(
        f"{DAY}{clock}"
        for clock in (
            "14:00:01+02:00",
            "14:00:01.010+02:00",
            "14:00:03+02:00",
            "14:00:03.010+02:00",
            "07:30:02-04:30",
            "07:30:02.147483-04:30",
        )
    ),
}


@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_logs_of_each_client_one_after_the_other_are_one_history(seed):
    history = drawn(seed)
    rows = written.as_json(history).splitlines(keepends=True)
    rows.sort(key=lambda row: json.loads(row)["process"])
    assert formats.read("".join(rows)) == history


@pytest.mark.parametrize("kind", TIMES)
def test_times_may_be_nanoseconds_seconds_or_dates(kind):
    first, last, other = formats.read(in_turn(*TIMES[kind])).where("write", "read")
    assert (first.process, last.process, other.process) == ("a", "b", "a")
    since_us = [op.invoked_us - first.invoked_us for op in (last, other)]
    assert since_us == [1_000_000, 2_000_000]
    assert first.ended_us - first.invoked_us == 10_000
    assert last.ended_us - last.invoked_us == 147_483


def test_logs_one_after_the_other_are_sorted_by_time_and_that_is_said():
    read = reading(in_turn(*TIMES["nanoseconds"]))
    lines = in_turn(*TIMES["nanoseconds"]).splitlines()
    merged = reading("\n".join(lines[at] for at in (0, 1, 4, 5, 2, 3)))
    assert read.history == merged.history
    assert read.notes == ("Sorted by time: line 5 is earlier than the one before.",)
    assert merged.notes == ()


def test_of_sorted_lines_those_of_one_time_are_at_the_same_moment():
    """Which of two logs comes first in the file says nothing of real time."""
    history = formats.read(in_turn(1.0, 2.0, 3.0, 4.0, 2.0, 3.0))
    write, read, other = history.where("write", "read")
    assert not write.before(read) and not read.before(other) and write.before(other)


def test_of_lines_in_the_order_of_time_those_of_one_time_keep_it_and_that_is_said():
    read = reading(in_turn(1.0, 2.0, 2.0, 2.0, 2.0, 2.0))
    one, other, last = read.history.where("write", "read")
    assert one.before(other) and other.before(last)
    assert read.notes == ("Lines of one time, as line 5, count in their order.",)


def test_times_closer_than_a_microsecond_keep_their_order():
    one, last, other = formats.read(in_turn(1, 2, 5, 6, 3, 4)).where("write", "read")
    assert one.before(last) and last.before(other)


def test_late_times_are_counted_from_the_first_and_that_is_said():
    read = reading(in_turn(*(1_760_000_000.5 + second for second in range(6))))
    assert [op.invoked_us for op in read.history] == [0, 2_000_000, 4_000_000]
    assert read.notes == ("Times are counted from the first, of line 1.",)


def test_milliseconds_where_nanoseconds_are_meant_are_asked_about():
    notes = reading(in_turn(1000, 1010, 2000, 2010, 3000, 3010)).notes
    assert notes == (
        "Within 2,010 ns there are 6 events: are these times in nanoseconds?",
    )


# ------------------------------------------------------------------------------- Jepsen
@pytest.mark.parametrize("dress", written.DRESSES)
@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_a_jepsen_history_comes_back_in_whatever_dress(seed, dress):
    history = written.numbered(drawn(seed))
    read = reading(written.DRESSES[dress](history))
    if not history.where("read"):  # nothing tells that the values are keys and values
        history = History(op._replace(args=(op.args,)) for op in history)
    assert read.history == history
    assert (read.format, read.notes, read.unit) == ("jepsen", (), "ms")


@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_the_order_of_lines_stands_for_time_where_there_is_none(seed):
    history = drawn(seed)
    timed = formats.read("\n".join(written.as_jepsen(history)))
    untimed = reading("\n".join(written.as_jepsen(history, times=False)))
    assert [op[:3] for op in untimed.history] == [op[:3] for op in timed]
    for one, other in zip(timed, untimed.history, strict=True):
        assert [one.before(op) for op in timed] == [
            other.before(op) for op in untimed.history
        ]
    assert untimed.unit == "line" and "No times" in untimed.notes[0]
    assert {op.span[:4] for op in untimed.history} == {"line"}
    assert "line" not in timed.text()


def test_without_times_a_moment_is_the_number_of_its_line():
    (op,) = formats.read(
        "\n\n" + jepsen(":process 0, :type :invoke, :f :write, :value 3") + "\n;\n"
        "{:process 0, :type :ok, :f :write, :value 3}"
    )
    assert (op.invoked_ms, op.ended_ms) == (3, 5)
    assert op.span == "lines 3 to 5"


def test_of_several_events_in_one_line_each_has_a_place_of_its_own():
    one = "{:process 0, :type :invoke, :f :write, :value 3}"
    two = "{:process 0, :type :ok, :f :write, :value 3}"
    (op,) = formats.read(f"{one} {two}")
    assert op.span == "lines 1 to 1.001"


def test_events_of_one_microsecond_keep_the_order_of_their_lines():
    one, other = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :write, :value 3, :time 5000000001",
            ":process 0, :type :ok, :f :write, :value 3, :time 5000000002",
            ":process 1, :type :invoke, :f :write, :value 4, :time 5000000003",
        )
    )
    assert one.before(other) and other.invoked_us - one.invoked_us == 2


def test_who_is_no_client_is_left_out_and_named():
    read = reading(
        jepsen(
            ":process :nemesis, :type :info, :f :start, :value nil",
            ":process :nemesis, :type :info, :f :start, :value {:n1 #{:n2}}",
        )
        + "\n"
        + WRITE_3
    )
    assert len(read.history) == 1
    assert read.notes[0] == "Left out: 2 events of nemesis; no clients."


def test_an_operation_of_which_nobody_knows_is_info_with_the_reason():
    (op,) = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :write, :value 3",
            ':process 0, :type :info, :f :write, :value 3, :error [:timeout "5 s"]',
        )
    )
    assert op == Operation("p0", "write", (3,), 1000, "info", "timeout 5 s", 2000)


def test_an_operation_without_an_end_is_open_for_ever():
    (op,) = formats.read(jepsen(":process 0, :type :invoke, :f :write, :value 3"))
    assert (op.outcome, op.ended_us) == ("info", None)


def test_what_failed_did_not_happen():
    (op,) = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :cas, :value [1 2]",
            ":process 0, :type :fail, :f :cas, :value [1 2]",
        )
    )
    assert (op.f, op.args, op.outcome) == ("cas", (1, 2), "fail")


def test_a_cas_that_happened_gave_true():
    (op,) = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :cas, :value [1 2]",
            ":process 0, :type :ok, :f :cas, :value [1 2]",
        )
    )
    assert (op.args, op.result) == ((1, 2), True)


def test_a_read_without_a_key_tells_that_no_operation_has_one():
    write, read = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :write, :value [1 2]",
            ":process 0, :type :ok, :f :write, :value [1 2]",
            ":process 0, :type :invoke, :f :read, :value nil",
            ":process 0, :type :ok, :f :read, :value [1 2]",
        )
    )
    assert (write.args, read.args, read.result) == (((1, 2),), (), (1, 2))


def test_a_pair_alone_is_a_value():
    (op,) = formats.read(jepsen(":process 0, :type :invoke, :f :write, :value [1 2]"))
    assert op.args == ((1, 2),)


@pytest.mark.parametrize(
    "telling",
    [
        ":process 1, :type :invoke, :f :read, :value [k nil]",
        ":process 1, :type :invoke, :f :cas, :value [k [1 2]]",
    ],
)
def test_one_operation_with_a_key_tells_that_all_have_one(telling):
    write, other = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :write, :value [k 1]",
            ":process 0, :type :ok, :f :write, :value [k 1]",
            telling,
        )
    )
    assert write.args == ("k", 1)
    assert other.args in [("k",), ("k", 1, 2)]


def test_an_operation_without_a_key_among_those_that_have_one_is_refused():
    with pytest.raises(Misuse, match="p1 called `write` without a key"):
        formats.read(
            jepsen(
                ":process 0, :type :invoke, :f :read, :value [k nil]",
                ":process 1, :type :invoke, :f :write, :value 3",
            )
        )


def test_transactions_are_tuples_of_micro_operations():
    done = jepsen(
        ":process 0, :type :invoke, :f :txn, :value [[:append 3 1] [:r 4 nil]]",
        ":process 0, :type :ok, :f :txn, :value [[:append 3 1] [:r 4 [1 2]]]",
    )
    (op,) = formats.read(done)
    assert op.args == (("append", 3, 1), ("r", 4, None))
    assert op.result == (("append", 3, 1), ("r", 4, (1, 2)))


def test_knossos_calls_micro_operations_by_their_whole_names():
    (op,) = formats.read(
        jepsen(":process 0, :type :invoke, :value [[:read :x nil] [:write 1 2]]")
    )
    assert op.args == (("r", ":x", None), ("w", 1, 2))


def test_elles_examples_name_neither_process_nor_f():
    """Each transaction is then a process of its own: no order but time is known."""
    one, other = formats.read(
        jepsen(
            ":index 0 :type :invoke :value [[:append 1 1]]",
            ":index 1 :type :ok :value [[:append 1 1]]",
            ":index 2 :type :invoke :value [[:r 1 nil]]",
            ":index 3 :type :ok :value [[:r 1 [1]]]",
        )
    )
    assert (one.f, one.process, other.process) == ("txn", "p1", "p2")
    assert other.result == (("r", 1, (1,)),)


def test_values_may_be_anything_that_edn_has():
    text = r'{:a #{2 1}, "b" "x\ny", :c 1.5, :d \c, :e 2N, :f (1 #inst "2020-01-01")}'
    (op,) = formats.read(
        jepsen(
            f":process 0, :type :invoke, :f :write, :value {text}",
            f":process 0, :type :ok, :f :write, :value {text}",
        )
    )
    assert dict(op.args[0]) == {
        ":a": (1, 2),
        "b": "x\ny",
        ":c": 1.5,
        ":d": "c",
        ":e": 2,
        ":f": (1, "2020-01-01"),
    }


atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.from_regex(r":[a-z][a-z0-9?!.-]{0,6}", fullmatch=True)
    | st.text("ab {}[]()#,:;1é", max_size=8).filter(lambda text: text[:1] != ":")
)
vectors = st.recursive(
    atoms, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=12
)


@given(st.dictionaries(st.sampled_from([":a", ":b", ":c", ":d"]), vectors, max_size=4))
def test_what_is_read_fast_is_read_as_the_library_reads_it(found):
    text = "{" + ", ".join(f"{k} {written.edn(v)}" for k, v in found.items()) + "}"
    slow = edn_values.frozen(edn_values.parsed(text), as_dict=True)
    assert edn.read(text, lines.source(text), 1) == slow == found
    with suppress(ValueError):
        assert edn_values.plain(text) == found


# ------------------------------------------------------------------- Jepsen's log lines
@pytest.mark.parametrize("gap", ["\t", "  "])
@pytest.mark.parametrize("seed", [*SEEDS, *SOAK])
def test_log_lines_come_back(seed, gap):
    history = written.numbered(without_keys(drawn(seed)))
    back = formats.read(written.as_etcd(history, gap), "etcd") if history else []
    assert [without_times(op) for op in back] == [without_times(op) for op in history]


ETCD = """\
INFO  jepsen.util - 0	:invoke	:write	3
INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - :nemesis	:info	:start	nil
INFO  jepsen.util - 1  :invoke  :cas  [3 4]
INFO  jepsen.util - 2  :invoke  :cas  [9 4]
INFO  jepsen.util - 0	:info	:write	:timed-out
INFO  jepsen.util - 1  :ok  :cas  [3 4]
INFO  jepsen.util - 2  :fail  :cas  [9 4]
INFO  jepsen.util - 3  :invoke  :read  nil
INFO  jepsen.util - 3  :fail  :read  :timed-out
INFO  jepsen.util - 4  :invoke  :read  nil
"""


def test_jepsens_log_is_read_as_porcupine_reads_it():
    read = reading(ETCD)
    assert read.history.text().splitlines() == [
        "p0    lines 1 to 6          write(3) → info 'timed-out'",
        "p1    lines 4 to 7          cas(3, 4) → ok True",
        "p2    lines 5 to 8          cas(9, 4) → ok False",
        "p3    lines 9 to 10         read() → fail 'timed-out'",
        "p4    line 11 to no end     read() → info",
    ]
    assert read.notes[0] == (
        "Left out: 1 event of nemesis, 1 event of other loggers; no clients."
    )


LATER = """\
2024-01-01 10:01	INFO	[w] jepsen.core: Running test
2024-01-01 10:02	INFO	[w] jepsen.util: 0	:invoke	:write	[1 "a b"]
2024-01-01 10:03	INFO	[w] jepsen.util: :nemesis	:info	:cut	{"n" #{1}}
2024-01-01 10:03	WARN	[w] jepsen.client: it broke
java.net.SocketTimeoutException: Read timed out
	at java.net.Socket.read(Socket.java:1)

2024-01-01 10:04	INFO	[w] jepsen.util: 0	:info	:write	[1 "a b"]	:timeout
2024-01-01 10:05	INFO	[w] jepsen.util: 2	:invoke	:cas	[1 [3 4]]
2024-01-01 10:06	INFO	[w] jepsen.util: 2	:fail	:cas	[1 [3 4]]	[:no "a"]
2024-01-01 10:07	INFO	[w] jepsen.util: 3	:invoke	:read	[1 nil]
2024-01-01 10:08	INFO	[w] jepsen.util: 3	:ok	:read	[1 #{1.5 "a]"}]
"""


def test_later_logs_of_jepsen_have_times_keys_and_errors():
    """A cas that failed for another reason than its value was not answered."""
    log = reading(LATER)
    assert log.notes[0].startswith("Left out: 1 event of nemesis, 2 events of other l")
    write, cas, read = log.history
    assert (write.args, write.outcome, write.result) == ((1, "a b"), "info", "timeout")
    assert (cas.args, cas.outcome, cas.result) == ((1, 3, 4), "fail", '[:no "a"]')
    assert (read.args, read.result) == ((1,), ("a]", 1.5))


@pytest.mark.parametrize(
    ("text", "value", "rest"),
    [
        ("3", 3, ""),
        ("nil :timed-out", None, ":timed-out"),
        ("[1 [2 3]]\t[:no]", (1, (2, 3)), "[:no]"),
        ("1.5 :slow", 1.5, ":slow"),
        ('"a b" x', "a b", "x"),
        (r'"a \" b" x', 'a " b', "x"),
        ("#{2 :a 1} x", (":a", 1, 2), "x"),
        ("{:a [1}]} x", None, None),
        (r"\] x", "]", "x"),
        ("[1 2", None, None),
    ],
)
def test_a_value_ends_where_its_brackets_close(text, value, rest):
    where = lines.source(text + "\n")
    if rest is None:
        with pytest.raises(Misuse, match="line 1: a "):
            edn.first(text, where, 1)
    else:
        assert edn.first(text, where, 1) == (value, rest)


# ---------------------------------------------------------- Porcupine's key-value logs
def key_value() -> History:
    return History(
        [
            Operation("c0", "put", ("x", "y"), 1000, "ok", None, 4000),
            Operation("c1", "get", ("x",), 2000, "ok", "", 5000),
            Operation("c2", "append", ("x", 'a "q" {b'), 3000, "ok", None, 6000),
            Operation("c1", "get", ("x",), 7000, "ok", 'ya "q" {b', 8000),
            Operation("c0", "put", ("k z", "y"), 9000),
        ]
    )


def test_key_value_logs_come_back():
    history = key_value()
    assert formats.read(written.as_porcupine(history)) == written.numbered(history)


# ------------------------------------------------------------------------- Maelstrom
def test_a_broadcast_adds_to_the_set_that_reads_give():
    add, read = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :broadcast, :value 7",
            ":process 0, :type :ok, :f :broadcast, :value 7",
            ":process 1, :type :invoke, :f :read, :value nil",
            ":process 1, :type :ok, :f :read, :value [7]",
        )
    )
    assert (add.f, add.args, read.f, read.result) == ("add", (7,), "read", (7,))


def test_lin_kv_has_independent_keys():
    write, read = formats.read(
        jepsen(
            ":process 0, :type :invoke, :f :write, :value [0 4]",
            ":process 0, :type :ok, :f :write, :value [0 4]",
            ":process 1, :type :invoke, :f :read, :value [0 nil]",
            ":process 1, :type :ok, :f :read, :value [0 4]",
        )
    )
    assert (write.args, read.args, read.result) == ((0, 4), (0,), 4)


# ----------------------------------------------------------------------- and everywhere
def test_a_history_is_read_the_same_under_any_hash_seed():
    code = (
        "from distlab.check import formats\n"
        "text = '{:process 0, :type :invoke, :f :write, :value {:b {:c 1} :a [1]}}'\n"
        "print(formats.read(text).digest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in "12"
    }
    assert len(digests) == 1


def test_a_bar_shows_how_much_of_a_large_file_is_read(tmp_path, monkeypatch):
    """None for a small one, and none where nobody asks for it."""
    path = tmp_path / "history.edn"
    path.write_text(WRITE_3 + "\n", encoding="utf-8")
    bars: list[Bar] = []
    monkeypatch.setattr("tqdm.tqdm", lambda **options: Bar(options, bars))
    reading(path, progress=True)
    assert bars == []
    monkeypatch.setattr(lines, "SHOW_PROGRESS_FROM", 10)
    formats.read(path)
    assert bars == []
    reading(path, progress=True)
    (bar,) = bars
    assert bar.seen == bar.options["total"] == path.stat().st_size
    assert bar.options["disable"] is None  # at a terminal alone


class Bar:
    """Stands in for the bar of tqdm."""

    def __init__(self, options: dict, bars: list):
        self.options, self.seen = options, 0
        bars.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def update(self, size: int) -> None:
        self.seen += size


def test_a_log_is_read_line_by_line_and_never_held_whole(tmp_path):
    path = tmp_path / "large.edn"
    at = (f":process 0, :type :info, :time 12345678{number}" for number in range(9000))
    path.write_text(jepsen(*at), encoding="utf-8")
    tracemalloc.start()
    count = sum(1 for _ in edn.maps(lines.source(path)))
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 9000
    assert most_bytes < path.stat().st_size / 4


# ------------------------------------------------------------------------------ mutants
def takes_what_nobody_knows_as_done(begun, end):
    f, args, outcome, result = MEANT(begun, end)
    return f, args, "ok" if outcome == "info" else outcome, result


def takes_what_failed_as_done(begun, end):
    f, args, outcome, result = MEANT(begun, end)
    return f, args, "ok" if outcome == "fail" else outcome, result


def forgets_what_was_read(begun, end):
    return (*MEANT(begun, end)[:3], None)


def forgets_that_a_cas_succeeded(begun, end):
    f, args, outcome, result = MEANT(begun, end)
    return f, args, outcome, None if f == "cas" else result


def believes_the_clock(clock, event):
    CLOCK(clock, event)
    return event.line * 1000 if event.time_ns is None else event.time_ns // 1000


def forgets_the_times(clock, event):
    return CLOCK(clock, event._replace(time_ns=None))


def takes_no_key_for_one(op):
    return False


def takes_every_pair_for_a_key(op):
    return jepsen_format.is_pair(op.args[0])


def takes_a_refusal_for_a_failure(begun, end):
    return MEANT(begun, end)


def leaves_the_lines_as_they_are(events, source):
    return [event._replace(time_ns=None) for event in events], Clock()


def takes_seconds_for_nanoseconds(told):
    return int(told)


def forgets_the_offset(told):
    return NANOSECONDS(f"{told[:-6]}Z")


MEANT, CLOCK = jepsen_format.meant, Clock.at_us
NANOSECONDS = times.nanoseconds
KILLED = [
    (
        (jepsen_format, "meant", takes_what_nobody_knows_as_done),
        test_an_operation_of_which_nobody_knows_is_info_with_the_reason,
    ),
    (
        (jepsen_format, "meant", takes_what_failed_as_done),
        test_what_failed_did_not_happen,
    ),
    (
        (jepsen_format, "meant", forgets_what_was_read),
        test_a_read_without_a_key_tells_that_no_operation_has_one,
    ),
    (
        (jepsen_format, "meant", forgets_that_a_cas_succeeded),
        test_a_cas_that_happened_gave_true,
    ),
    (
        (Clock, "at_us", believes_the_clock),
        test_events_of_one_microsecond_keep_the_order_of_their_lines,
    ),
    (
        (Clock, "at_us", forgets_the_times),
        test_events_of_one_microsecond_keep_the_order_of_their_lines,
    ),
    (
        (times, "SortedClock", Clock),
        test_of_sorted_lines_those_of_one_time_are_at_the_same_moment,
    ),
    (
        (times, "Clock", times.SortedClock),
        test_of_lines_in_the_order_of_time_those_of_one_time_keep_it_and_that_is_said,
    ),
    (
        (times, "in_order", leaves_the_lines_as_they_are),
        test_logs_one_after_the_other_are_sorted_by_time_and_that_is_said,
    ),
    (
        (times, "nanoseconds", takes_seconds_for_nanoseconds),
        lambda: test_times_may_be_nanoseconds_seconds_or_dates("seconds"),
    ),
    (
        (times, "nanoseconds", forgets_the_offset),
        lambda: test_times_may_be_nanoseconds_seconds_or_dates("elsewhere"),
    ),
    (
        (jepsen_format, "has_key", takes_no_key_for_one),
        test_lin_kv_has_independent_keys,
    ),
    (
        (jepsen_format, "has_key", takes_every_pair_for_a_key),
        test_a_pair_alone_is_a_value,
    ),
    (
        (etcd, "meant", takes_a_refusal_for_a_failure),
        test_jepsens_log_is_read_as_porcupine_reads_it,
    ),
    (
        (maelstrom, "RENAMED", {}),
        test_a_broadcast_adds_to_the_set_that_reads_give,
    ),
]


@pytest.mark.parametrize(("mutant", "test"), KILLED)
def test_what_forgets_a_rule_reads_another_history(mutant, test, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises(AssertionError):
        test()
