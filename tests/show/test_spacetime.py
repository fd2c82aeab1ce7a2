"""Space-time diagrams: nothing is lost on the way to the paper or into words."""

import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations, pairwise
from pathlib import Path
from typing import NamedTuple

import by_hand
import pytest
from by_hand import Append, Pen

from distlab import faults
from distlab.errors import Misuse
from distlab.events import Call, Inner
from distlab.history import Operation
from distlab.node import Log
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.show.account import EFFECTS, EVENTS, phrase
from distlab.show.naming import fault_in_words, in_full, labels, told
from distlab.show.picture import text_width
from distlab.show.placement import Placement
from distlab.show.shapes import SMALL
from distlab.show.spacetime import spacetime
from distlab.show.timescale import BREAK, TimeScale
from distlab.sim import Cluster
from distlab.trace import KINDS, Step, Trace
from distlab.value import Value

TRACES = {
    name: getattr(by_hand, name)() for name in ("small", "eventful", "busy", "sparse")
}
SVG = "{http://www.w3.org/2000/svg}"
every_trace = pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES.keys())


def drawn_steps(svg: str) -> set[int]:
    """The numbers of the steps that some shape shows."""
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    return {int(i) for group in groups for i in group.get("data-step", "").split()}


def words_of(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def titles_of(svg: str) -> str:
    return "\n".join(t.text or "" for t in ET.fromstring(svg).iter(f"{SVG}title"))


# -------------------------------------------------------------------- nothing gets lost
@every_trace
def test_every_step_is_drawn_or_counted_as_left_out(trace: Trace):
    picture = spacetime(trace)
    drawn = drawn_steps(picture.svg)
    missing = set(range(len(trace))) - drawn
    found = re.search(r"(\d+) of \d+ steps are left out", picture.alt)
    assert len(missing) <= (int(found[1]) if found else 0)
    end_ms = float(re.search(r" to ([\d.]+) ms", picture.alt)[1])
    assert all(trace[i].at_ms > end_ms for i in missing)


@every_trace
def test_every_step_is_told_in_the_text(trace: Trace):
    text = spacetime(trace, max_messages=1000).text
    lines = {}
    for line in text.splitlines()[1:]:
        at_ms, rest = line[1:].split(maxsplit=1)
        lines[float(at_ms)] = lines.get(float(at_ms), "") + rest
    for step in trace:
        line = lines[step.at_ms]
        assert step.node in line
        assert step.what is None or told(step.what) in line
        assert step.peer in line
        assert step.why in line


def test_every_kind_of_step_has_words():
    assert set(KINDS) == set(EVENTS) | set(EFFECTS)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_step_has_a_place_on_the_paper(kind: str):
    what = {"fault": faults.Heal(at_ms=1), "state": (("term", 3),)}.get(kind, "x")
    what = Append(1, "x", 1) if kind in ("send", "deliver", "drop") else what
    node, peer = ("" if kind == "fault" else "a"), "b" * isinstance(what, Append)
    trace = Trace([Step(1000, kind, node, peer, what, "because")], ("a", "b"))
    assert drawn_steps(spacetime(trace).svg) == {0}


def test_a_trace_without_steps_is_an_empty_picture():
    picture = spacetime(Trace((), ("a", "b")))
    assert "all 0 messages" in picture.alt
    assert ET.fromstring(picture.svg) is not None


# ------------------------------------------------------------------------ what is shown
def test_the_run_in_words_is_a_story(golden):
    golden("eventful.txt", spacetime(TRACES["eventful"]).text + "\n")


def test_a_long_trace_is_cut_and_says_so_in_picture_text_and_sentence():
    trace = by_hand.busy(rounds=20)
    picture = spacetime(trace)
    assert re.search(r"\d\d of 158 messages", picture.alt)
    assert any("of 158 messages" in words for words in words_of(picture.svg))
    assert len(drawn_steps(picture.svg)) < len(trace)


def test_a_window_shows_what_happens_in_it_and_what_crosses_it():
    pen = Pen("a", "b")
    pen.send(1, "a", "b", Append(1, "x", 1), 100)
    pen.send(40, "a", "b", Append(2, "x", 1), 5)
    pen.send(200, "a", "b", Append(3, "x", 1), 5)
    picture = spacetime(pen.trace(), from_ms=30, to_ms=60)
    assert drawn_steps(picture.svg) == {0, 1, 2, 3}
    assert "Append(3" not in picture.text + titles_of(picture.svg)


def test_only_the_nodes_asked_for_have_a_lane_and_the_rest_is_counted():
    picture = spacetime(TRACES["small"], nodes=("s1", "s3"))
    assert "s2" not in picture.text
    assert "9 of 24 steps are left out" in picture.alt


def test_a_type_of_message_keeps_its_colour_in_every_window():
    trace = TRACES["eventful"]
    looks = []
    for part in (spacetime(trace), spacetime(trace, from_ms=50)):
        (title,) = [
            group
            for group in ET.fromstring(part.svg).iter(f"{SVG}g")
            if "→ c1 Done(y)" in titles_of(ET.tostring(group).decode())
        ]
        looks.append({line.get("class") for line in title.iter(f"{SVG}line")})
    assert looks[0] == looks[1] == {"dl-m3"}


def test_losses_refusals_duplicates_and_crashes_look_different():
    svg = spacetime(TRACES["eventful"]).svg
    words = words_of(svg)
    looks = [path.get("class") for path in ET.fromstring(svg).iter(f"{SVG}path")]
    assert sum("dl-hollow" in look for look in looks) == 2  # here and in the legend
    assert {"never arrives", "ignored", "arrives a second time"} <= set(words)
    assert {"crash", "back", "paused", "goes on", "cut", "s1 is down"} <= set(words)
    assert {"split s1 c2 | s2 s3 c1", "heal", "enough already"} <= set(words)
    assert {"write(x, 1) ok", "write(y, 2) unknown: timeout"} <= set(words)
    assert "read(y) → None" in words


FAULTS = [
    (faults.Loss(0.1, 1), "loss 10 %"),
    (faults.Loss(0.1, 1, src="a", messages=("Ack",)), "loss 10 % a→any of Ack"),
    (faults.Duplication(0.5, 1), "duplication 50 %"),
    (faults.Reordering(0.25, 9, 1), "reordering 25 %"),
    (faults.Delay(20, 1), "delay +20 ms"),
    (faults.SlowLink(3, 1, dst="b"), "slow ×3 any→b"),
    (faults.Cut("a", "b", 1), "cut a→b"),
    (faults.Split((("a",), ("b",)), 1), "split a | b"),
    (faults.Isolate("a", 1), "isolate a"),
    (faults.Heal(1), "heal"),
    (faults.ClockSkew("a", -5, 1), "clock of a off by -5 ms"),
    (faults.ClockDrift("a", 50, 1), "clock of a drifts +50 ppm"),
    (faults.ClockJump("a", 7, 1), "clock of a jumps +7 ms"),
    (faults.LostWrites("a", 1), "disk of a will lose 1 record"),
    (faults.TornWrite("a", 1), "disk of a will tear a write"),
    (faults.CorruptRecord("a", 1), "disk of a corrupts a record"),
]


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[w for _, w in FAULTS])
def test_every_fault_is_named_on_the_paper_and_in_the_text(fault, words: str):
    pen = Pen("a", "b")
    pen.step(1, "fault", "" if isinstance(fault, faults.LinkFault) else "a", what=fault)
    pen.send(2, "a", "b", Append(1, "x", 1))
    picture = spacetime(pen.trace())
    assert fault_in_words(fault) == words
    assert words in words_of(picture.svg)
    assert words in picture.text


