"""One sentence of the paper, one test: Zab, step by step."""

import pytest
import zab_mutants as mutants

from distlab.consensus.client import Redirect, Reply, Request
from distlab.consensus.zab import (
    Ack,
    AckEpoch,
    CEpoch,
    Commit,
    NewEpoch,
    NewLeader,
    Phase,
    Propose,
    Txn,
    Zab,
    Zxid,
)
from distlab.consensus.zab_election import Patience, Ping, Tick, ZabElection
from distlab.events import DiskReport
from distlab.node import (
    Call,
    Crash,
    Deliver,
    End,
    Fire,
    Log,
    Message,
    Output,
    Recover,
    Send,
    Start,
)
from distlab.replicated import Command, Delivered

THREE = ("s1", "s2", "s3")
FIVE = (*THREE, "s4", "s5")
X, Y, Z = (Command("c1", i + 1, Call("write", ("x", i))) for i in range(3))
NONE, EMPTY = Zxid(0, 0), Log()


def txn(epoch: int, counter: int, command: Command = X) -> Txn:
    return Txn(Zxid(epoch, counter), command)


def replica(id: str, nodes: tuple[str, ...] = THREE) -> ZabElection:
    node = ZabElection(id, nodes)
    node.step(Start())
    return node


def sends(effects: list) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def hears(node: Zab, src: str, msg: Message) -> list[Send]:
    """What a node sends when this arrives."""
    return sends(node.step(Deliver(src, msg)))


def prospective(id: str = "s1", nodes: tuple[str, ...] = THREE) -> ZabElection:
    """A node that asks the others to follow it."""
    node = replica(id, nodes)
    node.step(Fire(Patience()))
    return node


