"""Grades: weights, late days and the roster; in nbgrader's columns, and harmless."""

import csv
import io
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from classes import graded, hand_in, put
from exercises_for_toys import COURSE as TOYS
from html_tags import Tags
from test_gradebook import ENTRY

from distlab.grade import class_page, document
from distlab.grade.exercise import Course, Exercise, Literal, kept
from distlab.grade.gradebook import Answered, Entry
from distlab.grade.grades import COLUMNS, Class, grades, totals
from distlab.grade.grades import graded as graded_
from distlab.grade.lateness import Late, Rule
from distlab.grade.page import Told
from distlab.grade.roster import Student
from distlab.grade.settings import Settings, SheetSettings
from distlab.grade.versions import Version

ROSTER = {
    "ann": Student("ann", "Zeta", "Ann", "ann@x.org"),
    "bob": Student("bob", "Alpha", "Bob", "bob@x.org"),
    "cat": Student("cat", "Mu", "Cat", "cat@x.org"),
}
DUE = datetime(2026, 11, 20, 10, tzinfo=UTC)


def exercise(number: str, sheet: str, worth: float) -> Exercise:
    made = Exercise(number, f"ex {number}", sheet, Literal(f"A{number[-1]}{sheet}"))
    made.claim("it holds", points=worth)(lambda answer, case: kept())
    return made


COURSE = Course(
    [exercise("1.1", "one", 4), exercise("1.2", "one", 6), exercise("2.1", "two", 5)]
)


def entry(student: str, sheet: str, at: str = "", kind="kept", **points) -> Entry:
    """A mark; `e11=3` gives so many points for exercise 1.1."""
    answers = []
    for asked in COURSE.of(sheet):
        worth = asked.points
        share = points.get("e" + asked.number.replace(".", ""), 0) / worth
        claim = Told(kind, "it holds", share, worth, public=1, hidden=1)
        version = Version("c", "l")
        answers.append(Answered(asked.number, asked.title, (claim,), (), version))
    where = {"student": student, "sheet": sheet, "submitted": at, "remarks": ()}
    return ENTRY._replace(answers=tuple(answers), key="k", **where)


def class_of(*entries: Entry, settings: Settings | None = None) -> Class:
    found = {(e.sheet, e.student): e for e in entries}
    return graded_(found, settings or Settings(), COURSE)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def all_rows(of: Class):
    return [of.rows[sheet, who.id] for sheet in of.sheets for who in of.students]


# ------------------------------------------------------------------------- what counts
def test_who_did_not_hand_in_has_nothing_and_who_is_unknown_is_kept_apart():
    of = class_of(
        entry("ann", "one", e11=4, e12=6),
        entry("anne", "one", e11=4),
        settings=Settings(roster=ROSTER),
    )
    found = rows(grades(all_rows(of)))
    assert [(r["student_id"], r["score"], r["max_score"]) for r in found] == [
        ("bob", "0.0", "10.0"),
        ("cat", "0.0", "10.0"),
        ("ann", "10.0", "10.0"),
    ]
    assert [who.id for who in of.strangers] == ["anne"]
    assert class_page.stranger(of, of.strangers[0]) == (
        "'anne' is not on the roster. Did you mean `ann`?"
    )


def test_a_sheet_of_the_settings_is_given_even_if_nobody_has_handed_it_in():
    settings = Settings(roster=ROSTER, sheets={"two": SheetSettings(DUE)})
    of = class_of(entry("ann", "one"), settings=settings)
    assert of.sheets == ("two", "one")  # in the order in which they are due
    assert of.rows["two", "ann"].entry is None


def test_exercises_and_sheets_count_by_their_weights():
    sheets = {
        "one": SheetSettings(weight=3, exercises={"1.1": 0.5, "1.2": 0}),
        "two": SheetSettings(weight=1),
    }
    of = class_of(
        entry("ann", "one", e11=2, e12=6),
        entry("ann", "two", e21=5),
        settings=Settings(sheets=sheets),
    )
    [ann] = of.students
    assert (of.rows["one", "ann"].raw, of.rows["one", "ann"].worth) == (1.0, 2.0)
    assert of.total(ann) == (3 * 0.5 + 1 * 1.0) / 4
    assert rows(totals(of))[0]["percent"] == "62.5"


def test_late_days_are_free_first_and_then_cost_a_share_of_what_was_earned():
    later = datetime(2026, 11, 30, 10, tzinfo=UTC)
    settings = Settings(
        rule=Rule(free_days=2, penalty_per_day=0.25),
        sheets={"one": SheetSettings(DUE), "two": SheetSettings(later)},
    )
    of = class_of(
        entry("ann", "two", at="2026-12-02 10:00:00", e21=5),
        entry("ann", "one", at="2026-11-21 09:00:00", e11=4, e12=4),
        settings=settings,
    )
    one, two = of.of(of.students[0])
    assert (one.late, one.penalty, one.score) == (Late(1, 1, 0.0), 0.0, 8.0)
    assert (two.late, two.penalty, two.score) == (Late(2, 1, 0.25), 1.25, 3.75)


