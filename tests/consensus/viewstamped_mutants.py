"""What viewstamped replication may forget, one rule each, named after it.

What is forgotten of the rules of `viewstamped` is forgotten by `recovering` too.
"""

import functools

from distlab.consensus.client import Request
from distlab.consensus.viewstamped import (
    Commit,
    DoViewChange,
    Prepare,
    PrepareOk,
    StartView,
    StartViewChange,
    Status,
    ViewMessage,
    Viewstamped,
)
from distlab.consensus.viewstamped_recovery import (
    GetState,
    NewState,
    Recovery,
    RecoveryResponse,
    ViewstampedRecovery,
)
from distlab.node import Log, NodeId, durable, volatile
from distlab.replicated import Command


@functools.cache
def recovering(mutant: type[Viewstamped]) -> type[ViewstampedRecovery]:
    """The same, where messages get lost, and replicas their memory."""
    if issubclass(mutant, ViewstampedRecovery):
        return mutant

    class Recovering(mutant, ViewstampedRecovery):
        view_number: int = durable(0)  # a mutant of `Viewstamped` says it is volatile

    Recovering.__name__ = Recovering.__qualname__ = mutant.__name__
    return Recovering


# --------------------------------------------------------------------- normal operation
class ServesInNoView(Viewstamped):
    """§4.1, 2: takes requests while a view change is under way."""

    def on_request(self, src: NodeId, msg: Request):
        status, self.status = self.status, Status.NORMAL
        super().on_request(src, msg)
        self.status = status


class PreparesRetriesAgain(Viewstamped):
    """§4.1, 2: forgets that the request is in the log already."""

    def on_request(self, src: NodeId, msg: Request):
        command = Command(src, msg.number, msg.call)
        mine = self.is_in(self.view_number) and self.primary == self.id
        if mine and command in self.log.after(self.commit_number):
            self.log = self.log.append(command)
            return self.prepare()
        super().on_request(src, msg)


class PreparesWhatItHasExecuted(Viewstamped):
    """§4.1, 2: has no client table."""

    def on_request(self, src: NodeId, msg: Request):
        self.service.answers.pop(src, None)
        super().on_request(src, msg)


class CommitsOneBackupEarly(Viewstamped):
    """§4.1, 5: f - 1 backups are enough."""

    def on_prepare_ok(self, src: NodeId, msg: PrepareOk):
        super().on_prepare_ok(src, msg)
        have = [self.op_number, *sorted(self.prepared.values(), reverse=True)]
        if self.is_in(msg.view_number):
            self.advance_commit_number(have[self.f - 1])


class CountsOneBackupForAll(Viewstamped):
    """§4.1, 5: looks at the fastest backup alone."""

    def on_prepare_ok(self, src: NodeId, msg: PrepareOk):
        super().on_prepare_ok(src, msg)
        if self.is_in(msg.view_number):
            self.advance_commit_number(max(self.prepared.values()))


class NeedsOneBackupMore(Viewstamped):
    """§4.1, 5: f + 1 backups."""

    def on_prepare_ok(self, src: NodeId, msg: PrepareOk):
        if self.is_in(msg.view_number):
            self.prepared[src] = max(msg.op_number, self.prepared[src])
            have = sorted(self.prepared.values())
            self.advance_commit_number(have[-self.f - 1])


class CountsOtherViews(Viewstamped):
    """§4.1, 5: a PrepareOk of another view counts in this one."""

    def on_prepare_ok(self, src: NodeId, msg: PrepareOk):
        super().on_prepare_ok(src, PrepareOk(self.view_number, msg.op_number))


class KeepsCounting(Viewstamped):
    """§4.1, 5: what backups have said in an earlier view counts in this one."""

    def become_normal(self, view_number: int, log: Log[Command]):
        before = self.prepared
        super().become_normal(view_number, log)
        self.prepared = {**self.prepared, **before}


class PreparesOutOfOrder(Viewstamped):
    """§4.1, 4: puts the command behind whatever it has."""

    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        return super().follows(src, msg, min(op_number, self.op_number))


class PreparesTwice(ViewstampedRecovery):
    """§4.1, 4: a Prepare that it has heard before is new to it."""

    on_prepare = Viewstamped.on_prepare


