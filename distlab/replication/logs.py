"""Three kinds of replication log: what was said, which bytes changed, which rows.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Implementation of Replication Logs".
Guarantees
    `StatementLog`: equal rows, if every statement means the same everywhere; what asks
    for the time, for luck, or for the first row of no certain order does not.
    `WriteAheadLog`: equal bytes, among nodes whose pages have one format.
    `RowLog`: equal rows, whatever the statement was and however rows are laid out.
Assumes
    Reliable FIFO links and no failures: this is about what a log says. How it travels
    and survives is told in `single_leader`.
Costs
    A message to each follower for each statement: with the statement, 16 bytes for each
    changed row, or the rows.
Departs
    The write-ahead log is that of one table without an index. No triggers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Assumes, Call, Message, Node, NodeId, Value, durable, setting

SLOT = 16  # bytes for a row
EMPTY = bytes(SLOT)


class Now(Value):
    """The SQL function NOW(): what the clock of whoever evaluates it shows."""


class Random(Value):
    """The SQL function RANDOM(): a number below 1000, drawn by whoever evaluates it."""


class Insert(Value):
    """INSERT, or update if the key is there. The value may be `Now()` or `Random()`."""

    key: str
    value: Any


class Delete(Value):
    """DELETE … WHERE key = …"""

    key: str


class UpdateOne(Value):
    """UPDATE … SET value = … LIMIT 1, without ORDER BY: any row will do."""

    value: Any


Statement = Insert | Delete | UpdateOne


class Row(Value):
    """A changed row as it is afterwards; the value None: it is gone."""

    key: str
    value: Any


class Overwrite(Value):
    """These bytes now stand at this offset of this page."""

    page: int
    offset: int
    data: bytes


class Executed(Message):
    """A record of a statement log."""

    statement: Statement


class BytesChanged(Message):
    """A record of a write-ahead log: it knows pages, and nothing of rows."""

    page_bytes: int
    changes: tuple[Overwrite, ...]


class RowsChanged(Message):
    """A record of a logical log: it knows rows, and nothing of pages."""

    rows: tuple[Row, ...]


class Table(Node):
    """A replica of one table in pages; the first node executes, the others follow."""

    assumes = Assumes(links="reliable FIFO", failures="none")

    slots_per_page: int = setting(4)
    fills_gaps: bool = setting(True)  # a new row goes into the first gap, or to the end

    pages: tuple[bytes, ...] = durable(())

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What is asked of the leader when a run says nothing else."""
        if node == "s1":
            for key in "abc":
                yield Call("execute", (Insert(key, Now()),))
            yield Call("execute", (Delete(*choose(1, "abc")),))
            yield Call("execute", (UpdateOne("changed"),))

    def carry_out(
        self, statement: Statement
    ) -> tuple[tuple[Row, ...], tuple[Overwrite, ...]]:
        """Change the table as the statement says: the rows, and the bytes, changed."""
        rows = self.meaning(statement)
        return rows, tuple(self.put(row) for row in rows)

    def meaning(self, statement: Statement) -> tuple[Row, ...]:
        """Which rows this statement changes, here and now."""
        match statement:
            case Insert(key, value):
                return (Row(key, self.evaluate(value)),)
            case Delete(key):
                return (Row(key, None),)
            case UpdateOne(value):
                return tuple(Row(key, self.evaluate(value)) for key in self.rows)[:1]

    def evaluate(self, value: Any) -> Any:
        if isinstance(value, Now):
            return f"{self.now_ms:g}"
        if isinstance(value, Random):
            return self.choose(1, range(1000))[0]
        return value

    # ------------------------------------------------------------------------ the pages
    @property
    def rows(self) -> dict[str, str]:
        """The table, in the order in which its rows lie on the pages."""
        stored = (slot.rstrip(b"\0").decode() for slot in self.slots if slot != EMPTY)
        return dict(row.split("=", 1) for row in stored)

    @property
    def slots(self) -> list[bytes]:
        data = b"".join(self.pages)
        return [data[at : at + SLOT] for at in range(0, len(data), SLOT)]

    def put(self, row: Row) -> Overwrite:
        """Write a row to its place, and say which bytes that has changed."""
        page, slot = divmod(self.place(row.key), self.slots_per_page)
        data = b"" if row.value is None else f"{row.key}={row.value}".encode()
        change = Overwrite(page, slot * SLOT, data.ljust(SLOT, b"\0"))
        self.overwrite(change)
        return change

    def place(self, key: str) -> int:
        slots = self.slots
        for at, slot in enumerate(slots):
            if slot.startswith(f"{key}=".encode()):
                return at
        if self.fills_gaps and EMPTY in slots:
            return slots.index(EMPTY)
        return max([0, *(at + 1 for at, slot in enumerate(slots) if slot != EMPTY)])

    def overwrite(self, change: Overwrite):
        pages = list(self.pages)
        while len(pages) <= change.page:
            pages.append(EMPTY * self.slots_per_page)
        page, end = pages[change.page], change.offset + len(change.data)
        pages[change.page] = page[: change.offset] + change.data + page[end:]
        self.pages = tuple(pages)


class StatementLog(Table):
    """Followers execute again what the leader has executed."""

    def execute(self, statement: Statement):  # Statement-based replication
        self.carry_out(statement)
        self.send(self.peers, Executed(statement))
        self.ok()

    def on_executed(self, src: NodeId, msg: Executed):
        self.carry_out(msg.statement)


class WriteAheadLog(Table):
    """Followers overwrite the same bytes."""

    def execute(self, statement: Statement):  # Write-ahead log shipping
        _, changes = self.carry_out(statement)
        self.send(self.peers, BytesChanged(self.slots_per_page * SLOT, changes))
        self.ok()

    def on_bytes_changed(self, src: NodeId, msg: BytesChanged):
        if msg.page_bytes != self.slots_per_page * SLOT:
            return self.ignore("pages of another format")
        for change in msg.changes:
            self.overwrite(change)


class RowLog(Table):
    """Followers store the same rows, each where it likes."""

    def execute(self, statement: Statement):  # Logical log replication
        rows, _ = self.carry_out(statement)
        self.send(self.peers, RowsChanged(rows))
        self.ok()

    def on_rows_changed(self, src: NodeId, msg: RowsChanged):
        for row in msg.rows:
            self.put(row)


CLUSTER = {"servers": (StatementLog, 3)}
