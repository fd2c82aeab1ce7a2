"""What the exercises of lesson 4 judge by."""

from itertools import combinations, product

import pytest
from answers import paxos as answers
from sheets_that_run import marks_of, solved

from distlab.check.explore import Budget, Unordered, explore
from distlab.check.inductive import inductive
from distlab.consensus.paxos import Accept, Accepted, Ballot, Decided, Paxos, Prepare
from distlab.consensus.two_phase_commit_model import (
    INDUCTIVE,
    TwoPhaseCommit,
    always_consistent,
)
from distlab.errors import Misuse
from distlab.grade.checks.paxos import Forgetful, chosen, three_acceptors
from distlab.grade.checks.paxos.acceptor import both, exchanges, prepares, rising, run
from distlab.grade.checks.paxos.adversary import PROMISE, VOTE, require_proposal
from distlab.grade.checks.paxos.agreement import FINE, WRONG, right_runs, view_of
from distlab.grade.checks.paxos.invariants import as_property, odd, rules
from distlab.grade.checks.paxos.proposer import (
    FEW,
    MINE,
    SEVERAL,
    parsed,
    with_choice,
)
from distlab.grade.checks.paxos.shapes import TARGETS
from distlab.grade.exercise import Case
from distlab.grade.plans import plan
from distlab.node import Call

CASES = [Case(i, i) for i in range(1, 6)]


def test_who_asks_the_library_is_told_so(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY], tmp_path)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    assert told["4.1"].startswith("it asks for our `on_prepare")


def test_a_mistake_is_found_in_every_schedule_when_it_is_marked(tmp_path):
    """The explorer takes each step of the acceptor in the learner's process."""
    cell = """
from distlab.consensus.paxos import Accepted, Paxos, Promise, Proposal

class MyAcceptor(Paxos):
    def on_prepare(self, src, msg):
        self.send(src, Promise(msg.ballot, self.accepted))

    def on_accept(self, src, msg):
        self.accepted = Proposal(msg.ballot, msg.value)
        self.send(src, Accepted(msg.ballot))
"""
    (marked, *_) = marks_of([cell], tmp_path)
    *_, agrees = marked.findings
    assert agrees.came.startswith("Broken after 18 steps")


# --------------------------------------------------------------------------------- 4.1
@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("scenario", [prepares, both, rising])
def test_paxos_answers_what_the_judge_of_exercise_4_1_expects(scenario, case: Case):
    given = scenario(case)
    found = list(exchanges(run(Paxos, given)))
    assert len(found) == len(dict(given.workload)["p1"])
    assert [one.came for one in found] == [one.wanted for one in found]


# --------------------------------------------------------------------------------- 4.2
@pytest.mark.parametrize("situation", [*FEW, *SEVERAL], ids=lambda one: one.title)
def test_paxos_proposes_what_exercise_4_2_expects(situation):
    scope, _ = solved("04_paxos")
    for case in CASES:
        said = scope["value_for"](MINE, situation.reported(case))
        assert said == parsed(situation.wanted)


# --------------------------------------------------------------------------------- 4.3
@pytest.mark.parametrize(("name", "protocol"), [(PROMISE, Forgetful), (VOTE, Paxos)])
def test_the_smallest_plans_need_each_of_their_calls_and_faults(name, protocol):
    calls, faults = plan("TWO_CHOSEN", answers.two_chosen(), name, require_proposal)
    assert len({p.value for p in chosen(three_acceptors(protocol, calls, faults))}) == 2
    for i in range(len(calls)):
        fewer = three_acceptors(protocol, calls[:i] + calls[i + 1 :], faults)
        assert len({p.value for p in chosen(fewer)}) < 2
    for i in range(len(faults)):
        fewer = three_acceptors(protocol, calls, faults[:i] + faults[i + 1 :])
        assert len({p.value for p in chosen(fewer)}) < 2


# --------------------------------------------------------------------------------- 4.4
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.cluster)
def test_only_one_choice_of_quorums_meets_each_target(target):
    met = []
    for one, other in product(range(1, 13), repeat=2):
        try:
            pair = target.made(one, other)
        except Misuse:
            continue
        if all(quorum.has(quorum.members()) for quorum in pair):
            met += [] if target.wrong(pair) else [(one, other)]
    scope, _ = solved("04_paxos")
    assert met == [tuple(scope["QUORUMS"][target.cluster].values())]


