"""The whole product as somebody runs it: ``cloud up`` in a process of its own, asked over its own ports."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from deploy import database, processes, services
from deploy.settings import Settings
from tenants import sessions
from tests.asking import NOBODY
from tests.deploy.conftest import find_free_port, is_free

ROOT = Path(__file__).parents[2]
START_SECONDS, STOP_SECONDS = 120, 45
READY = "Ctrl-C stops everything."


@dataclass
class Live:
    """A running product. ``said`` are the lines it has printed."""

    url: str
    sandbox_url: str
    data_dir: Path
    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def control(self, path: str, body: Any = None) -> Any:
        """Turn one of the sandbox's switches; asked without a body it only reads."""
        method, url = ("GET", "POST")[body is not None], f"{self.sandbox_url}/control/{path}"
        with httpx2.Client(verify=NOBODY, trust_env=False, timeout=10) as client:
            answer = client.request(method, url, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def clear_faults(self) -> None:
        with httpx2.Client(verify=NOBODY, trust_env=False, timeout=10) as client:
            client.delete(f"{self.sandbox_url}/control/faults").raise_for_status()

    def mail_to(self, recipient: str, words: str = "", *, seconds: float = 15) -> dict[str, Any]:
        """Return the newest letter to this address that has these words, waiting for the post."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.control(f"mail?to={recipient}")
            for message in found["messages"] if isinstance(found, dict) else found:
                if words in message["text"]:
                    return dict(message)
            time.sleep(0.1)
        raise AssertionError(f"no mail to {recipient} arrived\n{self.logs()}")

    async def let_session_run_out(self, token: str) -> None:
        """Let the half hour pass after which a browser that did nothing is signed out."""
        settings = Settings(data_dir=self.data_dir, port=self.port)
        address = database.credentials(settings.database_superuser_url.get_secret_value())
        connection = await asyncpg.connect(**address | {"database": "cloud"})
        try:
            text = (
                "update tenants_session set expires_at = now() where token_hash = $1 and expires_at > now()"
            )
            assert await connection.execute(text, sessions.hash_of(token)) == "UPDATE 1"
        finally:
            await connection.close()

    def logs(self, lines: int = 40) -> str:
        """Return the end of every process's log."""
        paths = sorted((self.data_dir / "logs").glob("*.log"))
        parts = [f"--- {path.name}\n{processes.last_lines(path, lines)}" for path in paths]
        return "\n".join(["--- cloud up", *self.said[-lines:], *parts])


@contextlib.contextmanager
def running(data_dir: Path, *options: str, port: int = 0) -> Iterator[Live]:
    """Start everything, on free ports where none is named, wait until it says so, and stop it.

    Whatever stays running is an error.
    """
    port = port or find_free_port()
    command = [sys.executable, "-m", "deploy", "up", "--port", str(port), "--data", str(data_dir), *options]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    live = Live(f"http://localhost:{port}", f"http://127.0.0.1:{port + 100}", data_dir, process)
    try:
        _await_ready(live)
        yield live
    finally:
        _stop(live)
    _refuse_leftovers(live)


def plain_environment() -> dict[str, str]:
    """The machine's own settings, such as a DATABASE_URL, must not reach this instance."""
    names = {name.upper() for name in Settings.model_fields}
    ours = names | {f"{name}_FILE" for name in names} | {"PROMETHEUS_MULTIPROC_DIR"}
    return {name: text for name, text in os.environ.items() if name not in ours}


def _await_ready(live: Live) -> None:
    ready = threading.Event()

    def read() -> None:
        assert live.process.stdout is not None
        for line in live.process.stdout:
            live.said.append(line)
            if READY in line:
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    is_told = ready.wait(START_SECONDS)
    assert is_told and live.process.poll() is None, f"the product did not start\n{live.logs()}"  # noqa: PT018


def _stop(live: Live) -> None:
    if live.process.poll() is None:
        live.process.send_signal(signal.SIGINT)
    try:
        live.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        live.process.kill()
        live.process.wait()
        raise AssertionError(f"it did not stop within {STOP_SECONDS} s\n{live.logs()}") from None


def _refuse_leftovers(live: Live) -> None:
    assert live.process.returncode == 0, f"it ended with {live.process.returncode}\n{live.logs()}"
    taken = [port for port in (live.port, live.port + 100, live.port + 125) if not is_free(port)]
    assert taken == []
    assert not services.is_postgres_running(live.data_dir)
    assert not services.is_redis_running(live.data_dir)
    assert _processes_with(str(live.data_dir)) == []


def _processes_with(text: str) -> list[str]:
    """Return the command lines (where the system shows them) that name ``text``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in words and path.parent.name != str(os.getpid()):
                found.append(f"{path.parent.name}: {words}")
    return found
