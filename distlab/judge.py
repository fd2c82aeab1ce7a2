"""`distlab check`: judge histories from anywhere, from the command line.

    distlab check history.edn --property sequential
    distlab check logs/*.log --model cas-register --timeout-s 60

What is printed begins with the outcome. Then comes what was read, what was assumed
because nobody said it, and what was left out.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill

from distlab.check.formats import FORMATS, reading
from distlab.check.formats.events import NO_TIMES
from distlab.check.formats.reading import Reading
from distlab.check.limits import Limits
from distlab.check.placing import placed
from distlab.check.properties import MODELS, PROPERTIES, guessed, judge, known, usual
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.history import History

EXIT_CODES = """\
exit codes, of several properties or logs the worst, in the order 3, 1, 2, 0:
  0  valid: the history has the property
  1  invalid: it has not, and the evidence is shown
  2  unknown: a limit was passed, or nothing tells; or the command was used wrongly
  3  a log cannot be read, or not as what was asked for
"""
YOUR_OWN = """\
a system of your own writes a line of JSON when a call begins and when it ends:
  {"process": "alice", "type": "invoke", "f": "write", "key": "x", "value": 3}
  {"process": "alice", "type": "ok", "f": "write", "key": "x", "value": 3}
`type` may be fail (it did not happen) or info (nobody knows); "time" is nanoseconds
(12000000), seconds (0.012) or as in ISO 8601 ("2026-01-31T12:00:00.012Z")
"""
ALL = "all"  # properties
CODES = {"valid": 0, "invalid": 1, "unknown": 2, "unreadable": 3}
WORST_FIRST = ("unreadable", "invalid", "unknown", "valid")
USUAL = Limits()
WIDTH = 88


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be said about logs."""
    parser.epilog = "\n".join(
        [
            wrapped(f"models: {', '.join(MODELS)}", next="  "),
            wrapped(f"properties: {ALL}, {', '.join(PROPERTIES)}", next="  "),
            wrapped(f"formats: {', '.join(FORMATS)}", next="  "),
            "",
            YOUR_OWN,
            EXIT_CODES,
        ]
    )
    add = parser.add_argument
    add("logs", nargs="+", metavar="FILE", help="a log; - is the standard input")
    add("--model", metavar="NAME", help="what was called (guessed from it)")
    add("--property", metavar="NAME", help="what was promised (the usual of the model)")
    add("--format", metavar="NAME", help="how the log is written (seen in it)")
    for name, kind, most in (
        ("--timeout-s", float, USUAL.time_s),
        ("--steps", int, USUAL.steps),
        ("--memory-mb", float, USUAL.memory_mb),
    ):
        told = f"at most; past it nothing is known ({most:,})"
        add(name, type=kind, default=most, metavar="N", help=told)
    add("--svg", type=Path, metavar="OUT", help="draw the history and the verdict")


def run(arguments: argparse.Namespace) -> int:
    """Judge each log. Raises `Misuse` for what cannot be meant."""
    for name, names in (
        ("model", MODELS),
        ("property", PROPERTIES),
        ("format", FORMATS),
    ):
        if (asked := getattr(arguments, name)) not in (None, ALL):
            known(asked, names, name)
    if arguments.svg and len(arguments.logs) > 1:
        raise Misuse("--svg draws one log: give one.")
    limits = Limits(arguments.steps, arguments.timeout_s, arguments.memory_mb)
    outcomes: Counter[str] = Counter()
    for number, log in enumerate(arguments.logs):
        if number:
            print()
        outcomes[judged(log, arguments, limits)] += 1
    if len(arguments.logs) > 1:
        counts = ", ".join(f"{outcomes[o]} {o}" for o in WORST_FIRST[::-1])
        print(f"\n{len(arguments.logs)} logs: {counts}")
    return next(CODES[outcome] for outcome in WORST_FIRST if outcomes[outcome])


def judged(log: str, arguments: argparse.Namespace, limits: Limits) -> str:
    """Judge one log, print what was found, and give the outcome."""
    try:
        where = sys.stdin.buffer.read() if log == "-" else Path(log)
        read = reading(where, arguments.format, progress=True)
        model = arguments.model or guessed(read.history)
        property = arguments.property or usual(model)
        found = verdicts(read.history, property, model, limits)
    except (Misuse, OSError) as unreadable:
        sys.stdout.flush()
        print(f"distlab check: {told(unreadable, log)}", file=sys.stderr)
        return "unreadable"
    for name, one in found.items() if len(found) > 1 else ():
        print(f"{one.outcome.upper():<8} {name}")
    verdict = most_telling(list(found.values()))
    print(as_text(verdict, () if read.unit == "ms" else (NO_TIMES,)))
    for line in account(log, read):
        print(wrapped(line, "  ", "    "))
    told_by = {"model": arguments.model, "property": arguments.property}
    names = {"model": model, "property": property}
    assumed = [f"{name} {names[name]}" for name in names if not told_by[name]]
    if assumed:
        print(f"  Assumed: {', '.join(assumed)}.")
    if verdict.unknown:
        print("  Limits are raised by --timeout-s, --steps and --memory-mb.")
    if arguments.svg:
        draw(read, found, arguments.svg)
    return verdict.outcome


def verdicts(
    history: History, property: str, model: str, limits: Limits
) -> dict[str, Verdict]:
    """The verdict that was asked for, or those on all properties, strongest first."""
    if property == ALL:
        return placed(history, model, limits)
    return {property: judge(history, property, model, limits)}


def most_telling(found: list[Verdict]) -> Verdict:
    """The weakest promise that is broken, or that nobody knows of; or the first."""
    for outcome in ("invalid", "unknown"):
        if those := [one for one in found if one.outcome == outcome]:
            return those[-1]
    return found[0]


def as_text(verdict: Verdict, before: tuple[str, ...] = ()) -> str:
    """A verdict: its outcome first, the reason in lines that fit, the evidence.

    `before` is what one must know to read the reason.
    """
    head = f"{verdict.outcome.upper()}  {verdict.property}  ({verdict.strength})"
    evidence = [f"    {op}" for op in verdict.evidence]
    return "\n".join([head, *before, wrapped(verdict.reason), *evidence])


def wrapped(text: str, first: str = "", next: str = "") -> str:
    """A text in lines of one width; no word, path or number is broken."""
    return fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=next,
        break_long_words=False,
        break_on_hyphens=False,
    )


def account(log: str, read: Reading) -> Iterator[str]:
    """What was read, and what a reader of the verdict must know about it."""
    clients = counted(len(read.history.processes), "client")
    yield f"{log}, format {read.format}: {read.history!r}, of {clients}."
    yield from (note for note in read.notes if note != NO_TIMES)


def draw(read: Reading, found: dict[str, Verdict], out: Path) -> None:
    """Write a picture: of the cycle, or the history; of many verdicts, the map."""
    from distlab import show

    verdict = most_telling(list(found.values()))
    if len(found) > 1:
        picture = show.models(found)
    elif verdict.cycle:
        picture = show.cycle(verdict)
    else:
        picture = show.history(read.history, verdict, unit=read.unit)
    picture.save(out)
    print(f"  Drawn: {out}.")


def told(unreadable: Exception, log: str) -> str:
    """Why a log cannot be judged, in a sentence."""
    if isinstance(unreadable, OSError):
        return f"{log}: {unreadable.strerror or unreadable}."
    sentence = str(unreadable)
    return sentence if log in sentence else f"{log}: {sentence}"