class ConfirmsWhatItLacks(Viewstamped):
    """§4.1, 4: says PrepareOk to a place that its log does not reach."""

    def on_prepare(self, src: NodeId, msg: Prepare):
        super().on_prepare(src, msg)
        if self.is_in(msg.view_number):
            self.send(src, PrepareOk(self.view_number, msg.op_number))


class ObeysOldPrimaries(Viewstamped):
    """§4.1, 4: a Prepare of a view that was left is as good as any."""

    def on_prepare(self, src: NodeId, msg: Prepare):
        if msg.view_number < self.view_number and self.status is Status.NORMAL:
            last = msg.op_number, msg.commit_number
            msg = Prepare(self.view_number, msg.command, *last)
        super().on_prepare(src, msg)


class ExecutesWhatIsPrepared(Viewstamped):
    """§4.1, 7: a backup does not wait until it is committed."""

    def on_prepare(self, src: NodeId, msg: Prepare):
        super().on_prepare(src, msg)
        if self.is_in(msg.view_number):
            self.advance_commit_number(self.op_number)


class ExecutesInNoView(Viewstamped):
    """§4.1, 7: what an old primary has committed, it executes from its own log."""

    def on_commit(self, src: NodeId, msg: Commit):
        if self.status is not Status.RECOVERING:
            self.advance_commit_number(msg.commit_number)
        super().on_commit(src, msg)


class SendsNoCommits(Viewstamped):
    """§4.1, 6: a primary without clients is silent."""

    def on_idle(self, timer):
        pass


class PreparesOnce(ViewstampedRecovery):
    """A Prepare that is lost is lost."""

    on_idle = Viewstamped.on_idle


# ------------------------------------------------------------------------- view changes
class NeverSuspects(Viewstamped):
    """§4.2, 1: waits for its primary for ever."""

    def on_primary_timeout(self, timer):
        self.expect_primary()


class LeadsOn(Viewstamped):
    """§4.2, 1: a primary does not leave its view for a later one."""

    def on_start_view_change(self, src: NodeId, msg: StartViewChange):
        if self.status is Status.NORMAL and self.primary == self.id:
            return self.ignore("leads")
        super().on_start_view_change(src, msg)


class StaysNormal(Viewstamped):
    """§4.2, 1: goes on in the view that it leaves, until the next one begins."""

    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        if self.status is not Status.VIEW_CHANGE:
            return super().follows(src, msg, op_number)
        return msg.view_number == self.last_normal and self.op_number >= op_number

    def on_prepare(self, src: NodeId, msg: Prepare):
        if self.status is Status.VIEW_CHANGE and msg.op_number == self.op_number + 1:
            if self.follows(src, msg, msg.op_number - 1):
                self.log = self.log.append(msg.command)
                self.send(src, PrepareOk(msg.view_number, self.op_number))
            return
        super().on_prepare(src, msg)


class WaitsForOneMore(Viewstamped):
    """§4.2, 2: f + 1 others have to want the view."""

    def on_start_view_change(self, src: NodeId, msg: StartViewChange):
        wanted = len(self.start_view_changes) + (src not in self.start_view_changes)
        if self.changes(msg) and wanted <= self.f:
            self.start_view_changes.add(src)
            return
        self.start_view_changes.discard(src)
        if len(self.start_view_changes) == self.f:
            self.start_view_changes.pop()
            super().on_start_view_change(src, msg)


class ChangesAlone(Viewstamped):
    """§4.2, 2: sends DoViewChange before others want the view."""

    def change_to(self, view_number: int):
        super().change_to(view_number)
        if self.primary != self.id:
            ours = self.log, self.last_normal, self.commit_number
            self.send(self.primary, DoViewChange(self.view_number, *ours))


class CallsItsViewNormal(Viewstamped):
    """§4.2, 2: as last normal view it gives the one that it is on its way to."""

    def change_to(self, view_number: int):
        super().change_to(view_number)
        self.last_normal = view_number


