"""Logs that are broken: a sentence with the line, and never a traceback."""

from __future__ import annotations

import gzip
import random

import pytest
import written_logs as written
from hypothesis import given
from hypothesis import strategies as st
from test_formats import ETCD, WRITE_3, drawn, jepsen, key_value, without_keys

from distlab.check import formats
from distlab.check.formats import FORMATS, edn, events, json_maps, lines, times
from distlab.check.formats import jepsen as jepsen_format
from distlab.errors import Misuse
from distlab.history import History

INVOKE = ":process 0, :type :invoke, :f :write, :value 3"
OK = ":process 0, :type :ok, :f :write, :value 3"
KEYED = ':process 0, :type :invoke, :f :put, :key "x", :value "y"'
CALL = '[1000,"call","c1","",{"$":"events.Call","name":"write","args":["x",1]},"",0]\n'
TRACE = (
    '{"nodes":["s1","c1"],"seed":3}\n[0,"start","s1","",null,"",0]\n'
    f"{CALL}"
    '[1500,"state","s1","",[["held",1]],"",0]\n[2000,"ok","c1","",null,"",0]\n'
    '[3000,"crash","c1","",null,"",0]\n'
)
OBJECT = '{"process": 0, "type": "invoke", "f": "write", "value": 3}\n'


def at(time: str) -> str:
    """A call at a time, as JSON."""
    return OBJECT.replace('"value"', f'"time": {time}, "value"')


READ = OBJECT.replace('"write", "value": 3', '"read", "key": "x"')
JSON = '["c1","write",["x",1],1000,"ok",null,2000]\n'


