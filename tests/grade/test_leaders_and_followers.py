"""The sheet of lesson 1: stub unsolved, solution passes, each mistake is told apart."""

import pytest
from answers import leaders_and_followers as answers
from sheets_that_run import as_source, codes, marks_of, points_told, run

from distlab.check import sessions
from distlab.grade import practice
from distlab.grade.checks import course
from distlab.grade.checks import leaders_and_followers as sheet
from distlab.grade.checks.leaders_and_followers import stories
from distlab.grade.examine import examine
from distlab.grade.exercise import Case, Exercise
from distlab.history import History
from distlab.replication.client import KeyValueClient
from distlab.replication.sessions import SessionClient

NAME = "01_leaders_and_followers"
KEYS = (b"a key", b"another key")
EXERCISES = course().of(NAME)


@pytest.fixture(scope="module")
def solved() -> tuple[dict, list[practice.Checked]]:
    return run("solutions", NAME)


@pytest.fixture(scope="module")
def solutions(solved) -> dict:
    """What the solved sheet defines."""
    return solved[0]


# ------------------------------------------------------------------- stub and solution
def test_the_sheet_runs_as_it_is_handed_out_and_every_exercise_is_unsolved():
    _, said = run("exercises", NAME)
    assert [checked.exercise.number for checked in said] == [
        e.number for e in EXERCISES
    ]
    kinds = {finding.kind for checked in said for finding in checked.findings}
    assert kinds == {"unsolved"}


def test_the_solved_sheet_passes_every_check(solved):
    _, said = solved
    assert len(said) == len(EXERCISES)
    assert all(checked.solved for checked in said)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_the_solution_passes_hidden_cases_too(
    solutions, exercise: Exercise, key: bytes
):
    answer = solutions[exercise.answer.name]
    for claim in exercise.claims:
        cases = claim.hidden_cases(exercise.number, key)
        found = examine(exercise, claim, answer, cases)
        assert found.kind == "kept", (claim.text, found.came, found.ran)


def test_an_answer_that_is_right_in_another_way_passes():
    checked = practice.check("1.2", answers.DropsMessagesThatOverlap)
    assert checked.solved, checked


def test_the_cells_are_worth_what_the_exercises_are_worth():
    assert points_told(NAME) == [(e.number, e.points) for e in EXERCISES]


