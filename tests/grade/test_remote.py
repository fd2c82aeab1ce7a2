"""A node that lives in a child does what it would do here, step by step."""

import json

import pytest
import toys
from toy_answers import MY_COUNTER

from distlab import codec
from distlab.errors import Misuse
from distlab.events import Call, Deliver, Fire, Start, mint
from distlab.faults import Crash, Loss, Recover
from distlab.grade.child import Raised
from distlab.grade.collect import collect
from distlab.grade.exercise import Method
from distlab.grade.remote import Remote
from distlab.grade.stand_in import Sealed, remote_class
from distlab.node import Node
from distlab.replication.client import KeyValueClient
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster

WHOLE = {
    SingleLeader: "MyLeader",
    KeyValueClient: "MyClient",
    toys.Outer: "MyOuter",
}
SOURCE = """
from distlab.replication.single_leader import SingleLeader
from distlab.replication.client import KeyValueClient
from toys import Outer
class MyLeader(SingleLeader): pass
class MyClient(KeyValueClient): pass
class MyOuter(Outer): pass
"""


@pytest.fixture
def remotely(library, notebook):
    """`remotely(base)`: the same class, with every step made in a child."""
    opened = []

    def made(base):
        answer = Method(WHOLE[base], base, asked=None)
        sheet = collect(notebook(SOURCE), also=["toys"])
        opened.append(Remote(library, sheet, answer))
        return remote_class(opened[-1], answer)

    yield made
    for remote in opened:
        remote.close()


def run(leader, client, seed: int):
    """Writes and reads under loss, with a follower that crashes."""
    calls = [Call("write", ("x", i)) for i in range(5)] + [Call("read", ("x",))] * 3
    cluster = Cluster(
        leader,
        servers=3,
        clients=(client, client),
        seed=seed,
        faults=(Loss(0.1), Crash("s2", at_ms=60), Recover("s2", at_ms=90)),
        workload={"c1": calls, "c2": calls},
        sync_followers=1,
    )
    return cluster.run(until_ms=2_000)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_whole_cluster_of_answers_runs_as_the_library_runs(remotely, seed):
    here = run(SingleLeader, KeyValueClient, seed)
    there = run(remotely(SingleLeader), remotely(KeyValueClient), seed)
    assert there.trace == here.trace
    assert there.history == here.history
    assert len(here.history) == 16


@pytest.mark.parametrize("seed", [1, 2])
def test_parts_choices_and_clocks_work_from_afar(remotely, seed):
    def steps(cls):
        cluster = Cluster(cls, servers=3, seed=seed, base=7)
        cluster.at(50).crash("s2").at(60).recover("s2")
        return cluster.run(until_ms=200).trace

    here = steps(toys.Outer)
    assert steps(remotely(toys.Outer)) == here
    assert here.where("output") and here.where("choose", "note")


def test_the_fields_of_an_answer_are_sealed(remotely):
    node = remotely(SingleLeader)("s1", ("s1", "s2"))
    assert all(
        isinstance(value, Sealed)
        for name, value in node.state().items()
        if name != "operation"
    )


def test_a_clone_and_its_original_go_separate_ways(remotely):
    here, there = (
        toys.Outer("s1", ("s1", "s2")),
        remotely(toys.Outer)("s1", ("s1", "s2")),
    )
    for node in (here, there):
        twin = node.clone()
        before = twin.fingerprint()
        node.step(Deliver("s2", toys.Ask(1)), now_ms=5)
        assert twin.fingerprint() == before != node.fingerprint()
    effects = [
        node.step(Fire(toys.Tick()), choices=[(1,)], now_ms=5) for node in (here, there)
    ]
    assert effects[0] == effects[1]


def test_a_step_that_reads_no_clock_needs_none(remotely):
    """As judges do that try a single step."""
    for cls in (toys.Outer, remotely(toys.Outer)):
        node = cls("s1", ("s1", "s2"))
        assert len(node.step(Start())) == 1
        with pytest.raises((Misuse, Raised), match="what it shows"):
            node.step(Deliver("s2", toys.Ask(1)))


def test_a_signature_that_nobody_made_is_not_believed(library, notebook):
    answer = Method("MyCounter", toys.Counter, ("on_add",))
    remote = Remote(library, collect(notebook(MY_COUNTER), ["toys"]), answer)
    msg = toys.Add(1, 1)
    own, others = (codec.to_json(mint(who, msg)) for who in ("s1", "s2"))
    assert remote.value(own, signer="s1") == mint("s1", msg)
    with pytest.raises(Raised, match="a signature of 's2' that it has never seen"):
        remote.value(others, signer="s1")
    remote.written(Deliver("s2", mint("s2", msg)))
    assert remote.value(others, signer="s1") == mint("s2", msg)


@pytest.mark.parametrize(
    "text",
    [
        None,
        3,
        "not json",
        '{"$": "os.system", "command": "true"}',
        '{"$": "builtins.eval"}',
        '{"$class": "subprocess.Popen"}',
        '{"$unknown": 1}',
        "[" * 200 + "]" * 200,
        '"' + "x" * 1_000_001 + '"',
        "NaN",
        '{"a": 1, "a": 2}',
    ],
)
def test_what_is_no_value_is_not_believed(library, notebook, text):
    remote = Remote(library, collect(notebook("x = 1")), Method("X", Node, None))
    with pytest.raises(Raised):
        remote.value(text)


def test_the_sheet_that_a_child_is_given_says_nothing_of_the_judge(library, notebook):
    sheet = collect(notebook(MY_COUNTER), ["toys"])
    remote = Remote(library, sheet, Method("MyCounter", toys.Counter, ("on_add",)))
    told = json.dumps(remote.loading)
    assert "MyCounter" in told
    assert not [w for w in ("points", "seed", "claim", "counted_once") if w in told]