# --------------------------------------------------------------------------------- 4.5
class LearnsFromOne(Paxos):
    def enough(self):
        return isinstance(self.pending.request, Accept) or super().enough()


class LearnsItsOwn(Paxos):
    def on_accepted(self, src, msg):
        if self.awaits(msg, Accept):
            self.pending.votes.add(src)
            if self.enough():
                self.on_decided(self.id, Decided(self.value))


class CountsVotesOfAnyBallot(Paxos):
    def on_accepted(self, src, msg):
        if self.pending and isinstance(self.pending.request, Accept):
            msg = Accepted(self.pending.request.ballot)
        super().on_accepted(src, msg)


class SharesItsNumbers(Paxos):
    def prepare(self):
        self.number += 1
        self.ask(Prepare(Ballot(self.number, "")))


CRASH = {"budget": Budget(crashes=1, recoveries=1, of=("s2",))}
TEA, MILK = Call("propose", ("tea",)), Call("propose", ("milk",))
AGAIN = {
    "budget": Budget(timers=1),
    "retry_ms": (1, 1),
    "network": Unordered(),
    "workload": {"s1": (TEA,)},
}
REACHED = [
    (with_choice(answers.keeps_to_its_own), {}),
    (Forgetful, CRASH),
    (LearnsFromOne, {}),
    (LearnsItsOwn, {}),
    (CountsVotesOfAnyBallot, AGAIN),
    (SharesItsNumbers, {}),
]


@pytest.mark.parametrize(
    ("scene", "protocol", "settings"),
    [(scene, *how) for scene, how in zip(WRONG, REACHED, strict=True)],
    ids=[scene.title for scene in WRONG],
)
def test_a_wrong_paxos_comes_to_its_scene(scene, protocol, settings):
    wanted = scene.told(("s1", "s2", "s3"), ("tea", "milk"))
    calls = {"s1": (TEA,), "s3": (MILK,)}
    given = {"network": Unordered(prompt=True), "retry_ms": None, "workload": calls}
    found = explore(
        protocol,
        servers=3,
        goal=lambda world: view_of(world.nodes) == wanted,
        progress=False,
        **given | settings,
    )
    assert found.path, found


def is_fine(view) -> bool:
    """P2c for each vote; one value in a ballot; and what is decided was chosen."""
    votes = {vote for node in view.values() for vote in node["voted"]}
    majorities = [q for size in (2, 3, 4, 5) for q in combinations(view, size)]
    majorities = [q for q in majorities if 2 * len(q) > len(view)]

    def forced(quorum, ballot):
        below = [v for node in quorum for v in view[node]["voted"] if v[0] < ballot]
        return max(below)[1] if below else None

    p2c = all(
        any(forced(quorum, ballot) in (None, value) for quorum in majorities)
        for ballot, value in votes
    )
    chosen = {
        vote[1]
        for vote in votes
        if any(all(vote in view[node]["voted"] for node in q) for q in majorities)
    }
    decided = {node["decided"] for node in view.values()} - {None}
    return p2c and len({b for b, _ in votes}) == len(votes) and decided <= chosen


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_fine_states_of_exercise_4_5_are_fine_and_the_wrong_ones_are_not(case):
    assert all(is_fine(scene.view(case)) for scene in FINE)
    assert not any(is_fine(scene.view(case)) for scene in WRONG)
    assert all(is_fine(view) for view in right_runs(case))


# --------------------------------------------------------------------------------- 4.6
def test_the_rules_of_exercise_4_6_are_inductive_for_more_managers_too():
    scope, _ = solved("04_paxos")
    given = [as_property(i, rule) for i, rule in enumerate(rules(scope["RULES"]))]
    assert inductive(TwoPhaseCommit(managers=3), always_consistent, *given).valid


def test_what_is_said_of_a_step_that_escapes_is_true_of_where_it_begins():
    """No state in which all of the library's invariants hold is called odd."""
    model = TwoPhaseCommit(managers=2)
    for state in model.every_state():
        if not any(broken(state) for broken in INDUCTIVE):
            assert odd(state).startswith("Who has sent")
