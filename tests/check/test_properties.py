"""Properties and models by name: what is guessed, what fits, who judges."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import pytest
from histories import read, write

from distlab.check import formats, properties
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.check.properties import MODELS, PROPERTIES, guessed, judge, usual
from distlab.check.sequential import sequentially_consistent
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.machine import Texts

LOGS = Path(__file__).parent / "logs"
STORE = History(
    [write("c1", "x", 1, 0, 1), read("c1", "x", 1, 2, 3), read("c2", "x", 1, 4, 5)]
)


STRONGER_FIRST = ("linearizable", "sequential")


def called(*calls: tuple) -> History:
    """Calls one after another: f, args, result."""
    return History(
        Operation("c1", f, args, 2000 * at, "ok", result, 2000 * at + 1000)
        for at, (f, args, result) in enumerate(calls)
    )


OPERATIONS = {
    "register": [("write", (1,), None), ("read", (), 1)],
    "cas-register": [("cas", (None, 1), True), ("read", (), 1)],
    "kv": [("write", ("x", 1), None), ("cas", ("x", 1, 2), True), ("read", ("x",), 2)],
    "texts": [("put", ("x", "a"), None), ("get", ("x",), "a")],
    "counter": [("add", (2,), None), ("read", (), 2)],
    "set": [("add", (2,), None), ("read", (), (2,))],
    "queue": [("enqueue", (1,), None), ("dequeue", (), 1)],
    "stack": [("push", (1,), None), ("pop", (), 1)],
    "lock": [("acquire", (), 1), ("release", (1,), True)],
    "mutex": [("acquire", (), None), ("release", (), None), ("acquire", (), None)],
    "log": [("append", ("a",), 1), ("read", (), ("a",))],
    "list-append": [
        ("txn", (("append", "x", 1),), (("append", "x", 1),)),
        ("txn", (("r", "x", None),), (("r", "x", (1,)),)),
    ],
    "rw-register": [
        ("txn", (("w", "x", 1),), (("w", "x", 1),)),
        ("txn", (("r", "x", None),), (("r", "x", 1),)),
    ],
}


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_guessed_from_what_was_called(model):
    history = called(*OPERATIONS[model])
    assert guessed(history) == model
    assert judge(history, usual(model), model).valid


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([("echo", ("hello",), "hello")], "no model has echo of 1 argument; there are"),
        ([("read", (1, 2, 3), 1)], "no model has read of 3 arguments"),
        (
            [("enqueue", (1,), None), ("push", (1,), None)],
            "enqueue of 1 argument, push",
        ),
        (
            [("put", ("x", 1), None)],
            "`put` at 0 ms: the keys and the values of `texts`",
        ),
        (
            [("add", ("a",), None), ("read", (), 7)],
            "a counter has whole numbers alone. c1 called `read` at 2 ms: a set is",
        ),
        (
            [("txn", (), ()), ("read", (), 1)],
            "no model has txn of 0 arguments, read of",
        ),
    ],
)
def test_what_is_no_model_is_told_with_what_was_called(calls, told):
    with pytest.raises(Misuse, match=told):
        guessed(called(*calls))


@pytest.mark.parametrize("name", PROPERTIES)
def test_every_property_has_its_judge(name):
    if PROPERTIES[name].needs == "transactions":
        verdict = judge(called(*OPERATIONS["list-append"]), name, "list-append")
    else:
        verdict = judge(STORE, name, "kv")
    assert verdict.outcome in ("valid", "unknown")
    assert verdict.property and verdict.strength


@pytest.mark.parametrize(
    "name", [n for n, p in PROPERTIES.items() if p.needs == "reads and writes"]
)
def test_a_register_is_judged_as_a_store_of_one_key(name):
    stale = History(op._replace(args=op.args[1:]) for op in STORE)
    assert judge(stale, name, "register").outcome == judge(STORE, name, "kv").outcome


def test_limits_reach_the_judge():
    history = formats.read(LOGS / "etcd.log")
    verdict = judge(history, "linearizable", "cas-register", Limits(steps=3))
    assert verdict.unknown and "3 steps" in verdict.strength + verdict.reason


def test_a_set_is_one_in_whatever_order_it_was_told():
    history = called(("add", (1,), None), ("add", (2,), None), ("read", (), (2, 1)))
    assert judge(history, "linearizable", "set").valid


@pytest.mark.parametrize("told", [None, True])
def test_a_mutex_is_not_acquired_twice(told):
    """Knossos's mutex: an ok tells nothing more."""
    twice = called(("acquire", (), told), ("acquire", (), told), ("release", (), told))
    assert judge(twice, "linearizable", "mutex").invalid
    in_turn = called(
        ("acquire", (), told), ("release", (), told), ("acquire", (), told)
    )
    assert judge(in_turn, "linearizable", "mutex").valid


