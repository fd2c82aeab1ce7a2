"""Answers that attack the process they run in, the pipe of it and its parent's end."""

import os
import subprocess
import sys
from contextlib import suppress

import pytest
from exercises_for_toys import once
from toy_answers import MY_COUNTER, SOLUTION

from distlab.grade.child import Child, Raised
from distlab.grade.collect import collect
from distlab.grade.examine import Stopped, Unjudgeable
from distlab.grade.exercise import Function
from distlab.grade.fence import Limits
from distlab.grade.library import Library
from distlab.grade.remote import Remote, remote_function
from distlab.grade.stand_in import remote_class

QUICK = Limits(processor_s=1, wall_s=60)


def answer_of(library, notebook, source: str, limits: Limits = QUICK):
    """What the function `f` of this source is for the parent."""
    remote = Remote(library, collect(notebook(source)), Function("f"), limits)
    return remote_function(remote), remote


def came(library, notebook, body: str, before: str = "") -> str:
    """The sentence that calling `f`, with this body, ends in."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    f, remote = answer_of(library, notebook, f"{before}\ndef f(*given):\n{lines}\n")
    try:
        return f"returned {f(1)!r}"
    except (Raised, Stopped, NotImplementedError) as why:
        return str(why)
    finally:
        remote.close()


def test_an_answer_that_sleeps_is_woken_by_the_clock(library, notebook):
    source = "def f(x):\n    import time\n    time.sleep(60)"
    f, _ = answer_of(library, notebook, source, Limits(wall_s=1))
    with pytest.raises(Stopped, match="gave no answer for 1 s"):
        f(1)


# Where in the child the pipe is, for those who look for it.
PIPE = """
def pipe():
    import os
    for number in range(3, 64):
        try:
            os.fstat(number)
        except OSError:
            continue
        yield number
def shout(line):
    import os
    for number in pipe():
        try: os.write(number, line)
        except OSError: pass
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("shout(b'{}\\n')", "sent a reply to something else"),
        ("shout(b'not json\\n')", "sent something that is not a reply"),
        ("shout(b'[1]\\n')", "sent something that is not a reply"),
        ("shout(b'[' * 100000 + b'\\n')", "sent something that is not a reply"),
        ("shout(b'x' * 3_000_000)", "more than 1000000 bytes"),
        ("shout(b'\\x80\\x04N.' * 10 + b'\\n')", "is not a reply"),
        ('shout(b\'{"n": 99, "verdict": "valid"}\\n\')', "something else"),
        ("import os\nfor n in pipe(): os.close(n)", "process"),
    ],
)
def test_whoever_writes_on_the_pipe_is_stopped(library, notebook, body, said):
    assert said in came(library, notebook, body, PIPE)


def test_a_forged_reply_is_only_another_answer(library, notebook):
    """It carries no verdict: the parent judges what it says like any answer."""
    forged = 'shout(b\'{"n": 2, "result": "7"}\\n\')'
    assert came(library, notebook, forged, PIPE) == "returned 7"


def test_a_reply_before_its_time_is_noticed(library, notebook):
    source = f'{PIPE}\ndef f(x):\n    shout(b\'{{"n": 2, "result": "1"}}\\n\' * 2)\n'
    f, remote = answer_of(library, notebook, source)
    assert f(1) == 1
    with pytest.raises(Stopped, match="spoke when nothing was asked"):
        f(2)
    remote.close()


LEFT_BEHIND = {
    "a child": "import os\n    if os.fork() == 0:\n        while True: pass",
    "a thread": "import threading, time\n"
    "    threading.Thread(target=time.sleep, args=(60,)).start()",
    "a program": "import subprocess\n    subprocess.Popen(['sleep', '60'])",
}


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_no_process_or_thread_is_left_behind(library, notebook, what):
    f, remote = answer_of(library, notebook, f"def f(x):\n    {LEFT_BEHIND[what]}\n")
    child = remote.started()
    with suppress(Raised, Stopped):
        f(1)
    remote.close()
    left = subprocess.run(["ps", "-eo", "pgid="], capture_output=True, text=True)
    assert left.stdout and str(child.number) not in left.stdout.split()


