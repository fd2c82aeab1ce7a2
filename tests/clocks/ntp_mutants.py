"""NTP clients that forget something, each named after it."""

from distlab.clocks.marzullo import ANY_TIME, Interval
from distlab.clocks.ntp import Sample, TimeClient, best, survivors


class BelievesAnyStamp(TimeClient):
    """§8, bogus: takes whatever comes."""

    def on_response(self, src, msg):
        self.asked_ms[src] = msg.origin_ms
        super().on_response(src, msg)


class BelievesOneServer(TimeClient):
    """§11.2.1, intersection: asks many, and hears the first."""

    def allowed(self):
        return self.of_server(self.servers[0])


class BelievesItsLastSample(TimeClient):
    """§10, clock filter: right, and worse than it could be."""

    def of_server(self, server):
        if server not in self.samples:
            return ANY_TIME
        return self.samples[server][-1].interval(self.now_ms, self.drift_ppm)


class TakesItsClockForExact(TimeClient):
    """§10, drift."""

    def of_server(self, server):
        if server not in self.samples:
            return ANY_TIME
        return best(self.samples[server]).interval(self.now_ms, 0)


class TakesHalvesForEqual(TimeClient):
    """§10, error: believes that there is as far as back."""

    def of_server(self, server):
        allowed = super().of_server(server)
        if allowed == ANY_TIME:
            return allowed
        return Interval(allowed.middle_ms, allowed.middle_ms).wider(0.01)


class TakesAsFewAsWillDo(TimeClient):
    """The RFC's selection: as few falsetickers as possible, not as many."""

    def allowed(self):
        said = {server: self.of_server(server) for server in self.servers}
        if ANY_TIME in said.values():
            return ANY_TIME
        selection = survivors(said)
        return selection and selection.interval


class StepsAlways(TimeClient):
    """§12, slew."""

    @property
    def correction_ms(self):
        return self.to_ms


class NeverSteps(TimeClient):
    """§12, step: half a second takes a quarter of an hour to work off."""

    def discipline(self, offset_ms):
        self.from_ms, self.since_ms = self.correction_ms, self.now_ms
        self.to_ms = offset_ms


class ForgetsTheWayBack(Sample):
    """§8, delay: of a sample; found by the formula."""

    def interval(self, now_ms, drift_ppm):
        halved = Sample(self.offset_ms, self.delay_ms / 2, self.error_ms, self.at_ms)
        return halved.interval(now_ms, drift_ppm)
