"""What may happen next in a world: no order is left out, and none is invented."""

import pytest
from explored_nodes import Alarms, Fragile, Keeper, Rally, Roll

from distlab import sim
from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.networks import Ordered, Unordered
from distlab.check.worlds import Worlds
from distlab.errors import Misuse
from distlab.node import Call, Message, Node, durable, part, volatile
from distlab.quorum import AtLeast
from distlab.replication.abd import AbdReplica
from distlab.replication.last_write_wins import LastWriteWins

SAVE = {"s1": (Call("save"),)}


def all_of(look, *args, **kwargs):
    """What `look` gives in all worlds, and how many there are."""
    found = set()

    def always_looked_at(world):
        found.add(look(world))

    verdict = explore(*args, properties=[always_looked_at], **kwargs)
    assert verdict.exhausted
    return found, verdict.states


# ----------------------------------------------------------------------------- networks
RALLIES = [
    (Unordered(duplicating=True, lossy=True), 1, 14),
    (Unordered(duplicating=True, lossy=True), 5, 4094),
    (Unordered(duplicating=True), 5, 11),
    (Unordered(), 5, 11),
    (Unordered(lossy=True), 5, 22),
    (Ordered(), 5, 11),
    (Ordered(lossy=True), 5, 22),
]


@pytest.mark.parametrize(("network", "most", "worlds"), RALLIES, ids=str)
def test_ping_pong_has_as_many_worlds_as_in_stateright(network, most, worlds):
    """The first three are the counts of Stateright's `actor_test_util`.

    Without duplicates at most one message is on its way. So there are twice as many
    worlds where it may be lost: after each of the 11, the one in which it is.
    """

    def within(world):
        return all(node.count <= most for node in world.nodes.values())

    verdict = explore(
        Rally,
        servers=2,
        per_node={"s1": {"serves": True}},
        network=network,
        within=within,
    )
    assert verdict.valid
    assert verdict.states == worlds


class Word(Message):
    text: str


class Talker(Node):
    """Says three words to the next one."""

    heard: tuple = volatile(())

    def talk(self):
        for text in "abc":
            self.send(self.peers[0], Word(text))
        self.ok()

    def on_word(self, src, msg):
        self.heard += (msg.text,)


def heard(network):
    def look(world):
        return "".join(world.nodes["s2"].heard)

    talk = {"s1": (Call("talk"),)}
    return all_of(look, Talker, servers=2, network=network, workload=talk)


def test_on_ordered_links_nothing_overtakes():
    assert heard(Ordered()) == ({"", "a", "ab", "abc"}, 5)


def test_on_lossy_ordered_links_any_may_be_missing():
    some, _ = heard(Ordered(lossy=True))
    assert some == {"", "a", "b", "c", "ab", "ac", "bc", "abc"}


def test_on_unordered_links_all_orders_and_losses_are_tried():
    orders, worlds = heard(Unordered())
    assert len(orders) == 1 + 3 + 6 + 6
    assert worlds == 1 + len(orders)  # before the call nothing is on its way
    assert heard(Unordered(lossy=True))[0] == orders


class Stutterer(Talker):
    """Says one word twice."""

    def talk(self):
        for _ in range(2):
            self.send(self.peers[0], Word("a"))
        self.ok()


def test_what_is_sent_twice_arrives_twice_even_if_it_is_the_same():
    def look(world):
        return len(world.nodes["s2"].heard), len(world.messages)

    talk = {"s1": (Call("talk"),)}
    counts = {(0, 0), (0, 2), (1, 1), (2, 0)}
    for network in (Unordered(), Ordered()):
        assert all_of(look, Stutterer, servers=2, network=network, workload=talk) == (
            counts,
            len(counts),
        )


class Deaf(Talker):
    """Listens only to the first word."""

    def on_word(self, src, msg):
        if self.heard:
            return self.ignore("has heard enough")
        super().on_word(src, msg)


