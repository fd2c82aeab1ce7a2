"""Maelstrom's histories: Jepsen's EDN, with the operations of its workloads.

`lin-kv`, `txn-list-append`, `txn-rw-register`, `g-set`, `pn-counter` and `g-counter`
are as Jepsen has them; a `broadcast` adds to the set that each `read` gives.
"""

from __future__ import annotations

from collections import Counter

from distlab.check.formats import jepsen
from distlab.check.formats.events import Pairing
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading

RENAMED = {"broadcast": "add"}


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    pairing = Pairing(source, jepsen.meant)
    others: Counter[str] = Counter()
    for event in jepsen.events(source, progress, others, RENAMED):
        pairing.add(event)
    return pairing.reading("maelstrom", jepsen.keyed, others)
