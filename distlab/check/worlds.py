"""All worlds of a cluster of nodes, as a model: every order of what may happen.

A world is one whole number. It has `BITS` bits for each node, the number of its cell:
its state and timers, and the messages on their way to it, held once in `Local`. Above
these stands the number of what the nodes share, the budget that is left and the history
so far. What may happen to a node depends on its cell alone, so a transition is a sum:
what the node's own cell becomes, and what becomes of the cells of those it writes to.
Both are worked out once for each cell.

Costs: a world takes some 150 bytes with what a search keeps of it, and a transition
about half a microsecond; each different step of a node is taken once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from distlab.check.action import Action
from distlab.check.budget import Budget
from distlab.check.local_states import BITS, LETTER_BITS, Local
from distlab.check.local_steps import Charge, Outcome, Raised, Rules
from distlab.check.networks import Network, Unordered
from distlab.check.past import Past, Told, grown
from distlab.check.world import World
from distlab.errors import Misuse
from distlab.groups import Groups
from distlab.model import Model
from distlab.node import Call, Message, Node, NodeId, Start

CELL = (1 << BITS) - 1
BODY = (
    CELL - (1 << LETTER_BITS) + 1
)  # the part of a cell's number that does not tell of messages

Move = tuple[Action, int, tuple[tuple[int, "Mail"], ...], "Spending | None"]
Step = tuple[Action, int]


class Shared(NamedTuple):
    """What is no node's own."""

    left: Budget
    past: Past = ()


