"""The vocabulary, rule by rule: each of the twenty of the model has its tests.

It is tried on a ping-pong, on Lamport's mutex and on Raft's election, so that a rule
that only fits one protocol is found out here.
"""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import random
from collections import deque
from typing import ClassVar

import pytest
from protocols.election import (
    ElectionTimeout,
    RaftElection,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from protocols.pingpong import Ping, PingPong, Pong, Retransmit

from distlab.clocks.mutex import Ack, LamportMutex, Request, Stamp
from distlab.errors import Misuse, UnhandledMessage
from distlab.faults import Loss
from distlab.node import (
    Assumes,
    Call,
    CancelTimer,
    ChoiceNeeded,
    Crash,
    Deliver,
    DiskReport,
    End,
    Fire,
    Inner,
    InnerTimer,
    Log,
    Message,
    Node,
    Note,
    Output,
    Record,
    Recover,
    Send,
    SetTimer,
    Signed,
    Start,
    Timer,
    durable,
    ghost,
    ignored,
    mint,
    part,
    setting,
    snake,
    volatile,
)
from distlab.quorum import Majority

AB = ("a", "b")
ABC = ("a", "b", "c")


class Tick(Timer):
    pass


class Note1(Message):
    text: str


# ----------------------------------------------------------- rule 1: one way in and out
def test_rule_1_step_gives_the_effects_in_order_and_nothing_else_happens():
    node = PingPong("a", AB)
    assert node.step(Call("serve", (2,))) == [
        Send("b", Ping(2)),
        SetTimer(Retransmit(2), (50, 50)),
    ]
    assert node.step(Deliver("b", Pong(2))) == [
        CancelTimer(Retransmit(2)),
        Send("b", Ping(1)),
        SetTimer(Retransmit(1), (50, 50)),
    ]
    assert node.step(Deliver("b", Pong(1))) == [
        CancelTimer(Retransmit(1)),
        Output("done"),
        End(Call("serve", (2,)), "ok", 2),
    ]


def test_rule_1_a_twin_steps_and_the_node_stays_as_it_was():
    node = LamportMutex("b", AB)
    node.step(Call("acquire"))
    before = node.fingerprint()
    twin = node.clone()
    twin.step(Deliver("a", Request(Stamp(1, "a"))))
    assert node.fingerprint() == before
    assert twin.queue == {"a": Stamp(1, "a"), "b": Stamp(1, "b")}


@pytest.mark.parametrize("seed", range(20))
def test_rule_1_the_same_state_event_and_choices_give_the_same_effects(seed):
    """A step is a function, so an explorer may remember what it gave."""
    rng = random.Random(seed)
    node = RaftElection("a", ABC)
    for _ in range(30):
        event = rng.choice(
            [
                Start(),
                Fire(ElectionTimeout()),
                Crash(),
                Recover(DiskReport()),
                Deliver(rng.choice("bc"), RequestVote(rng.randrange(5))),
                Deliver(rng.choice("bc"), RequestVoteResponse(rng.randrange(5), True)),
            ]
        )
        one, other = node.clone(), node.clone()
        assert one.step(event) == other.step(event), f"seed {seed}"
        assert one.fingerprint() == other.fingerprint(), f"seed {seed}"
        node = one


def test_rule_1_a_runtime_may_call_the_reaction_itself_with_the_same_meaning():
    msg = Request(Stamp(7, "a"))
    by_step, by_hand = LamportMutex("b", AB), LamportMutex("b", AB)
    effects = by_step.step(Deliver("a", msg))

    class Noting:
        sent: ClassVar[list] = []

        def send(self, dst, msg):
            self.sent.append(Send(dst, msg))

    by_hand._runtime = Noting()
    by_hand._reactions[type(msg)](by_hand, "a", msg)
    assert by_hand.fingerprint() == by_step.fingerprint()
    assert Noting.sent == effects


def test_rule_1_the_twin_of_a_node_in_a_run_is_run_by_nobody():
    node = PingPong("a", AB)
    node._runtime = lambda: "a runtime, which cannot be pickled"
    for twin in (node.clone(), pickle.loads(pickle.dumps(node))):
        with pytest.raises(Misuse, match=r"nobody runs this node"):
            twin.serve(1)


def test_rule_1_nobody_runs_a_node_by_accident():
    with pytest.raises(Misuse, match=r"`send` has an effect outside.*use `step`"):
        PingPong("a", AB).serve(1)


# -------------------------------------------------------------- rule 2: state is fields
class Kinds(Node):
    after_ms: float = setting(10)
    term: int = durable(0)
    seen: set[str] = volatile(set())
    decided: tuple[int, ...] = ghost(())
    books: ClassVar[int] = 3


def test_rule_2_a_crash_keeps_what_is_durable_and_history_and_loses_the_rest():
    node = Kinds("a", AB, after_ms=20)
    node.term, node.decided = 3, (1, 2)
    node.seen.add("b")
    node.step(Crash())
    assert (node.after_ms, node.term, node.decided, node.seen) == (20, 3, (1, 2), set())


def test_rule_2_a_crash_restores_what_the_disk_has_kept():
    node = Kinds("a", AB)
    node.term = 1
    kept = node.saved()
    node.term = 2
    node.step(Crash(kept))
    assert node.term == 1


def test_rule_2_each_node_starts_from_its_own_copy():
    one, other = Kinds("a", AB), Kinds("b", AB)
    one.seen.add("x")
    assert other.seen == set()
    one.step(Crash())
    one.seen.add("y")
    assert Kinds("c", AB).seen == set()


def test_rule_2_ghosts_can_be_left_out_of_the_fingerprint():
    one, other = Kinds("a", AB), Kinds("a", AB)
    one.decided = (1,)
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint(ghosts=False) == other.fingerprint(ghosts=False)


def test_rule_2_the_kind_of_each_field_can_be_read_off_the_class():
    assert Kinds.of_kind("setting") == ("after_ms",)
    assert Kinds.of_kind("durable") == ("term",)
    assert Kinds.of_kind("volatile") == ("operation", "seen")
    assert Kinds.of_kind("ghost") == ("decided",)
    assert Kinds.books == 3


def test_rule_2_an_undeclared_attribute_is_refused_with_the_name_that_was_meant():
    class Slips(PingPong):
        def on_pong(self, src, msg):
            self.pong = 1

    with pytest.raises(Misuse, match=r"'a' has no field `pong`.*Did you mean `pongs`"):
        Slips("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_reading_an_undeclared_attribute_gets_the_same_sentence():
    class Slips(PingPong):
        def on_pong(self, src, msg):
            return self.lefft

    with pytest.raises(Misuse, match=r"has no field `lefft`.*Did you mean `left`"):
        Slips("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_an_attribute_of_something_else_is_not_the_nodes_fault():
    class Slips(PingPong):
        def on_pong(self, src, msg):
            return msg.m

    with pytest.raises(AttributeError, match="'Pong' object has no attribute 'm'"):
        Slips("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_a_class_attribute_is_not_state():
    class Slips(PingPong):
        count = 0

        def on_pong(self, src, msg):
            self.count = 1

    with pytest.raises(Misuse, match=r"has no field `count`: declare it"):
        Slips("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_a_field_says_what_kind_it_is():
    with pytest.raises(Misuse, match=r"Q.count does not say what kind of field"):

        class Q(Node):
            count: int = 0

    with pytest.raises(Misuse, match=r"Q2._hidden does not say what kind of field"):

        class Q2(Node):
            _hidden: dict

    with pytest.raises(Misuse, match=r"Q3.count has a kind and no type: .*durable"):

        class Q3(Node):
            count = durable(0)


def test_rule_2_a_field_does_not_hide_what_every_node_has():
    with pytest.raises(Misuse, match=r"Q.state would hide `state` of Node: choose"):

        class Q(Node):
            state: str = volatile("idle")

    with pytest.raises(Misuse, match=r"Q2.id would hide"):

        class Q2(Node):
            id: str = setting("x")

    class Q3(Kinds):
        term: int = durable(7)  # another initial value of the same field

    assert Q3("a").term == 7


def test_rule_2_a_setting_is_fixed_in_a_run():
    class Turns(PingPong):
        def on_pong(self, src, msg):
            self.timeout_ms = 7

    with pytest.raises(Misuse, match=r"changes `timeout_ms`, which is fixed in a run"):
        Turns("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_a_node_keeps_its_name():
    class Pretends(PingPong):
        def on_pong(self, src, msg):
            self.id = "b"

    with pytest.raises(Misuse, match="changes `id`"):
        Pretends("a", AB).step(Deliver("b", Pong(1)))


def test_rule_2_an_unknown_setting_is_refused_with_the_name_that_was_meant():
    with pytest.raises(Misuse, match=r"no setting `timout_ms`. Did you mean `timeout_"):
        PingPong("a", AB, timout_ms=3)
    with pytest.raises(Misuse, match=r"no setting `colour`. It has: `timeout_ms`"):
        PingPong("a", AB, colour="red")


def test_rule_2_a_setting_that_could_change_is_refused():
    with pytest.raises(Misuse, match="the setting `timeout_ms` is a list"):
        PingPong("a", AB, timeout_ms=[1])
    with pytest.raises(Misuse, match="use a tuple"):
        setting([1])


# ----------------------------------------------------- rule 3: durable before it leaves
def test_rule_3_what_has_to_be_on_disk_is_what_the_durable_fields_hold():
    node = RaftElection("a", ABC)
    assert node.saved() == ((0, None), ())
    node.step(Fire(ElectionTimeout()))
    assert node.saved() == ((1, "a"), ())
    assert type(node)._saved(node) == (1, "a")
    assert LamportMutex._saved is None  # nothing to write, nothing to wait for


def test_rule_3_durable_fields_start_from_values():
    with pytest.raises(Misuse, match=r"durable holds a list, .* use a tuple"):
        durable([])


def test_rule_3_a_durable_field_is_assigned_a_value_or_the_step_is_refused():
    class KeepsList(Node):
        log: tuple = durable(())

        def on_ping(self, src, msg: Ping):
            self.log = [msg]

    with pytest.raises(Misuse, match=r"KeepsList.log holds a list, .* use a tuple"):
        KeepsList("a").step(Deliver("b", Ping(1)))


def test_rule_3_a_log_is_a_durable_value_that_grows_in_constant_time():
    class Keeps(Node):
        log: Log = durable(Log())

        def on_ping(self, src, msg: Ping):
            self.log = self.log.append(msg)

    node = Keeps("a")
    node.step(Deliver("b", Ping(1)))
    kept = node.saved()
    node.step(Deliver("b", Ping(2)))
    node.step(Crash(kept))
    assert node.log == Log(Ping(1))


# ------------------------------------------------------- rule 4: what travels is frozen
def test_rule_4_a_list_in_a_message_is_refused_when_it_is_made():
    with pytest.raises(Misuse, match=r"Note1.text holds a list, .* use a tuple"):
        Note1(["x"])


def test_rule_4_a_message_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Ping(1).n = 2


# -------------------------------------------------- rule 5: recipient, sender, message
def test_rule_5_a_handler_is_given_the_sender_and_the_message():
    node = LamportMutex("b", AB)
    node.step(Deliver("a", Request(Stamp(7, "a"))))
    assert node.queue == {"a": Stamp(7, "a")}


def test_rule_5_a_handler_that_takes_something_else_is_refused_when_it_is_written():
    with pytest.raises(Misuse, match=r"A.on_pong must take \(self, src, msg\)"):

        class A(PingPong):
            def on_pong(self, msg): ...

    with pytest.raises(Misuse, match=r"B.on_retransmit must take \(self, timer\)"):

        class B(PingPong):
            def on_retransmit(self): ...

    with pytest.raises(Misuse, match=r"C.on_recover must take \(self, report\)"):

        class C(PingPong):
            def on_recover(self): ...


# ------------------------------------------------------------ rule 6: handlers by name
def test_rule_6_a_handler_for_nothing_is_refused_when_it_is_written():
    with pytest.raises(Misuse, match=r"Typo.on_requst: .* Did you mean `on_request`"):

        class Typo(LamportMutex):
            def on_requst(self, src, msg): ...


def test_rule_6_so_is_a_hook_for_nothing():
    with pytest.raises(Misuse, match=r"Did you mean `before_stamped`"):

        class Typo(LamportMutex):
            def before_stampd(self, src, msg): ...


def test_rule_6_a_hook_is_for_messages_and_timers_alone():
    with pytest.raises(Misuse, match=r"A.before_object: no message or timer"):

        class A(PingPong):
            def before_object(self, src, msg): ...


def test_rule_6_a_module_that_cannot_be_imported_has_its_messages_too():
    """A learner's answer runs in a child process, as text that is no module."""
    namespace = {"__name__": "no_module", "Node": Node, "Message": Message}
    source = """
class Hello(Message): ...
class Greets(Node):
    def on_hello(self, src, msg):
        self.send(src, msg)
"""
    exec(source, namespace)
    hello = namespace["Hello"]()
    assert namespace["Greets"]("a").step(Deliver("b", hello)) == [Send("b", hello)]


@pytest.mark.parametrize(
    ("name", "snaked"),
    [("Ping", "ping"), ("RequestVote", "request_vote"), ("Phase1b", "phase1b")],
)
def test_rule_6_handlers_are_named_in_snake_case(name, snaked):
    assert snake(name) == snaked


def test_rule_6_a_message_and_a_timer_of_one_name_are_refused():
    class Ping(Timer):  # and a message of this name is imported above
        pass

    with pytest.raises(Misuse, match=r"`on_ping` would answer two different things"):

        class Both(Node):
            def on_start(self): ...


# -------------------------------------------------------- rule 7: unhandled is an error
def test_rule_7_an_unhandled_message_raises_and_says_what_to_write():
    class Hello(Message):
        pass

    sentence = (
        r"PingPong 'a' received .*Hello\(\) and has no `on_hello`: write one, or "
    )
    with pytest.raises(UnhandledMessage, match=sentence):
        PingPong("a", AB).step(Deliver("b", Hello()))


def test_rule_7_an_unhandled_timer_raises_too():
    with pytest.raises(UnhandledMessage, match="has no `on_tick`"):
        PingPong("a", AB).step(Fire(Tick()))


def test_rule_7_another_protocols_message_of_the_same_name_is_not_handled():
    class Request(Message):
        ts: Stamp

    with pytest.raises(
        UnhandledMessage, match="for another class of that name: import"
    ):
        LamportMutex("a", AB).step(Deliver("b", Request(Stamp(1, "b"))))


def test_rule_7_names_are_checked_against_the_own_module_and_the_bases_alone():
    assert "on_ping" in vars(PingPong)
    with pytest.raises(Misuse, match="on_request_vote_respons: no message"):

        class Imports(Node):
            def on_request_vote_respons(self, src, msg): ...

    class Fine(Node):
        def on_request_vote(self, src, msg): ...  # imported above, so it is known

    namespace = {"__name__": "elsewhere", "PingPong": PingPong}
    source = "class Other(PingPong):\n def on_request_vote(self, src, msg): ..."
    with pytest.raises(Misuse, match="no message or timer has that name"):
        exec(source, namespace)
    exec("class Other(PingPong):\n def on_pong(self, src, msg): ...", namespace)


def test_rule_7_a_subclass_of_a_message_needs_its_own_handler():
    class LoudPing(Ping):
        pass

    with pytest.raises(UnhandledMessage, match="has no `on_loud_ping`"):
        PingPong("a", AB).step(Deliver("b", LoudPing(1)))


# ------------------------------------------------------------------------ rule 8: hooks
def test_rule_8_before_base_runs_before_the_handler_of_all_that_derive_from_it():
    node = LamportMutex("b", AB)
    node.step(Deliver("a", Ack(Stamp(9, "a"))))
    assert (node.clock, node.heard) == (9, {"a": Stamp(9, "a")})


def test_rule_8_other_messages_do_not_pass_through_it():
    class Plain(Message):
        pass

    class Mixed(LamportMutex):
        def on_plain(self, src, msg):
            self.clock += 100

    node = Mixed("b", AB)
    node.step(Deliver("a", Plain()))
    assert (node.clock, node.heard) == (100, {})


def test_rule_8_the_hook_of_the_wider_base_runs_first():
    class Wide(Message):
        pass

    class Narrow(Wide):
        pass

    class Orders(Node):
        ran: list[str] = volatile([])

        def before_message(self, src, msg):
            self.ran.append("message")

        def before_narrow(self, src, msg):
            self.ran.append("narrow")

        def before_wide(self, src, msg):
            self.ran.append("wide")

        def on_narrow(self, src, msg):
            self.ran.append("on")

        def after_event(self):
            self.ran.append("after")

    node = Orders("a")
    node.step(Deliver("b", Narrow()))
    assert node.ran == ["message", "wide", "narrow", "on", "after"]


def test_rule_8_after_event_runs_after_every_event_but_a_crash():
    class Counts(PingPong):
        events: int = volatile(0)

        def after_event(self):
            self.events += 1

    node = Counts("a", AB)
    happened = [
        Start(),
        Call("serve", (2,)),
        Deliver("b", Pong(2)),
        Fire(Retransmit(1)),
        Recover(DiskReport()),
    ]
    for n, event in enumerate(happened, 1):
        node.step(event)
        assert node.events == n
    node.step(Crash())
    assert node.events == 0


def test_rule_8_a_recovered_node_is_told_what_its_disk_lost():
    class Listens(Node):
        heard: DiskReport | None = volatile(None)

        def on_recover(self, report):
            self.heard = report

    node = Listens("a")
    node.step(Recover(DiskReport(lost=2)))
    assert node.heard == DiskReport(lost=2)


def test_rule_8_timers_are_armed_at_the_start_and_again_after_a_crash():
    node = RaftElection("a", ABC)
    armed = [SetTimer(ElectionTimeout(), (150, 300))]
    assert node.step(Start()) == armed
    assert node.step(Crash()) == []
    assert node.step(Recover(DiskReport())) == armed


# ---------------------------------------------------------------- rule 9: time is data
def test_rule_9_a_timer_is_a_range_and_equal_timers_are_one():
    node = PingPong("a", AB, timeout_ms=30)
    assert SetTimer(Retransmit(3), (30, 30)) in node.step(Call("serve", (3,)))
    assert Retransmit(3) == Retransmit(3) != Retransmit(4)


def test_rule_9_what_is_set_is_a_timer():
    class Waits(Node):
        def on_start(self):
            self.set_timer("soon", 5)

    with pytest.raises(Misuse, match="sets 'soon', which is no timer: derive a class"):
        Waits("a").step(Start())


def test_rule_9_at_once_is_a_time_too():
    class Waits(Node):
        def on_start(self):
            self.set_timer(Tick(), 0)

    assert Waits("a").step(Start()) == [SetTimer(Tick(), (0, 0))]


@pytest.mark.parametrize("span", [(-1, 5), (5, 1)])
def test_rule_9_a_range_that_is_none_is_refused(span):
    class Waits(Node):
        def on_start(self):
            self.set_timer(Tick(), *span)

    with pytest.raises(Misuse, match=r"sets .* for .* ms: give a range that starts at"):
        Waits("a").step(Start())


def test_rule_9_a_clock_is_what_the_runtime_shows():
    class Reads(Node):
        read_ms: float = volatile(0)

        def on_start(self):
            self.read_ms = self.now_ms

    node = Reads("a")
    node.step(Start(), now_ms=12.5)
    assert node.read_ms == 12.5
    with pytest.raises(Misuse, match="reads its clock: give `step` what it shows"):
        node.step(Start())


# ----------------------------------------------------------- rule 10: choices are asked
class Gossips(Node):
    told: tuple[str, ...] = volatile(())

    def on_start(self):
        self.told = self.choose(2, self.peers)
        self.send(self.told, Ping(1))
        (first,) = self.choose(1, self.told)
        self.output(first)


def test_rule_10_a_missing_choice_says_between_what():
    with pytest.raises(ChoiceNeeded) as asked:
        Gossips("a", "abcd").step(Start())
    assert (asked.value.k, asked.value.options) == (2, ("b", "c", "d"))


def test_rule_10_every_branch_can_be_taken():
    node, branches, ended = Gossips("a", "abcd"), deque([()]), []
    while branches:
        choices = branches.popleft()
        try:
            twin = node.clone()
            ended.append((choices, twin.step(Start(), choices)))
        except ChoiceNeeded as asked:
            ways = itertools.combinations(asked.options, asked.k)
            branches.extend((*choices, way) for way in ways)
    assert len(ended) == 6  # 3 pairs of peers, 2 answers for each
    assert len({choices for choices, _ in ended}) == 6
    for (told, (first,)), effects in ended:
        assert effects == [*(Send(to, Ping(1)) for to in told), Output(first)]


def test_rule_10_a_choice_is_of_what_was_offered():
    with pytest.raises(
        Misuse, match=r"chooses 2 of .* was given the choice \('b', 'a'"
    ):
        Gossips("a", "abcd").step(Start(), [("b", "a")])
    with pytest.raises(Misuse, match="chooses 2 of"):
        Gossips("a", "abcd").step(Start(), [("b", "b")])


def test_rule_10_a_choice_too_many_is_refused():
    with pytest.raises(Misuse, match=r"'a' did not ask"):
        Gossips("a", "abcd").step(Start(), [("b", "c"), ("b",), ("c",)])


@pytest.mark.parametrize("k", [0, 2])
def test_rule_10_none_and_all_can_be_chosen(k):
    class Chooses(Node):
        def on_start(self):
            self.output(self.choose(k, self.nodes))

    assert Chooses("a", AB).step(Start(), [AB[:k]]) == [Output(AB[:k])]


def test_rule_10_more_than_there_is_cannot_be_chosen():
    with pytest.raises(Misuse, match=r"asks for 2 of \('b',\): ask for at most as"):
        Gossips("a", AB).step(Start())
    with pytest.raises(Misuse, match=r"each of them once"):
        Gossips("a", "abbc").step(Start())


def test_rule_10_what_was_chosen_comes_in_the_order_of_what_was_offered():
    """So there is one branch for each set of answers, not for each order of it."""
    one, other = Gossips("a", "abcd"), Gossips("a", "abcd")
    assert one.step(Start(), [("b", "d"), ("b",)]) == other.step(
        Start(), [("d", "b"), ("b",)]
    )


# -------------------------------------------- rule 11: oneself, one's group, the others
def test_rule_11_a_message_to_oneself_is_an_ordinary_message():
    class Talks(Node):
        def on_start(self):
            self.send(self.nodes, Ping(1))
            self.send("a1", Ping(2))

    both = ("a1", "b1")
    sent = [Send("a1", Ping(1)), Send("b1", Ping(1)), Send("a1", Ping(2))]
    assert Talks("a1", both).step(Start()) == sent


def test_rule_11_peers_are_the_others_of_the_group():
    node = PingPong("b", ABC)
    assert (node.nodes, node.peers) == (ABC, ("a", "c"))


def test_rule_11_other_groups_are_settings():
    class Client(Node):
        servers: tuple[str, ...] = setting(())

        def on_start(self):
            self.send(self.servers, Ping(1))

    client = Client("c1", ("c1",), servers=AB)
    assert client.step(Start()) == [Send("a", Ping(1)), Send("b", Ping(1))]
    assert not Majority(client.nodes).has(AB)


# ------------------------------------------------------ rule 12: dropped, with a reason
def test_rule_12_a_drop_is_written_down_with_its_reason():
    node = PingPong("a", AB)
    assert node.step(Deliver("b", Pong(9))) == [
        Note("an answer to an older ping", dropped=True)
    ]


def test_rule_12_a_whole_type_is_dropped_with_its_reason():
    class Hopes(LamportMutex):
        on_ack = ignored("sure of it anyway")

    (note,) = Hopes("a", AB).step(Deliver("b", Ack(Stamp(1, "b"))))
    assert note == Note("sure of it anyway", dropped=True)


def test_rule_12_a_remark_is_no_drop():
    class Remarks(Node):
        def on_start(self):
            self.note("split vote")

    assert Remarks("a").step(Start()) == [Note("split vote", dropped=False)]


# ------------------------------------------------ rule 13: no order is taken from a set
def test_rule_13_a_set_is_not_gone_through_to_send():
    class Sends(Node):
        def on_start(self):
            self.send({"a", "b"}, Ping(1))

    with pytest.raises(Misuse, match="goes through a set, whose order changes"):
        Sends("a", AB).step(Start())


def test_rule_13_nor_to_choose():
    class Chooses(Node):
        def on_start(self):
            self.choose(1, frozenset(self.peers))

    with pytest.raises(Misuse, match="goes through a set"):
        Chooses("a", AB).step(Start())


# ---------------------------------------------------------- rule 14: quorums, and state
class Pending(Record):
    op: str
    replies: dict[str, int] = {}


class Keeps(Node):
    pending: dict[int, Pending] = volatile({})

    def on_ping(self, src, msg: Ping):
        self.pending.setdefault(msg.n, Pending("read")).replies[src] = msg.n


def test_rule_14_a_majority_elects_once():
    node = RaftElection("a", ABC)
    node.step(Fire(ElectionTimeout()))
    won = node.step(Deliver("b", RequestVoteResponse(1, True)))
    assert won == [CancelTimer(ElectionTimeout()), Output(("leader", 1))]
    assert node.step(Deliver("c", RequestVoteResponse(1, True))) == []


def test_rule_14_a_record_in_the_state_is_copied_and_compared():
    node = Keeps("a", AB)
    node.step(Deliver("b", Ping(1)))
    twin = node.clone()
    assert twin.fingerprint() == node.fingerprint()
    twin.step(Deliver("c", Ping(1)))
    assert node.pending == {1: Pending("read", {"b": 1})}
    assert twin.pending == {1: Pending("read", {"b": 1, "c": 1})}
    assert twin.fingerprint() != node.fingerprint()


def test_rule_14_a_plain_mutable_object_in_the_state_is_refused():
    class Box:
        pass

    class Hides(Node):
        box: object = volatile(None)

        def on_start(self):
            self.box = Box()

    for kind in (volatile, ghost):
        with pytest.raises(Misuse, match="a Box in a node's state may change unseen"):
            kind(Box())
    node = Hides("a")
    node.step(Start())
    with pytest.raises(Misuse, match=r"Hides.box: a Box in a node's state .* `Record`"):
        node.fingerprint()


# ------------------------------------------------------------------ rule 15: invariants
def test_rule_15_an_invariant_tells_what_is_broken():
    node = RaftElection("a", ABC)
    assert node.invariant() is None
    node.role = Role.LEADER
    assert node.invariant() == "a leads term 0 and voted for another"


# ------------------------------------------------------------- rule 16: calls are verbs
def test_rule_16_a_call_calls_a_method():
    assert LamportMutex("a", AB).step(Call("acquire")) == [
        Send("b", Request(Stamp(1, "a")))
    ]


def test_rule_16_an_unknown_call_is_refused_with_the_name_that_was_meant():
    with pytest.raises(Misuse, match=r"no method `aquire` to call. Did you mean `acqu"):
        LamportMutex("a", AB).step(Call("aquire"))


@pytest.mark.parametrize("name", ["on_request", "before_stamped", "step", "send", "id"])
def test_rule_16_only_the_protocols_own_methods_can_be_called(name):
    with pytest.raises(Misuse, match=f"has no method `{name}` to call"):
        LamportMutex("a", AB).step(Call(name))


def test_rule_16_what_ends_a_call_names_the_call_it_ends():
    class Client(Node):
        def read(self, key):
            self.send("s", Note1(key))

        def on_note1(self, src, msg):
            match msg.text:
                case "yes":
                    self.ok(7)
                case "no":
                    self.fail("refused")
                case _:
                    self.unknown("timeout")

    for text, end in [
        ("yes", End(Call("read", ("x",)), "ok", 7)),
        ("no", End(Call("read", ("x",)), "fail", "refused")),
        ("?", End(Call("read", ("x",)), "info", "timeout")),
    ]:
        client = Client("c")
        client.step(Call("read", ("x",)))
        assert client.operation == Call("read", ("x",))
        assert client.step(Deliver("s", Note1(text))) == [end]
        assert client.operation is None


def test_rule_16_one_operation_at_a_time():
    node = LamportMutex("a", AB)
    node.step(Call("acquire"))
    with pytest.raises(Misuse, match=r"called to release\(\) and is still at acquire"):
        node.step(Call("release"))


def test_rule_16_nothing_can_be_ended_that_has_not_begun():
    class Ends(Node):
        def on_start(self):
            self.ok()

    with pytest.raises(Misuse, match="'ok' and none is in progress"):
        Ends("a").step(Start())


def test_rule_16_a_crash_forgets_the_operation_in_progress():
    node = LamportMutex("a", AB)
    node.step(Call("acquire"))
    node.step(Crash())
    assert node.operation is None


# ----------------------------------------------------------------------- rule 17: parts
class Elects(Node):
    election: RaftElection = part(RaftElection)
    rounds: int = setting(1)
    leader: str | None = volatile(None)
    clock: int = volatile(0)

    def lead(self):
        self.election.on_election_timeout(ElectionTimeout())

    def before_message(self, src, msg):
        self.clock += 1

    def on_election_output(self, value):
        self.leader = self.id
        self.output(value)

    def on_ping(self, src, msg: Ping): ...


def test_rule_17_the_messages_and_timers_of_a_part_travel_wrapped():
    node = Elects("a", ABC, timeout_ms=10)
    wrapped = InnerTimer("election", ElectionTimeout())
    assert node.step(Start()) == [SetTimer(wrapped, (10, 20))]
    assert node.step(Fire(wrapped)) == [
        SetTimer(wrapped, (10, 20)),
        Send("b", Inner("election", RequestVote(1))),
        Send("c", Inner("election", RequestVote(1))),
    ]


def test_rule_17_the_outputs_of_a_part_arrive_at_its_node():
    node = Elects("a", ABC)
    node.step(Call("lead"))
    yes = Deliver("b", Inner("election", RequestVoteResponse(1, True)))
    assert node.step(yes) == [
        CancelTimer(InnerTimer("election", ElectionTimeout())),
        Output(("leader", 1)),
    ]
    assert node.leader == "a"


def test_rule_17_the_hooks_of_a_node_do_not_see_the_messages_of_its_part():
    node = Elects("a", ABC)
    node.step(Deliver("b", Inner("election", RequestVote(5))))
    assert (node.clock, node.election.current_term) == (0, 5)
    node.step(Deliver("b", Ping(1)))
    assert node.clock == 1


def test_rule_17_a_part_crashes_and_is_saved_with_its_node():
    node = Elects("a", ABC)
    node.step(Deliver("b", Inner("election", RequestVote(5))))
    assert node.saved() == ((), (((5, "b"), ()),))
    assert type(node)._saved(node) == (5, "b")
    kept = node.saved()
    node.step(Deliver("c", Inner("election", RequestVote(6))))
    node.step(Crash(kept))
    assert (node.election.current_term, node.election.role) == (5, Role.FOLLOWER)
    assert node.step(Recover(DiskReport(lost=1))) != []  # its timer, set again


def test_rule_17_a_part_is_told_of_its_own_corrupted_fields():
    report = DiskReport(corrupted=("election.current_term", "log"))
    assert report.of("election") == DiskReport(corrupted=("current_term",))


def test_rule_17_a_twin_has_twins_of_the_parts():
    node = Elects("a", ABC)
    twin = node.clone()
    twin.step(Deliver("b", Inner("election", RequestVote(5))))
    assert node.election.current_term == 0
    assert twin.fingerprint() != node.fingerprint()


def test_rule_17_settings_find_their_way_to_the_part():
    assert Elects("a", ABC, timeout_ms=7, rounds=2).election.timeout_ms == 7
    with pytest.raises(Misuse, match="Did you mean `timeout_ms`"):
        Elects("a", ABC, timeot_ms=7)


def test_rule_17_an_output_that_nobody_takes_is_an_error():
    class Deaf(Node):
        election: RaftElection = part(RaftElection)

    node = Deaf("a", ("a",))
    with pytest.raises(UnhandledMessage, match="has no `on_election_output` for"):
        node.step(Fire(InnerTimer("election", ElectionTimeout())))


def test_rule_17_a_part_ends_no_operation():
    class Inside(Node):
        def on_start(self):
            self.operation = Call("x")
            self.ok()

    class Outside(Node):
        inside: Inside = part(Inside)

    with pytest.raises(Misuse, match=r"a part answers its node by `self.output"):
        Outside("a").step(Start())


def test_rule_17_what_a_part_asks_and_remarks_goes_through_its_node():
    class Inside(Node):
        def on_start(self):
            (friend,) = self.choose(1, self.peers)
            self.note(f"at {self.now_ms} ms")
            self.send(friend, self.sign(Note1("yes")))
            self.ignore("the rest")

    class Outside(Node):
        inside: Inside = part(Inside)

    signed = mint("a", Note1("yes"))
    assert Outside("a", ABC).step(Start(), [("c",)], now_ms=5) == [
        Note("inside: at 5 ms"),
        Send("c", Inner("inside", signed)),
        Note("inside: the rest", dropped=True),
    ]


def test_rule_17_a_slip_inside_a_part_is_explained_too():
    class Slips(RaftElection):
        def on_start(self):
            self.tem = 1

    class Outside(Node):
        inside: Slips = part(Slips)

    with pytest.raises(Misuse, match="Slips 'a' has no field `tem`"):
        Outside("a").step(Start())


def test_rule_17_parts_may_have_parts():
    class Outer(Node):
        inner: Elects = part(Elects)

        def on_inner_output(self, value):
            self.output(value)

    node = Outer("a", ("a",))
    nested = InnerTimer("inner", InnerTimer("election", ElectionTimeout()))
    assert SetTimer(nested, (150, 300)) in node.step(Start())
    assert Output(("leader", 1)) in node.step(Fire(nested))
    assert type(node)._saved(node) == (1, "a")


# ------------------------------------------------------------------ rule 18: signatures
class Signs(Node):
    def on_start(self):
        self.send(self.peers, self.sign(Note1("yes")))


def test_rule_18_a_node_signs_in_its_own_name():
    (effect,) = Signs("a", AB).step(Start())
    assert effect == Send("b", mint("a", Note1("yes")))


def test_rule_18_a_signature_cannot_be_made_by_hand():
    with pytest.raises(Misuse, match="a signature of 'b' cannot be made by hand"):
        Signed("b", Note1("yes"))


def test_rule_18_a_signature_cannot_be_put_onto_another_message():
    signed = mint("b", Note1("yes"))
    with pytest.raises(Misuse):
        dataclasses.replace(signed, msg=Note1("no"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        signed.msg = Note1("no")
    with pytest.raises(Misuse, match="`Signed` has no subclass"):

        class Forged(Signed):
            pass


def test_rule_18_signatures_compare_by_who_signed_and_what():
    yes, no = Note1("yes"), Note1("no")
    assert mint("a", yes) == mint("a", yes)
    assert mint("a", yes) != mint("b", yes)
    assert mint("a", yes) != mint("a", no)
    assert mint("a", yes) == pickle.loads(pickle.dumps(mint("a", yes)))


def test_rule_18_a_liar_signs_as_itself_whatever_it_calls_itself():
    class Lies(Signs):
        def on_start(self):
            self.id = "b"
            self.send(self.peers, self.sign(Note1("yes")))

    with pytest.raises(Misuse, match="changes `id`"):
        Lies("a", AB).step(Start())


def test_rule_18_a_signed_message_is_relayed_and_handled_as_such():
    class Relays(Node):
        def on_signed(self, src, msg: Signed):
            self.send(self.peers, msg)

    signed = mint("c", Note1("yes"))
    assert Relays("a", AB).step(Deliver("c", signed)) == [Send("b", signed)]


# ---------------------------------------------- rule 19: to oneself, sizes, membership
def test_rule_19_every_message_has_a_size_in_bytes():
    from distlab.codec import size_bytes

    assert size_bytes(Note1("xxxx")) - size_bytes(Note1("")) == 4


def test_rule_19_what_is_sent_is_a_message():
    class SendsText(Node):
        def on_start(self):
            self.send("b", "hello")

    with pytest.raises(Misuse, match="sends 'hello' to 'b', which is not a message"):
        SendsText("a", AB).step(Start())


# ----------------------------------------------------------------- rule 20: assumptions
def test_rule_20_a_protocol_says_what_it_admits_in_a_form_that_tests_read():
    assert PingPong.assumes.admits((Loss(0.5),), n=2)
    assert not LamportMutex.assumes.admits((Loss(0.5),), n=2)
    assert Node.assumes == Assumes()


# ------------------------------------------------------------- the protocols themselves
def test_ping_pong_runs_to_the_end():
    nodes = {i: PingPong(i, AB) for i in AB}
    wire = deque(("a", e) for e in nodes["a"].step(Call("serve", (10,))))
    outputs = []
    while wire:
        src, effect = wire.popleft()
        match effect:
            case Send(dst, msg):
                wire.extend((dst, e) for e in nodes[dst].step(Deliver(src, msg)))
            case Output(value):
                outputs.append(value)
    assert (nodes["a"].pongs, outputs) == (10, ["done"])


@pytest.mark.parametrize("seed", range(50))
def test_the_election_has_at_most_one_leader_a_term(seed):
    """Random schedules, with losses, copies and crashes, of a minority or not."""
    rng = random.Random(seed)
    nodes = {i: RaftElection(i, ABC) for i in ABC}
    wire = [(i, Start()) for i in ABC]
    for _ in range(300):
        if not wire or rng.random() < 0.1:
            i = rng.choice(ABC)
            wire.append((i, Fire(ElectionTimeout())))
        if rng.random() < 0.03:
            i = rng.choice(ABC)
            nodes[i].step(Crash())
            wire.append((i, Recover(DiskReport())))
        i, event = wire.pop(rng.randrange(len(wire)))
        for effect in nodes[i].step(event):
            if isinstance(effect, Send) and rng.random() > 0.1:
                copies = 1 + (rng.random() < 0.1)
                wire += copies * [(effect.dst, Deliver(i, effect.msg))]
        assert nodes[i].invariant() is None
    terms = [term for node in nodes.values() for term in node.led]
    assert len(terms) == len(set(terms)), f"seed {seed}: two leaders in a term: {terms}"
    assert terms, f"seed {seed}: nobody was ever elected, so nothing was tested"


class ForgetsItsVote(RaftElection):
    def on_recover(self, report):
        self.voted_for = None
        self.wait()


def test_a_node_that_forgets_its_vote_elects_two_leaders_in_a_term():
    a, b, c = (ForgetsItsVote(i, ABC) for i in ABC)
    a.step(Fire(ElectionTimeout()))
    b.step(Fire(ElectionTimeout()))
    (yes,) = (e for e in c.step(Deliver("a", RequestVote(1))) if type(e) is Send)
    a.step(Deliver("c", yes.msg))
    c.step(Crash())
    c.step(Recover(DiskReport()))
    (again,) = (e for e in c.step(Deliver("b", RequestVote(1))) if type(e) is Send)
    b.step(Deliver("c", again.msg))
    assert (a.led, b.led) == ((1,), (1,))


# ------------------------------------------------------ kept, copied, printed, compared
def test_a_node_is_pickled_with_its_state_settings_and_parts():
    node = Elects("a", ABC, timeout_ms=7)
    node.step(Fire(InnerTimer("election", ElectionTimeout())))
    twin = pickle.loads(pickle.dumps(node))
    assert twin.fingerprint() == node.fingerprint()
    assert (twin.id, twin.peers, twin.election.timeout_ms) == ("a", ("b", "c"), 7)
    yes = Deliver("b", Inner("election", RequestVoteResponse(1, True)))
    assert twin.step(yes) == node.step(yes)


def test_a_state_is_loaded_into_a_twin():
    node, twin = Elects("a", ABC), Elects("a", ABC)
    node.step(Deliver("b", Inner("election", RequestVote(5))))
    twin.load(node.state())
    assert twin.fingerprint() == node.fingerprint()
    with pytest.raises(Misuse, match=r"no state `leadr`. Did you mean `leader`"):
        twin.load({"leadr": "a"})


def test_a_loaded_state_is_not_shared():
    node, twin = Keeps("a", AB), Keeps("a", AB)
    node.step(Deliver("b", Ping(1)))
    twin.load(node.state())
    twin.pending[1].replies["c"] = 2
    assert node.pending[1].replies == {"b": 1}


def test_a_node_prints_its_state_by_name():
    node = RaftElection("a", ABC)
    assert repr(node) == (
        "RaftElection('a', current_term=0, voted_for=None, role=<Role.FOLLOWER: "
        "'follower'>, votes=Votes(said={}), led=())"
    )


def test_a_node_prints_the_operation_in_progress_if_there_is_one():
    node = PingPong("a", AB)
    node.step(Call("serve", (2,)))
    assert repr(node) == (
        "PingPong('a', operation=Call(name='serve', args=(2,)), left=2, pongs=0)"
    )


def test_two_nodes_are_never_equal():
    assert PingPong("a", AB) != PingPong("a", AB)


def test_a_handler_that_is_ignored_says_so_in_a_subclass_too():
    class Quiet(PingPong):
        on_pong = ignored("nobody counts")

    assert Quiet("a", AB).step(Deliver("b", Pong(1))) == [Note("nobody counts", True)]


def test_what_was_learnt_of_one_class_does_not_leak_into_another():
    PingPong("a", AB).step(Deliver("b", Ping(1)))

    class Mute(PingPong):
        on_ping = ignored("mute")

    assert Mute("a", AB).step(Deliver("b", Ping(1))) == [Note("mute", True)]
    assert PingPong("a", AB).step(Deliver("b", Ping(1))) == [Send("b", Pong(1))]
