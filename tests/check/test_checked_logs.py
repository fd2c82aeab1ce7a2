"""The logs beside the tests: that they are what they say, and what is found in them."""

from __future__ import annotations

from pathlib import Path

import made_logs
import pytest

from distlab.check import formats
from distlab.check.properties import guessed, judge, usual

LOGS = Path(__file__).parent / "logs"
# What is in each: format, model, and whether it keeps what is usually promised.
FOUND = {
    "abd.jsonl": ("jsonl", "kv", "valid"),
    "inversion.edn": ("jepsen", "kv", "invalid"),
    "etcd.log": ("etcd", "cas-register", "valid"),
    "etcd-bad.log": ("etcd", "cas-register", "invalid"),
    "kv.txt": ("porcupine", "texts", "valid"),
    "kv-bad.txt": ("porcupine", "texts", "invalid"),
    "queue.edn": ("jepsen", "queue", "valid"),
    "counter.edn": ("jepsen", "counter", "valid"),
    "broadcast.edn": ("maelstrom", "set", "valid"),
    "write-skew.edn": ("jepsen", "list-append", "invalid"),
}


def test_every_log_is_made_by_what_is_told_here(request):
    made = made_logs.logs()
    for name, text in made.items():
        if request.config.getoption("--update-golden"):
            (LOGS / name).write_text(text, encoding="utf-8", newline="\n")
        assert (LOGS / name).read_text(encoding="utf-8") == text, name
    assert sorted(made) == sorted(FOUND) == sorted(log.name for log in LOGS.iterdir())


@pytest.mark.parametrize("name", FOUND)
def test_format_model_and_verdict_are_found_without_being_told(name):
    read = formats.reading(LOGS / name)
    model = guessed(read.history)
    verdict = judge(read.history, usual(model), model)
    assert (read.format, model, verdict.outcome) == FOUND[name]


def test_an_inversion_is_no_harm_to_those_who_look_at_no_clock():
    """New, then old, read by two: not linearizable, and sequential all the same."""
    history = formats.read(LOGS / "inversion.edn")
    assert judge(history, "linearizable", "kv").invalid
    assert judge(history, "sequential", "kv").valid
    assert judge(history, "causal-memory", "kv").valid


def test_write_skew_is_no_harm_to_snapshots():
    history = formats.read(LOGS / "write-skew.edn")
    assert judge(history, "serializable", "list-append").invalid
    assert judge(history, "snapshot-isolation", "list-append").valid
