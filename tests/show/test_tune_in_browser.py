"""The browser's half of `tune`, in a real browser, with a kernel that the test plays.

Time stands still but for `wait`, so that nothing here depends on how fast a machine is.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from distlab import show

WIDGETS = Path(show.__file__).parent / "widgets"
SOURCE = (WIDGETS / "tune.js").read_text(encoding="utf-8")

pytestmark = pytest.mark.browser

# A model and its controls, as anywidget and ipywidgets give them to the module.
OPEN = """async ([source, places, left, late]) => {
    const listeners = {};
    const twins = Object.fromEntries(Object.entries(places).map(([name, place]) => {
        const el = document.createElement('div');
        el.innerHTML = name === 'mode'
            ? '<input type=radio checked><input type=radio>'
            : '<div role=slider tabindex=0></div>';
        document.body.append(el);
        const twin = {
            value: left[name] ?? place, calls: [], el,
            get: what => what === '_options_labels' ? ['10', '20', '50'] : twin.value,
            on: (_, call) => twin.calls.push(call),
            off: () => {},
            views: { v: Promise.resolve({ el, cid: name }) },
        };
        return [name, twin];
    }));
    window.sent = [];
    const answer = { at: places, twin: '', parts: [{ kind: 'text', says: 'start' }] };
    const controls = Object.keys(places).map(name =>
        ({ name, label: `${name} (ms)`, trait: 'index', model: name }));
    const model = {
        get: name => ({ answer, controls })[name],
        on: (name, call) => { listeners[name] = call; },
        send: message => window.sent.push(message),
        widget_manager: { get_model: async name => {
            if (late-- > 0) throw new Error('widget model not found');
            return twins[name];
        } },
    };
    window.move = (name, place) => {
        twins[name].value = place;
        for (const call of twins[name].calls) call();
    };
    window.reply = answer => listeners['msg:custom'](answer);
    window.twins = twins;
    const file = new Blob([source], { type: 'text/javascript' });
    const { default: make } = await import(URL.createObjectURL(file));
    const { initialize, render } = make();
    await initialize({ model });
    for (const el of document.querySelectorAll('.view')) render({ model, el });
    await new Promise(done => queueMicrotask(() => queueMicrotask(done)));
}"""


class Stage:
    """A page with the widget on it, seen from the user and from the kernel."""

    def __init__(self, page: Any):
        self.page, self.source = page, SOURCE

    def open(self, *, left=None, late: int = 0, views: int = 1):
        self.page.set_content("<div class=view></div>" * views)
        self.page.add_style_tag(path=WIDGETS / "tune.css")
        places = {"timeout": 1, "mode": 0}
        self.page.evaluate(OPEN, [self.source, places, left or {}, late])
        return self

    def move(self, *places: int, name: str = "timeout") -> None:
        for place in places:
            self.page.evaluate("([n, p]) => window.move(n, p)", [name, place])

    def asked(self) -> list[int]:
        """Where the timeout stood in each request."""
        return [m["at"]["timeout"] for m in self.page.evaluate("window.sent")]

    def reply(self, number: int | None = None, **part: str) -> None:
        """Answer the last request, or one with another number."""
        last = self.page.evaluate("window.sent.at(-1)")
        part = {"kind": "text", "says": f"at {last['at']['timeout']}", **part}
        answer = {"number": number or last["number"], "at": last["at"], "twin": ""}
        self.page.evaluate("a => window.reply(a)", {**answer, "parts": [part]})

    def wait(self, ms: int) -> None:
        self.page.clock.run_for(ms)

    def says(self) -> str:
        return self.page.locator(".distlab-words").first.inner_text()

    def waits(self) -> bool:
        """Whether it says that it waits, to the eye and to a screen reader."""
        seen = self.page.locator(".distlab-spinner").first.is_visible()
        told = self.page.locator(".view").first.get_attribute("aria-busy")
        assert told == str(seen).lower()
        return seen


@pytest.fixture
def stage(window) -> Iterator[Stage]:
    page = window.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    yield Stage(page)
    page.close()
    assert errors == []


# ------------------------------------------------------------ what is asked and shown
def coalesces(stage: Stage) -> object:
    stage.move(2, 3, 4, 5)
    before = stage.asked()
    stage.reply()
    return before, stage.asked()


def follows_a_drag(stage: Stage) -> object:
    seen = []
    for place in (2, 3, 4):
        stage.move(place, place + 10)
        stage.wait(50)
        stage.reply()
        seen.append(stage.says())
    return seen


def waits_after_200_ms(stage: Stage) -> object:
    stage.move(2)
    seen = []
    for ms in (199, 1, 800):
        stage.wait(ms)
        seen.append((stage.waits(), stage.says()))
    stage.reply()
    return [*seen, (stage.waits(), stage.says())]


def a_steady_drag_never_waits(stage: Stage) -> object:
    seen = []
    for place in range(2, 12):
        stage.move(place, place + 1)
        stage.wait(90)
        stage.reply()
        seen.append(stage.waits())
    return set(seen)


def drops_what_is_out_of_date(stage: Stage) -> object:
    stage.move(2, 3)
    stage.wait(300)
    stage.reply()  # to 2, while the slider stands at 3
    between = stage.says(), stage.waits()
    stage.reply()
    return between, (stage.says(), stage.waits())


def drops_what_it_did_not_ask(stage: Stage) -> object:
    stage.move(2)
    stage.reply(number=77)
    before = stage.says()
    stage.reply()
    stage.reply(says="again")
    return before, stage.says()


def comes_back_to_where_the_controls_were_left(stage: Stage) -> object:
    stage.open(left={"timeout": 9})
    if stage.asked():
        stage.reply()
    return stage.asked(), stage.says()


WANTED: dict[Callable[[Stage], object], object] = {
    coalesces: ([2], [2, 5]),
    follows_a_drag: ["at 2", "at 12", "at 13"],
    waits_after_200_ms: [
        (False, "start"),
        (True, "start"),
        (True, "start"),
        (False, "at 2"),
    ],
    a_steady_drag_never_waits: {False},
    drops_what_is_out_of_date: (("start", True), ("at 3", False)),
    drops_what_it_did_not_ask: ("start", "at 2"),
    comes_back_to_where_the_controls_were_left: ([9], "at 9"),
}


@pytest.mark.parametrize("story", WANTED, ids=lambda story: story.__name__)
def test_the_stage(story, stage):
    assert story(stage.open()) == WANTED[story]


@pytest.mark.parametrize(
    ("rule", "without", "story"),
    [
        ("if (!asked) ask();", "ask();", coalesces),
        ("if (last || !waiting) {", "if (last) {", follows_a_drag),
        ("const WAIT_MS = 200;", "const WAIT_MS = 100;", waits_after_200_ms),
        ("const WAIT_MS = 200;", "const WAIT_MS = 300;", waits_after_200_ms),
        ("      clearTimeout(timer);\n", "", a_steady_drag_never_waits),
        ("if (last || !waiting) {", "{", drops_what_is_out_of_date),
        (
            "if (answer.number !== asked) return;",
            "",
            drops_what_it_did_not_ask,
        ),
        (
            "some((name) => at[name] !== latest.at[name])",
            "some((name) => false)",
            comes_back_to_where_the_controls_were_left,
        ),
    ],
)
def test_no_rule_of_the_stage_can_be_left_out(rule, without, story, stage):
    assert rule in SOURCE
    stage.source = SOURCE.replace(rule, without)
    assert story(stage.open()) != WANTED[story]


# --------------------------------------------------------------- what is seen and heard
def test_an_error_takes_the_place_of_the_picture_and_leaves_with_it(stage):
    svg = "<svg xmlns='http://www.w3.org/2000/svg'><circle r='5'/></svg>"
    stage.open()
    stage.move(2)
    stage.reply(kind="picture", body=svg, says="a circle")
    assert stage.page.locator("circle").count() == 1
    stage.move(3)
    stage.reply(kind="error", says="ZeroDivisionError: division by zero")
    assert stage.page.locator("circle").count() == 0
    status = stage.page.get_by_role("status")
    assert status.inner_text() == "ZeroDivisionError: division by zero"
    stage.move(4)
    stage.reply(kind="picture", body=svg, says="a circle")
    assert stage.page.locator("circle").count() == 1
    assert status.inner_text() == "a circle"


def test_what_an_answer_says_is_text_and_never_markup(stage):
    stage.open().move(2)
    stage.reply(says="<b>bold</b> & <img src=x onerror=alert(1)>")
    assert stage.says() == "<b>bold</b> & <img src=x onerror=alert(1)>"


def test_an_outcome_is_said_by_a_sign_as_well_as_a_colour(stage):
    sign = "getComputedStyle(document.querySelector('.distlab-verdict'), '::before')"
    stage.open()
    signs = []
    for place, outcome in enumerate(("valid", "invalid", "unknown"), 2):
        stage.move(place)
        stage.reply(kind="verdict", says="durability", outcome=outcome)
        signs.append(stage.page.evaluate(f"{sign}.content"))
    assert signs == ['"✓ "', '"✗ "', '"? "']


def test_a_picture_keeps_its_styles_and_names_to_itself(stage):
    stage.open().move(2)
    body = "<svg><style>p { color: red }</style><g id='t'/></svg>"
    stage.reply(kind="picture", body=body, says="a picture")
    colour = "getComputedStyle(document.querySelector('.distlab-words p')).color"
    assert stage.page.evaluate(colour) != "rgb(255, 0, 0)"
    assert stage.page.evaluate("document.getElementById('t')") is None


def test_a_picture_that_is_too_wide_shrinks_to_the_page(stage):
    stage.open().move(2)
    body = "<svg width='5000' height='50' viewBox='0 0 5000 50'><circle r='9'/></svg>"
    stage.reply(kind="picture", body=body, says="a wide picture")
    inside = stage.page.locator(".view").bounding_box()["width"]
    drawn = stage.page.locator("svg").bounding_box()
    assert drawn["width"] == inside
    assert drawn["height"] == pytest.approx(50 * inside / 5000, abs=0.1)


def test_every_view_of_a_widget_shows_the_same(stage):
    stage.open(views=2).move(2)
    stage.reply()
    assert stage.page.locator(".distlab-words").all_inner_texts() == ["at 2", "at 2"]


def test_controls_have_names_that_are_read_aloud(stage):
    stage.open()
    names = stage.page.evaluate("""() => [
        window.twins.timeout.el.querySelector('[role=slider]').ariaLabel,
        window.twins.mode.el.role, window.twins.mode.el.ariaLabel]""")
    assert names == ["timeout (ms)", "radiogroup", "mode (ms)"]


def test_a_slider_over_options_says_which_one_it_is(stage):
    stage.open()
    said = []
    for place in (1, 2):
        stage.move(place)
        stage.wait(50)
        said.append(stage.page.get_by_role("slider").get_attribute("aria-valuetext"))
    assert said == ["20", "50"]


def test_the_arrow_keys_move_between_the_options_of_a_choice(stage):
    stage.open()
    options = stage.page.get_by_role("radio")
    options.first.focus()
    stage.page.keyboard.press("ArrowRight")
    assert [option.is_checked() for option in options.all()] == [False, True]


def test_jupyterlab_leaves_every_key_to_the_control_that_has_the_focus(stage):
    stage.open()
    left = "e => e.getAttribute('data-lm-suppress-shortcuts')"
    for focusable in stage.page.locator("[tabindex], input, summary").all():
        assert focusable.evaluate(left) == "true"


def test_a_control_that_comes_late_is_waited_for(window):
    page = window.new_page()  # in real time, for it waits for a tenth of a second
    stage = Stage(page).open(late=2)
    stage.move(2)
    assert stage.asked() == [2]
    page.close()
