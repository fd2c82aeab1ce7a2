"""The player: what it gives to the browser is all that happened, and no more."""

import json
import re
import subprocess
import sys

import by_hand
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from distlab import show
from distlab.errors import Misuse
from distlab.events import Call
from distlab.execute import METADATA, executed
from distlab.faults import Crash, Loss, Recover
from distlab.replication.single_leader import SingleLeader
from distlab.show.naming import told
from distlab.show.player import WIDGETS, player
from distlab.show.spacetime import spacetime
from distlab.sim import Cluster


def cluster(states: bool = True) -> Cluster:
    calls = (Call("write", ("x", 1)), Call("write", ("x", 2)), Call("read", ("x",)))
    faults = (Crash("s2", at_ms=9), Recover("s2", at_ms=60), Loss(0.2, at_ms=0))
    made = Cluster(
        SingleLeader,
        servers=3,
        clients=1,
        seed=3,
        faults=faults,
        workload={"c1": calls},
        states=states,
    )
    return made.run(until_ms=200)


RUN = cluster()
PLAYED = player(RUN)


def test_every_step_in_the_window_belongs_to_one_event():
    steps = [i for *_, numbers in PLAYED.run["events"] for i in numbers]
    assert sorted(steps) == list(range(len(RUN.trace)))


def test_events_are_in_the_order_of_time():
    times = [us for us, *_ in PLAYED.run["events"]]
    assert times == sorted(times)


def test_after_the_last_event_every_node_is_as_the_cluster_left_it():
    for node, changes in PLAYED.run["states"].items():
        state: dict = {}
        for _, news in changes:
            state.update(news)
        left = {name: told(value) for name, value in RUN[node].state().items()}
        assert state == left


def test_a_crash_is_seen_in_the_state():
    events = PLAYED.run["events"]
    (crash,) = [i for i, event in enumerate(events) if "crashes" in event[2]]
    changed = dict(PLAYED.run["states"]["s2"])[crash]
    assert changed["rows"] == "{}"


def test_what_was_true_before_the_window_is_known_in_it():
    late = player(RUN, from_ms=50).run["states"]["s2"]
    place, before = late[0]
    assert place == -1
    assert set(before) == set(RUN["s2"].state())


def test_every_message_can_be_pointed_at():
    groups = set(re.findall(r'data-step="([^"]*)"', PLAYED.run["svg"]))
    assert PLAYED.run["messages"]
    assert set(PLAYED.run["messages"]) <= groups
    kinds = {kind for kind, _, _ in PLAYED.run["messages"].values()}
    assert {"Write", "Append", "Appended"} <= kinds
    write = next(m for m in PLAYED.run["messages"].values() if m[0] == "Write")
    assert write[1] == [("number", "1"), ("key", "x"), ("value", "1")]


def test_without_states_it_says_what_to_pass():
    run = player(cluster(states=False)).run
    assert run["states"] == {}
    assert "states=True" in run["missing"]


def test_what_the_browser_gets_is_plain_and_small():
    data = json.dumps(PLAYED.run)
    assert json.loads(data)["alt"] == PLAYED.static().alt
    assert len(data) < 150_000


def test_its_still_is_the_diagram():
    assert PLAYED.static() == spacetime(RUN.trace)
    assert repr(PLAYED) == f"Player: {PLAYED.static().alt}\n{PLAYED.static().text}"


def test_a_notebook_gets_the_widget_the_drawing_and_the_words():
    bundle, _ = PLAYED._repr_mimebundle_()
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {widget, "image/svg+xml", "text/plain"}


def test_a_trace_can_be_played_and_anything_else_is_refused():
    assert player(by_hand.small()).run["nodes"] == ["s1", "s2", "s3"]
    with pytest.raises(Misuse, match="plays a cluster or its trace, not a int"):
        player(3)
    assert show.player is player


def test_the_browser_half_asks_nothing_of_the_outside():
    for name in ("player.js", "player.css"):
        source = (WIDGETS / name).read_text(encoding="utf-8")
        urls = set(re.findall(r"https?://[^\s\"')]+", source))
        assert urls <= {"http://www.w3.org/2000/svg"}
        assert "import " not in source
        assert "fetch(" not in source


CELLS = """\
from distlab import show
from distlab.events import Call
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster

calls = {"c1": (Call("write", ("x", 1)),)}
run = Cluster(SingleLeader, servers=3, clients=1, seed=5, workload=calls, states=True)
run.run(until_ms=100)
# %%
show.spacetime(run.trace)
# %%
show.player(run)
""".split("# %%\n")


def test_a_notebook_with_both_passes_a_strict_comparison(tmp_path):
    path = tmp_path / "run.ipynb"
    cells = [new_code_cell(source) for source in CELLS]
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), path)
    executed(path, cell_timeout_s=60)
    assert not re.search(r"0x[0-9a-f]{6,}|/tmp/", path.read_text())
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert f"{len(CELLS)} passed" in done.stdout, done.stdout
