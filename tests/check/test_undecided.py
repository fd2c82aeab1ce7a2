"""The game of Fischer, Lynch and Paterson, played against three protocols."""

import pytest

from distlab.check import Budget, undecided
from distlab.check.networks import Unordered
from distlab.check.undecided import Adversary, Game, keep_undecided
from distlab.check.valence import Valences
from distlab.check.worlds import Worlds
from distlab.consensus.ben_or import BenOr
from distlab.consensus.paxos import Paxos, Prepare
from distlab.consensus.two_phase_commit import Coordinator, Participant
from distlab.errors import Misuse
from distlab.node import Call, Deliver

PROMPT = Unordered(prompt=True)


def paxos(*proposals: str) -> Worlds:
    calls = {f"s{i + 1}": (Call("propose", (v,)),) for i, v in enumerate(proposals)}
    return Worlds(Paxos, servers=3, ghosts=False, network=PROMPT, workload=calls)


def ben_or(*bits: int) -> Worlds:
    calls = {f"s{i + 1}": (Call("propose", (bit,)),) for i, bit in enumerate(bits)}
    return Worlds(BenOr, servers=3, ghosts=False, network=PROMPT, workload=calls)


def two_phase_commit() -> Worlds:
    return Worlds(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, 2),
        ghosts=False,
        network=PROMPT,
        workload={"c1": (Call("commit"),)},
    )


def chosen(world):
    return [n.decided.value for n in world.nodes.values() if n.decided]


def decision(world):
    return [n.decision for n in world.nodes.values() if n.decision is not None]


def test_nobody_decides_and_every_message_arrives():
    """Theorem 1: none is lost, nobody stops, and none waits for more than six steps."""
    game = keep_undecided(paxos("a", "b"), chosen, steps=100)
    assert (game.ended, game.steps, game.longest_wait) == ("undecided", 100, 6)
    assert not game.trace.where("output", "drop", "crash")
    assert len(game.trace.where("deliver")) > 60


def test_it_is_shown_that_both_decisions_are_open():
    game = keep_undecided(paxos("a", "b"), chosen, steps=30)
    assert set(game.open) == {"a", "b"}
    player = Adversary(game.worlds, chosen)
    for _, world in game.path:
        assert set(player.open(world)) == {"a", "b"}


def test_what_is_shown_to_be_open_is_bivalent():
    """The slow twin knows all states. Without timers who is outbid can lead no more."""
    calls = {"s1": (Call("propose", ("a",)),), "s2": (Call("propose", ("b",)),)}
    worlds = Worlds(
        Paxos, servers=2, ghosts=False, workload=calls, budget=Budget(timers=0)
    )
    twin, player = Valences(worlds, chosen), Adversary(worlds, chosen)
    shown = {state for state in twin.steps if len(player.open(state)) > 1}
    assert shown and shown <= set(twin.all_bivalent())


def test_the_proposers_outbid_each_other():
    """What Paxos does meanwhile is known as a duel."""
    game = keep_undecided(paxos("a", "b"), chosen, steps=60)
    asked = [s.what.ballot for s in game.trace.where("send") if type(s.what) is Prepare]
    bids = list(dict.fromkeys(asked))
    assert bids == sorted(bids) and len(bids) == 6
    assert {ballot.proposer for ballot in bids} == {"s1", "s2"}
    assert game.trace.saw("outbid")


def test_if_all_propose_the_same_there_is_no_game():
    for proposals in (("a",), ("a", "a")):
        with pytest.raises(Misuse, match="nothing is open to begin with"):
            keep_undecided(paxos(*proposals), chosen)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            (Paxos, chosen),
            r"Paxos has no worlds to play in: make them, `Worlds\(Paxos,",
        ),
        ((paxos("a", "b"), chosen, -1), "steps=-1: a game takes one step or more"),
        ((paxos("a", "b"), chosen, 0), "steps=0: a game takes one step or more"),
    ],
)
def test_a_game_has_worlds_and_steps(said, told):
    with pytest.raises(Misuse, match=told):
        keep_undecided(*said)


def test_nobody_waits_for_less_than_no_steps():
    with pytest.raises(Misuse, match="hold=-3: say how many steps a message may wait"):
        keep_undecided(paxos("a", "b"), chosen, hold=-3)


@pytest.mark.parametrize(
    ("hold", "ended"), [(0, "cornered"), (5, "cornered"), (6, "undecided")]
)
def test_who_may_not_hold_a_message_back_for_long_is_cornered(hold, ended):
    """Time is a way out: where messages arrive before timers run out."""
    game = keep_undecided(paxos("a", "b"), chosen, steps=40, hold=hold)
    assert game.ended == ended
    assert game.longest_wait <= max(hold, 2)
    if ended == "cornered":
        assert list(game.open) == ["a"] and game.steps < 15


@pytest.mark.parametrize("seed", range(3))
def test_who_does_not_make_the_tosses_loses_to_them(seed):
    """Chance is the other way out: Ben-Or's decides with probability 1."""
    game = keep_undecided(ben_or(0, 1, 0), decision, steps=200, seed=seed)
    assert game.ended == "a toss"
    assert len(game.open) == 1


def test_two_phase_commit_is_kept_undecided_only_by_a_message_that_never_comes():
    """That is a crash, or looks like one: so it proves nothing about consensus."""
    game = keep_undecided(two_phase_commit(), decision, steps=15)
    assert game.ended == "undecided"
    assert game.longest_wait > 10


class NeverFinishes(BenOr):
    """Waits in its first round for ever."""

    def finish_round(self):
        pass


def test_a_protocol_that_gets_stuck_needs_no_adversary():
    """Nothing is open then: the game is about protocols that could decide."""
    calls = {"s1": (Call("propose", (0,)),), "s2": (Call("propose", (1,)),)}
    worlds = Worlds(NeverFinishes, servers=3, ghosts=False, workload=calls)
    with pytest.raises(Misuse, match="nothing is open to begin with"):
        keep_undecided(worlds, decision)


class DeliversTheOldest(Adversary):
    """Does not look where it leads."""

    def may_stay_open(self, outcomes):
        return True


class AsksOneGroup(Adversary):
    """Lets only one majority be alone, and never sees that another would differ."""

    def __init__(self, worlds, decided):
        super().__init__(worlds, decided)
        self.groups = self.groups[:1]


class LetsNobodyLead(Adversary):
    """Looks at what is on its way, and not at what a timer would begin."""

    def moves(self, world):
        found = super().moves(world)
        sent = {what: found[what] for what in found if isinstance(what[1], Deliver)}
        return sent or found


@pytest.mark.parametrize("mutant", [DeliversTheOldest, AsksOneGroup, LetsNobodyLead])
def test_an_adversary_that_forgets_something_loses(mutant, monkeypatch):
    monkeypatch.setattr(undecided, "Adversary", mutant)
    game = keep_undecided(paxos("a", "b"), chosen, steps=40)
    assert game.steps < 10 and list(game.open) == ["a"]


def test_it_reads_as_a_sentence():
    told = "cornered after 8 steps (s1, s2 alone: a); held back 0 times, no message "
    assert str(keep_undecided(paxos("a", "b"), chosen, hold=0)).startswith(told)


def test_the_same_game_is_played_again():
    one, other = (keep_undecided(paxos("a", "b"), chosen, 30) for _ in range(2))
    assert one.trace == other.trace
    assert isinstance(one, Game)
