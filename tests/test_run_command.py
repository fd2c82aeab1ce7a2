"""`distlab run`: what may be said, what is printed, and how it ends."""

import re
import sys
import types

import pytest
from sim import sim_nodes

from distlab import simulate
from distlab.__main__ import main
from distlab.check.linearizable import linearizable
from distlab.sim import sweep
from distlab.trace import Trace


@pytest.fixture(autouse=True)
def chapter(monkeypatch):
    """The small protocols of these tests, as if they were a chapter."""
    known = {"toys.echo": "sim.sim_nodes", "toys.boom": "boom"}
    monkeypatch.setattr(simulate, "protocols", lambda: iter(known.items()))
    boom = types.ModuleType("boom")
    monkeypatch.setitem(sys.modules, "boom", boom)
    exec(
        "from distlab.node import Node\n"
        "class Boom(Node):\n"
        "    workload = staticmethod(lambda client, choose: ())\n"
        "    def invariant(self): return 'it is broken'\n",
        vars(boom),
    )


def said(capsys, *words):
    code = main(["run", *words])
    return code, capsys.readouterr()


ASK = ("toys.echo", "--call", "c1.ping(1)", "--call", "c1.ping(2)")


def test_a_run_prints_a_summary(capsys):
    code, printed = said(capsys, *ASK, "--seed", "7", "--fault", "Loss(1.0, dst='s1')")
    assert code == 0
    assert "3 servers (Echo) and 1 client (Pinger), seed 7" in printed.out
    assert "History of 2 operations: 2 ok, 0 fail, 0 info" in printed.out
    assert "dropped: lost" in printed.out


def test_trace_history_and_digest_are_printed_when_asked_for(capsys):
    _, plain = said(capsys, *ASK)
    assert "←" not in plain.out and "ping" not in plain.out
    _, full = said(capsys, *ASK, "--trace", "--history", "--digest")
    assert "deliver  ← s" in full.out
    assert "ping(2) → ok 2" in full.out
    digest = next(line for line in full.out.splitlines() if line.startswith("trace "))
    assert len(digest.split()[1]) == 64


def test_equal_words_print_equal_runs_and_another_seed_another(capsys):
    runs = [said(capsys, *ASK, "--digest", "--seed", s)[1].out for s in ("1", "1", "2")]
    assert runs[0] == runs[1] != runs[2]


def test_json_lines_are_written_and_can_be_read_again(capsys, tmp_path):
    file = tmp_path / "trace.jsonl"
    code, printed = said(capsys, *ASK, "--jsonl", str(file), "--digest")
    assert code == 0
    assert Trace.from_jsonl(file.read_text("utf-8")).digest() in printed.out


def test_a_file_that_cannot_be_written_ends_with_3(capsys, tmp_path):
    code, printed = said(capsys, *ASK, "--jsonl", str(tmp_path / "no" / "t.jsonl"))
    assert (code, "No such file" in printed.err) == (3, True)


def test_settings_latency_disk_and_group_sizes_are_heard(capsys):
    code, printed = said(
        capsys,
        *ASK,
        *("--servers", "2", "--clients", "3", "--set", "patience_ms=70", "--fifo"),
        *("--latency", "Constant(4)", "--sync-ms", "1.5", "--history"),
    )
    assert code == 0
    assert "2 servers (Echo) and 3 clients (Pinger)" in printed.out
    assert "0.000 to    9.500 ms" in printed.out


def test_links_are_as_the_protocol_assumes_if_nothing_is_said(capsys, the_library):
    def digest(*words):
        return said(capsys, "clocks.mutex", "--digest", *words)[1].out

    assert digest() == digest("--fifo") != digest("--no-fifo")


