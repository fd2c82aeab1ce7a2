"""Each thing that an explorer could forget is missed by some claim about worlds."""

import pytest
import test_explore_interchangeable as alike_claims
import test_explore_replayed as replay_claims
import test_hygiene as hygiene_claims
import test_worlds as claims

from distlab.check import Budget, local_states, local_steps, renaming, timing, worlds
from distlab.check.hygiene import Hygiene
from distlab.check.local_states import Local
from distlab.check.local_steps import Stepping
from distlab.check.networks import Ordered, Unordered
from distlab.check.renaming import Interchangeable, Naming
from distlab.check.worlds import Worlds
from distlab.node import Crash, Node, Recover


class LosesCrashes(Local):
    def own(self, number, busy=False):
        return (e for e in super().own(number, busy) if not isinstance(e, Crash))


class CallsWhoIsBusy(Local):
    def own(self, number, busy=False):
        yield from super().own(number, busy)
        called = self.bodies[number].called
        if self.nodes[number].operation is not None and called < len(self.calls):
            yield self.calls[called]


class DeliversToTheDead(Local):
    def moves(self, cell):
        number, loop, letters = self.cells[cell]
        yield from super().moves(cell)
        if not self.bodies[number].up:
            yield from self._from_others(number, loop, letters)


class KeepsWordsToItself(Local):
    def moves(self, cell):
        _, loop, letters = self.cells[cell]
        for outcome, after in super().moves(cell):
            if isinstance(outcome.action.event, Crash):
                after = self.cell(outcome.body, loop, letters)
            yield outcome, after


class SkipsIdleOnes(Local):
    """Also where they block the queue."""

    def _from_others(self, body, loop, letters):
        found = super()._from_others(body, loop, letters)
        return ((outcome, after) for outcome, after in found if not outcome.idle)


class KeepsTimers(Stepping):
    def _body_after(self, number, event, node, effects):
        after = super()._body_after(number, event, node, effects)
        pending = self.local.bodies[number].pending
        return after._replace(pending=pending) if isinstance(event, Crash) else after


class TellsOfNoLoss(Stepping):
    def _body_after(self, number, event, node, effects):
        return super()._body_after(number, event, node, effects)._replace(lost=0)


class LosesNothingUnsynced(Stepping):
    def _unsynced(self, number, node):
        return ()


class ComesBackAsItself(Stepping):
    def _body_after(self, number, event, node, effects):
        after = super()._body_after(number, event, node, effects)
        return after._replace(life=1) if isinstance(event, Recover) else after


NODES = [
    (LosesCrashes, claims.test_a_crash_keeps_what_is_durable_and_nothing_else),
    (CallsWhoIsBusy, claims.test_the_history_ends_as_unknown_what_a_crash_interrupts),
    (DeliversToTheDead, claims.test_to_a_node_that_is_down_no_message_gets_through),
    (KeepsWordsToItself, claims.test_a_word_to_itself_is_gone_with_a_crash),
    (KeepsTimers, claims.test_a_crash_forgets_timers),
    (TellsOfNoLoss, claims.test_records_that_are_not_on_disk_yet_are_lost_and_told),
    (LosesNothingUnsynced,
     claims.test_records_that_are_not_on_disk_yet_are_lost_and_told),
    (ComesBackAsItself,
     claims.test_the_history_ends_as_unknown_what_a_crash_interrupts),
    (SkipsIdleOnes,
     claims.test_a_delivery_of_which_nothing_comes_is_no_transition_where_order_is_free),
]  # fmt: skip


