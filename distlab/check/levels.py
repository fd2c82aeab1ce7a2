"""Which consistency models there are, which imply which, and what each of them forbids.

    >>> weakest_ruled_out(["write skew"])
    ('repeatable read',)
    >>> strongest_left(["write skew"], kind="transactions")
    ('strong snapshot isolation',)

Source
    Adya, "Weak Consistency: A Generalized Theory and Optimistic Implementations for
    Distributed Transactions", MIT 1999: levels as what a history's cycles may not be.
    Cerone, Bernardi and Gotsman, "A Framework for Transactional Consistency Models with
    Atomic Visibility", CONCUR 2015; Cerone and Gotsman, "Analysing Snapshot Isolation",
    PODC 2016: what snapshots allow. Bailis et al., "Highly Available Transactions",
    VLDB 2013: the order of all. Viotti and Vukolić, "Consistency in Non-Transactional
    Distributed Storage Systems", ACM Computing Surveys 49(1), 2016: single objects.
    The map at jepsen.io/consistency joins both.

A model implies another if each history that the first allows, the second allows too.
What is ruled out for one history says nothing of the next: a store promises the model
that none of its histories breaks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from distlab.errors import Misuse, did_you_mean
from distlab.value import Value

Kind = Literal["transactions", "single objects"]


class Phenomenon(Value):
    """Something that goes wrong with transactions, by the name that is known for it."""

    name: str
    sentence: str
    form_of: str | None = None  # the more general one of which it is a named form


class Model(Value):
    """A promise about histories: what it implies and what it forbids."""

    name: str
    kind: Kind
    implies: tuple[str, ...]  # the next weaker models
    forbids: tuple[str, ...]  # phenomena, beside those that weaker models forbid
    sentence: str
    source: str
    aliases: tuple[str, ...] = ()


# -------------------------------------------------------------------------- phenomena
PLAIN = (
    Phenomenon(
        "duplicate elements", "A list shows one append twice: it was done again."
    ),
    Phenomenon(
        "cyclic version order", "The versions of one key cannot be put in any order."
    ),
    Phenomenon("G0", "Dirty write: each of some writes overwrote the next, in a ring."),
    Phenomenon("garbage read", "A read returned what nobody had written."),
    Phenomenon("G1a", "Aborted read: a read saw a write that was taken back."),
    Phenomenon("dirty update", "A write was built on one that was taken back."),
    Phenomenon("G1b", "Intermediate read: a read saw what its writer changed again."),
    Phenomenon("incompatible order", "Two reads show one list in different orders."),
    Phenomenon("G1c", "Circular information flow: all saw or overwrote each other."),
    Phenomenon("internal", "A transaction did not see its own reads and writes."),
    Phenomenon(
        "observed transaction vanishes",
        "A transaction saw a write, and later missed another of the same transaction.",
        form_of="fractured read",
    ),
    Phenomenon(
        "fractured read",
        "A transaction saw one write of another, and missed a second one of it.",
        form_of="G-single",
    ),
    Phenomenon(
        "causality violation",
        "A transaction saw something, and missed what that had been built on.",
        form_of="G-single",
    ),
    Phenomenon(
        "lost update",
        "Two read one version and both replaced it: one knew nothing of the other.",
        form_of="G-single",
    ),
    Phenomenon("G-single", "Read skew: a ring in which one read missed one write."),
    Phenomenon("G-single-predicate", "Read skew by a scan that missed a row."),
    Phenomenon(
        "G-nonadjacent", "A ring with several missed writes, no two of them in a row."
    ),
    Phenomenon("G-nonadjacent-predicate", "The same, where a scan missed a row."),
    Phenomenon(
        "write skew",
        "Two read what the other then wrote, and neither saw the other's write.",
        form_of="G2-item",
    ),
    Phenomenon("G2-item", "A ring with missed writes, at least two of them in a row."),
    Phenomenon("G2", "Phantom: the same, where a scan missed a row."),
)
CYCLES = ("G0", "G1c", "G-single", "G-nonadjacent", "G2-item", "G2")
SESSION = tuple(
    Phenomenon(f"{name}-process", f"{name}, counting that a session's order is kept.")
    for name in CYCLES
)
REAL_TIME = tuple(
    Phenomenon(f"{name}-realtime", f"{name}, counting that real time's order is kept.")
    for name in CYCLES
)
PHENOMENA: tuple[Phenomenon, ...] = (*PLAIN, *SESSION, *REAL_TIME)

# ----------------------------------------------------------------------------- models
ADYA = "Adya, Weak Consistency, 1999"
BAILIS = "Bailis et al., Highly Available Transactions, 2013"
CERONE = "Cerone, Bernardi and Gotsman, Atomic Visibility, 2015"
DAUDJEE = "Daudjee and Salem, Lazy Database Replication with Snapshot Isolation, 2006"
TERRY = "Terry et al., Session Guarantees, 1994"
BOUAJJANI = "Bouajjani et al., On Verifying Causal Consistency, 2017"
VIOTTI = "Viotti and Vukolić, 2016"

TRANSACTIONS = (
    Model(
        "strict serializable",
        "transactions",
        ("strong session serializable", "strong snapshot isolation", "linearizable"),
        ("G2-item-realtime", "G2-realtime"),
        "As if one after another, and in the order of real time.",
        "Papadimitriou, Serializability of Concurrent Database Updates, 1979; " + ADYA,
        ("PL-SS", "strong serializable"),
    ),
    Model(
        "strong session serializable",
        "transactions",
        ("serializable", "strong session snapshot isolation"),
        ("G2-item-process", "G2-process"),
        "As if one after another, each session's in its own order.",
        "Daudjee and Salem, Lazy Database Replication with Ordering Guarantees, 2004",
    ),
    Model(
        "serializable",
        "transactions",
        ("repeatable read", "snapshot isolation"),
        ("G2",),
        "As if one after another, in some order that need not be that of time.",
        ADYA,
        ("PL-3",),
    ),
    Model(
        "repeatable read",
        "transactions",
        ("cursor stability", "monotonic atomic view"),
        ("internal", "G-single", "G-nonadjacent", "G2-item"),
        "As if one after another, but a scan may miss rows that came meanwhile.",
        ADYA,
        ("PL-2.99",),
    ),
    Model(
        "strong snapshot isolation",
        "transactions",
        ("strong session snapshot isolation",),
        ("G0-realtime", "G1c-realtime", "G-single-realtime", "G-nonadjacent-realtime"),
        "A snapshot holds all that had been committed when its transaction began.",
        DAUDJEE,
    ),
    Model(
        "strong session snapshot isolation",
        "transactions",
        ("snapshot isolation",),
        ("G0-process", "G1c-process", "G-single-process", "G-nonadjacent-process"),
        "A snapshot holds all that its own session had committed.",
        DAUDJEE,
    ),
    Model(
        "snapshot isolation",
        "transactions",
        ("parallel snapshot isolation",),
        ("G-nonadjacent", "G-nonadjacent-predicate"),
        "Each reads one snapshot; of two that write the same, only one commits.",
        "Berenson et al., A Critique of ANSI SQL Isolation Levels, 1995; Cerone and "
        "Gotsman, 2016",
        ("PL-SI",),
    ),
    Model(
        "parallel snapshot isolation",
        "transactions",
        ("consistent view", "transactional causal consistency"),
        (),
        "Snapshots, but two sites may see independent commits in different orders.",
        "Sovran et al., Transactional Storage for Geo-Replicated Systems, 2011",
    ),
    Model(
        "transactional causal consistency",
        "transactions",
        ("read atomic",),
        ("causality violation",),
        "Each sees whole transactions, and with one all that it was built on.",
        CERONE,
    ),
    Model(
        "consistent view",
        "transactions",
        ("cursor stability",),
        ("G-single", "G-single-predicate"),
        "What is read is of one moment, as far as a transaction can tell by itself.",
        ADYA,
        ("PL-2+",),
    ),
    Model(
        "read atomic",
        "transactions",
        ("monotonic atomic view",),
        ("fractured read", "internal"),
        "All of another transaction is seen, or nothing of it.",
        "Bailis et al., Scalable Atomic Visibility with RAMP Transactions, 2014",
    ),
    Model(
        "cursor stability",
        "transactions",
        ("read committed",),
        ("lost update",),
        "What was read and is then replaced was not replaced by another meanwhile.",
        ADYA,
        ("PL-CS",),
    ),
    Model(
        "monotonic atomic view",
        "transactions",
        ("read committed",),
        ("observed transaction vanishes",),
        "Once something of a transaction was seen, all of it is seen from then on.",
        BAILIS,
    ),
    Model(
        "read committed",
        "transactions",
        ("read uncommitted",),
        ("garbage read", "G1a", "dirty update", "G1b", "incompatible order", "G1c"),
        "What is read was committed, and was its writer's last word.",
        ADYA,
        ("PL-2",),
    ),
    Model(
        "read uncommitted",
        "transactions",
        (),
        ("duplicate elements", "cyclic version order", "G0"),
        "The writes of any two transactions are in one order, whatever the key.",
        ADYA,
        ("PL-1",),
    ),
)
SINGLE_OBJECTS = (
    Model(
        "linearizable",
        "single objects",
        (
            "sequentially consistent",
            "fork-linearizable",
            "regular",
            "consistent prefix",
        ),
        (),
        "Each operation happens at one moment between its call and its end.",
        "Herlihy and Wing, Linearizability, 1990",
        ("linearizability", "atomic"),
    ),
    Model(
        "sequentially consistent",
        "single objects",
        ("fork-sequential", "causally convergent"),
        (),
        "One order for all, which keeps that of each process; it may lag behind time.",
        "Lamport, How to Make a Multiprocessor Computer, 1979",
        ("sequential consistency", "sequential"),
    ),
    Model(
        "fork-linearizable",
        "single objects",
        ("fork-sequential", "fork*"),
        (),
        "A lying server may split its clients into worlds that never meet again.",
        "Mazières and Shasha, Building Secure File Systems out of Byzantine Storage, "
        "2002",
        ("fork consistency", "fork consistent"),
    ),
    Model(
        "fork-sequential",
        "single objects",
        ("causal memory",),
        (),
        "Worlds that never meet again, each sequentially consistent.",
        "Oprea and Reiter, On Consistency of Encrypted Files, 2006",
    ),
    Model(
        "fork*",
        "single objects",
        (),
        (),
        "Worlds that may share one more operation before each finds out.",
        "Li and Mazières, Beyond One-third Faulty Replicas, 2007",
    ),
    Model(
        "causal memory",
        "single objects",
        ("causally consistent", "PRAM"),
        (),
        "Each process sees all writes in an order of its own that keeps causes first.",
        "Ahamad et al., Causal Memory, 1995; " + BOUAJJANI,
        ("CM",),
    ),
    Model(
        "causally convergent",
        "single objects",
        ("causally consistent", "strong eventual consistency"),
        (),
        "Causes come first, and all agree how to order what nobody caused.",
        BOUAJJANI,
        ("CCv", "causal convergence", "causal+"),
    ),
    Model(
        "causally consistent",
        "single objects",
        (
            "read your writes",
            "monotonic reads",
            "monotonic writes",
            "writes follow reads",
        ),
        (),
        "Whoever sees something sees what it was caused by; the rest may come anyhow.",
        BOUAJJANI,
        ("CC", "causal consistency", "causal"),
    ),
    Model(
        "PRAM",
        "single objects",
        ("read your writes", "monotonic reads", "monotonic writes"),
        (),
        "The writes of one process are seen by all in the order in which it made them.",
        "Lipton and Sandberg, PRAM: A Scalable Shared Memory, 1988",
        ("FIFO", "pipelined RAM"),
    ),
    Model(
        "read your writes",
        "single objects",
        (),
        (),
        "A client that has written sees its write, or what replaced it.",
        TERRY,
        ("RYW",),
    ),
    Model(
        "monotonic reads",
        "single objects",
        (),
        (),
        "A client never sees less than it has seen.",
        TERRY,
        ("MR",),
    ),
    Model(
        "monotonic writes",
        "single objects",
        (),
        (),
        "Whoever sees a client's write sees its earlier ones.",
        TERRY,
        ("MW",),
    ),
    Model(
        "writes follow reads",
        "single objects",
        (),
        (),
        "Whoever sees a client's write sees what the client had read before.",
        TERRY,
        ("WFR",),
    ),
    Model(
        "consistent prefix",
        "single objects",
        (),
        (),
        "What is seen is all that was written up to some moment.",
        "Terry, Replicated Data Consistency Explained Through Baseball, 2013",
    ),
    Model(
        "regular",
        "single objects",
        ("safe",),
        (),
        "A read returns the last write that had ended, or one that is under way.",
        "Lamport, On Interprocess Communication, 1986",
    ),
    Model(
        "safe",
        "single objects",
        (),
        (),
        "A read during which nobody writes returns the last write.",
        "Lamport, On Interprocess Communication, 1986",
    ),
    Model(
        "strong eventual consistency",
        "single objects",
        ("eventual consistency",),
        (),
        "Replicas that have received the same updates are in the same state.",
        "Shapiro et al., Conflict-Free Replicated Data Types, 2011",
        ("SEC",),
    ),
    Model(
        "eventual consistency",
        "single objects",
        (),
        (),
        "When nobody writes any more, all replicas come to hold the same.",
        "Vogels, Eventually Consistent, 2008; " + VIOTTI,
        ("EC", "eventual"),
    ),
)
MODELS: tuple[Model, ...] = (*TRANSACTIONS, *SINGLE_OBJECTS)
_MODELS = {model.name: model for model in MODELS}
_ALIASES = {alias: model for model in MODELS for alias in model.aliases}
_PHENOMENA = {phenomenon.name: phenomenon for phenomenon in PHENOMENA}


def model(name: str) -> Model:
    """The model of this name, or of this other name that it goes by (`PL-3`).

    Raises `Misuse` for a name that no model has.
    """
    found = _MODELS.get(name) or _ALIASES.get(name)
    if found is None:
        hint = did_you_mean(name, [*_MODELS, *_ALIASES])
        raise Misuse(f"no model is called {name!r}.{hint} All of them: levels.MODELS.")
    return found


def sentence(phenomenon: str) -> str:
    """What a phenomenon is, in one sentence."""
    return _PHENOMENA[phenomenon].sentence


def weaker(name: str) -> tuple[str, ...]:
    """The models that this one implies, by way of others too, in their order."""
    reached = [model(name).name]
    for one in reached:  # which grows meanwhile
        reached += [other for other in _MODELS[one].implies if other not in reached]
    return tuple(other for other in _MODELS if other in reached[1:])


def stronger(name: str) -> tuple[str, ...]:
    """The models that imply this one, in their order."""
    this = model(name).name
    return tuple(other for other in _MODELS if this in weaker(other))


def forbidden(name: str) -> tuple[str, ...]:
    """The phenomena that no history of this model shows."""
    models = model(name).name, *weaker(name)
    direct = {anomaly for one in models for anomaly in _MODELS[one].forbids}
    return tuple(one for one in _PHENOMENA if direct & set(_general(one)))


def ruled_out(found: Iterable[str]) -> tuple[str, ...]:
    """The models that a history does not satisfy, by what was found in it.

    `found` names phenomena (`write skew`), or models that are broken (`linearizable`).
    Raises `Misuse` for a name that is neither.
    """
    broken: set[str] = set()
    for name in found:
        if name in _PHENOMENA:
            general = set(_general(name))
            broken |= {m.name for m in MODELS if general & set(m.forbids)}
        elif name in _MODELS or name in _ALIASES:
            broken.add(model(name).name)
        else:
            hint = did_you_mean(name, [*_PHENOMENA, *_MODELS])
            raise Misuse(f"neither a phenomenon nor a model is called {name!r}.{hint}")
    return tuple(m for m in _MODELS if m in broken or broken & set(weaker(m)))


def weakest_ruled_out(found: Iterable[str]) -> tuple[str, ...]:
    """Of the models that are ruled out, those that imply no other that is."""
    out = ruled_out(found)
    return tuple(name for name in out if not set(weaker(name)) & set(out))


def strongest_left(found: Iterable[str], kind: Kind | None = None) -> tuple[str, ...]:
    """Of the models that are not ruled out, those that no other one of them implies."""
    out = ruled_out(found)
    left = [m.name for m in MODELS if m.name not in out and kind in (None, m.kind)]
    return tuple(name for name in left if not set(stronger(name)) & set(left))


def _general(name: str) -> tuple[str, ...]:
    """A phenomenon, and those of which it is a form."""
    form_of = _PHENOMENA[name].form_of
    return (name,) if form_of is None else (name, *_general(form_of))
