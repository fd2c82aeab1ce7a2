"""Epidemics in arrays: one contact at a time as the twin, and what the paper says."""

from collections import Counter as Tally
from math import exp, log

import epidemic_mutants as mutants
import numpy
import pytest

from distlab.errors import Misuse
from distlab.membership import epidemic
from distlab.membership.epidemic import (
    NEVER,
    Blind,
    Coin,
    Counter,
    Rule,
    Spread,
    others,
    pull,
    push,
)


def generator(seed=1):
    return numpy.random.default_rng(seed)


# ------------------------------------------------------ the twin: one contact at a time
class Site:
    """One site of one run."""

    def __init__(self, run, place, n):
        self.run, self.place, self.n = run, place, n
        self.arrived = 0 if place == 0 else NEVER
        self.hot, self.useless, self.told = place == 0, 0, []

    def other(self, draw):
        """The place of another site, for one of n - 1 numbers."""
        return [place for place in range(self.n) if place != self.place][draw]

    def weigh(self, rule, coin):
        """Count the contacts of a cycle as one, and perhaps lose interest."""
        blind = isinstance(rule, Blind)
        rule = rule.rule if blind else rule
        useful = any(self.told) and not blind
        self.useless = 0 if useful else self.useless + 1
        if isinstance(rule, Coin):
            gone = not useful and coin * rule.k < 1
        else:
            gone = self.useless >= rule.k
        self.hot, self.told = not gone, []