def proposing(nodes: tuple[str, ...] = THREE) -> ZabElection:
    """One that has found a quorum, and proposed epoch 1."""
    s1 = prospective(nodes=nodes)
    for src in nodes[1 : len(nodes) // 2 + 1]:
        hears(s1, src, CEpoch(0))
    return s1


def synchronizing(nodes: tuple[str, ...] = THREE, history: Log = EMPTY) -> ZabElection:
    """One that has chosen this history."""
    s1 = proposing(nodes)
    for src in nodes[1 : len(nodes) // 2 + 1]:
        hears(s1, src, AckEpoch(1, 0, history))
    return s1


def leader(nodes: tuple[str, ...] = THREE) -> ZabElection:
    """The leader of epoch 1."""
    s1 = synchronizing(nodes)
    for src in nodes[1 : len(nodes) // 2 + 1]:
        hears(s1, src, Ack(1, NONE))
    return s1


def follower(*history: Txn, id: str = "s3", epoch: int = 1) -> ZabElection:
    """A follower of s1 in this epoch, with this history."""
    node = replica(id)
    hears(node, "s1", Ping(0))
    hears(node, "s1", NewEpoch(epoch))
    hears(node, "s1", NewLeader(epoch, Log(*history)))
    return node


def ask(command: Command) -> Request:
    return Request(command.number, command.call)


def restart(node: Zab) -> None:
    node.step(Crash(node.saved()))
    node.step(Recover(DiskReport()))


# --------------------------------------------------------------------------- discovery
def test_a_follower_tells_which_epoch_it_has_accepted():
    """f.1.1."""
    assert hears(replica("s2"), "s1", Ping(0)) == [Send("s1", CEpoch(0))]
    s3 = follower(epoch=4)
    s3.step(Fire(Patience()))
    assert hears(s3, "s2", Ping(0)) == [Send("s2", CEpoch(4))]


def test_the_oracle_says_whom_to_follow():
    """f.1.1: to begin with, the first."""
    s2 = Zab("s2", THREE)
    assert s2.step(Start()) == [Send("s1", CEpoch(0))]
    told = Call("trust", ("s3",))
    assert s2.step(told) == [End(told, "ok", None), Send("s3", CEpoch(0))]


def test_a_quorum_of_followers_gets_a_later_epoch():
    """l.1.1: later than all of theirs."""
    s1 = prospective(nodes=FIVE)
    assert hears(s1, "s2", CEpoch(7)) == []
    assert hears(s1, "s3", CEpoch(5)) == [
        Send("s2", NewEpoch(8)),
        Send("s3", NewEpoch(8)),
    ]
    assert s1.accepted_epoch == 8


def test_a_follower_accepts_a_later_epoch_and_tells_its_history():
    """f.1.2: with the epoch that the history is of."""
    s3 = follower(txn(1, 1))
    told = AckEpoch(3, 1, Log(txn(1, 1)))
    assert hears(s3, "s1", NewEpoch(3)) == [Send("s1", told)]
    assert (s3.accepted_epoch, s3.current_epoch) == (3, 1)


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_follower_accepts_an_epoch_once_and_none_before_it(epoch):
    """f.1.2: two leaders might propose the same."""
    s3 = follower(epoch=2)
    s3.step(Fire(Patience()))
    hears(s3, "s2", Ping(0))
    assert hears(s3, "s2", NewEpoch(epoch)) == []
    assert s3.accepted_epoch == 2


def test_what_was_accepted_is_on_the_disk():
    """f.1.2; f.2.1; f.3.2: epochs and history."""
    s3 = follower()
    hears(s3, "s1", Propose(1, txn(1, 1)))
    hears(s3, "s1", NewEpoch(3))
    restart(s3)
    assert (s3.accepted_epoch, s3.current_epoch, s3.history) == (3, 1, Log(txn(1, 1)))
    assert hears(s3, "s2", Ping(0)) == [Send("s2", CEpoch(3))]


def test_one_that_is_not_followed_is_not_heard():
    """f.1.2; f.2.1; f.3.2; f.3.3."""
    s3 = follower(txn(1, 1))
    for msg in (
        NewEpoch(2),
        NewLeader(1, Log()),
        Propose(1, txn(1, 2)),
        Commit(1, Zxid(1, 1)),
    ):
        assert hears(s3, "s2", msg) == []
    assert (s3.accepted_epoch, s3.history, s3.delivered) == (1, Log(txn(1, 1)), 0)


A, B, C = Log(txn(1, 1), txn(1, 2, Y)), Log(txn(1, 1)), Log(txn(2, 1, Z))


@pytest.mark.parametrize(
    ("told", "chosen"),
    [
        ([(1, A), (1, B)], A),
        ([(1, B), (1, A)], A),
        ([(1, C), (2, B)], B),
        ([(2, B), (1, C)], B),
    ],
)
def test_the_history_of_the_latest_epoch_is_chosen(told, chosen):
    """l.1.2: of several the one with the latest transaction."""
    s1 = prospective(nodes=FIVE)
    for src in ("s2", "s3"):
        hears(s1, src, CEpoch(2))
    for src, (epoch, history) in zip(("s2", "s3"), told, strict=True):
        hears(s1, src, AckEpoch(3, epoch, history))
    assert (s1.history, s1.current_epoch) == (chosen, 3)


def test_an_answer_about_another_epoch_does_not_count():
    """l.1.2."""
    s1 = proposing()
    assert hears(s1, "s2", AckEpoch(7, 0, Log())) == []
    assert s1.phase is Phase.DISCOVERY


# --------------------------------------------------------------------- synchronization
def test_the_history_goes_to_all_who_have_accepted_the_epoch():
    """l.2.1: to those who do so later, too."""
    s1 = proposing(FIVE)
    assert hears(s1, "s2", AckEpoch(1, 0, Log())) == []
    sent = NewLeader(1, Log())
    assert hears(s1, "s3", AckEpoch(1, 0, Log())) == [
        Send("s2", sent),
        Send("s3", sent),
    ]
    hears(s1, "s4", CEpoch(0))
    assert hears(s1, "s5", AckEpoch(1, 0, Log())) == [Send("s5", sent)]


def test_a_follower_takes_history_and_epoch_over():
    """f.2.1: what it had beyond is gone."""
    s3 = follower(txn(1, 1), txn(1, 2, Y))
    hears(s3, "s1", NewEpoch(2))
    told = NewLeader(2, Log(txn(1, 1)))
    assert hears(s3, "s1", told) == [Send("s1", Ack(2, Zxid(1, 1)))]
    assert (s3.history, s3.current_epoch) == (Log(txn(1, 1)), 2)


def test_a_follower_takes_no_history_of_an_epoch_that_it_has_not_accepted():
    """f.2.1: also of none before."""
    s3 = follower(txn(1, 1), epoch=4)
    for epoch in (3, 5):
        assert hears(s3, "s1", NewLeader(epoch, Log())) == []
    assert s3.history == Log(txn(1, 1))


def test_the_epoch_begins_when_a_quorum_has_the_history():
    """l.2.2: then it is committed."""
    s1 = synchronizing(FIVE, Log(txn(0, 1)))
    assert hears(s1, "s2", Ack(1, Zxid(0, 1))) == []
    assert (s1.phase, s1.delivered) == (Phase.SYNCHRONIZATION, 0)
    effects = s1.step(Deliver("s3", Ack(1, Zxid(0, 1))))
    assert Output(Delivered(1, X)) in effects
    assert sends(effects)[:2] == [
        Send("s2", Commit(1, Zxid(0, 1))),
        Send("s3", Commit(1, Zxid(0, 1))),
    ]


def test_a_follower_delivers_the_history_when_it_is_told():
    """f.2.2: in order, and what it has delivered not again."""
    s3 = follower(txn(1, 1), txn(1, 2, Y), txn(1, 3, Z))
    assert s3.delivered == 0
    told = [s3.step(Deliver("s1", Commit(1, Zxid(1, i)))) for i in (2, 3)]
    commands = [[effect.value.command for effect in effects] for effects in told]
    assert commands == [[X, Y], [Z]]


# --------------------------------------------------------------------------- broadcast
def test_the_leader_proposes_in_order():
    """l.3.1: each transaction has the next counter of the epoch."""
    s1 = leader()
    assert hears(s1, "c1", ask(X)) == [Send("s2", Propose(1, txn(1, 1)))]
    assert hears(s1, "c1", ask(Y)) == [Send("s2", Propose(1, txn(1, 2, Y)))]


def test_nothing_is_proposed_before_the_epoch_begins():
    """l.3.1."""
    s1 = synchronizing()
    assert hears(s1, "c1", ask(X)) == [Send("c1", Redirect(1, "s1"))]
    assert hears(follower(), "c1", ask(X)) == [Send("c1", Redirect(1, "s1"))]
    assert s1.history == Log()


def test_a_follower_stores_proposals_as_they_come_and_delivers_none():
    """f.3.2; f.3.3."""
    s3 = follower()
    effects = s3.step(Deliver("s1", Propose(1, txn(1, 1))))
    assert effects == [Send("s1", Ack(1, Zxid(1, 1)))]
    assert s3.history == Log(txn(1, 1))


def test_a_follower_that_has_not_the_history_takes_no_proposals():
    """f.3.2."""
    s3 = replica("s3")
    hears(s3, "s1", Ping(0))
    hears(s3, "s1", NewEpoch(1))
    assert hears(s3, "s1", Propose(1, txn(1, 1))) == []
    assert s3.history == Log()


def test_what_a_quorum_has_is_committed_and_answered():
    """l.3.2: with all before it, once."""
    s1 = leader(FIVE)
    hears(s1, "c1", ask(X))
    hears(s1, "c1", ask(Y))
    assert hears(s1, "s2", Ack(1, Zxid(1, 2))) == []
    done = s1.step(Deliver("s3", Ack(1, Zxid(1, 2))))
    told = Commit(1, Zxid(1, 2))
    assert sends(done) == [
        Send("s2", told),
        Send("s3", told),
        Send("c1", Reply(1, None)),
        Send("c1", Reply(2, None)),
    ]
    outputs = [effect.value.index for effect in done if isinstance(effect, Output)]
    assert outputs == [1, 2]


def test_an_answer_of_another_epoch_does_not_count():
    """l.3.2."""
    s1 = leader()
    hears(s1, "c1", ask(X))
    assert hears(s1, "s2", Ack(2, Zxid(1, 1))) == []
    assert s1.delivered == 0


def test_who_comes_later_gets_all_that_there_is():
    """l.3.3; l.3.4: and is told what is committed."""
    s1 = leader()
    hears(s1, "c1", ask(X))
    hears(s1, "s2", Ack(1, Zxid(1, 1)))
    hears(s1, "c1", ask(Y))
    whole = Log(txn(1, 1), txn(1, 2, Y))
    assert hears(s1, "s3", CEpoch(0)) == [
        Send("s3", NewEpoch(1)),
        Send("s3", NewLeader(1, whole)),
        Send("s3", Commit(1, Zxid(1, 1))),
    ]
    proposed = Propose(1, txn(1, 3, Z))
    assert hears(s1, "c1", ask(Z)) == [Send("s2", proposed), Send("s3", proposed)]


# ---------------------------------------------------------------------------- election
def test_who_looks_in_vain_asks_the_others_to_follow():
    """Phase 0, looking; Phase 0, leading: again and again."""
    s2 = replica("s2")
    pings = [Send("s1", Ping(0)), Send("s3", Ping(0))]
    assert sends(s2.step(Fire(Patience()))) == pings
    assert sends(s2.step(Fire(Tick()))) == pings
    assert sends(leader().step(Fire(Tick()))) == [
        Send("s2", Ping(1)),
        Send("s3", Ping(1)),
    ]


def test_who_follows_one_follows_no_other():
    """Phase 0, following."""
    s3 = replica("s3")
    hears(s3, "s1", Ping(0))
    assert hears(s3, "s2", Ping(0)) == []
    assert s3.leader == "s1"


def test_a_follower_begins_anew_when_its_leader_does():
    """Phase 0, following."""
    s3 = follower()
    assert hears(s3, "s1", Ping(1)) == []
    assert hears(s3, "s1", Ping(0)) == [Send("s1", CEpoch(1))]


def test_a_leader_follows_who_leads_a_later_epoch():
    """Phase 0, following."""
    s1 = leader()
    assert hears(s1, "s2", Ping(1)) == []
    assert hears(s1, "s2", Ping(2)) == [Send("s2", CEpoch(1))]
    assert s1.leader == "s2"


def test_who_hears_nothing_looks_again():
    """Phase 0, giving up: follower and prospective leader; not one with a quorum."""
    for node in (follower(), prospective()):
        node.step(Fire(Patience()))
        assert node.leader is None
    s1 = leader()
    s1.step(Fire(Patience()))
    assert s1.leader == "s1"


def test_a_leader_whose_epoch_is_over_looks_again():
    """Phase 0, giving up: its follower could never accept it."""
    s1 = leader()
    assert hears(s1, "s3", CEpoch(5)) == []
    assert s1.leader is None


def test_who_is_back_from_a_crash_trusts_nobody():
    """Phase 0, looking: not even itself."""
    s1 = leader()
    restart(s1)
    assert (s1.leader, s1.epoch, s1.phase) == (None, 0, Phase.DISCOVERY)


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.ProposesItsNextEpoch: test_a_quorum_of_followers_gets_a_later_epoch,
    mutants.AcceptsAnEpochTwice: lambda: (
        test_a_follower_accepts_an_epoch_once_and_none_before_it(2)
    ),
    mutants.AcceptsOldEpochs: lambda: (
        test_a_follower_accepts_an_epoch_once_and_none_before_it(1)
    ),
    mutants.CountsAcksOfOtherEpochs: (
        test_an_answer_about_another_epoch_does_not_count
    ),
    mutants.TakesTheLongestHistory: lambda: (
        test_the_history_of_the_latest_epoch_is_chosen([(1, C), (2, B)], B)
    ),
    mutants.LeadsAtOnce: test_the_epoch_begins_when_a_quorum_has_the_history,
    mutants.CommitsHistoriesAtOnce: (
        test_the_epoch_begins_when_a_quorum_has_the_history
    ),
    mutants.TakesHistoriesOfOtherEpochs: (
        test_a_follower_takes_no_history_of_an_epoch_that_it_has_not_accepted
    ),
    mutants.KeepsItsTail: test_a_follower_takes_history_and_epoch_over,
    mutants.KeepsEpochsInMemory: test_what_was_accepted_is_on_the_disk,
    mutants.TellsLateOnesNothing: test_who_comes_later_gets_all_that_there_is,
    mutants.TellsNoEpoch: test_a_follower_tells_which_epoch_it_has_accepted,
    mutants.CommitsByOneAnswer: test_what_a_quorum_has_is_committed_and_answered,
    mutants.CountsAcksAcrossEpochs: test_an_answer_of_another_epoch_does_not_count,
    mutants.DeliversProposals: (
        test_a_follower_stores_proposals_as_they_come_and_delivers_none
    ),
    mutants.AcceptsBeforeItIsIn: (
        test_a_follower_that_has_not_the_history_takes_no_proposals
    ),
    mutants.ObeysAnybody: test_one_that_is_not_followed_is_not_heard,
    mutants.LeadsOnAlone: test_a_leader_follows_who_leads_a_later_epoch,
    mutants.FollowsItsEqual: test_a_leader_follows_who_leads_a_later_epoch,
    mutants.FollowsTheLast: test_who_follows_one_follows_no_other,
    mutants.IgnoresLaterEpochs: test_a_leader_whose_epoch_is_over_looks_again,
    mutants.TrustsItselfAfterACrash: test_who_is_back_from_a_crash_trusts_nobody,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "ZabElection", mutants.electing(mutant))
    with pytest.raises(AssertionError):
        KILLED[mutant]()
