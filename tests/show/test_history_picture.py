"""Pictures of histories: every operation is drawn and told, or said to be left out."""

import os
import random
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise
from math import inf

import pytest

from distlab.check import Edge, Verdict, pram, properties
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.show import excerpt, instants
from distlab.show import history as draw
from distlab.show.instants import BAR, Instants
from distlab.show.lanes import Lanes
from distlab.show.operations import few_words
from distlab.show.picture import text_width
from distlab.show.words import lines_of

SVG = "{http://www.w3.org/2000/svg}"


def op(process, f, args, from_ms, to_ms, result=None, outcome="ok") -> Operation:
    """An operation by hand, in milliseconds."""
    ended_us = None if to_ms is None else round(to_ms * 1000)
    return Operation(process, f, args, round(from_ms * 1000), outcome, result, ended_us)


W1 = op("c1", "write", ("x", 1), 0, 5)
R1 = op("c2", "read", ("x",), 2, 9, 1)
CAS = op("c3", "cas", ("x", 1, 2), 6, 14, True)
W3 = op("c1", "write", ("x", 3), 10, 30, "timeout", "info")
W9 = op("c4", "write", ("x", 9), 12, None, None, "info")
R2 = op("c2", "read", ("x",), 15, 17, 2)
REFUSED = op("c3", "cas", ("x", 7, 8), 20, 23, "was 2", "fail")
R3 = op("c2", "read", ("x",), 21, 33, 3)
STALE = op("c3", "read", ("x",), 34, 40, 2)
STORY = History((W1, R1, CAS, W3, W9, R2, REFUSED, R3, STALE))
ORDER = (W1, R1, CAS, R2, W3, R3)
INVALID = Verdict(
    "invalid",
    "linearizable",
    "6 of 7 operations in order; a search (Wing and Gong)",
    "c3 read x = 2 (34 to 40 ms), but c2 read x = 3 (21 to 33 ms) had ended before.",
    evidence=(W3, R3, STALE),
    order=ORDER,
)
VALID = Verdict("valid", "linearizable", "all", "One order explains it.", order=ORDER)


def crowd(clients: int, calls: int, seed: int = 1) -> History:
    """Clients that each call one thing after the other, for random times."""
    rng = random.Random(seed)
    done = []
    for client in range(clients):
        at = rng.random() * 5
        for i in range(calls):
            took = rng.expovariate(1 / 6) + 0.3
            f, args, result = (
                ("write", ("x", i), None) if i % 3 else ("read", ("x",), i)
            )
            done.append(op(f"c{client}", f, args, at, at + took, result))
            at += took + rng.choice((0, 0, rng.expovariate(1 / 4)))
    return History(done)


def drawn(svg: str) -> dict[int, tuple[float, float]]:
    """From where to where each operation's bar goes."""
    found = {}
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        boxes = [r for r in group.iter(f"{SVG}rect") if "glow" not in r.get("class")]
        lefts = [float(box.get("x")) for box in boxes]
        ends = [float(b.get("x")) + float(b.get("width")) for b in boxes]
        found[int(group.get("data-op"))] = min(lefts), max(ends)
    return found


