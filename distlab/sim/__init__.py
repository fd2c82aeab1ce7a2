"""Runs nodes in simulated time: a seed, a network, faults and calls in; a trace out."""

from distlab.sim.cluster import Cluster
from distlab.sim.delays import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Mixture,
    Pareto,
    Uniform,
)
from distlab.sim.disk import Disk
from distlab.sim.network import Network
from distlab.sim.workload import ClosedLoop, NotOk, OpenLoop

__all__ = [
    "ClosedLoop",
    "Cluster",
    "Constant",
    "Disk",
    "Distribution",
    "Empirical",
    "Exponential",
    "Mixture",
    "Network",
    "NotOk",
    "OpenLoop",
    "Pareto",
    "Uniform",
]
