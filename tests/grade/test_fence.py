"""What a child can do, and what each protection that this system has refuses it."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distlab.grade.child import Child
from distlab.grade.fence import FCNTL, OPENAT, SYSTEM_CALLS, Limits
from distlab.grade.library import ENVIRONMENT, FLAGS

TRY = """
import errno, os, signal, socket, subprocess, threading, tempfile, ctypes, sys
sys.path.append({library!r})
from distlab.grade import fence
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
HELD = [name for name in fence.put_up(fence.Limits(), {readable!r})]
try:
    {attempt}
except (OSError, RuntimeError, MemoryError) as refused:
    print("refused", type(refused).__name__)
else:
    print("done")
"""


def attempt(library, source: str) -> str:
    """What becomes of a line of Python inside the fence, in a process of its own."""
    code = TRY.format(
        library=str(library.path), readable=library.readable, attempt=source
    )
    done = subprocess.run(
        [sys.executable, *FLAGS, code],
        capture_output=True,
        text=True,
        timeout=60,
        env=ENVIRONMENT,
    )
    return done.stdout.split()[0] if done.stdout else f"ended with {done.returncode}"


@pytest.fixture(scope="module")
def holds(library):
    with Child(library, Limits()) as child:
        return child.holds


def test_what_holds_is_said_and_limits_always_hold(holds):
    assert holds[0] == "limits"
    assert set(holds) <= {"limits", "namespaces", "Landlock", "seccomp"}


@pytest.mark.parametrize(
    "source",
    [
        "import json.tool, decimal, statistics, dataclasses, sqlite3",
        "from distlab.node import Node; from distlab.replication import single_leader",
        "len(bytearray(100_000_000))",
        "os.listdir({library!r})",
        "sum(range(100_000))",
    ],
)
def test_a_computation_can_do_what_it_needs(library, source):
    assert attempt(library, source.format(library=str(library.path))) == "done"


def test_numpy_can_be_used_where_it_is_installed(library):
    pytest.importorskip("numpy")
    source = "import numpy; numpy.linalg.inv(numpy.eye(200))"
    assert attempt(library, source) == "done"


@pytest.mark.parametrize(
    "source",
    [
        "bytearray(600_000_000)",
        "[os.open('/', os.O_RDONLY) for _ in range(100)]",
        "open(os.path.join({folder!r}, 'new'), 'w').write('x')",
    ],
)
def test_the_limits_refuse_memory_files_and_writing(library, tmp_path, source):
    assert attempt(library, source.format(folder=str(tmp_path))) == "refused"
    assert not list(tmp_path.glob("*")) or (tmp_path / "new").stat().st_size == 0


@pytest.mark.parametrize(
    "source",
    [
        "open({secret!r})",
        "os.listdir({folder!r})",
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "open('/proc/%d/cmdline' % os.getppid())",
        "open(os.path.join({folder!r}, 'new'), 'w')",
        "os.symlink({secret!r}, 'link')",
        "os.remove({secret!r})",
    ],
)
def test_landlock_keeps_files(library, holds, tmp_path, source):
    if "Landlock" not in holds:
        pytest.skip("this kernel has no Landlock")
    secret = tmp_path / "secret"
    secret.write_text("the key")
    tried = source.format(secret=str(secret), folder=str(tmp_path))
    assert attempt(library, tried) == "refused"
    assert [p.name for p in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    "source",
    [
        "os.fork()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "subprocess.run(['true'])",
        "os.execv('/bin/true', ['true'])",
        "threading.Thread(target=print).start()",
        "socket.socket()",
        "socket.socketpair()",
        "os.kill(os.getppid(), 0)",
        "os.killpg(0, 9)",
        "os.setsid()",
        "os.mkdir('x')",
        "os.chmod('.', 0)",
        "os.open('.', os.O_TMPFILE | os.O_RDWR)",
        "signal.pthread_kill(threading.get_ident(), 9)",
        "os.memfd_create('x')",
        "os.pidfd_open(os.getppid())",
        "tempfile.mkstemp()",
    ],
)
def test_seccomp_refuses_what_no_computation_needs(library, holds, source):
    if "seccomp" not in holds:
        pytest.skip("this system has no seccomp filter for its processor")
    assert attempt(library, source) == "refused"


def test_namespaces_leave_no_way_out(library, holds):
    if "namespaces" not in holds:
        pytest.skip("users may not make namespaces here")
    names = "[name for _, name in socket.if_nameindex() if name != 'lo']"
    source = f"import socket; assert not {names}"
    code = (
        f"import ctypes; ctypes.CDLL(None).unshare(0x10000000 | 0x40000000); {source}"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    if "seccomp" not in holds:
        assert (
            attempt(library, "socket.create_connection(('127.0.0.1', 9))") == "refused"
        )


def test_the_system_calls_of_another_age_are_no_way_around(library, holds):
    """Those of 32 bits, by their own door, and those of x32, by the usual one."""
    if "seccomp" not in holds or platform.machine() != "x86_64":
        pytest.skip("these are doors of x86-64, behind a filter")
    x32 = "assert ctypes.CDLL(None).syscall(0x40000000 | 39) == -1"
    assert attempt(library, x32) == "done"
    # mov eax, 20; int 0x80; ret: `getpid` as programs of 32 bits ask for it
    door = (
        "import mmap; page = mmap.mmap(-1, 4096, prot=7); "
        "page.write(bytes.fromhex('b814000000cd80c3')); "
        "at = ctypes.addressof(ctypes.c_char.from_buffer(page)); "
        "ctypes.CFUNCTYPE(ctypes.c_int)(at)()"
    )
    assert attempt(library, door) in ("ended with -31", "ended with -11")


HEADERS = {  # of Linux, for each column of the table of system calls
    0: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    1: "/usr/include/asm-generic/unistd.h",
}


@pytest.mark.parametrize("column", HEADERS)
def test_the_numbers_of_the_system_calls_are_those_of_linux(column):
    """Against the system's own lists, where its headers are installed."""
    try:
        text = Path(HEADERS[column]).read_text()
    except OSError:
        pytest.skip("the system's headers are not installed (linux-libc-dev)")
    found = re.findall(r"define __NR(?:3264)?_(\w+) (\d+)", text)
    known = {name: int(number) for name, number in found}
    known["newfstatat"] = known.get("newfstatat", known.get("fstatat"))
    ours = SYSTEM_CALLS | {"openat": OPENAT, "fcntl": FCNTL}
    numbers = {name: each[column] for name, each in ours.items()}
    assert numbers == {
        name: None if number is None else known[name]
        for name, number in numbers.items()
    }
