"""Anti-entropy, step by step: timestamps, comparisons, and what travels which way."""

import gossip_mutants as mutants
import pytest

from distlab.membership import anti_entropy
from distlab.membership.anti_entropy import (
    AntiEntropy,
    Compare,
    Cycle,
    Entries,
    Entry,
    Site,
    Stamp,
)
from distlab.membership.gossip import Gossip
from distlab.membership.rumours import Rumours
from distlab.node import (
    Call,
    Crash,
    Deliver,
    DiskReport,
    End,
    Fire,
    Message,
    Node,
    Recover,
    Send,
    SetTimer,
    Start,
)

OLD = Entry("x", Stamp(1, "s1"), "old")
NEW = Entry("x", Stamp(2, "s2"), "new")
OTHER = Entry("y", Stamp(1, "s3"), "other")


def site(*entries: Entry, protocol: type[Site] | None = None, **settings) -> Site:
    """The first of three sites, with these entries."""
    node = (protocol or AntiEntropy)("s1", ("s1", "s2", "s3"), **settings)
    for entry in entries:
        node.accept(entry)
    return node


def sent(node: Node, src: str, msg: Message) -> list[tuple[str, Message]]:
    """What a node sends when it receives this."""
    effects = node.step(Deliver(src, msg))
    return [(effect.dst, effect.msg) for effect in effects if isinstance(effect, Send)]


def called(node: Node, name: str, *args):
    """What a call ends with, at once."""
    (end,) = (e for e in node.step(Call(name, args)) if isinstance(e, End))
    return end.value


# ----------------------------------------------------------------------- the timestamps
def test_an_update_is_newer_than_all_that_its_site_has_seen():
    """§1, Now: of any key, so that no two updates have the same timestamp."""
    s1 = site(OLD, Entry("y", Stamp(7, "s3"), 1))
    assert called(s1, "update", "x", "mine") == Stamp(8, "s1")
    assert s1.database["x"] == Entry("x", Stamp(8, "s1"), "mine")
    assert called(s1, "read", "x") == "mine"


def test_what_nobody_updated_has_no_value():
    assert called(site(), "read", "x") is None


def test_the_larger_timestamp_stays_whichever_comes_last():
    """§1, supersede."""
    for entries in ((OLD, NEW), (NEW, OLD)):
        assert site(*entries).database == {"x": NEW}
    tied = Entry("x", Stamp(2, "s3"), "the site decides")
    assert site(tied, NEW).database == site(NEW, tied).database == {"x": tied}


def test_what_was_accepted_survives_a_crash():
    s1 = site(OLD, OTHER, NEW)
    s1.step(Crash())
    assert s1.database == {}
    assert s1.step(Recover(DiskReport())) == [SetTimer(Cycle(), (100, 100))]
    assert s1.database == {"x": NEW, "y": OTHER}


def test_the_log_is_cut_when_most_of_it_is_old():
    s1 = site(*(Entry("x", Stamp(i, "s2"), i) for i in range(1, 1000)))
    assert len(s1.log) <= 103
    s1.step(Crash())
    s1.step(Recover(DiskReport()))
    assert s1.database == {"x": Entry("x", Stamp(999, "s2"), 999)}


# ----------------------------------------------------------------------- the comparison
def test_each_cycle_compares_with_another_site_chosen_at_random():
    """§1.3, cycle."""
    s1 = site(OLD, OTHER, cycle_ms=70)
    assert s1.step(Start()) == [SetTimer(Cycle(), (70, 70))]
    for peer in ("s2", "s3"):
        assert s1.step(Fire(Cycle()), choices=[(peer,)]) == [
            SetTimer(Cycle(), (70, 70)),
            Send(peer, Compare((("x", OLD.stamp), ("y", OTHER.stamp)))),
        ]


def test_who_is_alone_compares_with_nobody():
    alone = AntiEntropy("s1")
    assert alone.step(Fire(Cycle())) == [SetTimer(Cycle(), (100, 100))]


HAS_NEW = Compare((("x", NEW.stamp),))


def test_push_pull_brings_both_what_is_newer():
    """§1.3, push-pull."""
    s1 = site(OLD, OTHER)
    assert sent(s1, "s2", HAS_NEW) == [("s2", Entries((OTHER,), ("x",)))]
    s2 = site(NEW)
    assert sent(s2, "s1", Entries((OTHER,), ("x",))) == [("s1", Entries((NEW,)))]
    assert sent(s1, "s2", Entries((NEW,))) == []
    assert s1.database == s2.database == {"x": NEW, "y": OTHER}


def test_push_brings_what_is_newer_to_the_one_that_is_asked():
    """§1.3, push."""
    s1 = site(OLD, OTHER, protocol=anti_entropy.Push)
    assert sent(s1, "s2", HAS_NEW) == [("s2", Entries((), ("x",)))]
    assert sent(s1, "s2", Compare((("x", OLD.stamp),))) == []


def test_pull_brings_what_is_newer_to_the_one_that_asks():
    """§1.3, pull."""
    s1 = site(OLD, OTHER, protocol=anti_entropy.Pull)
    assert sent(s1, "s2", HAS_NEW) == [("s2", Entries((OTHER,)))]
    assert sent(site(protocol=anti_entropy.Pull), "s2", HAS_NEW) == []


def test_nothing_is_sent_where_nothing_differs():
    s1 = site(NEW, OTHER)
    stamps = (("y", OTHER.stamp), ("x", NEW.stamp))
    assert sent(s1, "s2", Compare(stamps)) == []


# ------------------------------------------------------------------------- with rumours
def test_in_one_cycle_of_many_everything_is_compared():
    """§1.5, backup."""
    s1 = site(OLD, protocol=Gossip, backup=3)
    s1.step(Fire(Cycle()), choices=[("s2",), (2,)])  # hot from now on
    told = Send("s2", Rumours((OLD,)))
    assert s1.step(Fire(Cycle()), choices=[("s2",), (1,)])[1:] == [told]
    compared = Send("s2", Compare((("x", OLD.stamp),)))
    assert s1.step(Fire(Cycle()), choices=[("s2",), (0,)])[1:] == [told, compared]


def test_what_anti_entropy_has_brought_is_a_rumour_again():
    """§1.5, redistribution."""
    s1 = site(protocol=Gossip)
    s1.step(Deliver("s2", Entries((NEW,))))
    effects = s1.step(Fire(Cycle()), choices=[("s3",), (1,)])
    assert Send("s3", Rumours((NEW,))) in effects


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.CountsItsOwnUpdates: (
        test_an_update_is_newer_than_all_that_its_site_has_seen
    ),
    mutants.TakesWhateverComes: (test_the_larger_timestamp_stays_whichever_comes_last),
    mutants.ComesBackEmpty: test_what_was_accepted_survives_a_crash,
    mutants.KeepsTheWholeLog: test_the_log_is_cut_when_most_of_it_is_old,
    mutants.ComparesOnce: test_each_cycle_compares_with_another_site_chosen_at_random,
    mutants.ForgetsWhatItWants: test_push_pull_brings_both_what_is_newer,
    mutants.KeepsWhatItHas: test_push_pull_brings_both_what_is_newer,
    mutants.SendsWhatIsEqual: test_nothing_is_sent_where_nothing_differs,
    mutants.TellsNobodyWhatItFound: (
        test_what_anti_entropy_has_brought_is_a_rumour_again
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
