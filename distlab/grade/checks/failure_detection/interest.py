"""Exercise 8.3: when to lose interest in a rumour, judged by the paper's Table 1."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from reprlib import repr as shortened
from typing import Any

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept

Rule = Callable[[int, bool, int], Any]
KS = (1, 2, 3, 4, 5)
RUNS = 60  # of 1000 sites each
ERRORS = 5  # standard errors: more than that is not chance
MOST = 40  # no rule of the paper's table counts so far
LOST = -1
Table = tuple[tuple[int, int], ...]  # by count: after a useless contact, a useful one

interest = Exercise(
    "8.3", "Losing interest", "08_failure_detection", Function("after_contact")
)


# ------------------------------------------------------------------ the rule as a table
def table_of(rule: Rule, k: int) -> Table:
    """What the answer says of each count that it comes to itself."""
    table: dict[int, tuple[int, int]] = {}
    waiting = [0]
    while waiting:
        count = waiting.pop()
        if count not in table and count != LOST:
            useless, useful = (said(rule, count, needed, k) for needed in (False, True))
            table[count] = useless, useful
            waiting += table[count]
    return tuple(table.get(count, (LOST, LOST)) for count in range(MOST + 1))


def said(rule: Rule, useless: int, needed: bool, k: int) -> int:
    """What was answered. Raises `Misuse` for what is no count."""
    answer = rule(useless, needed, k)
    if answer is None:
        return LOST
    if type(answer) is not int or answer < 0:
        raise Misuse(
            f"it returns {shortened(answer)}: return a number from 0, or None."
        )
    return min(answer, MOST)


def contacts(table: Table) -> int | None:
    """How many useless contacts in a row it bears; None: any number."""
    count = 0
    for number in range(1, MOST + 1):
        count = table[count][0]
        if count == LOST:
            return number
    return None


class Learned:
    """The answer as a rule of `epidemic`, which asks it with arrays."""

    def __init__(self, table: Table):
        import numpy

        self.table = numpy.array(table)

    def counted(self, useless: Any, needed: Any) -> Any:
        """How many it has counted after this contact."""
        return self.table[useless, needed.astype(int)]

    def lost(self, useless: Any, generator: Any) -> Any:
        """Who is removed, of those that have just had a contact."""
        return useless == LOST


# --------------------------------------------------------------------- what came of it
@lru_cache(maxsize=32)
def measured(table: Table, k: int, case: Case) -> tuple[Any, Any]:
    """The printed residue and traffic, each beside what came of so many epidemics."""
    import numpy

    from distlab.membership import epidemic, epidemic_figures

    seed = case.random(f"epidemics, k={k}").getrandbits(64)
    generator = numpy.random.default_rng(seed)
    learned: Any = Learned(table)
    done = epidemic.push(learned, generator, epidemic_figures.N, RUNS)
    figures = numpy.array([done.residue, done.traffic])
    sums = numpy.array([figures.sum(axis=1), (figures**2).sum(axis=1)])
    found = epidemic_figures.Measured(RUNS, sums)
    residue, traffic, *_ = epidemic_figures.compared("Table 1", k, found)
    return residue, traffic


def listing(rule: Rule, case: Case) -> str:
    """For each k what is printed, and what comes of this rule."""
    lines = [" k   residue  printed   traffic  printed"]
    for k in KS:
        table = table_of(rule, k)
        if contacts(table):
            s, m = measured(table, k, case)
            line = (
                f"{k:2}  {s.ours:8.5f}  {s.printed:>7}  {m.ours:8.3f}  {m.printed:>7}"
            )
        else:
            line = f"{k:2}  it goes on for ever"
        lines.append(line)
    return "\n".join(lines)


def as_printed(rule: Rule) -> str:
    """The paper's Table 1 beside what comes of a rule."""
    return listing(rule, Case(1))


# ---------------------------------------------------------------------- what is claimed
def near(rule: Rule, case: Case, which: int) -> Outcome:
    """Is residue (0) or traffic (1) as printed, but for rounding and chance?"""
    tables = {k: table_of(rule, k) for k in KS}
    for k, table in tables.items():
        if contacts(table) is None:
            came = f"k={k}: after {MOST} useless contacts a site still spreads it"
            return broken(came, advice=ENDS)
    found = {k: measured(table, k, case)[which] for k, table in tables.items()}
    far = [row for row in found.values() if not row.near(ERRORS)]
    if not far:
        return kept(f"k = 1 to {KS[-1]}, {RUNS} runs each")
    row = far[0]
    came = f"k={row.k}: {TOLD[which].format(row.ours)}; {row.printed} is printed"
    return broken(came, listing(rule, case), advice=why(tables, row.k))


def why(tables: dict[int, Table], k: int) -> str:
    """What to think of."""
    borne = contacts(tables[k])
    if borne != k:
        bears = counted(borne or 0, "useless contact")
        return f"It gives up after {bears} in a row: for k={k} it should be {k}."
    after_useful = {count: then[1] for count, then in enumerate(tables[k][:k])}
    if LOST in after_useful.values():
        return USEFUL
    return IN_ROW if tables[k][0][1] == 0 else BLIND


TOLD = "{:.2g} of the sites never hear of it", "{:.3g} rumours are sent for each site"
ENDS = "Who never loses interest sends for ever, and the others have long known it."
USEFUL = "A contact that needed the rumour is no reason to give up."
BLIND = "A contact that needed the rumour is not useless: what is counted are others."
IN_ROW = "If this one had not heard of it, many have not. What is the count after that?"


@interest.claim(
    "as few never hear of it as in Table 1, for each k", points=3, public=1, hidden=1
)
def residue(rule: Rule, case: Case) -> Outcome:
    """Within the rounding of what is printed, and five standard errors."""
    return near(rule, case, 0)


@interest.claim("and as many rumours are sent", points=2, public=1, hidden=1)
def traffic(rule: Rule, case: Case) -> Outcome:
    """Within the same bounds."""
    return near(rule, case, 1)
