"""Marks that were given are kept: no line is lost, changed or replaced in silence."""

import errno
import json
import os

import pytest
from classes import a_run, graded, hand_in, put
from exercises_for_toys import COURSE as TOYS
from exercises_for_workers import COURSE, what

from distlab.errors import Misuse
from distlab.grade import regrading
from distlab.grade import versions as of_checks
from distlab.grade.exercise import Course, Exercise, broken, kept
from distlab.grade.gradebook import Answered, Entry, line, opened, read_line
from distlab.grade.page import Told
from distlab.grade.versions import Version, version, versions

ENTRY = Entry(
    sheet="98_workers",
    student="ann",
    handed=1,
    file="ann.ipynb",
    digest="d1",
    submitted="2026-11-20 10:00:00",
    key="",
    unread="",
    summary="ann, 98_workers: 1 of 1 points",
    remarks=("code cell 3 is read as code: it is Python.",),
    answers=(
        Answered(
            "98.1",
            "What happens",
            (Told("kept", "it is kept", 1.0, 1.0, (("ran", "1 case"),), "\u202ex"),),
            ("a remark\ud800",),
            Version("c1", "l1"),
        ),
    ),
)


@pytest.fixture
def book(tmp_path):
    return tmp_path / "gradebook.jsonl"


def kept_in(book, *entries: Entry) -> list[Entry]:
    with opened(book) as open_book:
        for entry in entries:
            open_book.add(entry)
        return list(open_book.entries)


# ----------------------------------------------------------------------------- the file
def test_a_line_is_read_as_it_was_written():
    assert read_line(line(ENTRY)) == ENTRY
    assert line(ENTRY).isascii() and line(ENTRY).count("\n") == 1


def test_a_mark_is_on_the_disk_before_add_returns(book, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda n: synced.append(os.fstat(n).st_size))
    kept_in(book, ENTRY)
    assert synced == [len(line(ENTRY))] == [book.stat().st_size]


