"""Exercise 6.2: what a node of Ben-Or's protocol does at the end of its round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from distlab.consensus.ben_or import BITS, BenOr, Phase
from distlab.errors import Misuse
from distlab.faults import Delay, Fault
from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept
from distlab.node import Call
from distlab.sim import Cluster, Network

Heard = tuple[int | None, ...]
Rule = Callable[[Heard, int], Any]
DECIDE, ADOPT, TOSS = "decide", "adopt", "toss"

rounds = Exercise(
    "6.2",
    "Decide, adopt or toss",
    "06_consensus_compared",
    Function("end_of_round"),
)


# --------------------------------------------------------------------- all small cases
def said_by(rule: Rule, heard: Heard, t: int) -> tuple[str, int | None]:
    """What it does. Raises `Misuse` if this is none of the three."""
    said = rule(heard, t)
    match said:
        case ("decide" | "adopt" as what, int(bit)) if bit in BITS:
            return what, bit
        case ("toss", None):
            return TOSS, None
    raise Misuse(
        f'it returns {said!r}: return ("decide", bit), ("adopt", bit), or '
        f'("toss", None); a bit is 0 or 1.'
    )


def situations(named: Callable[[int, int], bool]) -> Iterator[tuple[Heard, int]]:
    """What can be heard by a node of up to seven, of which `t` may stop.

    `named` says of how many proposals that name a bit, and of t, it is about.
    """
    for n in (3, 4, 5, 6, 7):
        for t in range((n - 1) // 2 + 1):
            for bit, count in product(BITS, range(n - t + 1)):
                if named(count, t):
                    yield (bit,) * count + (None,) * (n - t - count), t


def tried(
    rule: Rule, case: Case, named: Callable[[int, int], bool], what: str, advice: str
) -> Outcome:
    """The smallest situation of these in which it does something else."""
    asked = 0
    for heard, t in situations(named):
        order = list(heard)
        case.random(f"{heard} {t}").shuffle(order)
        said = said_by(rule, tuple(order), t)
        bit = next((one for one in heard if one is not None), None)
        if said != (what, bit):
            came = f"heard {tuple(order)}, {t} may stop: it answers {said}; it should "
            came += f"be {(what, bit)}"
            right_kind = said[0] == what
            return broken(came, advice=BIT if right_kind else advice)
        asked += 1
    return kept(f"{asked} situations are right")


BIT = "Which bit do the proposals name? In one round there is only one."


# ---------------------------------------------------------------------- what is claimed
@rounds.claim("it tosses if nobody names a bit", points=1, public=2, hidden=2)
def tosses(rule: Rule, case: Case) -> Outcome:
    """Only then has nobody decided."""
    return tried(rule, case, lambda count, t: count == 0, TOSS, NOBODY)


NOBODY = "Nobody has seen a majority, so nobody decides: it is free. And a coin has no "
NOBODY += "habit that an adversary could use."


@rounds.claim("it adopts a bit that at least one names", points=2, public=2, hidden=2)
def adopts(rule: Rule, case: Case) -> Outcome:
    """Somebody else may have heard enough of them to decide."""
    return tried(rule, case, lambda count, t: 0 < count <= t, ADOPT, FEW)


FEW = "Is it sure that each of the others hears one of these? If not, it may be alone "
FEW += "with what it decides; and if somebody has decided, a toss may undo it."


@rounds.claim("it decides if more than t name a bit", points=2, public=2, hidden=2)
def decides(rule: Rule, case: Case) -> Outcome:
    """Nobody can wait for as many as needed without hearing one of them."""
    return tried(rule, case, lambda count, t: count > t, DECIDE, MANY)


MANY = "Whoever leaves out t of all nodes cannot leave out more than t of them. So "
MANY += "everybody hears of it in this round, and has it in the next."


# ------------------------------------------------------------------------- in some runs
def with_rule(rule: Rule, t: int) -> type[BenOr]:
    """Ben-Or's protocol with this rule, asked beforehand for all that can be heard."""
    table = {
        heard: said_by(rule, heard, t)
        for count in (2, 3)
        for heard in product((None, *BITS), repeat=count)
        if len(set(heard) - {None}) < 2
    }

    class Ends(BenOr):
        def finish_round(self) -> None:
            if self.decision is not None:
                self.phase = Phase.STOPPED
                return
            what, bit = table[tuple(self.proposals.said[self.round].values())]
            if bit is None:
                (bit,) = self.choose(1, BITS)
                self.note("a toss")
            self.x = bit
            if what == DECIDE:
                self.decide(bit)
            self.reports.forget(self.round)
            self.proposals.forget(self.round)
            self.start_round(self.round + 1)

    return Ends


def late(kind: str, *links: str) -> tuple[Fault, ...]:
    """On these links, messages of this kind of the first round come after the others.

    A link is written `s1s2`, from s1 to s2.
    """
    return tuple(
        Delay(30, 0, 5, src=link[:2], dst=link[2:], messages=(kind,)) for link in links
    )


# s1 has 0, the others 1. What they hear first in round 1 is up to us.
ONE_NAMES_IT = (
    *late("Report", "s1s2", "s3s1", "s2s3"),
    *late("Proposal", "s2s1", "s2s3"),
)
TWO_NAME_IT = (
    *late("Report", "s1s2", "s1s3", "s3s1"),
    *late("Proposal", "s1s2", "s3s1", "s2s3"),
)
TOSSES = range(16)  # as many ways for the coins to fall


@rounds.claim("no two nodes decide differently", points=1, public=1, hidden=0)
def agrees(rule: Rule, case: Case) -> Outcome:
    """Three nodes, of which one may stop, and an adversary who delays messages."""
    protocol = with_rule(rule, 1)
    for delays, seed in product((ONE_NAMES_IT, TWO_NAME_IT), TOSSES):
        cluster = Cluster(
            protocol, servers=3, seed=seed, network=Network(latency=2), faults=delays
        )
        for id, bit in zip(cluster.nodes, (0, 1, 1), strict=True):
            cluster.add_call(0, id, Call("propose", (bit,)))
        trace = cluster.run(until_ms=200).trace
        outputs = trace.where("output")
        decided = {step.node: step.what.value for step in outputs}
        if len(set(decided.values())) > 1:
            told = ", ".join(f"{id} has decided {bit}" for id, bit in decided.items())
            return broken(told, trace, advice=UNDONE)
    return kept(f"{2 * len(TOSSES)} runs")


UNDONE = "Who decided first, and what had the others heard in that round? They have to "
UNDONE += "go on with the same bit."
