"""What Multi-Paxos promises at all times, as functions of a cluster or a world.

An acceptor's log has all votes that it has ever cast, so it tells what was chosen.
"""

from typing import Any

from distlab.consensus.multi_paxos import Accept, MultiPaxos, Role
from distlab.quorum import Majority


def replicas(world: Any) -> list[MultiPaxos]:
    """The nodes that replicate: clients do not."""
    return [node for node in world.nodes.values() if isinstance(node, MultiPaxos)]


def chosen(world: Any) -> list[Accept]:
    """What a majority has accepted, at whatever time; in the order of slots."""
    nodes = replicas(world)
    voters: dict[Accept, list[str]] = {}
    for node in nodes:
        for vote in node.log:
            voters.setdefault(vote, []).append(node.id)
    enough = Majority(nodes[0].nodes)
    found = [vote for vote, ids in voters.items() if enough.has(ids)]
    return sorted(found, key=lambda vote: (vote.slot, vote.ballot))


def always_one_command_is_chosen_in_a_slot(world: Any) -> str | None:
    """Safety of each instance."""
    known: dict[int, Accept] = {}
    for vote in chosen(world):
        if known.setdefault(vote.slot, vote).command != vote.command:
            return f"{known[vote.slot]} and {vote} are both chosen"
    return None


def always_what_is_learned_was_chosen(world: Any) -> str | None:
    """A learner learns of nothing else."""
    commands = {vote.slot: vote.command for vote in chosen(world)}
    for node in replicas(world):
        for slot, command in node.chosen.items():
            if slot not in commands or commands[slot] != command:
                return f"{node.id} has learned {command} for {slot}: it is not chosen"
    return None


def always_later_leaders_propose_what_is_chosen(world: Any) -> str | None:
    """P2b of section 2.2, for each slot."""
    for vote in chosen(world):
        for node in replicas(world):
            later = node.role is Role.LEADER and node.promised > vote.ballot
            if later and node.proposed.get(vote.slot, vote.command) != vote.command:
                return f"{vote} is chosen, and {node.id} proposes {node.proposed}"
    return None


def always_one_command_in_a_ballot(world: Any) -> str | None:
    """For each slot a leader proposes one; and no two leaders have one ballot."""
    known: dict[Any, Accept] = {}
    for node in replicas(world):
        for vote in node.log:
            if known.setdefault((vote.slot, vote.ballot), vote) != vote:
                return f"{vote} and {known[vote.slot, vote.ballot]} have one ballot"
    return None


CLAIMS = (
    always_one_command_is_chosen_in_a_slot,
    always_what_is_learned_was_chosen,
    always_later_leaders_propose_what_is_chosen,
    always_one_command_in_a_ballot,
)
