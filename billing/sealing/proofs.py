"""What a receipt carries with it: its entry, the way up to the seal's root, and the signed seal."""

import json
from typing import Any
from uuid import UUID

from starlette.responses import Response

from billing.models import Receipt, Seal, SealedEntry
from billing.proof import verify_receipt
from billing.sealing.collecting import PAID, entries
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope, value
from tenants.sealing.canonical import microseconds
from tenants.sealing.hashing import path_of
from tenants.sealing.keys import keys
from ui.errors import Conflict
from ui.i18n import t

KEYS_PATH = "/.well-known/scenario-cloud-seals.json"
PROGRAM_PATH = "/seals/verify_receipt.py"
_ENTRY = f"""
select e.id from billing_attempt a join billing_entry e
    on e.tenant_id = a.tenant_id and e.kind = '{PAID}' and e.source_id = a.id
 where a.tenant_id = $1 and a.payment_id = $2 order by e.id limit 1
"""


async def proof_of(receipt: Receipt) -> dict[str, Any] | None:
    """Return the file that proves a receipt by itself; ``None`` while its entry is not sealed yet.

    Opens the tenant's scope: whoever calls has already shown that the receipt is theirs to see.
    """
    async with open_scope(tenant_scope(receipt.tenant_id)):
        entry_id = await value(_ENTRY, receipt.tenant_id, receipt.payment_id)
        member = await SealedEntry.get_or_none(tenant_id=receipt.tenant_id, id=entry_id) if entry_id else None
        return await _whole(receipt, member) if member else None


async def proof_file(receipt: Receipt) -> Response:
    """Return the proof as a file to keep.

    Raises:
        Conflict: the payment is so young that it is not sealed yet.
    """
    proof = await proof_of(receipt)
    if proof is None:
        text = t("This receipt is being sealed, which takes a few seconds.")
        raise Conflict("receipt.not_sealed", text, advice=t("Try again in a moment."))
    content = json.dumps(proof, ensure_ascii=False, indent=1)
    headers = {
        "Content-Disposition": f'attachment; filename="{receipt.number}.json"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type="application/json", headers=headers)


async def _whole(receipt: Receipt, member: SealedEntry) -> dict[str, Any]:
    tenant_id = receipt.tenant_id
    seal = await Seal.get(tenant_id=tenant_id, id=member.seal_id)
    leaves = await leaves_of(tenant_id, seal.id)
    return {
        "format": verify_receipt.RECEIPT,
        "receipt": {"id": str(receipt.id), "number": receipt.number, "document": receipt.document},
        "entry": (await entries(tenant_id, [member.id]))[member.id],
        "proof": {
            "position": member.position,
            "path": [step.hex() for step in path_of(leaves, member.position)],
        },
        "seal": seal_as_json(seal) | {"public_key": keys().published[seal.key_id].hex()},
        "verify_url": receipt.document["verify_url"],
        "keys_url": runtime().public_url.rstrip("/") + KEYS_PATH,
        "program_url": runtime().public_url.rstrip("/") + PROGRAM_PATH,
    }


async def leaves_of(tenant_id: UUID, seal_id: UUID) -> list[bytes]:
    """Return a seal's leaf hashes in their order, in the open tenant scope."""
    members = SealedEntry.filter(tenant_id=tenant_id, seal_id=seal_id).order_by("position")
    return [leaf for (leaf,) in await members.values_list("leaf")]


def seal_as_json(seal: Seal) -> dict[str, Any]:
    """Return a seal as it stands in files."""
    return {
        "number": seal.number,
        "sealed_at": microseconds(seal.sealed_at),
        "entry_count": seal.entry_count,
        "root": seal.root.hex(),
        "previous": seal.previous.hex(),
        "hash": seal.hash.hex(),
        "key_id": seal.key_id,
        "signature": seal.signature.hex(),
    }


def is_right(proof: dict[str, Any]) -> bool:
    """Tell whether a proof holds, as the standalone program finds it, with the key that is published here."""
    key = keys().published[proof["seal"]["key_id"]].hex()
    return all(holds for _, holds in verify_receipt.check_receipt(proof, key))
