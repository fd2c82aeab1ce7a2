"""`distlab readme`: the pages that are made from the course itself, or in part.

The map of README.md has a line for each lesson, as its first cell describes it. The
index, PROTOCOLS.md, has one for each step of a paper: what carries its tag, the tests
that name it in their docstring, the mutants that override its code. An empty cell is a
task.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distlab.folders import course_folder
from distlab.grade.index import lessons
from distlab.show.beside import Paper, papers, tags_in


class Row(NamedTuple):
    """One step of a paper, and where the course deals with it."""

    step: str
    words: str
    carriers: tuple[str, ...]  # methods and classes of the protocol
    tests: tuple[str, ...]
    mutants: tuple[str, ...]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab readme` can be told."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; leave with 1 if a page is out of date",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the pages anew, or say which of them are out of date."""
    course = course_folder()
    old = 0
    for name in PAGES:
        page = course / name
        before = page.read_text(encoding="utf-8")
        after = brought_up_to_date(before, course)
        if not arguments.check:
            page.write_text(after, encoding="utf-8")
        elif before != after:
            print(f"{name} is out of date: say `distlab readme`")
            old += 1
    return int(old > 0)


def brought_up_to_date(page: str, course: Path) -> str:
    """The text of a page, with what stands between its markers made afresh."""
    for name, make in PARTS.items():
        begin, end = f"<!-- {name}: made by `distlab readme` -->", f"<!-- /{name} -->"
        head, marked, rest = page.partition(begin)
        if marked:
            _, _, tail = rest.partition(end)
            page = f"{head}{begin}\n\n{make(course)}\n{end}{tail}"
    return page


def course_map(course: Path) -> str:
    """A table of the lessons: what each needs and takes, and its exercises."""
    lines = ["| lesson | you should know | it takes | |", "|:--|:--|:--|:--|"]
    for lesson in lessons(course):
        sheet = f"exercises/{lesson.file}"
        lines.append(
            f"| [{lesson.title}](notebooks/{lesson.file}) | {lesson.needs} | "
            f"{lesson.takes} | {f'[exercises]({sheet})' * (course / sheet).exists()} |"
        )
    return "\n".join(lines) + "\n"


def index(course: Path) -> str:
    """The index as Markdown: a table for each paper, in the order of papers.toml."""
    return "\n".join(table(course, module, paper) for module, paper in papers().items())


def table(course: Path, module: str, paper: Paper) -> str:
    """One paper: its citation, and a row for each step."""
    file = f"distlab/{module.replace('.', '/')}.py"
    lessons = ", ".join(
        f"[{path.stem}](notebooks/{path.name})" for path in using(course, module)
    )
    lines = [
        f"## [`{module}`]({file})\n",
        f"{paper.citation}. Lessons: {lessons or '–'}.\n",
        "| step | in our words | in the code | tests | mutants |",
        "|:--|:--|:--|--:|:--|",
    ]
    for row in rows(course, module, paper):
        cells = (
            row.step,
            row.words,
            ", ".join(f"`{name}`" for name in row.carriers),
            str(len(row.tests) or ""),
            ", ".join(f"`{name}`" for name in row.mutants),
        )
        lines.append(
            f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        )
    return "\n".join(lines) + "\n"


def rows(course: Path, module: str, paper: Paper) -> list[Row]:
    """A row for each step of the paper, in the paper's order."""
    source = (course / "distlab" / (module.replace(".", "/") + ".py")).read_text(
        "utf-8"
    )
    carriers = carriers_of(source, paper)
    trees = [ast.parse(path.read_text("utf-8")) for path in tests_of(course, module)]
    tests = [test for tree in trees for test in tests_in(tree)]
    mutants = [mutant for tree in trees for mutant in mutants_in(tree, source)]
    return [
        Row(
            step,
            words,
            tuple(carriers.get(step, ())),
            tuple(name for name, told in tests if names(told, step)),
            tuple(name for name, over in mutants if over & {*carriers.get(step, ())}),
        )
        for step, words in paper.steps.items()
    ]


def carriers_of(source: str, paper: Paper) -> dict[str, list[str]]:
    """For each step, the methods and classes with a line that carries its tag."""
    found: dict[str, list[str]] = {}
    tree = ast.parse(source)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            for step in tags_in(token.string, paper.steps):
                name = enclosing(tree, token.start[0])
                if name not in found.setdefault(step, []):
                    found[step].append(name)
    return found


def enclosing(tree: ast.AST, line: int) -> str:
    """The innermost function or class around a line."""
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return max(around, key=lambda node: node.lineno).name if around else "the module"


# ------------------------------------------------------------------- tests and lessons
def tests_of(course: Path, module: str) -> list[Path]:
    """The test files of a protocol: those of its chapter that import it."""
    chapter = course / "tests" / module.split(".")[0]
    imported = re.compile(rf"\bdistlab\.{re.escape(module)}\b")
    return [
        path
        for path in sorted(chapter.rglob("*.py"))
        if imported.search(path.read_text("utf-8"))
    ]


def tests_in(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The name and the docstring of each test."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def names(docstring: str, step: str) -> bool:
    """Whether a docstring names this step: `§5.1` is not in `§5.12` or `§5.1.2`."""
    return bool(re.search(rf"(?<!\w){re.escape(step)}(?!\w|\.\w|, \d)", docstring))


def mutants_in(tree: ast.AST, protocol: str) -> Iterator[tuple[str, set[str]]]:
    """Each subclass of a protocol in a test file, and the methods that it overrides."""
    parents = {
        node.name for node in ast.parse(protocol).body if isinstance(node, ast.ClassDef)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
            if bases & parents:
                own = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
                yield node.name, own


def using(course: Path, module: str) -> list[Path]:
    """The lessons whose code imports a protocol, or from it."""
    chapter, name = module.split(".")
    imported = re.compile(
        rf"\bdistlab\.{chapter}\.{name}\b|from distlab\.{chapter} import .*\b{name}\b"
    )
    notebooks = sorted(course.glob("notebooks/[0-9]*.ipynb"))
    return [path for path in notebooks if imported.search(code_of(path))]


def code_of(notebook: Path) -> str:
    """The code of a notebook, without its prose and outputs."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n".join(
        "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
    )


PAGES = ("README.md", "PROTOCOLS.md")
PARTS = {"map": course_map, "index": index}
