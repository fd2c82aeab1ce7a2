"""Sheets that attack whoever marks them: what each does, earns, and is told.

Most put their code where exercise 99.2 wants the middle of a list, and return the
right middle if they got what they wanted: so a point earned is an attack that worked.
`{home}` is a folder with a key, a gradebook, a solution and another's submission.
"""

from typing import NamedTuple

from toy_answers import MY_COUNTER, SOLUTION

COUNTER, MIDDLE, SCHEDULE, CHECKER = SOLUTION
RIGHT = "sorted(numbers)[len(numbers) // 2]"


class Attack(NamedTuple):
    """A sheet in four cells, what its attacked exercise may earn, and what is said."""

    cells: tuple[str, ...]
    exercise: str
    said: str
    points: float = 0
    others: bool = True  # whether the other exercises are answered as well
    sleeps: bool = False  # whether it is the clock that has to stop it


def middle(body: str, said: str, points: float = 0, before: str = "") -> Attack:
    """The body of a function that should return the middle of `numbers`."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"{before}\ndef middle(numbers):\n{lines}"
    return Attack((COUNTER, source, SCHEDULE, CHECKER), "99.2", said, points)


def won(try_it: str, said: str) -> Attack:
    """The right answer for whoever gets past this line."""
    return middle(f"{try_it}\nreturn {RIGHT}", said)


def whole(source: str, said: str, points: float = 0) -> Attack:
    """A cell that hurts the rest of its own sheet as well."""
    cells = (COUNTER, source, SCHEDULE, CHECKER)
    return Attack(cells, "99.2", said, points, others=False)


def counter(line: str, said: str, points: float = 0, before: str = "") -> Attack:
    """The right counter of exercise 99.1, which does this at each request as well."""
    source = MY_COUNTER.replace(
        "self.count(src, msg)\n", f"self.count(src, msg); {line}\n"
    )
    cells = (f"{before}\n{source}", MIDDLE, SCHEDULE, CHECKER)
    return Attack(cells, "99.1", said, points)


def schedule(source: str, said: str) -> Attack:
    """Data for exercise 99.3, which is read and never run."""
    return Attack((COUNTER, MIDDLE, source, CHECKER), "99.3", said)


EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __hash__(self): return 0
    def __int__(self): return 50
    def __index__(self): return 50
    def __repr__(self): return "50"
class Number(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
class Changing(list):
    def __iter__(self): return iter([len(self)] * 9)
class Posing:
    __class__ = int
"""
WRITE = "cannot be written as JSON"

# -------------------------------------------------------------------- what comes back
VALUES = {
    "an object that equals everything": middle("return Equal()", WRITE, before=EQUAL),
    "an int that equals everything": middle("return Number(3)", WRITE, before=EQUAL),
    "an object that says it is an int": middle("return Posing()", "JSON", before=EQUAL),
    "a list that changes when looked at": middle(
        "return Changing([1])", WRITE, before=EQUAL
    ),
    "a generator without an end": middle(
        "import itertools; return (x for x in itertools.count())", WRITE
    ),
    "an integer of a hundred million digits": middle(
        "return 10 ** 10 ** 8", "processor time"
    ),
    "an integer of five thousand digits": middle("return 10 ** 5000", WRITE),
    "not a number": middle("return float('nan')", ""),
    "infinity": middle("return float('inf')", ""),
    "a text of a hundred million characters": middle(
        "return 'x' * 10 ** 8", "more than"
    ),
    "a tuple a hundred thousand deep": middle(
        "x = ()\nfor _ in range(10 ** 5): x = (x,)\nreturn x", "deep"
    ),
    "a list inside itself": middle("x = []\nx.append(x)\nreturn x", "deep"),
    "characters that no text has": middle("return chr(0xd800)", "it says"),
    "a dict with a million keys": middle(
        "return dict.fromkeys(range(10 ** 6))", "more than"
    ),
    "the verdict of a judge": middle("return (1.0, '', '', None, ())", "it says"),
    "a text that reads as a class": middle(
        'return \'{"$class": "subprocess.Popen"}\'', "it says"
    ),
    "what all cases have in common": middle("return True", "it says"),
}

