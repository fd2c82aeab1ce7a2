"""The past and the future of an event: the picture and the words say the same."""

import re
import xml.etree.ElementTree as ET

import by_hand
import pytest
from by_hand import Append, Pen

from distlab.errors import Misuse
from distlab.show.cone import BEYOND, Cone
from distlab.show.order import Order
from distlab.show.spacetime import Spacetime, spacetime
from distlab.trace import Trace

SVG = "{http://www.w3.org/2000/svg}"
TRACES = {n: getattr(by_hand, n)() for n in ("small", "eventful", "busy", "sparse")}
every_trace = pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES.keys())
EVENTFUL = TRACES["eventful"]


def reached(order: Order, event: int) -> set[int]:
    """The slow twin of a past: whatever is found by going back, edge by edge."""
    found, rest = set(), [event]
    while rest:
        rest += [e for e in order.before[rest.pop()] if e not in found]
        found.update(rest)
    return found - {event}


def bands(svg: str, look: str) -> list[tuple[float, float, float]]:
    """Left, right and middle of each band on a lane; the last one is the legend's."""
    boxes = [b for b in ET.fromstring(svg).iter(f"{SVG}rect") if b.get("class") == look]
    numbers = [[float(b.get(k)) for k in ("x", "width", "y", "height")] for b in boxes]
    return [(x, x + wide, y + high / 2) for x, wide, y, high in numbers][:-1]


@every_trace
def test_the_past_is_what_can_be_reached_against_the_arrows(trace: Trace):
    order = Order(trace)
    pasts = [reached(order, event) for event in range(len(order.events))]
    for event, past in enumerate(pasts):
        assert set(order.past(event)) == past
        future = {e for e, earlier in enumerate(pasts) if event in earlier}
        assert set(order.future(event)) == future


@every_trace
def test_an_event_comes_after_all_that_it_must_come_after(trace: Trace):
    order = Order(trace)
    assert all(one < event for event, ones in enumerate(order.before) for one in ones)
    assert sum(map(len, order.after)) == sum(map(len, order.before))


def test_bands_end_at_the_last_event_of_the_past_and_begin_with_the_future():
    cone = Cone(EVENTFUL, EVENTFUL.steps.index(*EVENTFUL.where("crash")))
    drawn = Spacetime(EVENTFUL, layer=cone)
    events, layout = cone.order.events, drawn.layout
    past, future = ({}, {})
    for event in cone.past:
        past[events[event].node] = layout.x(events[event].at_us) + BEYOND
    for event in reversed(cone.future):
        future[events[event].node] = layout.x(events[event].at_us) - BEYOND
    ends = {(round(right, 1), y) for _, right, y in bands(drawn.picture.svg, "dl-past")}
    starts = {(round(x, 1), y) for x, _, y in bands(drawn.picture.svg, "dl-future")}
    assert ends == {(round(x, 1), layout.lane[node]) for node, x in past.items()}
    assert starts == {(round(x, 1), layout.lane[node]) for node, x in future.items()}
    assert set(past) == set(layout.lane)
    assert set(future) == {"s1"}


def test_only_what_is_concurrent_is_pale():
    picture = spacetime(TRACES["small"], past_and_future_of=5)
    pale = [
        group.find(f"{SVG}title").text
        for group in ET.fromstring(picture.svg).iter(f"{SVG}g")
        if "dl-pale" in group.get("class")
    ]
    assert pale == [
        "s1 → s3 Append(1, x, 1): sent 5, arrived 12 ms",
        "s3 → s1 Ack(1): sent 12, arrived 18 ms",
        "s3 starts",
    ]


def test_the_words_count_what_is_before_after_and_neither():
    picture = spacetime(TRACES["small"], past_and_future_of=5)
    said = picture.text.splitlines()[1]
    assert said == (
        "s2 at 9 ms, “← s1 Append(1, x, 1); → s1 Ack(1)”: "
        "3 events (s1 2, s2 1) before it, 8 events (s1 6, s2 1, s3 1) after it, "
        "2 events (s3 2) concurrent with it."
    )
    signs = re.findall(r"^(before|after|▶|)\s+[\d.]+  s\d", picture.text, re.M)
    counts = {sign: signs.count(sign) for sign in ("before", "▶", "after")}
    assert counts == {"before": 3, "▶": 1, "after": 8}


def test_a_remark_has_marks_of_its_own_among_the_words_of_its_event():
    order = Order(TRACES["small"])
    (remark,) = TRACES["small"].where("note")
    assert "‘row 1 is everywhere’" in order.told(order.event(remark))


def test_any_step_of_an_event_means_the_event():
    pictures = [spacetime(TRACES["small"], past_and_future_of=i) for i in (5, 6)]
    by_step = spacetime(TRACES["small"], past_and_future_of=TRACES["small"][6])
    assert pictures[0] == pictures[1] == by_step


def test_what_is_far_away_moves_the_window_to_it():
    trace = by_hand.busy(rounds=40)
    picture = spacetime(trace, past_and_future_of=len(trace) - 1)
    assert "▶" in picture.text
    assert "past" in picture.svg


def test_a_picture_without_a_cone_is_as_it_was():
    assert "dl-past" not in spacetime(EVENTFUL).svg
    assert "dl-pale" not in spacetime(EVENTFUL).svg


def test_what_is_no_event_of_a_node_is_refused():
    fault = EVENTFUL.steps.index(*EVENTFUL.where("fault", test=lambda s: s.at_ms == 18))
    with pytest.raises(Misuse, match="fault, is no event of a node"):
        spacetime(EVENTFUL, past_and_future_of=fault)
    with pytest.raises(Misuse, match="there is no step 999"):
        spacetime(EVENTFUL, past_and_future_of=999)
    pen = Pen("a", "b")
    pen.send(1, "a", "b", Append(1, "x", 1), 3, lost="lost")
    with pytest.raises(Misuse, match="drop, is no event of a node"):
        spacetime(pen.trace(), past_and_future_of=1)
