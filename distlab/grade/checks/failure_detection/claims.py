"""Exercise 8.2: which of two claims about a member holds, in SWIM with suspicion."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from itertools import product
from reprlib import repr as shortened
from typing import Any

from distlab.errors import Misuse
from distlab.faults import Crash, Fault, Pause
from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept
from distlab.membership.swim import Update
from distlab.membership.swim_suspicion import (
    Alive,
    Claim,
    Confirm,
    Suspect,
    SuspicionSwim,
    SuspicionTimeout,
    overrides,
)
from distlab.sim import Cluster, Network
from distlab.trace import Step

Said = tuple[str, int]  # what is claimed, and of which incarnation
Rule = Callable[[Said, Said], Any]
# A suspicion lasts 2.4 seconds. It is told for long: whoever stands still until others
# have stopped telling it never hears that it is suspected, and cannot object.
TIMES = {"patience": 6, "lambda_": 12}

claims = Exercise(
    "8.2",
    "Two claims",
    "08_failure_detection",
    Function("takes_its_place", ours=(overrides,)),
)


# --------------------------------------------------------------------- asked by a table
def as_said(claim: Claim) -> Said:
    """As the answer is given it: `("suspect", 0)`."""
    return type(claim).__name__.lower(), claim.incarnation


def told(claim: Claim) -> str:
    """In words."""
    return f"{type(claim).__name__}, incarnation {claim.incarnation}"


def asked(rule: Rule, new: Claim, old: Claim) -> bool:
    """What was answered. Raises `Misuse` for what is neither yes nor no."""
    said = rule(as_said(new), as_said(old))
    if type(said) is not bool:
        raise Misuse(f"it returns {shortened(said)}: return True or False.")
    return said


def first_wrong(rule: Rule, case: Case, *pairs: tuple[type, type]) -> Outcome:
    """The first of two claims of these kinds that it does not decide as SWIM does."""
    incarnations = range(case.size + 2)
    for new_kind, old_kind in pairs:
        for i, j in product(incarnations, incarnations):
            new, old = new_kind("s3", i), old_kind("s3", j)
            said = asked(rule, new, old)
            if said != overrides(new, old):
                does = "takes" if said else "does not take"
                came = f"“{told(new)}” {does} the place of “{told(old)}”"
                return broken(came, advice=why(new, old))
    return kept(f"{len(pairs) * len(incarnations) ** 2} pairs")


def why(new: Claim, old: Claim) -> str:
    """What to think of."""
    if new.incarnation == old.incarnation and type(new) is type(old):
        return SAME
    if isinstance(old, Confirm):
        return OVER
    if isinstance(new, Confirm):
        return FAILED
    if isinstance(new, Suspect):
        if isinstance(old, Suspect):
            return SUSPECTED
        return ACCUSED if new.incarnation >= old.incarnation else CLEARED
    return OBJECTS if new.incarnation > old.incarnation else STALE


SAME = "It knows this already: who takes the same news for new passes it on for ever."
OVER = "There is no way back from Confirm: old news is still going around."
FAILED = "Confirm is said of the member, and not of an incarnation: it has failed."
SUSPECTED = "Of two suspicions the one of the later incarnation is news."
ACCUSED = "Suspect says more of an incarnation than Alive does, which was said before."
CLEARED = "The member has objected since, in a later incarnation: this is old news."
OBJECTS = "Only the member itself raises its incarnation: whoever does so lives."
STALE = "Alive says nothing new of an incarnation that is suspected already, or over."


# ---------------------------------------------------------------------- what is claimed
@claims.claim("who has failed has failed for good", points=1, public=1, hidden=1)
def final(rule: Rule, case: Case) -> Outcome:
    """Nothing comes after Confirm, and it comes after everything else."""
    kinds = (Alive, Suspect)
    before = [(Confirm, kind) for kind in kinds]
    after = [(kind, Confirm) for kind in (*kinds, Confirm)]
    return first_wrong(rule, case, *before, *after)


@claims.claim("a suspicion holds until it is objected to", points=2, public=1, hidden=1)
def suspicion(rule: Rule, case: Case) -> Outcome:
    """Of an incarnation that was alive, or of a later one."""
    return first_wrong(rule, case, (Suspect, Alive), (Suspect, Suspect))


@claims.claim("a new incarnation clears it, and nothing else", points=2, public=1)
def objection(rule: Rule, case: Case) -> Outcome:
    """That a member lives it says of a new incarnation, or it is no news."""
    return first_wrong(rule, case, (Alive, Suspect), (Alive, Alive))


# ------------------------------------------------------------------------------ in runs
def with_rule(rule: Rule) -> type[SuspicionSwim]:
    """SWIM whose members decide so."""
    known = cache(lambda new, old: asked(rule, new, old))

    class Decides(SuspicionSwim):
        def learn(self, update: Update) -> None:
            assert isinstance(update, Claim)
            if update.member == self.id:
                self.object(update)
            elif known(update, self.claim(update.member)):
                self.claims[update.member] = update
                self.believe(update)

        def believe(self, claim: Claim) -> None:
            self.spread(claim)
            timeout = SuspicionTimeout(claim.member)
            match claim:
                case Suspect():
                    self.output(claim)
                    self.set_timer(timeout, self.suspicion_ms)
                case Alive():
                    self.output(claim)
                    self.cancel_timer(timeout)
                case Confirm():
                    self.drop(claim)
                    self.cancel_timer(timeout)

    return Decides


def run(rule: Rule, case: Case, *faults: Fault) -> Cluster:
    """Five members; a message takes 2 ms. There is time enough to object."""
    cluster = case.cluster(
        with_rule(rule),
        servers=5,
        network=Network(latency=2),
        faults=faults,
        **TIMES,
    )
    found: Cluster = cluster.run(until_ms=8000)
    return found


def said_of(cluster: Cluster, member: str) -> list[Step]:
    """What the others came to believe of it."""
    believed: Iterable[Step] = cluster.trace.where("output")
    return [step for step in believed if step.what.member == member]


@claims.claim(
    "who lives is not dropped, and who has crashed is", points=2, public=2, hidden=2
)
def in_runs(rule: Rule, case: Case) -> Outcome:
    """s2 stands still for a while, and s4 crashes."""
    paused = run(rule, case, Pause("s2", 1000, 1700))
    believed = said_of(paused, "s2")
    if dropped := [step for step in believed if isinstance(step.what, Confirm)]:
        came = f"s2 stood still for a while, and {dropped[0].node} drops it"
        return broken(came, paused.trace, advice=LIVES, mark=believed)
    crashed = run(rule, case, Crash("s4", 1000))
    for id in ("s1", "s2", "s3", "s5"):
        node: Any = crashed[id]
        claim = node.claim("s4")
        if not isinstance(claim, Confirm):
            came = f"s4 has crashed, and {id} takes it for {as_said(claim)[0]}"
            mark = said_of(crashed, "s4")
            return broken(came, crashed.trace, advice=GONE, mark=mark)
    return kept("two runs")


LIVES = "Did it object? Look which claim was believed last, and what it came after."
GONE = "Nobody objects for it. So the suspicion must reach all, and come to its end."
