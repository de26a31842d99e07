"""What a printed bill lets its bearer do: open that one bill, and confirm that its account is theirs.

A pay-link is stateless: the tenant and the bill, signed by us. It needs no table, prints the same each time, and
opens nothing but a bill that has been issued. The confirmation code that is printed beside it is a holder's, of
``tenants.accounts.codes``.
"""

import base64
import binascii
from uuid import UUID

from tenants.accounts.codes import CODE_LENGTH, code_hash, confirmation_code, ensure_codes
from tenants.codes import same
from tenants.runtime import runtime
from ui.errors import NotFound
from ui.i18n import t

_ID, _SEAL = 16, 16
_LENGTH = 64
"""Characters of a token: 48 bytes in base64."""


__all__ = [
    "CODE_LENGTH",
    "code_hash",
    "confirmation_code",
    "ensure_codes",
    "make",
    "make_url",
    "read",
    "token",
]


def make(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the path of a bill's pay-link, ``/pay/{token}``."""
    return f"/pay/{token(tenant_id, bill_id)}"


def make_url(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the whole address of a bill's pay-link, as printed and sent."""
    return runtime().public_url.rstrip("/") + make(tenant_id, bill_id)


def token(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the signed token of a bill."""
    ids = tenant_id.bytes + bill_id.bytes
    return base64.urlsafe_b64encode(ids + _seal(ids)).decode()


def read(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the bill that a token stands for, having checked in constant time that we made it.

    Raises:
        NotFound: it is not a token of ours.
    """
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    ids, seal = raw[: 2 * _ID], raw[2 * _ID :]
    if len(token) != _LENGTH or not same(seal, _seal(ids)):
        raise NotFound("pay_link.unknown", t("This link does not open a bill. Check that it is complete."))
    return UUID(bytes=ids[:_ID]), UUID(bytes=ids[_ID:])


def _seal(ids: bytes) -> bytes:
    return runtime().sign("pay-link", ids)[:_SEAL]
