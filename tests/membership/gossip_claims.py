"""What anti-entropy and rumours promise, for runs and explorers alike."""

from collections.abc import Mapping
from typing import Any, Protocol

from distlab.sim import Cluster


class World(Protocol):
    """Nodes by their ids: a cluster has them, and so has a state that is explored."""

    @property
    def nodes(self) -> Mapping[str, Any]: ...


def always_one_update_a_timestamp(world: World) -> str | None:
    """§1, Now: who has the same timestamp for a key has the same value."""
    known: dict[tuple, tuple[str, Any]] = {}
    for id, node in world.nodes.items():
        for entry in node.database.values():
            first, seen = known.setdefault((entry.key, entry.stamp), (id, entry))
            if seen != entry:
                return f"{first} has {seen}, {id} has {entry}"
    return None


def sometimes_an_update_is_everywhere(world: World) -> bool:
    """All sites have the same, and something."""
    first, *others = (node.database for node in world.nodes.values())
    return bool(first) and all(database == first for database in others)


def updates_stay(cluster: Cluster) -> str | None:
    """A site has its own updates, or newer ones, even after a crash."""
    for update in cluster.history.where("update", outcome="ok"):
        site = update.result.site
        entry = cluster[site].database.get(update.args[0])
        if entry is None or entry.stamp < update.result:
            return f"{site} updated {update.args} at {update.result} and has {entry}"
    return None


def all_become_equal(cluster: Cluster) -> str | None:
    """Once faults stop, all sites have the newest of all updates."""
    first, *others = cluster.nodes.items()
    for id, node in others:
        if node.database != first[1].database:
            return f"{first[0]} and {id} differ: {first[1].database}, {node.database}"
    return None


def all_lose_interest(cluster: Cluster) -> str | None:
    """Once faults stop, no rumour stays hot anywhere."""
    hot = {id: node.hot for id, node in cluster.nodes.items() if node.hot}
    return f"still hot: {hot}" if hot else None


def what_nobody_wrote_is_nowhere(cluster: Cluster) -> str | None:
    """Each entry is of an update that somebody called."""
    called = [(step.node, step.what.args) for step in cluster.trace.where("call")]
    for id, node in cluster.nodes.items():
        for entry in node.database.values():
            if (entry.stamp.site, (entry.key, entry.value)) not in called:
                return f"{id} has {entry}, which nobody wrote"
    return None


def sometimes_a_rumour_has_died_and_some_site_has_not_heard(world: World) -> bool:
    """§1.4, removed: nobody spreads it any more, and somebody does not have it."""
    nodes = world.nodes.values()
    spreading = any(node.hot or node.heard for node in nodes)
    return not spreading and len({bool(node.database) for node in nodes}) == 2
