"""A recorded run as a program: what to paste into a cell to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from distlab import sim
from distlab.recording import Recording, source
from distlab.sim.disk import Disk
from distlab.sim.network import Network

if TYPE_CHECKING:
    from distlab.sim.cluster import Cluster


def program(cluster: Cluster, recording: Recording) -> str:
    """Python that runs a recording on a cluster like this one.

    Of the network it says whether messages keep their order: the rest is recorded.
    """
    given = dict(cluster.arguments)
    fifo = given["network"] and given["network"].fifo
    given["network"] = Network(fifo=True) if fifo else None
    if repr(given["disk"]) == repr(Disk()):
        del given["disk"]
    given = {name: x for name, x in given.items() if x is not None and x is not False}
    lines = [cluster.protocol.__name__]
    lines += [f"{name}={written(value)}" for name, value in given.items()]
    lines += ["recording=" + str(recording).replace("\n", "\n    ")]
    body = "".join(f"    {line},\n" for line in lines)
    until = source(recording.until_ms)
    classes: set[type] = {sim.Cluster, cluster.protocol}
    classes.update(classes_in((recording, *given.values())))
    return f"{imports(classes)}\n\ncluster = Cluster(\n{body}).run({until})\n"


def written(value: Any) -> str:
    """A group or a setting, as one would write it."""
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, tuple):
        items = [written(item) for item in value]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, Mapping):
        return (
            f"{{{', '.join(f'{source(k)}: {written(v)}' for k, v in value.items())}}}"
        )
    return source(value)


def classes_in(value: Any) -> Iterator[type]:
    """The classes by which a value is written."""
    if isinstance(value, type):
        yield value
    elif isinstance(value, Mapping):
        yield from classes_in((*value, *value.values()))
    elif isinstance(value, tuple):
        for item in value:
            yield from classes_in(item)
    elif isinstance(value, Disk):
        yield from (Disk, *classes_in(value.sync))
    elif isinstance(value, Network):
        yield Network
        yield type(value.latency)
    elif is_dataclass(value):
        yield type(value)
        yield from classes_in(tuple(getattr(value, f.name) for f in fields(value)))


def imports(classes: set[type]) -> str:
    """One line for each module that they come from."""
    told = sorted((module_of(kind), kind.__name__) for kind in classes)
    return "\n".join(
        f"from {module} import {', '.join(name for _, name in group)}"
        for module, group in groupby(told, key=lambda pair: pair[0])
    )


def module_of(kind: type) -> str:
    """Where a learner imports a class from."""
    if kind.__name__ in sim.__all__:
        return "distlab.sim"
    return "distlab.node" if kind.__module__ == "distlab.events" else kind.__module__
