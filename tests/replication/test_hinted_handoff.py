"""Hinted handoff, step by step: who is asked, and what is kept for whom until when."""

import pytest

from distlab.node import (
    Call,
    Crash,
    Deliver,
    DiskReport,
    Fire,
    Log,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replication.hinted_handoff import (
    HandedOver,
    Handoff,
    HandOver,
    HintedHandoff,
    SloppyClient,
    StoreHint,
)
from distlab.replication.quorum import (
    Fetch,
    Fetched,
    QuorumClient,
    Repair,
    Replica,
    Resend,
    Store,
    Stored,
)
from distlab.replication.siblings import Vector, Version, merge

OLD = (Version("old", Vector((("c1", 1),))),)
NEW = (Version("new", Vector((("c1", 2),))),)
OTHER = (Version("other", Vector((("c2", 1),))),)


# --------------------------------------------------------------------------- the client
def client(*calls: Call, **settings) -> SloppyClient:
    given = {"servers": ("s1", "s2", "s3"), "fallbacks": ("f1", "f2", "f3"), **settings}
    node = SloppyClient("c1", ("c1",), **given)
    node.step(Start())
    for call in calls:
        node.step(call)
    return node


def sends(node, event) -> list[tuple[str, object]]:
    return [(e.dst, e.msg) for e in node.step(event) if isinstance(e, Send)]


WRITE = Call("write", ("x", "new"))
STORE = Store(1, "x", (Version("new", Vector((("c1", 1),))),))


def hint(home: str) -> StoreHint:
    return StoreHint(1, "x", STORE.siblings, home)


def test_at_first_the_replicas_are_asked_and_nobody_else():
    c1 = client()
    assert sends(c1, WRITE) == [(s, STORE) for s in ("s1", "s2", "s3")]


def test_for_each_replica_that_does_not_answer_the_next_node_stands_in():
    """§4.6, sloppy quorum: and the replica is asked again."""
    c1 = client(WRITE)
    c1.step(Deliver("s2", Stored(1)))
    assert sends(c1, Fire(Resend(1))) == [
        ("s1", STORE),
        ("s3", STORE),
        ("f1", hint("s1")),
        ("f2", hint("s3")),
    ]


def test_a_read_goes_to_who_stands_in_too():
    """§4.6, sloppy quorum: and what that one has goes to the replica."""
    c1 = client(Call("read", ("x",)))
    c1.step(Deliver("s1", Fetched(1, ())))
    asked = [dst for dst, _ in sends(c1, Fire(Resend(1)))]
    assert asked == ["s2", "s3", "f1", "f2"]
    assert sends(c1, Deliver("f1", Fetched(1, NEW))) == [("s1", Repair("x", NEW))]
    assert c1.operation is None


def test_what_who_stands_in_has_is_not_forgotten_when_the_replica_answers():
    c1 = client(Call("read", ("x",)))
    c1.step(Fire(Resend(1)))
    c1.step(Deliver("f1", Fetched(1, NEW)))
    c1.step(Deliver("s1", Fetched(1, OTHER)))
    c1.step(Deliver("s2", Fetched(1, ())))
    assert c1.known["x"] == merge(NEW, OTHER)


def test_who_stands_in_counts_as_the_replica():
    """§4.6, sloppy quorum: what it keeps will be that one's."""
    c1 = client(WRITE)
    c1.step(Fire(Resend(1)))
    c1.step(Deliver("f1", Stored(1)))
    c1.step(Deliver("s1", Stored(1)))
    assert c1.operation == WRITE
    c1.step(Deliver("f2", Stored(1)))
    assert c1.operation is None


def test_a_node_stands_in_for_one_replica_alone():
    """§4.6, sloppy quorum: one disk counts once."""
    c1 = client(WRITE, w=3, fallbacks=("f1", "f2"))
    c1.step(Fire(Resend(1)))
    c1.step(Deliver("s1", Stored(1)))
    silent = [("s2", STORE), ("s3", STORE), ("f2", hint("s2"))]
    assert sends(c1, Fire(Resend(1))) == silent


def test_where_who_stands_in_is_silent_the_next_one_does_too():
    """§4.6, sloppy quorum."""
    c1 = client(WRITE, w=3)
    for replica in ("s2", "s3"):
        c1.step(Deliver(replica, Stored(1)))
    for stand_ins in (["f1"], ["f1", "f2"]):
        asked = sends(c1, Fire(Resend(1)))
        assert asked == [("s1", STORE), *((f, hint("s1")) for f in stand_ins)]


def test_nobody_stands_in_once_enough_have_answered():
    c1 = client(WRITE)
    for replica in ("s1", "s2"):
        c1.step(Deliver(replica, Stored(1)))
    assert sends(c1, Fire(Resend(1))) == []
    assert c1.stand_ins == {}


def test_who_stood_in_is_forgotten_with_the_request():
    c1 = client(WRITE)
    c1.step(Fire(Resend(1)))
    assert c1.stand_ins == {1: {"f1": "s1", "f2": "s2", "f3": "s3"}}
    for replica in ("s1", "s2", "s3"):
        c1.step(Deliver(replica, Stored(1)))
    assert c1.stand_ins == {}


# ------------------------------------------------------------------------ who stands in
def fallback(*hints: StoreHint, **settings) -> HintedHandoff:
    node = HintedHandoff("f1", ("f1", "f2"), **settings)
    node.step(Start())
    for msg in hints:
        node.step(Deliver("c1", msg))
    return node


def restarted(node: HintedHandoff) -> list:
    node.step(Crash(node.saved()))
    return node.step(Recover(DiskReport()))


X, Y = StoreHint(1, "x", OLD, "s1"), StoreHint(2, "y", OLD, "s1")
OF_S2 = StoreHint(3, "x", OLD, "s2")


def test_a_hint_is_kept_apart_on_disk_and_confirmed():
    """§4.6, hint."""
    f1 = fallback()
    assert f1.step(Deliver("c1", X)) == [
        SetTimer(Handoff(), (100, 100)),
        Send("c1", Stored(1)),
    ]
    assert (f1.hints, f1.rows) == ({"s1": {"x": OLD}}, {})
    assert f1.hinted == Log(("s1", "x", OLD))


def test_a_hint_is_merged_with_what_is_kept_for_that_replica():
    """§4.6, hint."""
    f1 = fallback(X, OF_S2, StoreHint(4, "x", OTHER, "s1"))
    assert f1.hints == {"s1": {"x": merge(OLD, OTHER)}, "s2": {"x": OLD}}


def test_one_timer_is_enough_for_all_hints():
    """Or each new one would put it off."""
    assert fallback(X).step(Deliver("c1", Y)) == [Send("c1", Stored(2))]


def test_who_stands_in_shows_what_it_keeps():
    f1 = fallback(X, StoreHint(4, "x", OTHER, "s2"))
    assert sends(f1, Deliver("c1", Fetch(9, "x"))) == [
        ("c1", Fetched(9, merge(OLD, OTHER)))
    ]


def test_the_first_row_for_each_replica_is_offered_again_and_again():
    """§4.6, handoff: nobody knows when it is back."""
    f1 = fallback(X, Y, OF_S2)
    for _ in range(2):
        assert f1.step(Fire(Handoff())) == [
            Send("s1", HandOver("x", OLD)),
            Send("s2", HandOver("x", OLD)),
            SetTimer(Handoff(), (100, 100)),
        ]


def test_a_replica_stores_what_was_kept_for_it_beside_what_it_has():
    """§4.6, handoff."""
    s1 = HintedHandoff("s1", ("s1", "s2", "s3"))
    s1.step(Deliver("c2", Store(1, "x", OTHER)))
    confirmed = [("f1", HandedOver("x", OLD))]
    assert sends(s1, Deliver("f1", HandOver("x", OLD))) == confirmed
    assert s1.rows == {"x": merge(OLD, OTHER)}
    assert s1.log[2] == ("x", merge(OLD, OTHER))


def test_what_has_arrived_is_forgotten_and_the_next_row_sent():
    """§4.6, delete."""
    f1 = fallback(X, Y, OF_S2)
    assert sends(f1, Deliver("s1", HandedOver("x", OLD))) == [
        ("s1", HandOver("y", OLD))
    ]
    assert f1.hints == {"s1": {"y": OLD}, "s2": {"x": OLD}}


def test_what_has_changed_on_the_way_is_kept():
    """§4.6, delete: the replica has only what was sent."""
    f1 = fallback(X)
    f1.step(Fire(Handoff()))
    f1.step(Deliver("c1", StoreHint(4, "x", NEW, "s1")))
    assert sends(f1, Deliver("s1", HandedOver("x", OLD))) == []
    assert f1.hints == {"s1": {"x": NEW}}


def test_who_keeps_nothing_rests():
    f1 = fallback(X)
    f1.step(Deliver("s1", HandedOver("x", OLD)))
    assert f1.step(Fire(Handoff())) == []


def test_the_disk_forgets_what_is_overwritten_or_has_been_handed_over():
    f1 = fallback(Y, log_kept=2)
    for number in range(20):
        f1.step(Deliver("c1", StoreHint(number, "x", OLD, "s1")))
        f1.step(Deliver("s1", HandedOver("x", OLD)))
        assert len(f1.hinted) <= 2 + 2 * 2
    assert restarted(f1)
    assert f1.hints == {"s1": {"y": OLD}}


def test_a_crash_loses_no_hint():
    """§4.6, hint: it is on disk, and so is what has been handed over."""
    f1 = fallback(X, Y, OF_S2)
    f1.step(Deliver("s1", HandedOver("x", OLD)))
    kept = f1.hints
    assert restarted(f1) == [SetTimer(Handoff(), (100, 100))]
    assert f1.hints == kept == {"s1": {"y": OLD}, "s2": {"x": OLD}}


def test_who_kept_nothing_comes_back_and_rests():
    assert restarted(fallback()) == []


# ------------------------------------------------------------------------------ mutants
class AsksReplicasAlone(SloppyClient):
    def on_resend(self, timer):
        QuorumClient.on_resend(self, timer)


class CountsNodes(SloppyClient):
    def count(self, replica, number, siblings):
        QuorumClient.count(self, replica, number, siblings)


class ForgetsWhatStandInsHad(SloppyClient):
    def count(self, replica, number, siblings):
        home = self.stand_ins.get(number, {}).get(replica, replica)
        QuorumClient.count(self, home, number, siblings)


class LetsOneStandInForTwo(SloppyClient):
    def on_resend(self, timer):
        self.stand_ins.pop(timer.number, None)
        super().on_resend(timer)


class AsksForWhoHasAnswered(SloppyClient):
    def transmit(self, pending):
        held, pending.held = pending.held, {}
        super().transmit(pending)
        pending.held = held


class RemembersStandIns(SloppyClient):
    def after_event(self):
        pass


class KeepsHintsInMemory(HintedHandoff):
    def hint(self, home, key, siblings):
        self.remember(home, key, siblings)


class NeverTidiesUp(HintedHandoff):
    def hint(self, home, key, siblings):
        log = self.hinted
        super().hint(home, key, siblings)
        self.hinted = log.append((home, key, siblings))


class TidiesUpTooMuch(HintedHandoff):
    def entries(self):
        yield from list(super().entries())[1:]


class KeepsHintsAmongRows(HintedHandoff):
    def on_store_hint(self, src, msg):
        self.on_store(src, Store(msg.number, msg.key, msg.siblings))


class OverwritesHints(HintedHandoff):
    def on_store_hint(self, src, msg):
        self.hints.get(msg.home, {}).pop(msg.key, None)
        super().on_store_hint(src, msg)


class PutsHandoffOff(HintedHandoff):
    def on_store_hint(self, src, msg):
        super().on_store_hint(src, msg)
        self.set_timer(Handoff(), self.handoff_ms)


class HidesHints(HintedHandoff):
    def on_fetch(self, src, msg):
        Replica.on_fetch(self, src, msg)


class OffersOnce(HintedHandoff):
    def on_handoff(self, timer):
        super().on_handoff(timer)
        self.cancel_timer(timer)


class FloodsWhoIsBack(HintedHandoff):
    def hand_over(self, home):
        for key, siblings in self.hints[home].items():
            self.send(home, HandOver(key, siblings))


class DeletesWhatItSends(HintedHandoff):
    def hand_over(self, home):
        super().hand_over(home)
        for key in list(self.hints[home])[:1]:
            self.hint(home, key, ())


class DeletesWhatHasChanged(HintedHandoff):
    def on_handed_over(self, src, msg):
        kept = self.hints.get(src, {}).get(msg.key, ())
        super().on_handed_over(src, HandedOver(msg.key, kept))


class KeepsWhatHasArrived(HintedHandoff):
    def on_handed_over(self, src, msg):
        self.hand_over(src)


class ConfirmsWithoutStoring(HintedHandoff):
    def on_hand_over(self, src, msg):
        self.send(src, HandedOver(msg.key, msg.siblings))


class RestsAfterCrash(HintedHandoff):
    def on_recover(self, report):
        super().on_recover(report)
        self.cancel_timer(Handoff())


class HandsOverAgainAfterCrash(HintedHandoff):
    def remember(self, home, key, siblings):
        if siblings or self.hints.get(home, {}).get(key):
            super().remember(home, key, siblings)

    def on_recover(self, report):
        self.hinted = Log(*(entry for entry in self.hinted if entry[2]))
        super().on_recover(report)


KILLED = {
    AsksReplicasAlone: (
        test_for_each_replica_that_does_not_answer_the_next_node_stands_in
    ),
    CountsNodes: test_who_stands_in_counts_as_the_replica,
    ForgetsWhatStandInsHad: (
        test_what_who_stands_in_has_is_not_forgotten_when_the_replica_answers
    ),
    LetsOneStandInForTwo: test_a_node_stands_in_for_one_replica_alone,
    AsksForWhoHasAnswered: test_a_node_stands_in_for_one_replica_alone,
    RemembersStandIns: test_who_stood_in_is_forgotten_with_the_request,
    KeepsHintsInMemory: test_a_crash_loses_no_hint,
    NeverTidiesUp: test_the_disk_forgets_what_is_overwritten_or_has_been_handed_over,
    TidiesUpTooMuch: test_the_disk_forgets_what_is_overwritten_or_has_been_handed_over,
    KeepsHintsAmongRows: test_a_hint_is_kept_apart_on_disk_and_confirmed,
    OverwritesHints: test_a_hint_is_merged_with_what_is_kept_for_that_replica,
    PutsHandoffOff: test_one_timer_is_enough_for_all_hints,
    HidesHints: test_who_stands_in_shows_what_it_keeps,
    OffersOnce: test_the_first_row_for_each_replica_is_offered_again_and_again,
    FloodsWhoIsBack: test_the_first_row_for_each_replica_is_offered_again_and_again,
    DeletesWhatItSends: (
        test_the_first_row_for_each_replica_is_offered_again_and_again
    ),
    DeletesWhatHasChanged: test_what_has_changed_on_the_way_is_kept,
    KeepsWhatHasArrived: test_what_has_arrived_is_forgotten_and_the_next_row_sent,
    ConfirmsWithoutStoring: (
        test_a_replica_stores_what_was_kept_for_it_beside_what_it_has
    ),
    RestsAfterCrash: test_a_crash_loses_no_hint,
    HandsOverAgainAfterCrash: test_a_crash_loses_no_hint,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    KILLED[mutant]()
    name = "SloppyClient" if issubclass(mutant, SloppyClient) else "HintedHandoff"
    monkeypatch.setitem(globals(), name, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
