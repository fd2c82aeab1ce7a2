"""One history, judged by every model that has a judge: its place among the models.

    >>> from distlab.history import History, Operation
    >>> story = History([
    ...     Operation("c1", "write", ("x", 1), 0, "ok", None, 1000),
    ...     Operation("c2", "read", ("x",), 2000, "ok", None, 3000),
    ... ])
    >>> found = placed(story)
    >>> found["linearizable"].outcome, found["sequentially consistent"].outcome
    ('invalid', 'valid')

What is implied by what was found is not judged. The strongest model is asked first, and
the search for one order of all, which may be long, after what is fast and may spare it.

The session guarantees are left out. `check.sessions` counts a write as older if it had
ended before another began; the models here that say nothing of time need not.
"""

from __future__ import annotations

from distlab.check import levels, transactions
from distlab.check.limits import Limits
from distlab.check.properties import PROPERTIES, TRANSACTIONS, guessed, judge
from distlab.check.verdict import Verdict
from distlab.errors import Misuse
from distlab.history import History

# The models by the names that their judges have.
JUDGES = {
    "linearizable": "linearizable",
    "PRAM": "pram",
    "causally consistent": "causal",
    "causal memory": "causal-memory",
    "causally convergent": "causal-convergence",
    "sequentially consistent": "sequential",
}
REGISTERS = ("register", "kv")


def placed(
    history: History, model: str | None = None, limits: Limits | None = None
) -> dict[str, Verdict]:
    """The verdicts by their models, the strongest first: for `show.models`.

    `model` says what the operations mean, as for `distlab check`; without it, the first
    one that has them all. What a judge cannot be asked is *unknown*, with its reason.
    `limits` are those of each judge. Raises `Misuse` for operations of no model.
    """
    model = model or guessed(history)
    if model in TRANSACTIONS:
        return transactions.placed(history, limits or Limits())
    found: dict[str, Verdict] = {}
    for name, judge_name in JUDGES.items():
        fits = PROPERTIES[judge_name].needs == "a machine" or model in REGISTERS
        if fits and not settled(name, found):
            found[name] = asked(name, judge_name, history, model, limits)
    return {m.name: found[m.name] for m in levels.MODELS if m.name in found}


def settled(name: str, found: dict[str, Verdict]) -> bool:
    """Whether what was found implies that this model holds, or that it is broken."""
    holds = any(found[n].valid for n in levels.stronger(name) if n in found)
    return holds or any(found[n].invalid for n in levels.weaker(name) if n in found)


def asked(
    name: str, judge_name: str, history: History, model: str, limits: Limits | None
) -> Verdict:
    """What a judge says; why not, if the history is none that it can judge."""
    try:
        return judge(history, judge_name, model, limits)
    except Misuse as refusal:
        return Verdict("unknown", name, "not judged", str(refusal))
