"""`distlab check`: what is said about a log, and the exit codes."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distlab.__main__ import main
from distlab.check.formats import FORMATS
from distlab.check.properties import MODELS, PROPERTIES

LOGS = Path(__file__).parent / "check" / "logs"


@pytest.fixture
def check(capsys, monkeypatch):
    """`check("etcd.log", …)`: exit code, output, errors; run where the logs are."""
    monkeypatch.chdir(LOGS)

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["check", *map(str, words)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


# ------------------------------------------------------------------------- what is said
def test_a_bad_log_is_told_with_its_evidence(check, golden):
    code, out, err = check("inversion.edn")
    golden("check_inversion.txt", out)
    assert (code, err) == (1, "")
    assert out.startswith("INVALID  linearizable")


def test_a_good_log_is_told_with_what_was_assumed(check, golden):
    code, out, err = check("etcd.log")
    golden("check_etcd.txt", re.sub(r"search of \d+ conf", "search of … conf", out))
    assert (code, err) == (0, "")
    assert "Assumed: model cas-register, property linearizable." in out


def test_that_lines_stand_for_times_is_told_before_the_reason(check, tmp_path):
    log = tmp_path / "quiet.jsonl"
    log.write_text(
        '{"process": 0, "type": "invoke", "f": "read"}\n'
        '{"process": 0, "type": "ok", "f": "read", "value": 3}\n'
    )
    _, head, note, reason, *_ = ("", *check(log)[1].splitlines())
    assert head.startswith("INVALID  linearizable")
    assert note == "No times in this log: its lines are told instead."
    assert "(lines 1 to 2)" in reason


def test_a_ring_of_transactions_is_told(check):
    code, out, err = check("write-skew.edn", "--property", "serializable")
    assert (code, err) == (1, "")
    assert out.startswith("INVALID  serializable  (4 transactions")
    assert "write skew" in out and "Assumed: model list-append." in out


def test_what_was_said_is_not_assumed(check):
    _, out, _ = check("abd.jsonl", "--model", "kv", "--property", "sequential")
    assert out.startswith("VALID  sequential") and "Assumed" not in out
    _, out, _ = check("abd.jsonl", "--model", "kv")
    assert out.rstrip().endswith("Assumed: property linearizable.")


def test_who_was_left_out_is_said(check):
    assert "Left out: 1 event of nemesis; no clients." in check("inversion.edn")[1]


def test_all_properties_are_told_the_strongest_first(check):
    code, out, _ = check("inversion.edn", "--property", "all")
    assert code == 1
    assert out.splitlines()[:7] == [
        "INVALID  linearizable",
        "VALID    sequentially consistent",
        "VALID    causal memory",
        "VALID    causally convergent",
        "VALID    causally consistent",
        "VALID    PRAM",
        "INVALID  linearizable  (2 reads on 1 key; zones (Gibbons and Korach))",
    ]


def test_of_all_properties_the_weakest_that_is_broken_is_argued(check, tmp_path):
    svg = tmp_path / "map.svg"
    code, out, _ = check("write-skew.edn", "--property", "all", "--svg", svg)
    assert code == 1 and "\nINVALID  repeatable read  (" in out
    assert "parallel snapshot isolation" in svg.read_text(encoding="utf-8")


def test_several_logs_are_judged_one_by_one_and_counted(check):
    code, out, _ = check("etcd.log", "etcd-bad.log", "abd.jsonl")
    assert code == 1
    assert [line.split("  ")[0] for line in out.splitlines() if "  (" in line] == [
        "VALID",
        "INVALID",
        "VALID",
    ]
    assert out.endswith("\n3 logs: 2 valid, 0 unknown, 1 invalid, 0 unreadable\n")


def test_a_log_may_come_in_by_the_standard_input(check, monkeypatch):
    text = (LOGS / "etcd.log").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    code, out, _ = check("-")
    assert code == 0 and "  -, format etcd: History of 85 operations" in out


@pytest.mark.parametrize("log", ["inversion.edn", "write-skew.edn", "etcd.log"])
def test_the_verdict_can_be_drawn(log, check, tmp_path):
    svg = tmp_path / "verdict.svg"
    _, out, _ = check(log, "--svg", svg)
    assert f"Drawn: {svg}." in out
    assert svg.read_text(encoding="utf-8").startswith("<svg")


# --------------------------------------------------------------------------- exit codes
def test_unknown_is_2(check, tmp_path):
    log = tmp_path / "quiet.edn"
    log.write_text("{:process 0, :type :invoke, :f :write, :value 3}\n")
    code, out, _ = check(log)
    assert code == 2 and out.startswith("UNKNOWN  linearizable")


def test_past_a_limit_nothing_is_known(check):
    code, out, _ = check("etcd.log", "--steps", "5")
    assert code == 2 and out.startswith("UNKNOWN") and "5 steps" in out
    assert out.endswith("Limits are raised by --timeout-s, --steps and --memory-mb.\n")


UNREADABLE = {
    ("inverion.edn",): "there is no file inverion.edn. Did you mean `inversion.edn`?",
    (".",): ". is a folder: name the logs in it.",
    ("etcd.log", "--format", "jepsen"): (
        "etcd.log, line 1: 'INFO  jepsen.util - 0\\t:invoke\\t:write\\t0', where a map "
        "was expected, `{:process 0, …}`."
    ),
    ("queue.edn", "--model", "stack"): (
        "queue.edn: p0 called `enqueue` at 0.261 ms: `stack` has pop, push alone."
    ),
    ("queue.edn", "--property", "serializable"): (
        "queue.edn: `serializable` is about transactions, and the model `queue` is "
        "not; `linearizable` would be usual."
    ),
    ("queue.edn", "--property", "causal"): (
        "queue.edn: `causal` is about reads and writes: of a register, or of kv."
    ),
}


@pytest.mark.parametrize("words", UNREADABLE)
def test_what_cannot_be_read_is_3_with_a_sentence(words, check):
    assert check(*words) == (3, "", f"distlab check: {UNREADABLE[words]}\n")


def test_the_worst_of_several_counts_unreadable_before_invalid_before_unknown(check):
    assert check("etcd.log", "inversion.edn", "nothing.edn")[0] == 3
    assert check("etcd.log", "inversion.edn", "--steps", "5")[0] == 1
    assert check("etcd.log", "abd.jsonl", "--steps", "5")[0] == 2
    assert check("counter.edn", "abd.jsonl")[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--model", "registre"],
            "there is no model `registre`. Did you mean `register`",
        ),
        (["--property", "lineariseable"], "Did you mean `linearizable`"),
        (["--format", "jepson"], "no format `jepson`. Did you mean `jepsen`?"),
        (["--steps", "0"], "Limits: steps is 0; give more."),
        (["abd.jsonl", "--svg", "x.svg"], "--svg draws one log: give one."),
    ],
)
def test_wrong_use_is_2_before_anything_is_read(words, sentence, check):
    code, out, err = check("etcd.log", *words)
    assert (code, out) == (2, "") and sentence in err


def test_help_tells_the_exit_codes_and_every_name(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    told = capsys.readouterr().out
    words = told.replace(",", " ").split()
    assert {*MODELS, *PROPERTIES, *FORMATS} <= {*words}
    assert "3  a log cannot be read" in told
    assert max(map(len, told.splitlines())) <= 88


# ---------------------------------------------------------------------------- machinery
def test_the_output_is_the_same_under_any_hash_seed(tmp_path):
    """Sets of texts, keys and processes: nothing depends on their order."""
    members = tmp_path / "members.edn"
    members.write_text(
        "{:process 0, :type :invoke, :f :add, :value :a}\n"
        "{:process 0, :type :ok, :f :add, :value :a}\n"
        "{:process 0, :type :invoke, :f :read, :value nil}\n"
        "{:process 0, :type :ok, :f :read, :value #{:a :b :c :d :e}}\n"
    )
    logs = ("broadcast.edn", "kv-bad.txt", members)
    outputs = {
        subprocess.run(
            [sys.executable, "-m", "distlab", "check", *logs],
            cwd=LOGS,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
        ).stdout
        for seed in "12"
    }
    (told,) = outputs
    assert "p0 read() gave {':a', ':b', ':c', ':d', ':e'}" in told.replace("\n", " ")
