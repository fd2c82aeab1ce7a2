"""Leases: steps, promises with and without fencing, mutants, and what breaks them."""

import random

import lease_mutants as mutants
import pytest
from killed import broken, first_harm, kill, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab.clocks.lease import (
    CLUSTER,
    Acts,
    Again,
    Ask,
    Ends,
    Expires,
    Granted,
    Holder,
    LeaseServer,
    NoAnswer,
    Refused,
    Storage,
    Store,
    Stored,
    TrustingStorage,
)
from distlab.clocks.lease_by_date import (
    GrantedUntil,
    HolderByDate,
    ServerByDate,
)
from distlab.faults import (
    Byzantine,
    ClockDrift,
    ClockFault,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    Delay,
    Fault,
    LostWrites,
    Pause,
    Recover,
    Reordering,
    Resume,
    Schedule,
    SlowLink,
)
from distlab.node import (
    Call,
    CancelTimer,
    Deliver,
    DiskReport,
    End,
    Fire,
    Log,
    Note,
    Send,
    SetTimer,
)
from distlab.node import Crash as Crashes
from distlab.node import Recover as Recovers
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

WRITE = Call("write", ("a",))


def holder(*events) -> Holder:
    """A node after these events, that has been called to write."""
    c1 = Holder("c1", servers=("s1",), storage=("storage1",))
    for event in (WRITE, *events):
        c1.step(event)
    return c1


# ---------------------------------------------------------------------------- the steps
def test_the_lease_goes_to_one_at_a_time():
    """§2, grant: each with a greater token."""
    s1 = LeaseServer("s1")
    granted = [SetTimer(Ends(), (200, 200)), Send("c1", Granted(7, 1))]
    assert s1.step(Deliver("c1", Ask(7))) == granted
    assert s1.step(Deliver("c2", Ask(3))) == [Note("is taken", dropped=True)]
    assert s1.step(Deliver("c1", Ask(8)))[1] == Send("c1", Granted(8, 2))


def test_when_the_term_is_over_it_may_go_to_another():
    """§2, expiry: the server waits for no message."""
    s1 = LeaseServer("s1")
    s1.step(Deliver("c1", Ask(7)))
    s1.step(Fire(Ends()))
    assert s1.step(Deliver("c2", Ask(3)))[1] == Send("c2", Granted(3, 2))


def test_after_a_crash_nobody_gets_it_for_a_term():
    """§2, recovery: not even who had it, since the server does not know who."""
    s1 = LeaseServer("s1")
    s1.step(Deliver("c1", Ask(7)))
    s1.step(Crashes(s1.saved()))
    assert s1.step(Recovers(DiskReport())) == [SetTimer(Ends(), (200, 200))]
    taken = [Note("is taken", dropped=True)]
    assert s1.step(Deliver("c1", Ask(8))) == s1.step(Deliver("c2", Ask(3))) == taken
    s1.step(Fire(Ends()))
    assert s1.step(Deliver("c2", Ask(4)))[1] == Send("c2", Granted(4, 2))


def test_a_holder_counts_from_when_it_asked():
    """§2, effective term: 200 ms, less 1 % for its clock and 20 ms for what it does."""
    c1 = Holder("c1", servers=("s1",), storage=("storage1",))
    expires = SetTimer(Expires(), (178, 178))
    assert c1.step(WRITE) == [
        expires,
        Send("s1", Ask(1)),
        SetTimer(Again(), (20, 20)),
    ]
    assert expires not in c1.step(Deliver("s1", Granted(1, 5)))
    assert c1.token == 5


def test_who_gets_no_answer_asks_again_and_counts_from_there():
    """§2, effective term."""
    c1 = holder()
    assert c1.step(Fire(Again()))[:2] == [
        SetTimer(Expires(), (178, 178)),
        Send("s1", Ask(2)),
    ]
    old = Note("answers an earlier attempt", dropped=True)
    assert c1.step(Deliver("s1", Granted(1, 5))) == [old]


