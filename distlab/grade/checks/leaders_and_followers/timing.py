"""Exercise 1.7: heartbeats and a timeout that neither cry wolf nor come too late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.faults import Crash, Fault, Loss, Pause
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, kept, partly
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.sim import Cluster, Mixture, Network, Uniform
from distlab.trace import Step, Trace

NAMES = ("heartbeat_ms", "failover_ms")
FOLLOWERS = 2
MINUTE_MS = 60_000
CRASHES = 24
GIVEN_UP_MS = 2_000  # a service that is down for longer
LOOK_MS = 500  # how often a run is looked at, to be ended when its question is answered

timing = Exercise(
    "1.7",
    "Neither too early nor too late",
    "01_leaders_and_followers",
    Literal("TIMING", stub={"heartbeat_ms": 100, "failover_ms": 1_000}),
)


class Target(NamedTuple):
    """What is asked for, what came, and what to think about if it is too much."""

    what: str
    most: float
    came: float
    advice: str
    trace: Trace | None = None

    @property
    def share(self) -> float:
        """How close: 1 if it is met, less the further it is missed."""
        return min(1.0, self.most / self.came) if self.came else 1.0

    def __str__(self) -> str:
        return f"{self.what}: {self.came:.0f}, at most {self.most:g}"


# ------------------------------------------------------------------------- what is run
def replicas(case: Case, timing: Any, *faults: Fault) -> Cluster:
    """Three replicas: a tenth of the messages is lost, a tenth is slow."""
    latency = Mixture(((90, Uniform(1, 5)), (10, Uniform(5, 100))))
    return case.cluster(
        AutomaticFailover,
        servers=1 + FOLLOWERS,
        network=Network(latency=latency),
        faults=(Loss(0.1), *faults),
        **timing,
    )


def pauses(case: Case) -> list[Fault]:
    """Now and then a replica stands still, for up to 160 ms, and is well again."""
    found: list[Fault] = []
    for node in ("s1", "s2", "s3"):
        draw, at_ms = case.random(f"pauses of {node}"), 0
        while (at_ms := at_ms + draw.randint(300, 1_500)) < MINUTE_MS:
            found.append(Pause(node, at_ms, at_ms + draw.randint(50, 160)))
    return found


def led(trace: Trace) -> list[Step]:
    """When somebody became leader."""
    notes = trace.where("note")
    return [step for step in notes if step.what.startswith("leads epoch")]


def false_failovers(case: Case, timing: Any) -> Target:
    """In a minute without any crash."""
    trace = replicas(case, timing, *pauses(case)).run(until_ms=MINUTE_MS).trace
    found = led(trace)
    first_ms = found[0].at_ms if found else 0
    shown = trace.between(first_ms - 250, first_ms + 50) if found else None
    return Target("false failovers in a minute", 6, len(found), WOLF, shown)


def downtime(case: Case, timing: Any) -> Target:
    """The mean over several crashes of the leader."""
    downs = []
    for i in range(CRASHES):
        one = Case(case.seed + i, case.size)
        at_ms = one.random("crash").randint(500, 1_000)
        trace, down_ms = until_led(replicas(one, timing, Crash("s1", at_ms)), at_ms)
        downs.append(down_ms)
    shown = trace.between(at_ms - 100, at_ms + downs[-1] + 20)
    mean_ms = sum(downs) / len(downs)
    return Target("ms without a leader after a crash", 230, mean_ms, LATE, shown)


def until_led(cluster: Cluster, at_ms: int) -> tuple[Trace, float]:
    """A run that goes on until somebody leads again, and how long that takes."""
    for past_ms in range(LOOK_MS, GIVEN_UP_MS + 1, LOOK_MS):
        trace = cluster.run(until_ms=at_ms + past_ms).trace
        later = [step.at_ms - at_ms for step in led(trace) if step.at_ms > at_ms]
        if later and later[0] + LOOK_MS / 2 < past_ms:
            break
    return trace, min([GIVEN_UP_MS, *later])


def heartbeats(timing: Mapping[str, float]) -> Target:
    """What it costs while nothing happens."""
    rate = FOLLOWERS * 1000 / timing["heartbeat_ms"]
    return Target("heartbeats a second", 40, rate, COSTLY)


WOLF = (
    "Slow is not dead: a message lost and a pause of 150 ms are nothing special here."
)
LATE = "Nobody notices a crash before the timeout, and it is drawn from 1 to 1.5 times."
COSTLY = "Each heartbeat goes to two followers: how many a second can you afford?"


# ---------------------------------------------------------------------- what is claimed
@timing.claim(
    "rarely a false failover, short downtime, few heartbeats, all at once",
    points=4,
    public=1,
    hidden=1,
)
def all_at_once(answer: Any, case: Case) -> Outcome:
    """Scored by the target that is missed by most."""
    chosen = read_timing(answer)
    targets = [heartbeats(chosen)]
    if targets[0].share == 1:
        targets += [false_failovers(case, chosen), downtime(case, chosen)]
    worst = min(targets, key=lambda target: target.share)
    came = "; ".join(map(str, targets))
    if worst.share == 1:
        return kept(came)
    return partly(worst.share, came, worst.trace, advice=worst.advice)


def read_timing(answer: Any) -> dict[str, float]:
    """The two settings. Raises `Misuse` for what cannot be meant."""
    if not isinstance(answer, dict) or set(answer) != set(NAMES):
        raise Misuse(f"TIMING has exactly these two settings: {' and '.join(NAMES)}.")
    if any(type(value) not in (int, float) or value <= 0 for value in answer.values()):
        raise Misuse("TIMING: both are milliseconds, numbers above 0.")
    if answer["failover_ms"] < answer["heartbeat_ms"]:
        raise Misuse(
            "TIMING: whoever waits less than one heartbeat misses every leader."
        )
    return answer
