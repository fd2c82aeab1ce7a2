"""The sheet of lesson 2: stub unsolved, solution passes, each mistake is told apart."""

import inspect
from itertools import product

import pytest
from answers import quorums as answers
from sheets_that_run import as_source, codes, marks_of, points_told, run

from distlab.check import linearizable
from distlab.grade import practice
from distlab.grade.checks import course
from distlab.grade.checks.quorums import figures, register_run, strict_quorum, trees
from distlab.grade.checks.quorums.adversary import MISSED, NEW_THEN_OLD, misses, plan
from distlab.grade.checks.quorums.histories import (
    BROKEN,
    FINE,
    of_story,
    operation,
)
from distlab.grade.checks.quorums.stale_reads import stale
from distlab.grade.checks.quorums.survivors import SITUATIONS, surviving, written
from distlab.grade.examine import examine
from distlab.grade.exercise import Case, Exercise
from distlab.history import History
from distlab.replication import siblings
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularReplica
from distlab.replication.siblings import Vector, Version

NAME = "02_quorums"
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
    assert [checked.exercise for checked in said] == EXERCISES
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


@pytest.mark.soak
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_the_solution_passes_whatever_the_key(solutions, exercise: Exercise):
    answer = solutions[exercise.answer.name]
    for claim, key in product(exercise.claims, range(100)):
        cases = claim.hidden_cases(exercise.number, f"key {key}".encode())
        found = examine(exercise, claim, answer, cases)
        assert found.kind == "kept", (claim.text, key, found.came, found.ran)


@pytest.mark.parametrize(
    ("number", "answer"),
    [("2.2", answers.RepairsTwice), ("2.6", answers.SkipsWhenAllAgree)],
)
def test_an_answer_that_is_right_in_another_way_passes(number, answer):
    checked = practice.check(number, answer)
    assert checked.solved, checked


def test_the_cells_are_worth_what_the_exercises_are_worth():
    assert points_told(NAME) == [(e.number, e.points) for e in EXERCISES]


