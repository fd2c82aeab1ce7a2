"""How findings are told, in the notebook and in reports: text, Markdown and HTML.

The claim, what was run, what came instead, the line of the answer that raised, advice,
the diagram of the shortest counterexample, and the line that runs it again.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Iterator
from typing import Any

from distlab.grade.examine import Finding
from distlab.history import History
from distlab.trace import Trace

SIGNS = {
    "kept": "✓",
    "partly": "◐",
    "broken": "✗",
    "unknown": "?",
    "unsolved": "○",
    "raised": "✗",
    "stopped": "✗",
}
SAID = {
    "unknown": "nobody could tell within the limits",
    "unsolved": "not solved yet",
    "raised": "it stopped with an error",
    "stopped": "it ran into a limit",
}
LINES_MAX = 60
TEXT_MAX = 1_000  # characters of one line


def picture(finding: Finding) -> Any:
    """The diagram of the evidence, or None where there is none to draw."""
    if not isinstance(finding.evidence, Trace) or not finding.evidence.steps:
        return None
    from distlab import show

    try:
        return show.spacetime(finding.evidence, mark=finding.mark)
    except Exception:  # an answer can send what nobody has thought of drawing
        return None


def facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """What there is to say about a claim that was not kept, each with its label."""
    if finding.kind == "kept":
        return
    unsolved = finding.kind == "unsolved"
    otherwise = "" if unsolved else SAID.get(finding.kind, "the opposite")
    told = {
        "ran": "" if unsolved else finding.ran,
        "came": finding.came or otherwise,
        "line": finding.line,
        "think": finding.advice,
        "again": "" if unsolved else finding.replay,
    }
    yield from ((label, harmless(said)) for label, said in told.items() if said)


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings; an error that has been told is not told again."""
    told: list[Finding] = []
    for finding in findings:
        if any(alike(finding, earlier) for earlier in told):
            finding = Finding(finding.claim, finding.kind, finding.share, "as above")
        told.append(finding)
    return told


def alike(one: Finding, other: Finding) -> bool:
    """Whether the same line of the answer raised, or the same words say why not."""
    if one.kind != other.kind or one.kind not in ("raised", "unsolved"):
        return False
    return bool(one.line or one.came) and (
        one.came == other.came or "" != one.line == other.line
    )


def harmless(text: str) -> str:
    """Somebody else's text: not too long, without what steers a terminal."""
    shown = text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode()
        for c in shown
    )


def words(finding: Finding, drawn: Any) -> str:
    """The evidence, or its picture, in words; cut where it gets long."""
    shown = finding.evidence if drawn is None else drawn
    if isinstance(shown, (Trace, History)):
        shown = shown.text()
    lines = [
        harmless(line) for line in str("" if shown is None else shown).splitlines()
    ]
    if len(lines) > LINES_MAX:
        lines[LINES_MAX:] = [f"… {len(lines) - LINES_MAX} more lines"]
    return "\n".join(lines)


def head(finding: Finding, points: bool) -> str:
    """The claim in a line; its points only where marks are given."""
    earned = f" ({finding.points:g} of {finding.claim.points:g})" if points else ""
    said = f": {SAID[finding.kind]}" if finding.kind in SAID else ""
    return f"{finding.claim.text}{earned}{said}"


def as_text(finding: Finding, points: bool = False) -> str:
    """A finding as plain text."""
    lines = [f"{SIGNS[finding.kind]} {head(finding, points)}"]
    lines += [f"    {label:<9}{said}" for label, said in facts(finding)]
    if shown := words(finding, picture(finding)):
        lines += ["", *(f"    {line}" for line in shown.splitlines())]
    return "\n".join(lines)


def as_markdown(finding: Finding, points: bool = False) -> str:
    """A finding as Markdown; whatever an answer says stays inside a fence."""
    told = "\n".join(as_text(finding, points).splitlines()[1:])
    title = f"- {SIGNS[finding.kind]} {head(finding, points)}\n"
    fence = "`" * max(3, 1 + longest_run("`", told))
    return f"{title}\n{fence}text\n{told}\n{fence}\n" if told.strip() else title


def longest_run(sign: str, text: str) -> int:
    """How many of a sign stand in a row at most."""
    longest = run = 0
    for character in text:
        run = run + 1 if character == sign else 0
        longest = max(longest, run)
    return longest


def as_html(finding: Finding, points: bool = False) -> str:
    """A finding as HTML that needs nothing from outside."""
    title = f"{SIGNS[finding.kind]} {html.escape(head(finding, points))}"
    rows = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{label}</th>"
        f"<td style='text-align:left'>{html.escape(said)}</td></tr>"
        for label, said in facts(finding)
    )
    table = f"<table>{rows}</table>" if rows else ""
    return f"<p><b>{title}</b></p>{table}{drawn(finding)}"


def drawn(finding: Finding) -> str:
    """The diagram as an image inside the page, its words below for who needs them."""
    found = picture(finding)
    text = words(finding, found)
    listing = f"<pre>{html.escape(text)}</pre>" if text else ""
    if found is None:
        return listing
    data = base64.b64encode(found.svg.encode(errors="backslashreplace")).decode()
    alt = html.escape(found.alt, quote=True)
    image = f'<img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
    return f"{image}<details><summary>The same in words</summary>{listing}</details>"
