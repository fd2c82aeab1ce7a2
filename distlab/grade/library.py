"""What children are made of: a copy of the library, and processes that have read it.

The copy has no checks, no solutions and no tests. Starting Python and importing the
library costs 70 ms; a fork of a process that has done it costs 2. So there is a fork
server for each seed of the hashes; it sees no answer, and can be killed at any time.
"""

from __future__ import annotations

import compileall
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

import distlab
from distlab.errors import Misuse
from distlab.grade.examine import Unjudgeable

# The judges of the library are left out too: an answer may not ask them.
UNNEEDED = ("check", "grade", "show", "serve", "*.js", "*.css")
# What a child needs of the grader.
PARTS_OF_GRADE = ("__init__.py", "fence.py", "server.py", "zygote.py")
START = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from distlab.grade import zygote; zygote.main()"
)
FLAGS = "-P -s -S -B -c".split()  # no folder but ours and the standard library's
# One thread for libraries that compute: the fence allows no more.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
# What sheets import beside the chapters that they are about.
PRELOAD = ("distlab.faults", "distlab.history", "distlab.sim", "distlab.trace")
FOR_THE_FENCE = ("resource",)
START_S = 60  # for a process to import the library, on a machine that is busy
ANSWER_S = 10  # for one that has nothing to do but to fork, to wait and to kill


class Library:
    """A copy of the library, and the fork servers that have imported it.

    `preload` names the modules that answers are about.
    """

    def __init__(self, preload: Iterable[str] = ()) -> None:
        if os.name != "posix":
            raise Misuse(
                "marks need Linux or macOS, which can limit a process: use the Windows "
                "Subsystem for Linux, or a container."
            )
        self._folder = tempfile.TemporaryDirectory(prefix="distlab-")
        self.path = Path(self._folder.name) / "library"
        (Path(self._folder.name) / "empty").mkdir()
        source = Path(distlab.__file__).parent
        unneeded = shutil.ignore_patterns(*UNNEEDED)
        shutil.copytree(source, self.path / "distlab", ignore=unneeded)
        (self.path / "distlab/grade").mkdir()
        for name in PARTS_OF_GRADE:
            shutil.copy2(source / "grade" / name, self.path / "distlab/grade" / name)
        compileall.compile_dir(self.path, quiet=2)
        numpy = self._numpy()
        self.readable = [str(self.path), *standard_library(), *numpy]
        self._preload = (
            *FOR_THE_FENCE,
            *PRELOAD,
            *preload,
            *(["numpy"] if numpy else []),
        )
        self._servers: dict[int, ForkServer] = {}

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

    def fork_server(self, hash_seed: int) -> ForkServer:
        """The process whose forks hash with this seed; a new one if it is gone."""
        server = self._servers.get(hash_seed)
        if server is None or not server.alive:
            given = self.path.parent, hash_seed, self.readable, self._preload
            server = ForkServer(*given)
            self._servers[hash_seed] = server
        return server

    def close(self) -> None:
        """End the fork servers, and remove the copy."""
        for server in self._servers.values():
            server.close()
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


class ForkServer:
    """The parent's end of a zygote (`distlab.grade.zygote`)."""

    def __init__(
        self,
        folder: Path,
        hash_seed: int,
        readable: Iterable[str],
        preload: Iterable[str],
    ) -> None:
        self._complaints = folder / f"complaints {hash_seed}"
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_S)
        self._owner = os.getpid()
        library, number = str(folder / "library"), theirs.fileno()
        given = [library, str(number), json.dumps(list(readable)), *preload]
        with theirs, self._complaints.open("wb") as complaints:
            self._process = subprocess.Popen(
                [sys.executable, *FLAGS, START, *given],
                cwd=folder / "empty",
                env={**ENVIRONMENT, "PYTHONHASHSEED": str(hash_seed)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=(number,),
                start_new_session=True,
            )
        if self._reply() != "ready":
            self.close()
            told = self.complaints()
            raise Unjudgeable(f"no process for answers can be started: {told}")
        self._control.settimeout(ANSWER_S)

    @property
    def alive(self) -> bool:
        """Whether it can be asked, and by this process: a fork has to start its own."""
        return self._process.poll() is None and self._owner == os.getpid()

    def fork(self) -> tuple[int, socket.socket]:
        """A new child: its number, and the pipe to it. Raises `Unjudgeable`."""
        ours, theirs = socket.socketpair()
        with theirs:
            number = self._ask("fork", theirs.fileno())
        if number is None:
            ours.close()
            raise Unjudgeable(f"no process can be forked: {self.complaints()}")
        return number, ours

    def end(self, child: int, patience_s: float = 0) -> int | None:
        """End a child and all that it started; the exit code, if it ended by itself."""
        code = self._ask(f"end {child} {patience_s}")
        if self._process.returncode is not None:  # nobody is left to do it
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)
        return code

    def complaints(self) -> str:
        """The last of what it and its children said before they were fenced in."""
        return self._complaints.read_text(errors="replace")[-1000:]

    def _ask(self, request: str, *pipes: int) -> int | None:
        """One request; None if there is no number for an answer, or no answer."""
        try:
            socket.send_fds(self._control, [request.encode()], pipes)
        except OSError:
            return None
        reply = self._reply()
        return int(reply) if reply.lstrip("-").isdigit() else None

    def _reply(self) -> str:
        """One line; a process that gives none is ended, and a new one takes over."""
        try:
            reply = self._control.recv(100).decode(errors="replace")
        except OSError:
            reply = ""
        if not reply.endswith("\n"):
            self._process.kill()
            self._process.wait()
        return reply.strip()

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._control.close()
