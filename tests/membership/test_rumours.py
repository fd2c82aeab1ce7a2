"""Rumour mongering, step by step: who tells whom, and who loses interest when."""

import pytest
import rumours_mutants as mutants
from killed import mutants_in

from distlab.errors import Misuse
from distlab.membership import rumours
from distlab.membership.anti_entropy import Cycle, Entry, Stamp
from distlab.membership.rumours import (
    AskForRumours,
    Feedback,
    Mongering,
    Pull,
    PullBlind,
    PullCoin,
    Push,
    PushBlind,
    PushBlindCoin,
    PushCoin,
    Rumours,
)
from distlab.node import (
    Crash,
    Deliver,
    DiskReport,
    Fire,
    Message,
    Recover,
    Send,
    SetTimer,
    Start,
)

NEWS = Entry("x", Stamp(1, "s3"), "news")
LATER = Entry("x", Stamp(2, "s2"), "later")
YES, NO = Feedback(((NEWS.stamp, True),)), Feedback(((NEWS.stamp, False),))


def site(*hot: Entry, protocol: type[Mongering] | None = None, **settings) -> Mongering:
    """The first of three sites; what it has is hot, and it has just told s2 of it."""
    node = (protocol or Push)("s1", ("s1", "s2", "s3"), **settings)
    for entry in hot:
        node.accept(entry)
    if hot:
        cycle(node)
    return node


def cycle(node: Mongering, *tosses: int, peer: str = "s2") -> list:
    """What a site sends in a cycle; each hot rumour may have its toss."""
    choices = [*((toss,) for toss in tosses), (peer,)]
    return messages(node.step(Fire(Cycle()), choices))


def receive(node: Mongering, src: str, msg: Message) -> list:
    return messages(node.step(Deliver(src, msg)))


def messages(effects: list) -> list:
    return [(e.dst, e.msg) for e in effects if isinstance(e, Send)]


# ------------------------------------------------------------------------- the contacts
def test_a_site_with_a_rumour_tells_another_one_in_each_cycle():
    """§1.4, cycle; §1.4, push."""
    s1 = site(NEWS)
    for peer in ("s3", "s2"):
        assert cycle(s1, peer=peer) == [(peer, Rumours((NEWS,)))]


def test_who_has_heard_of_nothing_new_tells_nothing():
    """§1.4, push."""
    assert cycle(site()) == []


def test_who_hears_of_an_update_spreads_it_from_the_next_cycle_on():
    """§1.4, infective."""
    s1 = site()
    receive(s1, "s3", Rumours((NEWS,)))
    assert s1.database == {"x": NEWS}
    assert s1.hot == {}
    assert cycle(s1) == [("s2", Rumours((NEWS,)))]


def test_who_has_lost_interest_does_not_spread_it_when_it_hears_it_again():
    """§1.4, removed."""
    s1 = site(NEWS, k=1)
    receive(s1, "s2", NO)
    assert cycle(s1) == []
    receive(s1, "s3", Rumours((NEWS,)))
    assert cycle(s1) == []
    assert s1.database == {"x": NEWS}


def test_by_pull_every_site_asks_and_is_told_what_is_hot():
    """§1.4, pull."""
    s1 = site(protocol=Pull)
    assert cycle(s1) == [("s2", AskForRumours())]
    assert receive(s1, "s3", AskForRumours()) == []
    s1 = site(NEWS, protocol=Pull)
    assert receive(s1, "s3", AskForRumours()) == [("s3", Rumours((NEWS,)))]


def test_what_has_been_replaced_is_no_rumour_any_more():
    s1 = site(NEWS)
    receive(s1, "s2", Rumours((LATER,)))
    assert cycle(s1) == [("s2", Rumours((LATER,)))]
    receive(s1, "s2", NO)
    assert cycle(s1) == [("s2", Rumours((LATER,)))]
    assert s1.hot[LATER.stamp].useless == 0


def test_a_rumour_that_comes_too_late_is_none():
    s1 = site(LATER)
    late = Feedback(((NEWS.stamp, False),))
    assert receive(s1, "s3", Rumours((NEWS,))) == [("s3", late)]
    assert cycle(s1) == [("s2", Rumours((LATER,)))]


# ------------------------------------------------------------------------- the feedback
def test_the_answer_says_what_was_new_when_the_cycle_began():
    """§1.4, feedback: who hears it twice in a cycle needed it both times."""
    s1 = site()
    for src in ("s2", "s3"):
        assert receive(s1, src, Rumours((NEWS,))) == [(src, YES)]
    cycle(s1)
    assert receive(s1, "s2", Rumours((NEWS,))) == [("s2", NO)]


def useless_cycles(node: Mongering, answers: list, most: int = 20) -> int:
    """In which cycle a site stops to tell, if its contacts are answered so."""
    for number, answer in enumerate(answers[:most], start=1):
        receive(node, "s2", answer)
        if not cycle(node):
            return number
    return 0


@pytest.mark.parametrize("k", [1, 2, 3])
def test_interest_is_lost_after_k_useless_contacts(k):
    """§1.4, counter."""
    assert useless_cycles(site(NEWS, k=k), [NO] * 9) == k


def test_a_useful_contact_sets_the_counter_to_0():
    """§1.4, feedback: as the figures of Table 1 imply."""
    assert useless_cycles(site(NEWS, k=2), [NO, YES, NO, YES, NO, NO]) == 6


