import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy import processes
from deploy.cli import app

COMMANDS = ("up", "serve", "worker", "sandbox", "migrate", "seed", "bench", "verify", "routes")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "--data" in result.stdout


def test_help_loads_nothing_heavy() -> None:
    heavy = ("tortoise", "pydantic", "starlette", "granian")
    code = f"import sys, deploy.cli; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found == "[]\n"


def test_wrong_settings_are_sentences_and_not_a_traceback(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "amqp://queue")
    result = CliRunner().invoke(app, ["up", "--port", "70000", "--data", str(data_dir)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "PORT should be less than or equal to 65535.",
        "REDIS_URL has to begin with redis:// or rediss:// or unix://.",
    ]


def test_a_second_up_on_the_same_data_is_refused(data_dir: Path) -> None:
    with processes.claim(data_dir, "process 4711, http://localhost:8000"):
        result = CliRunner().invoke(app, ["up", "--data", str(data_dir)])
    assert result.exit_code == 1
    assert result.stderr == (
        f"Scenario Cloud already runs on the data in {data_dir} (process 4711, http://localhost:8000): "
        "stop it first, or give another folder with --data.\n"
    )


def test_an_unreachable_database_is_one_sentence(
    data_dir: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://app:hunter2@127.0.0.1:{free_port}/cloud")
    result = CliRunner().invoke(app, ["up", "--data", str(data_dir), "--port", str(free_port)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"PostgreSQL at 127.0.0.1:{free_port} cannot be reached (nothing listens there): check DATABASE_URL."
    ]


def test_fresh_never_empties_a_database_outside(
    data_dir: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/cloud")
    (data_dir / "files").mkdir()
    result = CliRunner().invoke(app, ["up", "--fresh", "--data", str(data_dir), "--port", str(free_port)])
    assert result.exit_code == 1
    assert "DATABASE_URL names a database outside" in result.stderr
    assert (data_dir / "files").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["verify", "receipts"], "say audit, bills, ledger, isolation or receipt"),
        (["verify", "receipt"], "receipt needs a file"),
        (["verify", "bills", "a.json"], "only receipt takes one"),
    ],
)
def test_verify_says_what_it_takes(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.replace("│", " ").split())


def test_production_has_no_sandbox_to_run(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    told = {
        "DATABASE_URL": "postgresql://a@db/c",
        "REDIS_URL": "redis://r",
        "PUBLIC_URL": "https://cloud.example",
    }
    told |= {"ENVIRONMENT": "production", "SECRET_KEY": "k" * 32, "SMTP_URL": "smtp://mail"}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(app, ["sandbox", "--data", str(data_dir)])
    assert (result.exit_code, result.stderr.split(":")[0]) == (1, "Production has no sandbox")