def test_without_calls_the_protocol_says_what_to_do(capsys, monkeypatch):
    from distlab.node import Call

    def workload(client, choose):
        return [Call("ping", choose(1, range(5))) for _ in range(3)]

    silent = said(capsys, "toys.echo")[1].out
    assert "History of 0 operations" in silent and "nobody has called" in silent
    monkeypatch.setattr(sim_nodes.Pinger, "workload", staticmethod(workload), False)
    called = said(capsys, "toys.echo", "--clients", "2")[1].out
    assert "6 ok" in called and "nobody has called" not in called
    code, printed = said(capsys, "toys.echo", "--clients", "0")
    assert (code, "nobody has called" in printed.out) == (0, True)


def test_a_class_may_be_named(capsys):
    assert "(Counter)" in said(capsys, "toys.echo:Counter")[1].out


def test_a_module_may_say_who_runs_together(capsys, monkeypatch):
    groups = {"stores": (sim_nodes.Echo, 2), "clients": (sim_nodes.Pinger, 2)}
    monkeypatch.setattr(sim_nodes, "CLUSTER", groups, raising=False)
    said_it = said(capsys, "toys.echo", "--clients", "3", "--set", "servers=('s1',)")
    assert "2 stores (Echo) and 3 clients (Pinger)" in said_it[1].out
    code, printed = said(capsys, "toys.echo", "--servers", "3")
    assert (code, "groups here are stores, clients" in printed.err) == (2, True)


def test_a_broken_property_ends_with_1_and_shows_the_trace(capsys):
    code, printed = said(capsys, "toys.boom", "--trace", "--seed", "83")
    assert code == 1
    assert "start" in printed.out
    assert printed.err == "distlab run: seed 83, 0 ms, s1, start: it is broken\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["toys.eco"], "no protocol `toys.eco`. Did you mean `toys.echo`"),
        (["toys.echo:Counte"], "no node class `Counte`. Did you mean `Counter`"),
        (["toys.echo", "--set", "patience_ms"], "name=value"),
        (["toys.echo", "--set", "patiense_ms=3"], "Did you mean `patience_ms`"),
        (["toys.echo", "--fault", "Crush('s1', 5)"], "Did you mean `Crash`"),
        (["toys.echo", "--fault", "Crash('s1')"], "at_ms"),
        (["toys.echo", "--fault", "Crash('s1', at_ms=open('x'))"], "only numbers"),
        (["toys.echo", "--fault", "Crash('s1'"], "mind the quotes"),
        (
            ["toys.echo", "--fault", "__import__('os').system('true')"],
            "there is no `__import__",
        ),
        (["toys.echo", "--fault", "5"], "is no fault"),
        (["toys.echo", "--call", "ping(1)"], "is no call"),
        (["toys.echo", "--call", "c1.ping(n=1)"], "is no call"),
        (["toys.echo", "--call", "c9.ping(1)"], "no node 'c9'"),
        (["toys.echo", "--call", "c1.pong(1)"], "no method `pong`"),
        (["toys.echo", "--latency", "fast"], "only numbers"),
        (["toys.echo", "--judge", "linear"], "Did you mean `linearizable`?"),
        (["toys.echo", "--servers", "0"], "--servers 0: a run needs at least one"),
        (["toys.echo", "--clients", "-1"], "--clients -1: a run needs none or more"),
    ],
)
def test_what_is_said_wrongly_is_refused_with_a_sentence(capsys, words, sentence):
    code, printed = said(capsys, *words)
    assert code == 2
    assert sentence in printed.err
    assert printed.err.count("\n") == 1


def test_every_chapter_is_searched_for_protocols(monkeypatch):
    monkeypatch.undo()
    names = dict(simulate.protocols())
    assert names["replication.single_leader"] == "distlab.replication.single_leader"
    assert not [name for name in names if name.startswith(("sim.", "show.", "check."))]


# ------------------------------------------------------------------- many runs, a judge
SWEEP = ("replication.regular_register", "--latency", "Exponential(20)")


@pytest.fixture
def the_library(monkeypatch):
    names = (
        "clocks.mutex",
        "replication.regular_register",
        "replication.automatic_failover",
        "consensus.two_phase_commit_model",
    )
    known = {name: f"distlab.{name}" for name in names}
    monkeypatch.setattr(simulate, "protocols", lambda: iter(known.items()))


