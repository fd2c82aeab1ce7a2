"""The two ways to judge a register, beside each other and beside the plain search.

The histories are those of a register in one place whose clients are each busy with one
operation at a time, of 1 to 2,000 µs, half of them writes; of one write in fifty nobody
knows what became. Processor time is measured, so that other jobs of the machine disturb
less.

    python benchmarks/bench_linearizable.py            # prints the tables
    python benchmarks/bench_linearizable.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tables import table, write

from distlab.check.linearizable import BUDGET, Register, Search, registers
from distlab.history import History, Operation

STEPS = 20_000  # of the plain search, before it gives up


# ------------------------------------------------------------------------ the histories
def made(count: int, clients: int, seed: int, values: int | None = None) -> History:
    """What clients of a real register see; `values` many, each written again and again.

    An operation happens somewhere between its call and its end.
    """
    rng = random.Random(seed)
    free = [0] * clients
    planned = []
    for i in range(count):
        client = min(range(clients), key=free.__getitem__)
        begin = free[client] + rng.randint(0, 50)
        end = begin + rng.randint(1, 2000)
        free[client] = end + 1
        planned.append((rng.randint(begin, end), i, f"c{client}", begin, end))
    held, seen = None, []
    for _, i, client, begin, end in sorted(planned):
        if rng.random() < 0.5:
            held = rng.randrange(values) if values else i
            outcome = "info" if rng.random() < 0.02 else "ok"
            call = client, "write", ("x", held), begin
            seen.append(Operation(*call, outcome, None, end))
        else:
            seen.append(Operation(client, "read", ("x",), begin, "ok", held, end))
    return History(seen)


def spoilt(history: History, seed: int) -> History:
    """The same, but one late read returns what had been overwritten long before."""
    rng = random.Random(seed)
    reads = [i for i, op in enumerate(history) if op.f == "read"]
    victim = rng.choice(reads[len(reads) // 2 :])
    old = next(op for op in history if op.f == "write" and op.outcome == "ok")
    lie = history[victim]._replace(result=old.args[1])
    return History(lie if i == victim else op for i, op in enumerate(history))


# ----------------------------------------------------------------------------- the peer
class GivesUp(Exception):
    """The plain search has made all its steps."""


def plain(history: History) -> bool:
    """Wing and Gong's search, and nothing more: it remembers nothing."""
    steps = 0

    def explained(left: list[Operation], state: Register) -> bool:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise GivesUp
        certain = [op for op in left if op.outcome == "ok"]
        if not certain:
            return True
        for op in left:
            after = state.after(op)
            if after is None or any(o.before(op) for o in certain if o is not op):
                continue
            if explained([o for o in left if o is not op], after):
                return True
        return False

    return explained(list(history), Register())


def search(history: History) -> bool | None:
    return Search(history, Register(), BUDGET).explained


def zones(history: History) -> bool:
    return registers(history).valid


# --------------------------------------------------------------------- what is measured
def ms(judge: Callable, histories: list[History]) -> str:
    """The median of the processor time, or how many it gave up."""
    spent, gave_up = [], 0
    for history in histories:
        begun = time.process_time()
        try:
            gave_up += judge(history) is None
        except (GivesUp, RecursionError):
            gave_up += 1
        spent.append(1000 * (time.process_time() - begun))
    if 2 * gave_up > len(histories):
        return f"gives up ({gave_up} of {len(histories)})"
    return f"{statistics.median(spent):,.2f}"


def ways(rounds: int) -> Iterator[list[str]]:
    for count, clients in ((20, 3), (100, 3), (100, 8), (1000, 8), (1000, 32)):
        good = [made(count, clients, seed) for seed in range(rounds)]
        for kind, histories in (
            ("good", good),
            ("bad", [spoilt(h, seed) for seed, h in enumerate(good)]),
        ):
            # of a thousand operations it would only give up, slowly
            beside = "not tried" if count > 100 else ms(plain, histories)
            times = ms(zones, histories), ms(search, histories), beside
            yield [f"{kind}, {count:,} operations, {clients} clients", *times]


def growth(rounds: int, most: int) -> Iterator[list[str]]:
    count = 100
    while count <= most:
        histories = [made(count, 32, seed) for seed in range(rounds)]
        spent = float(ms(zones, histories).replace(",", ""))
        yield [f"{count:,}", f"{spent:,.1f}", f"{1000 * spent / count:.2f}"]
        count *= 10


def repeated(rounds: int) -> Iterator[list[str]]:
    for clients in (2, 4, 6, 8):
        histories = [made(200, clients, seed, values=5) for seed in range(rounds)]
        bad = [spoilt(history, seed) for seed, history in enumerate(histories)]
        visited = [Search(h, Register(), BUDGET).tried for h in histories]
        row = ms(search, histories), ms(search, bad), f"{max(visited):,}"
        yield [f"{clients} clients", *row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds, most = (3, 10_000) if arguments.quick else (9, 1_000_000)
    found = {
        "linearizable": table(
            ["history", "zones, ms", "search, ms", "plain search, ms"],
            list(ways(rounds)),
        ),
        "linearizable-growth": table(
            ["operations", "zones, ms", "µs an operation"],
            list(growth(min(rounds, 3), most)),
        ),
        "linearizable-repeated": table(
            ["200 operations by", "good, ms", "bad, ms", "configurations at most"],
            list(repeated(rounds)),
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
