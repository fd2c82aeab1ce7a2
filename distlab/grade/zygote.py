"""A process that has imported the library once and becomes a child whenever asked.

It never reads an answer: each child is a fork of it with a pipe of its own, and puts
the fence up around itself before it reads the first line of one. One request a line:

    fork         with a pipe  →  the number of the process that answers there
    end 123 0.5  →  with which code it ended, or `killed` if it had not after half a
                    second; what it has started is killed in any case

A child stays in the system's table until it is asked for here, so that its number
belongs to nobody else meanwhile.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress

from distlab.grade import fence, server


def main() -> None:
    """Import what answers need, then do what is asked for until nobody can ask."""
    control = socket.socket(fileno=int(sys.argv[2]))
    fence.hide()
    readable = tuple(json.loads(sys.argv[3]))
    fence.rules_for_files(readable)
    for name in sys.argv[4:]:
        importlib.import_module(name)
    gc.freeze()  # so that a child's collector leaves the pages that it shares alone
    control.sendall(b"ready\n")
    while True:
        request, pipes, *_ = socket.recv_fds(control, 100, 1)
        match request.split():
            case [b"fork"]:
                told = become_two(control, pipes[0], readable)
            case [b"end", number, patience_s]:
                told = end(int(number), float(patience_s))
            case _:
                return
        control.sendall(told.encode() + b"\n")


def become_two(control: socket.socket, pipe: int, readable: tuple[str, ...]) -> str:
    """Fork: the child answers on the pipe and never returns; its number."""
    number = os.fork()
    if number == 0:
        code = 1
        try:
            control.close()
            os.setsid()
            server.serve(pipe, readable)
            code = 0
        except BaseException:
            traceback.print_exc()  # for whoever cannot put up a fence
        finally:
            os._exit(code)
    os.close(pipe)
    return str(number)


def end(number: int, patience_s: float) -> str:
    """End a child and its group: its exit code, or `killed` if it had none yet."""
    until_s = time.monotonic() + patience_s
    while not (found := os.waitpid(number, os.WNOHANG))[0]:
        if time.monotonic() >= until_s:
            break
        time.sleep(0.001)
    for kill in (os.killpg, os.kill) if found[0] == 0 else (os.killpg,):
        with suppress(ProcessLookupError, PermissionError):
            kill(number, signal.SIGKILL)
    if found[0] == 0:
        os.waitpid(number, 0)
        return "killed"
    return str(os.waitstatus_to_exitcode(found[1]))
