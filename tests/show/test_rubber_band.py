"""The rubber band: what it gives to the browser, and what it is without one."""

import json
import re
import xml.etree.ElementTree as ET

import by_hand
import pytest

from distlab import show
from distlab.errors import Misuse
from distlab.show.cut import cut
from distlab.show.rubber_band import WIDGETS, rubber_band

SVG = "{http://www.w3.org/2000/svg}"
SMALL, EVENTFUL, BUSY = by_hand.small(), by_hand.eventful(), by_hand.busy(rounds=20)
BAD = {"s1": 4, "s2": 4, "s3": 1}
BAND = rubber_band(SMALL, {"s1": 4, "s2": 3, "s3": 1})


def groups(svg: str, look: str) -> list[ET.Element]:
    found = ET.fromstring(svg).iter(f"{SVG}g")
    return [group for group in found if look in (group.get("class") or "").split()]


def place(group: ET.Element) -> tuple[float, float]:
    x, y = re.findall(r"[\d.]+", group.get("transform"))
    return float(x), float(y)


def test_every_event_is_a_point_on_its_lane():
    events = groups(BAND.static().svg, "dl-happening")
    heights = [y for _, y, lane in BAND.band["lanes"] for _ in lane]
    assert len(events) == len(BAND.rubber.order.events)
    assert sorted(place(event)[1] for event in events) == sorted(heights)
    for event, x in zip(events, BAND.xs, strict=True):
        assert place(event)[0] == pytest.approx(x, abs=0.01)


def test_every_message_goes_from_its_event_to_its_event():
    mail = groups(BAND.static().svg, "dl-mail")
    ends = [(int(m.get("data-from")), int(m.get("data-to"))) for m in mail]
    assert ends == [(a, b) for a, b, _ in BAND.rubber.order.messages]
    events = BAND.rubber.order.events
    words = [m.find(f"{SVG}title").text for m in mail]
    assert words[0] == "Append(1, x, 1)"
    assert (events[ends[0][0]].node, events[ends[0][1]].node) == ("s1", "s2")


def test_what_is_lost_ends_in_a_cross_at_its_sender():
    losing = [
        event
        for event in groups(BAND.static().svg, "dl-happening")
        if event.find(f"{SVG}line") is not None
    ]
    (event,) = losing
    assert "→ s2, s3 Append(2, y, 2)" in event.find(f"{SVG}title").text
    assert event.find(f"{SVG}path").get("class") == "dl-bad"


def test_a_message_that_arrives_twice_is_drawn_twice():
    svg = rubber_band(EVENTFUL).static().svg
    assert (
        sum("dl-again" in ET.tostring(m).decode() for m in groups(svg, "dl-mail")) == 1
    )


def test_its_words_are_those_of_the_cut():
    for steps in ({"s1": 4, "s2": 3, "s3": 1}, BAD):
        said = rubber_band(SMALL, steps).static().text
        assert said.splitlines()[0] in cut(SMALL, steps).text
        assert said.splitlines()[-1] in cut(SMALL, steps).text


def test_a_cut_is_made_straight_and_the_events_of_it_are_on_the_left():
    svg = BAND.straightened().svg
    handles = [place(handle)[0] for handle in groups(svg, "dl-handle")]
    assert len(set(handles)) == 1
    early: set[int] = set()
    for lane, steps in zip(BAND.band["lanes"], BAND.band["cut"], strict=True):
        early.update(lane[2][:steps])
    for n, event in enumerate(groups(svg, "dl-happening")):
        assert (place(event)[0] < handles[0]) == (n in early)


def test_a_cut_that_is_not_consistent_is_red_and_stays_bent():
    band = rubber_band(SMALL, BAD)
    svg = band.static().svg
    assert groups(svg, "dl-bad-cut")
    (guilty,) = groups(svg, "dl-guilty")
    assert guilty.find(f"{SVG}title").text == "Append(2, y, 2)"
    with pytest.raises(Misuse, match="cannot be made straight"):
        band.straightened()


def test_without_a_cut_it_stands_in_the_middle_and_is_consistent():
    band = rubber_band(EVENTFUL)
    assert "A consistent cut" in band.static().text
    assert 0 < sum(band.band["cut"]) < len(band.xs)


def test_a_long_run_is_cut_and_says_so():
    band = rubber_band(BUSY)
    assert "of 158 messages" in band.static().alt
    late = rubber_band(BUSY, from_ms=100, to_ms=140)
    assert late.band["lanes"][0][2] == [
        n for n, e in enumerate(late.rubber.order.events) if e.node == "s1"
    ]
    assert all(100_000 <= e.at_us <= 140_000 for e in late.rubber.order.events)


def test_what_the_browser_gets_is_plain_and_small():
    data = json.dumps(rubber_band(BUSY).band)
    assert len(data) < 150_000
    assert json.loads(data)["words"][0].startswith("s1 at 3 ms, “→ s2, s3, s4, s5")


def test_a_notebook_gets_the_widget_the_drawing_and_the_words():
    bundle, _ = BAND._repr_mimebundle_()
    widget = "application/vnd.jupyter.widget-view+json"
    assert set(bundle) == {widget, "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == repr(BAND)
    assert repr(rubber_band(SMALL)) == repr(rubber_band(SMALL))


def test_it_is_found_where_pictures_are_and_refuses_what_is_no_trace():
    assert show.rubber_band is rubber_band
    with pytest.raises(Misuse, match="draws a trace, not a int"):
        rubber_band(3)
    with pytest.raises(Misuse, match="goes through 's9', which is no node"):
        rubber_band(SMALL, {"s9": 1})


def test_the_browser_half_asks_nothing_of_the_outside():
    for name in ("rubber_band.js", "rubber_band.css"):
        source = (WIDGETS / name).read_text(encoding="utf-8")
        assert not re.findall(r"https?://", source)
        assert "import " not in source
        assert "fetch(" not in source
