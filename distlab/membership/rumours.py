"""Rumour mongering: who hears of an update passes it on, until nobody seems to need it.

    Push, Pull                                      # feedback and a counter
    PushCoin, PullCoin                              # feedback and a coin
    PushBlind, PullBlind                            # blind, and a counter
    PushBlindCoin, PullBlindCoin                    # blind, and a coin

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4.
Guarantees
    Once faults stop and nobody updates, every site loses interest in every rumour. An
    update reaches almost all sites: the residue that it does not falls exponentially
    with the rumours sent, and is not 0. Who it missed hears nothing more of it.
Assumes
    Every site knows all others. Whoever may be cut off, or lose messages, or crash,
    belongs to the residue. A contact ends within a cycle, or counts in a later one.
Costs
    A rumour and, but for the blind, an answer for each contact. By push nothing is sent
    where nothing is new; by pull each site asks once in each cycle, for ever.
Departs
    Cycles begin at all sites at once, as in the paper's simulations. Two things follow
    from its tables rather than from its text: a useful contact sets the counter to 0,
    and who learns of an update twice in a cycle needed it both times.
"""

from __future__ import annotations

from distlab.errors import Misuse
from distlab.membership.anti_entropy import Cycle, Entry, Site, Stamp
from distlab.node import Message, NodeId, Record, setting, volatile


class Rumours(Message):
    """Have you heard this?"""

    entries: tuple[Entry, ...]


class Feedback(Message):
    """Of these rumours, whether they were new to me."""

    needed: tuple[tuple[Stamp, bool], ...]


class AskForRumours(Message):
    """What is new?"""


class Hot(Record):
    """A rumour that this site spreads: for this update it is infective."""

    entry: Entry
    useless: int = 0  # contacts in a row that nobody needed
    needed: bool | None = None  # by any contact of this cycle; None: there was none


class Mongering(Site):
    """Spreads what is new. A rumour is hot from the cycle after that which brought it.

    Interest is lost by feedback and a counter; see `Blind` and `Coin`.
    """

    k: int = setting(2)

    hot: dict[Stamp, Hot] = volatile({})
    heard: dict[Stamp, Hot] = volatile({})  # in this cycle

    def on_start(self):
        if self.k < 1:
            raise Misuse(
                f"k={self.k}: interest is lost after 1 useless contact, or later."
            )
        super().on_start()

    def on_cycle(self, timer: Cycle):  # §1.4, cycle
        self.hot = {s: hot for s, hot in self.hot.items() if self.stays_hot(hot)}
        self.hot |= self.heard
        self.heard = {}
        super().on_cycle(timer)

    # ------------------------------------------------------------------------ to spread
    def tell(self, dst: NodeId):
        if self.hot:
            self.send(dst, Rumours(tuple(hot.entry for hot in self.hot.values())))

    def on_rumours(self, src: NodeId, msg: Rumours):
        needed = [
            (entry.stamp, self.accept(entry) or entry.stamp in self.heard)
            for entry in msg.entries
        ]
        self.answer(src, tuple(needed))

    def accept(self, entry: Entry) -> bool:  # §1.4, infective
        replaced = self.database.get(entry.key)
        if not super().accept(entry):
            return False
        if replaced:
            self.hot.pop(replaced.stamp, None)
            self.heard.pop(replaced.stamp, None)
        self.heard[entry.stamp] = Hot(entry)
        return True

    # ---------------------------------------------------------------- to lose interest
    def answer(self, src: NodeId, needed: tuple[tuple[Stamp, bool], ...]):
        self.send(src, Feedback(needed))

    def on_feedback(self, src: NodeId, msg: Feedback):  # §1.4, feedback
        for stamp, needed in msg.needed:
            if stamp in self.hot:
                hot = self.hot[stamp]
                hot.needed = hot.needed or needed

    def stays_hot(self, hot: Hot) -> bool:  # §1.4, removed; Table 3, several contacts
        """Of several contacts in a cycle one that was useful is enough."""
        if hot.needed is None:
            return True
        hot.useless = 0 if hot.needed else hot.useless + 1
        hot.needed = None
        return hot.useless == 0 or not self.loses_interest(hot)

    def loses_interest(self, hot: Hot) -> bool:  # §1.4, counter
        return hot.useless >= self.k


class Push(Mongering):
    """Who is infective tells somebody in each cycle."""

    def contact(self, peer: NodeId):  # §1.4, push
        self.tell(peer)


class Pull(Mongering):
    """Everybody asks somebody in each cycle."""

    def contact(self, peer: NodeId):  # §1.4, pull
        self.send(peer, AskForRumours())

    def on_ask_for_rumours(self, src: NodeId, msg: AskForRumours):
        self.tell(src)


class Coin(Mongering):
    """Loses interest with the chance 1/k, where a counter would count."""

    def loses_interest(self, hot: Hot) -> bool:  # §1.4, coin
        return self.choose(1, range(self.k)) == (0,)


class Blind(Mongering):
    """Counts every contact as useless, and so needs no answer."""

    def tell(self, dst: NodeId):  # §1.4, blind
        super().tell(dst)
        for hot in self.hot.values():
            hot.needed = False

    def answer(self, src: NodeId, needed: tuple[tuple[Stamp, bool], ...]):
        pass


class PushCoin(Coin, Push):
    """Push, feedback, coin."""


class PushBlind(Blind, Push):
    """Push, blind, counter."""


class PushBlindCoin(Blind, Coin, Push):
    """Push, blind, coin: Table 2."""


class PullCoin(Coin, Pull):
    """Pull, feedback, coin."""


class PullBlind(Blind, Pull):
    """Pull, blind, counter."""


class PullBlindCoin(Blind, Coin, Pull):
    """Pull, blind, coin."""


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Push, 5)}
