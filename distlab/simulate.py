"""`distlab run`: simulate a protocol from the command line.

    distlab run replication.single_leader --seed 83 --set sync_followers=1 \\
        --fault 'Crash("s1", at_ms=500)' --call 'c1.write("x", 1)' --trace
    distlab run replication.regular_register --clients 8 --latency 'Exponential(20)' \\
        --seeds 0:100 --judge linearizable

A protocol is named by its module below `distlab`, with `:Class` if there are several.
Three servers run, and one client where the protocol has a `client`; a module that needs
others says so, `CLUSTER = {"left": (SingleLeader, 2), "clients": (ShardedClient, 1)}`.
Without `--call` the nodes do what the protocol's `workload(client, choose)` says: a
static method of the client's class (of the protocol's own, where it has no client) that
gives the calls of one client, `choose(k, options)` being its dice.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any, TypeVar

import distlab
from distlab import faults, sim
from distlab.check import Verdict, properties
from distlab.check.shrink import shrink
from distlab.errors import DistlabError, Misuse, did_you_mean
from distlab.history import History
from distlab.node import Call, Node
from distlab.recording import Recording
from distlab.sim.cluster import MAX_STEPS, RUN_MS
from distlab.sim.program import program
from distlab.specification import Specification

FAULTS = {name: kind for name, kind in vars(faults).items() if isinstance(kind, type)}
DELAYS = {name: getattr(sim, name) for name in sim.__all__}
NO_PROTOCOLS = ("sim", "check", "show", "grade", "serve")
T = TypeVar("T")
LEAST = {"servers": "at least one server", "clients": "none or more clients"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What may be said about a run."""
    add = parser.add_argument
    add("protocol", help="such as replication.single_leader, or module:Class")
    add("--seed", type=int, default=0, help="equal seeds, equal runs (0)")
    add("--seeds", metavar="FIRST:LAST", help="many runs, 0:1000 for a thousand")
    add("--judge", metavar="PROPERTY", help="what was promised: linearizable, causal …")
    add("--shrink", action="store_true", help="print the smallest run that still fails")
    add("--servers", type=int, metavar="N", help="how many (mostly 3)")
    add("--clients", type=int, metavar="N", help="how many (mostly 1)")
    add("--until-ms", type=float, default=RUN_MS, help=f"simulated time ({RUN_MS})")
    add("--max-steps", type=int, default=MAX_STEPS, help="ends what does not end")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting")
    add("--fault", action="append", default=[], help="""'Crash("s1", at_ms=500)'""")
    add("--call", action="append", default=[], help="""'c1.write("x", 1)'""")
    add("--latency", default="Uniform(1, 5)", help="of messages: 'Exponential(10)', 3")
    in_order = "messages of a link stay in order; if not said, as the protocol assumes"
    add("--fifo", action=argparse.BooleanOptionalAction, help=in_order)
    add("--sync-ms", default="0", help="of the disks: a number or a distribution")
    add("--trace", action="store_true", help="print what happened, step by step")
    add("--history", action="store_true", help="print the operations")
    add("--digest", action="store_true", help="print SHA-256 of trace and history")
    add("--jsonl", type=Path, metavar="FILE", help="write the trace as JSON lines")


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and print a summary. Raises what the protocol raises."""
    if arguments.judge:
        properties.known(arguments.judge, properties.PROPERTIES, "property")
    if arguments.seeds:
        from distlab import simulate_many  # numpy and a pool of processes

        return simulate_many.run(arguments)
    cluster = made(arguments)
    try:
        cluster.run(arguments.until_ms, arguments.max_steps)
    except DistlabError:
        report(cluster, arguments)
        if arguments.shrink:
            print_smallest(cluster, arguments)
        raise
    report(cluster, arguments)
    if arguments.judge:
        verdict = judged(cluster.history, arguments.judge)
        print(repr(verdict))
        if verdict.invalid:
            if arguments.shrink:
                print_smallest(cluster, arguments)
            return 1
    if arguments.shrink:
        how = "" if arguments.judge else " (--judge says what was promised)"
        print(f"  --shrink: nothing failed, so there is nothing to shrink{how}.")
    return 0


def print_smallest(cluster: sim.Cluster, arguments: argparse.Namespace) -> None:
    """Print the smallest run found that fails like this one, as a program."""

    def judge(tried: Recording) -> Verdict | None:
        run = cluster.again(tried).run(tried.until_ms, arguments.max_steps)
        return judged(run.history, arguments.judge) if arguments.judge else None

    recording = replace(cluster.recording, until_ms=arguments.until_ms)
    smallest = shrink(recording, judge)
    print(f"\n{smallest.told}\n\n{program(cluster, smallest.recording)}")


def report(cluster: sim.Cluster, arguments: argparse.Namespace) -> None:
    """Print and write what was asked for."""
    trace, history = cluster.trace, cluster.history
    if arguments.trace:
        print(trace.text())
    if arguments.history:
        print(history.text())
    print("\n".join(summary(cluster)))
    if arguments.digest:
        print(f"trace {trace.digest()}\nhistory {history.digest()}")
    if arguments.jsonl:
        arguments.jsonl.write_text(trace.to_jsonl(), encoding="utf-8")


def judged(history: History, judge: str) -> Verdict:
    """The verdict on one run. Raises `Misuse` for a name that no judge has."""
    return properties.judge(history, judge, properties.guessed(history))


def summary(cluster: sim.Cluster) -> Iterator[str]:
    """The run in a few lines."""
    trace, history = cluster.trace, cluster.history
    kinds = Counter(step.kind for step in trace)
    yield repr(cluster)
    yield (
        f"{kinds['send']} messages sent, {kinds['deliver']} delivered, "
        f"{kinds['drop']} dropped; {len(trace)} steps"
    )
    for why, count in sorted(Counter(s.why for s in trace.where("drop")).items()):
        yield f"  {count} dropped: {why}"
    yield repr(history)
    if not history:
        node = next(iter(cluster.nodes))
        yield f"  nobody has called a node: --call '{node}.…' says who and what"
    waits = [op.latency_ms for op in history.where(outcome="ok") if op.latency_ms]
    if waits:
        yield f"  ok after {median(waits):g} ms (median), {max(waits):g} ms at most"


# ----------------------------------------------------------------- from words to values
def made(arguments: argparse.Namespace) -> sim.Cluster:
    """The cluster that the arguments describe. Raises `Misuse` for what is unclear."""
    groups, calls = asked_groups(arguments), asked_calls(arguments)
    caller, callers = groups.get("clients", next(iter(groups.values())))
    protocol, fifo = next(iter(groups.values()))[0], arguments.fifo
    if fifo is None:
        fifo = protocol.assumes.fifo
    more: dict[str, Any] = {**groups, **dict(setting(text) for text in arguments.set)}
    return sim.Cluster(
        protocol,
        seed=arguments.seed,
        network=sim.Network(value(arguments.latency, DELAYS), fifo=fifo),
        disk=sim.Disk(value(arguments.sync_ms, DELAYS)),
        faults=[value(text, FAULTS) for text in arguments.fault],
        workload=calls or (getattr(caller, "workload", None) if callers else None),
        **more,
    )


def asked_groups(arguments: argparse.Namespace) -> dict[str, tuple[type[Node], int]]:
    """Who runs together: the protocol's usual groups, as many of each as asked for."""
    groups = usual_groups(*found(arguments.protocol))
    for name in ("servers", "clients"):
        number = getattr(arguments, name)
        if number is not None and name not in groups:
            raise Misuse(f"--{name}: the groups here are {', '.join(groups)}.")
        if number is not None and number < (name == "servers"):
            raise Misuse(f"--{name} {number}: a run needs {LEAST[name]}.")
        if number is not None:
            groups[name] = (groups[name][0], number)
    return groups


