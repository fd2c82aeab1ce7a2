"""A cut through a run: which messages go over it, and which way."""

import re
import xml.etree.ElementTree as ET

import by_hand
import pytest

from distlab import show
from distlab.causality import Causality
from distlab.errors import Misuse
from distlab.show.cut import CutLine, cut
from distlab.show.spacetime import Spacetime

SVG = "{http://www.w3.org/2000/svg}"
SMALL = by_hand.small()
GOOD, BAD = {"s1": 4, "s2": 3, "s3": 1}, {"s1": 4, "s2": 4, "s3": 1}


def line_of(svg: str, look: str = "dl-cut") -> list[tuple[float, float]]:
    """The corners of the cut; the last line of this look is the legend's."""
    lines = [e for e in ET.fromstring(svg).iter(f"{SVG}line") if e.get("class") == look]
    ends = [(float(e.get("x1")), float(e.get("y1"))) for e in lines[:-1]]
    return [*ends, (float(lines[-2].get("x2")), float(lines[-2].get("y2")))]


def halos(svg: str) -> int:
    return svg.count('"dl-halo"')


def test_a_consistent_cut_says_what_is_in_transit():
    picture = cut(SMALL, GOOD)
    assert "A consistent cut" in picture.text
    names = "Append(1, x, 1) from s1 to s3"
    assert f"1 message in transit ({names})" in picture.text
    assert "no messages in transit" in cut(SMALL, {}).text
    assert halos(picture.svg) == 0


def test_a_message_from_the_future_is_named_and_marked():
    picture = cut(SMALL, BAD)
    assert (
        "Not a consistent cut: s2 has received Append(2, y, 2), "
        "which s1 sends after the cut." in picture.text
    )
    assert halos(picture.svg) == 1
    assert picture.text.count("▶") == 2


@pytest.mark.parametrize("at_ms", range(0, 50, 3))
def test_a_cut_at_one_time_is_straight_and_consistent(at_ms: int):
    picture = cut(SMALL, at_ms=at_ms)
    assert "A consistent cut" in picture.text
    assert len({x for x, _ in line_of(picture.svg)}) == 1


def test_the_line_lies_between_the_last_step_in_the_cut_and_the_first_after_it():
    layer = CutLine(SMALL, GOOD, None)
    drawn = Spacetime(SMALL, layer=layer)
    lines = Causality(SMALL).lines
    for (x, y), (node, steps) in zip(
        line_of(drawn.picture.svg)[1:-1], GOOD.items(), strict=True
    ):
        assert y == drawn.layout.lane[node]
        before, after = (SMALL[i].at_us for i in lines[node][steps - 1 : steps + 1])
        assert drawn.layout.x(before) <= x <= drawn.layout.x(after)


def test_what_is_in_the_cut_is_told_line_by_line():
    text = cut(SMALL, {"s1": 3, "s2": 2, "s3": 1}).text
    told = re.findall(r"^(in|part|▶|)\s+[\d.]+  (s\d)", text, re.M)
    assert [node for sign, node in told if sign == "in"] == ["s1", "s2", "s3", "s1"]
    assert [node for sign, node in told if sign == "part"] == ["s2"]
    assert "▶" not in text


def test_times_may_differ_from_node_to_node():
    picture = cut(SMALL, at_ms={"s1": 10, "s2": 25, "s3": 10})
    assert "which s1 sends after the cut" in picture.text
    xs = [x for x, _ in line_of(picture.svg, "dl-bad-cut")]
    assert xs[0] == xs[1] == xs[3] < xs[2]


def test_a_long_trace_is_shown_where_the_cut_is():
    trace = by_hand.busy(rounds=40)
    picture = cut(trace, Causality(trace).cut_at(300))
    assert re.search(r"to 30\d[\d.]* ms", picture.alt)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "a cut is given by its `steps` or by `at_ms`"),
        ({"steps": {}, "at_ms": 3}, "a cut is given by its `steps` or by `at_ms`"),
        ({"steps": {"s9": 1}}, "goes through 's9', which is no node"),
        ({"at_ms": {"s9": 1}}, "goes through 's9', which is no node"),
        ({"steps": {"s1": 99}}, "the cut has 99 steps of 's1'"),
    ],
)
def test_what_is_no_cut_is_refused(arguments, sentence: str):
    with pytest.raises(Misuse, match=sentence):
        cut(SMALL, **arguments)


def test_it_is_found_where_pictures_are():
    assert show.cut is cut
    with pytest.raises(Misuse, match="draws a trace, not a str"):
        cut("cluster", at_ms=1)
