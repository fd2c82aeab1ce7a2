"""FIFO order and causal order: what a run may and may not deliver; the slow twins."""

import random

import pytest

from distlab.check import causal_order as judging_causes
from distlab.check import fifo_order as judging_senders
from distlab.check.causal_order import causal_order
from distlab.check.fifo_order import fifo_order
from distlab.check.total_order import total_order
from distlab.node import Call
from distlab.replicated import Command, Delivered
from distlab.trace import Step, Trace

NODES = ("s1", "s2", "s3")
Happens = tuple[str, ...]  # a node broadcasts: (node,); it delivers: (node, sender, n)


def said(sender: str, number: int) -> Command:
    return Command(sender, number, Call("broadcast", (f"{sender}.{number}",)))


def run(*happens: Happens) -> Trace:
    """A trace of broadcasts and deliveries; a node has a place for each of its own."""
    steps, made, places = [], dict.fromkeys(NODES, 0), dict.fromkeys(NODES, 0)
    for at, (node, *what) in enumerate(happens):
        if what:
            places[node] += 1
            told = Delivered(places[node], said(*what))
            steps.append(Step(1000 * at, "output", node, what=told))
        else:
            made[node] += 1
            steps.append(
                Step(1000 * at, "call", node, what=said(node, made[node]).call)
            )
    return Trace(steps, NODES)


# A question of s1 and an answer of s2; s3 hears both
ASKED = ("s1",), ("s1", "s1", 1), ("s2", "s1", 1), ("s2",), ("s2", "s2", 1)
# Two broadcasts of s1, and s2 hears both
TWO = ("s1",), ("s1",), ("s1", "s1", 1), ("s1", "s1", 2)


def test_broadcasts_of_one_node_in_its_order():
    trace = run(*TWO, ("s2", "s1", 1), ("s2", "s1", 2))
    assert fifo_order(trace).valid
    assert causal_order(trace).valid


def test_an_answer_after_what_it_answers():
    assert causal_order(run(*ASKED, ("s3", "s1", 1), ("s3", "s2", 1))).valid


def test_concurrent_broadcasts_may_be_delivered_in_any_order():
    """By both, and not by the total order."""
    apart = ("s1",), ("s1",), ("s2",)
    deliveries = ("s3", "s2", 1), ("s3", "s1", 1), ("s2", "s1", 1), ("s2", "s2", 1)
    trace = run(*apart, *deliveries, ("s2", "s1", 2))
    assert fifo_order(trace).valid
    assert causal_order(trace).valid
    assert total_order(trace).invalid


@pytest.mark.parametrize("judge", [fifo_order, causal_order])
def test_a_place_that_stands_for_nothing_is_nobodys_broadcast(judge):
    nothing = [Step(9000, "output", "s2", what=Delivered(i, None)) for i in (1, 2)]
    assert judge(Trace([*run(*TWO), *nothing], NODES)).valid


@pytest.mark.parametrize("judge", [fifo_order, causal_order])
def test_where_no_order_could_be_wrong_nothing_is_known(judge):
    assert judge(run(("s1",), ("s2",), ("s1", "s2", 1), ("s2", "s1", 1))).unknown
    assert judge(run()).unknown


BAD = {
    "overtaken": (
        fifo_order,
        (*TWO, ("s2", "s1", 2)),
        (
            "s2 delivered s1#2 broadcast('s1.2') at 4 ms, and had delivered nothing of "
            "s1 before."
        ),
    ),
    "again": (
        fifo_order,
        (*TWO, ("s2", "s1", 1), ("s2", "s1", 1)),
        "s2 delivered s1#1 broadcast('s1.1') at 4 ms and again at 5 ms.",
    ),
    "made up": (
        fifo_order,
        (("s2", "s1", 1),),
        "s2 delivered 1: s1#1 broadcast('s1.1'), which nobody had called.",
    ),
    "an answer without its question": (
        causal_order,
        (*ASKED, ("s3", "s2", 1)),
        (
            "s3 delivered s2#1 broadcast('s2.1') at 5 ms and not yet broadcast('s1.1') "
            "of s1 at 0 ms, which happened before it."
        ),
    ),
    "an answer twice": (
        causal_order,
        (*ASKED, ("s3", "s1", 1), ("s3", "s2", 1), ("s3", "s2", 1)),
        "s3 delivered s2#1 broadcast('s2.1') at 6 ms and again at 7 ms.",
    ),
    "an answer made up": (
        causal_order,
        (*ASKED, ("s3", "s1", 1), ("s3", "s2", 2)),
        "s3 delivered 2: s2#2 broadcast('s2.2'), which nobody had called.",
    ),
}


