"""Rumour mongering, each time with one thing forgotten."""

from distlab.membership.anti_entropy import Cycle, Entry, Site
from distlab.membership.rumours import (
    AskForRumours,
    Feedback,
    Hot,
    Mongering,
    Pull,
    Push,
    PushBlind,
    PushCoin,
    Rumours,
)
from distlab.node import NodeId


class TellsEverybodyAtOnce(Push):
    """§1.4, push: by direct mail."""

    def contact(self, peer: NodeId):
        for other in self.peers:
            self.tell(other)


class SpreadsNothing(Push):
    """§1.4, infective: who hears of an update keeps it to itself."""

    def accept(self, entry: Entry) -> bool:
        return Site.accept(self, entry)


class SpreadsAtOnce(Push):
    """§1.4, infective: in the cycle in which it hears of it."""

    def accept(self, entry: Entry) -> bool:
        new = super().accept(entry)
        self.hot |= self.heard
        return new


class CatchesItTwice(Push):
    """§1.4, removed: who has lost interest gains it again."""

    def on_rumours(self, src: NodeId, msg: Rumours):
        super().on_rumours(src, msg)
        self.heard |= {entry.stamp: Hot(entry) for entry in msg.entries}


class SpreadsWhatIsOld(Push):
    """Tells on what it has replaced."""

    def accept(self, entry: Entry) -> bool:
        hot = dict(self.hot)
        new = super().accept(entry)
        self.hot = hot
        return new


class KnowsItSinceNow(Push):
    """§1.4, feedback: who hears it twice in a cycle says that it knew it."""

    def on_rumours(self, src: NodeId, msg: Rumours):
        self.answer(src, tuple((e.stamp, self.accept(e)) for e in msg.entries))


class LosesInterestAtOnce(Push):
    """§1.4, counter: at the first useless contact."""

    def loses_interest(self, hot: Hot) -> bool:
        return True


class NeverLosesInterest(Push):
    """§1.4, removed: goes on for ever."""

    def loses_interest(self, hot: Hot) -> bool:
        return False


class NeverResets(Push):
    """§1.4, removed: a useful contact leaves the counter as it was."""

    def stays_hot(self, hot: Hot) -> bool:
        hot.useless += hot.needed is False
        hot.needed = None
        return hot.useless == 0 or not self.loses_interest(hot)


class ListensToTheLast(Pull):
    """Table 3, several contacts: the last answer of a cycle decides."""

    def on_feedback(self, src: NodeId, msg: Feedback):
        for stamp, needed in msg.needed:
            if stamp in self.hot:
                self.hot[stamp].needed = needed


class CountsEachOfACycle(Pull):
    """Table 3, several contacts: each useless one is counted."""

    def on_feedback(self, src: NodeId, msg: Feedback):
        for stamp, needed in msg.needed:
            if stamp in self.hot:
                self.hot[stamp].useless += not needed
        super().on_feedback(src, msg)


class CountsSilence(Push):
    """§1.4, feedback: no answer is an answer."""

    def tell(self, dst: NodeId):
        super().tell(dst)
        for hot in self.hot.values():
            hot.needed = hot.needed or False


class SpreadsAgainAfterACrash(Push):
    """All that is on its disk is new."""

    def on_recover(self, report):
        super().on_recover(report)
        self.heard = {entry.stamp: Hot(entry) for entry in self.database.values()}


class AsksAndDoesNotAnswer(Pull):
    """§1.4, pull: asks, and tells nobody."""

    def on_ask_for_rumours(self, src: NodeId, msg: AskForRumours):
        pass


class TossesAlways(PushCoin):
    """§1.4, coin: after useful contacts as well."""

    def stays_hot(self, hot: Hot) -> bool:
        if hot.needed is None:
            return True
        hot.needed = None
        return not self.loses_interest(hot)


class SeesAnswers(PushBlind):
    """§1.4, blind: counts the useless contacts only."""

    def tell(self, dst: NodeId):
        Mongering.tell(self, dst)


class AnswersTheBlind(PushBlind):
    """§1.4, blind: sends feedback that nobody needs."""

    def answer(self, src: NodeId, needed):
        self.send(src, Feedback(needed))


class StopsAfterTheFirst(Push):
    """§1.4, cycle: there is one, and no more."""

    def on_cycle(self, timer: Cycle):
        super().on_cycle(timer)
        self.cancel_timer(timer)


# These do nothing wrong in a step: see `test_gossip_runs` and `test_gossip_in_arrays`
OF_RUNS = {NeverLosesInterest, StopsAfterTheFirst, TossesAlways}
