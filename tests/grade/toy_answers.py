"""Right answers to the exercises about toys, and the cells that hold them."""

MY_COUNTER = """
from distlab.node import durable
from toys import Added, Counter

class MyCounter(Counter):
    done: tuple = durable(())

    def on_add(self, src, msg):
        self.count(src, msg)
        found = [t for who, n, t in self.done if (who, n) == (src, msg.number)]
        self.send(src, Added(msg.number, found[0]))

    def count(self, src, msg):
        if (src, msg.number) not in [(who, n) for who, n, _ in self.done]:
            self.total += msg.amount
            self.done = (*self.done, (src, msg.number, self.total))
"""
MIDDLE = """
def middle(numbers):
    return sorted(numbers)[len(numbers) // 2]
"""
SCHEDULE = "from distlab.faults import Loss\nSCHEDULE = (Loss(rate=1.0),)"
COUNTS_RIGHT = """
def counts_right(history):
    totals = [operation.result for operation in history]
    return totals == list(range(1, len(totals) + 1))
"""
SOLUTION = (MY_COUNTER, MIDDLE, SCHEDULE, COUNTS_RIGHT)


def code(source: str) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}


def text(source: str, kind: str = "markdown") -> dict:
    return {"cell_type": kind, "source": source, "metadata": {}}
