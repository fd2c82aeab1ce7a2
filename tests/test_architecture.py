"""Imports go down only: the floors of the house, read from the source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parent.parent / "distlab"
CHAPTERS = (
    "clocks replication partitioning transactions consensus bft blockchain membership "
    "coordination caching storage"
).split()
COMMANDS = (
    "__main__",
    "readme",
    "doctor",
    "execute",
    "explore_command",
    "judge",
    "lab",
    "simulate",
    "simulate_many",
)
FLOORS = {
    "vocabulary": 0,
    **dict.fromkeys((*CHAPTERS, "sim", "check"), 1),
    **dict.fromkeys(("show", "serve"), 2),
    "grade": 3,
    "commands": 4,
}
# A protocol neither waits, draws, looks at a clock nor opens a socket: runtimes do.
NOT_IN_CHAPTERS = {
    "asyncio",
    "concurrent",
    "datetime",
    "logging",
    "multiprocessing",
    "os",
    "random",
    "secrets",
    "socket",
    "threading",
    "time",
    "uuid",
}
# Half a second each, or more: imported inside the function that needs them.
HEAVY = {
    "IPython",
    "altair",
    "anywidget",
    "ipywidgets",
    "jsonschema",
    "jupyterlab",
    "nbformat",
    "numpy",
    "pandas",
    "scipy",
    "vl_convert",
}
NOT_A_NAME = {"utils", "util", "common", "helpers", "helper", "base", "misc"}


def sources() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts)


def room(module: str) -> str:
    """Which part of the house a module of distlab belongs to."""
    parts = module.split(".")[1:]
    if parts and parts[0] in FLOORS:
        return parts[0]
    return "commands" if parts and parts[0] in COMMANDS else "vocabulary"


def imports(module: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every module that is imported, anywhere in the file, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(module.split(".")[: -node.level]) if node.level else ""
            source = ".".join(filter(None, (above, node.module)))
            if source == "distlab":
                yield from (
                    (node.lineno, f"distlab.{alias.name}") for alias in node.names
                )
            else:
                yield node.lineno, source


def misplaced(module: str, source: str) -> list[str]:
    """What the module imports and may not, one sentence each."""
    mine, found = room(module), []
    for line, name in imports(module, ast.parse(source)):
        top = name.split(".")[0]
        if top == "distlab":
            theirs = room(name)
            down = FLOORS[theirs] < FLOORS[mine] or theirs == mine
        elif mine in CHAPTERS:
            known = top in sys.stdlib_module_names and top not in NOT_IN_CHAPTERS
            down = known or top == "numpy"
        else:
            down = True
        if not down:
            found.append(f"{module}, line {line}: {mine} may not import {name}")
    return found


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_imports_go_down_only(path: Path):
    assert misplaced(module_name(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("distlab.node", "from distlab.sim import Cluster"),
        ("distlab.node", "def f():\n    import distlab.show"),
        ("distlab.replication.single_leader", "import random"),
        ("distlab.replication.single_leader", "from time import sleep"),
        ("distlab.replication.single_leader", "import pandas"),
        ("distlab.replication.single_leader", "from distlab.consensus import raft"),
        ("distlab.replication.single_leader", "from distlab import sim"),
        ("distlab.replication.single_leader", "from ..check import verdict"),
        ("distlab.sim.cluster", "from distlab.check import sessions"),
        (
            "distlab.check.verdict",
            "from distlab import trace\nimport distlab.sim",
        ),
        ("distlab.show.spacetime", "from distlab.grade import practice"),
        ("distlab.grade.child", "import distlab.__main__"),
    ],
)
def test_an_import_that_goes_up_or_sideways_is_found(module: str, source: str):
    assert len(misplaced(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("distlab.replication.single_leader", "from distlab.node import Node"),
        ("distlab.replication.failover", "from .single_leader import Append"),
        ("distlab.replication.__init__", "from .single_leader import SingleLeader"),
        (
            "distlab.clocks.physical",
            "import numpy\nfrom typing import NamedTuple",
        ),
        ("distlab.show.spacetime", "from distlab.check.verdict import Verdict"),
        ("distlab.doctor", "import distlab.grade.command"),
    ],
)
def test_an_import_that_goes_down_is_allowed(module: str, source: str):
    assert misplaced(module, source) == []


def test_no_module_is_named_after_what_it_is_not():
    assert [p for p in sources() if {*p.parts[-2:], p.stem} & NOT_A_NAME] == []


def test_every_chapter_of_the_library_has_its_floor():
    rooms = {path.parent.name for path in sources() if path.parent.parent == LIBRARY}
    assert rooms <= FLOORS.keys()


def loaded_by(*modules: str) -> set[str]:
    """The top-level modules that a fresh process has after these imports."""
    code = f"import {', '.join(modules)}, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_the_vocabulary_loads_nothing_heavy():
    modules = [module_name(path).removesuffix(".__init__") for path in sources()]
    assert not loaded_by(*(m for m in modules if room(m) == "vocabulary")) & HEAVY


def test_importing_the_command_line_loads_nothing_heavy():
    assert not loaded_by("distlab.__main__") & HEAVY


@pytest.mark.parametrize("floor", ["sim", "check", "show", "grade"])
def test_importing_a_floor_loads_no_tables_charts_or_widgets(floor: str):
    if not (LIBRARY / floor).exists():
        pytest.skip(f"distlab.{floor} is not built yet")
    assert not loaded_by(f"distlab.{floor}") & (HEAVY - {"numpy"})
