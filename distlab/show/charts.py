"""Charts for statistics: Altair, shown so that they draw offline, and told in words.

Altair's own renderers fetch scripts from the network, or speak a format that JupyterLab
cannot draw. Ours gives a chart three times: for JupyterLab, which draws it live (with
tooltips and zoom); as an SVG, for pages without a kernel; and in words.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from distlab.errors import Misuse
from distlab.show import colours
from distlab.show.colours import FAINT, INK, QUIET, Colour
from distlab.show.picture import FONT, Drawing, Picture

__all__ = ["Chart", "chart"]

VEGA_LITE = "application/vnd.vegalite.v5+json"  # the newest that JupyterLab 4 draws
# A live chart takes text and paper from JupyterLab's theme; these stand on both papers.
HUES = [colours.BLUE.dark]
HUES += [c.light for c in (*colours.HUES[1:6], colours.BAD)]
LIVE = {"range": {"category": HUES}, "mark": {"color": HUES[0]}}
# The SVG is drawn with the light shades; a style sheet then follows the theme. The font
# comes with vl-convert, so that the SVG is the same on every machine.
STILL = {
    "font": "Liberation Sans",
    "background": None,
    "title": {"color": INK.light},
    "axis": {
        "labelColor": QUIET.light,
        "titleColor": INK.light,
        "domainColor": QUIET.light,
        "tickColor": QUIET.light,
        "gridColor": FAINT.light,
    },
    "legend": {"labelColor": INK.light, "titleColor": INK.light},
    "header": {"labelColor": INK.light, "titleColor": INK.light},
    "text": {"color": INK.light},
    "rule": {"color": INK.light},
    "view": {"stroke": FAINT.light},
}
PADDING = 8
THEMED = (INK, QUIET, FAINT, *colours.HUES, colours.BAD)
RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-chart text": {"font-family": FONT},
    **{f'.dl-chart [fill="{hue.light}"]': {"fill": hue} for hue in THEMED},
    **{f'.dl-chart [stroke="{hue.light}"]': {"stroke": hue} for hue in THEMED},
}


@dataclass(frozen=True, slots=True, repr=False)
class Chart(Picture):
    """A chart that JupyterLab draws live from `spec`; elsewhere it is a picture."""

    spec: dict[str, Any]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        return {VEGA_LITE: self.spec, **Picture._repr_mimebundle_(self)}


def chart(chart: Any, *, alt: str = "", text: str = "") -> Chart:
    """Show an Altair chart, or a Vega-Lite specification, everywhere and in words.

    `alt` is one sentence that says what it shows, `text` the same at length, such as a
    table. Raises `Misuse` when neither `alt` nor the chart's description says it.
    """
    spec = dict(chart if isinstance(chart, dict) else chart.to_dict())
    alt = alt or spec.get("description", "")
    if not alt:
        raise Misuse(
            "show.chart needs `alt`, one sentence that says what the chart shows, for "
            "those who cannot see it."
        )
    # JupyterLab knows the format by its mime type, and warns about any newer schema.
    spec.pop("$schema", None)
    spec["description"] = alt
    spec["config"] = {**LIVE, **spec.get("config", {})}
    # The menu of a live chart leads to an editor on the network.
    spec.setdefault("usermeta", {"embedOptions": {"actions": False}})
    still = _still(spec, alt, text or alt)
    return Chart(still.svg, still.text, still.alt, spec)


def _still(spec: dict[str, Any], alt: str, text: str) -> Picture:
    """The chart as an SVG for both themes, on a panel of its own.

    Sizes are written as styles, which no style sheet of a neighbour overrules.
    """
    import vl_convert

    svg = vl_convert.vegalite_to_svg(json.dumps(spec), config=STILL)
    svg = re.sub(r'font-size="([\d.]+px)"', r'style="font-size:\1"', svg)
    head = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>', svg)
    assert head, svg[:200]
    wide, high = (float(side) + 2 * PADDING for side in head.groups())
    paper = Drawing(wide, high, RULES)
    inside = svg[head.end() : svg.rindex("</svg>")]
    moved = f"translate({PADDING} {PADDING})"
    paper.add("g", inside, transform=moved, class_="dl-chart")
    return paper.picture(alt=alt, text=text)


def show_bare_charts() -> None:
    """Let a chart that ends a cell by itself be shown by `chart` as well.

    Altair is not imported for it: IPython keeps the names until such a chart comes.
    """
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython

    if shell := get_ipython():
        shell.display_formatter.mimebundle_formatter.for_type_by_name(
            "altair.vegalite.v5.api", "TopLevelMixin", _bare
        )


def _bare(bare: Any) -> dict:
    return bare_chart(bare)._repr_mimebundle_()


def bare_chart(bare: Any) -> Chart:
    """An Altair chart that nobody described: its own words, if it has any."""
    spec = bare.to_dict()
    title = spec.get("title", "")
    said = title.get("text", "") if isinstance(title, dict) else title
    alt = spec.get("description") or str(said) or "A chart without a description."
    return chart(spec, alt=alt)