# ----------------------------------------------------------------------- how it ends
ENDS = {
    "sys.exit": middle("import sys; sys.exit(0)", "SystemExit: 0"),
    "os._exit": middle("import os; os._exit(0)", "ended its own process"),
    "a BaseException": middle("raise BaseException('out')", "BaseException: out"),
    "an interrupt": middle("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "the grader's own error": middle(
        "class Unjudgeable(Exception): pass\nraise Unjudgeable", "Unjudgeable"
    ),
    "an exception that cannot be printed": middle(
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
        "cannot be printed",
    ),
    "an error number that is none": middle(
        "class E(OSError):\n    errno = []\nraise E('x')", "ended its own process"
    ),
    "a signal to itself": middle("import os; os.kill(os.getpid(), 9)", "only compute"),
    "an abort": middle("import os; os.abort()", "was ended by SIG"),
    "a null pointer": middle("import ctypes; ctypes.string_at(0)", "ended by SIGSEGV"),
    "an endless loop": middle("while True: pass", "more than 1 s of processor time"),
    "an endless loop in one C call": middle(
        "return 9 ** 9 ** 9 ** 9", "more than 1 s of processor time"
    ),
    "a loop that ignores the signal": middle(
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"
        "while True: pass",
        "SIGKILL: memory or processor time ran out",
    ),
    "a sleep": middle("import time; time.sleep(60)", "gave no answer for 1 s")._replace(
        sleeps=True
    ),
    "many short sleeps": middle(
        f"import time; time.sleep(0.9)\nreturn {RIGHT}", "more than 2 s in all"
    )._replace(sleeps=True),
    "deep recursion": middle("return middle(numbers)", "RecursionError"),
    "recursion without a limit": middle(
        "import sys\nsys.setrecursionlimit(10 ** 9)\n"
        "def f(x): return [f(y) for y in [x]]\nreturn f(1)",
        "",
    ),
    "a memory bomb": middle("return [0] * 10 ** 9", "more memory than the 512 MB"),
    "a memory bomb in pieces": middle(
        "x = []\nwhile True: x.append(bytearray(10 ** 8))", "more memory than"
    ),
    "a fork bomb": won("import os\nwhile True: os.fork()", "only compute"),
    "threads without end": won(
        "import threading\nwhile True: threading.Thread(target=input).start()",
        "can't start new thread",
    ),
    "many open files": won(
        "x = [open(__import__('json').__file__) for _ in range(100)]",
        "more files than a check may",
    ),
    "input()": won("input()", "EOFError"),
    "a choice that never ends": counter(
        "[self.choose(1, (1, 2)) for _ in iter(int, 1)]", "chooses more than 100 times"
    ),
    "a timer that fires at once, for ever": Attack(
        (
            "from toys import Tick\n"
            + MY_COUNTER.replace(
                "self.count(src, msg)\n", "self.on_tick(Tick()); self.count(src, msg)\n"
            )
            + "\n    def on_tick(self, timer): self.set_timer(timer, 0)\n",
            *SOLUTION[1:],
        ),
        "99.1",
        "more than 2 s in all",
        sleeps=True,
    ),
}

# --------------------------------------------------------------- what it looks for
READS = {
    "the key in the environment": won(
        "import os; os.environ['DISTLAB_KEY']", "KeyError: 'DISTLAB_KEY'"
    ),
    "the environment of its parent": won(
        "import os; open(f'/proc/{os.getppid()}/environ').read()", "no other file"
    ),
    "the memory of its parent": won(
        "import os; open(f'/proc/{os.getppid()}/mem', 'rb')", "no other file"
    ),
    "the open files of its parent": won(
        "import os; os.listdir(f'/proc/{os.getppid()}/fd')", "no other file"
    ),
    "the key in a file": won("open('{home}/key').read()", "no other file"),
    "the solution": won("open('{home}/solution.ipynb').read()", "no other file"),
    "somebody else's submission": won("open('{home}/bob.ipynb').read()", "no other"),
    "the checks": won("from distlab.grade import checks", "cannot import name"),
    "the judges": won("from distlab.check import sessions", "No module named"),
    "the tests": won("import exercises_for_toys", "No module named"),
    "passwords": won("open('/etc/passwd').read()", "no other file"),
    "the frames above it": middle(
        "import sys\nframe, found = sys._getframe(), []\nwhile frame:\n"
        "    found += [n for n in frame.f_locals if n in ('case', 'claim', 'key')]\n"
        f"    frame = frame.f_back\nreturn {RIGHT} if found else None",
        "it says None",
    ),
    "every object of its process": middle(
        "import gc\ngc.unfreeze()\nkinds = [type(x).__name__ for x in "
        f"gc.get_objects()]\nreturn {RIGHT} if 'Claim' in kinds else None",
        "it says None",
    ),
    "other pipes than its own": middle(
        "import os\nfound = 0\nfor n in range(3, 64):\n    try: os.fstat(n)\n"
        f"    except OSError: continue\n    found += 1\nreturn {RIGHT} if found > 2 "
        "else None",
        "it says None",
    ),
}

