"""What is worth doing before an operation ends: looking ahead from a state."""

from __future__ import annotations

from distlab.check.course import Course, End
from distlab.check.kinds import NO_STATE, Kind

FAR = 50  # states: to look farther ahead costs more than it saves


class Ahead:
    """What may come of a state before it is written over, when an operation ends.

    Writers that are open, or can hide, are of use only if something that has to happen
    and does not fit everywhere finds something of them. It is enough that some way
    leads there, whether or not its operations are still to be had.
    """

    def __init__(self, course: Course, end: End):
        self.writers = [*end.writers, *course.open[: end.open]]
        self.lookers = end.lookers
        self.choosy, self.leaves = end.choosy, end.leaves
        self.waiting = end.waiting
        self.known = end.leading

    def leads(self, state: int, wanted: int) -> bool:
        """Whether one of those wanted fits a state that may come of this one."""
        if self.waiting:  # one waits for another: too rare to be clever about
            return True
        found = self.known.get((state, wanted))
        if found is None:
            found = self.known[state, wanted] = bool(wanted) and self.looks(
                state, wanted
            )
        return found

    def looks(self, state: int, wanted: int) -> bool:
        """The same, found out."""
        pending = (*self.lookers, *self.writers)
        fits = [one.kind.after for one in pending if one.bit & wanted]
        on = [one.kind.after for one in self.writers if goes_on(one.kind)]
        ways = {state: None}
        for here in (todo := [state]):
            for after in fits:
                if after[here] != NO_STATE:
                    return True
            for after in on:
                to = after[here]
                if to != NO_STATE and to not in ways:
                    ways[to] = None
                    todo.append(to)
            if len(todo) > FAR:
                return True
        return False


def goes_on(kind: Kind) -> bool:
    """Whether it need not happen, or can hide, and leaves something of a state."""
    return kind.free and not kind.hides
