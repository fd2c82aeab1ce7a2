"""A clean process for somebody else's code: given nothing, limited, believed nothing.

The parent keeps the tests, the seeds, the simulator and the verdict. The child gets
an empty folder, an environment of three variables, a copy of the library without
solutions and checks, and one pipe. It puts up the fence (`distlab.grade.fence`) before
it reads the answer, and is killed with all that it started when it is late, loud or
malformed.
"""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import distlab
from distlab.errors import DistlabError, Misuse
from distlab.grade.examine import Stopped, Unjudgeable
from distlab.grade.fence import Limits

# The judges of the library are left out too: an answer may not ask them.
UNNEEDED = ("check", "grade", "show", "serve", "*.js", "*.css")
PARTS_OF_GRADE = ("__init__.py", "fence.py", "server.py")  # what a child needs of it
START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from distlab.grade import server; server.main()"
)
FLAGS = "-P -s -S -B -c".split()  # no folder but ours and the standard library's
# One thread for libraries that compute: the fence allows no more.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
HINTS = {
    signal.SIGSEGV: "memory or the stack ran out",
    signal.SIGABRT: "memory ran out",
    signal.SIGKILL: "memory or processor time ran out",
}


class Raised(DistlabError):
    """The answer raised an exception: its sentence, and where in the sheet."""


class Library:
    """A copy of the library for children to import: no checks, solutions or tests."""

    def __init__(self) -> None:
        if os.name != "posix":
            raise Misuse(
                "marks need Linux or macOS, which can limit a process: use the Windows "
                "Subsystem for Linux, or a container."
            )
        self._folder = tempfile.TemporaryDirectory(prefix="distlab-")
        self.path = Path(self._folder.name) / "library"
        self.empty = Path(self._folder.name) / "empty"
        self.empty.mkdir()
        source = Path(distlab.__file__).parent
        unneeded = shutil.ignore_patterns(*UNNEEDED)
        shutil.copytree(source, self.path / "distlab", ignore=unneeded)
        (self.path / "distlab/grade").mkdir()
        for name in PARTS_OF_GRADE:
            shutil.copy2(source / "grade" / name, self.path / "distlab/grade" / name)
        compileall.compile_dir(self.path, quiet=2)
        self.readable = [str(self.path), *standard_library(), *self._numpy()]

    def _numpy(self) -> list[str]:
        """Put numpy beside the library, if it is installed: some chapters compute."""
        spec = importlib.util.find_spec("numpy")
        if spec is None or spec.origin is None:
            return []
        found = Path(spec.origin).parent
        places = [found, found.with_name("numpy.libs")]
        for place in places:
            (self.path / place.name).symlink_to(place)
        return [str(place) for place in places]

    def close(self) -> None:
        """Remove the copy."""
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def standard_library() -> list[str]:
    """Where Python's own modules and the system's shared libraries are.

    Without `site-packages`, which may hold the course itself.
    """
    folders = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    inside = [
        str(entry)
        for folder in sorted(folders)
        for entry in sorted(Path(folder).iterdir())
        if entry.name not in ("site-packages", "dist-packages")
    ]
    own = Path(sysconfig.get_config_var("LIBDIR") or "/lib").glob("libpython*")
    shared = [*Path("/lib").glob("*-linux-*"), *Path("/lib64").glob("*.so*"), *own]
    return [*inside, *map(str, shared)]


class Child:
    """One process that answers requests, until it is closed or breaks a rule."""

    def __init__(self, library: Library, limits: Limits, hash_seed: int = 0):
        self.limits = limits
        self._waiting = b""
        self._received = 0
        self._count = 0
        ours, theirs = socket.socketpair()
        self._pipe = ours
        ours.settimeout(limits.wall_s)
        with theirs, tempfile.TemporaryFile() as complaints:
            number = theirs.fileno()
            self._process = subprocess.Popen(
                [sys.executable, *FLAGS, START, str(library.path), str(number)],
                cwd=library.empty,
                env={**ENVIRONMENT, "PYTHONHASHSEED": str(hash_seed)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=(number,),
                start_new_session=True,
            )
            theirs.close()
            try:
                setup = {"limits": list(limits), "readable": library.readable}
                self._send(setup)
                self.holds = tuple(map(str, self._receive()["holds"]))
            except Stopped as why:
                complaints.seek(0)
                told = complaints.read().decode(errors="replace")[-1000:]
                raise Unjudgeable(
                    f"no process for answers can be started: {why} {told}"
                ) from why

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """One request and its reply.

        Raises `Raised` for an exception of the answer, `NotImplementedError` for a hole
        in the sheet, `Stopped` where a limit or the form of a reply is broken.
        """
        self._count += 1
        if self._waiting or self._readable():
            raise self._stop("spoke when nothing was asked")
        self._send({"n": self._count, "do": do, **request})
        reply = self._receive()
        if reply.get("n") != self._count:
            raise self._stop("sent a reply to something else")
        return checked(reply)

    def _send(self, request: dict[str, Any]) -> None:
        try:
            self._pipe.sendall(json.dumps(request).encode() + b"\n")
        except TimeoutError:
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
            except TimeoutError:
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
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise self._stop("sent something that is not a reply")
        return reply

    def _readable(self) -> bool:
        return bool(select.select([self._pipe], [], [], 0)[0])

    def _how_it_ended(self) -> str:
        """Why there is nobody at the other end."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
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
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        self._pipe.close()

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
