"""Three kinds of log: what each says, and what followers make of it."""

import pytest

from distlab.faults import ClockSkew, Crash, Loss, Reordering
from distlab.node import Call, Deliver, Note, Send
from distlab.replication.logs import (
    BytesChanged,
    Delete,
    Executed,
    Insert,
    Now,
    Overwrite,
    Random,
    Row,
    RowLog,
    RowsChanged,
    StatementLog,
    UpdateOne,
    WriteAheadLog,
)
from distlab.sim import ClosedLoop, Cluster, Network

KINDS = (StatementLog, WriteAheadLog, RowLog)
PLAIN = (Insert("a", 1), Insert("b", 2), Insert("a", 3), Delete("b"), Insert("c", 4))
CLOCK = (*PLAIN, Insert("t", Now()))
LUCK = (*PLAIN, Insert("r", Random()))
GAP = (Insert("a", 1), Insert("b", 2), Delete("a"), Insert("c", 3), UpdateOne(9))


def execute(kind: type, statement, **settings) -> list:
    node = kind("s1", ("s1", "s2"), **settings)
    luck = [(5,)] if getattr(statement, "value", None) == Random() else []
    return node.step(Call("execute", (statement,)), choices=luck, now_ms=7)[:-1]


def test_a_statement_log_says_what_was_said():
    """Statement-based replication."""
    for statement in (Insert("t", Now()), UpdateOne(1)):
        assert execute(StatementLog, statement) == [Send("s2", Executed(statement))]


def test_a_write_ahead_log_says_which_bytes_have_changed():
    """Write-ahead log shipping."""
    change = Overwrite(0, 0, b"t=7".ljust(16, b"\0"))
    assert execute(WriteAheadLog, Insert("t", Now())) == [
        Send("s2", BytesChanged(64, (change,)))
    ]


def test_a_logical_log_says_which_rows_have_changed():
    """Logical log replication."""
    assert execute(RowLog, Insert("t", Now())) == [
        Send("s2", RowsChanged((Row("t", "7"),)))
    ]
    assert execute(RowLog, Insert("r", Random())) == [
        Send("s2", RowsChanged((Row("r", 5),)))
    ]
    assert execute(RowLog, Delete("t")) == [Send("s2", RowsChanged((Row("t", None),)))]
    assert execute(RowLog, UpdateOne(1)) == [Send("s2", RowsChanged(()))]


def test_rows_lie_on_pages_in_the_order_of_their_places():
    node = RowLog("s1", slots_per_page=2)
    for statement in (Insert("a", 1), Insert("b", 2), Insert("c", 3), Delete("a")):
        node.step(Call("execute", (statement,)))
    assert [len(page) for page in node.pages] == [32, 32]
    assert list(node.rows) == ["b", "c"]
    node.step(Call("execute", (Insert("d", 4),)))
    assert list(node.rows.items()) == [("d", "4"), ("b", "2"), ("c", "3")]


# -------------------------------------------------------------------------- in clusters
def replicate(kind: type, statements: tuple, faults=(), **per_node) -> Cluster:
    cluster = Cluster(
        kind,
        servers=3,
        seed=7,
        network=Network(fifo=True),
        workload={"s1": ClosedLoop([Call("execute", (s,)) for s in statements])},
        faults=faults,
        per_node=per_node,
    )
    return cluster.run(until_ms=1000)


def equal(cluster: Cluster) -> bool:
    return cluster["s1"].rows == cluster["s2"].rows == cluster["s3"].rows


@pytest.mark.parametrize(
    ("statements", "diverging"),
    [
        (PLAIN, []),
        (CLOCK, [StatementLog]),
        (LUCK, [StatementLog]),
    ],
    ids=["plain", "now", "random"],
)
def test_statements_mean_another_thing_elsewhere_and_later(statements, diverging):
    assert [k for k in KINDS if not equal(replicate(k, statements))] == diverging


def test_the_first_row_is_another_one_where_rows_lie_otherwise():
    """UPDATE … LIMIT 1 without ORDER BY: the follower fills no gaps."""
    clusters = {kind: replicate(kind, GAP, s2={"fills_gaps": False}) for kind in KINDS}
    assert [k for k in KINDS if not equal(clusters[k])] == [StatementLog]
    s1, s2 = (clusters[StatementLog][server].rows for server in ("s1", "s2"))
    assert (s1, s2) == ({"c": "9", "b": "2"}, {"b": "9", "c": "3"})
    s1, s2 = (clusters[RowLog][server] for server in ("s1", "s2"))
    assert s1.rows == s2.rows and s1.pages != s2.pages  # each where it likes


def test_a_write_ahead_log_needs_pages_of_the_same_format():
    """Another version of the storage engine cannot follow; a row log lets it."""
    larger = {"slots_per_page": 8}
    cluster = replicate(WriteAheadLog, PLAIN, s2=larger)
    assert cluster["s2"].rows == {} != cluster["s1"].rows == cluster["s3"].rows
    assert cluster.trace.where("ignore", node="s2")[0].why == "pages of another format"
    assert equal(replicate(RowLog, PLAIN, s2=larger))
    node = WriteAheadLog("s2", ("s1", "s2"), **larger)
    assert node.step(Deliver("s1", BytesChanged(64, ()))) == [
        Note("pages of another format", dropped=True)
    ]


# ------------------------------------------------------------ what is taken for granted
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "fault", [Loss(0.5), Reordering(0.9, 50), Crash("s2", at_ms=1)], ids=type
)
def test_a_log_that_travels_badly_leaves_followers_behind(kind, fault):
    """Here nothing is asked for again: that is told in `single_leader`."""
    assert type(fault) not in kind.assumes.kinds()
    assert not equal(replicate(kind, PLAIN, faults=(fault,)))


def test_a_clock_that_is_exact_does_not_help():
    """Nodes execute one after another, and clocks go on: skew only makes it worse."""
    cluster = replicate(StatementLog, (Insert("t", Now()),), (ClockSkew("s2", 500),))
    times = [float(cluster[server].rows["t"]) for server in ("s1", "s2", "s3")]
    assert len(set(times)) == 3 and times[1] > 500


# ------------------------------------------------------------------------------ mutants
class LeavesItselfOut(StatementLog):
    def execute(self, statement):
        self.send(self.peers, Executed(statement))
        self.ok()


class SaysNotWhere(WriteAheadLog):
    def execute(self, statement):
        _, changes = self.carry_out(statement)
        here = tuple(Overwrite(0, 0, change.data) for change in changes)
        self.send(self.peers, BytesChanged(64, here))
        self.ok()


class KeepsQuietAboutDeletes(RowLog):
    def execute(self, statement):
        rows, _ = self.carry_out(statement)
        left = tuple(row for row in rows if row.value is not None)
        self.send(self.peers, RowsChanged(left))
        self.ok()


class TakesAnyFormat(WriteAheadLog):
    def on_bytes_changed(self, src, msg):
        for change in msg.changes:
            self.overwrite(change)


@pytest.mark.parametrize(
    "mutant", [LeavesItselfOut, SaysNotWhere, KeepsQuietAboutDeletes]
)
def test_what_forgets_a_rule_lets_followers_diverge(mutant):
    assert not equal(replicate(mutant, PLAIN))


def test_what_takes_any_format_is_found(monkeypatch):
    monkeypatch.setitem(globals(), "WriteAheadLog", TakesAnyFormat)
    with pytest.raises(AssertionError):
        test_a_write_ahead_log_needs_pages_of_the_same_format()