def test_what_earned_nothing_spends_no_free_day():
    settings = Settings(
        rule=Rule(1, 0.5), sheets={"one": SheetSettings(DUE), "two": SheetSettings(DUE)}
    )
    of = class_of(
        entry("ann", "one", at="2026-11-21 09:00:00"),
        entry("ann", "two", at="2026-11-21 09:00:00", e21=5),
        settings=settings,
    )
    assert of.rows["two", "ann"].late == Late(1, 1, 0.0)


def test_an_extension_is_for_one_learner():
    more = SheetSettings(DUE, extended={"ann": datetime(2026, 11, 27, tzinfo=UTC)})
    at = "2026-11-25 10:00:00"
    of = class_of(
        entry("ann", "one", at=at, e11=4),
        entry("bob", "one", at=at, e11=4),
        settings=Settings(rule=Rule(0, 0.1), sheets={"one": more}),
    )
    assert of.rows["one", "ann"].penalty == 0
    assert of.rows["one", "bob"].penalty == 2  # five days


def test_nobody_is_late_of_whom_no_time_is_known_and_that_is_told():
    settings = Settings(rule=Rule(0, 1.0), sheets={"one": SheetSettings(DUE)})
    of = class_of(entry("ann", "one", e11=4), settings=settings)
    assert of.rows["one", "ann"].score == 4
    assert of.untimed() == {"one": ["ann"]}


def test_times_come_from_the_table_then_the_stamp_and_the_file_only_if_asked(tmp_path):
    place = hand_in(tmp_path / "in", bob="right", cat="right")
    put(place / "ann/98_workers.ipynb", "WHAT = 'right'")
    put(place / "dan/98_workers.ipynb", "WHAT = 'right'")
    for who in ("ann", "dan"):
        (place / who / "timestamp.txt").write_text("2026-11-21 10:00:00 UTC")
    os.utime(place / "cat.ipynb", (1_800_000_000, 1_800_000_000))
    told = {("dan", "98_workers"): "2026-11-22 10:00:00"}
    sheets = {"98_workers": SheetSettings(DUE)}
    run = graded(place, settings=Settings(times=told, sheets=sheets))
    times = {e.student: e.submitted for e in run.book.counting().values()}
    assert times == {
        "ann": "2026-11-21 10:00:00",
        "bob": "",
        "cat": "",
        "dan": "2026-11-22 10:00:00",
    }
    run = graded(place, settings=Settings(file_times=True, sheets=sheets))
    times = {e.student: e.submitted for e in run.book.counting().values()}
    assert times["cat"] == "2027-01-15 08:00:00"
    assert run.new == [] and run.changes() == []


# ---------------------------------------------------------------------------------- CSV
def test_the_columns_are_those_that_nbgrader_exports():
    assert ",".join(COLUMNS) == (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,"
        "late_submission_penalty,score,max_score"
    )
    settings = Settings(roster=ROSTER, sheets={"one": SheetSettings(DUE)})
    of = class_of(
        entry("cat", "one", at="2026-11-20 09:00:00", e11=2.5), settings=settings
    )
    assert grades(all_rows(of)).splitlines()[2] == (
        "one,2026-11-20 10:00:00,2026-11-20 09:00:00,cat,Mu,Cat,cat@x.org,"
        "2.5,0.0,2.5,10.0"
    )


@pytest.mark.parametrize("sign", "=+-@＝\t\r\n")
def test_a_spreadsheet_calculates_nothing_that_a_learner_has_chosen(sign):
    evil = f"{sign}cmd|' /C calc'!A0"
    of = class_of(
        entry(evil, "one"),
        settings=Settings(roster={evil: Student(evil, evil, evil, evil)}),
    )
    [row] = rows(grades(all_rows(of)))
    for name in ("student_id", "last_name", "first_name", "email"):
        assert row[name][0] in "'\\ " and row[name].isprintable()


def test_commas_quotes_and_lines_stay_inside_their_cell():
    names = Student("ann", 'O"Brien, the\nfirst', "Ann")
    of = class_of(entry("ann", "one"), settings=Settings(roster={"ann": names}))
    [row] = rows(grades(all_rows(of)))
    assert row["last_name"] == 'O"Brien, the first'


