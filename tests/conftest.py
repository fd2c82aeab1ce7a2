"""What all tests share: golden texts, a browser, imports looked through just once."""

import gc
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

# A shell has what it starts in the background ignore Ctrl-C, and so would all that we
# start: whether an interrupt ends it is one of the things that are tested.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden texts anew; read the difference before you commit",
    )


def pytest_collection_finish() -> None:
    """What is imported stays: the garbage collector goes through runs alone."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden("failover.txt", text)`: golden/failover.txt beside the test says so."""

    def compare(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: make it by `pytest --update-golden`"
        assert text == path.read_text(encoding="utf-8"), (
            f"{path} tells another story: if the new one is right, run "
            f"`pytest {request.path} --update-golden` and read the difference"
        )

    return compare


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    """A real browser; without one a test is skipped, and fails in CI."""
    from lab_in_browser import browser, chromium  # slow to import, and few want it

    if chromium() is None:
        sentence = "no Chromium on this machine: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with browser() as opened:
        yield opened
