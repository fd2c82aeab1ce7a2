"""EDN as plain values: what the text of one map says.

    >>> plain('{:process 0, :f :cas, :value [1 nil]}')
    {':process': 0, ':f': ':cas', ':value': (1, None)}

A keyword keeps its colon, `":ok"`, vectors and lists become tuples, sets and maps
sorted ones, of members and of pairs, and tags (`#jepsen.history.Op`) are taken off.
Maps of numbers, keywords, nil, plain strings and vectors, which is nearly all that logs
are made of, are read here; `edn_format` reads every other, in ten times the time.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

KEEP_MAX = 10_000  # values that are made once: keywords, small numbers
KEEP_LENGTH = 6  # letters of those: a time hardly ever comes again

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
TAG = r"#[A-Za-z][\w.*+!?$%&=<>/-]*"
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
TOKEN = re.compile(rf"[\[\]]|{ATOM}")


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


def parsed(text: str) -> Any:
    """What `edn_format` reads in a text, tags taken off."""
    parser, lexer = _reader()
    lexer.lineno = 1
    (found,) = parser.parse(TAGGED.sub(_untagged, text), lexer=lexer)
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
