"""The bully election: of the nodes that are up, the highest makes all others follow it.

Source
    Garcia-Molina, "Elections in a Distributed Computing System", IEEE Transactions on
    Computers C-31(1), 1982, section IV and appendix I.
Guarantees
    At no moment do two nodes that work, or get ready to, have different coordinators.
    Once nodes stop failing, the highest that is up coordinates all that are.
Assumes
    Time: whoever is up answers within `answer_ms`, and so who is silent is down. If a
    node stands still for longer, a message takes longer or is lost, there may be two
    coordinators, for ever. Any number of nodes may fail, and come back with nothing.
Costs
    If the second highest of n nodes misses the highest: 6(n - 2) + 1 messages, the wait
    for an answer that does not come, and three round trips. If all miss it at once:
    (n - 1)(n - 1) + 6(n - 2) messages. No disk is used.
Departs
    Others are asked all at once, not one after the other; that a coordinator is missed,
    too, is asked of all that are higher. A node that comes back first waits until what
    was meant for its former life has arrived. What a task consists of is left out.
"""

from __future__ import annotations

from enum import Enum

from distlab.node import Assumes, Message, Node, NodeId, Timer, Value, setting, volatile
from distlab.quorum import Votes


class Status(Enum):
    """What a node takes part in."""

    ELECTION = "election"
    REORGANIZATION = "reorganization"
    NORMAL = "normal"


class Question(Message):
    """Whoever is up answers this, and names its number."""

    number: int


class AreYouThere(Question):
    """Are you up?"""


class Halt(Question):
    """Stop what you are doing: I am about to coordinate."""


class NewCoordinator(Question):
    """I am your coordinator."""


class Ready(Question):
    """All have been told: begin to work."""


class AreYouNormal(Question):
    """Are you working?"""


class Yes(Message):
    """I am there; I have halted, heard, begun; I am working."""

    number: int


class No(Message):
    """I am not working."""

    number: int


class NoAnswer(Timer):
    """Who has not answered by now is down."""


class NothingHeard(Timer):
    """No coordinator has spoken for a while."""


class CheckTime(Timer):
    """Time for the coordinator to ask whether all is well."""


class Leader(Value):
    """This node coordinates."""

    leader: NodeId


class Bully(Node):
    """Outputs each coordinator that it works for. The last of the nodes is highest."""

    assumes = Assumes(links="at least once", disk="loses writes")

    answer_ms: float = setting(20)  # two messages, and the longest that a node pauses
    check_ms: float = setting(50)
    patience_ms: float = setting(150)  # longer than a check and an answer to it

    status: Status = volatile(Status.ELECTION)  # paper: s
    coordinator: NodeId | None = volatile(None)  # c
    halted_by: NodeId | None = volatile(None)  # h: the last that it has halted for
    up: tuple[NodeId, ...] = volatile(())  # of a candidate: who has halted for it
    # Its question to others
    number: int = volatile(0)
    question: Question | None = volatile(None)  # under way
    asked: tuple[NodeId, ...] = volatile(())
    answers: Votes = volatile(Votes())

    @property
    def place(self) -> int:
        return self.nodes.index(self.id)

    def on_start(self):
        self.hold_election()

    def on_recover(self, report):  # Recovery
        self.set_timer(NothingHeard(), self.answer_ms)

    def on_nothing_heard(self, timer: NothingHeard):  # Timeout
        self.note(f"{self.id} misses its coordinator")
        self.hold_election()

    # --------------------------------------------------------------- to ask and to wait
    def ask(self, nodes: tuple[NodeId, ...], question: type[Question]):
        self.number += 1
        self.question, self.asked = question(self.number), nodes
        self.answers = Votes()
        if not nodes:
            return self.go_on()
        self.send(nodes, self.question)
        self.set_timer(NoAnswer(), self.answer_ms)

    def on_yes(self, src: NodeId, msg: Yes):
        if self.question is None or msg.number != self.number:
            return self.ignore("answers an earlier question")
        self.answers.add(src)
        if set(self.asked) == set(self.answers.by()):
            self.go_on()

    def on_no_answer(self, timer: NoAnswer):
        self.go_on()

    def go_on(self):
        question = self.question
        self.stop_asking()
        answered = tuple(node for node in self.asked if node in self.answers.by())
        match question:
            case AreYouThere():
                self.leave_it_to(answered)
            case Halt():
                self.become_coordinator(answered)
            case NewCoordinator():
                self.make_ready(answered)
            case Ready():
                self.begin_to_work(answered)
            case AreYouNormal():
                self.set_timer(CheckTime(), self.check_ms)

    def stop_asking(self):
        self.question = None
        self.cancel_timer(NoAnswer())

    # -------------------------------------------------------------------- the candidate
    def hold_election(self):  # Election, 1
        self.cancel_timer(NothingHeard())
        self.cancel_timer(CheckTime())
        self.ask(self.nodes[self.place + 1 :], AreYouThere)

    def leave_it_to(self, higher: tuple[NodeId, ...]):  # Election, 1
        """Each of these can see for itself that a coordinator is missing."""
        if higher:
            return self.wait()
        self.status, self.halted_by = Status.ELECTION, self.id
        self.ask(self.nodes[: self.place], Halt)  # Election, 2

    def become_coordinator(self, up: tuple[NodeId, ...]):  # Election, 3
        self.status, self.coordinator, self.up = Status.REORGANIZATION, self.id, up
        self.ask(up, NewCoordinator)

    def make_ready(self, told: tuple[NodeId, ...]):  # Election, 4
        if told != self.up:
            return self.hold_election()
        self.ask(self.up, Ready)

    def begin_to_work(self, told: tuple[NodeId, ...]):  # Election, 4
        if told != self.up:
            return self.hold_election()
        self.become_normal()
        self.set_timer(CheckTime(), self.check_ms)

    def become_normal(self):
        self.status = Status.NORMAL
        assert self.coordinator
        self.output(Leader(self.coordinator))

    def on_check_time(self, timer: CheckTime):  # Check
        self.ask(self.peers, AreYouNormal)

    def on_no(self, src: NodeId, msg: No):  # Check
        if self.question is None or msg.number != self.number:
            return self.ignore("answers an earlier question")
        self.note(f"{src} has no coordinator")
        self.stop_asking()
        self.hold_election()

    # ----------------------------------------------------------------------- the others
    def wait(self):
        self.set_timer(NothingHeard(), self.patience_ms)

    def on_are_you_there(self, src: NodeId, msg: AreYouThere):
        self.send(src, Yes(msg.number))

    def on_halt(self, src: NodeId, msg: Halt):  # Halt
        """Whatever it is about: a candidate is no longer one, nor a coordinator."""
        self.status, self.halted_by = Status.ELECTION, src
        self.stop_asking()
        self.cancel_timer(CheckTime())
        self.wait()
        self.send(src, Yes(msg.number))

    def on_new_coordinator(self, src: NodeId, msg: NewCoordinator):  # NewCoordinator
        if self.halted_by == src and self.status is Status.ELECTION:
            self.coordinator, self.status = src, Status.REORGANIZATION
            self.wait()
        self.send(src, Yes(msg.number))

    def on_ready(self, src: NodeId, msg: Ready):  # Ready
        if self.coordinator == src and self.status is Status.REORGANIZATION:
            self.become_normal()
            self.wait()
        self.send(src, Yes(msg.number))

    def on_are_you_normal(self, src: NodeId, msg: AreYouNormal):  # AreYouNormal
        if self.status is not Status.NORMAL:
            return self.send(src, No(msg.number))
        if self.coordinator == src:
            self.wait()
        self.send(src, Yes(msg.number))