def test_nbgraders_own_exporter_writes_the_same(tmp_path, monkeypatch):
    """The same class in nbgrader's database: the same rows, number for number."""
    api = pytest.importorskip("nbgrader.api", reason="the nbgrader extra")
    from nbgrader.plugins.export import CsvExportPlugin

    tools = Path(sys.executable).parent  # it starts `alembic` by its name
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    marks = {"ann": (4, 3.5), "bob": (0, 6)}
    times = {"ann": "2026-11-22 09:30:00", "bob": "2026-11-20 09:00:00"}
    settings = Settings(
        roster=ROSTER, rule=Rule(0, 0.1), sheets={"one": SheetSettings(DUE)}
    )
    of = class_of(
        *(entry(n, "one", at=times[n], e11=a, e12=b) for n, (a, b) in marks.items()),
        settings=settings,
    )
    with api.Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("one", duedate="2026-11-20 10:00:00 UTC")
        book.add_notebook("one", "one")
        for number, worth in (("1.1", 4), ("1.2", 6)):
            book.add_grade_cell(number, "one", "one", max_score=worth, cell_type="code")
        for id, last, first, email in ROSTER.values():
            book.add_student(id, last_name=last, first_name=first, email=email)
        for id, scores in marks.items():
            handed = book.add_submission("one", id, timestamp=f"{times[id]} UTC")
            handed.notebooks[0].late_submission_penalty = of.rows["one", id].penalty
            for number, score in zip(("1.1", "1.2"), scores, strict=True):
                grade = book.find_grade(number, "one", "one", id)
                grade.auto_score = score
        book.db.commit()
        CsvExportPlugin(to=str(tmp_path / "theirs.csv")).export(book)
    theirs = (tmp_path / "theirs.csv").read_text()
    assert theirs.splitlines()[0] == ",".join(COLUMNS)

    def told(text: str) -> list[tuple]:
        numbers = COLUMNS[-4:]
        return sorted(
            tuple(float(r[c]) if c in numbers else r[c] for c in COLUMNS)
            for r in rows(text)
        )

    assert told(theirs) == told(grades(all_rows(of)))


# ---------------------------------------------------------------- the instructor's page
def page_of(of: Class, changes=(), notes=()) -> str:
    names = {who.id: who.id for who in (*of.students, *of.strangers)}
    return document.markdown(class_page.blocks(of, changes, notes, names))


def test_the_page_tells_how_a_class_did_exercise_by_exercise():
    of = class_of(
        entry("ann", "one", e11=4, e12=6),
        entry("bob", "one", kind="broken", e11=1),
        settings=Settings(roster=ROSTER),
    )
    told = page_of(of, notes=["ann has 2 files for one: b counts."])
    for line in (
        "- one: 2 of 3 handed in, 0 of them late; they have 55% of the points",
        "- ann has 2 files for one: b counts.",
        "| 1.1 ex 1.1 | 62% ■■■■■■ | 0 | 1 | 0 | 1 | 2 |",
        "| 1.2 ex 1.2 | 50% ■■■■■ | 1 | 0 | 0 | 1 | 2 |",
        "| 1.1 | it holds | 1 | 0 | 1 | 0 | 0 | 0 | 0 |",
        "| [ann](ann/index.html) | Ann Zeta | 10 | 0 | 100% ■■■■■■■■■■ |",
        "| [cat](cat/index.html) | Cat Mu | – | 0 | 0%  |",
    ):
        assert line in told.splitlines()


def test_the_page_tells_who_ran_into_which_limit():
    stopped = entry("ann", "one", kind="stopped")
    claim = stopped.answers[0].claims[0]._replace(facts=(("came", "4 s were over"),))
    first = stopped.answers[0]._replace(claims=(claim,))
    of = class_of(stopped._replace(answers=(first,)))
    assert "| ann | 1.1 | it holds | 4 s were over |" in page_of(of)


def test_the_page_does_not_take_public_cases_for_a_final_mark():
    of = class_of(entry("ann", "one")._replace(key=""))
    assert "some without hidden cases, which is no final mark" in page_of(of)


def test_who_is_not_on_the_roster_is_on_the_page_apart_from_the_class():
    of = class_of(
        entry("ann", "one"), entry("eve", "one"), settings=Settings(roster=ROSTER)
    )
    told = page_of(of)
    assert "[eve]" not in told[: told.index("## Not on the roster")]
    assert "[eve](eve/index.html)" in told


def test_a_class_of_hostile_names_makes_a_page_of_our_tags_alone(tmp_path):
    place = tmp_path / "in"
    names = ("<img src=x onerror=alert(1)>", "=cmd|x", "a&b", "`x` [a](b)", "~x")
    for name in names:
        put(place / name / "99_counting.ipynb", "def middle(x):\n    return x")
    graded(place, of=TOYS, pages=tmp_path / "reports")
    inside = (tmp_path / "reports").resolve()
    links = []
    for path in sorted(inside.rglob("*.html")):
        page = Tags(path.read_text())
        assert page.open == []
        tags = {tag for tag, _ in page.seen}
        assert not tags & {"script", "iframe", "link", "object", "embed", "form"}
        images = [given["src"] for tag, given in page.seen if tag == "img"]
        assert all(src.startswith("data:") for src in images)
        found = [given["href"] for tag, given in page.seen if tag == "a"]
        links += [(path.parent / href).resolve() for href in found]
    assert len(links) == 2 * len(names)
    assert all(link.is_file() and inside in link.parents for link in links)


def test_the_total_of_a_course_without_points_is_nothing():
    assert class_of().students == () and class_of().sheets == ()
    nothing = {"one": SheetSettings(exercises={"1.1": 0, "1.2": 0})}
    of = class_of(entry("ann", "one", e11=4), settings=Settings(sheets=nothing))
    assert of.total(of.students[0]) == 0