def test_a_delivery_of_which_nothing_comes_is_no_transition_where_order_is_free():
    """What is on its way and will be ignored might as well stay there."""
    talk = {"s1": (Call("talk"),)}
    for network, worlds in [
        (Unordered(), 5),
        (Unordered(idle=True), 2 + 3 + 3 * 2 + 3),
        (Ordered(), 5),
    ]:
        verdict = explore(Deaf, servers=2, network=network, workload=talk)
        assert verdict.states == worlds


class Greeter(Talker):
    """Says a word to itself and one to the others, first of all."""

    def on_start(self):
        self.send(self.id, Word("mine"))
        self.send(self.peers, Word("yours"))


def test_a_word_to_oneself_may_wait_or_comes_before_all_else():
    def look(world):
        return world.nodes["s1"].heard

    first, last = ("mine", "yours"), ("yours", "mine")
    found, worlds = all_of(look, Greeter, servers=2)
    assert found == {(), ("mine",), ("yours",), first, last}
    assert worlds == 5 * 5
    found, worlds = all_of(look, Greeter, servers=2, network=Unordered(prompt=True))
    assert found == {(), ("mine",), first}
    assert worlds == 3 * 3


# ------------------------------------------------------------------------------- timers
ORDERS = [
    ((("a", 10, 10), ("b", 20, 20)), {"ab"}),
    ((("a", 10, 10), ("b", 10, 10)), {"ab"}),
    ((("a", 10, 20), ("b", 15, 25)), {"ab", "ba"}),
    ((("a", 20, 20), ("b", 10, 10)), {"ab", "ba"}),
    ((("a", 10, 30), ("b", 5, 9), ("c", 9, 9)), {"abc", "bac", "bca"}),
]


@pytest.mark.parametrize(("ranges_ms", "orders"), ORDERS)
def test_a_timer_waits_for_those_that_must_run_out_before(ranges_ms, orders):
    """An earlier-set one must if its latest time is not after the other's earliest."""

    def look(world):
        return "".join(world.nodes["s1"].rang)

    found, _ = all_of(look, Alarms, servers=1, ranges_ms=ranges_ms)
    assert {order for order in found if len(order) == len(ranges_ms)} == orders


def test_no_more_timers_run_out_than_the_budget_has():
    def look(world):
        return len(world.nodes["s1"].rang)

    ranges_ms = (("a", 1, 9), ("b", 1, 9), ("c", 1, 9))
    for timers in (0, 2):
        budget = Budget(timers=timers)
        found, _ = all_of(look, Alarms, servers=1, ranges_ms=ranges_ms, budget=budget)
        assert max(found) == timers


# -------------------------------------------------------------------- choices and calls
def test_each_answer_to_a_choice_is_a_branch():
    def look(world):
        return "".join(map(str, world.nodes["s1"].rolled))

    found, _ = all_of(look, Roll, servers=1, workload={"s1": (Call("roll"),)})
    assert found == {"", "1", "2", "3ab", "3ac", "3bc"}


def test_a_call_waits_until_the_one_before_has_ended():
    def look(world):
        return world.calls_left["s1"], world.nodes["s1"].rolled

    twice = {"s1": (Call("roll"), Call("roll"))}
    found, worlds = all_of(look, Roll, servers=1, workload=twice)
    assert worlds == 1 + 5 + 25
    assert (0, (1, 2)) in found


# ---------------------------------------------------------------- crashes, and the disk
def of_s1(world):
    node = world.nodes["s1"]
    up = "s1" not in world.down
    return up, node.kept, node.held, node.recovered


def kept(**budget):
    found, _ = all_of(
        of_s1, Keeper, servers=2, workload=SAVE, budget=Budget(of=("s1",), **budget)
    )
    return found


def test_a_crash_keeps_what_is_durable_and_nothing_else():
    assert kept() == {(True, 0, 0, 0), (True, 1, 1, 0)}
    assert kept(crashes=1) == kept() | {(False, 0, 0, 0), (False, 1, 0, 0)}


def test_a_crash_forgets_timers():
    def look(world):
        return "s1" in world.down, len(world.timers["s1"])

    ranges_ms = (("a", 1, 9), ("b", 1, 9))
    budget = Budget(crashes=1)
    found, _ = all_of(look, Alarms, servers=1, ranges_ms=ranges_ms, budget=budget)
    assert found == {(False, 2), (False, 1), (False, 0), (True, 0)}