def words_of(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def titles_of(svg: str) -> list[str]:
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    return [group.find(f"{SVG}title").text for group in groups]


# -------------------------------------------------------------------- nothing gets lost
def test_every_operation_is_drawn_and_named_and_told():
    picture = draw(STORY)
    assert sorted(drawn(picture.svg)) == list(range(len(STORY)))
    assert {few_words(op) for op in STORY} <= set(words_of(picture.svg))
    assert titles_of(picture.svg) == [" ".join(str(op).split()) for op in STORY]
    assert all(str(op) in picture.text for op in STORY)
    assert "All 9 operations of 4 processes." in picture.alt


def test_a_history_and_its_verdict_in_words(golden):
    golden("history.txt", draw(STORY, INVALID).text + "\n")


def test_the_bytes_of_a_history(golden):
    golden("history.svg", draw(STORY, INVALID).svg + "\n")


def test_a_history_without_operations_is_an_empty_picture():
    assert "History of nobody. 0 operations of 0 processes." in draw(History()).alt


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (W1, "w x=1"),
        (R1, "r x→1"),
        (op("c", "read", (), 0, 1, None), "r→∅"),
        (op("c", "write", (7,), 0, 1), "w 7"),
        (op("c", "write", ("x", ""), 0, 1), "w x=''"),
        (CAS, "cas x 1→2 yes"),
        (op("c", "cas", (1, 2), 0, 1, False), "cas 1→2 no"),
        (REFUSED, "cas x 7→8 ✗"),
        (W9, "w x=9 ?"),
        (op("c", "put", ("x", "ab"), 0, 1), "put x=ab"),
        (op("c", "get", ("x",), 0, 1, "a b"), "get x→'a b'"),
        (op("c", "read", ("x",), 0, 1, False), "r x→False"),
        (op("c", "txn", (1, "x"), 0, 1), "txn 1 x"),
        (op("c", "dequeue", (), 0, 1), "dequeue→∅"),
        (op("c", "enqueue", (3,), 0, 1), "enqueue 3"),
        (op("c", "acquire", (), 0, 1, 33), "acquire→33"),
        (
            op(
                "c",
                "txn",
                (("append", "x", 3), ("r", "y", None), ("w", "z", 1)),
                0,
                1,
                (("append", "x", 3), ("r", "y", (1, 2)), ("w", "z", 1)),
            ),
            "append x 3, r y→[1, 2], w z=1",
        ),
        (op("c", "txn", (("r", "y", None),), 0, 1, None, "info"), "r y ?"),
    ],
)
def test_an_operation_is_told_in_few_words(operation: Operation, words: str):
    assert few_words(operation) == words


def anyhow(seed: int) -> History:
    """Operations as nobody should have them: at once, open, busy, strange."""
    rng = random.Random(seed)
    far = rng.choice((3, 50, 10**7))
    values = (None, "", 0, (1, 2), [3], {"k": "v"}, "<&>", "∅" * 40, 10**20)
    done = []
    for _ in range(rng.randrange(1, 12)):
        begin = rng.randrange(far)
        end = rng.choice((None, begin, begin + rng.randrange(far)))
        f = rng.choice(("read", "write", "cas", "txn", "", "a method of many words"))
        args = tuple(rng.choice(values) for _ in range(rng.randrange(4)))
        if f == "txn":
            args = (("r", "x", None), ("append", rng.choice(values), 1))
        outcome = rng.choice(("ok", "fail", "info"))
        result = args if f == "txn" else rng.choice(values)
        done.append(
            Operation(rng.choice(("p", "q", "")), f, args, begin, outcome, result, end)
        )
    return History(done)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_was_called_is_drawn(seed: int):
    history = anyhow(seed)
    order = tuple(random.Random(seed).sample(history.operations, len(history)))
    for picture in (
        draw(history),
        draw(history, most=3),
        draw(history, Verdict("valid", "x", "all", "Why.", order=()), from_ms=0.001),
        draw(history, plain(order[:3], order)) if hashable(history) else draw(history),
    ):
        assert all(left < right for left, right in drawn(picture.svg).values())
        assert max([right for _, right in drawn(picture.svg).values()] or [0]) < 840
        assert len(titles_of(picture.svg)) == len(drawn(picture.svg))


def plain(evidence: tuple, order: tuple) -> Verdict:
    return Verdict("invalid", "x", "all", "Why.", evidence, order)


def hashable(history: History) -> bool:
    """Whether a verdict may hold these operations."""
    try:
        plain(history.operations, ())
    except Misuse:
        return False
    return True


# --------------------------------------------------------------------------- real time
@pytest.mark.parametrize(
    "history", [STORY, *(crowd(clients, 8, clients) for clients in (1, 3, 5, 12))]
)
def test_what_ended_before_another_began_is_left_of_it_and_overlaps_overlap(history):
    bars = drawn(draw(history, most=100).svg)
    for i, one in enumerate(history):
        for j, other in enumerate(history):
            if one.before(other):
                assert bars[i][1] <= bars[j][0]
            elif i < j and one.definite:
                assert bars[j][0] < bars[i][1]


def test_time_is_plain_where_all_words_fit():
    history = History(
        op(f"c{i}", "write", ("x", i), 30 * i, 30 * i + 20) for i in (0, 1, 2)
    )
    picture = draw(history)
    bars = drawn(picture.svg)
    assert "stretched" not in picture.svg
    assert bars[1][0] - bars[0][0] == pytest.approx(bars[2][0] - bars[1][0], abs=0.1)


