"""How soon SWIM finds a crash, and how often it is wrong: in closed form, and drawn.

Source
    Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process
    Group Membership Protocol", DSN 2002, section 3.1; the derivations are in Gupta,
    Chandra and Goldszmidt, "On Scalable and Efficient Distributed Failure Detectors",
    PODC 2001.
Guarantees
    Exact for targets drawn evenly, in groups of any size; what is drawn converges to
    it. The protocol itself agrees with both, see its tests.
Assumes
    One member has crashed, and no period of any other is skipped. For false alarms:
    each message is lost on its own account, and answers come in time if at all.
Costs
    Drawing: n numbers for each period that passes until somebody notices.
Departs
    The paper lets n grow: 1/(1 - 1/e) periods. Here it is as many members as there are.
"""

from __future__ import annotations

from math import ceil, log

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse

Counts = NDArray[numpy.int64]


def first_suspicion(n: int) -> float:  # §3.1, detection time
    """How many periods pass on average until one of n - 1 members pings a crashed one.

    The one in which it does is counted.

    >>> f"{first_suspicion(10):.2f}, {first_suspicion(10_000):.3f}"
    '1.53, 1.582'
    """
    require_members(n)
    return 1 / (1 - missed(n))


def missed(n: int) -> float:
    """How likely it is that in a whole period nobody pings a given member."""
    return (1 - 1 / (n - 1)) ** (n - 1)


def false_alarm(loss: float, crashed: float, k: int) -> float:  # §3.1, accuracy
    """How likely it is that no answer comes in a period from a member that is up.

    `loss` of each message, `crashed` of each of the k that are asked to ping it too.
    """
    if not (0 <= loss <= 1 and 0 <= crashed <= 1 and k >= 0):
        raise Misuse(
            f"loss={loss}, crashed={crashed}, k={k}: the first two are probabilities, "
            f"from 0 to 1, and k is 0 or more."
        )
    arrives = 1 - loss
    return (1 - arrives**2) * (1 - (1 - crashed) * arrives**4) ** k


def relays_needed(rate: float, loss: float, crashed: float) -> int:  # §3.1, accuracy
    """The least k with which at most this share of pings is a false alarm.

    Raises `Misuse` where no k is enough.
    """
    alone = false_alarm(loss, crashed, 0)
    if alone <= rate:
        return 0
    each = false_alarm(loss, crashed, 1) / alone
    if not (rate > 0 and each < 1):
        raise Misuse(
            f"no number of relays brings false alarms down to {rate} with loss={loss} "
            f"and crashed={crashed}: allow more than 0, and lose less than all."
        )
    return ceil(log(rate / alone) / log(each))


# -------------------------------------------------------------------------------- drawn
def drawn_first_suspicion(generator: Generator, n: int, count: int) -> Counts:
    """In which period after a crash somebody first pings it, so many times."""
    require_members(n)
    periods = numpy.zeros(count, numpy.int64)
    waiting = numpy.arange(count)
    while len(waiting):
        periods[waiting] += 1
        pinged = [(generator.integers(n - 1, size=n - 1) == 0).any() for _ in waiting]
        waiting = waiting[~numpy.array(pinged)]
    return periods


def most_pings(generator: Generator, n: int, count: int) -> Counts:  # §3.1, load
    """How many pings the member gets that gets most in a period, so many times."""
    require_members(n)
    found = numpy.empty(count, numpy.int64)
    places = numpy.arange(n)
    for i in range(count):
        targets = generator.integers(n - 1, size=n)
        targets += targets >= places  # nobody pings itself
        found[i] = numpy.bincount(targets, minlength=n).max()
    return found


def require_members(n: int) -> None:
    """Raise `Misuse` where nobody could ping anybody but the one that crashed."""
    if n < 3:
        raise Misuse(
            f"{n} members: of those that are up one has to choose, so 3 or more."
        )
