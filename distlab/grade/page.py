"""How findings are told, in the notebook and in reports: text, Markdown and HTML.

What was run, what was expected, what came instead, a line of advice, the diagram of the
shortest counterexample, and the line that runs it again.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator
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


def picture(finding: Finding) -> Any:
    """The diagram of the evidence, or None where it is no trace."""
    if not isinstance(finding.evidence, Trace) or not finding.evidence.steps:
        return None
    from distlab import show

    return show.spacetime(finding.evidence, mark=finding.mark)


def facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """What there is to say about a claim that was not kept, each with its label."""
    if finding.kind in ("kept", "unsolved"):
        return
    yield "ran", finding.ran
    yield "expected", finding.claim.text
    yield "came", finding.came or SAID.get(finding.kind, "the opposite")
    if finding.advice:
        yield "think", finding.advice
    yield "again", finding.replay


def words(finding: Finding) -> str:
    """The evidence in words, cut where it gets long."""
    drawn = picture(finding)
    if drawn is not None:
        lines = str(drawn).splitlines()
    elif isinstance(finding.evidence, History):
        lines = finding.evidence.text().splitlines()
    else:
        lines = str("" if finding.evidence is None else finding.evidence).splitlines()
    left = len(lines) - LINES_MAX
    return "\n".join(
        [*lines[:LINES_MAX], *([f"… {left} more lines"] if left > 0 else [])]
    )


def head(finding: Finding, points: bool) -> str:
    """The claim in a line; its points only where marks are given."""
    earned = f" ({finding.points:g} of {finding.claim.points:g})" if points else ""
    said = f": {SAID[finding.kind]}" if finding.kind in SAID else ""
    return f"{finding.claim.text}{earned}{said}"


def as_text(finding: Finding, points: bool = False) -> str:
    """A finding as plain text."""
    lines = [f"{SIGNS[finding.kind]} {head(finding, points)}"]
    lines += [f"    {label:<9}{said}" for label, said in facts(finding)]
    if shown := words(finding):
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
    image, shown = "", words(finding)
    if (found := picture(finding)) is not None:
        data = base64.b64encode(found.svg.encode()).decode()
        image = (
            f'<img alt="{html.escape(found.alt, quote=True)}" '
            f'src="data:image/svg+xml;base64,{data}">'
        )
    text = f"<pre>{html.escape(shown)}</pre>" if shown else ""
    if image and text:
        text = f"<details><summary>The same in words</summary>{text}</details>"
    return image + text
