"""Small protocols on which the simulator is tried."""

from distlab.node import Message, Node, NodeId, Timer, durable, setting, volatile


class Ping(Message):
    n: int


class Pong(Message):
    n: int


class Retry(Timer):
    n: int


class Echo(Node):
    """Answers each ping; counts them on disk."""

    count: int = durable(0)

    def on_ping(self, src, msg):
        self.count += 1
        self.send(src, Pong(msg.n))


class Pinger(Node):
    """`ping(n)` asks a server again and again until it answers."""

    servers: tuple[NodeId, ...] = setting(())
    patience_ms: float = setting(30)
    asked: int | None = volatile(None)

    def ping(self, n):
        self.asked = n
        self.on_retry(Retry(n))

    def on_retry(self, timer):
        self.send(self.choose(1, self.servers), Ping(timer.n))
        self.set_timer(timer, self.patience_ms, self.patience_ms * 1.5)

    def on_pong(self, src, msg) -> None:
        if msg.n != self.asked:
            self.ignore("an answer to an older ping")
            return
        self.asked = None
        self.cancel_timer(Retry(msg.n))
        self.ok(msg.n)


Echo.client = Pinger


class Number(Message):
    n: int


class Tick(Timer):
    pass


class Counter(Node):
    """The first of its group sends numbers to the others, one each `every_ms`."""

    every_ms: float = setting(1)
    upto: int = setting(10)
    sent: int = volatile(0)
    received: tuple[int, ...] = volatile(())

    def on_start(self):
        if self.id == self.nodes[0]:
            self.set_timer(Tick(), self.every_ms)

    def on_tick(self, timer):
        self.sent += 1
        self.send(self.peers, Number(self.sent))
        if self.sent < self.upto:
            self.set_timer(timer, self.every_ms)

    def on_number(self, src, msg):
        self.received = (*self.received, msg.n)


class Alarm(Timer):
    n: int


class Sleeper(Node):
    """Says what its clock shows; `nap(ms)` ends when its alarm rings."""

    def nap(self, ms, longest_ms=None):
        self.set_timer(Alarm(ms), ms, longest_ms)

    def on_alarm(self, timer):
        self.ok(self.now_ms)

    def look(self):
        self.ok(self.now_ms)


class Write(Message):
    value: int


class Ack(Message):
    value: int


class Store(Node):
    """Keeps two fields on disk; says what it finds there after a crash."""

    first: int = durable(0)
    second: int = durable(0)
    memory: int = volatile(0)

    def write(self, first, second=0):
        self.first, self.second, self.memory = first, second, first
        self.send(self.peers, Write(first))
        self.output(first)
        self.ok(first)

    def on_write(self, src, msg):
        self.memory = msg.value
        self.send(src, Ack(msg.value))

    def on_ack(self, src, msg):
        self.memory = msg.value

    def on_recover(self, report):
        self.output((self.first, self.second, self.memory))
