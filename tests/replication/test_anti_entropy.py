"""Anti-entropy, step by step: who asks whom, what is compared, and what travels."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
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
from distlab.replication import merkle
from distlab.replication.anti_entropy import (
    AntiEntropy,
    Compare,
    CompareKeys,
    Exchange,
    Round,
    WholeBuckets,
)
from distlab.replication.merkle import MerkleTree, digest
from distlab.replication.quorum import Replica, Store
from distlab.replication.siblings import Siblings, Vector, Version, merge

NUMBERS = count(1)


def row(writer: str, number: int, after: Siblings = ()) -> Siblings:
    """What a write of this client leaves where all that it saw was `after`."""
    vector = after[0].vector if after else Vector()
    return (Version(f"{writer}.{number}", vector.then(writer, number)),)


OLD, OTHER = row("c1", 1), row("c2", 1)
NEW = row("c1", 2, OLD)
MANY = dict.fromkeys([*map(str, range(200)), "x"], OLD)


def replica(
    id: str = "s1", rows: dict | None = None, protocol: type | None = None, **settings
) -> AntiEntropy:
    shape = {"branching": 4, "depth": 2, **settings}
    node = (protocol or AntiEntropy)(id, ("s1", "s2", "s3"), **shape)
    node.step(Start())
    for key, siblings in (rows or {}).items():
        node.step(Deliver("c1", Store(next(NUMBERS), key, siblings)))
    return node


def sent(node: AntiEntropy, src: str, msg: Message) -> list[tuple[str, Message]]:
    """What a node sends when it receives this."""
    effects = node.step(Deliver(src, msg))
    return [(effect.dst, effect.msg) for effect in effects if isinstance(effect, Send)]


def conversation(one: AntiEntropy, other: AntiEntropy) -> list[Message]:
    """All that two replicas say after the first one's `Round`, nothing being lost."""
    effects = one.step(Fire(Round()), choices=[(other.id,)])
    said, nodes = [], {one.id: one, other.id: other}
    waiting = [(one.id, e) for e in effects if isinstance(e, Send)]
    while waiting:
        src, effect = waiting.pop(0)
        said.append(effect.msg)
        for dst, msg in sent(nodes[effect.dst], src, effect.msg):
            waiting.append((effect.dst, Send(dst, msg)))
    return said


# --------------------------------------------------------------------------- one by one
def test_a_round_sends_the_root_to_another_replica_and_begins_the_next():
    """§4.7, root."""
    s1 = replica(rows={"x": OLD}, round_ms=80)
    assert s1.step(Fire(Round()), choices=[("s3",)]) == [
        SetTimer(Round(), (40, 120)),
        Send("s3", Compare(((0, s1.tree.hash()),))),
    ]


def test_a_new_replica_begins_its_rounds():
    s1 = AntiEntropy("s1", ("s1", "s2"), round_ms=80)
    assert s1.step(Start()) == [SetTimer(Round(), (40, 120))]


def test_who_is_alone_compares_with_nobody():
    assert AntiEntropy("s1", ("s1",)).step(Start()) == []


def test_equal_roots_are_not_answered():
    """§4.7, root."""
    s1, s2 = replica("s1", {"x": OLD}), replica("s2", {"x": OLD})
    assert sent(s2, "s1", Compare(((0, s1.tree.hash()),))) == []


def test_a_place_that_differs_is_answered_with_the_hashes_below():
    """§4.7, traversal."""
    s1, s2 = replica("s1", {"x": OLD}), replica("s2", {"x": NEW})
    root = Compare(((0, s1.tree.hash()),))
    assert sent(s2, "s1", root) == [("s1", Compare(s2.tree.below(0)))]


def test_of_several_places_only_those_that_differ_are_followed():
    """§4.7, traversal."""
    s1, s2 = replica("s1", MANY), replica("s2", {**MANY, "x": NEW})
    differing = [p for p, hash in s2.tree.below(0) if s1.tree.hash(p) != hash]
    assert len(differing) == 1
    answer = Compare(s1.tree.below(differing[0]))
    assert sent(s1, "s2", Compare(s2.tree.below(0))) == [("s2", answer)]


def test_every_place_that_differs_is_followed():
    """§4.7, traversal."""
    s1, s2 = replica("s1", MANY), replica("s2", dict.fromkeys(MANY, NEW))
    [(_, answer)] = sent(s1, "s2", Compare(s2.tree.below(0)))
    assert len(answer.hashes) == 4 * 4


def test_a_bucket_that_differs_is_answered_with_its_keys_and_their_hashes():
    """§4.7, traversal."""
    s1, s2 = replica("s1", MANY), replica("s2", {**MANY, "x": NEW})
    bucket = s1.tree.bucket("x")
    keys = CompareKeys((bucket,), s1.tree.keys(bucket))
    assert ("x", digest(OLD)) in keys.hashes
    assert sent(s1, "s2", Compare(((bucket, s2.tree.hash(bucket)),))) == [("s2", keys)]


