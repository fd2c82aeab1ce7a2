"""An answer that lives in a child: what it is asked, what its replies are worth.

A reply is read as plain values, and nothing else of it counts. An answer has to be a
function of what it is given: so it is asked each thing once, and then, to see whether
that was right, some of them a second time, in another process.
"""

from __future__ import annotations

import inspect
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from distlab import codec
from distlab.errors import Misuse
from distlab.events import (
    Event,
    Message,
    Signed,
    mint,
)
from distlab.grade.child import Child, Raised
from distlab.grade.collect import Sheet, Statement
from distlab.grade.examine import Stopped
from distlab.grade.exercise import Function, Method
from distlab.grade.fence import USUAL, Limits
from distlab.grade.library import Library
from distlab.history import History
from distlab.trace import Trace

AGAIN_MAX = 100  # requests that are made again: of those, 3 in 100 are found out by 95


class Remote:
    """The answer of one exercise, in a child that is started anew after a stop."""

    def __init__(
        self,
        library: Library,
        sheet: Sheet,
        answer: Method | Function,
        limits: Limits = USUAL,
        hash_seed: int = 0,
    ):
        self.library, self.limits, self.hash_seed = library, limits, hash_seed
        self.loading = load_request(sheet, answer)
        self.loaded: dict[str, Any] = {}
        self.holds: tuple[str, ...] = ()
        self.replies: dict[str, dict[str, Any]] = {}  # by what was asked
        self.child_s = 0.0  # how long the child has been at work
        self.check_since_s = time.monotonic()
        self.signed: set[str] = set()
        self._child: Child | None = None

    def started(self) -> Child:
        """The child; a new one, that has read the sheet, if there is none."""
        if self._child is None:
            child = Child(self.library, self.limits, self.hash_seed)
            self.holds = child.holds
            try:
                self.loaded = child.ask(json.dumps({"do": "load", **self.loading}))
            except BaseException:
                child.close()
                raise
            self._child = child
        return self._child

    def open(self) -> dict[str, Any]:
        """What a child said when it read the sheet."""
        self.started()
        return self.loaded

    def rest(self) -> None:
        """Between two claims: each has all the time, and what it needs of a child's."""
        self.check_since_s = time.monotonic()
        if self.child_s > self.limits.processor_s / 4:
            self.close()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """The reply to a request; the errors are those of `Child.ask`.

        The time that a check takes here counts too: an answer can make others busy.
        """
        if time.monotonic() - self.check_since_s > self.limits.check_s:
            raise Stopped(
                f"The answer took more than {self.limits.check_s:g} s in all for this "
                f"check."
            )
        text = json.dumps({"do": do, **request})
        if text not in self.replies:
            self.replies[text] = self.ask_child(text)
        return self.replies[text]

    def ask_child(self, text: str) -> dict[str, Any]:
        """The same, from the child; after a stop there will be another one."""
        child, since_s = self.started(), time.monotonic()
        try:
            return child.ask(text)
        except Stopped:
            self.close()
            raise
        finally:
            self.child_s += time.monotonic() - since_s

    def close(self) -> None:
        """End the child; the next request goes to a new one."""
        if self._child is not None:
            self._child.close()
        self._child, self.child_s = None, 0.0

    def differs_from(self, twin: Remote) -> str | None:
        """What a twin, asked in another order, answers otherwise; or None.

        A function of what it is given answers the same at any time, in any process.
        """
        asked = list(self.replies.items())
        sample = random.Random(len(asked)).sample
        for text, first in sample(asked, min(len(asked), AGAIN_MAX)):
            twin.rest()
            try:
                second = twin.ask_child(text)
            except (Raised, NotImplementedError) as raised:
                second = {"raised": str(raised)}
            if not alike(second, first):
                return difference(json.loads(text), first, second)
        return None

    # ------------------------------------------------------------ values from the child
    def value(self, text: Any, signer: str = "") -> Any:
        """What the child wrote, as a plain value. Raises `Raised` where it is none."""
        if not isinstance(text, str):
            raise Raised("The answer was not written as the course writes values.")

        def sign(who: str, msg: Message) -> Signed:
            signed = mint(who, msg)
            if who != signer and codec.to_json(signed) not in self.signed:
                raise Misuse(f"a signature of {who!r} that it has never seen")
            return self.remember(who, msg)

        try:
            most = self.limits.answer_bytes
            return codec.from_json(text, size_max=most, sign=sign)
        except Misuse as why:
            raise Raised(f"What came cannot be read: {why}") from None

    def remember(self, who: str, msg: Message) -> Signed:
        """Note that this signature exists, so that it may be passed on."""
        signed = mint(who, msg)
        self.signed.add(codec.to_json(signed))
        return signed

    def written(self, event: Event) -> str:
        """An event as text; the signatures in it are known from now on."""
        text = codec.to_json(event)
        if '"signer":' in text:
            codec.from_json(text, sign=self.remember)
        return text


