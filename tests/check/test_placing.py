"""Where a history stands: each model by its own judge, and nothing against the map."""

import random

import pytest

from distlab.check import Limits, levels, placing
from distlab.check.placing import JUDGES, placed
from distlab.check.properties import PROPERTIES
from distlab.errors import Misuse
from distlab.history import History, Operation


def op(process: str, f: str, args: tuple, at_ms: int, result=None) -> Operation:
    """An operation of half a millisecond."""
    return Operation(process, f, args, at_ms * 1000, "ok", result, at_ms * 1000 + 500)


def store(*told: tuple) -> History:
    """Operations of processes one after the other: `("a", "x", 1)`, `("b", "x", …)`."""
    return History(
        op(process, f, args, at_ms, result)
        for at_ms, (process, f, args, result) in enumerate(told)
    )


def w(process: str, key: str, value: int) -> tuple:
    return process, "write", (key, value), None


def r(process: str, key: str, value: int | None) -> tuple:
    return process, "read", (key,), value


FRESH = store(w("a", "x", 1), r("b", "x", 1))
STALE = store(w("a", "x", 1), r("b", "x", None))
DEKKER = store(w("a", "x", 1), w("b", "y", 1), r("a", "y", None), r("b", "x", None))
BACKWARDS = store(w("a", "x", 1), w("a", "x", 2), r("b", "x", 2), r("b", "x", 1))
# Two readers see two writes in two orders: nobody caused them.
APART = store(
    *(w("a", "x", 1), w("b", "x", 2)),
    *(r("c", "x", 1), r("c", "x", 2), r("d", "x", 2), r("d", "x", 1)),
)


@pytest.mark.parametrize(
    ("history", "outcomes"),
    [
        (FRESH, {"linearizable": "valid"}),
        (
            STALE,
            {
                "linearizable": "invalid",
                "sequentially consistent": "valid",
                "causal memory": "valid",
                "causally convergent": "valid",
                "causally consistent": "valid",
                "PRAM": "valid",
            },
        ),
        (
            DEKKER,
            {
                "linearizable": "invalid",
                "sequentially consistent": "invalid",
                "causal memory": "valid",
                "causally convergent": "valid",
                "causally consistent": "valid",
                "PRAM": "valid",
            },
        ),
        (
            APART,
            {
                "linearizable": "invalid",
                "causal memory": "valid",
                "causally convergent": "invalid",
                "causally consistent": "valid",
                "PRAM": "valid",
            },
        ),
        (
            BACKWARDS,
            {
                "linearizable": "invalid",
                "PRAM": "invalid",
                "causally consistent": "invalid",
            },
        ),
    ],
    ids=["fresh", "stale", "dekker", "apart", "backwards"],
)
def test_a_history_is_placed_as_the_papers_place_it(history, outcomes: dict[str, str]):
    assert {m: verdict.outcome for m, verdict in placed(history).items()} == outcomes


def test_the_verdicts_are_those_of_the_judges_strongest_first():
    found = placed(STALE)
    names = [model.name for model in levels.MODELS]
    assert list(found) == sorted(found, key=names.index)
    for name, verdict in found.items():
        assert levels.model(verdict.property.partition(" (")[0]).name == name


def test_every_judge_of_a_model_is_asked():
    assert set(JUDGES.values()) <= set(PROPERTIES)
    assert all(levels.model(name).name == name for name in JUDGES)


def test_what_is_implied_is_not_judged():
    assert list(placed(FRESH)) == ["linearizable"]
    assert "causal memory" not in placed(BACKWARDS)  # for PRAM is broken


def test_a_register_without_keys_is_placed_too():
    one = op("a", "write", (1,), 0), op("b", "read", (), 1, None)
    assert placed(History(one))["linearizable"].invalid
    assert placed(History(one))["PRAM"].valid


def test_what_cannot_be_asked_is_unknown_with_its_reason():
    twice = store(w("a", "x", 1), w("b", "x", 1), r("c", "x", None))
    found = placed(twice)
    assert found["linearizable"].invalid
    assert found["PRAM"].unknown
    assert found["PRAM"].strength == "not judged"
    assert "again" in found["PRAM"].reason


def test_other_objects_are_placed_by_what_judges_any_machine():
    queue = History((op("a", "enqueue", (1,), 0), op("b", "dequeue", (), 1, None)))
    outcomes = {m: verdict.outcome for m, verdict in placed(queue).items()}
    assert outcomes == {"linearizable": "invalid", "sequentially consistent": "valid"}


def test_transactions_are_placed_among_the_levels():
    one = Operation(
        "a", "txn", (("append", "x", 1),), 0, "ok", (("append", "x", 1),), 9
    )
    read = (("r", "x", None),), 20, "ok", (("r", "x", ()),), 30
    found = placed(History((one, Operation("b", "txn", *read))))
    assert found["strict serializable"].invalid
    assert found["serializable"].valid


def test_a_budget_is_each_judges_own():
    found = placed(STALE, limits=Limits(steps=1))
    assert {verdict.outcome for verdict in found.values()} <= {"unknown", "invalid"}


def test_operations_of_no_model_get_a_sentence():
    with pytest.raises(Misuse, match="no model has"):
        placed(History((op("a", "frobnicate", (1, 2, 3), 0),)))


def random_story(seed: int) -> History:
    """Three clients of two keys whose reads are anyhow."""
    rng = random.Random(seed)
    told, written = [], {"x": [None], "y": [None]}
    for value in range(rng.randrange(3, 8)):
        process, key = rng.choice("abc"), rng.choice("xy")
        if rng.random() < 0.5:
            told.append(w(process, key, value))
            written[key].append(value)
        else:
            told.append(r(process, key, rng.choice(written[key])))
    return store(*told)


def contradictions(count: int) -> list[str]:
    """Where one verdict says that a model holds and another that it is broken."""
    wrong: list[str] = []
    for seed in range(count):
        history = random_story(seed)
        found = {
            name: placing.asked(name, judge, history, "kv", None)
            for name, judge in JUDGES.items()
        }
        wrong += [
            f"{seed}: {name} holds and {weaker} does not"
            for name, verdict in found.items()
            for weaker in levels.weaker(name)
            if verdict.valid and weaker in found and found[weaker].invalid
        ]
    return wrong


def test_no_two_judges_contradict_each_other():
    assert contradictions(150) == []


@pytest.mark.soak
def test_no_two_judges_contradict_each_other_on_ten_thousand_histories():
    assert contradictions(10_000) == []
