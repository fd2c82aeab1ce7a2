"""A protocol beside its paper, and what a variant adds to another.

The paper's steps are kept in `papers.toml`, in our words. The code says where each step
happens by a tag: a comment at the end of a line that begins with the step's name.

    def on_append(self, src, msg):  # Step 3
        self.log = self.log.append(msg.entry)  # Step 3.1: before anybody hears of it

A tag on a `def` or an `if` stands for all of it, any other for its one statement. What
is shown is read from the code each time, so that page and code cannot drift apart.
"""

from __future__ import annotations

import ast
import difflib
import functools
import html
import io
import re
import textwrap
import tokenize
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import NamedTuple

from distlab.errors import Misuse, did_you_mean
from distlab.show.listing import (
    SMALL,
    Listing,
    Member,
    bases,
    compared,
    first_line,
    highlighted,
    members,
    neighbours,
    own_members,
)

MISSING = "(missing)"
LOOK = "text-align: left; vertical-align: top; font-weight: normal"
STEP, CODE = (f'style="{LOOK}; width: {share}%"' for share in (28, 72))


class Paper(NamedTuple):
    """Where a protocol comes from, and its steps by the paper's own labels."""

    title: str
    authors: str
    venue: str
    year: int
    steps: Mapping[str, str]  # {"Step 3": "what it says, in our words"}

    @property
    def citation(self) -> str:
        """`Authors, "Title", venue, year`."""
        return f'{self.authors}, "{self.title}", {self.venue}, {self.year}'


@functools.cache
def papers() -> dict[str, Paper]:
    """Every entry of `papers.toml`, by module: "replication.single_leader"."""
    return read_papers(resources.files("distlab").joinpath("papers.toml").read_text())


def read_papers(text: str) -> dict[str, Paper]:
    """The entries of such a file. Raises `Misuse` for one that lacks something."""
    known = {}
    for module, entry in tomllib.loads(text).items():
        if wrong := set(entry) ^ set(Paper._fields):
            raise Misuse(
                f"papers.toml, [{module!r}]: `{min(wrong)}` is missing or unknown; an "
                f"entry has {', '.join(Paper._fields)}."
            )
        known[module] = Paper(**entry)
    return known


# ------------------------------------------------------------------ beside the paper
def beside(protocol: type, yours: Iterable[str] = ()) -> Listing:
    """The steps of the paper, each with the code that carries its tag.

    A step that no code carries is `(missing)`; of the methods in `yours`, which a
    learner is to write, only the head is shown. Raises `Misuse` for a class of which no
    entry of `papers.toml` tells.
    """
    module, paper = paper_of(protocol)
    found = tagged(protocol, paper.steps, tuple(yours))
    title = f"{protocol.__name__} beside {paper.citation}"
    text, rows = [title], []
    for tag, words in paper.steps.items():
        code = "\n\n".join(found.get(tag, [MISSING]))
        told = textwrap.fill(f"{tag}. {words}", 86)
        text.append(f"{told}\n\n{textwrap.indent(code, '    ')}")
        left = f"<strong>{html.escape(tag)}</strong><br>{html.escape(words)}"
        rows.append(f'<tr><th {STEP} scope="row">{left}</th>{_cell(code)}</tr>')
    return Listing(
        "\n\n".join(text),
        f'<table style="table-layout: fixed; width: 100%">'
        f"<caption>{html.escape(title)}</caption>"
        f"<thead><tr><th {STEP}>in our words</th><th {CODE}>{html.escape(module)}</th>"
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table>",
    )


def _cell(code: str) -> str:
    inside = f"<em>{code}</em>" if code == MISSING else highlighted(code, SMALL)
    return f"<td {CODE}>{inside}</td>"


def paper_of(protocol: type) -> tuple[str, Paper]:
    """The entry of a class, or of its nearest base that has one, and whose it is."""
    modules = [base.__module__.removeprefix("distlab.") for base in protocol.__mro__]
    for module in modules:
        if module in papers():
            return module, papers()[module]
    raise Misuse(
        f"papers.toml has no entry for {protocol.__name__} of {modules[0]!r}: write "
        f"one, with the steps of its paper.{did_you_mean(modules[0], papers())}"
    )


def tagged(
    protocol: type, tags: Iterable[str], yours: tuple[str, ...] = ()
) -> dict[str, list[str]]:
    """For each tag, the pieces of code that carry it.

    A method without a tag that overrides one with a tag takes its place. What the class
    and its bases lack is looked for in the rest of their modules: messages, clients.
    """
    tags = tuple(tags)
    found: dict[str, list[str]] = {}
    for member in members(protocol).values():
        marks = list(marked(member.text, tags)) or _inherited(protocol, member, tags)
        for tag, code in marks if not is_hole(member.text) else ():
            shown = head(member.text) if member.name in yours else code
            found.setdefault(tag, []).append(_without_tags(shown, tags))
    rest = tuple(tag for tag in tags if tag not in found)
    for text in neighbours(protocol):
        for tag, code in marked(text, rest):
            found.setdefault(tag, []).append(_without_tags(code, tags))
    return found


