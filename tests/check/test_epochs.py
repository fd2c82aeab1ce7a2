"""Texts and lists that are appended to, against a twin that tries all orders."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import pytest
from check.brute_force import Operations, drawn, explained, is_explained_by, spans

from distlab.check import epochs, moments, zones
from distlab.check.epochs import Epochs, lists, texts
from distlab.history import Operation
from distlab.machine import Cell, Text


def in_a_text(rng, i):
    calls = [("put", (f"<{i}>",)), ("append", (f"({i})",)), ("get", ())]
    return rng.choices(calls, [1, 2, 3])[0]


def in_a_list(rng, i):
    calls = [("write", ((i, -i),)), ("append", (100 + i,)), ("read", ())]
    return rng.choices(calls, [1, 2, 3])[0]


KINDS = {"text": (texts, Text(), in_a_text), "list": (lists, Cell(), in_a_list)}


def all_of(n: int):
    """Every history of n operations on a text, up to the names of processes and items.

    A get may return nothing, or a put and some appends in some order, or only these.
    """
    for fs in product(("put", "append", "get"), repeat=n):
        puts = [f"{i}" for i, f in enumerate(fs) if f == "put"]
        appends = [f"{i}" for i, f in enumerate(fs) if f == "append"]
        sizes = range(len(appends) + 1)
        tails = ["".join(t) for k in sizes for t in permutations(appends, k)]
        contents = [head + tail for head in ("", *puts) for tail in tails]
        told = [contents if f == "get" else [None] for f in fs]
        known = [(True,) if f == "get" else (True, False) for f in fs]
        for laid, results, sure in product(spans(n), product(*told), product(*known)):
            yield tuple(
                Operation(
                    f"c{i}",
                    fs[i],
                    () if fs[i] == "get" else (f"{i}",),
                    laid[i][0],
                    "ok" if sure[i] else "info",
                    results[i],
                    laid[i][1],
                )
                for i in range(n)
            )


def differs(ops: Operations, kind: str = "text") -> bool:
    """Whether epochs say another thing than the twin, or not why."""
    judge, machine, _ = KINDS[kind]
    finding, truth = judge(ops), explained(ops, machine)
    if finding is None or (finding.outcome == "valid") != truth:
        return True
    if truth:
        return not is_explained_by(finding.order, ops, machine)
    return explained(finding.evidence, machine)


def small(seed: int, kind: str) -> Operations:
    return drawn(seed, *KINDS[kind][1:])


def first_difference(seeds, kind: str) -> int | None:
    return next((seed for seed in seeds if differs(small(seed, kind), kind)), None)


# --------------------------------------------------------------------- against the twin
def test_epochs_say_what_their_twin_says_of_all_histories_of_three_operations():
    assert not any(map(differs, all_of(3)))


@pytest.mark.soak
def test_epochs_say_what_their_twin_says_of_all_histories_of_four_operations():
    assert not any(map(differs, all_of(4)))


@pytest.mark.parametrize("kind", KINDS)
def test_epochs_say_what_their_twin_says_of_larger_ones(kind):
    assert first_difference(range(1500), kind) is None


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_epochs_say_what_their_twin_says_of_many_larger_ones(kind):
    assert first_difference(range(1500, 12_000), kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_random_histories_are_of_every_outcome(kind):
    judge = KINDS[kind][0]
    outcomes = Counter(judge(small(seed, kind)).outcome for seed in range(500))
    assert min(outcomes["valid"], outcomes["invalid"]) > 50


# ------------------------------------------------------------------------ what is told
def op(process, f, what, begin, end):
    """`what` is put, appended or got, of key x."""
    args = ("x",) if f in ("get", "read") else ("x", what)
    result = what if f in ("get", "read") else None
    outcome = "info" if end is None else "ok"
    ended_us = None if end is None else end * 1000
    return Operation(process, f, args, begin * 1000, outcome, result, ended_us)


PUT, A, B = (
    op("c1", "put", "p", 0, 1),
    op("c1", "append", "a", 2, 3),
    op("c2", "append", "b", 2, 3),
)
BAD = {
    "what nobody wrote": (
        (PUT, op("c3", "get", "pz", 4, 5)),
        "c3 get('x') gave 'pz' (4 to 5 ms), of which nobody wrote the end.",
    ),
    "one before it was there": (
        (PUT, op("c3", "get", "pa", 1, 2), op("c1", "append", "a", 3, 4)),
        (
            "c1 append('x', 'a') (3 to 4 ms), but c3 get('x') gave 'pa' (1 to 2 ms) "
            "before that."
        ),
    ),
    "two orders": (
        (PUT, A, B, op("c3", "get", "pab", 4, 5), op("c4", "get", "pba", 4, 5)),
        ("c4 get('x') gave 'pba' (4 to 5 ms), but c3 get('x') gave 'pab' (4 to 5 ms)."),
    ),
    "an order that time does not allow": (
        (PUT, A, op("c2", "append", "b", 4, 5), op("c3", "get", "pba", 6, 7)),
        (
            "c2 append('x', 'b') (4 to 5 ms), but c1 append('x', 'a') (2 to 3 ms) "
            "before that, and c3 get('x') gave 'pba' (6 to 7 ms)."
        ),
    ),
    "more, then less": (
        (PUT, A, op("c3", "get", "pa", 4, 5), op("c4", "get", "p", 6, 7)),
        (
            "c4 get('x') gave 'p' (6 to 7 ms), but c1 append('x', 'a') (2 to 3 ms) "
            "before that."
        ),
    ),
    "something, then nothing": (
        (A, op("c3", "get", "a", 4, 5), op("c4", "get", "", 6, 7)),
        (
            "c4 get('x') gave '' (6 to 7 ms), but c1 append('x', 'a') (2 to 3 ms) "
            "before that."
        ),
    ),
    "what was there, and is gone": (
        (PUT, op("c4", "get", "", 6, 7)),
        (
            "c4 get('x') gave '' (6 to 7 ms), but c1 put('x', 'p') (0 to 1 ms) before "
            "that. A read finds it empty only before the first write."
        ),
    ),
    "an append that is lost": (
        (PUT, A, op("c2", "append", "b", 4, 5), op("c3", "get", "pb", 6, 7)),
        (
            "c3 get('x') gave 'pb' (6 to 7 ms), but c1 append('x', 'a') (2 to 3 ms) "
            "before that, after c1 put('x', 'p') (0 to 1 ms)."
        ),
    ),
    "a put that comes back": (
        (PUT, op("c2", "put", "q", 2, 3), op("c3", "get", "p", 4, 5)),
        (
            "c3 get('x') gave 'p' (4 to 5 ms), but c2 put('x', 'q') (2 to 3 ms) before "
            "that, after c1 put('x', 'p') (0 to 1 ms)."
        ),
    ),
    "an append to two puts": (
        (
            PUT,
            A,
            op("c3", "get", "pa", 4, 5),
            op("c2", "put", "q", 6, 7),
            op("c3", "get", "qa", 8, 9),
        ),
        (
            "c3 get('x') gave 'qa' (8 to 9 ms), but c3 get('x') gave 'pa' (4 to 5 ms), "
            "and c1 append('x', 'a') (2 to 3 ms) and so in one place only."
        ),
    ),
    "an append twice": (
        (A, op("c3", "get", "aa", 4, 5)),
        (
            "c3 get('x') gave 'aa' (4 to 5 ms), but c1 append('x', 'a') (2 to 3 ms) "
            "and so in one place only."
        ),
    ),
    "a put that has left what was there": (
        (PUT, A, op("c3", "get", "ap", 4, 5)),
        (
            "c3 get('x') gave 'ap' (4 to 5 ms), but c1 put('x', 'p') (0 to 1 ms), "
            "which leaves nothing of before."
        ),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_history_that_is_wrong_is_told(what):
    history, reason = BAD[what]
    finding = texts(history)
    assert (finding.outcome, finding.reason) == ("invalid", reason)
    assert finding.evidence == history


def test_what_nobody_saw_may_come_after_what_was_seen():
    """An append that overlaps nothing is lost unless a put may have come after it."""
    lost = (PUT, A, op("c3", "get", "p", 4, 5))
    assert texts(lost).outcome == "invalid"
    again = (*lost, op("c4", "put", "q", 0, 9))
    assert texts(again).outcome == "invalid"
    late = (PUT, A, op("c2", "put", "q", 0, 9), op("c3", "get", "q", 4, 5))
    assert texts(late).order == (PUT, A, *late[2:])


def test_what_nobody_knows_has_happened_if_it_was_seen():
    maybe = op("c1", "append", "a", 2, None)
    seen, unseen = op("c3", "get", "pa", 4, 5), op("c3", "get", "p", 4, 5)
    assert texts((PUT, maybe, seen)).order == (PUT, maybe, seen)
    assert texts((PUT, maybe, unseen)).order == (PUT, unseen)
    assert texts((PUT, maybe, seen, op("c3", "get", "p", 6, 7))).outcome == "invalid"


def test_who_appends_to_a_list_sees_it():
    one = op("c1", "append", 1, 0, 1)._replace(result=(1,))
    two = op("c2", "append", 2, 2, 3)
    assert lists((one, two._replace(result=(1, 2)))).outcome == "valid"
    assert lists((one, two._replace(result=(2,)))).outcome == "invalid"
    other = lists((one, two._replace(result=(1,))))
    assert other.reason == (
        "c2 append('x', 2) gave (1,) (2 to 3 ms), which does not end with its own."
    )


@pytest.mark.parametrize(
    "ops",
    [
        (PUT, op("c2", "put", "p", 2, 3)),
        (PUT, op("c2", "append", "pq", 2, 3)),
        (op("c2", "put", "", 2, 3),),
        (PUT, op("c2", "append", 7, 2, 3)),
        (PUT, op("c2", "cas", "q", 2, 3)),
    ],
)
def test_where_items_could_be_taken_for_others_it_is_for_the_search(ops):
    assert texts(ops) is None


def test_so_it_is_where_a_list_is_not_one():
    assert lists((op("c1", "write", 7, 0, 1),)) is None
    assert lists((op("c1", "append", 7, 0, 1),)) is None  # it should have been told


# ---------------------------------------------------------------- mutants of the epochs
def does_not_look_inside(patch):
    patch.setattr(Epochs, "look_inside", lambda self, kept, moments: None)


def does_not_look_between(patch):
    patch.setattr(zones.Zones, "contradiction", lambda self: [])


def looks_inside_without_crowds(patch):
    original = Epochs.look_inside

    def look_inside(self, kept, moments):
        original(self, kept, moments._replace(crowds=[]))

    patch.setattr(Epochs, "look_inside", look_inside)


def thinks_that_short_reads_agree(patch):
    original = Epochs.read

    def read(self, epoch, readers):
        seen = self.contents.seen
        longest = max((seen[i] for i in readers), key=len)
        for i in readers:
            seen[i] = longest[: len(seen[i])]
        original(self, epoch, readers)

    patch.setattr(Epochs, "read", read)


def takes_an_item_twice(patch):
    original = Epochs.take_in

    def take_in(self, epoch, path, reader):
        self.places.update({i: epochs.Place(i) for i in path})
        original(self, epoch, list(dict.fromkeys(path)), reader)

    patch.setattr(Epochs, "take_in", take_in)


def never_did_what_nobody_knows(patch):
    patch.setitem(KINDS, "text", (lambda ops: texts(known(ops)), *KINDS["text"][1:]))


def known(ops):
    return tuple(op for op in ops if op.outcome == "ok")


def is_certain_when_what_nobody_knows_ended(patch):
    patch.setattr(moments, "ended_us", lambda op: op.ended_us)


def forgets_what_nobody_read(patch):
    original = Epochs.order

    def order(self):
        read = {i: at for i, at in self.places.items() if at.step or i in self.reader}
        self.places = read
        return original(self)

    patch.setattr(Epochs, "order", order)


def opens_no_epochs(patch):
    patch.setattr(epochs, "OPENS", ())


def puts_steps_in_any_order(patch):
    original = Epochs.order
    patch.setattr(Epochs, "order", lambda self: sorted(original(self)))


MUTANTS = [
    does_not_look_inside,
    does_not_look_between,
    looks_inside_without_crowds,
    thinks_that_short_reads_agree,
    takes_an_item_twice,
    never_did_what_nobody_knows,
    is_certain_when_what_nobody_knows_ended,
    forgets_what_nobody_read,
    opens_no_epochs,
    puts_steps_in_any_order,
]
# Two processes call again at one moment, and c1 does not see what it has appended.
CROWD = (
    op("c1", "append", "a", 0, 4),
    op("c2", "append", "b", 0, 4),
    op("c1", "get", "", 4, 8),
    op("c2", "get", "b", 4, 8),
    op("c2", "get", "ba", 9, 10),
)
# An append of which nobody knows, and which happens after all.
LATE = (
    op("c1", "append", "a", 0, 1)._replace(outcome="info"),
    op("c2", "get", "", 2, 3),
    op("c2", "get", "a", 4, 5),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_epochs_that_forget_something_are_told_from_their_twin(mutant, monkeypatch):
    known = [tuple(o._replace(args=o.args[1:]) for o in ops) for ops in (CROWD, LATE)]
    assert not any(map(differs, known))
    mutant(monkeypatch)
    found = (
        any(map(differs, known)) or first_difference(range(1500), "text") is not None
    )
    assert found or any(texts(ops).outcome == "valid" for ops, _ in BAD.values())
