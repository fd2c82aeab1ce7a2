"""The bully election: steps, promises, mutants, and what happens without synchrony."""

from collections.abc import Iterator
from functools import partial

import bully_mutants as mutants
import pytest
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.consensus.bully import (
    AreYouNormal,
    AreYouThere,
    Bully,
    CheckTime,
    Halt,
    Leader,
    NewCoordinator,
    No,
    NoAnswer,
    NothingHeard,
    Ready,
    Status,
    Yes,
)
from distlab.faults import (
    Byzantine,
    Crash,
    Cut,
    Delay,
    Fault,
    Isolate,
    Loss,
    Pause,
    Resume,
    Schedule,
    Split,
)
from distlab.node import (
    CancelTimer,
    Deliver,
    DiskReport,
    Fire,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.sim import Cluster, Network

FOUR = ("s1", "s2", "s3", "s4")
WAITS = SetTimer(NothingHeard(), (150, 150))
UNTIL_ANSWERED = SetTimer(NoAnswer(), (20, 20))


def node(id: str, *events) -> Bully:
    """One of four nodes, after these events."""
    made = Bully(id, FOUR)
    for event in events:
        made.step(event)
    return made


def told(effects: list) -> list:
    """What is sent and put out; timers and remarks aside."""
    return [e for e in effects if isinstance(e, (Send, Output))]


def works_for(src: str) -> tuple[Deliver, ...]:
    questions = (Halt(1), NewCoordinator(2), Ready(3))
    return tuple(Deliver(src, question) for question in questions)


# ---------------------------------------------------------------------------- the steps
def test_a_candidate_asks_those_who_are_higher():
    """Election, 1."""
    assert node("s2").step(Start()) == [
        CancelTimer(NothingHeard()),
        CancelTimer(CheckTime()),
        Send("s3", AreYouThere(1)),
        Send("s4", AreYouThere(1)),
        UNTIL_ANSWERED,
    ]


def test_it_leaves_the_election_to_a_higher_node_that_is_there():
    """Election, 1: even to one of several."""
    s2 = node("s2", Start(), Deliver("s3", Yes(1)))
    assert s2.step(Fire(NoAnswer())) == [CancelTimer(NoAnswer()), WAITS]


def test_otherwise_it_tells_all_lower_ones_to_halt():
    """Election, 2."""
    s3 = node("s3", Start())
    assert told(s3.step(Fire(NoAnswer()))) == [Send("s1", Halt(2)), Send("s2", Halt(2))]
    assert (s3.status, s3.halted_by) == (Status.ELECTION, "s3")


def test_those_that_have_halted_get_to_know_their_coordinator_and_then_to_work():
    """Election, 3; Election, 4: and nobody else does."""
    s4 = node("s4", Start(), Deliver("s1", Yes(2)), Deliver("s3", Yes(2)))
    assert told(s4.step(Fire(NoAnswer()))) == [
        Send("s1", NewCoordinator(3)),
        Send("s3", NewCoordinator(3)),
    ]
    assert s4.status is Status.REORGANIZATION
    s4.step(Deliver("s3", Yes(3)))
    assert told(s4.step(Deliver("s1", Yes(3)))) == [
        Send("s1", Ready(4)),
        Send("s3", Ready(4)),
    ]
    s4.step(Deliver("s1", Yes(4)))
    assert told(s4.step(Deliver("s3", Yes(4)))) == [Output(Leader("s4"))]
    assert s4.status is Status.NORMAL


@pytest.mark.parametrize("answered", [2, 3])
def test_if_one_of_them_fails_meanwhile_it_begins_again(answered):
    """Election, 4: after the halt, or after they were told."""
    s4 = node("s4", Start())
    for number in range(2, answered + 1):
        for src in ("s1", "s2", "s3"):
            s4.step(Deliver(src, Yes(number)))
    s4.step(Deliver("s1", Yes(answered + 1)))
    again = [Send(dst, Halt(answered + 3)) for dst in ("s1", "s2", "s3")]
    assert told(s4.step(Fire(NoAnswer()))) == again


def test_who_is_told_to_halt_stops_whatever_it_does():
    """Halt: a candidate is no longer one."""
    s3 = node("s3", Start())
    assert told(s3.step(Deliver("s4", Halt(7)))) == [Send("s4", Yes(7))]
    assert (s3.status, s3.halted_by, s3.question) == (Status.ELECTION, "s4", None)


def test_an_answer_to_an_earlier_question_counts_for_nothing():
    s3 = node("s3", Start(), Fire(NoAnswer()))
    late = Note("answers an earlier question", dropped=True)
    for answer in (Yes(1), No(1)):
        assert s3.step(Deliver("s1", answer)) == [late]


def test_a_node_follows_the_one_that_it_last_halted_for():
    """NewCoordinator."""
    s1 = node("s1", Deliver("s3", Halt(1)), Deliver("s4", Halt(1)))
    s1.step(Deliver("s3", NewCoordinator(2)))
    assert (s1.status, s1.coordinator) == (Status.ELECTION, None)
    s1.step(Deliver("s4", NewCoordinator(2)))
    assert (s1.status, s1.coordinator) == (Status.REORGANIZATION, "s4")


def test_it_works_when_its_coordinator_says_so():
    """Ready."""
    s1 = node("s1", *works_for("s4")[:2])
    assert told(s1.step(Deliver("s3", Ready(3)))) == [Send("s3", Yes(3))]
    assert told(s1.step(Deliver("s4", Ready(3)))) == [
        Output(Leader("s4")),
        Send("s4", Yes(3)),
    ]


def test_who_hears_nothing_from_its_coordinator_holds_an_election():
    """Timeout."""
    s2 = node("s2", *works_for("s4"))
    assert told(s2.step(Fire(NothingHeard()))) == [
        Send("s3", AreYouThere(1)),
        Send("s4", AreYouThere(1)),
    ]


def test_who_comes_back_holds_an_election_when_its_past_is_over():
    """Recovery."""
    s2 = node("s2")
    waits = SetTimer(NothingHeard(), (20, 20))
    assert s2.step(Recover(DiskReport())) == [waits]


def test_a_coordinator_asks_whether_all_are_working():
    """Check; AreYouNormal."""
    s4 = node("s4", Fire(CheckTime()))
    working, halted = node("s1", *works_for("s4")), node("s2")
    question = AreYouNormal(s4.number)
    assert told(working.step(Deliver("s4", question))) == [Send("s4", Yes(1))]
    assert told(halted.step(Deliver("s4", question))) == [Send("s4", No(1))]
    assert told(s4.step(Deliver("s2", No(1)))) == [
        Send(dst, Halt(3)) for dst in ("s1", "s2", "s3")
    ]


def test_who_is_down_is_none_of_its_business():
    """Check: a coordinator goes on when some do not answer."""
    s4 = node("s4", Fire(CheckTime()), Deliver("s1", Yes(1)))
    assert s4.step(Fire(NoAnswer())) == [
        CancelTimer(NoAnswer()),
        SetTimer(CheckTime(), (50, 50)),
    ]


# ----------------------------------------------------------------------------- the runs
SIZES = (3, 4, 5)
# The slowest that a schedule makes an answer: two ways, stretched, delayed, held back
SLOW = {"delay_ms": 5, "pause_ms": 10}
TIMES = {"answer_ms": 110, "check_ms": 150, "patience_ms": 400}
NORMAL, MANY = {}, {"network": Network(5), "check_ms": 40}
WORKLOADS = {"symmetric": NORMAL, "lopsided": MANY}


def run(
    protocol: type, seed: int, work: str = "symmetric", schedule: Schedule | None = None
) -> Cluster:
    """One run; in the lopsided one the coordinator has more to do than the others."""
    n = SIZES[seed % len(SIZES)]
    if schedule is None:
        drawing = Drawing(seed, [f"s{i + 1}" for i in range(n)], **SLOW)
        schedule = drawing.schedule(Bully.assumes)
    how = {**TIMES, **WORKLOADS[work]}
    cluster = Cluster(
        protocol, servers=n, seed=seed, faults=schedule, states=True, **how
    )
    return cluster.run(until_ms=OVER_MS + 3000)


Standing = dict[str, tuple[Status, str | None]]


def standings(cluster: Cluster) -> Iterator[tuple[float, Standing]]:
    """After each change: for each node its status, and whom it takes to coordinate."""
    known: dict[str, dict] = {id: {} for id in cluster.nodes}
    for step in cluster.trace.where("state"):
        known[step.node].update(step.what)
        yield (
            step.at_ms,
            {
                id: (fields["status"], fields["coordinator"])
                for id, fields in known.items()
                if fields
            },
        )


def one_coordinator(cluster: Cluster) -> str | None:
    """Assertion 1: who works or is about to has the same coordinator as all who do."""
    for at_ms, standing in standings(cluster):
        leaders = {
            id: coordinator
            for id, (status, coordinator) in standing.items()
            if status is not Status.ELECTION
        }
        if len(set(leaders.values())) > 1:
            return f"at {at_ms:g} ms: {leaders}"
    return None


def the_highest_leads_in_the_end(cluster: Cluster) -> str | None:
    """Assertion 2: once nodes stop failing, all that are up work for the highest."""
    last = {step.node: step.kind for step in cluster.trace.where("crash", "recover")}
    up = {id: n for id, n in cluster.nodes.items() if last.get(id) != "crash"}
    for id, one in up.items():
        if (one.status, one.coordinator) != (Status.NORMAL, max(up)):
            return f"{id}: {one.status.value}, {one.coordinator}; up are {list(up)}"
    return None


PROMISES = (one_coordinator, the_highest_leads_in_the_end)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(Bully, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("hundred", range(10))
def test_what_is_promised_is_kept_for_a_thousand_seeds(hundred, work):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(Bully, seed, work), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    runs = [run(Bully, seed, work) for seed in range(15) for work in WORKLOADS]
    notes = {step.what for cluster in runs for step in cluster.trace.where("note")}
    for remark in ("s1 misses its coordinator", "s1 has no coordinator"):
        assert remark in notes
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {"answers an earlier question"}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Bully.assumes.kinds()) - {Resume}


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.AsksNobodyHigher, "symmetric", 0, one_coordinator),
    (mutants.IgnoresTheHigher, "symmetric", 0, one_coordinator),
    (mutants.HidesFromTheLower, "symmetric", 1, one_coordinator),
    (mutants.HaltsNobody, "symmetric", 0, one_coordinator),
    (mutants.WorksBeforeAllHaveHalted, "symmetric", 0, one_coordinator),
    (mutants.TellsNobody, "symmetric", 0, the_highest_leads_in_the_end),
    (mutants.MakesNobodyReady, "symmetric", 0, the_highest_leads_in_the_end),
    (mutants.NeverMissesItsCoordinator, "symmetric", 0, the_highest_leads_in_the_end),
    (mutants.HoldsNoElectionAfterACrash, "symmetric", 0, the_highest_leads_in_the_end),
    (mutants.NeverChecks, "symmetric", 1, the_highest_leads_in_the_end),
    (mutants.TakesNoForYes, "symmetric", 1, the_highest_leads_in_the_end),
    (mutants.IsAlwaysWell, "symmetric", 1, the_highest_leads_in_the_end),
    (mutants.KeepsWorking, "symmetric", 0, one_coordinator),
    (mutants.GoesOnAsACandidate, "lopsided", 6, one_coordinator),
    (mutants.ForgetsForWhomItHalted, "lopsided", 26, one_coordinator),
    (mutants.FollowsWithoutHalting, "lopsided", 26, one_coordinator),
]
# What takes a wrong step that no run has come to, and the test that sees it
KILLED_BY_A_STEP = {
    mutants.WorksForAnybody: test_it_works_when_its_coordinator_says_so,
    mutants.TakesAnOldAnswer: test_an_answer_to_an_earlier_question_counts_for_nothing,
}


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, (promise,), partial(run, work=shape), Bully)


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Bully", mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_every_mutant_has_what_kills_it():
    killed = {mutant for mutant, *_ in KILLED} | KILLED_BY_A_STEP.keys()
    assert mutants_in(mutants) == killed


