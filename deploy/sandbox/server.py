"""Running the sandbox: in this process until told to stop, or as a child process for tests."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError

from granian.constants import Interfaces
from granian.server.embed import Server as Granian

from deploy.sandbox.app import create
from deploy.sandbox.settings import Settings

_ROOT = Path(__file__).parents[2]
_PATIENCE = 15.0


class SandboxError(RuntimeError):
    """The sandbox cannot start."""


async def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGINT or SIGTERM. Raises SandboxError when a port is taken."""
    for number in filter(None, (port, settings.smtp_port)):
        _check_free(host, number)
    server = Granian(
        create(settings), host, port, interface=Interfaces.ASGI, websockets=False, log_enabled=False
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, server.stop)
    await server.serve()


def _check_free(host: str, port: int) -> None:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SandboxError(f"Port {port} on {host} cannot be used: {error.strerror}.") from error


def free_port() -> int:
    """A port of 127.0.0.1 that is free now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A sandbox in a child process, on free ports where none are named.

    `url` has no slash at its end. Stopping and starting again on the same `data` and ports keeps the state.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        async_delay: float = 0.2,
        public_url: str = "",
        port: int = 0,
        smtp_port: int = 0,
    ) -> None:
        """Choose ports. `data` None keeps the state in memory; `async_delay` is in seconds."""
        self.port, self.smtp_port = port or free_port(), smtp_port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.stripe_base = f"{self.url}/stripe"
        self._data, self._delay, self._public_url = data, async_delay, public_url or self.url
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start, and wait until it answers. Raises SandboxError if it does not."""
        command = [sys.executable, "-m", "deploy.sandbox", "--port", str(self.port)]
        command += ["--smtp-port", str(self.smtp_port), "--public-url", self._public_url]
        command += ["--async-delay", str(self._delay)]
        command += ["--data", str(self._data)] if self._data else ["--memory"]
        self._process = subprocess.Popen(command, cwd=_ROOT)  # noqa: S603 - our own arguments
        self._wait()
        return self

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process is not None and self._process.poll() is None:
            with contextlib.suppress(URLError, ConnectionError, TimeoutError):
                urllib.request.urlopen(f"{self.url}/healthz", timeout=1).close()  # noqa: S310 - our own address
                return
            time.sleep(0.02)
        self.stop()
        raise SandboxError("The sandbox did not start.")

    def stop(self) -> None:
        """Stop it, by force after five seconds."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
