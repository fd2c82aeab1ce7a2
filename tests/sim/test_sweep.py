"""Sweeps: the same results whoever computes them, and failures that can be replayed."""

import io
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from multiprocessing import active_children

import pytest
import sweep_runs as runs

from distlab.errors import DistlabError, Misuse, Violation
from distlab.sim import sweep


class Backwards(Executor):
    """Does nothing until somebody waits, and then all, the last first."""

    def __init__(self):
        self.futures = []

    def submit(self, fn, /, *args):
        self.futures.append(WaitedFor(self, partial(fn, *args)))
        return self.futures[-1]

    def work_for(self, future):
        for other in reversed(self.futures):
            other.work()


class Lazy(Backwards):
    """Does only what somebody waits for."""

    def work_for(self, future):
        future.work()


class WaitedFor(Future):
    def __init__(self, executor, task):
        super().__init__()
        self.executor, self.task = executor, task

    def work(self):
        if not self.done():
            self.set_result(self.task())

    def result(self, timeout=None):
        self.executor.work_for(self)
        return super().result(timeout)


@pytest.fixture(scope="module")
def pool():
    with sweep.processes(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def everybody(pool):
    """All the ways to have the same work done."""
    with ThreadPoolExecutor(3) as threads:
        yield [
            {"workers": 1},
            {"executor": pool},
            {"executor": pool, "chunk": 1},
            {"executor": pool, "chunk": 7},
            {"executor": threads, "chunk": 1},
            {"executor": Backwards()},
            {"executor": Backwards(), "chunk": 1},
            {"executor": Lazy(), "chunk": 1},
        ]


# ---------------------------------------------------------------- whoever computes them
def test_results_come_in_the_order_of_the_seeds(everybody):
    for how in everybody:
        assert sweep.seeds(runs.square, range(100), **how) == [
            n * n for n in range(100)
        ], how


def test_results_come_in_that_order_even_if_the_last_is_ready_first(everybody):
    for how in everybody:
        assert sweep.seeds(runs.late_when_early, range(8), **how) == list(range(8)), how


def test_a_pool_of_processes_is_made_where_nobody_names_another():
    before = {*active_children()}
    pids = sweep.seeds(runs.process, range(8))
    assert os.getpid() not in pids
    assert {*active_children()} == before


def test_runs_of_the_simulator_are_the_same_in_a_worker(everybody):
    first, *others = (sweep.seeds(runs.echoes, range(12), **how) for how in everybody)
    assert len(set(first)) == 12
    assert all(other == first for other in others)


@pytest.mark.soak
def test_a_thousand_runs_are_the_same_in_workers_as_here():
    here = sweep.seeds(runs.echoes, range(1000), workers=1)
    assert sweep.seeds(runs.echoes, range(1000), workers=2) == here


def test_nothing_to_do_is_done():
    assert sweep.seeds(runs.square, []) == []
    assert sweep.seeds(runs.square, [], workers=2) == []
    assert sweep.seeds(runs.square, iter([5])) == [25]


# --------------------------------------------------------------------- trials in blocks
COUNT = 40 * sweep.BLOCK + 123


def test_trials_are_the_same_whoever_computes_them(everybody):
    first, *others = (
        sweep.trials(runs.mean_parts, COUNT, seed=7, name="means", **how)
        for how in everybody
    )
    assert {first, *others} == {first}


def test_each_block_draws_from_a_stream_of_its_own():
    found = sweep.trials(runs.draws, COUNT, seed=7, name="draws", workers=1)
    expected = [
        (size, *sweep.generator(7, "draws", block).random(3).tolist())
        for block, size in enumerate([sweep.BLOCK] * 40 + [123])
    ]
    assert found == expected
    assert len({first for _, first, *_ in found}) == 41


def test_more_trials_begin_with_the_same_ones():
    few = sweep.trials(runs.draws, 3 * sweep.BLOCK, seed=7, workers=1)
    more = sweep.trials(runs.draws, 60 * sweep.BLOCK, seed=7, workers=1)
    assert more[:3] == few


def test_another_name_or_seed_is_another_stream():
    streams = [(7, "a", 0), (7, "b", 0), (8, "a", 0), (7, "a", 1), (7, "ab"), (7, "a")]
    firsts = {sweep.generator(*stream).random() for stream in streams}
    assert len(firsts) == len(streams)


def test_the_streams_are_the_ones_that_they_have_always_been():
    drawn = sweep.generator(7, "é", 3).integers(0, 2**63, 2)
    assert drawn.tolist() == [47764510911822099, 7524028443976131267]


@pytest.mark.parametrize("count", [1, sweep.BLOCK, 16 * sweep.BLOCK + 1])
def test_any_number_of_trials_is_made(count):
    sizes = [size for size, *_ in sweep.trials(runs.draws, count, seed=7, workers=1)]
    assert sum(sizes) == count
    assert set(sizes[:-1]) <= {sweep.BLOCK}


# ----------------------------------------------------------------------------- failures
def test_the_first_seed_that_fails_is_the_one_that_is_told(everybody):
    for how in everybody:
        with pytest.raises(Violation, match=r"^13 is unlucky") as caught:
            sweep.seeds(runs.unhappy, range(64), **how)
        assert caught.value.seed == 13
        assert caught.value.__notes__[0] == "replay it by sweep_runs.unhappy(13)", how


def test_a_failure_far_away_says_where_in_the_code(pool):
    with pytest.raises(Violation) as caught:
        sweep.seeds(runs.unhappy, range(64), executor=pool)
    assert "sweep_runs.py" in caught.value.__notes__[1]


def test_a_failure_is_replayed_with_what_the_function_was_given():
    with pytest.raises(ValueError, match="invalid literal") as caught:
        sweep.seeds(partial(partial(int), base=7), ["1", "8"], workers=1)
    assert caught.value.__notes__ == ["replay it by builtins.int('8', base=7)"]
    given = partial(runs.dawdling, runs.Stubborn)
    assert sweep.called(given, 3) == "sweep_runs.dawdling(sweep_runs.Stubborn, 3)"


def test_nothing_is_begun_after_a_failure_that_is_told():
    executor = Lazy()
    with pytest.raises(Violation):
        sweep.seeds(runs.unhappy, range(64), executor=executor, chunk=1)
    cancelled = [future.cancelled() for future in executor.futures]
    assert cancelled == [False] * 14 + [True] * 50


def test_an_error_that_cannot_travel_is_told_by_its_text(everybody):
    for how in everybody:
        with pytest.raises(DistlabError, match=r"^Stubborn: 0 and 1"):
            sweep.seeds(runs.stubborn, range(4), **how)


def test_a_result_that_cannot_travel_is_told(pool):
    with pytest.raises(DistlabError, match=r"no answer, TypeError.*plain values"):
        sweep.seeds(runs.with_a_lock, range(4), executor=pool)


def test_a_function_that_cannot_travel_is_refused_before_anything_is_begun():
    with pytest.raises(Misuse, match="import it from a module, or say workers=1"):
        sweep.seeds(lambda n: n, range(4), workers=2)
    assert sweep.seeds(lambda n: n, range(4), workers=1) == [0, 1, 2, 3]


def test_a_function_written_in_a_notebook_is_refused_before_anything_is_begun():
    code = (
        "from distlab.sim import sweep\n"
        "def run(n): return n\n"
        "try: sweep.seeds(run, range(4), workers=2)\n"
        "except Exception as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert told.stdout.startswith(
        "__main__.run or what it uses is written in this note"
    )


def test_a_worker_that_dies_is_told_with_the_seed():
    before = {*active_children()}
    with pytest.raises(DistlabError, match="a worker died, here or a little l") as told:
        sweep.seeds(runs.dying, range(10), workers=2, chunk=1)
    assert told.value.__notes__[0].startswith("replay it by sweep_runs.dying(")
    assert {*active_children()} == before


INTERRUPTED = """\
import sys
import sweep_runs
from functools import partial
from distlab.sim import sweep
if __name__ == "__main__":
    dawdle = partial(sweep_runs.dawdling, sys.argv[1])
    try:
        sweep.seeds(dawdle, range(int(sys.argv[3])), workers=int(sys.argv[2]), chunk=1)
    except KeyboardInterrupt as stopped:
        print(stopped)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal for one group")
@pytest.mark.parametrize(
    ("workers", "items"), [(1, 9), (2, 9), (2, 2)], ids="here both idle".split()
)
def test_an_interrupt_ends_the_workers_and_says_how_far_it_was(
    tmp_path, workers, items
):
    """The first item ends at once, the others take two minutes each."""
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path, str(workers), str(items)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    busy = [tmp_path / f"begun {n}" for n in range(min(items, workers + 1))]
    while not all(mark.exists() for mark in busy):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    told, complaints = process.communicate(timeout=60)
    done = rf"the sweep was stopped when [01] of {items} were done\.\n"
    assert re.fullmatch(done, told)
    assert complaints == ""
    assert not list(tmp_path.glob("ended [1-9]"))


@pytest.mark.parametrize("how", [{"workers": 0}, {"chunk": 0}, {"workers": -1}])
def test_numbers_that_cannot_be_meant_are_refused(how):
    with pytest.raises(Misuse, match=r"(workers|chunk)=.*: (one works|give each)"):
        sweep.seeds(runs.square, range(3), **how)


def test_no_trials_are_refused():
    with pytest.raises(Misuse, match="0 trials tell nothing"):
        sweep.trials(runs.draws, 0, seed=1)


# ----------------------------------------------------------------------------- progress
class Screen(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_that_asks_for_it(monkeypatch):
    screens = [Screen(), Screen(), io.StringIO()]
    for screen, progress in zip(screens, [True, False, True], strict=True):
        monkeypatch.setattr(sys, "stderr", screen)
        sweep.seeds(runs.square, range(5), workers=1, progress=progress)
    asked, not_asked, no_terminal = (screen.getvalue() for screen in screens)
    assert "5/5" in asked or "0/5" in asked
    assert (not_asked, no_terminal) == ("", "")


# --------------------------------------------------------------------------------- Dask
@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip(
        "distributed", reason="the Dask extra is not installed: `make scale`"
    )
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_dask_cluster_gives_the_same_results(dask):
    how = {"executor": dask.get_executor(), "chunk": 3}
    here = sweep.seeds(runs.echoes, range(20), workers=1)
    assert sweep.seeds(runs.echoes, range(20), **how) == here
    sums = (
        sweep.trials(runs.mean_parts, COUNT, seed=7, **each)
        for each in (how, {"workers": 1})
    )
    assert len(set(sums)) == 1


def test_a_seed_that_fails_on_a_dask_cluster_can_be_replayed(dask):
    with pytest.raises(Violation, match=r"^13 is unlucky") as caught:
        sweep.seeds(runs.unhappy, range(64), executor=dask.get_executor())
    assert caught.value.__notes__[0] == "replay it by sweep_runs.unhappy(13)"


def test_a_worker_of_dask_that_dies_is_told(dask):
    with pytest.raises(DistlabError, match="no answer, KilledWorker"):
        sweep.seeds(runs.dying, range(10), executor=dask.get_executor())
