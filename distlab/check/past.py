"""The history so far, as part of a world: what was over before what began.

Worlds that differ only in which of two calls came first, or which of two ends, are one:
no promise tells these apart. So an operation is kept with how many of each process had
ended when it was called, and that is all.
"""

from __future__ import annotations

from typing import NamedTuple

from distlab.events import Call, Outcome
from distlab.history import History, Operation
from distlab.value import Value

STEP_US = 1000  # from one event to the next, when a history is written down


class Invoked(Value):
    """A process began an operation."""

    process: str
    call: Call


class Ended(Value):
    """The operation of a process ended."""

    process: str
    outcome: Outcome
    value: object


Told = tuple[Invoked | Ended, ...]  # in an order in which it may have happened


class Done(NamedTuple):
    """One operation, as far as it has come."""

    call: Call
    over_before: tuple[tuple[str, int], ...]  # of each process, how many
    ended: Ended | None = None


Past = tuple[tuple[str, tuple[Done, ...]], ...]  # the operations of each process


def grown(past: Past, told: Told) -> Past:
    """The past, and what has happened since."""
    if not told:
        return past
    done = dict(past)
    for event in told:
        own = done.get(event.process, ())
        if isinstance(event, Invoked):
            over = (
                (p, sum(o.ended is not None for o in ops)) for p, ops in done.items()
            )
            before = tuple(sorted((p, count) for p, count in over if count))
            done[event.process] = (*own, Done(event.call, before))
        else:
            done[event.process] = (*own[:-1], own[-1]._replace(ended=event))
    return tuple(sorted(done.items()))


def as_history(told: Told) -> History:
    """The same as a history, one event after the other."""
    operations: list[Operation] = []
    running: dict[str, int] = {}
    for number, event in enumerate(told, 1):
        at_us = number * STEP_US
        if isinstance(event, Invoked):
            running[event.process] = len(operations)
            call = event.call
            operations.append(Operation(event.process, call.name, call.args, at_us))
        else:
            began = running[event.process]
            operations[began] = operations[began]._replace(
                outcome=event.outcome, result=event.value, ended_us=at_us
            )
    return History(operations)
