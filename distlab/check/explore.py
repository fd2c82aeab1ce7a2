"""Every schedule: all orders of messages, losses, crashes, timers and choices.

    verdict = explore(SingleLeader, servers=2, clients=1,
                      workload={"c1": (Call("write", ("x", 1)), Call("read", ("x",)))},
                      properties=[always(linearizable)])

The classes are those that the simulator runs. Where it draws one schedule from a seed,
here each one is gone through, within a budget of what may go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from distlab.check.budget import Budget
from distlab.check.commuting import Commuting, check_lasting
from distlab.check.explored import Explored
from distlab.check.limits import Limits
from distlab.check.networks import Ordered, Unordered
from distlab.check.renaming import Interchangeable
from distlab.check.retelling import retold
from distlab.check.search import USUAL, Order, check_asked, check_model, search
from distlab.check.timing import recording
from distlab.check.verdict import Verdict
from distlab.check.world import Untold, World
from distlab.check.worlds import Worlds
from distlab.errors import Misuse
from distlab.model import Model, Property
from distlab.node import Node

__all__ = ["Budget", "Ordered", "Unordered", "World", "Worlds", "always", "explore"]


def explore(
    subject: type[Node] | Model,
    *,
    properties: Iterable[Property] = (),
    order: Order = "breadth",
    limits: Limits = USUAL,
    seed: int = 0,
    start: Any = None,
    goal: Callable[[Any], bool] | None = None,
    within: Callable[[Any], bool] | None = None,
    progress: bool = True,
    **cluster: Any,
) -> Explored:
    """Whether the properties hold in all that can happen: a verdict with its evidence.

    `subject` is a class of nodes, and `cluster` what `Worlds` takes: groups, settings,
    `workload`, `network`, `budget`; with `interchangeable="servers"`, worlds that
    differ only by who is who among these are one (`renaming`); with `commuting=True`,
    deliveries that commute are taken alone, for properties that stay broken once they
    are (`commuting`). Or it is a model, or `Worlds` made before: a search in stages
    needs one to go on in. Properties, `goal` and `within` are functions of a `World`,
    or of a model's states; how a search goes on is told by `search`.

    What the verdict's `recording` says, the simulator does:
    `Cluster(Protocol, servers=3, recording=verdict.recording)`.
    """
    check_asked(properties, limits, goal=goal, within=within)
    if not (isinstance(subject, type) and issubclass(subject, Node)):
        check_model(subject)
    asked = Asked(tuple(properties), goal, within)
    how = {"order": order, "limits": limits, "seed": seed, "start": start}
    how["progress"] = progress
    if not isinstance(subject, Model):
        return of_nodes(subject, cluster, asked, how)
    if cluster:
        raise Misuse(f"a model takes no {', '.join(cluster)}: these are for nodes.")
    if isinstance(subject, Worlds):
        return of_worlds(subject, asked, how)
    return search(subject, properties, goal=goal, within=within, **how)


class Asked(NamedTuple):
    """What is to be found out about worlds."""

    properties: tuple[Property, ...]
    goal: Callable[[World], bool] | None
    within: Callable[[World], bool] | None


def of_nodes(
    protocol: type[Node], cluster: dict[str, Any], asked: Asked, how: dict[str, Any]
) -> Explored:
    """Search the worlds of a cluster, with histories and outputs if one asks for them.

    Raises `Misuse` if it is to go on from somewhere: the numbers of other worlds tell
    nothing about these.
    """
    if how["start"] is not None:
        raise Misuse(
            f"a search that goes on from another needs the same worlds: make them "
            f"once, `worlds = Worlds({protocol.__name__}, …)`, and explore these."
        )
    kind = kind_of_worlds(cluster)
    while True:
        try:
            return of_worlds(kind(protocol, **cluster), asked, how)
        except Untold as needed:  # by a property: only now is it known that it matters
            if cluster.get(needed.what):
                raise
            cluster[needed.what] = True


def kind_of_worlds(cluster: dict[str, Any]) -> type[Worlds]:
    """The worlds that are asked for; `commuting` is taken out of the cluster."""
    if not cluster.pop("commuting", False):
        return Interchangeable if "interchangeable" in cluster else Worlds
    if "interchangeable" in cluster:
        raise Misuse(
            "interchangeable, commuting: give one of them. Which of two deliveries is "
            "taken alone depends on who is who."
        )
    return Commuting


def of_worlds(worlds: Worlds, asked: Asked, how: dict[str, Any]) -> Explored:
    """Search all worlds, and tell the way to what is broken as a trace."""
    read, (properties, goal, within) = worlds.reading, asked
    if isinstance(worlds, Commuting):
        stages = {"start": how["start"], "goal": goal, "within": within}
        check_lasting(properties, how["order"], **stages)
    found = search(
        worlds,
        [read(property) for property in properties],
        goal=None if goal is None else read(goal),
        within=None if within is None else read(within),
        **how,
    )
    worlds.once_more()
    more: dict[str, Any] = {"strength": f"{found.strength}; {worlds}"}
    if found.path:
        told = retold(worlds, found.path)
        more |= {"trace": told.trace(), "recording": recording(told)}
        last = found.path[-1][1]
        for property in properties if found.invalid else ():
            if (reason := read(property)(last)) and isinstance(reason, str):
                with_times = property(World(worlds, last, told.history()))
                more["reason"] = found.reason.replace(reason, with_times)
    said = {field.name: getattr(found, field.name) for field in fields(found)}
    return Explored(**{**said, **more})


def always(judge: Callable[..., Verdict], *arguments: Any) -> Property:
    """What a judge of histories says of the history so far, as a property of worlds.

    `always(linearizable, Register())`: the arguments are the judge's, but the history.
    """

    def judged(world: World) -> str | None:
        verdict = judge(world.history, *arguments)
        if verdict.unknown and "gave up" in verdict.reason:
            raise Misuse(f"{verdict.reason} Give the judge its limits: `always(…)`.")
        return verdict.reason.rstrip(".") if verdict.invalid else None

    judged.__name__ = f"always_{judge.__name__}"
    return judged