def load_request(sheet: Sheet, answer: Method | Function) -> dict[str, Any]:
    """What a child needs to make the answer of the sheet."""
    request: dict[str, Any] = {
        "name": answer.name,
        "statements": [[*placed(s), s.names] for s in sheet.statements],
        "base": None,
        "source": None,
        "asked": None,
        "ours": [],
    }
    if isinstance(answer, Method):
        base, module = answer.base, answer.base.__module__
        request["base"] = f"{module}:{base.__qualname__}"
        request["asked"] = answer.asked
        request["classes"] = [placed(s) for s in sheet.lineage(answer.name)]
        if not in_library(module):
            request["source"] = inspect.getsource(sys.modules[module])
    else:
        request["ours"] = [[f.__module__, f.__qualname__] for f in answer.ours]
    return request


def placed(statement: Statement) -> tuple[str, int, str]:
    """A statement as text, and where it stands."""
    return statement.cell, statement.line, statement.text


def in_library(module: str) -> bool:
    """Whether a child finds this module in its copy of the library."""
    return module.startswith("distlab.") and not module.startswith("distlab.grade.")


def left_out(sheet: Sheet, answer: Method | Function) -> list[str]:
    """What the learner's class redefines and was not asked for."""
    if isinstance(answer, Function) or answer.asked is None:
        return []
    return [
        f"`{name}` of `{answer.name}` was not asked for and is left as "
        f"{answer.base.__name__} has it."
        for name in sheet.methods(answer.name)
        if name not in answer.asked and hasattr(answer.base, name)
    ]


def alike(first: Any, second: Any) -> bool:
    """Whether two replies say the same; the order of a dict's keys says nothing."""
    if first == second:
        return True
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(
            alike(first[key], second[key]) for key in first
        )
    try:
        return bool(codec.from_json(first) == codec.from_json(second))
    except (Misuse, TypeError):
        return False


def difference(request: dict, first: dict, second: dict) -> str:
    """In a sentence: what was asked, what came at first, what came later."""
    asked = request.get("event", request.get("args"))
    told = [
        str(reply.get("effects", reply.get("result", reply.get("raised", reply))))
        for reply in (first, second)
    ]
    if told[0] == told[1]:
        told = [str(reply.get("state")) for reply in (first, second)]
    return f"asked {asked}, it answered {told[0]} at first and {told[1]} later"


# --------------------------------------------------------------------------- a function
def remote_function(remote: Remote) -> Callable[..., Any]:
    """A function whose calls are made in the child."""

    def call(*args: Any) -> Any:
        reply = remote.ask("call", args=[argument(value) for value in args])
        return remote.value(reply.get("result"))

    return call


def argument(value: Any) -> tuple[str, str]:
    """An argument as text, and how it is to be read."""
    if isinstance(value, History):
        return "history", value.to_jsonl()
    if isinstance(value, Trace):
        return "trace", value.to_jsonl()
    return "value", codec.to_json(value)
