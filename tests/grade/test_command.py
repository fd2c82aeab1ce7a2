"""`distlab grade` as an instructor says it: what it prints, and its exit codes."""

import argparse
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from classes import put

from distlab.grade.checks import course
from distlab.grade.command import add_arguments
from distlab.grade.lateness import Rule
from distlab.grade.settings import KEYS, OF_A_SHEET, read

ROOT = Path(__file__).parents[2]
SHEET = "01_leaders_and_followers"
ROSTER = "id,last_name,first_name\nann,Ames,Ann\nbob,Bell,Bob\n"


def grade(folder, *words: object, **more: str) -> subprocess.CompletedProcess:
    """In a process of its own, which hides its key from others."""
    command = [sys.executable, "-m", "distlab", "grade", *map(str, words)]
    environment = {**os.environ, **more}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment
    )


@pytest.fixture
def room(tmp_path):
    """A folder with one sheet that has not been begun."""
    put(tmp_path / f"in/ann/{SHEET}.ipynb", "SCHEDULE = ()")
    (tmp_path / "roster.csv").write_text(ROSTER)
    return tmp_path


def test_all_is_marked_and_written_beside(room):
    (room / "course.toml").write_text("roster = 'roster.csv'")
    words = ("in", "--settings", "course.toml", "--report", "reports")
    done = grade(room, *words, DISTLAB_KEY="sesame")
    assert done.returncode == 0, done.stderr
    assert "1/1  ann, 01_leaders_and_followers: 0 of 40 points (public and hidden" in (
        done.stdout
    )
    assert done.stdout.splitlines()[-1] == (
        "1 marked, 0 were marked before: grades.csv, gradebook.jsonl, reports"
    )
    written = sorted(p.relative_to(room).as_posix() for p in room.rglob("*.md"))
    assert written == [
        "reports/ann/01_leaders_and_followers.md",
        "reports/ann/index.md",
        "reports/bob/index.md",  # who learns there that nothing was handed in
        "reports/index.md",
    ]
    assert len((room / "grades.csv").read_text().splitlines()) == 3


def test_a_file_that_cannot_be_read_is_told_and_gives_3(room):
    (room / "in/dan.ipynb").write_text("not a notebook")
    done = grade(room, "in")
    assert done.returncode == 3
    assert "dan, 01_leaders_and_followers: could not be read: dan.ipynb is" in (
        done.stdout
    )
    assert len((room / "grades.csv").read_text().splitlines()) == 3
    again = grade(room, "in")
    assert again.returncode == 3 and "0 marked, 2 were marked before" in again.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere",), 2, "give a notebook or a folder"),
        (("empty",), 2, "there are no notebooks in 'empty'"),
        (("in", "--workers", "0"), 2, "--workers and --limit-s have to be above 0"),
        (("in", "--limit-s", "nan"), 2, "--workers and --limit-s have to be above 0"),
        (("in", "--workers", "two"), 2, "invalid int value: 'two'"),
        (("in", "--settings", "bad.toml"), 2, "bad.toml: the settings has no key"),
        (("in", "--settings", "nowhere.toml"), 3, "nowhere.toml"),
        (("in", "--book", "roster.csv"), 2, "roster.csv, line 1 is no mark"),
        (("in", "--out", "roster.csv/grades.csv"), 3, "nothing can be written to"),
        (("in", "--report", "roster.csv"), 3, "nothing can be written to roster.csv"),
    ],
)
def test_a_slip_is_told_before_anything_is_marked(room, words, code, said):
    (room / "empty").mkdir()
    (room / "bad.toml").write_text("roaster = 1")
    done = grade(room, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not (room / "grades.csv").exists()
    assert (room / "roster.csv").read_text() == ROSTER


def test_a_terminal_shows_a_bar_and_nothing_that_steers_it(room):
    put(room / f"in/\x1b[31mred\x07/{SHEET}.ipynb", "SCHEDULE = ()")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    command = [sys.executable, "-m", "distlab", "grade", "in"]
    with subprocess.Popen(command, cwd=room, stdout=theirs, stderr=theirs) as run:
        os.close(theirs)
        told = read_all(ours)
    assert run.returncode == 0
    assert "2/2" in told and "submission" in told
    assert "\\x1b[31mred\\x07, 01_leaders_and_followers: 0 of 40 points" in told
    assert "\x1b[31m" not in told and "\x07" not in told


def read_all(terminal: int) -> str:
    """What was printed on it until nobody was there any more."""
    found = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # Linux: the other end is closed
            more = b""
        if not more:
            os.close(terminal)
            return found.decode()
        found += more


# ----------------------------------------------------------------------- the page on it
def test_the_settings_that_are_documented_can_be_read(tmp_path):
    page = (ROOT / "GRADING.md").read_text(encoding="utf-8")
    [settings] = re.findall(r"```toml\n(.*?)```", page, re.S)
    (tmp_path / "course.toml").write_text(settings)
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "times.csv").write_text("id,sheet,submitted\n")
    found = read(tmp_path / "course.toml", course())
    assert found.rule.free_days == 3 and found.of(SHEET).weight == 2
    named = set(re.findall(r"^\[?(\w+)", settings, re.M))
    assert {*KEYS, *OF_A_SHEET, *Rule._fields} <= named


def test_every_option_of_the_command_is_documented():
    page = (ROOT / "GRADING.md").read_text(encoding="utf-8")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = {name for a in parser._actions for name in a.option_strings}
    assert {o for o in options if o not in page} == {"-h", "--help"}
