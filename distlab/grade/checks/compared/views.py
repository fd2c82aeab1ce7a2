"""Exercise 6.1: the log with which a new view begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from distlab.consensus.viewstamped import DoViewChange, StartView, Viewstamped
from distlab.errors import Misuse
from distlab.faults import Crash, Cut, Fault, Split
from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept
from distlab.node import Call, NodeId
from distlab.replicated import Delivered
from distlab.sim import Cluster, Network
from distlab.trace import Step, Trace

Report = tuple[int, tuple[str, ...], int]  # the view of the log, the log, committed
Choice = Callable[[tuple[Report, ...]], Any]

views = Exercise(
    "6.1",
    "The log of a new view",
    "06_consensus_compared",
    Function("begin_view"),
)


# --------------------------------------------------------------------- asked by a table
class Situation(NamedTuple):
    """What replicas report, such as `0:ab:1, 1:c:0`, and what the view begins with."""

    title: str
    text: str
    wanted: str
    advice: str

    def heard(self, case: Case) -> tuple[Report, ...]:
        """The same; but for the first case, in another order."""
        found = [report(each) for each in self.text.split(", ")]
        if case.seed > 1:
            case.random(self.title).shuffle(found)
        return tuple(found)


def report(text: str) -> Report:
    """`1:ab:2`: the log is of view 1, it is a, b, and 2 of it are committed."""
    view, log, committed = text.split(":")
    return int(view), tuple(log), int(committed)


def listing(heard: Iterable[Report]) -> str:
    """One line for each replica."""
    return "\n".join(
        f"of view {view}: {', '.join(log) or 'nothing':12} committed: {committed}"
        for view, log, committed in heard
    )


def pair(said: Any) -> tuple[tuple[str, ...], int]:
    """What was answered. Raises `Misuse` if it is no log and number."""
    match said:
        case ((*log,), int(committed)) if type(committed) is int:
            return tuple(log), committed
    raise Misuse(
        f"it returns {said!r}: return a pair, the log and how many of its commands "
        f'are committed, as `(("a", "b"), 1)`.'
    )


def first_wrong(
    choice: Choice, case: Case, table: Iterable[Situation], part: int
) -> Outcome:
    """The first situation of which it answers the log (0) or the number (1) wrongly."""
    for situation in table:
        heard = situation.heard(case)
        _, *wanted = report(f"0:{situation.wanted}")
        said = pair(choice(heard))
        if said[part] != wanted[part]:
            came = f"{situation.title}: {SAYS[part]} {said[part]!r}; it should be "
            came += repr(wanted[part])
            mixed = said[0] not in [log for _, log, _ in heard]
            advice = MIXED if mixed else situation.advice
            return broken(came, listing(heard), advice=advice)
    return kept("all situations are right")


MIXED = "It is one of the logs that were reported, as it is: nobody has another one."


SAYS = ("it begins with the log", "of it, committed are")
ONE_VIEW = (
    Situation(
        "one of them has more",
        "0:a:0, 0:ab:0",
        "ab:0",
        "Logs of one view are beginnings of one log: the longer has all of the other.",
    ),
    Situation(
        "one of them has nothing",
        "0:a:0, 0::0",
        "a:0",
        "The old primary and whoever has it may be a majority: it may be executed.",
    ),
    Situation(
        "the shorter one has committed more",
        "0:abc:0, 0:ab:2",
        "abc:2",
        "What is committed is in both. Of the rest, nobody knows what others have.",
    ),
)
TWO_VIEWS = (
    Situation(
        "the log of the later view was heard last",
        "0:a:0, 1:cd:0",
        "cd:0",
        "The order in which they arrive says nothing about which is newer.",
    ),
    Situation(
        "the log of the earlier view is longer",
        "0:ab:0, 1:c:0",
        "c:0",
        "View 1 began without a and b: nobody had executed them. And c may be.",
    ),
    Situation(
        "the log of the later view was heard first",
        "1:c:0, 0:ab:0",
        "c:0",
        "The order in which they arrive says nothing about which is newer.",
    ),
    Situation(
        "more of them are of the earlier view",
        "0:ab:0, 0:ab:0, 3:c:0",
        "c:0",
        "It is no vote. A majority has begun view 3 without a and b.",
    ),
    Situation(
        "the log of the later view is empty",
        "2::0, 0:ab:0",
        ":0",
        "An empty log is a log: view 2 began with nothing, so nothing was executed.",
    ),
    Situation(
        "two are of the later view",
        "1:c:0, 0:abd:0, 1:ce:0",
        "ce:0",
        "First the view. Of those that are of it, the longest.",
    ),
    Situation(
        "the earlier one has committed more",
        "1:ab:0, 0:acd:1",
        "ab:1",
        "How much a replica knows to be committed says nothing of how new its log is.",
    ),
)
COMMITTED = (
    Situation(
        "nobody knows of any",
        "0:abc:0, 0:abc:0",
        "abc:0",
        "All of them may be committed. Who counts them so executes them too early.",
    ),
    Situation(
        "who has the shorter log knows more",
        "0:abc:0, 0:ab:2",
        "abc:2",
        "Each of them is right about what it knows: the most of it.",
    ),
    Situation(
        "who is of the earlier view knows more",
        "1:ab:0, 0:acd:1",
        "ab:1",
        "What was committed in view 0 is in the log of view 1, at the same place.",
    ),
    Situation(
        "two know of the same",
        "0:ab:1, 0:ab:1",
        "ab:1",
        "A number of places in one log: there is nothing to add up.",
    ),
)


# ---------------------------------------------------------------------- what is claimed
@views.claim("of logs of one view, the longest", points=1, public=2, hidden=2)
def longest(choice: Choice, case: Case) -> Outcome:
    """What was executed is in the longest, if it is in any of them."""
    return first_wrong(choice, case, ONE_VIEW, 0)


@views.claim("a log of a later view before all of earlier ones", points=2, public=3)
def latest(choice: Choice, case: Case) -> Outcome:
    """However long these are, and however many."""
    return first_wrong(choice, case, TWO_VIEWS, 0)


@views.claim("committed is what one of them knows to be", points=1, public=2, hidden=2)
def committed(choice: Choice, case: Case) -> Outcome:
    """Whose log is chosen does not matter for that."""
    return first_wrong(choice, case, COMMITTED, 1)


# -------------------------------------------------------------------------- in two runs
class Story(NamedTuple):
    """A run in which a command is lost if the wrong log is chosen."""

    title: str
    faults: tuple[Fault, ...]
    calls: tuple[tuple[float, NodeId, str], ...]  # when, who, and what it writes


STORIES = (
    Story(
        "the next primary has missed a command",
        (Cut("s1", "s2", at_ms=5, until_ms=30), Crash("s1", at_ms=30)),
        ((10, "c1", "tea"), (180, "c2", "milk")),
    ),
    Story(
        "the first primary comes back with commands that nobody else has",
        (
            Split((("s1", "c1", "c2"), ("s2", "s3", "c3")), at_ms=5, until_ms=240),
            Crash("s2", at_ms=260),
        ),
        ((10, "c1", "tea"), (12, "c2", "milk"), (150, "c3", "water")),
    ),
)


def with_choice(choice: Choice) -> type[Viewstamped]:
    """Viewstamped replication whose views begin with this log."""

    class Chooses(Viewstamped):
        def on_do_view_change(self, src: NodeId, msg: DoViewChange) -> None:
            if not self.changes(msg):
                return
            self.do_view_changes[src] = msg
            if len(self.do_view_changes) < self.f + 1:
                return
            heard = tuple(self.do_view_changes.values())
            log, committed = pair(choice(tuple(as_report(one) for one in heard)))
            chosen = [one.log for one in heard if as_report(one)[1] == log]
            if not chosen:
                raise Misuse(f"it begins with {log!r}, which is nobody's log.")
            self.become_normal(self.view_number, chosen[0])
            self.send(self.peers, StartView(self.view_number, self.log, committed))
            self.advance_commit_number(committed)

    return Chooses


def as_report(msg: DoViewChange) -> Report:
    """As the answer is given it."""
    log = tuple(command.call.args[1] for command in msg.log)
    return msg.last_normal, log, msg.commit_number


def run(choice: Choice, story: Story) -> Trace:
    """What comes of a story. Every message takes 2 ms."""
    cluster = Cluster(
        with_choice(choice),
        servers=3,
        clients=len({client for _, client, _ in story.calls}),
        network=Network(latency=2),
        faults=story.faults,
        commit_ms=20,
        primary_ms=60,
        timeout_ms=30,
        tries=4,
    )
    for at_ms, client, value in story.calls:
        cluster.add_call(at_ms, client, Call("write", ("x", value)))
    trace: Trace = cluster.run(until_ms=500).trace
    return trace


def lost(trace: Trace) -> tuple[str, tuple[Step, ...]]:
    """What was executed at a place where others have executed another thing."""
    first: dict[int, Step] = {}
    for step in trace.where("output"):
        if isinstance(step.what, Delivered):
            before = first.setdefault(step.what.index, step)
            if before.what != step.what:
                pair = value_of(before), value_of(step)
                came = f"{before.node} has executed {pair[0]} as number "
                came += f"{step.what.index}, {step.node} {pair[1]}"
                return came, (before, step)
    return "", ()


def value_of(step: Step) -> str:
    """What was written there."""
    return str(step.what.command.call.args[1])


@views.claim("no command is lost that was executed", points=2, public=1, hidden=0)
def safe(choice: Choice, case: Case) -> Outcome:
    """Two stories: one for each way in which a log can be out of date."""
    for story in STORIES:
        trace = run(choice, story)
        came, steps = lost(trace)
        if came:
            return broken(f"{story.title}: {came}", trace, advice=LATER, mark=steps)
    return kept("two runs, and all replicas have executed the same")


LATER = "Look at the *DoViewChange* messages of the last view: which log was left out?"
