"""`distlab explore`: every schedule of a protocol, from the command line."""

import importlib
import json

import pytest

from distlab.__main__ import main
from distlab.node import Node
from distlab.simulate import protocols

STALE = """replication.regular_register --clients 2 --judge linearizable
--call c1.write("x",1) --call c2.read("x") --call c2.read("x")""".split()
NO_NODES = {  # what a chapter has beside protocols
    name
    for name, whole in protocols()
    if not any(
        isinstance(kind, type) and issubclass(kind, Node) and kind.__module__ == whole
        for kind in vars(importlib.import_module(whole)).values()
    )
}
NO_VALUES = "replication.abd_as_story"  # keeps a generator, which cannot be compared
RULES = "consensus.two_phase_commit_model"  # a specification
ALONE = "replication.client"  # asks itself, and has no answer


def explored(capsys, *words):
    code = main(["explore", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_all_schedules_of_a_protocol_are_gone_through(capsys):
    code, out, _ = explored(
        capsys, "replication.single_leader", "--crashes", "1", "--timers", "2"
    )
    assert code == 0
    assert out.startswith("VALID  always every invariant holds  (all 3,412 states, ")
    assert "3 servers (SingleLeader) and 1 client (KeyValueClient)" in out
    assert "at most 1 crash, no recovery, at most 2 timeouts" in out


@pytest.mark.parametrize("name", sorted(set(dict(protocols())) - NO_NODES))
def test_every_protocol_can_be_explored_or_says_why_not(capsys, name):
    words = f"{name} --timers 1 --crashes 1 --states 2000".split()
    code, out, err = explored(capsys, *words)
    if err:
        why_not = "story is a generator" if name == NO_VALUES else "reads its clock"
        assert code == 2 and why_not in err
    elif name == ALONE:
        assert code == 1 and "received Write" in out
    else:
        assert out.startswith("VALID" if code == 0 else "UNKNOWN  ")


@pytest.mark.parametrize(
    ("words", "worlds"), [("", 288), (":TwoPhaseCommit --set managers=5", 8832)]
)
def test_a_specification_is_gone_through_as_well(capsys, words, worlds):
    code, out, _ = explored(capsys, *f"{RULES}{words}".split())
    assert code == 0
    assert "sometimes all commit" in out
    assert f"(all {worlds:,} states, " in out


NO_TIMER = "  No timer could run out, and s1, s2, s3 wait for one from the beginning: "
NO_CALL = "  Nobody was called: "


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("consensus.raft", [NO_TIMER + "--timers 1 lets one run out."]),
        (
            "consensus.raft --timers 1 --clients 0",
            [NO_CALL + "--call 's3.…' says who and what."],
        ),
        (
            "replication.single_leader --calls 0",
            [NO_CALL + "--call 'c1.…' says who and what."],
        ),
        ("replication.abd --servers 2", []),
        ("consensus.viewstamped --timers 1 --states 2000", []),
    ],
)
def test_where_little_can_happen_a_verdict_is_no_comfort(capsys, words, told):
    _, out, _ = explored(capsys, *words.split())
    starts = NO_TIMER[:10], NO_CALL[:10]
    assert [line for line in out.splitlines() if line.startswith(starts)] == told


FEWER = [
    ("consensus.raft --timers 1 --clients 0", "--interchangeable servers", (157, 28)),
    ("consensus.paxos --servers 2 --set retry_ms=None", "--prompt", (754, 265)),
    ("consensus.paxos --servers 2 --set retry_ms=None", "--commuting", (754, 485)),
]


@pytest.mark.parametrize(("words", "fewer", "worlds"), FEWER)
def test_fewer_worlds_are_looked_at_where_that_is_as_good(capsys, words, fewer, worlds):
    for count, more in zip(worlds, ([], fewer.split()), strict=True):
        code, out, _ = explored(capsys, *words.split(), *more)
        assert code == 0
        assert f"(all {count:,} states, " in out


