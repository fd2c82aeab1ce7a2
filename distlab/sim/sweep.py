"""Many runs at once: one for each seed, or many trials of a model that takes arrays.

    verdicts = sweep.seeds(run, range(1000))      # run(0), run(1) …, in this order
    stale = sweep.trials(model, 2_000_000, seed=7, name="r=1 w=1")

What comes out is the same whoever computes it: each trial draws from a stream that
depends on the seed, the name and the number of its block, results are put together in
the order of the seeds or blocks, and the failure that is told is that of the first seed
that fails, not of the first that is found.

By default a pool of processes works, one for each core. `workers=1` stays in this
process, where a debugger sees it. `executor=` takes any other of Python's executors.
Dask's client has one, and so the work can be done by many machines:

    dask scheduler                                # on one of them
    dask worker tcp://scheduler:8786              # on each of them, with this distlab

    from dask.distributed import Client           # pip install 'distlab[scale]'
    with Client("tcp://scheduler:8786") as client:
        sweep.seeds(run, range(100_000), executor=client.get_executor(), chunk=100)

`Client()` alone begins a cluster on this machine. A chunk should take a second or so: a
task costs Dask a few milliseconds. All machines need the same numpy: another version
may draw other numbers from the same stream.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from contextlib import closing, contextmanager
from multiprocessing import active_children, get_all_start_methods, get_context
from typing import Any

import numpy

from distlab.errors import DistlabError, Misuse

BLOCK = 16_000  # trials at a time: arrays of a million take new memory each time
GROUP = 16  # blocks whose results are added up where they are made, not sent one by one
TASKS = 64  # an executor gets, of one or more items each: some for each worker

Outcome = tuple[list[Any], Exception | None, str]  # results; what ended them, and where
Outcomes = Generator[Outcome, None, None]
Futures = list[Future[Outcome]]
Call = Callable[[Any], Any]


def seeds(
    run: Call,
    seeds: Iterable[Any],
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    chunk: int | None = None,
    progress: bool = False,
) -> list[Any]:
    """The results of `run(seed)`, in the order of the seeds; or of any other values.

    `chunk` seeds go to a worker at once. `progress` shows a bar if this is a terminal.
    Raises what `run` raises for the first seed that fails, with a note of how to replay
    it; `DistlabError` if a worker dies; `Misuse` for what cannot be meant.
    """
    every = list(seeds)
    if workers is not None and workers < 1:
        raise Misuse(f"workers={workers}: one works in this process, more beside it.")
    if chunk is not None and chunk < 1:
        raise Misuse(f"chunk={chunk}: give each worker one seed at a time, or more.")
    size = chunk or max(1, -(-len(every) // TASKS))
    chunks = [every[at : at + size] for at in range(0, len(every), size)]
    if executor is None and (workers == 1 or len(every) < 2):
        here = (results(run, [item]) for item in every)
        return gathered(here, run, every, progress)
    begun = lent(executor, run, chunks) if executor else own(workers, run, chunks)
    with begun as futures:
        return gathered(answers(futures), run, every, progress)


def trials(
    model: Callable[[numpy.random.Generator, int], Any],
    count: int,
    *,
    seed: int,
    name: str = "",
    **how: Any,
) -> Any:
    """The sum of `model(generator, size)` over blocks that make `count` trials.

    A sum is whatever `+` makes of results: of counts, arrays, or lists. More trials of
    the same seed and name begin with the same ones. `how` is as for `seeds`.
    """
    if count < 1:
        raise Misuse(f"{count} trials tell nothing: ask for one or more.")
    firsts = range(0, -(-count // BLOCK), GROUP)
    group = functools.partial(group_of_blocks, model, count, seed, name)
    return functools.reduce(operator.add, seeds(group, firsts, **how))


def group_of_blocks(
    model: Callable[..., Any], count: int, seed: int, name: str, first: int
) -> Any:
    """The sum over some blocks in a row: always the same ones, whoever adds them up."""
    last = min(first + GROUP, -(-count // BLOCK))
    # Once so large an array has been freed, glibc keeps what smaller ones leave behind,
    # and blocks write where others have written: half the time of asking for memory.
    numpy.empty(2**21)
    return functools.reduce(
        operator.add,
        (
            model(generator(seed, name, block), min(BLOCK, count - block * BLOCK))
            for block in range(first, last)
        ),
    )


def generator(seed: int, *name: object) -> numpy.random.Generator:
    """Random numbers that depend on the seed and this name, and on nothing else."""
    text = "\n".join(map(str, (seed, *name)))
    start = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return numpy.random.Generator(numpy.random.PCG64DXSM(start))


# ------------------------------------------------------------------------- who computes
def processes(workers: int | None = None) -> ProcessPoolExecutor:
    """A pool of processes as `seeds` has it, to be kept for several sweeps.

    Forked from a process of its own where the system can, otherwise begun anew: never
    forked from here, where a notebook's threads may hold locks that a copy waits for.
    """
    method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
    context = get_context(method)
    context.set_forkserver_preload([__name__])
    return ProcessPoolExecutor(
        workers or cores(),
        mp_context=context,
        initializer=signal.signal,  # Ctrl-C reaches all; the parent tells what it means
        initargs=(signal.SIGINT, signal.SIG_IGN),
    )


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def own(workers: int | None, run: Call, chunks: list[list[Any]]) -> Iterator[Futures]:
    """The work in a pool of its own, which ends at once with what fails."""
    require_importable(run)
    others = active_children()
    with processes(workers) as pool:
        try:
            yield submitted(pool, run, chunks)
        except BaseException:  # not cancelled first: 3.11 cannot end a pool then
            for child in active_children():
                if child not in others:
                    child.terminate()
            raise


@contextmanager
def lent(executor: Executor, run: Call, chunks: list[list[Any]]) -> Iterator[Futures]:
    """The work with an executor that goes on; what is not begun is not done."""
    futures = submitted(executor, run, chunks)
    try:
        yield futures
    finally:
        for future in futures:
            future.cancel()


def require_importable(run: Call) -> None:
    """Raise `Misuse` for a function that another process could not find."""
    try:
        told = pickle.dumps(run)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise Misuse(
            f"other processes cannot be given {spelled(run)}: import it from a module, "
            f"or say workers=1."
        ) from error
    if b"__main__" in told and not hasattr(sys.modules["__main__"], "__file__"):
        raise Misuse(
            f"{spelled(run)} or what it uses is written in this notebook, where other "
            f"processes do not find it: import it from a module, or say workers=1."
        )


def submitted(executor: Executor, run: Call, chunks: list[list[Any]]) -> Futures:
    """Each chunk as a task. Raises `DistlabError` for a pool that is broken already."""
    try:
        return [executor.submit(results, run, chunk) for chunk in chunks]
    except BrokenExecutor as error:
        raise lost(error) from error


def answers(futures: Futures) -> Outcomes:
    """What comes back, in the order of the chunks."""
    try:
        for future in futures:
            yield future.result()
    except Exception as error:
        yield [], lost(error), ""


def results(run: Call, items: Sequence[Any]) -> Outcome:
    """The results of these items, up to one that fails: this runs in the worker."""
    found: list[Any] = []
    for item in items:
        try:
            found.append(run(item))
        except Exception as error:
            return found, portable(error), traceback.format_exc()
    return found, None, ""


def portable(error: Exception) -> Exception:
    """The same error, or its text where it could not come back from a worker."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # a class may break in any way when it is copied
        return DistlabError(f"{type(error).__name__}: {error}")
    return error