def test_time_is_stretched_where_words_need_room_and_the_picture_says_so():
    picture = draw(crowd(5, 8))
    told = [few_words(op) for op in crowd(5, 8)]
    assert "Time is stretched" in picture.svg
    assert set(told) <= set(words_of(picture.svg))


def test_idle_time_is_cut_out_and_told():
    late = [
        op(p, "read", ("x",), 9_000 + i, 9_001 + i, i) for i, p in enumerate("abcabc")
    ]
    picture = draw(History((W1, R1, *late)))
    assert {"⟨8991⟩", "time left out"} <= set(words_of(picture.svg))


def test_round_times_are_marked_also_behind_a_break():
    ops = [op("p", "read", (), 1, 2, 1)]
    ops += [op(f"q{i % 3}", "read", (), 10 + i, 12.5 + i, 1) for i in range(40)]
    times = [w for w in words_of(draw(History(ops), most=50).svg) if w.isdigit()]
    assert {"20", "30", "40", "50"} <= set(times)


def test_operations_that_take_no_time_stand_one_after_the_other():
    history = History(
        [
            op("c1", "write", ("x", 1), 0, 5),
            op("c1", "read", ("x",), 5, 5, 1),
            op("c1", "read", ("x",), 5, 9, 1),
            op("c2", "read", ("x",), 5, 12, 1),
        ]
    )
    bars = [drawn(draw(history).svg)[i] for i in range(4)]
    assert all(one[1] <= other[0] for one, other in pairwise(bars[:3]))
    assert all(right - left >= BAR - 3 for left, right in bars)
    assert bars[3][0] < bars[0][1] + 2  # it was called while the write may have lasted


def test_words_are_given_up_before_the_order_of_time_is():
    history = crowd(2, 60)
    picture = draw(history, most=200)
    lefts = [drawn(picture.svg)[i][0] for i in range(len(history))]
    assert lefts == sorted(lefts)
    assert max(lefts) < 840


def test_the_key_is_left_out_where_all_share_it_and_room_is_scarce():
    def words(many: int, *args) -> set[str]:
        crowded = History(op("c", "write", args, i, i + 0.5) for i in range(many))
        return {w for w in words_of(draw(crowded).svg) if w.startswith("w")}

    assert words(10, "key", 1) == {"w key=1"}
    assert words(25, "key", 1) == {"w 1"}
    assert "w" not in words(40, 1)  # which is no key


def test_the_unit_is_that_of_the_log():
    assert "line" in words_of(draw(STORY, unit="line").svg)
    assert "ms" not in words_of(draw(STORY, unit="line").svg)


# -------------------------------------------------------------------------- the verdict
def test_the_evidence_and_the_reason_are_brought_out():
    picture = draw(STORY, INVALID)
    lines = [line for line in picture.text.splitlines() if line.startswith("▶")]
    assert lines == [line for line in lines if "3" in line]
    assert len(lines) == 3
    assert picture.svg.count('class="dl-op-glow"') == 3 + 1  # and in the legend
    shown = " ".join(words_of(picture.svg))
    assert INVALID.reason in shown
    assert "invalid: linearizable" in shown
    assert "invalid: linearizable" in picture.alt


def test_the_operations_are_numbered_in_the_order_that_explains_them():
    picture = draw(STORY, VALID)
    numbers = {}
    for line in picture.text.splitlines()[1:]:
        if found := re.match(r". +(\d) (.*)", line):
            numbers[int(found[1])] = found[2].strip()
    assert [numbers[n] for n in sorted(numbers)] == [str(op).strip() for op in ORDER]
    assert {str(n) for n in range(1, 7)} <= set(words_of(picture.svg))


def points(svg: str) -> list[float]:
    """Where the numbers of the order stand, in their order."""
    numbers = {
        int(text.text): float(text.get("x"))
        for text in ET.fromstring(svg).iter(f"{SVG}text")
        if text.get("class") == "dl-op-number"
    }
    return [numbers[n] for n in sorted(numbers)]