def test_a_grant_that_comes_when_its_term_is_over_is_none():
    """§2, expiry: nothing would end it any more."""
    c1 = holder(Fire(Expires()))
    old = Note("answers an earlier attempt", dropped=True)
    assert c1.step(Deliver("s1", Granted(1, 5))) == [old]


def test_a_holder_begins_nothing_when_its_lease_has_expired():
    """§2, expiry."""
    c1 = holder(Deliver("s1", Granted(1, 5)), Fire(Acts()))
    c1.step(Fire(Expires()))
    c1.step(Deliver("storage1", Stored(2)))
    assert c1.step(WRITE)[1] == Send("s1", Ask(3))


def test_it_shows_the_token_of_the_lease_that_it_has_looked_at():
    """Fencing tokens, shown: even if that is over by now."""
    c1 = holder(Deliver("s1", Granted(1, 5)), Fire(Expires()))
    acts = [Send("storage1", Store(5, 2, "a")), SetTimer(NoAnswer(), (200, 200))]
    assert c1.step(Fire(Acts())) == acts
    assert c1.step(Deliver("storage1", Stored(2)))[1:] == [End(WRITE, "ok", None)]


def test_the_storage_refuses_an_older_token():
    """Fencing tokens, checked: a second copy is no older one, and does nothing."""
    storage = Storage("storage1")
    new, old = Store(2, 9, "new"), Store(1, 30, "old")
    for _ in range(2):
        assert storage.step(Deliver("c2", new)) == [Send("c2", Stored(9))]
    newest = Store(3, 10, "newest")
    storage.step(Deliver("c2", newest))
    assert storage.step(Deliver("c2", new)) == [Send("c2", Stored(9))]
    assert storage.step(Deliver("c1", old)) == [
        Note("refuses an old holder"),
        Send("c1", Refused(30)),
    ]
    assert storage.effects == Log(new, newest)
    trusting = TrustingStorage("storage1")
    for store in (new, old):
        trusting.step(Deliver("c1", store))
    assert trusting.effects == Log(new, old)


def test_who_is_refused_holds_the_lease_no_longer():
    """Fencing tokens, checked."""
    c1 = holder(Deliver("s1", Granted(1, 5)), Fire(Acts()))
    ends = [
        CancelTimer(NoAnswer()),
        End(WRITE, "fail", "somebody else holds the lease"),
    ]
    assert c1.step(Deliver("storage1", Refused(2))) == ends
    assert c1.token is None
    late = [Note("answers an earlier effect", dropped=True)]
    assert c1.step(Deliver("storage1", Refused(2))) == late


def test_who_hears_nothing_of_its_effect_does_not_know():
    c1 = holder(Deliver("s1", Granted(1, 5)), Fire(Acts()))
    assert c1.step(Fire(NoAnswer())) == [End(WRITE, "info", "no answer")]


def test_a_date_is_compared_with_a_clock_that_shows_another():
    """Process Pauses, expiry time: 20 ms before it is over, it is as good as over."""
    s1 = ServerByDate("s1")
    until = Send("c1", GrantedUntil(7, 1, 1200))
    assert s1.step(Deliver("c1", Ask(7)), now_ms=1000)[1] == until
    for now_ms, token in ((1179, 1), (1181, None)):
        c1 = HolderByDate("c1", servers=("s1",), storage=("storage1",))
        c1.step(WRITE, now_ms=900)
        c1.step(Deliver("s1", GrantedUntil(1, 1, 1200)), now_ms=now_ms)
        assert c1.token == token


# ----------------------------------------------------------------------------- by seeds
CLIENTS = ("c1", "c2", "c3")
NODES = ("s1", "storage1", *CLIENTS)
PPM = 4000  # so two clocks differ by less than the share of 1 % that holders allow


def writes(seed: int) -> dict[str, ClosedLoop]:
    """All write; in an odd run the first has much more to write than the others."""
    counts = (40, 5, 5) if seed % 2 else (15, 15, 15)
    return {
        client: ClosedLoop(
            tuple(Call("write", (f"{client}.{i}",)) for i in range(count)),
            think_ms=Uniform(0, 30),
        )
        for client, count in zip(CLIENTS, counts, strict=True)
    }


