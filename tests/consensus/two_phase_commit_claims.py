"""What two-phase commit promises of every state, for runs and explorers alike."""

from typing import Any

from distlab.consensus.two_phase_commit import Decision, Participant


def always_one_decision(world: Any) -> str | None:
    """AC1: all that decide decide the same."""
    decided = {id: n.decision.value for id, n in world.nodes.items() if n.decision}
    if len(set(decided.values())) > 1:
        return f"they decided differently: {decided}"
    return None


def always_a_commit_by_all(world: Any) -> str | None:
    """AC3: a commit only if all have voted yes; and who votes yes is able."""
    if any(node.decision is Decision.COMMIT for node in world.nodes.values()):
        for id, node in participants(world).items():
            if not (node.able and node.voted):
                return f"somebody commits, and {id} has not voted yes"
    return None


def sometimes_a_commit(world: Any) -> bool:
    """Everybody commits."""
    nodes = world.nodes.values()
    return all(node.decision is Decision.COMMIT for node in nodes)


def sometimes_an_abort(world: Any) -> bool:
    """Everybody aborts."""
    return all(node.decision is Decision.ABORT for node in world.nodes.values())


def sometimes_all_are_uncertain(world: Any) -> bool:
    """No participant can tell what was decided."""
    return all(node.uncertain for node in participants(world).values())


def participants(world: Any) -> dict[str, Participant]:
    nodes = world.nodes.items()
    return {id: node for id, node in nodes if isinstance(node, Participant)}
