"""Two proposers, an acceptor between them, and what goes wrong: as exact schedules.

Every message takes 2 ms. The lesson pastes the same ones; `tell` runs them.
"""

from typing import NamedTuple

from distlab.consensus.paxos import Paxos
from distlab.faults import Crash, Cut, Delay, LostWrites, Recover, Schedule
from distlab.node import Call
from distlab.sim import Cluster, Network


class Story(NamedTuple):
    """What is proposed, by whom and when, and what goes wrong meanwhile."""

    calls: tuple[tuple[float, str, Call], ...]
    faults: Schedule = ()
    retry_ms: tuple[float, float] | None = None


def tell(
    story: Story, protocol: type = Paxos, until_ms: float = 1000, **more
) -> Cluster:
    """The run of a story."""
    cluster = Cluster(
        protocol,
        servers=3,
        network=Network(2),
        faults=story.faults,
        retry_ms=story.retry_ms,
        **more,
    )
    for at_ms, node, call in story.calls:
        cluster.add_call(at_ms, node, call)
    return cluster.run(until_ms=until_ms)


TEA, MILK = Call("propose", ("tea",)), Call("propose", ("milk",))
APART = (Cut("s1", "s3"), Cut("s3", "s1"))  # s2 alone hears both

# s1 has tea accepted by s1 and s2 and crashes before anybody knows. s3 asks, finds it,
# and has it chosen instead of milk.
FINDS_WHAT_WAS_CHOSEN = Story(
    calls=((0, "s1", TEA), (20, "s3", MILK)),
    faults=(*APART, Crash("s1", at_ms=7)),
)

# Each prepares while the other's proposal is on its way, and so refuses it. Both try
# again after 6 ms, always the same: nobody ever wins.
DUEL = Story(calls=((0, "s1", TEA), (3, "s3", MILK)), retry_ms=(6, 6))

# The same, and each waits for a time of its own.
DUEL_BY_LOT = DUEL._replace(retry_ms=(6, 60))

# s2 has promised s3 to accept nothing lower; it crashes, and its disk comes back
# without the promise. So it accepts what s1 had sent before, and then what s3 sends:
# a majority has tea, and a majority milk.
FORGOTTEN_PROMISE = Story(
    calls=((0, "s1", TEA), (6, "s3", MILK)),
    faults=(
        *APART,
        Delay(14, src="s1", dst="s2", messages=("Accept",)),
        Delay(14, src="s3", dst="s2", messages=("Accept",)),
        LostWrites("s2", at_ms=11, records=1),
        Crash("s2", at_ms=12),
        Recover("s2", at_ms=13),
    ),
)

# Tea is chosen by s1 and s2; s2 comes back without its vote, and s3 finds nothing.
FORGOTTEN_VOTE = Story(
    calls=((0, "s1", TEA), (20, "s3", MILK)),
    faults=(
        *APART,
        LostWrites("s2", at_ms=11, records=1),
        Crash("s2", at_ms=12),
        Recover("s2", at_ms=13),
    ),
)

# s1 comes back without the number that it has used, and uses it for something else:
# two proposals have one number, and an acceptor's vote counts for either.
FORGOTTEN_NUMBER = Story(
    calls=((0, "s1", TEA), (20, "s1", MILK)),
    faults=(
        Delay(40, src="s1", dst="s2", messages=("Accept",), until_ms=12),
        Delay(40, src="s1", dst="s3", messages=("Accept",), until_ms=12),
        LostWrites("s1", at_ms=11, records=1000),
        Crash("s1", at_ms=12),
        Recover("s1", at_ms=13),
    ),
)