def drawn(seed: int) -> Schedule:
    """All that is admitted: all nodes pause, most crash, clocks are off and jump."""
    dice = random.Random(f"lease {seed}")
    return (
        *Drawing(seed, ("s1", "storage1"), CLIENTS).schedule(LeaseServer.assumes),
        *(
            Pause(node, at_ms, at_ms + dice.randint(20, 400))
            for node in CLIENTS
            for at_ms in (dice.randint(10, 600), dice.randint(1010, 1400))
        ),
    )


# What a lease takes for granted where nobody checks tokens: no pauses, quick messages
SLOW = (Pause, Resume, Delay, SlowLink, Reordering)


def in_time(seed: int) -> Schedule:
    """What is left then; clocks are off as they like, but drift alike."""
    dice = random.Random(f"in time {seed}")
    others = Drawing(seed, ("s1",), CLIENTS).schedule(LeaseServer.assumes)
    kept = [f for f in others if not isinstance(f, (ClockDrift, *SLOW))]
    drifts = [ClockDrift(node, dice.choice((-PPM, PPM))) for node in NODES]
    return (*drifts, *kept)


def run(
    storage: type = Storage,
    seed: int = 0,
    schedule: Schedule | None = None,
    server: type = LeaseServer,
    client: type = Holder,
    **settings,
) -> Cluster:
    """One run to its end, with much to write and a short term."""
    cluster = Cluster(
        server,
        servers=(server, 1),
        storage=(storage, 1),
        clients=(client, 3),
        seed=seed,
        disk=Disk(Uniform(0, 2)),
        faults=drawn(seed) if schedule is None else schedule,
        workload=writes(seed),
        states=True,
        **{"term_ms": 120, **settings},
    )
    return cluster.run(until_ms=OVER_MS + 12_000)


def effects_in_the_order_of_leases(cluster: Cluster) -> str | None:
    """Fencing tokens: none of an older lease after one of a newer."""
    latest = None
    for effect in cluster["storage1"].effects:
        if latest and effect.token < latest.token:
            return f"{effect} after {latest}"
        latest = effect
    return None


def nothing_happens_twice(cluster: Cluster) -> str | None:
    effects = [effect.number for effect in cluster["storage1"].effects]
    values = [effect.value for effect in cluster["storage1"].effects]
    twice = [value for value in values if values.count(value) > 1]
    return f"{twice[0]}, of {effects}" if twice else None


def what_is_told_has_happened(cluster: Cluster) -> str | None:
    values = [effect.value for effect in cluster["storage1"].effects]
    for op in cluster.history:
        if (op.outcome == "ok" and op.args[0] not in values) or (
            op.outcome == "fail" and op.args[0] in values
        ):
            return f"{op}"
    return None


def one_holder_at_a_time(cluster: Cluster) -> str | None:
    """§2: of those that take themselves for the holder."""
    holds: dict[str, object] = {}
    for step in cluster.trace.where("state"):
        for name, value in step.what if step.node in CLIENTS else ():
            if name == "token":
                holds[step.node] = value
        held = [node for node, token in holds.items() if token is not None]
        if len(held) > 1:
            return f"at {step.at_ms:g} ms: {held}"
    return None


def everybody_finishes(cluster: Cluster) -> str | None:
    """§2, expiry: faults are over long before the run is."""
    unended = [op for op in cluster.history if op.ended_us is None]
    return f"{unended[0]}" if unended else None


FENCED = (
    effects_in_the_order_of_leases,
    nothing_happens_twice,
    what_is_told_has_happened,
    everybody_finishes,
)
IN_TIME = (effects_in_the_order_of_leases, one_holder_at_a_time, everybody_finishes)


@pytest.mark.parametrize("seed", range(25))
def test_with_fencing_effects_happen_in_order_under_every_fault_that_is_admitted(seed):
    """Fencing tokens, checked; §2, expiry."""
    assert broken(run(Storage, seed), *FENCED) == {}


