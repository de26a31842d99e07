"""Where things are kept: the data folder, its sockets, and the addresses of the embedded servers."""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

LONGEST_SOCKET_FOLDER = 80
"""Unix sockets allow 104 (macOS) to 108 bytes for the whole path; the longest name here takes 20."""

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
OURS = ("postgres", "postgres.new", "sandbox", "files", "run", "logs", "samples", "apps")
"""What a fresh start removes from the data folder; anything else there is not ours."""

DATABASE = "cloud"
OWNER_ROLE = "cloud_owner"
APPLICATION_ROLE = "cloud_app"
SUPERUSER_ROLE = "postgres"


def project() -> Path:
    """The folder of the checkout, or the working folder when the packages are installed elsewhere."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def default_data_dir() -> Path:
    """``.cloud`` in the project; git ignores it."""
    return project() / ".cloud"


def sockets(data_dir: Path) -> Path:
    """The folder of the Unix sockets: inside ``data_dir`` unless that path is too long for a socket.

    A pure function of the path, so that every process with the same data finds the same servers.
    """
    inside = data_dir.resolve() / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
    shared = Path("/tmp") if Path("/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108 (owner checked)
    return shared / f"scenario-cloud-{digest}"


def postgres_url(data_dir: Path, role: str, database: str = DATABASE) -> str:
    """The embedded PostgreSQL as seen by ``role``; it listens on a socket only and asks no password."""
    return f"postgresql://{role}@/{database}?host={quote(str(sockets(data_dir)), safe='/')}"


def redis_url(data_dir: Path) -> str:
    """The embedded Redis; it listens on a socket only."""
    return f"unix://{quote(str(sockets(data_dir) / 'redis.sock'), safe='/')}?db=0"


def shared_metrics(data_dir: Path) -> dict[str, str]:
    """Return the environment in which processes count their metrics together, from nothing.

    It has to be in place before `deploy.metrics` is imported.
    """
    folder = data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {METRICS_VARIABLE: str(folder)}


def empty(data_dir: Path) -> None:
    """Remove the data for a fresh start; the secret key stays, and so does whatever is not ours."""
    for name in OURS:
        shutil.rmtree(data_dir / name, ignore_errors=True)


def kept_secret(data_dir: Path) -> str:
    """Return the secret kept in ``data_dir``, made on first use and readable by its owner alone."""
    path = data_dir / "secret_key"
    data_dir.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _write_once(path, os.urandom(32).hex())
    return path.read_text().strip()


def _write_once(path: Path, text: str) -> None:
    """Put the whole text in place at once; the first of several processes wins."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
