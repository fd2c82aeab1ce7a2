"""Two shards and the dependencies between them: step by step, and over many seeds."""

import pytest
from killed import broken, kill
from promises import clients_finish, session
from schedules import OVER_MS, Drawing

from distlab.node import Call, CancelTimer, Deliver, End, Note, Send
from distlab.replication.client import Read, ReadReply, Timeout, Write, WriteReply
from distlab.replication.single_leader import SingleLeader
from distlab.replication.two_shards import CausalClient, Dependent, ShardedClient
from distlab.sim import ClosedLoop, Cluster, Network, Uniform

LEFT, RIGHT = ("l1", "l2"), ("r1", "r2")
CLIENTS = ("c1", "c2", "c3")
GUARANTEES = tuple(
    session(name)
    for name in (
        "read_your_writes",
        "monotonic_reads",
        "monotonic_writes",
        "writes_follow_reads",
    )
)


def client(kind: type = CausalClient) -> ShardedClient:
    return kind("c1", left=LEFT, right=RIGHT, reads_at=("l2", "r2"))


def ask(c1: ShardedClient, name: str, *args) -> list:
    near = "l2" if args[0] < "n" else "r2"
    return c1.step(Call(name, args), choices=[(near,)] if name == "read" else [])


def test_a_key_lives_in_one_shard():
    c1 = client(ShardedClient)
    assert ask(c1, "write", "apple", 1)[0] == Send("l1", Write(1, "apple", 1))
    c1.step(Deliver("l1", WriteReply(1, 1)))
    assert ask(c1, "write", "pear", 1)[0] == Send("r1", Write(2, "pear", 1))
    c1.step(Deliver("r1", WriteReply(2, 1)))
    assert ask(c1, "read", "apple")[0] == Send("l2", Read(3, "apple", anywhere=True))


def test_a_value_is_stored_with_what_its_writer_had_seen():
    """Bolt-on, put: what it had written, and what it had read."""
    c1 = client()
    ask(c1, "write", "pear", 1)
    c1.step(Deliver("r1", WriteReply(1, 5)))
    ask(c1, "read", "apple")
    c1.step(Deliver("l2", ReadReply(2, None, 3)))
    dependent = Dependent("answer", (("r1", 5), ("l1", 3)))
    assert ask(c1, "write", "apple", "answer")[0] == Send(
        "l1", Write(3, "apple", dependent)
    )


def test_a_value_makes_its_reader_depend_on_what_it_depends_on():
    """Bolt-on, get: the question is read where it is, if not at the follower."""
    c1 = client()
    ask(c1, "read", "apple")
    dependent = Dependent("answer", (("r1", 5),))
    assert c1.step(Deliver("l2", ReadReply(1, dependent, 3))) == [
        CancelTimer(Timeout()),
        End(Call("read", ("apple",)), "ok", "answer"),
    ]
    ask(c1, "read", "pear")
    assert c1.step(Deliver("r2", ReadReply(2, None, 4))) == [
        Note("a value came before what it depends on"),
        Send("r1", Read(2, "pear")),
    ]
    (note,) = c1.step(Deliver("r1", ReadReply(2, None, 4)))
    assert note.dropped
    ended = c1.step(Deliver("r1", ReadReply(2, "question", 5)))[-1]
    assert ended == End(Call("read", ("pear",)), "ok", "question")


def test_the_answer_to_an_earlier_request_is_depended_on_by_nobody():
    c1 = client()
    ask(c1, "read", "apple")
    c1.step(Deliver("l2", ReadReply(1, None, 3)))
    ask(c1, "read", "apple")
    assert c1.step(Deliver("l2", ReadReply(1, None, 9)))[0].dropped
    assert c1.past == {"l1": 3}


# --------------------------------------------------------------------------- many seeds
def run(kind: type, seed: int) -> Cluster:
    """c1 reads at the leaders, the others at followers that are far from them."""
    far = {("l1", "l2"): Uniform(5, 60), ("r1", "r2"): Uniform(5, 60)}
    calls = {
        c: tuple(
            Call("write", (key, f"{c}.{i}"))
            if (i + j + n) % 3 == 0
            else Call("read", (key,))
            for i in range(12)
            for j, key in enumerate("ax")
        )
        for n, c in enumerate(CLIENTS)
    }
    cluster = Cluster(
        SingleLeader,
        left=(SingleLeader, 2),
        right=(SingleLeader, 2),
        clients=(kind, 3),
        seed=seed,
        network=Network(per_link=far),
        faults=Drawing(seed, (*LEFT, *RIGHT), CLIENTS).schedule(SingleLeader.assumes),
        workload={c: ClosedLoop(calls[c], think_ms=Uniform(0, 20)) for c in CLIENTS},
        reads_at=("l2", "r2"),
        per_node={"c1": {"reads_at": ("l1", "r1")}},
    )
    return cluster.run(until_ms=OVER_MS + 4500)


@pytest.mark.parametrize("seed", range(30))
def test_causal_clients_see_no_value_before_its_causes(seed):
    assert broken(run(CausalClient, seed), *GUARANTEES, clients_finish) == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(30, 1030))
def test_causal_clients_see_no_value_before_its_causes_for_a_thousand_seeds(seed):
    assert broken(run(CausalClient, seed), *GUARANTEES, clients_finish) == {}


def test_without_dependencies_a_value_is_seen_before_its_causes():
    judge = session("writes_follow_reads")
    found = [seed for seed in range(10) if judge(run(ShardedClient, seed))]
    print(f"seeds {found}")
    assert found


# ------------------------------------------------------------------------------ mutants
class WritesNoPast(CausalClient):
    def write(self, key, value):
        self.ask(Write(self.number + 1, key, Dependent(value, ())))


class WritesOnlyWhatItWrote(CausalClient):
    def on_read_reply(self, src, msg):
        past = dict(self.past)
        super().on_read_reply(src, msg)
        self.past = past


class WritesOnlyWhatItRead(CausalClient):
    def on_write_reply(self, src, msg):
        ShardedClient.on_write_reply(self, src, msg)


class ForgetsThePastOfValues(CausalClient):
    def on_read_reply(self, src, msg):
        value = msg.value.value if isinstance(msg.value, Dependent) else msg.value
        super().on_read_reply(src, ReadReply(msg.number, value, msg.index))


@pytest.mark.parametrize(
    ("mutant", "guarantee"),
    [
        (WritesNoPast, "writes_follow_reads"),
        (WritesOnlyWhatItWrote, "writes_follow_reads"),
        (WritesOnlyWhatItRead, "read_your_writes"),
        (ForgetsThePastOfValues, "writes_follow_reads"),
    ],
)
def test_what_forgets_a_rule_breaks_a_guarantee(mutant, guarantee):
    promise = session(guarantee)
    kill(mutant, 0, promise, (promise,), run, right=CausalClient)
