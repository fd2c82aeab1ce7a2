"""A run on rubber: whatever is pulled, what caused what stays in its order."""

import random
from collections.abc import Iterator
from itertools import pairwise

import by_hand
import pytest
from by_hand import Append, Pen

from distlab.errors import Misuse
from distlab.show.order import Order
from distlab.show.rubber import Rubber
from distlab.trace import Trace

LEFT, RIGHT, NEARLY = 60.0, 800.0, 1e-9
TRACES = {n: getattr(by_hand, n)() for n in ("small", "eventful", "busy", "sparse")}


def drawn(seed: int) -> Trace:
    """A run of random messages among random nodes."""
    draw = random.Random(seed)
    nodes = [f"s{i}" for i in range(1, draw.randint(2, 6) + 1)]
    pen = Pen(*nodes)
    for i in range(draw.randint(1, 30)):
        src, dst = draw.sample(nodes, 2)
        twice = draw.uniform(20, 90) if draw.random() < 0.1 else None
        lost = "lost" if draw.random() < 0.1 else ""
        takes = draw.uniform(0, 20)
        pen.send(
            draw.uniform(0, 100),
            src,
            dst,
            Append(i, "x", 1),
            takes,
            lost=lost,
            twice_ms=None if lost else twice,
        )
    return pen.trace()


RUNS = {**TRACES, **{f"seed {seed}": drawn(seed) for seed in range(10)}}
every_run = pytest.mark.parametrize("trace", RUNS.values(), ids=RUNS.keys())


def rubber_of(trace: Trace) -> tuple[Rubber, list[float]]:
    rubber = Rubber(Order(trace), LEFT, RIGHT)
    times = [event.at_us for event in rubber.order.events]
    scale = (RIGHT - LEFT) / max(times)
    return rubber, rubber.settled([LEFT + scale * at_us for at_us in times])


def in_order(rubber: Rubber, xs: list[float]) -> bool:
    """Whether each event stands after those that it must come after, on the paper."""
    apart = (
        xs[event] - xs[earlier]
        for event, all_earlier in enumerate(rubber.order.before)
        for earlier in all_earlier
    )
    on_paper = all(LEFT - NEARLY <= x <= RIGHT + NEARLY for x in xs)
    return on_paper and all(gap >= rubber.gap - NEARLY for gap in apart)


def cuts(order: Order, seed: int, count: int = 40) -> Iterator[dict[str, int]]:
    draw = random.Random(seed)
    for _ in range(count):
        yield {node: draw.randint(0, len(lane)) for node, lane in order.lanes.items()}


def closed(rubber: Rubber, cut: dict[str, int]) -> dict[str, int]:
    """The largest consistent cut within a cut: orphans are taken out one by one."""
    cut = dict(cut)
    while orphans := rubber.orphans(cut):
        node = rubber.order.events[orphans[0][1]].node
        cut[node] = rubber.places[orphans[0][1]]
    return cut


# ----------------------------------------------------------------------------- dragging
@every_run
def test_events_begin_in_their_order(trace: Trace):
    rubber, xs = rubber_of(trace)
    assert in_order(rubber, xs)


@every_run
def test_no_pull_puts_an_effect_before_its_cause(trace: Trace):
    """Mattern, section 3: a rubber band transformation keeps the order of events."""
    rubber, xs = rubber_of(trace)
    draw = random.Random(1)
    for _ in range(60):
        event = draw.randrange(len(xs))
        xs = rubber.dragged(xs, event, draw.uniform(LEFT - 200, RIGHT + 200))
        assert in_order(rubber, xs)


@every_run
def test_a_pull_moves_the_future_forwards_the_past_backwards_and_nothing_else(trace):
    rubber, xs = rubber_of(trace)
    draw = random.Random(2)
    for _ in range(40):
        event = draw.randrange(len(xs))
        was, xs = xs, rubber.dragged(xs, event, draw.uniform(LEFT, RIGHT))
        order = rubber.order
        for other, (before, now) in enumerate(zip(was, xs, strict=True)):
            if now > before + NEARLY:
                assert other == event or other in order.future(event)
            if now < before - NEARLY:
                assert other == event or other in order.past(event)


