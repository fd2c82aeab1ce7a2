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


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("1.1", AnswersAlone, "0", "look at `acked`"),
    ("1.1", WaitsForAll, "1", "A follower that is down"),
    ("1.1", WaitsForOneMore, "1", "one follower too many"),
    ("1.1", TrustsTheFastest, "0", "not only the fastest"),
    ("1.1", WaitsForTheEnd, "1", "not the end of the log"),
    ("1.1", NeverAnswers, "01", "each write is safe after a while"),
    ("1.2", AppliesWhatComes, "0123", "Must it not wait?"),
    ("1.2", AppliesOverGaps, "023", "Must it not wait?"),
    ("1.2", AppliesTwice, "012", "is in the log already"),
    ("1.2", ConfirmsTheMessage, "2", "a gap would stay for ever"),
    ("1.2", ConfirmsWithoutStoring, "023", "what puts an entry into the log"),
    ("1.2", NeverAsks, "3", "Nobody else knows what this follower lacks"),
    ("1.2", TakesOneEntry, "3", "an `Append` of several entries"),
    ("1.2", SilentWhenNothingIsNew, "4", "may have been lost"),
    ("1.2", HidesItFromReaders, "0", "`self.safe` says how far"),
    ("1.2", DoesNothing, "01234", "how far is the log on this disk?"),
    ("1.3", KILLS_THE_LEADER, "01", "What was under way arrives"),
    ("1.3", NEVER_HEALS, "01", "give the fault an `until_ms`"),
    ("1.3", IS_TOO_BRIEF, "01", "missed after 200 to 300 ms"),
    ("1.3", KILLS_EVERYBODY, "01", "somebody must live"),
    ("1.3", HEALS_BY_A_FAULT_OF_ITS_OWN, "01", "Which of these faults"),
    ("1.3", USES_CRASHES_ONLY, "01", "Which of these faults"),
    ("1.3", LEAVES_NO_FOLLOWER, "1", "has been promised nothing"),
    ("1.3", FORGETS_THE_COMMA, "01", "with a comma"),
    ("1.3", NAMES_A_STRANGER, "01", "no node 's4'"),
    ("1.4", looks_for_none, "02", "Its own writes have an order"),
    ("1.4", wants_its_own_value, "012", "another has written meanwhile"),
    ("1.4", forgets_sessions, "012", "made to the one who wrote"),
    ("1.4", forgets_keys, "012", "each key has one"),
    ("1.4", believes_the_unknown, "1", "Nobody has promised"),
    ("1.4", believes_in_calls, "012", "its place in the log, not by its call"),
    ("1.4", accuses_nobody, "012", "raises no false one either"),
    ("1.4", accuses_everybody, "012", "Newer than its own"),
    ("1.4", says_yes, "012", "return a list of places"),
    ("1.5", STANDS_STILL, "1", "cut it off from fewer"),
    ("1.5", CUTS_WHAT_IS_UNDER_WAY, "0", "A crash does not stop"),
    ("1.5", WAKES_UP, "0", "There s1 is heard again"),
    ("1.5", IS_HEARD_BY_THE_OTHER, "0", "through somebody else"),
    ("1.5", IS_DEAD_TWICE, "01", "and yet it is not dead"),
    ("1.5", COMES_BACK_UNSEEN, "01", "and not come back"),
    ("1.5", IS_ALIVE_TWICE, "01", "Let it crash"),
    ("1.5", COMES_TOO_LATE, "01", "let it happen earlier"),
    ("1.6", AcceptsAll, "01", "The follower had not heard"),
    ("1.6", AcceptsNothing, "012", "may accept any answer"),
    ("1.6", RemembersWritesOnly, "1", "behind the first"),
    ("1.6", RemembersReadsOnly, "0", "The follower had not heard"),
    ("1.6", WantsMoreThanItHas, "2", "just as much as the session has seen"),
    ("1.6", AddsThemUp, "2", "The leader need not be asked"),
    ("1.7", CRIES_WOLF, "0", "Slow is not dead"),
    ("1.7", COMES_LATE, "0", "Nobody notices a crash before the timeout"),
    ("1.7", TALKS_ALL_THE_TIME, "0", "how many a second can you afford"),
    ("1.7", MISSES_EVERY_LEADER, "0", "misses every leader"),
]
# Loses a write by more faults than needed, as the one before it.
TOLD_ALIKE = (USES_CRASHES_ONLY,)
RIGHT_TOO = [("1.2", DropsMessagesThatOverlap)]
SHARED = ()
