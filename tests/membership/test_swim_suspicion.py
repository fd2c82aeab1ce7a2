"""SWIM that suspects first: its steps, the order of claims, mutants, and its limits."""

from functools import partial
from itertools import product

import pytest
import swim_mutants as mutants
from killed import broken, each_mutant, kill, mutants_in
from swim_runs import PROMISES, every_crash_is_found, nobody_that_lives_is_dropped, run
from told import told

from distlab.faults import Crash, Pause, Recover
from distlab.membership.swim import NoAck, Ping, ProtocolPeriod, Swim
from distlab.membership.swim_round_robin import RoundRobinSwim
from distlab.membership.swim_suspicion import (
    Alive,
    Claim,
    Confirm,
    Suspect,
    SuspicionSwim,
    SuspicionTimeout,
    overrides,
)
from distlab.node import CancelTimer, Deliver, Fire, Note, Output, Send, SetTimer, Start
from distlab.sim import Cluster

FIVE = ("s1", "s2", "s3", "s4", "s5")
FAULTS = ("pause", "resume", "crash")
SUSPICION = SetTimer(SuspicionTimeout("s3"), (1200, 1200))  # 3 · ⌈log 6⌉ periods


def member(id: str, *claims: Claim) -> SuspicionSwim:
    """One of five, which has heard these claims."""
    made = SuspicionSwim(id, FIVE)
    made.step(Start())
    hears(made, *claims)
    return made


def hears(node: SuspicionSwim, *claims: Claim) -> list:
    """What a member does when it hears these claims, one message for each."""
    return [
        effect
        for number, claim in enumerate(claims)
        for effect in node.step(Deliver("s2", Ping((claim,), "s2", number)))
        if not isinstance(effect, Send)
    ]


# ---------------------------------------------------------------------------- the steps
def test_who_does_not_answer_is_suspected_and_stays_on_the_list():
    """§4.2, suspect."""
    s1 = member("s1")
    s1.step(Fire(ProtocolPeriod()), [(1,)])
    effects = s1.step(Fire(ProtocolPeriod()), [(1,)])
    suspected = Suspect("s3", 0)
    assert effects == [
        Output(suspected),
        SUSPICION,
        Send("s3", Ping((suspected,), "s1", 2)),
        SetTimer(NoAck(), (40, 40)),
        SetTimer(ProtocolPeriod(), (200, 200)),
    ]


def test_who_hears_of_a_suspicion_suspects_too():
    """§4.2, suspect."""
    assert hears(member("s1"), Suspect("s3", 0)) == [
        Output(Suspect("s3", 0)),
        SUSPICION,
    ]


def test_who_hears_that_it_is_suspected_objects_in_its_next_incarnation():
    """§4.2, alive: once for each."""
    s3 = member("s3")
    assert hears(s3, Suspect("s3", 0), Suspect("s3", 0)) == [Note("objects")]
    (answer,) = s3.step(Deliver("s2", Ping((), "s2", 3)))
    assert answer.msg.updates == (Alive("s3", 1),)


def test_an_objection_clears_it():
    """§4.2, alive."""
    s1 = member("s1", Suspect("s3", 0))
    cleared = [Output(Alive("s3", 1)), CancelTimer(SuspicionTimeout("s3"))]
    assert hears(s1, Alive("s3", 1)) == cleared
    assert hears(s1, Suspect("s3", 0)) == []


def test_who_is_suspected_for_too_long_has_failed():
    """§4.2, confirm: and the next message tells."""
    s1 = member("s1", Suspect("s3", 4))
    effects = s1.step(Fire(SuspicionTimeout("s3")))
    confirmed = Confirm("s3", 4)
    assert effects == [Output(confirmed), CancelTimer(SuspicionTimeout("s3"))]
    assert list(s1.members) == ["s2", "s4", "s5"]
    (answer,) = s1.step(Deliver("s2", Ping((), "s2", 3)))
    assert answer.msg.updates == (confirmed,)


def test_a_later_suspicion_begins_anew():
    """§4.2, confirm: with the time that it takes to object."""
    s1 = member("s1", Suspect("s3", 0))
    assert hears(s1, Suspect("s3", 1)) == [Output(Suspect("s3", 1)), SUSPICION]


