"""A claim is tried on its cases, the smallest first, until one breaks it.

The case that breaks it is then made shorter: faults and calls are left out one by one,
as long as the claim still breaks in the same way.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any, NamedTuple
from typing import Literal as Choice

from distlab import errors
from distlab.grade.exercise import Case, Claim, Exercise, Literal, Outcome, Scenario
from distlab.value import Value

Kind = Choice["kept", "partly", "broken", "unknown", "unsolved", "raised", "stopped"]
RUNS_MAX = 60  # trials spent on a shorter counterexample


class Stopped(errors.DistlabError):
    """An answer ran into a limit, or ended the process it ran in."""


class Unjudgeable(errors.DistlabError):
    """This machine cannot judge: no fault of the answer, and no mark comes of it."""


class Finding(NamedTuple):
    """What is known about one claim."""

    claim: Claim
    kind: Kind
    share: float  # of the claim's points
    came: str = ""
    advice: str = ""
    evidence: Any = None
    mark: Any = ()
    line: str = ""  # the line of the answer that raised
    ran: str = ""  # what was run: the cases, or the one that broke it
    replay: str = ""  # the line that runs it again

    @property
    def points(self) -> float:
        """What this earns."""
        return self.share * self.claim.points


def examine(
    exercise: Exercise, claim: Claim, answer: Any, cases: Iterable[Case]
) -> Finding:
    """Judge one claim on these cases; an answer that raises has broken it."""
    cases, worst, failing = list(cases), Finding(claim, "kept", 1.0), None
    for case in cases:
        given = claim.scenario(case) if claim.scenario else case
        found = trial(claim, answer, given)
        if found.kind != "kept" and (failing is None or found.share < worst.share):
            where = told(exercise, answer, given), replay(exercise, case)
            worst, failing = found._replace(ran=where[0], replay=where[1]), given
        if failing is not None and worst.share == 0:
            break
    if failing is None:
        seeds = ", ".join(str(case.seed) for case in cases)
        return worst._replace(ran=f"{len(cases)} cases, seeds {seeds}")
    if isinstance(failing, Scenario) and worst.kind in ("broken", "raised"):
        shorter, found = shortest(claim, answer, failing, worst)
        return found._replace(ran=in_words(shorter), replay=worst.replay)
    return worst


def trial(claim: Claim, answer: Any, given: Case | Scenario) -> Finding:
    """Judge one case. Whatever the answer raises ends here, except an interrupt."""
    try:
        outcome = claim.judge(answer, given)
    except (Exception, SystemExit) as raised:
        return failure(claim, raised, answer)
    if not isinstance(outcome, Outcome):
        raise errors.Misuse(
            f"the judge of {claim.text!r} returned {outcome!r}: return `kept(…)`, "
            f"`broken(…)`, `partly(…)` or `judged(…)`."
        )
    share, came, advice, evidence, mark = outcome
    if share is None:
        return Finding(claim, "unknown", 0.0, came, advice, evidence, mark)
    kind: Kind = "kept" if share == 1 else "broken" if share == 0 else "partly"
    return Finding(claim, kind, share, came, advice, evidence, mark)


def failure(claim: Claim, raised: BaseException, answer: Any = None) -> Finding:
    """What an exception says about the claim; a hole in the sheet is no mistake."""
    chain = list(causes(raised))
    for cause in chain:
        if isinstance(cause, Unjudgeable):
            raise cause
        if isinstance(cause, NotImplementedError):
            return Finding(claim, "unsolved", 0.0, str(cause) or "not written yet")
        if isinstance(cause, Stopped):
            return Finding(claim, "stopped", 0.0, str(cause))
    shown = next(
        (t for c in chain if (t := getattr(c, "trace", None)) is not None), None
    )
    said = str(raised) if isinstance(raised, errors.DistlabError) else sentence(raised)
    line = line_of(answer, chain)
    data = isinstance(raised, errors.Misuse) and not callable(answer)
    advice = LOOK if line else MEND if data else ""
    return Finding(claim, "raised", 0.0, said, advice, shown, line=line)


LOOK = "Which values does this line work on? A `print` before it shows them."
MEND = "It is in the data of your answer: mend there what the sentence names."


def line_of(answer: Any, chain: Iterable[BaseException]) -> str:
    """`safe_index, line 3: return max(…)`: the line of the answer that raised, if any.

    An answer in another process has its lines there.
    """
    module = str(getattr(answer, "__module__", ""))
    for cause in () if module.startswith("distlab.") else chain:
        frames = traceback.walk_tb(cause.__traceback__)
        own = [f for f in frames if f[0].f_globals.get("__name__") == module]
        if own:
            frame, number = own[-1]
            source = linecache.getline(frame.f_code.co_filename, number).strip()
            return f"{frame.f_code.co_name}, line {number}: {source}".rstrip(": ")
    return ""


def causes(raised: BaseException | None) -> Iterator[BaseException]:
    """An exception and what led to it."""
    seen: list[BaseException] = []
    while raised is not None and raised not in seen:
        seen.append(raised)
        yield raised
        raised = raised.__cause__ or raised.__context__


def sentence(raised: BaseException) -> str:
    """`ValueError: x is not in list`, whatever happens when it is printed."""
    try:
        return f"{type(raised).__name__}: {raised}"
    except Exception:
        return f"{type(raised).__name__}, which cannot be printed"


def told(exercise: Exercise, answer: Any, given: Case | Scenario) -> str:
    """What was run, in words; an answer that is data is run itself."""
    if isinstance(given, Scenario):
        return in_words(given)
    data = isinstance(exercise.answer, Literal)
    shown = f"{exercise.answer.name} = {brief(answer)}; " if data else ""
    return f"{shown}seed {given.seed}, size {given.size}"


def in_words(scenario: Scenario) -> str:
    """`seed 1; Loss(rate=0.5); c1 calls add(1), add(1); retry_ms=20`."""
    parts = [f"seed {scenario.seed}"]
    parts += [", ".join(map(brief, scenario.faults)) or "no faults"]
    calls = [(who, ", ".join(map(str, calls))) for who, calls in scenario.workload]
    parts += [f"{who} calls {what}" for who, what in calls if what] or ["no calls"]
    parts += [f"{name}={brief(value)}" for name, value in scenario.settings]
    return "; ".join(parts)


def brief(value: Any) -> str:
    """As `repr`, without the fields of a value that are as they begin."""
    if isinstance(value, tuple):
        inside = ", ".join(map(brief, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, dict):
        inside = ", ".join(f"{brief(k)}: {brief(x)}" for k, x in value.items())
        return f"{{{inside}}}"
    if not isinstance(value, Value):
        return repr(value)
    usual = type(value)._defaults
    given = ((f.name, getattr(value, f.name)) for f in fields(value))
    told = (f"{n}={brief(x)}" for n, x in given if n not in usual or x != usual[n])
    return f"{type(value).__name__}({', '.join(told)})"


def replay(exercise: Exercise, case: Case) -> str:
    """The line that tries the claims of an exercise at one case alone."""
    name, number = exercise.answer.name, exercise.number
    return f'practice.check("{number}", {name}, seed={case.seed}, size={case.size})'


# ---------------------------------------------------------- the shortest counterexample
def shortest(
    claim: Claim, answer: Any, scenario: Scenario, found: Finding
) -> tuple[Scenario, Finding]:
    """The scenario without what it can do without, and its finding.

    Half of a client's calls is left out first, then a quarter, at last one by one.
    """
    left = RUNS_MAX
    count = max((len(calls) for _, calls in scenario.workload), default=2) // 2 or 1
    while count:
        for smaller in without(scenario, count):
            if left == 0:
                return scenario, found
            left -= 1
            tried = trial(claim, answer, smaller)
            if same(tried, found):
                scenario, found = smaller, tried
                break
        else:
            count //= 2
    return scenario, found


def same(one: Finding, other: Finding) -> bool:
    """Whether a claim breaks in the same way."""
    return (one.kind, one.advice, one.line) == (other.kind, other.advice, other.line)


def without(scenario: Scenario, count: int) -> Iterator[Scenario]:
    """The scenarios that have so many faults, or calls of one client, less in a row."""
    seed, faults, workload, settings = (
        scenario.seed,
        scenario.faults,
        scenario.workload,
        scenario.settings,
    )
    for i in range(0, len(faults) - count + 1, count):
        yield Scenario(seed, faults[:i] + faults[i + count :], workload, settings)
    for place, (client, calls) in enumerate(workload):
        for end in range(len(calls), count - 1, -count):
            fewer = (client, calls[: end - count] + calls[end:])
            shorter = (*workload[:place], fewer, *workload[place + 1 :])
            yield Scenario(seed, faults, shorter, settings)
