"""Keeps pytest, and the kernels it starts, away from the user's own files."""

import os
import tempfile

import pytest
from hypothesis import HealthCheck, settings

away_from_home = tempfile.TemporaryDirectory(prefix="distlab-test-")
os.environ["DISTLAB_HOME"] = os.path.join(away_from_home.name, "distlab")
os.environ["IPYTHONDIR"] = os.path.join(away_from_home.name, "ipython")

# Nothing here is timed: a slow machine is not a wrong one. `make test` tries the same
# examples each time; `make soak` looks for new ones, and prints how to replay them.
settings.register_profile(
    "test",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "soak",
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_configure(config: pytest.Config) -> None:
    """Choose how hard Hypothesis looks."""
    settings.load_profile("soak" if config.getoption("-m") == "soak" else "test")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes minutes, so that no core waits for it at the end."""
    items.sort(key=lambda item: "test_browser" not in item.nodeid)
