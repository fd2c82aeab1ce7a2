"""The map of the models: what implies stands above, and a history has its place."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest

from distlab.check import Verdict, levels
from distlab.check.levels import MODELS
from distlab.check.placing import placed
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.show import models
from distlab.show.models import PLACES, Map
from distlab.show.standing import BROKEN, HOLDS, OPEN, SILENT, Standing

SVG = "{http://www.w3.org/2000/svg}"
PLAIN = Map(Standing(()))
JUDGED = {"sequential": "valid", "linearizable": "invalid", "fork*": "unknown"}


def boxes(svg: str) -> dict[str, ET.Element]:
    """The group of each model that is drawn."""
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    return {name: g for g in groups if (name := g.get("data-model"))}


def state_of(group: ET.Element) -> str:
    looks = " ".join(r.get("class") for r in group.iter(f"{SVG}rect"))
    return re.search(r"dl-model-(holds|broken|open|silent)", looks)[1]


# ----------------------------------------------------------------------------- the map
def test_every_model_has_its_place_and_no_other():
    assert set(PLACES) == {model.name for model in MODELS}
    assert set(boxes(models().svg)) == set(PLACES)


def test_what_implies_another_stands_above_it():
    for model in MODELS:
        for weaker in model.implies:
            assert PLACES[model.name][1] < PLACES[weaker][1]


def test_no_box_touches_another_and_all_are_on_the_paper():
    for one, other in combinations(PLACES, 2):
        a, b = PLAIN.corners(one), PLAIN.corners(other)
        apart = a[0] > b[2] + 2 or b[0] > a[2] + 2 or a[1] > b[3] + 6 or b[1] > a[3] + 6
        assert apart, f"{one} and {other}"
    for name in PLACES:
        left, top, right, bottom = PLAIN.corners(name)
        assert left > 5
        assert top > 5
        assert right < PLAIN.drawing.width - 5
        assert bottom < PLAIN.drawing.height - 5


def test_no_link_runs_through_a_box_that_it_does_not_join():
    lines = [
        tuple(float(line.get(end)) for end in ("x1", "y1", "x2", "y2"))
        for line in ET.fromstring(models().svg).iter(f"{SVG}line")
        if line.get("class") == "dl-model-link"
    ]
    assert len(lines) == sum(len(model.implies) for model in MODELS)
    for x1, y1, x2, y2 in lines:
        for name in PLACES:
            left, top, right, bottom = PLAIN.corners(name)
            for share in range(1, 100):
                x = x1 + (x2 - x1) * share / 100
                y = y1 + (y2 - y1) * share / 100
                inside = left < x < right and top + 1 < y < bottom - 1
                assert not inside, f"a link runs through {name}"


def test_every_model_is_told_with_its_sentence_on_the_map_and_in_words():
    picture = models()
    for name, group in boxes(picture.svg).items():
        model = levels.model(name)
        title = group.find(f"{SVG}title").text
        assert model.sentence in title
        assert model.source in title
        assert model.sentence in picture.text
        written = "".join(t.text for t in group.iter(f"{SVG}text"))
        assert written.replace(" ", "") == name.replace(" ", "")


def test_the_map_in_words(golden):
    golden("models.txt", models(JUDGED, anomalies=["write skew"]).text + "\n")


def test_the_bytes_of_the_map(golden):
    golden("models.svg", models(JUDGED, anomalies=["write skew"]).svg + "\n")


@pytest.mark.parametrize("kind", ["transactions", "single objects"])
def test_one_half_of_the_map_is_drawn_alone(kind: str):
    picture = models({"linearizable": "invalid"}, kind=kind)
    half = {model.name for model in MODELS if model.kind == kind}
    assert set(boxes(picture.svg)) == half
    assert f"map of {len(half)} consistency models" in picture.alt
    map_ = Map(Standing((), kind=kind))
    for name in half:
        left, top, right, bottom = map_.corners(name)
        assert 5 < left < right < map_.width - 5
        assert 5 < top < bottom < map_.bottom


# --------------------------------------------------------------------- where it stands
def test_what_holds_lets_all_weaker_models_hold():
    known = Standing({"causal memory": "valid"})
    assert known.all(HOLDS) == ["causal memory", *levels.weaker("causal memory")]
    assert known.all(BROKEN) == []


def test_what_is_broken_breaks_all_stronger_models():
    known = Standing({"PRAM": "invalid"})
    assert set(known.all(BROKEN)) == {"PRAM", *levels.stronger("PRAM")}
    assert known.all(HOLDS) == []


def test_an_anomaly_breaks_the_models_that_forbid_it():
    known = Standing((), ["write skew"])
    assert known.all(BROKEN) == list(levels.ruled_out(["write skew"]))
    assert known.of("snapshot isolation") == SILENT


def test_what_a_judge_gave_up_on_is_open_unless_another_verdict_tells_it():
    assert Standing({"PRAM": "unknown"}).of("PRAM") == OPEN
    known = Standing({"PRAM": "unknown", "linearizable": "valid"})
    assert known.of("PRAM") == HOLDS


def test_the_boxes_show_what_is_known():
    picture = models(JUDGED)
    known = Standing(JUDGED)
    for name, group in boxes(picture.svg).items():
        assert state_of(group) == known.of(name)
        sign = {HOLDS: "✓", BROKEN: "✗", OPEN: "?"}.get(known.of(name))
        signs = [t.text for t in group.iter(f"{SVG}text") if t.text in ("✓", "✗", "?")]
        assert signs == ([sign] if sign else [])
        assert f"{sign or ' '} {name}" in picture.text


def test_the_border_is_told_in_one_sentence():
    assert models(JUDGED, anomalies=["write skew"]).alt == (
        "A history on the map of 33 consistency models. Holds, with all that is "
        "weaker: sequentially consistent. Broken, with all that is stronger: "
        "repeatable read, linearizable."
    )


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("causal memory (CM)", "causal memory"),
        ("causal-memory", "causal memory"),
        ("fork-linearizable", "fork-linearizable"),
        ("PL-3", "serializable"),
        ("strict-serializable", "strict serializable"),
        ("pipelined RAM", "PRAM"),
    ],
)
def test_a_model_is_known_by_all_its_names(given: str, name: str):
    assert Standing({given: "unknown"}).judged == {name: OPEN}


def test_verdicts_name_their_own_models():
    verdict = Verdict("valid", "causal memory (CM)", "all", "Why.")
    broken = Verdict("invalid", "linearizable", "all", "Why.")
    assert Standing([verdict, broken]).judged == {
        "causal memory": HOLDS,
        "linearizable": BROKEN,
    }
    assert Standing(verdict).judged == {"causal memory": HOLDS}


def test_a_history_is_judged_by_all_that_can_judge_it():
    stale = History(
        (
            Operation("a", "write", ("x", 1), 0, "ok", None, 1000),
            Operation("b", "read", ("x",), 2000, "ok", None, 3000),
        )
    )
    assert models(stale) == models(placed(stale))
    assert models(stale).alt.endswith(
        "Holds, with all that is weaker: sequentially consistent. Broken, with all "
        "that is stronger: linearizable."
    )


# ----------------------------------------------------------------------- wrong calls
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: models({"PRAMM": "valid"}), "no model is called 'PRAMM'"),
        (lambda: models({"PRAM": True}), "a verdict or one of valid, invalid, unknown"),
        (lambda: models(kind="objects"), "there are transactions, single objects"),
        (lambda: models(anomalies=["G7"]), "neither a phenomenon nor a model"),
        (
            lambda: models({"linearizable": "valid", "PRAM": "invalid"}),
            "give the verdicts of one history",
        ),
    ],
)
def test_a_wrong_call_gets_a_sentence(call, sentence: str):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        call()


def test_the_map_is_the_same_in_every_process():
    code = (
        "import hashlib; from distlab.show import models\n"
        "picture = models({'PRAM': 'valid'}, anomalies=['G1a', 'lost update'])\n"
        "print(hashlib.sha256((picture.svg + picture.text).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


# ------------------------------------------------------------------------------ mutants
class SpreadsNothing(Standing):
    """Forgets that a model which holds implies others, and that these break it."""

    def of(self, name: str) -> str:
        return self.judged.get(name, SILENT)


class BelievesBoth(Standing):
    """Takes verdicts that cannot be of one history."""

    def __init__(self, verdicts, anomalies=(), kind=None):
        try:
            super().__init__(verdicts, anomalies, kind)
        except Misuse as refusal:
            if "one history" not in str(refusal):
                raise


class ForgetsAnomalies(Standing):
    """Looks at verdicts alone."""

    def __init__(self, verdicts, anomalies=(), kind=None):
        super().__init__(verdicts, (), kind)


KILLED = {
    SpreadsNothing: test_what_is_broken_breaks_all_stronger_models,
    ForgetsAnomalies: test_an_anomaly_breaks_the_models_that_forbid_it,
    BelievesBoth: lambda: test_a_wrong_call_gets_a_sentence(
        lambda: models({"linearizable": "valid", "PRAM": "invalid"}),
        "give the verdicts of one history",
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Standing", mutant)
    monkeypatch.setattr(sys.modules["distlab.show.models"], "Standing", mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        KILLED[mutant]()
