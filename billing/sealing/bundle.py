"""A whole ledger as one file that anybody can check offline: entries, seals, and how every bill came about.

A ZIP of JSON lines (see ``billing/ledger/README.md``) up to the seal that is the latest when it is begun, written a
batch at a time, so that memory stays the same however long the books are.
"""

import json
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from billing.models import FeeRule, Seal
from billing.proof.verify_receipt import LEDGER
from billing.sealing.collecting import entries, unsealed
from billing.sealing.proofs import seal_as_json
from billing.sealing.sealer import FIRST, SIZE
from tenants.models import Tenant
from tenants.scope import rows, value
from tenants.sealing.canonical import microseconds
from tenants.sealing.keys import keys

BATCH = 2000
_LATEST = "select coalesce(max(number), 0) from billing_seal where tenant_id = $1"
_MEMBERS = "select id, leaf from billing_sealed_entry where tenant_id = $1 and seal_id = $2 order by position"
_LINES = """
select l.id, l.bill_id, b.number bill, l.fee_rule_id rule, l.currency, l.inputs, l.amount_minor
  from billing_bill_line l join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
 where l.tenant_id = $1 and b.status <> 'draft' and (l.bill_id, l.id) > ($2, $3)
 order by l.bill_id, l.id limit $4
"""
OnDone = Callable[[int], Awaitable[None]]


async def write(tenant: Tenant, path: Path, on_done: OnDone | None = None) -> dict[str, int]:
    """Write the bundle in the open tenant scope and return how much of everything it holds.

    ``on_done`` hears how many entries and lines are written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        writing = _Writing(bundle, on_done)
        latest = await value(_LATEST, tenant.id)
        await writing.part("seals.jsonl", _seals(tenant.id, latest))
        await writing.part("entries.jsonl", _entries(tenant.id, latest))
        await writing.part("rules.jsonl", _rules(tenant.id))
        await writing.part("lines.jsonl", _lines(tenant.id))
        manifest = {
            "format": LEDGER,
            "tenant": {"id": str(tenant.id), "name": tenant.name, "uscc": tenant.uscc},
            "made_at": microseconds(datetime.now(UTC)),
            "keys": {name: public.hex() for name, public in keys().published.items()},
            "counts": writing.counts,
        }
        bundle.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    return writing.counts


class _Writing:
    """One bundle being written."""

    def __init__(self, bundle: zipfile.ZipFile, on_done: OnDone | None) -> None:
        self._bundle, self._on_done = bundle, on_done
        self.counts: dict[str, int] = {}
        self._done = 0

    async def part(self, name: str, items: AsyncIterator[Mapping[str, Any]]) -> None:
        """Write one file of the bundle, a line for each item."""
        count = 0
        with self._bundle.open(name, "w", force_zip64=True) as file:
            async for item in items:
                file.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                count += 1
                if self._on_done and count % BATCH == 0:
                    await self._on_done(self._done + count)
        self.counts[name.removesuffix(".jsonl")] = count
        self._done += count


async def _seals(tenant_id: UUID, latest: int) -> AsyncIterator[Mapping[str, Any]]:
    async for seal in _each_seal(tenant_id, latest):
        yield seal_as_json(seal)


async def _each_seal(tenant_id: UUID, latest: int) -> AsyncIterator[Seal]:
    last, known = 0, Seal.filter(tenant_id=tenant_id, number__lte=latest).order_by("number")
    while page := await known.filter(number__gt=last).limit(BATCH):
        for seal in page:
            yield seal
        last = page[-1].number


async def _entries(tenant_id: UUID, latest: int) -> AsyncIterator[Mapping[str, Any]]:
    """Yield what is sealed in the seals' order, then what is not sealed yet."""
    async for seal in _each_seal(tenant_id, latest):
        members = await rows(_MEMBERS, tenant_id, seal.id)
        found = await entries(tenant_id, [member["id"] for member in members])
        for member in members:
            if member["id"] in found:
                yield {**found[member["id"]], "seal": seal.number, "leaf": member["leaf"].hex()}
    after = FIRST
    while batch := await unsealed(tenant_id, after, SIZE):
        for entry in batch:
            yield {**entry, "seal": None, "leaf": None}
        after = UUID(batch[-1]["id"])


async def _rules(tenant_id: UUID) -> AsyncIterator[Mapping[str, Any]]:
    for rule in await FeeRule.filter(tenant_id=tenant_id).exclude(status="draft").order_by("id"):
        yield {"id": str(rule.id), "document": rule.document}


async def _lines(tenant_id: UUID) -> AsyncIterator[Mapping[str, Any]]:
    bill_id = line_id = UUID(int=0)
    while page := await rows(_LINES, tenant_id, bill_id, line_id, BATCH):
        for line in page:
            texts = {k: str(line[k]) for k in ("id", "bill_id", "bill", "currency")}
            rule = str(line["rule"]) if line["rule"] else None
            inputs = json.loads(line["inputs"])
            yield {**texts, "rule": rule, "inputs": inputs, "amount_minor": line["amount_minor"]}
        bill_id, line_id = page[-1]["bill_id"], page[-1]["id"]
