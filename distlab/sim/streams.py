"""Random numbers: one seed, a stream of its own for each name, whole numbers only.

A stream is named by who draws from it ("s1→s2 latency", "c1 choose"), so a new node
that talks changes no draw of the others. It is made on first use and takes less than a
hundred bytes: a thousand nodes have a million links, and Python's own generator takes
2,560 bytes for each.

Source
    Lehmer's generator modulo 2^128, its upper 64 bits; multiplier of Steele and Vigna,
    "Computationally easy, spectrally good multipliers", Software: Practice and
    Experience 52(2), 2022, Table 6. The start of each stream is SHA-256 of seed and
    name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

MULTIPLIER = 0xDA942042E4DD58B5
MASK = (1 << 128) - 1


class Stream:
    """Draws that depend on the seed and this name, and on nothing else.

    >>> Stream(7, "s1→s2").between(1, 6) == Stream(7, "s1→s2").between(1, 6)
    True
    """

    __slots__ = ("state",)

    state: int  # of Lehmer's generator, always odd

    def __init__(self, seed: int, *name: str):
        text = "\n".join((str(seed), *name))
        start = hashlib.sha256(text.encode()).digest()
        self.state = int.from_bytes(start[:16], "big") | 1

    def bits(self) -> int:
        """64 random bits."""
        self.state = state = self.state * MULTIPLIER & MASK
        return state >> 64

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + (self.bits() * (high - low + 1) >> 64)

    def fraction(self) -> float:
        """A number from 0 to 1, never 1, with 53 random bits."""
        return (self.bits() >> 11) * 2.0**-53

    def sample(self, k: int, options: Sequence[Any]) -> tuple:
        """`k` different ones of `options`, in the order drawn."""
        return tuple(options[i] for i in self.places(k, len(options)))

    def places(self, k: int, count: int) -> list[int]:
        """Which of so many, drawn as from a list of all that shrinks; none is made."""
        drawn: list[int] = []
        for number in range(k):
            place = self.between(0, count - number - 1)
            for taken in sorted(drawn):
                place += taken <= place
            drawn.append(place)
        return drawn
