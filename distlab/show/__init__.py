"""Pictures of traces, histories and verdicts, each with a twin in words."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from distlab.show.charts import show_bare_charts

# Each name and where it lives: loaded when it is first used, for charts and widgets
# take half a second to import.
_HOMES = {
    "Picture": "picture",
    "player": "player",
    "spacetime": "spacetime",
    "cut": "cut",
    "rubber_band": "rubber_band",
    "tune": "tune",
    "slider": "tune",
    "chart": "charts",
    "heatmap": "maps",
    "lines": "plots",
    "percentiles": "plots",
    "history": "history",
    "models": "models",
    "cycle": "cycle",
    "states": "states",
    "beside": "beside",
    "diff": "beside",
    "source": "listing",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        from distlab.errors import did_you_mean

        raise AttributeError(
            f"distlab.show has no `{name}`.{did_you_mean(name, _HOMES)}"
        )
    found = getattr(importlib.import_module(f"distlab.show.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(_HOMES)


class _Package(ModuleType):
    """Keeps `show.tune` the function: importing the module would take its name."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
show_bare_charts()
