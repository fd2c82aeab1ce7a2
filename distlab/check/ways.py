"""The way to a state, and the part of the state graph that fits on a sheet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from distlab.check.explored import Explored, Space
from distlab.errors import Misuse
from distlab.model import Model, State

if TYPE_CHECKING:
    from distlab.check.search import Search

DRAWN = 300  # states of a space that is kept to be drawn
Way = tuple[tuple[Any, Any], ...]


def way_to(found: Search, at: int, start: Explored | Iterable[State] | None) -> Way:
    """The actions and states that lead to a state, from the beginning of all stages.

    A search with symmetry keeps one state for all that differ by who is who; the way is
    of real ones, step by step. Raises `Misuse` if there is none.
    """
    kept = list(found.numbers)
    wanted = [kept[number] for number in numbers_to(found, at)]
    before: Way = ()
    if isinstance(start, Explored):
        before, begin = start.path[:-1], [start.path[-1]]
    else:
        begin = [(None, s) for s in found.model.initial() if start is None]
        begin += [(None, s) for s in start or ()]
    steps = list(before)
    for target in wanted:
        steps.append(step_to(target, begin, found))
        begin = list(found.model.next(steps[-1][1]))
    return tuple(steps)


def step_to(target: State, ways: list[tuple[Any, Any]], found: Search) -> Any:
    """The first of these steps that leads to a state, or to one of its kind."""
    for action, after in ways:
        if target == (found.canonical(after) if found.canonical else after):
            return action, after
    raise Misuse(
        f"{type(found.model).__name__}: no step leads to {found.model.label(target)} "
        f"again. `next` has to give the same steps for equal states, and `canonical` "
        f"may only change who is who."
    )


def numbers_to(found: Search, at: int) -> list[int]:
    """The numbers of the states on the way to one."""
    chain = []
    while at >= 0:
        chain.append(at)
        at = found.parents[at]
    return chain[::-1]


def told(model: Model, way: Way) -> tuple[str, ...]:
    """The actions of a way, one a line."""
    actions = [model.tell(action) for action, _ in way if action is not None]
    return tuple(f"{i:>3}  {action}" for i, action in enumerate(actions, 1))


def space(found: Search, at: int | None) -> Space:
    """The first states that were reached, those on the way to one, and their steps."""
    marked = numbers_to(found, at) if at is not None else []
    others = [n for n in range(min(DRAWN, len(found.numbers))) if n not in marked]
    shown = sorted(marked + others[: max(0, DRAWN - len(marked))])
    place = {number: i for i, number in enumerate(shown)}
    kept = list(found.numbers)
    edges = []
    for number in shown:
        for action, after in found.model.next(kept[number]):
            after = found.canonical(after) if found.canonical else after
            if (target := place.get(found.numbers.get(after, -1))) is not None:
                edges.append((place[number], found.model.tell(action), target))
    return Space(
        labels=tuple(found.model.label(kept[number]) for number in shown),
        depths=depths([found.depths[number] for number in shown], edges),
        edges=tuple(edges),
        marked=tuple(place[number] for number in marked),
        left_out=found.count - len(shown),
    )


def depths(known: list[int], edges: list[tuple[int, str, int]]) -> tuple[int, ...]:
    """The steps to each state by a shortest way, which need not be found first."""
    while nearer := {
        target: known[source] + 1
        for source, _, target in edges
        if known[source] + 1 < known[target]
    }:
        for state, depth in nearer.items():
            known[state] = min(known[state], depth)
    return tuple(known)
