"""Nodes that forget something of the snapshot, each named after it."""

from distlab.clocks.snapshot import ChandyLamport, Marker, Recorded
from distlab.node import ghost


class SendsNoMarkers(ChandyLamport):
    """Marker-Sending Rule: records its state, and says nothing."""

    def record_state(self):
        self.recorded = self.balance
        self.channels = dict.fromkeys(self.peers, ())


class SendsMarkersLate(ChandyLamport):
    """Marker-Sending Rule: after whatever it sends next."""

    owed: bool = ghost(False)

    def record_state(self):
        self.recorded = self.balance
        self.channels = dict.fromkeys(self.peers, ())
        self.owed = True

    def transfer(self, dst, amount):
        super().transfer(dst, amount)
        self.pay()

    def on_marker(self, src, msg):
        owes = self.owed
        super().on_marker(src, msg)
        if owes:
            self.pay()

    def pay(self):
        if self.owed:
            self.owed = False
            self.send(self.peers, Marker())


class RecordsBeforeItsLastTransfer(ChandyLamport):
    """Marker-Sending Rule: its state is that of a while ago."""

    earlier: int = ghost(100)

    def transfer(self, dst, amount):
        self.earlier = self.balance
        super().transfer(dst, amount)

    def record_state(self):
        super().record_state()
        self.recorded = self.earlier


class RecordsAtTheLastMarker(ChandyLamport):
    """Marker-Receiving Rule: waits until a marker has come on each channel."""

    def on_marker(self, src, msg):
        self.closed = (*self.closed, src)
        if self.recorded is None and len(self.closed) == len(self.peers):
            self.record_state()
        elif self.recorded is not None:
            self.finish()


class RecordsAgain(ChandyLamport):
    """Marker-Receiving Rule: its state is that at the last marker."""

    def on_marker(self, src, msg):
        if self.recorded is not None:
            self.recorded = self.balance
        super().on_marker(src, msg)


class ForgetsChannels(ChandyLamport):
    """Marker-Receiving Rule: takes every channel for empty."""

    def record_on_channel(self, src, amount):
        pass


class ClosesChannelsLate(ChandyLamport):
    """Marker-Receiving Rule: records them all until the last marker has come."""

    def on_transfer(self, src, msg):
        self.balance += msg.amount
        if self.recorded is not None and len(self.closed) < len(self.peers):
            self.record_on_channel(src, msg.amount)


class ClosesChannelsEarly(ChandyLamport):
    """Marker-Receiving Rule: the first marker ends it for all channels."""

    def on_transfer(self, src, msg):
        self.balance += msg.amount
        if self.recorded is not None and not self.closed:
            self.record_on_channel(src, msg.amount)


class KeepsTheLastOnly(ChandyLamport):
    """Marker-Receiving Rule: of what came on a channel, the last."""

    def record_on_channel(self, src, amount):
        self.channels[src] = (amount,)


class IsDoneAtTheFirstMarker(ChandyLamport):
    """Termination: does not wait for the others."""

    def finish(self):
        if len(self.closed) == 1:
            self.output(Recorded(self.recorded, tuple(self.channels.items())))


class IsNeverDone(ChandyLamport):
    """Termination: waits for a marker of its own."""

    def finish(self):
        if len(self.closed) == len(self.nodes):
            super().finish()