class ForgetsItsLastNormalView(Viewstamped):
    """§4.2, 2: gives a view that its log has left behind."""

    def join(self, view_number: int, log: Log[Command], commit_number: int):
        before = self.last_normal
        super().join(view_number, log, commit_number)
        self.last_normal = before


class BeginsWithOneTooFew(Viewstamped):
    """§4.2, 3: f DoViewChange messages are enough."""

    def on_do_view_change(self, src: NodeId, msg: DoViewChange):
        if self.changes(msg):
            self.do_view_changes["nobody"] = DoViewChange(msg.view_number, Log(), -1, 0)
            super().on_do_view_change(src, msg)


class TakesTheFirstLog(Viewstamped):
    """§4.2, 3: the first log that it hears of is as good as any."""

    def become_normal(self, view_number: int, log: Log[Command]):
        first = next(iter(self.do_view_changes.values()), None)
        super().become_normal(view_number, first.log if first else log)


class TakesTheLongestLog(Viewstamped):
    """§4.2, 3: a longer log of an earlier view is as good."""

    def on_do_view_change(self, src: NodeId, msg: DoViewChange):
        rest = msg.log, 0, msg.commit_number
        super().on_do_view_change(src, DoViewChange(msg.view_number, *rest))


class TakesAnyLogOfTheLatestView(Viewstamped):
    """§4.2, 3: of several logs of the latest view the shortest."""

    def become_normal(self, view_number: int, log: Log[Command]):
        heard = self.do_view_changes.values()
        latest = max((m.last_normal for m in heard), default=0)
        logs = [m.log for m in heard if m.last_normal == latest]
        super().become_normal(view_number, min(logs, key=len, default=log))


class ForgetsWhatIsCommitted(Viewstamped):
    """§4.2, 3: a new view begins as if nothing were committed."""

    def on_do_view_change(self, src: NodeId, msg: DoViewChange):
        ours = self.commit_number
        rest = msg.log, msg.last_normal, min(ours, msg.commit_number)
        super().on_do_view_change(src, DoViewChange(msg.view_number, *rest))


class KeepsItsOwnLog(Viewstamped):
    """§4.2, 5: goes into the new view with the log that it had."""

    def join(self, view_number: int, log: Log[Command], commit_number: int):
        longer = max(log, self.log, key=len)
        super().join(view_number, longer, commit_number)


class BeginsAgain(Viewstamped):
    """§4.2, 5: a StartView that comes twice, or late, begins the view anew."""

    def on_start_view(self, src: NodeId, msg: StartView):
        if self.is_in(msg.view_number):
            self.join(msg.view_number, msg.log, msg.commit_number)
        super().on_start_view(src, msg)


class ObeysOldViews(Viewstamped):
    """§4.2, 5: joins a view that it has left."""

    def on_start_view(self, src: NodeId, msg: StartView):
        if self.status is not Status.RECOVERING:
            self.join(msg.view_number, msg.log, msg.commit_number)


class LeavesOthersInDoubt(Viewstamped):
    """§4.2, 5: says no PrepareOk to what is not yet committed."""

    def join(self, view_number: int, log: Log[Command], commit_number: int):
        self.become_normal(view_number, log)
        self.advance_commit_number(commit_number)


# ----------------------------------------------------------------------- state transfer
class NeverAsks(ViewstampedRecovery):
    """§5.2, 1: what it has missed, it waits for."""

    follows = Viewstamped.follows


class AnswersForOtherViews(ViewstampedRecovery):
    """§5.2, 2: tells its log as if it were of the view that it is asked about."""

    def on_get_state(self, src: NodeId, msg: GetState):
        news = self.log.after(msg.op_number), self.op_number, self.commit_number
        self.send(src, NewState(msg.view_number, *news))


class CutsBeforeItAsks(ViewstampedRecovery):
    """§5.2, 3: as printed: its log is cut when it hears of a later view."""

    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        if self.awaits(msg.view_number) and msg.view_number > self.view_number:
            self.log = self.log.cut(self.commit_number)
        return super().follows(src, msg, op_number)


class JoinsBeforeItHasTheState(ViewstampedRecovery):
    """§5.2, 3: is in a later view, with what is left of its log, as soon as it asks."""

    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        if self.awaits(msg.view_number) and msg.view_number > self.view_number:
            self.become_normal(msg.view_number, self.log.cut(self.commit_number))
        return super().follows(src, msg, op_number)


