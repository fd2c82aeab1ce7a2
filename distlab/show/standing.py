"""Where a history stands among the consistency models, by what was judged of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from distlab.check import levels
from distlab.check.levels import MODELS, Kind, Model
from distlab.check.verdict import Verdict
from distlab.errors import Misuse

HOLDS, BROKEN, OPEN, SILENT = "holds", "broken", "open", "silent"
SIGNS = {HOLDS: "✓", BROKEN: "✗", OPEN: "?"}
OUTCOMES = {"valid": HOLDS, "invalid": BROKEN, "unknown": OPEN}
Judged = Mapping[str, Verdict | str] | Iterable[Verdict] | Verdict


class Standing:
    """What is known of each model, for one history."""

    def __init__(
        self, verdicts: Judged, anomalies: Iterable[Any] = (), kind: Kind | None = None
    ):
        self.models = [model for model in MODELS if kind in (None, model.kind)]
        if not self.models:
            kinds = ", ".join(get_args(Kind))
            raise Misuse(f"no models are called {kind!r}: there are {kinds}.")
        self.judged = dict(_judged(verdicts))
        self.found = [getattr(found, "name", found) for found in anomalies]
        broken = [name for name, state in self.judged.items() if state == BROKEN]
        self.broken = set(levels.ruled_out([*self.found, *broken]))
        self.holds = {
            other
            for name, state in self.judged.items()
            if state == HOLDS
            for other in (name, *levels.weaker(name))
        }
        for model in MODELS:
            if model.name in self.broken & self.holds:
                raise Misuse(
                    f"{model.name} holds by one of these verdicts and is broken by "
                    f"another: give the verdicts of one history, which count on the "
                    f"same order of the writes (`check.sessions` counts on time)."
                )

    @property
    def asked(self) -> bool:
        """Whether it is about a history."""
        return bool(self.judged or self.found)

    def of(self, name: str) -> str:
        """Whether a model holds, is broken, could not be decided, or was not asked."""
        if name in self.broken:
            return BROKEN
        return HOLDS if name in self.holds else self.judged.get(name, SILENT)

    def all(self, state: str) -> list[str]:
        """The models of which this is known."""
        return [m.name for m in self.models if self.of(m.name) == state]

    def sentence(self) -> str:
        """One sentence about the whole picture."""
        many = f"{len(self.models)} consistency models"
        if not self.asked:
            return f"Map of {many}: a line down is “implies”."
        broken, holds = self.all(BROKEN), self.all(HOLDS)
        weakest = [n for n in broken if not set(levels.weaker(n)) & set(broken)]
        strongest = [n for n in holds if not set(levels.stronger(n)) & set(holds)]
        return (
            f"A history on the map of {many}. "
            f"Holds, with all that is weaker: {', '.join(strongest) or 'nothing'}. "
            f"Broken, with all that is stronger: {', '.join(weakest) or 'nothing'}."
        )

    def text(self) -> str:
        """Each model with what it promises and implies, and what is known of it."""
        lines = []
        for kind in dict.fromkeys(model.kind for model in self.models):
            lines.append(f"{kind[0].upper()}{kind[1:]}")
            lines += [self.told(model) for model in self.models if model.kind == kind]
        return "\n".join(lines)

    def told(self, model: Model) -> str:
        """One model in a line."""
        implies = f" Implies {', '.join(model.implies)}." if model.implies else ""
        names = f" ({', '.join(model.aliases)})" if model.aliases else ""
        sign = SIGNS.get(self.of(model.name), " ")
        return f"{sign} {model.name}{names}: {model.sentence}{implies}"


def _judged(verdicts: Judged) -> Iterator[tuple[str, str]]:
    """Each model that was judged, and what came of it."""
    if isinstance(verdicts, Verdict):
        verdicts = (verdicts,)
    if not isinstance(verdicts, Mapping):
        verdicts = {verdict.property: verdict for verdict in verdicts}
    for name, verdict in verdicts.items():
        outcome = getattr(verdict, "outcome", verdict)
        if outcome not in OUTCOMES:
            raise Misuse(
                f"{name}: a verdict or one of {', '.join(OUTCOMES)} is wanted here, "
                f"not {outcome!r}."
            )
        yield _model(name), OUTCOMES[outcome]


def _model(name: str) -> str:
    """The model that a judge or the command line calls so: `causal memory (CM)`."""
    plain = name.partition(" (")[0]
    known = [n for model in MODELS for n in (model.name, *model.aliases)]
    spaced = plain.replace("-", " ")
    return levels.model(spaced if spaced in known else plain).name
