"""EDN: the maps of a log one after another, each with the line in which it begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from distlab.check.formats.edn_values import (
    GAP,
    MAP,
    STRING,
    TAG,
    VALUE,
    VALUES,
    frozen,
    pairs,
    parsed,
    plain,
)
from distlab.check.formats.lines import Source

DEPTH_MAX = 60  # brackets within brackets
SIZE_MAX = 16_000_000  # characters of one map, as in `codec`

MARK = re.compile(rf'{STRING}|;[^\n]*|\\.|[\[\](){{}}]|"', re.DOTALL)
STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
BETWEEN = re.compile(rf"(?:[\s,]|{TAG})*")
ALONE = re.compile(rf"{GAP}[\[(]?{GAP}(?:{TAG})?{GAP}{MAP}{GAP}")  # on its line
FIRST = re.compile(rf"({VALUE})\s*(.*)")
CLOSES = {"]": "[", ")": "(", "}": "{"}


def maps(source: Source, progress: bool = False) -> Iterator[tuple[int, dict]]:
    """Each map of a log with the line in which it begins.

    They stand one after another, or in one vector or list. Raises `Misuse` for what
    is no map, or not closed.
    """
    scanner = Scanner(source)
    for number, line in source.lines(progress):
        alone = scanner.between and ALONE.fullmatch(line)
        if alone:
            scanner.opens(line, number)
            yield number, pairs(alone[1])
        else:
            for begun, text in scanner.forms(line, number):
                yield begun, read(text, source, begun)
    scanner.finish()


def read(text: str, source: Source, number: int) -> dict[str, Any]:
    """One map. Raises `Misuse` with the line in which it begins."""
    try:
        return plain(text)
    except ValueError:
        pass
    try:
        found = frozen(parsed(text), as_dict=True)
    except Exception as error:  # whatever a reader of others raises: it is unreadable
        why = str(error).split("\n")[0].strip(".") or type(error).__name__
        raise source.wrong(number, f"this is not EDN: {why[:120]}.") from None
    return found


def first(text: str, source: Source, number: int) -> tuple[Any, str]:
    """The value with which a text begins, and what follows it. Raises `Misuse`."""
    if plain := FIRST.fullmatch(text):
        return VALUES[plain[1]], plain[2]
    cut = end_of_value(text)
    scanner = Scanner(source)
    for _, form in scanner.forms(f"{{:value {text[:cut]}}}", number):
        return read(form, source, number).get(":value"), text[cut:].strip()
    scanner.finish()  # raises: the map has no end
    return None, ""


def end_of_value(text: str) -> int:
    """Where the first value of a text ends."""
    if text[:1] not in ("[", "(", "{", "#", '"'):
        return len(text.split(maxsplit=1)[0])
    depth = 0
    for mark in MARK.finditer(text):
        depth += (mark[0] in CLOSES.values()) - (mark[0] in CLOSES)
        if depth <= 0:
            return mark.end()
    return len(text)


class Scanner:
    """Finds where maps begin and end, line by line, and reads none of them."""

    def __init__(self, source: Source):
        self.source = source
        self.around: tuple[str, int] | None = None  # the vector around all maps
        self.done = False  # that vector was closed
        self.open: list[str] = []  # the brackets of the map that has begun
        self.parts: list[str] = []  # its text so far
        self.size = 0
        self.begun = 0  # its line
        self.in_string = False

    @property
    def between(self) -> bool:
        """Whether no map has begun."""
        return not self.open

    def opens(self, line: str, number: int) -> None:
        """Note the bracket around all maps, if a line with one map begins with it."""
        if (first := line.lstrip(" \t,")[:1]) in ("[", "("):
            self._bracket_outside(first, number)
        elif self.done:
            raise self.source.wrong(number, "the vector of maps had been closed.")

    def forms(self, line: str, number: int) -> Iterator[tuple[int, str]]:
        """The maps that end in this line, with the lines in which they begin."""
        at, start = self._after_string(line), 0
        while mark := MARK.search(line, at):
            at, text = mark.end(), mark[0]
            if self.between:
                start = self._outside(line, start, mark, number)
            elif text == '"':
                self.in_string = True
                break
            elif text in CLOSES.values():
                self._deeper(text, number)
            elif text in CLOSES:
                if self.open.pop() != CLOSES[text]:
                    raise self.source.wrong(number, f"a `{text}` that closes nothing.")
                if self.between:
                    yield self.begun, "".join((*self.parts, line[start:at]))
                    self.parts, self.size, start = [], 0, at
        if self.between:
            self._only_gaps(line[start:], number)
        else:
            self._keep(line[start:])

    def finish(self) -> None:
        """Raises `Misuse` for what has begun and not ended."""
        if self.open:
            raise self.source.wrong(self.begun, "a map begins here and has no end.")
        if self.around and not self.done:
            bracket, line = self.around
            raise self.source.wrong(
                line, f"a `{bracket}` begins here and has no end: was the log cut?"
            )

    def _after_string(self, line: str) -> int:
        """Where a string ends that began in an earlier line; 0 if there is none."""
        if not self.in_string:
            return 0
        end = STRING_END.match(line)
        self.in_string = end is None
        return end.end() if end else len(line)

    def _outside(self, line: str, start: int, mark: re.Match[str], number: int) -> int:
        """Where the text goes on after a mark between maps."""
        self._only_gaps(line[start : mark.start()], number)
        if mark[0][0] == ";":
            return mark.end()
        if mark[0] == "{":
            if self.done:
                raise self.source.wrong(number, "the vector of maps had been closed.")
            self.begun = number
            self._deeper("{", number)
            return mark.start()
        self._bracket_outside(mark[0], number)
        return mark.end()

    def _bracket_outside(self, text: str, number: int) -> None:
        if text in ("[", "(") and self.around is None:
            self.around = text, number
        elif self.around and not self.done and CLOSES.get(text) == self.around[0]:
            self.done = True
        else:
            raise self.source.wrong(number, expected(text))

    def _only_gaps(self, text: str, number: int) -> None:
        if not BETWEEN.fullmatch(text):
            raise self.source.wrong(number, expected(text))

    def _deeper(self, bracket: str, number: int) -> None:
        self.open.append(bracket)
        if len(self.open) > DEPTH_MAX:
            raise self.source.wrong(number, f"more than {DEPTH_MAX} brackets are open.")

    def _keep(self, text: str) -> None:
        self.parts.append(text)
        self.size += len(text)
        if self.size > SIZE_MAX:
            raise self.source.wrong(
                self.begun, f"a map of more than {SIZE_MAX:,} characters begins here."
            )


def expected(text: str) -> str:
    """What is wrong with a text between maps."""
    return f"{text.strip()[:40]!r}, where a map was expected, `{{:process 0, …}}`."
