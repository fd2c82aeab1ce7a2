"""Quorums as a text to be read: one write and read, and one that goes wrong."""

import pytest
from quorum_stories import OLD_BACKUP, READ, Story, tell, write
from test_golden import told

from distlab.replication.coordinator import Coordinator
from distlab.replication.last_write_wins import LastWriteWins
from distlab.replication.quorum import Replica

CALLS = ((10, "c1", write("milk")), (20, "c2", READ))
STORIES = {
    "quorum": (Story(CALLS), Replica),
    "quorum_and_an_old_backup": (OLD_BACKUP, Replica),
    "coordinator": (Story(CALLS), Coordinator),
    "last_write_wins": (
        Story(((10, "c1", write("milk")), (10, "c2", write("eggs")), (20, "c2", READ))),
        LastWriteWins,
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(tell(*STORIES[story]).trace.between(0, 400)))
