"""Marks that were given before: by which checks, and what another marking changed."""

from __future__ import annotations

import hmac
from collections.abc import Iterator

from distlab.grade.document import number
from distlab.grade.gradebook import Entry
from distlab.grade.versions import Version

SAME = "nothing that gives a mark has changed"


def key_id(key: bytes | None) -> str:
    """A name for the key that does not give it away; empty for none."""
    return "" if key is None else hmac.digest(key, b"its name", "sha256").hex()[:12]


def given(entry: Entry) -> dict[str, Version]:
    """What gave this mark: a version for each exercise."""
    return {answer.number: answer.version for answer in entry.answers}


def outdated(entry: Entry, versions: dict[str, Version], key: str) -> list[str]:
    """What gave this mark and is another today; nothing: it stands.

    `versions` are those of the exercises of its sheet.
    """
    return [*other_key(entry.key, key), *other_checks(given(entry), versions)]


def other_key(before: str, after: str) -> Iterator[str]:
    """In words, whether the hidden cases are others."""
    if before != after and before and after:
        yield "the key is another"
    elif before != after:
        yield f"hidden cases are {'run now' if after else 'not run now'}"


def other_checks(
    before: dict[str, Version], after: dict[str, Version]
) -> Iterator[str]:
    """In words, which exercises are checked otherwise."""
    common = [number for number in before if number in after]
    checks = [n for n in common if before[n].checks != after[n].checks]
    if checks:
        yield f"the checks of {', '.join(checks)} have changed"
    if any(before[n].library != after[n].library for n in common):
        yield "the library below the checks has changed"
    if before.keys() != after.keys():
        yield "the sheet asks for other exercises"


def reasons(before: Entry, after: Entry) -> str:
    """Why there is another mark for the same sheet."""
    checks = other_checks(given(before), given(after))
    found = [*other_key(before.key, after.key), *checks]
    if (before.file, before.digest) != (after.file, after.digest):
        found.insert(0, "handed in again")
    return "; ".join(found) or SAME


def marked_again(before: Entry, after: Entry) -> bool:
    """Whether this is another marking, and not the same with another time."""
    return reasons(before, after) != SAME


def differences(before: Entry, after: Entry) -> list[str]:
    """Which exercises earn something else: `1.3: 2 → 4`."""
    old = {answer.number: answer.points for answer in before.answers}
    new = {answer.number: answer.points for answer in after.answers}
    numbers = dict.fromkeys([*old, *new])
    return [
        f"{n}: {points(old.get(n))} → {points(new.get(n))}"
        for n in numbers
        if old.get(n) != new.get(n)
    ]


def points(earned: float | None) -> str:
    """Points, or a dash where an exercise was not asked."""
    return "–" if earned is None else number(earned)
