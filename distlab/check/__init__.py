"""Judges: what a history, a set of runs or all that can happen says about a promise."""

from distlab.check import (
    causal,
    convergence,
    durability,
    explore,
    formats,
    freshness,
    inductive,
    levels,
    linearizable,
    placing,
    pram,
    properties,
    search,
    sequential,
    sessions,
    siblings,
    symmetry,
    total_order,
    transactions,
)
from distlab.check.budget import Budget
from distlab.check.limits import Limits
from distlab.check.verdict import Edge, Verdict

__all__ = [
    "Budget",
    "Edge",
    "Limits",
    "Verdict",
    "causal",
    "convergence",
    "durability",
    "explore",
    "formats",
    "freshness",
    "inductive",
    "levels",
    "linearizable",
    "placing",
    "pram",
    "properties",
    "search",
    "sequential",
    "sessions",
    "siblings",
    "symmetry",
    "total_order",
    "transactions",
]
