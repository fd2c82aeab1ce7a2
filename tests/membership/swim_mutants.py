"""Members that forget something of SWIM, each named after it."""

from distlab.membership.swim import NoAck, Swim
from distlab.membership.swim_round_robin import RoundRobinSwim
from distlab.membership.swim_suspicion import Alive, Confirm, Suspect, SuspicionSwim


# --------------------------------------------------------------- the failure detector
class PingsTheFirst(Swim):
    """§3.1, ping: always the same one."""

    def next_target(self):
        return self.members[0] if self.members else None


class AnswersNobody(Swim):
    """§3.1, ack."""

    def on_ping(self, src, msg):
        pass


class AsksNobodyElse(Swim):
    """§3.1, ping-req: what it cannot reach itself has failed."""

    def on_no_ack(self, timer):
        pass


class PingsForNobody(Swim):
    """§3.1, relay: does not do what it is asked."""

    def on_ping_req(self, src, msg):
        pass


class KeepsTheAnswer(Swim):
    """§3.1, relay: pings, and does not pass the answer on."""

    def on_ack(self, src, msg):
        if msg.initiator == self.id:
            super().on_ack(src, msg)


class DoesNotWaitForTheOthers(Swim):
    """§3.1, no ack: gives up before the period is over."""

    def on_no_ack(self, timer):
        super().on_no_ack(timer)
        self.give_up(self.target)


class HopesForEver(Swim):
    """§3.1, no ack: never takes anybody for failed."""

    def give_up(self, member):
        pass


class TakesAnyAnswer(Swim):
    """§3.1, no ack: that of an earlier period, too."""

    def on_ack(self, src, msg):
        if msg.initiator != self.id:
            return super().on_ack(src, msg)
        self.target = None
        self.cancel_timer(NoAck())


class KeepsWhoHasFailed(Swim):
    """§4.1, receive: says so, and goes on pinging it."""

    def drop(self, update):
        self.output(update)


# -------------------------------------------------------------------------- infection
class HearsNoNews(Swim):
    """§4.1, receive."""

    def before_swim_message(self, src, msg):
        pass


class CarriesNoNews(Swim):
    """§4.1, send."""

    def piggyback(self):
        return ()


class CarriesTheOldest(Swim):
    """§4.1, send: what came first goes first, however often it was sent."""

    def piggyback(self):
        oldest = list(self.buffer.values())[: self.updates_max]
        super().piggyback()
        return tuple(update for update, _ in oldest)


class CarriesAll(Swim):
    """§4.1, send: however little room there is."""

    def piggyback(self):
        carried = tuple(update for update, _ in self.buffer.values())
        super().piggyback()
        return carried


class TellsForEver(Swim):
    """§4.1, count: does not count what it has sent."""

    def piggyback(self):
        before = dict(self.buffer)
        carried = super().piggyback()
        self.buffer = before
        return carried


class TellsOnce(Swim):
    """§4.1, count: says everything a single time."""

    @property
    def times(self):
        return 1


# -------------------------------------------------------------------------- suspicion
class DropsAtOnce(SuspicionSwim):
    """§4.2, suspect: as if there were no suspicion."""

    def give_up(self, member):
        self.learn(Confirm(member, self.claim(member).incarnation))


class SuspectsTheNextIncarnation(SuspicionSwim):
    """§4.2, alive: raises the incarnation of another, to make sure of being heard."""

    def give_up(self, member):
        self.learn(Suspect(member, self.claim(member).incarnation + 1))


class NeverObjects(SuspicionSwim):
    """§4.2, alive."""

    def object(self, update):
        pass


class KeepsItsIncarnation(SuspicionSwim):
    """§4.2, alive: objects in the same incarnation."""

    def object(self, update):
        if isinstance(update, Suspect):
            self.spread(Alive(self.id, self.incarnation))


class ObjectsToOldSuspicions(SuspicionSwim):
    """§4.2, alive: even to one that it has answered before."""

    def object(self, update):
        if isinstance(update, Suspect):
            self.incarnation += 1
            self.spread(Alive(self.id, self.incarnation))


class SuspectsForEver(SuspicionSwim):
    """§4.2, confirm."""

    def on_suspicion_timeout(self, timer):
        pass


class ConfirmsWhomItHasCleared(SuspicionSwim):
    """§4.2, confirm: forgets that the timer was for a suspicion that is over."""

    def cancel_timer(self, timer):
        if timer == NoAck():
            super().cancel_timer(timer)


class BelievesNoObjection(SuspicionSwim):
    """§4.2, order: who is suspected stays so."""

    def learn(self, update):
        if not isinstance(update, Alive):
            super().learn(update)


class BelievesWhatCameLast(SuspicionSwim):
    """§4.2, order: forgets to compare incarnations."""

    def learn(self, update):
        if update.member != self.id and not isinstance(update, Confirm):
            self.claims.pop(update.member, None)
        super().learn(update)


# ---------------------------------------------------------------------------- rounds
class DrawsEachTime(RoundRobinSwim):
    """§4.3, traversal: draws whom to ping, as if there were no list."""

    def next_target(self):
        return SuspicionSwim.next_target(self)


class NeverReorders(RoundRobinSwim):
    """§4.3, reordering: goes through the same list again and again."""

    def start_round(self):
        if self.stride == 0:
            super().start_round()
