"""Viewstamped replication: a primary orders commands; views pass that duty around.

Source
    Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021,
    2012: normal operation (section 4.1) and view changes (4.2).
Guarantees
    All replicas execute the same commands in the same order, each request once
    (clients: linearizable). What is committed is in the log of every later view. While
    f + 1 of the n = 2f + 1 replicas are up and timing holds, every request ends.
Assumes
    At most f replicas crash, for good. Links are reliable and FIFO; what lives without
    that is `viewstamped_recovery`. Timing is for progress alone.
Costs
    2(n - 1) messages a command, n - 1 a `commit_ms` without; two round trips; no disk.
    A view change: up to n(n - 1) short messages, and 2(n - 1) with whole logs.
Departs
    Backups redirect. An old request gets the latest answer. Logs go without op-number.
"""

from __future__ import annotations

from enum import Enum

from distlab.consensus.client import KeyValueClient, Redirect, Reply, Request
from distlab.machine import KeyValue, Machine
from distlab.node import Assumes, Log, Message, Node, NodeId, Timer, setting, volatile
from distlab.replicated import Command, Delivered, Service, new


class Status(Enum):
    """What a replica is doing."""

    NORMAL, VIEW_CHANGE, RECOVERING = "normal", "view-change", "recovering"


class ViewMessage(Message):
    """What is said in a view."""

    view_number: int


class Prepare(ViewMessage):
    """Put this command at this place of your log. So far all is committed."""

    command: Command
    op_number: int
    commit_number: int


class PrepareOk(ViewMessage):
    """My log is yours up to here."""

    op_number: int


class Commit(ViewMessage):
    """So far all is committed."""

    commit_number: int


class StartViewChange(ViewMessage):
    """This view should take the place of the one before."""


class DoViewChange(ViewMessage):
    """Let this view begin: here is my log, which is of the view `last_normal`."""

    log: Log[Command]
    last_normal: int
    commit_number: int


class StartView(ViewMessage):
    """This view begins, with this log."""

    log: Log[Command]
    commit_number: int


class Idle(Timer):
    """No command for a while: time to show that the primary lives."""


class PrimaryTimeout(Timer):
    """Nothing heard from the primary for a while."""