class Worlds(Model):
    """The model of a cluster, which takes what `sim.Cluster` takes.

    `workload` is data, `{"c1": (Call("write", ("x", 1)),)}`: a client that is idle may
    make its next call at any time. `history` and `outputs` are parts of a world only
    where asked for, since they make more of them; without `ghosts`, worlds that differ
    in nothing else are one.
    """

    def __init__(
        self,
        protocol: type[Node],
        *,
        workload: Mapping[NodeId, Iterable[Call]] | None = None,
        network: Network = Unordered(),  # noqa: B008 (a frozen value)
        budget: Budget = Budget(),  # noqa: B008 (a frozen value)
        history: bool = False,
        outputs: bool = False,
        ghosts: bool = True,
        per_node: Mapping[NodeId, Mapping[str, Any]] | None = None,
        **groups_and_settings: Any,
    ):
        check(network, budget)
        self.groups = Groups(protocol, groups_and_settings)
        self.ids = self.groups.ids
        for id in budget.of:
            if id not in self.ids:
                there = ", ".join(self.ids)
                raise Misuse(f"Budget(of={budget.of!r}): no {id!r}, there are {there}.")
        self.rules = Rules(self.ids, network, budget, history, outputs, ghosts)
        nodes = {node.id: node for node, _ in self.groups.nodes(per_node or {})}
        calls = calls_of(workload or {}, nodes)
        self.locals = [
            Local(node, at, calls.get(node.id, ()), self.rules)
            for at, node in enumerate(nodes.values())
        ]
        self.top = BITS * len(self.locals)  # where what is shared stands
        self.shared: list[Shared] = []
        self.orders: list[Told] = []  # of each history, as it was first met
        self._shared: dict[Shared, int] = {}
        self._mail: dict[Any, Mail] = {}
        self._spending: dict[Charge, Spending] = {}
        self._moves = [(BITS * n.at, Moves(self, n)) for n in self.locals]
        self.share(Shared(budget), ())
        self.properties = (self.always_every_invariant_holds,)
        self.starts = self.started()

    def __str__(self) -> str:
        """What was explored, and what may go wrong in it."""
        told = str(self.groups), self.rules.network.told(), self.rules.budget.told()
        return "; ".join([*told, *["without ghosts"] * (not self.rules.ghosts)])

    # ----------------------------------------------------------------------- the model
    def initial(self) -> list[int]:
        """All nodes have started, in their order; nothing else has happened."""
        return list(self.starts)

    def started(self) -> dict[int, tuple[Action, ...]]:
        """The worlds to begin with, and how the nodes started in each."""
        nobody = sum(n.first << BITS * n.at for n in self.locals)
        worlds: dict[int, tuple[Action, ...]] = {nobody: ()}
        for local in self.locals:
            worlds = {
                self.begun(world, local, start): (*before, start.action)
                for world, before in worlds.items()
                for start in local.outcomes(0, Start())
            }
        return worlds

    def begun(self, world: int, local: Local, start: Outcome) -> int:
        """The world after a node has started."""
        cell = world >> BITS * local.at & CELL
        _, loop, letters = local.cells[cell]
        after = local.cell(start.body, loop + start.loop, letters)
        return carried_out(self.move(local, cell, start, after), world)

    def next(self, world: int) -> list[Step]:
        """Each thing that may happen next, and the world after it."""
        found: list[Step] = []
        for shift, moves in self._moves:
            for action, change, arrivals, spending in moves[world >> shift & CELL]:
                after = world + change
                for at, mail in arrivals:
                    after += mail[world >> at & CELL]
                if spending is not None:
                    spent = spending[world >> self.top]
                    if spent is None:
                        continue  # nothing is left to pay for it
                    after += spent
                found.append((action, after))
        return found

    def tell(self, action: Action) -> str:
        """An action in words."""
        return str(action)

    def label(self, world: int) -> str:
        """A world in words: each node, and what is on its way."""
        return str(World(self, world))

    def always_every_invariant_holds(self, world: int) -> str | None:
        """None, or which node breaks its invariant, or has raised what."""
        if not (broken := self.rules.broken):
            return None
        places = enumerate(self.bodies(world))
        return next((broken[place] for place in places if place in broken), None)

    # ------------------------------------------------------------------ what is in them
    def bodies(self, world: int) -> list[int]:
        """The number of each node's body."""
        return [(world >> BITS * n.at & BODY) >> LETTER_BITS for n in self.locals]

    def once_more(self) -> None:
        """Look again at samples of the steps. Raises `Misuse` for hidden state."""
        self.rules.hygiene.once_more()

    def raised_in(self, world: int) -> str | None:
        """What a handler has raised in this world, if one has."""
        for local, body in zip(self.locals, self.bodies(world), strict=True):
            if isinstance(state := local.bodies[body].state, Raised):
                return state.sentence
        return None

    def cells(self, world: int) -> tuple[list[Local], list[int]]:
        """The nodes, and the number of each one's cell."""
        return self.locals, [world >> BITS * n.at & CELL for n in self.locals]

    def order(self, world: int) -> Told:
        """What the clients saw, in an order in which it may have happened."""
        return self.orders[world >> self.top]

    def left(self, world: int) -> Budget:
        """What may still go wrong."""
        return self.shared[world >> self.top].left

    def reading(self, property: Callable[[World], Any]) -> Callable[[int], Any]:
        """A property of a world as a property of its number.

        Its answer is remembered for all worlds in which what it has read is the same.
        """
        known: dict[int, Any] = {}
        reads: set[str] = set()
        part = 0  # the bits of a world that tell what it reads

        def asked(world: int) -> Any:
            nonlocal part
            if world & part in known:
                return known[world & part]
            seen = World(self, world)
            answer = property(seen)
            if not seen.read <= reads:
                reads.update(seen.read)
                part = self.bits(reads)
                known.clear()
            elif (
                "messages" not in reads
            ):  # of which hardly any two worlds have the same
                known[world & part] = answer
            return answer

        asked.__name__ = getattr(property, "__name__", "")
        return asked

    def bits(self, reads: set[str]) -> int:
        """The bits of a world that tell these parts of it."""
        nodes = sum(BODY << BITS * n.at for n in self.locals) if "nodes" in reads else 0
        return nodes | (-1 << self.top if "history" in reads else 0)

    # ---------------------------------------------------------- worked out on first use
    def move(self, local: Local, cell: int, outcome: Outcome, after: int) -> Move:
        """What an outcome adds to a world."""
        if outcome.elsewhere is None:
            arrivals = tuple(
                (BITS * self.ids.index(dst), self.mail(local.id, dst, messages))
                for dst, messages in outcome.mail
            )
            outcome.elsewhere = arrivals, self.spending(outcome.charge)
        return outcome.action, after - cell << BITS * local.at, *outcome.elsewhere

    def mail(self, src: NodeId, dst: NodeId, messages: tuple[Message, ...]) -> Mail:
        """What these messages add to a world."""
        key = src, dst, messages
        if key not in self._mail:
            self._mail[key] = Mail(self.locals[self.ids.index(dst)], src, messages)
        return self._mail[key]

    def spending(self, charge: Charge) -> Spending | None:
        """What a charge adds to a world; None if it changes nothing."""
        limited = (
            charge.spends and getattr(self.rules.budget, charge.spends) is not None
        )
        if not limited and not charge.told:
            return None
        if charge not in self._spending:
            self._spending[charge] = Spending(self, charge)
        return self._spending[charge]

    def share(self, shared: Shared, order: Told) -> int:
        """The number of what is shared."""
        number = self._shared.setdefault(shared, len(self.shared))
        if number == len(self.shared):
            self.shared.append(shared)
            self.orders.append(order)
        return number


