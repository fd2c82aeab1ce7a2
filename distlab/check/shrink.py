"""Make a failing run smaller: take away what it still fails without.

    smallest = shrink(run.recording, lambda tried: judge(run.again(tried).run(2_000)))

Nothing is drawn anew: what is tried is the same run, less some calls, faults, slow or
lost messages, long timers, choices. So the smallest one is still that failure, and what
is left of it is what the failure takes.

Source
    Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
    Transactions on Software Engineering 28(2), 2002 (delta debugging); what is shrunk
    is what was chosen, as in MacIver and Donaldson, "Test-Case Reduction via Test-Case
    Generation: Insights from the Hypothesis Reducer", ECOOP 2020.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from distlab.check.limits import Limits, Meter
from distlab.check.verdict import Verdict
from distlab.errors import DistlabError, Misuse
from distlab.recording import LISTS, Recording
from distlab.value import Value

Judge = Callable[[Recording], Verdict | str | None]
LIMITS = Limits(steps=2_000, time_s=60)
BY_CHANCE = ("messages", "timers", "choices", "syncs")  # all may go their usual way
ROUND_MS = (100, 10, 1, 0.1)


class Shrunk(Value):
    """The smallest recording found, and why it still fails."""

    recording: Recording
    reason: str
    size: int  # what the recording was at first
    runs: int
    ended: str | None = None  # the limit that ended it before nothing more helped

    @property
    def told(self) -> str:
        """How small it has become, and why it still fails."""
        how = f"ended after {self.ended}" if self.ended else "and nothing less fails"
        sizes = f"{self.size} calls, faults and draws → {self.recording.size}"
        return f"{sizes} in {self.runs} runs, {how}.\n{self.reason}"

    def __repr__(self) -> str:
        return f"{self.told}\n{self.recording}"


def shrink(recording: Recording, judge: Judge, limits: Limits = LIMITS) -> Shrunk:
    """The smallest recording that still fails for the same reason.

    `judge` runs what it is given and says what is broken: a verdict, whose property is
    the reason; a sentence, which is compared without its numbers; or None. A run that
    is stopped by an error fails for the sentence of this error. Of a promise about the
    end of a run ("every operation ends"), let `judge` refuse what cannot end well.
    Raises `Misuse` if nothing fails at first.
    """
    if not isinstance(recording, Recording):
        raise Misuse(
            f"{recording!r} is no recording: give that of a run, `cluster.recording`."
        )
    told, reason = failure(recording, judge)
    if reason is None:
        raise Misuse("this recording does not fail: shrink one that does.")
    search = Search(recording, reason, told, judge, limits.meter())
    before = None
    while before != search.best and not search.meter.exceeded:
        before = search.best
        search.let_chance_be_usual()
        for name in LISTS:
            search.leave_out(name)
        search.round_times()
        search.better(replace(search.best, usual_ms=round(search.best.usual_ms) or 1))
    meter = search.meter
    runs = min(meter.steps, limits.steps) + 1
    return Shrunk(search.best, search.told, recording.size, runs, meter.exceeded)


class Search:
    """The best so far, and how it gets better."""

    def __init__(
        self, best: Recording, reason: str, told: str, judge: Judge, meter: Meter
    ):
        self.best, self.reason, self.told = best, reason, told
        self.judge, self.meter = judge, meter

    def better(self, tried: Recording) -> bool:
        """Whether this fails for the same reason; then it is the best."""
        if tried == self.best or not (self.meter.step() and self.meter.look()):
            return False
        told, reason = failure(tried, self.judge)
        if reason != self.reason:
            return False
        self.best, self.told = tried, told
        return True

    def let_chance_be_usual(self) -> None:
        """All of one kind of draw at once: mostly it is enough."""
        for name in BY_CHANCE:
            if getattr(self.best, name):
                self.better(changed(self.best, name, ()))

    def leave_out(self, name: str) -> None:
        """Ever smaller parts of one list, from its end."""
        part = len(getattr(self.best, name))
        while part:
            at = len(getattr(self.best, name))
            while at > 0:
                at -= part
                self.better(
                    self.best.without(name, *range(max(at, 0), at + part)),
                )
            part //= 2

    def round_times(self) -> None:
        """Times that are told shortly: the next ten or hundred milliseconds before."""
        for name in LISTS:
            for place in range(len(getattr(self.best, name))):
                for simpler in rounded(getattr(self.best, name)[place]):
                    items = list(getattr(self.best, name))
                    items[place] = simpler
                    if self.better(changed(self.best, name, tuple(items))):
                        break


def changed(recording: Recording, name: str, items: tuple[Any, ...]) -> Recording:
    """The same recording with another list."""
    change: dict[str, Any] = {name: items}
    return replace(recording, **change)


def rounded(item: Any) -> Iterator[Any]:
    """The same call, fault or draw at rounder times, the roundest first."""
    times = [
        f for f in ("at_ms", "until_ms", "ms") if isinstance(ms_of(item, f), float)
    ]
    for step_ms in ROUND_MS:
        change: dict[str, Any] = {}
        for name in times:
            ms = ms_of(item, name)
            short = round(ms // step_ms * step_ms, 1)
            change[name] = int(short) if short == int(short) else short
        if change and replace(item, **change) != item:
            yield replace(item, **change)


def ms_of(item: Any, name: str) -> Any:
    """A time of it, if it has one of this name."""
    return getattr(item, name, None)


def failure(recording: Recording, judge: Judge) -> tuple[str, str | None]:
    """What is said of a run, and by which reason it is compared; None: all is well."""
    try:
        said = judge(recording)
    except DistlabError as error:
        sentence = str(error).partition(": ")[2] or str(error)
        return str(error), f"{type(error).__name__}: {without_numbers(sentence)}"
    if isinstance(said, Verdict):
        return str(said), said.property if said.invalid else None
    if not (said is None or isinstance(said, str)):
        raise Misuse(
            f"the judge says {said!r}: let it give a verdict, a sentence or None."
        )
    return said or "", without_numbers(said) if said else None


def without_numbers(sentence: str) -> str:
    """The same sentence for another time, node or index."""
    return re.sub(r"\d+(\.\d+)?", "#", sentence)
