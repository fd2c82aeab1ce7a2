"""What children are forked from: what they share, and who outlives whom."""

import os
import signal
import time
from multiprocessing import get_context

import pytest

from distlab.grade.child import Child
from distlab.grade.collect import collect
from distlab.grade.examine import Unjudgeable
from distlab.grade.exercise import Function
from distlab.grade.fence import Limits
from distlab.grade.library import ForkServer, Library
from distlab.grade.remote import Remote, remote_function


def answer(library, notebook, source: str, hash_seed: int = 0):
    """The function `f` of this source, in a child."""
    sheet = collect(notebook(source))
    remote = Remote(library, sheet, Function("f"), hash_seed=hash_seed)
    return remote_function(remote), remote


def running(number: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def soon(condition) -> bool:
    """Whether it holds within ten seconds."""
    return any(condition() or time.sleep(0.01) for _ in range(1_000))


def test_children_of_one_seed_are_forks_of_one_process(library):
    with Child(library, Limits()) as one, Child(library, Limits()) as other:
        assert one.number != other.number
        assert one._server is other._server is library.fork_server(0)
    assert library.fork_server(1) is not library.fork_server(0)


def test_what_one_child_changes_no_other_child_sees(library, notebook):
    source = "import math\ndef f(x):\n    math.told = getattr(math, 'told', 0) + 1\n"
    told = []
    for _ in range(2):
        f, remote = answer(library, notebook, source + "    return math.told")
        told.append(f(1))
        remote.close()
    assert told == [1, 1]


def test_hashes_are_as_the_seed_says_and_chance_is_never_the_same(library, notebook):
    source = "def f(x):\n    import random\n    return hash('a'), random.random()"
    asked = []
    for hash_seed in (0, 0, 1):
        f, remote = answer(library, notebook, source, hash_seed)
        asked.append(f(1))
        remote.close()
    (one, a), (two, b), (three, c) = asked
    assert one == two != three
    assert len({a, b, c}) == 3


def test_a_closed_child_is_gone_and_so_is_what_it_forked_from(notebook):
    with Library() as library:
        child = Child(library, Limits())
        zygote = library.fork_server(0)._process.pid
        assert running(child.number) and running(zygote)
        child.close()
        assert not running(child.number)
        child = Child(library, Limits())
    assert not running(zygote)
    assert soon(lambda: not running(child.number))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_fork_server_that_is_gone_or_silent_is_replaced(monkeypatch, notebook, how):
    """It would take an attack that the fence lets through; marking goes on after it."""
    monkeypatch.setattr("distlab.grade.library.ANSWER_S", 0.5)
    with Library() as library:
        first = library.fork_server(0)
        os.kill(first._process.pid, how)
        if how == signal.SIGKILL:
            assert soon(lambda: not first.alive)
        else:
            with pytest.raises(Unjudgeable, match="no process can be forked"):
                Child(library, Limits())
        f, remote = answer(library, notebook, "def f(x):\n    return x + 1")
        assert f(1) == 2
        assert library.fork_server(0) is not first
        remote.close()


def test_a_server_that_cannot_import_the_library_says_why(tmp_path):
    for name in ("library", "empty"):
        (tmp_path / name).mkdir()
    with pytest.raises(Unjudgeable, match="No module named 'distlab'"):
        ForkServer(tmp_path, 0, (), ())


def test_a_forked_marker_starts_its_own_servers(library):
    ours = library.fork_server(0)

    def alive(pipe):
        pipe.send(ours.alive)

    here, there = get_context("fork").Pipe()
    process = get_context("fork").Process(target=alive, args=(there,))
    process.start()
    assert here.recv() is False and ours.alive
    process.join()
