"""Traces of our own runs, as `distlab run --jsonl` writes them: what clients saw of it.

Calls and their ends are read, and every other step is passed over. A client that comes
back after a crash is a new process, `c1#2`.
"""

from __future__ import annotations

import re
from collections import Counter

from distlab.check.formats.events import busy
from distlab.check.formats.json_lines import values
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading
from distlab.events import Call
from distlab.history import History, Operation
from distlab.trace import Step

TOLD = re.compile(r'\s*\[\d+,"(call|ok|fail|info|crash)"')
STEP = re.compile(r'\s*(\[\d+,"\w+".*\]|\{"nodes":.*\})?\s*')


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a trace. Raises `Misuse` with the line of what is wrong."""
    lives: Counter[str] = Counter()
    begun: dict[str, tuple[Operation, int]] = {}
    ended: list[Operation] = []
    for number, line in source.lines(progress):
        if not STEP.fullmatch(line):
            raise source.wrong(number, "this is no step of a trace.")
        if not TOLD.match(line):
            continue
        step = step_of(line, source, number)
        if step.kind == "crash":
            lives[step.node] += 1
        elif step.kind == "call":
            op = called(step, lives[step.node])
            if step.node in begun:
                before, at = begun[step.node]
                raise busy(source, number, op, before.f, at)
            begun[step.node] = op, number
        elif step.node not in begun:
            raise source.wrong(number, f"{step.node} ends what it has not begun.")
        else:
            op, _ = begun.pop(step.node)
            end = step.kind, step.what, step.at_us
            ended.append(Operation._make((*op[:4], *end)))
    return Reading(History([*ended, *(op for op, _ in begun.values())]), "trace")


def step_of(line: str, source: Source, number: int) -> Step:
    """The step of a line. Raises `Misuse` for what is none."""
    row = values(line, source, number)
    if not isinstance(row, tuple) or len(row) != len(Step._fields):
        raise source.wrong(number, f"a step is [{', '.join(Step._fields)}].")
    step = Step._make(row)
    if not isinstance(step.node, str) or (
        step.kind == "call" and not isinstance(step.what, Call)
    ):
        raise source.wrong(number, "a step has a node, and a call what is called.")
    return step


def called(step: Step, lives: int) -> Operation:
    """The operation that begins with a call."""
    process = f"{step.node}#{lives + 1}" if lives else step.node
    return Operation(process, step.what.name, step.what.args, step.at_us)
