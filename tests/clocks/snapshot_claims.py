"""What a snapshot promises, of a run and of a world; and how runs are made."""

from collections import deque

from schedules import OVER_MS, Drawing

from distlab.causality import Causality
from distlab.clocks.snapshot import ChandyLamport, Recorded, Transfer, cut
from distlab.faults import Schedule
from distlab.node import Call, Node, NodeId
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform
from distlab.trace import Step, Trace

SIZES = (2, 3, 5)
DEPOSIT = 100
SNAPSHOT = Call("snapshot")
# All pay alike, and two look, or one; or one pays all the time, and another one looks
PAYS = {"symmetric": (12, 12), "quiet": (8, 8), "lopsided": (80, 2)}
THINKS = {"symmetric": (20, 20), "quiet": (80, 80), "lopsided": (5, 200)}
LOOKS = {"symmetric": ("s1", "s2"), "quiet": ("s1",), "lopsided": ("s2",)}

Channels = dict[tuple[NodeId, NodeId], tuple[int, ...]]  # amounts on the way
State = tuple[dict[NodeId, int], Channels]


def transfer(dst: NodeId, amount: int) -> Call:
    return Call("transfer", (dst, amount))


def run(
    protocol: type[Node],
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    fifo: bool = True,
) -> Cluster:
    """One run, under faults that are admitted, unless it is told which."""
    n = SIZES[seed % len(SIZES)]
    servers = tuple(f"s{i + 1}" for i in range(n))
    if schedule is None:
        drawing = Drawing(seed, servers, delay_ms=40, pause_ms=60)
        schedule = drawing.schedule(ChandyLamport.assumes)
    cluster = Cluster(
        protocol,
        servers=n,
        seed=seed,
        faults=schedule,
        network=Network(Uniform(1, 40), fifo=fifo),
        workload=lambda id, choose: ClosedLoop(
            calls(id, servers, work, choose), Exponential(THINKS[work][id != "s1"])
        ),
    )
    return cluster.run(until_ms=OVER_MS + 3000)


def calls(id: NodeId, servers: tuple[NodeId, ...], work: str, choose):
    """What a node pays, and halfway, if it is one of those who look, the snapshot."""
    times = PAYS[work][id != "s1"]
    others = [other for other in servers if other != id]
    for i in range(times):
        (dst,), (amount,) = choose(1, others), choose(1, range(1, 20))
        yield transfer(dst, amount)
        if id in LOOKS[work] and i == times // 2:
            yield SNAPSHOT


def recorded(trace: Trace) -> dict[NodeId, Recorded]:
    return {step.node: step.what for step in trace.where("output")}


# --------------------------------------------------------------------------- of one run
def all_record_their_part_once(cluster: Cluster) -> str | None:
    """Termination: if somebody begins, all get done."""
    told = [step.node for step in cluster.trace.where("output")]
    return None if sorted(told) == sorted(cluster.nodes) else f"{told} are done"


def no_money_is_lost_or_made(cluster: Cluster) -> str | None:
    """All that there is, is in the snapshot, once."""
    found = sum(part.total for part in recorded(cluster.trace).values())
    there = DEPOSIT * len(cluster.nodes)
    return None if found == there else f"{found} of {there}"


def nothing_arrives_that_was_not_sent(cluster: Cluster) -> str | None:
    """What is recorded is a consistent cut."""
    orphans = Causality(cluster.trace).orphans(cut(cluster.trace))
    return f"{cluster.trace[orphans[0][0]]} is sent after the cut" if orphans else None


def channels_hold_what_crosses_the_cut(cluster: Cluster) -> str | None:
    """What was sent before it and arrives after it, in order, and nothing else."""
    trace = cluster.trace
    crossing: Channels = {}
    for sent, _ in sorted(Causality(trace).in_transit(cut(trace))):
        step = trace[sent]
        channel = crossing.get((step.node, step.peer), ())
        crossing[step.node, step.peer] = (*channel, step.what.amount)
    said = in_snapshot(trace)[1]
    told = {channel: amounts for channel, amounts in said.items() if amounts}
    return None if told == crossing else f"{told} instead of {crossing}"


def the_system_could_have_been_in_it(cluster: Cluster) -> str | None:
    """Theorem 1: reached from the beginning, and the end is reached from it.

    What happened before the cut, then what happened after it, each in the order of
    the run: that is a run too, and between the two it is in this state.
    """
    trace = cluster.trace
    before, after = sides(trace)
    state: State = (dict.fromkeys(cluster.nodes, DEPOSIT), {})
    try:
        reached = replayed(before, state)
        balances, channels = replayed(after, reached)
    except Impossible as error:
        return str(error)
    if without_empty(reached) != without_empty(in_snapshot(trace)):
        return f"{reached} is reached, and {in_snapshot(trace)} was recorded"
    end = {id: node.balance for id, node in cluster.nodes.items()}
    return None if (balances, any(channels.values())) == (end, False) else f"{balances}"


PROMISES = (
    all_record_their_part_once,
    no_money_is_lost_or_made,
    nothing_arrives_that_was_not_sent,
    channels_hold_what_crosses_the_cut,
    the_system_could_have_been_in_it,
)


# ------------------------------------------------------------------- a run, rearranged
class Impossible(Exception):
    """A message arrives that is not the next on its channel."""


def in_snapshot(trace: Trace) -> State:
    parts = recorded(trace)
    balances = {id: part.balance for id, part in parts.items()}
    channels = {
        (src, dst): amounts
        for dst, part in parts.items()
        for src, amounts in part.channels
    }
    return balances, channels


def without_empty(state: State) -> State:
    balances, channels = state
    return balances, {ends: amounts for ends, amounts in channels.items() if amounts}


def sides(trace: Trace) -> tuple[list[Step], list[Step]]:
    """The steps of the computation before the cut, and those after it."""
    left, sides = cut(trace), ([], [])
    for step in trace:
        if step.kind in ("send", "deliver") and type(step.what) is Transfer:
            sides[left[step.node] <= 0].append(step)
        if step.node in left and step.kind != "drop":
            left[step.node] -= 1
    return sides


def replayed(steps: list[Step], state: State) -> State:
    """Where these transfers lead. Raises `Impossible` where one cannot happen."""
    balances, on_the_way = dict(state[0]), {k: deque(v) for k, v in state[1].items()}
    for step in steps:
        amount = step.what.amount
        if step.kind == "send":
            balances[step.node] -= amount
            on_the_way.setdefault((step.node, step.peer), deque()).append(amount)
            continue
        channel = on_the_way.get((step.peer, step.node))
        if not channel or channel.popleft() != amount:
            raise Impossible(f"{step} is not the next on its channel")
        balances[step.node] += amount
    return balances, {k: tuple(v) for k, v in on_the_way.items()}


# ----------------------------------------------------------------------- of every order
def always_all_the_money(world) -> str | None:
    parts = [value for outputs in world.outputs.values() for value in outputs]
    if len(parts) < len(world.nodes):
        return None
    found, there = sum(part.total for part in parts), DEPOSIT * len(world.nodes)
    return None if found == there else f"{found} instead of {there}"


def sometimes_money_is_on_its_way_in_it(world) -> bool:
    parts = [value for outputs in world.outputs.values() for value in outputs]
    return any(amounts for part in parts for _, amounts in part.channels)


def always_possible_that_all_have_recorded(world) -> bool:
    return all(world.outputs.values())
