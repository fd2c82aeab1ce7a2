"""What the exercises of lesson 2 judge by."""

from itertools import product

import pytest
from answers import quorums as answers
from sheets_that_run import marks_of

from distlab.check.linearizable import linearizable
from distlab.grade.checks.quorums import figures, register_run, strict_quorum, trees
from distlab.grade.checks.quorums.adversary import MISSED, NEW_THEN_OLD, misses
from distlab.grade.checks.quorums.histories import (
    BROKEN,
    FINE,
    of_story,
    operation,
)
from distlab.grade.checks.quorums.stale_reads import stale
from distlab.grade.checks.quorums.survivors import SITUATIONS, surviving, written
from distlab.grade.exercise import Case
from distlab.grade.plans import plan
from distlab.history import History
from distlab.replication import siblings
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularReplica
from distlab.replication.siblings import Vector, Version


def test_who_asks_the_library_is_told_so(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY], tmp_path)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    for number, ours in (("2.1", "merge"), ("2.2", "enough"), ("2.6", "start_write")):
        assert told[number].startswith(f"it asks for our `{ours}"), told[number]


# ------------------------------------------------------------------ what the judges use
@pytest.mark.parametrize("case", [Case(i, i) for i in range(1, 6)], ids=str)
def test_the_library_merges_as_exercise_2_1_does(case: Case):
    drawn = written(case)
    several = [s.versions(case) for s in SITUATIONS]
    for given in (drawn, *several):
        made = (
            Version(value, Vector(tuple(sorted(clock.items()))))
            for value, clock in given
        )
        left = siblings.merge(*((version,) for version in made))
        assert sorted(v.value for v in left) == surviving(given)
    for situation, given in zip(SITUATIONS, several, strict=True):
        assert surviving(given) == situation.survive.split()


@pytest.mark.parametrize("case", [Case(i, i) for i in range(1, 6)], ids=str)
def test_two_trees_differ_on_the_way_to_each_differing_bucket_and_nowhere_else(
    case: Case,
):
    for count in range(4):
        two = trees(case, count)
        differ = {place for place in two.mine if two.mine[place] != two.theirs[place]}
        ways = {b[:end] for b in two.differing for end in range(two.depth + 1)}
        assert len(two.differing) == count
        assert differ == ways
        assert set(two.needed) == {""} | {p for p in two.mine if p and p[:-1] in ways}


def test_without_faults_r_and_w_that_overlap_miss_nothing():
    for name in (NEW_THEN_OLD, MISSED):
        calls, _ = plan("STALE", answers.stale(), name)
        history = strict_quorum(calls).history
        assert {op.outcome for op in history} == {"ok"}
        assert not misses(history, "read")
        assert not misses(history, "write")


def test_the_smallest_plans_need_each_of_their_calls_and_faults():
    kinds = {NEW_THEN_OLD: "read", MISSED: "write"}
    for name, f in kinds.items():
        calls, faults = plan("STALE", answers.stale(), name)
        assert misses(strict_quorum(calls, faults).history, f)
        for i in range(len(calls)):
            fewer = strict_quorum(calls[:i] + calls[i + 1 :], faults)
            assert not misses(fewer.history, f)
        for i in range(len(faults)):
            fewer = strict_quorum(calls, faults[:i] + faults[i + 1 :])
            assert not misses(fewer.history, f)


def test_only_one_setting_of_the_dials_meets_all_targets():
    met = [
        (n, r, w)
        for n in range(1, 7)
        for r, w in product(range(1, n + 1), repeat=2)
        if all(
            target.share == 1 for target in figures(Case(1), {"n": n, "r": r, "w": w})
        )
    ]
    assert met == [(5, 3, 2)]


@pytest.mark.parametrize("case", [Case(i, 1 + i % 5) for i in range(20)], ids=str)
def test_the_stories_of_exercise_2_7_are_what_they_say(case: Case):
    """And the library, which looks at all operations together, says the same."""
    for story in BROKEN:
        history, place = of_story(story, True, case)
        assert list(stale(history)) == [place], story.title
        assert linearizable(History(history)).invalid, story.title
    for story in (*BROKEN, *FINE):
        history, _ = of_story(story, False, case)
        assert not list(stale(history)), story.title
        assert not linearizable(History(history)).invalid, story.title


@pytest.mark.parametrize("case", [Case(i, i) for i in range(1, 9)], ids=str)
def test_regular_registers_have_stale_reads_and_linearizable_ones_none(case: Case):
    regular = register_run(case, RegularReplica)
    atomic = register_run(case, AbdReplica)
    assert list(stale(regular))
    assert linearizable(regular).invalid
    assert not list(stale(atomic))
    assert linearizable(atomic).valid


def test_two_readers_who_disagree_about_two_writes_have_read_nothing_stale():
    """What the solved sheet says that exercise 2.7 does not find."""
    at_once = ("c1 x=a 0-9", "c2 x=b 0-9")
    one, other = ("c3 x? a 10-11", "c3 x? b 12-13"), ("c4 x? b 10-11", "c4 x? a 12-13")
    history = [operation(line, False) for line in (*at_once, *one, *other)]
    assert not list(stale(history))
    assert linearizable(History(history)).invalid