CLAIMS = [kind("s3", i) for kind in (Alive, Suspect, Confirm) for i in range(3)]
ORDER = {  # new, old: how the incarnations have to stand to each other
    (Alive, Alive): lambda i, j: i > j,
    (Alive, Suspect): lambda i, j: i > j,
    (Suspect, Alive): lambda i, j: i >= j,
    (Suspect, Suspect): lambda i, j: i > j,
    (Confirm, Alive): lambda i, j: True,
    (Confirm, Suspect): lambda i, j: True,
}


def test_the_order_of_claims_is_that_of_the_paper():
    """§4.2, order: what it does not list overrides nothing."""
    for new, old in product(CLAIMS, CLAIMS):
        rule = ORDER.get((type(new), type(old)), lambda i, j: False)
        assert overrides(new, old) is rule(new.incarnation, old.incarnation)


def test_no_two_claims_override_each_other():
    """§4.2, order: so it does not matter for long in which order they come."""
    for one, other in product(CLAIMS, CLAIMS):
        assert not (overrides(one, other) and overrides(other, one))


def test_in_whatever_order_they_come_the_same_claim_is_left():
    """§4.2, order."""
    for one, other in product(CLAIMS, CLAIMS):
        left = [
            member("s1", *claims).claim("s3") for claims in ((one, other), (other, one))
        ]
        confirmed = [type(claim) for claim in left] == [Confirm, Confirm]
        assert left[0] == left[1] or confirmed


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("seed", range(6))
def test_a_pause_that_ends_in_time_costs_no_member(seed):
    """Where plain SWIM drops it for good."""
    cluster = run(SuspicionSwim, seed, "a long pause")
    assert broken(cluster, *PROMISES) == {}
    assert cluster.saw("objects")
    assert nobody_that_lives_is_dropped(run(Swim, seed, "a long pause"))


def test_a_pause_that_is_longer_than_that_does():
    """What is taken for granted: to object one has to be quick."""
    cluster = run(SuspicionSwim, 2, schedule=(Pause("s2", 1000, 8000),))
    assert nobody_that_lives_is_dropped(cluster)


def test_who_comes_back_under_its_old_name_is_not_let_in():
    """What is taken for granted: it is known to have failed, and that overrides all."""
    schedule = (Crash("s3", 1000), Recover("s3", 9000))
    cluster = run(SuspicionSwim, 2, schedule=schedule)
    assert nobody_that_lives_is_dropped(cluster)
    assert "s3" not in cluster["s1"].members


def test_who_comes_back_before_it_has_been_missed_objects_and_is_let_in():
    schedule = (Crash("s3", 1000), Recover("s3", 2000))
    assert broken(run(SuspicionSwim, 2, schedule=schedule), *PROMISES) == {}


# ---------------------------------------------------------------------------- a reading
def test_the_run_reads_as_it_is_written_down(golden):
    """§4.2: who stands still is suspected and objects, who crashes does not."""
    faults = (Pause("s2", 300, 900), Crash("s3", 2000))
    cluster = Cluster(SuspicionSwim, servers=3, seed=7, faults=faults, patience=1)
    trace = cluster.run(until_ms=3000).trace.where("output", "note", *FAULTS)
    golden("swim_suspicion.txt", told(trace))


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (mutants.DropsAtOnce, "a long pause", 0, nobody_that_lives_is_dropped),
    (mutants.NeverObjects, "a long pause", 0, nobody_that_lives_is_dropped),
    (mutants.KeepsItsIncarnation, "a long pause", 0, nobody_that_lives_is_dropped),
    (mutants.SuspectsForEver, "symmetric", 0, every_crash_is_found),
    (mutants.ConfirmsWhomItHasCleared, "a long pause", 0, nobody_that_lives_is_dropped),
    (mutants.BelievesNoObjection, "a long pause", 0, nobody_that_lives_is_dropped),
]
ONCE = test_who_hears_that_it_is_suspected_objects_in_its_next_incarnation
KILLED_BY_A_STEP = {
    mutants.SuspectsTheNextIncarnation: (
        test_who_does_not_answer_is_suspected_and_stays_on_the_list
    ),
    mutants.ObjectsToOldSuspicions: ONCE,
    mutants.BelievesWhatCameLast: test_an_objection_clears_it,
}


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), SuspicionSwim)


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "SuspicionSwim", mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_every_mutant_of_this_protocol_has_what_kills_it():
    mine = {kind for kind in mutants_in(mutants) if issubclass(kind, SuspicionSwim)}
    killed = {mutant for mutant, *_ in KILLED} | KILLED_BY_A_STEP.keys()
    assert {kind for kind in mine if not issubclass(kind, RoundRobinSwim)} == killed
