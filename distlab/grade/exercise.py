"""One definition of an exercise, for practice in the notebook and for marks alike.

An `Exercise` says which names of the sheet are its answer, and what is claimed of them.
Each claim has its own points and a judge, a function of the answer and a case:

    stale = Exercise("1.2", "Read your own writes", sheet="01_leaders_and_followers",
                     answer=Method("MySession", base=Session, asked=("may_read",)))

    @stale.claim("a client reads what it wrote", points=3)
    def reads_its_writes(MySession, case):
        cluster = case.cluster(SingleLeader, servers=3, clients=(MySession,)).run()
        return judged(sessions.read_your_writes(cluster.history), cluster.trace,
                      advice="A follower that lags has not seen the write yet.")

Practice judges at public cases; marks at these and at hidden ones, which are the same
claim at seeds and sizes that the instructor's key gives. A judge looks at what an
answer does (sends, outputs, results), never at its fields: for marks it runs elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.events import Call
from distlab.faults import Schedule
from distlab.value import Value

Workload = tuple[tuple[str, tuple[Call, ...]], ...]


# ------------------------------------------------------------------- what is asked for
@dataclass(frozen=True)
class Method:
    """Some methods of a class: the learner's are put onto the pristine `base`.

    `asked` are the methods that may replace those of `base` (None: all); what the class
    defines beside them (helpers, new fields) comes along.
    """

    name: str
    base: type
    asked: tuple[str, ...] | None


@dataclass(frozen=True)
class Function:
    """A function from plain values to a plain value.

    `ours` are functions of the library that would answer it: marks do not have them.
    """

    name: str
    ours: tuple[Callable[..., Any], ...] = ()


@dataclass(frozen=True)
class Literal:
    """Data: a schedule, settings, a choice. It is read and never executed.

    A value equal to `stub`, what the sheet begins with, counts as not solved.
    """

    name: str
    stub: Any = ()


Answer = Method | Function | Literal


# ------------------------------------------------------------- what a claim is tried on
class Case(Value):
    """One trial of a claim: a seed, and how large it should be (1 is the smallest)."""

    seed: int
    size: int = 1

    def random(self, purpose: str) -> random.Random:
        """A stream of random numbers of its own for each purpose."""
        name = f"{self.seed}/{purpose}".encode()
        return random.Random(int.from_bytes(hashlib.sha256(name).digest()[:8]))

    def cluster(self, cls: Any, **groups: Any) -> Any:
        """A cluster with this case's seed; the arguments are those of `Cluster`."""
        from distlab.sim import Cluster

        return Cluster(cls, **{"seed": self.seed, **groups})


class Scenario(Value):
    """A case whose faults and calls are data: the shortest one can be sought."""

    seed: int
    faults: Schedule = ()
    workload: Workload = ()
    settings: tuple[tuple[str, Any], ...] = ()

    def cluster(self, cls: Any, **groups: Any) -> Any:
        """A cluster with these faults and calls."""
        from distlab.sim import Cluster

        given = {"seed": self.seed, "faults": self.faults, **dict(self.settings)}
        return Cluster(cls, **{**given, "workload": dict(self.workload), **groups})


# -------------------------------------------------------------------- what a judge says
class Outcome(NamedTuple):
    """What came of one trial. Made by `kept`, `broken`, `partly`, `judged`."""

    share: float | None  # of the points: 1 kept, 0 broken; None: nobody knows
    came: str = ""
    advice: str = ""  # one line: what to think about, not what to type
    evidence: Any = None  # a trace, a history or a text that shows it
    mark: Any = ()  # what to mark in the picture of it


def kept(came: str = "", evidence: Any = None) -> Outcome:
    """The claim held in this trial."""
    return Outcome(1.0, came, "", evidence)


def broken(came: str, evidence: Any = None, *, advice: str, mark: Any = ()) -> Outcome:
    """The claim broke: what came instead, and what shows it."""
    return Outcome(0.0, came, advice, evidence, mark)


def partly(share: float, came: str, evidence: Any = None, *, advice: str) -> Outcome:
    """Part of the points, for answers that are scored by size or by number."""
    return Outcome(min(1.0, max(0.0, float(share))), came, advice, evidence)