def test_each_point_lies_in_its_operation_and_after_the_one_before():
    picture = draw(STORY, VALID)
    at, bars = points(picture.svg), drawn(picture.svg)
    assert at == sorted(at)
    for x, one in zip(at, ORDER, strict=True):
        left, right = bars[STORY.operations.index(one)]
        assert left <= x
        assert x <= right or not one.definite


def test_an_order_that_does_not_keep_time_is_numbered_in_the_middle_of_the_bars():
    backwards = Verdict("valid", "sequential", "all", "Why.", order=(R3, W1, R2))
    picture = draw(STORY, backwards)
    bars = drawn(picture.svg)
    for x, one in zip(points(picture.svg), backwards.order, strict=True):
        left, right = bars[STORY.operations.index(one)]
        assert x == pytest.approx((left + right) / 2, abs=0.1)


# The causes of what c saw are at b, and of what b saw at a: each has its own order.
RELAY = History(
    (
        op("a", "write", ("x", 1), 0, 0.6),
        op("a", "write", ("y", 3), 1, 1.6),
        op("b", "read", ("y",), 2, 2.6, 3),
        op("b", "write", ("x", 2), 3, 3.6),
        op("c", "read", ("x",), 4, 4.6, 2),
        op("c", "read", ("x",), 5, 5.6, 1),
    )
)


def test_the_orders_of_single_processes_are_told():
    verdict = pram.pram(RELAY)
    picture = draw(RELAY, verdict)
    for view in verdict.order:
        assert f"As seen by {view}" in picture.text
        assert f"As seen by {view}" in " ".join(words_of(picture.svg))
    assert points(picture.svg) == []


def test_the_operations_are_numbered_in_the_order_that_one_process_sees():
    verdict = pram.pram(RELAY)
    (view,) = (view for view in verdict.order if view.process == "c")
    picture = draw(RELAY, verdict, seen_by="c")
    bars = drawn(picture.svg)
    for x, one in zip(points(picture.svg), view.order, strict=True):
        left, right = bars[RELAY.operations.index(one)]
        assert left < x < right
    assert "place in the order that c sees" in words_of(picture.svg)
    with pytest.raises(Misuse, match="no order that is 'z''s own: it has one of b, c"):
        draw(RELAY, verdict, seen_by="z")


def test_where_the_good_prefix_ends_a_line_says_so():
    words = "up to here, the order shown explains all of x"
    assert words in words_of(draw(STORY, INVALID).svg)
    assert words not in words_of(draw(STORY, VALID).svg)


def test_the_line_between_points_is_dotted_over_operations_that_are_left_out():
    def looks(history_picture) -> list[str]:
        lines = ET.fromstring(history_picture.svg).iter(f"{SVG}line")
        return [look for line in lines if "path" in (look := line.get("class"))]

    assert looks(draw(STORY, VALID)) == ["dl-op-path"] * 5
    without = draw(STORY, VALID, processes=("c1", "c2"))
    assert looks(without) == [
        "dl-op-path",
        "dl-op-path dl-op-over",
        *["dl-op-path"] * 2,
    ]


def test_the_line_counts_only_the_operations_of_the_key_that_was_judged():
    other = op("c5", "read", ("y",), 1, 2, 7)
    history = History((*STORY, other))
    end = drawn(draw(history, INVALID).svg)[history.operations.index(STALE)][1]
    picture = draw(history, INVALID)
    limits = [
        float(line.get("x1"))
        for line in ET.fromstring(picture.svg).iter(f"{SVG}line")
        if line.get("class") == "dl-op-limit"
    ]
    assert limits == [pytest.approx(end, abs=0.1)]
    assert "up to here, the order shown explains all of x" in words_of(picture.svg)


def test_without_keys_the_line_counts_every_operation():
    queue = [
        op("a", "enqueue", (1,), 0, 5),
        op("b", "dequeue", (), 6, 9, 2),
        op("a", "enqueue", (2,), 10, 15),
    ]
    verdict = Verdict(
        "invalid", "linearizable", "all", "Why.", (queue[1],), (queue[0],)
    )
    picture = draw(History(queue), verdict)
    assert "up to here, the order shown explains all" in words_of(picture.svg)


def test_no_point_leaves_the_paper():
    late = [op(f"c{i}", "write", ("x", i), 0, None, None, "info") for i in range(40)]
    verdict = Verdict("valid", "linearizable", "all", "Why.", order=tuple(late))
    at = points(
        draw(History(late), verdict, processes=[f"c{i}" for i in range(40)]).svg
    )
    assert len(at) == 40
    assert at == sorted(at)
    assert at[-1] < 830


