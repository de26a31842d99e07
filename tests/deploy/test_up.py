"""``cloud up`` as a process of its own, with stand-ins for the product's own parts."""

import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from deploy import services
from deploy.settings import Settings
from deploy.up import announcement
from tests.deploy.conftest import eventually, has_ended, is_free

STAND_IN = """
import asyncio, sys, types
from collections import namedtuple
from deploy import up

SERVER = '''
import http.server, sys
class Alive(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Alive).serve_forever()
'''
WORKER = "import os, time; print('worker', os.getpid()); time.sleep(60)"

def module(name, *arguments):
    if name == "deploy.sandbox":
        return [sys.executable, "-c", SERVER, arguments[1]]
    if name == "deploy.sandbox.apps":
        return [sys.executable, "-c", SERVER, arguments[2]]
    if arguments == ("serve",):
        return [sys.executable, "-c", SERVER, PORT]
    return [sys.executable, "-c", WORKER]

def stand_in(name, **functions):
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(functions)

Report = namedtuple("Report", "signins")

async def prepare(settings): pass
async def migrate(settings): return ["0001_tables"]
async def seed(settings, progress):
    progress("one town")
    return Report([("Resident", "http://localhost/pay", "Tan Mei Ling")])

stand_in("deploy.database", prepare=prepare, migrate=migrate)
stand_in("deploy.seed", seed=seed)
PORT = sys.argv[sys.argv.index("--port") + 1]
up.module = module
from deploy.cli import app
app(prog_name="cloud")
"""


class Up:
    """A running ``cloud up`` whose words are read as they come."""

    def __init__(self, data_dir: Path, port: int, *options: str) -> None:
        command = [
            sys.executable,
            "-c",
            STAND_IN,
            "up",
            "--data",
            str(data_dir),
            "--port",
            str(port),
            *options,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def until(self, words: str) -> str:
        """Read up to the line with these words."""
        assert self.process.stdout is not None
        read = ""
        for line in self.process.stdout:
            read += line
            if words in line:
                return read
        raise AssertionError(f"{words!r} was never said: {read}\n{self.errors()}")

    def errors(self) -> str:
        return self.process.communicate(timeout=30)[1]


def worker_of(data_dir: Path) -> int:
    log = data_dir / "logs" / "worker.log"
    assert eventually(lambda: log.exists() and "worker" in log.read_text())
    return int(log.read_text().split()[1])


def is_all_gone(data_dir: Path, port: int, worker: int) -> bool:
    servers = (services.is_postgres_running(data_dir), services.is_redis_running(data_dir))
    return has_ended(worker) and is_free(port) and is_free(port + 100) and not any(servers)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_everything_says_where_to_go_and_stops_cleanly(
    data_dir: Path, free_port: int, number: signal.Signals
) -> None:
    up = Up(data_dir, free_port)
    said = up.until("Ctrl-C stops everything.")
    assert "Database: applied 0001_tables" in said
    assert "Demonstration: one town" in said
    assert f"Product  http://localhost:{free_port}" in said
    assert "Resident  http://localhost/pay  Tan Mei Ling" in said
    assert urllib.request.urlopen(f"http://127.0.0.1:{free_port}/healthz").status == 200
    assert services.is_postgres_running(data_dir)
    worker = worker_of(data_dir)
    assert [p.name for p in data_dir.rglob("*") if p.stat().st_mode & 0o077] == []

    second = Up(data_dir, free_port + 1)
    assert "already runs on the data in" in second.errors()
    assert second.process.returncode == 1
    assert services.is_postgres_running(data_dir)

    up.process.send_signal(number)
    assert (up.errors(), up.process.returncode) == ("", 0)
    assert is_all_gone(data_dir, free_port, worker)


def test_a_crashed_process_is_named_and_takes_the_rest_along(data_dir: Path, free_port: int) -> None:
    up = Up(data_dir, free_port, "--no-seed")
    assert "Demonstration" not in up.until("Ctrl-C stops everything.")
    worker = worker_of(data_dir)
    os.kill(worker, signal.SIGKILL)
    said = up.errors()
    assert said.startswith("The worker process was ended by SIGKILL. Its last lines, from ")
    assert f"  worker {worker}" in said
    assert up.process.returncode == 1
    assert is_all_gone(data_dir, free_port, worker)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_killed_outright_it_leaves_nothing_running_and_starts_again(data_dir: Path, free_port: int) -> None:
    up = Up(data_dir, free_port)
    up.until("Ctrl-C stops everything.")
    worker = worker_of(data_dir)
    up.process.kill()
    up.errors()
    assert eventually(lambda: is_all_gone(data_dir, free_port, worker))

    again = Up(data_dir, free_port)
    again.until("Ctrl-C stops everything.")
    again.process.terminate()
    assert again.errors() == ""


def test_a_taken_port_is_said_before_anything_is_started(data_dir: Path, free_port: int) -> None:
    up = Up(data_dir, free_port)
    up.until("Ctrl-C stops everything.")
    other = Up(data_dir / "other", free_port)
    assert other.errors() == f"Port {free_port} is taken by another program: choose another with --port.\n"
    assert other.process.returncode == 1
    assert not (data_dir / "other" / "postgres").exists()
    up.process.terminate()
    up.errors()


def test_the_announcement_lines_up(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir, port=8000)
    rows = [("Bank administrator", "http://localhost:8000/bank", "Chen Wei"), ("Resident", "http://x", "Tan")]
    lines = announcement(settings, rows, 3.21).splitlines()
    assert "Scenario Cloud runs, after 3.2 s." in lines
    assert "  Bank administrator  http://localhost:8000/bank  Chen Wei" in lines
    assert "  Resident            http://x                    Tan" in lines
