"""Where the bytes of statements stay: compressed, under their own hash, so that what is kept is what was read."""

import gzip
import hashlib
import os
import secrets
from pathlib import Path
from typing import IO, cast
from uuid import UUID

from tenants.runtime import runtime

_CHUNK = 1 << 20
_PRIVATE = 0o700


class Damaged(RuntimeError):
    """A kept file is not any more what was read: its hash differs."""


def keep(tenant_id: UUID, file: IO[bytes]) -> str:
    """Keep a file and return its key; the same bytes are kept once. Blocking: call from a thread."""
    file.seek(0)
    sha256 = hashlib.sha256()
    folder = _folder(tenant_id)
    aside = folder / f".{secrets.token_hex(8)}"
    with gzip.open(aside, "wb", compresslevel=3) as out:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            out.write(chunk)
    key = sha256.hexdigest()
    aside.replace(folder / f"{key}.gz")
    file.seek(0)
    return key


def open_kept(tenant_id: UUID, key: str) -> IO[bytes]:
    """Return a kept file for reading; ``FileNotFoundError`` when there is none."""
    if len(key) != 64 or not all(char in "0123456789abcdef" for char in key):  # noqa: PLR2004 - a SHA-256
        raise FileNotFoundError(key)
    return cast("IO[bytes]", gzip.open(_folder(tenant_id) / f"{key}.gz", "rb"))


def read_whole(tenant_id: UUID, key: str) -> bytes:
    """Return a kept file's bytes. Blocking.

    Raises:
        Damaged: they are not what was kept.
    """
    with open_kept(tenant_id, key) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != key:
        raise Damaged(key)
    return content


def _folder(tenant_id: UUID) -> Path:
    folder = runtime().data_dir / "statements" / tenant_id.hex
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, _PRIVATE)  # noqa: PTH101 - the folder alone, whatever the umask
    return folder
