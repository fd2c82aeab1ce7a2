"""`distlab doctor`: what is wrong with this installation, and what mends it.

Each examination returns what it found, or None. The later ones lean on the earlier:
the first that finds something ends the visit, since its remedy may mend the rest.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import distlab
from distlab.folders import settings_folder
from distlab.lab import jupyter_folders, taken

REASONS = {
    "jsonschema": "newer ones build a grammar at every import: 1.5 s in each kernel",
    "altair": "6 writes charts that JupyterLab 4 cannot draw without a network",
}
# Slow to import without byte code, and imported by nearly every notebook.
HEAVY = ("numpy", "pandas", "altair", "jsonschema", "ipywidgets")
KERNEL_REMEDY = shlex.join(
    (sys.executable, "-m", "ipykernel", "install", "--sys-prefix")
)


class Finding(NamedTuple):
    """What is wrong, in a sentence, and the one command that mends it."""

    wrong: str
    remedy: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`distlab doctor` needs to be told nothing."""


def run(arguments: argparse.Namespace) -> int:
    """Examine, and print what was found; 1 if anything is wrong."""
    for examine in EXAMINATIONS:
        subject = (examine.__doc__ or "").rstrip(".")
        if found := examine():
            print(f"wrong  {subject}: {found.wrong}\nmend   {found.remedy}")
            return 1
        print(f"well   {subject}")
    for remark in remarks():
        print(f"note   {remark}")
    return 0


def python() -> Finding | None:
    """Python is 3.11 or newer."""
    if sys.version_info >= (3, 11):  # noqa: UP036  any Python can run it from here
        return None
    here = ".".join(map(str, sys.version_info[:3]))
    return Finding(f"this is {here}", "make clean lab PYTHON=python3.11")


def packages() -> Finding | None:
    """The packages are there, in versions that fit together."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return Finding("`packaging` is missing", reinstall())
    wrong, wanted = [], []
    for line in metadata.requires("distlab") or ():
        need = Requirement(line)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            here = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            here = "missing"
        if here == "missing" or not need.specifier.contains(here, prereleases=True):
            because = REASONS.get(need.name)
            wrong.append(f"{need} is needed and {need.name} is {here}")
            wrong[-1] += f" ({because})" if because else ""
            wanted.append(f"{need.name}{need.specifier}")
    if wrong:
        return Finding("; ".join(wrong), pip("install", *wanted))
    return None


def installation() -> Finding | None:
    """`import distlab` finds the course in this folder."""
    try:
        metadata.version("distlab")
    except metadata.PackageNotFoundError:
        return Finding("distlab is not installed for this Python", reinstall())
    scripts = Path(sysconfig.get_path("scripts"))
    ours = scripts / ("distlab.exe" if os.name == "nt" else "distlab")
    if not ours.exists():
        return Finding(f"the command `distlab` is missing in {scripts}", reinstall())
    return None


def byte_code() -> Finding | None:
    """Packages are compiled, so that imports are quick."""
    slow = []
    for name in HEAVY:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            continue
        if not Path(importlib.util.cache_from_source(spec.origin)).exists():
            slow.append(name)
    if not slow:
        return None
    return Finding(
        f"{', '.join(slow)} must be compiled anew at each import",
        shlex.join(
            (sys.executable, "-m", "compileall", "-q", sysconfig.get_path("purelib"))
        ),
    )


def kernel() -> Finding | None:
    """A kernel of this Python starts and imports distlab."""
    os.environ.update(jupyter_folders(settings_folder() / "jupyter"))
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import start_new_kernel

    try:
        manager, client = start_new_kernel(
            kernel_name="python3", startup_timeout=60, stderr=subprocess.DEVNULL
        )
    except NoSuchKernel:
        return Finding("there is no kernel `python3`", pip("install", "ipykernel"))
    except (RuntimeError, OSError) as died:
        return Finding(f"it does not start ({died})", KERNEL_REMEDY)
    try:
        theirs = asked(client, "import sys", "sys.prefix")
        if not Path(theirs).samefile(sys.prefix):
            return Finding(f"its Python is another one, of {theirs}", KERNEL_REMEDY)
        asked(client, "import distlab", "distlab.__file__")
    except TimeoutError:
        return Finding("it does not answer within a minute", KERNEL_REMEDY)
    except ImportError as missing:
        return Finding(f"it says {missing}", reinstall())
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return None


def asked(client: Any, code: str, expression: str) -> str:
    """What a kernel finds for the expression after it has run the code."""
    reply = client.execute_interactive(
        code, user_expressions={"it": expression}, timeout=60
    )["content"]
    if reply["status"] != "ok":
        raise ImportError(reply["evalue"])
    return str(ast.literal_eval(reply["user_expressions"]["it"]["data"]["text/plain"]))


EXAMINATIONS = (python, packages, installation, byte_code, kernel)


def remarks() -> list[str]:
    """What is not wrong, but may surprise."""
    found = []
    jupyter = shutil.which("jupyter")
    scripts = Path(sysconfig.get_path("scripts"))
    if jupyter is not None and Path(jupyter).parent.resolve() != scripts.resolve():
        found.append(
            f"`jupyter` is another one, {jupyter}: open the course by `make lab`, "
            f"which takes the right one"
        )
    if taken(8888):
        found.append("port 8888 is taken: `make lab` takes the next free one")
    return found


def pip(*words: str) -> str:
    """A pip command for the Python that runs this."""
    return shlex.join((sys.executable, "-m", "pip", *words))


def reinstall() -> str:
    """The command that installs the course anew, from where it is."""
    course = Path(distlab.__file__).resolve().parent.parent
    bare = sys.prefix == sys.base_prefix and "CONDA_PREFIX" not in os.environ
    if bare and (course / "Makefile").exists():  # the course's Python is another one
        return shlex.join(("make", "-C", str(course), "lab"))
    return pip("install", "-c", str(course / "constraints.txt"), "-e", str(course))
