"""A run in words: one line for each event, with what the node did about it.

This is what a screen reader gets and what is compared when a notebook runs again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any, NamedTuple

from distlab import faults
from distlab.events import Call, Inner, InnerTimer, Signed
from distlab.node import Log, Record
from distlab.show.scene import Arrow, Band, Bar, Mark, Spell
from distlab.trace import Step
from distlab.value import Value

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
LONG = 100  # characters of one value; more is cut, with an ellipsis


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


def account(steps: Iterable[tuple[int, Step]], marked: Collection[int] = ()) -> str:
    """The numbered steps, a line for each event; `▶` before those that are marked."""
    return "\n".join(
        f"{'▶' if set(happening.steps) & set(marked) else ' '}"
        f"{happening.at_us / 1000:10.3f}  {happening.node or 'network':<4} "
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


def told(what: Any) -> str:
    """A value in full, unless it is very long; pairs of a change as `name = value`."""
    if isinstance(what, (Inner, InnerTimer)):
        return f"{what.part}: {told(unwrapped(what))}"
    if isinstance(what, tuple) and what and all(_is_pair(part) for part in what):
        return ", ".join(f"{name} = {told(value)}" for name, value in what)
    text = fault_in_words(what) if isinstance(what, faults.Fault) else labels(what)[0]
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def fault_in_words(fault: faults.Fault) -> str:
    """A fault as a caption: `split s1 s2 | s3`, `loss 20 % s1→s2`."""
    match fault:
        case faults.Split(groups):
            return f"split {' | '.join(' '.join(group) for group in groups)}"
        case faults.Cut(src, dst):
            return f"cut {src}→{dst}"
        case faults.Heal():
            return "heal all" if fault.all else "heal"
        case faults.ClockSkew():
            return f"clock of {fault.node} off by {fault.offset_ms:+g} ms"
        case faults.ClockDrift():
            return f"clock of {fault.node} drifts {fault.ppm:+g} ppm"
        case faults.ClockJump():
            return f"clock of {fault.node} jumps {fault.by_ms:+g} ms"
        case faults.LostWrites():
            plural = "s" * (fault.records != 1)
            return f"disk of {fault.node} will lose {fault.records} record{plural}"
        case faults.TornWrite():
            return f"disk of {fault.node} will tear a write"
        case faults.CorruptRecord():
            return f"disk of {fault.node} corrupts a record"
        case faults.Byzantine():
            return f"{fault.node} lies ({fault.liar.__name__})"
        case faults.Isolate() | faults.NodeFault():
            return f"{type(fault).__name__.lower()} {getattr(fault, 'node', '')}"
    return _link_fault_in_words(fault)


def _link_fault_in_words(fault: Any) -> str:
    match fault:
        case faults.Delay():
            how = f"delay +{fault.extra_ms:g} ms"
        case faults.SlowLink():
            how = f"slow ×{fault.factor:g}"
        case faults.Reordering():
            how = f"reordering {100 * fault.rate:g} %"
        case _:
            how = f"{type(fault).__name__.lower()} {100 * fault.rate:g} %"
    anywhere = fault.src == fault.dst == "*"
    where = "" if anywhere else f" {fault.src}→{fault.dst}".replace("*", "any")
    return f"{how}{where}{' of ' if fault.messages else ''}{' '.join(fault.messages)}"


def _is_pair(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str)


# ------------------------------------------------------------------ words on the paper
def kind_of(what: Any) -> str:
    """The name of a message's class, whatever it is wrapped in."""
    return type(unwrapped(what)).__name__


def fields_of(what: Any) -> list[tuple[str, str]]:
    """The fields of a message, by name and in words."""
    what = unwrapped(what)
    if not isinstance(what, (Value, Record)):
        return []
    return [(f.name, _short(getattr(what, f.name))) for f in fields(what)]


def unwrapped(what: Any) -> Any:
    """The message inside a part's or a signed one."""
    while isinstance(what, (Inner, InnerTimer, Signed)):
        what = what.timer if isinstance(what, InnerTimer) else what.msg
    return what


def labels(what: Any) -> list[str]:
    """Ever shorter names of a message, timer or call.

    >>> labels(Call("write", ("x", 1)))
    ['write(x, 1)', 'write']
    """
    what = unwrapped(what)
    if isinstance(what, Call):
        return [f"{what.name}({_listed(what.args)})", what.name]
    name = type(what).__name__
    if not _has_plain_fields(what):
        return [_short(what), name]
    values = [getattr(what, f.name) for f in fields(what)]
    if not values:
        return [name]
    long, terse = f"{name}({_listed(values)})", f"{name}({_listed(values, terse=True)})"
    first = f"{name}({_short(values[0], terse=True)}{', …' * (len(values) > 1)})"
    return list(dict.fromkeys((long, terse, first, name)))


def _has_plain_fields(what: Any) -> bool:
    """Whether a value is told by its fields; one that has its own words is not."""
    own_words = "__str__" in vars(type(what))
    return isinstance(what, (Value, Record)) and not own_words


def _short(value: Any, terse: bool = False) -> str:
    """A value without the names of its fields; equal values, equal words.

    Terse: of a value inside only the first field, of a long list only its length.
    """
    if isinstance(value, (tuple, list, Log)):
        inside = len(value) if terse and len(value) > 1 else _listed(value, terse)
        return f"[{inside}]"
    if isinstance(value, (set, frozenset)):  # their order is Python's secret
        return f"{{{', '.join(sorted(map(_short, value)))}}}"
    if isinstance(value, dict):
        pairs = (f"{_short(key)}: {_short(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if not _has_plain_fields(value):
        return str(value)
    return labels(value)[-2:][0] if terse else labels(value)[0]


def _listed(values: Iterable[Any], terse: bool = False) -> str:
    return ", ".join(_short(value, terse) for value in values)


def operation(bar: Bar) -> list[str]:
    """A client's operation, ever shorter: `write(x, 1) ok`."""
    long, short = labels(bar.call)[0], labels(bar.call)[-1]
    if bar.outcome == "ok":
        ended = "ok" if bar.result is None else f"→ {_short(bar.result)}"
    else:
        why = "" if bar.result is None else f": {_short(bar.result)}"
        ended = OUTCOMES[bar.outcome] + why
    return [f"{long} {ended}", f"{short} {ended}", long, short]


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
