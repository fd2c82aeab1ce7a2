"""The order of the models, as its sources tell it, and what rules out what."""

from __future__ import annotations

import pytest

from distlab.check import levels
from distlab.check.levels import (
    MODELS,
    PHENOMENA,
    forbidden,
    ruled_out,
    stronger,
    weaker,
)
from distlab.errors import Misuse

NAMES = [model.name for model in MODELS]


def test_a_stronger_model_stands_before_those_that_it_implies():
    """So there is no ring, and a table of the models can be read downwards."""
    for at, model in enumerate(MODELS):
        assert all(NAMES.index(name) > at for name in model.implies)
    assert len(set(NAMES)) == len(NAMES)


def test_no_implication_is_told_that_follows_from_others():
    for model in MODELS:
        for name in model.implies:
            others = [other for other in model.implies if other != name]
            assert not any(name in weaker(other) for other in others), (
                model.name,
                name,
            )


def test_what_a_model_forbids_is_known_and_told_once():
    known = {phenomenon.name for phenomenon in PHENOMENA}
    told = [name for model in MODELS for name in model.forbids]
    assert set(told) <= known
    for model in MODELS:
        below = {
            name for weak in weaker(model.name) for name in levels.model(weak).forbids
        }
        assert not below & set(model.forbids), model.name


def test_each_phenomenon_rules_out_some_model_and_strict_serializability_always():
    for phenomenon in PHENOMENA:
        assert "strict serializable" in ruled_out([phenomenon.name]), phenomenon.name


@pytest.mark.parametrize(
    ("strong", "weak"),
    [
        ("serializable", "snapshot isolation"),  # Cerone and others, 2015
        ("serializable", "repeatable read"),  # Adya, PL-3 and PL-2.99
        ("snapshot isolation", "consistent view"),  # Adya, PL-SI and PL-2+
        ("repeatable read", "cursor stability"),  # Adya
        ("repeatable read", "monotonic atomic view"),  # Bailis and others, 2013
        ("strict serializable", "linearizable"),  # where a transaction has one object
        ("linearizable", "sequentially consistent"),
        ("sequentially consistent", "causal memory"),  # Ahamad and others
        ("causal memory", "PRAM"),
        ("linearizable", "fork-linearizable"),  # Mazières and Shasha
    ],
)
def test_one_model_implies_another(strong, weak):
    assert weak in weaker(strong)
    assert strong in stronger(weak)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("repeatable read", "snapshot isolation"),  # write skew here, phantoms there
        ("serializable", "linearizable"),  # lesson 3's question
        ("serializable", "strong session snapshot isolation"),
        ("causal memory", "causally convergent"),  # Bouajjani and others, Figure 3
        ("causally consistent", "PRAM"),
        ("fork-linearizable", "sequentially consistent"),
    ],
)
def test_neither_of_two_models_implies_the_other(one, other):
    assert other not in weaker(one)
    assert one not in weaker(other)


@pytest.mark.parametrize(
    ("found", "out", "left"),
    [
        # Berenson and others: snapshot isolation lets write skew pass
        ("write skew", "repeatable read", "snapshot isolation"),
        # … and repeatable read lets phantoms pass
        ("G2", "serializable", "repeatable read"),
        ("lost update", "cursor stability", "read committed"),
        ("G-single", "consistent view", "monotonic atomic view"),
        ("G-nonadjacent", "snapshot isolation", "parallel snapshot isolation"),
        ("observed transaction vanishes", "monotonic atomic view", "read committed"),
        ("G1a", "read committed", "read uncommitted"),
        ("G2-item-realtime", "strict serializable", "strong session serializable"),
        ("G-single-process", "strong session snapshot isolation", "serializable"),
    ],
)
def test_an_anomaly_rules_out_one_model_and_leaves_another(found, out, left):
    assert out in ruled_out([found])
    assert left not in ruled_out([found])
    assert found in forbidden(out)
    assert found not in forbidden(left)


def test_a_form_of_an_anomaly_rules_out_what_the_general_one_does():
    for phenomenon in PHENOMENA:
        if phenomenon.form_of:
            assert set(ruled_out([phenomenon.form_of])) <= set(
                ruled_out([phenomenon.name])
            )


def test_a_broken_model_rules_out_all_that_imply_it():
    assert ruled_out(["sequentially consistent"]) == (
        "strict serializable",
        "linearizable",
        "sequentially consistent",
    )
    assert ruled_out(["PL-3"]) == ruled_out(["serializable"])
    assert ruled_out([]) == ()


def test_the_border_between_what_is_ruled_out_and_what_is_left():
    found = ["write skew"]
    assert levels.weakest_ruled_out(found) == ("repeatable read",)
    assert levels.strongest_left(found, "transactions") == (
        "strong snapshot isolation",
    )
    assert levels.strongest_left([]) == ("strict serializable",)
    assert levels.strongest_left(["linearizable"], "single objects") == (
        "sequentially consistent",
        "fork-linearizable",
        "consistent prefix",
        "regular",
    )


def test_a_name_that_is_unknown_is_answered_with_the_nearest():
    with pytest.raises(Misuse, match="Did you mean `serializable`"):
        levels.model("serialisable")
    with pytest.raises(Misuse, match="Did you mean `write skew`"):
        ruled_out(["write skews"])


# ---------------------------------------------------------------------------- mutants
def forgets_forms(patch):
    patch.setattr(levels, "_general", lambda name: (name,))


def goes_one_step_only(patch):
    patch.setattr(levels, "weaker", lambda name: levels.model(name).implies)


def takes_stronger_for_weaker(patch):
    patch.setattr(levels, "stronger", weaker)


KILLED = {
    forgets_forms: test_a_form_of_an_anomaly_rules_out_what_the_general_one_does,
    goes_one_step_only: test_a_broken_model_rules_out_all_that_imply_it,
    takes_stronger_for_weaker: (
        test_the_border_between_what_is_ruled_out_and_what_is_left
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_a_map_that_forgets_something_is_found(mutant, monkeypatch):
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
