"""Exercise 4.1: the acceptor, asked by hand and in every schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.explore import explore
from distlab.check.networks import Ordered
from distlab.check.versions import counted
from distlab.consensus.paxos import (
    Accept,
    Accepted,
    Ballot,
    Nack,
    Paxos,
    Prepare,
    Promise,
    Proposal,
)
from distlab.faults import Crash, Recover
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    kept,
)
from distlab.node import Call, Message, Node, NodeId
from distlab.show.naming import told
from distlab.sim import Network
from distlab.trace import Step, Trace

Request = Prepare | Accept
Answer = Promise | Accepted | Nack
PROPOSALS = {"s1": "tea", "s3": "milk"}

acceptor = Exercise(
    "4.1",
    "The acceptor",
    "04_paxos",
    Method("MyAcceptor", Paxos, asked=("on_prepare", "on_accept")),
)


# ------------------------------------------------------------------------- what is run
class Teller(Node):
    """Sends the acceptor what it is told to, and waits for the answer."""

    def say(self, msg: Message) -> None:
        """Called by the layer above; it ends with the answer."""
        self.send("a1", msg)

    def on_promise(self, src: NodeId, msg: Promise) -> None:
        """An answer to *Prepare*."""
        self.ok(msg)

    def on_accepted(self, src: NodeId, msg: Accepted) -> None:
        """An answer to *Accept*."""
        self.ok(msg)

    def on_nack(self, src: NodeId, msg: Nack) -> None:
        """An answer to either."""
        self.ok(msg)


BALLOTS = [Ballot(number, who) for number in (1, 2, 3) for who in ("s1", "s3")]


def values(case: Case) -> dict[Ballot, str]:
    """What is proposed in each ballot."""
    draw = case.random("values")
    return {ballot: draw.choice(("tea", "milk")) for ballot in BALLOTS}


def said(case: Case, asked: list[Request]) -> Scenario:
    """All of it, one after the other."""
    calls = tuple(Call("say", (msg,)) for msg in asked)
    return Scenario(case.seed, (), (("p1", calls),))


def prepares(case: Case) -> Scenario:
    """Phase 1 of several proposers, in an order that only a network makes."""
    draw = case.random("requests")
    asked = [draw.choice(BALLOTS) for _ in range(4 + case.size)]
    return said(case, [Prepare(ballot) for ballot in (*asked, asked[-1])])


def both(case: Case) -> Scenario:
    """Both phases, of several ballots at once."""
    draw, value = case.random("requests"), values(case)
    asked: list[Request] = [Prepare(BALLOTS[2]), Accept(BALLOTS[2], value[BALLOTS[2]])]
    for _ in range(5 + 2 * case.size):
        again = draw.random() < 0.25
        ballot = asked[-1].ballot if again else draw.choice(BALLOTS)
        phase_1 = draw.random() < 0.5
        asked.append(Prepare(ballot) if phase_1 else Accept(ballot, value[ballot]))
    return said(case, asked)


def rising(case: Case) -> Scenario:
    """Ballot after ballot, and some of them get no further than phase 1."""
    draw, value = case.random("requests"), values(case)
    asked: list[Request] = []
    for ballot in BALLOTS:
        asked.append(Prepare(ballot))
        if ballot == BALLOTS[0] or draw.random() < 0.6:
            asked.append(Accept(ballot, value[ballot]))
    return said(case, [*asked, Prepare(Ballot(4, "s1"))])


def restarted(case: Case) -> Scenario:
    """The same, and the acceptor restarts between two requests, three times."""
    down = [
        fault
        for at_ms in (4.25, 8.25, 12.25)
        for fault in (Crash("a1", at_ms), Recover("a1", at_ms + 0.25))
    ]
    return Scenario(case.seed, tuple(down), both(case).workload)


def run(node: Any, scenario: Scenario) -> Trace:
    """What the acceptor was asked and what it answered."""
    groups = {"acceptors": (node, 1), "proposers": (Teller, 1)}
    cluster = scenario.cluster(node, **groups, network=Network(latency=1))
    trace: Trace = cluster.run(until_ms=200).trace
    return trace


# ------------------------------------------------------------------------ what was seen
class Exchange(NamedTuple):
    """A request, what came, and what an acceptor answers that knows all before it."""

    step: Step  # where it answers; where it was asked, if it does not
    asked: Request
    came: Any
    wanted: Answer
    by_vote: bool  # the highest that it has answered, it has accepted

    def __str__(self) -> str:
        asked, wanted = told(self.asked), told(self.wanted)
        came = "nothing" if self.came is None else told(self.came)
        return f"to {asked} it answers {came}; it should be {wanted}"


def exchanges(trace: Trace) -> Iterator[Exchange]:
    """Every request that reached the acceptor, in order."""
    promised = Ballot(0, "")
    accepted: Proposal | None = None
    steps = trace.where("deliver", "send", node="a1")
    for step, after in zip(steps, (*steps[1:], None), strict=True):
        if step.kind != "deliver":
            continue
        asked = step.what
        by_vote = accepted is not None and accepted.ballot == promised
        wanted: Answer = Nack(asked.ballot, promised)
        if asked.ballot >= promised:
            promised, wanted = asked.ballot, Promise(asked.ballot, accepted)
            if isinstance(asked, Accept):
                accepted = Proposal(asked.ballot, asked.value)
                wanted = Accepted(asked.ballot)
        answer = after if after is not None and after.kind == "send" else None
        came = answer.what if answer else None
        yield Exchange(answer or step, asked, came, wanted, by_vote)


def wrong(one: Exchange, reports: bool) -> bool:
    """Whether it is answered wrongly: what a promise `reports`, or all the rest."""
    came, wanted = one.came, one.wanted
    if isinstance(came, Promise) and isinstance(wanted, Promise):
        if reports:
            return came.accepted != wanted.accepted
        return came.ballot != wanted.ballot
    return came != wanted and (came is None or not reports)


def first_wrong(trace: Trace, *reports: bool) -> Exchange | None:
    """The first request that is answered wrongly."""
    for one in exchanges(trace):
        if any(wrong(one, each) for each in reports):
            return one
    return None


def outcome(trace: Trace, *reports: bool, advice: str = "") -> Outcome:
    """What came of a run; the advice is that of the wrong answer unless given."""
    if one := first_wrong(trace, *reports):
        shown = trace.between(0, one.step.at_ms + 1)
        return broken(str(one), shown, advice=advice or why(one), mark=(one.step,))
    return kept(f"{len(list(exchanges(trace)))} requests, each answered rightly")


def why(one: Exchange) -> str:
    """What to think about."""
    came, wanted, asked = one.came, one.wanted, one.asked
    if came is None:
        return SILENT
    if type(came) is not type(wanted):
        if isinstance(wanted, Nack):
            if asked.ballot.number == wanted.promised.number:
                return NAME
            if one.by_vote:
                return VOTED
            return LOWER if isinstance(asked, Prepare) else BOUND
        return AGAIN if isinstance(came, Nack) else KIND
    if isinstance(came, Promise) and came.ballot == wanted.ballot:
        return TELL if came.accepted is None else HIGHEST
    if isinstance(wanted, Nack):
        return VOTED if one.by_vote else NAMES
    return ECHO


SILENT = "Whoever asks waits: a promise, a vote, or a `Nack` with what was promised."
VOTED = "It has accepted a higher one. A vote binds it as a promise does."
LOWER = "It has promised to a higher one to have nothing to do with lower ones."
BOUND = "It has promised a higher ballot not to accept this. Phase 1 is for that."
NAME = "Two ballots of one number: the name decides. `<` of ballots looks at both."
AGAIN = "Nothing higher came. The same ballot is not lower: it may well ask again."
KIND = "`on_prepare` answers with a `Promise`, `on_accept` with an `Accepted`."
TELL = "It has accepted something, and must say so: phase 1 asks what may be chosen."
PROMISE = "Each of these ballots is higher than the one before: all are promised."
HIGHEST = "The proposal with the highest ballot of all that it has accepted: its last."
NAMES = "The `Nack` names what was promised: the proposer has to know what to outbid."
ECHO = "An answer names the ballot that it answers: there may be several under way."
DISK = "`self.promised` and `self.accepted` are on disk; a new field is in memory."


# ---------------------------------------------------------------------- what is claimed
@acceptor.claim(
    "it promises to the highest ballot, and to nothing lower",
    points=2,
    public=3,
    hidden=3,
    scenario=prepares,
)
def promises(node: Any, scenario: Scenario) -> Outcome:
    """Phase 1 alone."""
    return outcome(run(node, scenario), False)


@acceptor.claim(
    "it accepts unless it has promised or accepted something higher",
    points=2,
    public=3,
    hidden=3,
    scenario=both,
)
def accepts(node: Any, scenario: Scenario) -> Outcome:
    """Both phases; what a promise reports is another claim."""
    return outcome(run(node, scenario), False)


@acceptor.claim(
    "its promise tells the highest proposal that it has accepted",
    points=2,
    public=3,
    hidden=3,
    scenario=rising,
)
def tells(node: Any, scenario: Scenario) -> Outcome:
    """What P2c rests on."""
    trace = run(node, scenario)
    answers = [one.came for one in exchanges(trace)]
    if any(isinstance(answer, Promise) for answer in answers):
        return outcome(trace, True)
    came = f"it answers {counted(len(answers), 'request')}, and promises nothing"
    return broken(came, trace, advice=PROMISE)


@acceptor.claim(
    "a crash changes nothing of that",
    points=1,
    public=2,
    hidden=3,
    scenario=restarted,
)
def survives(node: Any, scenario: Scenario) -> Outcome:
    """All of it, and three restarts."""
    unharmed = run(node, Scenario(scenario.seed, (), scenario.workload))
    if first_wrong(unharmed, False, True):
        return outcome(unharmed, False, True)
    return outcome(run(node, scenario), False, True, advice=DISK)


def always_one_value_is_decided(world: Any) -> str | None:
    """Of the two proposers, who are ours: s2 is the learner's."""
    decided = {id: world.nodes[id].decided for id in PROPOSALS}
    known = {id: msg.value for id, msg in decided.items() if msg}
    if len(set(known.values())) < 2:
        return None
    return " and ".join(f"{id} has decided {value}" for id, value in known.items())


@acceptor.claim(
    "in no schedule of two proposals are two values decided",
    points=1,
    public=1,
    hidden=0,
)
def agrees(node: Any, case: Case) -> Outcome:
    """All orders of the messages of different links."""
    servers, faults = (Paxos, node, Paxos), (Crash("s3", at_ms=0),)
    alone = case.cluster(Paxos, servers=servers, faults=faults, retry_ms=None)
    alone.add_call(1, "s1", Call("propose", ("tea",)))
    if not alone.run(until_ms=200).history.where(outcome="ok"):
        came = "s3 is down, s1 proposes, and nothing is decided"
        return broken(came, alone.trace, advice=HELP)
    verdict = explore(
        Paxos,
        servers=servers,
        retry_ms=None,
        workload={id: (Call("propose", (v,)),) for id, v in PROPOSALS.items()},
        network=Ordered(prompt=True),
        properties=[always_one_value_is_decided],
        progress=False,
    )
    if verdict.valid:
        return kept(f"{verdict.states:,} states")
    return broken(verdict.reason, verdict.trace, advice=BETWEEN)


HELP = "Whoever never helps never does harm: two of three are enough, and s2 is one."
BETWEEN = "This is the shortest way. Which of s2's answers in it was out of date later?"