# ------------------------------------------------------------ what is taken for granted
class SaysThatItLeads(Bully):
    """Works for itself from the beginning."""

    def on_are_you_normal(self, src, msg):
        self.status, self.coordinator = Status.NORMAL, self.id


EXCLUDED: dict[type[Fault], Schedule] = {
    Loss: (Loss(0.5),),
    Cut: (Cut("s3", "s1", 1000), Cut("s3", "s2", 1000)),
    Split: (Split((("s1", "s2"), ("s3",)), 1000),),
    Isolate: (Isolate("s3", 1000),),
    Byzantine: (Byzantine("s1", SaysThatItLeads),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in Bully.assumes.kinds()
    schedule = EXCLUDED[kind]
    first_harm(one_coordinator, lambda seed: run(Bully, 3 * seed, schedule=schedule))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Bully.assumes.kinds()) | EXCLUDED.keys()


# A node that stands still, and messages that are late, for 600 ms: then all is well
LATE: dict[str, Schedule] = {
    "a pause": (Pause("s3", 1000, 1600),),
    "slow messages": (Delay(600, 1000, 1600, src="s3"),),
    "a split": (Split((("s1", "s2"), ("s3",)), 1000, 1600),),
}


@pytest.mark.parametrize("late", LATE)
def test_without_synchrony_there_are_two_coordinators_and_nobody_notices(late):
    """Each asks whether the others are working, and they are: for somebody."""
    cluster = run(Bully, 0, schedule=LATE[late])
    assert one_coordinator(cluster)
    standing = {id: (n.status, n.coordinator) for id, n in cluster.nodes.items()}
    assert standing == {
        "s1": (Status.NORMAL, "s2"),
        "s2": (Status.NORMAL, "s2"),
        "s3": (Status.NORMAL, "s3"),
    }


def always_one_coordinator(world) -> str | None:
    """Assertion 1, of one state."""
    nodes = world.nodes.items()
    leaders = {id: n.coordinator for id, n in nodes if n.status is not Status.ELECTION}
    return f"{leaders}" if len(set(leaders.values())) > 1 else None


def explored(timers: int) -> Explored:
    """All orders in which messages may arrive, and so many waits that are too short."""
    return explore(
        Bully,
        servers=3,
        budget=Budget(timers=timers),
        properties=(always_one_coordinator,),
    )


def test_where_all_answer_in_time_the_order_of_messages_does_not_matter():
    assert (explored(0).valid, explored(0).states) == (True, 675)


def test_a_single_wait_that_is_too_short_makes_two_coordinators():
    """The second highest does not hear the highest in time, and all else goes well."""
    verdict = explored(1)
    assert verdict.reason.startswith("Broken after 8 steps")
    assert [str(action) for action, _ in verdict.path[1:5]] == [
        "s1 receives Halt(number=2) from s3",
        "NoAnswer() of s2 runs out",
        "s1 receives Halt(number=2) from s2",
        "s2 receives Yes(number=2) from s1",
    ]


# -------------------------------------------------------------------------------- costs
def messages_of_an_election(n: int, **per_node) -> tuple[int, float]:
    """How many there are, and how long it takes, when the highest of n is lost."""
    never = {"patience_ms": 1000, "check_ms": 900}
    cluster = Cluster(
        Bully,
        servers=n,
        network=Network(5),
        per_node={f"s{n - 1}": {"patience_ms": 300}, **per_node},
        faults=(Crash(f"s{n}", 100),),
        **never,
    )
    cluster.run(until_ms=899)
    after = cluster.trace.between(100, 899)
    begins = next(step for step in after if step.kind == "fire")
    ends = [step for step in after if step.kind == "output"][-1]
    assert ends.what == Leader(f"s{n - 1}")
    assert len(after.where("output")) == n - 1
    sent = after.where("send").between(0, ends.at_ms)
    return len(sent), ends.at_ms - begins.at_ms


@pytest.mark.parametrize("n", [3, 5, 8])
def test_an_election_that_the_second_highest_begins_costs_six_messages_a_node(n):
    """It waits for the one that is down, and three round trips for all the others."""
    assert messages_of_an_election(n) == (6 * (n - 2) + 1, 20 + 3 * 10)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_if_all_begin_at_once_it_costs_a_message_for_each_pair_and_way(n):
    everybody = {f"s{i + 1}": {"patience_ms": 300} for i in range(n)}
    found, _ = messages_of_an_election(n, **everybody)
    assert found == (n - 1) ** 2 + 6 * (n - 2)
