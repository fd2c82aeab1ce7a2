"""A clean process for somebody else's code: given nothing, limited, believed nothing.

The parent keeps the tests, the seeds, the simulator and the verdict. The child gets
an empty folder, an environment of three variables, a copy of the library without
solutions and checks, and one pipe. It puts up the fence (`distlab.grade.fence`) before
it reads the answer, and is killed with all that it started when it is late, loud or
malformed.
"""

from __future__ import annotations

import json
import select
import signal
import socket
import struct
from typing import Any, Self

from distlab.errors import DistlabError
from distlab.grade.examine import Stopped, Unjudgeable
from distlab.grade.fence import Limits
from distlab.grade.library import Library

HINTS = {
    signal.SIGSEGV: "memory or the stack ran out",
    signal.SIGABRT: "memory ran out",
    signal.SIGKILL: "memory or processor time ran out",
}
PATIENCE_S = 1.0  # for a process that has closed its pipe to end


class Raised(DistlabError):
    """The answer raised an exception: its sentence, and where in the sheet."""


class Child:
    """One process that answers requests, until it is closed or breaks a rule."""

    def __init__(self, library: Library, limits: Limits, hash_seed: int = 0):
        self.limits = limits
        self._waiting = b""
        self._received = 0
        self._count = 0
        self._server = library.fork_server(hash_seed)
        self.number, self._pipe = self._server.fork()
        waits = struct.pack("ll", int(limits.wall_s), int(limits.wall_s % 1 * 1e6))
        for way in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # no `poll` before each
            self._pipe.setsockopt(socket.SOL_SOCKET, way, waits)
        try:
            self._send(json.dumps(limits))
            self.holds = tuple(map(str, self._receive()["holds"]))
        except Stopped as why:
            told = self._server.complaints()
            raise Unjudgeable(
                f"no process for answers can be started: {why} {told}"
            ) from why

    def ask(self, request: str) -> dict[str, Any]:
        """The reply to one request, which is a line of JSON.

        Raises `Raised` for an exception of the answer, `NotImplementedError` for a hole
        in the sheet, `Stopped` where a limit or the form of a reply is broken.
        """
        self._count += 1
        if self._waiting or self._readable():
            raise self._stop("spoke when nothing was asked")
        self._send(f"{self._count} {request}")
        reply = self._receive()
        if reply.pop("n", None) != self._count:
            raise self._stop("sent a reply to something else")
        return checked(reply)

    def _send(self, line: str) -> None:
        try:
            self._pipe.sendall(line.encode() + b"\n")
        except BlockingIOError:
            raise self._stop(f"did not listen for {self.limits.wall_s:g} s") from None
        except OSError:
            raise self._stop(self._how_it_ended()) from None

    def _receive(self) -> dict[str, Any]:
        """The next line. At most so many bytes, and not forever."""
        data = self._waiting
        while b"\n" not in data:
            if len(data) > self.limits.answer_bytes:
                raise self._stop(f"answered more than {self.limits.answer_bytes} bytes")
            try:
                more = self._pipe.recv(1 << 16)
            except BlockingIOError:
                raise self._stop(
                    f"gave no answer for {self.limits.wall_s:g} s"
                ) from None
            except OSError:
                more = b""
            if not more:
                raise self._stop(self._how_it_ended())
            data += more
            self._received += len(more)
        if self._received > self.limits.all_bytes:
            raise self._stop(f"answered more than {self.limits.all_bytes} bytes in all")
        line, _, self._waiting = data.partition(b"\n")
        try:
            reply = json.loads(line.decode())
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise self._stop("sent something that is not a reply")
        return reply

    def _readable(self) -> bool:
        return bool(select.select([self._pipe], [], [], 0)[0])

    def _how_it_ended(self) -> str:
        """Why there is nobody at the other end."""
        code = self._end(PATIENCE_S)
        if code is None:
            return "closed its pipe"
        if code == -signal.SIGXCPU:
            return f"used more than {self.limits.processor_s} s of processor time"
        if code < 0:
            ended = signal.Signals(-code)
            return f"was ended by {ended.name}: {HINTS.get(ended, '')}"
        return f"ended its own process with exit code {code}"

    def _stop(self, why: str) -> Stopped:
        self.close()
        return Stopped(f"The answer {why.rstrip(': ')}.")

    def close(self) -> None:
        """End the process, and all that it started."""
        if self._pipe.fileno() >= 0:
            self._end(patience_s=0)

    def _end(self, patience_s: float) -> int | None:
        """The same; the exit code, if the process ends by itself in this time."""
        self._pipe.close()
        return self._server.end(self.number, patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def checked(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply, unless it says that the answer raised or is not written yet."""
    if "hole" in reply:
        raise NotImplementedError(str(reply["hole"])[:500])
    if "raised" in reply:
        raise Raised(str(reply["raised"])[:1000])
    return reply
