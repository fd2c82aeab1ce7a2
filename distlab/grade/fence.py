"""What keeps an answer from files, the network and other processes, where present.

The child puts this fence around itself before it reads a line of the answer, and
nothing can take it down again. `put_up` returns the names of the protections that are
in force; the summary of a marking says them, since platforms differ:

    limits      POSIX: memory, processor time, open files; no file grows
    Landlock    Linux 5.13: nothing outside the library is read, nothing is written
    seccomp     Linux, x86-64 and ARM64: only the system calls of a computation
    namespaces  Linux, where users may make them: a network without interfaces

On macOS only the limits hold, and the one on memory is not enforced there.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple


class Limits(NamedTuple):
    """What one check may use of the machine."""

    memory_mb: int = 512
    processor_s: int = 4  # of one child: a loop without end is ended by it
    wall_s: float = 10  # for one answer: a child that sleeps is ended by it
    check_s: float = 20  # for all of one check, with what is judged here
    answer_bytes: int = 1_000_000
    all_bytes: int = 30_000_000  # of all its answers
    open_files: int = 64


USUAL = Limits()


def put_up(limits: Limits, readable: Iterable[str]) -> list[str]:
    """Fence this process in: only below `readable` may it read. Returns what holds."""
    holds = ["limits"]
    if platform.system() == "Linux":
        kernel = system()
        kernel.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
        kernel.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        kernel.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if kernel.unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0:
            holds.append("namespaces")
        if restrict_files(kernel, readable):
            holds.append("Landlock")
    limit_resources(limits)
    if platform.system() == "Linux" and filter_system_calls(kernel):
        holds.append("seccomp")
    return holds


@cache
def system() -> ctypes.CDLL:
    """The system's own calls."""
    return ctypes.CDLL(None, use_errno=True)


def hide() -> None:
    """Let no other process of this user look into this one, which holds the key."""
    if platform.system() == "Linux":
        system().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit_resources(limits: Limits) -> None:
    """Memory, processor time, files: the limits that every POSIX system knows."""
    import resource  # which Windows does not have

    memory = limits.memory_mb << 20
    for name, most, at_last in (
        ("RLIMIT_AS", memory, memory),
        ("RLIMIT_CPU", limits.processor_s, limits.processor_s + 1),  # signal, then kill
        ("RLIMIT_FSIZE", 0, 0),
        ("RLIMIT_NOFILE", limits.open_files, limits.open_files),
        ("RLIMIT_NPROC", 0, 0),
        ("RLIMIT_CORE", 0, 0),
    ):
        try:
            resource.setrlimit(getattr(resource, name), (most, at_last))
        except (AttributeError, ValueError, OSError):
            continue  # this platform does not know the limit, or knows a lower one


# ---------------------------------------------------------------------- Linux: prctl(2)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000

# ------------------------------------------------------------------- Linux: landlock(7)
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
# How many kinds of access to files each version of the interface knows, from version 1.
FILE_ACCESSES = (13, 14, 15, 15, 16)


def restrict_files(kernel: ctypes.CDLL, readable: Iterable[str]) -> bool:
    """Allow to read and load below some folders, and nothing else to do with files."""
    ruleset = rules_for_files(tuple(readable))
    if ruleset < 0:
        return False
    restricted = kernel.syscall(RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return restricted


@cache
def rules_for_files(readable: tuple[str, ...]) -> int:
    """The number of a ruleset that allows this, or -1 where Landlock is missing.

    To make it takes longer than a fork: so it is made before, and every fork has it.
    """
    if platform.system() != "Linux":
        return -1
    kernel = system()
    version = kernel.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1:
        return -1
    files = (1 << FILE_ACCESSES[min(version, len(FILE_ACCESSES)) - 1]) - 1
    ports = 0b11 if version >= 4 else 0  # bind and connect
    outside = 0b11 if version >= 6 else 0  # abstract sockets and signals
    known = 8 * (1 + (version >= 4) + (version >= 6))
    rules = struct.pack("QQQ", files, ports, outside)[:known]
    ruleset: int = kernel.syscall(CREATE_RULESET, rules, len(rules), 0)
    for path in readable if ruleset >= 0 else ():
        allow_below(kernel, ruleset, path)
    return ruleset


def allow_below(kernel: ctypes.CDLL, ruleset: int, path: str) -> None:
    """Add the rule that what is at or below `path` may be read; skip what is not."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    access = READ_FILE | EXECUTE | (READ_DIR if os.path.isdir(path) else 0)
    kernel.syscall(ADD_RULE, ruleset, 1, struct.pack("=Qi", access, place), 0)
    os.close(place)


# -------------------------------------------------------------------- Linux: seccomp(2)
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# What a computation needs, and its number on x86-64 and ARM64 (None: not there).
# No process, thread, signal to others, socket, mount, tracing, file changed or renamed.
SYSTEM_CALLS: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "poll": (7, None),
    "ppoll": (271, 73),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "times": (100, 153),
    "getrusage": (98, 165),
    "uname": (63, 160),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getrandom": (318, 278),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
OPENAT, FCNTL = (257, 56), (72, 25)
# Others let a file tell any process of the same user by a signal, and by which.
FCNTL_COMMANDS = (0, 1, 2, 3, 1030)  # duplicate; look at and change the flags of one
FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
LOAD, IF_EQUAL, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
# Where they stand in `seccomp_data`.
NUMBER, MACHINE, SECOND_ARGUMENT, THIRD_ARGUMENT = 0, 4, 24, 32
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # refuse: EPERM


def filter_system_calls(kernel: ctypes.CDLL) -> bool:
    """Refuse every system call that is not in the table; open files to read only."""
    if platform.machine() not in MACHINES or struct.calcsize("P") != 8:
        return False
    program = b"".join(struct.pack("HBBI", *line) for line in rules_for_calls())
    lines = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(lines))
    return kernel.prctl(PR_SET_SECCOMP, 2, ctypes.c_char_p(head), 0, 0) == 0


Line = tuple[int, int, int, int]


def rules_for_calls() -> list[Line]:
    """The filter as lines of BPF: (operation, jump if true, jump if false, value)."""
    audit, column = MACHINES[platform.machine()]
    calls = (numbers[column] for numbers in SYSTEM_CALLS.values())
    known = (number for number in calls if number is not None)
    to_read = [(IF_ANY_BIT, 1, 0, FOR_WRITING), (RETURN, 0, 0, ALLOW)]
    return [
        (LOAD, 0, 0, MACHINE),
        (IF_EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        *allow_if_equal(known),
        *if_called(OPENAT[column], THIRD_ARGUMENT, to_read),
        *if_called(FCNTL[column], SECOND_ARGUMENT, allow_if_equal(FCNTL_COMMANDS)),
        (RETURN, 0, 0, REFUSE),
    ]


def allow_if_equal(values: Iterable[int]) -> list[Line]:
    """Allow the call if what was loaded is one of these."""
    pairs = ([(IF_EQUAL, 0, 1, value), (RETURN, 0, 0, ALLOW)] for value in values)
    return [line for pair in pairs for line in pair]


def if_called(number: int, argument: int, rules: list[Line]) -> list[Line]:
    """If it is this call: what the rules say of an argument, or refuse it."""
    inside = [(LOAD, 0, 0, argument), *rules, (RETURN, 0, 0, REFUSE)]
    return [(IF_EQUAL, 0, len(inside), number), *inside]
