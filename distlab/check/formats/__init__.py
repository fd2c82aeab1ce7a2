"""Histories from anywhere: of our own runs and yours, Jepsen, Porcupine, Maelstrom.

    >>> read("{:process 0, :type :invoke, :f :write, :value 3}"
    ...      "{:process 0, :type :ok, :f :write, :value 3}")
    History of 1 operations: 1 ok, 0 fail, 0 info

The format is recognised by itself. A log is read line by line; what is wrong with it is
told with its line.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from distlab.check.formats.lines import Source, source
from distlab.check.formats.reading import Reading
from distlab.errors import Misuse, did_you_mean
from distlab.history import History

FORMATS = {  # and the modules that read them, imported when they are needed
    "jsonl": "json_lines",
    "trace": "traces",
    "json": "json_maps",
    "jepsen": "jepsen",
    "etcd": "etcd",
    "porcupine": "porcupine",
    "maelstrom": "maelstrom",
}
EVENT = re.compile(r":type\s+:(invoke|ok|fail|info)\b")
KEY = re.compile(
    r":f\s+:(put|append|get)\b[^{}]*:key\b|:key\b[^{}]*:f\s+:(put|append|get)\b"
)
BROADCAST = re.compile(r":f\s+:(broadcast|echo|generate|send|poll)\b")
LOG_LINE = re.compile(
    r"^(?:.*\s)?(?:\d+|:\w+)\s+:(invoke|ok|fail|info)\s+:\S+", re.MULTILINE
)
JSON_MAP = re.compile(r'\s*\{\s*"')
TRACE = re.compile(r'\s*\{"nodes":')
JSON_LINE = re.compile(r'\s*\[\s*"')


def read(log: str | Path, format: str | None = None) -> History:
    """The history of a log: of a file, or of the text itself.

    `format` is one of `FORMATS`; without it the log says so itself. Raises `Misuse`
    with the line of what is wrong, and `OSError` for a file that may not be opened.
    """
    return reading(log, format).history


def reading(
    log: str | bytes | Path, format: str | None = None, progress: bool = False
) -> Reading:
    """The same, with the format, and with notes on what was left out or assumed."""
    where = source(log)
    if format is not None and format not in FORMATS:
        hint = did_you_mean(format, FORMATS) or f" There are: {', '.join(FORMATS)}."
        raise Misuse(f"there is no format `{format}`.{hint}")
    module = FORMATS[format or recognised_in(where)]
    reader = importlib.import_module(f"{__name__}.{module}")
    found: Reading = reader.read(where, progress)
    if not found.history:
        raise Misuse(f"{where.name} has no operation of a client.")
    return found


def recognised(text: str) -> str:
    """The format of a text, told by its first lines. Raises `Misuse` for others."""
    return recognised_in(Source("the text", text.encode()))


def recognised_in(where: Source) -> str:
    """The format of a log."""
    head = where.head()
    if JSON_LINE.match(head):
        return "jsonl"
    if TRACE.match(head):
        return "trace"
    if JSON_MAP.match(head):
        return "json"
    event, line = EVENT.search(head), LOG_LINE.search(head)
    if line and not (event and event.start(1) <= line.start(1)):
        return "etcd"
    if event:
        if KEY.search(head):
            return "porcupine"
        return "maelstrom" if BROADCAST.search(head) else "jepsen"
    for _ in where.lines():  # an empty file, another encoding: that is told instead
        break
    raise Misuse(
        f"{where.name} is in no format that is known here: {', '.join(FORMATS)}; look "
        f"at the first line, or say which it is."
    )
