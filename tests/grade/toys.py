"""A counter that has to count each request once: small enough to try every kind of
exercise on it. Its server is unfinished, as the pristine class of an exercise is.
"""

from distlab.node import Message, Node, Timer, durable, setting, volatile


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
