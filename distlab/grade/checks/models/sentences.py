"""Exercise 3.5: sentences that people write, and the histories that refute some."""

from __future__ import annotations

from typing import Any, NamedTuple

from distlab.check import sessions
from distlab.errors import Misuse
from distlab.grade.checks.models.conditions import (
    OTHER,
    Condition,
    by_key,
    converges,
    fresh_soon,
    is_,
    one_by_one,
    reads,
    same_at_once,
)
from distlab.grade.checks.models.goals import verdict
from distlab.grade.checks.models.notation import either
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    kept,
    partly,
)
from distlab.history import History

RIGHT = "right"
EXHIBITS = {
    "E1": """
        c1 0-1     x=1
        c2 0-1     x=2
        c3 2-3     x?1
        c4 2-3     x?2
        c5 2-3     x?1
        c3 4-5     x?2
        c4 4-5     x?1
        c5 4-5     x?2
        """,
    "E2": """
        c1 0-9     x=1
        c2 1-4     x?1
        c3 2-5     x?-
        """,
    "E3": """
        c1 0-1     x=1
        c2 80-81   x?-
        c2 100-101 x?1
        c3 100-101 x?1
        """,
    "E4": """
        c1 0-4     x?- y=1
        c2 0-4     y?- z=1
        c3 0-4     z?- x=1
        """,
    "E5": """
        c1 0-3     x=1 y=1 z=1
        c2 4-7     x?- y?- z?-
        """,
    "E6": """
        c1 0-6     x?- y=1 x=1
        c2 0-6     x?- z=1 x=2
        """,
    "E7": """
        c1 0-1     x=1
        c1 2-3     z?-
        c2 0-1     y=1
        c2 2-3     x?-
        c3 0-1     z=1
        c3 2-3     y?-
        """,
    "E8": """
        c1 0-1     x=1
        c1 2-3     x=2
        c2 4-5     x?2
        c2 6-7     x?1
        """,
    "E9": """
        c1 0-?     x=1
        c2 1-2     x?-
        c2 50-51   x?1
        """,
}


class Sentence(NamedTuple):
    """What people write: that each history of this kind is of that kind."""

    text: str
    premise: Condition
    conclusion: Condition
    thought: str  # what to think of

    def refuted_by(self, ops: History) -> str:
        """Nothing, if this history refutes the sentence; or why it does not."""
        why = self.premise.missed(ops)
        if why:
            return f"{why} So the sentence says nothing about it."
        why = self.conclusion.missed(ops)
        if why == OTHER:
            return why
        return "" if why else "There it is as the sentence says."


SENTENCES = {
    1: Sentence(
        "Eventual consistency: reads are stale for 5 ms or so, and no longer.",
        Condition(converges, "It does not come to agree."),
        Condition(fresh_soon, "Somebody read too late what was too old."),
        "“Eventually” names no time.",
    ),
    2: Sentence(
        "Linearizable: everybody sees the same data at the same moment.",
        is_("linearizable"),
        Condition(same_at_once, "Two read at once and saw different things."),
        "What overlaps may come before or after.",
    ),
    3: Sentence(
        "What is linearizable is sequentially consistent.",
        is_("linearizable"),
        is_("sequentially consistent"),
        "Whoever keeps to the clock keeps each process's order, too.",
    ),
    4: Sentence(
        "Snapshot isolation: as good as serializable.",
        is_("snapshot isolation"),
        is_("serializable"),
        "Two snapshots of one moment, and each writes what the other has read.",
    ),
    5: Sentence(
        "After a commit, a serializable database shows what was committed.",
        is_("serializable"),
        is_("strict serializable"),
        "As if in some order: who says that it is that of the clock?",
    ),
    6: Sentence(
        "If each read and write is linearizable, transactions made of them are "
        "serializable.",
        Condition(
            lambda ops: verdict(one_by_one(ops), "linearizable"),
            "Its reads and writes, one by one, are not linearizable.",
        ),
        is_("serializable"),
        "Each operation happens at a moment; a transaction is several of them.",
    ),
    7: Sentence(
        "If each key is sequentially consistent, so is the store.",
        Condition(
            by_key("sequentially consistent"), "A key by itself is not even that."
        ),
        is_("sequentially consistent"),
        "Each key has an order: do these fit together?",
    ),
    8: Sentence(
        "If each key is linearizable, so is the store.",
        Condition(by_key("linearizable"), "A key by itself is not even that."),
        is_("linearizable"),
        "The clock is the same for all keys: orders that keep to it fit together.",
    ),
    9: Sentence(
        "In causal memory all see the writes in the same order.",
        is_("causal memory"),
        Condition(
            lambda ops: verdict(ops, "sequentially consistent"),
            "No one order of the writes explains what each of them saw.",
        ),
        "Only causes come first. What of two writes of which neither caused the other?",
    ),
    10: Sentence(
        "Whoever reads their own writes never reads backwards.",
        Condition(
            lambda ops: not sessions.read_your_writes(ops).invalid,
            "Somebody does not read their own write.",
        ),
        Condition(
            lambda ops: not sessions.monotonic_reads(ops).invalid,
            "Somebody reads new, then old.",
        ),
        "What of a client that writes nothing?",
    ),
    11: Sentence(
        "A write that timed out and is not there a moment later has not happened, in a "
        "linearizable store.",
        is_("linearizable"),
        Condition(
            lambda ops: (
                not any(
                    (*read.args, read.result) == write.args
                    for write in ops.where("write", outcome="info")
                    for read in reads(ops)
                )
            ),
            "A write of which nobody knew was read later.",
        ),
        "What is under way may take effect at any later time.",
    ),
    12: Sentence(
        "What is strict serializable is snapshot isolation, too.",
        is_("strict serializable"),
        is_("snapshot isolation"),
        "On the map there is a way down from one to the other.",
    ),
}
FALSE = (1, 2, 4, 5, 6, 7, 9, 10, 11)