def test_a_line_that_was_cut_off_is_left_out_and_written_anew(book):
    kept_in(book, ENTRY)
    whole = book.read_bytes()
    for cut in (1, len(whole) // 2, len(whole) - 1):
        book.write_bytes(whole + whole[:cut])
        assert kept_in(book) == [ENTRY]
        assert book.read_bytes() == whole


@pytest.mark.parametrize(
    "text",
    [
        "assignment,duedate\n01,\n",
        "[]\n",
        "{}\n",
        '{"answers": 3}\n',
        line(ENTRY).replace('"sheet"', '"shet"'),
        line(ENTRY).replace('"facts":[["ran","1 case"]]', '"facts":[1]'),
        "\udcff\n",
    ],
)
def test_what_is_no_gradebook_is_refused_and_not_written_to(book, text):
    content = (line(ENTRY) + text).encode(errors="surrogateescape")
    book.write_bytes(content)
    with pytest.raises(Misuse, match="line 2 is no mark"):
        kept_in(book)
    assert book.read_bytes() == content


def test_two_runs_do_not_add_to_one_book(book):
    with opened(book), pytest.raises(Misuse, match="another run is adding"):
        kept_in(book)
    assert kept_in(book) == []


def test_a_full_disk_loses_no_mark_and_leaves_no_half_line(book, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    kept_in(book, ENTRY)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"cannot grow \(No space left on device\)"):
            kept_in(book, ENTRY._replace(student="bob"))
    assert kept_in(book) == [ENTRY]


def test_lines_are_put_in_order_and_what_came_later_stays_behind(book):
    again = ENTRY._replace(key="k2")
    later = ENTRY._replace(handed=2, file="a.ipynb", digest="d2")
    with opened(book) as open_book:
        for entry in (ENTRY._replace(student="bob"), later, ENTRY, again):
            open_book.add(entry)
        open_book.put_in_order()
    assert kept_in(book) == [ENTRY, again, later, ENTRY._replace(student="bob")]


# --------------------------------------------------------------------- which one counts
@pytest.mark.parametrize(
    "other",
    [
        {"handed": 2, "file": "a.ipynb"},  # handed in later
        {"file": "b.ipynb"},  # at the same time, the last by name
        {"key": "k2"},  # marked again
    ],
)
def test_the_last_mark_of_a_learner_and_a_sheet_counts(book, other):
    last = ENTRY._replace(**other)
    kept_in(book, *((last, ENTRY) if "key" not in other else (ENTRY, last)))
    with opened(book) as open_book:
        assert open_book.counting() == {("98_workers", "ann"): last}


def test_a_file_that_cannot_be_read_takes_no_mark_away(book):
    unread = ENTRY._replace(handed=2, file="z.ipynb", unread="no notebook")
    kept_in(book, ENTRY, unread)
    with opened(book) as open_book:
        assert open_book.counting() == {("98_workers", "ann"): ENTRY}


def test_a_sheet_that_went_back_to_what_it_was_is_marked_once_more(tmp_path):
    place = hand_in(tmp_path / "in", ann="right")
    for what_now in ("wrong", "right"):
        graded(place)
        hand_in(place, ann=what_now)
    run = graded(place)
    assert [entry.score for entry in run.book.entries] == [1, 0, 1]
    assert [entry.handed for entry in run.book.entries] == [1, 2, 3]


def test_marks_of_other_folders_stay(tmp_path):
    graded(hand_in(tmp_path / "one", ann="right"))
    run = graded(hand_in(tmp_path / "two", bob="right"))
    assert {student for _, student in run.book.counting()} == {"ann", "bob"}


# ----------------------------------------------------------------------------- versions
def judge(answer, case):
    return kept()


def other_judge(answer, case):
    return broken("no", advice="no")


def asked(points: float = 1, text: str = "x", by=judge) -> Exercise:
    made = Exercise("97.1", "x", "97_x", what.answer)
    made.claim(text, points=points)(by)
    return made


def test_an_exercise_has_another_version_when_its_claims_change():
    assert version(asked()) == version(asked())
    for other in (asked(points=2), asked(text="y")):
        assert version(other).checks != version(asked()).checks
        assert version(other).library == version(asked()).library


def changed(monkeypatch, *modules: str) -> None:
    source = of_checks.source
    monkeypatch.setattr(
        of_checks, "source", lambda m: source(m) + ("\n#" if m in modules else "")
    )


def test_a_change_of_the_checks_is_seen_by_the_exercises_that_use_them(monkeypatch):
    from distlab.grade.checks import course

    before = versions(course())
    arena = "distlab.grade.checks.leaders_and_followers.arena"
    changed(monkeypatch, arena)
    after = versions(course())
    other = [n for n in before if before[n].checks != after[n].checks]
    assert other == ["1.3", "1.5"]
    assert all(before[n].library == after[n].library for n in before)


def test_a_change_of_the_library_below_is_seen_and_one_of_pictures_is_not(monkeypatch):
    before = version(what)
    changed(monkeypatch, "distlab.show.spacetime", "distlab.grade.page")
    changed(monkeypatch, "distlab.grade.report", "distlab.replication.sessions")
    assert version(what) == before
    changed(monkeypatch, "distlab.trace")
    assert version(what).checks == before.checks
    assert version(what).library != before.library


# ------------------------------------------------------------------------------- again
def test_a_mark_by_other_checks_stands_until_regrade_is_said(
    tmp_path, monkeypatch, capsys
):
    place = hand_in(tmp_path / "in", ann="right", bob="wrong")
    graded(place)
    book = tmp_path / "gradebook.jsonl"
    first = book.read_text()
    corrected(monkeypatch)
    graded(place)
    assert book.read_text() == first
    told = capsys.readouterr().out
    assert (
        "2 marks stand as they were given, and the checks of 98.1 have changed: "
        "`--regrade` marks them again." in told
    )
    graded(place, regrade=True)
    told = capsys.readouterr().out
    reason = "(as before): the checks of 98.1 have changed"
    assert f"ann, 98_workers: 1 → 1 {reason}" in told
    lines = book.read_text().splitlines()
    assert len(lines) == 4 and set(first.splitlines()) <= set(lines)
    graded(place, regrade=True)
    assert len(book.read_text().splitlines()) == 4


def corrected(monkeypatch) -> None:
    """The checks of this test's course are another text from now on."""
    changed(monkeypatch, "exercises_for_workers")


def test_a_regrade_says_which_points_changed_and_why(tmp_path, capsys):
    place = hand_in(tmp_path / "in", ann="right", bob="wrong")
    harsh = Course([Exercise("98.1", "x", "98_workers", what.answer)])
    harsh["98.1"].claim("it is kept", points=1)(other_judge)
    graded(place, of=harsh)
    capsys.readouterr()
    graded(place, regrade=True)
    told = capsys.readouterr().out
    assert (
        "ann, 98_workers: 0 → 1 (98.1: 0 → 1): the checks of 98.1 have changed" in told
    )
    assert "bob, 98_workers: 0 → 0 (as before)" in told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((None, b"k"), "hidden cases are run now"),
        ((b"k", None), "hidden cases are not run now"),
        ((b"k", b"l"), "the key is another"),
    ],
)
def test_another_key_is_a_reason_to_mark_again(tmp_path, keys, said, capsys):
    place = hand_in(tmp_path / "in", ann="right")
    graded(place, key=keys[0])
    graded(place, key=keys[1])
    assert f"1 marks stand as they were given, and {said}" in capsys.readouterr().out
    with a_run(place, key=keys[1], regrade=True) as (_, jobs):
        assert len(jobs) == 1


def test_the_key_is_in_no_file(tmp_path):
    place = put(tmp_path / "in/ann.ipynb", "WHAT = 'right'").parent
    graded(place, key=b"sesame-sesame", pages=tmp_path / "reports")
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"sesame" not in path.read_bytes()
    assert regrading.key_id(b"a") != regrading.key_id(b"b")


def test_an_exercise_more_or_less_is_a_reason_too():
    current = versions(COURSE)
    marked = ENTRY._replace(
        answers=(ENTRY.answers[0]._replace(version=current["98.1"]),)
    )
    assert regrading.outdated(marked, current, "") == []
    more = {**current, "98.2": current["98.1"]}
    assert regrading.outdated(marked, more, "") == [
        "the sheet asks for other exercises"
    ]


def test_points_of_exercises_that_are_new_or_gone_are_dashes():
    other = ENTRY._replace(answers=(ENTRY.answers[0]._replace(number="98.2"),))
    assert regrading.differences(ENTRY, other) == ["98.1: 1 → –", "98.2: – → 1"]


def test_every_line_of_the_book_is_json_with_names(tmp_path):
    place = put(tmp_path / "in/ann.ipynb", "def middle(x):\n    return x").parent
    graded(place, of=TOYS)
    [text] = (tmp_path / "gradebook.jsonl").read_text().splitlines()
    fields = json.loads(text)
    assert [answer["number"] for answer in fields["answers"]] == list(TOYS.exercises)
    assert fields["answers"][1]["claims"][0]["text"] == "half are below it"
