"""What runs break: a promise, and a mutant the one whose rule it forgets."""

from collections.abc import Callable, Iterable
from types import ModuleType

import pytest

from distlab.sim import Cluster

Judge = Callable[[Cluster], str | None]  # the sentence that is broken, or None


def broken(cluster: Cluster, *judges: Judge) -> dict[str, str]:
    """The promises that this run breaks, each with how."""
    said = ((judge.__name__, judge(cluster)) for judge in judges)
    return {name: how for name, how in said if how}


def first_harm(judge: Judge, run: Callable[[int], Cluster]) -> int:
    """The first seed whose run breaks a promise: what nothing breaks is not told."""
    for seed in range(200):
        if said := judge(run(seed)):
            print(f"seed {seed}: {said}")
            return seed
    pytest.fail(f"nothing breaks {judge.__name__}: promise more")


def each_mutant(table: Iterable[tuple]) -> pytest.MarkDecorator:
    """A test for each row: what forgets a rule, a workload, a seed, a promise."""
    names = "mutant", "shape", "seed", "promise"
    return pytest.mark.parametrize(
        names, table, ids=lambda of: getattr(of, "__name__", of)
    )


def kill(
    mutant: type,
    seed: int,
    promise: Judge,
    promises: Iterable[Judge],
    run: Callable[[type, int], Cluster],
    right: type,
) -> None:
    """Some run of a mutant breaks its promise, where what is right breaks none of all.

    At the seed given, or at another: whoever survives a hundred fails the build.
    """
    for tried in (seed, *range(100)):
        if said := broken(run(mutant, tried), *promises):
            print(f"seed {tried}: {said}")
            assert promise.__name__ in said
            assert broken(run(right, tried), *promises) == {}
            return
    pytest.fail(f"{mutant.__name__} survives")


def mutants_in(module: ModuleType) -> set[type]:
    """The classes that a module defines."""
    known = (m for m in vars(module).values() if isinstance(m, type))
    return {m for m in known if m.__module__ == module.__name__}
