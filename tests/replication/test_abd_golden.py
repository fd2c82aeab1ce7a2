"""One normal run of ABD, one of a crash in the middle, one inversion, to be read.

`pytest tests/replication/test_abd_golden.py --update-golden` writes them anew.
"""

import pytest
from test_golden import told
from test_regular_register import SLOW_WRITE, TWO_READS, tell

from distlab.faults import Crash, Cut, Delay, Loss
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularReplica

# A writer reaches one replica and is gone; a reader brings its work to an end
CRASHED_WRITER = (
    Loss(1, src="c1", dst="s2", messages=("Store",)),
    Loss(1, src="c1", dst="s3", messages=("Store",)),
    Crash("c1", at_ms=7),
    Delay(100, src="c2", dst="s3"),
    Cut("c3", "s1"),
)
STORIES = {
    "abd": lambda: tell(
        AbdReplica,
        ((0, "c1", Call("write", ("x", "new"))), (10, "c2", Call("read", ("x",)))),
        (),
    ),
    "abd_ends_what_a_crash_cut_short": lambda: tell(
        AbdReplica,
        (
            (0, "c1", Call("write", ("x", "new"))),
            (20, "c2", Call("read", ("x",))),
            (30, "c3", Call("read", ("x",))),
        ),
        CRASHED_WRITER,
    ),
    "regular_register_new_then_old": lambda: tell(
        RegularReplica, TWO_READS, SLOW_WRITE
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(STORIES[story]().trace.between(0, 60)))
