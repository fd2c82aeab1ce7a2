"""How findings are told, in the notebook and in reports.

The claim, what was run, what came instead, the line of the answer that raised, advice,
the diagram of the shortest counterexample, and the line that runs it again. All of it
is text: it can be kept, and shown when nothing of the run is there any more.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from distlab.check.verdict import Verdict
from distlab.grade.document import Listing, harmless, listing
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


class Told(NamedTuple):
    """A finding in words, with the drawing of what shows it."""

    kind: str
    text: str  # the claim
    share: float  # of its points
    worth: float
    facts: tuple[tuple[str, str], ...] = ()
    words: str = ""
    svg: str = ""
    alt: str = ""
    public: int = 0  # cases that anybody may see
    hidden: int = 0  # cases that the key gives

    @property
    def points(self) -> float:
        """What this earns."""
        return self.share * self.worth

    @property
    def title(self) -> str:
        """The claim in a line, and how it ended if that is a word of its own."""
        said = f": {SAID[self.kind]}" if self.kind in SAID else ""
        return f"{SIGNS[self.kind]} {self.text}{said}"


def told(finding: Finding) -> Told:
    """What is to be said and shown of a finding."""
    drawn, claim = picture(finding), finding.claim
    return Told(
        finding.kind,
        claim.text,
        finding.share,
        claim.points,
        tuple(facts(finding)),
        words(finding, drawn),
        "" if drawn is None else drawn.svg,
        "" if drawn is None else drawn.alt,
        claim.public,
        claim.hidden,
    )


def picture(finding: Finding) -> Any:
    """The diagram of the evidence, or None where there is none to draw."""
    shown = finding.evidence
    if not isinstance(shown, (Trace, History)) or not len(shown):
        return None
    from distlab import show

    try:
        if isinstance(shown, Trace):
            return show.spacetime(shown, mark=finding.mark)
        verdict = finding.mark if isinstance(finding.mark, Verdict) else None
        return show.history(shown, verdict)
    except Exception:  # an answer can send what nobody has thought of drawing
        return None


def facts(finding: Finding) -> Iterator[tuple[str, str]]:
    """What there is to say about a claim that was not kept, each with its label."""
    if finding.kind == "kept":
        return
    unsolved = finding.kind == "unsolved"
    otherwise = "" if unsolved else SAID.get(finding.kind, "the opposite")
    labelled = {
        "ran": "" if unsolved else finding.ran,
        "came": finding.came or otherwise,
        "line": finding.line,
        "think": finding.advice,
        "again": "" if unsolved else finding.replay,
    }
    yield from ((label, harmless(said)) for label, said in labelled.items() if said)


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """The findings; an error that has been told is not told again."""
    once: list[Finding] = []
    for finding in findings:
        if any(alike(finding, earlier) for earlier in once):
            finding = Finding(finding.claim, finding.kind, finding.share, "as above")
        once.append(finding)
    return once


def alike(one: Finding, other: Finding) -> bool:
    """Whether the same line of the answer raised, or the same words say why not."""
    if one.kind != other.kind or one.kind not in ("raised", "unsolved"):
        return False
    return bool(one.line or one.came) and (
        one.came == other.came or "" != one.line == other.line
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


def as_text(finding: Told) -> str:
    """A finding as plain text."""
    lines = [finding.title]
    lines += [f"    {label:<9}{said}" for label, said in finding.facts]
    if finding.words:
        lines += ["", *(f"    {line}" for line in finding.words.splitlines())]
    return "\n".join(lines)


def as_html(finding: Told) -> str:
    """A finding as HTML that needs nothing from outside."""
    rows = "".join(
        f"<tr><th style='text-align:left;vertical-align:top'>{label}</th>"
        f"<td style='text-align:left'>{html.escape(said)}</td></tr>"
        for label, said in finding.facts
    )
    table = f"<table>{rows}</table>" if rows else ""
    drawn = listing(Listing(finding.words, finding.svg, finding.alt))
    shown = drawn if finding.words else ""
    return f"<p><b>{html.escape(finding.title)}</b></p>{table}{shown}"
