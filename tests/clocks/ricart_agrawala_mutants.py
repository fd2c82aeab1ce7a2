"""Nodes that forget something of Ricart and Agrawala's, each named after it."""

from distlab.clocks.ricart_agrawala import Reply, RicartAgrawala, Stamp


class CountsFromItsOwn(RicartAgrawala):
    """Request, 1: forgets what numbers others have."""

    def on_request(self, src, msg):
        highest = self.highest
        super().on_request(src, msg)
        self.highest = highest


class TakesANumberThatWasTaken(RicartAgrawala):
    """Invocation, 1: its number is the highest that it has seen, not above."""

    def acquire(self):
        self.highest -= 1
        super().acquire()
        self.highest += 1


class WaitsForNobody(RicartAgrawala):
    """Invocation, 1: expects no answer."""

    def acquire(self):
        super().acquire()
        self.outstanding = 0


class WaitsForAllButOne(RicartAgrawala):
    """Invocation, 2: enters when one of the answers is missing."""

    def after_event(self):
        if self.outstanding == 1:
            self.outstanding = 0
        super().after_event()

    def on_reply(self, src, msg):
        self.outstanding = max(0, self.outstanding - 1)


class NeverEnters(RicartAgrawala):
    """Invocation, 2: waits for one answer more than there are nodes to ask."""

    def after_event(self):
        if self.outstanding < 0:
            super().after_event()


class ForgetsWhoWaits(RicartAgrawala):
    """Invocation, 3: leaves, and does not answer those it had put aside."""

    def release(self):
        self.deferred = ()
        super().release()


class AnswersAlways(RicartAgrawala):
    """Request, 2: puts nobody aside."""

    def on_request(self, src, msg):
        self.highest = max(self.highest, msg.ts.sequence_number)
        self.send(src, Reply())


class DefersAlways(RicartAgrawala):
    """Request, 2: puts all aside while it asks itself."""

    def on_request(self, src, msg):
        self.highest = max(self.highest, msg.ts.sequence_number)
        if self.mine:
            self.deferred = (*self.deferred, src)
        else:
            self.send(src, Reply())


class ComparesNumbersOnly(RicartAgrawala):
    """Request, 2: of two requests with one number, lets both in."""

    def on_request(self, src, msg):
        number = msg.ts.sequence_number
        self.highest = max(self.highest, number)
        if self.mine and self.mine < Stamp(number, ""):
            self.deferred = (*self.deferred, src)
        else:
            self.send(src, Reply())


class DoesNotCount(RicartAgrawala):
    """Reply: waits for answers that it has."""

    def on_reply(self, src, msg):
        pass