def test_what_is_in_the_cycle_is_evidence_too():
    cycle = (Edge(W1, "wr", R1, "it saw it"), Edge(R1, "rw", W1, "it did not"))
    verdict = Verdict("invalid", "serializable", "all", "Why.", cycle=cycle)
    assert draw(STORY, verdict).text.count("▶") == 2


@pytest.mark.parametrize(
    ("model", "property", "values"),
    [
        ("register", "causal", (1, 1, 1)),
        ("register", "causal-memory", (1, 1, 1)),
        ("register", "causal", (1, None, 1)),
        ("set", "linearizable", (1, (), (1,))),
    ],
)
def test_what_is_judged_as_something_else_is_drawn_as_it_was_called(
    model: str, property: str, values: tuple
):
    written, *seen = values
    name = {"register": "write", "set": "add"}[model]
    story = [op("a", name, (written,), 0, 1)]
    story += [op("a", "read", (), i, i + 1, value) for i, value in enumerate(seen, 2)]
    history = History(story)
    verdict = properties.judge(history, property, model)
    picture = draw(history, verdict)
    assert set(drawn(picture.svg)) == set(range(len(history)))
    assert all(op in history for op in verdict.evidence)
    if verdict.cycle:
        assert {edge.source for edge in verdict.cycle} <= set(history)


# ------------------------------------------------------------------------ what is shown
def test_of_a_long_history_the_part_around_the_evidence_is_drawn():
    history = crowd(5, 40)
    verdict = Verdict("invalid", "linearizable", "all", "Why.", (history[100],))
    picture = draw(history, verdict, most=30)
    assert set(drawn(picture.svg)) == set(range(85, 115))
    assert "30 of 200 operations around the evidence" in picture.alt
    assert "170 left out" in " ".join(words_of(picture.svg))


def test_of_many_keys_the_one_that_was_judged_comes_first():
    history = History(
        op("c1", "write", ("xyz"[i % 3], i), i, i + 0.5) for i in range(300)
    )
    verdict = Verdict("invalid", "linearizable", "all", "Why.", (history[150],))
    assert set(drawn(draw(history, verdict, most=9).svg)) == set(range(138, 163, 3))


def test_of_a_long_history_without_evidence_the_beginning_is_drawn():
    picture = draw(crowd(5, 40), most=30)
    assert set(drawn(picture.svg)) == set(range(30))
    assert "30 of 200 operations, of 5 processes; 170 left out" in picture.alt


def test_the_rest_is_seen_by_its_times():
    history = crowd(5, 40)
    inside = {
        i for i, op in enumerate(history) if op.ended_ms >= 50 and op.invoked_ms <= 70
    }
    assert set(drawn(draw(history, from_ms=50, to_ms=70).svg)) == inside


def test_of_many_processes_those_of_the_evidence_have_a_lane():
    history = History(op(f"p{i}", "write", ("x", i), i, i + 20) for i in range(50))
    verdict = Verdict("invalid", "linearizable", "all", "Why.", (history[47],))
    picture = draw(history, verdict, most=100)
    assert {47, *range(29)} == set(drawn(picture.svg))
    assert "20 left out, 20 processes with them" in picture.alt


def test_lanes_are_in_the_order_of_people():
    history = History(op(f"c{i}", "read", (), 12 - i, 20, 1) for i in range(1, 12))
    names = [w for w in words_of(draw(history).svg) if re.fullmatch(r"c\d+", w)]
    assert names == [f"c{i}" for i in range(1, 12)]


def test_only_the_processes_asked_for_have_a_lane():
    picture = draw(STORY, processes=("c2", "c1"))
    assert "c3" not in picture.text
    assert "5 of 9 operations, of 2 processes" in picture.alt


# -------------------------------------------------------------------- on any machine
def test_a_value_without_spaces_is_broken_and_nothing_of_it_is_lost():
    reason = f"c1 read [{','.join(map(str, range(300)))}], and nobody knows why."
    rows = lines_of(reason, 700, size=11)
    assert "".join("".join(rows).split()) == "".join(reason.split())
    assert all(text_width(row, 11, bold=True) <= 700 for row in rows)


