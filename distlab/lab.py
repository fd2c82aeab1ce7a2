"""`distlab lab`: the course in JupyterLab, without a network.

The learner's own Jupyter is neither used nor changed: settings, history and running
servers are kept in a folder of ours, and the kernel is the Python that has distlab.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path

from distlab.errors import Misuse
from distlab.folders import course_folder, settings_folder

# Nothing asks the outside for news, updates or extensions.
OFFLINE = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
    "--LabApp.extension_manager=readonly",
)
# What JupyterLab would otherwise ask the learner at the first start.
QUIET = {"fetchNews": "false", "checkForUpdates": False}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab lab` can be told."""
    parser.add_argument(
        "notebook",
        nargs="?",
        default="notebooks/index.ipynb",
        help="the notebook to open, seen from the course (default: %(default)s)",
    )
    parser.add_argument(
        "--port", type=int, help="the port to listen on (default: the next free one)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="only print the address to open"
    )


def run(arguments: argparse.Namespace) -> int:
    """Start JupyterLab and stay until it is stopped."""
    course = course_folder()
    if not (course / arguments.notebook).exists():
        raise Misuse(
            f"there is no notebook {arguments.notebook!r} in {course}: give its path "
            f"as seen from there, such as notebooks/index.ipynb."
        )
    if arguments.port and taken(arguments.port):
        raise Misuse(
            f"port {arguments.port} is taken by another program: leave `--port` out, "
            f"and the next free one is used."
        )
    os.environ.update(jupyter_folders(settings_folder() / "jupyter"))
    from jupyterlab.labapp import LabApp  # reads these folders when it is imported

    LabApp.launch_instance(jupyter_options(arguments, course))
    return 0


def taken(port: int) -> bool:
    """Whether somebody on this machine listens on the port already."""
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def jupyter_folders(home: Path) -> dict[str, str]:
    """The environment that makes Jupyter keep everything in `home`, which is made."""
    notices = home / "settings/@jupyterlab/apputils-extension"
    notices.mkdir(parents=True, exist_ok=True)
    quiet = notices / "notification.jupyterlab-settings"
    if not quiet.exists():
        quiet.write_text(json.dumps(QUIET), encoding="utf-8")
    return {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",  # the kernel of this environment comes first
    }


def jupyter_options(arguments: argparse.Namespace, course: Path) -> list[str]:
    """The options with which JupyterLab is started."""
    options = [
        *OFFLINE,
        f"--ServerApp.root_dir={course}",
        f"--LabApp.default_url=/lab/tree/{arguments.notebook}",
    ]
    if arguments.port:
        options += [f"--ServerApp.port={arguments.port}", "--ServerApp.port_retries=0"]
    if arguments.no_browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")  # in a container the learner often is root
    return options
