"""The process in which an answer runs: a server of functions that keeps nothing.

One request a line, a number and JSON; one reply a line, as JSON. What they are about
(states, events, effects, arguments, results) is text of `distlab.codec` inside:

    load   what a sheet defines, and what to take of it       →  the fields of the class
    step   a node, its state, an event, choices, the clock    →  the new state, effects
    call   arguments                                          →  the result

Every request says all that its reply may depend on, so that the same request has the
same reply at any time, in any process; the parent tries whether that is so. This file
is trusted until `load`, and not at all after it: the parent believes nothing but the
form of a reply.
"""

from __future__ import annotations

import ast
import errno
import importlib
import json
import os
import re
import sys
import traceback
import types
from collections.abc import Callable, Iterable
from typing import Any

from distlab import codec
from distlab.events import ChoiceNeeded
from distlab.grade import fence
from distlab.history import History
from distlab.node import Node
from distlab.trace import Trace

SHEET = "sheet"  # the module that holds what the learner wrote
PRISTINE = "pristine base"  # not a name that anybody can write


def serve(pipe: int, readable: Iterable[str]) -> None:
    """Put the fence up, then answer requests until there are no more."""
    requests, replies = os.fdopen(pipe, "rb"), os.fdopen(os.dup(pipe), "wb")
    limits = fence.Limits(*json.loads(requests.readline()))
    holds = fence.put_up(limits, readable)
    os.dup2(1, 2)  # what is printed goes nowhere, as the parent has arranged
    server = Server(limits)
    reply: dict[str, Any] = {"holds": holds}
    while True:
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()
        line = requests.readline()
        if not line:
            return
        number, _, request = line.partition(b" ")
        reply = {"n": int(number), **server.reply(json.loads(request))}


class Server:
    """What has been loaded, and the answers to requests about it."""

    def __init__(self, limits: fence.Limits = fence.USUAL) -> None:
        self.limits = limits
        self.answer: Any = None
        self.twins: dict[str, Node] = {}

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request; whatever the answer raises is part of it."""
        doors = {"load": self.load, "step": self.step, "call": self.call}
        try:
            return doors[request["do"]](request)
        except NotImplementedError as hole:
            return {"hole": said(hole) or "not written yet"}
        except MemoryError:
            return {"raised": TOO_MUCH_MEMORY.format(self.limits.memory_mb)}
        except BaseException as raised:
            return {"raised": told(raised)}

    def load(self, request: dict[str, Any]) -> dict[str, Any]:
        """Define what the sheet defines, and make the answer of it."""
        base = pristine(request["base"], request["source"], request["asked"])
        for module, name in request["ours"]:
            take_away(getattr(importlib.import_module(module), name))
        scope = vars(sys.modules.setdefault(SHEET, types.ModuleType(SHEET)))
        wrong = define(scope, request["statements"])
        if base is None:
            self.answer = scope.get(request["name"])
            if not callable(self.answer):
                raise NameError(wrong.get(request["name"], "it is not a function"))
            return {"wrong": wrong}
        self.answer = cls = base
        for cell, line, text in request["classes"]:
            definition: Any = ast.parse(at_line(line, text), cell).body[0]
            cls = put_onto(cls, kept(definition, base, request["asked"]), cell, scope)
        self.answer = cls
        new = [[n, how.kind] for n, how in cls._fields.items() if n not in base._fields]
        return {"wrong": wrong, "new": new, "state": changed(cls("node"), {})}

    def step(self, request: dict[str, Any]) -> dict[str, Any]:
        """One step of one node, whose state comes and goes with it."""
        state, twin = request["state"], self.twins.pop(request["node"], None)
        if twin is None:
            id, nodes, settings = codec.from_json(request["node"])
            twin = self.answer(id, nodes, **settings)
        twin.load(opened(state))
        event, choices = read(request["event"]), codec.from_json(request["choices"])
        try:
            effects = twin.step(event, choices, request["now"])
        except ChoiceNeeded as asked:
            return {"choose": [asked.k, codec.to_json(asked.options)]}
        self.twins[request["node"]] = twin  # one that raised may be spoilt
        return {"effects": codec.to_json(effects), "state": changed(twin, state)}

    def call(self, request: dict[str, Any]) -> dict[str, Any]:
        """Call the function."""
        args = (READ[kind](text) for kind, text in request["args"])
        return {"result": codec.to_json(self.answer(*args))}


# What an argument may be, and how it is read.
READ: dict[str, Callable[[str], Any]] = {
    "value": codec.from_json,
    "history": History.from_jsonl,
    "trace": Trace.from_jsonl,
}


# ------------------------------------------------------------------ states on the wire
# A list, set or dict inside a tuple: `load` does not copy it, so it may be changed.
CHANGEABLE = re.compile(r'\[.*\{"(?!\$":|\$(?:log|frozenset|enum|bytes|float|class)")')
KNOWN_MAX = 5_000
KNOWN: dict[str, Any] = {}  # what was read before; most of a state stays as it was


def read(text: str) -> Any:
    """The value that a text of the codec stands for, made once if it cannot change."""
    if text in KNOWN:
        return KNOWN[text]
    value = codec.from_json(text)
    if not CHANGEABLE.search(text):
        if len(KNOWN) == KNOWN_MAX:
            KNOWN.clear()
        KNOWN[text] = value
    return value


def opened(state: dict[str, Any]) -> dict[str, Any]:
    """The state that the parent sealed, field by field; a part's is a dict again."""
    return {
        name: opened(text) if type(text) is dict else read(text)
        for name, text in state.items()
    }