def test_rows_that_differ_travel_both_ways_and_others_do_not():
    """Demers §1.3, push-pull."""
    s1 = replica("s1", {"both": OLD, "old": OLD, "mine": OLD}, depth=0)
    s2 = replica("s2", {"both": OLD, "old": NEW, "theirs": NEW}, depth=0)
    *_, asked, answered = conversation(s1, s2)
    assert asked == Exchange((("mine", OLD), ("old", OLD)), ("old", "theirs"))
    assert answered == Exchange((("old", NEW), ("theirs", NEW)))
    assert s1.rows == s2.rows == {"both": OLD, "old": NEW, "mine": OLD, "theirs": NEW}


def test_who_is_asked_for_a_row_answers_with_what_both_know():
    """Demers §1.3, push-pull."""
    s1 = replica("s1", {"x": OLD})
    given = Exchange((("x", OTHER),), ("x",))
    assert sent(s1, "s2", given) == [("s2", Exchange((("x", merge(OLD, OTHER)),)))]
    assert s1.rows == {"x": merge(OLD, OTHER)}


def test_nobody_is_given_back_what_he_has_just_sent():
    s1 = replica("s1", {"x": OLD})
    assert sent(s1, "s2", Exchange((("x", NEW),), ("x",))) == []


def test_a_row_that_is_gone_meanwhile_is_not_sent():
    assert sent(replica("s1"), "s2", Exchange((), ("x",))) == []


def test_keys_that_have_become_equal_meanwhile_end_the_conversation():
    s1 = replica("s1", {"x": OLD}, depth=0)
    assert sent(s1, "s2", CompareKeys((0,), (("x", digest(OLD)),))) == []


# ------------------------------------------------------------------- the tree, the rows
def tree_of(node: AntiEntropy) -> MerkleTree:
    """The tree that the rows of a replica should have."""
    tree = MerkleTree(node.branching, node.depth)
    tree.update(node.rows)
    return tree


@pytest.mark.parametrize("msg", [Store(1, "x", NEW), Exchange((("x", NEW),))])
def test_the_tree_follows_the_rows(msg):
    s1 = replica("s1", MANY)
    s1.step(Deliver("c1", msg))
    assert s1.tree == tree_of(s1) != tree_of(replica("s1", MANY))


def test_rows_that_arrive_together_are_hashed_together():
    """Or who is sent everything hashes its buckets anew for each row."""
    hashed = []
    s1, digest = replica("s1", depth=0), merkle.digest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "digest", lambda v: hashed.append(v) or digest(v))
        s1.step(Deliver("s2", Exchange(tuple(MANY.items()))))
    assert len(hashed) == 2 * len(MANY) + 1  # where each falls, each row, the bucket


def test_who_comes_back_has_its_tree_again_and_begins_its_rounds():
    s1 = replica("s1", MANY, round_ms=80)
    before = s1.tree
    s1.step(Crash(s1.saved()))
    assert s1.tree == MerkleTree()
    effects = s1.step(Recover(DiskReport()))
    assert effects == [SetTimer(Round(), (40, 120))]
    assert s1.tree == before == tree_of(s1)


@pytest.mark.parametrize(("branching", "depth"), [(1, 3), (0, 0), (2, -1)])
def test_a_tree_that_cannot_be_is_refused(branching, depth):
    with pytest.raises(Misuse, match="choose 2 or more, and 0 or more"):
        replica("s1", branching=branching, depth=depth)


# -------------------------------------------------------------------------- the twins
siblings = st.lists(st.sampled_from((OLD, NEW, OTHER)), max_size=3).map(
    lambda rows: merge(*rows)
)
contents = st.dictionaries(st.sampled_from("abcdef"), siblings.filter(bool))


@given(contents, contents, st.sampled_from([(2, 0), (2, 3), (4, 1), (4, 2)]))
def test_a_conversation_leaves_both_with_what_they_have_together(one, other, shape):
    branching, depth = shape
    settings = {"branching": branching, "depth": depth}
    s1, s2 = replica("s1", one, **settings), replica("s2", other, **settings)
    conversation(s1, s2)
    both = {k: merge(one.get(k, ()), other.get(k, ())) for k in {**one, **other}}
    assert s1.rows == s2.rows == both


@given(contents, contents)
def test_so_do_two_of_those_that_send_everything(one, other):
    s1 = replica("s1", one, protocol=WholeBuckets, depth=0)
    s2 = replica("s2", other, protocol=WholeBuckets, depth=0)
    conversation(s1, s2)
    conversation(s2, s1)
    both = {k: merge(one.get(k, ()), other.get(k, ())) for k in {**one, **other}}
    assert s1.rows == s2.rows == both


