"""The player in a real browser: keys and buttons move it, and it tells what is true."""

from collections.abc import Iterator
from typing import Any

import by_hand
import pytest

from distlab.show.naming import told
from distlab.show.player import WIDGETS, player
from distlab.trace import Step, Trace

pytestmark = pytest.mark.browser

OPEN = """async ([source, run]) => {
    const file = new Blob([source], { type: 'text/javascript' });
    const { default: widget } = await import(URL.createObjectURL(file));
    const el = document.querySelector('main');
    widget.render({ model: { get: () => run }, el });
}"""
SEEN = """() => {
    const root = document.querySelector('.distlab-player');
    const text = name => root.querySelector(name)?.textContent ?? '';
    return {
        place: +root.querySelector('input').value,
        cursor: +root.querySelector('.dl-cursor').getAttribute('x1'),
        says: text('.distlab-player-now'),
        under: text('.distlab-player-card'),
        cards: Object.fromEntries([...root.querySelectorAll('section')].slice(1).map(
            card => [card.querySelector('h4').textContent, Object.fromEntries(
                [...card.querySelectorAll('dt')].map(
                    dt => [dt.textContent, dt.nextSibling.textContent]))])),
        news: [...root.querySelectorAll('.distlab-player-new')].map(e => e.textContent),
        plays: !!root.querySelector('[aria-label=pause]'),
        now: [...root.querySelectorAll('.dl-now')].map(g => g.dataset.step),
    };
}"""


def played() -> Trace:
    """The small run, and a counter at s1 that counts what arrives there."""
    pen = by_hand.Pen("s1", "s2", "s3")
    born = Step(0, "state", "s1", what=(("count", 0), ("odd", 0), ("name", "s1")))
    pen.written = [born, *by_hand.small()]
    for count, step in enumerate(by_hand.small().where("deliver", node="s1"), 1):
        pen.written.append(
            Step(step.at_us, "state", "s1", what=(("count", count), ("odd", count % 2)))
        )
    return pen.trace()


@pytest.fixture
def page(window) -> Iterator[Any]:
    errors = []
    page = window.new_page(viewport={"width": 900, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content("<main></main>")
    page.add_style_tag(path=WIDGETS / "player.css")
    source = (WIDGETS / "player.js").read_text(encoding="utf-8")
    page.run = player(played()).run
    page.evaluate(OPEN, [source, page.run])
    yield page
    assert errors == []
    page.close()


def press(page: Any, *keys: str) -> dict:
    for key in keys:
        page.keyboard.press(key)
    return page.evaluate(SEEN)


def test_it_opens_with_the_whole_picture(page):
    seen = page.evaluate(SEEN)
    assert seen["place"] == len(page.run["events"]) - 1
    assert seen["cards"]["s1"] == {"count": "4", "odd": "0", "name": "s1"}


def test_keys_on_the_picture_step_and_jump(page):
    page.focus(".distlab-player-stage")
    last = len(page.run["events"]) - 1
    assert press(page, "Home")["place"] == 0
    assert press(page, "ArrowRight", "ArrowRight", "ArrowRight")["place"] == 3
    assert press(page, "ArrowLeft")["place"] == 2
    assert press(page, "End", "ArrowRight")["place"] == last
    assert press(page, "Home", "ArrowLeft")["place"] == 0


def test_keys_on_the_slider_step_too(page):
    page.focus(".distlab-player input")
    assert press(page, "Home", "ArrowRight")["place"] == 1
    spoken = page.get_attribute(".distlab-player input", "aria-valuetext")
    assert spoken == "0 ms, s1: starts"


def test_at_every_event_the_words_the_states_and_the_shapes_are_those_of_the_run(page):
    page.focus(".distlab-player-stage")
    press(page, "Home")
    state: dict = {}
    for place, (us, node, words, steps) in enumerate(page.run["events"]):
        seen = page.evaluate(SEEN)
        changed = dict(page.run["states"]["s1"]).get(place, {})
        state.update(changed)
        assert seen["place"] == place
        assert seen["says"].startswith(f"{us / 1000:g} ms")
        assert seen["says"].endswith(f"{node}: {words}")
        assert seen["cards"]["s1"] == state
        assert seen["news"] == list(changed.values())
        shown = {int(i) for group in seen["now"] for i in group.split()}
        assert set(steps) <= shown
        press(page, "ArrowRight")


def test_the_cursor_never_goes_back(page):
    page.focus(".distlab-player-stage")
    cursors = [press(page, "Home")["cursor"]]
    cursors += [press(page, "ArrowRight")["cursor"] for _ in page.run["events"]]
    assert cursors == sorted(cursors)
    assert cursors[0] < cursors[-1]


def test_space_plays_from_the_start_and_stops(page):
    page.focus(".distlab-player-stage")
    page.select_option(".distlab-player select", "4")
    assert press(page, " ")["plays"]
    page.wait_for_function("+document.querySelector('input').value > 3")
    seen = press(page, " ")
    assert not seen["plays"]
    assert 3 < seen["place"] < len(page.run["events"]) - 1
    assert page.evaluate(SEEN)["place"] == seen["place"]


def test_a_run_that_plays_ends_at_its_end(page):
    page.focus(".distlab-player-stage")
    press(page, "End", "ArrowLeft", " ")
    page.wait_for_function("!document.querySelector('[aria-label=pause]')")
    assert page.evaluate(SEEN)["place"] == len(page.run["events"]) - 1


def test_the_message_under_the_pointer_shows_its_fields(page):
    key, (kind, fields, way) = next(iter(page.run["messages"].items()))
    page.hover(f'g[data-step="{key}"] .dl-reach', force=True)
    under = page.evaluate(SEEN)["under"]
    assert under.startswith(kind)
    for name, value in fields:
        assert f"{name}{told(value)}" in under
    assert under.endswith(way)


def test_a_click_on_the_picture_goes_there(page):
    events = page.run["events"]
    box = page.locator(".distlab-player-stage svg").bounding_box()
    page.mouse.click(box["x"] + page.run["from"][0] + 9, box["y"] + 40)
    assert page.evaluate(SEEN)["place"] == 0
    page.mouse.click(box["x"] + box["width"] - 30, box["y"] + 40)
    assert page.evaluate(SEEN)["place"] == len(events) - 1


def test_every_control_has_a_name_and_says_that_it_takes_the_keys_itself(page):
    controls = ".distlab-player button, .distlab-player input, .distlab-player select"
    for control in page.query_selector_all(f"{controls}, .distlab-player-stage"):
        assert control.get_attribute("aria-label")
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_follows_the_theme_of_the_page(window, scheme: str):
    page = window.new_page(color_scheme="dark" if scheme == "light" else "light")
    source = (WIDGETS / "player.js").read_text(encoding="utf-8")
    page.set_content(f"<body style='color-scheme: {scheme}'><main></main></body>")
    page.evaluate(OPEN, [source, player(by_hand.small()).run])
    paper = page.evaluate("getComputedStyle(document.querySelector('.dl-paper')).fill")
    assert paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 29, 33)"}[scheme]
    assert "states=True" in page.inner_text("main")
    page.close()
