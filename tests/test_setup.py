"""What a fresh machine gets: lists of packages that agree, each with its reason."""

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDED = PYPROJECT["project"]["dependencies"]
OPTIONAL = [
    need
    for extra in PYPROJECT["project"]["optional-dependencies"].values()
    for need in extra
]
PYTHON = PYPROJECT["project"]["requires-python"]


def conda_packages() -> dict[str, str]:
    """Name and version of each package of environment.yml, distlab itself aside."""
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    lines = re.findall(r"^  - ([\w-]+) ?(\S*)  # \S.*$", text, re.MULTILINE)
    return dict(lines)


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (Requirement(line.split("#")[0]) for line in lines if line[0] != "#")
    return {canonicalize_name(pin.name): str(pin.specifier) for pin in pins}


def test_conda_and_pip_install_the_same_packages_in_the_same_versions():
    with_pip = {need.name: need.specifier for need in map(Requirement, NEEDED)}
    with_conda = {
        name: Requirement(name + version).specifier
        for name, version in conda_packages().items()
        if name not in ("python", "pip")
    }
    assert with_conda == with_pip
    assert conda_packages()["python"] == PYTHON


@pytest.mark.parametrize("file", ["pyproject.toml", "environment.yml"])
def test_every_package_says_why_it_is_there(file: str):
    text = (ROOT / file).read_text(encoding="utf-8")
    entries = re.findall(r'^ +(?:- |")[\w\[\]-]+ ?>=.*$', text, re.M)
    assert len(entries) >= len(NEEDED)
    assert [entry for entry in entries if not re.search(r"  # \w", entry)] == []


def test_every_package_asked_for_is_pinned_and_the_pin_fits():
    pins = pinned()
    for line in NEEDED + OPTIONAL:
        need = Requirement(line)
        version = pins[canonicalize_name(need.name)].removeprefix("==")
        assert need.specifier.contains(version, prereleases=True), line


def test_every_package_that_is_installed_here_is_the_pinned_one():
    pins = pinned()
    for package in metadata.distributions():
        name = canonicalize_name(package.name)
        if name in pins:
            assert pins[name] == f"=={package.version}", name


def test_pins_name_no_place_to_fetch_from():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.findall(r"://|^-|@|\bindex\b", text, re.M) == []


def test_what_a_learner_installs_is_small():
    optional = {Requirement(x).name for x in OPTIONAL}
    assert not optional & {Requirement(x).name for x in NEEDED}


def test_this_python_is_one_that_the_course_is_made_for():
    assert Requirement(f"python{PYTHON}").specifier.contains(
        ".".join(map(str, sys.version_info[:3]))
    )


def test_make_keeps_byte_code_and_knows_when_the_environment_is_old():
    rules = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "unexport PYTHONDONTWRITEBYTECODE" in rules
    for stamp in re.findall(r"^\$\(VENV\)/\..*$", rules, re.M):
        assert "pyproject.toml constraints.txt" in stamp
