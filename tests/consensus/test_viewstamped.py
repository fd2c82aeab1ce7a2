"""One sentence of the paper, one test: viewstamped replication, step by step."""

import pytest
import viewstamped_mutants as mutants

from distlab.consensus.client import Redirect, Reply, Request
from distlab.consensus.viewstamped import (
    Commit,
    DoViewChange,
    Idle,
    Prepare,
    PrepareOk,
    PrimaryTimeout,
    StartView,
    StartViewChange,
    Status,
    Viewstamped,
)
from distlab.consensus.viewstamped_recovery import (
    GetState,
    NewState,
    Recovery,
    RecoveryResponse,
    RecoveryTimeout,
    ViewstampedRecovery,
)
from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    Fire,
    Log,
    Message,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replicated import Command, Delivered

THREE = ("s1", "s2", "s3")
FIVE = (*THREE, "s4", "s5")
X, Y, Z = (Command("c1", i + 1, Call("write", ("x", i))) for i in range(3))


def replica(id: str, nodes: tuple[str, ...] = THREE) -> ViewstampedRecovery:
    node = ViewstampedRecovery(id, nodes)
    node.step(Start())
    return node


def hears(node: Viewstamped, src: str, msg: Message) -> list[Send]:
    """What a node sends when this arrives."""
    return sends(node.step(Deliver(src, msg)))


def sends(effects: list) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def ask(command: Command) -> Request:
    return Request(command.number, command.call)


def primary_with(*commands: Command, nodes: tuple[str, ...] = THREE):
    """The primary of view 0, which has been asked for these."""
    s1 = replica("s1", nodes)
    for command in commands:
        hears(s1, command.client, ask(command))
    return s1


def backup_with(*commands: Command, id: str = "s2", nodes: tuple[str, ...] = THREE):
    """A backup in view 0, which has prepared these."""
    node = replica(id, nodes)
    for i, command in enumerate(commands):
        hears(node, "s1", Prepare(0, command, i + 1, 0))
    return node


def restart(node: ViewstampedRecovery) -> list[Send]:
    node.step(Crash(node.saved()))
    return sends(node.step(Recover(DiskReport())))


# --------------------------------------------------------------------- normal operation
def test_the_primary_sends_a_request_with_its_place_to_all_backups():
    """§4.1, 3: and with what is committed."""
    s1 = replica("s1")
    assert s1.step(Deliver("c1", ask(X))) == [
        Send("s2", Prepare(0, X, 1, 0)),
        Send("s3", Prepare(0, X, 1, 0)),
        SetTimer(Idle(), (50, 50)),
    ]
    hears(s1, "s2", PrepareOk(0, 1))
    assert hears(s1, "c1", ask(Y))[0] == Send("s2", Prepare(0, Y, 2, 1))


def test_a_backup_says_who_the_primary_is():
    assert hears(replica("s2"), "c1", ask(X)) == [Send("c1", Redirect(1, "s1"))]


def test_a_request_that_was_executed_is_answered_again_and_not_prepared():
    """§4.1, 2: and so is one that is older."""
    s1 = primary_with(X, Y)
    hears(s1, "s2", PrepareOk(0, 2))
    for retry in (X, Y):
        assert hears(s1, "c1", ask(retry)) == [Send("c1", Reply(2, None))]


def test_a_request_that_is_in_the_log_is_not_put_there_again():
    """§4.1, 2: it is answered when it is committed."""
    s1 = primary_with(X)
    dropped = Note("a retry: the answer waits for backups", dropped=True)
    assert s1.step(Deliver("c1", ask(X))) == [dropped]
    assert s1.log == Log(X)


def test_nothing_is_served_while_views_change():
    s1 = primary_with()
    hears(s1, "s2", StartViewChange(3))
    assert hears(s1, "c1", ask(X)) == []
    assert s1.log == Log()


