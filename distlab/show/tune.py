"""Controls over a pure function: turn a setting, and see what becomes of the claim.

    show.tune(failover, timeout_ms=(50, 500, 10), sync_followers=[0, 1, 2], auto=True)

The function is called with the values of the controls and gives a picture, a verdict,
a text, a table, a chart, or a tuple of these. It must be pure, since results are kept,
and take at most 20 ms: what takes longer is computed once, as a `heatmap`.

`widgets/tune.js` asks for results and shows them. It asks for one at a time, drops what
is out of date and says that it waits: a busy kernel could do none of it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import traitlets

from distlab.errors import Exercise, Misuse, did_you_mean
from distlab.show.answer import Answer, answer_of, answer_to_error, sheet
from distlab.show.controls import Control, control_of, slider
from distlab.show.picture import Picture
from distlab.show.words import setting_of

__all__ = ["Tune", "slider", "tune"]

REMEMBERED = 64  # results: a few megabytes


def tune(function: Callable[..., Any], **controls: Any) -> Tune:
    """Controls over a pure function, one for each parameter named.

    `(low, high, step)`, `slider(…)` and a longer list of numbers are sliders; any other
    list, or a dict of names and values, is a choice; a bool is a box to tick. A control
    starts at the parameter's default, if it has one. Raises `Misuse` for a control
    without a parameter, and the reverse.
    """
    parameters = inspect.signature(function).parameters
    for name in controls:
        if name not in parameters:
            raise Misuse(
                f"show.tune: `{function.__name__}` has no parameter `{name}`."
                f"{did_you_mean(name, parameters)}"
            )
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in controls:
            raise Misuse(
                f"show.tune: `{function.__name__}` needs `{name}`: give it a control, "
                f"such as `{name}=(0, 10, 1)`, or a default."
            )
    made = [control_of(n, how, parameters[n].default) for n, how in controls.items()]
    return Tune(function, {control.name: control for control in made})


class Stage(anywidget.AnyWidget):
    """Where the results appear: the browser's half of `tune`."""

    _esm = Path(__file__).parent / "widgets" / "tune.js"
    _css = Path(__file__).parent / "widgets" / "tune.css"
    controls: Any = traitlets.List().tag(sync=True)
    answer: Any = traitlets.Dict().tag(sync=True)


class Tune:
    """A function under controls; what it shows at the start is a picture and text too.

    `value` is the result where the controls stand now, `result(loss=0.1)` the one at
    the start but for what is given: for cells that assert what the eye has seen.
    """

    def __init__(self, function: Callable[..., Any], controls: dict[str, Control]):
        self.function = function
        self.controls = controls
        self._start = tuple(control.place for control in controls.values())
        self._result_at = functools.lru_cache(REMEMBERED)(self._run)
        self._answer_at = functools.lru_cache(REMEMBERED)(self._answer)
        # A hole is shown in the picture's place; any other error ends the cell.
        with contextlib.suppress(Exercise):
            self._result_at(self._start)

    @property
    def value(self) -> Any:
        """The result where the controls stand now."""
        return self._result_at(tuple(c.place for c in self.controls.values()))

    def result(self, **parameters: Any) -> Any:
        """The result at the start, but for these parameters."""
        for name in parameters:
            if name not in self.controls:
                raise Misuse(
                    f"`{self.function.__name__}` has no control `{name}`."
                    f"{did_you_mean(name, self.controls)}"
                )
        return self.function(**{**self._settings(self._start), **parameters})

    def static(self) -> Picture:
        """What the controls show at the start, for pages without a kernel."""
        return sheet(self._answer_at(self._start), self._where(self._start))

    def __repr__(self) -> str:
        answer = self._answer_at(self._start)
        return f"{self.function.__name__} at {self._where(self._start)}\n{answer.says}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        """The controls where there is a kernel, their picture and words where not."""
        live = self.widget._repr_mimebundle_()
        still = {"image/svg+xml": self.static().svg, "text/plain": repr(self)}
        return {**live, **still}

    @functools.cached_property
    def widget(self) -> ipywidgets.VBox:
        """The controls above the stage, to be put among other widgets."""
        controls = [
            {
                "name": control.name,
                "label": control.label,
                "trait": control.trait,
                "model": control.widget.model_id,
            }
            for control in self.controls.values()
        ]
        stage = Stage(controls=controls, answer=self._reply(self._start))
        stage.on_msg(self._on_message)
        row = ipywidgets.Box(
            [control.widget for control in self.controls.values()],
            layout=ipywidgets.Layout(flex_flow="row wrap"),
        )
        return ipywidgets.VBox([row, stage])

    def _on_message(self, stage: Stage, asked: dict, buffers: Any) -> None:
        """The browser asks: one request, one answer, with the number of the request."""
        where = tuple(asked["at"][name] for name in self.controls)
        stage.send({"number": asked["number"], **self._reply(where)})

    def _reply(self, where: tuple) -> dict[str, Any]:
        at = dict(zip(self.controls, where, strict=True))
        return {"at": at, **self._answer_at(where).to_json()}

    def _answer(self, where: tuple) -> Answer:
        try:
            return answer_of(self._result_at(where))
        except Exception as error:  # whatever the learner's function may raise
            return answer_to_error(error)

    def _run(self, where: tuple) -> Any:
        return self.function(**self._settings(where))

    def _settings(self, where: tuple) -> dict[str, Any]:
        places = zip(self.controls.values(), where, strict=True)
        return {control.name: control.value_at(place) for control, place in places}

    def _where(self, where: tuple) -> str:
        return ", ".join(setting_of(n, v) for n, v in self._settings(where).items())
