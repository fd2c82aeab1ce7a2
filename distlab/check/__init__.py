"""Judges: what a history or a set of runs says about a promise."""

from distlab.check import durability, freshness, linearizable, sessions, siblings
from distlab.check.verdict import Verdict

__all__ = ["Verdict", "durability", "freshness", "linearizable", "sessions", "siblings"]
