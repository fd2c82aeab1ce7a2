"""What is worth doing before an operation ends: looking ahead from a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from distlab.check.kinds import NO_STATE, Kind

if TYPE_CHECKING:
    from distlab.check.configurations import Search

FAR = 50  # states: to look farther ahead costs more than it saves


class Ahead:
    """What may come of a state before it is written over, when an operation ends.

    Writers that are open, or can hide, are of use only if something that has to happen
    and does not fit everywhere finds something of them. It is enough that some way
    leads there, whether or not its operations are still to be had.
    """

    def __init__(self, search: Search, ending: int):
        self.search, self.ending = search, ending
        self.writers = [(i, bit, search.kinds[i]) for i, bit in search.writers.items()]
        self.choosy = search.choosy
        for looker in search.lookers.values():
            self.choosy |= looker
        # If the one that ends leaves something of a state, it finds all of it.
        leaves = not search.kinds[ending].hides
        self.leaves = search.bits[ending] if leaves else 0
        self.known: dict[tuple[int, int], bool] = {}

    def leads(self, state: int, wanted: int) -> bool:
        """Whether one of those wanted fits a state that may come of this one."""
        if self.search.first:  # one waits for another: too rare to be clever about
            return True
        found = self.known.get((state, wanted))
        if found is None:
            found = self.known[state, wanted] = bool(wanted) and self.looks(
                state, wanted
            )
        return found

    def looks(self, state: int, wanted: int) -> bool:
        """The same, found out."""
        search = self.search
        pending = search.lookers | search.writers
        fits = [search.kinds[i] for i, bit in pending.items() if bit & wanted]
        on = [kind for _, _, kind in self.writers if goes_on(kind)]
        ways = {state: None}
        for here in (todo := [state]):
            if any(search.after(kind, here) != NO_STATE for kind in fits):
                return True
            for to in [search.after(kind, here) for kind in on]:
                if to != NO_STATE and to not in ways:
                    ways[to] = None
                    todo.append(to)
            if len(todo) > FAR:
                return True
        return False


def goes_on(kind: Kind) -> bool:
    """Whether it need not happen, or can hide, and leaves something of a state."""
    return kind.free and not kind.hides
