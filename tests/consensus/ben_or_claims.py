"""What Ben-Or's consensus promises of every state, for runs and explorers alike."""

from collections.abc import Mapping
from typing import Any, Protocol

from distlab.consensus.ben_or import BenOr


class World(Protocol):
    """Nodes by their ids: a cluster has them, and so has a state that is explored."""

    @property
    def nodes(self) -> Mapping[str, Any]: ...


def always_one_decision(world: World) -> str | None:
    """No two nodes decide differently."""
    decided = {id: node.decision for id, node in of(world) if node.decision is not None}
    if len(set(decided.values())) > 1:
        return f"they decided differently: {decided}"
    return None


def always_what_somebody_proposed(world: World) -> str | None:
    """What none proposes is never decided."""
    proposed = {node.proposed for _, node in of(world)}
    for id, node in of(world):
        if node.decision is not None and node.decision not in proposed:
            return f"{id} decided {node.decision}, which nobody had proposed"
    return None


def always_one_value_proposed_a_round(world: World) -> str | None:
    """Step 2: all D-messages of a round name the same value."""
    named: dict[int, int] = {}
    for id, node in of(world):
        for number in node.proposals.said:
            for value in node.proposals.messages(number):
                if value is not None and named.setdefault(number, value) != value:
                    return f"round {number}: {id} knows of {value}, another of both"
    return None


def sometimes_a_toss(world: World) -> bool:
    """Somebody has begun a round with another value than it had proposed."""
    return any(
        node.round > 1 and node.decision is None and node.x != node.proposed
        for _, node in of(world)
    )


def of(world: World) -> list[tuple[str, BenOr]]:
    return [(id, node) for id, node in world.nodes.items() if isinstance(node, BenOr)]