class Moves(dict[int, list[Move]]):
    """What may happen to a node in each of its cells."""

    def __init__(self, worlds: Worlds, local: Local):
        self.worlds, self.local = worlds, local

    def __missing__(self, cell: int) -> list[Move]:
        found = self.local.moves(cell)
        self[cell] = moves = [
            self.worlds.move(self.local, cell, outcome, after)
            for outcome, after in found
        ]
        return moves


class Mail(dict[int, int]):
    """What some messages add to a world, by the cell of the node that they go to."""

    def __init__(self, local: Local, src: NodeId, messages: tuple[Message, ...]):
        self.local = local
        self.letters = tuple(local.letter(src, msg) for msg in messages)

    def __missing__(self, cell: int) -> int:
        after = self.local.receives(cell, self.letters)
        self[cell] = change = after - cell << BITS * self.local.at
        return change


class Spending(dict[int, "int | None"]):
    """What a charge adds to a world, by what is shared; None if too little is left."""

    def __init__(self, worlds: Worlds, charge: Charge):
        self.worlds, self.charge = worlds, charge

    def __missing__(self, number: int) -> int | None:
        worlds, charge = self.worlds, self.charge
        left, past = worlds.shared[number]
        change = None
        if (left_after := left.without(charge.spends)) is not None:
            shared = Shared(left_after, grown(past, charge.told))
            after = worlds.share(shared, worlds.orders[number] + charge.told)
            change = after - number << worlds.top
        self[number] = change
        return change


def carried_out(move: Move, world: int) -> int:
    """The world after a move that costs nothing and tells nobody."""
    _, change, arrivals, _ = move
    return world + change + sum(mail[world >> at & CELL] for at, mail in arrivals)


def check(network: Any, budget: Any) -> None:
    """Raise `Misuse` for what says nothing to an explorer."""
    if not isinstance(network, Network):
        raise Misuse(
            f"network={network!r}: an explorer tries all delays, so give it "
            f"`Unordered()` or `Ordered()` of `distlab.check.explore`."
        )
    if not isinstance(budget, Budget):
        raise Misuse(f"budget={budget!r}: say of what, `Budget(crashes=1)`.")


def calls_of(
    workload: Mapping[NodeId, Iterable[Call]], nodes: Mapping[NodeId, Node]
) -> dict[NodeId, tuple[Call, ...]]:
    """The workload as data. Raises `Misuse` for what is none."""
    if not isinstance(workload, Mapping):
        raise Misuse(f"workload={workload!r}: say who calls what, `{{'c1': (…,)}}`.")
    calls: dict[NodeId, tuple[Call, ...]] = {}
    for id, asked in workload.items():
        if id not in nodes:
            raise Misuse(
                f"no node {id!r} in the workload: there are {', '.join(nodes)}."
            )
        if isinstance(asked, Call) or not isinstance(asked, Iterable):
            raise Misuse(
                f"the workload of {id!r} is {asked!r}: give a tuple of calls, for an "
                f"explorer tries all orders of what is known beforehand."
            )
        calls[id] = tuple(asked)
        known = type(nodes[id])._calls
        for call in calls[id]:
            if not isinstance(call, Call) or call.name not in known:
                raise Misuse(
                    f"the workload of {id!r} has {call}: it can be called to "
                    f"{', '.join(known) or 'nothing'}."
                )
    return calls
