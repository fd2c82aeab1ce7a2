"""The command line: `distlab lab`, `distlab run consensus.raft --seed 83`, …

Each command is a module with `add_arguments(parser)` and `run(arguments) -> int`. It is
imported when it is asked for, so that `distlab --help` does not load a simulator.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from distlab.errors import DistlabError, Misuse, did_you_mean

COMMANDS = {
    "lab": ("distlab.lab", "open the course in JupyterLab"),
    "doctor": ("distlab.doctor", "say what is wrong here, and what mends it"),
    "run": ("distlab.simulate", "simulate a protocol"),
    "explore": ("distlab.explore_command", "go through every schedule of a protocol"),
    "check": ("distlab.judge", "judge histories: of our runs, Jepsen, Maelstrom, …"),
    "progress": ("distlab.grade.progress", "show what you have solved"),
    "reset": ("distlab.grade.reset", "give me a fresh sheet of exercises"),
    "grade": ("distlab.grade.command", "mark answers and write grades.csv"),
    "sheets": ("distlab.grade.sheets", "for authors: make the exercise sheets anew"),
    "execute": ("distlab.execute", "for authors: run lessons and store their outputs"),
    "readme": ("distlab.readme", "for authors: write README.md and PROTOCOLS.md anew"),
}
EXIT_CODES = """\
exit codes:
  0  all is well
  1  what was examined is wrong: a property broke, an answer fails, a tool is missing
  2  the command was used wrongly
  3  a file could not be read or written
"""


class Help(argparse.RawDescriptionHelpFormatter):
    """As wide as this text, whatever the window."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=88)


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the arguments, instead of a page."""

    def error(self, message: str) -> NoReturn:
        """Print the sentence and leave with 2."""
        self.exit(2, f"{self.prog}: {message.rstrip('.')}. See `{self.prog} --help`.\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        guess = did_you_mean(words[0], COMMANDS) or " See `distlab --help`."
        print(f"distlab: there is no command `{words[0]}`.{guess}", file=sys.stderr)
        return 2
    parsed = parser_for(words[:1]).parse_args(words)
    try:
        return int(parsed.run(parsed))
    except Misuse as wrong_use:
        return refuse(parsed.command, wrong_use, 2)
    except DistlabError as found:
        return refuse(parsed.command, found, 1)
    except BrokenPipeError:  # `distlab run … | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, UnicodeDecodeError) as unreadable:
        return refuse(parsed.command, unreadable, 3)
    except KeyboardInterrupt:
        return 130


def parser_for(asked: Sequence[str]) -> Parser:
    """The parser of all commands, with the arguments of the one that is asked for."""
    parser = Parser(
        prog="distlab",
        description="A course on distributed systems that runs.",
        epilog=EXIT_CODES,
        formatter_class=Help,
    )
    commands = parser.add_subparsers(
        dest="command", metavar="command", required=True, title="commands"
    )
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=purpose,
            description=f"{purpose[0].upper()}{purpose[1:]}.",
            epilog=EXIT_CODES,
            formatter_class=Help,
        )
        if name in asked:
            implementation = importlib.import_module(module)
            implementation.add_arguments(command)
            command.set_defaults(run=implementation.run)
    return parser


def refuse(command: str, why: Exception, code: int) -> int:
    """Say why in one sentence on standard error, and give the exit code back."""
    print(f"distlab {command}: {why}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
