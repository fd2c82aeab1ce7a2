"""A little explorer: every schedule of a few nodes, breadth first, by `step` alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from distlab.node import Call, Deliver, Event, Message, Node, Send

Link = tuple[str, str]
Links = tuple[tuple[Link, tuple[Message, ...]], ...]
World = tuple[tuple[Node, ...], Links, tuple[str, ...]]


def explore(
    make: Callable[[str, tuple[str, ...]], Node],
    ids: tuple[str, ...],
    fifo: bool = True,
) -> tuple[int, list[tuple[str, Event]] | None]:
    """How many states, and the shortest way to one with two nodes inside, if any."""
    start: World = (tuple(make(i, ids) for i in ids), (), ids)
    reached = {fingerprint(start): None}
    frontier = deque([start])
    while frontier:
        world = frontier.popleft()
        for i, event, after in successors(world, fifo):
            if (key := fingerprint(after)) in reached:
                continue
            reached[key] = (fingerprint(world), i, event)
            if sum(node.inside for node in after[0]) > 1:
                return len(reached), path(key, reached)
            frontier.append(after)
    return len(reached), None


def fingerprint(world: World) -> tuple:
    nodes, links, to_call = world
    return tuple(node.fingerprint() for node in nodes), links, to_call


def successors(world: World, fifo: bool) -> Iterator[tuple[str, Event, World]]:
    nodes, links, to_call = world
    moves = [(i, Call("acquire"), None, 0) for i in to_call]
    moves += [(node.id, Call("release"), None, 0) for node in nodes if node.inside]
    for link, queue in links:
        for k in (0,) if fifo else range(len(queue)):
            moves.append((link[1], Deliver(link[0], queue[k]), link, k))
    ids = [node.id for node in nodes]
    for i, event, link, k in moves:
        at = ids.index(i)
        node, in_flight = nodes[at].clone(), dict(links)
        if link:
            in_flight[link] = in_flight[link][:k] + in_flight[link][k + 1 :]
        for effect in node.step(event):
            if isinstance(effect, Send):
                queue = in_flight.get((i, effect.dst), ())
                in_flight[i, effect.dst] = (*queue, effect.msg)
        left = tuple(
            sorted((link, queue) for link, queue in in_flight.items() if queue)
        )
        calls = tuple(c for c in to_call if (c, event) != (i, Call("acquire")))
        yield i, event, ((*nodes[:at], node, *nodes[at + 1 :]), left, calls)


def path(key: tuple, reached: dict) -> list[tuple[str, Event]]:
    steps = []
    while reached[key]:
        key, i, event = reached[key]
        steps.append((i, event))
    return steps[::-1]
