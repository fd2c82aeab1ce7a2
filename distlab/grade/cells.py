"""The cells of a notebook, and their text as Python, whatever befell the file.

Of any version of the format and in any encoding; with what was cut off put together
again, and margins, prompts and Jupyter's own commands taken out.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

from distlab.errors import DistlabError

FILE_BYTES_MAX = 20_000_000  # a sheet with pictures in its outputs is a few megabytes
CODE_BYTES_MAX = 500_000
CELLS_MAX = 2_000
CUTS_MAX = 20  # cells that are put together again
MAGIC = re.compile(r"^(\s*)(?:[\w.,][\w.,\s]*=\s*)?[%!?].*$|^(\s*)\S.*\?\s*$")
PROMPT = re.compile(r"^([ \t]*)(?:>>>|\.\.\.)(?: |$)", re.MULTILINE)
PYTHON_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


class Unreadable(DistlabError):
    """A file that is not a notebook."""


class Cell(NamedTuple):
    """One cell as it stands in the file."""

    place: str  # "code cell 3", as a reader counts
    kind: str
    source: str


def read_cells(path: Path) -> list[Cell]:
    """The cells of a notebook of any version. Raises `Unreadable`."""
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        raise Unreadable(
            f"{path.name} has {size / 1e6:.0f} MB: clear the outputs of large cells, "
            f"and hand in less than {FILE_BYTES_MAX / 1e6:.0f} MB."
        )
    try:
        notebook = json.loads(decoded(path.read_bytes()))
    except (ValueError, RecursionError):
        raise Unreadable(
            f"{path.name} is not a notebook: it does not hold JSON. Save it in "
            f"JupyterLab and hand in that file."
        ) from None
    cells = [read_cell(cell) for cell in raw_cells(notebook)]
    if not cells:
        raise Unreadable(f"{path.name} has no cells: hand in the sheet itself.")
    length = sum(len(source) for _, source in cells)
    if length > CODE_BYTES_MAX or len(cells) > CELLS_MAX:
        raise Unreadable(
            f"{path.name} holds more code than a person writes: shorten it."
        )
    counts = dict.fromkeys((kind for kind, _ in cells), 0)
    numbered = []
    for kind, source in cells:
        counts[kind] += 1
        numbered.append(Cell(f"{kind} cell {counts[kind]}", kind, source))
    return numbered


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 as it should be, UTF-16, or what old editors write."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeDecodeError:
        return content.decode("cp1252")


def raw_cells(notebook: Any) -> list[Any]:
    """The list of cells, where versions 4 and 3 of the format keep it."""
    if not isinstance(notebook, dict):
        return []
    found = notebook.get("cells")
    if found is None:
        sheets = notebook.get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        found = first.get("cells") if isinstance(first, dict) else None
    return found if isinstance(found, list) else []


def read_cell(cell: Any) -> tuple[str, str]:
    """The kind and the text of a cell; what is malformed counts as empty."""
    if not isinstance(cell, dict):
        return "raw", ""
    kind, source = cell.get("cell_type"), cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    known = kind if kind in ("code", "markdown") else "raw"
    return known, source if isinstance(source, str) else ""


def joined(cells: Iterable[Cell]) -> list[Cell]:
    """The cells; what was cut off from the one before stands there again."""
    whole: list[Cell] = []
    cuts = 0
    for cell in cells:
        before = whole[-1] if whole else cell
        if whole and cuts < CUTS_MAX and is_cut_off(before, cell):
            whole[-1] = before._replace(source=f"{before.source}\n{cell.source}")
            cuts += 1
        else:
            whole.append(cell)
    return whole


def is_cut_off(before: Cell, rest: Cell) -> bool:
    """Whether a class or function of the cell before goes on here.

    Its head may stand there without a body, or this be indented. Jupyter takes margins
    away, so only what makes no sense without them is taken for a rest.
    """
    indented = rest.source.lstrip("\n")[:1] in (" ", "\t")
    if before.kind != "code" or rest.kind != "code" or not indented:
        return False
    head, body = parsed(before.source), parsed(dedent(rest.source))
    if isinstance(parsed(f"{before.source}\n{rest.source}"), str):
        return False
    if isinstance(head, str) or not head.body:
        return isinstance(head, str)
    returns = isinstance(body, ast.Module) and any(
        isinstance(statement, ast.Return) for statement in body.body
    )
    return isinstance(head.body[-1], ast.ClassDef) or returns


def parsed(source: str) -> ast.Module | str:
    """The syntax tree, or what is wrong."""
    try:
        return ast.parse(source)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, MemoryError, RecursionError):
        return "it is nested too deeply or holds characters that no program has"


def as_jupyter_reads(source: str) -> str:
    """The same lines as Jupyter reads them: margins, prompts and odd spaces gone.

    Its own commands (`%time`, `!ls`, `x?`) are replaced.
    """
    pasted = source.lstrip("\ufeff").replace("\u00a0", " ")
    first, *rest = dedent(PROMPT.sub(r"\1", pasted)).split("\n")
    if first.startswith(PYTHON_MAGICS):
        first = "pass"
    elif first.startswith("%%"):
        return "pass"
    return "\n".join(MAGIC.sub(r"\1\2pass", line) for line in (first, *rest))