def test_an_event_goes_where_it_is_pulled_if_there_is_room():
    rubber, xs = rubber_of(TRACES["small"])
    for event in range(len(xs)):
        for x in (rubber.low[event], rubber.high[event], xs[event]):
            assert rubber.dragged(xs, event, x)[event] == x


def test_the_longest_chain_is_what_stops_an_event():
    rubber, xs = rubber_of(TRACES["small"])
    last = len(xs) - 1
    chain = [last]
    while earlier := rubber.order.before[chain[-1]]:
        chain.append(min(earlier, key=lambda e: -rubber.low[e]))
    pulled = rubber.dragged(xs, last, LEFT)
    there = [pulled[event] for event in reversed(chain)]
    assert there[0] == pytest.approx(LEFT)
    assert all(b - a == pytest.approx(rubber.gap) for a, b in pairwise(there))


def test_pulling_changes_nothing_that_was_given():
    rubber, xs = rubber_of(TRACES["small"])
    before = list(xs)
    rubber.dragged(xs, 3, RIGHT)
    rubber.straightened(xs, {})
    assert xs == before


# --------------------------------------------------------------------------------- cuts
@every_run
def test_exactly_the_consistent_cuts_can_be_made_straight(trace: Trace):
    """Mattern, section 3: consistent cuts are those that can be a vertical line."""
    rubber, xs = rubber_of(trace)
    for cut in cuts(rubber.order, 3):
        if rubber.orphans(cut):
            with pytest.raises(Misuse, match="would have to run back in time"):
                rubber.straightened(xs, cut)
        else:
            assert_straight(rubber, *rubber.straightened(xs, cut), cut)


@every_run
def test_a_straight_cut_has_its_past_on_the_left_and_all_else_on_the_right(trace):
    rubber, xs = rubber_of(trace)
    for cut in cuts(rubber.order, 4):
        within = closed(rubber, cut)
        assert_straight(rubber, *rubber.straightened(xs, within), within)


def assert_straight(rubber: Rubber, xs: list[float], x: float, cut: dict) -> None:
    assert in_order(rubber, xs)
    for event, at in enumerate(xs):
        assert (at < x) == rubber.is_within(event, cut)


@every_run
def test_what_is_on_its_side_of_the_line_stays_unless_it_is_pushed(trace: Trace):
    rubber, xs = rubber_of(trace)
    for cut in cuts(rubber.order, 5):
        cut = closed(rubber, cut)
        moved, x = rubber.straightened(xs, cut)
        for event, (was, now) in enumerate(zip(xs, moved, strict=True)):
            way = was - now if rubber.is_within(event, cut) else now - was
            assert way > -NEARLY
            if way > NEARLY:
                chain = [*rubber.order.past(event), *rubber.order.future(event), event]
                assert any(abs(moved[e] - x) < rubber.gap + NEARLY for e in chain)


def test_a_cut_that_takes_a_message_before_its_sending_is_refused_by_name():
    rubber, xs = rubber_of(TRACES["small"])
    with pytest.raises(Misuse, match="a message that s1 sends after it arrives at s2"):
        rubber.straightened(xs, {"s2": 2})


def test_the_cut_goes_between_the_events_of_each_lane():
    rubber, xs = rubber_of(TRACES["small"])
    cut = {"s1": 2, "s2": 0, "s3": 3}
    s1, s2, s3 = rubber.points(xs, cut)
    lanes = rubber.order.lanes
    assert xs[lanes["s1"][1]] < s1 < xs[lanes["s1"][2]]
    assert s2 < xs[lanes["s2"][0]]
    assert s3 > xs[lanes["s3"][-1]]


def test_a_run_without_events_can_be_cut():
    rubber = Rubber(Order(Trace((), ("a", "b"))), LEFT, RIGHT)
    assert rubber.straightened([], {})[0] == []