# --------------------------------------------------------------------------- sentences
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        # what cannot be read at all
        (jepsen(INVOKE, "nonsense"), "line 2: this is not EDN: Even number of terms"),
        (jepsen(INVOKE) + "\nnonsense\n", "line 2: 'nonsense', where a map was expect"),
        (jepsen(INVOKE) + "\n{:process 0", "line 2: a map begins here and has no end"),
        (
            jepsen(INVOKE) + '\n{:process "a\n}\n',
            "line 2: a map begins here and has no",
        ),
        (jepsen(INVOKE) + "\n{:f [1 2}\n", "line 2: a `}` that closes nothing"),
        (jepsen(INVOKE) + "\n}\n", "line 2: '}', where a map was expected"),
        (jepsen(INVOKE) + "\n#_ {:a 1}\n", "line 2: '#_', where a map was expected"),
        (jepsen(INVOKE) + "\n{:f #inst}", "line 2: this is not EDN"),
        (
            f"[{jepsen(INVOKE)}\n{jepsen(OK)}\n",
            r"line 1: a `\[` begins here and has no",
        ),
        (
            f"[{jepsen(INVOKE)}]\n{jepsen(OK)}\n",
            "line 2: the vector of maps had been c",
        ),
        (f"[{jepsen(INVOKE)})", r"line 1: '\)', where a map was expected"),
        (f"[[{jepsen(INVOKE)}]]", r"line 1: '\[', where a map was expected"),
        (jepsen(INVOKE, ":v " + "[" * 99 + "]" * 99), "line 2: more than 60 brackets"),
        # what is no operation
        (jepsen(INVOKE, ":process 0, :f :read"), "line 2: a map without a `:type`"),
        (jepsen(INVOKE, ":valid? true"), "line 2: .* the operations are in `history"),
        (jepsen(INVOKE, ":type :begin"), "line 2: `:type :begin` is none of :invoke"),
        (
            jepsen(":process 0, :type :invoke, :f :txn, :value [[:r 1]]"),
            r"line 1: a transaction is a vector of `\[:r key value\]`",
        ),
        (
            jepsen(
                ":process 0, :type :invoke, :f :txn, :value [[:r 1 nil]]",
                ":process 0, :type :ok, :f :txn, :value [[:r 2 nil]]",
            ),
            "line 2: p0 ends another transaction than the one that it began in line 1",
        ),
        # what cannot come now
        (jepsen(OK), "line 1: p0 ends `write`, which it has not begun"),
        (jepsen(INVOKE, OK, OK), "line 3: p0 ends `write`, which it has not begun"),
        (
            jepsen(INVOKE, INVOKE.replace("write", "read")),
            "line 2: p0 calls `read` while its `write` of line 1 has not ended: a pro",
        ),
        (
            jepsen(INVOKE, OK.replace("write", "read")),
            "line 2: p0 ends `read`, but in line 1 it began `write`",
        ),
        (jepsen(":process :nemesis, :type :info, :f :x"), "has no operation of a clie"),
        # others
        (ETCD + "INFO  jepsen.util - 0 :inwoke :read\n", "line 12: this is no line of"),
        (ETCD + "WARN x\n  at y\n0 :inwoke :ok :read\n", "line 14: this is no line of"),
        (
            ETCD + "WARN x\nINFO jepsen.util - 0 :inwoke\n",
            "line 13: this is no line of",
        ),
        (ETCD + "something\n", "line 12: this is no line of Jepsen's log"),
        (ETCD + "9\t:invoke\t:write\t[1 2}\n", "line 12: a `}` that closes no"),
        (jepsen(KEYED, INVOKE), "line 2: `write` of key None: put, append, get have a"),
        (jepsen(KEYED, "nonsense"), "line 2: this is not EDN"),
        (
            JSON + "[1]\n",
            r"line 2: an operation is \[process, f, args, invoked_us, out",
        ),
        (JSON + "{\n", "line 2: this is not JSON"),
        (
            JSON + JSON.replace('"ok"', '"fine"'),
            "line 2: `outcome` is 'fine', and must",
        ),
        (
            JSON + JSON.replace("1000", "1.5"),
            "line 2: `invoked_us` is 1.5, and must be",
        ),
        (JSON + JSON.replace("2000", "null"), "line 2: `ok`, but no end"),
        (JSON + JSON.replace("2000", "500"), "line 2: it ends at 500, before its call"),
        (
            JSON + JSON.replace('"c1"', "1"),
            "line 2: `process` is 1, and must be of typ",
        ),
        (
            JSON + JSON.replace("null", '{"$list":[]}'),
            "line 2: it holds a list, a dict",
        ),
        (
            JSON + JSON.replace("1000", "1500"),
            "line 2: c1 calls `write` while its `wri",
        ),
        (TRACE + '[0,"ok"]\n', "line 7: a step is .at_us, kind, node, peer, what"),
        (TRACE + "nonsense\n", "line 7: this is no step of a trace"),
        (TRACE + TRACE.splitlines()[4], "line 7: c1 ends what it has not begun"),
        (
            TRACE.replace('"ok","c1"', '"note","c1"') + CALL,
            "line 7: c1#2 calls `write`",
        ),
        (TRACE + CALL.replace('{"$', '{"'), "line 7: a step has a node, and a call"),
        (OBJECT + "[1]\n", "line 2: an event is {.process.: 0, .type.: .invoke"),
        (OBJECT + "{}\n", "line 2: an event is {.process.: 0, .type.: .invoke"),
        (OBJECT + "{\n", "line 2: this is not JSON"),
        (OBJECT.replace("invoke", "begin"), "line 1: `type` is 'begin', and must be"),
        (OBJECT.replace("0", "[]"), "line 1: `process` is a number or a name, and `f`"),
        (OBJECT * 2, "line 2: p0 calls `write` while its `write` of line 1 has not en"),
        # fields that are missing, or have other names
        (
            '{"client": 1, "op": "read"}\n',
            "line 1: an event is .*; this has `client`, `op`, and no `process`, `type`",
        ),
        (
            OBJECT.replace("value", "valeu"),
            "line 1: there is no field `valeu`. Did you mean `value`",
        ),
        (
            OBJECT.replace('"value"', '"kye": "x", "value"'),
            "line 1: there is no field `kye`. Did you mean `key`",
        ),
        (
            OBJECT.replace('"value"', '"timestamp": 7, "value"'),
            "line 1: there is no field `timestamp`. Did you mean `time`",
        ),
        (
            OBJECT + OBJECT.replace("0,", '1, "key": "x",'),
            "line 1: it has no `key`, and line 2 has one: give each call its key",
        ),
        # an end that is of something else
        (
            OBJECT + OBJECT.replace("invoke", "ok").replace("3", "4"),
            "line 2: p0 ends `write` with 4, but in line 1 it began with 3: an ok tel",
        ),
        (
            jepsen(INVOKE, OK.replace("3", "4")),
            "line 2: p0 ends `write` with 4, but in line 1 it began with 3",
        ),
        (
            jepsen(KEYED, KEYED.replace("invoke", "ok").replace('"y"', '"z"')),
            "line 2: p0 ends `put` with 'z', but in line 1 it began with 'y': an ok te",
        ),
        (
            jepsen(KEYED, KEYED.replace("invoke", "ok").replace('"x"', '"z"')),
            "line 2: p0 ends `put` of key 'z', but in line 1 it began that of 'x'",
        ),
        (
            READ + READ.replace("invoke", "ok").replace("x", "y"),
            "line 2: p0 ends `read` of key 'y', but in line 1 it began that of 'x'",
        ),
        # times
        (
            at('"10:00"'),
            "line 1: `time` is '10:00', and must be nanoseconds .12000000., seconds",
        ),
        (at("true"), "line 1: `time` is True, and must be nanoseconds"),
        (at('{"$float": "nan"}'), "line 1: `time` is nan, and must be nanoseconds"),
        (
            at('"2026-01-31T12:00:00"'),
            "line 1: `time` is '2026-01-31T12:00:00', without an offset: is it `2026",
        ),
        (
            at("1") + at("1.5"),
            r"line 2: its `time` is a number with a point \(seconds\), and that of l",
        ),
        (at("1") + OBJECT, "line 2: its `time` is missing, and that of line 1 is a wh"),
        (
            at("10") + at("5").replace("invoke", "ok"),
            "line 2: p0 ends `write` at a time before that of line 1, where it called",
        ),
        (
            at("9") + at("10").replace("invoke", "ok") + at("5"),
            "line 3: p0 calls `write` at a time before that of line 2, where it ended",
        ),
        (
            at("7")
            + at("8").replace("0,", "1,")
            + at("6").replace("0,", "2,")
            + (at("7").replace("invoke", "ok") + at("7")),
            "line 5: p0 calls `write` at the time of its call in line 1: give finer",
        ),
        (
            jepsen(f"{INVOKE}, :time 10", f"{OK}, :time 5"),
            "line 2: p0 ends `write` at a time before that of line 1, where it called",
        ),
        (
            jepsen(f"{INVOKE}, :time 7000000000", f"{OK}, :time 1000000000"),
            "line 2: its time is 6 s before that of the line above: if these are two",
        ),
        (jepsen(f"{INVOKE}, :time 1.5"), "line 1: `:time` is 1.5, and must be a whole"),
        (
            jepsen(f"{INVOKE}, :time 10", OK),
            "line 2: it has no time, and line 1 has one: give all of them one, or no",
        ),
        (
            jepsen(INVOKE, f"{OK}, :time 10"),
            "line 2: it has a time, and line 1 has none: give all of them one, or no",
        ),
        # formats that are mixed
        (JSON + jepsen(INVOKE), "line 2: this is not JSON"),
        (jepsen(INVOKE) + "\n" + JSON, "line 2: '\"c1\"', where a map was expected"),
        (ETCD + jepsen(INVOKE), "line 12: this is no line of Jepsen's log"),
        (jepsen(INVOKE) + "\n" + ETCD, "line 2: .INFO  jepsen.util - 0.*, where a map"),
        # what is no text
        ("\n\n \n", "in no format that is known here"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text, sentence):
    with pytest.raises(Misuse, match=f"^the text.*{sentence}"):
        formats.read(text)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty: there is no history in it"),
        (b"\xef\xbb\xbf", "in no format that is known here"),
        (WRITE_3.encode("utf-16"), "is in UTF-16: save it as UTF-8"),
        (
            WRITE_3.encode("utf-16-be"),
            "line 1: a zero byte: this is no log, or it is i",
        ),
        (
            gzip.compress(WRITE_3.encode(), mtime=0),
            "is compressed: unpack it first, `gunzip`",
        ),
        (
            f"{WRITE_3}\n; détaché".encode("latin-1"),
            r"line 3: byte 4 \(0xe9\) is not UTF-8: if the log is in Latin-1, `iconv",
        ),
        (b"\x7fELF\x02\x01\x01\x00\x00\x00", "line 1: a zero byte: this is no log"),
    ],
)
def test_what_is_no_text_is_told_as_such(content, sentence, tmp_path):
    path = tmp_path / "history.edn"
    path.write_bytes(content)
    with pytest.raises(Misuse, match=rf"^{path}.*{sentence}"):
        formats.read(path)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_the_ends_of_lines_of_windows_do_no_harm(end, tmp_path):
    path = tmp_path / "history.edn"
    path.write_bytes(b"\xef\xbb\xbf" + (WRITE_3 + "\n").replace("\n", end).encode())
    assert formats.read(path) == formats.read(WRITE_3)


