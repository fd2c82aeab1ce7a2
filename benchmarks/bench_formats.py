"""Reading logs: how fast, in which format, and how much memory a large one takes.

The logs are those of made up stores: a register, texts by key, transactions. The peer
is `edn_format` alone, with its parser made once: what is used for every map that is not
plain. Processor time is measured, so that other jobs of the machine disturb less.

    python benchmarks/bench_formats.py            # prints the tables
    python benchmarks/bench_formats.py --write    # and puts them into README.md
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tables import table, write

from distlab.check import formats
from distlab.check.formats.edn_values import parsed

EVENTS = 20_000
LARGE_BYTES = 100_000_000


# ----------------------------------------------------------------------------- the logs
def register(rng: random.Random) -> tuple[str, str, str]:
    """What a register is asked: f, the value of the call, that of the end."""
    f = rng.choice(["read", "write", "cas"])
    number = str(rng.randrange(5))
    told = {"read": "nil", "write": number, "cas": f"[{number} {rng.randrange(5)}]"}[f]
    return f, told, number if f == "read" else told


def transaction(rng: random.Random) -> tuple[str, str, str]:
    """Four micro-operations on lists."""
    begun, ended = [], []
    for _ in range(4):
        key = rng.randrange(100)
        if rng.random() < 0.5:
            begun.append(f"[:append {key} {rng.randrange(10**6)}]")
            ended.append(begun[-1])
        else:
            begun.append(f"[:r {key} nil]")
            ended.append(f"[:r {key} [{' '.join(map(str, range(8)))}]]")
    return "txn", f"[{' '.join(begun)}]", f"[{' '.join(ended)}]"


def key_value(rng: random.Random) -> tuple[str, str, str]:
    """A put, an append or a get of one of ten keys."""
    f, key = (
        rng.choice(["put", "append", "get"]),
        f':key "{rng.randrange(10)}", :value ',
    )
    text = f'"x {rng.randrange(50)} y"'
    return f, key + ("nil" if f == "get" else text), key + text


Ask = Callable[[random.Random], tuple[str, str, str]]


def events(ask: Ask, seed: int = 1) -> Iterator[tuple[int, str, str, str, int]]:
    """Process, kind, f, value and time of one event after another, by 20 clients."""
    rng = random.Random(seed)
    busy: dict[int, tuple[str, str]] = {}
    time_ns = 0
    while True:
        process = rng.randrange(20)
        time_ns += rng.randrange(100_000)
        if process in busy:
            yield process, "ok", *busy.pop(process), time_ns
        else:
            f, begun, ended = ask(rng)
            busy[process] = f, ended
            yield process, "invoke", f, begun, time_ns


def in_edn(event: tuple[int, str, str, str, int]) -> str:
    process, kind, f, value, time_ns = event
    return (
        f"{{:type :{kind}, :f :{f}, :value {value}, :time {time_ns}, "
        f":process {process}}}\n"
    )


def in_porcupines(event: tuple[int, str, str, str, int]) -> str:
    process, kind, f, value, _ = event
    return f"{{:process {process}, :type :{kind}, :f :{f}, {value}}}\n"


def in_a_log(event: tuple[int, str, str, str, int]) -> str:
    process, kind, f, value, _ = event
    return f"INFO  jepsen.util - {process}\t:{kind}\t:{f}\t{value}\n"


LOGS: dict[str, tuple[Ask, Callable[..., str]]] = {
    "jepsen, a register": (register, in_edn),
    "jepsen, transactions": (transaction, in_edn),
    "porcupine, texts": (key_value, in_porcupines),
    "etcd, a register": (register, in_a_log),
}


def log(name: str, count: int) -> str:
    ask, told = LOGS[name]
    source = events(ask)
    return "".join(told(next(source)) for _ in range(count))


# ----------------------------------------------------------------------- measuring them
def us_each(work: Callable[[], object], count: int, runs: int = 5) -> list[float]:
    """Processor time for each of `count` events, of several runs."""
    found = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        found.append((time.process_time() - begin) / count * 1e6)
    return found


def rates() -> str:
    rows = []
    for name in LOGS:
        text = log(name, EVENTS)
        ours = us_each(lambda text=text: formats.read(text), EVENTS)
        row = [name, f"{statistics.median(ours):.1f}", spread(ours)]
        if name.startswith("etcd"):
            rows.append([*row, "", ""])
            continue
        maps = text.splitlines()[: EVENTS // 10]
        peer = us_each(lambda maps=maps: [parsed(one) for one in maps], len(maps))
        rows.append([*row, f"{statistics.median(peer):.0f}", spread(peer)])
    history = formats.read(log("jepsen, a register", EVENTS))
    lines = history.to_jsonl()
    ours = us_each(lambda: formats.read(lines), 2 * len(history))
    rows.append(["jsonl, a register", f"{statistics.median(ours):.1f}", spread(ours)])
    rows[-1] += ["", ""]
    heads = ["log", "µs an event", "range", "`edn_format`, µs a map", "range"]
    return table(heads, rows)


def spread(found: list[float]) -> str:
    return f"{min(found):.1f} to {max(found):.1f}"


def large() -> str:
    """A log of 100 MB, read in a process of its own."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name in list(LOGS)[:2]:
            path = Path(folder) / "large.edn"
            ask, told = LOGS[name]
            source = events(ask)
            with path.open("w") as file:
                while file.tell() < LARGE_BYTES:
                    file.writelines(told(next(source)) for _ in range(1000))
            done = subprocess.run(
                [sys.executable, __file__, "--one", path],
                capture_output=True,
                text=True,
                check=True,
            )
            rows.append([name, *done.stdout.split()])
    return table(
        ["log of 100 MB", "operations", "processor, s", "most memory, MB"], rows
    )


def one(path: Path) -> None:
    """Read a log; print operations, seconds and megabytes."""
    begin = time.process_time()
    count = len(formats.read(path))
    took_s = time.process_time() - begin
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:,} {took_s:.1f} {most_mb:,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into README.md")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        one(arguments.one)
        return
    readme = Path(__file__).parent / "README.md"
    for name, made in {"formats": rates, "formats-large": large}.items():
        text = made()
        print(f"{text}\n")
        if arguments.write:
            write(readme, name, text)


if __name__ == "__main__":
    main()
