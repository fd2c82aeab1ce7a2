"""Nodes that forget something of the bully election, each named after it."""

from distlab.consensus.bully import (
    AreYouNormal,
    AreYouThere,
    Bully,
    CheckTime,
    Halt,
    NewCoordinator,
    Ready,
    Status,
    Yes,
)
from distlab.node import NodeId


# --------------------------------------------------------------------- the candidate
class AsksNobodyHigher(Bully):
    """Election, 1: takes itself for the highest."""

    def hold_election(self):
        super().hold_election()
        self.stop_asking()
        self.leave_it_to(())


class IgnoresTheHigher(Bully):
    """Election, 1: asks them, and goes on although they are there."""

    def leave_it_to(self, higher):
        super().leave_it_to(())


class HaltsNobody(Bully):
    """Election, 2: the others find out when they are told."""

    def leave_it_to(self, higher):
        if higher:
            return self.wait()
        self.status, self.halted_by = Status.ELECTION, self.id
        self.become_coordinator(self.peers)


class WorksBeforeAllHaveHalted(Bully):
    """Election, 2; Election, 3: does not wait for those whom it tells to halt."""

    def leave_it_to(self, higher):
        super().leave_it_to(higher)
        if not higher and self.place:
            self.send(self.peers, NewCoordinator(self.number))
            self.coordinator = self.id
            self.become_normal()


class TellsNobody(Bully):
    """Election, 3: begins at once with making them ready."""

    def become_coordinator(self, up):
        self.status, self.coordinator, self.up = Status.REORGANIZATION, self.id, up
        self.ask(up, Ready)


class MakesNobodyReady(Bully):
    """Election, 4: works, and leaves the others waiting."""

    def make_ready(self, told):
        self.begin_to_work(told)


# ------------------------------------------------------------------------- the others
class NeverMissesItsCoordinator(Bully):
    """Timeout: waits for ever."""

    def on_nothing_heard(self, timer):
        pass


class HoldsNoElectionAfterACrash(Bully):
    """Recovery: waits to be found."""

    def on_recover(self, report):
        pass


class NeverChecks(Bully):
    """Check: does not look for those who are back."""

    def on_check_time(self, timer: CheckTime):
        self.set_timer(timer, self.check_ms)


class TakesNoForYes(Bully):
    """Check: is content with whoever answers."""

    def on_no(self, src, msg):
        self.on_yes(src, Yes(msg.number))


class KeepsWorking(Bully):
    """Halt: works on for the coordinator that it had."""

    def on_halt(self, src: NodeId, msg: Halt):
        status = self.status
        super().on_halt(src, msg)
        self.status = status


class ForgetsForWhomItHalted(Bully):
    """NewCoordinator: follows whoever says so."""

    def on_new_coordinator(self, src: NodeId, msg: NewCoordinator):
        self.halted_by = src
        super().on_new_coordinator(src, msg)


class FollowsWithoutHalting(Bully):
    """NewCoordinator: changes its coordinator while it works for another."""

    def on_new_coordinator(self, src: NodeId, msg: NewCoordinator):
        self.status, self.halted_by = Status.ELECTION, src
        super().on_new_coordinator(src, msg)


class GoesOnAsACandidate(Bully):
    """Halt: does not forget its own election."""

    def on_halt(self, src: NodeId, msg: Halt):
        self.status, self.halted_by = Status.ELECTION, src
        self.send(src, Yes(msg.number))


class WorksForAnybody(Bully):
    """Ready: does not look who says so."""

    def on_ready(self, src: NodeId, msg: Ready):
        self.status, self.coordinator = Status.REORGANIZATION, src
        super().on_ready(src, msg)


class IsAlwaysWell(Bully):
    """AreYouNormal: says so, whatever it does."""

    def on_are_you_normal(self, src: NodeId, msg: AreYouNormal):
        self.send(src, Yes(msg.number))


class HidesFromTheLower(Bully):
    """Election, 1: is there, and does not say so."""

    def on_are_you_there(self, src: NodeId, msg: AreYouThere):
        pass


class TakesAnOldAnswer(Bully):
    """Election, 2: any answer will do, whichever question it answers."""

    def on_yes(self, src: NodeId, msg: Yes):
        super().on_yes(src, Yes(self.number))
