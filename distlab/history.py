"""What the clients saw: the operations they began, and how each ended (as in Jepsen).

An operation ends with *ok* (it happened, with this result), *fail* (it certainly did
not happen) or *info* (nobody knows: it may have happened, or may yet). An operation
that has not ended when the run stops is *info* too. Times are whole microseconds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from distlab.codec import from_json_lines, to_json
from distlab.errors import Misuse
from distlab.events import Outcome

if TYPE_CHECKING:
    import pandas


class Operation(NamedTuple):
    """One call by one process, from its invocation to its end."""

    process: str  # one at a time each; a recovered client is a new process
    f: str  # what was called: "read", "write", "cas"
    args: tuple
    invoked_us: int
    outcome: Outcome = "info"
    result: Any = None  # the value of an ok, the reason of the others
    ended_us: int | None = None  # None: it has not ended

    @property
    def invoked_ms(self) -> float:
        """When it was called, in milliseconds."""
        return self.invoked_us / 1000

    @property
    def ended_ms(self) -> float | None:
        """When it ended, in milliseconds; None while it has not."""
        return None if self.ended_us is None else self.ended_us / 1000

    @property
    def latency_ms(self) -> float | None:
        """How long it took, in milliseconds."""
        if self.ended_us is None:
            return None
        return (self.ended_us - self.invoked_us) / 1000

    @staticmethod
    def when(at_us: int | None) -> str:
        """A moment of its clock in words: `12 ms`."""
        return "no end" if at_us is None else f"{at_us / 1000:g} ms"

    @property
    def span(self) -> str:
        """From when to when it took, in words: `12 to 14 ms`."""
        return f"{self.invoked_ms:g} to {self.when(self.ended_us)}"

    @property
    def definite(self) -> bool:
        """Whether one knows if it happened."""
        return self.outcome != "info"

    def before(self, other: Operation) -> bool:
        """Whether this one had ended when the other was called.

        One process calls again in the microsecond in which its last operation ended.
        """
        if self.ended_us is None:
            return False
        if self.process == other.process and self.invoked_us < other.invoked_us:
            return self.ended_us <= other.invoked_us
        return self.ended_us < other.invoked_us

    def __str__(self) -> str:
        args = ", ".join(map(repr, self.args))
        ended = "   never" if self.ended_ms is None else f"{self.ended_ms:8.3f}"
        result = "" if self.result is None else f" {self.result!r}"
        span = f"{self.invoked_ms:9.3f} to {ended} ms"
        return f"{self.process:<5} {span}  {self.f}({args}) → {self.outcome}{result}"


class History(Sequence[Operation]):
    """Operations in the order of their invocation."""

    def __init__(self, operations: Iterable[Operation] = ()):
        self.operations = tuple(sorted(operations, key=_by_invocation))

    def __getitem__(self, index: Any) -> Any:
        found = self.operations[index]
        return History(found) if isinstance(index, slice) else found

    def __len__(self) -> int:
        return len(self.operations)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return self.operations == other.operations

    def __hash__(self) -> int:
        return hash(len(self.operations))

    def __repr__(self) -> str:
        counts = Counter(op.outcome for op in self)
        told = ", ".join(
            f"{counts[outcome]} {outcome}" for outcome in get_args(Outcome)
        )
        return f"History of {len(self)} operations: {told}"

    @property
    def processes(self) -> tuple[str, ...]:
        """Who called, in the order of their first call."""
        return tuple(dict.fromkeys(op.process for op in self))

    def where(
        self,
        *fs: str,
        process: str | None = None,
        outcome: Outcome | None = None,
        test: Callable[[Operation], bool] | None = None,
    ) -> History:
        """The operations with these names, of this process, with this outcome."""
        return History(
            op
            for op in self
            if (not fs or op.f in fs)
            and (process is None or op.process == process)
            and (outcome is None or op.outcome == outcome)
            and (test is None or test(op))
        )

    def text(self) -> str:
        """One line for each operation."""
        return "\n".join(map(str, self))

    def to_jsonl(self) -> str:
        """One JSON line for each operation."""
        return "".join(to_json(tuple(op)) + "\n" for op in self)

    @classmethod
    def from_jsonl(cls, text: str) -> History:
        """The history that `to_jsonl` wrote. Raises `Misuse` with the wrong line."""
        rows = from_json_lines(text)
        for number, row in enumerate(rows, 1):
            if not isinstance(row, tuple) or len(row) != 7:
                raise Misuse(
                    f"line {number}: an operation is {', '.join(Operation._fields)}."
                )
        return cls(map(Operation._make, rows))

    def digest(self) -> str:
        """SHA-256 of the JSON lines: equal histories, equal digests, on any machine."""
        return hashlib.sha256(self.to_jsonl().encode()).hexdigest()

    def to_pandas(self) -> pandas.DataFrame:
        """A table with one row for each operation, times in milliseconds."""
        import pandas

        names = ["process", "f", "args", "invoked_ms", "ended_ms", "outcome", "result"]
        rows = [[getattr(op, name) for name in names] for op in self]
        return pandas.DataFrame(rows, columns=names)


def _by_invocation(op: Operation) -> tuple[int, str]:
    return op.invoked_us, op.process