def test_a_backup_prepares_in_order():
    """§4.1, 4: PrepareOk stands for all before it."""
    s2 = replica("s2")
    assert hears(s2, "s1", Prepare(0, X, 1, 0)) == [Send("s1", PrepareOk(0, 1))]
    assert hears(s2, "s1", Prepare(0, Y, 2, 0)) == [Send("s1", PrepareOk(0, 2))]
    assert s2.log == Log(X, Y)


def test_a_backup_that_misses_one_says_nothing_of_the_next_and_asks():
    """§4.1, 4; §5.2, 1."""
    s2 = backup_with(X)
    assert hears(s2, "s1", Prepare(0, Z, 3, 0)) == [Send("s1", GetState(0, 0))]
    assert s2.log == Log(X)


def test_what_is_prepared_twice_is_in_the_log_once():
    s2 = backup_with(X, Y)
    assert hears(s2, "s1", Prepare(0, X, 1, 0)) == [Send("s1", PrepareOk(0, 2))]
    assert s2.log == Log(X, Y)


@pytest.mark.parametrize(("nodes", "f"), [(THREE, 1), (FIVE, 2)])
def test_a_command_is_committed_by_f_backups(nodes, f):
    """§4.1, 5: then it is executed, and the client is told."""
    s1 = primary_with(X, nodes=nodes)
    steps = [s1.step(Deliver(b, PrepareOk(0, 1))) for b in nodes[1:]]
    done = [Output(Delivered(1, X)), Send("c1", Reply(1, None))]
    assert steps == [[]] * (f - 1) + [done] + [[]] * (len(nodes) - 1 - f)


def test_one_backup_that_says_it_twice_is_one_backup():
    """§4.1, 5."""
    s1 = primary_with(X, nodes=FIVE)
    for _ in range(2):
        assert s1.step(Deliver("s2", PrepareOk(0, 1))) == []


def test_all_before_it_is_committed_too():
    """§4.1, 5: executed in order."""
    s1 = primary_with(X, Y)
    done = s1.step(Deliver("s2", PrepareOk(0, 2)))
    told = [effect.value.command for effect in done if isinstance(effect, Output)]
    assert told == [X, Y]


def test_what_backups_said_in_another_view_does_not_count():
    """§4.1, 5."""
    s2 = backup_with(X, Y, nodes=FIVE)
    for src in ("s3", "s4"):
        hears(s2, src, StartViewChange(1))
    for src in ("s3", "s4"):
        hears(s2, src, DoViewChange(1, Log(), 0, 0))
    assert s2.is_in(1) and s2.log == Log(X, Y)
    for src in ("s3", "s4"):
        hears(s2, src, PrepareOk(0, 2))
    assert s2.commit_number == 0


def test_a_primary_that_comes_back_counts_afresh():
    """§4.1, 5: what was said to it in its earlier view is over."""
    s1 = primary_with(X, nodes=FIVE)
    hears(s1, "s2", PrepareOk(0, 1))
    for src in ("s2", "s3"):
        hears(s1, src, StartViewChange(5))
    for src in ("s2", "s3"):
        hears(s1, src, DoViewChange(5, Log(), 0, 0))
    assert s1.is_in(5) and set(s1.prepared.values()) == {0}


def test_an_idle_primary_tells_what_is_committed():
    """§4.1, 6."""
    s1 = primary_with(X)
    hears(s1, "s2", PrepareOk(0, 1))
    assert s1.step(Fire(Idle())) == [
        Send("s2", Commit(0, 1)),
        Send("s3", Commit(0, 1)),
        SetTimer(Idle(), (50, 50)),
    ]


def test_what_is_not_committed_is_prepared_again():
    s1 = primary_with(X, Y)
    assert sends(s1.step(Fire(Idle())))[0] == Send("s2", Prepare(0, Y, 2, 0))


def test_a_backup_executes_what_is_committed_and_answers_nobody():
    """§4.1, 7: not before."""
    s2 = backup_with(X, Y)
    assert s2.service.answers == {}
    effects = s2.step(Deliver("s1", Commit(0, 1)))
    assert Output(Delivered(1, X)) in effects
    assert sends(effects) == []


