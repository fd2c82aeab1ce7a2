"""How much may go wrong in an exploration."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from distlab.errors import Misuse
from distlab.node import NodeId


@dataclass(frozen=True)
class Budget:
    """How much may go wrong, in all: what is not named does not happen.

    `of` are the nodes that may crash; empty for all of them. `unsynced`: so many of a
    node's last records a crash may find not yet on disk, though what their steps sent
    has left (a disk that syncs in time keeps what it sends back, and a crash then looks
    as if the step had not been taken). Timers run out without a limit unless `timers`
    sets one, and so are messages lost on a network that is `lossy`.

    Raises `Misuse` for what is no number of times, and for `of` that is no tuple.
    """

    crashes: int = 0
    recoveries: int = 0
    unsynced: int = 0
    timers: int | None = None
    losses: int | None = None
    of: tuple[NodeId, ...] = ()

    def __post_init__(self) -> None:
        unlimited = ("timers", "losses")
        for name in ("crashes", "recoveries", "unsynced", *unlimited):
            most = getattr(self, name)
            if not ((most is None and name in unlimited) or is_count(most)):
                raise Misuse(
                    f"Budget({name}={most!r}): give a whole number, 0 or more"
                    f"{', or None for no limit' * (name in unlimited)}."
                )
        if not isinstance(self.of, tuple):
            raise Misuse(f'Budget(of={self.of!r}): give a tuple of ids, `of=("s1",)`.')

    def without(self, name: str) -> Budget | None:
        """What is left after spending one; None if there is none to spend."""
        left = getattr(self, name) if name else None
        if left is None:
            return self
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return Budget(**{**told, name: left - 1}) if left else None

    def told(self) -> str:
        """What may go wrong."""
        limits = (
            (self.crashes, "crash", "crashes"),
            (self.recoveries, "recovery", "recoveries"),
            (self.timers, "timeout", "timeouts"),
            (self.losses, "loss", "losses"),
        )
        told = [
            f"at most {most} {one if most == 1 else many}" if most else f"no {one}"
            for most, one, many in limits
            if most is not None
        ]
        return ", ".join(told)


def is_count(value: Any) -> bool:
    """Whether this says how often something happens."""
    return isinstance(value, int) and value >= 0
