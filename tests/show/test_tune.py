"""Controls over a pure function: what the kernel does; the browser's half is beside."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from distlab import show
from distlab.check.verdict import Verdict
from distlab.errors import Exercise, Misuse
from distlab.execute import WIDGET, executed
from distlab.show.answer import answer_of, sheet
from distlab.show.picture import Drawing
from distlab.show.tune import REMEMBERED

calls: list[tuple] = []


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


def lost(timeout_ms=150, loss=0.05, mode="after-sync", fencing=True):
    calls.append((timeout_ms, loss, mode, fencing))
    return f"{timeout_ms} {loss} {mode} {fencing}"


def tuned(**changes):
    controls = {
        "timeout_ms": (50, 500, 50),
        "loss": (0, 0.3, 0.01),
        "mode": ["after-commit", "after-sync"],
        "fencing": False,
    }
    return show.tune(lost, **{**controls, **changes})


def circle(r=1):
    paper = Drawing(40, 30)
    paper.add("circle", cx=20, cy=15, r=r)
    return paper.picture(alt=f"A circle of {r}.", text=f"radius\n{r}")


class Browser:
    """What `tune.js` says to the kernel, said by hand."""

    def __init__(self, made):
        self.stage, self.answers = made.widget.children[1], []
        self.stage.send = self.answers.append

    def ask(self, **at):
        message = {"number": len(self.answers) + 1, "at": at}
        self.stage._handle_custom_msg(message, [])
        return self.answers[-1]


# ------------------------------------------------------------------------- the controls
def test_a_control_starts_at_the_default_of_its_parameter():
    made = tuned()
    assert made.value == "150 0.05 after-sync False"
    assert made.controls["fencing"].widget.value is False, "a bool is its own start"


def test_a_slider_may_start_elsewhere_and_begins_at_its_low_end_otherwise():
    assert tuned(loss=show.slider(0, 0.3, 0.1, start=0.2)).value.startswith("150 0.2 ")
    assert tuned(timeout_ms=(200, 300, 10)).value.startswith("200 ")


def test_labels_have_the_unit_of_the_name():
    widget = tuned().controls["timeout_ms"].widget
    assert widget.description == "timeout (ms)"
    made = tuned(timeout_ms=show.slider(0, 9, label="patience"))
    assert made.controls["timeout_ms"].widget.description == "patience"


def test_whole_numbers_stay_whole_and_others_are_what_is_written():
    made = tuned(loss=(0, 0.3, 0.05))
    made.controls["loss"].widget.value = 0.15000000000000002
    made.controls["timeout_ms"].widget.value = 300
    assert made.value == "300 0.15 after-sync False"


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        (["a", "b"], "RadioButtons"),
        ([1, 2, 3, 4], "RadioButtons"),
        ([10, 20, 50, 100, 200], "SelectionSlider"),
        (["a", "b", "c", "d", "e"], "Dropdown"),
        (["a rather long option", "and another that is long"], "Dropdown"),
    ],
)
def test_few_options_are_in_sight_many_numbers_on_a_slider_others_in_a_list(
    options, kind
):
    made = tuned(mode=options)
    assert type(made.controls["mode"].widget).__name__ == kind
    made.controls["mode"].widget.index = len(options) - 1
    assert made.value == f"150 0.05 {options[-1]} False"


def test_an_option_may_be_anything_and_have_a_name():
    made = tuned(mode={"none": None, "a class": Misuse})
    assert made.value == "150 0.05 None False"
    made.controls["mode"].widget.index = 1
    assert made.value == f"150 0.05 {Misuse} False"
    assert tuned(mode=[Misuse, Exercise]).controls["mode"].widget.options == (
        "Misuse",
        "Exercise",
    )


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        (
            {"timeout": (0, 1, 1)},
            r"no parameter `timeout`\. Did you mean `timeout_ms`\?",
        ),
        ({"loss": (1, 0, 0.1)}, "does not move"),
        ({"loss": (0, 1, 0)}, "does not move"),
        ({"loss": (0, 1, 2)}, "does not move"),
        ({"loss": "0.1"}, r"`loss='0.1'` is not a control"),
        ({"mode": ["only"]}, "`mode` has 1 to choose from: give at least two"),
    ],
)
def test_a_control_that_cannot_be_meant_is_refused(controls, sentence):
    with pytest.raises(Misuse, match=sentence):
        show.tune(lost, **controls)


def test_a_start_outside_the_range_is_refused():
    with pytest.raises(Misuse, match="from 0 to 1 cannot start at 2"):
        show.slider(0, 1, 0.1, start=2)


def test_a_start_between_two_stops_is_refused():
    """A browser would start at a stop, and show another picture than the stored one."""

    def shown(timeout_ms=150):
        return f"{timeout_ms} ms"

    show.tune(shown, timeout_ms=(90, 310, 20))
    with pytest.raises(Misuse, match="from 80 in steps of 20 does not stop there"):
        show.tune(shown, timeout_ms=(80, 300, 20))


def test_a_parameter_without_control_and_default_is_refused():
    with pytest.raises(
        Misuse, match=r"needs `seed`: give it a control, such as `seed="
    ):
        show.tune(lambda seed, loss: "", loss=(0, 1, 0.1))


# -------------------------------------------------------------------------- the results
def test_result_is_the_start_but_for_what_is_given():
    made = tuned()
    made.controls["timeout_ms"].widget.value = 500
    assert made.result(loss=0.1) == "150 0.1 after-sync False"
    with pytest.raises(Misuse, match=r"no control `los`\. Did you mean `loss`\?"):
        made.result(los=0.1)


def test_a_result_is_computed_once_for_each_place_of_the_controls():
    made, browser = tuned(), None
    browser = Browser(made)
    for _ in range(3):
        browser.ask(timeout_ms=100, loss=0.1, mode=0, fencing=True)
        assert made.value
        repr(made)
    assert calls == [(150, 0.05, "after-sync", False), (100, 0.1, "after-commit", True)]


def test_only_so_many_results_are_remembered():
    made = tuned(timeout_ms=(0, 500, 1))
    browser = Browser(made)
    for timeout_ms in range(REMEMBERED + 1):
        browser.ask(timeout_ms=timeout_ms, loss=0.1, mode=0, fencing=True)
    calls.clear()
    browser.ask(timeout_ms=REMEMBERED, loss=0.1, mode=0, fencing=True)
    assert calls == []
    browser.ask(timeout_ms=0, loss=0.1, mode=0, fencing=True)
    assert len(calls) == 1


def test_an_answer_carries_the_number_of_its_request_and_where_the_controls_stood():
    browser = Browser(tuned())
    at = {"timeout_ms": 100, "loss": 0.060000000000000005, "mode": 1, "fencing": True}
    first, second = browser.ask(**at), browser.ask(**at)
    assert (first["number"], second["number"]) == (1, 2)
    assert first["at"] == at
    assert first["parts"][0]["says"] == "100 0.06 after-sync True"


def test_each_kind_of_result_has_its_part():
    import pandas

    verdict = Verdict("invalid", "durability", "3 writes", "Write 2 is lost.")
    table = pandas.DataFrame({"a": [1, 2]})
    chart = show.chart({"mark": "bar", "data": {"values": [{}]}}, alt="A bar.")
    parts = answer_of((circle(), "words", verdict, (table, chart), 7)).parts
    kinds = ["picture", "text", "verdict", "table", "picture", "text"]
    assert [part.kind for part in parts] == kinds
    assert parts[0].body == circle().svg
    assert parts[2].outcome == "invalid"
    assert parts[2].says == str(verdict)
    assert "<table" in parts[3].body
    assert parts[3].says == "A table of 2 rows."
    assert parts[5].says == "7"


def test_an_error_is_one_sentence_in_the_place_of_the_picture():
    def divided(by=1):
        return str(1 // by)

    browser = Browser(show.tune(divided, by=(0, 3, 1)))
    line = divided.__code__.co_firstlineno + 1
    assert browser.ask(by=0)["parts"] == [
        {
            "kind": "error",
            "says": f"ZeroDivisionError in `divided`, line {line}: "
            "integer division or modulo by zero",
            "body": "",
            "twin": "",
            "outcome": "",
        }
    ]
    assert browser.ask(by=1)["parts"][0]["kind"] == "text"


def test_our_own_errors_are_sentences_already():
    def refuses(by=1):
        if by == 0:
            raise Misuse("by is 0: give more.\nAnd much about why.")
        return ""

    browser = Browser(show.tune(refuses, by=(0, 3, 1)))
    assert browser.ask(by=0)["parts"][0]["says"] == "by is 0: give more."


def test_an_error_at_the_start_ends_the_cell():
    def divided(by=0):
        return 1 // by

    with pytest.raises(ZeroDivisionError):
        show.tune(divided, by=(0, 3, 1))


def test_a_hole_that_the_learner_has_not_filled_is_shown_and_ends_nothing():
    def hole(by=0):
        raise Exercise("1.3 is not solved yet: write `may_lead`.")

    made = show.tune(hole, by=(0, 3, 1))
    assert repr(made) == "hole at by 0\n1.3 is not solved yet: write `may_lead`."
    with pytest.raises(Exercise):
        made.value


# ------------------------------------------------------------------- without a browser
def test_the_repr_is_the_start_in_words_wherever_the_controls_stand():
    made = tuned()
    made.controls["timeout_ms"].widget.value = 500
    start = "timeout 150 ms, loss 0.05, mode after-sync, fencing no"
    assert repr(made) == f"lost at {start}\n150 0.05 after-sync False"


def test_the_picture_of_the_start_is_beside_the_widget_for_pages_without_a_kernel():
    made = show.tune(circle, r=(1, 9, 1))
    bundle = made._repr_mimebundle_()
    assert WIDGET in bundle
    assert bundle["image/svg+xml"] == circle(1).svg == made.static().svg
    assert bundle["text/plain"] == repr(made)


def test_the_static_picture_says_where_the_controls_stand():
    static = show.tune(circle, r=(1, 9, 1)).static()
    assert static.alt == "r 1: A circle of 1."
    assert static.text == "radius\n1"


def test_a_sheet_holds_every_picture_and_every_word():
    verdict = Verdict("valid", "durability", "3 writes", "All are there.")
    pictures = (circle(1), circle(2), circle(3))
    static = sheet(answer_of((*pictures, verdict)), "at r 1")
    tree = ElementTree.fromstring(static.svg)
    inner = [e for e in tree.iter() if e.tag.endswith("}svg")][1:]
    assert len(inner) == 3
    assert str(verdict) in "".join(tree.itertext())
    right = [float(e.get("x")) + float(e.get("width")) for e in inner]
    assert right == sorted(right)
    assert right[-1] < float(tree.get("width"))
    assert static.text == "radius\n1\n\nradius\n2\n\nradius\n3"


def test_what_has_no_room_beside_goes_below():
    wide = Drawing(600, 50).picture(alt="", text="")
    tree = ElementTree.fromstring(sheet(answer_of((wide, wide)), "").svg)
    first, second = (e for e in tree.iter() if e.get("width") == "600")
    assert first.get("x") == second.get("x")
    assert float(second.get("y")) >= float(first.get("y")) + 50


# ------------------------------------------------------------------------ in a notebook
CELLS = """\
from distlab import show
from distlab.replication.single_leader import SingleLeader
# %%
cells = {(t, n): t * n % 7 for t in (50, 100, 150) for n in (0, 1, 2)}
atlas = show.heatmap(cells, x="timeout_ms", y="followers", of=7)


