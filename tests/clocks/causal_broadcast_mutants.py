"""Nodes that forget something of causal broadcast, each named after it."""

from distlab.clocks.causal_broadcast import CausalBroadcast, Data


class DoesNotCountItsOwn(CausalBroadcast):
    """CBCAST, 1: sends the vector that it had before."""

    def broadcast(self, m):
        super().broadcast(m)
        self.vt[self.id] -= 1


class SendsItsOwnEntryAlone(CausalBroadcast):
    """CBCAST, 1: tells how many it has broadcast, and not what it had delivered."""

    def broadcast(self, m):
        known, self.vt = self.vt, {self.id: self.count(self.id)}
        super().broadcast(m)
        self.vt = known | self.vt


class DeliversAtOnce(CausalBroadcast):
    """CBCAST, 2: in the order of arrival."""

    def may_deliver(self, msg):
        return True


class LooksAtTheSenderAlone(CausalBroadcast):
    """CBCAST, 2: what the sender had delivered of others does not matter."""

    def may_deliver(self, msg):
        return msg.command.number == self.count(msg.command.client) + 1


class LooksAtTheOthersAlone(CausalBroadcast):
    """CBCAST, 2: of the sender, any broadcast will do."""

    def may_deliver(self, msg):
        others = (pair for pair in msg.vt if pair[0] != msg.command.client)
        return all(number <= self.count(k) for k, number in others)


class DoesNotCatchUp(CausalBroadcast):
    """CBCAST, 3: delivers, and its vector stays as it was."""

    def catch_up(self, msg):
        pass


class TakesTheVectorAsItIs(CausalBroadcast):
    """CBCAST, 3: the message's entries, and not the greater of both."""

    def catch_up(self, msg):
        self.vt |= dict(msg.vt)


class DropsWhatIsEarly(CausalBroadcast):
    """CBCAST, 2: does not delay, but drops."""

    def on_data(self, src, msg: Data):
        if self.may_deliver(msg):
            super().on_data(src, msg)