def test_a_split_draws_a_wall_between_lanes_that_cannot_talk():
    pen = Pen("a", "b", "c")
    pen.step(0, "fault", what=faults.Split((("a", "b"), ("c",)), at_ms=0))
    pen.step(5, "fault", what=faults.Split((("a", "b"), ("c",)), at_ms=0), why="ends")
    pen.step(9, "note", "a", what="over")
    picture = spacetime(pen.trace())
    assert picture.svg.count('class="dl-wall"') == 1
    assert "split a b | c from 0 to 5 ms" in picture.text


def test_messages_in_flight_at_the_edge_have_no_head():
    pen = Pen("a", "b")
    pen.send(1, "a", "b", Append(1, "x", 1), 100)
    pen.send(2, "a", "b", Append(2, "x", 1), 3)
    whole, part = (spacetime(pen.trace(), to_ms=ms).svg for ms in (200, 50))
    assert whole.count("dl-head") == part.count("dl-head") + 1


def test_a_message_to_oneself_is_a_loop():
    pen = Pen("a", "b")
    pen.step(1, "deliver", "a", peer="a", what=Append(1, "x", 1))
    pen.send(2, "a", "a", Append(2, "x", 1), 3)
    svg = spacetime(pen.trace()).svg
    assert drawn_steps(svg) == {0, 1, 2}
    assert svg.count('style="fill:none"') == 2


