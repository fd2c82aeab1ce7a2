"""The judge of transactions, from 100 to 1,000,000 of them.

The histories are those of a store that runs each transaction at one moment between its
call and its end: 20 clients, each busy with one transaction at a time, of 1 to 4 reads
and appends on ten keys; a key that has 100 elements is replaced by a new one. Of one
transaction in fifty nobody knows what became. Processor time is measured, so that other
jobs of the machine disturb less.

    python benchmarks/bench_transactions.py            # prints the tables
    python benchmarks/bench_transactions.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

from tables import table, write

from distlab.check import transactions
from distlab.check.limits import Limits
from distlab.history import History, Operation


# ------------------------------------------------------------------------ the histories
def made(count: int, seed: int, faults: int = 0, clients: int = 20) -> History:
    """What clients of a store see; in `faults` transactions it forgets what is newest.

    Such a one reads lists without their last element, and appends all the same.
    """
    rng = random.Random(seed)
    planned = sorted(moments(rng, count, clients))
    wrong = set(rng.sample(range(count // 10, count), faults))
    held: dict[str, tuple] = {}
    keys = [f"k{i}" for i in range(10)]
    ops = []
    for number, (_, client, begin, end) in enumerate(planned):
        done = []
        for i in range(rng.randint(1, 4)):
            at = rng.randrange(len(keys))
            key = keys[at]
            value = held.get(key, ())
            if rng.random() < 0.5:
                done.append(("r", key, value[:-1] if number in wrong else value))
            else:
                held[key] = (*value, 4 * number + i)
                done.append(("append", key, 4 * number + i))
                if len(value) > 98:
                    keys[at] = f"k{4 * number + i}"
        args = tuple((f, k, None if f == "r" else v) for f, k, v in done)
        if rng.random() < 0.02:
            ops.append(Operation(client, "txn", args, begin, "info", None, end))
        else:
            ops.append(Operation(client, "txn", args, begin, "ok", tuple(done), end))
    return History(ops)


def moments(rng: random.Random, count: int, clients: int) -> list[tuple]:
    """When each transaction happens, by whom, and when it begins and ends."""
    free = [0] * clients
    planned = []
    for number in range(count):
        client = number % clients
        begin = free[client] + rng.randint(0, 50)
        end = begin + rng.randint(1, 2000)
        free[client] = end + 1
        name = f"c{client}"
        planned.append((rng.randint(begin, end), name, begin, end))
    return planned