def changed(node: Node, before: dict[str, Any]) -> dict[str, Any]:
    """The fields of a node, as text, that are no longer as in `before`."""
    state: dict[str, Any] = {}
    for name in node.of_kind("durable", "volatile", "ghost"):
        value, was = getattr(node, name), before.get(name)
        if name != "operation" and (was not in KNOWN or KNOWN[was] is not value):
            text = codec.to_json(value)
            if text != was:
                state[name] = text
    for name in node.of_kind("part"):
        state[name] = changed(getattr(node, name), before.get(name, {}))
    return state


# -------------------------------------------------------------- from sources to classes
def pristine(where: str | None, source: str | None, asked: list[str] | None) -> Any:
    """The class `module:Class` that the exercise is about, if it is about one.

    Its module comes with the request where it is not part of the library. The methods
    that are asked for are taken away.
    """
    if where is None:
        return None
    module, _, name = where.partition(":")
    if source is not None:
        sys.modules[module] = made = types.ModuleType(module)
        exec(compile(source, module, "exec"), vars(made))
    cls = getattr(importlib.import_module(module), name)
    for method in asked or ():
        if method in vars(cls):  # the library's own answer is no answer
            setattr(cls, method, hole(f"`{method}` of {name} is what is asked for"))
    return cls


def take_away(function: Any) -> None:
    """Empty a function of the library, whoever has imported it under whatever name."""
    sentence = f"`{function.__name__}` of the library is what is asked for"
    emptied = f"def unwritten(*given, **named): raise NotImplementedError({sentence!r})"
    scope: dict[str, Any] = {}
    exec(emptied, scope)
    function.__code__ = scope["unwritten"].__code__


def hole(sentence: str) -> Callable[..., Any]:
    """A method that is still to be written."""

    def unwritten(*given: Any, **named: Any) -> Any:
        raise NotImplementedError(sentence)

    return unwritten


def at_line(line: int, text: str) -> str:
    """The text, so that what is said of its lines is right in its cell."""
    return "\n" * (line - 1) + text


def define(scope: dict[str, Any], statements: list[list[Any]]) -> dict[str, str]:
    """Execute the statements in order; what fails is tried again after the others.

    So cells may come back in another order. Returns each name that could not be
    defined, and why.
    """
    wrong: dict[str, str] = {}
    waiting = statements
    while waiting:
        failed, wrong = [], {}
        for cell, line, text, names in waiting:
            try:
                exec(compile(at_line(line, text), cell, "exec"), scope)
            except BaseException as raised:
                if not all(name in scope for name in names):
                    failed.append([cell, line, text, names])
                    wrong.update(dict.fromkeys(names, told(raised)))
        if len(failed) == len(waiting):
            break
        waiting = failed
    return wrong


def kept(cls: ast.ClassDef, base: type, asked: list[str] | None) -> ast.ClassDef:
    """The class with what was asked for and what is new; the rest stays pristine."""
    body = [
        statement
        for statement in cls.body
        if (names := defined_by(statement))
        and (asked is None or all(n in asked or not hasattr(base, n) for n in names))
    ]
    base_class: list[ast.expr] = [ast.Name(PRISTINE, ast.Load())]
    return ast.ClassDef(cls.name, base_class, [], body or [ast.Pass()], [])


def defined_by(statement: ast.stmt) -> list[str]:
    """The names that a statement of a class body defines."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [t.id for t in targets if isinstance(t, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def put_onto(base: type, definition: ast.ClassDef, cell: str, scope: dict) -> Any:
    """Make a class with this body and this base."""
    tree = ast.fix_missing_locations(ast.Module([definition], []))
    scope[PRISTINE] = base
    exec(compile(tree, cell, "exec"), scope)
    return scope[definition.name]


# ---------------------------------------------------------- what an exception is called
TOO_MUCH_MEMORY = "it needs more memory than the {} MB that a check may use"
REFUSED = {
    errno.EMFILE: "it opens more files than a check may",
    errno.EFBIG: "it writes to a file, and a check may write none",
    errno.EPERM: "a check may only compute",
    errno.EACCES: "a check may read the library, and no other file",
}


def told(raised: BaseException) -> str:
    """Its kind, its message, which limit it ran into, and where in the sheet."""
    number = raised.errno if isinstance(raised, OSError) else None
    limit = f"; {REFUSED[number]}" if number in REFUSED else ""
    return f"{type(raised).__name__}: {said(raised)}{limit}{place_of(raised)}"


def said(raised: BaseException) -> str:
    """Its message, whatever it does when it is printed."""
    try:
        return str(raised)[:500]
    except BaseException:
        return "it cannot be printed"


def place_of(raised: BaseException) -> str:
    """Where in the sheet it was raised."""
    frames = traceback.walk_tb(raised.__traceback__)
    places = [(frame.f_code.co_filename, line) for frame, line in frames]
    inside = [f" ({cell}, line {line})" for cell, line in places if " cell " in cell]
    return inside[-1] if inside else ""