def test_a_folder_and_a_file_that_is_not_there_are_told(tmp_path):
    with pytest.raises(Misuse, match="is a folder: name the logs in it"):
        formats.read(tmp_path)
    (tmp_path / "history.edn").touch()
    with pytest.raises(Misuse, match=r"no file .*histroy.edn. Did you mean `histo"):
        formats.read(tmp_path / "histroy.edn")
    with pytest.raises(Misuse, match=r"there is no file \S*nothing.edn\.$"):
        formats.read(tmp_path / "none" / "nothing.edn")


def test_a_format_that_nobody_knows_is_told_with_the_nearest():
    with pytest.raises(Misuse, match=r"no format `jepson`. Did you mean `jepsen`\?"):
        formats.read(WRITE_3, "jepson")


def test_what_is_too_long_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(edn, "SIZE_MAX", 1000)
    text = jepsen(INVOKE) + "\n{:value [\n" + "1 2 3\n" * 1000
    with pytest.raises(Misuse, match="line 2: a map of more than 1,000 characters"):
        formats.read(text)
    monkeypatch.setattr(lines, "LINE_MAX", 100)
    with pytest.raises(Misuse, match="line 2: longer than 100 bytes: break it"):
        formats.read(jepsen(INVOKE) + "\n" + " " * 200)


