"""What a search says: valid of all that can happen, or of nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

from distlab.check import ways
from distlab.check.claims import Claim
from distlab.check.explored import Explored
from distlab.check.versions import counted
from distlab.model import State

if TYPE_CHECKING:
    from distlab.check.search import Search


class Outcome(NamedTuple):
    """An outcome, why, and the state that shows it."""

    outcome: Literal["valid", "invalid", "unknown"]
    reason: str
    at: int | None = None


def outcome(found: Search) -> Outcome:
    """What was found. Past a limit it is unknown; so it is if a case was never met."""
    if found.broken is not None:
        claim, reason = found.broken
        return broken(found, claim, reason, found.ended_at or 0)
    if found.goal is not None and found.ended_at is not None:
        steps = counted(found.depths[found.ended_at], "step")
        return Outcome("valid", f"Reached after {steps}.", found.ended_at)
    if (gave_up := found.meter.exceeded) is not None:
        left = f", with {found.left:,} states to go on from" * bool(found.left)
        return Outcome(
            "unknown", f"Gave up after {gave_up}{left}; nothing is broken so far."
        )
    if found.goal is not None:
        return Outcome("invalid", "No state that can be reached is the goal.")
    for claim in found.possible:
        trap, sure = found.edges.trap([bool(claim.of(s)) for s in found.numbers])
        if trap is not None and sure:
            return broken(found, claim, "no way leads to it any more", trap)
        if trap is not None:
            why = "from some state only ways over the boundary could lead to it"
            return Outcome("unknown", f"{claim.sentence}: {why}.", trap)
    if found.unseen:
        those = "; ".join(claim.sentence for claim in found.unseen)
        return Outcome(
            "unknown", f"Never seen: {those}. What holds may hold for want of a case."
        )
    return Outcome("valid", f"So it is in {of_all(found)}.")


def broken(found: Search, claim: Claim, reason: str, at: int) -> Outcome:
    """A claim that does not hold in a state."""
    after = counted(found.depths[at], "step")
    return Outcome("invalid", f"Broken after {after}, {claim.sentence}: {reason}.", at)


def of_all(found: Search) -> str:
    """`the one state`, `all 288 states within the boundary`."""
    count = found.count
    states = "the one state" if count == 1 else f"all {count:,} states"
    return states + " within the boundary" * found.is_cut


def explored(
    found: Search, order: str, start: Explored | Iterable[State] | None
) -> Explored:
    """The verdict."""
    said = outcome(found)
    path = ways.way_to(found, said.at, start) if said.at is not None else ()
    return Explored(
        said.outcome,
        property=promised(found),
        strength=strength(found, order),
        reason=said.reason,
        evidence=ways.told(found.model, path),
        states=found.count,
        transitions=found.transitions,
        depth=found.depth,
        exhausted=found.exhausted,
        path=path,
        never_seen=tuple(claim.sentence for claim in found.unseen),
        space=ways.space(found, said.at),
    )


def promised(found: Search) -> str:
    """What was looked for, in one line."""
    sentences = [claim.sentence for claim in found.claims]
    if found.goal is not None:
        name = getattr(found.goal, "__name__", "the goal").replace("_", " ")
        sentences.append(f"reaches {name}")
    return "; ".join(sentences) or "all that can happen"


def strength(found: Search, order: str) -> str:
    """How much was looked at: `all 288 states, 1,145 transitions, depth 10`."""
    much = f"{found.count:,} {'state' if found.count == 1 else 'states'}"
    if order == "random":
        return f"{found.transitions:,} steps of random walks, {much}"
    if found.exhausted:
        much = of_all(found)
    return f"{much}, {found.transitions:,} transitions, depth {found.depth}"
