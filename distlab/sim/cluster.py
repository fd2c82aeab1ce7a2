"""A cluster in simulated time: groups of nodes, a network, faults, calls, and one seed.

    cluster = Cluster(SingleLeader, servers=3, clients=2, seed=7, sync_followers=1,
                      workload={"c1": (Call("write", ("x", 1)), Call("read", ("x",)))})
    cluster.at(500).crash("s1").at(900).recover("s1")
    cluster.run(until_ms=2000)
    cluster.trace, cluster.history

Equal arguments, equal runs: to the byte, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from distlab.errors import Misuse
from distlab.faults import Fault
from distlab.groups import Groups
from distlab.history import History
from distlab.node import Call, Node, NodeId
from distlab.recording import Recording
from distlab.sim.delays import us
from distlab.sim.disk import Disk
from distlab.sim.engine import Engine
from distlab.sim.host import Host
from distlab.sim.injector import Injector, require_message, require_node
from distlab.sim.network import Links, Network
from distlab.sim.replay import Script
from distlab.sim.replay import recording as recorded
from distlab.sim.scenario import Moment
from distlab.sim.streams import Stream
from distlab.sim.workload import as_load
from distlab.trace import Trace

RUN_MS = 10_000
MAX_STEPS = 1_000_000


class Cluster:
    """Nodes that run together in simulated time.

    `servers=5` are nodes of the class given first, `clients=2` of its `client`;
    `coordinator=(Coordinator, 1)` is any other group, `servers=(A, B, B)` has a class
    for each node. A node's id is its group's first letter and a number: "s1", "c2".
    What else is named is a setting, given to every class that declares it;
    `per_node={"s1": {…}}` holds for one. A setting named like a group, left empty, is
    that group's ids.

    `workload` maps clients to their calls (see `sim.workload`), or is a function
    `(client, choose) -> calls`; where there are no clients, of the first group's nodes.
    `states=True` also writes down the fields that change.
    A `recording` gives the calls and the faults of a run, and decides for chance.
    Raises `Misuse` for what cannot be meant.
    """

    def __init__(
        self,
        protocol: type[Node],
        *,
        seed: int = 0,
        network: Network | None = None,
        disk: Disk | None = None,
        faults: Iterable[Fault] = (),
        workload: Mapping[NodeId, Any] | Callable[..., Any] | None = None,
        per_node: Mapping[NodeId, Mapping[str, Any]] | None = None,
        states: bool = False,
        recording: Recording | None = None,
        **groups_and_settings: Any,
    ):
        if not isinstance(seed, int):
            raise Misuse(f"the seed {seed!r} is no whole number.")
        if isinstance(faults, Fault):
            raise Misuse(f"faults={faults!r}: give a tuple, even of one.")
        told = {"network": network, "disk": disk, "per_node": per_node}
        self.arguments = {"seed": seed, **told, "states": states, **groups_and_settings}
        self.protocol, self.groups = protocol, Groups(protocol, groups_and_settings)
        self.seed = seed
        script = Script(recording) if recording else None
        self._engine = engine = Engine(seed, script)
        self._network = network or Network()
        self._links = Links(self._network, seed, lambda: engine.now_us, script)
        disk = disk or Disk()
        for node, settings in self.groups.nodes(per_node or {}):
            host = Host(node, settings, engine, self._links, disk, states)
            engine.hosts[node.id] = host
        self._check_network()
        self._injector = Injector(engine, self._links)
        for fault in faults:
            self._injector.plan(fault)
        for host in engine.hosts.values():
            engine.plan(0, host.birth)
        self._follow(workload or {})
        if recording:
            self._repeat(recording, again=bool(workload or faults))
        self._trace: tuple[int, Trace] | None = None

    def _check_network(self) -> None:
        for link in self._network.per_link:
            for node in link:
                require_node(node, self._engine.hosts, f"per_link={{{link}: …}}")
        for kind in self._network.per_message:
            require_message(kind, "per_message")

    def _follow(self, workload: Mapping[NodeId, Any] | Callable[..., Any]) -> None:
        if callable(workload):
            make = workload
            groups = self.groups.members
            clients = groups.get("clients") or next(iter(groups.values()))
            workload = {
                client: make(client, Stream(self.seed, client, "calls").sample)
                for client in clients
            }
        for client, load in workload.items():
            require_node(client, self._engine.hosts, "the workload")
            self._engine.hosts[client].caller.follow(as_load(client, load))

    def _repeat(self, recording: Recording, again: bool) -> None:
        if again:
            raise Misuse("a recording has its own calls and faults: give no others.")
        for fault in recording.faults:
            self._injector.plan(fault)
        for called in recording.calls:
            self.add_call(called.at_ms, called.node, called.call)

    def __repr__(self) -> str:
        return f"Cluster of {self.groups}, seed {self.seed}, at {self.now_ms:g} ms"

    def __getitem__(self, node: NodeId) -> Node:
        require_node(node, self._engine.hosts, "this cluster")
        return self._engine.hosts[node].node

    # --------------------------------------------------------------------- the scenario
    def at(self, at_ms: float) -> Moment:
        """A moment, for what happens then: `at(500).crash("s1")`."""
        if us(at_ms) < self._engine.now_us:
            raise Misuse(
                f"{at_ms:g} ms is in the past: it is {self.now_ms:g} ms already."
            )
        return Moment(self, at_ms)

    def add_fault(self, fault: Fault) -> None:
        """Let this fault happen too. Raises `Misuse` for one that cannot be meant."""
        self._injector.plan(fault)

    def add_call(self, at_ms: float, node: NodeId, call: Call) -> None:
        """Let the layer above call a node at a time."""
        require_node(node, self._engine.hosts, f"{call} at {at_ms:g} ms")
        calls = self._engine.hosts[node].caller.calls
        self._engine.plan(us(self.at(at_ms).at_ms), calls, call)

    def run(self, until_ms: float = RUN_MS, max_steps: int = MAX_STEPS) -> Self:
        """Let time pass until then, or until nothing is left to happen.

        A later call goes on from there. Raises what a node raises, with seed, time,
        node and event in the first line, and `Violation` when `max_steps` are not
        enough.
        """
        if us(until_ms) < self._engine.now_us:
            raise Misuse(f"{until_ms:g} ms is over: it is {self.now_ms:g} ms already.")
        self._engine.run(us(until_ms), max_steps)
        return self

    # ------------------------------------------------------------------ what came of it
    @property
    def now_ms(self) -> float:
        """The simulated time."""
        return self._engine.now_us / 1000

    @property
    def nodes(self) -> dict[NodeId, Node]:
        """Every node by its id, in the order of the groups."""
        return {id: host.node for id, host in self._engine.hosts.items()}

    @property
    def trace(self) -> Trace:
        """What has happened so far."""
        length = len(self._engine.raw)
        if self._trace is None or self._trace[0] != length:
            self._trace = length, self._engine.trace()
        return self._trace[1]

    @property
    def history(self) -> History:
        """The operations so far, in the order of their invocation."""
        hosts = self._engine.hosts.values()
        return History(op for host in hosts for op in host.caller.operations)

    @property
    def schedule(self) -> tuple[Fault, ...]:
        """The faults of this run: given again, they replay it."""
        return self._injector.schedule

    @property
    def workload_made(self) -> dict[NodeId, tuple[Call, ...]]:
        """The calls that the workload has made so far, as data."""
        hosts = self._engine.hosts.items()
        return {id: tuple(host.caller.made) for id, host in hosts if host.caller.made}

    @property
    def recording(self) -> Recording:
        """What chance decided so far, with the calls and the faults: it replays them.

        Recorded are the faults of the whole schedule and the calls that have begun.
        """
        return recorded(self._engine, self.schedule)

    def again(self, recording: Recording) -> Cluster:
        """A new cluster like this one, in which a recording decides."""
        return Cluster(self.protocol, recording=recording, **self.arguments)

    def saw(self, text: str) -> bool:
        """Whether some node made this remark."""
        return self.trace.saw(text)