@pytest.mark.parametrize(
    "text",
    [
        "{:process 0, :type :invoke, :f :" + "a" * 100_000,
        "{:type :invoke, :value [" + "1" * 100_000 + "x]}",
        "{:type :invoke, :value [" + ":xnil" * 20_000 + "$]}",
        "{:type :invoke, :value [" + "[" * 30 + "1 " * 20_000 + "]}",
        "{:type :invoke, :value [" + '"' * 99_999 + "]}",
        "{:type :invoke, :value " + "\\" * 99_999 + "}",
        "{:type :invoke} " + "#a" * 50_000,
        "{:type :invoke} " + ";" * 100_000,
        "0 :invoke :write " + "[" * 100_000,
        "INFO jepsen.util - " * 10_000 + ":invoke",
    ],
)
def test_nothing_hangs_on_what_is_made_to_be_slow(text):
    """A pattern that tries every way to divide a text would take for ever here."""
    with pytest.raises(Misuse):
        formats.read(text + "\n")


# ---------------------------------------------------------------------------- fuzzing
def whole_logs() -> list[tuple[str, str]]:
    """A log of each format, and of each dress of Jepsen's."""
    history = drawn(3)
    jepsens = [("jepsen", dress(history)) for dress in written.DRESSES.values()]
    return [
        *jepsens,
        ("jsonl", history.to_jsonl()),
        ("trace", TRACE),
        ("json", written.as_json(history)),
        ("etcd", ETCD + written.as_etcd(without_keys(drawn(5)))),
        ("porcupine", written.as_porcupine(key_value())),
    ]