@pytest.mark.parametrize("wrong", BAD)
def test_what_is_wrong_is_told_with_who_and_when(wrong):
    judge, happens, reason = BAD[wrong]
    verdict = judge(run(*happens))
    assert verdict.invalid
    assert verdict.reason == reason
    assert verdict.evidence


@pytest.mark.parametrize("wrong", BAD)
def test_a_judge_that_forgets_a_rule_lets_something_pass(monkeypatch, wrong):
    judge, happens, _ = BAD[wrong]
    rules = {
        "overtaken": (judging_senders, "out_of_turn"),
        "again": (judging_senders, "twice"),
        "made up": (judging_senders, "made_up"),
        "an answer twice": (judging_causes, "twice"),
        "an answer made up": (judging_causes, "made_up"),
    }
    if wrong in rules:
        monkeypatch.setattr(*rules[wrong], lambda trace: None)
    else:
        monkeypatch.setattr(judging_causes.Pasts, "broadcast", forgetful)
    assert not judge(run(*happens)).invalid


def forgetful(pasts: judging_causes.Pasts, step: Step) -> None:
    """What a sender has delivered does not count, its own broadcasts alone do."""
    own = sum(1 << at for at, call in enumerate(pasts.calls) if call.node == step.node)
    pasts.known[step.node] = own
    broadcast(pasts, step)


broadcast = judging_causes.Pasts.broadcast


# ----------------------------------------------------------------------- the slow twins
def in_causal_order(happens: tuple[Happens, ...]) -> bool:
    """By the definition: the arrows of what happened, followed one by one."""
    events = list(enumerate(happens))
    made = {
        (node, sum(h == (node,) for h in happens[: at + 1])): at
        for at, (node, *what) in events
        if not what
    }
    arrows = {(i, j) for i, a in events for j, b in events if i < j and a[0] == b[0]}
    arrows |= {(made[h[1:]], at) for at, h in events if len(h) > 1}
    reach = closure(arrows)
    for at, (node, *what) in events:
        if not what:
            continue
        before = {of for of, i in made.items() if (i, made[tuple(what)]) in reach}
        had = {h[1:] for h in happens[:at] if h[0] == node and len(h) > 1}
        if not before <= had:
            return False
    return True


def closure(arrows: set[tuple[int, int]]) -> set[tuple[int, int]]:
    while more := {(a, d) for a, b in arrows for c, d in arrows if b == c} - arrows:
        arrows = arrows | more
    return arrows


def in_fifo_order(happens: tuple[Happens, ...]) -> bool:
    for at, (node, *what) in enumerate(happens):
        for earlier in range(1, what[1] if what else 1):
            if (node, what[0], earlier) not in happens[:at]:
                return False
    return True


def drawn(seed: int) -> tuple[Happens, ...]:
    """Random broadcasts and deliveries, each once, each after its broadcast."""
    chance, happens = random.Random(seed), []
    made = dict.fromkeys(NODES, 0)
    for _ in range(chance.randint(2, 9)):
        node = chance.choice(NODES)
        left = [
            (node, sender, n)
            for sender in NODES
            for n in range(1, made[sender] + 1)
            if (node, sender, n) not in happens
        ]
        if left and chance.random() < 0.7:
            happens.append(chance.choice(left))
        else:
            made[node] += 1
            happens.append((node,))
    return tuple(happens)


def test_the_judges_and_the_definitions_agree():
    seen: dict[tuple[bool, bool], int] = {}
    for seed in range(1500):
        happens = drawn(seed)
        orders = in_fifo_order(happens), in_causal_order(happens)
        trace = run(*happens)
        assert fifo_order(trace).invalid != orders[0], happens
        assert causal_order(trace).invalid != orders[1], happens
        seen[orders] = seen.get(orders, 0) + 1
    assert seen.keys() == {(True, True), (True, False), (False, False)}
