"""What sweeps are tried on: functions that a worker process can import."""

import os
import threading
import time
from pathlib import Path

from sim_nodes import Echo

from distlab.errors import Violation
from distlab.node import Call
from distlab.sim import Cluster, Exponential, Network


def square(n):
    return n * n


def process(n):
    return os.getpid()


def late_when_early(n):
    """The first ones end last."""
    time.sleep(0.002 * (8 - n))
    return n


def unhappy(n):
    if n in (13, 40):
        raise Violation(f"{n} is unlucky", seed=n)
    return n


class Stubborn(Exception):
    """Cannot be made again from what it was made of."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def stubborn(n):
    raise Stubborn(n, n + 1)


def with_a_lock(n):
    return threading.Lock()


def dying(n):
    if n == 6:
        os._exit(1)
    return n


def dawdling(marks, n):
    """Leaves a mark when it begins, and again should it ever end."""
    Path(marks, f"begun {n}").touch()
    time.sleep(120 if n else 0)
    Path(marks, f"ended {n}").touch()


def draws(generator, size):
    """What each block draws, as a list: sums of lists are all of them in a row."""
    return [(size, *generator.random(3).tolist())]


def mean_parts(generator, size):
    """A float whose last bits depend on the order in which the parts are added."""
    return generator.standard_exponential(size).sum()


def echoes(seed):
    """A small run of the simulator."""
    cluster = Cluster(
        Echo,
        servers=3,
        clients=2,
        seed=seed,
        network=Network(Exponential(4)),
        workload={c: tuple(Call("ping", (n,)) for n in range(5)) for c in ("c1", "c2")},
    )
    return cluster.run().trace.digest()
