"""What happened in a run, in order: what pictures, checks and replays read.

A trace is a sequence of `Step`s. Times are whole microseconds from 0; `at_ms` gives
them in milliseconds. Equal runs have equal traces, byte for byte, on any machine.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from distlab.codec import from_json_lines, to_json
from distlab.errors import Misuse
from distlab.value import IMMUTABLE

if TYPE_CHECKING:
    import pandas

    from distlab.causality import Causality

KINDS = {
    "start": "a node came to life",
    "send": "`node` sent `what` to `peer`",
    "deliver": "`what` from `peer` arrived at `node`",
    "drop": "`what` from `peer` never arrived at `node`; `why` says why",
    "set": "`node` set the timer `what`; `why` is the delay",
    "cancel": "`node` cancelled the timer `what`",
    "fire": "the timer `what` of `node` ran out",
    "call": "the layer above called `what` at `node`",
    "ok": "the operation in progress at `node` ended with `what`",
    "fail": "the operation in progress at `node` certainly did not happen",
    "info": "nobody knows whether the operation in progress at `node` happened",
    "output": "`node` told the layer above `what`",
    "choose": "`node` asked for a choice and was given `what`",
    "note": "a remark by `node`",
    "ignore": "`node` dropped what had just arrived; `why` is its reason",
    "state": "fields of `node` changed: `what` is pairs of name and value",
    "sync": "the disk of `node` has what was written up to now",
    "fault": "`what` began (a value of `distlab.faults`), or ended if `why` is `ends`",
    "crash": "`node` stopped",
    "recover": "`node` came back; `what` is what its disk reported",
    "pause": "`node` stands still",
    "resume": "`node` goes on",
}


class Step(NamedTuple):
    """One thing that happened. `KINDS` says what the fields mean for each kind."""

    at_us: int
    kind: str
    node: str  # "" for the network as a whole
    peer: str = ""  # the other end of a message
    what: Any = None  # the message, timer, call, value, fault or text
    why: str = ""
    msg_id: int = 0  # joins a send with its deliveries and drops; 0 for other kinds

    @property
    def at_ms(self) -> float:
        """When, in milliseconds."""
        return self.at_us / 1000

    def __str__(self) -> str:
        ends = {"send": f" → {self.peer}", "deliver": f" ← {self.peer}"}
        ends["drop"] = f" ← {self.peer}"
        what = f"  {_told(self.what)}"
        why = f"  ({self.why})" if self.why else ""
        head = f"{self.at_ms:10.3f} ms  {self.node:<4} {self.kind:<8}"
        return f"{head}{ends.get(self.kind, '')}{what}{why}".rstrip()


class Trace(Sequence[Step]):
    """The steps of one run, its nodes in the order of the diagram, and its seed."""

    def __init__(
        self, steps: Iterable[Step], nodes: Iterable[str], seed: int | None = None
    ):
        self.steps = tuple(steps)
        self.nodes = tuple(nodes)
        self.seed = seed

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Trace(self.steps[index], self.nodes, self.seed)
        return self.steps[index]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Trace):
            return NotImplemented
        return self.steps == other.steps and self.nodes == other.nodes

    def __hash__(self) -> int:
        return hash((len(self.steps), self.nodes, self.seed))

    def __repr__(self) -> str:
        if not self.steps:
            return "Trace: nothing happened"
        last_ms = self.steps[-1].at_ms
        sent = sum(step.kind == "send" for step in self.steps)
        return (
            f"Trace of {len(self.nodes)} nodes: {len(self.steps)} steps, "
            f"{sent} messages, {last_ms:g} ms, seed {self.seed}"
        )

    @property
    def end_us(self) -> int:
        """When the last step happened, in microseconds."""
        return self.steps[-1].at_us if self.steps else 0

    def where(
        self,
        *kinds: str,
        node: str | None = None,
        test: Callable[[Step], bool] | None = None,
    ) -> Trace:
        """The steps of these kinds, of this node, for which `test` holds."""
        for kind in kinds:
            if kind not in KINDS:
                raise Misuse(f"no step has the kind {kind!r}: {', '.join(KINDS)}.")
        chosen = (
            step
            for step in self.steps
            if (not kinds or step.kind in kinds)
            and (node is None or step.node == node)
            and (test is None or test(step))
        )
        return Trace(chosen, self.nodes, self.seed)

    def between(self, from_ms: float, to_ms: float) -> Trace:
        """The steps from one time to another, both included."""
        low, high = round(from_ms * 1000), round(to_ms * 1000)
        chosen = (step for step in self.steps if low <= step.at_us <= high)
        return Trace(chosen, self.nodes, self.seed)

    def saw(self, text: str) -> bool:
        """Whether some node made this remark: the run took the path it was made for."""
        return any(step.kind == "note" and step.what == text for step in self.steps)

    @cached_property
    def causality(self) -> Causality:
        """Which steps happened before which, their past and future, and cuts."""
        from distlab.causality import Causality  # numpy takes its time

        return Causality(self)

    def happened_before(self, a: Step | int, b: Step | int) -> bool:
        """Whether `a` may have had an influence on `b`: steps, or their numbers."""
        return self.causality.happened_before(a, b)

    def text(self) -> str:
        """One line for each step."""
        return "\n".join(map(str, self.steps))

    def to_jsonl(self) -> str:
        """One JSON line for each step, after a line with the nodes and the seed."""
        head = to_json({"nodes": self.nodes, "seed": self.seed})
        return "\n".join([head, *(to_json(tuple(s)) for s in self.steps)]) + "\n"

    @classmethod
    def from_jsonl(cls, text: str) -> Trace:
        """The trace that `to_jsonl` wrote. Raises `Misuse` with the wrong line."""
        head, *rows = from_json_lines(text) or [None]
        if not isinstance(head, dict) or set(head) != {"nodes", "seed"}:
            raise Misuse("line 1: a trace begins with its nodes and its seed.")
        for number, row in enumerate(rows, 2):
            if not isinstance(row, tuple) or len(row) != 7 or row[1] not in KINDS:
                raise Misuse(f"line {number}: a step is {', '.join(Step._fields)}.")
        return cls(map(Step._make, rows), head["nodes"], head["seed"])

    def digest(self) -> str:
        """SHA-256 of the JSON lines: equal runs, equal digests, on any machine."""
        return hashlib.sha256(self.to_jsonl().encode()).hexdigest()

    def to_pandas(self) -> pandas.DataFrame:
        """A table with one row for each step; `what` as text."""
        import pandas

        rows = [
            (s.at_ms, s.kind, s.node, s.peer, _told(s.what), s.why, s.msg_id)
            for s in self.steps
        ]
        names = ["at_ms", "kind", "node", "peer", "what", "why", "msg_id"]
        return pandas.DataFrame(rows, columns=names)


IMMUTABLE.add(Trace)  # a verdict may hold one


def _told(what: Any) -> str:
    return "" if what is None else str(what)