# ----------------------------------------------------------------------- wrong answers
WRONG = [
    ("1.1", answers.AnswersAlone, "0", "look at `acked`"),
    ("1.1", answers.WaitsForAll, "1", "A follower that is down"),
    ("1.1", answers.WaitsForOneMore, "1", "one follower too many"),
    ("1.1", answers.TrustsTheFastest, "0", "not only the fastest"),
    ("1.1", answers.WaitsForTheEnd, "1", "not the end of the log"),
    ("1.1", answers.NeverAnswers, "01", "each write is safe after a while"),
    ("1.2", answers.AppliesWhatComes, "0123", "Must it not wait?"),
    ("1.2", answers.AppliesOverGaps, "023", "Must it not wait?"),
    ("1.2", answers.AppliesTwice, "012", "is in the log already"),
    ("1.2", answers.ConfirmsTheMessage, "2", "a gap would stay for ever"),
    ("1.2", answers.ConfirmsWithoutStoring, "023", "what puts an entry into the log"),
    ("1.2", answers.NeverAsks, "3", "Nobody else knows what this follower lacks"),
    ("1.2", answers.TakesOneEntry, "3", "an `Append` of several entries"),
    ("1.2", answers.SilentWhenNothingIsNew, "4", "may have been lost"),
    ("1.2", answers.HidesItFromReaders, "0", "`self.safe` says how far"),
    ("1.2", answers.DoesNothing, "01234", "how far is the log on this disk?"),
    ("1.3", answers.KILLS_THE_LEADER, "01", "What was under way arrives"),
    ("1.3", answers.NEVER_HEALS, "01", "give the fault an `until_ms`"),
    ("1.3", answers.IS_TOO_BRIEF, "01", "missed after 200 to 300 ms"),
    ("1.3", answers.KILLS_EVERYBODY, "01", "somebody must live"),
    ("1.3", answers.HEALS_BY_A_FAULT_OF_ITS_OWN, "01", "Which of these faults"),
    ("1.3", answers.USES_CRASHES_ONLY, "01", "Which of these faults"),
    ("1.3", answers.LEAVES_NO_FOLLOWER, "1", "has been promised nothing"),
    ("1.3", answers.FORGETS_THE_COMMA, "01", "with a comma"),
    ("1.3", answers.NAMES_A_STRANGER, "01", "no node 's4'"),
    ("1.4", answers.looks_for_none, "02", "Its own writes have an order"),
    ("1.4", answers.wants_its_own_value, "012", "another has written meanwhile"),
    ("1.4", answers.forgets_sessions, "012", "made to the one who wrote"),
    ("1.4", answers.forgets_keys, "012", "each key has one"),
    ("1.4", answers.believes_the_unknown, "1", "Nobody has promised"),
    ("1.4", answers.believes_in_calls, "012", "its place in the log, not by its call"),
    ("1.4", answers.accuses_nobody, "012", "raises no false one either"),
    ("1.4", answers.accuses_everybody, "012", "Newer than its own"),
    ("1.4", answers.says_yes, "012", "return a list of places"),
    ("1.5", answers.STANDS_STILL, "1", "cut it off from fewer"),
    ("1.5", answers.CUTS_WHAT_IS_UNDER_WAY, "0", "A crash does not stop"),
    ("1.5", answers.WAKES_UP, "0", "There s1 is heard again"),
    ("1.5", answers.IS_HEARD_BY_THE_OTHER, "0", "through somebody else"),
    ("1.5", answers.IS_DEAD_TWICE, "01", "and yet it is not dead"),
    ("1.5", answers.COMES_BACK_UNSEEN, "01", "and not come back"),
    ("1.5", answers.IS_ALIVE_TWICE, "01", "Let it crash"),
    ("1.5", answers.COMES_TOO_LATE, "01", "let it happen earlier"),
    ("1.6", answers.AcceptsAll, "01", "The follower had not heard"),
    ("1.6", answers.AcceptsNothing, "012", "may accept any answer"),
    ("1.6", answers.RemembersWritesOnly, "1", "behind the first"),
    ("1.6", answers.RemembersReadsOnly, "0", "The follower had not heard"),
    ("1.6", answers.WantsMoreThanItHas, "2", "just as much as the session has seen"),
    ("1.6", answers.AddsThemUp, "2", "The leader need not be asked"),
    ("1.7", answers.CRIES_WOLF, "0", "Slow is not dead"),
    ("1.7", answers.COMES_LATE, "0", "Nobody notices a crash before the timeout"),
    ("1.7", answers.TALKS_ALL_THE_TIME, "0", "how many a second can you afford"),
    ("1.7", answers.MISSES_EVERY_LEADER, "0", "misses every leader"),
]
IDS = [f"{n}-{getattr(a, '__name__', i)}" for i, (n, a, _, _) in enumerate(WRONG)]


@pytest.mark.parametrize(("number", "answer", "breaks", "said"), WRONG, ids=IDS)
def test_each_typical_mistake_breaks_its_claims_and_is_told_why(
    number, answer, breaks, said
):
    """`breaks` are the claims that do not hold, by their place in the exercise."""
    checked = practice.check(number, answer)
    assert checked._repr_mimebundle_()  # with its picture
    findings = checked.findings
    broken = [i for i, f in enumerate(findings) if f.kind != "kept"]
    assert broken == [int(place) for place in breaks]
    assert all(findings[i].share < 1 for i in broken)
    assert any(said in f"{f.came} {f.advice}" for f in findings), findings


def test_no_two_mistakes_of_an_exercise_are_told_the_same():
    told: dict[tuple, str] = {}
    for (number, answer, breaks, said), name in zip(WRONG, IDS, strict=True):
        if answer is answers.USES_CRASHES_ONLY:
            continue  # loses a write by more faults than needed, as the one before
        assert told.setdefault((number, breaks, said), name) == name


def test_a_mistake_is_told_the_same_when_it_is_marked(tmp_path):
    """One wrong answer to each exercise, as a sheet, in a process of its own."""
    first = {number: (answer, said) for number, answer, _, said in reversed(WRONG)}
    written = [codes("solutions", NAME)[0]]
    for exercise in EXERCISES:
        answer, _ = first[exercise.number]
        written.append(as_source(exercise, answer))
    for marked in marks_of(written, tmp_path):
        said = first[marked.exercise.number][1]
        told = [f"{finding.came} {finding.advice}" for finding in marked.findings]
        assert any(said in text for text in told), told
        assert marked.points < marked.exercise.points


def test_the_librarys_own_answers_earn_nothing(tmp_path):
    for marked in marks_of([answers.ASKS_THE_LIBRARY], tmp_path):
        assert marked.points == 0, marked


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


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_a_check_says_the_same_when_it_is_run_again(solutions, exercise: Exercise):
    answer = solutions[exercise.answer.name]
    wrong = next(a for number, a, _, _ in WRONG if number == exercise.number)
    for given in (answer, wrong):
        first, second = (repr(practice.check(exercise, given)) for _ in range(2))
        assert first == second
