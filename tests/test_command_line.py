"""`distlab` at the prompt: helps that read well, errors in one sentence, exit codes."""

import argparse
import json
import os
import socket
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

from distlab import doctor, folders, lab
from distlab.__main__ import COMMANDS, main
from distlab.errors import Misuse, Violation

ROOT = Path(__file__).parent.parent


def built(command: str) -> bool:
    *folders, file = COMMANDS[command][0].split(".")
    return ROOT.joinpath(*folders, f"{file}.py").exists()


def command_that(monkeypatch: pytest.MonkeyPatch, does) -> None:
    """Put a command `try` beside the others, which does this."""
    module = types.ModuleType("distlab_try")
    module.add_arguments = lambda parser: None
    module.run = lambda arguments: does()
    monkeypatch.setitem(sys.modules, "distlab_try", module)
    monkeypatch.setitem(COMMANDS, "try", ("distlab_try", "be tried"))


def raises(error: BaseException):
    def does() -> int:
        raise error

    return does


# ------------------------------------------------------------------------------ helps
def test_help_names_every_command_and_every_exit_code(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert all(f"{name} " in told for name in COMMANDS)
    assert all(f"\n  {code}  " in told for code in range(4))
    assert max(map(len, told.splitlines())) <= 88


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_each_of_its_arguments(command: str):
    if not built(command):
        pytest.skip(f"`distlab {command}` is not built yet")
    parser = argparse.ArgumentParser()
    __import__(COMMANDS[command][0])
    sys.modules[COMMANDS[command][0]].add_arguments(parser)
    assert [a.dest for a in parser._actions if not a.help] == []


def test_the_script_and_the_module_are_the_same_command():
    script = Path(sys.executable).with_name("distlab")
    helps = {
        subprocess.run([*start, "--help"], capture_output=True, text=True).stdout
        for start in ([script], [sys.executable, "-m", "distlab"])
    }
    assert len(helps) == 1 and "usage: distlab" in helps.pop()


def test_help_loads_no_simulator():
    code = (
        "import sys; from distlab.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "distlab.errors" in done.stdout
    assert "distlab.sim" not in done.stdout


# ------------------------------------------------------------------- errors, exit codes
def test_a_misspelt_command_is_answered_with_the_nearest_one(capsys):
    assert main(["docter"]) == 2
    told = capsys.readouterr().err
    assert told == "distlab: there is no command `docter`. Did you mean `doctor`?\n"


@pytest.mark.parametrize("words", [[], ["lab", "--prot", "3"], ["lab", "--port", "x"]])
def test_wrong_usage_is_one_sentence_and_leaves_with_2(words, capsys):
    with pytest.raises(SystemExit) as left:
        main(words)
    told = capsys.readouterr()
    assert left.value.code == 2
    assert told.out == ""
    assert told.err.startswith("distlab") and told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Misuse("no such protocol"), 2),
        (Violation("two leaders"), 1),
        (FileNotFoundError(2, "No such file or directory", "x.ipynb"), 3),
        (PermissionError(13, "Permission denied", "grades.csv"), 3),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_failure_has_its_exit_code(error, code, monkeypatch, capsys):
    command_that(monkeypatch, raises(error))
    assert main(["try"]) == code
    told = capsys.readouterr()
    assert told.out == ""
    if code != 130:
        assert told.err == f"distlab try: {error}\n"


def test_a_bug_of_ours_is_not_dressed_up_as_a_sentence(monkeypatch):
    command_that(monkeypatch, raises(KeyError("bug")))
    with pytest.raises(KeyError):
        main(["try"])


def test_a_reader_who_has_seen_enough_is_no_error():
    code = (
        "import sys, types\n"
        "from distlab.__main__ import COMMANDS, main\n"
        "talks = types.ModuleType('talks')\n"
        "talks.add_arguments = lambda parser: None\n"
        "talks.run = lambda arguments: [print('line') for _ in range(100_000)] and 0\n"
        "sys.modules['talks'] = talks\n"
        "COMMANDS['talk'] = ('talks', 'talk')\n"
        "sys.exit(main(['talk']))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == b"line\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


# --------------------------------------------------------------------------------- lab
def test_the_lab_keeps_the_learners_own_jupyter_out_of_it(tmp_path):
    folders = lab.jupyter_folders(tmp_path / "jupyter")
    kept = [value for name, value in folders.items() if name.endswith("DIR")]
    assert len(kept) == 5
    assert all(Path(value).is_relative_to(tmp_path) for value in kept)


def test_the_lab_asks_nobody_for_news_but_leaves_the_learners_choice(tmp_path):
    lab.jupyter_folders(tmp_path)
    chosen = next(tmp_path.rglob("notification.jupyterlab-settings"))
    assert json.loads(chosen.read_text())["fetchNews"] == "false"
    chosen.write_text('{"fetchNews": "true"}')
    lab.jupyter_folders(tmp_path)
    assert json.loads(chosen.read_text())["fetchNews"] == "true"


@pytest.mark.parametrize(
    ("platform", "variables", "where"),
    [
        ("linux", {"HOME": "/h"}, "/h/.local/share/distlab"),
        ("linux", {"HOME": "/h", "XDG_DATA_HOME": "/d"}, "/d/distlab"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Application Support/distlab"),
        ("linux", {"HOME": "/h", "DISTLAB_HOME": "/mine"}, "/mine"),
    ],
)
def test_what_is_the_learners_is_kept_where_the_system_keeps_such_things(
    platform, variables, where, monkeypatch
):
    for name in ("DISTLAB_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert folders.settings_folder() == Path(where)


def test_a_notebook_that_is_not_there_is_refused(monkeypatch, tmp_path, capsys):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(
        folders.distlab, "__file__", str(tmp_path / "distlab/__init__.py")
    )
    assert main(["lab", "notebooks/99.ipynb"]) == 2
    assert "no notebook 'notebooks/99.ipynb'" in capsys.readouterr().err


def test_a_library_without_its_course_says_how_to_get_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(
        folders.distlab, "__file__", str(tmp_path / "distlab/__init__.py")
    )
    assert main(["lab"]) == 2
    assert "Clone the course and say `make lab` there." in capsys.readouterr().err


def test_a_port_that_is_taken_is_refused(monkeypatch, tmp_path, capsys):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/index.ipynb").touch()
    monkeypatch.setattr(
        folders.distlab, "__file__", str(tmp_path / "distlab/__init__.py")
    )
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        assert main(["lab", "--port", str(port)]) == 2
    assert f"port {port} is taken" in capsys.readouterr().err


# ------------------------------------------------------------------------------ doctor
def test_the_doctor_finds_nothing_here(capsys, monkeypatch, tmp_path):
    for name in lab.jupyter_folders(tmp_path):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert told.count("well ") == len(doctor.EXAMINATIONS)
    assert "wrong" not in told


def test_the_doctor_finds_an_old_python(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    found = doctor.python()
    assert found and "3.9.6" in found.wrong and "PYTHON=" in found.remedy


@pytest.mark.parametrize(
    ("package", "version", "because"),
    [
        ("jsonschema", "4.26.0", "grammar at every import"),
        ("altair", "6.3.0", "cannot draw without a network"),
        ("numpy", "1.26.4", "numpy>=2 is needed and numpy is 1.26.4"),
        ("tqdm", None, "tqdm is missing"),
    ],
)
def test_the_doctor_finds_a_package_that_does_not_fit(
    package, version, because, monkeypatch, capsys
):
    real = metadata.version

    def pretend(name: str) -> str:
        if name == package and version is None:
            raise metadata.PackageNotFoundError(name)
        return version if name == package and version else real(name)

    monkeypatch.setattr(doctor.metadata, "version", pretend)
    assert main(["doctor"]) == 1
    wrong, remedy = capsys.readouterr().out.splitlines()[-2:]
    assert because in wrong
    assert remedy.startswith("mend ") and f"install '{package}" in remedy


def test_the_doctor_finds_packages_that_are_not_compiled(monkeypatch, tmp_path):
    (tmp_path / "slow_package.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(doctor, "HEAVY", ("slow_package", "pytest"))
    found = doctor.byte_code()
    assert found and found.wrong.startswith("slow_package must")
    assert "-m compileall -q" in found.remedy


def test_the_doctor_finds_that_distlab_is_not_installed(monkeypatch):
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "version", missing)
    found = doctor.installation()
    assert found and "not installed" in found.wrong and str(ROOT) in found.remedy


def kernel_spec(folder: Path, monkeypatch, *argv: str) -> None:
    """Make Jupyter find this kernel `python3` before any other."""
    spec = folder / "kernels/python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(folder))
    for name in lab.jupyter_folders(folder):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards


def test_the_doctor_finds_a_kernel_that_is_not_there(monkeypatch, tmp_path):
    kernel_spec(
        tmp_path, monkeypatch, str(tmp_path / "gone/python"), "{connection_file}"
    )
    found = doctor.kernel()
    assert found and "does not start" in found.wrong
    assert "ipykernel install" in found.remedy


def test_the_doctor_finds_a_kernel_of_another_python(monkeypatch, tmp_path):
    twin = tmp_path / "python"
    script = f'#!/bin/sh\nexec "{sys._base_executable}" "$@"\n'
    twin.write_text(script)
    twin.chmod(0o755)
    paths = [path for path in sys.path if path.endswith("site-packages")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    kernel_spec(
        tmp_path, monkeypatch, str(twin), "-m", "ipykernel", "-f", "{connection_file}"
    )
    found = doctor.kernel()
    assert found and "another one" in found.wrong


def test_the_doctor_remarks_on_another_jupyter_and_a_busy_port(monkeypatch, tmp_path):
    other = tmp_path / "jupyter"
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "taken", lambda port: port == 8888)
    another, busy = doctor.remarks()
    assert str(other) in another and "8888 is taken" in busy
