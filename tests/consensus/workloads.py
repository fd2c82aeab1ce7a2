"""What clients ask of a replicated `KeyValue`: in two shapes, for each hides much."""

from collections.abc import Iterable

from distlab.node import Call
from distlab.sim import ClosedLoop, Uniform


def symmetric(clients: Iterable[str]) -> dict[str, ClosedLoop]:
    """All clients write and read the same keys."""
    return {
        client: ClosedLoop(
            tuple(
                Call("write", (key, f"{client}.{i}"))
                if (i + j) % 2
                else Call("read", (key,))
                for i in range(8)
                for j, key in enumerate("xy")
            ),
            think_ms=Uniform(0, 150),
        )
        for client in clients
    }


def lopsided() -> dict[str, ClosedLoop]:
    """c1 writes without a pause, c2 looks now and then; others never ask."""
    busy = tuple(Call("write", ("x", i)) for i in range(40))
    rare = tuple(
        Call("cas", ("x", 7, "c2")) if i % 3 else Call("read", ("x",)) for i in range(6)
    )
    return {
        "c1": ClosedLoop(busy, think_ms=Uniform(0, 20)),
        "c2": ClosedLoop(rare, think_ms=Uniform(0, 400)),
    }