def by_size(
    size: int,
    smallest: int,
    came: str,
    evidence: Any = None,
    *,
    advice: str,
    mark: Any = (),
) -> Outcome:
    """It works: all points for the smallest that does, fewer for what is larger."""
    if size <= smallest:
        return kept(came, evidence)
    return Outcome(smallest / size, came, advice, evidence, mark)


def judged(verdict: Any, evidence: Any = None, *, advice: str) -> Outcome:
    """What a verdict of `distlab.check` says: unknown is never valid."""
    if verdict.valid:
        return kept(str(verdict))
    shown = verdict.evidence if evidence is None else evidence
    mark = () if evidence is None else verdict.evidence
    share = 0.0 if verdict.invalid else None
    return Outcome(share, str(verdict), advice, shown, mark)


Judge = Callable[[Any, Any], Outcome]


@dataclass(frozen=True)
class Claim:
    """What is claimed of an answer: a sentence, its points and how it is judged."""

    text: str
    points: float
    judge: Judge
    public: int  # how many cases anybody may see
    hidden: int  # how many more the instructor's key gives
    scenario: Callable[[Case], Scenario] | None = None

    def cases(self) -> list[Case]:
        """The public cases, the smallest first."""
        return [Case(i, i) for i in range(1, self.public + 1)]

    def hidden_cases(self, exercise: str, key: bytes) -> list[Case]:
        """Cases that only the key gives: equal keys, equal cases, on any machine.

        The claims of an exercise share them: what one has asked, others need not ask.
        """
        found = []
        for i in range(1, self.hidden + 1):
            name = f"{exercise}/{i}".encode()
            digest = hmac.digest(key, name, "sha256")
            found.append(Case(int.from_bytes(digest[:4]), i + digest[4] % 3))
        return found


@dataclass
class Exercise:
    """A question of a sheet: which names answer it, and the claims made of them."""

    number: str  # "1.3": it stays when the course is updated
    title: str
    sheet: str  # "01_leaders_and_followers": the file in exercises/
    answer: Answer
    claims: list[Claim] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Exercise {self.number}, {self.title}: {self.points:g} points"

    @property
    def points(self) -> float:
        """What can be earned."""
        return sum(claim.points for claim in self.claims)

    def claim(
        self,
        text: str,
        *,
        points: float,
        public: int = 5,
        hidden: int = 5,
        scenario: Callable[[Case], Scenario] | None = None,
    ) -> Callable[[Judge], Judge]:
        """Add a claim; the decorated function judges it.

        With `scenario`, the judge is given what that function makes of the case, and
        the counterexample is made smaller by leaving out faults and calls.
        """
        if points <= 0 or public < 1 or hidden < 0:
            raise Misuse(
                f"exercise {self.number}, {text!r}: a claim has points above 0, at "
                f"least one public case, and 0 or more hidden ones."
            )

        def add(judge: Judge) -> Judge:
            self.claims.append(Claim(text, points, judge, public, hidden, scenario))
            return judge

        return add


class Course:
    """All exercises, by number and by sheet."""

    def __init__(self, exercises: Iterable[Exercise]):
        self.exercises: dict[str, Exercise] = {}
        names: dict[str, str] = {}
        for exercise in exercises:
            name, number = exercise.answer.name, exercise.number
            if number in self.exercises or names.setdefault(name, number) != number:
                raise Misuse(
                    f"exercise {number} asks for `{name}`, and the number or the name "
                    f"is taken by another: an answer is found by its name alone."
                )
            self.exercises[number] = exercise

    def __getitem__(self, number: str) -> Exercise:
        if number not in self.exercises:
            raise Misuse(
                f"there is no exercise {number!r}: the course has "
                f"{', '.join(self.exercises) or 'none yet'}."
            )
        return self.exercises[number]

    @property
    def sheets(self) -> tuple[str, ...]:
        """The names of the sheets, in the order of the course."""
        return tuple(sorted({exercise.sheet for exercise in self.exercises.values()}))

    def of(self, sheet: str) -> list[Exercise]:
        """The exercises of one sheet."""
        return [e for e in self.exercises.values() if e.sheet == sheet]
