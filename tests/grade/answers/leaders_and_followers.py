"""What people answer to the sheet of lesson 1: each is named after what it forgets."""

from distlab.faults import Crash, Cut, Heal, Isolate, Loss, Pause, Recover, Split
from distlab.node import volatile
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import Appended, SingleLeader


# --------------------------------------------------------------------------------- 1.1
class AnswersAlone(SingleLeader):
    def safe_index(self):
        return self.last_index


class WaitsForAll(SingleLeader):
    def safe_index(self):
        return min(self.acked.get(f, 0) for f in self.peers)


class WaitsForOneMore(SingleLeader):
    def safe_index(self):
        confirmed = sorted((self.acked.get(f, 0) for f in self.peers), reverse=True)
        return confirmed[self.sync_followers]


class TrustsTheFastest(SingleLeader):
    def safe_index(self):
        if self.sync_followers == 0:
            return self.last_index
        return max(self.acked.values(), default=0)


class WaitsForTheEnd(SingleLeader):
    def safe_index(self):
        done = sum(self.acked.get(f, 0) == self.last_index for f in self.peers)
        return self.last_index if done >= self.sync_followers else self.safe


class NeverAnswers(SingleLeader):
    def safe_index(self):
        return 0


# --------------------------------------------------------------------------------- 1.2
class AppliesWhatComes(SingleLeader):
    def on_append(self, src, msg):
        for entry in msg.entries:
            self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class AppliesOverGaps(SingleLeader):
    def on_append(self, src, msg):
        for entry in msg.entries:
            if entry.index > self.last_index:
                self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class AppliesTwice(SingleLeader):
    def on_append(self, src, msg):
        if msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        for entry in msg.entries:
            self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class ConfirmsTheMessage(SingleLeader):
    def on_append(self, src, msg):
        for entry in msg.entries:
            if entry.index == self.last_index + 1:
                self.append(entry)
        self.safe = self.last_index
        if msg.entries and msg.entries[-1].index > self.last_index:
            self.fetch("an entry in between is missing")
        if msg.entries:
            self.send(src, Appended(msg.entries[-1].index))


class ConfirmsWithoutStoring(SingleLeader):
    reach: int = volatile(0)

    def on_append(self, src, msg):
        for entry in msg.entries:
            if entry.index == self.reach + 1:
                self.reach += 1
        self.send(src, Appended(self.reach))


class NeverAsks(SingleLeader):
    def on_append(self, src, msg):
        for entry in msg.entries:
            if entry.index == self.last_index + 1:
                self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class TakesOneEntry(SingleLeader):
    def on_append(self, src, msg):
        if msg.entries and msg.entries[0].index == self.last_index + 1:
            self.append(msg.entries[0])
        elif msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class SilentWhenNothingIsNew(SingleLeader):
    def on_append(self, src, msg):
        before = self.last_index
        for entry in msg.entries:
            if entry.index == self.last_index + 1:
                self.append(entry)
        if msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        self.safe = self.last_index
        if self.last_index > before:
            self.send(src, Appended(self.last_index))


class HidesItFromReaders(SingleLeader):
    def on_append(self, src, msg):
        for entry in msg.entries:
            if entry.index == self.last_index + 1:
                self.append(entry)
        if msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        self.send(src, Appended(self.last_index))


class DoesNothing(SingleLeader):
    def on_append(self, src, msg):
        pass


class DropsMessagesThatOverlap(SingleLeader):
    """Not wrong: it keeps all or nothing of a message, and asks for the rest."""

    def on_append(self, src, msg):
        new = [entry for entry in msg.entries if entry.index > self.last_index]
        if new and new[0].index != self.last_index + 1:
            return self.fetch("an entry in between is missing")
        for entry in new:
            self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


# --------------------------------------------------------------------------------- 1.3
SIDES = (("s1", "c1"), ("s2", "s3"))


def both(*faults):
    return {"asynchronous": faults, "semi-synchronous": faults}


KILLS_THE_LEADER = both(Crash("s1", at_ms=300))
NEVER_HEALS = both(Isolate("s3", at_ms=300))
IS_TOO_BRIEF = both(Isolate("s3", at_ms=300, until_ms=400))
KILLS_EVERYBODY = both(*(Crash(node, at_ms=300) for node in ("s1", "s2", "s3")))
HEALS_BY_A_FAULT_OF_ITS_OWN = both(Isolate("s3", at_ms=300), Heal(at_ms=900))
USES_CRASHES_ONLY = both(
    Crash("s2", at_ms=300),
    Crash("s1", at_ms=500),
    Crash("s3", at_ms=500),
    Recover("s2", at_ms=510),
)
LEAVES_NO_FOLLOWER = {
    "asynchronous": (Split(SIDES, at_ms=300, until_ms=900),),
    "semi-synchronous": (
        Loss(1, at_ms=300, src="s1", dst="s2"),
        Loss(1, at_ms=300, src="s1", dst="s3"),
        Crash("s1", at_ms=900),
        Crash("c1", at_ms=400),
    ),
}
FORGETS_THE_COMMA = {
    "asynchronous": Crash("s1", at_ms=300),
    "semi-synchronous": Crash("s1", at_ms=300),
}
NAMES_A_STRANGER = both(Isolate("s4", at_ms=300, until_ms=900))


