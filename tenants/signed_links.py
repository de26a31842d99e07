"""Links that are good for one row: its institution and its id, signed for one purpose. They need no table.

A link prints the same each time, opens nothing else, and is not a secret of ours to keep: whoever has it has it.
"""

import base64
import binascii
from uuid import UUID

from tenants.codes import same
from tenants.runtime import runtime

_ID, _SEAL = 16, 16
LENGTH = 64
"""Characters of a token: 48 bytes in base64."""


def token(purpose: str, tenant_id: UUID, row_id: UUID) -> str:
    """Return the signed token of a row."""
    ids = tenant_id.bytes + row_id.bytes
    return base64.urlsafe_b64encode(ids + _seal(purpose, ids)).decode()


def read(purpose: str, token: str) -> tuple[UUID, UUID] | None:
    """Return the institution and the row that a token stands for, checked in constant time; ``None`` if not ours."""
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    ids, seal = raw[: 2 * _ID], raw[2 * _ID :]
    if len(token) != LENGTH or not same(seal, _seal(purpose, ids)):
        return None
    return UUID(bytes=ids[:_ID]), UUID(bytes=ids[_ID:])


def _seal(purpose: str, ids: bytes) -> bytes:
    return runtime().sign(purpose, ids)[:_SEAL]
