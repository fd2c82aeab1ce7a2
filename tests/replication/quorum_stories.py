"""What r + w > n does not promise, and what takes even its promise away: as schedules.

Every message takes 2 ms, each story a few faults and calls with exact times. The lesson
pastes the same ones; `tell` runs them.
"""

from typing import NamedTuple

from distlab.faults import (
    ClockSkew,
    Crash,
    Cut,
    Delay,
    Isolate,
    Loss,
    LostWrites,
    Recover,
    Schedule,
)
from distlab.node import Call
from distlab.replication.quorum import Replica
from distlab.sim import Cluster, Network


class Story(NamedTuple):
    """What is called, by whom and when, and what goes wrong meanwhile."""

    calls: tuple[tuple[float, str, Call], ...]
    faults: Schedule = ()
    r: int = 2
    w: int = 2


def tell(story: Story, protocol: type = Replica, **more) -> Cluster:
    """The run of a story."""
    settings = {"r": story.r, "w": story.w, "tries": 2, **more}
    cluster = Cluster(
        protocol,
        servers=3,
        clients=max(int(client[1:]) for _, client, _ in story.calls),
        network=Network(2),
        faults=story.faults,
        **settings,
    )
    for at_ms, client, call in story.calls:
        cluster.add_call(at_ms, client, call)
    return cluster.run(until_ms=1000)


def write(value: object) -> Call:
    return Call("write", ("x", value))


READ = Call("read", ("x",))

# Neither client has seen what the other writes: both writes stay, as siblings.
CONCURRENT_WRITES = Story(
    calls=((10, "c1", write("milk")), (10, "c2", write("eggs")), (50, "c3", READ)),
)

# Only s1 gets the write, and its client gives up. A reader who asks s1 sees it, one who
# does not ask it does not, a later one may see it again: the repair was lost too.
FAILED_WRITE_LINGERS = Story(
    faults=(
        Cut("c1", "s2"),
        Cut("c1", "s3"),
        Loss(1.0, messages=("Repair",), until_ms=250),
        Isolate("s3", at_ms=150, until_ms=190),
        Isolate("s1", at_ms=190, until_ms=250),
    ),
    calls=(
        (10, "c1", write("ghost")),
        (160, "c2", READ),
        (200, "c2", READ),
        (300, "c2", READ),
        (400, "c2", READ),
    ),
)

# The write has reached s1 and is on its way to the others. c2 asks s1 and s2 and sees
# it; then c3 asks s2 and s3, and does not: new, then old.
READ_DURING_A_WRITE = Story(
    faults=(
        Delay(60, src="c1", dst="s2"),
        Delay(60, src="c1", dst="s3"),
        Delay(30, messages=("Repair",)),
        Delay(30, src="s3", dst="c2"),
        Delay(30, src="s1", dst="c3"),
    ),
    calls=((10, "c1", write("new")), (20, "c2", READ), (30, "c3", READ)),
)

# s2 has stored the write and comes back without it. The next reader asks s2 and s3:
# r + w > n, and not one of them has it.
OLD_BACKUP = Story(
    faults=(
        Isolate("s3", at_ms=0, until_ms=60),
        LostWrites("s2", at_ms=60, records=100),
        Crash("s2", at_ms=61),
        Recover("s2", at_ms=62),
        Isolate("s1", at_ms=62, until_ms=120),
    ),
    calls=((10, "c1", write("paid")), (70, "c2", READ), (200, "c2", READ)),
)

# One replica has taken the write, another answers the read.
TOO_FEW = Story(
    r=1,
    w=1,
    faults=(
        Delay(60, src="c1", dst="s2"),
        Cut("c1", "s3"),
        Delay(9, dst="c2", src="s1"),
    ),
    calls=((10, "c1", write("new")), (20, "c2", READ), (200, "c2", READ)),
)

# Both replicas that have confirmed the write come back without it.
TOO_MANY_BACKUPS = Story(
    faults=(
        Isolate("s3", at_ms=0, until_ms=70),
        *(LostWrites(server, at_ms=60, records=100) for server in ("s1", "s2")),
        *(Crash(server, at_ms=61) for server in ("s1", "s2")),
        *(Recover(server, at_ms=62) for server in ("s1", "s2")),
    ),
    calls=((10, "c1", write("paid")), (200, "c2", READ)),
)

# The client comes back with its last number forgotten and uses it again: two versions
# have one vector, and each replica keeps the one that came first.
FORGOTTEN_NUMBER = Story(
    faults=(
        LostWrites("c1", at_ms=60, records=100),
        Crash("c1", at_ms=61),
        Recover("c1", at_ms=62),
    ),
    calls=((10, "c1", write("first")), (70, "c1", write("second")), (200, "c2", READ)),
)

# c1's clock is 100 ms behind. It overwrites what it has read; but where the last write
# wins, what c2 wrote has the later stamp.
SLOW_CLOCK = Story(
    faults=(ClockSkew("c1", offset_ms=-100),),
    calls=(
        (10, "c2", write("old")),
        (30, "c1", READ),
        (50, "c1", write("new")),
        (100, "c2", READ),
    ),
)
