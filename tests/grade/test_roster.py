"""Who is in the class, what the course's settings say, and what lateness costs."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from exercises_for_toys import COURSE
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
from distlab.grade.lateness import Late, Rule, days_late, moment, spent, written
from distlab.grade.roster import Student, roster, times
from distlab.grade.settings import Settings, read

DUE = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    def write(text: str | bytes, name: str = "roster.csv"):
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


# ------------------------------------------------------------------------------ rosters
def test_a_roster_has_nbgraders_columns_in_any_order(file):
    path = file("email,id,last_name,first_name,lms_user_id\na@b.c,ann,Ames,Ann,7\n")
    assert roster(path) == {"ann": Student("ann", "Ames", "Ann", "a@b.c")}


@pytest.mark.parametrize(
    "text",
    [
        "id\nann\nbob\n",
        "id;last_name\r\nann;\r\nbob;Bell\r\n",  # a spreadsheet in most of Europe
        "\ufeffid,last_name\nann,\n\n , \nbob,Bell\n",  # Excel's UTF-8, empty lines
        "ID,Last_name\n ann ,\nbob,Bell,more\n",
    ],
)
def test_a_roster_is_read_as_spreadsheets_write_it(file, text):
    assert list(roster(file(text))) == ["ann", "bob"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,email\nann,x\n", r"no column `id`: its first line is 'name,email'"),
        ("idd\nann\n", r"no column `id`.*Did you mean `idd`\?"),
        ("id\nann\nbob\nann\n", r"line 4: the id 'ann' is that of line 2 already"),
        ("id,last_name\n,Ames\n", r"line 2: `id` is empty"),
        ("id\n", r"has no learners"),
        ("", r"has no column `id`"),
        (b"id\n\xff\xfe\n", r"not UTF-8: save it as `CSV UTF-8`"),
        ("id\n" + "x" * 200_000, r"line \d+: field larger than field limit"),
    ],
)
def test_a_roster_that_cannot_be_meant_is_refused_with_its_place(file, text, said):
    with pytest.raises(Misuse, match=said):
        roster(file(text))


def test_a_roster_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Misuse, match="there is no table"):
        roster(tmp_path / "nowhere.csv")


def test_times_are_read_in_the_courses_zone(file):
    path = file("id,sheet,submitted\nann,99_counting,2026-11-20 10:00:00\n")
    assert times(path, "Europe/Berlin") == {
        ("ann", "99_counting"): "2026-11-20 09:00:00"
    }
    with pytest.raises(Misuse, match="line 2: 'soon' is no time"):
        times(file("id,sheet,submitted\nann,99_counting,soon\n"), "UTC")


# ------------------------------------------------------------------------------- times
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-20 10:00:00 UTC", "2026-11-20 10:00:00"),
        ("2026-11-20 10:00:00.123456 UTC", "2026-11-20 10:00:00.123456"),
        ("2026-11-20T10:00:00Z", "2026-11-20 10:00:00"),
        ("2026-11-20 10:00:00 +0530", "2026-11-20 04:30:00"),
        ("2026-11-20 10:00:00+01:00", "2026-11-20 09:00:00"),
        ("2026-07-20 10:00:00 America/New_York", "2026-07-20 14:00:00"),
        ("2026-11-20", "2026-11-20 00:00:00"),
        ("  2026-11-20 10:00 \n", "2026-11-20 10:00:00"),
    ],
)
def test_times_are_read_as_people_and_nbgrader_write_them(text, utc):
    assert written(moment(text)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-13-01 10:00:00",
        "2026-11-20 25:00:00",
        "2026-11-20 10:00:00 Mars/Olympus",
        "2026-11-20 10:00:00 ../../etc/passwd",
        "2026-11-20 10:00:00 \0",
        "0001-01-01 00:00:00 +2300",
        "9" * 5000,
    ],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Misuse, match="is no time: write"):
        moment(text)


NEARLY = st.from_regex(r"\d{4}-\d\d-\d\d.?(\d\d:?){0,3}(\.\d+)? ?\S{0,9}")


@given(st.text(max_size=40) | NEARLY)
def test_whatever_is_written_is_a_time_or_refused(text):
    with suppress(Misuse):
        assert moment(text).tzinfo is UTC


@given(st.binary(max_size=80) | st.text('id,;"\n\r\0 ax\ufeff', max_size=60))
def test_whatever_is_in_a_table_is_a_roster_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "roster.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        assert roster(path)
    except Misuse as why:
        assert str(path) in str(why)


# ---------------------------------------------------------------------------- late days
@pytest.mark.parametrize(
    ("late", "days"),
    [
        (timedelta(0), 0),
        (timedelta(days=-3), 0),
        (timedelta(microseconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, microseconds=1), 2),
    ],
)
def test_a_begun_day_is_a_day(late, days):
    assert days_late(DUE + late, DUE, Rule()) == days


def test_the_grace_is_no_later_due_date():
    """Who is within it is in time; who is not, is as late as without it."""
    rule = Rule(grace_minutes=30)
    assert days_late(DUE + timedelta(minutes=30), DUE, rule) == 0
    assert days_late(DUE + timedelta(minutes=31), DUE, rule) == 1
    assert days_late(DUE + timedelta(days=1, minutes=1), DUE, rule) == 2


def test_free_days_are_spent_in_order_and_then_days_cost():
    rule = Rule(free_days=3, penalty_per_day=0.25)
    assert spent([2, 0, 3, 9], rule) == [
        Late(2, 2, 0.0),
        Late(0, 0, 0.0),
        Late(3, 1, 0.5),
        Late(9, 0, 1.0),  # nobody loses more than all
    ]


@given(st.lists(st.integers(0, 5), max_size=5), st.integers(0, 6))
def test_no_more_free_days_are_spent_than_there_are(days, free):
    told = spent(days, Rule(free, 0.1))
    assert sum(late.free for late in told) == min(free, sum(days))
    for order in permutations(days[:3]):
        left = spent(order, Rule(free, 0.1))
        assert sum(late.free for late in left) == min(free, sum(order))


# ----------------------------------------------------------------------------- settings
WHOLE = """
roster = "roster.csv"
submitted = "times.csv"
timezone = "Europe/Berlin"
[late]
free_days = 3
penalty_per_day = 0.25
grace_minutes = 10
[sheets.99_counting]
due = 2026-11-20T23:59:00
weight = 2
exercises = { "99.1" = 0.5 }
extended = { ann = 2026-11-27 }
"""


def test_settings_are_read_as_they_are_documented(file):
    file("id\nann\n")
    file("id,sheet,submitted\nann,99_counting,2026-11-20 10:00\n", "times.csv")
    found = read(file(WHOLE, "course.toml"), COURSE)
    assert list(found.roster) == ["ann"]
    assert found.times == {("ann", "99_counting"): "2026-11-20 09:00:00"}
    assert found.rule == Rule(3, 0.25, 10)
    sheet = found.of("99_counting")
    assert sheet.weight == 2 and sheet.exercises == {"99.1": 0.5}
    assert written(sheet.due_for("bob")) == "2026-11-20 22:59:00"
    assert written(sheet.due_for("ann")) == "2026-11-27 22:59:59"  # the end of that day


def test_without_settings_nothing_is_due_and_all_counts_once():
    assert Settings().of("99_counting").due_for("ann") is None
    assert Settings().of("99_counting").weight == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rooster = 'x.csv'", r"the settings has no key 'rooster'. Did you mean"),
        ("roster = 'x.csv'", r"there is no table '.*x.csv'"),
        ("roster = 7", r"`roster` is 7: give the name of a file"),
        ("timezone = 'Mars/Olympus'", r"`timezone` is 'Mars/Olympus': give one by"),
        ("file_times = 'yes'", r"`file_times` is 'yes': write true or false"),
        ("late = 3", r"`late` is 3: write a table there"),
        ("[late]\nfree_days = 1.5", r"`free_days` is 1.5: give whole days"),
        ("[late]\nfree_days = -1", r"`free_days` is -1: give a number, 0 or more"),
        ("[late]\npenalty_per_day = 25", r"give a share of the points earned"),
        ("[late]\npenalty = 1", r"`late` has no key 'penalty'. Did you mean"),
        ("[sheets.99_count]\n", r"no key '99_count'. Did you mean `99_counting`"),
        ("[sheets.99_counting]\nweight = -1", r"`weight` is -1: give a number"),
        ("[sheets.99_counting]\nweight = true", r"`weight` is True: give a number"),
        ("[sheets.99_counting]\nweight = nan", r"`weight` is nan: give a number"),
        ("[sheets.99_counting]\nweight = 0", r"every sheet has the weight 0"),
        ("[sheets.99_counting]\ndue = 'soon'", r"`due`: 'soon' is no time"),
        ("[sheets.99_counting]\ndue = 12:00:00", r"`due` is .*: write a time"),
        ("[sheets.99_counting]\nexercises = {'99.7' = 1}", r"no key '99.7'"),
        ("[sheets.99_counting]\nexercises = {'99.1' = -1}", r"`99.1` is -1"),
        ("[sheets.99_counting]\nextended = {ann = 1}", r"'ann' is 1: write a time"),
        ("sheets = ]", r"is not TOML: "),
        (b"\xff", r"is not TOML: "),
    ],
)
def test_a_slip_in_the_settings_is_told_with_its_place(file, text, said):
    path = file(text, "course.toml")
    with pytest.raises(Misuse, match=said) as refused:
        read(path, COURSE)
    assert str(path.parent) in str(refused.value)
