"""What replicas of a key-value store promise, judged from a run's trace and history.

Each judge returns the sentence that is broken, or None. The end of a run is judged when
nothing goes wrong any more and every client has finished.
"""

from collections.abc import Iterator

from killed import Judge

from distlab.check import durability, sessions
from distlab.check.versions import Versions, told
from distlab.history import History
from distlab.replication.client import ReadReply, WriteReply
from distlab.replication.single_leader import Appended
from distlab.sim import Cluster
from distlab.trace import Step

SERVERS = ("s1", "s2", "s3")


def of_clients(cluster: Cluster) -> History:
    """What clients did: reads and writes, not promotions."""
    return cluster.history.where("read", "write")


def contents(cluster: Cluster, server: str) -> dict[str, object]:
    """What a replica shows its readers."""
    return {key: entry.value for key, entry in cluster[server].rows.items()}


def up(cluster: Cluster) -> tuple[str, ...]:
    """The servers that did not crash for good."""
    down = {step.node for step in cluster.trace.where("crash")}
    for step in cluster.trace.where("crash", "recover"):
        (down.add if step.kind == "crash" else down.discard)(step.node)
    return tuple(server for server in SERVERS if server not in down)


# ------------------------------------------------------------------------- at all times
def one_entry_at_each_index(cluster: Cluster) -> str | None:
    """All replicas apply the same writes in the same order."""
    known = {}
    for step, entry in sent_entries(cluster):
        if known.setdefault(entry.index, entry) != entry:
            return f"{step.at_ms} ms: {entry} where {known[entry.index]} was"
    for server in SERVERS:
        for entry in cluster[server].log:
            if known.setdefault(entry.index, entry) != entry:
                return f"{server} has {entry} where {known[entry.index]} was"
        places = [entry.index for entry in cluster[server].log]
        if places and places != list(range(places[0], places[0] + len(places))):
            return f"{server} has a log out of order: {places}"
    return None


def each_request_once(cluster: Cluster) -> str | None:
    """Each write that a client called is in the log once, however often it was sent."""
    known = {}
    for _, entry in sent_entries(cluster):
        index = known.setdefault((entry.client, entry.key, entry.value), entry.index)
        if index != entry.index:
            return f"{entry} is also at {index}"
    return None


def entries_agree_in_each_epoch(cluster: Cluster) -> str | None:
    """Two logs that have an entry of the same epoch at the same place agree on it."""
    known = {}
    entries = [(step.at_ms, entry) for step, entry in sent_entries(cluster)]
    entries += [(server, e) for server in SERVERS for e in cluster[server].log]
    for where, entry in entries:
        if known.setdefault((entry.epoch, entry.index), entry) != entry:
            return f"{where}: {entry} where {known[entry.epoch, entry.index]} was"
    return None


def in_each_log_once(cluster: Cluster) -> str | None:
    """No log has what a client called twice."""
    for server in SERVERS:
        calls = [(e.client, e.key, e.value) for e in cluster[server].log]
        if twice := [call for call in calls if calls.count(call) > 1]:
            return f"{server} has {twice[0]} twice"
    return None


def answered_when_on_enough_disks(cluster: Cluster) -> str | None:
    """What is answered, or read at the leader, is on `sync_followers` more disks."""
    confirmed = dict.fromkeys(SERVERS, 0)  # what has left a follower is on its disk
    needed = cluster["s1"].sync_followers
    for step in cluster.trace.where("send"):
        name = type(step.what).__name__
        if name == "Appended":
            confirmed[step.node] = max(confirmed[step.node], step.what.index)
        elif step.node == "s1" and isinstance(step.what, (WriteReply, ReadReply)):
            have = sum(confirmed[s] >= step.what.index for s in SERVERS[1:])
            if have < needed:
                return f"{step}: on the disks of {have} followers, not {needed}"
    return None


def confirmed_when_on_disk(cluster: Cluster) -> str | None:
    """A follower confirms what its log holds, and nothing more. Needs `states=True`."""
    disk = {server: {"log": 0, "snapshot": 0} for server in SERVERS}
    for step in cluster.trace.where("state", "send"):
        if step.kind == "send" and isinstance(step.what, Appended):
            last = max(disk[step.node].values())
            if step.what.index > last:
                return f"{step}, and its log ends at {last}"
        elif step.kind == "state" and step.node in disk:
            for name, value in step.what:
                if name == "snapshot":
                    disk[step.node][name] = value.index
                elif name == "log" and value:
                    disk[step.node][name] = value[value.last_index].index
    return None


def sent_entries(cluster: Cluster) -> Iterator[tuple[Step, object]]:
    for step in cluster.trace.where("send"):
        for entry in getattr(step.what, "entries", ()):
            yield step, entry


# -------------------------------------------------------------------- as clients see it
def acknowledged_writes_stay(cluster: Cluster) -> str | None:
    """Every acknowledged write is still there at the end."""
    final = {server: contents(cluster, server) for server in up(cluster)}
    verdict = durability.acknowledged_writes(of_clients(cluster), final)
    none = not of_clients(cluster).where("write", outcome="ok")
    return None if verdict.valid or none else str(verdict)


def reads_are_recent(cluster: Cluster) -> str | None:
    """A read is not older than a write that had ended, or a read that had."""
    history = of_clients(cluster)
    versions = Versions(history)
    done = [op for op in history if op.outcome == "ok"]
    for read in (op for op in done if op.f == "read"):
        if strange := versions.strange(read):
            return strange
        for before in done:
            if before.args[0] == read.args[0] and before.before(read):
                least = before if before.f == "write" else versions.seen(before)
                if least and versions.older(versions.seen(read), least):
                    return f"{told(before)} and then {told(read)}"
    return None


def session(name: str) -> Judge:
    """One of the session guarantees, by the checkers."""

    def judge(cluster: Cluster) -> str | None:
        verdict = getattr(sessions, name)(of_clients(cluster))
        return str(verdict) if verdict.invalid else None

    judge.__name__ = name
    return judge


# --------------------------------------------------------------------------- at the end
def replicas_become_equal(cluster: Cluster) -> str | None:
    """Once faults stop, all replicas have and show the same."""
    first, *others = up(cluster)
    for other in others:
        if contents(cluster, first) != contents(cluster, other):
            return f"{first}: {contents(cluster, first)}, but {other} differs"
        if cluster[first].last_index != cluster[other].last_index:
            return f"{first} ends at {cluster[first].last_index}, {other} elsewhere"
    return None


def clients_finish(cluster: Cluster) -> str | None:
    """Every operation ends, and every client gets through its work."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
    return None
