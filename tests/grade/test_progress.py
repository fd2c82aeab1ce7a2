"""Progress is kept in the learner's own folder, and survives what befalls files."""

import json
import subprocess
import sys

import pytest
from exercises_for_toys import COURSE

from distlab.__main__ import main
from distlab.grade import progress


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    return tmp_path / "home/progress.jsonl"


def test_every_event_is_one_more_line(home):
    progress.record("solved", exercise="99.1")
    progress.record("tried", exercise="99.2")
    lines = [json.loads(line) for line in home.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["solved", "tried"]
    assert all(line["at"].endswith("+00:00") for line in lines)


def test_a_line_that_was_cut_off_costs_only_itself(home):
    progress.record("solved", exercise="99.1")
    with home.open("a") as file:
        file.write('{"event": "solved", "exerci')
    progress.record("solved", exercise="99.2")
    with home.open("ab") as file:
        file.write(b"\xff\xfe garbage\n[1]\n")
    assert [r["exercise"] for r in progress.records()] == ["99.1", "99.2"]


def test_many_at_once_lose_no_line(home):
    code = (
        "from distlab.grade import progress\n"
        "for i in range(50): progress.record('solved', exercise=str(i))"
    )
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    assert len(progress.records()) == 150


def test_a_folder_that_cannot_be_written_to_stops_no_lesson(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "file"))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    with pytest.warns(UserWarning, match="progress could not be kept"):
        progress.record("solved", exercise="99.1")


def test_a_kernel_that_a_test_has_started_keeps_and_knows_nothing(home, monkeypatch):
    progress.record("solved", exercise="99.1")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    progress.record("solved", exercise="99.2")
    assert progress.records() == []
    monkeypatch.delenv("JPY_PARENT_PID")
    assert [r["exercise"] for r in progress.records()] == ["99.1"]


def test_tests_never_touch_the_learners_own_folder(monkeypatch):
    monkeypatch.delenv("DISTLAB_HOME", raising=False)
    assert progress.file() is None


def test_what_is_solved_stays_when_the_course_changes(home):
    for number in ("99.1", "99.1", "98.4"):
        progress.record("solved", exercise=number)
    progress.record("tried", exercise="99.2")
    progress.record("tried", exercise="99.1")
    told = repr(progress.here(COURSE))
    assert "99_counting                      ■□□□ 1 of 4 solved" in told
    assert "solved, no longer in the course: 98.4" in told
    assert "tried, not solved yet: 99.2" in told


def test_nothing_solved_is_told_too():
    assert repr(progress.Progress([], COURSE)) == (
        "99_counting                      □□□□ 0 of 4 solved\n"
        "No prediction has been settled yet."
    )


def test_calibration_counts_the_first_prediction_of_each_name(home):
    for name, confidence, right in [
        ("a", 0.9, True),
        ("b", 0.6, False),
        ("c", None, True),
        ("b", 1.0, True),  # after the fact
    ]:
        progress.record("settled", prediction=name, confidence=confidence, right=right)
    found = progress.here(COURSE).calibration
    assert (found.settled, found.right, found.confident) == (3, 2, 2)
    assert found.confidence == pytest.approx(0.75)
    assert found.brier == pytest.approx((0.1**2 + 0.6**2) / 2)
    assert str(found) == (
        "Predictions: 2 of 3 were right. You were 75% sure on average; Brier score "
        "0.18 (0 is perfect, 0.25 is what a coin gets)."
    )


def test_the_command_shows_what_is_solved_and_where_it_is_kept(home, capsys):
    assert main(["progress"]) == 0
    assert "No prediction has been settled yet." in capsys.readouterr().out
    assert main(["progress", "--where"]) == 0
    assert capsys.readouterr().out.strip() == str(home)
