"""Views of a group: versions that share what is the same, against plain lists."""

import copy
import pickle
import random

import pytest

from distlab import codec
from distlab.errors import Misuse
from distlab.membership.members import Members

GROUP = tuple(f"s{i + 1}" for i in range(12))


@pytest.mark.parametrize("seed", range(20))
def test_a_view_is_the_list_of_those_who_are_left(seed):
    """§1, persistence: against a list from which they are taken, one by one."""
    left, view = list(GROUP), Members(GROUP)
    for id in random.Random(seed).sample(GROUP, len(GROUP)):
        assert (len(view), list(view)) == (len(left), left)
        assert [view[i] for i in range(len(view))] == left
        assert [other in view for other in GROUP] == [o in left for o in GROUP]
        left.remove(id)
        view = view.without(id)
    assert (len(view), list(view)) == (0, [])


def test_an_earlier_version_stays_as_it_was():
    """§1, persistence."""
    all_of_them = Members(GROUP)
    fewer = all_of_them.without("s3")
    assert ("s3" in all_of_them, "s3" in fewer) == (True, False)
    assert fewer.without("s3") is fewer


class ChangesInPlace(Members):
    """§1, persistence: saves a version."""

    def without(self, id):
        object.__setattr__(self, "gone", super().without(id).gone)
        return self


def test_who_changes_in_place_has_no_earlier_version(monkeypatch):
    monkeypatch.setitem(globals(), "Members", ChangesInPlace)
    with pytest.raises(AssertionError):
        test_an_earlier_version_stays_as_it_was()


def test_views_are_equal_in_whatever_order_members_went():
    one = Members(GROUP).without("s3").without("s7")
    other = Members(GROUP).without("s7").without("s3")
    assert one == other
    assert hash(one) == hash(other)
    assert one != other.without("s1")


def test_all_versions_share_one_table_of_places():
    """§1, persistence: ten thousand views of ten thousand members fit into memory."""
    views = [Members(GROUP).without(id) for id in GROUP]
    assert len({id(view.places) for view in views}) == 1


def test_a_view_can_be_written_and_read():
    view = Members(GROUP).without("s2").without("s9")
    assert codec.from_json(codec.to_json(view)) == view
    for twin in (pickle.loads(pickle.dumps(view)), copy.deepcopy(view)):
        assert (twin, list(twin)) == (view, list(view))


def test_who_was_never_there_is_not_there_and_cannot_go():
    view = Members(("a", "b"))
    assert "z" not in view
    with pytest.raises(Misuse, match="'z' is not of this group"):
        view.without("z")
    for number in (-1, 2):
        with pytest.raises(IndexError, match="there are 2"):
            view[number]


def test_a_view_shows_who_is_in_it():
    assert repr(Members(("a", "b", "c")).without("b")) == "Members(a, c)"
