"""What could have caused what: happened-before, between any two steps of a trace.

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM
    21(7), 1978, p. 559: the order → of events.
    Mattern, "Virtual Time and Global States of Distributed Systems", 1989: vector
    stamps, sections 5 and 6; cuts and which are consistent, section 3.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from distlab.errors import Misuse, did_you_mean

if TYPE_CHECKING:
    from distlab.trace import Step, Trace

Cut = Mapping[str, int]  # how many steps of each node have happened; 0 if not named


class Causality:
    """Which steps of a trace happened before which.

    A step is given by its number, the place at which it stands in the trace, or as one
    of the trace's own. What a node does and what befalls it happens one after the
    other; a message is sent before it arrives, however often it does. What is dropped
    comes after its sending and before nothing. Faults of the network come before and
    after nothing.
    """

    def __init__(self, trace: Trace):
        self.trace = trace
        self.lines: dict[str, list[int]] = {node: [] for node in trace.nodes}
        self.sources: dict[int, int] = {}  # of what arrives or is dropped: its sending
        self.places = [0] * len(trace)  # where a step stands on its node's line, from 1
        self._columns = {node: column for column, node in enumerate(trace.nodes)}
        self._latest = [0] * len(trace)  # the stamp of the last arrival on the line
        self._stamps = self._stamped()

    def _stamped(self) -> np.ndarray:
        """The stamps of all arrivals; the first one stands for none."""
        arrivals = sum(step.kind == "deliver" for step in self.trace)
        stamps = np.zeros((arrivals + 1, len(self._columns)), np.int32)
        latest = dict.fromkeys(self._columns, 0)
        sent: dict[int, int] = {}
        used = 0
        for number, step in enumerate(self.trace):
            if step.kind == "send":
                sent[step.msg_id] = number
            elif step.msg_id in sent:
                self.sources[number] = sent[step.msg_id]
            if step.kind == "drop" or step.node not in self.lines:
                continue
            self.lines[step.node].append(number)
            self.places[number] = len(self.lines[step.node])
            if step.kind == "deliver":
                used += 1
                stamps[used] = stamps[latest[step.node]]
                source = self.sources.get(number)
                if source is not None:
                    np.maximum(
                        stamps[used], stamps[self._latest[source]], out=stamps[used]
                    )
                    sender = self._columns[self.trace[source].node]
                    stamps[used, sender] = max(
                        stamps[used, sender], self.places[source]
                    )
                latest[step.node] = used
            self._latest[number] = latest[step.node]
        return stamps

    def number(self, step: Step | int) -> int:
        """Where a step stands in the trace. Raises `Misuse` if it is not in it."""
        if isinstance(step, int):
            if not 0 <= step < len(self.trace):
                raise Misuse(
                    f"there is no step {step}: they have numbers from 0 to "
                    f"{len(self.trace) - 1}."
                )
            return step
        for number, one in enumerate(self.trace):
            if one is step:
                return number
        raise Misuse(f"{step} is no step of this trace: give one of its own.")

    def stamp(self, step: Step | int) -> dict[str, int]:
        """How many steps of each node happened before this one, or are it."""
        number = self.number(step)
        if not self.places[number]:
            source = self.sources.get(number)
            return self.stamp(source) if source is not None else {}
        stamp = self._stamps[self._latest[number]].tolist()
        heard = {node: stamp[column] for node, column in self._columns.items()}
        return heard | {self.trace[number].node: self.places[number]}

    def happened_before(self, a: Step | int, b: Step | int) -> bool:
        """Whether `a` may have had an influence on `b`: a → b."""
        first, then = self.number(a), self.number(b)
        place = self.places[first]
        if first == then or not place:
            return False
        return self.stamp(then).get(self.trace[first].node, 0) >= place

    def concurrent(self, a: Step | int, b: Step | int) -> bool:
        """Whether neither of two steps happened before the other: a ∥ b."""
        first, then = self.number(a), self.number(b)
        return first != then and not (
            self.happened_before(first, then) or self.happened_before(then, first)
        )

    def past(self, step: Step | int) -> tuple[int, ...]:
        """The numbers of all steps that happened before this one, in order."""
        number = self.number(step)
        stamp = self.stamp(number)
        before = (i for node, n in stamp.items() for i in self.lines[node][:n])
        return tuple(sorted(i for i in before if i != number))

    def future(self, step: Step | int) -> tuple[int, ...]:
        """The numbers of all steps before which this one happened, in order."""
        number = self.number(step)
        later = range(number + 1, len(self.trace))
        return tuple(i for i in later if self.happened_before(number, i))

    # ------------------------------------------------------------------------- cuts
    def cut_at(self, at_ms: float) -> dict[str, int]:
        """How many steps each node has taken at a time, those of that time included."""
        at_us = round(at_ms * 1000)
        steps = self.trace.steps
        return {
            node: bisect_left(line, at_us + 1, key=lambda i: steps[i].at_us)
            for node, line in self.lines.items()
        }

    def is_consistent(self, cut: Cut) -> bool:
        """Whether all that happened before a step in the cut is in the cut as well."""
        return not self.orphans(cut)

    def orphans(self, cut: Cut) -> tuple[tuple[int, int], ...]:
        """The messages that arrive in the cut and are sent after it: send, arrival."""
        return tuple(
            (sent, arrived)
            for sent, arrived in self._messages(cut)
            if self._within(arrived, cut) and not self._within(sent, cut)
        )

    def in_transit(self, cut: Cut) -> tuple[tuple[int, int], ...]:
        """The messages that are sent in the cut and arrive after it: send, arrival.

        What is dropped, or never arrives in this trace, is not among them.
        """
        return tuple(
            (sent, arrived)
            for sent, arrived in self._messages(cut)
            if self._within(sent, cut) and not self._within(arrived, cut)
        )

    def _messages(self, cut: Cut) -> list[tuple[int, int]]:
        for node, steps in cut.items():
            if node not in self.lines:
                hint = did_you_mean(node, self.lines)
                raise Misuse(f"the cut goes through {node!r}, which is no node.{hint}")
            if not 0 <= steps <= len(self.lines[node]):
                raise Misuse(
                    f"the cut has {steps} steps of {node!r}: give 0 to "
                    f"{len(self.lines[node])}, which is how many there are."
                )
        arrivals = self.sources.items()
        return [(sent, arrived) for arrived, sent in arrivals if self.places[arrived]]

    def _within(self, number: int, cut: Cut) -> bool:
        return self.places[number] <= cut.get(self.trace[number].node, 0)
