"""New entries into seals: at most ``SIZE`` to a seal, a look every second, outside of every payment's transaction.

Each institution has a chain of its own: whoever checks its books needs nobody else's, and its volume stays its own.
The bank's chain takes one link for each seal, hashes alone, so that one published root stands for all of them.

Entries commit in any order. An entry counts as new while it is in no seal, whatever its number or time, so none can
be passed over; looking back a little every second and further every now and then (``LOOKS``) only decides how soon it
is found.
"""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.models import BankSeal, Seal
from billing.sealing.canonical import BankLink, SealHeader, entry_bytes
from billing.sealing.collecting import Entry, unsealed
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, open_scope, queue_scope, rows, tenant_scope, value
from tenants.sealing.canonical import microseconds
from tenants.sealing.hashing import NOTHING, leaf_hash, root_of
from tenants.sealing.keys import key_id, keys

SIZE = 1000
EVERY = 1.0
"""Seconds between two looks for new entries."""
LOOKS = (
    (0.0, timedelta(seconds=20)),
    (10.0, timedelta(minutes=3)),
    (120.0, timedelta(hours=2)),
    (3600.0, timedelta(days=36500)),
)
"""How many seconds apart to look, and how far back; the last looks at everything."""
FIRST = UUID(int=0)
_MOST_TENANTS = 1000

_NEW = """
select e.tenant_id, min(e.id::text)::uuid first from billing_entry e
 where e.created_at > now() - $1::interval and not exists (
   select 1 from billing_sealed_entry s where s.tenant_id = e.tenant_id and s.id = e.id)
 group by e.tenant_id limit $2
"""
_STREAMED = """
select set_config(name, 'off', true) from unnest(array['enable_bitmapscan', 'enable_sort', 'enable_hashjoin']) name
"""
"""Read by index, a batch at a time: without statistics the planner would gather and sort all there is for each."""
_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('seal ' || $1::text, 0))"
_LINK_LOCK = "select pg_advisory_xact_lock(hashtextextended('bank seal ' || $1::text, 0))"
_MEMBERS = """
insert into billing_sealed_entry (tenant_id, id, seal_id, position, leaf)
select $1, m.id, $2, m.position - 1, m.leaf
  from unnest($3::uuid[], $4::bytea[]) with ordinality m (id, leaf, position)
"""


@dataclass
class Sealer:
    """One worker's looking round; several may run, each tenant is sealed by one at a time."""

    _next: list[float] = field(default_factory=lambda: [0.0] * len(LOOKS))

    async def round(self) -> int:
        """Seal what is new as far back as it is time to look, and return how many entries that were."""
        back = self._due()
        async with open_scope(queue_scope()):
            found = await rows(_NEW, back, _MOST_TENANTS)
        return sum([await seal_tenant(new["tenant_id"], new["first"]) for new in found])

    def _due(self) -> timedelta:
        now, back = time.monotonic(), LOOKS[0][1]
        for index, (apart, far) in enumerate(LOOKS):
            if now >= self._next[index]:
                self._next[index], back = now + apart, far
        return back


async def seal_tenant(tenant_id: UUID, first: UUID = FIRST) -> int:
    """Seal a tenant's new entries from ``first`` on, each batch in a transaction of its own; return how many."""
    sealed, after = 0, UUID(int=max(first.int - 1, 0))
    while True:
        async with open_scope(tenant_scope(tenant_id)):
            if not await value(_LOCK, str(tenant_id)):
                return sealed
            await execute(_STREAMED)
            batch = await unsealed(tenant_id, after, SIZE)
            if batch:
                await _seal(tenant_id, batch)
        sealed += len(batch)
        if len(batch) < SIZE:
            return sealed
        after = UUID(batch[-1]["id"])


async def _seal(tenant_id: UUID, batch: list[Entry]) -> None:
    leaves = [leaf_hash(entry_bytes(entry)) for entry in batch]
    last = await Seal.filter(tenant_id=tenant_id).order_by("-number").first()
    now = datetime.now(UTC)
    header = SealHeader(
        tenant=str(tenant_id),
        number=last.number + 1 if last else 1,
        sealed_at=microseconds(now),
        entry_count=len(leaves),
        root=root_of(leaves),
        previous=last.hash if last else NOTHING,
    )
    seal = await Seal.create(
        id=new_id(),
        tenant_id=tenant_id,
        number=header.number,
        entry_count=header.entry_count,
        root=header.root,
        previous=header.previous,
        hash=header.hash(),
        key_id=key_id(keys().public),
        signature=keys().sign(header.content()),
        sealed_at=now,
    )
    await execute(_MEMBERS, tenant_id, seal.id, [UUID(entry["id"]) for entry in batch], leaves)
    await _link(seal)


async def _link(seal: Seal) -> None:
    """Add the seal to its bank's chain, last of all, for that is where sealers of other tenants wait."""
    tenant = await Tenant.get(id=seal.tenant_id)
    await value(_LINK_LOCK, str(tenant.bank_id))
    last = await BankSeal.filter(bank_id=tenant.bank_id).order_by("-number").first()
    link = BankLink(
        bank=str(tenant.bank_id),
        number=last.number + 1 if last else 1,
        sealed_at=microseconds(seal.sealed_at),
        seal_hash=seal.hash,
        previous=last.hash if last else NOTHING,
    )
    await BankSeal.create(
        id=new_id(),
        bank_id=tenant.bank_id,
        number=link.number,
        seal_hash=link.seal_hash,
        previous=link.previous,
        hash=link.hash(),
        key_id=key_id(keys().public),
        signature=keys().sign(link.content()),
        sealed_at=seal.sealed_at,
    )