def marked(text: str, tags: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each tag in a piece of code, with the statement that it stands for."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            for tag in tags_in(token.string, tags):
                yield tag, _statement_at(text, token.start[0])


def tags_in(comment: str, tags: Iterable[str]) -> list[str]:
    """The steps that a comment names: one, `Rule 1: why`, or several, `Rule 1; Rule 2`.

    >>> tags_in("# Rule 1; Rule 12: or clocks would stand still", ["Rule 1", "Rule 12"])
    ['Rule 1', 'Rule 12']
    """
    longest_first = sorted(tags, key=len, reverse=True)
    found = []
    for words in comment.lstrip("# ").split(";"):
        for tag in longest_first:  # `§5.1` is not in `§5.12`, nor in `§5.1.2`
            if re.match(rf"\s*{re.escape(tag)}(?!\w|\.\w|, \d)", words):
                found.append(tag)
                break
    return found


def _statement_at(text: str, line: int) -> str:
    """The innermost statement with this line, under the headers above it."""
    lines = text.splitlines()
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.stmt))
    around = [node for node in nodes if first_line(node) <= line <= _last(node)]
    inner = max(around, key=first_line)
    code = lines[first_line(inner) - 1 : _last(inner)]
    shown = []
    for node in sorted(around, key=first_line):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node is not inner:
            shown += lines[node.lineno - 1 : first_line(node.body[0]) - 1]
            if not first_line(node.body[0]) <= line <= _last(node.body[0]):
                shown.append(f"{' ' * node.body[0].col_offset}…")
    return "\n".join([*shown, *code]) if shown else textwrap.dedent("\n".join(code))


def _last(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _inherited(
    protocol: type, member: Member, tags: tuple[str, ...]
) -> list[tuple[str, str]]:
    """The tags on the `def` lines that this method overrides, for this method."""
    for base in bases(protocol):
        above = own_members(base).get(member.name)
        if above and base.__name__ != member.owner:
            marks = [t for t, code in marked(above.text, tags) if code == above.text]
            if marks:
                return [(tag, member.text) for tag in marks]
    return []


def _without_tags(code: str, tags: tuple[str, ...]) -> str:
    """The code without the comments that are a step's name and nothing more."""
    kept = []
    for line in code.splitlines():
        before, mark, comment = line.rpartition("#")
        names = {words.strip() for words in comment.split(";")}
        kept.append(before.rstrip() if mark and names <= set(tags) else line)
    return "\n".join(kept)


def is_hole(text: str) -> bool:
    """Whether a method is still to be written: only `...` or `raise Exercise(…)`."""
    method = ast.parse(text).body[0]
    if not isinstance(method, ast.FunctionDef):
        return False
    body = method.body[1:] if ast.get_docstring(method) else method.body
    written = [ast.unparse(statement) for statement in body]
    return all(re.match(r"\.\.\.$|raise Exercise\b", line) for line in written)


def head(text: str) -> str:
    """A method without what it does: its first line and its docstring."""
    method = ast.parse(text).body[0]
    assert isinstance(method, ast.FunctionDef)
    told = method.body[0] if ast.get_docstring(method) else None
    upto = _last(told) if told else first_line(method.body[0]) - 1
    return "\n".join([*text.splitlines()[:upto], "    …  # yours, in the exercises"])


# ------------------------------------------------------------------ what a variant adds
def diff(old: type, new: type, yours: Iterable[str] = ()) -> Listing:
    """What `new` adds to `old` and takes away, one field or method at a time.

    What is the same in both is folded to its names; of the methods in `yours`, which a
    learner is to write, only the head is shown.
    """
    tags = tuple(step for cls in (old, new) for step in _steps(cls))
    before, after = _texts(old, tags, tuple(yours)), _texts(new, tags, tuple(yours))
    lines, same = [f"{old.__name__} → {new.__name__}"], list[str]()
    for name in dict.fromkeys([*after, *before]):
        one, other = before.get(name, []), after.get(name, [])
        if one == other:
            same.append(name)
        else:
            lines += [*_folded(same), "", *_changes(one, other)]
            same = []
    lines += _folded(same)
    return Listing("\n".join(lines), compared(lines))


def _steps(cls: type) -> Iterator[str]:
    """The names of the steps of a class and of its bases."""
    for base in cls.__mro__:
        paper = papers().get(base.__module__.removeprefix("distlab."))
        yield from paper.steps if paper else ()


def _texts(
    cls: type, tags: tuple[str, ...], yours: tuple[str, ...]
) -> dict[str, list[str]]:
    """The lines of each member, without the names of steps: they are no difference."""
    found = {m.name: m.text for m in members(cls).values()}
    texts = {n: head(text) if n in yours else text for n, text in found.items()}
    return {n: _without_tags(text, tags).splitlines() for n, text in texts.items()}


def _folded(names: list[str]) -> list[str]:
    if not names:
        return []
    told = textwrap.wrap(f"the same in both: {', '.join(names)}", 84)
    return ["", *(f"  {line}" for line in told)]


def _changes(old: list[str], new: list[str]) -> list[str]:
    """Each line with its sign: all of them, since methods are short."""
    lines = []
    match = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, i, j, k, n in match.get_opcodes():
        if kind == "equal":
            lines += [f"  {line}" for line in old[i:j]]
        else:
            lines += [f"- {line}" for line in old[i:j]]
            lines += [f"+ {line}" for line in new[k:n]]
    return lines
