"""What marks would not take is refused in practice, in the same words."""

import pytest
from exercises_for_toys import adversary
from IPython.core.interactiveshell import InteractiveShell
from sheets_that_run import codes, marks_of
from traitlets.config import Config

from distlab.faults import Loss
from distlab.grade import practice, rehearsal
from distlab.grade.checks import course

MODELS = "03_consistency_models"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "home"))


def practised(monkeypatch, number, cells):
    """What practice says of an answer when these cells have been run."""
    scope: dict = {"__name__": "__main__"}
    for cell in cells:
        exec(compile(cell, "<cell>", "exec"), scope)
    monkeypatch.setattr(rehearsal, "notebook", lambda: (scope, ["", *cells]))
    asked = course()[number]
    return practice.check(number, scope[asked.answer.name])


CHOICES = dict.fromkeys("ABCDEF", "PRAM")
IN_PIECES = [
    'STRONGEST["A"] = "linearizable"',
    "STRONGEST.update(A='linearizable')",
    "STRONGEST = dict(STRONGEST, A='linearizable')",
    "STRONGEST = {**STRONGEST, 'A': 'linearizable'}",
    "STRONGEST = {name: 'PRAM' for name in 'ABCDEF'}",
]


@pytest.mark.parametrize("piece", IN_PIECES)
def test_data_that_is_put_together_is_refused_where_marks_refuse_it(
    piece, monkeypatch, tmp_path
):
    cells = [f"STRONGEST = {dict.fromkeys('ABCDEF')}", piece]
    checked = practised(monkeypatch, "3.1", cells)
    assert not checked.solved
    [found] = checked.findings
    [marked] = (m for m in marks_of(cells, tmp_path) if m.exercise.number == "3.1")
    assert marked.points == found.share == 0
    first = marked.findings[0].came.replace("code cell 2", "cell [2]")
    assert found.came.startswith(first)
    assert found.came.endswith("it has to stand there in one piece.")


def test_data_in_one_piece_is_judged_whatever_was_run_before(monkeypatch):
    whole = f"STRONGEST = {CHOICES}"
    for cells in ([whole], [*IN_PIECES[4:], whole], ["PRAM = 'PRAM'", whole]):
        assert "1 of 6 are right" in repr(practised(monkeypatch, "3.1", cells))


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A notebook's shell, which writes its history nowhere."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    kept_nowhere = Config({"HistoryManager": {"enabled": False}})
    yield InteractiveShell.instance(config=kept_nowhere)
    InteractiveShell.clear_instance()


def test_a_notebook_knows_its_cells_as_they_were_typed(shell):
    for cell in (f"%%capture\nSTRONGEST = {CHOICES}", IN_PIECES[1]):
        shell.run_cell(cell, store_history=True)
        said = repr(practice.check("3.1", shell.user_ns["STRONGEST"]))
        assert ("in one piece" in said) == (cell == IN_PIECES[1])


def test_data_that_is_tried_under_no_name_is_judged(monkeypatch):
    monkeypatch.setattr(rehearsal, "notebook", lambda: ({}, [""]))
    assert practice.check(adversary, (Loss(1),)).findings[0].kind != "raised"


ASKS = {
    "by its name": "    return not sheet.verdict(history, 'linearizable').invalid\n",
    "inside": (
        "    from distlab.check.linearizable import linearizable\n"
        "    return not linearizable(history).invalid\n"
    ),
    "by a helper": "    return helper(history)\n",
    "in a function inside": (
        "    def inner():\n        return show.history(history)\n"
        "    return bool(inner())\n"
    ),
}


@pytest.mark.parametrize("how", ASKS)
def test_a_function_that_asks_our_judges_is_refused_where_marks_refuse_it(
    how, monkeypatch, tmp_path
):
    cells = [
        codes("solutions", MODELS)[0],
        "def helper(history):\n" + ASKS["by its name"],
        f"def is_linearizable(history):\n{ASKS[how]}",
    ]
    checked = practised(monkeypatch, "3.3", cells)
    assert {finding.kind for finding in checked.findings} == {"raised"}
    assert "is not among what an answer may import" in checked.findings[0].came
    [marked] = (m for m in marks_of(cells, tmp_path) if m.exercise.number == "3.3")
    assert marked.points == 0
    if how != "inside":
        told = marked.findings[0].came.partition(" (")[0]
        assert told.startswith("NameError") and told in checked.findings[0].came


@pytest.mark.parametrize("name", ["fresh_enough", "of_my_own", "on_start"])
def test_so_is_a_method_that_asks_them_if_marks_take_it(name, monkeypatch):
    bodies = {"fresh_enough": "return True", name: "return sheet and True"}
    cells = [
        "from distlab.grade.checks import leaders_and_followers as sheet",
        "from distlab.replication.sessions import SessionClient",
        "class MySession(SessionClient):\n"
        + "".join(f"    def {n}(self, *given): {body}\n" for n, body in bodies.items()),
    ]
    found = practised(monkeypatch, "1.6", cells).findings[0]
    assert ("`sheet` is not among" in found.came) == (name != "on_start")


def test_a_function_that_calls_ours_for_the_answer_is_refused(monkeypatch):
    cells = [
        "from distlab.replication import siblings",
        "def survivors(versions):\n    return siblings.merge(versions)",
    ]
    checked = practised(monkeypatch, "2.1", cells)
    assert "it asks for our `siblings`" in checked.findings[0].came


def test_an_attribute_may_be_called_like_what_marks_do_not_have(monkeypatch):
    """`history.show` is not our `show`."""
    cells = [
        "from distlab import show",
        "def is_linearizable(history):\n    return history.show and True",
    ]
    said = repr(practised(monkeypatch, "3.3", cells))
    assert "has no attribute 'show'" in said and "NameError" not in said