def twin(way, rule, dice, n, runs):
    """Arrivals and rumours sent; draws the same numbers as the arrays, in their order.

    They draw for all contacts of a cycle at once: whom, and then the coins.
    """
    tables = [[Site(run, place, n) for place in range(n)] for run in range(runs)]
    sent, cycle = [0] * runs, 0
    queue = [table[0] for table in tables]
    while any(site.hot for table in tables for site in table):
        cycle += 1
        if way is pull:
            live = [t for t in tables if any(site.hot for site in t)]
            queue = [site for table in live for site in table]
        shape = len(queue) if way is push else (len(queue) // n, n)
        draws = dice.integers(n - 1, size=shape, dtype=numpy.int32).ravel()
        contacts, new = [], []
        for site, draw in zip(queue, draws.tolist(), strict=True):
            other = tables[site.run][site.other(draw)]
            teller, hearer = (site, other) if way is push else (other, site)
            if teller.hot:
                contacts.append(teller)
                sent[teller.run] += 1
                teller.told.append(hearer.arrived == NEVER)
                if hearer.arrived == NEVER and hearer not in new:
                    new.append(hearer)
        order = tables_in_order if way is pull else list
        told = order(dict.fromkeys(contacts))
        tossed = isinstance(rule, Coin) or isinstance(getattr(rule, "rule", 0), Coin)
        coins = dice.random(len(told)).tolist() if tossed else [0] * len(told)
        for site, coin in zip(told, coins, strict=True):
            site.weigh(rule, coin)
        for site in new:
            site.arrived, site.hot = cycle, True
        queue = [site for site in queue if site.hot] if way is push else []
        queue += tables_in_order(new)
    return [[site.arrived for site in table] for table in tables], sent


def tables_in_order(sites):
    return sorted(sites, key=lambda site: (site.run, site.place))


RULES = [
    make
    for k in (1, 2, 3)
    for make in (Counter(k), Coin(k), Blind(Counter(k)), Blind(Coin(k)))
]


def differing(way, rule, right=None):
    """The first seed at which the arrays and the twin do not say the same."""
    for seed in range(40):
        n, runs = 2 + seed % 11, 1 + seed % 3
        ours = way(rule, generator(seed), n, runs)
        theirs = twin(way, right or rule, generator(seed), n, runs)
        if (ours.arrived.tolist(), ours.sent.tolist()) != theirs:
            return seed
    return None


@pytest.mark.parametrize("way", [push, pull], ids=lambda way: way.__name__)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_arrays_say_what_one_contact_at_a_time_says(way, rule):
    """§1.4, push; §1.4, pull; Table 3, several contacts: to the last number."""
    assert differing(way, rule) is None


@pytest.mark.parametrize(
    ("mutant", "right"),
    [
        (mutants.NeverResets(2), Counter(2)),
        (mutants.CountsTwo(1), Counter(1)),
        (mutants.GivesUpAtOnce(2), Counter(2)),
        (mutants.TossesAfterUsefulOnes(2), Coin(2)),
        (mutants.TossesForTheOther(3), Coin(3)),
        (mutants.Sees(Counter(2)), Blind(Counter(2))),
    ],
    ids=lambda of: type(of).__name__,
)
@pytest.mark.parametrize("way", [push, pull], ids=lambda way: way.__name__)
def test_a_mutant_differs_from_the_twin(way, mutant, right):
    """§1.4, feedback; §1.4, counter; §1.4, coin; §1.4, blind."""
    assert differing(way, mutant, right) is not None


def test_whoever_calls_itself_differs_from_the_twin(monkeypatch):
    def anybody(place, n, dice):
        return dice.integers(n, size=place.shape, dtype=numpy.int32)

    monkeypatch.setattr(epidemic, "others", anybody)
    assert differing(push, Counter(2)) is not None
    assert differing(pull, Counter(2)) is not None


def test_everybody_else_is_contacted_equally_often():
    place = numpy.repeat(numpy.arange(5), 20_000)
    chosen = Tally(place * 5 + others(place, 5, generator()))
    assert len(chosen) == 20
    assert all(pair // 5 != pair % 5 for pair in chosen)
    for count in chosen.values():
        assert abs(count - 5000) < 5 * 5000**0.5


# ------------------------------------------------------------------------ what is told
def test_residue_traffic_and_delays_are_those_of_the_paper():
    """§1.4, residue; §1.4, traffic; §1.4, delay."""
    arrived = numpy.array([[0, 2, NEVER, 4], [0, NEVER, NEVER, NEVER]], numpy.int16)
    spread = Spread(arrived, numpy.array([6, 1]))
    assert spread.residue.tolist() == [0.25, 0.75]
    assert spread.traffic.tolist() == [1.5, 0.25]
    assert spread.t_last.tolist() == [4, 0]
    assert spread.t_ave.tolist() == [3, 0]
    assert spread.known.tolist() == [2 / 8, 2 / 8, 3 / 8, 3 / 8, 4 / 8]


@pytest.mark.parametrize("wrong", [(1, 5), (0, 5), (10, 0)])
def test_epidemics_of_nobody_are_refused(wrong):
    with pytest.raises(Misuse, match="two sites or more"):
        push(Counter(1), generator(), *wrong)


@pytest.mark.parametrize("rule", [Counter, Coin], ids=lambda rule: rule.__name__)
def test_to_lose_interest_before_the_first_contact_is_refused(rule):
    with pytest.raises(Misuse, match="after 1 useless contact, or later"):
        rule(0)


# ---------------------------------------------------------------- what the paper claims
def mean(way, rule: Rule, figure: str, n=1000, runs=100) -> float:
    return float(getattr(way(rule, generator(), n, runs), figure).mean())


@pytest.mark.parametrize("rule", [Counter, Coin], ids=lambda rule: rule.__name__)
def test_some_sites_never_hear_and_they_are_fewer_the_longer_one_goes_on(rule):
    """§1.4, residue: it falls exponentially with k."""
    left = [mean(push, rule(k), "residue") for k in (1, 2, 3, 4)]
    assert left[-1] > 0
    for fewer, more in zip(left[1:], left, strict=False):
        assert 0.15 < fewer / more < 0.4


def test_what_is_left_by_push_is_what_that_many_messages_miss():
    """§1.4, residue; §1.4, traffic: s = exp(-m), whatever the rule is."""
    for rule in (Counter(2), Coin(2), Blind(Counter(2)), Counter(4)):
        spread = push(rule, generator(), 1000, 200)
        left = spread.residue.mean() / numpy.exp(-spread.traffic.mean())
        assert abs(float(left) - 1) < 0.07


def test_pull_leaves_far_fewer_for_the_same_traffic():
    """§1.4, pull."""
    assert mean(pull, Counter(1), "traffic") < mean(push, Counter(2), "traffic")
    assert mean(pull, Counter(1), "residue") < mean(push, Counter(2), "residue") * 0.95
    assert mean(pull, Counter(2), "traffic") < mean(push, Counter(3), "traffic") + 0.02
    assert mean(pull, Counter(2), "residue") < mean(push, Counter(3), "residue") / 10


def test_counters_leave_fewer_than_coins_and_feedback_fewer_than_none():
    """§1.4, counter; §1.4, blind: blind, k has to be one larger at least."""
    left = {k: mean(push, Coin(k), "residue") for k in (2, 3, 4)}
    for k in (2, 3):
        assert mean(push, Counter(k), "residue") < left[k]
        assert mean(push, Blind(Coin(k)), "residue") > left[k]
        assert mean(push, Blind(Coin(k + 1)), "residue") > left[k]


def test_each_who_hears_has_k_useless_contacts_and_no_more_than_it_may():
    """§1.4, counter: m is bounded from below by who hears, from above by k of each.

    A useless contact follows a useful one or the arrival within k contacts.
    """
    for k in (1, 2, 5):
        spread = push(Counter(k), generator(), 200, 100)
        heard = (spread.arrived != NEVER).sum(axis=1)
        assert (spread.sent >= (k + 1) * heard - 1).all()
        assert (spread.sent <= k * heard + (k + 1) * (spread.sent - k * heard)).all()
        assert (push(Blind(Counter(k)), generator(), 200, 9).traffic <= k).all()


def test_a_blind_site_sends_k_rumours_exactly():
    """§1.4, blind."""
    spread = push(Blind(Counter(3)), generator(), 300, 20)
    heard = (spread.arrived != NEVER).sum(axis=1)
    assert spread.sent.tolist() == (3 * heard).tolist()


def test_delays_grow_with_the_logarithm_of_n():
    """§1.4, delay."""
    last = {n: mean(push, Counter(3), "t_last", n) for n in (100, 1000, 10_000)}
    steps = last[1000] - last[100], last[10_000] - last[1000]
    for step in steps:
        assert abs(step - (log(10, 2) + log(10))) < 0.6


def one_call_at_a_time(k, n, dice):
    """The share that never hears if sites call one after the other: coin, feedback."""
    known, infective = bytearray(n), [0]
    known[0] = 1
    calls = iter(())
    while infective:
        who, other, coin = next(calls, (None, None, None))
        if who is None:
            calls = iter(zip(*(dice.random((3, 4096)).tolist()), strict=True))
            continue
        place, other = int(who * len(infective)), int(other * n)
        if not known[other]:
            known[other] = 1
            infective.append(other)
        elif coin * k < 1:
            infective[place] = infective[-1]
            infective.pop()
    return 1 - sum(known) / n


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_equation_holds_where_calls_are_made_one_after_the_other(k):
    """§1.4, residue: s = exp(-(k + 1)(1 - s)).

    In cycles fewer are left: several sites may tell a new one in the same cycle, and
    none of these contacts counts as useless.
    """
    s = 0.0
    for _ in range(200):
        s = exp(-(k + 1) * (1 - s))
    dice = generator()
    found = numpy.array([one_call_at_a_time(k, 5000, dice) for _ in range(12)])
    found = found[found < 0.9]  # not those that die at once
    assert abs(found.mean() - s) < 4 * found.std() / len(found) ** 0.5 + 0.0005
    assert mean(push, Coin(k), "residue") < 0.9 * s
