"""Seven runs and measurements, for exercise 8.5: each refutes something people say."""

from __future__ import annotations

from functools import partial
from typing import Any

from distlab.faults import Pause
from distlab.membership.heartbeat import Restore, Suspect
from distlab.membership.increasing_timeout import IncreasingTimeout
from distlab.membership.rumours import Push
from distlab.membership.swim import Swim
from distlab.node import Call
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster, Network
from distlab.sim.no_answer import seen_by, without_answer


def no_answer() -> str:
    """E1. One client calls one server, in four runs."""
    runs: dict[str, Any] = without_answer(
        SingleLeader, Call("write", ("x", "tea")), tries=1
    )
    views = {seen_by("c1", run.trace).text() for run in runs.values()}
    lines = [f"what c1 has seen in the four runs: {len(views)} text"]
    for cause, run in runs.items():
        up = "down" if run.trace.where("crash") else "up"
        has = ", ".join(run["s1"].rows) or "nothing"
        lines.append(f"{cause:22}  s1 is {up:4}  and has {has}")
    return "\n".join(lines)


def phi_of_8() -> str:
    """E2. Delays as they were measured, one in a hundred lost, and nobody crashes."""
    import numpy

    from distlab.membership.detection import heartbeats
    from distlab.replication.staleness import drawn
    from distlab.replication.staleness_figures import YAMMER

    generator = numpy.random.default_rng(1)
    heard = heartbeats(generator, 100_000, 100, partial(drawn, YAMMER), loss=0.01)
    accuracy = heard.with_phi(8)
    errors = round(accuracy.errors_per_hour * accuracy.hours)
    return f"100,000 heartbeats, suspected at φ = 8: {errors} errors"


def first_pings() -> str:
    """E3. How many periods pass until somebody pings a member that has crashed."""
    from distlab.membership.swim_periods import first_suspicion

    sizes = (10, 100, 1000, 10_000)
    return "\n".join(f"{n:6,} members: {first_suspicion(n):.3f}" for n in sizes)


def residue() -> str:
    """E4. Five sites, rumours by push with k = 1, and every message arrives."""
    cluster: Any = Cluster(Push, servers=5, seed=3, network=Network(latency=2), k=1)
    cluster.add_call(20, "s1", Call("update", ("x", "tea")))
    cluster.run(until_ms=5000)
    has = {id: "x" in site.database for id, site in cluster.nodes.items()}
    dropped = len(cluster.trace.where("drop"))
    return f"after 5 s, {dropped} messages lost; who has x: {has}"


def last_cycles() -> str:
    """E5. Anti-entropy among 1000 sites, 40 runs: in which cycle they have it."""
    import numpy

    from distlab.membership.epidemic_simple import pull, push

    lines = []
    for name, way in (("push", push), ("pull", pull)):
        done = way(numpy.random.default_rng(1), 1000, 40)
        half, last = numpy.argmax(done.known > 0.5), done.t_last.mean()
        lines.append(f"{name}: half of them in cycle {half}, all in {last:.1f}")
    return "\n".join(lines)


def dropped() -> str:
    """E6. SWIM among five; s2 stands still for a second, and no node crashes."""
    cluster: Any = Cluster(
        Swim,
        servers=5,
        seed=1,
        network=Network(latency=2),
        faults=(Pause("s2", 1000, 2000),),
    )
    cluster.run(until_ms=6000)
    crashed = len(cluster.trace.where("crash"))
    lines = [f"{crashed} crashes; who takes whom for members after 6 s:"]
    for id, member in cluster.nodes.items():
        lines.append(f"{id}: {' '.join(member.members)}")
    return "\n".join(lines)


def errs_again() -> str:
    """E7. A timeout of 150 ms that grows by 50 with each error; s2 pauses twice."""
    cluster = Cluster(
        IncreasingTimeout,
        servers=2,
        seed=1,
        network=Network(latency=2),
        faults=(Pause("s2", 500, 800), Pause("s2", 60_000, 60_500)),
    )
    cluster.run(until_ms=61_000)
    said = cluster.trace.where("output", node="s1")
    does = {Suspect: "suspects s2", Restore: "does no longer"}
    return "\n".join(f"{s.at_ms:6,.0f} ms  s1 {does[type(s.what)]}" for s in said)


EXHIBITS = {
    "E1": no_answer,
    "E2": phi_of_8,
    "E3": first_pings,
    "E4": residue,
    "E5": last_cycles,
    "E6": dropped,
    "E7": errs_again,
}
