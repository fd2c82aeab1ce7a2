"""A counter that has to count each request once: small enough to try every kind of
exercise on it. Its server is unfinished, as the pristine class of an exercise is.
"""

from distlab.node import Message, Node, Timer, durable, part, setting, volatile


class Add(Message):
    number: int
    amount: int


class Added(Message):
    number: int
    total: int


class Retry(Timer):
    pass


class CounterClient(Node):
    servers: tuple[str, ...] = setting(())
    retry_ms: float = setting(20)

    number: int = durable(0)
    request: Add | None = volatile(None)

    def add(self, amount: int):
        self.number += 1
        self.request = Add(self.number, amount)
        self.on_retry(Retry())

    def on_added(self, src: str, msg: Added):
        if self.request is None or msg.number != self.request.number:
            self.ignore("answers an earlier request")
            return
        self.request = None
        self.cancel_timer(Retry())
        self.ok(msg.total)

    def on_retry(self, timer: Retry):
        self.send(self.servers[0], self.request)
        self.set_timer(Retry(), self.retry_ms)


class Counter(Node):
    client = CounterClient

    total: int = durable(0)

    def on_add(self, src: str, msg: Add):
        raise NotImplementedError("write on_add: count each request once")


class Ask(Message):
    n: int


class Tick(Timer):
    pass


class Inside(Node):
    """A part: it counts, and tells its node at every third."""

    base: int = setting(0)
    count: int = durable(0)
    heard: dict[str, int] = volatile({})

    def on_start(self):
        self.count = self.base

    def on_ask(self, src: str, msg: Ask):
        self.count += msg.n
        self.heard[src] = self.heard.get(src, 0) + 1
        if self.count % 3 == 0:
            self.output(self.count)


class Outer(Node):
    """A node with a part, that chooses, and looks at its clock."""

    inside: Inside = part(Inside)
    told: tuple[int, ...] = volatile(())

    def on_start(self):
        self.set_timer(Tick(), 5, 20)

    def on_recover(self, report):
        self.note(f"back with {self.inside.count} at {self.now_ms}")
        self.set_timer(Tick(), 5)

    def on_tick(self, timer: Tick):
        [i] = self.choose(1, range(len(self.nodes)))
        self.inside.send(self.nodes[i], Ask(i + 1))
        self.send(self.nodes[i], Ask(1))
        self.set_timer(Tick(), 5, 20)

    def on_ask(self, src: str, msg: Ask):
        if self.now_ms > 100:
            self.ignore("too late")
            return
        self.told = (*self.told, msg.n)

    def on_inside_output(self, value: int):
        self.output(("third", value, len(self.told)))