def lost(timeout_ms=100, followers=1):
    samples = {"all": [timeout_ms * i % 13 for i in range(50)]}
    slow = show.percentiles(samples, of="latency_ms")
    return atlas.at(timeout_ms, followers), slow, f"{followers} follow"


panel = show.tune(lost, timeout_ms=(50, 150, 50), followers=[0, 1, 2])
panel
# %%
panel.static()
# %%
panel.result(followers=2)[2], panel.value[2]
# %%
show.lines({"lag": [(0, 1), (5, 3)]}, x="time_ms", y="lag")
# %%
spec = {"mark": "bar", "data": {"values": [{"a": 1}]}}
spec["encoding"] = {"x": {"field": "a", "type": "quantitative"}}
show.chart(spec, alt="One bar.")
# %%
import altair

altair.Chart.from_dict(spec)
# %%
class Mine(SingleLeader):
    def fetch(self, why):
        pass


show.beside(Mine)
# %%
show.source(Mine)
# %%
show.diff(SingleLeader, Mine)
""".split("# %%\n")


def test_a_notebook_with_all_of_it_passes_a_strict_comparison_twice(tmp_path):
    path = tmp_path / "all.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(c) for c in CELLS]), path)
    executed(path, cell_timeout_s=60)
    stored = path.read_text()
    assert WIDGET not in stored, "the picture stands for the widget"
    assert "image/svg+xml" in stored
    assert not re.search(r"0x[0-9a-f]{6,}|/tmp/|ipykernel_", stored)
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", path]
    for _ in range(2):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert f"{len(CELLS)} passed" in done.stdout, done.stdout
