"""Maps, lines, percentiles and charts: what is drawn is said, on any machine alike."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab import show
from distlab.check.verdict import Verdict
from distlab.errors import Misuse
from distlab.show import colours
from distlab.show.charts import VEGA_LITE
from distlab.show.maps import FAINTEST, SIGNS, STRONGEST, cell_of
from distlab.show.picture import text_width
from distlab.show.plots import DASHES, MARKS, rank, steps, ticks

SVG = "{http://www.w3.org/2000/svg}"
COUNTS = {(t, loss): t * loss for t in (50, 100, 150) for loss in (0, 1, 2)}
SAMPLES = {"fast": [3, 1, 2], "slow": [30, 10, 20], "dead": []}
LINES = {"s2": [(0, 0), (10, 4), (20, 2)], "s3": [(0, 1), (20, 9)]}


def a_map(**changes):
    given_ = {"x": "timeout_ms", "y": "loss", "of": 300, "invalid": "lost", **changes}
    return show.heatmap(given_.pop("cells", COUNTS), **given_)


def drawn() -> dict[str, show.Picture]:
    """One of each, by name."""
    return {
        "map": a_map(),
        "map with a marker": a_map().at(100, 1),
        "lines": show.lines(LINES, x="time_ms", y="lag", at=15),
        "percentiles": show.percentiles(SAMPLES, of="latency_ms"),
        "chart": show.chart(SPEC, alt="two bars"),
    }


SPEC = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.20.1.json",
    "data": {"values": [{"mode": "sync", "ms": 9}, {"mode": "async", "ms": 4}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "mode", "type": "nominal"},
        "y": {"field": "ms", "type": "quantitative"},
        "color": {"field": "mode", "type": "nominal"},
    },
}


def texts(picture) -> list[str]:
    """Everything that is written in a drawing."""
    tree = ElementTree.fromstring(picture.svg)
    return ["".join(e.itertext()) for e in tree.iter() if e.tag.endswith("}text")]


# ------------------------------------------------------------------------ all of them
@pytest.mark.parametrize("name", drawn())
def test_a_picture_has_its_sentence_and_its_words_inside(name):
    picture = drawn()[name]
    tree = ElementTree.fromstring(picture.svg)
    assert tree.get("role") == "img"
    inside = {child.tag.rpartition("}")[2]: child.text for child in tree[:2]}
    assert inside["title"] == picture.alt
    assert inside["desc"] == picture.text.splitlines()[0]


def test_pictures_are_the_same_bytes_in_every_process():
    code = (
        "import test_charts, hashlib;"
        "print([hashlib.sha256(p.svg.encode()).hexdigest()"
        " for p in test_charts.drawn().values()])"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    mine = [hashlib.sha256(p.svg.encode()).hexdigest() for p in drawn().values()]
    assert said[0] == said[1] == f"{mine}\n"


@pytest.mark.parametrize("name", drawn())
def test_a_picture_asks_nothing_of_the_outside(name):
    told = json.dumps(drawn()[name]._repr_mimebundle_())
    for address in ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"):
        told = told.replace(address, "")
    assert "http" not in told


LONG = "How long two hundred writes take, by the number of synchronous followers"


@pytest.mark.parametrize(
    "picture",
    [
        *(drawn()[name] for name in ("map", "lines", "percentiles")),
        a_map(title=LONG, valid=LONG[:40], invalid=LONG[:35]),
        a_map(cells={(1000 * x, y): True for x in range(30) for y in range(3)}),
        show.lines({LONG: LINES["s2"], "b" + LONG: []}, x="t", y="v", title=LONG, at=0),
        show.percentiles(SAMPLES, of="latency_ms", title=LONG, at=(50, 99.9)),
    ],
)
def test_nothing_is_written_beyond_the_paper_or_over_its_neighbour(picture):
    tree = ElementTree.fromstring(picture.svg)
    rows: dict[float, list[tuple[float, float]]] = {}
    for written in tree.iter(f"{SVG}text"):
        style = written.get("class") or ""
        title = "dl-title" in style
        wide = text_width(written.text, 13 if title else 11, title) / 1.04
        left = float(written.get("x"))
        left -= wide if "dl-end" in style else wide / 2 if "dl-middle" in style else 0
        rows.setdefault(float(written.get("y")), []).append((left, left + wide))
    for spans in rows.values():
        spans.sort()
        assert spans[0][0] >= 0
        assert spans[-1][1] <= float(tree.get("width"))
        assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert max(rows) < float(tree.get("height"))


# ------------------------------------------------------------------------------- maps
def test_every_cell_is_written_in_the_map_and_in_its_words():
    cells = {spot: 700 + i for i, spot in enumerate(COUNTS)}
    picture = a_map(cells=cells, of=800)
    assert [t for t in texts(picture) if t.startswith("7")] == [
        *("702", "705", "708"),
        *("701", "704", "707"),
        *("700", "703", "706"),
    ]
    assert picture.text.splitlines()[:4] == [
        "loss \\ timeout (ms)   50  100  150",
        "2                    702  705  708",
        "1                    701  704  707",
        "0                    700  703  706",
    ]


def test_a_map_counts_what_it_shows():
    assert a_map().alt == (
        "loss against timeout (ms): Of 9 settings kept at 3, lost at 6."
    )
    assert (
        a_map()
        .at(150, 1)
        .alt.endswith(" At timeout 150 ms, loss 1: lost in 150 of 300 runs.")
    )
    assert a_map().at(150, 0).alt.endswith(" At timeout 150 ms, loss 0: kept.")


def test_a_map_of_shares_says_of_what_and_where_there_are_none():
    cells = {(1, 1): 43.6, (1, 2): 0, (2, 1): "unknown", (2, 2): "unknown"}
    named = {"x": "r", "y": "w", "invalid": "stale", "unknown": "never ends"}
    shares = a_map(cells=cells, of=100, what="reads", **named)
    legend = "0: kept; n: stale in n of 100 reads; ?: never ends"
    assert shares.text.splitlines()[-1] == legend
    assert shares.at(1, 1).alt.endswith(" At r 1, w 1: stale in 43.6 of 100 reads.")
    assert shares.at(2, 1).alt.endswith(" At r 2, w 1: never ends.")


def test_moving_the_marker_draws_nothing_else_anew():
    marker = re.compile(
        r'<(?:rect class="dl-map-(?:around|here)"|path [^>]*dl-map-pointer")[^>]*>'
        r"|<rect [^>]*dl-map-(?:around|here)[^>]*>|<title.*?</title>|<desc.*?</desc>"
        r'| aria-\w+="[^"]*"'
    )
    atlas = a_map()
    bare = [marker.sub("", p.svg) for p in (atlas, atlas.at(50, 2), atlas.at(150, 0))]
    assert bare[0] == bare[1] == bare[2]
    assert atlas.at(50, 2).svg != atlas.at(150, 0).svg


def test_a_marker_between_the_cells_goes_to_the_nearest():
    assert a_map().at(119, 0.4).svg == a_map().at(100, 0).svg


def test_a_cell_may_be_a_verdict_its_outcome_or_a_bool():
    verdict = Verdict("unknown", "durability", "no reads", "Nobody read.")
    cells = {("a", 1): verdict, ("b", 1): "invalid", ("c", 1): True}
    picture = a_map(cells=cells, x="protocol", y="followers")
    assert picture.text == (
        "followers \\ protocol  a  b  c\n1                     ?  ✗  ✓\n"
        "✓: kept; ✗: lost; ?: unknown"
    )
    assert picture.at("b", 1).alt.endswith("At protocol b, followers 1: lost.")


def test_what_a_cell_says_is_said_without_its_colour():
    assert len(set(SIGNS.values())) == len(SIGNS)
    assert cell_of(0, 20).sign != cell_of(1, 20).sign


def test_a_map_with_a_hole_or_a_strange_cell_is_refused():
    with pytest.raises(Misuse, match="no cell for timeout 50 ms, loss 1"):
        a_map(cells={(50, 0): 1, (100, 0): 1, (100, 1): 0})
    with pytest.raises(Misuse, match="a cell of a map holds 'maybe'"):
        a_map(cells={(50, 0): "maybe"})
    with pytest.raises(Misuse, match=r"the map has no d: it has a, b\."):
        a_map(cells={("a", 0): True, ("b", 0): True}).at("d", 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("strength", [0.3, 0.45, FAINTEST, STRONGEST])
@pytest.mark.parametrize("hue", [colours.GREEN, colours.BAD, colours.GREY])
def test_what_is_written_in_a_cell_is_legible_on_both_themes(hue, strength, theme):
    paper, ink, over = (getattr(c, theme) for c in (colours.PAPER, colours.INK, hue))
    channels = [
        round(int(over[i : i + 2], 16) * strength + int(paper[i : i + 2], 16) * rest)
        for i, rest in ((1, 1 - strength), (3, 1 - strength), (5, 1 - strength))
    ]
    mixed = "#" + "".join(f"{channel:02x}" for channel in channels)
    assert colours.contrast(mixed, ink) >= 4.5


# -------------------------------------------------------------- lines and percentiles
@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 99))
def test_a_percentile_is_the_least_sample_that_enough_do_not_exceed(
    samples, percentile
):
    def enough(value: int) -> bool:
        return 100 * sum(s <= value for s in samples) >= percentile * len(samples)

    assert rank(sorted(samples), percentile) == min(filter(enough, samples))


def test_the_percentiles_drawn_are_those_in_the_words():
    picture = show.percentiles(SAMPLES, of="latency_ms")
    assert picture.text == (
        "latency (ms)  samples   p50   p90   p99\n"
        "fast                3     2     3     3\n"
        "slow                3    20    30    30\n"
        "dead                0  none  none  none"
    )
    paths = re.findall(r'data-series="(\w+)"', picture.svg)
    assert paths == ["fast", "slow"]  # nothing is drawn for no samples


def test_the_axis_of_percentiles_goes_as_far_as_it_is_asked_to():
    assert steps(99.9)[0] == 0
    assert steps(99.9)[-1] == pytest.approx(99.9)
    picture = show.percentiles(SAMPLES, of="latency_ms", at=(50, 99.9))
    assert {"least", "p50", "p99.9"} <= set(texts(picture))


def test_lines_stand_in_the_words_point_by_point():
    picture = show.lines(LINES, x="time_ms", y="lag", at=15)
    for name, points in LINES.items():
        table = picture.text.split(f"{name}\n")[1].split("\n\n")[0].splitlines()[1:]
        assert [tuple(map(int, row.split())) for row in table] == points
    assert "time 15 ms" in texts(picture)


def test_a_line_goes_through_its_points_to_scale():
    picture = show.lines({"a": [(0, 0), (50, 5), (100, 10)]}, x="t", y="v")
    path = re.search(r' d="([^"]*)"[^>]*data-series="a"', picture.svg)[1]
    spots = [tuple(map(float, spot.split())) for spot in path[1:].split("L")]
    (x0, y0), (x1, y1), (x2, y2) = spots
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y0 - y1 == pytest.approx(y1 - y2)
    assert x0 < x1 < x2
    assert y0 > y1 > y2


@pytest.mark.parametrize("at", [0, 5, 20])
def test_the_place_in_question_is_told_beside_the_name_of_the_axis(at):
    picture = show.lines(LINES, x="width_ms", y="without_leader_ms", at=at)
    tree = ElementTree.fromstring(picture.svg)
    placed = {text.text: float(text.get("x")) for text in tree.iter(f"{SVG}text")}
    told = f"width {at} ms"
    assert placed[told] - text_width(told) / 2 > 14 + text_width("without leader (ms)")


def test_series_are_told_apart_by_mark_and_dashes_as_well():
    assert len(set(DASHES)) == len(set(MARKS)) == len(colours.HUES)


def test_more_series_than_can_be_told_apart_are_refused():
    with pytest.raises(Misuse, match="tells 7 series apart, and was given 8"):
        show.lines({str(i): [(0, i)] for i in range(8)}, x="t", y="v")
    with pytest.raises(Misuse, match="was given 0"):
        show.percentiles({}, of="latency_ms")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_even_and_inside(low, width):
    found = ticks(low, low + width)
    gaps = [b - a for a, b in pairwise(found)]
    assert 1 <= len(found) <= 8
    assert all(low - width * 1e-6 <= t <= low + width * (1 + 1e-6) for t in found)
    assert all(gap == pytest.approx(gaps[0], rel=1e-3) for gap in gaps)


def test_a_flat_line_and_a_single_point_are_drawn():
    assert show.lines({"a": [(3, 7)]}, x="t", y="v").svg
    assert show.lines({"a": [(3, 7), (4, 7)], "b": []}, x="t", y="v").svg


# ----------------------------------------------------------------------------- charts
def test_a_chart_is_shown_live_as_a_drawing_and_in_words():
    bundle = show.chart(
        SPEC, alt="two bars", text="sync 9, async 4"
    )._repr_mimebundle_()
    assert list(bundle) == [VEGA_LITE, "image/svg+xml", "text/plain"]
    assert bundle["text/plain"] == "two bars\nsync 9, async 4"
    assert bundle[VEGA_LITE]["data"] == SPEC["data"]
    assert bundle[VEGA_LITE]["description"] == "two bars"
    assert "$schema" in SPEC, "the chart that was given is not changed"


def test_an_altair_chart_and_its_specification_are_shown_alike():
    import altair

    fields = {"x": "mode:N", "y": "ms:Q", "color": "mode:N"}
    drawn_by_altair = altair.Chart(SPEC["data"]).mark_bar().encode(**fields)
    assert texts(show.chart(drawn_by_altair, alt="two bars")) == texts(
        show.chart(SPEC, alt="two bars")
    )


def test_a_chart_that_nobody_describes_is_refused():
    with pytest.raises(Misuse, match="needs `alt`, one sentence"):
        show.chart(SPEC)
    assert show.chart({**SPEC, "description": "two bars"}).alt == "two bars"


def test_the_colours_of_a_chart_follow_the_theme():
    svg = show.chart(SPEC, alt="two bars").svg
    painted = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6})"', svg))
    themed = {c.light for c in (colours.INK, colours.QUIET, colours.FAINT)}
    assert painted >= themed - {colours.INK.light}
    for colour in painted - {colours.BLUE.dark}:  # which stands on both papers
        assert f'[fill="{colour}"]{{fill:light-dark({colour},' in svg.replace(
            "&quot;", '"'
        )


@pytest.mark.parametrize("paper", ["#ffffff", "#333333"])  # of Vega, light and dark
def test_the_series_of_a_live_chart_stand_out_on_both_themes(paper):
    config = show.chart(SPEC, alt="two bars").spec["config"]
    for hue in config["range"]["category"]:
        assert colours.contrast(hue, paper) >= 3


def test_a_bare_chart_that_ends_a_cell_is_shown_by_ours_and_nothing_is_loaded_before():
    code = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
from distlab import show
assert not {"altair", "ipywidgets", "vl_convert"} & set(sys.modules)
import altair
chart = altair.Chart({"values": [{"a": 1}]}, title="one").mark_bar().encode(x="a:Q")
data, _ = shell.display_formatter.format(chart)
print(sorted(data), data["text/plain"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (
        done.stdout
        == f"{sorted([VEGA_LITE, 'image/svg+xml', 'text/plain'])} one\none\n"
    ), done.stderr


def test_random_maps_are_read_back_from_their_words():
    for seed in range(20):
        draw = random.Random(seed)
        xs, ys = sorted(draw.sample(range(99), 4)), sorted(draw.sample(range(99), 3))
        cells = {(x, y): draw.randint(0, 20) for x in xs for y in ys}
        rows = a_map(cells=cells, of=20).text.splitlines()[1:-1]
        read = {
            (x, int(row.split()[0])): int(cell)
            for row in rows
            for x, cell in zip(xs, row.split()[1:], strict=True)
        }
        assert read == cells, seed