def test_a_backup_that_lacks_what_is_committed_asks_for_it():
    """§4.1, 7; §5.2, 1."""
    s2 = backup_with(X)
    assert hears(s2, "s1", Commit(0, 2)) == [Send("s1", GetState(0, 0))]
    assert s2.commit_number == 0


def test_an_old_primary_is_not_obeyed():
    s3 = backup_with(X, id="s3")
    hears(s3, "s2", StartView(1, Log(), 0))
    for old in (Prepare(0, Y, 1, 0), Commit(0, 1)):
        assert hears(s3, "s1", old) == []
    assert (s3.log, s3.commit_number) == (Log(), 0)


# ------------------------------------------------------------------------- view changes
def test_who_misses_its_primary_tells_all_that_it_wants_another_view():
    """§4.2, 1."""
    s2 = backup_with(X)
    assert s2.step(Fire(PrimaryTimeout())) == [
        CancelTimer(Idle()),
        SetTimer(PrimaryTimeout(), (150, 300)),
        Send("s1", StartViewChange(1)),
        Send("s3", StartViewChange(1)),
    ]
    assert s2.status is Status.VIEW_CHANGE


@pytest.mark.parametrize("msg", [StartViewChange(2), DoViewChange(2, Log(), 0, 0)])
def test_who_hears_of_a_later_view_wants_it_too(msg):
    """§4.2, 1: also a primary."""
    s1 = replica("s1", FIVE)
    others = [Send(node, StartViewChange(2)) for node in FIVE[1:]]
    assert hears(s1, "s3", msg) == others
    assert hears(s1, "s4", StartViewChange(1)) == []


def test_the_log_goes_to_the_new_primary_when_f_others_want_the_view():
    """§4.2, 2: once."""
    s3 = backup_with(X, id="s3", nodes=FIVE)
    others = [Send(node, StartViewChange(1)) for node in FIVE if node != "s3"]
    assert hears(s3, "s4", StartViewChange(1)) == others
    assert hears(s3, "s4", StartViewChange(1)) == []
    told = DoViewChange(1, Log(X), 0, 0)
    assert hears(s3, "s5", StartViewChange(1)) == [Send("s2", told)]
    assert hears(s3, "s1", StartViewChange(1)) == []


def test_the_last_view_that_was_normal_is_told_not_one_that_never_began():
    """§4.2, 2."""
    s3 = backup_with(X, id="s3")
    s3.step(Fire(PrimaryTimeout()))
    s3.step(Fire(PrimaryTimeout()))
    s3.step(Fire(PrimaryTimeout()))
    told = DoViewChange(3, Log(X), 0, 0)
    assert hears(s3, "s2", StartViewChange(3)) == [Send("s1", told)]


def test_a_log_that_was_taken_over_is_of_the_view_that_it_came_with():
    """§4.2, 2; §4.2, 5."""
    s3 = backup_with(X, id="s3")
    hears(s3, "s2", StartView(1, Log(Y), 0))
    s3.step(Fire(PrimaryTimeout()))
    s3.step(Fire(PrimaryTimeout()))
    told = DoViewChange(3, Log(Y), 1, 0)
    assert hears(s3, "s1", StartViewChange(3)) == [Send("s1", told)]


def changing(*commands: Command) -> ViewstampedRecovery:
    """The primary of view 1 of five, which has sent its own DoViewChange."""
    s2 = backup_with(*commands, nodes=FIVE)
    for src in ("s3", "s4"):
        hears(s2, src, StartViewChange(1))
    return s2


def test_the_new_view_begins_with_f_others():
    """§4.2, 3."""
    s2 = changing(X)
    assert hears(s2, "s3", DoViewChange(1, Log(X), 0, 0)) == []
    begun = StartView(1, Log(X), 0)
    assert hears(s2, "s4", DoViewChange(1, Log(), 0, 0)) == [
        Send(node, begun) for node in FIVE if node != "s2"
    ]
    assert hears(s2, "s5", DoViewChange(1, Log(), 0, 0)) == []


