"""One exercise of each kind, about the counter of toys.py."""

from toys import Counter

from distlab.events import Call
from distlab.faults import Crash, Duplication, Loss, Recover
from distlab.grade.exercise import (
    Case,
    Course,
    Exercise,
    Function,
    Literal,
    Method,
    Scenario,
    broken,
    kept,
    partly,
)
from distlab.history import History, Operation

SHEET = "99_counting"

once = Exercise(
    "99.1", "Count each request once", SHEET, Method("MyCounter", Counter, ("on_add",))
)


def noisy(case: Case) -> Scenario:
    draw = case.random("faults")
    faults = (Duplication(rate=0.5), Loss(rate=round(draw.uniform(0, 0.3), 2)))
    calls = tuple(Call("add", (1,)) for _ in range(case.size))
    return Scenario(case.seed, faults, (("c1", calls), ("c2", calls)))


def totals(scenario, answer):
    cluster = scenario.cluster(answer, servers=1, clients=2).run(until_ms=5_000)
    results = sorted(op.result for op in cluster.history if op.outcome == "ok")
    return cluster, results


@once.claim("no request is counted twice", points=3, scenario=noisy)
def counted_once(answer, scenario):
    cluster, results = totals(scenario, answer)
    if results and results[-1] > len(cluster.history):
        came = f"{len(cluster.history)} requests made the total {results[-1]}"
        advice = "A request may arrive twice: remember which ones you have answered."
        return broken(came, cluster.trace, advice=advice)
    return kept()


@once.claim("every request is answered", points=1, public=2, scenario=noisy)
def answered(answer, scenario):
    cluster, results = totals(scenario, answer)
    missing = len(cluster.history) - len(results)
    if missing:
        advice = "The answer may have been lost: a repeated request is answered again."
        return broken(f"{missing} without an answer", cluster.trace, advice=advice)
    return kept()


@once.claim("a crash forgets nothing", points=2, public=3)
def remembered(answer, case):
    at_ms = case.random("crash").randint(8, 12)
    scenario = noisy(case)
    faults = (
        Loss(rate=1, until_ms=15, src="s1"),  # the answers from before the crash
        Crash("s1", at_ms=at_ms),
        Recover("s1", at_ms=14),
        *scenario.faults,
    )
    crashed = Scenario(case.seed, faults, scenario.workload)
    cluster, results = totals(crashed, answer)
    if results != list(range(1, len(cluster.history) + 1)):
        advice = "What has to outlive a crash belongs into a durable field."
        return broken(f"the totals were {results}", cluster.trace, advice=advice)
    return kept()


median = Exercise("99.2", "The middle of a list", SHEET, Function("middle"))


@median.claim("half are below it", points=2)
def is_middle(answer, case):
    numbers = case.random("numbers").sample(range(100), 2 * case.size + 1)
    came = answer(tuple(numbers))
    if came != sorted(numbers)[case.size]:
        return broken(
            f"of {numbers} it says {came!r}", advice="Put them in order first."
        )
    return kept()


adversary = Exercise("99.3", "Make it lose an answer", SHEET, Literal("SCHEDULE"))


@adversary.claim("no request is answered", points=2, public=1, hidden=0)
def silenced(schedule, case):
    if not schedule:
        raise NotImplementedError("SCHEDULE is empty")
    lost = any(isinstance(x, Loss) and x.rate == 1 for x in schedule)
    if not lost:
        return broken("messages pass", advice="What does a rate of 1 mean?")
    return kept()


@adversary.claim("with as few faults as possible", points=2, public=1, hidden=0)
def small(schedule, case):
    share = 1 / max(1, len(schedule))
    return partly(share, f"{len(schedule)} faults", advice="One is enough.")


checker = Exercise("99.4", "Find the double counting", SHEET, Function("counts_right"))
GOOD = (1, 2, 3)
BAD = {"twice": (1, 3, 4), "backwards": (2, 1), "from nowhere": (7,)}


def history(totals: tuple[int, ...]) -> History:
    return History(
        Operation("c1", "add", (1,), 2 * i, "ok", total, 2 * i + 1)
        for i, total in enumerate(totals)
    )


@checker.claim("it accepts what is right", points=1, public=1, hidden=0)
def accepts(answer, case):
    if answer(history(GOOD)) is not True:
        return broken("a right history is refused", history(GOOD), advice="Read it.")
    return kept()


@checker.claim("it finds what is wrong", points=3, public=1, hidden=0)
def finds(answer, case):
    missed = [name for name, totals in BAD.items() if answer(history(totals)) is True]
    share = 1 - len(missed) / len(BAD)
    return partly(share, f"missed: {', '.join(missed) or 'none'}", advice="Sum up.")


COURSE = Course([once, median, adversary, checker])
