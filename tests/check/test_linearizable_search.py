"""The search for an order, against a twin that tries all, for every machine."""

from __future__ import annotations

import random
from itertools import combinations, islice

import pytest
from check.brute_force import Operations, explained, is_explained_by
from check.twins_linearizable import WORLDS, World, all_of, at_random, busy

from distlab.check import ahead, configurations, course, frontier, one_order
from distlab.check.configurations import Search
from distlab.check.kinds import Kind
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.history import History, Operation
from distlab.machine import Register

LIMITS = Limits()


def searched(ops: Operations, world: World):
    return Search(ops, world.machine, LIMITS.meter(), keyed=False).run()


def search_differs(ops: Operations, world: World) -> bool:
    """Whether the search says another thing than the twin, or shows a wrong order."""
    found = searched(ops, world)
    if found.explained != explained(ops, world.machine):
        return True
    if found.explained:
        return not is_explained_by(found.order, ops, world.machine)
    until_us = found.stuck.ended_us
    known = [op.outcome == "ok" and op.ended_us < until_us for op in ops]
    prefix = tuple(
        op if ended else op._replace(outcome="info")
        for op, ended in zip(ops, known, strict=True)
        if op.invoked_us <= until_us
    )
    theirs = {id(op): then for op, then in zip(ops, prefix, strict=False)}
    order = tuple(theirs[id(op)] for op in found.order)
    return not is_explained_by(order, prefix, world.machine)


def judge_differs(ops: Operations, world: World) -> bool:
    """Whether the verdict is another than the twin's, or its witness is none."""
    verdict = linearizable(History(ops), world.machine)
    if verdict.valid:
        return not is_explained_by(verdict.order, ops, world.machine)
    if verdict.unknown:
        return not explained(ops, world.machine)
    return explained(verdict.evidence, world.machine)


def first_difference(world: World, seeds: range) -> int | None:
    for seed in seeds:
        ops = at_random(world, seed)
        if search_differs(ops, world) or judge_differs(ops, world):
            return seed
    return None


@pytest.mark.parametrize("world", WORLDS)
def test_the_search_says_what_its_twin_says_of_all_histories_of_two_operations(world):
    world = WORLDS[world]
    different = [ops for ops in all_of(world, 2) if search_differs(ops, world)]
    assert not different


@pytest.mark.parametrize("world", WORLDS)
def test_the_judge_says_what_its_twin_says_of_larger_ones(world):
    assert first_difference(WORLDS[world], range(300)) is None


def write(process: str, value: int, begin: int, end: int | None):
    """One of which nobody knows."""
    return Operation(process, "write", (value,), begin, "info", None, end)


def read(process: str, value: int | None, begin: int, end: int):
    return Operation(process, "read", (), begin, "ok", value, end)


def is_explained_or_too_much(world: World, seed: int) -> bool:
    """Whether what happened is found out; past the limit nothing is said."""
    rng = random.Random(seed)
    ops = busy(world, rng, rng.randint(10, 25), clients=rng.randint(3, 7))
    limited = Limits(steps=1000).meter()
    found = Search(ops, world.machine, limited, keyed=False).run()
    if found.explained is None:
        return limited.exceeded is not None
    return found.explained and is_explained_by(found.order, ops, world.machine)


@pytest.mark.parametrize("world", WORLDS)
def test_what_a_machine_did_is_explained(world):
    assert all(is_explained_or_too_much(WORLDS[world], seed) for seed in range(40))


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_what_a_machine_did_is_explained_for_many_seeds(world):
    seeds = range(40, 1000)
    assert all(is_explained_or_too_much(WORLDS[world], seed) for seed in seeds)


def is_stuck_too_early(ops: Operations, world: World) -> bool:
    """Whether an order would go on past the operation that a search is stuck at.

    What was in progress then has happened or has not; if so, as it turned out later.
    """
    stuck = searched(ops, world).stuck
    if stuck is None:
        return False
    until_us = stuck.ended_us
    begun = [op for op in ops if op.invoked_us <= until_us]
    going_on = [op for op in begun if op.outcome == "ok" and op.ended_us > until_us]
    return any(
        explained(tuple(op for op in begun if op not in not_yet), world.machine)
        for many in range(len(going_on) + 1)
        for not_yet in combinations(going_on, many)
    )


