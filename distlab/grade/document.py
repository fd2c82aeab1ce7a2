"""Reports as blocks, each written twice: as a web page and as Markdown.

Whatever a learner has written comes in as text, and is made harmless here and nowhere
else: no tag, no link and no sign that steers a terminal comes out of it. Pictures are
images that hold their own data, so that nothing in them can run.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

TEXT_MAX = 1_000  # characters of one line


class Heading(NamedTuple):
    """A heading of level 1, 2 or 3."""

    level: int
    text: str


class Paragraph(NamedTuple):
    """A few sentences."""

    text: str


class Points(NamedTuple):
    """A list; one point, one line."""

    lines: Sequence[str]


class Link(NamedTuple):
    """A cell that leads to another page of the same folder."""

    text: str
    path: str


class Share(NamedTuple):
    """A cell that shows a part of a whole, as a figure and as a bar."""

    share: float


class Table(NamedTuple):
    """Rows below their heads; numbers stand to the right."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str | float | Link | Share]]


class Listing(NamedTuple):
    """Lines that keep their form, with a picture of the same if there is one."""

    lines: str
    svg: str = ""
    alt: str = ""


class Facts(NamedTuple):
    """What is said under a few labels."""

    pairs: Sequence[tuple[str, str]]


Block = Heading | Paragraph | Points | Table | Listing | Facts


def harmless(text: str) -> str:
    """Somebody else's text: not too long, without what steers a terminal."""
    shown = text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"
    if shown.isprintable():
        return shown
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in shown
    )


def line(text: str) -> str:
    """Harmless text in one line."""
    return harmless(text).replace("\n", " ")


def number(value: float) -> str:
    """`3`, `2.5`, `0.33`."""
    return f"{round(value, 2):g}"


# ----------------------------------------------------------------------------- Markdown
def markdown(blocks: Iterable[Block]) -> str:
    """The blocks as Markdown."""
    return "\n\n".join(map(in_markdown, blocks)) + "\n"


def in_markdown(block: Block) -> str:
    """One block as Markdown."""
    match block:
        case Heading(level, text):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text):
            return escaped(text)
        case Points(lines):
            return "\n".join(f"- {escaped(told)}" for told in lines)
        case Table(heads, rows):
            sides = ["--:" if right else ":--" for right in numeric(block)]
            cells = [list(heads), sides]
            cells += [[cell(value) for value in row] for row in rows]
            return "\n".join(f"| {' | '.join(row)} |" for row in cells)
        case Listing(lines, _, alt):
            return f"{escaped(alt)}\n\n{fenced(lines)}".lstrip()
        case Facts(pairs):
            return fenced("\n".join(f"{label:<9}{line(told)}" for label, told in pairs))


def fenced(lines: str) -> str:
    """Lines that stay inside of their fence, whatever they say."""
    longest = max(map(len, re.findall("`+", lines)), default=0)
    fence = "`" * max(3, 1 + longest)
    shown = "\n".join(map(harmless, lines.split("\n")))
    return f"{fence}text\n{shown}\n{fence}"


def numeric(table: Table) -> list[bool]:
    """Which columns hold numbers, and stand to the right."""
    first = table.rows[0] if table.rows else table.heads
    return [not isinstance(value, (str, Link)) for value in first]


def escaped(text: str) -> str:
    """Text of somebody else, made harmless in Markdown."""
    shown = html.escape(line(text), quote=False)
    return shown.replace("[", "&#91;").replace("|", "&#124;")


def cell(value: str | float | Link | Share) -> str:
    """A cell of a table in Markdown."""
    match value:
        case Link(text, path):
            return f"[{escaped(text)}]({path})"
        case Share(share):
            return f"{share:.0%} {'■' * round(10 * share)}"
        case str():
            return escaped(value)
    return number(value)


# --------------------------------------------------------------------------------- HTML
def web_page(title: str, blocks: Iterable[Block]) -> str:
    """A page that needs nothing from outside and runs nothing."""
    body = "\n".join(map(in_html, blocks))
    return PAGE.format(title=html.escape(line(title)), body=body)


def in_html(block: Block) -> str:
    """One block as HTML."""
    match block:
        case Heading(level, text):
            return f"<h{level}>{html.escape(line(text))}</h{level}>"
        case Paragraph(text):
            return f"<p>{html.escape(line(text))}</p>"
        case Points(lines):
            told = "".join(f"<li>{html.escape(line(text))}</li>" for text in lines)
            return f"<ul>{told}</ul>"
        case Table():
            return table_in_html(block)
        case Facts(pairs):
            told = "".join(
                f"<dt>{label}</dt><dd>{html.escape(line(text))}</dd>"
                for label, text in pairs
            )
            return f"<dl>{told}</dl>"
        case Listing():
            return listing(block)


def table_in_html(table: Table) -> str:
    """A table as HTML; a wide one moves in its place."""
    sides = [' class="number"' if right else "" for right in numeric(table)]
    heads = zip(sides, map(html.escape, table.heads), strict=True)
    head = "".join(f'<th scope="col"{side}>{told}</th>' for side, told in heads)
    body = "\n".join(f"<tr>{''.join(map(cell_in_html, r))}</tr>" for r in table.rows)
    inside = f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>"
    return f'<div class="wide"><table>\n{inside}\n</table></div>'


def cell_in_html(value: str | float | Link | Share) -> str:
    """A cell of a table in HTML."""
    match value:
        case Link(text, path):
            told = f'<a href="{html.escape(path)}">{html.escape(line(text))}</a>'
            return f"<td>{told}</td>"
        case Share(share):
            bar = f'<meter value="{share:.2f}"></meter>'
            return f'<td class="number">{bar} {share:.0%}</td>'
        case str():
            return f"<td>{html.escape(line(value))}</td>"
    return f'<td class="number">{number(value)}</td>'


def listing(block: Listing) -> str:
    """The picture, and its lines below for who needs them."""
    shown = "\n".join(map(harmless, block.lines.split("\n")))
    lines = f"<pre>{html.escape(shown)}</pre>"
    if not block.svg:
        return lines
    data = base64.b64encode(block.svg.encode(errors="backslashreplace")).decode()
    alt = html.escape(line(block.alt))
    image = f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
    same = f"<details><summary>The same in words</summary>{lines}</details>"
    return f"{image}{same}"


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 64em; margin: 2em auto;
       padding: 0 1em; }}
h2 {{ margin-top: 2em; border-bottom: 1px solid #8886; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; vertical-align: top; padding: .2em 1.2em .2em 0; }}
thead th {{ border-bottom: 1px solid #8886; white-space: nowrap; }}
th.number, .number {{ text-align: right; white-space: nowrap;
           font-variant-numeric: tabular-nums; }}
.wide, pre {{ overflow-x: auto; }}
dl {{ display: grid; grid-template-columns: max-content auto; gap: .1em 1.2em; }}
dt {{ opacity: .75; }}
dd {{ margin: 0; overflow-wrap: anywhere; }}
img {{ max-width: 100%; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
