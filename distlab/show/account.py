"""A run in words: one line for each event, with what the node did about it.

This is what a screen reader gets and what is compared when a notebook runs again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import NamedTuple

from distlab.show.naming import fault_in_words, in_full, labels, told
from distlab.show.scene import Arrow, Band, Bar, Mark, Spell
from distlab.trace import Step

EVENTS = {
    "deliver": "← {peer} {what}",
    "drop": "← {peer} {what} never arrives",
    "fire": "{what} runs out",
    "call": "called: {what}",
    "start": "starts",
    "crash": "crashes",
    "recover": "is back",
    "pause": "stands still",
    "resume": "goes on",
    "fault": "fault: {what}",
}
EFFECTS = {
    "send": "→ {peer} {what}",
    "set": "sets {what}",
    "cancel": "cancels {what}",
    "ok": "ok {what}",
    "fail": "failed: {what}",
    "info": "unknown: {what}",
    "output": "outputs {what}",
    "note": "“{what}”",
    "ignore": "ignored: {what}",
    "choose": "chooses {what}",
    "state": "{what}",
    "sync": "disk synced",
}
ENDS = {
    "arrived": "arrived",
    "ignored": "ignored",
    "dropped": "never arrived",
    "under way": "under way",
}
OUTCOMES = {"fail": "failed", "info": "unknown", "open": "not ended"}
SPELLS = {"down": "is down", "paused": "stands still", "lying": "lies"}


def summary(
    arrows: Iterable[Arrow], bars: Iterable[Bar], troubles: Iterable[Spell | Band]
) -> str:
    """One line: how many messages and operations, how they ended, what went wrong."""
    parts = [
        _counted("message", [ENDS[arrow.end] for arrow in arrows]),
        _counted("operation", [OUTCOMES.get(bar.outcome, "ok") for bar in bars]),
    ]
    for trouble in troubles:
        if isinstance(trouble, Band):
            what = fault_in_words(trouble.fault)
        else:
            what = f"{trouble.node} {SPELLS[trouble.kind]}"
        if trouble.to_us in (None, trouble.from_us):
            parts.append(f"{what} at {trouble.from_us / 1000:g} ms")
        else:
            times = f"{trouble.from_us / 1000:g} to {trouble.to_us / 1000:g} ms"
            parts.append(f"{what} from {times}")
    return "; ".join(filter(None, parts)) + "."


def _counted(noun: str, ends: list[str]) -> str:
    kinds = [f"{ends.count(end)} {end}" for end in dict.fromkeys(ends)]
    plural = "s" * (len(ends) != 1)
    return f"{len(ends)} {noun}{plural} ({', '.join(kinds)})" if ends else ""


class Happening(NamedTuple):
    """An event of a node and what follows from it at once."""

    at_us: int
    node: str  # "" for the network
    words: str
    changes: str  # of the node's state
    steps: tuple[int, ...]


def account(
    steps: Iterable[tuple[int, Step]], sign: Callable[[Sequence[int]], str]
) -> str:
    """The numbered steps, a line for each event; before it the sign of its steps."""
    return "\n".join(
        f"{sign(happening.steps)}{happening.at_us / 1000:10.3f}  "
        f"{happening.node or 'network':<4} "
        f"{'; '.join(filter(None, (happening.words, happening.changes)))}"
        for happening in happenings(steps)
    )


def happenings(steps: Iterable[tuple[int, Step]]) -> Iterator[Happening]:
    """The numbered steps, gathered into events."""
    for group in _by_event(steps):
        (_, first), *_ = group
        words = "; ".join(_phrases([s for _, s in group if s.kind != "state"]))
        changes = ", ".join(phrase(s) for _, s in group if s.kind == "state")
        numbers = tuple(i for i, _ in group)
        yield Happening(first.at_us, first.node, words, changes, numbers)


def _by_event(
    steps: Iterable[tuple[int, Step]],
) -> Iterator[list[tuple[int, Step]]]:
    """An event of a node and what follows from it at once, step after step."""
    group: list[tuple[int, Step]] = []
    for i, step in steps:
        if group and not _follows(step, group[0][1], group[-1][1]):
            yield group
            group = []
        group.append((i, step))
    if group:
        yield group


def _follows(step: Step, first: Step, last: Step) -> bool:
    """Whether a step belongs to the event that began with `first`."""
    if step.kind == "drop":  # a message that was lost as soon as it was sent
        return (
            last.kind == "send"
            and last.msg_id == step.msg_id
            and last.at_us == step.at_us
        )
    same = (step.node, step.at_us) == (first.node, first.at_us)
    return same and step.kind not in EVENTS


def _phrases(steps: list[Step]) -> Iterator[str]:
    """What each step says; a message to several nodes is told once."""
    for (kind, message), group in groupby(_with_fates(steps), key=itemgetter(0, 1)):
        if kind == "send":
            yield f"→ {', '.join(step.peer for _, _, step in group)} {message}"
        else:
            yield from (phrase(step) for _, _, step in group)


def _with_fates(steps: list[Step]) -> Iterator[tuple[str, str, Step]]:
    """Each step with its kind; a send with its message, and its loss if at once."""
    for step, then in zip_longest(steps, steps[1:]):
        if step.kind == "send":
            lost = then is not None and then.kind == "drop"
            fate = f", never arrives ({then.why})" if lost else ""
            yield "send", told(step.what) + fate, step
        elif step.kind != "drop" or step is steps[0]:
            yield step.kind, "", step


def phrase(step: Step) -> str:
    """One step in words, without its time and its node.

    >>> phrase(Step(0, "drop", "b", "a", "hello", "cut"))
    '← a hello never arrives (cut)'
    """
    pattern = {**EVENTS, **EFFECTS}[step.kind]
    what = "" if step.what is None else told(step.what)
    if step.kind == "ignore":
        return pattern.format(what=step.why or what)
    why = f" ({step.why})" if step.why else ""
    return f"{pattern.format(peer=step.peer, what=what).rstrip(': ')}{why}"


def operation(bar: Bar) -> list[str]:
    """A client's operation, ever shorter: `write(x, 1) ok`."""
    long, short = labels(bar.call)[0], labels(bar.call)[-1]
    result = in_full(bar.result)
    if bar.outcome != "ok":
        end = OUTCOMES[bar.outcome]
        why = end if bar.result is None else f"{end}: {result}"
        return [f"{long} {why}", f"{long} {end}", f"{short} {end}", end]
    if bar.result is None and short != "read":  # what a read does not find, it tells
        return [f"{long} ok", long, f"{short} ok", short]
    return [f"{long} → {result}", f"{short} → {result}", f"→ {result}", short]


def message(arrow: Arrow) -> str:
    """A message and what became of it."""
    times = [
        f"{word} {us / 1000:g}"
        for word, us in (("sent", arrow.sent_us), (ENDS[arrow.end], arrow.ended_us))
        if us is not None
    ]
    why = f" ({arrow.why})" if arrow.why else ""
    return f"{arrow.src} → {arrow.dst} {told(arrow.what)}: {', '.join(times)} ms{why}"


def moment(mark: Mark) -> str:
    """What a mark stands for."""
    what = "" if mark.what is None else told(mark.what)
    if mark.kind in ("note", "output", "state", "fault"):
        return what
    return phrase(Step(mark.at_us, mark.kind, mark.node, "", mark.what, mark.why))