def test_one_that_speaks_twice_is_one():
    """§4.2, 3."""
    s2 = changing(X)
    for _ in range(2):
        assert hears(s2, "s3", DoViewChange(1, Log(X), 0, 0)) == []


@pytest.mark.parametrize(
    ("told", "chosen"),
    [
        ([(Log(X, Y), 0), (Log(X), 0)], Log(X, Y)),
        ([(Log(X), 0), (Log(X, Y), 0)], Log(X, Y)),
        ([(Log(Z), 1), (Log(X, Y), 0)], Log(Z)),
        ([(Log(X, Y), 0), (Log(Z), 1)], Log(Z)),
    ],
)
def test_the_log_of_the_latest_view_is_chosen_and_then_the_longest(told, chosen):
    """§4.2, 3."""
    s2 = replica("s2", FIVE)
    s2.step(Fire(PrimaryTimeout()))
    for src in ("s3", "s4"):
        hears(s2, src, StartViewChange(6))
    for src, (log, last_normal) in zip(("s3", "s4"), told, strict=True):
        hears(s2, src, DoViewChange(6, log, last_normal, 0))
    assert s2.log == chosen


def test_what_one_knows_to_be_committed_all_know_then():
    """§4.2, 3; §4.2, 4: and clients are answered."""
    s2 = changing(X)
    hears(s2, "s3", DoViewChange(1, Log(X), 0, 1))
    effects = s2.step(Deliver("s4", DoViewChange(1, Log(), 0, 0)))
    assert Output(Delivered(1, X)) in effects
    assert Send("s1", StartView(1, Log(X), 1)) in effects
    assert Send("c1", Reply(1, None)) in effects


def test_the_others_take_the_log_over_and_prepare_what_is_not_committed():
    """§4.2, 5."""
    s3 = backup_with(X, id="s3")
    effects = s3.step(Deliver("s2", StartView(1, Log(Y, Z), 1)))
    assert sends(effects) == [Send("s2", PrepareOk(1, 2))]
    assert Output(Delivered(1, Y)) in effects
    assert (s3.log, s3.view_number, s3.commit_number) == (Log(Y, Z), 1, 1)


def test_where_all_is_committed_nothing_is_prepared():
    """§4.2, 5."""
    assert hears(replica("s3"), "s2", StartView(1, Log(X), 1)) == []


def test_a_view_begins_once():
    """§4.2, 5: and one that was left, never."""
    s3 = replica("s3")
    hears(s3, "s2", StartView(1, Log(X, Y), 0))
    hears(s3, "s2", StartView(1, Log(X), 0))
    assert s3.log == Log(X, Y)
    s3.step(Fire(PrimaryTimeout()))
    hears(s3, "s2", StartView(1, Log(X), 0))
    assert (s3.log, s3.view_number) == (Log(X, Y), 2)


# ----------------------------------------------------------------------- state transfer
def test_who_is_asked_tells_what_follows():
    """§5.2, 2."""
    s1 = primary_with(X, Y)
    assert hears(s1, "s2", GetState(0, 1)) == [Send("s2", NewState(0, (Y,), 2, 0))]


def test_who_is_asked_about_another_view_is_silent():
    """§5.2, 2."""
    assert hears(primary_with(X), "s2", GetState(1, 0)) == []


def test_the_asker_goes_on_from_there():
    """§5.2, 3."""
    s2 = backup_with(X)
    told = NewState(0, (X, Y, Z), 3, 2)
    assert hears(s2, "s1", told) == [Send("s1", PrepareOk(0, 3))]
    assert (s2.log, s2.commit_number) == (Log(X, Y, Z), 2)


def test_a_log_is_cut_when_the_state_of_a_later_view_is_there_and_not_before():
    """§5.2, 3: the paper cuts it when it asks, and a view change may come between."""
    s3 = backup_with(X, id="s3")
    assert hears(s3, "s2", Commit(1, 0)) == [Send("s2", GetState(1, 0))]
    assert (s3.log, s3.view_number) == (Log(X), 0)
    hears(s3, "s2", NewState(1, (Y,), 1, 0))
    assert (s3.log, s3.view_number) == (Log(Y), 1)