def test_who_sends_whole_buckets_sends_all_rows_of_those_that_differ():
    rows = {**MANY, "x": NEW}
    s1, s2 = replica("s1", MANY), replica("s2", rows, protocol=WholeBuckets)
    bucket = s2.tree.bucket("x")
    inside = tuple((key, rows[key]) for key, _ in s2.tree.keys(bucket))
    assert len(inside) > 1
    asked = Compare(((bucket, s1.tree.hash(bucket)),))
    assert sent(s2, "s1", asked) == [("s1", Exchange(inside))]


# ------------------------------------------------------------------------------ mutants
class NeverComparesAgain(AntiEntropy):
    def on_round(self, timer):
        self.send(self.choose(1, self.peers), Compare(((0, self.tree.hash()),)))


class AnswersEqualPlaces(AntiEntropy):
    def on_compare(self, src, msg):
        super().on_compare(src, Compare(tuple((p, "other") for p, _ in msg.hashes)))


class FollowsOnePlace(AntiEntropy):
    def on_compare(self, src, msg):
        differing = [p for p, hash in msg.hashes if self.tree.hash(p) != hash]
        super().on_compare(src, Compare(tuple((p, "?") for p in differing[:1])))


class NamesNoKeys(AntiEntropy):
    def compare_keys(self, src, buckets):
        self.send(src, CompareKeys(buckets, ()))


class OnlyPushes(AntiEntropy):
    def on_compare_keys(self, src, msg):
        mine = {key for bucket in msg.buckets for key, _ in self.tree.keys(bucket)}
        known = (pair for pair in msg.hashes if pair[0] in mine)
        super().on_compare_keys(src, CompareKeys(msg.buckets, tuple(known)))


class OnlyPulls(AntiEntropy):
    def on_compare_keys(self, src, msg):
        mine = {k: hash for b in msg.buckets for k, hash in self.tree.keys(b)}
        wanted = tuple(k for k, hash in msg.hashes if mine.get(k) != hash)
        self.send(src, Exchange((), wanted))


class SendsEqualRowsToo(AntiEntropy):
    def on_compare_keys(self, src, msg):
        super().on_compare_keys(src, CompareKeys(msg.buckets, ()))


class GivesBackWhatWasSent(AntiEntropy):
    def on_exchange(self, src, msg):
        super().on_exchange(src, Exchange(msg.rows))
        rows = tuple((k, self.rows[k]) for k in msg.wanted if k in self.rows)
        if rows:
            self.send(src, Exchange(rows))


class AnswersBeforeItMerges(AntiEntropy):
    def on_exchange(self, src, msg):
        super().on_exchange(src, Exchange((), msg.wanted))
        super().on_exchange(src, Exchange(msg.rows))


class OverwritesRows(AntiEntropy):
    def on_exchange(self, src, msg):
        for key, _ in msg.rows:
            self.rows.pop(key, None)
        super().on_exchange(src, msg)


class LetsTheTreeAge(AntiEntropy):
    def keep(self, key, siblings):
        Replica.keep(self, key, siblings)


class HashesOneByOne(AntiEntropy):
    def keep(self, key, siblings):
        super().keep(key, siblings)
        self.after_event()


class ComesBackWithoutTree(AntiEntropy):
    def on_recover(self, report):
        Replica.on_recover(self, report)
        self.set_timer(Round(), self.round_ms / 2, self.round_ms * 3 / 2)


class ComesBackAndRests(AntiEntropy):
    def on_recover(self, report):
        super().on_recover(report)
        self.cancel_timer(Round())


KILLED = {
    NeverComparesAgain: (
        test_a_round_sends_the_root_to_another_replica_and_begins_the_next
    ),
    AnswersEqualPlaces: test_equal_roots_are_not_answered,
    FollowsOnePlace: test_every_place_that_differs_is_followed,
    NamesNoKeys: test_a_bucket_that_differs_is_answered_with_its_keys_and_their_hashes,
    OnlyPushes: test_rows_that_differ_travel_both_ways_and_others_do_not,
    OnlyPulls: test_rows_that_differ_travel_both_ways_and_others_do_not,
    SendsEqualRowsToo: test_rows_that_differ_travel_both_ways_and_others_do_not,
    GivesBackWhatWasSent: test_nobody_is_given_back_what_he_has_just_sent,
    AnswersBeforeItMerges: test_who_is_asked_for_a_row_answers_with_what_both_know,
    OverwritesRows: test_who_is_asked_for_a_row_answers_with_what_both_know,
    LetsTheTreeAge: lambda: test_the_tree_follows_the_rows(Store(1, "x", NEW)),
    HashesOneByOne: test_rows_that_arrive_together_are_hashed_together,
    ComesBackWithoutTree: (
        test_who_comes_back_has_its_tree_again_and_begins_its_rounds
    ),
    ComesBackAndRests: test_who_comes_back_has_its_tree_again_and_begins_its_rounds,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    KILLED[mutant]()
    monkeypatch.setitem(globals(), "AntiEntropy", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
