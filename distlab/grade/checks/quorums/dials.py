"""Exercise 2.5: n, r and w for a service that must be fast, fresh and cheap."""

from __future__ import annotations

from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, kept, partly

NAMES = ("n", "r", "w")
MOST = 9  # replicas that anybody would choose
AFTER_MS = 5  # a read begins so long after the write has ended
TRIALS = 20_000

dials = Exercise(
    "2.5",
    "Fast, fresh and cheap",
    "02_quorums",
    Literal("DIALS", stub={"n": 3, "r": 3, "w": 3}),
)


class Target(NamedTuple):
    """What is asked for, what came, and what to think about if it is missed."""

    what: str
    unit: str
    limit: float
    came: float
    advice: str
    at_least: bool = False

    @property
    def share(self) -> float:
        """How close: 1 if it is met, less the further it is missed."""
        limit, came = self.limit, self.came
        if self.at_least:
            return min(1.0, came / limit)
        return min(1.0, limit / came) if came else 1.0

    def __str__(self) -> str:
        bound = "at least" if self.at_least else "at most"
        met = "met" if self.share == 1 else "missed"
        return (
            f"{self.what}: {self.came:.3g}{self.unit} "
            f"({bound} {self.limit:g}{self.unit}: {met})"
        )


# ------------------------------------------------------------------------- what is run
def figures(case: Case, chosen: Any) -> list[Target]:
    """Each target and what comes of these settings, on disks as LinkedIn's were."""
    import numpy

    from distlab.replication.staleness import percentiles
    from distlab.replication.staleness_figures import FITS

    n, r, w = settings(chosen)
    generator = numpy.random.default_rng(case.random("trials").getrandbits(64))
    trials = FITS["LNKD-DISK"].trials(generator, n, TRIALS)
    (read_ms,) = percentiles(trials.read_ms[r - 1], (99.9,))
    (write_ms,) = percentiles(trials.write_ms[w - 1], (99,))
    stale = float((trials.fresh_after_ms(r, w) > AFTER_MS).mean())
    return [
        Target("copies of an acknowledged write", "", 2, w, COPIES, at_least=True),
        Target("messages of an operation", "", 10, 2 * n, COST),
        Target("stale reads", " %", 0.5, 100 * stale, STALE),
        Target("99.9 % of the reads end within", " ms", 1.5, read_ms, READS),
        Target("99 % of the writes end within", " ms", 8, write_ms, WRITES),
    ]


def settings(chosen: Any) -> tuple[int, int, int]:
    """n, r and w. Raises `Misuse` for what cannot be meant."""
    if not isinstance(chosen, dict) or set(chosen) != set(NAMES):
        raise Misuse("DIALS has exactly these three settings: n, r and w.")
    if any(type(value) is not int for value in chosen.values()):
        raise Misuse("DIALS: n, r and w are whole numbers.")
    n, r, w = (chosen[name] for name in NAMES)
    if not (1 <= n <= MOST and 1 <= r <= n and 1 <= w <= n):
        raise Misuse(f"DIALS: n is from 1 to {MOST}, r and w are from 1 to n.")
    return n, r, w


COPIES = "The disk that has the only copy may be the one that dies."
COST = "Each operation asks all n replicas, and each answers: how many can you afford?"
STALE = (
    "Of r answers one must come from a replica that has it: ask more, or write more."
)
READS = "A read waits for the r-th fastest of n: with n - r to spare, none waits long."
WRITES = "A write waits for the w-th fastest of n, and a disk may be very slow."


# ---------------------------------------------------------------------- what is claimed
@dials.claim(
    "two copies, few messages, few stale reads, fast reads, fast writes, all at once",
    points=4,
    public=1,
    hidden=2,
)
def all_at_once(answer: Any, case: Case) -> Outcome:
    """Scored by the target that is missed by most."""
    targets = figures(case, answer)
    worst = min(targets, key=lambda target: target.share)
    shown = "\n".join(map(str, targets))
    if worst.share == 1:
        return kept("all five targets are met", shown)
    return partly(worst.share, str(worst), shown, advice=worst.advice)
