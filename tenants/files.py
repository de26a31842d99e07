"""Documents that people upload, kept outside the web root and named by nobody but us.

What a file is is read from its first bytes, and must agree with its name and with what the browser said. What
can act when it is opened (scripts, macros, programs, PDF actions) is refused. Blocking: call from a thread.
"""

import hashlib
import io
import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from tenants.file_kinds import FileRefused, Kind, check_content, check_name, clean_filename
from tenants.runtime import runtime
from ui.formats import filesize
from ui.i18n import t

_CHUNK = 256 * 1024
_OWNER = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?")
_KEY = re.compile(rf"{_OWNER.pattern}/[0-9a-f]{{2}}/[0-9a-f]{{40}}")
_PRIVATE_DIRECTORY, _PRIVATE_FILE = 0o700, 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLimits:
    """What is taken: kinds, bytes, and pixels of a picture (a small file can hold a vast one)."""

    size: int = 10 * 1024 * 1024
    pixels: int = 60_000_000
    kinds: frozenset[Kind] = frozenset({Kind.PDF, Kind.PNG, Kind.JPEG, Kind.WEBP})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A kept file. ``key`` opens it; ``filename`` is safe to show and to send; ``sha256`` is in hexadecimal."""

    key: str
    filename: str
    content_type: str
    size: int
    sha256: str


class Storage(Protocol):
    """Where documents live; one directory here, an object store elsewhere."""

    def save(
        self,
        content: IO[bytes] | bytes,
        *,
        owner_key: str,
        filename: str,
        declared_type: str = "",
        limits: FileLimits | None = None,
    ) -> StoredFile:
        """Check and keep ``content`` for ``owner_key`` (a tenant or an application), all or nothing.

        Raises:
            FileRefused: when it is too large, of another kind than it says, or able to act when opened.
        """
        ...

    def open(self, key: str) -> IO[bytes]:
        """Return the content for reading.

        Raises:
            FileNotFoundError: when there is no such file; a key that cannot be one is treated the same.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove the file; one that is gone already is no error."""
        ...


class DirectoryStorage:
    """Files under one private directory: ``owner/ab/abcdef…``, written aside and moved into place."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(
        self,
        content: IO[bytes] | bytes,
        *,
        owner_key: str,
        filename: str,
        declared_type: str = "",
        limits: FileLimits | None = None,
    ) -> StoredFile:
        """Keep the file; see ``Storage.save``."""
        limits = limits or FileLimits()
        if not _OWNER.fullmatch(owner_key):
            raise ValueError(f"not an owner key: {owner_key!r}")
        name = clean_filename(filename)
        check_name(name, declared_type, limits.kinds)
        data = _read(content, limits.size)
        kind = check_content(data, name, declared_type, kinds=limits.kinds, pixels=limits.pixels)
        secret = secrets.token_hex(20)
        key = f"{owner_key}/{secret[:2]}/{secret}"
        self._write(self._root / key, data)
        return StoredFile(
            key=key,
            filename=name,
            content_type=kind.content_type,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )

    def open(self, key: str) -> IO[bytes]:
        """Return the content; see ``Storage.open``."""
        return self._path(key).open("rb")

    def delete(self, key: str) -> None:
        """Remove the file; see ``Storage.delete``."""
        try:
            self._path(key).unlink()
        except FileNotFoundError:
            return

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise FileNotFoundError(key)
        return self._root / key

    def _write(self, path: Path, data: bytes) -> None:
        for directory in (self._root, path.parent.parent, path.parent):
            directory.mkdir(mode=_PRIVATE_DIRECTORY, parents=directory == self._root, exist_ok=True)
        aside = path.with_suffix(".part")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE_FILE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise


def storage() -> Storage:
    """Return where documents are kept: outside the web root, under the data folder."""
    return DirectoryStorage(runtime().data_dir / "files")


def _read(content: IO[bytes] | bytes, limit: int) -> bytes:
    """Return the whole content, stopping as soon as it is too large."""
    if isinstance(content, bytes):
        content = io.BytesIO(content)
    pieces, size = [], 0
    for piece in _pieces(content):
        size += len(piece)
        if size > limit:
            message = t(
                "The file is larger than {limit}, which is the most we can keep.", limit=filesize(limit)
            )
            raise FileRefused("file.too_large", message, status=413)
        pieces.append(piece)
    if not size:
        raise FileRefused("file.empty", t("The file is empty."))
    return b"".join(pieces)


def _pieces(content: IO[bytes]) -> Iterator[bytes]:
    while piece := content.read(_CHUNK):
        yield piece
