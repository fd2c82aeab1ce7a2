"""Every order in which messages may arrive, while one write is under way.

A writer has sent its value out. A reader reads meanwhile, and when it has its answer
another one reads. A message that never arrives is one of these orders that has not gone
further.
"""

from collections import deque

import pytest

from distlab.node import Call, Deliver, End, Message, Node, Send
from distlab.quorum import AtLeast
from distlab.replication.abd import AbdClient, AbdReplica, Row, Stamp, Store
from distlab.replication.regular_register import RegularClient

READ = Call("read", ("x",))
NEW = Store(1, Row("x", Stamp(1, "c1"), "new"))
Sent = tuple[str, str, Message]  # from, to


class World:
    """The nodes, what is under way among them, and what the readers have returned."""

    def __init__(
        self, nodes: dict[str, Node], sent: tuple[Sent, ...], read: tuple = ()
    ):
        self.nodes, self.sent, self.read = nodes, sent, read

    def key(self) -> tuple:
        """Equal worlds have equal keys, in whatever order messages were sent."""
        states = tuple(node.fingerprint() for node in self.nodes.values())
        return states, frozenset(self.sent), self.read

    def after(
        self, node: str, event: Call | Deliver, but: Sent | None = None
    ) -> "World":
        """The world after one step of one node."""
        twin, read = self.nodes[node].clone(), self.read
        sent = [msg for msg in self.sent if msg != but]
        for effect in twin.step(event):
            if isinstance(effect, Send) and effect.dst in self.nodes:
                sent.append((node, effect.dst, effect.msg))
            elif isinstance(effect, End):
                read = (*read, effect.value)
        after = World({**self.nodes, node: twin}, tuple(sent), read)
        if len(read) == 1 and read != self.read:
            return after.after("c3", READ)  # the later read begins
        return after

    def following(self) -> list["World"]:
        """One step later: each message may be the next to arrive."""
        return [
            self.after(dst, Deliver(src, msg), (src, dst, msg))
            for src, dst, msg in self.sent
        ]


def explored(client: type, n: int, r: int, w: int):
    """How many worlds there are, and what two reads return one after the other."""
    servers = tuple(f"s{i + 1}" for i in range(n))
    quorums = {
        "read_quorum": AtLeast(servers, r),
        "write_quorum": AtLeast(servers, w),
    }
    nodes = {server: AbdReplica(server, servers) for server in servers}
    for reader in ("c2", "c3"):
        nodes[reader] = client(reader, servers=servers, **quorums)
    start = World(nodes, tuple(("c1", server, NEW) for server in servers))
    start = start.after("c2", READ)
    known, found, todo = {start.key()}, set(), deque([start])
    while todo:
        for world in todo.popleft().following():
            if len(world.read) == 2:
                found.add(world.read)
            elif (key := world.key()) not in known:
                known.add(key)
                todo.append(world)
    return len(known), found


IN_ORDER = {(None, None), (None, "new"), ("new", "new")}
SIZES = [(2, 1, 2, 3094), (2, 2, 1, 728), (2, 2, 2, 270)]


@pytest.mark.parametrize(("n", "r", "w", "worlds"), SIZES)
def test_in_whatever_order_messages_arrive_no_read_goes_back(n, r, w, worlds):
    assert explored(AbdClient, n, r, w) == (worlds, IN_ORDER)


@pytest.mark.soak
def test_so_it_is_with_majorities_of_three():
    assert explored(AbdClient, 3, 2, 2) == (263_261, IN_ORDER)


@pytest.mark.parametrize(("n", "r", "w"), [(2, 1, 2), (3, 2, 2)])
def test_without_the_write_back_some_order_inverts_two_reads(n, r, w):
    _, found = explored(RegularClient, n, r, w)
    assert found == {*IN_ORDER, ("new", None)}


def test_where_reads_and_writes_need_not_meet_some_order_goes_back():
    _, found = explored(AbdClient, 2, 1, 1)
    assert ("new", None) in found