@pytest.mark.parametrize("world", WORLDS)
def test_no_order_goes_past_the_operation_at_which_it_is_stuck(world):
    world = WORLDS[world]
    ops = [at_random(world, seed) for seed in range(200)]
    assert not any(is_stuck_too_early(some, world) for some in ops)


def test_a_search_that_forgets_where_it_came_farthest_is_found_out(monkeypatch):
    def last(self, at, config):
        self.farthest, self.path = at, config.path

    monkeypatch.setattr(Search, "came_to", last)
    world = WORLDS["queue"]
    ops = [at_random(world, seed) for seed in range(200)]
    assert any(is_stuck_too_early(some, world) for some in ops)


WAITS = (
    write("c1", 2, 0, None),
    Operation("c1", "cas", (2, 1), 0, "info"),
    write("c2", 2, 3, 4),
    read("c2", 1, 4, 5),
    read("c2", 2, 5, 5),
    write("c2", 1, 5, 9),
    read("c1", 2, 7, 11),
)


def test_an_open_write_that_waits_for_its_process_stands_in_for_nothing():
    """The last write of c2 can only happen when its reads have, at the same moment."""
    assert explained(WAITS, Register())
    assert not search_differs(WAITS, WORLDS["register"])


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("n", "every"), [(3, 1), (4, 4)])
def test_the_search_says_what_its_twin_says_of_small_histories(world, n, every):
    """All of three operations; of four, which take minutes, one in four."""
    world = WORLDS[world]
    for ops in islice(all_of(world, n), 0, None, every):
        assert not search_differs(ops, world), ops


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_the_judge_says_what_its_twin_says_of_many_larger_ones(world):
    assert first_difference(WORLDS[world], range(500, 10_500)) is None


@pytest.mark.parametrize("world", WORLDS)
def test_the_random_histories_are_of_both_kinds(world):
    world = WORLDS[world]
    good = sum(explained(at_random(world, seed), world.machine) for seed in range(200))
    assert 20 < good < 190


# ---------------------------------------------------------------- mutants of the search
def forgets_real_time(patch):
    def at_once(ops):
        return sorted(events(ops), key=lambda event: event[1])

    events = course.events
    patch.setattr(course, "events", at_once)


def forgets_the_order_of_a_process(patch):
    patch.setattr(course, "called_at_once", lambda ops: {})


def takes_open_operations_for_certain(patch):
    patch_operations(patch, lambda op: op._replace(outcome="ok"))


def forgets_open_operations(patch):
    patch_operations(patch, lambda op: None)


def patch_operations(patch, change):
    init = Search.__init__

    def changed(self, ops, *more, **named):
        known = [op if op.outcome == "ok" else change(op) for op in ops]
        init(self, [op for op in known if op], *more, **named)

    patch.setattr(Search, "__init__", changed)


def believes_reasons_for_results(patch):
    init = Kind.__init__

    def changed(self, machine, op, args):
        init(self, machine, op, args)
        self.told = op.result

    patch.setattr(Kind, "__init__", changed)


def takes_what_fits_for_looking(patch):
    """A write of what is there may be needed later, when something else is."""
    patch.setattr(Register, "only_looks", lambda self, name, result: name != "cas")
    patch.setattr(Register, "overwrites", lambda self, name, result: False)


def counts_writers_done_as_gain(patch):
    add = frontier.Frontier.add

    def covers(self, more, less, differ):
        return not less & ~more

    patch.setattr(frontier.Spare, "covers", covers)
    patch.setattr(
        frontier.Frontier, "add", lambda self, config, blind: add(self, config, -1)
    )


