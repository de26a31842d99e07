import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy import processes
from deploy.settings import Settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings, such as a DATABASE_URL, must not reach these tests."""
    names = [name.upper() for name in Settings.model_fields]
    for name in [*names, *(f"{name}_FILE" for name in names), "PROMETHEUS_MULTIPROC_DIR"]:
        if name in os.environ:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _usual_file_rights() -> Iterator[None]:
    """Commands that run inside the tests' own process take rights away from what it writes."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A short path, as sockets need, that any account may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="cloud-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def free_port() -> int:
    return find_free_port()


def find_free_port() -> int:
    """A port with the sandbox's two and its apps' three above it free as well."""
    for port in range(21000 + os.getpid() % 5000, 40000, 7):
        if all(is_free(port + more) for more in (0, 100, 111, 112, 113, 125)):
            return port
    raise AssertionError("no port is free")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def eventually(is_so: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(is_so())


def has_ended(pid: int) -> bool:
    return eventually(lambda: not processes.is_alive(pid))