def test_old_news_make_no_log_shorter():
    """§5.2, 3."""
    s2 = backup_with(X, Y)
    hears(s2, "s1", NewState(0, (X,), 1, 0))
    assert s2.log == Log(X, Y)


def test_what_begins_behind_what_is_sure_is_no_news():
    """§5.2, 3: what stands before it may be of another view."""
    s3 = backup_with(X, id="s3")
    hears(s3, "s2", NewState(1, (Z,), 2, 0))
    assert (s3.log, s3.view_number) == (Log(X), 0)


# ----------------------------------------------------------------------------- recovery
def test_who_is_back_asks_all_with_a_nonce_that_is_new():
    """§4.3, 1: until it has its answer."""
    s2 = backup_with(X)
    assert restart(s2) == [Send(peer, Recovery(1)) for peer in ("s1", "s3")]
    assert (s2.status, s2.log) == (Status.RECOVERING, Log())
    assert sends(s2.step(Fire(RecoveryTimeout())))[0] == Send("s1", Recovery(1))
    assert restart(s2)[0] == Send("s1", Recovery(2))


@pytest.mark.parametrize(
    "msg",
    [
        Prepare(0, X, 1, 0),
        Commit(0, 1),
        StartViewChange(1),
        DoViewChange(1, Log(), 0, 0),
        StartView(1, Log(), 0),
        NewState(1, (), 0, 0),
        GetState(0, 0),
        Recovery(1),
        PrepareOk(0, 1),
        Request(1, X.call),
    ],
    ids=lambda msg: type(msg).__name__,
)
def test_who_recovers_takes_part_in_nothing(msg):
    """§4.3, 1."""
    s2 = backup_with(X)
    restart(s2)
    assert hears(s2, "s3", msg) == []
    assert (s2.status, s2.log, s2.view_number) == (Status.RECOVERING, Log(), 0)


def test_only_the_primary_tells_its_log():
    """§4.3, 2."""
    s1, s3 = primary_with(X), backup_with(X, id="s3")
    told = RecoveryResponse(0, 7, Log(X), 0)
    assert hears(s1, "s2", Recovery(7)) == [Send("s2", told)]
    told = RecoveryResponse(0, 7, None, 0)
    assert hears(s3, "s2", Recovery(7)) == [Send("s2", told)]


def test_who_changes_views_tells_nothing():
    """§4.3, 2."""
    s3 = backup_with(X, id="s3")
    s3.step(Fire(PrimaryTimeout()))
    assert hears(s3, "s2", Recovery(7)) == []


def test_a_replica_recovers_from_f_others_and_the_primary_of_the_latest_view():
    """§4.3, 3."""
    s5 = backup_with(X, id="s5", nodes=FIVE)
    restart(s5)
    hears(s5, "s1", RecoveryResponse(0, 1, Log(X), 1))
    hears(s5, "s4", RecoveryResponse(0, 1, None, 1))
    assert s5.status is Status.RECOVERING  # it takes f + 1
    hears(s5, "s3", RecoveryResponse(1, 1, None, 1))
    assert s5.status is Status.RECOVERING  # view 1 is the latest, and s2 its primary
    effects = s5.step(Deliver("s2", RecoveryResponse(1, 1, Log(X, Y), 1)))
    assert Output(Delivered(1, X)) in effects
    assert sends(effects) == [Send("s2", PrepareOk(1, 2))]
    assert (s5.status, s5.view_number, s5.log) == (Status.NORMAL, 1, Log(X, Y))


def test_a_replica_recovers_into_the_view_that_it_was_in():
    """§4.3, 3."""
    s3 = backup_with(X, id="s3")
    restart(s3)
    hears(s3, "s2", RecoveryResponse(0, 1, None, 0))
    told = hears(s3, "s1", RecoveryResponse(0, 1, Log(X), 0))
    assert told == [Send("s1", PrepareOk(0, 1))]
    assert s3.is_in(0)


