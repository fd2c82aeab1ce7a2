"""Servers that come and go: by joint consensus, and one at a time."""

import pytest
import raft_membership_mutants as mutants
from agreement import all_deliver_in_one_order, clients_finish
from killed import broken, each_mutant, kill, mutants_in
from raft_claims import CLAIMS, always_one_leader_a_term, remembering
from raft_figures import Table
from raft_runs import CLIENTS, STORMY, admitted
from schedules import OVER_MS
from test_raft import append, sends, stored
from workloads import symmetric

from distlab.check.linearizable import linearizable
from distlab.consensus.client import Reply, Request
from distlab.consensus.raft import (
    ElectionTimeout,
    Entry,
    Heartbeat,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from distlab.consensus.raft_membership import (
    LeaderSilent,
    RaftMembership,
    Reconfiguration,
)
from distlab.consensus.raft_single_server import RaftSingleServer
from distlab.machine import KeyValue
from distlab.node import (
    Call,
    CancelTimer,
    Deliver,
    Fire,
    Log,
    Note,
    Send,
    SetTimer,
    Start,
)
from distlab.quorum import Joint, Majority
from distlab.sim import ClosedLoop, Cluster, Disk, Uniform

FIVE = ("s1", "s2", "s3", "s4", "s5")
OLD, NEW = ("s1", "s2", "s3"), ("s3", "s4", "s5")
CHANGE = Call("change_members", (NEW,))


def leader(kind: type[RaftMembership], first: tuple[str, ...] = OLD) -> RaftMembership:
    """s1 of five, of which three are members at first, elected in term 1."""
    s1 = kind("s1", FIVE, first=first)
    s1.step(Start())
    s1.step(Fire(ElectionTimeout()))
    for voter in first[1:]:
        s1.step(Deliver(voter, RequestVoteResponse(1, True)))
    for voter in first[1:]:
        s1.step(Deliver(voter, stored(1, 1)))
    assert (s1.role, s1.commit_index) == (Role.LEADER, 1)
    return s1


def ask(number: int = 1, members: tuple[str, ...] = NEW) -> Deliver:
    return Deliver("c1", Request(number, Call("change_members", (members,))))


def by(node: RaftMembership, index: int, *followers: str) -> list:
    """These store the log up to here; what comes of the last answer."""
    effects = []
    for follower in followers:
        effects = node.step(Deliver(follower, stored(node.current_term, index)))
    return effects


# ---------------------------------------------------------------------- joint consensus
def test_a_change_begins_with_both_configurations(kind=RaftMembership):
    """§6, C old,new; §6, in the log: it counts as soon as it stands there."""
    s1 = leader(kind)
    effects = s1.step(ask())
    joint = Joint(Majority(OLD), Majority(NEW))
    assert s1.log[2].command == Reconfiguration("c1", 1, CHANGE, joint)
    assert [send.dst for send in sends(effects)] == ["s2", "s3", "s4", "s5"]
    by(s1, 2, "s2", "s4")
    assert s1.commit_index == 1, "two of the old ones, and one of the new"
    s1 = leader(kind)
    s1.step(ask())
    by(s1, 2, "s4", "s5")
    assert s1.commit_index == 1, "two of the new ones, and one of the old"


def test_a_committed_joint_configuration_gives_way_to_the_new_one(
    kind=RaftMembership,
):
    """§6, C new: by whoever leads then."""
    s1 = leader(kind)
    s1.step(ask())
    by(s1, 2, "s3", "s4")
    assert s1.commit_index == 2
    news = [entry.command for entry in s1.log.after(2)]
    assert news == [Reconfiguration("c1", 1, CHANGE, Majority(NEW))]


def test_a_leader_that_is_not_in_the_new_configuration_leaves(kind=RaftMembership):
    """§6, not part of C new: when that is committed, by two of the three new ones."""
    s1 = leader(kind)
    s1.step(ask())
    by(s1, 2, "s3", "s4")
    by(s1, 3, "s3", "s2")
    assert (s1.role, s1.commit_index) == (Role.LEADER, 2)
    effects = by(s1, 3, "s4")
    assert Send("c1", Reply(1, True)) in effects
    assert effects[-1] == CancelTimer(Heartbeat())
    assert s1.role is Role.FOLLOWER


def test_a_change_waits_for_the_one_before(kind=RaftMembership):
    """§6, C old,new."""
    s1 = leader(kind)
    s1.step(ask())
    s1.step(Deliver("c2", Request(1, CHANGE)))
    assert s1.log.last_index == 2


def test_who_is_no_member_does_not_stand(kind=RaftMembership):
    """§6, in the log: by its own log."""
    s4 = kind("s4", FIVE, first=OLD)
    s4.step(Start())
    assert s4.step(Fire(ElectionTimeout())) == []


def test_who_has_a_leader_takes_no_notice_of_candidates(kind=RaftMembership):
    """§6, disregard: nor does a leader, until nothing was heard for a while."""
    s2 = kind("s2", FIVE, first=OLD)
    assert SetTimer(LeaderSilent(), (150, 150)) in append(s2, "s1", 1, 0, 0, (), 0)
    for node in (s2, leader(kind)):
        effects = node.step(Deliver("s5", RequestVote(7, 9, 9)))
        assert effects == [Note("there is a leader", dropped=True)]
        assert node.current_term == 1
    s2.step(Fire(LeaderSilent()))
    s2.step(Deliver("s5", RequestVote(7, 9, 9)))
    assert s2.voted_for == "s5"


# ------------------------------------------------------------------------ one at a time
def test_one_server_is_added_by_one_entry(kind=RaftSingleServer):
    """§4.1, one server: a new majority of its own; two are refused."""
    s1 = leader(kind)
    assert s1.step(ask()) == [Send("c1", Reply(1, False))]
    more = (*OLD, "s4")
    s1.step(ask(2, more))
    call = Call("change_members", (more,))
    assert s1.log[2].command == Reconfiguration("c1", 2, call, Majority(more))
    by(s1, 2, "s4")
    assert s1.commit_index == 1, "two of four"
    assert Send("c1", Reply(2, True)) in by(s1, 2, "s2")


def test_a_change_waits_for_an_entry_of_its_leaders_term(kind=RaftSingleServer):
    """2015: the no-op, or whatever comes after it."""
    s1 = kind("s1", FIVE, first=OLD)
    s1.step(Start())
    s1.step(Fire(ElectionTimeout()))
    s1.step(Deliver("s2", RequestVoteResponse(1, True)))
    s1.step(ask(1, (*OLD, "s4")))
    assert s1.log.last_index == 1
    by(s1, 1, "s2")
    s1.step(ask(1, (*OLD, "s4")))
    assert s1.log.last_index == 2


# ---------------------------------------------------------- the counter-example of 2015
def story_of_2015(kind: type[RaftSingleServer]) -> Table:
    """Two leaders change four servers: s1 adds s5, s2 removes s1. Who decides?

    s1 has led term 1, and its change has reached nobody but s5.
    """
    table = Table(kind, FIVE)
    for node in table.nodes.values():
        node.load({"current_term": 1, "commit_index": 1, "last_applied": 1})
    added = Reconfiguration("c1", 1, Call("change_members", (FIVE,)), Majority(FIVE))
    four = FIVE[:4]
    first = Reconfiguration("c0", 1, Call("change_members", (four,)), Majority(four))
    for id, node in table.nodes.items():
        news = (first, added) if id in ("s1", "s5") else (first,)
        node.load({"log": Log(*(Entry(1, command) for command in news))})
    table.elect("s2", 2, ("s3", "s4"))
    s2 = table.nodes["s2"]
    table.step("s2", ask(2, ("s2", "s3", "s4")))
    table.deliver(("s2", "s3"))
    table.elect("s1", 3, ("s4", "s5"))
    table.step("s1", Fire(Heartbeat()))
    table.deliver(("s1", "s4", "s5"))
    assert s2.role is Role.LEADER, "nobody has told it"
    return table


def test_two_changes_of_two_leaders_may_decide_apart():
    """2015: s2 and s3 are two of three, s1, s4 and s5 three of five."""
    nodes = story_of_2015(mutants.ChangesBeforeItCommits).nodes
    s1, s2 = nodes["s1"], nodes["s2"]
    assert (s1.role, s2.role) == (Role.LEADER, Role.LEADER)
    assert (s1.commit_index, s2.commit_index) == (3, 3)
    assert s1.log.cut(3) != s2.log.cut(3)


def test_they_do_not_if_each_leader_commits_first():
    """2015: of four servers s4 is asked as well, and then it does not vote for s1."""
    nodes = story_of_2015(RaftSingleServer).nodes
    assert nodes["s2"].log.last_index == 2, "the change has to wait"
    assert nodes["s2"].commit_index == 1


KILLED_AT = {
    mutants.GoesByWhatIsCommitted: test_a_change_begins_with_both_configurations,
    mutants.DecidesByTheNewAlone: test_a_change_begins_with_both_configurations,
    mutants.SkipsTheJoint: test_a_change_begins_with_both_configurations,
    mutants.StopsHalfWay: (
        test_a_committed_joint_configuration_gives_way_to_the_new_one
    ),
    mutants.LeadsThoughItIsRemoved: (
        test_a_leader_that_is_not_in_the_new_configuration_leaves
    ),
    mutants.LeavesAtOnce: test_a_leader_that_is_not_in_the_new_configuration_leaves,
    mutants.ChangesAllAtOnce: test_a_change_waits_for_the_one_before,
    mutants.ListensToWhoWasRemoved: (
        test_who_has_a_leader_takes_no_notice_of_candidates
    ),
    mutants.ChangesSeveral: test_one_server_is_added_by_one_entry,
    mutants.ChangesBeforeItCommits: (
        test_a_change_waits_for_an_entry_of_its_leaders_term
    ),
}


@pytest.mark.parametrize("mutant", KILLED_AT, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_is_caught_at_that_step(mutant):
    with pytest.raises(AssertionError):
        KILLED_AT[mutant](mutant)


# --------------------------------------------------------------------------------- runs
SETS = {  # which servers there shall be, one set after the other
    RaftMembership: (NEW, ("s1", "s2", "s4"), FIVE, ("s5",), OLD),
    RaftSingleServer: (
        (*OLD, "s4"),
        FIVE,
        FIVE[1:],
        NEW,
        ("s4", "s5"),
        ("s2", "s4", "s5"),
        ("s1", "s2", "s4", "s5"),
    ),
}


def changing(kind: type[RaftMembership], seed: int, shape: str) -> Cluster:
    """Two clients write and read while a third changes the servers."""
    sets = next(sets for of, sets in reversed(SETS.items()) if issubclass(kind, of))
    calls = tuple(Call("change_members", (members,)) for members in sets)
    changes = ClosedLoop(calls, think_ms=Uniform(0, 200))
    cluster = Cluster(
        remembering(kind),
        servers=5,
        clients=len(CLIENTS) + 1,
        seed=seed,
        first=OLD,
        disk=Disk(sync_ms=Uniform(0.1, 3)),
        faults=admitted(3 * seed + 2, shape),
        workload={**symmetric(CLIENTS), "c3": changes},
        **(STORMY if shape == "stormy" else {}),
    )
    return cluster.run(until_ms=OVER_MS + 3500)


def clients_see_one_store(cluster: Cluster) -> str | None:
    """What clients were told is linearizable, apart from changes."""
    verdict = linearizable(cluster.history.where("read", "write"), KeyValue())
    return str(verdict) if verdict.invalid else None


PROMISES = (*CLAIMS, clients_see_one_store, all_deliver_in_one_order, clients_finish)


@pytest.mark.parametrize("kind", SETS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("shape", ["symmetric", "stormy"])
@pytest.mark.parametrize("seed", range(5))
def test_what_is_promised_is_kept(kind, seed, shape):
    assert broken(changing(kind, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("kind", SETS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("hundred", [100])
def test_what_is_promised_is_kept_for_hundreds_of_seeds(kind, hundred):
    for seed in range(hundred, hundred + 100):
        assert broken(changing(kind, seed, "stormy"), *PROMISES) == {}, seed


def test_these_runs_change_servers():
    clusters = [changing(kind, seed, "symmetric") for kind in SETS for seed in range(4)]
    done = [op for c in clusters for op in c.history.where("change_members")]
    assert sum(op.outcome == "ok" and op.result is True for op in done) > 15
    assert any(cluster.saw("leaves") for cluster in clusters)


KILLED = [
    (mutants.DecidesByTheNewAlone, "stormy", 0, all_deliver_in_one_order),
    (mutants.SkipsTheJoint, "stormy", 0, always_one_leader_a_term),
    (mutants.StopsHalfWay, "stormy", 0, clients_finish),
    (mutants.ListensToWhoWasRemoved, "stormy", 0, clients_finish),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def tried(kind: type, seed: int) -> Cluster:
        return changing(kind, seed, shape)

    kill(mutant, seed, promise, PROMISES, tried, RaftMembership)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == set(KILLED_AT)
