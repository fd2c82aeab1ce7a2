"""What a history may be: a sentence says that all which are this are also that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distlab.check import convergence
from distlab.check.verdict import Verdict
from distlab.errors import Misuse
from distlab.grade.checks.models.goals import verdict
from distlab.history import History, Operation

AT_REST_MS = 100
SOON_MS = 5


class Condition(NamedTuple):
    """Something that a history may be: whether it is, and why not."""

    holds: Callable[[History], bool | Verdict]
    otherwise: str  # what is said of a history that is not

    def missed(self, ops: History) -> str:
        """Why a history is not like that; nothing if it is."""
        try:
            said = self.holds(ops)
        except Misuse:
            return OTHER
        if isinstance(said, Verdict):
            if said.unknown:
                return OTHER
            return "" if said.valid else f"{self.otherwise} {said.reason}"
        return "" if said else self.otherwise


OTHER = "The sentence is about something else than what is done there."


# ------------------------------------------------------------------- what histories are
def is_(model: str) -> Condition:
    """What a judge calls valid."""
    return Condition(lambda ops: verdict(ops, model), f"It is not {model}.")


def converges(ops: History) -> Verdict:
    """Who reads when all is at rest reads the same."""
    return convergence.eventual_consistency(ops, AT_REST_MS)


def reads(ops: History) -> list[Operation]:
    """The reads that were answered. Raises `Misuse` for transactions."""
    if ops.where("txn"):
        raise Misuse("these are transactions.")
    return list(ops.where("read", outcome="ok"))


def fresh_soon(ops: History) -> bool:
    """No read finds nothing some time after a write of the key had ended."""
    done = ops.where("write", outcome="ok")
    return not any(
        write.args[0] == read.args[0]
        and read.result is None
        and read.invoked_ms > (write.ended_ms or 0) + SOON_MS
        for read in reads(ops)
        for write in done
    )


def same_at_once(ops: History) -> bool:
    """Two reads of one key that overlap return the same."""
    return not any(
        one.args == other.args
        and one.result != other.result
        and not (one.before(other) or other.before(one))
        for one in reads(ops)
        for other in reads(ops)
    )


def one_by_one(ops: History) -> History:
    """The reads and writes of transactions, one after another. Raises `Misuse`."""
    if not ops.where("txn"):
        raise Misuse("these are no transactions.")
    return History(op for txn in ops for op in parts(txn))


def parts(txn: Operation) -> Iterator[Operation]:
    """What a transaction did, each in its share of the time."""
    called, ended = txn.invoked_us, txn.ended_us or txn.invoked_us
    each = (ended - called) // len(txn.result)
    for i, (f, key, value) in enumerate(txn.result):
        args = (key, value) if f == "w" else (key,)
        op = Operation(txn.process, "write", args, called + i * each, "ok", None)
        op = op._replace(ended_us=called + (i + 1) * each - 1)
        yield op if f == "w" else op._replace(f="read", result=value)


def by_key(model: str) -> Callable[[History], bool]:
    """Whether each key by itself is what the model allows."""

    def holds(ops: History) -> bool:
        keys = sorted({op.args[0] for op in (*reads(ops), *ops.where("write"))})
        each = (History(op for op in ops if op.args[0] == key) for key in keys)
        return not any(verdict(part, model).invalid for part in each)

    return holds