def test_a_run_is_judged(capsys, the_library):
    code, printed = said(capsys, *SWEEP, "--judge", "linearizable")
    assert code == 0
    assert printed.out.splitlines()[-2].startswith("VALID  linearizable  (20 reads")


def test_many_runs_are_judged_and_the_first_that_is_wrong_can_be_replayed(
    capsys, the_library, monkeypatch
):
    monkeypatch.setattr(sweep, "cores", lambda: 2)
    asked = ("--clients", "8", "--judge", "linearizable")
    code, many = said(capsys, *SWEEP, *asked, "--seeds", "34:40")
    assert code == 1
    assert many.out.startswith("6 runs, seeds 34 to 39; ")
    seed = re.search(r"first invalid with --seed (\d+):", many.out)[1]
    code, one = said(capsys, *SWEEP, *asked, "--seed", seed)
    assert code == 1
    verdict = one.out[one.out.index("INVALID") :]
    assert many.out.endswith(verdict)
    _, before = said(capsys, *SWEEP, *asked, "--seeds", f"34:{seed}")
    assert "valid, 0 invalid, 0 unknown" in before.out


def test_many_runs_need_no_judge(capsys, the_library):
    code, printed = said(capsys, *SWEEP, "--seeds", "3")
    assert code == 0
    assert "120 operations: 120 ok, 0 fail, 0 info" in printed.out


@pytest.mark.parametrize("seeds", ["a", "5:a", "7:3", "0", ":", "3:3"])
def test_seeds_that_are_none_are_refused(capsys, the_library, seeds):
    code, printed = said(capsys, *SWEEP, f"--seeds={seeds}")
    assert code == 2
    assert "write FIRST:LAST, as 0:1000 for the seeds 0 to 999." in printed.err


def test_a_run_that_fails_is_shrunk_to_a_program_that_fails_too(capsys, the_library):
    split = 'Split((("s1", "c1"), ("s2", "s3", "c2")), at_ms=20, until_ms=900)'
    words = ("--clients", "2", "--seed", "3", "--fault", split, "--until-ms", "1500")
    asked = (*words, "--judge", "linearizable", "--shrink")
    code, printed = said(capsys, "replication.automatic_failover", *asked)
    assert code == 1
    assert "calls, faults and draws → 3 in " in printed.out
    pasted: dict = {}
    exec(printed.out[printed.out.index("from distlab.") :], pasted)
    assert linearizable(pasted["cluster"].history).invalid


def test_a_run_that_an_error_stops_is_shrunk_too(capsys):
    code, printed = said(capsys, "toys.boom", "--shrink")
    assert code == 1
    assert "it is broken" in printed.out and "recording=Recording(" in printed.out


def test_where_nothing_fails_there_is_nothing_to_shrink(capsys):
    code, printed = said(capsys, *ASK, "--shrink")
    nothing = "--shrink: nothing failed, so there is nothing to shrink"
    assert code == 0
    assert f"{nothing} (--judge says what was promised).\n" in printed.out


def test_what_keeps_its_promise_is_not_shrunk(capsys, the_library):
    code, printed = said(capsys, *SWEEP, "--judge", "linearizable", "--shrink")
    assert code == 0
    assert "nothing failed, so there is nothing to shrink.\n" in printed.out


def test_one_run_is_shrunk_and_not_many(capsys, the_library):
    code, printed = said(capsys, *SWEEP, "--seeds", "3", "--shrink")
    assert code == 2
    assert "--shrink is about one run, and --seeds makes many" in printed.err


def test_a_specification_is_explored_and_not_run(capsys, the_library):
    for name in ("", ":TwoPhaseCommit"):
        code, printed = said(capsys, f"consensus.two_phase_commit_model{name}")
        assert code == 2
        assert "is a specification and has no nodes that could run" in printed.err
        assert (
            f"`distlab explore consensus.two_phase_commit_model{name}`" in printed.err
        )