def lets_any_open_operation_stand_in(patch):
    def covers(self, more, less, differ):
        lacking, spare = (less | differ) & ~more, more & ~less
        known = sum(self.kinds)  # the bits of all that are open
        return not lacking & ~known and lacking.bit_count() <= spare.bit_count()

    patch.setattr(frontier.Spare, "covers", covers)


def hides_what_nothing_was_written_over(patch):
    written = configurations.written

    def changed(one, state, config, end):
        then = written(one, state, config, end)
        return then._replace(rest=then.rest | end.blind & ~then.done)

    patch.setattr(configurations, "written", changed)


def never_goes_back(patch):
    ways_past = Search.ways_past
    patch.setattr(
        Search, "ways_past", lambda self, *place: islice(ways_past(self, *place), 1)
    )


def uses_an_open_operation_twice(patch):
    written = configurations.written

    def changed(one, state, config, end):
        then = written(one, state, config, end)
        return then._replace(rest=then.rest | (one.bit if one.kind.open else 0))

    patch.setattr(configurations, "written", changed)


def takes_all_open_operations_for_equal(patch):
    may_happen = course.Course.may_happen

    def changed(self, one):
        last = max((bit for bit in self.earlier if bit), default=0)
        may_happen(self, one)
        if one.kind.open:
            self.earlier[one.i] = last or self.earlier[one.i]
            self.earlier[0] = 0

    patch.setattr(course.Course, "may_happen", changed)


def looks_one_step_ahead(patch):
    patch.setattr(ahead, "goes_on", lambda kind: False)


def looks_past_the_one_that_ends(patch):
    """As we once did where it might hide; the texts tell."""
    init = ahead.Ahead.__init__

    def changed(self, course, end):
        init(self, course, end)
        self.choosy |= self.leaves
        self.leaves = 0

    patch.setattr(ahead.Ahead, "__init__", changed)


def calls_idle_what_was_looked_at(patch):
    patch.setattr(configurations, "is_idle", lambda one, then: one.kind.free)


def mixes_up_results(patch):
    def kinds_of(ops, machine, keyed):
        kinds = original(ops, machine, keyed)
        same = {}
        return [
            same.setdefault((op.f, op.args, op.outcome), kind)
            for op, kind in zip(ops, kinds, strict=True)
        ]

    original = configurations.kinds_of
    patch.setattr(configurations, "kinds_of", kinds_of)


def merges_keys_by_time_alone(patch):
    patch.setattr(
        one_order, "at_one_moment", lambda group, called: [at.op for at in group]
    )


MUTANTS = [  # the world and the seeds that tell
    (forgets_real_time, "register", range(500)),
    (forgets_the_order_of_a_process, "queue", range(500)),
    (takes_open_operations_for_certain, "register", range(500)),
    (forgets_open_operations, "counter", range(500)),
    (believes_reasons_for_results, "lock", range(500)),
    (takes_what_fits_for_looking, "register", range(500)),
    (counts_writers_done_as_gain, "counter", range(500)),
    (lets_any_open_operation_stand_in, "text", range(10_715, 10_720)),
    (hides_what_nothing_was_written_over, "register", range(500)),
    (never_goes_back, "register", range(500)),
    (uses_an_open_operation_twice, "register", range(2000)),
    (takes_all_open_operations_for_equal, "queue", range(425, 435)),
    (looks_one_step_ahead, "counter", range(500)),
    (looks_past_the_one_that_ends, "text", range(430, 440)),
    (calls_idle_what_was_looked_at, "text", range(500)),
    (mixes_up_results, "stack", range(500)),
    (merges_keys_by_time_alone, "key-value", range(500)),
]
NAMES = [mutant.__name__ for mutant, *_ in MUTANTS]


@pytest.mark.parametrize(("mutant", "world", "seeds"), MUTANTS, ids=NAMES)
def test_a_search_that_forgets_something_is_told_from_its_twin(
    mutant, world, seeds, monkeypatch
):
    mutant(monkeypatch)
    assert first_difference(WORLDS[world], seeds) is not None