class TakesWhatIsNoNews(ViewstampedRecovery):
    """§5.2, 3: an old answer makes its log shorter."""

    def on_new_state(self, src: NodeId, msg: NewState):
        begins = msg.op_number - len(msg.log)
        if self.is_in(msg.view_number) and begins <= self.commit_number:
            log = self.log.cut(begins).extend(msg.log)
            return self.join(msg.view_number, log, msg.commit_number)
        super().on_new_state(src, msg)


class PutsItBehindAnything(ViewstampedRecovery):
    """§5.2, 3: does not look where the answer begins, and where its own log ends."""

    def on_new_state(self, src: NodeId, msg: NewState):
        if self.awaits(msg.view_number):
            log = self.log.extend(msg.log)
            return self.join(msg.view_number, log, msg.commit_number)
        super().on_new_state(src, msg)


# ----------------------------------------------------------------------------- recovery
class ForgetsItsView(ViewstampedRecovery):
    """§4.3, 3: as printed: nothing is on disk, and it may go back behind its word."""

    view_number: int = volatile(0)


class UsesANonceTwice(ViewstampedRecovery):
    """§4.3, 1: an answer to an earlier recovery is as good."""

    nonce: int = volatile(0)


class TakesPartAtOnce(ViewstampedRecovery):
    """§4.3, 1: is back from a crash as if it were new."""

    def on_recover(self, report):
        super().on_recover(report)
        self.become_normal(self.view_number, self.log)


class VotesWhileItRecovers(ViewstampedRecovery):
    """§4.3, 1: joins view changes with an empty log."""

    def awaits(self, view_number: int) -> bool:
        return Viewstamped.awaits(self, view_number)


class TellsWhatIsNotNormal(ViewstampedRecovery):
    """§4.3, 2: answers while it changes views, or recovers itself."""

    def on_recovery(self, src: NodeId, msg: Recovery):
        status, self.status = self.status, Status.NORMAL
        super().on_recovery(src, msg)
        self.status = status


class RecoversFromOneTooFew(ViewstampedRecovery):
    """§4.3, 3: f answers are enough."""

    def on_recovery_response(self, src: NodeId, msg: RecoveryResponse):
        self.responses.setdefault("nobody", RecoveryResponse(-1, 0, None, 0))
        super().on_recovery_response(src, msg)


class RecoversIntoAnyView(ViewstampedRecovery):
    """§4.3, 3: the primary of a view that others have left is as good."""

    def on_recovery_response(self, src: NodeId, msg: RecoveryResponse):
        super().on_recovery_response(src, msg)
        if self.status is Status.RECOVERING and len(self.responses) > self.f:
            primaries = (m for m in self.responses.values() if m.log is not None)
            if some := next(primaries, None):
                self.recover(some)


class RecoversWithoutThePrimary(ViewstampedRecovery):
    """§4.3, 3: takes part again without the log of anybody."""

    def on_recovery_response(self, src: NodeId, msg: RecoveryResponse):
        super().on_recovery_response(src, msg)
        if self.status is Status.RECOVERING and len(self.responses) > self.f:
            latest = max(m.view_number for m in self.responses.values())
            if latest >= self.view_number:
                self.become_normal(latest, self.log)


class GoesBackBehindItsWord(ViewstampedRecovery):
    """§4.3, 3: does not look on its disk for the view that it had promised to join."""

    def recover(self, primary: RecoveryResponse):
        self.view_number = 0
        super().recover(primary)


class GoesOnWithAChangeThatIsOver(ViewstampedRecovery):
    """§4.3, 3: takes its own view, which is there already, for one that it promised."""

    def recover(self, primary: RecoveryResponse):
        self.view_number += primary.view_number == self.view_number
        super().recover(primary)


class RecoversWithoutItsService(ViewstampedRecovery):
    """§4.3, 3: has the log, and executes only what comes after."""

    def recover(self, primary: RecoveryResponse):
        self.commit_number = primary.commit_number
        super().recover(primary)
