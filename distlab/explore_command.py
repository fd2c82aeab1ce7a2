"""`distlab explore`: go through every schedule of a protocol, from the command line.

    distlab explore replication.single_leader --crashes 1 --timers 2
    distlab explore replication.abd --servers 2 --clients 2 --judge linearizable \\
        --call 'c1.write("x", 1)' --call 'c2.read("x")'
    distlab explore consensus.paxos --states 300000 --set retry_ms=None --trace

A protocol is named as for `distlab run`, and its groups are the same. Without `--call`
each node makes as many calls as `--calls` says, those with which the protocol's own
workload begins. Nothing crashes and no timer runs out unless one asks for it: each
makes many more schedules.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from distlab.check import properties
from distlab.check.explore import always, explore
from distlab.check.explored import Explored
from distlab.check.limits import Limits
from distlab.check.local_states import Budget
from distlab.check.networks import Network, Ordered, Unordered
from distlab.check.search import ORDERS
from distlab.check.verdict import Verdict
from distlab.errors import Misuse, did_you_mean
from distlab.faults import Crash, Duplication, Loss, Recover, Reordering
from distlab.groups import Groups
from distlab.history import History
from distlab.node import Call, Node, NodeId
from distlab.simulate import asked_calls, asked_groups, setting

NETWORKS: dict[str, Network] = {
    "unordered": Unordered(),
    "ordered": Ordered(),
    "lossy": Ordered(lossy=True),
    "duplicating": Unordered(duplicating=True),
}
EXIT_CODES = """\
exit codes:
  0  valid: in all that can happen
  1  invalid: the way to what is broken is shown
  2  unknown: a limit was passed; or the command was used wrongly