# -------------------------------------------------------------------------- equal bytes
PROGRAM = """
import sys
sys.path.insert(0, {here!r})
import by_hand
from distlab.show.spacetime import spacetime
pen = by_hand.Pen("a", "b")
word = frozenset("a few words in a set".split())
pen.step(0, "state", "a", what=(("votes", set("abcdef")), ("seen", word)))
pen.send(1, "a", "b", by_hand.Append(1, word, 1))
for trace in (by_hand.eventful(), by_hand.busy(), pen.trace()):
    picture = spacetime(trace, mark=[1])
    print(picture.svg, picture.text, picture.alt)
"""


def test_equal_runs_have_equal_pictures_in_every_process():
    program = PROGRAM.format(here=str(Path(__file__).parent))
    told = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert told[0] == told[1]
    assert b"<svg" in told[0]


# --------------------------------------------------------------------------- legibility
def boxes_of_words(svg: str) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Every line of words among the arrows, and about where it is."""
    found = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):
        look = (text.get("class") or "").split()
        if "dl-small" not in look or not text.text:
            continue
        size = SMALL if "dl-small" in look else 11
        wide = text_width(text.text, size, bold="dl-strong" in look)
        x, y = float(text.get("x")), float(text.get("y"))
        x -= wide / 2 if "dl-middle" in look else 0
        found.append((text.text, (x, y - 8, x + wide, y + 2)))
    return found


def overlapping(svg: str) -> list[tuple[str, str]]:
    return [
        (one, two)
        for (one, a), (two, b) in combinations(boxes_of_words(svg), 2)
        if a[0] < b[2] - 0.1 and b[0] < a[2] - 0.1 and a[1] < b[3] and b[1] < a[3]
    ]


@every_trace
def test_no_words_cover_other_words(trace: Trace):
    assert overlapping(spacetime(trace, max_messages=120).svg) == []


def stormy(seed: int) -> Trace:
    """A run of a real protocol under faults of every kind, drawn from the seed."""
    draw = random.Random(seed)
    servers, at = ("s1", "s2", "s3"), [draw.uniform(0, 200) for _ in range(9)]
    one, other = draw.sample(servers, 2)
    storm = (
        faults.Loss(0.2, at[0], at[0] + 50),
        faults.Duplication(0.5, at[1], at[1] + 50),
        faults.Delay(20, at[2], at[2] + 50, src=one),
        faults.Cut(one, other, at[3], at[3] + 50),
        faults.Isolate(other, at[4], at[4] + 30),
        faults.Split((("s1", "c1"), ("s2", "s3")), at[5], at[5] + 40),
        faults.Crash(one, at[6]),
        faults.Recover(one, at[6] + 40),
        faults.Pause(other, at[7], at[7] + 30),
        faults.ClockJump(one, 5, at[8]),
    )
    calls = [
        Call("write", ("x", i)) if i % 2 else Call("read", ("x",)) for i in range(5)
    ]
    return (
        Cluster(
            AutomaticFailover,
            servers=3,
            clients=2,
            seed=seed,
            faults=storm,
            workload={"c1": tuple(calls), "c2": tuple(calls[1::2])},
            states=seed % 2 == 0,
        )
        .run(until_ms=300)
        .trace
    )


@pytest.mark.parametrize("seed", range(12))
def test_words_find_their_places_in_a_storm(seed: int):
    trace = stormy(seed)
    picture = spacetime(trace)
    assert overlapping(picture.svg) == []
    drawn, left_out = drawn_steps(picture.svg), picture.alt.count("left out")
    assert left_out or drawn == set(range(len(trace)))


def test_overlapping_words_would_be_found():
    svg = spacetime(TRACES["small"]).svg
    label = re.search(r"<text [^>]*>Ack\(1\)</text>", svg)
    assert overlapping(svg.replace(label[0], label[0] * 2))


@every_trace
def test_no_words_leave_the_paper(trace: Trace):
    picture = spacetime(trace)
    root = ET.fromstring(picture.svg)
    wide, high = float(root.get("width")), float(root.get("height"))
    for text, (left, top, right, bottom) in boxes_of_words(picture.svg):
        assert left >= 0, text
        assert top >= 0, text
        assert right <= wide, text
        assert bottom <= high, text


def lines_through(svg: str) -> list[tuple[str, int]]:
    """Each name of a message, and how many messages' lines run through it."""
    root, found = ET.fromstring(svg), []
    lines = [
        tuple(float(line.get(end)) for end in ("x1", "y1", "x2", "y2"))
        for group in root.iter(f"{SVG}g")
        for line in group.iter(f"{SVG}line")
        if re.match(r"dl-m\d", line.get("class"))
    ]
    names = {t.text for t in root.iter(f"{SVG}text") if "dl-t" in t.get("class", "")}
    for name, box in boxes_of_words(svg):
        if name in names:
            found.append((name, sum(runs_through(line, box) for line in lines)))
    return found