@pytest.mark.parametrize("seed", range(15))
def test_without_it_they_do_while_nobody_is_slow(seed):
    """§2, effective term: whatever clocks show, lost messages and crashes included."""
    assert broken(run(TrustingStorage, seed, in_time(seed)), *IN_TIME) == {}


@pytest.mark.soak
@pytest.mark.parametrize("hundred", range(3))
def test_both_promises_are_kept_for_three_hundred_seeds(hundred):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(Storage, seed), *FENCED) == {}, seed
        assert broken(run(TrustingStorage, seed, in_time(seed)), *IN_TIME) == {}, seed


def test_these_runs_take_the_rare_paths():
    notes = {
        step.what or step.why
        for seed in range(25)
        for step in run(Storage, seed).trace.where("note", "ignore")
    }
    assert {"refuses an old holder", "is taken", "answers an earlier attempt"} <= notes


# ------------------------------------------------------------------ without the promise
def slow_store(extra_ms: float) -> Delay:
    return Delay(extra_ms, src="c1", messages=("Store",))


NOT_IN_TIME: dict[str, Schedule] = {
    "a pause": tuple(Pause("c1", 60 + 157 * i, 260 + 157 * i) for i in range(6)),
    "a slow message": (slow_store(150),),
    "a slow holder": (ClockDrift("c1", -400_000),),
    "a fast server": (ClockDrift("s1", 700_000),),
}


@pytest.mark.parametrize("kind", NOT_IN_TIME)
def test_who_is_late_acts_on_a_lease_that_is_over_and_is_stopped_by_its_token(kind):
    """§2, effective term; Fencing tokens, checked."""
    schedule = NOT_IN_TIME[kind]
    seed = first_harm(
        effects_in_the_order_of_leases,
        lambda seed: run(TrustingStorage, seed, schedule),
    )
    assert broken(run(Storage, seed, schedule), *FENCED) == {}


@pytest.mark.parametrize(
    "schedule", [(ClockDrift("c1", 700_000),), (ClockDrift("s1", -400_000),)]
)
def test_a_fast_holder_and_a_slow_server_only_cost_time(schedule):
    """§2, effective term: the paper's section 5, the harmless direction."""
    for seed in range(8):
        assert broken(run(TrustingStorage, seed, schedule), *IN_TIME) == {}


SET: tuple[Schedule, ...] = (
    (ClockSkew("c1", -500),),
    (ClockJump("c1", -90, at_ms=100), ClockJump("s1", 400, at_ms=200)),
)


@pytest.mark.parametrize("schedule", SET)
def test_what_clocks_show_matters_where_a_lease_ends_by_date_and_not_otherwise(
    schedule,
):
    """Process Pauses, expiry time."""
    by_date = {"server": ServerByDate, "client": HolderByDate}
    seed = first_harm(
        effects_in_the_order_of_leases,
        lambda seed: run(TrustingStorage, seed, schedule, **by_date),
    )
    assert broken(run(TrustingStorage, seed, schedule), *IN_TIME) == {}
    assert broken(run(Storage, seed, schedule, **by_date), *FENCED) == {}


@pytest.mark.parametrize("seed", range(6))
def test_by_date_effects_are_in_order_while_all_clocks_show_the_same(seed):
    """Process Pauses, expiry time."""
    kept = tuple(f for f in in_time(seed) if not isinstance(f, ClockFault))
    by_date = {"server": ServerByDate, "client": HolderByDate}
    cluster = run(TrustingStorage, seed, kept, **by_date)
    assert effects_in_the_order_of_leases(cluster) is None


def test_a_holder_that_pauses_after_it_has_looked_is_told_so(golden):
    """Fencing tokens, shown; Fencing tokens, checked: as it is written down."""
    cluster = Cluster(
        LeaseServer,
        **CLUSTER,
        network=Network(1),
        faults=(Pause("c1", 6, 70),),
        workload={"c1": (WRITE,), "c2": (Call("write", ("b",)),)},
        term_ms=40,
    )
    golden("a_holder_that_pauses.txt", cluster.run(until_ms=100).trace.text() + "\n")