def test_a_recovered_node_goes_on_with_what_its_disk_has_kept():
    back = {(True, 0, 0, 1), (True, 1, 0, 1)}
    again = {(True, 1, 1, 1)}  # it was called after it had come back
    assert kept(crashes=1, recoveries=1) == kept(crashes=1) | back | again


def test_a_word_to_itself_is_gone_with_a_crash():
    """Or it would have been kept after it came back, without another call."""

    def look(world):
        node = world.nodes["s1"]
        return world.calls_left["s1"], node.recovered, node.kept, world.messages == ()

    budget = Budget(crashes=1, recoveries=1, of=("s1",))
    found, _ = all_of(look, Keeper, servers=2, workload=SAVE, budget=budget)
    assert (0, 1, 0, True) in found  # called, and lost
    assert (0, 1, 0, False) in found  # called after it had come back


def test_no_more_crashes_happen_than_the_budget_has():
    def look(world):
        return len(world.down)

    for crashes, recoveries, down in [(0, 9, 0), (1, 9, 1), (2, 0, 2)]:
        budget = Budget(crashes=crashes, recoveries=recoveries)
        found, _ = all_of(look, Keeper, servers=3, budget=budget)
        assert max(found) == down


def test_records_that_are_not_on_disk_yet_are_lost_and_told():
    """Though s2 has heard that they are: so it is with a disk that lies."""

    def look(world):
        one, other = world.nodes.values()
        return one.kept, one.recovered, one.lost, other.held

    budget = Budget(crashes=1, recoveries=1, unsynced=1, of=("s1",))
    found, _ = all_of(look, Keeper, servers=2, workload=SAVE, budget=budget)
    assert (0, 1, 1, 10) in found
    honest = Budget(crashes=1, recoveries=1, of=("s1",))
    found, _ = all_of(look, Keeper, servers=2, workload=SAVE, budget=honest)
    assert not [seen for seen in found if seen[2] or seen[3] > seen[0] * 10]


def test_to_a_node_that_is_down_no_message_gets_through():
    def look(world):
        return "s2" in world.down, "".join(world.nodes["s2"].heard)

    talk = {"s1": (Call("talk"),)}
    budget = Budget(crashes=1, of=("s2",))
    for network in (Unordered(), Ordered()):
        found, _ = all_of(
            look, Talker, servers=2, workload=talk, budget=budget, network=network
        )
        assert {text for down, text in found if down} == {""}  # a crash forgets


class Diary(Talker):
    """Writes down what it hears."""

    heard: tuple = durable(())


def test_on_ordered_links_a_message_to_a_node_that_is_down_makes_way():
    """Whichever of them come while it is down, in a row."""

    def look(world):
        return "".join(world.nodes["s2"].heard)

    talk = {"s1": (Call("talk"),)}
    budget = Budget(crashes=1, recoveries=1, of=("s2",))
    found, _ = all_of(
        look, Diary, servers=2, workload=talk, budget=budget, network=Ordered()
    )
    assert found == {"", "a", "ab", "abc", "ac", "b", "bc", "c"}


# ---------------------------------------------------------------------------- histories
def test_the_history_ends_as_unknown_what_a_crash_interrupts():
    class Waits(Keeper):
        def save(self):
            self.send(self.peers, Word("never answered"))

        def on_word(self, src, msg):
            pass

    def look(world):
        return tuple((op.process, op.outcome, op.result) for op in world.history)

    budget = Budget(crashes=1, recoveries=1, of=("s1",))
    twice = {"s1": (Call("save"), Call("save"))}
    found, _ = all_of(look, Waits, servers=2, workload=twice, budget=budget)
    crashed = ("s1", "info", "s1 crashed")
    assert found == {
        (),
        (("s1", "info", None),),
        (("s1#2", "info", None),),
        (crashed,),
        (crashed, ("s1#2", "info", None)),
    }