def asked_calls(arguments: argparse.Namespace) -> dict[str, list[Call]]:
    """What `--call` says, by the node that is called."""
    calls: dict[str, list[Call]] = {}
    for text in arguments.call:
        node, call = parsed_call(text)
        calls.setdefault(node, []).append(call)
    return calls


def found(name: str) -> tuple[ModuleType, str]:
    """The module of a protocol, and the class asked for; `Misuse` names the nearest."""
    path, _, wanted = name.removeprefix("distlab.").partition(":")
    known = dict(protocols())
    if path not in known:
        hint = did_you_mean(path, known) or f" There are: {', '.join(known)}."
        raise Misuse(f"there is no protocol `{path}`.{hint}")
    return importlib.import_module(known[path]), wanted


def protocols() -> Iterator[tuple[str, str]]:
    """Each module of a chapter: its short name and its whole one."""
    for chapter in pkgutil.iter_modules(distlab.__path__):
        if chapter.ispkg and chapter.name not in NO_PROTOCOLS:
            folder = [f"{path}/{chapter.name}" for path in distlab.__path__]
            for module in pkgutil.iter_modules(folder):
                short = f"{chapter.name}.{module.name}"
                yield short, f"distlab.{short}"


def usual_groups(module: ModuleType, wanted: str) -> dict[str, tuple[type[Node], int]]:
    """Who runs together: what the module's `CLUSTER` says, or servers and a client."""
    nodes = classes(module, Node)
    if not wanted and hasattr(module, "CLUSTER"):
        return dict(module.CLUSTER)
    clients = {kind.client for kind in nodes.values()}
    servers = [name for name, kind in nodes.items() if kind not in clients]
    wanted = wanted or next((n for n in servers if nodes[n].client), "")
    wanted = wanted or next(iter(servers), "")
    if wanted not in nodes:
        raise no_nodes(module, wanted, nodes)
    client = nodes[wanted].client
    groups = {"servers": (nodes[wanted], 3)}
    return groups | {"clients": (client, 1)} if client else groups


