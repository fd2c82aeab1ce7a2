"""`distlab grade`: mark a notebook or a folder of them, and keep a gradebook.

What is new or has changed is marked, several submissions at once. Each mark is on the
disk as soon as it is known, so that a run that was ended half way goes on from there.
None is replaced in silence: a mark that other checks or another key have given stands
until `--regrade` says otherwise, and then both stay in the gradebook.
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

from distlab.errors import Misuse
from distlab.grade import fence
from distlab.grade.checks import course
from distlab.grade.files import check_writable
from distlab.grade.gradebook import opened
from distlab.grade.marking import Run
from distlab.grade.settings import Settings, read

BOOK = "gradebook.jsonl"
LIMIT_S = 600.0  # for one submission, whatever its checks run into


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab grade` can be told."""
    add_files(parser)
    parser.add_argument(
        "--key",
        help="the instructor's secret, from which the hidden cases are made (default: "
        "the variable DISTLAB_KEY; without one, hidden cases are not run)",
    )
    parser.add_argument(
        "--regrade",
        action="store_true",
        help="mark again what other checks or another key have marked, and say what "
        "that changes",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=os.cpu_count() or 1,
        help="how many to mark at once (default: one a core, here %(default)d)",
    )
    parser.add_argument(
        "--limit-s",
        type=float,
        default=LIMIT_S,
        help="seconds that marking one submission may take (default: %(default)g)",
    )


def add_files(parser: argparse.ArgumentParser) -> None:
    """What is read, and what is written."""
    parser.add_argument("place", type=Path, help="a notebook, or a folder of notebooks")
    parser.add_argument(
        "--out", type=Path, default=Path("grades.csv"), help="default: %(default)s"
    )
    parser.add_argument(
        "--book",
        type=Path,
        help=f"the file in which all marks are kept (default: {BOOK} beside --out)",
    )
    parser.add_argument(
        "--report",
        type=Path,
        help="a folder for a page on the class, and one for each learner and sheet",
    )
    parser.add_argument(
        "--settings",
        type=Path,
        help="a file with the roster, due dates, late days and weights (GRADING.md)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Mark what is to be marked, write the grades, and say what came of it."""
    fence.hide()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # to clean up as well
    if arguments.workers < 1 or not arguments.limit_s > 0:
        raise Misuse("--workers and --limit-s have to be above 0.")
    of, key = course(), arguments.key or os.environ.get("DISTLAB_KEY")
    settings = read(arguments.settings, of) if arguments.settings else Settings()
    book = arguments.book or arguments.out.with_name(BOOK)
    for folder in filter(None, (arguments.out.parent, book.parent, arguments.report)):
        check_writable(folder)
    with opened(book) as kept:
        this = Run(
            of, key.encode(errors="surrogateescape") if key else None, settings, kept
        )
        how = arguments.regrade, arguments.workers, arguments.limit_s
        this.mark(arguments.place, *how)
        this.write(arguments.out, arguments.report)
    return this.exit_code()
