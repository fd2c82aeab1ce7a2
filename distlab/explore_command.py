"""`distlab explore`: go through every schedule of a protocol, from the command line.

    distlab explore replication.single_leader --crashes 1 --timers 2
    distlab explore replication.abd --servers 2 --clients 2 --judge linearizable \\
        --call 'c1.write("x", 1)' --call 'c2.read("x")'
    distlab explore consensus.paxos --states 300000 --set retry_ms=None --trace

A protocol is named as for `distlab run`, and its groups are the same. Without `--call`
each node makes as many calls as `--calls` says, those with which the protocol's own
workload begins. Nothing crashes and no timer runs out unless one asks for it: each
makes many more schedules.

A specification is named in the same way, `consensus.two_phase_commit_model`, and has
three members in each group unless `--set managers=5` says another number.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from distlab.check import Budget, properties
from distlab.check.explore import always, explore
from distlab.check.explored import Explored
from distlab.check.limits import Limits
from distlab.check.networks import Network, Ordered, Unordered
from distlab.check.search import ORDERS
from distlab.check.verdict import Verdict
from distlab.check.world import World
from distlab.check.worlds import Worlds
from distlab.errors import Misuse, did_you_mean
from distlab.faults import Crash, Duplication, Loss, Recover, Reordering
from distlab.groups import Groups
from distlab.history import History
from distlab.node import Call, Node, NodeId
from distlab.simulate import asked_calls, asked_groups, found, setting, specified
from distlab.specification import Specification

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
SIZE = 3  # of each group, as of the servers of a cluster
OF_NODES = """servers clients call network crashes recoveries timers prompt
interchangeable commuting judge trace jsonl svg""".split()
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
    told = "take deliveries alone that commute with all else: fewer worlds"
    add("--commuting", action="store_true", help=told)
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
    if kind := specified(*found(arguments.protocol)):
        verdict = of_rules(arguments, kind)
        print(repr(verdict))
        return CODES[verdict.outcome]
    if arguments.judge:
        properties.known(arguments.judge, properties.PROPERTIES, "property")
    groups = asked_groups(arguments)
    protocol = next(iter(groups.values()))[0]
    assumed = "ordered" if protocol.assumes.fifo else "unordered"
    arguments.network = arguments.network or assumed
    cluster = described(arguments, groups)
    verdict = explored(arguments, protocol, cluster)
    print(repr(verdict))
    if not verdict.invalid:
        for sentence in stood_still(protocol, cluster):
            print(f"  {sentence}")
    if beyond := ", ".join(unpromised(arguments, protocol)):
        print(f"  {protocol.__name__} does not promise to survive: {beyond}.")
    show_way(arguments, verdict)
    return CODES[verdict.outcome]


def show_way(arguments: argparse.Namespace, verdict: Explored) -> None:
    """Print, write and draw the way to what is broken, as was asked for."""
    if verdict.trace is None:
        for name in ("trace", "jsonl", "svg"):
            if getattr(arguments, name):
                print(f"  --{name}: nothing is broken, so there is no way to show.")
        return
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


def of_rules(arguments: argparse.Namespace, kind: type[Specification]) -> Explored:
    """The verdict on a specification. Raises `Misuse` for what only nodes have."""
    for name in OF_NODES:
        if getattr(arguments, name):
            raise Misuse(
                f"--{name} is for nodes, and `{kind.__name__}` is a specification: "
                f"it takes --set, --states, --order and the like."
            )
    sizes = dict.fromkeys(kind.groups(), SIZE)
    return explore(
        kind(**sizes | dict(setting(text) for text in arguments.set)),
        order=arguments.order,
        seed=arguments.seed,
        limits=limits(arguments),
    )


def limits(arguments: argparse.Namespace) -> Limits:
    """How long it may look."""
    return Limits(arguments.states, arguments.timeout_s, arguments.memory_mb)


def described(arguments: argparse.Namespace, groups: dict[str, Any]) -> dict[str, Any]:
    """The cluster that the arguments describe."""
    more: dict[str, Any] = {**groups, **dict(setting(text) for text in arguments.set)}
    if arguments.interchangeable:
        more["interchangeable"] = arguments.interchangeable
    if arguments.network not in NETWORKS:
        hint = did_you_mean(arguments.network, NETWORKS)
        known = hint or f" There are: {', '.join(NETWORKS)}."
        raise Misuse(f"--network {arguments.network}: no such network.{known}")
    most = {
        name: getattr(arguments, name) for name in ("crashes", "recoveries", "timers")
    }
    for name, number in (*most.items(), ("calls", arguments.calls)):
        if number < 0:
            raise Misuse(f"--{name} {number}: give 0 or more.")
    more["workload"] = asked_calls(arguments) or first_calls(groups, arguments.calls)
    more["network"] = replace(NETWORKS[arguments.network], prompt=arguments.prompt)
    return {**more, "budget": Budget(**most)}


def explored(
    arguments: argparse.Namespace, protocol: type[Node], cluster: dict[str, Any]
) -> Explored:
    """The verdict on all that can happen in a cluster."""
    return explore(
        protocol,
        properties=[promised(arguments.judge)] if arguments.judge else [],
        order=arguments.order,
        seed=arguments.seed,
        limits=limits(arguments),
        commuting=arguments.commuting,
        **cluster,
    )


def stood_still(protocol: type[Node], cluster: dict[str, Any]) -> Iterator[str]:
    """What could not happen though the protocol lives on it: little was tried then."""
    same = {name: v for name, v in cluster.items() if name != "interchangeable"}
    worlds = Worlds(protocol, **same)
    begin = World(worlds, worlds.initial()[0])
    if not any(begin.calls_left.values()):
        able = [id for id, node in begin.nodes.items() if type(node)._calls]
        node = (able or worlds.ids)[-1]
        yield f"Nobody was called: --call '{node}.…' says who and what."
    waiting = [id for id, timers in begin.timers.items() if timers]
    if waiting and cluster["budget"].timers == 0:
        yield (
            f"No timer could run out, and {', '.join(waiting)} wait for one from the "
            f"beginning: --timers 1 lets one run out."
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
