"""Exercise 4.5: a property that tells a right Paxos from six wrong ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distlab.consensus.paxos import Paxos
from distlab.faults import Crash, Loss, Recover
from distlab.grade.alarms import Property, Scenes, View
from distlab.grade.exercise import Case, Exercise, Function, Outcome
from distlab.node import Call, Node
from distlab.sim import Network, Uniform

agreement = Exercise(
    "4.5",
    "A property that bites",
    "04_paxos",
    Function("always_agreed"),
)


# ------------------------------------------------------------------------- what is told
class Scene(NamedTuple):
    """A state, a line for each node: `s1 1.s1=tea 2.s3=milk → milk`."""

    title: str
    text: str
    advice: str

    def view(self, case: Case) -> View:
        """The same, of other nodes, with other values; of ballots the order counts."""
        draw = case.random("names")
        return self.told(sorted(draw.sample(NAMES, 3)), draw.sample(VALUES, 2))

    def told(self, nodes: Sequence[str], drinks: Sequence[str]) -> View:
        """The same, of these nodes with these two values."""
        names = dict(zip(("s1", "s2", "s3"), nodes, strict=True))
        values = dict(zip(("tea", "milk"), drinks, strict=True))
        found: View = {}
        for line in self.text.split("\n"):
            votes, _, decided = line.partition(" → ")
            node, *each = votes.split(" ")
            voted = []
            for vote in each:
                ballot, _, value = vote.partition("=")
                number, _, who = ballot.partition(".")
                voted.append(((int(number), names.get(who, "")), values[value]))
            found[names[node]] = {
                "voted": tuple(voted),
                "decided": values.get(decided),
            }
        return dict(sorted(found.items()))


NAMES = ("ann", "bob", "cleo", "dan", "eve")
VALUES = ("tea", "milk", "water", "juice")


def view_of(nodes: dict[str, Node]) -> View:
    """What the nodes of a run have voted for and decided."""
    found: View = {}
    for id, node in nodes.items():
        assert isinstance(node, Paxos)
        voted = sorted(node.voted, key=lambda vote: vote.ballot)
        found[id] = {
            "voted": tuple((tuple(vote.ballot), vote.value) for vote in voted),
            "decided": node.decided.value if node.decided else None,
        }
    return found


def right_runs(case: Case) -> Iterator[View]:
    """What a run of Paxos looks like from time to time: all propose, and some crash."""
    servers = 3 + 2 * (case.size % 2)
    cluster = case.cluster(
        Paxos,
        servers=servers,
        network=Network(latency=Uniform(1, 4)),
        faults=(Loss(0.35), Crash("s2", 14), Recover("s2", 25)),
        retry_ms=(6, 20),
    )
    for i in range(1, servers + 1):
        cluster.add_call(2 * i, f"s{i}", Call("propose", (f"of s{i}",)))
    seen: list[View] = []
    for at_ms in range(3, 120, 3):
        view = view_of(cluster.run(until_ms=at_ms).nodes)
        if view not in seen:
            seen.append(view)
            yield view


def listing(view: View) -> str:
    """One line for each node."""
    lines = []
    for node, known in view.items():
        votes = ", ".join(f"{value} in {ballot}" for ballot, value in known["voted"])
        decided = known["decided"]
        told = f"; has decided {decided}" if decided is not None else ""
        lines.append(f"{node:5} voted for {votes or 'nothing'}{told}")
    return "\n".join(lines)


WRONG = (
    Scene(
        "its proposer keeps to its own value",
        "s1 1.s1=tea → tea\ns2 1.s1=tea 1.s3=milk\ns3 1.s3=milk → milk",
        "Two nodes have been told different things.",
    ),
    Scene(
        "its acceptor forgets a promise",
        "s1 1.s1=tea\ns2 1.s1=tea 1.s3=milk\ns3 1.s3=milk",
        "Nobody has decided yet, and it is too late: two values are chosen.",
    ),
    Scene(
        "its learner is content with one vote",
        "s1 1.s1=tea → tea\ns2\ns3",
        "One of three has voted for it: what was decided has not been chosen.",
    ),
    Scene(
        "its learner wants its own value",
        "s1 1.s1=tea\ns2 1.s1=tea 1.s3=tea\ns3 1.s3=tea → milk",
        "Another value was chosen than the one that was decided.",
    ),
    Scene(
        "its learner counts votes of any ballot",
        "s1 1.s1=tea → tea\ns2 2.s1=tea\ns3",
        "Two votes, in two ballots: no ballot has a majority. Between the two another "
        "value could be proposed.",
    ),
    Scene(
        "its proposers use the same numbers",
        "s1 1.=tea\ns2\ns3 1.=milk",
        "One ballot, two values: a promise about this ballot means nothing.",
    ),
)
FINE = (
    Scene(
        "all have accepted one proposal",
        "s1 1.s1=tea → tea\ns2 1.s1=tea → tea\ns3 1.s1=tea → tea",
        "Nothing could be better.",
    ),
    Scene(
        "nothing has happened", "s1\ns2\ns3", "Nobody has voted, nothing is decided."
    ),
    Scene(
        "a vote that came to nothing",
        "s1 1.s1=tea\ns2 1.s3=milk\ns3 1.s3=milk → milk",
        "One vote chooses nothing: votes for different values are everyday life.",
    ),
    Scene(
        "one value, chosen in two ballots",
        "s1 1.s1=tea → tea\ns2 1.s1=tea 1.s3=tea\ns3 1.s3=tea",
        "The second proposer found the first one's value: that is how it should be.",
    ),
    Scene(
        "votes of two ballots make no majority",
        "s1 1.s1=tea 4.s2=milk\ns2 2.s2=milk 4.s2=milk → milk\ns3 3.s1=tea",
        "Tea has two votes, in two ballots: it was never chosen.",
    ),
    Scene(
        "told, and has not voted",
        "s1 1.s1=tea → tea\ns2 1.s1=tea\ns3 → tea",
        "Who learns what was chosen need not have voted for it.",
    ),
    Scene(
        "a majority of those who have voted",
        "s1 1.s1=tea\ns2\ns3",
        "A majority of *all* nodes chooses. This is no majority, and nothing is wrong.",
    ),
    Scene(
        "two acceptors, two values",
        "s1 1.s1=tea\ns2\ns3 1.s3=milk",
        "Two ballots with one number differ by the name. No majority, no harm.",
    ),
)
SCENES = Scenes(
    "Paxos",
    "two nodes that have decided different values",
    WRONG,
    FINE,
    right_runs,
    listing,
)


# ---------------------------------------------------------------------- what is claimed
@agreement.claim(
    "of a right Paxos it never says that it is broken", points=2, public=3, hidden=2
)
def no_false_alarm(of: Property, case: Case) -> Outcome:
    """Odd states, and those that runs come through."""
    return SCENES.no_false_alarm(of, case)


@agreement.claim("each of six wrong ones is found", points=4, public=2, hidden=2)
def finds(of: Property, case: Case) -> Outcome:
    """Scored by how many of them are."""
    return SCENES.found(of, case)
