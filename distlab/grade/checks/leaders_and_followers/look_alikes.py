"""Exercise 1.5: two runs that look the same to a follower, and are not."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from distlab.errors import Misuse
from distlab.faults import Crash, Fault, Recover
from distlab.grade.checks.leaders_and_followers.arena import arena
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, broken, kept
from distlab.replication.automatic_failover import LeaderTimeout
from distlab.replication.client import WriteReply
from distlab.trace import Step, Trace

DEAD, ALIVE = "the leader is dead", "the leader is alive"
UNTIL_MS = 600
CLIENT_TIMEOUT_MS = 1_000  # c1 asks nobody else meanwhile

look_alikes = Exercise(
    "1.5",
    "Dead or alive?",
    "01_leaders_and_followers",
    Literal("ALIKE", stub={DEAD: (), ALIVE: ()}),
)


# ------------------------------------------------------------------------- what is run
def run(alike: Any, name: str) -> Trace:
    """One of the two runs. Raises `Misuse` for what is no schedule."""
    if not isinstance(alike, dict) or name not in alike:
        raise Misuse(f"ALIKE has no {name!r}: leave both names where they were.")
    faults = alike[name]
    if isinstance(faults, Fault) or not all(isinstance(f, Fault) for f in faults):
        raise Misuse(f"{name}: a schedule is a tuple of faults; of one, `(fault,)`.")
    if not faults:
        raise NotImplementedError(f"no schedule in which {name} yet")
    cluster = arena(tuple(faults), timeout_ms=CLIENT_TIMEOUT_MS)
    return cluster.trace.between(0, UNTIL_MS)


def seen_by_s2(trace: Trace) -> Trace:
    """All that s2 ever learns: what reaches it, and when its timers run out."""
    return trace.where("deliver", "fire", "call", "recover", node="s2")


def view(trace: Trace) -> list[Step]:
    """The same, without the numbers of messages, which are the trace's own."""
    return [step._replace(msg_id=0) for step in seen_by_s2(trace)]


def missed_us(trace: Trace) -> int | None:
    """When s2 missed its leader for the first time."""
    fired = trace.where("fire", node="s2", test=lambda s: type(s.what) is LeaderTimeout)
    return fired[0].at_us if fired else None


def befalls_s1(kind: type[Crash] | type[Recover], faults: tuple[Fault, ...]) -> bool:
    """Whether s1 suffers such a fault, be it after anybody looks."""
    return any(isinstance(fault, kind) and fault.node == "s1" for fault in faults)


def one_is_dead(alike: Any, dead: Trace, alive: Trace) -> Outcome | None:
    """What is wrong with the pair whatever s2 sees, or None."""
    if not dead.where("crash", node="s1") or befalls_s1(Recover, alike[DEAD]):
        return broken("in the first run s1 is up", dead, advice=MUST_DIE)
    if befalls_s1(Crash, alike[ALIVE]):
        return broken("in the second run s1 crashes too", alive, advice=MUST_LIVE)
    for trace in (dead, alive):
        if missed_us(trace) is None:
            came = (
                f"in one run s2 hears from its leader all the time, up to {UNTIL_MS} ms"
            )
            return broken(came, trace, advice=MUST_MISS)
    return None


MUST_DIE = "Let it crash, and not come back: nothing else is death."
MUST_LIVE = "Its follower must miss it, and yet it is not dead. How can that be?"
MUST_MISS = (
    "s2 misses a leader after 200 to 300 ms without a word: let it happen earlier."
)


# ---------------------------------------------------------------------- what is claimed
@look_alikes.claim(
    "up to 600 ms s2 sees the same, once of a dead leader and once of a living one",
    points=3,
    public=1,
    hidden=0,
)
def same_view(alike: Any, case: Case) -> Outcome:
    """Every message and every timer of s2, to the microsecond."""
    dead, alive = run(alike, DEAD), run(alike, ALIVE)
    if wrong := one_is_dead(alike, dead, alive):
        return wrong
    for i, (one, other) in enumerate(zip_longest(view(dead), view(alive))):
        if one != other:
            comes_first = other is None or (one and one.at_us <= other.at_us)
            name, trace = (DEAD, dead) if comes_first else (ALIVE, alive)
            first = seen_by_s2(trace)[i]
            came = f"at {first.at_ms:g} ms, only where {name}: {told(first)}"
            shown = trace.between(first.at_ms - 100, first.at_ms)
            return broken(came, shown, advice=tell_apart(first, name), mark=(first,))
    return kept(f"{len(view(dead))} things happen to s2, and they are the same", alive)


def told(step: Step) -> str:
    """What happened to s2."""
    if step.kind == "deliver":
        return f"s2 receives {type(step.what).__name__} from {step.peer}"
    return f"s2 sees {step.kind} {step.what or ''}".rstrip()


def tell_apart(step: Step, name: str) -> str:
    """What to think about, from the first thing that differs."""
    if step.kind != "deliver" or step.peer != "s1":
        return OTHERS
    return UNDER_WAY if name == DEAD else HEARD


UNDER_WAY = "A crash does not stop what is under way, a cut does. When is nothing?"
HEARD = "There s1 is heard again: it must be out of reach for as long as s2 is watched."
OTHERS = "s2 hears of it through somebody else: who still talks to both?"


@look_alikes.claim(
    "meanwhile the living one goes on serving its client", points=2, public=1, hidden=0
)
def still_serves(alike: Any, case: Case) -> Outcome:
    """After s2 has missed it, s1 still answers c1: there are two leaders at once."""
    dead, alive = run(alike, DEAD), run(alike, ALIVE)
    if wrong := one_is_dead(alike, dead, alive):
        return wrong
    late = alive.between((missed_us(alive) or 0) / 1000, UNTIL_MS)
    answers = late.where("deliver", node="c1", test=lambda s: s.peer == "s1")
    served = [step for step in answers if isinstance(step.what, WriteReply)]
    if served:
        return kept(f"s1 answers {len(served)} writes after s2 has missed it", alive)
    came = "after s2 has missed it, s1 answers nobody"
    return broken(came, alive, advice=SERVE)


SERVE = (
    "Who stands still, or is cut off from all, serves nobody: cut it off from fewer."
)