@pytest.mark.parametrize("told", [None, True])
def test_a_lock_that_gives_no_tokens(told):
    """Jepsen's locks are acquired with an ok, and no more is told."""
    assert guessed(called(("acquire", (), told), ("acquire", (), told))) == "mutex"
    assert guessed(called(("acquire", (), 1))) == "lock"
    assert guessed(called(("release", (1,), None))) == "lock"


def test_texts_by_key_may_be_called_kv_too():
    history = called(*OPERATIONS["texts"])
    assert judge(history, "linearizable", "kv") == judge(
        history, "linearizable", "texts"
    )


def test_where_no_text_is_the_text_is_empty():
    """A get that gave null has seen what was there at first, and no put."""
    null = ("get", ("x",), None)
    at_first = called(null, ("put", ("x", "a"), None))
    stale = called(("put", ("x", "a"), None), ("put", ("x", "b"), None), null, null)
    for property in ("linearizable", "sequential"):
        assert judge(at_first, property, "texts").valid
        assert judge(stale, property, "texts").invalid
    assert judge(stale, "linearizable", "texts").evidence[-1].result is None


def test_the_machine_of_texts_itself_knows_no_null_to_any_judge():
    null = called(("get", ("x",), None))
    assert linearizable(null, Texts()).invalid
    assert sequentially_consistent(null, Texts()).invalid


CALLS = {  # what may be called, and what may have been answered
    "register": {"write": ([1, 2], [None]), "read": ([], [None, 1, 2])},
    "cas-register": {
        "write": ([1, 2], [None]),
        "cas": ([1, 2], [True, False]),
        "read": ([], [None, 1, 2]),
    },
    "texts": {
        "put": (["a", "b", ""], [None]),
        "append": (["a", "c"], [None]),
        "get": ([], [None, "", "a", "b", "ac"]),
    },
    "counter": {"add": ([1, -1], [None]), "read": ([], [0, 1, -1])},
    "set": {
        "add": ([1, 2], [None, True, False]),
        "remove": ([1], [None, True, False]),
        "contains": ([1, 2], [True, False]),
        "read": ([], [(), (1,), (2, 1)]),
    },
    "queue": {"enqueue": ([1, 2], [None]), "dequeue": ([], [None, 1, 2])},
    "stack": {"push": ([1, 2], [None]), "pop": ([], [None, 1, 2])},
    "lock": {"acquire": ([], [None, 1, 2]), "release": ([1, 2], [True, False])},
    "mutex": {"acquire": ([], [None, True]), "release": ([], [None, True, False])},
    "log": {"append": (["a", "b"], [1, 2]), "read": ([], [(), ("a",), ("a", "b")])},
}
CALLS["kv"] = {**CALLS["cas-register"], "delete": ([], [None])}


def drawn(model: str, seed: int) -> History:
    """A few operations of two processes, with answers that may be wrong."""
    rng = random.Random(seed)
    ops = []
    for process, at in product("ab", range(0, 6, 2)):
        f = rng.choice(sorted(CALLS[model]))
        asked, answers = CALLS[model][f]
        args = tuple(rng.choices(asked, k=1 + (f == "cas")) if asked else ())
        key = (rng.choice("xy"),) if model in ("kv", "texts") else ()
        call, end = at * 1000 + rng.randrange(999), at * 1000 + rng.randint(1000, 1999)
        outcome = rng.choice(["ok"] * 6 + ["info", "fail"])
        answer = rng.choice(answers) if outcome == "ok" else None
        done = None if outcome == "info" and at == 4 else end
        ops.append(Operation(process, f, key + args, call, outcome, answer, done))
    return History(ops)