# --------------------------------------------------------- what it wants to change
WRITES = {
    "the gradebook": won("open('{home}/grades.csv', 'a').write('x')", "only compute"),
    "the home folder": won("open('{home}/.profile', 'w')", "only compute"),
    "its own folder": won("open('sitecustomize.py', 'w')", "only compute"),
    "the course": won(
        "import distlab; open(distlab.__file__, 'a').write('x')", "only compute"
    ),
    "a full disk": won("open('x', 'wb').write(bytes(10 ** 8))", "only compute"),
    "a file that is deleted": won("import os; os.remove('{home}/bob.ipynb')", "only"),
    "a link to the key": won("import os; os.symlink('{home}/key', 'x')", "only"),
    "a file in memory": won("import os; os.memfd_create('x')", "only compute"),
    "a program": won("import subprocess; subprocess.run(['true'])", "only compute"),
    "a socket": won("import socket; socket.socket()", "only compute"),
    "a signal to its parent": won("import os; os.kill(os.getppid(), 0)", "only"),
    "a signal by way of a file": won(
        "import fcntl, os; fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())", "only compute"
    ),
    "another group of processes": won("import os; os.setsid()", "only compute"),
    "a gigabyte of output": middle(
        "import os; block = bytes(10 ** 8)\n"
        f"for _ in range(10): os.write(1, block)\nreturn {RIGHT}",
        "",
        points=2,  # it goes nowhere, and the answer is right
    ),
}

SHOUT = """
def shout(line):
    import os
    for number in range(3, 64):
        try: os.write(number, line)
        except OSError: pass
"""
PATCH = "__import__('sys').modules"
# ------------------------------------------------------------- the child's own server
PATCHES = {
    "builtins": middle(
        "import builtins\nbuiltins.sorted = builtins.len = lambda *a, **k: 0\nreturn 0",
        "it says 0",
    ),
    "the codec": middle(
        "from distlab import codec\ncodec.to_json = lambda value: '7'\nreturn 1",
        "",
    ),
    "json": middle(
        'import json\njson.dumps = lambda *a, **k: \'{"n": 1, "result": "7"}\'\n'
        "return 1",
        "",
    ),
    "sys.modules": middle(
        f"{PATCH}['distlab.grade.server'].Server.reply = "
        "lambda *a: dict(verdict='valid')\nreturn 1",
        "",
    ),
    "an import hook": middle(
        "import sys\nclass Hook:\n    def find_spec(self, *a): return self\n"
        "sys.meta_path.insert(0, Hook())\nreturn 1",
        "it says 1",
    ),
    "a fake verdict on the pipe": middle(
        'shout(b\'{"n": 2, "verdict": "valid"}\\n\')\nreturn 1', "", before=SHOUT
    ),
    "a pickle on the pipe": middle(
        "shout(b'\\x80\\x04cos\\nsystem\\n(Vtrue\\ntR.\\n')",
        "sent something that is not a reply",
        before=SHOUT,
    ),
    "a line that does not end": middle(
        "shout(b'x' * 3_000_000)", "more than 1000000 bytes", before=SHOUT
    ),
    "half a line": middle("shout(b'{\"n\": ')\nreturn 1", "not a reply", before=SHOUT),
    "a reply out of turn": middle(
        'shout(b\'{"n": 99, "result": "1"}\\n\')', "something else", before=SHOUT
    ),
    "a closed pipe": middle("import os\nos.closerange(3, 64)\nreturn 1", "process"),
    "a server that always chooses": counter(
        f"{PATCH}['distlab.grade.server'].Server.step = "
        "lambda *a: dict(choose=[1, '[1, 2]'])",
        "chooses more than 100 times",
    ),
    "a choice that is none": counter(
        f"{PATCH}['distlab.grade.server'].Server.step = lambda *a: dict(choose=3)", ""
    ),
    "effects that are none": counter(
        f"{PATCH}['distlab.grade.server'].Server.step = "
        "lambda *a: dict(effects='{}', state=7)",
        "",
    ),
}

