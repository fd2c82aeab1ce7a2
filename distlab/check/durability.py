"""Durability: a write that was acknowledged is still there at the end.

It is there if its key holds it, or a write that is not older. Nothing is known without
a look at the end: the final states of the replicas, taken when nothing moves any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distlab.check.verdict import Verdict
from distlab.check.versions import Versions, counted, told
from distlab.history import History, Operation

PROMISE = "acknowledged writes are still there"
States = Mapping[str, Mapping[Any, Any]]  # what the keys of each replica hold


def acknowledged_writes(history: History, final: States) -> Verdict:
    """Whether each acknowledged write, or one not older, is in the final states.

    `final` tells for each replica what its keys hold, `{"s1": {"x": 1}}`; what a client
    read last counts as a replica. A write that some have and others lack makes the
    verdict unknown: let the run go on until they agree. Judge each shard by itself.
    """
    versions = Versions(history)
    keys = {op.args[0]: None for op in history if op.f == "write"}
    last = [w for key in keys for w in versions.newest(versions.acknowledged(key))]
    writes = counted(len(last), "last acknowledged write")
    strength = f"{writes} on {counted(len(final), 'replica')}; {versions.basis}"
    if not last or not final:
        reason = "No write was acknowledged." if final else "Nobody looked at the end."
        return Verdict("unknown", PROMISE, strength, reason)
    lacking = {w: [r for r in final if _lacks(final[r], w, versions)] for w in last}
    lost = [write for write in last if len(lacking[write]) == len(final)]
    partly = [write for write in last if lacking[write] and write not in lost]
    if lost:
        reason = f"{counted(len(lost), 'acknowledged write')} lost: "
        reason += " ".join(_loss(write, final, versions) for write in lost)
        return Verdict("invalid", PROMISE, strength, reason, tuple(lost))
    if partly:
        write = partly[0]
        without = ", ".join(lacking[write])
        reason = f"{told(write)}, and {without} lack it while others have it."
        return Verdict("unknown", PROMISE, strength, reason, tuple(partly))
    return Verdict("valid", PROMISE, strength, "Every replica has them all.")


def _lacks(state: Mapping[Any, Any], write: Operation, versions: Versions) -> bool:
    """Whether a state has neither this write nor one that may have come after it."""
    key, _ = write.args
    found = versions.writes[key].get(state.get(key))
    return found is None or found.outcome == "fail" or versions.older(found, write)


def _loss(write: Operation, final: States, versions: Versions) -> str:
    """What each replica holds in the place of a lost write."""
    key, _ = write.args
    there: dict[Any, list[str]] = {}
    for replica, state in final.items():
        there.setdefault(state.get(key), []).append(replica)
    holds = []
    for value, replicas in there.items():
        found = versions.writes[key].get(value)
        why = "nothing" if value is None else f"{value!r}, which nobody wrote"
        if found is not None and found.outcome == "fail":
            why = f"{value!r}, whose client was told that it had failed"
        elif found is not None:
            why = f"{value!r}; {versions.why_older(found, write).removesuffix('.')}"
        holds.append(f"on {' and '.join(replicas)} there is {why}")
    return f"{told(write)}, but under {key}, {'; '.join(holds)}."