WHOLE = whole_logs()


def reads_or_says_why(content: bytes, format: str | None) -> None:
    try:
        history = formats.reading(content, format).history
    except Misuse as error:
        assert "\n" not in str(error).rstrip()
    else:
        assert isinstance(history, History)


@given(st.sampled_from(WHOLE), st.floats(0, 1), st.booleans())
def test_a_log_that_was_cut_is_read_or_refused(log, share, told):
    format, text = log
    content = text.encode()
    cut = content[: int(share * len(content))]
    reads_or_says_why(cut, format if told else None)


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3)), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_log_with_changed_bytes_is_read_or_refused(log, changes, told):
    format, text = log
    content = bytearray(text.encode())
    for share, new in changes:
        at = int(share * len(content))
        content[at : at + 2] = new
    reads_or_says_why(bytes(content), format if told else None)


@given(st.sampled_from(WHOLE), st.randoms(use_true_random=False))
def test_a_log_whose_lines_were_mixed_up_is_read_or_refused(log, rng: random.Random):
    format, text = log
    rows = text.splitlines(keepends=True)
    some = [rng.choice(rows) for _ in rows]
    reads_or_says_why("".join(some).encode(), format)


@given(st.text() | st.binary(), st.sampled_from([None, *FORMATS]))
def test_anything_is_read_or_refused(content, format):
    reads_or_says_why(content.encode() if isinstance(content, str) else content, format)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(300))
def test_many_logs_with_many_changes_are_read_or_refused(seed):
    rng = random.Random(seed)
    for format, text in WHOLE:
        content = bytearray(text.encode())
        for _ in range(rng.randint(1, 30)):
            at = rng.randrange(len(content) or 1)
            match rng.randrange(3):
                case 0:
                    content[at : at + 1] = rng.choices(b'{}[]()":;#\\ \n\t0a\x00\xff')
                case 1:
                    del content[at : at + rng.randint(1, 40)]
                case 2:
                    other = rng.randrange(len(content) or 1)
                    content[at:at] = content[other : other + rng.randint(1, 40)]
        reads_or_says_why(bytes(content), rng.choice([None, format]))


# ------------------------------------------------------------------------------ mutants
def sees_no_difference(*_: object) -> bool:
    return False


KILLED = {
    (jepsen_format, "GIVEN", ()): (jepsen(INVOKE, OK.replace("3", "4")), "p0 ends"),
    (times, "one_kind", sees_no_difference): (at("1") + at("1.5"), "its `time` is"),
    (json_maps, "all_keyed", sees_no_difference): (
        OBJECT + READ.replace("0", "1"),
        "it has no `key`",
    ),
    (times, "before", sees_no_difference): (
        at("9") + at("10").replace("invoke", "ok") + at("5"),
        "p0 calls `write` at a time before",
    ),
    (events, "before", sees_no_difference): (
        jepsen(f"{INVOKE}, :time 10", f"{OK}, :time 5"),
        "where it called `write`: mend",
    ),
    (events, "BACK_US_MAX", 10**9): (
        jepsen(f"{INVOKE}, :time 7000000000", f"{INVOKE}, :time 1000000000"),
        "its time is 6 s",
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant[1])
def test_what_forgets_to_refuse_is_found(mutant, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test_what_is_wrong_is_told_with_its_line(*KILLED[mutant])