def runs_through(line: tuple, box: tuple) -> bool:
    """Whether a line has a point in a box: tried at a thousand points."""
    (x1, y1, x2, y2), (left, top, right, bottom) = line, box
    points = ((x1 + (x2 - x1) * i / 999, y1 + (y2 - y1) * i / 999) for i in range(1000))
    return any(left < x < right and top < y < bottom for x, y in points)


@pytest.mark.parametrize("seed", ["busy", 2, 3, 8])
def test_in_a_dense_diagram_no_name_lies_over_the_message_of_another(seed):
    """One line at most: its own, where there is no room beside it."""
    picture = spacetime(TRACES["busy"] if seed == "busy" else stormy(seed))
    through = lines_through(picture.svg)
    assert len(through) > 8
    assert all(count <= 1 for _, count in through)
    assert sum(count for _, count in through) <= len(through) / 8


def test_a_name_over_another_message_would_be_found():
    svg = spacetime(TRACES["small"]).svg
    (first, *_) = re.findall(r'<text x="[^"]*"( y="[^"]*" [^>]*)>Ack\(2\)', svg)
    moved = svg.replace(first, ' y="75" class="dl-small dl-rim dl-middle dl-t1"', 1)
    moved = re.sub(r'x="[^"]*"( y="75")', r'x="149"\1', moved)
    assert max(count for _, count in lines_through(svg)) == 0
    assert max(count for _, count in lines_through(moved)) > 0


def test_words_are_placed_where_it_is_cheap_and_free():
    page = Placement((0, 0, 100, 100))
    page.block((0, 0, 30, 30))
    spots = [(0.0, 10.0, 10.0), (1.0, 40.0, 10.0), (2.0, 40.0, 60.0)]
    assert page.place(spots, 20, 10) == (40, 10, 60, 20)
    assert page.place(spots, 20, 10) == (40, 60, 60, 70)
    assert page.place(spots, 20, 10) is None
    assert page.place([(0.0, 90.0, 0.0)], 20, 10) is None


def test_words_keep_off_lines_unless_the_line_is_their_own():
    page = Placement((0, 0, 100, 100))
    line = (0.0, 0.0, 100.0, 100.0)
    page.cross(line)
    spots = [(0.0, 45.0, 45.0), (1.0, 70.0, 10.0)]
    assert page.place(spots, 10, 10, own=line) == (45, 45, 55, 55)
    page = Placement((0, 0, 100, 100))
    page.cross(line)
    assert page.place(spots, 10, 10) == (70, 10, 80, 20)


# --------------------------------------------------------------------------------- time
def test_time_runs_from_left_to_right_without_a_jump_back():
    scale = TimeScale(0, 1000, [100, 200, 900], [10, 12, 15], 50, 950)
    xs = [scale.x(us) for us in range(0, 1001, 10)]
    assert xs == sorted(xs)
    assert (xs[0], round(xs[-1], 6)) == (50, 950)
    assert (scale.x(-5), scale.x(2000)) == (50, xs[-1])


def test_idle_time_is_left_out_when_messages_would_stand_upright():
    times = [t for start in (0, 500_000) for t in range(start, start + 10_000, 1000)]
    scale = TimeScale(0, 510_000, times, [3000], 0, 900)
    assert scale.breaks == [(9000, 500_000)]
    assert scale.x(500_000) - scale.x(9000) == pytest.approx(BREAK)
    assert scale.x(3000) - scale.x(0) > 40
    assert scale.x(3000) - scale.x(0) == pytest.approx(
        scale.x(503_000) - scale.x(500_000)
    )


def test_time_is_not_broken_where_messages_are_legible():
    assert TimeScale(0, 1000, range(0, 1000, 50), [100], 0, 900).breaks == []


