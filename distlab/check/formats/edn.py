"""EDN: the maps of a log, each with its line, as plain values.

    >>> plain('{:process 0, :f :cas, :value [1 nil]}')
    {':process': 0, ':f': ':cas', ':value': (1, None)}

A keyword keeps its colon, `":ok"`, vectors and lists become tuples, sets and maps
sorted ones, of members and of pairs, and tags (`#jepsen.history.Op`) are taken off.
Maps of numbers, keywords, nil, plain strings and vectors, which is nearly all that logs
are made of, are read here; `edn_format` reads every other, in ten times the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

from distlab.check.formats.lines import Source

DEPTH_MAX = 60  # brackets within brackets
SIZE_MAX = 16_000_000  # characters of one map, as in `codec`
KEEP_MAX = 10_000  # values that are made once: keywords, small numbers
KEEP_LENGTH = 6  # letters of those: a time hardly ever comes again

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
TAG = r"#[A-Za-z][\w.*+!?$%&=<>/-]*"
MARK = re.compile(rf'{STRING}|;[^\n]*|\\.|[\[\](){{}}]|"', re.DOTALL)
STRING_END = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
BETWEEN = re.compile(rf"(?:[\s,]|{TAG})*")
TAGGED = re.compile(rf"{STRING}|\\.|({TAG})", re.DOTALL)

# Plain EDN. What has matched is not tried in another way (`*+`): nothing takes long.
GAP = r"[\s,]*+"
KEYWORD = r":[A-Za-z][\w.*+!?/<>=-]*+"
ATOM = rf'(?>{KEYWORD}|-?[0-9]++(?![\w.+/-])|(?:nil|true|false)\b|"[^"\\]*+")'
VALUE = ATOM
for _ in range(3):  # vectors within vectors: a transaction, an operation, a list read
    VALUE = rf"(?>{ATOM}|\[{GAP}(?:{VALUE}{GAP})*+\])"
PAIR = re.compile(rf"({KEYWORD}){GAP}({VALUE}){GAP}")
MAP = rf"\{{{GAP}((?:{KEYWORD}{GAP}{VALUE}{GAP})*+)\}}"
PLAIN = re.compile(MAP)
ALONE = re.compile(rf"{GAP}[\[(]?{GAP}(?:{TAG})?{GAP}{MAP}{GAP}")  # on its line
FIRST = re.compile(rf"({VALUE})\s*(.*)")
TOKEN = re.compile(rf"[\[\]]|{ATOM}")
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
        found = frozen(_parsed(TAGGED.sub(_untagged, text)), as_dict=True)
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


# ---------------------------------------------------------------- one map after another
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


# ------------------------------------------------------------------------- what it says
class Values(dict[str, Any]):
    """What the words of plain EDN mean; those that come often are made once."""

    def __missing__(self, word: str) -> Any:
        value = meaning(word)
        if len(self) < KEEP_MAX and len(word) < KEEP_LENGTH:
            self[word] = value
        return value


def meaning(word: str) -> Any:
    """The value of a keyword, a number, a text or a vector."""
    first = word[0]
    if first == ":":
        return word
    if first == '"':
        return word[1:-1]
    return vector(word) if first == "[" else int(word)


def vector(text: str) -> tuple[Any, ...]:
    """A vector, and those within."""
    items: list[Any] = []
    around: list[list[Any]] = []
    for token in TOKEN.findall(text):
        if token == "[":
            around.append(items)
            items = []
        elif token == "]":
            inner, items = tuple(items), around.pop()
            items.append(inner)
        else:
            items.append(VALUES[token])
    (whole,) = items
    return whole


VALUES = Values({"nil": None, "true": True, "false": False})


def plain(text: str) -> dict[str, Any]:
    """A map of numbers, keywords, nil, plain strings, and vectors of them.

    Raises `ValueError` for one that has anything else.
    """
    found = PLAIN.fullmatch(text)
    if not found:
        raise ValueError("not plain")
    return pairs(found[1])


def pairs(inside: str) -> dict[str, Any]:
    """What stands between the braces of a plain map."""
    return {key: VALUES[value] for key, value in PAIR.findall(inside)}


@cache
def _reader() -> tuple[Any, Any]:
    """The parser of `edn_format`, made once: it makes one for each text, in 1 ms."""
    import ply.yacc
    from edn_format import edn_lex, edn_parse

    parser = ply.yacc.yacc(module=edn_parse, debug=False, write_tables=False)
    return parser, edn_lex.lex()


def _parsed(text: str) -> Any:
    parser, lexer = _reader()
    lexer.lineno = 1
    (found,) = parser.parse(text, lexer=lexer)
    return found


def _untagged(found: re.Match[str]) -> str:
    return "" if found[1] else found[0]


def frozen(value: Any, as_dict: bool = False) -> Any:
    """What `edn_format` gives, as values that never change."""
    from edn_format import ImmutableDict, ImmutableList, Keyword

    match value:
        case Keyword():
            return f":{value.name}"
        case ImmutableDict():
            pairs = [(frozen(key), frozen(item)) for key, item in value.items()]
            pairs.sort(key=lambda pair: repr(pair[0]))
            return dict(pairs) if as_dict else tuple(pairs)
        case ImmutableList() | tuple():
            return tuple(frozen(item) for item in value)
        case frozenset():
            return in_order([frozen(item) for item in value])
        case Decimal() | Fraction():
            return int(value) if value == int(value) else float(value)
        case None | bool() | int() | float():
            return value
        case str():
            return str(value)  # a character is one too
    return frozen(value.value) if hasattr(value, "metadata") else str(value)


def in_order(members: list[Any]) -> tuple[Any, ...]:
    """The members of a set: told in the same order everywhere."""
    try:
        return tuple(sorted(members))
    except TypeError:  # of several kinds
        return tuple(sorted(members, key=repr))
