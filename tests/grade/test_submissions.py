"""What was handed in: which files are answers, whose, and what their names can do."""

import os

import pytest
from classes import put
from exercises_for_toys import COURSE
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
from distlab.grade import submissions
from distlab.grade.files import check_writable, file_names, write_changed, write_whole
from distlab.grade.submissions import student_of


def found(place):
    handed, left_out = submissions.found(place, COURSE)
    return [(s.file, s.student) for s in handed], left_out


# -------------------------------------------------------------------------- which files
def test_every_notebook_of_a_folder_is_a_submission(tmp_path):
    for name in (
        "bob/99_counting.ipynb",
        "ann_99_counting.ipynb",
        "cat/ps1/other.ipynb",
        ".ipynb_checkpoints/dan.ipynb",
        "eve/.hidden.ipynb",
        "saved/fay-1.ipynb",
    ):
        put(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    assert found(tmp_path) == (
        [
            ("ann_99_counting.ipynb", "ann"),
            ("bob/99_counting.ipynb", "bob"),
            ("cat/ps1/other.ipynb", "cat"),
        ],
        [],
    )


def test_what_is_no_file_is_not_opened_and_told(tmp_path):
    put(tmp_path / "ann.ipynb")
    (tmp_path / "bob.ipynb").symlink_to(tmp_path / "ann.ipynb")
    (tmp_path / "cat.ipynb").symlink_to("/nowhere")
    (tmp_path / "dan.ipynb").mkdir()
    os.mkfifo(tmp_path / "eve.ipynb")
    put(tmp_path / "outside/fay.ipynb")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/link").symlink_to(tmp_path / "outside")
    handed, left_out = found(tmp_path)
    assert handed == [("ann.ipynb", "ann"), ("outside/fay.ipynb", "outside")]
    assert left_out == [
        "bob.ipynb is a link: hand in the notebook itself",
        "cat.ipynb is a link: hand in the notebook itself",
        "dan.ipynb is a folder: hand in the notebook itself",
        "eve.ipynb is a pipe, and no file",
    ]


def test_a_folder_that_nobody_may_look_into_is_told(tmp_path, monkeypatch):
    put(tmp_path / "ann/x.ipynb")
    put(tmp_path / "bob/x.ipynb")
    scandir = os.scandir

    def refused(path):
        if str(path).endswith("bob"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    handed, [told] = found(tmp_path)
    assert handed == [("ann/x.ipynb", "ann")]
    assert told.endswith("bob cannot be looked into: Permission denied")


def test_a_file_that_becomes_a_link_or_a_pipe_meanwhile_is_not_read(tmp_path):
    put(tmp_path / "ann.ipynb")
    [handed], _ = submissions.found(tmp_path, COURSE)
    handed.path.unlink()
    handed.path.symlink_to("/etc/passwd")
    assert submissions.digest(handed) == ""
    handed.path.unlink()
    os.mkfifo(handed.path)
    assert submissions.digest(handed) == ""  # and does not wait for a writer


def test_a_place_without_answers_is_refused(tmp_path):
    with pytest.raises(Misuse, match="give a notebook or a folder"):
        found(tmp_path / "nowhere")
    with pytest.raises(Misuse, match="there are no notebooks in"):
        found(tmp_path)
    (tmp_path / "ann.ipynb").mkdir()
    with pytest.raises(Misuse, match=r"could be marked. ann.ipynb is a folder"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("parts", "student"),
    [
        (("ann",), "ann"),
        (("ann_99_counting",), "ann"),
        (("99_counting-ann",), "ann"),
        (("99_counting",), "you"),
        (("ann", "99_counting"), "ann"),
        (("ann", "ps1", "99_counting"), "ann"),
    ],
)
def test_whose_a_file_is_says_its_folder_or_its_name(parts, student):
    assert student_of(parts, COURSE) == student


# ------------------------------------------------------------------------------- stamps
@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (b"soon", r"beside ann/x.ipynb: 'soon' is no time"),
        (b"2026-11-20 10:00:00 UTC" * 20, "too long for a time"),
        (b"\xff\xfe", "is no text"),
    ],
)
def test_a_stamp_that_is_no_time_is_told(tmp_path, stamp, said):
    put(tmp_path / "ann/x.ipynb")
    (tmp_path / "ann/timestamp.txt").write_bytes(stamp)
    [handed], _ = submissions.found(tmp_path, COURSE)
    with pytest.raises(Misuse, match=said):
        submissions.stamped(handed, "UTC")


