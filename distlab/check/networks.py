"""Networks as choices: which messages in flight may be the next to arrive.

An explorer keeps, for each node, the letters that are on their way to it, as small
numbers in a tuple. A network says how such a tuple grows and what may happen to it. A
message that is never delivered is one of the orders in which it has not arrived yet, so
that a loss is no transition of its own unless one asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.events import Event, Message, NodeId
from distlab.value import Value

Letters = tuple[int, ...]  # on their way to one node; numbered as they were first met
SenderOf = Callable[[int], int]  # of a letter: which node of the cluster sent it
Choice = tuple[int, Letters]  # one letter, and what is on its way without it


class Lost(Event):
    """A message will never arrive: the network lost it, or nobody was there."""

    src: NodeId
    msg: Message
    why: str


class Unordered(Value):
    """Whatever is on its way may be the next to arrive.

    A message may stay on its way for ever, which is a loss. `lossy` makes losing it a
    transition of its own: for properties that look at messages, or ask what stays
    possible. With `duplicating` what was sent once may arrive again and again.

    A delivery that changes nothing, sends nothing and outputs nothing is no transition:
    the message might as well still be on its way. With `idle` it is one.

    What a node sends to itself is never lost and keeps its order. `prompt`: it arrives
    before anything else happens to the node, as in the simulator.
    """

    duplicating: bool = False
    lossy: bool = False
    idle: bool = False
    prompt: bool = False

    def with_more(self, letters: Letters, more: Letters, sender: SenderOf) -> Letters:
        """What is on its way when these were sent too."""
        if self.duplicating:
            return tuple(sorted({*letters, *more}))
        return tuple(sorted(letters + more))

    def next(self, letters: Letters, sender: SenderOf) -> Iterator[Choice]:
        """Each letter that may arrive now, and what is on its way then."""
        for letter, rest in self.losses(letters, sender):
            yield letter, letters if self.duplicating else rest

    def losses(self, letters: Letters, sender: SenderOf) -> Iterator[Choice]:
        """Each letter that may be lost now, and what is on its way then."""
        for at, letter in enumerate(letters):
            if not at or letters[at - 1] != letter:  # equal ones are one choice
                yield letter, letters[:at] + letters[at + 1 :]

    def missed(self, letters: Letters, sender: SenderOf) -> Iterator[Choice]:
        """Each letter that may find a node down: those can just as well be late."""
        yield from ()

    def told(self) -> str:
        """What it does to messages."""
        worse = " and more than once" * self.duplicating
        return f"messages arrive in any order{worse}, or never"


class Ordered(Value):
    """The messages of a link arrive in the order in which they were sent.

    The first one blocks those behind it. `lossy` lets the first one be lost, which is a
    transition: those behind it can arrive then. So is arriving at a node that is down.
    `prompt` as of unordered links.
    """

    lossy: bool = False
    prompt: bool = False

    duplicating = False
    idle = True

    def with_more(self, letters: Letters, more: Letters, sender: SenderOf) -> Letters:
        """What is on its way when these were sent too, link by link."""
        return tuple(
            sorted(letters + more, key=sender)
        )  # which keeps each link's order

    def next(self, letters: Letters, sender: SenderOf) -> Iterator[Choice]:
        """The first letter of each link, and what is on its way after it."""
        for at, letter in enumerate(letters):
            if not at or sender(letters[at - 1]) != sender(letter):
                yield letter, letters[:at] + letters[at + 1 :]

    losses = missed = next

    def told(self) -> str:
        """What it does to messages."""
        return "messages of a link arrive in order" + ", or are lost" * self.lossy


Network = Unordered | Ordered
