"""Each lesson in a real browser, with the network unplugged.

Skipped where there is no Chromium; in CI a missing one is a failure. Pictures are kept
in tests/screenshots, the times from key to repaint in tests/reports: they are looked
at, and not asserted.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import nbformat
import pytest
from lab_in_browser import (
    Lab,
    Visit,
    free_port,
    lab_of,
    visit,
    wait_for,
)
from nbformat.v4 import new_code_cell, new_notebook

from distlab.execute import METADATA

ROOT = Path(__file__).parent.parent
LESSONS = sorted(ROOT.glob("notebooks/*.ipynb"))
SCREENSHOTS = ROOT / "tests/screenshots"
REPORT = ROOT / "tests/reports/key_to_repaint.md"

pytestmark = pytest.mark.browser

GOOD = """\
import ipywidgets
from IPython.display import HTML

slider = ipywidgets.IntSlider(value=5, max=20)
picture = ipywidgets.HTML()


def draw(change=None):
    bar = f'<rect width="{slider.value}" height="9"/>'
    picture.value = f'<svg width="99" height="99">{bar}</svg>'


slider.observe(draw, "value")
draw()
ipywidgets.VBox([slider, picture])
"""
BAD = """\
import urllib.request
from IPython.display import HTML, display
from ipywidgets import HTML as Picture, IntSlider, VBox

display(VBox([IntSlider(value=5, max=20), Picture("<svg/>")]))
display(HTML('<img src="http://example.org/a.png">'))
try:
    urllib.request.urlopen("http://example.org")
except OSError:
    pass
1 / 0
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on a copy of the course: running a lesson saves it."""
    REPORT.unlink(missing_ok=True)
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    course = tmp_path_factory.mktemp("course")
    if (ROOT / "notebooks").exists():
        shutil.copytree(ROOT / "notebooks", course / "notebooks")
    for name, source in (("good", GOOD), ("bad", BAD)):
        notebook = new_notebook(cells=[new_code_cell(source)], metadata=METADATA)
        nbformat.write(notebook, course / f"{name}.ipynb")
    with lab_of(course, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_and_its_sliders_move_its_pictures(lesson, lab, window):
    before = len(lab.outside())
    seen = visit(window, lab, f"notebooks/{lesson.name}", SCREENSHOTS)
    report(lesson.stem, seen)
    assert seen.cells > 0
    assert seen.errors == []
    assert seen.console == []
    assert seen.fetched == []
    assert lab.outside()[before:] == []
    assert seen.dead() == []


def test_a_slider_that_works_is_seen_to_work(lab, window):
    seen = visit(window, lab, "good.ipynb")
    report("an ipywidgets slider and 100 bytes of SVG", seen)
    assert len(seen.sliders) == 1
    assert seen.dead() == seen.errors == seen.console == seen.fetched == []


def test_what_goes_wrong_in_a_lesson_is_seen(lab, window):
    before = len(lab.outside())
    seen = visit(window, lab, "bad.ipynb")
    assert seen.errors == ["ZeroDivisionError: division by zero"]
    assert set(seen.fetched) == {"http://example.org/a.png"}
    assert [line for line in lab.outside()[before:] if "example.org" in line]
    assert seen.console != []
    assert seen.dead() == [0]


def test_distlab_lab_serves_the_course(tmp_path):
    if not (ROOT / "notebooks/index.ipynb").exists():
        pytest.skip("the index is not written yet")
    port = free_port()
    environment = {
        **os.environ,
        "DISTLAB_HOME": str(tmp_path),
        "DISTLAB_UNPLUGGED": str(tmp_path / "asked"),
        "PYTHONPATH": str(ROOT / "tests/unplugged"),
    }
    command = [sys.executable, "-m", "distlab", "lab", "--no-browser", f"--port={port}"]
    log = tmp_path / "log"
    with open(log, "wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
        try:
            wait_for(f"http://127.0.0.1:{port}/api", server)
        finally:
            server.terminate()
            server.wait(timeout=30)
    assert "/lab/tree/notebooks/index.ipynb?token=" in log.read_text()
    assert not (tmp_path / "asked").exists()


def report(name: str, seen: Visit) -> None:
    """Write down how long each slider took, in the order of the lesson."""
    REPORT.parent.mkdir(exist_ok=True)
    if not REPORT.exists():
        machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
        REPORT.write_text(
            f"Key to repaint, in ms ({machine}, Python {platform.python_version()})\n\n"
            "| lesson | slider | moves | median | slowest |\n|:--|--:|--:|--:|--:|\n"
        )
    rows = [
        f"| {name} | {number} | {len(ms)} | {median(ms):.0f} | {max(ms):.0f} |\n"
        for number, ms in enumerate(seen.sliders, 1)
        if ms
    ]
    with REPORT.open("a") as out:
        out.writelines(rows)
