"""Child processes that never outlive their parent, and one-at-a-time use of a data folder."""

import atexit
import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam, struct_passwd
from typing import Any

STOP_SECONDS = 20
PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


class InUseError(Exception):
    """Another process has the data folder; ``note`` is what it left for others to read."""

    def __init__(self, note: str) -> None:
        super().__init__(note)
        self.note = note


@contextmanager
def claim(data_dir: Path, note: str) -> Iterator[None]:
    """Have the data folder to oneself. The kernel ends the claim with the process, however that ends.

    Raises:
        InUseError: with the note of the process that has it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InUseError(file.read().strip()) from None
        file.truncate(0)
        file.write(note)
        file.flush()
        yield


def die_with_parent(death: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs before its program so that the kernel sends it ``death`` when we end.

    Linux only; elsewhere a killed parent may leave children, which the next start takes over.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(death))


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    death: signal.Signals,
    account: struct_passwd | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own (so that Ctrl-C reaches only us), its output in ``log``.

    The process is stopped with ``death`` at exit at the latest.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 (our own programs)
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(death),  # noqa: PLW1509 (one system call, safe beside threads)
            cwd=cwd,
            env=dict(env) if env is not None else None,
            **as_account(account),
        )
    atexit.register(stop, process, None, death)
    return process


def as_account(account: struct_passwd | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run something as ``account``."""
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def stop(process: subprocess.Popen[bytes] | None, pid: int | None, death: signal.Signals) -> None:
    """Ask a process to end, wait, and kill it only when it does not."""
    target = process.pid if process is not None and process.poll() is None else pid
    if target is None or not is_alive(target):
        return
    for number, seconds in ((death, STOP_SECONDS), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(target, number)
        if _is_gone(process, target, seconds):
            return


def is_alive(pid: int) -> bool:
    """Whether a process with this id runs; one that has ended and waits to be collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with contextlib.suppress(OSError):
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")
    return True


def unprivileged_account(name: str) -> struct_passwd | None:
    """Return the account for a server that refuses to run as root, made when missing; None when not root."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return getpwnam(name)
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", name]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 (our own words)
    try:
        return getpwnam(name)
    except KeyError:
        return getpwnam("nobody")


def open_way(path: Path) -> None:
    """Let other accounts walk through (not list) the folders above ``path``, where they cannot yet."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def last_lines(log: Path, count: int) -> str:
    """Return the end of a log for a message."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-count:])


def _is_gone(process: subprocess.Popen[bytes] | None, pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (process is not None and process.poll() is not None) or not is_alive(pid):
            return True
        time.sleep(0.02)
    return False
