"""Four causes of silence: the client sees one run, to the byte."""

from distlab.node import Call
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster
from distlab.sim.no_answer import CAUSES, SLOW_MS, seen_by, without_answer

WRITE = Call("write", ("x", 1))
ONCE = {"tries": 1, "timeout_ms": 100}


def views(runs: dict[str, Cluster]) -> set[str]:
    return {seen_by("c1", cluster.trace).text() for cluster in runs.values()}


def stored(runs: dict[str, Cluster]) -> dict[str, bool]:
    return {cause: "x" in cluster["s1"].rows for cause, cluster in runs.items()}


def test_who_gets_no_answer_cannot_tell_why():
    runs = without_answer(SingleLeader, WRITE, **ONCE)
    [view] = views(runs)
    assert view.splitlines()[-1].split()[-3:] == ["info", "no", "answer"]
    assert stored(runs) == {**dict.fromkeys(CAUSES, False), "the answer is lost": True}


def test_what_is_answered_looks_different():
    answered = Cluster(
        SingleLeader, servers=1, clients=1, workload={"c1": (WRITE,)}, **ONCE
    ).run(1000)
    runs = without_answer(SingleLeader, WRITE, **ONCE)
    assert seen_by("c1", answered.trace).text() not in views(runs)


def test_what_is_slow_does_it_after_the_client_has_given_up():
    runs = without_answer(SingleLeader, WRITE, until_ms=SLOW_MS + 100, **ONCE)
    assert [cause for cause, done in stored(runs).items() if done] == [
        "the server is slow",
        "the answer is lost",
    ]
    assert len(views(runs)) == 2


def test_a_longer_timeout_tells_apart_what_is_slow_and_nothing_else():
    patient = {"tries": 1, "timeout_ms": SLOW_MS + 100}
    runs = without_answer(SingleLeader, WRITE, until_ms=2 * SLOW_MS, **patient)
    ended = {cause: run.history[0].outcome for cause, run in runs.items()}
    assert ended == {**dict.fromkeys(CAUSES, "info"), "the server is slow": "ok"}
    del runs["the server is slow"]
    assert len(views(runs)) == 1
