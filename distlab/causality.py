"""What could have caused what: happened-before, between any two steps of a trace.

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM
    21(7), 1978, p. 559: the order → of events.
    Mattern, "Virtual Time and Global States of Distributed Systems", 1989: stamps that
    are vectors; cuts, and which are consistent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from distlab.errors import Misuse, did_you_mean
from distlab.stamps import Arrival, Stamps, stamps_of

if TYPE_CHECKING:
    import numpy

    from distlab.trace import Step, Trace

Cut = Mapping[str, int]  # how many steps of each node have happened; 0 if not named


class Causality:
    """Which steps of a trace happened before which.

    A step is given by its number, the place at which it stands in the trace, or as one
    of the trace's own. What a node does and what befalls it happens one after the
    other, crashes included, as if it forgot nothing by them; a message is sent before
    it arrives, however often it does. What is dropped comes after its sending and
    before nothing. Faults of the network come before and after nothing.
    """

    def __init__(self, trace: Trace):
        self.trace = trace
        self.lines: dict[str, list[int]] = {node: [] for node in trace.nodes}
        self.places = [0] * len(trace)  # where a step stands on its node's line, from 1
        self.sources: dict[int, int] = {}  # of what arrives or is dropped: its sending
        self._columns = {node: column for column, node in enumerate(trace.nodes)}
        self._read()
        drops = self.sources.items()
        self._dropped = {i: sent for i, sent in drops if not self.places[i]}

    def _read(self) -> None:
        """Find the line of each node, and the sending of each message."""
        sent: dict[int, int] = {}
        early: dict[int, int] = {}
        for number, step in enumerate(self.trace):
            if step.kind != "drop" and step.node in self.lines:
                self.lines[step.node].append(number)
                self.places[number] = len(self.lines[step.node])
            if not step.msg_id:
                continue
            if step.kind == "send":
                sent[step.msg_id] = number
            elif step.msg_id in sent:
                self.sources[number] = sent[step.msg_id]
            else:
                early[step.msg_id] = number
        for msg_id, number in early.items():
            if msg_id in sent:
                raise Misuse(
                    f"step {number} is the arrival of what step {sent[msg_id]} sends: "
                    f"put the steps of the trace in an order of causes."
                )

    @cached_property
    def _stamps(self) -> Stamps:
        """What nodes knew of each other: cuts can be looked at without."""
        return stamps_of(len(self._columns), self._arrivals())

    def _arrivals(self) -> list[Arrival]:
        """Where each node hears from another."""
        return [
            (*self._stand(number), *self._stand(source))
            for number, source in self.sources.items()
            if self.places[number] and self.node(number) != self.node(source)
        ]

    def node(self, number: int) -> str:
        """Whose step this is."""
        return self.trace.steps[number].node

    def _stand(self, number: int) -> tuple[int, int]:
        return self._columns[self.node(number)], self.places[number]

    def number(self, step: Step | int) -> int:
        """Where a step stands in the trace. Raises `Misuse` if it is not in it."""
        if isinstance(step, int):
            if not 0 <= step < len(self.trace):
                raise Misuse(
                    f"there is no step {step}: they have numbers from 0 to "
                    f"{len(self.trace) - 1}."
                )
            return step
        same = [i for i, one in enumerate(self.trace) if one is step]
        same = same or [i for i, one in enumerate(self.trace) if one == step]
        if len(same) == 1:
            return same[0]
        why = "stands in this trace several times" if same else "is not in this trace"
        raise Misuse(f"`{str(step).strip()}` {why}: give the number of a step.")

    # ----------------------------------------------------------- what comes before what
    def happened_before(self, a: Step | int, b: Step | int) -> bool:
        """Whether `a` may have had an influence on `b`: a → b."""
        first, then = self.number(a), self.number(b)
        if not self.places[first] or first == then:
            return False
        if not self.places[then]:  # is dropped, or comes from nobody
            source = self.sources.get(then)
            return source is not None and (
                first == source or self.happened_before(first, source)
            )
        mine, place = self._stand(first)
        node, until = self._stand(then)
        known = until if node == mine else self._stamps.known(node, until, mine)
        return place <= known

    def concurrent(self, a: Step | int, b: Step | int) -> bool:
        """Whether neither of two steps happened before the other: a ∥ b."""
        first, then = self.number(a), self.number(b)
        return first != then and not (
            self.happened_before(first, then) or self.happened_before(then, first)
        )

    def stamp(self, step: Step | int) -> dict[str, int]:
        """How many steps of each node happened before this one, or are it.

        Nodes of which it knows nothing are left out.
        """
        number = self.number(step)
        if not self.places[number]:
            source = self.sources.get(number)
            return {} if source is None else self.stamp(source)
        node, place = self._stand(number)
        known = {**dict(self._stamps.of_all(node, place)), node: place}
        nodes = self.trace.nodes
        return {nodes[column]: known[column] for column in sorted(known)}

    def past(self, step: Step | int) -> tuple[int, ...]:
        """The numbers of all steps that happened before this one, in order."""
        number = self.number(step)
        found = self._none()
        for node, steps in self.stamp(number).items():
            found[self._lines[node][:steps]] = True
        found[number] = False
        return tuple(found.nonzero()[0].tolist())

    def future(self, step: Step | int) -> tuple[int, ...]:
        """The numbers of all steps before which this one happened, in order."""
        number = self.number(step)
        if not self.places[number]:
            return ()
        mine, place = self._stand(number)
        found = self._none()
        for column, line in enumerate(self._lines.values()):
            if column == mine:
                found[line[place - 1 :]] = True
            elif first := self._stamps.first(column, mine, place):
                found[line[first - 1 :]] = True
        lost = [i for i, source in self._dropped.items() if found[source]]
        found[lost] = True
        found[number] = False
        return tuple(found.nonzero()[0].tolist())

    @cached_property
    def _lines(self) -> dict[str, numpy.ndarray]:
        from numpy import array, int32

        return {node: array(line, int32) for node, line in self.lines.items()}

    def _none(self) -> numpy.ndarray:
        """No step is marked."""
        from numpy import zeros

        return zeros(len(self.trace), bool)

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