@pytest.mark.parametrize(("mutant", "claim"), NODES)
def test_each_mutant_of_what_may_happen_next_is_missed(monkeypatch, mutant, claim):
    claim()
    if issubclass(mutant, Local):
        monkeypatch.setattr(worlds, "Local", mutant)
    else:
        monkeypatch.setattr(local_states, "Stepping", mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        claim()


def all_timers(pending):
    return (timer for timer, _, _ in pending)


def first_timer(pending):
    return (timer for timer, _, _ in pending[:1])


def in_the_order_of_the_earliest(pending):
    return (timer for timer, _, _ in sorted(pending, key=lambda one: one[1])[:1])


@pytest.mark.parametrize(
    "mutant", [all_timers, first_timer, in_the_order_of_the_earliest]
)
def test_each_mutant_of_rule_9_is_missed(monkeypatch, mutant):
    monkeypatch.setattr(local_states, "ripe", mutant)
    wrong = 0
    for ranges_ms, orders in claims.ORDERS:
        try:
            claims.test_a_timer_waits_for_those_that_must_run_out_before(
                ranges_ms, orders
            )
        except AssertionError:
            wrong += 1
    assert wrong


def forgets_the_order(past, told):
    """A past without what was over before what."""
    grown = past_grown(past, told)
    return tuple(
        (process, tuple(op._replace(over_before=()) for op in ops))
        for process, ops in grown
    )


def remembers_too_much(past, told):
    """A past with the order in which overlapping calls came."""
    return (*past, *told)


def always_content(self, world):
    """A look at invariants that finds nothing."""


past_grown = worlds.grown
OTHERS = [
    (Budget, "without", lambda self, name: self,
     claims.test_no_more_crashes_happen_than_the_budget_has),
    (Budget, "without", lambda self, name: self,
     claims.test_no_more_timers_run_out_than_the_budget_has),
    (Node, "_crash", lambda self, saved: None,
     claims.test_a_crash_keeps_what_is_durable_and_nothing_else),
    (local_steps, "combinations", lambda options, k: [tuple(options)[:k]],
     claims.test_each_answer_to_a_choice_is_a_branch),
    (Ordered, "next", Unordered.losses, claims.test_on_ordered_links_nothing_overtakes),
    (Ordered, "missed", Unordered.missed,
     claims.test_on_ordered_links_a_message_to_a_node_that_is_down_makes_way),
    (Ordered, "losses", Unordered.missed,
     claims.test_on_lossy_ordered_links_any_may_be_missing),
    (Unordered, "next", Ordered.next,
     claims.test_on_unordered_links_all_orders_and_losses_are_tried),
    (Unordered, "with_more", lambda self, had, more, _: tuple(sorted({*had, *more})),
     claims.test_what_is_sent_twice_arrives_twice_even_if_it_is_the_same),
    (worlds, "grown", forgets_the_order,
     claims.test_of_histories_that_no_promise_tells_apart_there_is_one),
    (worlds, "grown", remembers_too_much,
     claims.test_of_histories_that_no_promise_tells_apart_there_is_one),
    (Worlds, "bits", lambda self, reads: 0,
     claims.test_each_answer_to_a_choice_is_a_branch),
    (Worlds, "raised_in", lambda self, world: None,
     claims.test_a_handler_that_raises_is_shown_with_the_way_to_it),
    (Worlds, "always_every_invariant_holds", always_content,
     claims.test_what_is_always_true_of_one_node_is_looked_at_in_each_world),
]  # fmt: skip


def nothing(*arguments):
    """What a method does that has been forgotten."""


def each(claim, rows):
    """A claim that is made for each row of a table."""
    return lambda: [claim(*row) for row in rows]


def refused(place):
    """One of the sentences about what is hidden."""
    row = hygiene_claims.SENTENCES[place]
    return each(
        hygiene_claims.test_what_cannot_be_explored_soundly_is_refused_with_the_place,
        [row],
    )


one_of_each_kind = each(
    alike_claims.test_exactly_one_world_of_each_kind_is_kept, alike_claims.CLUSTERS[1:]
)
gone_again = each(
    replay_claims.test_the_simulator_goes_the_way_that_was_found,
    replay_claims.WAYS[1:3],
)
OTHERS += [
    (Interchangeable, "canonical", lambda self, world: world, one_of_each_kind),
    (renaming, "renamed", lambda value, names: value, one_of_each_kind),
    (Naming, "check", nothing,
     alike_claims.test_where_names_are_compared_it_is_refused),
    (Hygiene, "repeat", nothing, refused(0)),
    (Hygiene, "once_more", nothing, refused(2)),
    (Hygiene, "look_into", nothing, refused(5)),
    (Hygiene, "look_into_state", nothing, refused(6)),
    (timing, "taken", lambda flights, times: (), gone_again),
    (timing, "ran", lambda alarms, times: (), gone_again),
    (timing, "is_loop", lambda flight: False,
     replay_claims.test_a_way_on_which_a_word_to_oneself_has_to_wait_has_no_recording),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "name", "mutant", "claim"), OTHERS)
def test_each_other_mutant_is_missed(monkeypatch, owner, name, mutant, claim):
    claim()
    monkeypatch.setattr(owner, name, mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        claim()
