"""A run of each protocol that orders events, to be read; some with what goes wrong.

`pytest tests/clocks/test_orders_golden.py --update-golden` writes them anew.
"""

import pytest
from told import told

from distlab.clocks.causal_broadcast import CausalBroadcast
from distlab.clocks.fifo_broadcast import FifoBroadcast
from distlab.clocks.lamport_broadcast import LamportBroadcast
from distlab.clocks.mutex import LamportMutex
from distlab.clocks.naive_snapshot import NaiveSnapshot
from distlab.clocks.ricart_agrawala import RicartAgrawala
from distlab.clocks.sequencer_broadcast import SequencerBroadcast
from distlab.clocks.snapshot import ChandyLamport
from distlab.clocks.user_names import DecidesAtOnce, UserNames
from distlab.node import Call, Node
from distlab.sim import Cluster, Network

ENTER_AND_LEAVE = Call("acquire"), Call("release")
NEAR, FAR = 2, 20  # milliseconds
Calls = tuple[tuple[float, str, Call], ...]  # when, who, what


def said(m: str) -> Call:
    return Call("broadcast", (m,))


def take(name: str) -> Call:
    return Call("take", (name,))


def paid(dst: str, amount: int) -> Call:
    return Call("transfer", (dst, amount))


def run(protocol: type[Node], *calls: tuple[float, str, Call]) -> Cluster:
    """Three nodes; whatever goes from the first to the third takes long."""
    links = Network(NEAR, fifo=True, per_link={("s1", "s3"): FAR})
    cluster = Cluster(protocol, servers=3, network=links)
    for at_ms, node, call in calls:
        cluster.add_call(at_ms, node, call)
    return cluster.run()


CONTEND: Calls = tuple(
    (at_ms, node, call)
    for node, at_ms in (("s1", 0), ("s2", 1))
    for call in ENTER_AND_LEAVE
)
QUESTION: Calls = (0, "s1", said("question")), (3, "s2", said("answer"))
KIM: Calls = (0, "s1", take("kim")), (1, "s3", take("kim"))
LOOK: Calls = (
    (0, "s1", paid("s3", 30)),
    (1, "s1", Call("snapshot")),
    (2, "s3", paid("s2", 7)),
    (3, "s2", paid("s3", 20)),
)
STORIES = {
    "mutex": run(LamportMutex, *CONTEND),
    "ricart_agrawala": run(RicartAgrawala, *CONTEND),
    "fifo_broadcast_answers_first": run(FifoBroadcast, *QUESTION),
    "causal_broadcast": run(CausalBroadcast, *QUESTION),
    "sequencer_broadcast": run(SequencerBroadcast, *QUESTION),
    "lamport_broadcast": run(LamportBroadcast, *QUESTION),
    "user_names": run(UserNames, *KIM),
    "user_names_decided_at_once": run(DecidesAtOnce, *KIM),
    "snapshot": run(ChandyLamport, *LOOK),
    "naive_snapshot": run(NaiveSnapshot, *LOOK),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(STORIES[story].trace))
