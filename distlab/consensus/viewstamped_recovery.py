"""Viewstamped replication where messages get lost, and replicas their memory.

Source
    Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021,
    2012: recovery (section 4.3) and state transfer (5.2). What is wrong with them as
    printed: Michael, Ports, Sharma and Szekeres, "Recovering Shared Objects Without
    Stable Storage", DISC 2017; Vanlightly, "VR Revisited: An Analysis with TLA+", 2022.
Guarantees
    Those of `viewstamped`. A replica that has crashed knows again what it had told.
Assumes
    At most f of 2f + 1 replicas are down or recovering at once, for what they knew is
    gone but for two numbers on their disks (the last record may be torn). Messages may
    be lost, doubled and reordered. Timing is for progress alone.
Costs
    A recovery: n - 1 questions, as many answers, one with a whole log, one sync. A view
    change: one sync at each replica. Nothing else touches a disk.
Departs
    As printed, recovery may take a replica back behind a view that it had promised to
    join; its DoViewChange is still on the way, and lets that view begin without what is
    committed until then. So the disk keeps the view's number, as it did in the VR of
    1988, and who recovers goes on with the change. It also counts recoveries: a nonce.
    As printed, who hears of a later view cuts its log and asks for the rest. Here it is
    in that view, and its log is cut, when the rest is there: if not, the next view
    change would take the cut log for the latest.
    The last operation is prepared again while it is not committed. What is lost of a
    view change is not sent again: the next view is tried.
"""

from __future__ import annotations

from distlab.consensus.viewstamped import (
    Commit,
    Idle,
    Prepare,
    PrepareOk,
    Status,
    ViewMessage,
    Viewstamped,
)
from distlab.node import (
    Assumes,
    Log,
    Message,
    NodeId,
    Timer,
    durable,
    setting,
    volatile,
)
from distlab.replicated import Command, new


class GetState(ViewMessage):
    """What follows in your log on this place?"""

    op_number: int


class NewState(ViewMessage):
    """This follows, and with it the log ends at `op_number`."""

    log: tuple[Command, ...]
    op_number: int
    commit_number: int


class Recovery(Message):
    """I have forgotten everything."""

    nonce: int


class RecoveryResponse(ViewMessage):
    """This is the view now. If it is mine: this is its log."""

    nonce: int
    log: Log[Command] | None
    commit_number: int


class RecoveryTimeout(Timer):
    """Too few have answered."""


class ViewstampedRecovery(Viewstamped):
    """A replica that can catch up, even from nothing."""

    assumes = Assumes(disk="torn writes", f="minority")

    recovery_ms: float = setting(50)

    view_number: int = durable(0)  # no earlier one has anything to expect from us
    nonce: int = durable(0)  # of the last recovery
    responses: dict[NodeId, RecoveryResponse] = volatile({})  # the last of each

    def awaits(self, view_number: int) -> bool:
        return self.status is not Status.RECOVERING and super().awaits(view_number)

    # ------------------------------------------------------------------- state transfer
    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        if super().follows(src, msg, op_number):
            return True
        if self.awaits(msg.view_number) or self.is_in(msg.view_number):
            self.send(src, GetState(msg.view_number, self.commit_number))  # §5.2, 1
        return False

    def on_get_state(self, src: NodeId, msg: GetState):  # §5.2, 2
        if not self.is_in(msg.view_number):
            return self.ignore("asks for the state of another view")
        news = self.log.after(msg.op_number), self.op_number, self.commit_number
        self.send(src, NewState(self.view_number, *news))

    def on_new_state(self, src: NodeId, msg: NewState):  # §5.2, 3
        begins = msg.op_number - len(msg.log)
        news = self.is_in(msg.view_number) and msg.op_number > self.op_number
        if not (news or self.awaits(msg.view_number)) or begins > self.commit_number:
            return self.ignore("is not news any more")
        self.note("catches up")
        log = self.log.cut(begins).extend(msg.log)
        self.join(msg.view_number, log, msg.commit_number)

    def on_prepare(self, src: NodeId, msg: Prepare):
        if not self.is_in(msg.view_number) or msg.op_number > self.op_number:
            return super().on_prepare(src, msg)
        self.on_commit(src, Commit(msg.view_number, msg.commit_number))
        self.send(src, PrepareOk(self.view_number, self.op_number))  # once more

    def on_idle(self, timer: Idle):
        if self.op_number > self.commit_number:  # a Prepare was lost, or its PrepareOk
            return self.prepare()
        super().on_idle(timer)

    # ------------------------------------------------------------------------- recovery
    def on_recover(self, report):  # §4.3, 1
        self.service, self.status = new(self.machine), Status.RECOVERING
        self.nonce += 1
        self.ask()

    def ask(self):
        self.send(self.peers, Recovery(self.nonce))
        self.set_timer(RecoveryTimeout(), self.recovery_ms)

    def on_recovery_timeout(self, timer: RecoveryTimeout):
        self.ask()

    def on_recovery(self, src: NodeId, msg: Recovery):  # §4.3, 2
        if self.status is not Status.NORMAL:
            return self.ignore("knows of no view that is normal")
        log = self.log if self.primary == self.id else None
        told = msg.nonce, log, self.commit_number
        self.send(src, RecoveryResponse(self.view_number, *told))

    def on_recovery_response(self, src: NodeId, msg: RecoveryResponse):  # §4.3, 3
        if self.status is not Status.RECOVERING or msg.nonce != self.nonce:
            return self.ignore("answers a recovery that is over")
        self.responses[src] = msg
        latest = max(self.responses.values(), key=lambda said: said.view_number)
        primary = self.responses.get(self.nodes[latest.view_number % len(self.nodes)])
        if len(self.responses) <= self.f or not primary:
            return None
        if primary.view_number == latest.view_number:
            self.recover(primary)

    def recover(self, primary: RecoveryResponse):
        assert primary.log is not None
        self.responses = {}
        self.cancel_timer(RecoveryTimeout())
        if primary.view_number >= self.view_number:
            self.note("recovers")
            return self.join(primary.view_number, primary.log, primary.commit_number)
        self.note("recovers, and had promised to join a later view")
        self.log, self.last_normal = primary.log, primary.view_number
        self.advance_commit_number(primary.commit_number)
        self.change_to(self.view_number)