FAULTS = "--servers 2 --timers 1 --crashes 1 --recoveries 1 --calls 2"
LATE = "--timers 1"
WORLDS = [
    ("replication.after_commit", FAULTS, 2500),
    ("replication.automatic_failover", FAULTS, 3406),
    ("replication.failover", FAULTS, 2500),
    ("replication.fencing", FAULTS, 7521),
    ("replication.single_leader", FAULTS, 1995),
    ("replication.version_numbers", FAULTS, 4038),
    ("replication.two_shards", LATE, 1980),
    ("replication.abd", "--servers 2", 796),
    ("replication.quorum", "--servers 2 " + LATE, 1776),
    ("replication.sessions", "--servers 2 " + LATE, 1980),
    ("replication.anti_entropy", "--servers 2 " + LATE, 8032),
    ("replication.hinted_handoff", "--servers 2 " + LATE, 8720),
    ("replication.coordinator", "--servers 2 " + LATE, 10_692),
]


@pytest.mark.parametrize(("name", "how", "worlds"), WORLDS)
def test_a_protocol_has_as_many_worlds_as_before(capsys, name, how, worlds):
    """Where this count changes, a protocol has changed, or what the explorer does."""
    code, out, _ = explored(capsys, name, *how.split())
    assert code == 0
    assert f"(all {worlds:,} states, " in out


def test_a_judge_by_its_name_looks_at_each_history(capsys):
    code, out, _ = explored(
        capsys,
        *"replication.abd --servers 2 --clients 2 --judge linearizable".split(),
    )
    assert code == 0
    assert "always linearizable" in out


def test_what_a_protocol_does_not_promise_to_survive_is_told(capsys):
    words = "consensus.viewstamped --crashes 1 --recoveries 1 --network unordered"
    code, out, _ = explored(capsys, *words.split())
    assert code == 1  # it forgets everything, and answers nevertheless
    assert "does not promise to survive: Recover, Reordering." in out
    _, out, _ = explored(capsys, *"consensus.viewstamped --crashes 1".split())
    assert "messages of a link arrive in order" in out
    assert "does not promise" not in out


def test_past_a_limit_nothing_is_known(capsys):
    code, out, _ = explored(capsys, "consensus.paxos", "--states", "1000")
    assert code == 2
    assert out.startswith("UNKNOWN")


def test_the_way_to_what_is_broken_is_shown_written_and_drawn(capsys, tmp_path):
    lines, picture = tmp_path / "way.jsonl", tmp_path / "way.svg"
    where = "--jsonl", str(lines), "--svg", str(picture)
    code, out, _ = explored(capsys, *STALE, "--trace", *where)
    assert code == 1
    assert "1  c1 is called to write('x', 1)" in out
    assert "1.000 ms  c1   call      write('x', 1)" in out
    assert json.loads(lines.read_text("utf-8").splitlines()[0])["nodes"]
    assert picture.read_text("utf-8").startswith("<svg")


def test_where_nothing_is_broken_there_is_no_way_to_show(capsys):
    _, out, _ = explored(capsys, "replication.version_numbers", "--trace")
    assert "--trace: nothing is broken, so there is no way to show." in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("replication.abdd", "Did you mean `replication.abd`?"),
        ("replication.abd --network order", "Did you mean `ordered`?"),
        ("replication.last_write_wins", "reads its clock"),
        ("replication.abd --judge linear", "Did you mean `linearizable`?"),
        ("replication.abd --order deep", "there are breadth, depth, random"),
        ("consensus.raft --crashes -1", "--crashes -1: give 0 or more."),
        ("consensus.raft --recoveries -1", "--recoveries -1: give 0 or more."),
        ("consensus.raft --timers -1", "--timers -1: give 0 or more."),
        ("consensus.raft --calls -1", "--calls -1: give 0 or more."),
        ("consensus.paxos --judge linearisable", "Did you mean `linearizable`?"),
        ("consensus.raft_downtime", "raft_downtime` has no class of nodes: name a"),
        (f"{RULES} --set managers=0", "managers=0: give a whole number, 1 or more."),
        (f"{RULES} --crashes 1", "--crashes is for nodes, and `TwoPhaseCommit` is a"),
        (f"{RULES}:TwoPhase", "Did you mean `TwoPhaseCommit`?"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(capsys, words, told):
    code, _, err = explored(capsys, *words.split())
    assert code == 2
    assert told in err
