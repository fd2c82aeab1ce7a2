"""What the exercises of lesson 1 judge by."""

import pytest
from sheets_that_run import solved

from distlab.check import sessions
from distlab.grade.checks import leaders_and_followers as sheet
from distlab.grade.checks.leaders_and_followers import stories
from distlab.grade.exercise import Case
from distlab.history import History
from distlab.replication.client import KeyValueClient
from distlab.replication.sessions import SessionClient


@pytest.fixture
def solutions() -> dict:
    """What the solved sheet defines."""
    return solved("01_leaders_and_followers")[0]


# ------------------------------------------------------------------ what the judges use
def test_without_faults_the_arena_loses_nothing():
    for sync_followers in (0, 1):
        cluster = sheet.arena((), sync_followers)
        assert sheet.lost(cluster).valid
        assert {op.outcome for op in cluster.history} == {"ok"}


def test_a_synchronous_failover_loses_nothing_where_the_others_lose(solutions):
    for faults in solutions["LOSING"].values():
        assert not sheet.lost(sheet.arena(faults, sync_followers=2)).invalid


@pytest.mark.parametrize("case", [Case(i, 1 + i % 5) for i in range(20)], ids=str)
def test_the_library_judges_the_stories_as_the_exercise_does(case: Case):
    for story in stories.BROKEN:
        history, place = stories.of_story(story, True, case)
        verdict = sessions.read_your_writes(History(history))
        assert verdict.invalid and history[place] in verdict.evidence, story.title
    for story in (*stories.BROKEN, *stories.FINE):
        history, _ = stories.of_story(story, False, case)
        assert not sessions.read_your_writes(History(history)).invalid, story.title


@pytest.mark.parametrize("case", [Case(i, i) for i in range(1, 6)], ids=str)
def test_real_runs_are_stale_without_session_tokens_and_never_with_them(
    solutions, case: Case
):
    stale = sheet.lagging_run(case, KeyValueClient)
    fresh = sheet.lagging_run(case, SessionClient)
    check = solutions["read_your_writes"]
    assert sessions.read_your_writes(stale).invalid and check(tuple(stale))
    assert sessions.read_your_writes(fresh).valid and not check(tuple(fresh))
