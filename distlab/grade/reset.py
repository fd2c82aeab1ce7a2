"""`distlab reset`: a fresh sheet; the one that was worked on is kept."""

from __future__ import annotations

import argparse
import shutil
from itertools import count
from pathlib import Path

from distlab.errors import Misuse, did_you_mean
from distlab.folders import course_folder
from distlab.grade.files import write_whole
from distlab.grade.sheets import sheet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab reset` can be told."""
    parser.add_argument(
        "sheet", help="its number (01), its name (01_leaders_and_followers) or its file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Reset a sheet, and say where the old one is."""
    course = course_folder()
    solution = chosen(course, arguments.sheet)
    given = Path(arguments.sheet)
    place = given if given.suffix else course / "exercises" / solution.name
    kept = reset(place, solution)
    print(f"{place} is fresh; yours is {kept}" if kept else f"{place} is fresh")
    return 0


def chosen(course: Path, name: str) -> Path:
    """The solution of the sheet that is meant."""
    found = sorted((course / "solutions").glob("*.ipynb"))
    solutions = {path.stem: path for path in found}
    stem = Path(name).stem
    for known, path in solutions.items():
        if stem in (known, known.split("_")[0]):
            return path
    raise Misuse(f"there is no sheet {name!r}.{did_you_mean(stem, solutions)}")


def reset(place: Path, solution: Path) -> Path | None:
    """Write the sheet to `place`; what was there goes into the folder `saved`."""
    fresh, kept = sheet(solution), None
    if place.exists() and place.read_text(encoding="utf-8", errors="replace") != fresh:
        saved = place.parent / "saved"
        saved.mkdir(exist_ok=True)
        names = (saved / f"{place.stem}-{i}.ipynb" for i in count(1))
        kept = next(name for name in names if not name.exists())
        shutil.copy2(place, kept)
    write_whole(place, fresh)
    return kept