def test_an_answer_to_an_earlier_recovery_is_none():
    """§4.3, 3."""
    s3 = backup_with(X, id="s3")
    restart(s3)
    restart(s3)
    for src, log in (("s1", Log()), ("s2", None)):
        hears(s3, src, RecoveryResponse(0, 1, log, 0))
    assert s3.status is Status.RECOVERING


def test_who_had_promised_to_join_a_later_view_goes_on_with_the_change():
    """§4.3, 3: the paper lets it go back, and say PrepareOk in the view it had left."""
    s3 = backup_with(X, id="s3")
    hears(s3, "s2", StartViewChange(1))
    restart(s3)
    hears(s3, "s1", RecoveryResponse(0, 1, Log(X), 0))
    told = hears(s3, "s2", RecoveryResponse(0, 1, None, 0))
    assert told == [Send(peer, StartViewChange(1)) for peer in ("s1", "s2")]
    assert (s3.status, s3.view_number, s3.log) == (Status.VIEW_CHANGE, 1, Log(X))
    assert hears(s3, "s1", Prepare(0, Y, 2, 0)) == []


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.PreparesRetriesAgain: (
        test_a_request_that_is_in_the_log_is_not_put_there_again
    ),
    mutants.NeedsOneBackupMore: lambda: test_a_command_is_committed_by_f_backups(
        THREE, 1
    ),
    mutants.CountsOtherViews: test_what_backups_said_in_another_view_does_not_count,
    mutants.KeepsCounting: test_a_primary_that_comes_back_counts_afresh,
    mutants.ConfirmsWhatItLacks: (
        test_a_backup_that_misses_one_says_nothing_of_the_next_and_asks
    ),
    mutants.SendsNoCommits: test_an_idle_primary_tells_what_is_committed,
    mutants.PreparesOnce: test_what_is_not_committed_is_prepared_again,
    mutants.ChangesAlone: (
        test_the_log_goes_to_the_new_primary_when_f_others_want_the_view
    ),
    mutants.CallsItsViewNormal: (
        test_the_last_view_that_was_normal_is_told_not_one_that_never_began
    ),
    mutants.TakesTheLongestLog: lambda: (
        test_the_log_of_the_latest_view_is_chosen_and_then_the_longest(
            [(Log(Z), 1), (Log(X, Y), 0)], Log(Z)
        )
    ),
    mutants.ForgetsWhatIsCommitted: (test_what_one_knows_to_be_committed_all_know_then),
    mutants.LeavesOthersInDoubt: (
        test_the_others_take_the_log_over_and_prepare_what_is_not_committed
    ),
    mutants.AnswersForOtherViews: test_who_is_asked_about_another_view_is_silent,
    mutants.CutsBeforeItAsks: (
        test_a_log_is_cut_when_the_state_of_a_later_view_is_there_and_not_before
    ),
    mutants.JoinsBeforeItHasTheState: (
        test_a_log_is_cut_when_the_state_of_a_later_view_is_there_and_not_before
    ),
    mutants.GoesOnWithAChangeThatIsOver: (
        test_a_replica_recovers_into_the_view_that_it_was_in
    ),
    mutants.UsesANonceTwice: test_an_answer_to_an_earlier_recovery_is_none,
    mutants.RecoversIntoAnyView: (
        test_a_replica_recovers_from_f_others_and_the_primary_of_the_latest_view
    ),
    mutants.ForgetsItsView: (
        test_who_had_promised_to_join_a_later_view_goes_on_with_the_change
    ),
    mutants.GoesBackBehindItsWord: (
        test_who_had_promised_to_join_a_later_view_goes_on_with_the_change
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    forgetful = mutants.recovering(mutant)
    monkeypatch.setitem(globals(), "ViewstampedRecovery", forgetful)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