# ----------------------------------------------------------------------- wrong answers
WRONG = [
    ("2.1", answers.last_write_wins, "01", "Who are you to throw one away?"),
    ("2.1", answers.keeps_all_that_differ, "01", "and one more: it overwrote a"),
    (
        "2.1",
        answers.drops_equals,
        "01",
        "should be a",
    ),
    ("2.1", answers.returns_doubles, "01", "is still one version"),
    ("2.1", answers.counts_writes, "0", "More writes are not newer ones"),
    ("2.1", answers.looks_at_common_writers, "0", "nothing came back"),
    ("2.1", answers.looks_up_every_writer, "01", "KeyError"),
    ("2.1", answers.wants_more_of_each, "0", "More of each is not needed"),
    ("2.1", answers.looks_at_neighbours, "01", "not with a neighbour"),
    ("2.1", answers.returns_values, "01", "pairs `(value, clock)`"),
    ("2.2", answers.AnswersAtOnce, "0", "How many replicas must have answered?"),
    ("2.2", answers.CountsMessages, "0", "count replicas, not messages"),
    ("2.2", answers.WaitsForAll, "13", "nothing says that they will ever answer"),
    ("2.2", answers.WaitsForAMajority, "01", "r and w are 1: no end"),
    ("2.2", answers.BelievesTheLast, "24", "One of these had been overwritten"),
    ("2.2", answers.ReturnsOne, "2", "another replica has it"),
    ("2.2", answers.ReturnsAValue, "2", "returns a tuple of versions"),
    ("2.2", answers.ShowsTheDeleted, "2", "nobody wants to read it"),
    ("2.2", answers.ForgetsToMerge, "2", "is one version: `self.merge(…)`"),
    ("2.2", answers.RepairsNobody, "3", "tells a replica what it has missed"),
    ("2.2", answers.RepairsEverybody, "3", "Whose answer differs"),
    ("2.2", answers.RepairsOnlyThen, "3", "Who answers when the read is over"),
    ("2.2", answers.RepairsWhenAllAnswered, "3", "Why wait until all"),
    ("2.2", answers.RepairsWithOneAnswer, "3", "send it what all have said"),
    ("2.2", answers.ForgetsWhatItRead, "4", "stands in `self.known[key]`"),
    ("2.2", answers.NeverAnswers, "01234", "When enough have answered, it may"),
    ("2.3", answers.asks_for_everything, "1", "Nobody has answered yet"),
    ("2.3", answers.asks_for_the_buckets, "1", "If the roots are the same"),
    ("2.3", answers.goes_down_everywhere, "1", "nothing differs: why ask?"),
    ("2.3", answers.follows_the_first, "012", "Several may differ"),
    ("2.3", answers.looks_at_the_root_only, "012", "Which of the places below?"),
    ("2.3", answers.asks_one_by_one, "2", "A list may have many places"),
    ("2.3", answers.asks_again, "012", "ask for what is not, and then stop"),
    ("2.3", answers.asks_below_the_buckets, "012", "The buckets have no children"),
    ("2.3", answers.asks_nothing, "012", "ask for the root"),
    ("2.3", answers.tells_whether_they_differ, "012", "Return a list of places"),
    ("2.4", answers.HAS_NO_FAULTS, "0", "how many may the write reach?"),
    ("2.4", answers.REACHES_NOBODY, "0", "one replica must have it, and be asked"),
    ("2.4", answers.READS_ONCE, "0", "Two reads are needed"),
    ("2.4", answers.LETS_IT_REPAIR, "0", "has repaired the others"),
    ("2.4", answers.USES_MORE_THAN_NEEDED, "0", "can you do without?"),
    ("2.4", answers.TRUSTS_TO_LUCK, "0", "of Loss, all messages or none"),
    ("2.4", answers.REORDERS, "0", "of Reordering, all messages or none"),
    ("2.4", answers.FORGETS_A_DISK, "0", "here no disk may forget"),
    ("2.4", answers.CALLS_ANOTHER, "0", "c1, c2 or c3 may call"),
    ("2.4", answers.DELETES, "0", "is no call: write when, who and what"),
    ("2.4", answers.FORGETS_THE_COMMA, "0", "with a comma"),
    ("2.4", answers.IS_NOT_ACKNOWLEDGED, "1", "Nobody was promised anything"),
    ("2.4", answers.NEVER_FORGETS, "1", "shows when its replica crashes"),
    ("2.4", answers.READS_TOO_EARLY, "1", "when the write has ended and the disk"),
    ("2.4", answers.LEAVES_TWO_COPIES, "1", "A replica that has it still answered"),
    ("2.4", answers.FORGETS_TWO_DISKS, "1", "of one replica may forget"),
    ("2.4", answers.ISOLATES_THE_OTHERS, "1", "can you do without?"),
    ("2.5", answers.MAXIMISES, "0", "a disk may be very slow"),
    ("2.5", answers.IS_STRICT, "0", "13.9 ms"),
    ("2.5", answers.ASKS_FOUR, "0", "none waits long"),
    ("2.5", answers.IS_FASTEST, "0", "20.4 %"),
    ("2.5", answers.HOPES, "0", "ask more, or write more"),
    ("2.5", answers.IS_DEAR, "0", "how many can you afford?"),
    ("2.5", answers.HAS_MORE_THAN_THERE_ARE, "0", "r and w are from 1 to n"),
    ("2.6", answers.AnswersWithoutStoring, "01", "that s3 has it is all"),
    ("2.6", answers.AnswersBeforeItIsStored, "1", "may never hear of it"),
    ("2.6", answers.StoresAtOne, "01", "(4.847 to 9.812 ms)"),
    ("2.6", answers.WritesBackUnderItsOwnStamp, "1", "the same value, under the same"),
    ("2.6", answers.WritesBackNothingNew, "01", "that s2 has it is all"),
    ("2.6", answers.CountsItsOwnWrites, "2", "would be thrown away"),
    ("2.6", answers.TakesTheSameNumber, "23", "would be thrown away"),
    ("2.6", answers.SignsForAnother, "2", "the stamp says whose it is"),
    ("2.6", answers.ForgetsItsStamps, "3", "`self.stamped` is on disk"),
    ("2.6", answers.DoesNotWaitForWrites, "0", "This write had ended"),
    ("2.6", answers.StoresNothing, "0123", "ends when a majority has it"),
    ("2.7", answers.looks_for_nothing_read, "0", "which of them is older?"),
    ("2.7", answers.counts_writes_under_way, "12", "it may come later"),
    ("2.7", answers.forgets_what_others_read, "02", "so it had happened"),
    ("2.7", answers.counts_the_unknown, "1", "Nobody has promised"),
    ("2.7", answers.counts_the_failed, "1", "A write that failed"),
    ("2.7", answers.looks_at_the_end_of_the_read, "12", "when the read was called"),
    ("2.7", answers.wants_what_ended_last, "012", "under way may have happened"),
    ("2.7", answers.compares_ends, "012", "which of them was first"),
    ("2.7", answers.compares_with_the_last_only, "0", "any that had ended does"),
    ("2.7", answers.forgets_keys, "012", "says nothing about another"),
    ("2.7", answers.accuses_nobody, "012", "raises no false one either"),
    ("2.7", answers.accuses_everybody, "012", "0 of 11 are judged right"),
    ("2.7", answers.says_yes, "012", "return a list of places"),
]
NAMED = {id(value): name for name, value in vars(answers).items()}
IDS = [f"{number}-{NAMED[id(answer)]}" for number, answer, _, _ in WRONG]


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
    for (number, _, breaks, said), name in zip(WRONG, IDS, strict=True):
        assert told.setdefault((number, breaks, said), name) == name


