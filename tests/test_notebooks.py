"""Every notebook is stored as it ran: in order, plain, and without the outside world.

That its outputs are right is nbval's business: `make test` runs it on the same files.
"""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from distlab.execute import METADATA, executed

ROOT = Path(__file__).parent.parent
RUN = [
    path
    for room in ("notebooks", "solutions")
    for path in sorted(ROOT.glob(f"{room}/*.ipynb"))
]
ALL = [*RUN, *sorted(ROOT.glob("exercises/*.ipynb"))]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("benchmarks/*.md"))]
CELL_METADATA = {"deletable", "editable", "nbgrader", "reason", "tags"}
# What a browser would fetch by itself; a link that a reader may follow is not one.
FETCHED = re.compile(
    r"""<(?:script|link|iframe|object|embed)\b
    | (?:src|srcset|poster|xlink:href)\s*=\s*["']?\s*(?:https?:)?//
    | <(?:image|use)\b[^>]*\bhref\s*=\s*["']?\s*(?:https?:)?//
    | url\(\s*["']?\s*(?:https?:)?//
    | @import\b
    | \bimport\b[^\n;]*["']https?://
    | "url"\s*:\s*"https?://
    | !\[[^\]]*\]\(\s*https?://""",
    re.VERBOSE | re.IGNORECASE,
)
# What a script would ask for; an output may show a protocol's own `Fetch(…)`.
CALLED = re.compile(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon)\s*\(")
# What another run or another machine would write differently.
PASSING = re.compile(
    r"""0x[0-9a-fA-F]{6,}
    | ipykernel_\d+
    | (?:/home/|/Users/|/root/|/tmp/|[A-Z]:\\)\w
    | \bWall\ time | \bCPU\ times | \bper\ loop\b | \d(?:it/s|s/it)\b
    | \b20\d\d-\d\d-\d\d[T ]\d\d:""",
    re.VERBOSE,
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def outputs(notebook) -> Iterator[tuple[int, dict]]:
    for i, cell in enumerate(notebook.cells):
        yield from ((i, output) for output in cell.get("outputs", ()))


def texts(output) -> Iterator[str]:
    """What an output says, in each of its forms that is text."""
    yield output.get("text", "")
    for form, data in output.get("data", {}).items():
        if form.startswith(("text/", "image/svg", "application/")):
            yield data if isinstance(data, str) else json.dumps(data)


# ------------------------------------------------------------------- what is looked for
def out_of_order(notebook) -> list[str]:
    cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
    return [
        f"the {i}. code cell is the {cell.execution_count}. that was run"
        for i, cell in enumerate(cells, 1)
        if cell.execution_count != i
    ]


def abnormal(notebook) -> list[str]:
    found = [] if notebook.metadata == METADATA else ["metadata of the notebook"]
    for i, cell in enumerate(notebook.cells):
        found += [f"cell {i}: {x}" for x in cell.metadata if x not in CELL_METADATA]
        excused = [
            t for t in cell.metadata.get("tags", ()) if re.search("nbval|raises", t)
        ]
        if excused and not cell.metadata.get("reason"):
            found.append(f"cell {i}: {excused[0]} without a reason")
        if re.search(r"^\s*# *(NBVAL_|PYTEST_)", cell.source, re.M):
            found.append(f"cell {i}: a comment where a tag belongs")
    return found


def passing(notebook) -> list[str]:
    found = []
    for i, output in outputs(notebook):
        if output.output_type == "error":
            tags = notebook.cells[i].metadata.get("tags", ())
            if "raises-exception" not in tags:
                found.append(f"cell {i}: an error that no tag announces")
        elif output.get("name") == "stderr":
            found.append(f"cell {i}: something on standard error")
        else:
            hits = (PASSING.search(text) for text in texts(output))
            found += [f"cell {i}: {hit[0]}" for hit in hits if hit]
    return found


def unseen(notebook) -> list[str]:
    """Predictions that are settled where a cell does not show its value."""
    found = []
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for statement in ast.parse(cell.source).body[:-1]:
            call = getattr(statement, "value", None)
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(
                ".settle"
            ):
                found.append(
                    f"cell {i}: `{ast.unparse(call.func)}` is not the last line"
                )
    return found


def fetched(notebook) -> list[str]:
    told = [(i, text) for i, output in outputs(notebook) for text in texts(output)]
    told += [
        (i, c.source) for i, c in enumerate(notebook.cells) if c.cell_type != "code"
    ]
    hits = ((i, FETCHED.search(text)) for i, text in told)
    return [f"cell {i}: {hit[0]}" for i, hit in hits if hit]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading; Jupyter keeps capitals and signs."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip())).lower()


def broken_links(page: Path, text: str) -> list[str]:
    links = re.findall(r"\]\(<?([^)\s>]+)", text)
    links += re.findall(r"""(?:href|src)=["']([^"']+)""", text)
    found = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        place, _, anchor = link.partition("#")
        target = (page.parent / place).resolve() if place else page
        there = target.is_relative_to(ROOT) and target.exists()
        if not there or (anchor and anchor not in anchors(target, place, text)):
            found.append(link)
    return found


def anchors(target: Path, place: str, text: str) -> set[str]:
    told = prose(target) if place else text
    headings = re.findall(r"^#+ +(.+)$", told, re.M)
    jupyters = {heading.strip().replace(" ", "-") for heading in headings}
    return (
        jupyters
        | set(map(slug, headings))
        | set(re.findall(r"""\bid=["']([^"']+)""", told))
    )


def prose(page: Path) -> str:
    if page.suffix != ".ipynb":
        return page.read_text(encoding="utf-8")
    return "\n\n".join(c.source for c in read(page).cells if c.cell_type == "markdown")


# ------------------------------------------------------------------------ the notebooks
@pytest.mark.parametrize("path", ALL, ids=named)
def test_a_notebook_is_valid(path: Path):
    nbformat.validate(read(path))
    assert read(path).nbformat_minor >= 5  # cells have ids


@pytest.mark.parametrize("path", RUN, ids=named)
def test_every_code_cell_was_run_in_order_from_a_fresh_kernel(path: Path):
    assert out_of_order(read(path)) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_metadata_is_normal_and_exceptions_have_reasons(path: Path):
    assert abnormal(read(path)) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_no_output_tells_of_one_run_or_one_machine(path: Path):
    assert passing(read(path)) == []


@pytest.mark.parametrize("path", RUN, ids=named)
def test_whoever_has_predicted_sees_what_came(path: Path):
    assert unseen(read(path)) == []


@pytest.mark.parametrize("path", ALL, ids=named)
def test_nothing_is_asked_of_the_outside(path: Path):
    assert fetched(read(path)) == []


@pytest.mark.parametrize("path", [*ALL, *PAGES], ids=named)
def test_no_link_inside_the_course_is_broken(path: Path):
    assert broken_links(path, prose(path)) == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("distlab/**/*.js")), ids=named)
