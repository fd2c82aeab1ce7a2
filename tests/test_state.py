"""State: twins share nothing, equal states look equal, and the log is a value."""

from __future__ import annotations

import copy
import pickle
from collections import defaultdict, deque

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from distlab.errors import Misuse
from distlab.node import Log, Message, Record
from distlab.state import copied, frozen


class Entry(Message):
    n: int


class Pending(Record):
    op: str
    replies: dict = {}
    done: bool = False


plain = st.recursive(
    st.integers() | st.text() | st.none() | st.booleans(),
    lambda x: (
        st.lists(x) | st.dictionaries(st.text(), x) | st.builds(Pending, st.text())
    ),
    max_leaves=8,
)


def spoil(value):
    """Change every changeable thing inside."""
    if isinstance(value, dict):
        for item in value.values():
            spoil(item)
        value["spoilt"] = 1
    elif isinstance(value, list):
        for item in value:
            spoil(item)
        value.append("spoilt")
    elif isinstance(value, Record):
        spoil(value.replies)
        value.op = "spoilt"


@given(plain)
def test_a_copy_is_equal_and_shares_nothing_changeable(value):
    twin, before = copied(value), frozen(value)
    assert frozen(twin) == before
    spoil(twin)
    assert frozen(value) == before


@given(plain, plain)
def test_equal_states_have_equal_fingerprints_and_others_not(one, other):
    hash(frozen(one))
    assert (frozen(one) == frozen(other)) == (_strict(one) == _strict(other))


def _strict(value):
    """A slow twin of `frozen`: structure as sorted text, 1 and True being one."""
    if isinstance(value, dict):
        return "dict", sorted((repr(k), _strict(v)) for k, v in value.items())
    if isinstance(value, list):
        return "list", [_strict(v) for v in value]
    if isinstance(value, Record):
        fields = [_strict(value.op), _strict(value.replies), _strict(value.done)]
        return "record", fields
    return "atom", repr(int(value) if isinstance(value, bool) else value)


def test_the_order_of_a_dict_does_not_count():
    assert frozen({1: 2, 3: 4}) == frozen({3: 4, 1: 2})


def test_the_order_of_a_list_counts():
    assert frozen([1, 2]) != frozen([2, 1])


@pytest.mark.parametrize("hidden", [deque(), defaultdict(list), object()], ids=type)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {1: x}])
def test_a_plain_mutable_object_is_refused(hidden, wrap):
    with pytest.raises(
        Misuse, match="in a node's state may change unseen: use numbers"
    ):
        frozen(wrap(hidden))


def test_a_list_in_a_tuple_is_refused():
    with pytest.raises(Misuse, match=r"tuple.item holds a list, .* use a tuple"):
        frozen((1, [1]))


# ----------------------------------------------------------------------------- records
def test_a_record_is_made_compared_printed_and_changed_by_its_fields():
    one = Pending("read", done=True)
    assert one == Pending("read", {}, True)
    assert repr(one) == "Pending(op='read', replies={}, done=True)"
    one.op = "write"
    assert one.op == "write"


def test_records_do_not_share_a_default():
    one, other = Pending("a"), Pending("b")
    one.replies["x"] = 1
    assert other.replies == {}
    assert Pending("c").replies == {}


def test_a_record_keeps_what_it_is_given():
    mine = {"x": 1}
    assert Pending("a", mine).replies is mine


def test_a_record_refuses_what_it_has_no_field_for():
    with pytest.raises(TypeError, match="unexpected keyword argument 'opp'"):
        Pending(opp="x")
    with pytest.raises(TypeError, match=r"Pending.__init__\(\) missing 1 required"):
        Pending()
    with pytest.raises(AttributeError):
        Pending("a").opp = "b"


def test_a_record_has_no_hash_since_it_changes():
    with pytest.raises(TypeError):
        hash(Pending("a"))


def test_a_record_cannot_travel():
    class Carries(Message):
        what: object

    with pytest.raises(Misuse, match="holds a Pending, which may change"):
        Carries(Pending("a"))


def test_records_survive_pickling():
    one = Pending("read", {"x": 1})
    assert pickle.loads(pickle.dumps(one)) == one


# ------------------------------------------------------------------------------ the log
def test_the_log_counts_from_1():
    log = Log("x", "y")
    assert (log[1], log[2], log.last_index, len(log)) == ("x", "y", 2, 2)


def test_a_log_equals_only_logs():
    assert Log(1) == Log(1)
    assert Log(1) != (1,)


@pytest.mark.parametrize("index", [0, 3, -1])
def test_there_is_no_entry_outside(index):
    with pytest.raises(IndexError, match=f"no entry {index}: it holds 1 to 2"):
        Log("x", "y")[index]
    with pytest.raises(IndexError, match="it is empty"):
        Log()[index]


def test_what_may_change_is_refused_in_a_log():
    with pytest.raises(Misuse, match="holds a list"):
        Log().append([1])
    with pytest.raises(Misuse, match="holds a list"):
        Log([1])


def test_two_logs_that_grew_from_one_do_not_see_each_other():
    root = Log("a")
    one, other = root.append("b"), root.append("c")
    assert (root, one, other) == (Log("a"), Log("a", "b"), Log("a", "c"))


def test_appending_and_keeping_snapshots_copies_nothing():
    """A thousand snapshots share one list: what a durable log needs to be cheap."""
    logs = [Log()]
    for n in range(1000):
        logs.append(logs[-1].append(n))
    assert len({id(log._entries) for log in logs}) == 1
    assert logs[500] == Log(*range(500))


def test_a_log_is_pickled_with_its_own_entries_alone():
    long = Log(*range(1000))
    assert len(pickle.dumps(long.cut(1))) < 100
    assert copy.deepcopy(long.cut(2)) == Log(0, 1)


class LogIsATuple(RuleBasedStateMachine):
    """Everything a log can do, beside a tuple that does the same."""

    @initialize()
    def begin(self):
        self.pairs = [(Log(), ())]

    def pick(self, data):
        return self.pairs[data % len(self.pairs)]

    @rule(at=st.integers(0), entry=st.integers(0, 2) | st.builds(Entry, st.just(1)))
    def append(self, at, entry):
        log, twin = self.pick(at)
        self.pairs.append((log.append(entry), (*twin, entry)))

    @rule(at=st.integers(0), entries=st.lists(st.integers(0, 2), max_size=3))
    def extend(self, at, entries):
        log, twin = self.pick(at)
        self.pairs.append((log.extend(tuple(entries)), (*twin, *entries)))

    @rule(at=st.integers(0), index=st.integers(-1, 6))
    def cut(self, at, index):
        log, twin = self.pick(at)
        self.pairs.append((log.cut(index), twin[: max(0, index)]))

    @rule(at=st.integers(0), index=st.integers(-1, 6))
    def after(self, at, index):
        log, twin = self.pick(at)
        assert log.after(index) == twin[max(0, index) :]

    @rule(at=st.integers(0), to=st.integers(0))
    def compare(self, at, to):
        (one, twin), (other, its_twin) = self.pick(at), self.pick(to)
        assert (one == other) == (twin == its_twin)
        if one == other:
            assert hash(one) == hash(other)

    def teardown(self):
        for log, twin in getattr(self, "pairs", ()):
            assert tuple(log) == twin
            assert len(log) == log.last_index == len(twin)
            assert repr(log) == f"Log({', '.join(map(repr, twin))})"
            assert all(log[i + 1] == entry for i, entry in enumerate(twin))


TestLog = LogIsATuple.TestCase
