"""The house style, as far as a machine can read it (the ideas are in CONTRIBUTING.md).

ruff holds the rest: 88 columns, a docstring on every public name, one format.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from distlab.show.beside import papers, tags_in

LIBRARY = Path(__file__).parent.parent / "distlab"
CHAPTERS = (
    "clocks replication partitioning transactions consensus bft blockchain membership "
    "coordination caching storage"
).split()
BLOCKS = ("Source", "Guarantees", "Assumes", "Costs", "Departs")
# What a set is asked for may not depend on the order in which it is walked.
ORDER_DOES_NOT_MATTER = set("all any frozenset len max min set sorted sum".split())


def protocol_files() -> list[Path]:
    return [
        path
        for chapter in CHAPTERS
        for path in sorted((LIBRARY / chapter).glob("*.py"))
        if path.stem != "__init__"
    ]


def name_of(path: Path) -> str:
    """As papers.toml and `distlab run` name it: `replication.single_leader`."""
    return ".".join(path.relative_to(LIBRARY).with_suffix("").parts)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# ------------------------------------------------------------------- what is looked for
def long_functions(source: str, most: int = 30) -> list[str]:
    """Functions whose body is longer; a signature with many names may be long too."""
    return [
        f"{node.name} has {lines} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := (node.end_lineno or 0) - node.body[0].lineno + 1) > most
    ]


def blocks(source: str) -> dict[str, str]:
    """The labelled blocks of a module's docstring, in their order."""
    told = ast.get_docstring(ast.parse(source)) or ""
    found = re.findall(r"^([A-Z]\w+)\n((?:    .*\n?|\n)+)", told, re.M)
    return {label: " ".join(block.split()) for label, block in found}


def loops_over_sets(source: str) -> list[str]:
    """Loops whose order would change with PYTHONHASHSEED."""
    tree = ast.parse(source)
    sets = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and re.match(r"(frozen)?set\b", ast.unparse(node.annotation))
        and isinstance(target := node.target, ast.Name)
    }
    harmless = {
        id(argument)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in ORDER_DOES_NOT_MATTER
        for argument in call.args
    }
    return [
        f"line {walked.lineno}: {ast.unparse(walked)}"
        for node, walked in walks(tree)
        if id(node) not in harmless and is_set(walked, sets)
    ]


def walks(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    """What is walked in order, and what walks it."""
    for node in ast.walk(tree):
        match node:
            case ast.For(iter=walked) | ast.Starred(value=walked):
                yield node, walked
            case ast.ListComp() | ast.GeneratorExp() | ast.DictComp():
                yield from ((node, part.iter) for part in node.generators)
            case ast.Call(
                func=ast.Name("tuple" | "list" | "next" | "iter" | "enumerate")
            ):
                yield from ((node, walked) for walked in node.args)
            case ast.Call(func=ast.Attribute(attr="send" | "choose" | "join")):
                yield from ((node, walked) for walked in node.args)


def is_set(node: ast.expr, sets: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name("set" | "frozenset")):
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in sets
        case ast.BinOp(left=left, op=ast.BitOr() | ast.BitAnd() | ast.Sub()):
            return is_set(left, sets) or is_set(node.right, sets)
    return False


def comments(source: str) -> list[tuple[str, bool]]:
    """Each comment, and whether it ends a `def` line, where it names a rule."""
    found = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        (token.string, bool(re.match(r" +def ", token.line)))
        for token in found
        if token.type == tokenize.COMMENT and "noqa" not in token.string
    ]


def unknown_rules(source: str, steps: Iterable[str]) -> list[str]:
    """Methods tagged with what is no step of the paper."""
    return [c for c, rule in comments(source) if rule and not tags_in(c, steps)]


def untold_steps(source: str, steps: Iterable[str]) -> list[str]:
    """Steps of the paper that no line of the code carries."""
    told = {tag for comment, _ in comments(source) for tag in tags_in(comment, steps)}
    return [step for step in steps if step not in told]


# -------------------------------------------------------------------------- the library
@pytest.mark.parametrize("path", sorted(LIBRARY.rglob("*.py")), ids=name_of)
def test_a_function_fits_half_a_screen(path: Path):
    assert long_functions(text_of(path)) == []


# ------------------------------------------------------------------------ the protocols
@pytest.mark.parametrize("path", protocol_files(), ids=name_of)
def test_a_protocol_file_is_two_screens(path: Path):
    assert len(text_of(path).splitlines()) <= 250


@pytest.mark.parametrize("path", protocol_files(), ids=name_of)
def test_a_protocol_says_its_source_its_promise_and_its_price(path: Path):
    told = blocks(text_of(path))
    assert tuple(told) == BLOCKS
    assert all(told.values())


@pytest.mark.parametrize("path", protocol_files(), ids=name_of)
def test_a_protocol_never_walks_a_set(path: Path):
    assert loops_over_sets(text_of(path)) == []


@pytest.mark.parametrize("path", protocol_files(), ids=name_of)
def test_the_steps_of_the_paper_and_the_tags_in_the_code_are_the_same(path: Path):
    steps = papers()[name_of(path)].steps
    assert unknown_rules(text_of(path), steps) == []
    assert untold_steps(text_of(path), steps) == []


def test_every_paper_that_is_listed_has_its_file():
    assert papers().keys() <= {name_of(path) for path in protocol_files()}


# --------------------------------------------------------------- and the tests can fail
def test_a_function_of_31_lines_is_found():
    assert long_functions("def f(\n    a,\n):\n" + "    x = 1\n" * 30) == []
    assert long_functions("def f():\n" + "    x = 1\n" * 31) == ["f has 31 lines"]


def test_a_missing_block_is_found():
    whole = '"""Idea.\n\n' + "".join(f"{b}\n    Something.\n" for b in BLOCKS) + '"""'
    assert tuple(blocks(whole)) == BLOCKS
    assert tuple(blocks(whole.replace("Costs\n    Something.\n", ""))) != BLOCKS


@pytest.mark.parametrize(
    "line",
    [
        "for node in {1, 2}: pass",
        "for node in set(nodes): pass",
        "x = [n for n in self.heard]",
        "x = tuple(self.heard)",
        "x = (*self.heard, 1)",
        "self.send(self.heard, Ack())",
        "self.send(self.heard - {1}, Ack())",
        "self.choose(2, {1, 2, 3})",
        "x = {n: 1 for n in self.heard}",
        "for i, n in enumerate(self.heard): pass",
        "x = ', '.join(self.heard)",
    ],
)
def test_a_loop_over_a_set_is_found(line: str):
    assert len(set(loops_over_sets("heard: set[str] = volatile(set())\n" + line))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "for node in self.nodes: pass",
        "x = sorted(self.heard)",
        "x = all(n > 1 for n in self.heard)",
        "x = {n + 1 for n in self.heard}",
        "x = len(self.heard)",
        "for node in sorted(self.heard): pass",
        "if node in self.heard: pass",
    ],
)
def test_what_asks_a_set_without_walking_it_in_order_is_allowed(line: str):
    assert loops_over_sets("heard: set[str] = volatile(set())\n" + line) == []


def test_a_tag_that_the_paper_does_not_know_and_a_step_without_code_are_found():
    source = "class A:\n    def on_x(self):  # Rule 2\n        y = 1  # why\n"
    assert unknown_rules(source, ["Rule 2"]) == untold_steps(source, ["Rule 2"]) == []
    assert unknown_rules(source, ["Rule 20"]) == ["# Rule 2"]
    assert untold_steps(source, ["Rule 2", "Rule 3"]) == ["Rule 3"]
