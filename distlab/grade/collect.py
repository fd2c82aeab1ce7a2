"""What a learner wrote, taken from the notebook by reading it, never by running it.

A sheet comes back split, reordered, with cells copied, retyped or without their ids. So
an answer is looked for by its name in everything that defines something at the top
level: functions, classes, imports and constants. The last one of a name wins, as in a
notebook run from top to bottom. Experiments (calls, loops, widgets) are not collected.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from distlab.grade.cells import Cell, as_jupyter_reads, joined, parsed, read_cells
from distlab.grade.server import defined_by

IMPORTS = frozenset(
    "__future__ abc bisect collections copy dataclasses decimal distlab enum fractions "
    "functools hashlib heapq itertools json math numbers numpy operator re statistics "
    "string typing".split()
)
MAKERS = frozenset("NamedTuple TypeVar frozenset namedtuple range set tuple".split())


class Statement(NamedTuple):
    """One thing that is defined at the top level."""

    cell: str  # the place of its cell
    line: int  # of its cell, where `text` begins
    names: tuple[str, ...]
    node: ast.stmt
    text: str


class Sheet:
    """What one notebook defines, in the order of its cells, and what is unreadable."""

    def __init__(self, imports: frozenset[str] = IMPORTS) -> None:
        self.imports = imports
        self.sources: dict[str, str] = {}
        self.statements: list[Statement] = []
        self.remarks: list[str] = []
        self.unparsed: dict[str, tuple[str, str]] = {}  # a cell: why, and its source
        self.refused: dict[str, str] = {}  # a name that an import would have given: why

    def last(self, name: str) -> Statement | None:
        """The definition of `name` that wins."""
        found = (s for s in reversed(self.statements) if name in s.names)
        return next(found, None)

    def lost(self, name: str) -> str | None:
        """Which cell seems to define `name` and is not Python, and why; or None."""
        begins = re.compile(rf"^(class|def)\s+{name}\b|^{name}\s*=", re.MULTILINE)
        for place, (why, source) in self.unparsed.items():
            if begins.search(source):
                return f"`{name}` stands in {place}, which is not Python: {why}"
        return None

    def lineage(self, name: str) -> list[Statement]:
        """A class and those of its bases that are in the sheet, the furthest first."""
        found: list[Statement] = []
        wanted = [name]
        for statement in reversed(self.statements):
            node = statement.node
            if isinstance(node, ast.ClassDef) and node.name in wanted[:1]:
                found.insert(0, statement)
                wanted = [base.id for base in node.bases if isinstance(base, ast.Name)]
        return found

    def methods(self, name: str) -> list[str]:
        """What a class and its bases in the sheet define."""
        classes = (statement.node for statement in self.lineage(name))
        bodies = (s for cls in classes for s in getattr(cls, "body", ()))
        return list(dict.fromkeys(n for s in bodies for n in defined_by(s)))

    @property
    def names(self) -> frozenset[str]:
        """Everything that is defined."""
        return frozenset(name for s in self.statements for name in s.names)


def collect(path: Path, also: Iterable[str] = ()) -> Sheet:
    """Read a notebook; `also` are further modules that its answers may import.

    Raises `Unreadable` where the file is no notebook.
    """
    cells = joined(read_cells(path))
    sheet = Sheet(IMPORTS.union(also))
    # What was retyped into text comes first, so that any cell of code wins over it.
    for cell in sorted(cells, key=lambda cell: cell.kind == "code"):
        if cell.kind == "code":
            add_code(sheet, cell)
        else:
            add_retyped(sheet, cell)
    return sheet


def add_code(sheet: Sheet, cell: Cell) -> None:
    """Add what a cell of code defines, or why it cannot be read."""
    source = cell.source
    tree = parsed(source)
    if isinstance(tree, str):
        source = as_jupyter_reads(source)
        tree = parsed(source)
    if isinstance(tree, str):
        sheet.unparsed[cell.place] = tree, source
        sheet.remarks.append(f"{cell.place} is left out, it is not Python: {tree}.")
    else:
        add_statements(sheet, cell, source, tree)


def add_retyped(sheet: Sheet, cell: Cell) -> None:
    """A cell of text that is Python was a cell of code once; prose does not parse."""
    tree = parsed(cell.source)
    if isinstance(tree, ast.Module) and any(map(names_of, tree.body)):
        sheet.remarks.append(f"{cell.place} is read as code: it is Python.")
        add_statements(sheet, cell, cell.source, tree)


def add_statements(sheet: Sheet, cell: Cell, source: str, tree: ast.Module) -> None:
    """Add the statements of a cell that define something an answer may use."""
    sheet.sources[cell.place] = source
    lines = source.encode().splitlines(keepends=True)
    for node in tree.body:
        if refused := refused_imports(node, sheet.imports):
            sheet.refused.update(dict.fromkeys(names_of(node), refused))
        elif names := names_of(node):
            line, text = text_of(node, lines)
            sheet.statements.append(Statement(cell.place, line, names, node, text))


def text_of(node: ast.stmt, lines: list[bytes]) -> tuple[int, str]:
    """The text of a statement, decorators included, and the line where it begins."""
    decorators = getattr(node, "decorator_list", None)
    first = decorators[0] if decorators else node
    own = lines[first.lineno - 1 : node.end_lineno]
    own[-1] = own[-1][: node.end_col_offset]
    own[0] = own[0][first.col_offset :]  # second: it may be the same line
    return first.lineno, f"{'@' if decorators else ''}{b''.join(own).decode()}"


def refused_imports(node: ast.stmt, allowed: frozenset[str]) -> str | None:
    """Why this import is not given to an answer, or None."""
    match node:
        case ast.Import(names=aliases):
            modules = [alias.name for alias in aliases]
        case ast.ImportFrom(module=module, level=level):
            modules = [f"{'.' * level}{module or ''}"]
        case _:
            return None
    for module in modules:
        if module.split(".")[0] not in allowed or module.startswith("distlab.grade"):
            return f"`{module}` is not among what an answer may import"
    return None


def names_of(node: ast.stmt) -> tuple[str, ...]:
    """What a statement defines: nothing, if it is an experiment."""
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case ast.Import(names=aliases):
            return tuple(a.asname or a.name.split(".")[0] for a in aliases)
        case ast.ImportFrom(names=aliases):
            return tuple(a.asname or a.name for a in aliases)
        case ast.Assign(targets=targets, value=value) if is_constant(value):
            return tuple(name for target in targets for name in targets_in(target))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            return tuple(targets_in(target)) if is_constant(value) else ()
    return ()


def targets_in(target: ast.expr) -> Iterator[str]:
    """The names that an assignment sets."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name):
            yield node.id


def is_constant(value: ast.expr) -> bool:
    """Whether nothing is called here but what makes a plain value or a fault."""
    if isinstance(value, ast.Lambda):
        return True
    return all(
        isinstance(node.func, ast.Name)
        and (node.func.id in MAKERS or node.func.id[:1].isupper())
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
    ) and not any(isinstance(node, RUNS) for node in ast.walk(value))


RUNS = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