def classes(module: ModuleType, kind: type[T]) -> dict[str, type[T]]:
    """The classes of a kind that a module defines, by their names."""
    return {
        one.__name__: one
        for one in vars(module).values()
        if isinstance(one, type)
        and issubclass(one, kind)
        and one.__module__ == module.__name__
    }


def specified(module: ModuleType, wanted: str) -> type[Specification] | None:
    """The specification that was asked for, if it is one."""
    kinds = classes(module, Specification)
    if wanted or classes(module, Node):
        return kinds.get(wanted)
    return next(iter(kinds.values()), None)


def no_nodes(module: ModuleType, wanted: str, nodes: Mapping[str, Any]) -> Misuse:
    """Why nothing runs there."""
    name = f"{module.__name__.removeprefix('distlab.')}:{wanted}".rstrip(":")
    if kind := specified(module, wanted):
        return Misuse(
            f"`{kind.__name__}` is a specification and has no nodes that could run: "
            f"go through all of its states, `distlab explore {name}`."
        )
    there = {**nodes, **classes(module, Specification)}
    if not there:
        return Misuse(f"`{module.__name__}` has no class of nodes: name a protocol.")
    hint = did_you_mean(wanted, there)
    return Misuse(f"`{module.__name__}` has no node class `{wanted}`.{hint}")


def setting(text: str) -> tuple[str, Any]:
    """`timeout_ms=50` → ("timeout_ms", 50); what is no literal is text."""
    name, equals, word = text.partition("=")
    if not equals:
        raise Misuse(f"--set {text}: write it as name=value.")
    try:
        return name, ast.literal_eval(word)
    except (ValueError, SyntaxError):
        return name, word


def parsed_call(text: str) -> tuple[str, Call]:
    """`c1.write("x", 1)` → ("c1", Call("write", ("x", 1)))."""
    tree = expression(text)
    if (
        isinstance(tree, ast.Call)
        and isinstance(tree.func, ast.Attribute)
        and isinstance(tree.func.value, ast.Name)
        and not tree.keywords
    ):
        arguments = tuple(literal(argument, text) for argument in tree.args)
        return tree.func.value.id, Call(tree.func.attr, arguments)
    raise Misuse(f"""{text!r} is no call: write it as 'c1.write("x", 1)'.""")


def value(text: str, known: Mapping[str, Any]) -> Any:
    """A literal, or a known name called with literals: nothing else is run."""
    tree = expression(text)
    if not isinstance(tree, ast.Call):
        return literal(tree, text)
    name = ast.unparse(tree.func)
    if name not in known:
        raise Misuse(f"{text!r}: there is no `{name}`.{did_you_mean(name, known)}")
    arguments = [literal(argument, text) for argument in tree.args]
    named = {word.arg or "": literal(word.value, text) for word in tree.keywords}
    try:
        return known[name](*arguments, **named)
    except TypeError as error:
        raise Misuse(f"{text!r}: {error}") from None


def expression(text: str) -> ast.expr:
    """What is written there. Raises `Misuse` for what is no expression."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        raise Misuse(
            f"{text!r} cannot be read: mind the quotes and brackets."
        ) from None


def literal(tree: ast.expr, text: str) -> Any:
    """A number, a text, a tuple … Raises `Misuse` for what would have to be run."""
    try:
        return ast.literal_eval(tree)
    except ValueError:
        raise Misuse(
            f"{text!r}: only numbers, texts and tuples may stand there."
        ) from None
