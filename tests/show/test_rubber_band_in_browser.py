"""The rubber band in a real browser: it pulls as `Rubber` does, and says what is so."""

import random
from collections.abc import Iterator
from typing import Any

import by_hand
import pytest

from distlab.causality import Causality
from distlab.show.cone import Cone
from distlab.show.cut import CutLine
from distlab.show.rubber_band import WIDGETS, RubberBand, rubber_band

pytestmark = pytest.mark.browser

OPEN = """async ([source, band]) => {
    const file = new Blob([source], { type: 'text/javascript' });
    const { default: widget } = await import(URL.createObjectURL(file));
    document.querySelector('main').replaceChildren();
    const el = document.querySelector('main');
    widget.render({ model: { get: () => band }, el });
}"""
SEEN = """() => {
    const root = document.querySelector('.distlab-rubber');
    const numbers = group => group.getAttribute('transform').match(/-?[\\d.]+/g);
    const all = look => [...root.querySelectorAll('.dl-happening')]
        .filter(g => g.classList.contains(look)).map(g => +g.dataset.event);
    const says = [...root.querySelectorAll('.distlab-rubber-says')];
    return {
        xs: [...root.querySelectorAll('.dl-happening')].map(g => +numbers(g)[0]),
        handles: [...root.querySelectorAll('.dl-handle')].map(g => +numbers(g)[0]),
        now: [...root.querySelectorAll('.dl-handle')].map(
            g => +g.getAttribute('aria-valuenow')),
        past: all('dl-before'), future: all('dl-after'), chosen: all('dl-this'),
        apart: all('dl-apart'),
        cut: says[0].textContent, event: says[1].textContent,
        bad: !!root.querySelector('.dl-bad-cut'),
        guilty: [...root.querySelectorAll('.dl-guilty title')].map(t => t.textContent),
        tails: [...root.querySelectorAll('.dl-mail > g')].map(g => +numbers(g)[0]),
    };
}"""
STRAIGHT = """() => new Set([...document.querySelectorAll('.dl-handle')].map(
    g => g.getAttribute('transform').split(' ')[0])).size === 1"""
# No glide: what is asked for is there at once.
STILL = {"reduced_motion": "reduce"}


@pytest.fixture
def page(window) -> Iterator[Any]:
    errors = []
    page = window.new_page(viewport={"width": 900, "height": 900}, **STILL)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content("<main></main>")
    page.add_style_tag(path=WIDGETS / "rubber_band.css")
    yield page
    assert errors == []
    page.close()


def opened(page: Any, band: RubberBand) -> dict:
    source = (WIDGETS / "rubber_band.js").read_text(encoding="utf-8")
    page.evaluate(OPEN, [source, band.band])
    page.focus(".distlab-rubber-stage")
    return page.evaluate(SEEN)


def press(page: Any, *keys: str) -> dict:
    for key in keys:
        page.keyboard.press(key)
    return page.evaluate(SEEN)


def straighten(page: Any) -> dict:
    page.click("text=straighten the cut")
    return page.evaluate(SEEN)


def middle(page: Any, place: str) -> tuple[float, float]:
    box = page.locator(place).bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Any, place: str, by: float) -> dict:
    x, y = middle(page, place)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y + 3)
    page.mouse.move(x + by, y)
    page.mouse.up()
    return page.evaluate(SEEN)


def near(xs: list[float]) -> Any:
    return pytest.approx(xs, abs=0.01)


def test_it_opens_as_the_still_picture(page):
    band = rubber_band(by_hand.small())
    seen = opened(page, band)
    assert seen["xs"] == near(band.xs)
    assert seen["now"] == band.band["cut"]
    assert seen["cut"] == band.line.sentence()
    assert seen["past"] == seen["apart"] == []


@pytest.mark.parametrize("name", ["small", "eventful"])
def test_keys_choose_events_and_each_shows_its_past_and_its_future(page, name: str):
    trace = getattr(by_hand, name)()
    band = rubber_band(trace)
    opened(page, band)
    order, reached = band.rubber.order, set()
    press(page, "ArrowRight", *["ArrowUp"] * len(order.lanes))
    for _, _, lane in band.band["lanes"]:
        seen = press(page, *["ArrowDown"] * bool(reached), "Home")
        for event in lane:
            assert seen["chosen"] == [event]
            cone = Cone(trace, order.events[event].steps[0])
            assert seen["past"] == cone.past
            assert seen["future"] == cone.future
            assert seen["apart"] == cone.concurrent
            assert seen["event"] == cone.sentence()
            reached.add(event)
            seen = press(page, "ArrowRight")
        assert seen["chosen"] == [lane[-1]]
    assert reached == set(range(len(order.events)))
    assert press(page, "Escape")["apart"] == []


def test_a_click_chooses_and_a_click_beside_lets_go(page):
    opened(page, rubber_band(by_hand.small()))
    page.mouse.click(*middle(page, "[data-event='4'] .dl-point"))
    assert page.evaluate(SEEN)["chosen"] == [4]
    page.mouse.click(450, 225)
    assert page.evaluate(SEEN)["chosen"] == []


