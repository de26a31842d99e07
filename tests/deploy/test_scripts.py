"""The shell scripts, on machines that lack something: a PATH with only what the test puts there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "cat", "cksum", "dirname", "env", "grep", "cp", "id")
OLD_PYTHON = """#!/bin/bash
case "$2" in *print*) echo "{version}" ;; *) exit 1 ;; esac
"""
BROKEN_PYTHON = """#!/bin/bash
echo "this command is not installed" >&2
exit 127
"""
RECORDER = """#!/bin/bash
echo "$0 $*" >> "{record}"
exit {code}
"""


class Machine:
    """A copy of the scripts and a PATH without anything else."""

    def __init__(self, folder: Path) -> None:
        self.project, self.bin = folder / "project", folder / "bin"
        (self.project / "deploy").mkdir(parents=True)
        self.bin.mkdir()
        for name in (
            "deploy/up",
            "deploy/test",
            "deploy/environment.sh",
            "pyproject.toml",
            "requirements.lock",
        ):
            shutil.copy(PROJECT / name, self.project / name)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)

    def has(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def run(self, script: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [str(self.bin / "bash"), str(self.project / "deploy" / script), *arguments]
        env = {"PATH": str(self.bin), "HOME": str(self.project)}
        return subprocess.run(command, check=False, capture_output=True, text=True, env=env, cwd="/")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize("script", ["up", "test"])
def test_a_machine_without_python_is_told_what_to_install(machine: Machine, script: str) -> None:
    result = machine.run(script)
    assert result.returncode == 1
    assert result.stderr == (
        "Scenario Cloud needs Python 3.11 or newer, and there is none on the PATH: install it, or uv.\n"
    )


def test_a_too_old_python_is_named(machine: Machine) -> None:
    machine.has("python3", OLD_PYTHON.format(version="3.9"))
    result = machine.run("up")
    assert result.returncode == 1
    assert result.stderr == (
        "Scenario Cloud needs Python 3.11 or newer, and this machine's is 3.9: install a newer one, or uv.\n"
    )


def test_a_python_that_does_not_run_is_passed_over(machine: Machine) -> None:
    machine.has("python3.12", BROKEN_PYTHON)
    machine.has("python3", OLD_PYTHON.format(version="3.10"))
    assert "this machine's is 3.10" in machine.run("up").stderr


def test_uv_is_used_where_it_is_and_its_failure_is_shown(machine: Machine, tmp_path: Path) -> None:
    record = tmp_path / "record"
    machine.has("uv", RECORDER.format(record=record, code=2))
    result = machine.run("up")
    assert result.returncode == 1
    assert result.stderr.endswith("uv could not make the environment (see above).\n")
    assert "venv --clear --python 3.12" in record.read_text()


def test_a_warm_start_installs_nothing_and_hands_the_arguments_on(machine: Machine, tmp_path: Path) -> None:
    environment = machine.project / ".venv" / "bin"
    environment.mkdir(parents=True)
    ours = 'if [ "$1" = -P ]; then echo "$@"; else exec {python} "$@"; fi'
    (environment / "python").write_text("#!/bin/bash\n" + ours.format(python=sys.executable) + "\n")
    (environment / "python").chmod(0o755)
    machine.has("uv", RECORDER.format(record=tmp_path / "record", code=0))
    first = machine.run("up", "--port", "9000")
    assert first.stdout == "-P -m deploy up --port 9000\n"
    assert "Installing" in first.stderr
    again = machine.run("up", "--no-seed")
    assert (again.stdout, again.stderr) == ("-P -m deploy up --no-seed\n", "")
    assert (tmp_path / "record").read_text().count("pip install") == 1
    (machine.project / "requirements.lock").write_text("changed==1\n")
    assert "Installing" in machine.run("up").stderr


def test_continuous_integration_runs_what_everybody_runs(tmp_path: Path) -> None:
    for folder in (".ci", "deploy"):
        (tmp_path / folder).mkdir()
    shutil.copy(PROJECT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "deploy" / "test").write_text('echo "tests of $0 with $*"\n')
    command = [str(tmp_path / ".ci" / "run"), "-k", "health"]
    result = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd="/", env=dict(os.environ)
    )
    assert result.stdout == f"tests of {tmp_path}/.ci/../deploy/test with -k health\n"