def test_of_histories_that_no_promise_tells_apart_there_is_one():
    """Which of two calls that overlap came first is nothing that anyone could know."""

    class Ends(Node):
        def begin(self):
            self.send(self.id, Word(""))

        def on_word(self, src, msg):
            self.ok()

    def look(world):
        return world.history

    work = {"s1": (Call("begin"),), "s2": (Call("begin"),)}
    found, worlds = all_of(look, Ends, servers=2, workload=work)
    assert len([history for history in found if len(history) == 2]) == 4 + 2 * 2
    assert worlds == 3 * 3 + 2 * 2  # in four one was over before the other began


# ---------------------------------------------------------------------- what is refused
def test_a_protocol_that_reads_its_clock_is_refused_with_a_sentence():
    write = {"c1": (Call("write", ("x", 1)),)}
    with pytest.raises(Misuse, match="reads its clock, and in an explorer"):
        explore(LastWriteWins, servers=2, clients=1, workload=write)


@pytest.mark.parametrize(
    ("workload", "told"),
    [
        ({"s9": ()}, "no node 's9' in the workload: there are s1, s2"),
        ({"s1": Call("roll")}, "give a tuple of calls"),
        ({"s1": lambda db: None}, "give a tuple of calls"),
        ({"s1": (Call("rol"),)}, r"the workload of 's1' has rol\(\): .* to roll"),
        ((Call("roll"),), "say who calls what"),
    ],
)
def test_a_workload_is_data(workload, told):
    with pytest.raises(Misuse, match=told):
        explore(Roll, servers=2, workload=workload)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"crashes": -1}, r"Budget\(crashes=-1\): give a whole number, 0 or more\.$"),
        (
            {"crashes": None},
            r"Budget\(crashes=None\): give a whole number, 0 or more\.$",
        ),
        ({"recoveries": 0.5}, r"Budget\(recoveries=0.5\): give a whole number"),
        ({"unsynced": -2}, r"Budget\(unsynced=-2\): give a whole number"),
        ({"timers": -1}, r"timers=-1\): .* 0 or more, or None for no limit\.$"),
        ({"losses": "3"}, r"losses='3'\): .* 0 or more, or None for no limit\.$"),
        ({"of": "s2"}, r"Budget\(of='s2'\): give a tuple of ids"),
        ({"of": ["s2"]}, r"Budget\(of=\['s2'\]\): give a tuple of ids"),
    ],
)
def test_a_budget_says_how_often_and_whom(said, told):
    with pytest.raises(Misuse, match=told):
        Budget(**said)


@pytest.mark.parametrize(
    ("servers", "told"),
    [
        (0, "a cluster of no nodes: say how many"),
        ("3", "servers='3': give a whole number, 0 or more"),
        (2.0, "servers=2.0: give a whole number, 0 or more"),
    ],
)
def test_a_cluster_has_a_number_of_nodes(servers, told):
    with pytest.raises(Misuse, match=told):
        explore(Roll, servers=servers)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"budget": Budget(crashes=1, of=("s7",))}, "no 's7', there are s1, s2"),
        ({"budget": 2}, r"budget=2: say of what, `Budget\(crashes=1\)`"),
        ({"network": sim.Network(2)}, "an explorer tries all delays, so give it `Unor"),
        ({"network": Unordered}, "an explorer tries all delays, so give it `Unordered"),
    ],
)
def test_budget_and_network_are_those_of_an_explorer(said, told):
    with pytest.raises(Misuse, match=told):
        explore(Roll, servers=2, **said)


def test_what_is_explored_is_a_model_and_properties_are_a_list():
    with pytest.raises(Misuse, match=r"Worlds is a class, not a model yet: make one"):
        explore(Worlds)
    with pytest.raises(Misuse, match=r"give a list, `properties=\[…\]`"):
        explore(Roll, servers=1, properties=lambda world: None)
    with pytest.raises(Misuse, match=r"7 is no model: nodes are for `explore`"):
        explore(7)
    with pytest.raises(Misuse, match=r"limits=100: say of what, `Limits\(steps="):
        explore(Roll, servers=1, limits=100)
    for name in ("goal", "within"):
        with pytest.raises(Misuse, match=f"{name}=3: give a function of a state"):
            explore(Roll, servers=1, **{name: 3})