"""
CODES = {"valid": 0, "invalid": 1, "unknown": 2}
USUAL = Limits(steps=200_000, time_s=60, memory_mb=2000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be said about an exploration."""
    parser.epilog = EXIT_CODES
    add = parser.add_argument
    add("protocol", help="such as replication.abd, or module:Class")
    add("--servers", type=int, metavar="N", help="how many (mostly 3)")
    add("--clients", type=int, metavar="N", help="how many (mostly 1)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    add("--call", action="append", default=[], help="""'c1.write("x", 1)'""")
    add("--calls", type=int, default=1, metavar="N", help="of each caller (1)")
    add("--network", metavar="KIND", help=f"{', '.join(NETWORKS)} (as is assumed)")
    for name, what in (
        ("crashes", "crash, at most so often"),
        ("recoveries", "come back from a crash, at most so often"),
        ("timers", "run out, at most so often"),
    ):
        add(f"--{name}", type=int, default=0, metavar="N", help=f"{what} (0)")
    add("--prompt", action="store_true", help="words to oneself come before all else")
    told = "keep one of the worlds that differ by who is who among these, as servers"
    add("--interchangeable", metavar="GROUP", help=told)
    add_limits(parser)
    add("--judge", metavar="PROPERTY", help="what was promised: linearizable, causal …")
    add("--order", default="breadth", help=f"{', '.join(ORDERS)} (breadth)")
    add("--seed", type=int, default=0, help="of random walks (0)")
    add("--trace", action="store_true", help="print the way to what is broken whole")
    add("--jsonl", type=Path, metavar="FILE", help="write that way as JSON lines")
    add("--svg", type=Path, metavar="FILE", help="draw that way")


def add_limits(parser: argparse.ArgumentParser) -> None:
    """How long it may look."""
    for name, kind, most in (
        ("--states", int, USUAL.steps),
        ("--timeout-s", float, USUAL.time_s),
        ("--memory-mb", float, USUAL.memory_mb),
    ):
        told = f"at most; past it nothing is known ({most:,})"
        parser.add_argument(name, type=kind, default=most, metavar="N", help=told)


def run(arguments: argparse.Namespace) -> int:
    """Explore, and print the verdict. Raises `Misuse` for what cannot be meant."""
    groups = asked_groups(arguments)
    protocol = next(iter(groups.values()))[0]
    assumed = "ordered" if protocol.assumes.links == "reliable FIFO" else "unordered"
    arguments.network = arguments.network or assumed
    verdict = explored(arguments, protocol, groups)
    print(repr(verdict))
    if beyond := ", ".join(unpromised(arguments, protocol)):
        print(f"  {protocol.__name__} does not promise to survive: {beyond}.")
    if verdict.trace is None:
        for name in ("trace", "jsonl", "svg"):
            if getattr(arguments, name):
                print(f"  --{name}: nothing is broken, so there is no way to show.")
        return CODES[verdict.outcome]
    if arguments.trace:
        print(verdict.trace.text())
    if arguments.jsonl:
        arguments.jsonl.write_text(verdict.trace.to_jsonl(), encoding="utf-8")
    if arguments.svg:
        from distlab.show.spacetime import (
            spacetime,
        )  # pandas and the rest of the pictures

        picture = spacetime(verdict.trace, caption=verdict.reason)
        arguments.svg.write_text(picture.svg, encoding="utf-8")
    return CODES[verdict.outcome]


def explored(
    arguments: argparse.Namespace, protocol: type[Node], groups: dict[str, Any]
) -> Explored:
    """The verdict on what the arguments describe."""
    more: dict[str, Any] = {**groups, **dict(setting(text) for text in arguments.set)}
    if arguments.interchangeable:
        more["interchangeable"] = arguments.interchangeable
    if arguments.network not in NETWORKS:
        hint = did_you_mean(arguments.network, NETWORKS)
        known = hint or f" There are: {', '.join(NETWORKS)}."
        raise Misuse(f"--network {arguments.network}: no such network.{known}")
    return explore(
        protocol,
        workload=asked_calls(arguments) or first_calls(groups, arguments.calls),
        network=replace(NETWORKS[arguments.network], prompt=arguments.prompt),
        budget=Budget(
            crashes=arguments.crashes,
            recoveries=arguments.recoveries,
            timers=arguments.timers,
        ),
        properties=[promised(arguments.judge)] if arguments.judge else [],
        order=arguments.order,
        seed=arguments.seed,
        limits=Limits(arguments.states, arguments.timeout_s, arguments.memory_mb),
        **more,
    )


def unpromised(arguments: argparse.Namespace, protocol: type[Node]) -> Iterator[str]:
    """The faults that were asked for and that a protocol's `assumes` excludes."""
    network = NETWORKS[arguments.network]
    asked = {
        Crash: arguments.crashes,
        Recover: arguments.recoveries,
        Loss: network.lossy,
        Reordering: isinstance(network, Unordered),
        Duplication: network.duplicating,
    }
    admitted = protocol.assumes.kinds()
    for kind, wanted in asked.items():
        if wanted and kind not in admitted:
            yield kind.__name__


def promised(judge: str) -> Any:
    """A judge by its name, as a property of worlds."""

    def judged(history: History) -> Verdict:
        if not history:
            return Verdict("unknown", judge, "", "Nothing was called.")
        return properties.judge(history, judge, properties.guessed(history))

    judged.__name__ = judge
    return always(judged)


def first_calls(groups: dict[str, Any], calls: int) -> dict[NodeId, tuple[Call, ...]]:
    """What the protocol's own workload begins with: always the first of its options."""
    caller, callers = groups.get("clients", next(iter(groups.values())))
    make = getattr(caller, "workload", None)
    if make is None or not callers:
        return {}

    def first(k: int, options: Iterable[Any]) -> tuple[Any, ...]:
        return tuple(options)[:k]

    members = Groups(next(iter(groups.values()))[0], groups).members
    ids = members.get("clients") or next(iter(members.values()))
    return {
        id: tuple(call for call, _ in zip(make(id, first), range(calls), strict=False))
        for id in ids
    }
