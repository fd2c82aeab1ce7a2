"""Linearizability: the ways to judge a register beside each other, and logs of stores.

Histories are made by an object in one place whose clients are each busy with one
operation at a time, so they are right; in the bad ones late reads return what had been
overwritten. Processor time is measured, so that other jobs of the machine disturb less.

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

from distlab.check.configurations import Search
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.events import Call
from distlab.history import History, Operation
from distlab.machine import Cell, KeyValue, Machine, Register, Texts

STEPS = 5_000  # of each search, before it gives up
LIMITS = Limits(STEPS)
KEYS = KeyValue()
PROCESSES = 5  # of an etcd log


# ------------------------------------------------------------------------ the histories
def made(count: int, clients: int, seed: int, values: int | None = None) -> History:
    """What clients of a real register see; `values` many, each written again and again.

    Half of the operations are writes; of one in fifty of those nobody knows.
    """
    rng = random.Random(seed)
    held, seen = None, []
    for i, client, begin, end in planned(count, clients, rng):
        if rng.random() < 0.5:
            held = rng.randrange(values) if values else i
            outcome = "info" if rng.random() < 0.02 else "ok"
            call = client, "write", ("x", held), begin
            seen.append(Operation(*call, outcome, None, end))
        else:
            seen.append(Operation(client, "read", ("x",), begin, "ok", held, end))
    return History(seen)


def planned(
    count: int, clients: int, rng: random.Random
) -> list[tuple[int, str, int, int]]:
    """Who calls when, in the order in which it happens between call and end."""
    free = [0] * clients
    plan = []
    for i in range(count):
        client = min(range(clients), key=free.__getitem__)
        begin = free[client] + rng.randint(0, 50)
        end = begin + rng.randint(1, 2000)
        free[client] = end + 1
        plan.append((rng.randint(begin, end), i, f"c{client}", begin, end))
    return [operation for _, *operation in sorted(plan)]


def spoilt(history: History, seed: int) -> History:
    """The same, but one late read returns what had been overwritten long before."""
    rng = random.Random(seed)
    reads = [i for i, op in enumerate(history) if op.f == "read"]
    victim = rng.choice(reads[len(reads) // 2 :])
    old = next(op for op in history if op.f == "write" and op.outcome == "ok")
    lie = history[victim]._replace(result=old.args[1])
    return History(lie if i == victim else op for i, op in enumerate(history))


def etcd_log(seed: int, stale: float) -> History:
    """Like a log of Jepsen's etcd test: reads, writes and cas of the values 0 to 4.

    Now and then the store is sick and most operations time out. Of the writes of which
    nobody knows then, every other one has happened; their processes are followed by
    others. A read returns an older value with the probability `stale`.
    """
    rng = random.Random(seed)
    values, ops = [None], []
    busy, sick, begun, at = {}, False, 0, 0
    names = list(range(PROCESSES))
    while begun < 85 or busy:
        at += 1
        sick ^= rng.random() < 0.03
        place = rng.randrange(PROCESSES)
        if place not in busy and begun < 85:
            begun += 1
            f, many = rng.choice([("read", 0), ("write", 1), ("cas", 2)])
            args = tuple(rng.randrange(5) for _ in range(many))
            busy[place] = f, args, at, rng.random() < (0.7 if sick else 0.02)
        elif place in busy:
            f, args, begin, lost = busy.pop(place)
            call = f"p{names[place]}", f, args, begin
            if not lost:
                result = happens(values, f, args)
                if f == "read" and rng.random() < stale:
                    result = rng.choice(values[-3:])
                ops.append(Operation(*call, "ok", result, at))
                continue
            names[place] += PROCESSES
            if f == "read":
                ops.append(Operation(*call, "fail", None, at))
            else:
                ops.append(Operation(*call))
                if rng.random() < 0.5:
                    happens(values, f, args)
    return History(ops)


def happens(values: list, f: str, args: tuple) -> object:
    """What an operation gives, and does to a register that remembers its values."""
    value, result = Register().apply(values[-1], Call(f, args))
    if value != values[-1]:
        values.append(value)
    return result


def kv_log(seed: int, again: bool, stale: float) -> History:
    """Like Porcupine's logs: 2,000 gets, puts and appends by 50 clients, on 10 keys.

    Where texts are put `again`, a get does not tell which put it saw.
    """
    rng = random.Random(seed)
    contents: dict[str, list[str]] = {str(key): [""] for key in range(10)}
    ops = []
    for i, client, begin, end in planned(2000, 50, rng):
        key = rng.choice(sorted(contents))
        texts = contents[key]
        luck = rng.random()
        if luck < 0.5:
            seen = rng.choice(texts) if rng.random() < stale else texts[-1]
            ops.append(Operation(client, "get", (key,), begin, "ok", seen, end))
            continue
        f = "append" if luck < 0.9 else "put"
        text = rng.choice("ab") if again and f == "put" else f"x {client} {i} y"
        texts.append(texts[-1] + text if f == "append" else text)
        ops.append(Operation(client, f, (key, text), begin, "ok", None, end))
    return History(ops)


# ----------------------------------------------------------------------------- the peer
class GivesUp(Exception):
    """The plain search has made all its steps."""


def plain(history: History, machine: Machine = KEYS) -> bool:
    """Wing and Gong's search, and nothing more: it remembers nothing."""
    steps = 0

    def explained(left: list[Operation], state: object) -> bool:
        nonlocal steps
        steps += 1
        if steps > STEPS:
            raise GivesUp
        certain = [op for op in left if op.outcome == "ok"]
        if not certain:
            return True
        for op in left:
            if any(o.before(op) for o in certain if o is not op):
                continue
            after, result = machine.apply(state, Call(op.f, op.args))
            told = op.outcome == "ok" and machine.tells(op.f, op.result)
            if told and result != op.result:
                continue
            if explained([o for o in left if o is not op], after):
                return True
        return False

    happened = [op for op in history if op.outcome != "fail"]
    return explained(happened, machine.initial)