def test_of_several_contacts_in_a_cycle_a_useful_one_is_enough():
    """Table 3, several contacts: and useless ones count as one."""
    for answers, useless in [((NO, YES, NO), 0), ((YES, NO), 0), ((NO, NO, NO), 1)]:
        s1 = site(NEWS, protocol=Pull, k=9)
        for answer in answers:
            receive(s1, "s2", answer)
        cycle(s1)
        assert s1.hot[NEWS.stamp].useless == useless


def test_a_contact_without_an_answer_counts_for_nothing():
    """§1.4, feedback: who is cut off tells on and on."""
    s1 = site(NEWS, k=1)
    for _ in range(9):
        assert cycle(s1) == [("s2", Rumours((NEWS,)))]


def test_a_coin_is_tossed_after_useless_contacts_only():
    """§1.4, coin: with the chance 1/k interest is lost."""
    for protocol in (PushCoin, PullCoin):
        s1 = site(NEWS, protocol=protocol, k=3)
        for answer, tosses in ((YES, ()), (NO, (1,)), (NO, (2,)), (YES, ())):
            receive(s1, "s2", answer)
            cycle(s1, *tosses)
            assert NEWS.stamp in s1.hot
        receive(s1, "s2", NO)
        cycle(s1, 0)
        assert s1.hot == {}


def test_the_blind_count_every_contact_and_need_no_answer():
    """§1.4, blind."""
    for k in (1, 2, 3):
        s1 = site(NEWS, protocol=PushBlind, k=k)
        assert 1 + sum(len(cycle(s1)) for _ in range(9)) == k
    s1 = site(protocol=PushBlind)
    assert receive(s1, "s2", Rumours((NEWS,))) == []


def test_by_pull_the_blind_count_the_cycles_in_which_somebody_asks():
    """§1.4, blind; Table 3, several contacts."""
    s1 = site(NEWS, protocol=PullBlind, k=2)
    for asked, hot in ((2, True), (0, True), (1, False)):
        for _ in range(asked):
            assert receive(s1, "s2", AskForRumours()) == [("s2", Rumours((NEWS,)))]
        cycle(s1)
        assert (NEWS.stamp in s1.hot) == hot


def test_the_blind_with_a_coin_toss_it_after_every_contact():
    """§1.4, blind; §1.4, coin."""
    s1 = site(NEWS, protocol=PushBlindCoin, k=3)
    assert cycle(s1, 1) == cycle(s1, 2) == [("s2", Rumours((NEWS,)))]
    assert cycle(s1, 0) == []


def test_after_a_crash_what_it_has_is_no_rumour_any_more():
    s1 = site(NEWS)
    s1.step(Crash(s1.saved()))
    s1.step(Recover(DiskReport()))
    assert s1.database == {"x": NEWS}
    assert cycle(s1) == []


def test_to_lose_interest_before_the_first_contact_is_refused():
    with pytest.raises(Misuse, match="after 1 useless contact, or later"):
        Push("s1", k=0).step(Start())
    assert Push("s1", k=1).step(Start()) == [SetTimer(Cycle(), (100, 100))]


def test_there_are_eight_variants():
    """§1.4, blind; §1.4, coin: feedback or blind, counter or coin, push or pull."""
    variants = {
        kind
        for kind in vars(rumours).values()
        if isinstance(kind, type) and issubclass(kind, (Push, Pull))
    }
    answered = {kind: len(messages_of_an_answer(kind)) for kind in variants}
    assert len(variants) == 8
    assert sorted(answered.values()) == [0] * 4 + [1] * 4


def messages_of_an_answer(kind: type[Mongering]) -> list:
    return receive(site(protocol=kind), "s2", Rumours((NEWS,)))


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.TellsEverybodyAtOnce: (
        test_a_site_with_a_rumour_tells_another_one_in_each_cycle
    ),
    mutants.SpreadsNothing: (
        test_who_hears_of_an_update_spreads_it_from_the_next_cycle_on
    ),
    mutants.SpreadsAtOnce: (
        test_who_hears_of_an_update_spreads_it_from_the_next_cycle_on
    ),
    mutants.CatchesItTwice: (
        test_who_has_lost_interest_does_not_spread_it_when_it_hears_it_again
    ),
    mutants.SpreadsWhatIsOld: test_what_has_been_replaced_is_no_rumour_any_more,
    mutants.KnowsItSinceNow: (test_the_answer_says_what_was_new_when_the_cycle_began),
    mutants.LosesInterestAtOnce: test_a_useful_contact_sets_the_counter_to_0,
    mutants.NeverResets: test_a_useful_contact_sets_the_counter_to_0,
    mutants.ListensToTheLast: (
        test_of_several_contacts_in_a_cycle_a_useful_one_is_enough
    ),
    mutants.CountsEachOfACycle: (
        test_of_several_contacts_in_a_cycle_a_useful_one_is_enough
    ),
    mutants.CountsSilence: test_a_contact_without_an_answer_counts_for_nothing,
    mutants.SpreadsAgainAfterACrash: (
        test_after_a_crash_what_it_has_is_no_rumour_any_more
    ),
    mutants.AsksAndDoesNotAnswer: (
        test_by_pull_every_site_asks_and_is_told_what_is_hot
    ),
    mutants.SeesAnswers: test_the_blind_count_every_contact_and_need_no_answer,
    mutants.AnswersTheBlind: test_the_blind_count_every_contact_and_need_no_answer,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == KILLED.keys() | mutants.OF_RUNS