sentences = Exercise(
    "3.5",
    "What people write",
    "03_consistency_models",
    Literal("SENTENCES", stub=dict.fromkeys(SENTENCES)),
)


def answers(answer: Any) -> dict[int, str]:
    """What was said of each sentence. Raises `Misuse` for what cannot be meant."""
    if not isinstance(answer, dict) or set(answer) != set(SENTENCES):
        raise Misuse("SENTENCES has an answer for each number: leave the numbers.")
    for number, said in answer.items():
        if said not in (None, RIGHT, *EXHIBITS):
            names = ", ".join(EXHIBITS)
            raise Misuse(
                f"{number}: {said!r} is no answer: write 'right', None, or the history "
                f"that refutes it, one of {names}."
            )
    return {number: said for number, said in answer.items() if said is not None}


def refutes(number: int, exhibit: str) -> str:
    """Nothing, if this history refutes this sentence; or why it does not."""
    return SENTENCES[number].refuted_by(either(EXHIBITS[exhibit]))


# ---------------------------------------------------------------------- what is claimed
@sentences.claim(
    "each false sentence is refuted, by a history", points=6, public=1, hidden=0
)
def refuted(answer: Any, case: Case) -> Outcome:
    """A history that does not refute its sentence costs what one that does earns."""
    said = answers(answer)
    accused = {n: e for n, e in said.items() if e != RIGHT}
    vain = {n: why for n, e in accused.items() if (why := refutes(n, e))}
    found = len(accused) - len(vain)
    came = f"{found} of {len(FALSE)} are refuted, {len(vain)} in vain"
    share = (found - len(vain)) / len(FALSE)
    if vain:
        number = min(vain)
        shown = either(EXHIBITS[accused[number]])
        came += f". {number} by {accused[number]}: {vain[number]}"
        return partly(share, came, shown, advice=SENTENCES[number].thought)
    if found == len(FALSE):
        return kept(came)
    wrong = [n for n in FALSE if n not in accused]
    return partly(share, came, advice=SENTENCES[wrong[0]].thought)


@sentences.claim("each true sentence stands", points=1, public=1, hidden=0)
def stands(answer: Any, case: Case) -> Outcome:
    """It earns nothing to call everything right."""
    said = answers(answer)
    true = [number for number in SENTENCES if number not in FALSE]
    right = [n for n, a in said.items() if a == RIGHT]
    believed = [n for n in right if n in FALSE]
    if believed:
        came = f"sentence {believed[0]} is called right, and one of these refutes it"
        return broken(came, advice=SENTENCES[believed[0]].thought)
    if all(number in right for number in true):
        return kept(f"{len(true)} sentences are true")
    count = sum(number in right for number in true)
    missing = next(number for number in true if number not in right)
    came = f"{count} of {len(true)} are called right"
    return partly(count / len(true), came, advice=SENTENCES[missing].thought)