def test_ticks_are_round_and_every_stretch_between_breaks_has_one():
    scale = TimeScale(0, 2_000_000, [5000, 1_003_400, 1_990_000], [3000], 0, 900)
    labels = [label for _, label in scale.ticks()]
    assert len(scale.breaks) == 2
    assert any(label.startswith("1003") for label in labels)
    xs = [x for x, _ in scale.ticks()]
    assert all(b - a > 30 for a, b in pairwise(xs))


# -------------------------------------------------------------------------------- marks
def test_operations_of_a_history_are_marked_by_their_call_and_their_end():
    read = Operation("c1", "read", ("y",), 63_000, "ok", None, 70_000)
    picture = spacetime(TRACES["eventful"], mark=read, caption="The read is stale.")
    marked = [line for line in picture.text.splitlines() if line.startswith("▶")]
    assert len(marked) == 2
    assert "called: read(y)" in marked[0]
    assert picture.svg.count('"dl-halo dl-wide"') == 1
    assert "The read is stale." in words_of(picture.svg)


def test_a_verdict_marks_its_evidence_and_gives_the_caption():
    from distlab.check import Verdict

    read = Operation("c1", "read", ("y",), 63_000, "ok", None, 70_000)
    verdict = Verdict("invalid", "read your writes", "one run", "c1 lost y", (read,))
    picture = spacetime(TRACES["eventful"], mark=verdict)
    assert picture.text.count("▶") == 2
    assert "c1 lost y" in picture.text


def test_a_mark_that_is_far_away_moves_the_window_to_it():
    trace = by_hand.busy(rounds=40)
    last = len(trace) - 1
    picture = spacetime(trace, mark=[last])
    assert last in drawn_steps(picture.svg)
    assert "▶" in picture.text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"nodes": ("s9",)}, "no node of this trace is called 's9'"),
        ({"from_ms": 9, "to_ms": 3}, "from 9 to 3 ms shows nothing"),
        ({"mark": [10_000]}, "which is not in this trace"),
        ({"mark": Operation("c1", "read", (), 1)}, "which is not in this trace"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(arguments, sentence: str):
    with pytest.raises(Misuse, match=sentence):
        spacetime(TRACES["small"], **arguments)


def test_a_cluster_is_not_a_trace():
    with pytest.raises(Misuse, match=r"give it `cluster\.trace`"):
        spacetime("cluster")


# -------------------------------------------------------------------------------- words
def test_labels_get_shorter_and_say_less():
    assert labels(Append(1, "x", 2)) == ["Append(1, x, 2)", "Append(1, …)", "Append"]
    assert labels(Inner("log", Append(1, "x", 2)))[0] == "Append(1, x, 2)"
    assert labels(Call("write", ("x", 1))) == ["write(x, 1)", "write"]
    nested = Append(1, (Append(2, "y", 3),), 4)
    assert labels(nested)[0] == "Append(1, [Append(2, …)], 4)"
    assert in_full(nested) == "Append(1, [Append(2, y, 3)], 4)"
    assert labels(Append(1, (nested, nested), 4))[0] == "Append(1, [2 × Append], 4)"


class Ballot(NamedTuple):
    number: int
    leader: str


def test_what_orders_leaders_is_told_as_a_number_and_a_name():
    assert labels(Append(Ballot(2, "s1"), "x", 1))[0] == "Append(2·s1, x, 1)"
    assert labels(Append(Ballot(2, ""), "x", 1))[0] == "Append(2, x, 1)"
    assert in_full(Ballot(2, "")) == "Ballot(2, '')"


def test_a_value_that_has_its_own_words_is_told_by_them():
    class Weight(Value):
        kg: int

        def __repr__(self):
            return f"{self.kg} kg"

    assert in_full((Weight(2), Weight(3))) == "[2 kg, 3 kg]"
    assert labels(Append(1, Weight(2), 3))[0] == "Append(1, 2 kg, 3)"


def test_values_are_told_without_python():
    assert told((("log", Log("a", "b")), ("votes", {"b", "a"}))) == (
        "log = [a, b], votes = {a, b}"
    )
    assert told(Inner("log", Append(1, "x", 2))) == "log: Append(1, x, 2)"
    assert told("x" * 300).endswith("…")


def test_a_phrase_says_what_a_step_means():
    assert phrase(Step(0, "ignore", "a", why="older view")) == "ignored: older view"
    assert phrase(Step(0, "ok", "a", what=3)) == "ok 3"
    assert phrase(Step(0, "ok", "a")) == "ok"