def test_no_widget_asks_anything_of_the_outside(path: Path):
    script = path.read_text(encoding="utf-8")
    assert FETCHED.findall(script) == CALLED.findall(script) == []


# --------------------------------------------------------------- and the tests can fail
def lesson(*cells) -> nbformat.NotebookNode:
    return new_notebook(cells=list(cells), metadata=METADATA)


def showing(text: str, form: str = "text/plain") -> nbformat.NotebookNode:
    shown = new_output("execute_result", data={form: text}, execution_count=1)
    return lesson(new_code_cell("x", execution_count=1, outputs=[shown]))


def test_a_cell_that_was_not_run_is_found():
    assert out_of_order(lesson(new_code_cell("1", execution_count=1))) == []
    assert out_of_order(lesson(new_code_cell("1"))) != []
    twice = (new_code_cell("1", execution_count=n) for n in (2, 1))
    assert len(out_of_order(lesson(*twice))) == 2


def test_stored_widget_state_is_found():
    notebook = lesson()
    notebook.metadata["widgets"] = {}
    assert abnormal(notebook) == ["metadata of the notebook"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"execution": {"iopub.status.busy": "2026-01-01"}},
        {"tags": ["nbval-skip"]},
        {"tags": ["raises-exception"], "reason": ""},
    ],
)
def test_metadata_that_is_not_normal_is_found(metadata):
    assert len(abnormal(lesson(new_markdown_cell("x", metadata=metadata)))) == 1


def test_an_exception_with_a_reason_is_allowed():
    metadata = {"tags": ["raises-exception"], "reason": "shows what a typo says"}
    assert abnormal(lesson(new_code_cell("x", metadata=metadata))) == []


@pytest.mark.parametrize(
    "text",
    [
        "<object at 0x7f3c9a0b1d30>",
        "/tmp/ipykernel_123/4.py",
        "/home/ann/course",
        "Wall time: 3 s",
        "100%|████| 5/5 [00:00<00:00, 31.4it/s]",
        "2026-11-21 08:05",
    ],
)
def test_an_output_of_one_run_is_found(text: str):
    assert len(passing(showing(text))) == 1


@pytest.mark.parametrize("text", ["12.5 ms", "seed 0x2a", "s1 → s2", "2026", "50 it"])
def test_an_output_of_every_run_is_allowed(text: str):
    assert passing(showing(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        '<img src="https://example.org/a.png">',
        "<script>1</script>",
        '<svg><image href="http://example.org/a.png"/></svg>',
        "<style>p { background: url(//example.org/a.png) }</style>",
        '<style>@import "a.css"</style>',
        '{"data": {"url": "https://example.org/cars.json"}}',
    ],
)
def test_what_a_browser_would_fetch_is_found(text: str):
    assert len(fetched(showing(text, "text/html"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
        '<a href="https://example.org/raft.pdf">Raft</a>',
        '{"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}',
        "<pre>self.send(self.leader, Fetch(self.last_index))</pre>",
    ],
)
def test_what_a_browser_would_not_fetch_is_allowed(text: str):
    assert fetched(showing(text, "text/html")) == []


def test_an_answer_that_nobody_sees_is_found():
    shown = new_code_cell("x = 1\nguess.settle(x)")
    hidden = new_code_cell("guess.settle(1)\nshow.source(f)")
    assert unseen(lesson(shown)) == []
    assert len(unseen(lesson(shown, hidden))) == 1


def test_a_broken_link_is_found():
    page = ROOT / "README.md"
    good = "# A heading\n[x](Makefile) [y](#a-heading) [z](https://example.org)"
    assert broken_links(page, good) == []
    bad = "[x](Makefil) [y](#no-heading) [z](../outside) <img src='no.svg'>"
    assert len(broken_links(page, bad)) == 4


# ------------------------------------------------------------- how notebooks are stored
def test_executing_a_notebook_stores_what_these_tests_ask_for(tmp_path):
    path = tmp_path / "lesson.ipynb"
    cells = [
        new_markdown_cell("# A lesson"),
        new_code_cell("print('one')\nprint('two')"),
        new_code_cell("import ipywidgets\nipywidgets.IntSlider()"),
        new_code_cell("import os\n'DISTLAB_HOME' in os.environ"),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    executed(path, cell_timeout_s=60)
    first = path.read_bytes()
    notebook = read(path)
    assert out_of_order(notebook) + abnormal(notebook) + passing(notebook) == []
    assert [o.text for _, o in outputs(notebook) if "text" in o] == ["one\ntwo\n"]
    executed(path, cell_timeout_s=60)
    assert path.read_bytes() == first
