"""Anti-entropy, step by step: who asks whom, what is compared, and what travels."""

from itertools import count

from distlab.node import Deliver, Fire, Message, Send, Start
from distlab.replication.anti_entropy import (
    AntiEntropy,
    Compare,
    Round,
)
from distlab.replication.quorum import Store
from distlab.replication.siblings import Siblings, Vector, Version

NUMBERS = count(1)


def row(writer: str, number: int, after: Siblings = ()) -> Siblings:
    """What a write of this client leaves where all that it saw was `after`."""
    vector = after[0].vector if after else Vector()
    return (Version(f"{writer}.{number}", vector.then(writer, number)),)


OLD, OTHER = row("c1", 1), row("c2", 1)
NEW = row("c1", 2, OLD)


def replica(
    id: str = "s1", rows: dict | None = None, protocol: type | None = None, **settings
) -> AntiEntropy:
    node = (protocol or AntiEntropy)(id, ("s1", "s2", "s3"), **settings)
    node.step(Start())
    for key, siblings in (rows or {}).items():
        node.step(Deliver("c1", Store(next(NUMBERS), key, siblings)))
    return node


def sent(node: AntiEntropy, src: str, msg: Message) -> list[tuple[str, Message]]:
    """What a node sends when it receives this."""
    effects = node.step(Deliver(src, msg))
    return [(effect.dst, effect.msg) for effect in effects if isinstance(effect, Send)]


def conversation(one: AntiEntropy, other: AntiEntropy) -> list[Message]:
    """All that two replicas say after the first one's `Round`, nothing being lost."""
    effects = one.step(Fire(Round()), choices=[(other.id,)])
    said, nodes = [], {one.id: one, other.id: other}
    waiting = [(one.id, e) for e in effects if isinstance(e, Send)]
    while waiting:
        src, effect = waiting.pop(0)
        said.append(effect.msg)
        for dst, msg in sent(nodes[effect.dst], src, effect.msg):
            waiting.append((effect.dst, Send(dst, msg)))
    return said


def test_a_round_sends_the_root_to_one_other_replica_and_goes_on():
    """§4.7, root."""
    s1 = replica(rows={"x": OLD})
    effects = s1.step(Fire(Round()), choices=[("s3",)])
    assert Send("s3", Compare(((0, s1.tree.hash()),))) in effects


def test_two_replicas_are_equal_after_a_conversation():
    s1 = replica("s1", {"x": OLD, "y": OTHER})
    s2 = replica("s2", {"x": NEW, "z": OTHER})
    conversation(s1, s2)
    assert s1.rows == s2.rows == {"x": NEW, "y": OTHER, "z": OTHER}
