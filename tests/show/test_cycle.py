"""Cycles: every arrow is drawn, numbered and told, and no two words meet."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from typing import NamedTuple

import pytest

from distlab.check import Edge, Verdict, causal, transactions
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.show import cycle as draw
from distlab.show.ring import MOST, Ring, who

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("rw", "wr", "real time", "ww", "process")


def txn(process: str, from_ms: int, to_ms: int, *steps: tuple) -> Operation:
    """A transaction by hand; its reads are told with what they saw."""
    asked = tuple((f, key, None if f == "r" else value) for f, key, value in steps)
    return Operation(process, "txn", asked, from_ms * 1000, "ok", steps, to_ms * 1000)


ALICE = txn("alice", 0, 8, ("r", "bob on call", True), ("w", "alice on call", False))
BOB = txn("bob", 3, 9, ("r", "alice on call", True), ("w", "bob on call", False))
SKEW = Verdict(
    "invalid",
    "serializable",
    "2 transactions; cycles (Elle)",
    "Each did not see what the other wrote: write skew.",
    cycle=(
        Edge(ALICE, "rw", BOB, "alice saw bob on call, and bob had himself taken off"),
        Edge(
            BOB, "rw", ALICE, "bob saw alice on call, and alice had herself taken off"
        ),
    ),
)


def ring(n: int, steps: int = 3) -> Verdict:
    """A cycle of n transactions."""
    ops = [
        txn(
            f"c{i % 5 + 1}",
            3 * i,
            3 * i + 7,
            *(("append", f"x{j}", i) for j in range(steps)),
        )
        for i in range(n)
    ]
    edges = [
        Edge(ops[i], KINDS[i % 5], ops[(i + 1) % n], f"reason {i + 1}")
        for i in range(n)
    ]
    return Verdict("invalid", "serializable", "all", "Why.", cycle=tuple(edges))


def words_of(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def arrows(svg: str) -> list[int]:
    groups = ET.fromstring(svg).iter(f"{SVG}g")
    return [int(i) for g in groups if (i := g.get("data-edge"))]


# -------------------------------------------------------------------- nothing gets lost
@pytest.mark.parametrize("n", range(1, MOST + 1))
def test_every_arrow_is_drawn_and_numbered_and_told(n: int):
    verdict = ring(n)
    picture = draw(verdict)
    words = words_of(picture.svg)
    assert arrows(picture.svg) == list(range(1, n + 1))
    for i, edge in enumerate(verdict.cycle, 1):
        assert str(i) in words
        assert edge.kind in words
        assert f"{i}. {edge.kind}: reason {i}" in words
        assert f"{i} → {i % n + 1}  {edge.kind}: reason {i}" in picture.text
        assert who(edge.source) in words
        assert f"{i}  {who(edge.source)} append x0 {i - 1}" in picture.text


def test_a_long_cycle_is_folded_on_paper_and_whole_in_words():
    picture = draw(ring(13))
    words = words_of(picture.svg)
    assert "6 more" in words
    assert "6 of 13 left out: the text has them all." in " ".join(words)
    assert arrows(picture.svg) == [1, 2, 3, 11, 12, 13]
    assert all(f"reason {i}" in picture.text for i in range(1, 14))


def test_a_long_transaction_is_cut_in_its_box_and_whole_under_the_pointer():
    picture = draw(ring(2, steps=9))
    assert "… 4 more" in words_of(picture.svg)
    assert "('append', 'x8', 0)" in picture.svg.replace("&#x27;", "'")


def test_a_cycle_in_words(golden):
    golden("cycle.txt", draw(SKEW).text + "\n")


def test_the_bytes_of_a_cycle(golden):
    golden("cycle.svg", draw(SKEW).svg + "\n")


def test_the_cycle_is_told_in_one_sentence():
    alt = draw(SKEW).alt
    assert alt == (
        "A cycle of 2: alice (0 to 8 ms) → bob (3 to 9 ms) → alice (0 to 8 ms)."
    )


def test_what_a_kind_means_is_told_where_it_occurs():
    assert "rw: the first did not see what the second wrote" in draw(SKEW).text
    assert "real time:" not in draw(SKEW).text


# --------------------------------------------------------------------------- the paper
@pytest.mark.parametrize("n", [*range(1, MOST + 1), 13])
def test_no_box_touches_another_and_all_are_on_the_paper(n: int):
    drawn = Ring(ring(n).cycle)
    half = drawn.wide / 2
    for one, other in combinations(drawn.shown, 2):
        (x0, y0), (x1, y1) = drawn.middle[one], drawn.middle[other]
        high = (drawn.high[one] + drawn.high[other]) / 2
        assert abs(x0 - x1) > drawn.wide + 40 or abs(y0 - y1) > high + 40
    for node in drawn.shown:
        x, y = drawn.middle[node]
        assert half < x < drawn.width - half
        assert drawn.high[node] / 2 < y < drawn.drawing.height


def test_an_arrow_leads_from_box_to_box():
    drawn = Ring(ring(4).cycle)
    for way in drawn.ways:
        for (x, y), node in zip(drawn._way(*way), way, strict=True):
            middle = drawn.middle[node]
            beside = abs(x - middle[0]) > drawn.wide / 2
            assert beside or abs(y - middle[1]) > drawn.high[node] / 2


# ----------------------------------------------------------------------- what is drawn
def test_what_has_only_a_name_is_drawn_by_it():
    edges = (Edge("T1", "ww", "T2", "so"), Edge("T2", "ww", "T1", "and so"))
    picture = draw(Verdict("invalid", "G0", "all", "Why.", cycle=edges))
    assert "A cycle of 2: T1 → T2 → T1." in picture.alt


def test_a_cycle_of_thousands_is_drawn_and_told():
    picture = draw(ring(3000, steps=1))
    assert "2993 more" in words_of(picture.svg)
    assert len(picture.alt) < 500
    assert picture.text.count("reason ") == 3000


def test_an_anomaly_is_drawn_by_its_name():
    class Anomaly(NamedTuple):
        name: str
        cycle: tuple

    assert draw(Anomaly("write skew", SKEW.cycle)).text.startswith("write skew\n")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (Verdict("valid", "PRAM", "all", "Why."), "this verdict on “PRAM” has none"),
        ("serializable", "a str has none: give it an invalid verdict"),
    ],
)
def test_a_wrong_call_gets_a_sentence(what, sentence: str):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        draw(what)


def test_the_picture_is_the_same_in_every_process():
    code = (
        "import sys; sys.path.insert(0, 'tests/show'); import hashlib\n"
        "from test_cycle import *\n"
        "svg = draw(SKEW).svg + draw(ring(13)).svg\n"
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


# ------------------------------------------------------------------- as judges tell it
LOST = History(
    (
        txn("c0", 0, 1, ("append", "x", 0)),
        txn("c1", 2, 8, ("r", "x", (0,)), ("append", "x", 1)),
        txn("c2", 3, 9, ("r", "x", (0,)), ("append", "x", 2)),
        txn("c3", 12, 15, ("r", "x", (0, 1, 2))),
    )
)


def test_the_boxes_bear_the_names_that_the_reason_has_for_them():
    verdict = transactions.judge(LOST, "serializable")
    words = words_of(draw(verdict).svg)
    assert "T1: c1 (2 to 8 ms)" in words
    assert "T2: c2 (3 to 9 ms)" in words
    assert verdict.reason in draw(verdict).text


def test_who_has_seen_it_is_presented_too():
    verdict = transactions.judge(LOST, "serializable")
    picture = draw(verdict)
    assert "Besides: T3: c3 (12 to 15 ms) r x→[0, 1, 2]" in words_of(picture.svg)
    assert "-  T3: c3 (12 to 15 ms) r x→[0, 1, 2]" in picture.text


def test_what_the_arrows_tell_is_not_told_twice_on_paper():
    verdict = transactions.judge(LOST, "serializable")
    shown = " ".join(words_of(draw(verdict).svg))
    for edge in verdict.cycle:
        assert shown.count(edge.why) == 1
    assert "lost update: " in shown


def test_the_cycle_of_reads_and_writes_is_drawn_with_its_whole_reason():
    story = (
        Operation("c1", "write", ("x", 1), 0, "ok", None, 1000),
        Operation("c1", "write", ("x", 2), 2000, "ok", None, 3000),
        Operation("c2", "read", ("x",), 4000, "ok", 2, 5000),
        Operation("c2", "read", ("x",), 6000, "ok", 1, 7000),
    )
    verdict = causal.causally_consistent(History(story))
    picture = draw(verdict)
    assert verdict.invalid
    assert arrows(picture.svg) == list(range(1, len(verdict.cycle) + 1))
    assert verdict.reason in " ".join(words_of(picture.svg))


# ------------------------------------------------------------------------------ mutants
class FoldsInSilence(Ring):
    """Leaves out the middle and does not say so."""

    def _folded(self) -> list[int]:
        return list(range(len(self.nodes)))[:MOST]


class MixesUpItsBoxes(Ring):
    """Puts every box of the lower row where another one is."""

    def _places(self, columns: int):
        upper = self.shown[:columns]
        for n, place in super()._places(columns):
            yield n, place if n in upper else (place[0] - 60, place[1] - 60)


class KnowsNoNames(Ring):
    """Does not look for what the reason calls them."""

    def named(self, node) -> str:
        return who(node)


KILLED = {
    FoldsInSilence: test_a_long_cycle_is_folded_on_paper_and_whole_in_words,
    MixesUpItsBoxes: lambda: test_no_box_touches_another_and_all_are_on_the_paper(6),
    KnowsNoNames: test_the_boxes_bear_the_names_that_the_reason_has_for_them,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Ring", mutant)
    monkeypatch.setattr(sys.modules["distlab.show.cycle"], "Ring", mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        KILLED[mutant]()