def test_a_stamp_is_the_one_beside_the_file_and_no_link(tmp_path):
    put(tmp_path / "ann/x.ipynb")
    [handed], _ = submissions.found(tmp_path, COURSE)
    assert submissions.stamped(handed, "UTC") == ""
    (tmp_path / "stamp").write_text("2026-11-20 10:00:00 UTC")
    (tmp_path / "ann/timestamp.txt").symlink_to(tmp_path / "stamp")
    assert submissions.stamped(handed, "UTC") == ""
    (tmp_path / "ann/timestamp.txt").unlink()
    (tmp_path / "stamp").rename(tmp_path / "ann/timestamp.txt")
    assert submissions.stamped(handed, "UTC") == "2026-11-20 10:00:00"


# -------------------------------------------------------------------------------- names
HOSTILE = [
    "../../x",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "..",
    ".",
    "",
    "a\0b",
    "x" * 300,
    "-rf",
    "con\n",
    "index",
    "~root",
    "a b",
    "\udc80",
    "\u202eann",
    "<script>",
    "=cmd|' /C calc'!A0",
]


def test_whatever_a_learner_is_called_their_files_stay_in_their_place():
    names = file_names([*HOSTILE, "ann", "zoë", "李雷", "a.b@c-d+e"])
    assert len(set(names.values())) == len(names)
    for id, name in names.items():
        assert "/" not in name and "\\" not in name and "\0" not in name
        assert name.isprintable() and 0 < len(name) <= 60
        assert name[0] not in ".-~" and name != "index"
        assert (id in HOSTILE) == (name != id)


def test_names_that_a_disk_takes_for_the_same_are_told_apart():
    names = file_names(["Ann", "ann", "zoë", "zoe\u0308", "ﬁn", "fin", "bob"])
    folded = [name.casefold() for name in names.values()]
    assert len(set(folded)) == len(folded) == 7
    assert names["bob"] == "bob" and names["ann"] != "ann"


def test_nobody_can_be_called_like_the_name_that_another_gets():
    [made] = file_names(["../x"]).values()
    names = file_names(["../x", made])
    assert len(set(names.values())) == 2


@given(st.lists(st.text(max_size=80), max_size=8))
def test_names_of_files_are_different_and_harmless(ids):
    names = file_names(ids)
    folded = {name.casefold() for name in names.values()}
    assert len(folded) == len(set(ids))
    assert all("/" not in n and n[:1] not in (".", "-", "") for n in names.values())


# ------------------------------------------------------------------------------ writing
def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "the disk is full")

    path = tmp_path / "grades.csv"
    write_whole(path, "old\n")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="the disk is full"):
        write_whole(path, "new\n")
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["grades.csv"]


def test_what_says_the_same_is_not_written_again(tmp_path):
    path = tmp_path / "x.md"
    write_changed(path, "a \udc80\n")
    before = path.stat().st_ino
    write_changed(path, "a \udc80\n")
    assert path.stat().st_ino == before
    write_changed(path, "b\n")
    assert path.read_text() == "b\n"


def test_a_place_that_cannot_be_written_to_is_told_before_the_work(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=r"nothing can be written to .*file/inner \(Not"):
        check_writable(tmp_path / "file/inner")
    check_writable(tmp_path / "new/folder")
    assert list((tmp_path / "new/folder").iterdir()) == []
