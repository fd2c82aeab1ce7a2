"""Two-phase commit as rules over variables: what may happen, before there are nodes.

Messages are sent once and never leave: what was said stays said, may be heard late,
twice or never. So a message is a variable too, and losing one is not hearing it yet.

Source
    Gray and Lamport, "Consensus on Transaction Commit", ACM Transactions on Database
    Systems 31(1), 2006, section 3 and the appendix's specification TwoPhase.
Guarantees
    Consistency: no manager has committed while another has aborted.
Assumes
    Nothing of time or links. Nobody crashes but by doing nothing more, which every
    order of steps that stops early shows.
Costs
    Not counted here: a specification has states, not messages. With n managers it has
    288 states for n = 3, 8,832 for 5, 296,448 for 7.
Departs
    The set of messages is told by who has sent "prepared" and what the coordinator has
    sent; the set of managers heard of, by a variable of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distlab.specification import Rule, Specification, variable


def always_consistent(s: Any) -> str | None:
    """Consistency, as a property for `check.search`."""
    if "committed" in s.manager and "aborted" in s.manager:
        one, other = s.manager.index("committed"), s.manager.index("aborted")
        return f"manager {one} has committed and manager {other} aborted"
    return None


def sometimes_all_commit(s: Any) -> bool:
    """The case that it is for."""
    return all(manager == "committed" for manager in s.manager)


# Consistency alone is not kept by every step from every state, only from those that can
# be reached. With these it is: together they are inductive.
def always_committed_as_told(s: Any) -> str | None:
    """A manager that has committed was told so, and then nobody else holds back."""
    if s.decision != "commit" and "committed" in s.manager:
        return f"manager {s.manager.index('committed')} has committed untold"
    for i, manager in enumerate(s.manager):
        if s.decision == "commit" and manager in ("working", "aborted"):
            return f"commit was sent, and manager {i} is {manager}"
    return None


def always_prepared_as_it_said(s: Any) -> str | None:
    """A manager that has sent "prepared" waits, unless it was told; so who is heard."""
    for i, manager in enumerate(s.manager):
        if s.is_heard[i] and not s.has_sent[i]:
            return f"manager {i} was heard and has sent nothing"
        if s.has_sent[i] and manager == "working":
            return f'manager {i} has sent "prepared" and is working'
        if s.has_sent[i] and manager == "aborted" and s.decision != "abort":
            return f'manager {i} has sent "prepared" and has aborted untold'
    return None


def always_decided_as_it_said(s: Any) -> str | None:
    """The coordinator has sent what it has decided, and nothing else."""
    sent = {"undecided": "unsent", "committed": "commit", "aborted": "abort"}
    if s.decision == sent[s.coordinator]:
        return None
    return f"the coordinator is {s.coordinator} and its message is {s.decision}"


INDUCTIVE = (
    always_consistent,
    always_committed_as_told,
    always_prepared_as_it_said,
    always_decided_as_it_said,
)


class TwoPhaseCommit(Specification):
    """What a coordinator and its managers may do: `TwoPhaseCommit(managers=3)`."""

    managers: range
    properties = (always_consistent, sometimes_all_commit)

    coordinator = variable("undecided", "committed", "aborted")
    decision = variable("unsent", "commit", "abort")  # the coordinator's message
    manager = variable("working", "prepared", "committed", "aborted", of="managers")
    has_sent = variable(False, True, of="managers")  # its message "prepared"
    is_heard = variable(False, True, of="managers")  # by the coordinator

    def rules(self) -> Iterable[Rule]:
        """Who may do what, in the order of the paper."""
        yield (self.coordinator_commits,)
        yield (self.coordinator_aborts,)
        for manager in self.managers:
            yield self.coordinator_hears, manager
            yield self.manager_prepares, manager
            yield self.manager_aborts, manager
            yield self.manager_hears_commit, manager
            yield self.manager_hears_abort, manager

    def coordinator_hears(self, s, manager):  # TMRcvPrepared
        if s.coordinator == "undecided" and s.has_sent[manager]:
            s.is_heard[manager] = True

    def coordinator_commits(self, s):  # TMCommit
        if s.coordinator == "undecided" and all(s.is_heard):
            s.coordinator = "committed"
            s.decision = "commit"

    def coordinator_aborts(self, s):  # TMAbort
        if s.coordinator == "undecided":
            s.coordinator = "aborted"
            s.decision = "abort"

    def manager_prepares(self, s, manager):  # RMPrepare
        if s.manager[manager] == "working":
            s.manager[manager] = "prepared"
            s.has_sent[manager] = True

    def manager_aborts(self, s, manager):  # RMChooseToAbort
        if s.manager[manager] == "working":
            s.manager[manager] = "aborted"

    def manager_hears_commit(self, s, manager):  # RMRcvCommitMsg
        if s.decision == "commit":
            s.manager[manager] = "committed"

    def manager_hears_abort(self, s, manager):  # RMRcvAbortMsg
        if s.decision == "abort":
            s.manager[manager] = "aborted"
