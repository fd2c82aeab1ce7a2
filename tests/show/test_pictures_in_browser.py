"""Pictures of histories, cycles and models in a real browser: no word is cut or hidden.

Widths of letters are measured there, with the fonts that the machine has.
"""

from pathlib import Path
from typing import Any

import pytest
from test_cycle import SKEW, ring
from test_history_picture import INVALID, STORY, VALID, crowd, op

from distlab.check import Verdict
from distlab.history import History
from distlab.show import Picture, cycle, history, models

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).parent.parent / "screenshots"
PAGE = """<!doctype html><meta charset="utf-8">
<body style="margin:10px; color-scheme:{theme}; background:{paper}">{pictures}</body>"""
PAPERS = {"light": "#ffffff", "dark": "#111111"}
WRONG = """() => {
    const wrong = [];
    for (const svg of document.querySelectorAll('svg')) {
        const paper = svg.getBoundingClientRect(), seen = [];
        for (const text of svg.querySelectorAll('text')) {
            const box = text.getBoundingClientRect(), what = text.textContent;
            if (!box.width) continue;
            if (box.left < paper.left + 2 || box.right > paper.right - 2
                || box.top < paper.top || box.bottom > paper.bottom)
                wrong.push(`${svg.parentNode.id}: “${what}” is cut`);
            for (const [other, words] of seen)
                if (box.left < other.right - 1 && other.left < box.right - 1
                    && box.top < other.bottom - 4 && other.top < box.bottom - 4)
                    wrong.push(`${svg.parentNode.id}: “${what}” lies on “${words}”`);
            seen.push([box, what]);
        }
    }
    return wrong;
}"""


def verdict(outcome: str, story: History, **more: Any) -> Verdict:
    reason = "c1 read x = 1 (0 to 5 ms), but nobody had written it. " * 3
    return Verdict(outcome, "linearizable", "all", reason, **more)


def pictures() -> dict[str, Picture]:
    """All that is hard to draw."""
    many = History(op(f"p{i}", "write", ("x", i), i, i + 20) for i in range(50))
    names = ("a", "a-client-with-a-long-name-that-goes-on", "WWWWWWWWWWWWWWWWWWWW")
    named = History(
        op(n, "read", ("key",), i, i + 2, "v" * 60) for i, n in enumerate(names)
    )
    dense = crowd(5, 17)
    late = History((*STORY, op("c9", "read", ("x",), 90_000, 90_001, 3)))
    value = ",".join(map(str, range(200)))
    drawn = {
        "story": history(STORY),
        "valid": history(STORY, VALID),
        "invalid": history(STORY, INVALID),
        "dense": history(
            dense, verdict("valid", dense, order=dense.operations), most=85
        ),
        "around": history(
            crowd(5, 40), verdict("invalid", dense, evidence=()), most=60
        ),
        "one lane": history(crowd(1, 40)),
        "many": history(many, most=50),
        "names": history(named, caption="Names and values that are long. " * 9),
        "late": history(late),
        "unbroken": history(STORY, caption=f"c1 read [{value}]."),
        "nothing": history(History()),
        "skew": cycle(SKEW, caption="Two on call, and both go."),
        "models": models(),
        "single objects": models({"PRAM": "valid"}, kind="single objects"),
        "transactions": models(anomalies=["G1a"], kind="transactions"),
        "standing": models(
            {"sequential": "valid", "linearizable": "invalid", "fork*": "unknown"},
            anomalies=["write skew"],
            caption="Write skew under a store that is sequentially consistent.",
        ),
    }
    rings = {f"ring of {n}": cycle(ring(n)) for n in (1, 2, 3, 4, 5, 6, 7, 8, 13)}
    return {**drawn, **rings}


@pytest.mark.parametrize("theme", PAPERS)
def test_no_word_is_cut_and_none_lies_on_another(window, theme: str):
    page = window.new_page(viewport={"width": 920, "height": 900}, color_scheme=theme)
    inside = "".join(f'<p id="{n}">{p.svg}</p>' for n, p in pictures().items())
    page.set_content(PAGE.format(theme=theme, paper=PAPERS[theme], pictures=inside))
    SCREENSHOTS.mkdir(exist_ok=True)
    path = SCREENSHOTS / f"histories-{theme}.png"
    page.screenshot(path=path, full_page=True)
    assert page.evaluate(WRONG) == []


def test_the_check_finds_what_is_cut_and_what_is_hidden(window):
    page = window.new_page()
    words = '<text x="{}" y="20">some words</text>'
    svg = f'<svg width="130" height="30">{words.format(5)}{words.format(60)}</svg>'
    page.set_content(f'<p id="bad">{svg}</p>')
    wrong = page.evaluate(WRONG)
    assert wrong == [
        "bad: “some words” is cut",
        "bad: “some words” lies on “some words”",
    ]
