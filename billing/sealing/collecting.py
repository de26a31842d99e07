"""Entries as they are sealed: read from their rows with everything that belongs to them, in the open tenant scope."""

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from billing.sealing.canonical import document_sha256
from tenants.scope import rows

_US = "(extract(epoch from {}) * 1000000)::bigint {}"
_HEAD = (
    f"e.id, e.kind, e.source_id, {_US.format('e.occurred_at', 'occurred_at')},"
    f" {_US.format('e.created_at', 'created_at')}"
)
_UNSEALED = f"""
select {_HEAD} from billing_entry e
 where e.tenant_id = $1 and e.id > $2 and not exists (
   select 1 from billing_sealed_entry s where s.tenant_id = e.tenant_id and s.id = e.id and s.id > $2)
 order by e.id limit $3
"""
"""The second ``> $2`` is implied, and keeps a join from reading what was sealed long ago."""
_BY_ID = (
    f"select {_HEAD} from billing_entry e where e.tenant_id = $1 and e.id = any ($2::uuid[]) order by e.id"
)
_POSTINGS = f"""
select p.entry_id, p.id, p.ledger, p.currency, p.amount_minor, p.account_id, p.bill_id,
       {_US.format("p.created_at", "created_at")}
  from billing_posting p where p.tenant_id = $1 and p.entry_id = any ($2::uuid[])
"""
_RECEIPTS = """
select a.id attempt_id, r.id, r.number, r.document from billing_attempt a
  join billing_receipt r on r.tenant_id = a.tenant_id and r.payment_id = a.payment_id
 where a.tenant_id = $1 and a.id = any ($2::uuid[])
"""
PAID = "payment.succeeded"
"""The kind of entry that is written in one transaction with its receipt."""

Entry = dict[str, Any]


async def unsealed(tenant_id: UUID, after: UUID, most: int) -> list[Entry]:
    """Return up to ``most`` entries that are in no seal, in the order of their ids, beyond ``after``.

    Only what has committed is seen, so an entry whose transaction is still open is simply found later.
    """
    return await _whole(tenant_id, await rows(_UNSEALED, tenant_id, after, most))


async def entries(tenant_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """Return entries by id; those that are not there are left out."""
    found = await rows(_BY_ID, tenant_id, list(ids))
    whole = await _whole(tenant_id, found)
    return {head["id"]: entry for head, entry in zip(found, whole, strict=True)}


async def _whole(tenant_id: UUID, heads: Sequence[Any]) -> list[Entry]:
    postings, receipts = defaultdict[UUID, list[Entry]](list), defaultdict[UUID, list[Entry]](list)
    for found in await rows(_POSTINGS, tenant_id, [head["id"] for head in heads]):
        postings[found["entry_id"]].append(_texts(found, skip="entry_id"))
    paid = [head["source_id"] for head in heads if head["kind"] == PAID]
    for found in await rows(_RECEIPTS, tenant_id, paid) if paid else []:
        sha256 = document_sha256(json.loads(found["document"]))
        receipts[found["attempt_id"]].append(
            {"id": str(found["id"]), "number": found["number"], "sha256": sha256}
        )
    return [
        {
            "tenant": str(tenant_id),
            **_texts(head),
            "postings": postings[head["id"]],
            "receipts": receipts[head["source_id"]] if head["kind"] == PAID else [],
        }
        for head in heads
    ]


def _texts(row: Any, skip: str = "") -> Entry:
    return {k: str(v) if isinstance(v, UUID) else v for k, v in row.items() if k != skip}
