"""JupyterLab as `distlab lab` starts it, without a network, and a browser on it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import sync_playwright

from distlab.lab import jupyter_folders, jupyter_options

TESTS = Path(__file__).parent
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
STEPS = 20  # how often each slider is moved
# All cells are drawn, also those below the window.
DRAW_ALL = '{"windowingMode": "none"}'


def chromium() -> str | None:
    """A Chromium or Chrome of this machine."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


# --------------------------------------------------------------------------- the server
@dataclass
class Lab:
    """A running JupyterLab: its course, its address, and who it has asked outside."""

    course: Path
    port: int
    asked: Path

    def url(self, notebook: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/{notebook}?token=test&reset"

    def outside(self) -> list[str]:
        """What the server and its kernels have asked of the outside."""
        return self.asked.read_text().splitlines() if self.asked.exists() else []


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def lab_of(course: Path, home: Path) -> Iterator[Lab]:
    """JupyterLab on a folder of notebooks, stopped at the end."""
    running = Lab(course, free_port(), home / "asked-outside.txt")
    folders = jupyter_folders(home / "jupyter")
    tracker = Path(folders["JUPYTERLAB_SETTINGS_DIR"], "@jupyterlab/notebook-extension")
    tracker.mkdir(parents=True)
    (tracker / "tracker.jupyterlab-settings").write_text(DRAW_ALL)
    environment = {
        **os.environ,
        **folders,
        "DISTLAB_HOME": str(home / "distlab"),
        "DISTLAB_UNPLUGGED": str(running.asked),
        "PYTHONPATH": str(TESTS / "unplugged"),
    }
    arguments = Namespace(notebook="", port=running.port, no_browser=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", *jupyter_options(arguments, course)),
        "--IdentityProvider.token=test",
        "--LabApp.expose_app_in_browser=True",
    ]
    with open(home / "jupyter.log", "wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{running.port}/api?token=test", server)
            yield running
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(url: str, server: subprocess.Popen, patience_s: float = 120) -> None:
    """Return when the server answers."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"JupyterLab ended with {server.returncode}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"JupyterLab did not answer within {patience_s} s")


# -------------------------------------------------------------------------- the browser
@dataclass
class Visit:
    """What a browser saw of one notebook."""

    cells: int = 0
    errors: list[str] = field(default_factory=list)  # of cells
    console: list[str] = field(default_factory=list)  # errors in the console
    fetched: list[str] = field(default_factory=list)  # asked of the outside
    sliders: list[list[float]] = field(default_factory=list)  # ms to repaint, by move

    def dead(self) -> list[int]:
        """The sliders that moved while their picture did not, or never moved."""
        return [i for i, moves in enumerate(self.sliders) if len(moves) < STEPS / 2]


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium without windows."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # who gets no sandbox
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if root else []
        )
        yield window
        window.close()


def visit(window: Any, lab: Lab, notebook: str, pictures: Path | None = None) -> Visit:
    """Open a notebook, run all cells, move every slider; pictures are kept if asked."""
    seen = Visit()
    context = window.new_context(viewport={"width": 1280, "height": 1800})
    context.route("**/*", lambda route: outside_is_away(route, lab, seen))
    page = context.new_page()
    page.on("console", lambda m: m.type == "error" and seen.console.append(m.text))
    page.on("pageerror", lambda error: seen.console.append(str(error)))
    page.goto(lab.url(notebook))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
    page.wait_for_function(IDLE, timeout=120_000)
    seen.cells = page.evaluate(RUN_ALL)
    page.wait_for_function(RAN, timeout=300_000)
    page.wait_for_timeout(500)  # widgets draw after their cell is done
    seen.errors += page.evaluate(ERRORS)
    if pictures is not None:
        page.evaluate(THEME, "Light")  # it is kept from one notebook to the next
        page.wait_for_timeout(1_000)
        photograph(page, pictures, f"{Path(notebook).stem}-light")
    for slider in page.query_selector_all(SLIDERS):
        seen.sliders.append(moved(page, slider))
    if pictures is not None:
        page.evaluate(THEME, "Dark")
        page.wait_for_timeout(1_000)
        photograph(page, pictures, f"{Path(notebook).stem}-dark")
    context.close()
    return seen


def outside_is_away(route: Any, lab: Lab, seen: Visit) -> None:
    """Let through what goes to JupyterLab; the rest is written down and refused."""
    url = route.request.url
    if url.startswith((f"http://127.0.0.1:{lab.port}/", "data:", "blob:")):
        route.continue_()
    else:
        seen.fetched.append(url)
        route.abort()


def moved(page: Any, slider: Any) -> list[float]:
    """Move a slider by keyboard, to and fro; how long each new picture took, in ms."""
    slider.scroll_into_view_if_needed()
    slider.focus()
    took, key, other = [], "ArrowRight", "ArrowLeft"
    for _ in range(STEPS):
        before = slider.evaluate(PLACE)
        slider.evaluate(WATCH)
        page.keyboard.press(key)
        if slider.evaluate(PLACE) == before:  # at the end of its range
            key, other = other, key
            continue
        try:
            page.wait_for_function("window.distlabRepainted !== null", timeout=5_000)
        except PlaywrightTimeout:
            break
        took.append(page.evaluate("window.distlabRepainted"))
    return took


def photograph(page: Any, folder: Path, name: str) -> None:
    """One picture a screenful of the notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    room = page.query_selector(".jp-WindowedPanel-outer")
    height, screen = room.evaluate("r => [r.scrollHeight, r.clientHeight]")
    for number, top in enumerate(range(0, height, screen - 100), 1):
        room.evaluate("(r, top) => r.scrollTo(0, top)", top)
        page.wait_for_timeout(100)
        page.screenshot(path=folder / f"{name}-{number:02}.png")


SLIDERS = ".jp-OutputArea [role=slider], .jp-OutputArea input[type=range]"
PLACE = "slider => slider.value ?? slider.getAttribute('aria-valuenow')"
IDLE = """() => {
    const panel = window.jupyterapp?.shell.currentWidget;
    return panel?.sessionContext?.session?.kernel?.status === 'idle';
}"""
RUN_ALL = """() => {
    window.jupyterapp.commands.execute('notebook:run-all-cells');
    return document.querySelectorAll('.jp-CodeCell').length;
}"""
# Every cell that holds code has its number. A failed cell stops those below it.
RAN = """() => {
    const cells = [...window.jupyterapp.shell.currentWidget.content.widgets];
    const code = cells.filter(c => c.model.type === 'code'
        && c.model.sharedModel.source.trim());
    const failed = code.some(c => c.model.outputs.toJSON()
        .some(o => o.output_type === 'error'));
    const waiting = code.some(c => c.model.executionState === 'running'
        || c.promptNode?.textContent === '[*]:');
    return !waiting && (failed || code.every(c => c.model.executionCount !== null));
}"""
# A cell that is tagged `raises-exception` is meant to fail.
ERRORS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(c => c.model.type === 'code')
    .filter(c => !(c.model.getMetadata('tags') || []).includes('raises-exception'))
    .flatMap(c => c.model.outputs.toJSON())
    .filter(o => o.output_type === 'error')
    .map(o => o.ename + ': ' + o.evalue)"""
THEME = """name => window.jupyterapp.commands.execute(
    'apputils:change-theme', { theme: 'JupyterLab ' + name })"""
# From the key to the first frame that shows another picture in the same cell. A widget
# may keep its pictures in a shadow, into which an observer looks only when told to.
WATCH = """slider => {
    const cell = slider.closest('.jp-OutputArea');
    const within = root => [root, ...[...root.querySelectorAll('*')]
        .filter(e => e.shadowRoot).flatMap(e => within(e.shadowRoot))];
    const drawn = () => within(cell)
        .flatMap(root => [...root.querySelectorAll('svg, img, canvas, [role=status]')])
        .filter(p => !p.closest('.widget-slider, button'))
        .map(p => p.tagName === 'CANVAS' ? p.toDataURL() : p.outerHTML).join();
    const before = drawn();
    let pressed = null;
    window.distlabRepainted = null;
    window.distlabWatch?.disconnect();
    document.addEventListener('keydown', () => { pressed = performance.now(); },
        { capture: true, once: true });
    window.distlabWatch = new MutationObserver(() => {
        if (pressed === null || drawn() === before) return;
        window.distlabWatch.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(() => {
            window.distlabRepainted = performance.now() - pressed;
        }));
    });
    for (const root of within(cell))
        window.distlabWatch.observe(root,
            { subtree: true, childList: true, attributes: true, characterData: true });
}"""