def test_a_handler_that_raises_is_shown_with_the_way_to_it():
    verdict = explore(Fragile, servers=1, workload={"s1": (Call("roll"),)})
    assert verdict.invalid
    assert "Fragile 's1': two is bad" in verdict.reason
    assert verdict.evidence == ("  1  s1 is called to roll(), choosing ((2,),)",)
    assert "two is bad" in verdict.trace[-1].what


def test_what_is_always_true_of_one_node_is_looked_at_in_each_world():
    class Modest(Roll):
        def invariant(self):
            return "it rolled a 3" if 3 in self.rolled else None

    verdict = explore(Modest, servers=1, workload={"s1": (Call("roll"),)})
    assert verdict.invalid
    assert "Modest 's1': it rolled a 3" in verdict.reason


def test_who_is_down_or_has_not_started_is_not_asked_what_is_always_true():
    """It has yet to compute from its disk what the sentence is about."""

    class Sums(Keeper):
        table: dict | None = volatile(None)

        def on_start(self):
            self.table = {}

        def on_recover(self, report):
            self.table = {"kept": self.kept}

        def invariant(self):
            return None if self.table is not None else "there is no table"

    budget = Budget(crashes=1, recoveries=1)
    assert explore(Sums, servers=2, workload=SAVE, budget=budget).valid


def test_nodes_that_cannot_start_are_refused():
    with pytest.raises(Misuse, match="not even all of s1, s2 are enough"):
        explore(AbdReplica, servers=2, clients=1, read_quorum=AtLeast(("s1",), 2))


# ------------------------------------------------------- parts of nodes, and signatures
def test_a_world_is_told_in_a_line():
    budget = Budget(crashes=1, of=("s2",))
    worlds = Worlds(Keeper, servers=2, workload=SAVE, budget=budget)
    found = explore(worlds, goal=lambda world: world.down and len(world.messages))
    assert worlds.label(found.path[-1][1]) == (
        "Keeper('s1', kept=0, held=0, recovered=0, lost=0); "
        "Keeper('s2', kept=0, held=0, recovered=0, lost=0) is down; "
        "Save() from s1 to s1"
    )


class Inside(Alarms):
    """Tells its node when all timers have run out."""

    def on_tick(self, timer):
        super().on_tick(timer)
        if len(self.rang) == len(self.ranges_ms):
            self.send(self.peers, Word(self.rang[0]))

    def on_word(self, src, msg):
        self.output(msg.text)


class Outside(Node):
    """Notes down what its part is told by that of another."""

    inside: Inside = part(Inside)
    told: tuple = volatile(())

    def on_inside_output(self, value):
        self.told += (value,)


def test_a_part_is_explored_with_its_node():
    def look(world):
        return world.nodes["s1"].told

    ranges_ms = (("a", 1, 9), ("b", 1, 9))
    found, worlds = all_of(look, Outside, servers=2, ranges_ms=ranges_ms)
    assert found == {(), ("a",), ("b",)}
    assert worlds == 49  # each node: 3 before, 2 orders, whose word is heard or not
    some, kinds = all_of(
        look, Outside, servers=2, ranges_ms=ranges_ms, interchangeable="servers"
    )
    assert found == some
    assert kinds == (49 + 7) / 2


class Vow(Message):
    by: str


class Notary(Node):
    """Signs what it is called to, and passes on what others have signed."""

    believed: frozenset = volatile(frozenset())

    def vow(self):
        self.send(self.peers, self.sign(Vow(self.id)))
        self.ok()

    def on_signed(self, src, msg):
        if msg.signer == msg.msg.by and msg not in self.believed:
            self.believed |= {msg}
            self.send(self.peers, msg)


def test_a_signature_is_that_of_the_node_whoever_passes_it_on():
    def look(world):
        return tuple(sorted(m.signer for m in world.nodes["s3"].believed))

    work = {"s1": (Call("vow"),), "s2": (Call("vow"),)}
    found, _ = all_of(look, Notary, servers=3, workload=work)
    assert found == {(), ("s1",), ("s2",), ("s1", "s2")}
