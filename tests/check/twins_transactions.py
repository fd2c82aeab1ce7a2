"""The slow, obvious twins of the judge of transactions: they try every order.

Levels are told here by what they allow, not by what they forbid: some order of the
transactions (and, of snapshots, of their beginnings and ends) that explains what each
of them has read, with some of those of which nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations

from distlab.history import History, Operation

Order = tuple[Operation, ...]


# ------------------------------------------------------------------- one after another
def reads_fit(held: dict, op: Operation) -> bool:
    """Whether a transaction reads this and its own writes; `held` has them then."""
    for f, key, value in done(op):
        if f == "append":
            held[key] = (*(held.get(key) or ()), value)
        elif f == "w":
            held[key] = value
        elif op.outcome != "ok":
            continue
        elif f == "scan":
            if dict(value) != {k: v for k, v in held.items() if k.startswith(key)}:
                return False
        elif (held.get(key) or None) != (value or None):
            return False
    return True


def done(op: Operation) -> tuple:
    return op.result if op.outcome == "ok" else op.args


def one_after_another(order: Order) -> bool:
    held: dict = {}
    return all(reads_fit(held, op) for op in order)


def in_any_order(order: Order) -> bool:
    return True


def in_session_order(order: Order) -> bool:
    """A process's transactions in its own order, behind those that surely happened."""
    return not any(
        later.process == op.process and later.outcome == "ok" and called(later, op)
        for i, op in enumerate(order)
        for later in order[i + 1 :]
    )


def in_real_time(order: Order) -> bool:
    return in_session_order(order) and not any(
        later.outcome == "ok" and later.before(op)
        for i, op in enumerate(order)
        for later in order[i + 1 :]
    )


def called(one: Operation, other: Operation) -> bool:
    """Whether one was called first; of one process, as the history has them."""
    return PLACE[id(one)] < PLACE[id(other)]


PLACE: dict[int, int] = {}


def chosen(history: History) -> Iterator[Order]:
    """Those that happened, with any of those of which nobody knows."""
    PLACE.clear()
    PLACE.update((id(op), i) for i, op in enumerate(history))
    ok = [op for op in history if op.outcome == "ok"]
    info = [op for op in history if op.outcome == "info"]
    for k in range(len(info) + 1):
        for some in combinations(info, k):
            yield (*ok, *some)


def serializable(
    history: History, allowed: Callable[[Order], bool] = in_any_order
) -> bool:
    """Whether one order explains every read."""
    return any(
        one_after_another(order)
        for some in chosen(history)
        for order in permutations(some)
        if allowed(order)
    )


def session_serializable(history: History) -> bool:
    return serializable(history, in_session_order)


def strict_serializable(history: History) -> bool:
    return serializable(history, in_real_time)


# --------------------------------------------------------------------------- snapshots
def snapshot_isolated(history: History) -> bool:
    """Whether beginnings and ends can be put in a row so that snapshots explain all.

    Generalized snapshot isolation (Elnikety, Pedone and Zwaenepoel): a snapshot may be
    old. Each reads what had been committed when it began; of two that write the same
    key, one has committed before the other begins.
    """
    return any(
        snapshots(order) for some in chosen(history) for order in permutations(some)
    )


def snapshots(commits: Order) -> bool:
    """Whether each transaction of an order of commits finds a snapshot that fits it."""
    for i, op in enumerate(commits):
        keys = written(op)
        last = max(
            (j + 1 for j, other in enumerate(commits[:i]) if keys & written(other)),
            default=0,
        )
        if not any(reads_fit(state(commits[:j]), op) for j in range(last, i + 1)):
            return False
    return True


def state(commits: Iterable[Operation]) -> dict:
    held: dict = {}
    for op in commits:
        for f, key, value in op.args:
            if f == "append":
                held[key] = (*(held.get(key) or ()), value)
            elif f == "w":
                held[key] = value
    return held


def written(op: Operation) -> set:
    return {key for f, key, _ in op.args if f in ("append", "w")}