# --------------------------------------------------------------------------------- 1.4
def looks_for_none(history):
    wrote, found = set(), []
    for i, op in enumerate(history):
        session = op.process, op.args[0]
        if op.outcome == "ok" and op.f == "write":
            wrote.add(session)
        elif op.outcome == "ok" and op.result is None and session in wrote:
            found.append(i)
    return found


def wants_its_own_value(history):
    wrote, found = {}, []
    for i, op in enumerate(history):
        session = op.process, op.args[0]
        if op.outcome == "ok" and op.f == "write":
            wrote[session] = op.args[1]
        elif op.outcome == "ok" and session in wrote and op.result != wrote[session]:
            found.append(i)
    return found


def judged_by(history, session_of, place_of=None, counts=("ok",)):
    """The right pass over the history, but for what is given."""
    place = place_of or {
        op.args: op.result for op in history if (op.f, op.outcome) == ("write", "ok")
    }
    wrote, found = {}, []
    for i, op in enumerate(history):
        session = session_of(op)
        if op.f == "write" and op.outcome in counts:
            wrote[session] = place.get(op.args, wrote.get(session, 0))
        elif op.f == "read" and op.outcome == "ok" and session in wrote:
            value = op.args[0], op.result
            seen = -1 if op.result is None else place.get(value, wrote[session])
            if seen < wrote[session]:
                found.append(i)
    return found


def forgets_sessions(history):
    return judged_by(history, lambda op: op.args[0])


def forgets_keys(history):
    return judged_by(history, lambda op: op.process)


def believes_the_unknown(history):
    return judged_by(
        history, lambda op: (op.process, op.args[0]), counts=("ok", "info")
    )


def believes_in_calls(history):
    called = {op.args: i for i, op in enumerate(history) if op.f == "write"}
    return judged_by(history, lambda op: (op.process, op.args[0]), called)


def accuses_nobody(history):
    return []


def accuses_everybody(history):
    return [i for i, op in enumerate(history) if op.f == "read"]


def says_yes(history):
    return True


# --------------------------------------------------------------------------------- 1.5
def pair(dead, alive):
    return {"the leader is dead": dead, "the leader is alive": alive}


DEAD = (Crash("s1", at_ms=280),)
STANDS_STILL = pair(DEAD, (Pause("s1", at_ms=280),))
CUTS_WHAT_IS_UNDER_WAY = pair((Crash("s1", at_ms=269),), (Split(SIDES, at_ms=269),))
WAKES_UP = pair(DEAD, (Split(SIDES, at_ms=280, until_ms=500),))
IS_HEARD_BY_THE_OTHER = pair(DEAD, (Cut("s1", "s2", at_ms=280),))
IS_DEAD_TWICE = pair(DEAD, (Crash("s1", at_ms=280), Recover("s1", at_ms=590)))
COMES_BACK_UNSEEN = pair((*DEAD, Recover("s1", at_ms=700)), (Split(SIDES, at_ms=280),))
IS_ALIVE_TWICE = pair((Pause("s1", at_ms=280),), (Split(SIDES, at_ms=280),))
COMES_TOO_LATE = pair((Crash("s1", at_ms=580),), (Split(SIDES, at_ms=580),))


# --------------------------------------------------------------------------------- 1.6
class AcceptsAll(SessionClient):
    def fresh_enough(self, msg):
        return True


class AcceptsNothing(SessionClient):
    def fresh_enough(self, msg):
        return False


class RemembersWritesOnly(SessionClient):
    def fresh_enough(self, msg):
        return msg.index >= self.write_index


class RemembersReadsOnly(SessionClient):
    def fresh_enough(self, msg):
        return msg.index >= self.read_index


class WantsMoreThanItHas(SessionClient):
    def fresh_enough(self, msg):
        return msg.index > max(self.write_index, self.read_index)


class AddsThemUp(SessionClient):
    def fresh_enough(self, msg):
        return msg.index >= self.write_index + self.read_index


# --------------------------------------------------------------------------------- 1.7
CRIES_WOLF = {"heartbeat_ms": 50, "failover_ms": 100}
COMES_LATE = {"heartbeat_ms": 50, "failover_ms": 400}
TALKS_ALL_THE_TIME = {"heartbeat_ms": 10, "failover_ms": 170}
MISSES_EVERY_LEADER = {"heartbeat_ms": 50, "failover_ms": 20}


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.check import sessions
from distlab.history import History
from distlab.node import volatile
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader

class MyLeader(SingleLeader):
    def safe_index(self):
        return super().safe_index()

class MyFollower(SingleLeader):
    def on_append(self, src, msg):
        return SingleLeader.on_append(self, src, msg)

class MySession(SessionClient):
    def fresh_enough(self, msg):
        return super().fresh_enough(msg)

def read_your_writes(history):
    verdict = sessions.read_your_writes(History(history))
    return [history.index(verdict.evidence[-1])] if verdict.invalid else []
"""
