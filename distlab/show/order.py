"""The events of a trace and their order, without their times: what a message joins.

An event is what befalls a node and what it does about it at once, as in the account of
a run: an arrival and its answers are one event, and one point on the paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

from distlab.causality import Cut
from distlab.errors import Misuse
from distlab.show.account import Happening, happenings
from distlab.trace import Step, Trace


class Order:
    """The events that stand on lanes, each later than all that it comes after.

    `lanes` has their numbers, node by node, and `of` the event of each step.
    `messages` are pairs of events, each with the number of the step that arrives.
    """

    def __init__(self, trace: Trace, steps: Iterable[tuple[int, Step]] | None = None):
        self.trace = trace
        self.causality = trace.causality
        chosen = enumerate(trace) if steps is None else steps
        places = self.causality.places
        self.events: list[Happening] = [
            event for event in happenings(chosen) if places[event.steps[0]]
        ]
        self.of = {i: n for n, event in enumerate(self.events) for i in event.steps}
        self.lanes: dict[str, list[int]] = {node: [] for node in trace.nodes}
        for n, event in enumerate(self.events):
            self.lanes[event.node].append(n)
        self.messages = [
            (self.of[sent], self.of[arrived], arrived)
            for arrived, sent in self.causality.sources.items()
            if places[arrived] and sent in self.of and arrived in self.of
        ]

    @cached_property
    def before(self) -> list[list[int]]:
        """For each event those that it comes after at once: on its lane, by mail."""
        before: list[list[int]] = [[] for _ in self.events]
        for lane in self.lanes.values():
            for event, then in pairwise(lane):
                before[then].append(event)
        for sent, arrived, _ in self.messages:
            before[arrived].append(sent)
        return before

    @cached_property
    def after(self) -> list[list[int]]:
        """For each event those that come after it at once."""
        after: list[list[int]] = [[] for _ in self.events]
        for event, earlier in enumerate(self.before):
            for one in earlier:
                after[one].append(event)
        return after

    def event(self, step: Step | int) -> int:
        """The event of a step. Raises `Misuse` if the step is on no lane."""
        number = self.causality.number(step)
        if number not in self.of:
            raise Misuse(
                f"step {number}, {self.trace[number].kind}, is no event of a node that "
                f"is shown: give one of {min(self.of)} to {max(self.of)} that is."
                if self.of
                else "nothing happens at a node here: there is no event to choose."
            )
        return self.of[number]

    def past(self, event: int) -> list[int]:
        """The events that happened before this one."""
        return self._events(self.causality.past(self.events[event].steps[0]), event)

    def future(self, event: int) -> list[int]:
        """The events before which this one happened."""
        return self._events(self.causality.future(self.events[event].steps[0]), event)

    def _events(self, steps: Sequence[int], but: int) -> list[int]:
        found = {self.of[i] for i in steps if i in self.of}
        return sorted(found - {but})

    def told(self, event: int) -> str:
        """An event in words: `s2 at 9 ms, “← s1 Append(1, x, 1)”`."""
        one = self.events[event]
        what = "; ".join(filter(None, (one.words, one.changes)))
        what = what.replace("“", "‘").replace("”", "’")  # of remarks, in these marks
        return f"{one.node} at {one.at_us / 1000:g} ms, “{what}”"

    def counted(self, events: Sequence[int]) -> str:
        """How many events, and of whom: `3 events (s1 2, s2 1)`."""
        counts = Counter(self.events[event].node for event in events)
        them = ", ".join(
            f"{node} {counts[node]}" for node in self.lanes if counts[node]
        )
        plural = "s" * (len(events) != 1)
        return f"{len(events)} event{plural}{f' ({them})' if them else ''}"

    def cut_of(self, cut: Cut) -> dict[str, int]:
        """How many events of each lane are in a cut of steps: those that have begun."""
        places = self.causality.places
        return {
            node: sum(places[self.events[e].steps[0]] <= cut.get(node, 0) for e in lane)
            for node, lane in self.lanes.items()
        }