def test_the_environment_and_the_folder_hold_nothing_of_ours(
    library, notebook, monkeypatch
):
    monkeypatch.setenv("DISTLAB_KEY", "the instructor's secret")
    source = "def f(x):\n    import os\n    return dict(os.environ), os.getcwd()"
    f, remote = answer_of(library, notebook, source)
    environment, folder = f(1)
    ours = {"LC_CTYPE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED"}
    assert set(environment) <= ours
    assert os.listdir(folder) == []
    remote.close()


def test_the_library_of_a_child_has_no_checks_no_solutions_and_no_tests(library):
    found = [p.relative_to(library.path).as_posix() for p in library.path.rglob("*")]
    assert "distlab/node.py" in found
    assert not [f for f in found if "checks" in f or "solution" in f or "tests" in f]
    assert not [f for f in found if f.endswith(".ipynb")]
    site = [place for place in library.readable if "site-packages" in place]
    assert all("numpy" in place for place in site)


# ------------------------------------------------------------------ patched from inside
PATCHES = {
    "builtins": "import builtins\nbuiltins.sorted = lambda *a, **k: [0]\n",
    "codec": "from distlab import codec\ncodec.to_json = lambda value: '7'\n",
    "the server": "import distlab.node as n\nn.Node.step = lambda *a, **k: []\n",
    "sys.modules": "sys = __import__('sys')\nsys.modules['json'] = None\n",
    "json": 'import json\njson.dumps = lambda *a, **k: \'{"n": 2, "result": "7"}\'\n',
}


@pytest.mark.parametrize("patch", PATCHES)
def test_what_is_patched_in_the_child_changes_nothing_in_the_parent(
    library, notebook, patch
):
    lines = PATCHES[patch].replace("\n", "\n    ")
    f, remote = answer_of(library, notebook, f"def f(x):\n    {lines}return 8\n")
    try:
        came = f(1)
    except (Raised, Stopped):
        came = None
    assert came in (7, 8, None)  # an answer like any other
    assert sorted([2, 1]) == [1, 2]
    remote.close()


def test_a_field_cannot_take_the_place_of_a_method(mark):
    field = "done: tuple = durable(())"
    source = MY_COUNTER.replace(field, f"{field}\n    saved: int = durable(0)")
    marked = mark(source, *SOLUTION[1:])["99.1"]
    assert "`saved` of `MyCounter` was not asked for" in marked.remarks[0]
    assert marked.points == 6


@pytest.mark.parametrize(
    "loaded",
    [
        {},
        {"new": 3, "state": {}},
        {"new": [["clone", "durable"]], "state": {"total": "0"}},
        {"new": [["a b", "durable"]], "state": {"total": "0"}},
        {"new": [[3, "durable"]], "state": {"total": "0"}},
        {"new": [["x"]], "state": {"total": "0"}},
        {"new": [], "state": {"total": 0}},
        {"new": [], "state": {}},
        {"new": [], "state": []},
    ],
)
def test_a_class_that_is_described_wrongly_is_not_made(library, notebook, loaded):
    remote = Remote(library, collect(notebook("x = 1")), once.answer)
    remote.open = lambda: loaded
    with pytest.raises(Raised):
        remote_class(remote, once.answer)


def test_an_empty_class_does_not_get_the_librarys_own_answer(mark):
    empty = "from toys import Counter\nclass MyCounter(Counter):\n    pass"
    marked = mark(empty, *SOLUTION[1:])["99.1"]
    assert {finding.kind for finding in marked.findings} == {"unsolved"}


@pytest.fixture
def broken_library():
    """Children cannot import what they need."""
    with Library() as library:
        (library.path / "distlab/grade/server.py").unlink()
        yield library


def test_a_child_that_cannot_start_is_not_the_learners_fault(
    broken_library, marker, notebook, monkeypatch
):
    with pytest.raises(Unjudgeable, match="no process for answers can be started"):
        Child(broken_library, QUICK)
    monkeypatch.setattr(marker, "library", broken_library)
    with pytest.raises(Unjudgeable):
        marker.mark(notebook(*SOLUTION), "ann")


def test_a_closed_library_leaves_nothing_behind():
    with Library() as library:
        place = library.path.parent
    assert not place.exists()
    assert os.path.exists(sys.executable)
