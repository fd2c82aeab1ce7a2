"""A second simulator, slow and obvious: what the fast one must agree with.

It keeps a plain list of what is to happen, looks for the earliest each time, and drives
the nodes through `step` alone: state and event in, effects out. It shares with the fast
one only the random streams by their names, since those are part of the contract.
"""

from dataclasses import dataclass, field
from typing import Any

from distlab.faults import Crash, Cut, Duplication, Loss, Pause, Recover
from distlab.node import (
    CancelTimer,
    ChoiceNeeded,
    Deliver,
    DiskReport,
    End,
    Fire,
    Node,
    Note,
    Output,
    Send,
    SetTimer,
    Start,
)
from distlab.node import Crash as CrashEvent
from distlab.node import Recover as RecoverEvent
from distlab.sim.streams import Stream


@dataclass
class Machine:
    node: Node
    up: bool = True
    paused: Any = None
    waiting: list = field(default_factory=list)
    written: list = field(default_factory=list)  # what `saved` gave after each change
    synced: int = 0
    syncing: bool = False
    held: list = field(default_factory=list)
    lost: int = 0  # records that the last crash took
    calls: list = field(default_factory=list)  # what the workload has left
    queue: list = field(default_factory=list)  # calls that wait for their turn
    busy: bool = False


class Twin:
    """Nodes by id, uniform latency, a constant sync time, some faults, calls."""

    def __init__(self, nodes, seed, latency_us, sync_us=0, faults=(), workload=None):
        self.seed, self.latency_us, self.sync_us = seed, latency_us, sync_us
        self.machines = {node.id: Machine(node) for node in nodes}
        self.links = []  # faults of links in force
        self.streams = {}
        self.begun = set()  # links that have been used
        self.sent = 0
        self.agenda = []  # (at_us, rank, created, what, …)
        self.created = 0
        self.now_us = 0
        self.timers = []  # (node, timer, created): those that are set
        self.steps = []
        for machine in self.machines.values():
            machine.written = [machine.node.saved()]
            machine.synced = 1
        for fault in faults:
            self.plan(round(fault.at_ms * 1000), "begin", fault, rank=0)
            if getattr(fault, "until_ms", None) is not None:
                self.plan(round(fault.until_ms * 1000), "end", fault, rank=0)
        for id in self.machines:
            self.plan(0, "start", id)
        for id, calls in (workload or {}).items():
            self.machines[id].calls = list(calls)
            self.next_call(id)

    # ------------------------------------------------------------------------- the loop
    def plan(self, at_us, what, *details, rank=1):
        self.created += 1
        self.agenda.append((at_us, rank, self.created, what, details, self.created))
        return self.created

    def run(self, until_ms):
        while self.agenda:
            entry = min(self.agenda, key=lambda e: e[:3])
            if entry[0] > until_ms * 1000:
                return self.steps
            self.agenda.remove(entry)
            self.now_us = entry[0]
            self.happen(*entry[3:])
        return self.steps

    def happen(self, what, details, created):
        of_node = what not in ("begin", "end")
        if what == "deliver" and self.is_cut(details[1], details[0]):
            dst, src, msg, number = details
            self.tell("drop", dst, src, msg, "cut", number)
        elif of_node and self.machines[details[0]].paused:
            self.machines[details[0]].waiting.append((what, details, created))
        else:
            self.happen_now(what, details, created)

    def happen_now(self, what, details, created):
        getattr(self, "happen_" + what)(*details, created=created)

    def tell(self, kind, node, peer="", what=None, why="", msg=0):
        self.steps.append((self.now_us, kind, node, peer, what, why, msg))

    def stream(self, *name):
        return self.streams.setdefault(name, Stream(self.seed, *name))

    # ----------------------------------------------------------------------- one a time
    def step(self, id, event):
        machine = self.machines[id]
        before, choices = machine.node.saved(), []
        while True:
            tried = machine.node.clone()
            try:
                effects = tried.step(event, choices, now_ms=self.now_us / 1000)
                break
            except ChoiceNeeded as asked:
                drawn = self.stream(id, "choose").sample(asked.k, asked.options)
                choices.append(drawn)
        for drawn in choices:
            self.tell("choose", id, what=drawn)
        machine.node = tried
        if tried.saved() != before:
            machine.written.append(tried.saved())
            if not machine.syncing:
                self.sync(id)
        wait = machine.synced < len(machine.written)
        for effect in effects:
            if wait and isinstance(effect, Send | Output | End):
                machine.held.append((len(machine.written), effect))
            else:
                self.carry_out(id, effect)

    def carry_out(self, id, effect):
        match effect:
            case Send(dst, msg):
                self.send(id, dst, msg)
            case SetTimer(timer, (low_ms, high_ms)):
                low_us, high_us = round(low_ms * 1000), round(high_ms * 1000)
                if low_us != high_us:
                    low_us = self.stream(id, "timers").between(low_us, high_us)
                self.timers = [t for t in self.timers if t[:2] != (id, timer)]
                why = f"{low_us / 1000:g} ms"
                self.tell("set", id, what=timer, why=why)
                created = self.plan(self.now_us + low_us, "fire", id, timer)
                self.timers.append((id, timer, created))
            case CancelTimer(timer):
                if any(t[:2] == (id, timer) for t in self.timers):
                    self.timers = [t for t in self.timers if t[:2] != (id, timer)]
                    self.tell("cancel", id, what=timer)
            case Output(value):
                self.tell("output", id, what=value)
            case Note(text, dropped):
                if dropped:
                    self.tell("ignore", id, why=text)
                else:
                    self.tell("note", id, what=text)
            case End(_, outcome, value):
                self.tell(outcome, id, what=value)
                self.end_operation(id)

    def send(self, src, dst, msg):
        if src == dst:
            self.plan(self.now_us, "deliver", dst, src, msg, 0)
            return
        low_us, high_us = self.latency_us
        stream = self.stream(f"{src}→{dst}", "latency")
        if (src, dst) not in self.begun:
            self.begun.add((src, dst))
            stream.bits()  # a link leaves its first draw unused
        delay_us = stream.between(low_us, high_us)
        self.sent += 1
        self.tell("send", src, dst, msg, msg=self.sent)
        lost, copy_us = False, None
        for fault in self.links:
            if isinstance(fault, Loss) and meant(fault, src, dst):
                draw = self.stream(f"{src}→{dst}", "Loss").bits()
                lost = lost or draw < fault.rate * 2**64
        for fault in self.links:
            if isinstance(fault, Duplication) and meant(fault, src, dst):
                stream = self.stream(f"{src}→{dst}", "Duplication")
                unlucky, more = stream.bits() < fault.rate * 2**64, stream.fraction()
                if unlucky and not lost:
                    copy_us = delay_us + round(delay_us * more)
        if self.is_cut(src, dst) or lost:
            why = "cut" if self.is_cut(src, dst) else "lost"
            self.tell("drop", dst, src, msg, why, self.sent)
            return
        for us in (delay_us, copy_us):
            if us is not None:
                self.plan(self.now_us + us, "deliver", dst, src, msg, self.sent)

    def is_cut(self, src, dst):
        cuts = [f for f in self.links if isinstance(f, Cut)]
        return src != dst and any(meant(fault, src, dst) for fault in cuts)

    def next_call(self, id):
        machine = self.machines[id]
        if machine.calls:
            self.plan(self.now_us, "call", id, machine.calls.pop(0))

    def end_operation(self, id):
        machine = self.machines[id]
        machine.busy = False
        self.next_call(id)
        if machine.queue:
            self.plan(self.now_us, "turn", id)

    def sync(self, id):
        machine = self.machines[id]
        if self.sync_us:
            machine.syncing = self.plan(
                self.now_us + self.sync_us, "sync", id, len(machine.written)
            )
        else:
            machine.synced = len(machine.written)

    # --------------------------------------------------------------------- what happens
    def happen_start(self, id, created):
        if self.machines[id].up:
            self.tell("start", id)
            self.step(id, Start())

    def happen_deliver(self, id, src, msg, number, created):
        if not self.machines[id].up:
            self.tell("drop", id, src, msg, f"{id} is down", number)
        else:
            self.tell("deliver", id, src, msg, msg=number)
            self.step(id, Deliver(src, msg))

    def happen_fire(self, id, timer, created):
        if (id, timer, created) in self.timers:
            self.timers.remove((id, timer, created))
            self.tell("fire", id, what=timer)
            self.step(id, Fire(timer))

    def happen_call(self, id, call, created):
        machine = self.machines[id]
        machine.queue.append(call)
        if machine.up and not machine.busy and len(machine.queue) == 1:
            self.happen_turn(id, created)
        else:
            self.tell("note", id, what=f"{call} waits for its turn")

    def happen_turn(self, id, created):
        machine = self.machines[id]
        if machine.up and not machine.busy and machine.queue:
            machine.busy = True
            call = machine.queue.pop(0)
            self.tell("call", id, what=call)
            self.step(id, call)

    def happen_sync(self, id, upto, created):
        machine = self.machines[id]
        if machine.syncing != created:
            return
        machine.synced, machine.syncing = upto, False
        self.tell("sync", id)
        if upto < len(machine.written):
            self.sync(id)
        due = [effect for number, effect in machine.held if number <= upto]
        machine.held = [one for one in machine.held if one[0] > upto]
        for effect in due:
            self.carry_out(id, effect)

    def happen_begin(self, fault, created):
        match fault:
            case Loss() | Duplication() | Cut():
                self.links.append(fault)
                self.tell("fault", "", what=fault)
            case Crash(node, _) if self.machines[node].up:
                self.crash(node)
            case Recover(node, _) if not self.machines[node].up:
                self.recover(node)
            case Pause(node, _, _) if (
                self.machines[node].up and not self.machines[node].paused
            ):
                self.machines[node].paused = fault
                self.tell("pause", node)
            case Crash() | Recover() | Pause():
                words = {
                    Crash: "is down already",
                    Recover: "is not down",
                    Pause: "does not go",
                }
                remark = f"{fault}: {fault.node} {words[type(fault)]}"
                self.tell("note", fault.node, what=remark)

    def happen_end(self, fault, created):
        if isinstance(fault, Pause):
            machine = self.machines[fault.node]
            if machine.paused is fault:
                machine.paused = None
                self.tell("resume", fault.node)
                waited, machine.waiting = machine.waiting, []
                for entry in waited:
                    self.happen_now(*entry)
        elif fault in self.links:
            self.links.remove(fault)
            self.tell("fault", "", what=fault, why="ends")

    def crash(self, id):
        machine = self.machines[id]
        machine.up, machine.paused, machine.held = False, None, []
        machine.syncing = False
        self.timers = [timer for timer in self.timers if timer[0] != id]
        self.tell("crash", id)
        if machine.busy:
            self.tell("info", id, what=f"{id} crashed")
            self.end_operation(id)
        machine.lost = len(machine.written) - machine.synced
        machine.written = machine.written[: machine.synced]
        machine.node.step(CrashEvent(machine.written[-1]))
        waited, machine.waiting = machine.waiting, []
        for entry in waited:
            self.happen_now(*entry)

    def recover(self, id):
        machine = self.machines[id]
        machine.up = True
        report = DiskReport(lost=machine.lost)
        self.tell("recover", id, what=report)
        self.step(id, RecoverEvent(report))
        if machine.queue:
            self.plan(self.now_us, "turn", id)


def meant(fault, src, dst):
    return fault.src in ("*", src) and fault.dst in ("*", dst)
