"""What forgets something about what happened before what, each named after it."""

from collections.abc import Iterator

from distlab.causality import Causality, Cut
from distlab.stamps import Changes, Rows
from distlab.trace import Step, Trace


# ----------------------------------------------------------------- how stamps are kept
class RowsOfTheSenderAlone(Rows):
    """Takes over nothing of what the sender had heard."""

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        super().arrive(node, place, sender, sent)
        row = self._row(node, place - 1).copy()
        row[sender] = max(row[sender], sent)
        self.rows[self.used] = row


class RowsThatForget(Rows):
    """Knows what the last message told, and nothing of those before."""

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        super().arrive(node, place, sender, sent)
        row = self._row(sender, sent).copy()
        row[sender], row[node] = sent, 0
        self.rows[self.used] = row


class RowsOfToday(Rows):
    """Takes over what the sender knows by now, not what it knew when it sent."""

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        super().arrive(node, place, sender, sent)
        row = self.rows[self.used]
        row[:] = [
            max(pair) for pair in zip(row, self._row(sender, 1 << 30), strict=True)
        ]
        row[node] = 0


class ChangesOfTheSenderAlone(Changes):
    """Takes over nothing of what the sender had heard."""

    def of_all(self, node: int, place: int) -> Iterator[tuple[int, int]]:
        return iter(())


class ChangesOfToday(Changes):
    """Takes over what the sender knows by now, not what it knew when it sent."""

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        self._learn(node, place, sender, sent)
        for other, steps in self.of_all(sender, 1 << 30):
            if other != node:
                self._learn(node, place, other, steps)


# ------------------------------------------------------------------- what is an arrival
class Reread(Causality):
    """Reads a trace in which something is told otherwise."""

    def __init__(self, trace: Trace):
        super().__init__(Trace(map(self.told, trace), trace.nodes))

    def told(self, step: Step) -> Step:
        return step


class HearsWhatIsDropped(Reread):
    """A message that is dropped arrives all the same."""

    def told(self, step: Step) -> Step:
        return step._replace(kind="deliver") if step.kind == "drop" else step


class LooksOneWay(Causality):
    """Takes messages in transit for such as come out of the future."""

    def orphans(self, cut: Cut) -> tuple[tuple[int, int], ...]:
        return self.in_transit(cut)
