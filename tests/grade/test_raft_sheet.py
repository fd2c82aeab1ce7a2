"""What the exercises of lesson 5 judge by."""

from collections.abc import Iterator
from itertools import permutations

import pytest
from answers import raft as answers
from sheets_that_run import marks_of, solved

from distlab.consensus.raft import AppendEntries, AppendEntriesResponse, Entry, Raft
from distlab.events import Call, Deliver, Send, Start
from distlab.grade.checks.raft.adversary import (
    SERVERS,
    CountsCopies,
    ForgetsItsVote,
    Move,
    Table,
    WithoutNoOp,
)
from distlab.grade.checks.raft.logs import FIGURE_7, LEADER, Sent, message, sent
from distlab.grade.checks.raft.safety import FINE, WRONG
from distlab.grade.exercise import Case
from distlab.replicated import Command

CASES = [Case(i, i) for i in range(1, 6)]


def test_who_asks_the_library_is_told_so(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY], tmp_path)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    for number, ours in (("5.1", "may_vote"), ("5.2", "advance_commit_index")):
        assert told[number].startswith(f"it asks for our `{ours}`"), told[number]


# --------------------------------------------------------------------------------- 5.3
def by_raft(one: Sent) -> tuple[tuple[int, str], ...] | None:
    """The log afterwards, of a node of the library; None if it refuses."""
    node, term = Raft("s2", SERVERS), 1_000
    node.step(Start())
    for prev, prev_term, entries in ((0, 0, one.log), one[1:]):
        made = tuple(Entry(t, Command("c1", 1, Call(c))) for t, c in entries)
        message = AppendEntries(term, prev, prev_term, made, 0)
        effects = node.step(Deliver("s1", message))
    (answer,) = (effect.msg for effect in effects if isinstance(effect, Send))
    assert isinstance(answer, AppendEntriesResponse)
    if not answer.success:
        return None
    return tuple((entry.term, entry.command.call.name) for entry in node.log.after(0))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_library_repairs_logs_as_exercise_5_3_does(case: Case):
    found = sent(case)
    assert [by_raft(one) for one in found] == [one.after for one in found]
    assert any(one.known for one in found)
    assert not all(one.fits for one in found)


def test_f_of_figure_7_refuses_seven_times():
    found = [message(FIGURE_7["f"], LEADER, prev, 10) for prev in range(11)]
    assert [one.fits for one in found] == [True] * 4 + [False] * 7
    assert all(one.after == LEADER for one in found if one.fits)


# --------------------------------------------------------------------------------- 5.4
def two_lead(table: Table) -> bool:
    return any(len(leaders) > 1 for leaders in table.led.values())


def test_the_shortest_lists_of_moves_need_each_of_them():
    found = answers.moves()
    for name, kind in (
        ("counts copies", CountsCopies),
        ("forgets its vote", ForgetsItsVote),
    ):
        moves = found[name]
        assert Table(kind, moves).lost or two_lead(Table(kind, moves))
        for i in range(len(moves)):
            fewer = Table(kind, moves[:i] + moves[i + 1 :])
            assert not fewer.lost
            assert not two_lead(fewer)


def test_the_same_moves_do_raft_no_harm():
    for moves in answers.moves().values():
        for kind in (Raft, WithoutNoOp):
            assert not Table(kind, moves).lost
            assert not two_lead(Table(kind, moves))


def all_moves() -> Iterator[Move]:
    """But for crashes: whoever is to lead no longer can be asked for a vote."""
    for who in SERVERS:
        one, other = (id for id in SERVERS if id != who)
        for others in ((one,), (other,), (one, other)):
            yield "stand", who, *others
            yield "copy", who, *others
        yield "write", who


def alike(table: Table) -> str:
    """What tables that differ only by who is who have in common."""

    def of(id: str, name: dict[str | None, str]) -> tuple:
        node = table.node(id)
        known = (node.match_index, node.next_index)
        told = [sorted((name[peer], n) for peer, n in each.items()) for each in known]
        terms = tuple(entry.term for entry in node.log.after(0))
        voted = name[node.voted_for]
        return node.role.value, node.current_term, voted, terms, node.commit_index, told

    found = []
    for order in permutations(SERVERS):
        name = {None: "", **dict(zip(order, SERVERS, strict=True))}
        executed = sorted((i, entry.term) for i, entry in table.executed.items())
        found.append(repr(([of(id, name) for id in order], executed)))
    return min(found)


@pytest.mark.soak
def test_no_six_moves_lose_an_executed_entry():
    level: list[tuple[Move, ...]] = [()]
    seen: set[str] = set()
    for length in range(1, 7):
        longer = []
        for moves in level:
            for move in all_moves():
                table = Table(CountsCopies, (*moves, move))
                assert not table.lost, table
                if length < 6 and (key := alike(table)) not in seen:
                    seen.add(key)
                    longer.append((*moves, move))
        level = longer
    assert len(seen) == 678


# --------------------------------------------------------------------------------- 5.5
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_solution_tells_the_scenes_of_exercise_5_5_apart(case: Case):
    always_safe = solved("05_raft")[0]["always_safe"]
    for scene in WRONG:
        assert always_safe(scene.view(case)), scene.title
    for scene in FINE:
        assert always_safe(scene.view(case)) is None, scene.title