def search(history: History) -> bool | None:
    return searched(history).run().explained


def searched(history: History) -> Search:
    return Search(tuple(history), Cell(), LIMITS.meter(), keyed=True)


def search_log(history: History) -> bool | None:
    ops = tuple(op for op in history if op.outcome != "fail")
    return Search(ops, Register(), LIMITS.meter(), keyed=False).run().explained


def verdict(history: History, machine: Machine = KEYS) -> bool | None:
    found = linearizable(history, machine, LIMITS)
    return None if found.unknown else found.valid


# --------------------------------------------------------------------- what is measured
def spent_ms(judge: Callable, histories: list[History]) -> tuple[list[float], list]:
    """The processor time for each, and what was said; None: it gave up."""
    spent, said = [], []
    for history in histories:
        begun = time.process_time()
        try:
            said.append(judge(history))
        except (GivesUp, RecursionError):
            said.append(None)
        spent.append(1000 * (time.process_time() - begun))
    return spent, said


def ms(judge: Callable, histories: list[History]) -> str:
    """The median of the processor time, or how many it gave up."""
    spent, said = spent_ms(judge, histories)
    if 2 * said.count(None) > len(said):
        return f"gives up ({said.count(None)} of {len(said)})"
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
            times = ms(verdict, histories), ms(search, histories), beside
            yield [f"{kind}, {count:,} operations, {clients} clients", *times]


def repeated(rounds: int) -> Iterator[list[str]]:
    for clients in (2, 4, 8, 12, 16):
        histories = [made(200, clients, seed, values=5) for seed in range(rounds)]
        bad = [spoilt(history, seed) for seed, history in enumerate(histories)]
        tried = []
        for history in histories:
            one = searched(history)
            one.run()
            tried.append(one.meter.steps)
        row = ms(search, histories), ms(verdict, bad), f"{max(tried):,}"
        yield [f"{clients} clients", *row]


def logs(rounds: int) -> Iterator[list[str]]:
    verdict(etcd_log(0, 0), Register())  # loads what is loaded on demand
    for kind, stale in (("good", 0), ("one read in seven may be stale", 1 / 7)):
        histories = [etcd_log(seed, stale) for seed in range(100)]
        for what, judge in (
            ("search alone", search_log),
            ("verdicts", lambda h: verdict(h, Register())),
        ):
            yield row(f"a hundred etcd logs, {kind}: {what}", judge, histories, sum)
    for again, how in ((False, "texts differ"), (True, "some are put again")):
        for kind, stale in (("good", 0), ("bad", 0.01)):
            histories = [kv_log(seed, again, stale) for seed in range(rounds)]
            what = f"a key-value log, {kind}, {how}"
            yield row(what, lambda h: verdict(h, Texts()), histories, statistics.median)


def row(
    what: str, judge: Callable, histories: list[History], total: Callable
) -> list[str]:
    spent, said = spent_ms(judge, histories)
    counts = [f"{said.count(outcome)}" for outcome in (True, False, None)]
    return [what, f"{total(spent):,.1f}", f"{max(spent):,.1f}", *counts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="less exact")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 9
    found = {
        "linearizable": table(
            ["history", "verdict, ms", "search, ms", "plain search, ms"],
            list(ways(rounds)),
        ),
        "linearizable-repeated": table(
            ["200 operations by", "good, ms", "bad, ms", "configurations at most"],
            list(repeated(rounds)),
        ),
        "linearizable-logs": table(
            ["what", "ms", "the slowest, ms", "valid", "invalid", "unknown"],
            list(logs(rounds)),
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
