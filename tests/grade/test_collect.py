"""Answers are found by reading, however a notebook comes back."""

import json

import pytest
from toy_answers import code, text

from distlab.grade.cells import Unreadable
from distlab.grade.collect import collect


def test_definitions_imports_and_constants_are_collected_and_experiments_are_not(
    notebook,
):
    sheet = collect(
        notebook(
            "import math\nfrom distlab.node import Node as N",
            "LIMIT = 3 * 100\na, b = 1, 2",
            "def f():\n    pass\n\nclass C:\n    pass\n\ng = lambda x: x",
            "print('x')\ny = f()\nfor i in range(3):\n    z = i\n[f() for _ in ()]",
        )
    )
    assert sheet.names == {"math", "N", "LIMIT", "a", "b", "f", "C", "g"}
    assert sheet.remarks == []


def test_the_last_of_a_name_wins(notebook):
    sheet = collect(notebook("def f(): return 1", "x = 1", "def f(): return 2"))
    assert sheet.last("f").cell == "code cell 3"
    assert sheet.last("nothing") is None


def test_the_text_of_a_statement_is_all_of_it_and_nothing_else(notebook):
    source = (
        "# first\né = 'ü'; b = (1,\r\n 2) ; c = 3  # last\n"
        '@ one\n@two(\n  \'ß\')\nclass C:\n    """a\x0cb\n"""\n\nd = 4'
    )
    found = [(s.line, s.text) for s in collect(notebook(source)).statements]
    assert found == [
        (2, "é = 'ü'"),
        (2, "b = (1,\r\n 2)"),
        (3, "c = 3"),
        (4, '@one\n@two(\n  \'ß\')\nclass C:\n    """a\x0cb\n"""'),
        (11, "d = 4"),
    ]


def test_a_cell_that_is_not_python_does_not_lose_the_others(notebook):
    sheet = collect(notebook("def f(:", "def g(): pass"))
    assert sheet.names == {"g"}
    [remark] = sheet.remarks
    assert "code cell 1" in remark and "line 1" in remark


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline\ndef f(): pass",
        "!ls -l\ndef f(): pass",
        "files = !ls\ndef f(): pass",
        "x = %time 3\ndef f(): pass",
        "f?\ndef f(): pass",
        "%%time\ndef f(): pass",
        "def f():\n    %time 3\n    return 1",
    ],
)
def test_jupyters_own_commands_do_not_lose_a_cell(notebook, source):
    sheet = collect(notebook(source))
    assert "f" in sheet.names
    assert sheet.remarks == []


def test_a_cell_in_another_language_is_left_out(notebook):
    assert collect(notebook("%%bash\nrm -rf /", "x = 1")).names == {"x"}


def test_a_percent_sign_inside_text_is_no_command(notebook):
    source = 's = """\n% kept\n! kept\n"""'
    sheet = collect(notebook(source))
    assert sheet.sources["code cell 1"] == source


@pytest.mark.parametrize("kind", ["markdown", "raw"])
def test_a_retyped_cell_is_read_and_a_cell_of_code_wins_over_it(notebook, kind):
    retyped = text("def f(): return 'retyped'", kind)
    [remark] = collect(notebook(retyped)).remarks
    assert f"{kind} cell 1 is read as code" in remark
    sheet = collect(notebook(code("def f(): return 'code'"), retyped))
    assert sheet.last("f").cell == "code cell 1"


def test_prose_is_not_read_as_code(notebook):
    sheet = collect(
        notebook(text("# Title\n\nSome words."), text("Summary"), text("x"))
    )
    assert sheet.names == frozenset() and sheet.remarks == []


def test_imports_that_an_answer_may_not_have_are_left_out_and_say_why(notebook):
    sheet = collect(
        notebook("import os, sys", "from distlab.grade import practice\nimport math")
    )
    assert sheet.names == {"math"}
    assert sheet.refused["os"] == "`os` is not among what an answer may import"
    assert "practice" in sheet.refused


def test_ids_metadata_and_outputs_do_not_matter(notebook):
    stripped = {"cell_type": "code", "source": ["def f():\n", "    pass"]}
    assert collect(notebook(stripped, {"cell_type": 3}, {})).names == {"f"}


def test_a_notebook_of_version_3_is_read(tmp_path):
    cell = {"cell_type": "code", "input": ["def f(): pass"]}
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell]}]}))
    assert collect(path).names == {"f"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"cells": []}',
        b'{"cells": 3}',
        b'{"worksheets": []}',
        b"[" * 100_000,
        b'{"cells": [{"cell_type": "code", "source": "' + b"x" * 600_000 + b'"}]}',
        b" " * 21_000_000,
    ],
)
def test_what_is_no_notebook_gets_a_sentence(tmp_path, content):
    path = tmp_path / "ann.ipynb"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=r"^ann\.ipynb .+\.$"):
        collect(path)


@pytest.mark.parametrize(
    "source",
    ["(" * 5_000, "-" * 50_000 + "1", "x = 1\0", "a" + ".a" * 50_000, "é = 'ü'\n\x0c"],
)
def test_source_that_breaks_parsers_breaks_only_its_cell(notebook, source):
    assert "g" in collect(notebook(source, "def g(): pass")).names
