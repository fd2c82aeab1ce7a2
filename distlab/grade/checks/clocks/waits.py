"""Exercise 7.6: how long to wait, for a commit and for a lease, and not longer."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from distlab.clocks.lease import Holder, LeaseServer, TrustingStorage
from distlab.clocks.spanner import Spanner
from distlab.clocks.true_time import TrueTime
from distlab.errors import Misuse
from distlab.faults import ClockDrift, ClockJump, ClockSkew, Crash, Fault, Schedule
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    kept,
    partly,
)
from distlab.node import Call
from distlab.sim import Cluster, Network
from distlab.sim.lease_map import Scene
from distlab.sim.off_clocks import commit_waits

NAMES = ("epsilon_ms", "term_ms", "drift", "act_ms")
POLL_MS = 30_000  # from one poll of a time server to the next
POLLED_MS = 1  # so far off is a clock right after it, at most
PPM = 200  # and so fast it goes wrong from then on
COMMIT_MS = 16.5  # what a commit may take

OFF_PPM = 20_000  # of the clocks of the lease, either way
LATE_MS = 80  # from a look at the lease to the effect, at most
MISSED_MS = 350  # without anybody who may write, after a crash
USED = 0.7  # of a term

waits = Exercise(
    "7.6",
    "Long enough",
    "07_clocks",
    Literal("WAITS", stub=dict.fromkeys(NAMES)),
)


class Waits(NamedTuple):
    """What the learner has chosen."""

    epsilon_ms: float
    term_ms: float
    drift: float
    act_ms: float

    @property
    def lease(self) -> dict[str, float]:
        """The settings of holders and their server."""
        return {"term_ms": self.term_ms, "drift": self.drift, "act_ms": self.act_ms}


def chosen(answer: Any, *names: str) -> Waits:
    """The answer. Raises `Misuse` for what cannot be meant by these names."""
    if not isinstance(answer, dict) or set(answer) != set(NAMES):
        raise Misuse(f"WAITS has exactly these settings: {', '.join(NAMES)}.")
    for name in names:
        if answer[name] is None:
            raise NotImplementedError(f"no {name} yet")
        if type(answer[name]) not in (int, float) or not 0 <= answer[name] <= 10_000:
            raise Misuse(f"WAITS: {name} is a number from 0 to 10,000.")
    given = Waits(**answer)
    if "drift" in names:
        if given.drift >= 1:
            raise Misuse("WAITS: drift is a share of the term, below 1.")
        if given.term_ms * (1 - given.drift) - given.act_ms <= 1:
            raise Misuse("WAITS: with these settings a lease is over when it begins.")
    return given


# ------------------------------------------------------------------------ a commit wait
def polled() -> Schedule:
    """Two clocks as far off as they may be: one ahead, one behind, set at each poll."""
    found: list[Fault] = []
    for node, sign in (("s1", 1), ("s2", -1)):
        found += [ClockSkew(node, sign * POLLED_MS), ClockDrift(node, sign * PPM)]
        wrong_ms = sign * POLL_MS * PPM / 1_000_000
        found += [ClockJump(node, -wrong_ms, at_ms=POLL_MS * i) for i in (1, 2)]
    return tuple(found)


def readings(epsilon_ms: float) -> Cluster:
    """Both look at their clocks again and again, until just before the third poll."""
    cluster = Cluster(TrueTime, servers=2, faults=polled(), epsilon_ms=epsilon_ms)
    for at_ms in range(999, 3 * POLL_MS, 1000):
        for node in ("s1", "s2"):
            cluster.add_call(at_ms, node, Call("read_clock"))
    return cluster.run(until_ms=3 * POLL_MS)


def outside(epsilon_ms: float) -> tuple[float, str] | None:
    """When the true time was not in an interval that was told, and a sentence."""
    for op in readings(epsilon_ms).history:
        told = op.result
        if not told.earliest_us <= op.invoked_us <= told.latest_us:
            low, high = told.earliest_us / 1000, told.latest_us / 1000
            came = (
                f"at {op.invoked_ms:g} ms {op.process} says it is {low:g} to {high:g}"
            )
            return op.invoked_ms, came
    return None


@waits.claim("the true time is in what each clock says", points=1, public=1, hidden=0)
def inside(answer: Any, case: Case) -> Outcome:
    """For a minute and a half."""
    epsilon_ms = chosen(answer, "epsilon_ms").epsilon_ms
    if found := outside(epsilon_ms):
        at_ms, came = found
        return broken(came, advice=POLLED if at_ms < POLL_MS / 10 else DRIFTS)
    return kept(f"±{epsilon_ms:g} ms, for {3 * POLL_MS / 1000:g} s")


POLLED = "A clock that was just set is off already: by what the poll leaves."
DRIFTS = "It is off by what the poll leaves, and by what it drifts until the next one."


@waits.claim("and a commit waits for no more than that", points=1, public=1, hidden=0)
def commits(answer: Any, case: Case) -> Outcome:
    """Twice ε, and a message each way."""
    epsilon_ms = chosen(answer, "epsilon_ms").epsilon_ms
    if found := outside(epsilon_ms):
        return broken(found[1], advice=UNSAFE)
    took_ms = round(commit_waits(Spanner, epsilon_ms).mean_ms, 2)  # clocks tick in µs
    came = f"a commit takes {took_ms:g} ms"
    if took_ms <= COMMIT_MS:
        return kept(came)
    came = f"{came}, and {COMMIT_MS:g} would do"
    return partly(COMMIT_MS / took_ms, came, advice=COSTLY)


UNSAFE = "Who does not wait long enough is fast, and wrong: that earns nothing."
COSTLY = "Every commit waits for 2 ε: how far off can a clock be at most?"


# ------------------------------------------------------------------------------ a lease
class Worst(Scene):
    """Links are fast, and the other one asks all the time: nothing is left to luck."""

    def run(self, look_ms: float, pauses: Schedule = ()) -> Cluster:
        """c1 wants to write a second time at `look_ms`."""
        cluster = Cluster(
            LeaseServer,
            network=Network(LINK_MS),
            faults=(*self.schedule, *pauses),
            work_ms=WORK_MS,
            again_ms=max(3 * LINK_MS, self.term_ms / 1000),
            **{**self.groups, **self.settings},
        )
        cluster.add_call(0, "c1", Call("write", ("first",)))
        cluster.add_call(look_ms, "c1", Call("write", ("late",)))
        cluster.add_call(self.term_ms * 0.97, "c2", Call("write", ("other",)))
        return cluster.run(3 * self.term_ms)


LINK_MS, WORK_MS = 0.1, 0.5
GROUPS: dict[str, Any] = {
    "servers": (LeaseServer, 1),
    "storage": (TrustingStorage, 1),
    "clients": (Holder, 2),
}
# How fast the clocks of holder and server are; the last is the worst
RATES = {
    "both clocks are exact": (0, 0),
    "the clock of the holder is slow": (-OFF_PPM, 0),
    "the clock of the server is fast": (0, OFF_PPM),
    "the holder's clock is slow and the server's is fast": (-OFF_PPM, OFF_PPM),
}


@cache
def unsafe(given: Waits) -> tuple[str, str] | None:
    """The plainest way in which an effect comes out of order, and what to think of."""
    *plainer, worst = RATES
    if not (when := breaks(given, worst)):
        return None
    for told in plainer:
        if sooner := breaks(given, told):
            advice = SLOW if any(RATES[told]) else PAUSES
            return f"{told}; {sooner}: {TOO_LATE}", advice
    return f"{worst}; {when}: {TOO_LATE}", BOTH


def breaks(given: Waits, told: str) -> str:
    """With which pause a holder comes too late, if it does."""
    holder, server = RATES[told]
    schedule = (ClockDrift("c1", holder), ClockDrift("s1", server))
    scene = Worst(GROUPS, schedule, given.lease)
    look_ms = scene.last_look_ms()
    for pause_ms in (0, LATE_MS - 2 * LINK_MS):
        if scene.outcome(look_ms, pause_ms) == "out of order":
            return f"the holder looks, and stands still for {pause_ms:g} ms"
    return ""


TOO_LATE = "its effect comes after that of the next holder"
PAUSES = "Who has looked acts on it, however late: how late can that be?"
SLOW = "A holder whose clock is slow takes a term for longer than it is."
BOTH = "One is slow and the other one fast: what matters is how far they are apart."


@waits.claim(
    "no effect comes out of order, with a storage that looks at no token",
    points=2,
    public=1,
    hidden=0,
)
def in_order(answer: Any, case: Case) -> Outcome:
    """Clocks as wrong as they may be, and pauses as long."""
    given = chosen(answer, "term_ms", "drift", "act_ms")
    if found := unsafe(given):
        return broken(found[0], advice=found[1])
    return kept("clocks as wrong as they may be, and the worst moments")


@waits.claim(
    "most of a term is of use, and who crashes is not missed for long",
    points=1,
    public=1,
    hidden=0,
)
def useful(answer: Any, case: Case) -> Outcome:
    """Scored by the target that is missed by more."""
    given = chosen(answer, "term_ms", "drift", "act_ms")
    if found := unsafe(given):
        return broken(found[0], advice=UNSAFE)
    made: Any = Holder
    used = round(made("c1", ("c1",), **given.lease).lasts_ms / given.term_ms, 4)
    missed_ms = round(without_holder_ms(given), 2)
    came = f"{100 * used:.4g}% of a term are of use; after a crash nobody writes for "
    came += f"{missed_ms:g} ms"
    if used >= USED and missed_ms <= MISSED_MS:
        return kept(came)
    share = min(used / USED, MISSED_MS / missed_ms)
    return partly(share, came, advice=SHORT if used < USED else LONG)


def without_holder_ms(given: Waits) -> float:
    """Until the other one has written, if the first one crashes at once."""
    faults = (Crash("c1", at_ms=2), ClockDrift("s1", -OFF_PPM))
    cluster = Worst(GROUPS, faults, given.lease).run(given.term_ms)
    writes = cluster.history.where("write", outcome="ok")
    return next(op.ended_ms for op in writes if op.process == "c2") or 0.0


SHORT = f"At least {USED:.0%}: what is taken off is the same, however long the term is."
LONG = f"At most {MISSED_MS} ms: nobody gets in before the term is over."