def test_keys_and_mouse_pull_as_rubber_does(page):
    band = rubber_band(by_hand.eventful())
    opened(page, band)
    xs, draw = band.xs, random.Random(3)
    for _ in range(12):
        event, by = draw.randrange(len(xs)), draw.choice((-120, -30, 30, 120))
        there = xs[event] + by
        xs = band.rubber.dragged(xs, event, there - by / 2)
        xs = band.rubber.dragged(xs, event, there)
        seen = drag(page, f"[data-event='{event}'] .dl-reach", by)
        assert seen["xs"] == near(xs)
        assert seen["chosen"] == [event]
        xs = band.rubber.dragged(xs, event, xs[event] + 10)
        seen = press(page, "Shift+ArrowRight")
        assert seen["xs"] == near(xs)
        tails = [xs[sent] for sent, _, _ in band.rubber.order.messages]
        assert seen["tails"] == near(tails)


def test_pulled_to_the_edge_nothing_runs_back_in_time(page):
    band = rubber_band(by_hand.small())
    opened(page, band)
    for event, by in ((len(band.xs) - 1, -900), (0, 900)):
        xs = drag(page, f"[data-event='{event}'] .dl-reach", by)["xs"]
        for sent, arrived, _ in band.rubber.order.messages:
            assert xs[sent] + band.rubber.gap <= xs[arrived] + 0.01


def test_handles_move_the_cut_and_it_says_whether_it_is_consistent(page):
    trace = by_hand.small()
    band = rubber_band(trace)
    opened(page, band)
    lanes, causality = band.rubber.order.lanes, Causality(trace)
    counts, draw = dict(band.cut), random.Random(4)
    for _ in range(15):
        node, key = draw.choice(list(lanes)), draw.choice(("ArrowLeft", "ArrowRight"))
        page.focus(f".dl-handle[data-node={node}]")
        seen = press(page, key)
        moved = counts[node] + (1 if key == "ArrowRight" else -1)
        counts[node] = min(max(moved, 0), len(lanes[node]))
        assert seen["now"] == list(counts.values())
        steps = {n: steps_in(band, n, count) for n, count in counts.items()}
        assert seen["cut"] == CutLine(trace, steps, None).sentence()
        assert seen["bad"] == (not causality.is_consistent(steps))
        assert seen["handles"] == near(band.rubber.points(band.xs, counts))


def steps_in(band: RubberBand, node: str, count: int) -> int:
    """How many steps of a node its first events have."""
    order = band.rubber.order
    places = order.causality.places
    lane = order.lanes[node][:count]
    return max(
        (places[i] for event in lane for i in order.events[event].steps), default=0
    )


def test_a_handle_can_be_dragged_from_event_to_event(page):
    band = rubber_band(by_hand.small(), {"s1": 1, "s2": 1, "s3": 1})
    opened(page, band)
    seen = drag(page, ".dl-handle[data-node=s2] .dl-reach", 900)
    assert seen["now"] == [1, len(band.rubber.order.lanes["s2"]), 1]
    assert seen["bad"]
    assert drag(page, ".dl-handle[data-node=s2] .dl-reach", -900)["now"] == [1, 0, 1]


@pytest.mark.parametrize("seed", range(4))
def test_a_consistent_cut_becomes_a_straight_line(page, seed: int):
    trace, draw = by_hand.eventful(), random.Random(seed)
    cut = {node: draw.randint(0, 12) for node in trace.nodes}
    causality = Causality(trace)
    cut = {n: min(cut[n], len(causality.lines[n])) for n in cut}
    while orphans := causality.orphans(cut):
        arrived = orphans[0][1]
        cut[trace[arrived].node] = causality.places[arrived] - 1
    band = rubber_band(trace, cut)
    opened(page, band)
    xs, x = band.rubber.straightened(band.xs, band.cut)
    seen = straighten(page)
    assert seen["xs"] == near(xs)
    assert seen["handles"] == near([x] * len(trace.nodes))
    page.click("text=as it was")
    assert page.evaluate(SEEN)["xs"] == near(band.xs)


def test_a_cut_that_is_not_consistent_stays_and_it_says_why(page):
    band = rubber_band(by_hand.small(), {"s1": 4, "s2": 4, "s3": 1})
    before = opened(page, band)
    seen = straighten(page)
    assert seen["xs"] == before["xs"]
    assert seen["handles"] == before["handles"]
    assert seen["guilty"] == ["Append(2, y, 2)"]
    assert seen["cut"] == (
        f"{band.line.sentence()} It cannot be made straight: Append(2, y, 2) would "
        "have to run back in time, from s1 after the cut to s2 before it."
    )


def test_it_glides_and_keeps_the_order_on_the_way(window):
    page = window.new_page(viewport={"width": 900, "height": 900})
    page.set_content("<main></main>")
    band = rubber_band(by_hand.busy())
    opened(page, band)
    page.click("text=straighten the cut")
    seen = [page.evaluate(SEEN)["xs"] for _ in range(20)]
    page.wait_for_function(STRAIGHT)
    for xs in seen:
        for sent, arrived, _ in band.rubber.order.messages:
            assert xs[sent] < xs[arrived]
    page.close()


def test_every_control_has_a_name_and_says_that_it_takes_the_keys_itself(page):
    opened(page, rubber_band(by_hand.small()))
    controls = page.query_selector_all(
        ".distlab-rubber [tabindex], .distlab-rubber button"
    )
    assert len(controls) == 1 + 3 + 2
    for control in controls:
        assert control.get_attribute("aria-label") or control.inner_text()
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
