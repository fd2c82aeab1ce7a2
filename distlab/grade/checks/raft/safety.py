"""Exercise 5.5: a property that tells a right Raft from five wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from distlab.consensus.raft import Raft
from distlab.faults import Crash, Loss, Recover
from distlab.grade.alarms import Property, Scenes, View
from distlab.grade.exercise import Case, Exercise, Function, Outcome
from distlab.node import Node
from distlab.sim import Network, Uniform

safety = Exercise("5.5", "A property that bites", "05_raft", Function("always_safe"))


# ------------------------------------------------------------------------- what is told
class Scene(NamedTuple):
    """A state, a line for each node: `s1 leader 2: 1 2 commits 1`."""

    title: str
    text: str
    advice: str

    def view(self, case: Case) -> View:
        """The same; but for the first case, of other nodes, with later terms."""
        draw = case.random("names")
        later = draw.randint(1, 5) if case.seed > 1 else 0
        lines = self.text.split("\n")
        names = [line.split(" ")[0] for line in lines]
        if case.seed > 1:
            names = draw.sample(NAMES, len(lines))
        found: View = {}
        for name, line in zip(names, lines, strict=True):
            _, role, rest = line.split(" ", 2)
            term, _, log = rest.partition(":")
            terms, _, commit = log.partition(" commits")
            found[name] = {
                "role": role,
                "term": int(term) + later,
                "log": tuple(int(each) + later for each in terms.split()),
                "commit_index": int(commit or 0),
            }
        return dict(sorted(found.items()))


NAMES = ("ann", "bob", "cleo", "dan", "eve", "fay")


def view_of(nodes: dict[str, Node]) -> View:
    """Role, term, log and commit index of the servers of a run."""
    found: View = {}
    for id, node in nodes.items():
        if isinstance(node, Raft):
            found[id] = {
                "role": node.role.value,
                "term": node.current_term,
                "log": tuple(entry.term for entry in node.log.after(0)),
                "commit_index": node.commit_index,
            }
    return found


def right_runs(case: Case) -> Iterator[View]:
    """What a run of Raft looks like from time to time; leaders crash, messages go."""
    servers = 3 + 2 * (case.size % 2)
    cluster = case.cluster(
        Raft,
        servers=servers,
        clients=1,
        workload=Raft.client.workload,
        network=Network(latency=Uniform(1, 12)),
        faults=(
            Loss(0.2),
            *(Crash("s1", 40), Recover("s1", 90)),
            *(Crash("s2", 110), Recover("s2", 150)),
        ),
        election_ms=(15, 40),
        heartbeat_ms=8,
    )
    seen: list[View] = []
    for at_ms in range(10, 250, 6):
        view = view_of(cluster.run(until_ms=at_ms).nodes)
        if view not in seen:
            seen.append(view)
            yield view


def listing(view: View) -> str:
    """One line for each node."""
    return "\n".join(
        f"{node:5} {known['role']:9} in term {known['term']}: log "
        f"{' '.join(map(str, known['log'])) or '(none)'}; "
        f"commit index {known['commit_index']}"
        for node, known in view.items()
    )


WRONG = (
    Scene(
        "its voters forget their vote",
        "s1 leader 2: 1\ns2 follower 2: 1\ns3 leader 2: 1",
        "Two leaders of one term.",
    ),
    Scene(
        "its followers check only how long a log is",
        "s1 leader 3: 1 1 3\ns2 follower 3: 1 2 3\ns3 follower 3: 1 1 3",
        "Two logs have an entry of one term at one index, and differ before it.",
    ),
    Scene(
        "its followers commit without looking",
        "s1 follower 3: 1 3 commits 2\ns2 follower 3: 1 2 commits 2\n"
        "s3 follower 3: 1 3",
        "Two nodes have committed different entries at one index.",
    ),
    Scene(
        "its leader counts copies of old entries",
        "s1 follower 4: 1 2 commits 2\ns2 follower 5: 1 2 commits 1\n"
        "s3 leader 5: 1 3 commits 1",
        "A leader lacks an entry that somebody has committed before.",
    ),
    Scene(
        "its voters do not compare logs",
        "s1 follower 1: 1 1 commits 2\ns2 follower 2: 1 1 commits 1\ns3 leader 2: ",
        "An entry was committed, and the leader's log does not even reach to it.",
    ),
)
FINE = (
    Scene(
        "all have the same",
        "s1 leader 1: 1 1 commits 2\ns2 follower 1: 1 1 commits 2\n"
        "s3 follower 1: 1 1 commits 2",
        "Nothing could be better.",
    ),
    Scene(
        "nothing has happened",
        "s1 follower 0: \ns2 follower 0: \ns3 follower 0: ",
        "Empty logs, and nobody leads.",
    ),
    Scene(
        "two leaders",
        "s1 leader 1: 1 1\ns2 follower 2: 1 2\ns3 leader 2: 1 2",
        "One of them was replaced and does not know it yet: their terms differ.",
    ),
    Scene(
        "a replaced leader lacks what was committed since",
        "s1 leader 1: 1 1 commits 1\ns2 follower 2: 1 2 commits 2\n"
        "s3 leader 2: 1 2 commits 2",
        "Of two leaders the one of the later term has all that was committed.",
    ),
    Scene(
        "logs of Figure 7",
        "s1 leader 8: 1 1 1 4 4 5 5 6 6 6 commits 9\n"
        "s2 follower 8: 1 1 1 4 commits 4\n"
        "s3 follower 7: 1 1 1 4 4 5 5 6 6 6 7 7 commits 9\n"
        "s4 follower 4: 1 1 1 4 4 4 4 commits 3\n"
        "s5 follower 3: 1 1 1 2 2 2 3 3 3 3 3 commits 3",
        "Logs may differ, and be longer than the leader's, where nothing is committed.",
    ),
    Scene(
        "a follower that has committed nothing yet",
        "s1 leader 3: 1 3 commits 2\ns2 follower 3: 1 3\ns3 follower 2: 1 2",
        "Who is behind with committing has broken nothing.",
    ),
    Scene(
        "an old leader lacks an old entry",
        "s1 leader 4: 1 4 commits 2\ns2 follower 4: 1 4 commits 1\ns3 leader 3: ",
        "s3 led before the first entry was committed, and has been replaced.",
    ),
    Scene(
        "a candidate of a later term",
        "s1 leader 2: 1 2 commits 2\ns2 follower 2: 1 2\ns3 candidate 7: 1",
        "Who stands for election is no leader yet, whatever its log and its term.",
    ),
)
SCENES = Scenes("Raft", "two leaders of one term", WRONG, FINE, right_runs, listing)


# ---------------------------------------------------------------------- what is claimed
@safety.claim(
    "of a right Raft it never says that it is broken", points=2, public=3, hidden=2
)
def no_false_alarm(of: Property, case: Case) -> Outcome:
    """Odd states, and those that runs come through."""
    return SCENES.no_false_alarm(of, case)


@safety.claim("each of five wrong ones is found", points=4, public=2, hidden=2)
def finds(of: Property, case: Case) -> Outcome:
    """Scored by how many of them are."""
    return SCENES.found(of, case)
