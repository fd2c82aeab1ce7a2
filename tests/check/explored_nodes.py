"""Small nodes of which one knows by hand how many worlds they have."""

from distlab.node import Message, Node, Timer, durable, setting, volatile


class Ping(Message):
    n: int


class Pong(Message):
    n: int


class Rally(Node):
    """Counts up in turns with another, as Stateright's example of the same name."""

    serves: bool = setting(False)
    count: int = volatile(0)

    def on_start(self):
        if self.serves:
            self.send(self.peers[0], Ping(0))

    def on_ping(self, src, msg):
        if msg.n == self.count:
            self.count += 1
            self.send(src, Pong(msg.n))

    def on_pong(self, src, msg):
        if msg.n == self.count:
            self.count += 1
            self.send(src, Ping(msg.n + 1))


class Tick(Timer):
    name: str


class Alarms(Node):
    """Sets some timers and remembers in which order they ran out."""

    ranges_ms: tuple = setting(())
    rang: tuple = volatile(())

    def on_start(self):
        for name, low_ms, high_ms in self.ranges_ms:
            self.set_timer(Tick(name), low_ms, high_ms)

    def on_tick(self, timer):
        self.rang += (timer.name,)


class Save(Message):
    pass


class Saved(Message):
    pass


class Keeper(Node):
    """Counts what it is told to, on disk and in memory, and says so."""

    kept: int = durable(0)
    held: int = volatile(0)
    recovered: int = volatile(0)  # how often, as far as it knows
    lost: int = volatile(0)

    def save(self):
        self.send(self.id, Save())
        self.ok()

    def on_save(self, src, msg):
        self.kept += 1
        self.held += 1
        self.send(self.peers, Saved())

    def on_saved(self, src, msg):
        self.held += 10

    def on_recover(self, report):
        self.recovered += 1
        self.lost = report.lost


class Roll(Node):
    """Asks for dice."""

    rolled: tuple = volatile(())

    def roll(self):
        self.rolled += self.choose(1, (1, 2, 3))
        if self.rolled[-1] == 3:
            self.rolled += self.choose(2, "abc")
        self.ok(self.rolled)


class Fragile(Roll):
    """Raises when it rolls a two."""

    def roll(self):
        super().roll()
        assert self.rolled != (2,), "two is bad"