class Viewstamped(Node):
    """A replica of `machine`. Logs are numbered from 1, views from 0."""

    assumes = Assumes(links="reliable FIFO", failures="crash-stop", f="minority")
    client = KeyValueClient

    machine: Machine = setting(KeyValue())
    commit_ms: float = setting(50)
    primary_ms: float = setting(150)  # as long, or up to twice, a backup is patient

    view_number: int = volatile(0)
    status: Status = volatile(Status.NORMAL)
    log: Log[Command] = volatile(Log())
    last_normal: int = volatile(0)  # the view that the log is of
    commit_number: int = volatile(0)  # up to here `service` has executed it
    service: Service = volatile(None)  # with the client table
    prepared: dict[NodeId, int] = volatile({})  # at the primary: how far backups are
    start_view_changes: set[NodeId] = volatile(set())  # who else wants this view
    do_view_changes: dict[NodeId, DoViewChange] = volatile({})  # at its new primary

    def on_start(self):
        self.service = new(self.machine)
        self.become_normal(0, Log())

    @property
    def f(self) -> int:
        return len(self.nodes) // 2

    @property
    def op_number(self) -> int:
        return self.log.last_index

    @property
    def primary(self) -> NodeId:
        return self.nodes[self.view_number % len(self.nodes)]

    def is_in(self, view_number: int) -> bool:
        return self.status is Status.NORMAL and self.view_number == view_number

    def awaits(self, view_number: int) -> bool:
        return view_number >= self.view_number and not self.is_in(view_number)

    # ----------------------------------------------------------------- normal operation
    def on_request(self, src: NodeId, msg: Request):  # §4.1, 2
        if self.status is not Status.NORMAL:
            return self.ignore("serves in no view now")
        if self.primary != self.id:
            return self.send(src, Redirect(msg.number, self.primary))
        if msg.number <= self.service.last(src):
            return self.answer(src)
        command = Command(src, msg.number, msg.call)
        if command in self.log.after(self.commit_number):
            return self.ignore("a retry: the answer waits for backups")
        self.log = self.log.append(command)  # §4.1, 3
        self.prepare()

    def prepare(self):
        last = self.log[self.op_number], self.op_number
        self.send(self.peers, Prepare(self.view_number, *last, self.commit_number))
        self.set_timer(Idle(), self.commit_ms)

    def on_idle(self, timer: Idle):  # §4.1, 6
        self.send(self.peers, Commit(self.view_number, self.commit_number))
        self.set_timer(timer, self.commit_ms)

    def on_prepare(self, src: NodeId, msg: Prepare):  # §4.1, 4
        if self.follows(src, msg, msg.op_number - 1):
            self.log = self.log.append(msg.command)
            self.send(src, PrepareOk(self.view_number, self.op_number))
            self.advance_commit_number(msg.commit_number)

    def on_commit(self, src: NodeId, msg: Commit):  # §4.1, 7
        if self.follows(src, msg, msg.commit_number):
            self.advance_commit_number(msg.commit_number)

    def follows(self, src: NodeId, msg: ViewMessage, op_number: int) -> bool:
        """Whether this is from our primary, and our log goes as far as it must."""
        if not self.is_in(msg.view_number) or self.op_number < op_number:
            self.ignore("is not what comes next here")
            return False
        self.expect_primary()
        return True

    def on_prepare_ok(self, src: NodeId, msg: PrepareOk):  # §4.1, 5
        if not self.is_in(msg.view_number):
            return self.ignore("is about another view")
        self.prepared[src] = max(msg.op_number, self.prepared[src])
        self.advance_commit_number(sorted(self.prepared.values())[-self.f])

    def advance_commit_number(self, commit_number: int):
        for command in self.log.cut(commit_number).after(self.commit_number):
            self.commit_number += 1
            self.service.execute(command)
            self.output(Delivered(self.commit_number, command))
            if self.primary == self.id:
                self.answer(command.client)

    def answer(self, client: NodeId):
        self.send(client, Reply(self.service.last(client), self.service.result(client)))

    # --------------------------------------------------------------------- view changes
    def expect_primary(self):
        self.set_timer(PrimaryTimeout(), self.primary_ms, 2 * self.primary_ms)

    def on_primary_timeout(self, timer: PrimaryTimeout):  # §4.2, 1
        self.change_to(self.view_number + 1)

    def change_to(self, view_number: int):
        self.view_number, self.status = view_number, Status.VIEW_CHANGE
        self.start_view_changes, self.do_view_changes = set(), {}
        self.cancel_timer(Idle())
        self.expect_primary()
        self.send(self.peers, StartViewChange(view_number))

    def changes(self, msg: ViewMessage) -> bool:
        """Whether we are on our way to the view of this message; new, we set out."""
        if not self.awaits(msg.view_number):
            self.ignore("is about a view that has begun, or was left")
        elif msg.view_number > self.view_number:
            self.change_to(msg.view_number)  # §4.2, 1
        return self.awaits(msg.view_number)

    def on_start_view_change(self, src: NodeId, msg: StartViewChange):  # §4.2, 2
        if self.changes(msg) and src not in self.start_view_changes:
            self.start_view_changes.add(src)
            if len(self.start_view_changes) == self.f:
                ours = self.log, self.last_normal, self.commit_number
                tell = self.send if self.primary != self.id else self.on_do_view_change
                tell(self.primary, DoViewChange(self.view_number, *ours))

    def on_do_view_change(self, src: NodeId, msg: DoViewChange):  # §4.2, 3
        if self.changes(msg):
            self.do_view_changes[src] = msg
            if len(self.do_view_changes) == self.f + 1:
                heard = self.do_view_changes.values()
                latest = max(heard, key=lambda m: (m.last_normal, m.log.last_index))
                committed = max(m.commit_number for m in heard)
                self.become_normal(self.view_number, latest.log)
                self.send(self.peers, StartView(self.view_number, self.log, committed))
                self.advance_commit_number(committed)  # §4.2, 4

    def on_start_view(self, src: NodeId, msg: StartView):  # §4.2, 5
        if not self.awaits(msg.view_number):
            return self.ignore("is about a view that has begun, or was left")
        self.join(msg.view_number, msg.log, msg.commit_number)

    def join(self, view_number: int, log: Log[Command], commit_number: int):
        self.become_normal(view_number, log)
        if self.op_number > commit_number:
            self.send(self.primary, PrepareOk(view_number, self.op_number))
        self.advance_commit_number(commit_number)

    def become_normal(self, view_number: int, log: Log[Command]):
        self.view_number = self.last_normal = view_number
        self.status, self.log = Status.NORMAL, log
        self.prepared = dict.fromkeys(self.peers, 0)
        if self.primary == self.id:
            self.note(f"is the primary of view {view_number}")
            self.cancel_timer(PrimaryTimeout())
            return self.set_timer(Idle(), self.commit_ms)
        self.cancel_timer(Idle())
        self.expect_primary()
