"""What a checker says: valid, invalid or unknown, how strong that is, and why.

A checker that gave up, or was shown nothing that could have broken the promise, says
*unknown*, never *valid*.
"""

from __future__ import annotations

import builtins
from typing import Any, Literal

from distlab.errors import Misuse
from distlab.value import Value


class Edge(Value):
    """One operation or transaction has to come before another, and why."""

    source: Any
    kind: str  # "real time", "process", "wr", "ww", "rw", …
    target: Any
    why: str  # a clause: "T1 appended 3 to x, and T2 read it"

    def __str__(self) -> str:
        return f"{self.kind}: {self.why}"


class Verdict(Value):
    """One judgement of one property, as an argument that a person can follow."""

    outcome: Literal["valid", "invalid", "unknown"]
    property: str  # what was promised: "read your writes"
    strength: str  # how much was looked at: "all 288 states", "24 reads on 3 keys"
    reason: str  # why: sentences
    evidence: tuple[Any, ...] = ()  # the operations or steps that the reason speaks of
    order: tuple[Any, ...] = ()  # one that explains all; of an invalid one: the most
    cycle: tuple[Edge, ...] = ()  # each must come before the next, the last before all

    @builtins.property
    def valid(self) -> bool:
        """Whether the promise was kept in all that was looked at."""
        return self.outcome == "valid"

    @builtins.property
    def invalid(self) -> bool:
        """Whether the promise was broken: `evidence` shows it."""
        return self.outcome == "invalid"

    @builtins.property
    def unknown(self) -> bool:
        """Whether nothing can be said."""
        return self.outcome == "unknown"

    def __bool__(self) -> bool:
        raise Misuse(
            f"a verdict has three outcomes, this one is {self.outcome}: ask `.valid`, "
            f"`.invalid` or `.unknown`."
        )

    def __str__(self) -> str:
        return f"{self.outcome}: {self.property} ({self.strength}). {self.reason}"

    def __repr__(self) -> str:
        head = f"{self.outcome.upper()}  {self.property}  ({self.strength})"
        return "\n".join([head, self.reason, *(f"    {op}" for op in self.evidence)])
