"""What Paxos promises, as sentences about the nodes of a run or explored world."""

from distlab.consensus.paxos import Accept, Accepted, Proposal
from distlab.machine import Machine, State, Step
from distlab.quorum import Majority
from distlab.sim import Cluster


class Consensus(Machine):
    """What many propose to: the first value stays, and everybody is told it."""

    def propose(self, state: State, value: object) -> Step:
        chosen = state or (value,)
        return chosen, chosen[0]


def votes(world) -> dict[str, frozenset[Proposal]]:
    """What each has accepted. In a run, what it has told: a crash may forget the rest.

    A vote is written down before it is told; before that it is none.
    """
    cast = {node.id: node.voted for node in world.nodes.values()}
    if not isinstance(world, Cluster):
        return cast
    told = {
        (step.node, step.what.ballot)
        for step in world.trace.where("send", "deliver")
        if isinstance(step.what, Accepted)
        and (step.kind == "send" or step.peer == step.node)
    }
    return {
        id: frozenset(vote for vote in voted if (id, vote.ballot) in told)
        for id, voted in cast.items()
    }


def chosen(world) -> list[Proposal]:
    """The proposals that enough acceptors have accepted, at whatever time."""
    node, cast = next(iter(world.nodes.values())), votes(world)
    enough = getattr(node, "phase_2", None) or Majority(node.nodes)
    voters = {
        proposal: [id for id, voted in cast.items() if proposal in voted]
        for proposal in frozenset().union(*cast.values())
    }
    found = [proposal for proposal, ids in voters.items() if enough.has(ids)]
    return sorted(found, key=lambda proposal: (proposal.ballot, str(proposal.value)))


def always_one_value_is_chosen(world) -> str | None:
    """Safety requirement 2 of section 2.1."""
    first, *later = chosen(world) or [None]
    for proposal in later:
        if proposal.value != first.value:
            return f"{first} and {proposal} are both chosen"
    return None


def always_what_is_learned_was_chosen(world) -> str | None:
    """Safety requirement 3 of section 2.1."""
    values = {proposal.value for proposal in chosen(world)}
    for node in world.nodes.values():
        if node.decided and node.decided.value not in values:
            return f"{node.id} has learned {node.decided.value!r}, which was not chosen"
    return None


def always_higher_proposals_have_the_chosen_value(world) -> str | None:
    """P2b of section 2.2: not only those that are accepted, all that are made."""
    for first in chosen(world):
        for node in world.nodes.values():
            made = node.pending and node.pending.request
            higher = isinstance(made, Accept) and made.ballot > first.ballot
            if higher and made.value != first.value:
                return f"{first} is chosen, and {node.id} proposes {made}"
    return None


def always_one_value_in_a_ballot(world) -> str | None:
    """Different proposers use different numbers, and none uses one twice (§2.2)."""
    known: dict = {}
    for node in world.nodes.values():
        for proposal in sorted(node.voted, key=str):
            if known.setdefault(proposal.ballot, proposal) != proposal:
                return f"{proposal} and {known[proposal.ballot]} have one number"
    return None


def sometimes_two_ballots_are_chosen(world) -> bool:
    """The same value, chosen a second time: so its proposer had to look for it."""
    return len(chosen(world)) > 1


def sometimes_a_vote_comes_to_nothing(world) -> bool:
    """An acceptor has accepted another value than the one that is chosen."""
    values = {proposal.value for proposal in chosen(world)}
    return bool(values) and any(
        proposal.value not in values
        for node in world.nodes.values()
        for proposal in node.voted
    )


SAFETY = (
    always_one_value_is_chosen,
    always_what_is_learned_was_chosen,
    always_higher_proposals_have_the_chosen_value,
    always_one_value_in_a_ballot,
)
LASTING = always_one_value_is_chosen, always_one_value_in_a_ballot  # broken for ever
