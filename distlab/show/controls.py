"""The controls of `tune`: sliders, choices and boxes to tick, each with its unit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import ipywidgets

from distlab.errors import Misuse
from distlab.show.words import label_of, told

__all__ = ["Control", "control_of", "slider"]

STYLE = {"description_width": "initial"}
SNUG = {"width": "max-content", "margin": "2px 24px 2px 4px"}
FEW = 4  # options that are all in sight, rather than on a slider or in a list


class Slider(NamedTuple):
    """A range of numbers, as `slider` was told it."""

    low: float
    high: float
    step: float = 1
    start: float | None = None
    label: str = ""


def slider(
    low: float,
    high: float,
    step: float = 1,
    *,
    start: float | None = None,
    label: str = "",
) -> Slider:
    """A slider from `low` to `high`, both included.

    Raises `Misuse` when there is nowhere to slide to.
    """
    if not (low < high and 0 < step <= high - low):
        raise Misuse(
            f"a slider from {low} to {high} in steps of {step} does not move: give "
            f"(low, high, step) with low below high and a step that fits between."
        )
    if start is not None and not low <= start <= high:
        raise Misuse(f"a slider from {low} to {high} cannot start at {start}.")
    return Slider(low, high, step, start, label)


class Control(NamedTuple):
    """One parameter and the widget that sets it."""

    name: str
    label: str
    widget: ipywidgets.Widget
    trait: str  # of the widget, and of its twin in the browser: where it stands
    value_at: Callable[[Any], Any]  # what the function is given when it stands there

    @property
    def place(self) -> Any:
        """Where it stands now."""
        return getattr(self.widget, self.trait)


def control_of(name: str, how: Any, default: Any) -> Control:
    """The control that a range, a list, a dict or a bool asks for."""
    if isinstance(how, bool):
        return _tick(name, how)
    if isinstance(how, (list, dict)):
        return _choice(name, how, default)
    if isinstance(how, tuple) and all(isinstance(n, (int, float)) for n in how[:3]):
        return _slider(name, how if isinstance(how, Slider) else slider(*how), default)
    raise Misuse(
        f"`{name}={how!r}` is not a control: give (low, high, step), a list of values, "
        f"a dict of names and values, True or False."
    )


def _slider(name: str, how: Slider, default: Any) -> Control:
    whole = all(isinstance(number, int) for number in how[:3])
    digits = max(_digits(how.low), _digits(how.step))
    if how.start is not None:
        start = how.start
    else:
        fits = isinstance(default, (int, float)) and how.low <= default <= how.high
        start = default if fits else how.low
    exact = [Decimal(str(number)) for number in (start, how.low, how.step)]
    if (exact[0] - exact[1]) % exact[2]:
        raise Misuse(
            f"`{name}` starts at {start}, and a slider from {how.low} in steps of "
            f"{how.step} does not stop there: a browser would start elsewhere."
        )
    label = how.label or label_of(name)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    widget = kind(
        value=start,
        min=how.low,
        max=how.high,
        step=how.step,
        description=label,
        readout_format="d" if whole else f".{digits}f",
        style=STYLE,
    )

    def value_at(place: float) -> float:
        # 0.05 + 0.01 is 0.060000000000000005, in a browser too
        return round(place) if whole else float(round(place, digits))

    return Control(name, label, widget, "value", value_at)


def _digits(number: float) -> int:
    """How many decimals a number is written with: 0.05 has 2."""
    exponent = Decimal(str(number)).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _choice(name: str, how: list | dict, default: Any) -> Control:
    named = how.items() if isinstance(how, dict) else [(told(v), v) for v in how]
    labels, values = [str(label) for label, _ in named], [value for _, value in named]
    if len(values) < 2:
        raise Misuse(f"`{name}` has {len(values)} to choose from: give at least two.")
    start = values.index(default) if default in values else 0
    look = {"options": labels, "index": start, "description": label_of(name)}
    if len(values) <= FEW and sum(map(len, labels)) <= 40:
        look["layout"] = SNUG
        widget = ipywidgets.RadioButtons(orientation="horizontal", style=STYLE, **look)
    elif all(isinstance(value, (int, float)) for value in values):
        widget = ipywidgets.SelectionSlider(style=STYLE, **look)
    else:
        widget = ipywidgets.Dropdown(style=STYLE, **look)
    return Control(name, label_of(name), widget, "index", values.__getitem__)


def _tick(name: str, start: bool) -> Control:
    label = label_of(name)
    widget = ipywidgets.Checkbox(
        value=start, description=label, indent=False, layout=SNUG
    )
    return Control(name, label, widget, "value", bool)
