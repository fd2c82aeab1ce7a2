"""User names: an order of stamps is no decision, until nothing earlier can come."""

from collections import Counter
from functools import partial

import pytest
from killed import broken, each_mutant, first_harm, kill
from schedules import OVER_MS, Drawing

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Ordered
from distlab.clocks.user_names import DecidesAtOnce, Taken, UserNames
from distlab.history import History
from distlab.node import Call, Node
from distlab.sim import Cluster, Network, Uniform

KIM = Call("take", ("kim",))


# ------------------------------------------------------------------------- the promises
def owners(history: History) -> Counter:
    """How many have been told that a name is theirs."""
    return Counter(op.args for op in history if op.result is True)


def nobody_takes_what_is_taken(cluster: Cluster) -> str | None:
    told = owners(cluster.history)
    twice = [name for (name,), count in told.items() if count > 1]
    return f"{twice} have more than one owner" if twice else None


def all_know_the_owner(cluster: Cluster) -> str | None:
    """Who was told so is the owner that all nodes have in the end."""
    for op in cluster.history:
        if op.outcome != "ok":
            return f"{op.process} waits"
        for node in cluster.nodes.values():
            if (node.owners.get(op.args[0]) == op.process) != op.result:
                return f"{op}, and {node.id} has {node.owners}"
    return None


PROMISES = (nobody_takes_what_is_taken, all_know_the_owner)


def run(protocol: type[Node], seed: int) -> Cluster:
    """Everybody claims two of three names, under faults that are admitted."""
    servers = ("s1", "s2", "s3", "s4")
    cluster = Cluster(
        protocol,
        servers=len(servers),
        seed=seed,
        faults=Drawing(seed, servers).schedule(UserNames.assumes),
        network=Network(Uniform(1, 30), fifo=True),
        workload=lambda client, choose: [
            Call("take", (name,)) for name in choose(2, ("kim", "robin", "sam"))
        ],
    )
    return cluster.run(until_ms=OVER_MS + 1000)


# ---------------------------------------------------------------------------- the steps
@pytest.mark.parametrize("seed", range(15))
def test_claims_that_are_delivered_in_one_order_give_each_name_one_owner(seed):
    """Total order broadcast, 1; Total order broadcast, 2."""
    assert broken(run(UserNames, seed), *PROMISES) == {}


def test_who_decides_at_once_gives_a_name_twice():
    """Timestamp ordering is not sufficient: and finds out when it is too late."""
    seed = first_harm(nobody_takes_what_is_taken, partial(run, DecidesAtOnce))
    cluster = run(DecidesAtOnce, seed)
    taken = [step.what for step in cluster.trace.where("output")]
    assert len(set(taken)) == 3  # all agree in the end who was first
    assert {type(value) for value in taken} == {Taken}


# -------------------------------------------------------------------------- every order
def always_one_owner(world) -> str | None:
    twice = [name for (name,), count in owners(world.history).items() if count > 1]
    return f"{twice[0]} is given twice" if twice else None


def sometimes_refused(world) -> bool:
    return any(op.result is False for op in world.history)


def always_possible_that_all_know(world) -> bool:
    return all(node.owners for node in world.nodes.values())


def explored(
    protocol: type[Node],
    *properties,
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
) -> Explored:
    """Two nodes take one name, in every order of messages."""
    return explore(
        protocol,
        servers=2,
        workload={"s1": (KIM,), "s2": (KIM,)},
        network=Ordered(),
        budget=budget,
        properties=(always_one_owner, *properties),
    )


def test_in_every_order_of_messages_one_of_two_gets_the_name():
    """A changed count is a changed protocol."""
    live = sometimes_refused, always_possible_that_all_know
    verdict = explored(UserNames, *live)
    assert (verdict.valid, verdict.states) == (True, 28)


def test_two_claims_that_have_not_met_are_enough_to_give_a_name_twice():
    """Timestamp ordering is not sufficient: before any message has arrived."""
    verdict = explored(DecidesAtOnce)
    assert (
        verdict.reason == "Broken after 2 steps, always one owner: kim is given twice."
    )


def test_if_one_is_down_nobody_gets_a_name():
    verdict = explored(
        UserNames,
        always_possible_that_all_know,
        budget=Budget(crashes=1, of=("s2",)),
    )
    assert verdict.invalid
    assert "always possible" in verdict.reason


# ------------------------------------------------------------------------------ mutants
class ClaimsNothing(UserNames):
    """Total order broadcast, 1: takes the name without telling the others."""

    def take(self, name):
        self.owners.setdefault(name, self.id)
        self.ok(self.owners[name] == self.id)


class TheLastOneWins(UserNames):
    """Total order broadcast, 2: whoever claims a name later has it."""

    def on_order_output(self, value):
        (name,) = value.command.call.args
        self.owners.pop(name, None)
        super().on_order_output(value)


KILLED = [
    (ClaimsNothing, "all", 0, nobody_takes_what_is_taken),
    (TheLastOneWins, "all", 0, nobody_takes_what_is_taken),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, run, UserNames)
