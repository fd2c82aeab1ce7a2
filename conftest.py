"""Keeps pytest, and the kernels it starts, away from the user's own files."""

import os
import tempfile

import pytest
from hypothesis import settings

away_from_home = tempfile.TemporaryDirectory(prefix="distlab-test-")
os.environ["DISTLAB_HOME"] = os.path.join(away_from_home.name, "distlab")
os.environ["IPYTHONDIR"] = os.path.join(away_from_home.name, "ipython")

# Nothing here is timed: a slow machine is not a wrong one. `make test` tries the same
# examples each time; `make soak` looks for new ones, and prints how to replay them.
settings.register_profile("test", deadline=None, derandomize=True)
settings.register_profile("soak", deadline=None, max_examples=2_000, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hard Hypothesis looks."""
    settings.load_profile("soak" if config.getoption("-m") == "soak" else "test")
