"""Code to be read: found wherever it was written, taken apart, and highlighted.

Before Python 3.13 `inspect` finds no source for a class written in a notebook cell, but
it knows the methods; they lead to the cell, and the cell has the class.
"""

from __future__ import annotations

import ast
import functools
import html
import inspect
import linecache
import sys
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.node import Node

# Behind the characters, light enough for dark text and dark enough for light text.
UNBROKEN = "white-space: pre; overflow-x: auto; background: none"
SMALL = f"{UNBROKEN}; font-size: 11px"  # 88 columns fit beside something else
CHANGES = {
    "+": ("ins", "rgba(0, 158, 115, 0.22)"),
    "-": ("del", "rgba(213, 94, 0, 0.22)"),
}


class Listing:
    """Code as HTML in a notebook, and as text everywhere else."""

    def __init__(self, text: str, page: str):
        self.text = text
        self.html = page

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}


class Member(NamedTuple):
    """One statement of a class body: a method, a field, a name."""

    owner: str  # the class it is written in
    name: str
    text: str


def source(*things: Any) -> Listing:
    """The code of classes, methods or functions, also of those written in a cell.

    `source(Paxos.on_prepare, Paxos.on_accept)` shows one after the other. Raises
    `Misuse` for what has no Python code.
    """
    text = "\n\n".join(map(source_text, things))
    return Listing(text, highlighted(text))


def source_text(thing: Any) -> str:
    """The code as it was written, moved to the left edge."""
    if isinstance(thing, type):
        return class_text(thing)
    try:
        return textwrap.dedent(inspect.getsource(thing)).rstrip()
    except (OSError, TypeError):
        raise Misuse(
            f"no Python code is known for {thing!r}: give a class, method or function "
            f"that was written in a file or in a cell of this notebook."
        ) from None


@functools.lru_cache(maxsize=256)
def class_text(cls: type) -> str:
    """The code of a class: from its file, or from the cell that it was written in."""
    try:
        return textwrap.dedent(inspect.getsource(cls)).rstrip()
    except (OSError, TypeError):
        pass
    for lines in _cells_of(cls):
        text = "".join(lines)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
                return statement_text(lines, node)
    raise Misuse(
        f"the code of {cls.__name__} is not known: write it in a file or in a cell of "
        f"this notebook, and run that cell again."
    )


def _cells_of(cls: type) -> Iterator[list[str]]:
    """The cells in which a class may have been written, the likeliest first."""
    files = [
        member.__code__.co_filename
        for member in vars(cls).values()
        if inspect.isfunction(member) and member.__module__ == cls.__module__
    ]
    if cls.__module__ == "__main__":  # nothing but fields: the latest cell that fits
        files += [name for name in reversed(linecache.cache) if "ipykernel" in name]
    for name in dict.fromkeys(files):
        lines = linecache.getlines(name)
        if any(f"class {cls.__name__}" in line for line in lines):
            yield lines


def statement_text(lines: list[str], node: ast.stmt) -> str:
    """The lines of one statement, decorators and closing comment included."""
    code = lines[first_line(node) - 1 : node.end_lineno]
    return textwrap.dedent("".join(code)).rstrip()


def first_line(node: ast.stmt) -> int:
    """Where a statement begins: at its first decorator, if it has one."""
    above = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in above)])


# ---------------------------------------------------------------- a class, taken apart
def members(cls: type) -> dict[str, Member]:
    """The fields and methods of a class as they are in force, in the order of the code.

    Those of its bases count too, up to `Node`; an override stands in the place of what
    it overrides.
    """
    found: dict[str, Member] = {}
    for base in reversed(bases(cls)):
        found.update(own_members(base))
    return found


def bases(cls: type) -> list[type]:
    """The class and the bases that say what it does, the class first."""
    return [base for base in cls.__mro__ if base not in Node.__mro__]


def own_members(cls: type) -> dict[str, Member]:
    """The statements of the class body itself, without its docstring."""
    text = class_text(cls)
    lines = text.splitlines(keepends=True)
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.ClassDef)
    return {
        name: Member(cls.__name__, name, statement_text(lines, statement))
        for statement in definition.body
        if (name := _name(statement))
    }


def neighbours(cls: type) -> Iterator[str]:
    """What else stands in the modules of a class and its bases: messages, clients."""
    mine = {base.__name__ for base in bases(cls)}
    for module in dict.fromkeys(base.__module__ for base in bases(cls)):
        if not (file := getattr(sys.modules.get(module), "__file__", None)):
            continue
        lines = linecache.getlines(file)
        for statement in ast.parse("".join(lines)).body:
            if not (isinstance(statement, ast.ClassDef) and statement.name in mine):
                yield statement_text(lines, statement)


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.AnnAssign(target=target) | ast.Assign(targets=[target, *_]):
            return ast.unparse(target)
    return ""


# ------------------------------------------------------------------------- as a page
def highlighted(text: str, style: str = UNBROKEN) -> str:
    """Python as HTML, by the classes that JupyterLab's themes give colours to."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    look = HtmlFormatter(cssclass="highlight", prestyles=style)
    page = str(highlight(text, PythonLexer(), look))
    return page.replace('<span class="err">…</span>', "…")  # what is left out


def compared(lines: Iterable[str]) -> str:
    """Lines that begin with `+` or `-` as HTML: the ground says it once more."""
    page = []
    for line in lines:
        tag, ground = CHANGES.get(line[:1], ("span", "none"))
        style = f"background: {ground}; color: inherit; text-decoration: none"
        page.append(f'<{tag} style="{style}">{html.escape(line)}</{tag}>\n')
    return f'<div class="highlight"><pre style="{UNBROKEN}">{"".join(page)}</pre></div>'
