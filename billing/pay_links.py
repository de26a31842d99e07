"""What a printed bill lets its bearer do: open that one bill, and confirm that its account is theirs.

A pay-link is stateless: the tenant and the bill, signed by us. It needs no table, prints the same each time, and
opens nothing but a bill that has been issued. A confirmation code is derived from the holder in the same way, so
that printing a bill again never makes an earlier print useless; only its hash is stored.
"""

import base64
import binascii
from collections.abc import Sequence
from uuid import UUID

from tenants.codes import code_from, group_code, hash_token, normalise_code, same
from tenants.models import Holder
from tenants.runtime import runtime
from tenants.scope import execute, rows
from ui.errors import NotFound
from ui.i18n import t

CODE_LENGTH = 12
_ID, _SEAL = 16, 16
_LENGTH = 64
"""Characters of a token: 48 bytes in base64."""


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


def confirmation_code(holder: Holder) -> str:
    """Return the code by which this holder confirms themselves, as printed (``7K3M-9QXR-2B4T``)."""
    return group_code(_code(holder.tenant_id, holder.id))


def code_hash(typed: str) -> bytes:
    """Return the hash under which the holder of a typed code is found."""
    return hash_token(normalise_code(typed))


def _code(tenant_id: UUID, holder_id: UUID) -> str:
    return code_from(runtime().sign("holder-code", tenant_id.bytes + holder_id.bytes), CODE_LENGTH)


async def ensure_codes(tenant_id: UUID, account_ids: Sequence[UUID]) -> int:
    """Have the codes of these accounts' unconfirmed holders accepted from now on; return how many are new.

    Called before codes are printed or sent: until then an account cannot be claimed at all.
    """
    found = await rows(
        "select id from tenants_holder where tenant_id = $1 and account_id = any ($2::uuid[])"
        " and code_hash is null and confirmed_at is null and (until is null or until >= current_date)",
        tenant_id,
        list(account_ids),
    )
    ids = [row["id"] for row in found]
    return await execute(
        "update tenants_holder h set code_hash = n.hash from unnest($2::uuid[], $3::bytea[]) n (id, hash)"
        " where h.tenant_id = $1 and h.id = n.id and h.code_hash is null",
        tenant_id,
        ids,
        [hash_token(_code(tenant_id, holder_id)) for holder_id in ids],
    )
