"""The nodes and the arrays spread alike: equal figures for many small epidemics."""

import numpy
import pytest
import rumours_mutants as mutants

from distlab.membership import anti_entropy, epidemic_simple, rumours
from distlab.membership.anti_entropy import AntiEntropy, Entries, Site
from distlab.membership.epidemic import Blind, Coin, Counter, Spread, pull, push
from distlab.membership.epidemic_minimized import minimized, push_pull
from distlab.membership.rumours import Mongering, Rumours
from distlab.membership.rumours_minimized import Minimized, PushPull
from distlab.node import Call
from distlab.sim import Cluster

N, K = 16, 2
CYCLE_MS = 100
FIGURES = ("residue", "traffic", "t_last")
VARIANTS = {
    rumours.Push: (push, Counter(K)),
    rumours.PushCoin: (push, Coin(K)),
    rumours.PushBlind: (push, Blind(Counter(K))),
    rumours.PushBlindCoin: (push, Blind(Coin(K))),
    rumours.Pull: (pull, Counter(K)),
    rumours.PullCoin: (pull, Coin(K)),
    rumours.PullBlind: (pull, Blind(Counter(K))),
    rumours.PullBlindCoin: (pull, Blind(Coin(K))),
    PushPull: (push_pull, K),
    Minimized: (minimized, K),
}
SIMPLE = {
    AntiEntropy: epidemic_simple.push_pull,
    anti_entropy.Push: epidemic_simple.push,
    anti_entropy.Pull: epidemic_simple.pull,
}


def going_on(nodes: list[Site]) -> bool:
    """Whether some site still spreads the update; by anti-entropy, if one lacks it."""
    if isinstance(nodes[0], Mongering):
        return any(node.hot or node.heard for node in nodes)
    return not all(node.database for node in nodes)


def figures(protocol: type[Site], seed: int) -> tuple[float, ...]:
    """Of one update: which share never hears, what is sent, when it last arrives."""
    calls = {"s1": (Call("update", ("x", 1)),)}
    how = {"k": K} if issubclass(protocol, Mongering) else {}
    cluster = Cluster(protocol, servers=N, seed=seed, workload=calls, **how)
    nodes, cycle, last = list(cluster.nodes.values()), 0, 0
    cluster.run(until_ms=CYCLE_MS / 2)
    knew = 1
    while going_on(nodes):
        cycle += 1
        cluster.run(until_ms=CYCLE_MS * (cycle + 1 / 2))
        know = sum(bool(node.database) for node in nodes)
        knew, last = know, cycle if know > knew else last
    sent = sum(
        len(step.what.entries)
        for step in cluster.trace.where("send")
        if isinstance(step.what, (Rumours, Entries))
    )
    return 1 - knew / N, sent / N, last


def in_arrays(protocol: type[Site], runs: int = 10_000) -> Spread:
    generator = numpy.random.default_rng(1)
    if protocol in SIMPLE:
        return SIMPLE[protocol](generator, N, runs)
    way, rule = VARIANTS[protocol]
    return way(rule, generator, N, runs)


def distances(protocol: type[Site], seeds: range, like: type[Site]) -> dict[str, float]:
    """How many standard errors each figure is from that of the arrays."""
    nodes = numpy.array([figures(protocol, seed) for seed in seeds])
    spread, far = in_arrays(like), {}
    for place, figure in enumerate(FIGURES):
        theirs = getattr(spread, figure)
        error = (theirs.var() * (1 / len(nodes) + 1 / len(theirs))) ** 0.5
        difference = nodes[:, place].mean() - theirs.mean()
        far[figure] = float(abs(difference) / max(error, 1e-9))
    return far


@pytest.mark.parametrize("protocol", [*VARIANTS, *SIMPLE], ids=lambda p: p.__qualname__)
def test_nodes_and_arrays_have_the_same_figures(protocol):
    """§1.4, push; §1.4, pull; §1.4, coin; §1.4, minimization: 4 standard errors."""
    far = distances(protocol, range(20), protocol)
    assert {figure: errors for figure, errors in far.items() if errors > 4} == {}


@pytest.mark.soak
@pytest.mark.parametrize("protocol", [*VARIANTS, *SIMPLE], ids=lambda p: p.__qualname__)
def test_they_have_them_over_two_hundred_runs(protocol):
    far = distances(protocol, range(200), protocol)
    assert {figure: errors for figure, errors in far.items() if errors > 4} == {}


WRONG = {
    mutants.TossesAlways: rumours.PushCoin,
    mutants.LosesInterestAtOnce: rumours.Push,
    mutants.TellsEverybodyAtOnce: rumours.Push,
}


@pytest.mark.parametrize("mutant", WRONG, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_has_other_figures(mutant):
    assert max(distances(mutant, range(20), WRONG[mutant]).values()) > 4
