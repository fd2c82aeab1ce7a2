"""The picture of the README shows what it says, and is what is in the repository."""

from pathlib import Path

from distlab.show.cover import PLACE, cover, failover, verdict

ROOT = Path(__file__).parent.parent.parent


def test_the_picture_in_the_repository_is_the_one_that_the_code_draws():
    stored = (ROOT / PLACE).read_text(encoding="utf-8")
    assert stored == cover().svg, "run `python -m distlab.show.cover` and look at it"


def test_the_run_of_the_picture_loses_an_acknowledged_write():
    cluster = failover()
    judged = verdict(cluster)
    (lost,) = judged.evidence
    (read,) = cluster.history.where("read")
    assert judged.invalid
    assert (lost.f, lost.args, lost.outcome) == ("write", ("x", 2), "ok")
    assert (read.outcome, read.result) == ("ok", 1)
    assert cluster.saw("leads epoch 2")
    assert cluster.saw("discards the end of its log")


def test_the_picture_marks_the_lost_write_and_the_read():
    lines = [line for line in cover().text.splitlines() if line.startswith("▶")]
    assert any("called: write(x, 2)" in line for line in lines)
    assert any("called: read(x)" in line for line in lines)
    assert any("ok 1" in line for line in lines)
