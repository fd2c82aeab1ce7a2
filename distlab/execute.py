"""`distlab execute`: run lessons in fresh kernels and store what they show.

What is stored is what a strict comparison needs and no more: outputs and execution
counts, without timings, widget state, or the version of the Python that ran them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from distlab.errors import Misuse, Violation
from distlab.folders import course_folder

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
# How one machine ran or showed a cell; everything else is the author's.
PASSING = ("ExecuteTime", "collapsed", "execution", "jp-MarkdownHeadingCollapsed")

WIDGET = "application/vnd.jupyter.widget-view+json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab execute` can be told."""
    parser.add_argument(
        "notebooks",
        nargs="*",
        type=Path,
        help="the notebooks to run (default: all of notebooks/ and solutions/)",
    )
    parser.add_argument(
        "--cell-timeout-s",
        type=int,
        default=60,
        help="how long one cell may take, in seconds (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run each notebook and write it back."""
    for path in arguments.notebooks or lessons():
        executed(path, arguments.cell_timeout_s)
        print(path)
    return 0


def lessons() -> list[Path]:
    """The notebooks whose outputs are kept."""
    course = course_folder()
    return sorted(
        path
        for room in ("notebooks", "solutions")
        for path in course.glob(f"{room}/*.ipynb")
    )


def executed(path: Path, cell_timeout_s: int) -> None:
    """Run one notebook from a fresh kernel; raises `Violation` where a cell fails."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError

    try:
        notebook = nbformat.read(path, as_version=4)
    except nbformat.reader.NotJSONError as broken:
        raise Misuse(
            f"{path} is not a notebook: give a file that Jupyter wrote."
        ) from broken
    with tempfile.TemporaryDirectory() as home:  # nobody's progress or profile
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            timeout=cell_timeout_s,
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(path.parent)}},
        )
        try:
            client.execute(env={**os.environ, "DISTLAB_HOME": home, "IPYTHONDIR": home})
        except (CellExecutionError, CellTimeoutError) as failed:
            raise Violation(f"{path} does not run to its end: {failed}") from failed
    normalise(notebook)
    nbformat.write(notebook, path)


def normalise(notebook: Any) -> None:
    """Take away what differs from one run, machine or editor to the next."""
    notebook.metadata = METADATA
    for cell in notebook.cells:
        for name in PASSING:
            cell.metadata.pop(name, None)
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).clear()
            # Without a kernel a widget is nothing: its picture or its words are shown.
            output.get("data", {}).pop(WIDGET, None)