def test_a_mistake_is_told_the_same_when_it_is_marked(tmp_path):
    """One wrong answer to each exercise, as a sheet, in a process of its own."""
    first = {number: (answer, said) for number, answer, _, said in reversed(WRONG)}
    written = [codes("solutions", NAME)[0], *HELPERS]
    for exercise in EXERCISES:
        answer, _ = first[exercise.number]
        written.append(as_source(exercise, answer))
    for marked in marks_of(written, tmp_path):
        said = first[marked.exercise.number][1]
        told = [f"{finding.came} {finding.advice}" for finding in marked.findings]
        assert any(said in text for text in told), told
        assert marked.points < marked.exercise.points


# What the first wrong answers above are made of.
HELPERS = [
    inspect.getsource(found)
    for found in (
        answers.Client,
        answers.Register,
        answers.unknown,
        answers.certain,
        answers.reads_of,
        answers.of_key,
    )
]


def test_the_librarys_own_answers_earn_nothing(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY_ABOUT_QUORUMS], tmp_path)
    assert [marked.points for marked in found] == [0] * len(EXERCISES)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    for number, ours in (("2.1", "merge"), ("2.2", "enough"), ("2.6", "start_write")):
        assert told[number].startswith(f"it asks for our `{ours}"), told[number]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_a_check_says_the_same_when_it_is_run_again(solutions, exercise: Exercise):
    answer = solutions[exercise.answer.name]
    wrong = next(a for number, a, _, _ in WRONG if number == exercise.number)
    for given in (answer, wrong):
        first, second = (repr(practice.check(exercise, given)) for _ in range(2))
        assert first == second


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
        calls, _ = plan(answers.stale(), name)
        history = strict_quorum(calls).history
        assert {op.outcome for op in history} == {"ok"}
        assert not misses(history, "read")
        assert not misses(history, "write")


def test_the_smallest_plans_need_each_of_their_calls_and_faults():
    kinds = {NEW_THEN_OLD: "read", MISSED: "write"}
    for name, f in kinds.items():
        calls, faults = plan(answers.stale(), name)
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
        assert linearizable.registers(History(history)).invalid, story.title
    for story in (*BROKEN, *FINE):
        history, _ = of_story(story, False, case)
        assert not list(stale(history)), story.title
        assert not linearizable.registers(History(history)).invalid, story.title


@pytest.mark.parametrize("case", [Case(i, i) for i in range(1, 9)], ids=str)
def test_regular_registers_have_stale_reads_and_linearizable_ones_none(case: Case):
    regular = register_run(case, RegularReplica)
    atomic = register_run(case, AbdReplica)
    assert list(stale(regular))
    assert linearizable.registers(regular).invalid
    assert not list(stale(atomic))
    assert linearizable.registers(atomic).valid


def test_two_readers_who_disagree_about_two_writes_have_read_nothing_stale():
    """What the solved sheet says that exercise 2.7 does not find."""
    at_once = ("c1 x=a 0-9", "c2 x=b 0-9")
    one, other = ("c3 x? a 10-11", "c3 x? b 12-13"), ("c4 x? b 10-11", "c4 x? a 12-13")
    history = [operation(line, False) for line in (*at_once, *one, *other)]
    assert not list(stale(history))
    assert linearizable.registers(History(history)).invalid
