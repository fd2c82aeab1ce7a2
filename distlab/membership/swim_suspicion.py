"""SWIM that suspects first: who is taken for failed is told so, and may object.

Source
    Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process
    Group Membership Protocol", DSN 2002, section 4.2.
Guarantees
    As SWIM. A member that is suspected and lives is dropped only if its objection has
    not come around in time.
Assumes
    As SWIM; a lost message, or a pause, does no lasting harm to a member that hears of
    its suspicion in time. Each other tells of it λ log n times, and then no more: who
    stands still meanwhile is not told, answers all pings, and is dropped all the same.
Costs
    No message more. A member that crashes is dropped `patience` log n periods later.
Departs
    The paper lets anyone who has pinged a suspected member clear it, too; but that
    claim would have no new incarnation, and by the paper's own order would override
    nothing. Here only the member itself objects.
"""

from __future__ import annotations

from math import ceil, log

from distlab.membership.swim import Swim, Update
from distlab.node import NodeId, Timer, setting, volatile


class Claim(Update):
    """How it stands with one of the lives of a member."""

    incarnation: int


class Alive(Claim):
    """The member says itself that it lives."""


class Suspect(Claim):
    """It did not answer."""


class Confirm(Claim):
    """It was suspected for long enough, and has failed."""


class SuspicionTimeout(Timer):
    """This member has been suspected for long enough."""

    member: NodeId


class SuspicionSwim(Swim):
    """Outputs what it takes for true of a member, whenever that changes."""

    patience: float = setting(3)  # a suspect has this many times log n periods

    incarnation: int = volatile(0)  # of this member: only itself raises it
    claims: dict[NodeId, Claim] = volatile({})  # the last, if not just Alive(…, 0)

    def give_up(self, member: NodeId):  # §4.2, suspect
        self.learn(Suspect(member, self.claim(member).incarnation))

    def claim(self, member: NodeId) -> Claim:
        return self.claims.get(member) or Alive(member, 0)

    def learn(self, update: Update):
        assert isinstance(update, Claim)
        if update.member == self.id:
            return self.object(update)
        if not overrides(update, self.claim(update.member)):  # §4.2, order
            return None
        self.claims[update.member] = update
        self.spread(update)
        match update:
            case Alive():
                self.output(update)
                self.cancel_timer(SuspicionTimeout(update.member))
            case Suspect():
                self.output(update)
                self.set_timer(SuspicionTimeout(update.member), self.suspicion_ms)
            case Confirm():
                self.drop(update)
                self.cancel_timer(SuspicionTimeout(update.member))

    def object(self, update: Claim):  # §4.2, alive
        if isinstance(update, Suspect) and update.incarnation == self.incarnation:
            self.incarnation += 1
            self.note("objects")
            self.spread(Alive(self.id, self.incarnation))

    def on_suspicion_timeout(self, timer: SuspicionTimeout):  # §4.2, confirm
        self.learn(Confirm(timer.member, self.claim(timer.member).incarnation))

    @property
    def suspicion_ms(self) -> float:
        return self.patience * ceil(log(len(self.nodes) + 1)) * self.period_ms


def overrides(new: Claim, old: Claim) -> bool:  # §4.2, order
    """Whether one claim about a member takes the place of another."""
    match new, old:
        case _, Confirm():
            return False
        case Confirm(), _:
            return True
        case Suspect(), Alive():
            return new.incarnation >= old.incarnation
        case _:
            return new.incarnation > old.incarnation
