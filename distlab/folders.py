"""Where things are: the course, which updates replace, and what the learner keeps."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import distlab
from distlab.errors import Misuse


def course_folder() -> Path:
    """Where the notebooks are: the checkout that distlab runs from."""
    course = Path(distlab.__file__).resolve().parent.parent
    if not (course / "notebooks").is_dir():
        raise Misuse(
            f"{course} has no notebooks: distlab was installed without the course. "
            f"Clone the course and say `make lab` there."
        )
    return course


def settings_folder() -> Path:
    """Where the learner's own things live; they survive an update of the course."""
    if chosen := os.environ.get("DISTLAB_HOME"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "distlab"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", Path.home())) / "distlab"
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "distlab"