# ------------------------------------------------------------------------------ mutants
def with_mutant(mutant: type, seed: int, fenced: bool) -> Cluster:
    storage = Storage if fenced else TrustingStorage
    schedule = drawn(seed) if fenced else in_time(seed)
    if issubclass(mutant, Storage):
        return run(mutant, seed, schedule)
    role = "server" if issubclass(mutant, LeaseServer) else "client"
    return run(storage, seed, schedule, **{role: mutant})


KILLED = [
    (mutants.GrantsToAll, 0, False, one_holder_at_a_time),
    (mutants.GrantsOneTokenForAll, 13, True, what_is_told_has_happened),
    (mutants.NeverLetsGo, 0, False, everybody_finishes),
    (mutants.ForgetsWhatItHasGranted, 15, False, one_holder_at_a_time),
    (mutants.NeverExpires, 0, False, one_holder_at_a_time),
    (mutants.ShowsNoToken, 0, True, what_is_told_has_happened),
    (mutants.RemembersInMemory, 141, True, effects_in_the_order_of_leases),
    (mutants.DoesItAgain, 5, True, nothing_happens_twice),
]
KILLED_BY_A_STEP = {
    mutants.TakesAnyGrant: test_who_gets_no_answer_asks_again_and_counts_from_there,
    mutants.TakesClocksForEqual: test_a_holder_counts_from_when_it_asked,
    mutants.CountsFromTheGrant: test_a_holder_counts_from_when_it_asked,
    mutants.StillWaitsForIt: test_a_grant_that_comes_when_its_term_is_over_is_none,
    mutants.TakesACopyForAnOlderOne: test_the_storage_refuses_an_older_token,
}


@pytest.mark.parametrize(("mutant", "seed", "fenced", "promise"), KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, seed, fenced, promise):
    kill(
        mutant,
        seed,
        promise,
        FENCED if fenced else IN_TIME,
        lambda kind, seed: with_mutant(kind, seed, fenced),
        right=Storage if fenced else TrustingStorage,
    )


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


class LooksAtNoClock(HolderByDate):
    """Process Pauses, expiry time: keeps its lease for ever."""

    def try_to_write(self):
        Holder.try_to_write(self)


def test_who_does_not_look_at_the_date_is_found():
    """Process Pauses, expiry time."""
    schedule = tuple(f for f in in_time(0) if not isinstance(f, ClockFault))
    by_date = {"server": ServerByDate, "client": LooksAtNoClock}
    cluster = run(TrustingStorage, 0, schedule, **by_date)
    assert effects_in_the_order_of_leases(cluster)


def test_no_mutant_is_forgotten():
    killed = {mutant for mutant, *_ in KILLED}
    assert mutants_in(mutants) == killed | KILLED_BY_A_STEP.keys()


# -------------------------------------------------------------------------- assumptions
class Indifferent(TrustingStorage):
    """A storage that lies is one that does not check."""


HARMED = (*NOT_IN_TIME["a pause"], Crash("storage1", 600), Recover("storage1", 610))
EXCLUDED: dict[type[Fault], Schedule] = {
    LostWrites: (LostWrites("storage1", 599, records=9), *HARMED),
    CorruptRecord: (CorruptRecord("storage1", 599), *HARMED),
    Byzantine: (Byzantine("storage1", Indifferent), *NOT_IN_TIME["a pause"]),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_what_is_not_admitted_breaks_a_promise_at_some_seed(kind):
    assert kind not in LeaseServer.assumes.kinds()

    def any_promise(cluster: Cluster) -> str | None:
        return next(iter(broken(cluster, *FENCED).values()), None)

    first_harm(any_promise, lambda seed: run(Storage, seed, EXCLUDED[kind]))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(LeaseServer.assumes.kinds()) | EXCLUDED.keys()
