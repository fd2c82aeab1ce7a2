"""The session guarantees, against slow twins that try every order of the writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise, permutations

import pytest
from check.histories import drawn, read, write

from distlab.check import Verdict, sessions, versions
from distlab.errors import Misuse
from distlab.history import History, Operation

# ---------------------------------------------------------------------- the slow twins
Pair = tuple[Operation, Operation | None]  # the second may not be older than the first


def in_session(history: History) -> Iterator[tuple[Operation, Operation]]:
    """Every two operations of one process, the earlier first."""
    ops = [op for op in history if op.outcome != "fail"]
    for i, one in enumerate(ops):
        for other in ops[i + 1 :]:
            if one.process == other.process and (one.f == "write" or answered(one)):
                yield one, other


def answered(op: Operation) -> bool:
    return op.f == "read" and op.outcome == "ok"


def seen(history: History, op: Operation) -> Operation | None:
    for other in history.where("write"):
        if other.args == (*op.args, op.result):
            return other
    return None


def read_your_writes(history: History) -> Iterator[Pair]:
    for one, other in in_session(history):
        own = one.f == "write" and one.outcome == "ok"
        if own and answered(other) and one.args[0] == other.args[0]:
            yield one, seen(history, other)


def monotonic_reads(history: History) -> Iterator[Pair]:
    for one, other in in_session(history):
        before = answered(one) and seen(history, one)
        if before and answered(other) and one.args == other.args:
            yield before, seen(history, other)


def observed(history: History, causes: Callable) -> Iterator[Pair]:
    """What must be seen, or be older, because `causes(write)` come before `write`."""
    for write_ in history.where("write"):
        for cause in causes(write_):
            if cause.args[0] == write_.args[0] and cause != write_:
                yield cause, write_
    for one, other in in_session(history):
        if answered(one) and answered(other) and (effect := seen(history, one)):
            for cause in causes(effect):
                if cause.args[0] == other.args[0] != effect.args[0]:
                    yield cause, seen(history, other)


def monotonic_writes(history: History) -> Iterator[Pair]:
    def causes(effect):
        for one, other in in_session(history):
            if other == effect and one.f == "write" and one.outcome == "ok":
                yield one

    return observed(history, causes)


def writes_follow_reads(history: History) -> Iterator[Pair]:
    def causes(effect):
        found, left = set(), [effect]
        while left:
            write_ = left.pop()
            for one, other in in_session(history):
                if other == write_ and answered(one):
                    cause = seen(history, one)
                    if cause and cause not in found:
                        found.add(cause)
                        left.append(cause)
        return found

    return observed(history, causes)


def consistent_prefix(history: History) -> Iterator[Pair]:
    for one, other in in_session(history):
        effect = answered(one) and seen(history, one)
        if effect and answered(other) and one.args != other.args:
            for cause in history.where("write", outcome="ok"):
                if cause.args[0] == other.args[0] and cause.before(effect):
                    yield cause, seen(history, other)


TWINS = {
    sessions.read_your_writes: read_your_writes,
    sessions.monotonic_reads: monotonic_reads,
    sessions.monotonic_writes: monotonic_writes,
    sessions.writes_follow_reads: writes_follow_reads,
    sessions.consistent_prefix: consistent_prefix,
}


def certain(one: Operation, other: Operation, positions: bool) -> bool:
    if positions:
        return one.outcome == other.outcome == "ok" and one.result < other.result
    return one.outcome == "ok" and one.ended_us < other.invoked_us


def allowed(history: History, key: str, pairs: list[Pair]) -> bool:
    """Whether some order of the writes of a key meets all demands: all are tried."""
    writes = [w for w in history.where("write") if w.outcome != "fail"]
    writes = [w for w in writes if w.args[0] == key]
    told = [w.result for w in writes if w.outcome == "ok"]
    positions = None not in told
    for order in permutations(writes):
        place = {None: -1, **{w: i for i, w in enumerate(order)}}
        if all(place[least] <= place[then] for least, then in pairs) and not any(
            certain(order[j], order[i], positions)
            for i in range(len(order))
            for j in range(i + 1, len(order))
        ):
            return True
    return False


def twin(check: Callable, history: History) -> str:
    pairs = list(TWINS[check](history))
    if not pairs:
        return "unknown"
    for key in "xy":
        of_key = [pair for pair in pairs if pair[0].args[0] == key]
        if of_key and not allowed(history, key, of_key):
            return "invalid"
    return "valid"


SEEDS = range(3000)


def first_difference(check: Callable, seeds=SEEDS) -> int | None:
    """The seed of the first history that the check and its twin judge differently."""
    for seed in seeds:
        history = drawn(seed)
        if check(history).outcome != twin(check, history):
            return seed
    return None


@pytest.mark.parametrize("check", TWINS, ids=lambda check: check.__name__)
def test_each_check_says_what_its_slow_twin_says(check):
    seed = first_difference(check)
    assert seed is None, f"seed {seed}: {check(drawn(seed))}\n{drawn(seed).text()}"


@pytest.mark.parametrize("check", TWINS, ids=lambda check: check.__name__)
def test_the_random_histories_are_of_every_outcome(check):
    outcomes = [check(drawn(seed)).outcome for seed in range(500)]
    assert all(outcomes.count(o) > 4 for o in ("valid", "invalid", "unknown"))


@pytest.mark.parametrize("check", TWINS, ids=lambda check: check.__name__)
def test_the_evidence_alone_breaks_the_promise_too(check):
    """Of the reads, only those in the evidence are needed to see what went wrong."""
    for seed in range(300):
        history = drawn(seed)
        verdict = check(history)
        if verdict.invalid:
            rest = [op for op in history if op.f == "write" or op in verdict.evidence]
            assert check(History(rest)).invalid, f"seed {seed}: {verdict}"
            assert all(op.process in verdict.reason for op in verdict.evidence)


@pytest.mark.parametrize("check", TWINS, ids=lambda check: check.__name__)
def test_what_contradicts_itself_leads_back_to_where_it_began(check):
    for seed in range(300):
        verdict = check(drawn(seed))
        cycle = verdict.cycle
        assert bool(cycle) == verdict.invalid
        for edge, following in pairwise((*cycle, *cycle[:1])):
            assert edge.target == following.source, f"seed {seed}: {verdict}"


# ------------------------------------------------------------- mutants of the checks
def counts_what_has_not_ended_as_ended(patch):
    def older(self, one, other):
        if one is None or one.args[0] in self.positioned:
            return original(self, one, other)
        return one.before(other)

    original = versions.Versions.older
    patch.setattr(versions.Versions, "older", older)


def orders_by_the_call_alone(patch):
    def older(self, one, other):
        return one is None or one.invoked_us < other.invoked_us

    patch.setattr(versions.Versions, "older", older)


def knows_no_positions(patch):
    patch.setattr(versions.Versions, "_in_positions", lambda self, key: False)


def sees_no_cycles(patch):
    patch.setattr(sessions, "ring", lambda demands, versions: [])


def thinks_all_unordered_demands_clash(patch):
    patch.setattr(sessions, "ring", lambda demands, versions: demands[:1])


def forgets_nothing_was_found(patch):
    original = sessions._contradiction

    def contradiction(demands, versions):
        return original([d for d in demands if d.seen is not None], versions)

    patch.setattr(sessions, "_contradiction", contradiction)


def reads_in_the_order_of_their_calls(patch):
    """A cause is then known too late: a read is called before it sees the write."""
    patch.setattr(
        sessions,
        "_in_order",
        lambda history: [
            op
            for op in history
            if op.outcome != "fail" and (op.f == "write" or op.outcome == "ok")
        ],
    )


def forgets_what_causes_were_caused_by(patch):
    def merge(self, other, besides=None):
        if besides is not None:
            original(self, other, besides)

    original = sessions.Past.merge
    patch.setattr(sessions.Past, "merge", merge)


def demands_of_the_same_key_too(patch):
    def merge(self, other, besides=None):
        original(self, other)

    original = sessions.Past.merge
    patch.setattr(sessions.Past, "merge", merge)


def keeps_only_the_oldest(patch):
    def newest(self, writes):
        return list(writes)[:1]

    patch.setattr(versions.Versions, "newest", newest)


def counts_unacknowledged_writes(patch):
    def acknowledged(self, key):
        return list(self.writes[key].values())

    patch.setattr(versions.Versions, "acknowledged", acknowledged)


MUTANTS = {
    counts_what_has_not_ended_as_ended: sessions.monotonic_reads,
    orders_by_the_call_alone: sessions.monotonic_reads,
    knows_no_positions: sessions.monotonic_writes,
    sees_no_cycles: sessions.monotonic_reads,
    thinks_all_unordered_demands_clash: sessions.read_your_writes,
    forgets_nothing_was_found: sessions.read_your_writes,
    reads_in_the_order_of_their_calls: sessions.writes_follow_reads,
    forgets_what_causes_were_caused_by: sessions.writes_follow_reads,
    demands_of_the_same_key_too: sessions.writes_follow_reads,
    keeps_only_the_oldest: sessions.consistent_prefix,
    counts_unacknowledged_writes: sessions.consistent_prefix,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_check_with_a_flaw_is_told_from_its_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert first_difference(MUTANTS[mutant]) is not None


# ----------------------------------------------------------- known histories, known why
def verdict_of(check: Callable, *ops: Operation) -> Verdict:
    return check(History(ops))


def test_a_client_that_does_not_find_its_own_write():
    verdict = verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5),
        read("c1", "x", None, 10, 12),
    )
    assert verdict.invalid
    assert verdict.reason == (
        "c1 wrote x = 1 (0 to 5 ms), then c1 read x and found nothing (10 to 12 ms). "
        "But x = 1 is missing."
    )


def test_a_client_that_finds_what_it_had_overwritten():
    verdict = verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5),
        write("c1", "x", 2, 6, 9),
        read("c1", "x", 1, 10, 12),
    )
    assert verdict.reason == (
        "c1 wrote x = 2 (6 to 9 ms), then c1 read x = 1 (10 to 12 ms). But x = 1 is "
        "older than x = 2: it had ended at 5 ms, before the other was called at 6 ms."
    )
    newest, stale = write("c1", "x", 2, 6, 9), read("c1", "x", 1, 10, 12)
    assert verdict.evidence == (newest, stale)
    assert [(edge.source, edge.kind, edge.target) for edge in verdict.cycle] == [
        (newest, "session", write("c1", "x", 1, 0, 5)),
        (write("c1", "x", 1, 0, 5), "real time", newest),
    ]


def test_a_client_may_find_what_another_wrote_meanwhile():
    assert verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5),
        write("c2", "x", 2, 3, 9),
        read("c1", "x", 2, 10, 12),
    ).valid


def test_a_write_that_nobody_acknowledged_need_not_be_found():
    verdict = verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5, outcome="info"),
        read("c1", "x", None, 10, 12),
    )
    assert verdict.unknown
    assert verdict.reason == "No operation of this history could have broken it."


def test_a_client_that_goes_back_in_time():
    verdict = verdict_of(
        sessions.monotonic_reads,
        write("c1", "x", 1, 0, 5),
        read("c2", "x", 1, 6, 7),
        read("c2", "x", None, 8, 9),
    )
    assert verdict.reason == (
        "c2 read x = 1 (6 to 7 ms), then c2 read x and found nothing (8 to 9 ms). "
        "But x = 1 is missing."
    )


def test_two_clients_that_saw_two_writes_in_opposite_orders():
    verdict = verdict_of(
        sessions.monotonic_reads,
        write("c1", "x", 1, 0, 20),
        write("c2", "x", 2, 1, 20),
        read("c3", "x", 1, 10, 12),
        read("c3", "x", 2, 13, 14),
        read("c4", "x", 2, 10, 12),
        read("c4", "x", 1, 13, 14),
    )
    assert verdict.reason == (
        "c3 read x = 1 (10 to 12 ms), then c3 read x = 2 (13 to 14 ms). So x = 2 is "
        "not older than x = 1. c4 read x = 2 (10 to 12 ms), then c4 read x = 1 (13 to "
        "14 ms). So x = 1 is not older than x = 2. No order of the writes allows all "
        "this."
    )
    assert len(verdict.evidence) == 4


def test_writes_that_the_store_has_in_another_order_than_their_client():
    verdict = verdict_of(
        sessions.monotonic_writes,
        write("c1", "x", 1, 0, 5, position=7),
        write("c1", "x", 2, 6, 9, position=5),
    )
    assert verdict.reason == (
        "c1 wrote x = 1 (0 to 5 ms), then c1 wrote x = 2 (6 to 9 ms). But x = 2 is "
        "older than x = 1: its position is 5, the other's 7."
    )


def test_a_reader_that_sees_the_second_write_of_a_client_and_not_the_first():
    verdict = verdict_of(
        sessions.monotonic_writes,
        write("c1", "x", 1, 0, 5),
        write("c1", "y", 2, 6, 9),
        read("c2", "y", 2, 10, 11),
        read("c2", "x", None, 12, 13),
    )
    assert verdict.reason == (
        "c1 wrote x = 1 (0 to 5 ms), then c1 wrote y = 2 (6 to 9 ms), then c2 read y = "
        "2 (10 to 11 ms), then c2 read x and found nothing (12 to 13 ms). But x = 1 is "
        "missing."
    )


QUESTION_AND_ANSWER = (
    write("ann", "question", "why?", 0, 5),
    read("bob", "question", "why?", 6, 7),
    write("bob", "answer", "because", 8, 9),
    read("eve", "answer", "because", 10, 11),
    read("eve", "question", None, 12, 13),
)


def test_a_reader_that_sees_the_answer_and_not_the_question():
    verdict = verdict_of(sessions.writes_follow_reads, *QUESTION_AND_ANSWER)
    assert verdict.reason.startswith(
        "bob read question = 'why?' (6 to 7 ms), then bob wrote answer = 'because'"
    )
    assert verdict.reason.endswith("But question = 'why?' is missing.")
    assert verdict_of(sessions.consistent_prefix, *QUESTION_AND_ANSWER).invalid
    assert verdict_of(sessions.monotonic_writes, *QUESTION_AND_ANSWER).unknown
    assert verdict_of(sessions.monotonic_reads, *QUESTION_AND_ANSWER).unknown


def test_causes_of_causes_count():
    verdict = verdict_of(
        sessions.writes_follow_reads,
        write("ann", "x", 1, 0, 5),
        read("bob", "x", 1, 6, 7),
        write("bob", "y", 2, 8, 9),
        read("cem", "y", 2, 10, 11),
        write("cem", "z", 3, 12, 13),
        read("dan", "z", 3, 14, 15),
        read("dan", "x", None, 16, 17),
    )
    assert verdict.invalid
    assert "cem wrote z = 3" in verdict.reason


def test_an_effect_seen_before_what_was_written_earlier_by_anyone():
    verdict = verdict_of(
        sessions.consistent_prefix,
        write("c1", "x", 1, 0, 5),
        write("c3", "y", 2, 8, 9),
        read("c2", "y", 2, 10, 11),
        read("c2", "x", None, 12, 13),
    )
    assert verdict.reason.startswith(
        "c1 wrote x = 1 (0 to 5 ms), then c3 wrote y = 2 (8 to 9 ms), then c2 read y ="
    )


def test_a_value_that_nobody_wrote_cannot_be_judged():
    verdict = verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5),
        read("c1", "x", 9, 10, 12),
    )
    assert verdict.unknown
    assert verdict.reason == "c1 read x = 9 (10 to 12 ms), which nobody wrote."


def test_a_value_whose_write_failed_cannot_be_judged():
    verdict = verdict_of(
        sessions.monotonic_reads,
        write("c1", "x", 1, 0, 5, outcome="fail"),
        read("c2", "x", 1, 10, 12),
    )
    assert verdict.unknown
    assert verdict.reason.endswith("and was told that it had failed.")


def test_a_value_read_before_it_was_written_cannot_be_judged():
    verdict = verdict_of(
        sessions.monotonic_reads,
        read("c2", "x", 1, 0, 5),
        write("c1", "x", 1, 10, 12),
    )
    assert verdict.unknown
    assert "before c1 wrote x = 1" in verdict.reason


def test_a_value_read_at_the_moment_of_its_call_can_be_judged():
    assert verdict_of(
        sessions.monotonic_reads,
        read("c2", "x", 1, 0, 5),
        write("c1", "x", 1, 5, 12),
        read("c2", "x", 1, 6, 7),
    ).valid


def test_a_value_written_twice_is_misuse():
    with pytest.raises(Misuse, match="c2 writes x = 1 again: this check needs values"):
        verdict_of(
            sessions.monotonic_reads,
            write("c1", "x", 1, 0, 5),
            write("c2", "x", 1, 6, 7),
        )


def test_nothing_shown_is_nothing_known():
    for check in TWINS:
        assert check(History()).unknown


@pytest.mark.parametrize("positions", [(None, 1), (3, 3), ("a", 1)])
def test_positions_that_say_nothing_are_not_used(positions):
    first, second = positions
    verdict = verdict_of(
        sessions.monotonic_writes,
        write("c1", "x", 1, 0, 5, position=first),
        write("c1", "x", 2, 6, 9, position=second),
    )
    assert verdict.valid
    assert "writes ordered by time" in verdict.strength


def test_positions_with_an_epoch_are_compared_as_tuples():
    """After a failover the new leader counts on from where it was: the epoch tells."""
    verdict = verdict_of(
        sessions.read_your_writes,
        write("c1", "x", 1, 0, 5, position=(1, 9)),
        write("c2", "x", 2, 4, 9, position=(2, 7)),
        read("c1", "x", 2, 10, 12),
    )
    assert verdict.valid
    assert "writes ordered by positions" in verdict.strength


def test_nothing_is_older_than_any_write():
    one = write("c1", "x", 1, 0, 5)
    assert versions.Versions([one]).older(None, one)
    assert not versions.Versions([one]).older(one, one)