# ----------------------------------------------------------------------- what comes out
def gathered(outcomes: Outcomes, run: Call, items: list[Any], progress: bool) -> list:
    """All results in order. Raises for the first item that has none."""
    found: list[Any] = []
    try:
        with closing(outcomes), bar(len(items), progress) as shown:
            for some, error, where in outcomes:
                found += some
                shown.update(len(some))
                if error is not None:
                    raise explained(error, where, called(run, items[len(found)]))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"the sweep was stopped when {len(found)} of {len(items)} were done."
        ) from None
    return found


def lost(error: Exception) -> DistlabError:
    """What to do when the executor itself fails."""
    if isinstance(error, BrokenExecutor):
        return DistlabError(
            f"a worker died, here or a little later ({error}) Was it killed, or out of "
            f"memory? workers=1 runs it in this process. A script begins its sweeps "
            f'below `if __name__ == "__main__":`.'
        )
    return DistlabError(
        f"the executor has no answer, {type(error).__name__}: {error}. If something "
        f"cannot be pickled, import it from a module and return plain values."
    )


def explained(error: Exception, where: str, call: str) -> Exception:
    """The error with a note of how to replay it; and where, if it was far away."""
    error.add_note(f"replay it by {call}")
    if where and error.__traceback__ is None:
        error.add_note(f"in the worker:\n{where}")
    return error


def called(run: Call, item: Any) -> str:
    """The call as one would write it: `tests.sim.sweeps.run(83)`."""
    if not isinstance(run, functools.partial):
        return f"{spelled(run)}({item!r})"
    named = [f"{name}={spelled(value)}" for name, value in run.keywords.items()]
    arguments = ", ".join((*map(spelled, run.args), repr(item), *named))
    return f"{spelled(run.func)}({arguments})"


def spelled(value: Any) -> str:
    """A function or class by its name; a partial by its function; all else as it is."""
    if isinstance(value, functools.partial):
        return spelled(value.func)
    name = getattr(value, "__qualname__", None)
    return f"{value.__module__}.{name}" if name else repr(value)


def bar(total: int, progress: bool) -> Any:
    """How far it has come, on a terminal; what a notebook stores never changes."""
    from tqdm import tqdm

    return tqdm(total=total, disable=None if progress else True, leave=False)
