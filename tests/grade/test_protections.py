"""Each protection alone: what it refuses is what GRADING.md says of it.

In the table there, a row is something that code may try. A protection that is named in
the row refuses it even where all the others are missing, so whoever lacks some can read
off what remains possible.
"""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from distlab.grade.library import ENVIRONMENT, FLAGS

GUIDE = Path(__file__).parents[2] / "GRADING.md"
PROTECTIONS = ("limits", "Landlock", "seccomp", "namespaces")
WAYS = {
    "read a file": "open({folder!r} + '/secret').read()",
    "read the environment of another process": ("open('/proc/{decoy}/environ').read()"),
    "read the memory of another process": "open('/proc/{decoy}/mem', 'rb')",
    "list processes": "os.listdir('/proc')",
    "make a file": "open({folder!r} + '/new', 'w').close()",
    "write to a file": ("os.write(os.open({folder!r} + '/grades', os.O_WRONLY), b'x')"),
    "delete a file": "os.remove({folder!r} + '/old')",
    "make a link": "os.symlink('/', {folder!r} + '/link')",
    "change permissions": "os.chmod({folder!r} + '/secret', 0o777)",
    "start a process": "os.fork() or os._exit(0)",
    "start a program": "os.posix_spawn('/bin/true', ['true'], {{}})",
    "start a thread": "threading.Thread(target=int).start()",
    "connect to this machine": (
        "socket.create_connection(('127.0.0.1', {port}), 1).close()"
    ),
    "connect by an abstract name": (
        "socket.socket(socket.AF_UNIX).connect('\\0distlab {port}')"
    ),
    "signal a process": "os.kill({decoy}, 0)",
    "trace a process": "call(101, 117, 16902, {decoy}, 0, 0)",
    "signal a process by way of a file": (
        "fcntl.fcntl(pipe, fcntl.F_SETOWN, {decoy}); fcntl.fcntl(pipe, 10, 1); "
        "fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC); gone({decoy})"
    ),
    "share memory with others": "call(29, 194, {port}, 4096, 0o1666)",
    "use io_uring": "call(425, 425, 1, ctypes.create_string_buffer(120))",
    "make a file in memory": "os.memfd_create('x')",
    "make namespaces": "call(272, 97, 0x10000000)",
    "take much memory": "bytearray(600_000_000)",
    "open many files": "[os.dup(0) for _ in range(100)]",
}
TRY = """
import ctypes, fcntl, os, platform, socket, sys, threading, time
sys.path.append({library!r})
from distlab.grade import fence
for name, off in {off!r}.items():
    setattr(fence, name, eval(off))
here, pipe = socket.socketpair()
system = ctypes.CDLL(None, use_errno=True)

def call(x86, arm, *given):
    number = x86 if platform.machine() == "x86_64" else arm
    if system.syscall(number, *given) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def gone(process):
    os.write(here.fileno(), b"x")
    for _ in range(100):
        with open(f"/proc/{{process}}/stat") as file:
            if file.read().split()[2] == "Z":
                return
        time.sleep(0.01)
    raise OSError("it is still there")

print(*fence.put_up(fence.Limits(), {readable!r}), flush=True)
for way, line in {ways!r}.items():
    try:
        exec(line)
    except (OSError, RuntimeError, MemoryError):
        print(way, flush=True)
"""
# How each is taken away; the two that hold without a name come with every child.
OFF = {
    "limits": {"limit_resources": "lambda limits: None"},
    "Landlock": {"restrict_files": "lambda kernel, readable: False"},
    "seccomp": {"filter_system_calls": "lambda kernel: False"},
    "namespaces": {"CLONE_NEWUSER": "-1"},
}


def table() -> dict[str, list[str]]:
    """For each row of the guide, the protections that refuse it."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]*) \|$", GUIDE.read_text(), re.MULTILINE)
    return {way: names.split(", ") for way, names in rows if way in WAYS}


@pytest.fixture
def refused(library, tmp_path):
    """`refused(names)`: which protections were there, and what they alone refuse."""
    for name in ("secret", "grades", "old"):
        (tmp_path / name).write_text("of others")
    decoys = []

    def tried(names):
        decoys.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1))
        server = socket.create_server(("127.0.0.1", 0))
        port = server.getsockname()[1]
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind(f"\0distlab {port}")
        abstract.listen()
        given = {"folder": str(tmp_path), "port": port, "decoy": decoys[-1].pid}
        code = TRY.format(
            library=str(library.path),
            readable=library.readable,
            off={k: v for n, w in OFF.items() if n not in names for k, v in w.items()},
            ways={way: line.format(**given) for way, line in WAYS.items()},
        )
        command = [sys.executable, *FLAGS, code]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=100, env=ENVIRONMENT
        )
        server.close()
        abstract.close()
        assert done.returncode == 0, done.stderr
        there, *found = done.stdout.splitlines()
        return set(there.split()), set(found)

    yield tried
    for decoy in decoys:
        decoy.kill()
        decoy.communicate()


def test_the_guide_has_a_row_for_each_thing_that_is_tried():
    assert set(table()) == set(WAYS)
    assert {name for names in table().values() for name in names} <= set(PROTECTIONS)


@pytest.mark.skipif(sys.platform != "linux", reason="these are protections of Linux")
@pytest.mark.parametrize("name", PROTECTIONS)
def test_a_protection_refuses_by_itself_what_the_guide_says(refused, name):
    there, found = refused([name])
    if name not in there:
        pytest.skip(f"this system has no {name}")
    assert "limits" in there  # they are named in any case
    print(sorted(found))
    missing = {way for way, names in table().items() if name in names} - found
    assert missing == set()


@pytest.mark.skipif(sys.platform != "linux", reason="these are protections of Linux")
def test_all_together_refuse_everything(refused):
    there, found = refused(PROTECTIONS)
    if there != set(PROTECTIONS):
        pytest.skip(f"this system has only {', '.join(sorted(there))}")
    assert found == set(WAYS)
