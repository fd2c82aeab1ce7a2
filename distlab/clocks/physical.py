"""Physical clocks: one tells the time of day and may be set, one only counts.

    clock = TimeOfDay(ppm=50, settings=(Setting(at_ms=1000, by_ms=-400),))
    clock.shows_ms(1200) - clock.shows_ms(900)       # below 0, and 300 ms have passed

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 8,
    "Monotonic Versus Time-of-Day Clocks" and "Clock Synchronization and Accuracy";
    Google, "Leap Smear", 2016, for the day from noon to noon.
Guarantees
    A monotonic clock never goes back, and what it measures is wrong by the drift of its
    quartz alone. A smeared clock never goes back, and is half a second off at most.
Assumes
    Quartz that runs at one rate, which `ppm` says: 200 is what Google takes for its
    servers, 17 s a day.
Costs
    A time of day that stays right has to be asked for again and again (`ntp`); what a
    monotonic clock shows is of no use to another machine.
Departs
    True time is a line of seconds without leaps, which only a simulator knows.
"""

from __future__ import annotations

from distlab.errors import Misuse
from distlab.value import Value

MILLION = 1_000_000
DAY_MS = 86_400_000


class Setting(Value):
    """Somebody, or NTP, sets the clock: forward by so much, or back."""

    at_ms: float  # true time
    by_ms: float


class Monotonic(Value):
    """A clock that counts from some moment nobody knows, such as the last boot."""

    ppm: float = 0  # how much faster than true time
    began_ms: float = 0

    def shows_ms(self, true_ms: float) -> float:  # Monotonic clocks
        """What it shows: by itself that means nothing, a difference does."""
        return (true_ms - self.began_ms) * (1 + self.ppm / MILLION)


class TimeOfDay(Value):
    """A clock that means to show what clocks on other machines show."""

    ppm: float = 0
    settings: tuple[Setting, ...] = ()

    def shows_ms(self, true_ms: float) -> float:  # Time-of-day clocks
        """What it shows, after all that it has been set to."""
        set_ms = sum(s.by_ms for s in self.settings if s.at_ms <= true_ms)
        return true_ms * (1 + self.ppm / MILLION) + set_ms


def measured_ms(clock: Monotonic | TimeOfDay, from_ms: float, until_ms: float) -> float:
    """How long something took, by this clock; it may come out below 0."""
    return clock.shows_ms(until_ms) - clock.shows_ms(from_ms)


def drifted_ms(ppm: float, elapsed_ms: float) -> float:  # Drift
    """How far off a clock may be, so long after it was set right."""
    return abs(ppm) * elapsed_ms / MILLION


# ------------------------------------------------------------------------ a leap second
class LeapSecond(Value):
    """A second that is put in at the end of a day; with `by_ms=-1000`, left out."""

    at_ms: float  # true time of the first moment that the leap makes late
    by_ms: float = 1000


def stepped_ms(true_ms: float, leap: LeapSecond) -> float:  # Leap seconds
    """A clock that knows no 61st second shows the last one of the day twice."""
    return true_ms - leap.by_ms * (true_ms >= leap.at_ms)


def smeared_ms(  # Leap seconds, smeared
    true_ms: float, leap: LeapSecond, window_ms: float = DAY_MS
) -> float:
    """A clock that runs a little slower for a day, half of it before the leap."""
    if window_ms < abs(leap.by_ms):
        raise Misuse(
            f"{leap} within {window_ms:g} ms: the clock would have to go back."
        )
    passed = (true_ms - leap.at_ms) / window_ms + 1 / 2
    return true_ms - leap.by_ms * min(1.0, max(0.0, passed))
