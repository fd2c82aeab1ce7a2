"""What there is to draw in a trace: arrows, bars, spells, bands and marks.

Each of them keeps the numbers of the steps that it shows, so that nothing is lost on
the way to the paper and a pointer can ask what it points at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from distlab.faults import (
    Byzantine,
    Cut,
    Fault,
    Heal,
    Isolate,
    LinkFault,
    Split,
)
from distlab.trace import Step, Trace


@dataclass(slots=True)
class Arrow:
    """A message on its way; an end that the trace does not have is None."""

    src: str
    dst: str
    what: Any
    sent_us: int | None
    ended_us: int | None = None
    end: Literal["arrived", "ignored", "dropped", "under way"] = "under way"
    why: str = ""
    again: bool = False  # a duplicate: it had arrived before
    steps: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Bar:
    """An operation of a client, from its call to its end."""

    node: str
    call: Any
    from_us: int
    to_us: int | None = None
    outcome: str = "open"
    result: Any = None
    steps: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Spell:
    """A time in which a node is down, stands still or lies."""

    node: str
    kind: Literal["down", "paused", "lying"]
    from_us: int
    to_us: int | None = None
    steps: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Band:
    """A time in which something is wrong with the links."""

    fault: Fault
    from_us: int
    to_us: int | None = None
    steps: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Mark:
    """One moment of one node: a timer, a note, a change of state, a sync."""

    node: str
    at_us: int
    kind: str
    what: Any
    why: str
    steps: list[int]
    since_us: int | None = None  # for a timer that ran out: when it was set


class Scene:
    """Everything in a trace that has a place on the paper."""

    def __init__(self, trace: Trace):
        self.arrows: list[Arrow] = []
        self.bars: list[Bar] = []
        self.spells: list[Spell] = []
        self.bands: list[Band] = []
        self.marks: list[Mark] = []
        self._sent: dict[int, tuple[int, Step]] = {}
        self._under_way: dict[int, Arrow] = {}
        self._open_bars: dict[str, Bar] = {}
        self._timers: dict[tuple[str, Any], int] = {}
        self._latest: dict[str, Arrow | Mark | Bar] = {}  # what a node reacts to
        self.at_us = [step.at_us for step in trace]
        for i, step in enumerate(trace):
            getattr(self, f"_{step.kind}", self._instant)(i, step)

    def everything(self) -> Iterable[Arrow | Bar | Spell | Band | Mark]:
        """All that there is to draw."""
        groups: Sequence[Sequence] = (
            self.bands,
            self.spells,
            self.bars,
            self.arrows,
            self.marks,
        )
        return (item for group in groups for item in group)

    # ------------------------------------------------------------------------ messages
    def _send(self, i: int, step: Step) -> None:
        arrow = Arrow(step.node, step.peer, step.what, step.at_us, steps=[i])
        self.arrows.append(arrow)
        self._sent[step.msg_id] = (i, step)
        self._under_way[step.msg_id] = arrow

    def _arrival(self, i: int, step: Step) -> Arrow:
        arrow = self._under_way.pop(step.msg_id, None)
        if arrow is None:  # the second of two: a duplicate, or its send is not in here
            sent = self._sent.get(step.msg_id)
            arrow = Arrow(step.peer, step.node, step.what, sent and sent[1].at_us)
            arrow.steps, arrow.again = ([sent[0]], True) if sent else ([], False)
            self.arrows.append(arrow)
        arrow.steps.append(i)
        arrow.ended_us, arrow.why = step.at_us, step.why
        return arrow

    def _deliver(self, i: int, step: Step) -> None:
        arrow = self._latest[step.node] = self._arrival(i, step)
        arrow.end = "arrived"

    def _drop(self, i: int, step: Step) -> None:
        self._arrival(i, step).end = "dropped"

    def _ignore(self, i: int, step: Step) -> None:
        latest = self._latest.get(step.node)
        if isinstance(latest, Arrow) and latest.ended_us == step.at_us:
            latest.end, latest.why = "ignored", step.why or str(step.what or "")
            latest.steps.append(i)
        else:
            self._instant(i, step)

    # ---------------------------------------------------------------------- operations
    def _call(self, i: int, step: Step) -> None:
        bar = Bar(step.node, step.what, step.at_us, steps=[i])
        self.bars.append(bar)
        self._open_bars[step.node] = self._latest[step.node] = bar

    def _end(self, i: int, step: Step) -> None:
        bar = self._open_bars.pop(step.node, None)
        if bar is None:
            self._instant(i, step)
            return
        bar.to_us, bar.outcome, bar.result = step.at_us, step.kind, step.what
        bar.steps.append(i)

    _ok = _fail = _info = _end

    # -------------------------------------------------------------------------- faults
    def _crash(self, i: int, step: Step) -> None:
        self._begin_spell(i, step, "down")

    def _pause(self, i: int, step: Step) -> None:
        self._begin_spell(i, step, "paused")

    def _begin_spell(self, i: int, step: Step, kind: Any) -> None:
        self.spells.append(Spell(step.node, kind, step.at_us, steps=[i]))

    def _recover(self, i: int, step: Step) -> None:
        self._end_spell(i, step, "down")

    def _resume(self, i: int, step: Step) -> None:
        self._end_spell(i, step, "paused")

    def _end_spell(self, i: int, step: Step, kind: str) -> None:
        for spell in reversed(self.spells):
            if (spell.node, spell.kind, spell.to_us) == (step.node, kind, None):
                spell.to_us = step.at_us
                spell.steps.append(i)
                return
        self._instant(i, step)

    def _fault(self, i: int, step: Step) -> None:
        fault = step.what
        if isinstance(fault, Byzantine):
            self.spells.append(Spell(fault.node, "lying", step.at_us, steps=[i]))
        elif isinstance(fault, Heal):
            self._heal(i, step, fault)
        elif isinstance(fault, LinkFault):
            self._link_fault(i, step, fault)
        else:
            node = getattr(fault, "node", step.node)
            self._instant(i, step._replace(node=node))

    def _link_fault(self, i: int, step: Step, fault: LinkFault) -> None:
        if step.why == "ends":
            for band in self.bands:
                if band.fault == fault and band.to_us is None:
                    band.to_us = step.at_us
                    band.steps.append(i)
            return
        if isinstance(fault, Split):
            self._close(step.at_us, (Split,))
        self.bands.append(Band(fault, step.at_us, steps=[i]))

    def _heal(self, i: int, step: Step, fault: Heal) -> None:
        self._close(step.at_us, (LinkFault,) if fault.all else (Cut, Split, Isolate))
        self.bands.append(Band(fault, step.at_us, step.at_us, [i]))

    def _close(self, at_us: int, kinds: tuple[type[Fault], ...]) -> None:
        for band in self.bands:
            if isinstance(band.fault, kinds) and band.to_us is None:
                band.to_us = at_us

    # ------------------------------------------------------------------- single moments
    def _instant(self, i: int, step: Step) -> None:
        mark = Mark(step.node, step.at_us, step.kind, step.what, step.why, [i])
        self.marks.append(mark)
        timer = (step.node, step.what)
        if step.kind == "set":
            self._timers[timer] = step.at_us
        elif step.kind == "fire":
            mark.since_us = self._timers.pop(timer, None)
            self._latest[step.node] = mark
        elif step.kind == "cancel":
            self._timers.pop(timer, None)
