"""The code by which a holder whom the institution has written down confirms that it is them.

It is derived from the holder, so that printing a bill again never makes an earlier print useless; only its hash is
stored, and only once the code is about to leave the house.
"""

from collections.abc import Sequence
from uuid import UUID

from tenants.codes import code_from, group_code, hash_token, normalise_code
from tenants.models import Holder
from tenants.runtime import runtime
from tenants.scope import execute, rows

CODE_LENGTH = 12


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
        " and code_hash is null and confirmed_at is null and lasts(until, day_of(tenant_id))",
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
