"""ABD's client told from top to bottom: a generator that yields each phase.

Source
    As `abd`, whose client this is once more.
Guarantees
    Those of `abd`; it sends the same messages at the same times.
Assumes
    As `abd`.
Costs
    As `abd`. And its state is a frame of Python, halfway down a function: it cannot be
    compared, copied, explored, written to a disk or sent to a grader. So the library's
    own client has a record and a method for each phase.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from distlab.node import NodeId, volatile
from distlab.quorum import Quorum
from distlab.replication.abd import (
    AbdClient,
    AbdReplica,
    Fetch,
    Fetched,
    Resend,
    Row,
    Stamp,
    Store,
    Stored,
)

Phase = tuple[Fetch | Store, Quorum | None]  # what to ask, and who has to answer
Story = Generator[Phase, tuple[Row, ...], Any]


class StoryClient(AbdClient):
    """Each operation is a story; `on_fetched` and `on_stored` turn its pages."""

    story: Any = volatile(None)
    quorum: Quorum | None = volatile(None)  # that the present phase waits for

    def reading(self, key: str) -> Story:  # A read
        rows = yield Fetch(self.number, key), self.read_quorum
        newest = max(rows, key=lambda row: row.stamp)
        yield Store(self.number, newest), self.write_quorum
        return newest.value

    def writing(self, key: str, value: Any) -> Story:  # A write
        rows = yield Fetch(self.number, key), self.read_quorum
        newest = max(rows, key=lambda row: row.stamp)
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        stamp = Stamp(self.stamped, self.id)
        yield Store(self.number, Row(key, stamp, value)), self.write_quorum
        return stamp

    def read(self, key: str):
        self.tell(self.reading(key))

    def write(self, key: str, value: Any):
        self.tell(self.writing(key, value))

    # ------------------------------------------------------------- what turns the pages
    def tell(self, story: Story):
        self.number += 1
        self.story = story
        request, self.quorum = next(story)
        self.ask(request)

    def on_fetched(self, src: NodeId, msg: Fetched):
        self.hear(src, msg, Fetch, msg.row)

    def on_stored(self, src: NodeId, msg: Stored):
        self.hear(src, msg, Store, None)

    def hear(self, src: NodeId, msg: Fetched | Stored, phase: type, answer: Row | None):
        if not self.awaits(msg, phase):
            return self.ignore("answers a phase that is over")
        assert self.pending
        self.pending.votes.add(src, answer)
        if self.enough(self.quorum):
            self.go_on(self.pending.votes.messages())

    def go_on(self, answers: tuple[Any, ...]):
        try:
            request, self.quorum = self.story.send(answers)
        except StopIteration as end:
            self.pending = self.story = None
            self.cancel_timer(Resend())
            return self.ok(end.value)
        self.ask(request)


class StoryReplica(AbdReplica):
    """The replica of `abd`: only clients differ."""

    client = StoryClient


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"servers": (StoryReplica, 3), "clients": (StoryClient, 2)}