FEW = [*range(40), *(pytest.param(n, marks=pytest.mark.soak) for n in range(40, 900))]


@pytest.mark.parametrize("seed", FEW)
def test_what_is_linearizable_is_sequentially_consistent(seed):
    """Real time is one order more that has to be kept; Herlihy and Wing, section 3."""
    for model in CALLS:
        history = drawn(model, seed)
        outcomes = [judge(history, p, model).outcome for p in STRONGER_FIRST]
        assert outcomes not in (["valid", "invalid"], ["valid", "unknown"]), model


def test_both_are_seen_among_what_is_drawn():
    for model in CALLS:
        for property in STRONGER_FIRST:
            seen = {judge(drawn(model, n), property, model).outcome for n in range(40)}
            assert {"valid", "invalid"} <= seen, (model, property)


def test_keys_of_several_kinds_are_told_apart_all_the_same():
    history = called(
        ("write", (1, "a"), None), ("write", ("1", "b"), None), ("read", (1,), "a")
    )
    assert judge(history, "linearizable", "kv").valid
    assert judge(history, "sequential", "kv").valid


@pytest.mark.parametrize(
    ("model", "calls", "told"),
    [
        ("register", [("add", (1,), None)], "`register` has cas, read, write alone"),
        ("kv", [("read", (), 1)], "it has 0 arguments, and of `kv` 1"),
        ("counter", [("add", ("a",), None)], "a counter has whole numbers alone"),
        ("counter", [("read", (), None)], "a counter has whole numbers alone"),
        ("set", [("read", (), 7)], "a set is read as a vector, not as 7"),
        (
            "texts",
            [("put", ("x", 1), None)],
            "the keys and the values of `texts` are texts, and 1 is none",
        ),
        ("list-append", [("read", (), 7)], "`list-append` has transactions alone"),
    ],
)
def test_what_does_not_fit_a_model_is_told_with_who_called_it(model, calls, told):
    with pytest.raises(Misuse, match=f"c1 called `{calls[0][0]}` at 0 ms: .*{told}"):
        judge(called(*calls), usual(model), model)


@pytest.mark.parametrize(
    ("property", "model", "told"),
    [
        ("serialisable", "list-append", "no property `serialisable`. Did you mean `se"),
        ("linearizable", "registre", "no model `registre`. Did you mean `register`"),
        ("linearizable", "list-append", "`linearizable` is about a machine, and the"),
        ("serializable", "kv", "`serializable` is about transactions, and the model"),
        ("causal", "counter", "`causal` is about reads and writes"),
    ],
)
def test_what_cannot_be_asked_of_a_model_is_told(property, model, told):
    with pytest.raises(Misuse, match=told):
        judge(STORE, property, model)


# ------------------------------------------------------------------------------ mutants
def takes_no_set_for_one(op: Operation) -> Operation:
    return op


def takes_everything_as_it_is(op: Operation) -> Operation:
    return op


def fits_everything(*_: object) -> None:
    return None


KILLED = {
    ("as_done", takes_everything_as_it_is): lambda: test_a_mutex_is_not_acquired_twice(
        None
    ),
    ("as_set", takes_no_set_for_one): test_a_set_is_one_in_whatever_order_it_was_told,
    ("as_text", takes_everything_as_it_is): (test_where_no_text_is_the_text_is_empty),
    ("without_tokens", fits_everything): lambda: test_a_lock_that_gives_no_tokens(None),
    ("misshapen", fits_everything): lambda: (
        test_what_is_no_model_is_told_with_what_was_called(
            [("echo", ("hello",), "hello")], "no model has echo"
        )
    ),
    ("wrong_values", fits_everything): lambda: (
        test_a_model_is_guessed_from_what_was_called("set")
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant[1].__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setattr(properties, *mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        KILLED[mutant]()