def test_a_reason_without_end_is_whole_in_the_text_and_cut_on_paper():
    verdict = Verdict("invalid", "linearizable", "all", "It is long. " * 2000)
    picture = draw(STORY, verdict)
    assert picture.text.count("It is long.") == 2000
    shown = " ".join(words_of(picture.svg))
    assert 50 < shown.count("It is long.") < 200
    assert "… the rest of this is in the text beside the picture." in shown


def test_words_that_find_no_room_give_way():
    lanes = [[op("c", "read", (), i, i + 0.5) for i in range(100)]]
    crowded = Instants(lanes, [[50.0] * 100], 0, 800)
    assert not crowded.fits
    assert Instants(lanes, [[0.0] * 100], 0, 1500).fits
    crowded.spread_out()
    assert crowded.xs[-1] <= 800.1


def test_the_picture_is_the_same_in_every_process():
    code = (
        "import sys; sys.path.insert(0, 'tests/show'); import hashlib\n"
        "from test_history_picture import *\n"
        "svg = draw(STORY, INVALID).svg + draw(crowd(5, 40)).svg\n"
        "print(hashlib.sha256(svg.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


# ------------------------------------------------------------------------- wrong calls
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: draw([W1]), "draws a History, not a list"),
        (lambda: draw(STORY, STORY), "takes a Verdict about the history"),
        (lambda: draw(STORY[:4], VALID), "which this history does not have"),
        (lambda: draw(STORY, processes=("c9",)), "no process of this history"),
        (lambda: draw(STORY, from_ms=9, to_ms=1), "give `from_ms` before `to_ms`"),
        (lambda: draw(STORY, most=0), "`most` from 1"),
        (lambda: draw(STORY, VALID, seen_by="c1"), "leave `seen_by` away"),
    ],
)
def test_a_wrong_call_gets_a_sentence(call, sentence: str):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        call()


# ------------------------------------------------------------------------------ mutants
def takes_any_verdict(history: History, some) -> list[int]:
    """Looks for no operation of another history."""
    return [i for i, op in enumerate(history) if op in list(some)]


def draws_the_first(history, places, evidence) -> list[int]:
    """Forgets what the verdict is about."""
    return places


def sees_no_keys(history, places) -> tuple:
    return ()


def believes_every_order(lanes) -> bool:
    """Takes no notice of an order that does not keep time."""
    return True


def begins_all_at_once(lane) -> list:
    """Forgets that a process calls again when its last operation has ended."""
    return [
        ((op.invoked_us, 0), (inf if op.ended_us is None else op.ended_us, 1))
        for op in lane
    ]


def stands_at_the_call(lanes) -> dict:
    """Puts each point where its operation begins, whatever came before."""
    order = enumerate(lanes.part.order, 1)
    return {i: (str(n), lanes.box[i][0]) for n, i in order if i in lanes.box}


def sorts_by_letters(process: str) -> str:
    return process


def names_every_key(op: Operation) -> bool:
    """Takes the value of a register for its key."""
    return bool(op.args)


KILLED = {
    (excerpt, "places_of", takes_any_verdict): lambda: (
        test_a_wrong_call_gets_a_sentence(
            lambda: draw(STORY[:4], VALID), "which this history does not have"
        )
    ),
    (excerpt, "_nearest", draws_the_first): (
        test_of_a_long_history_the_part_around_the_evidence_is_drawn
    ),
    (excerpt, "_key", sees_no_keys): (
        test_the_line_counts_only_the_operations_of_the_key_that_was_judged
    ),
    (excerpt, "_natural", sorts_by_letters): test_lanes_are_in_the_order_of_people,
    (excerpt, "has_key", names_every_key): (
        test_the_key_is_left_out_where_all_share_it_and_room_is_scarce
    ),
    (Lanes, "_keeps_time", believes_every_order): (
        test_an_order_that_does_not_keep_time_is_numbered_in_the_middle_of_the_bars
    ),
    (Lanes, "_points", stands_at_the_call): (
        test_each_point_lies_in_its_operation_and_after_the_one_before
    ),
    (instants, "spans", begins_all_at_once): (
        test_operations_that_take_no_time_stand_one_after_the_other
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant[2].__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setattr(*mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        KILLED[mutant]()