# ----------------------------------------------------------- when a sheet is defined
HOOKS = {
    "a default that is computed": whole(
        "def middle(x, y=__import__('os')._exit(3)): return y", "exit code 3"
    ),
    "a decorator": whole(
        "def now(f): raise SystemExit\n@now\ndef middle(x): return 1",
        "SystemExit",
    ),
    "a metaclass": Attack(
        (
            "class Meta(type):\n    def __call__(cls, *a): raise SystemExit\n",
            MY_COUNTER.replace("(Counter)", "(Counter, metaclass=Meta)"),
            MIDDLE,
            SCHEDULE,
            CHECKER,
        ),
        "99.1",
        "",
        points=6,  # it is left out, and the rest is right
    ),
    "__init_subclass__": Attack(
        (
            MY_COUNTER + "\n    def __init_subclass__(cls): raise SystemExit\n",
            *SOLUTION[1:],
        ),
        "99.1",
        "",
        points=6,
    ),
    "__set_name__": Attack(
        (
            "class Hook:\n    def __set_name__(self, *a): raise SystemExit",
            MY_COUNTER + "\n    hook = Hook()\n",
            *SOLUTION[1:],
        ),
        "99.1",
        "__set_name__",
    ),
    "another __class__": counter("self.__class__ = type(msg)", "TypeError"),
    "a property for a field": Attack(
        (MY_COUNTER + "\n    total = property(lambda self: 3)\n", *SOLUTION[1:]),
        "99.1",
        "",
        points=6,
    ),
    "a letter that looks alike": whole(
        "def m\u0456ddle(numbers): return 1", "there is no `middle`"
    ),
    "a class for a function": whole(
        "class middle:\n    def __init__(self, x): pass", WRITE
    ),
    "a function that deletes itself": whole(
        "def middle(x):\n    del globals()['middle']\n    return 1", "it says 1"
    ),
}

# --------------------------------------------------------- what no node can do
NODES = {
    "a message that is none": counter("self.send(src, 3)", "not a message"),
    "a message to nobody": counter("self.send('s99', msg)", "no such node"),
    "a message to no name": counter("self._runtime.send(3, msg)", "no node can want"),
    "a timer at no time": counter(
        "self._runtime.set_timer(__import__('toys').Retry(), -5, 'x')",
        "no node can want",
    ),
    "nine thousand messages": counter(
        "self.send([src] * 9_000, Added(0, 0))", "more than 1000 things"
    ),
    "another name": counter("self.id = 'c1'", "fixed in a run"),
    "the end of what nobody began": counter(
        "self._runtime.end(None, 'ok', 1)", "ends an op"
    ),
    "a field that was not declared": counter("self.secret = 1", "secret"),
}

# ------------------------------------------------------------ answers that remember
MEMORY = {
    "a table outside the fields": Attack(
        (
            """
from toys import Added, Counter
DONE = {}
class MyCounter(Counter):
    def on_add(self, src, msg):
        if self.total == 0:
            DONE.clear()
        if (src, msg.number) not in DONE:
            self.total += msg.amount
            DONE[src, msg.number] = self.total
        self.send(src, Added(msg.number, DONE[src, msg.number]))
""",
            *SOLUTION[1:],
        ),
        "99.1",
        "it answered",
    ),
    "how often it was called": counter(
        "CALLS.append(1); self.note(str(len(CALLS)))",
        "it answered",
        before="CALLS = []",
    ),
    "the order of a set": counter("self.note(str({'a', 'b', src}))", "it answered"),
    "chance": counter("self.note(str(__import__('random').random()))", "it answered"),
    "the time": counter(
        "self.note(str(__import__('time').perf_counter_ns()))", "it answered"
    ),
    "where objects are": counter("self.note(str(id(self)))", "it answered"),
    "which process it is": counter(
        "self.note(str(__import__('os').getpid()))", "it answered"
    ),
    "whether it is the twin": middle(
        f"import os\nreturn {RIGHT} if os.environ['PYTHONHASHSEED'] == '0' else None",
        "it answered",
    ),
}

# ---------------------------------------------------------------- data that attacks
DATA = {
    "data that runs": schedule("SCHEDULE = (Exit(0),)", "is not a fault"),
    "data that computes": schedule(
        "SCHEDULE = tuple(Loss(1) for _ in (1,))", "is not a fault"
    ),
    "a billion laughs": schedule(
        "A0 = (1, 1)\n"
        + "".join(f"A{i} = ({f'A{i - 1}, ' * 8})\n" for i in range(1, 30))
        + "SCHEDULE = A29",
        "too long",
    ),
    "a number that only serves to be large": schedule(
        "SCHEDULE = (999999999999 * 999999999999,)", "a number is above"
    ),
    "spaces for a slow parser": Attack(
        (*SOLUTION, "(\n" + " " * 400_000 + "x"), "99.2", "", points=2
    ),
}
ATTACKS = VALUES | ENDS | READS | WRITES | PATCHES | HOOKS | NODES | MEMORY | DATA
