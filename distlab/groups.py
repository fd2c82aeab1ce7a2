"""Who is in a cluster: groups by name, ids, and the settings that reach each node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from distlab.errors import Misuse, did_you_mean
from distlab.node import Node, NodeId

Classes = tuple[type[Node], ...]


class Groups:
    """The groups of a cluster, and what its nodes are given."""

    def __init__(self, protocol: type[Node], arguments: Mapping[str, Any]):
        if not (isinstance(protocol, type) and issubclass(protocol, Node)):
            raise Misuse(f"{protocol!r} is no class of nodes: give the protocol first.")
        self.classes: dict[str, Classes] = {}
        self.settings: dict[str, Any] = {}
        for name, value in arguments.items():
            if (classes := as_classes(protocol, name, value)) is None:
                self.settings[name] = value
            else:
                self.classes[name] = classes
        known = {
            s for kinds in self.classes.values() for k in kinds for s in k._settings()
        }
        for name in self.settings:
            if name not in known:
                raise Misuse(
                    f"no node here has a setting `{name}`."
                    f"{did_you_mean(name, known | {'servers', 'clients'})}"
                )
        self.members = name_members(self.classes)
        self.ids = tuple(id for ids in self.members.values() for id in ids)
        if not self.ids:
            raise Misuse("a cluster of no nodes: say how many, `servers=3`.")

    def nodes(
        self, per_node: Mapping[NodeId, Mapping[str, Any]]
    ) -> Iterator[tuple[Node, dict[str, Any]]]:
        """Every node, and the settings that its class was given."""
        for id in per_node:
            if id not in self.ids:
                raise Misuse(
                    f"no node {id!r} in per_node: there are {', '.join(self.ids)}."
                )
        for name, classes in self.classes.items():
            members = self.members[name]
            for id, kind in zip(members, classes, strict=True):
                given = {**self.members, **self.settings}
                usual = {s: given[s] for s in kind._settings() if s in given}
                settings = {**usual, **per_node.get(id, {})}
                yield kind(id, members, **settings), settings

    def __str__(self) -> str:
        told = []
        for name, classes in self.classes.items():
            kinds = ", ".join(dict.fromkeys(kind.__name__ for kind in classes))
            group = singular(name) if len(classes) == 1 else name
            told.append(f"{len(classes)} {group} ({kinds})")
        return " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def as_classes(protocol: type[Node], name: str, value: Any) -> Classes | None:
    """The classes of a group's nodes; None for what is a setting."""
    if name in ("servers", "clients") and isinstance(value, int):
        kind = protocol if name == "servers" else protocol.client
        if value < 0 or (kind is None and value):
            raise Misuse(
                f"{name}={value}: {protocol.__name__} has no `client`."
                if value > 0
                else f"{name}={value}: give 0 or more."
            )
        return (kind,) * value if kind else ()
    if name in ("servers", "clients") and isinstance(value, str | float):
        raise Misuse(f"{name}={value!r}: give a whole number, 0 or more.")
    parts = value if isinstance(value, tuple) else (value,)
    if not parts or not (isinstance(parts[0], type) and issubclass(parts[0], Node)):
        return None
    if len(parts) == 2 and isinstance(parts[1], int):
        return (parts[0],) * parts[1]
    if not all(isinstance(kind, type) and issubclass(kind, Node) for kind in parts):
        raise Misuse(f"{name}={value!r}: give a class and a number, or only classes.")
    return parts


def name_members(classes: Mapping[str, Classes]) -> dict[str, tuple[NodeId, ...]]:
    """The ids of each group: "s1", or "storage1" if an earlier group begins with s."""
    members: dict[str, tuple[NodeId, ...]] = {}
    for name, kinds in classes.items():
        taken = any(earlier[0] == name[0] for earlier in members)
        stem = singular(name) if taken else name[0]
        members[name] = tuple(f"{stem}{i}" for i in range(1, len(kinds) + 1))
    return members


def singular(group: str) -> str:
    """`servers` → `server`, `proxies` → `proxy`."""
    if group.endswith("ies"):
        return group[:-3] + "y"
    return group.removesuffix("s")
