"""Judges: what a history or a set of runs says about a promise."""

from distlab.check import (
    causal,
    convergence,
    durability,
    formats,
    freshness,
    levels,
    linearizable,
    placing,
    pram,
    properties,
    sequential,
    sessions,
    siblings,
    total_order,
    transactions,
)
from distlab.check.limits import Limits
from distlab.check.verdict import Edge, Verdict

__all__ = [
    "Edge",
    "Limits",
    "Verdict",
    "causal",
    "convergence",
    "durability",
    "formats",
    "freshness",
    "levels",
    "linearizable",
    "placing",
    "pram",
    "properties",
    "sequential",
    "sessions",
    "siblings",
    "total_order",
    "transactions",
]
