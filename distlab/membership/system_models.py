"""What can be solved where: consensus and failure detectors in each model of a system.

    least_nodes("partially synchronous", "crash", f=2)         # 5
    least_nodes("asynchronous", "crash", f=1)                  # None: no number will do
    DETECTORS["asynchronous"]                                  # what can be built, why

Source
    Dwork, Lynch and Stockmeyer, "Consensus in the Presence of Partial Synchrony",
    Journal of the ACM 35(2), 1988, Table I and section 4.3. For detectors: Chandra and
    Toueg, 1996. For recoveries: Aguilera, Chen and Toueg, "Failure Detection and
    Consensus in the Crash-Recovery Model", Distributed Computing 13(2), 2000.
Guarantees
    The numbers are exact, from two nodes on: with fewer no protocol always decides in
    the end, with so many there is one that does.
Assumes
    Synchronous: how long a message and a step take has a bound that is known. Partially
    synchronous: it has one that nobody knows, or from a moment on that nobody knows.
    Asynchronous: none. Protocols toss no coins.
Costs
    Nothing is run: this is a table.
Departs
    Of the paper's kinds of partial synchrony the one in which neither messages nor
    nodes keep a bound; for messages alone the numbers are the same.
"""

from __future__ import annotations

from distlab.errors import Misuse
from distlab.value import Value

TIMING = {
    "synchronous": "every delay and every pause has a bound, and it is known",
    "partially synchronous": "a bound holds in the end; neither it nor when is known",
    "asynchronous": "there is no bound",
}
FAILURES = {
    "crash": "a node stops, for good",
    "omission": "a node may also not send or not receive some of its messages",
    "signed": "a node may lie, and cannot say what others have not signed",
    "byzantine": "a node may do anything but speak in the name of another",
}


class Least(Value):
    """`times` * f + `more` nodes, where f may be faulty."""

    times: int
    more: int

    def nodes(self, f: int) -> int:
        """How many these are; of one node nothing is asked."""
        return max(2, self.times * f + self.more)


CONSENSUS: dict[str, dict[str, Least | None]] = {
    "synchronous": {  # Table I, synchronous
        "crash": Least(1, 0),
        "omission": Least(1, 0),
        "signed": Least(1, 0),
        "byzantine": Least(3, 1),
    },
    "partially synchronous": {  # Table I, partially synchronous
        "crash": Least(2, 1),
        "omission": Least(2, 1),
        "signed": Least(3, 1),
        "byzantine": Least(3, 1),
    },
    "asynchronous": dict.fromkeys(FAILURES),  # Table I, asynchronous
}


def least_nodes(timing: str, failures: str, f: int) -> int | None:
    """How many nodes consensus takes if f of them may fail; None if none are enough.

    Raises `Misuse` for a model that is not in the table.
    """
    if timing not in TIMING or failures not in FAILURES or f < 0:
        raise Misuse(
            f"{timing!r}, {failures!r}, f={f}: choose one of {', '.join(TIMING)}, one "
            f"of {', '.join(FAILURES)}, and a number from 0."
        )
    least = CONSENSUS[timing][failures] if f else Least(0, 2)
    return least.nodes(f) if least else None


def quorums_meet(n: int, f: int, honest: int = 0) -> bool:  # Theorem 4.3; Theorem 4.4
    """Whether any two groups of n - f nodes have more than so many in common.

    Who cannot wait for f nodes, since they may be down, hears of n - f. Two that have
    heard of groups without a common node may decide differently; so they may if all
    that are common lie.
    """
    return 2 * (n - f) - n > honest


class Buildable(Value):
    """The best detector of crashes that a model lets one build."""

    name: str
    symbol: str
    accuracy: str
    because: str


DETECTORS = {
    "synchronous": Buildable(
        "perfect",
        "P",
        "nobody is ever suspected before it has crashed",
        "a timeout longer than the longest gap: `membership.heartbeat`",
    ),
    "partially synchronous": Buildable(
        "eventually perfect",
        "◇P",
        "from some moment on nobody is suspected that has not crashed",
        "timeouts that grow with each error: `membership.increasing_timeout`",
    ),
    "asynchronous": Buildable(
        "none that is of use",
        "",
        "somebody that lives may be suspected again and again, whoever it is",
        "with the least accuracy that is of use, that one node is trusted in the end, "
        "a majority solves consensus, and this cannot be",
    ),
}


def agree_after_recoveries(n: int, always_up: int, bad: int, disks: bool) -> bool:
    """Whether n nodes that crash and recover can agree, if detectors are right at last.

    `bad` ones stay down or never cease to crash, and `always_up` never crash. The rest
    is up in the end, and has forgotten everything where there are no disks.
    """
    return 2 * bad < n if disks else always_up > bad
