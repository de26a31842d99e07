"""Who pays for a unit instead of its owner, and for which days: what leases mean for meters, pools and a sale."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from billing.charges import pauses
from billing.charges.pauses import Pause
from scenarios.community.estate.models import Lease
from tenants.models import Account
from tenants.scope import rows

_PAYERS = """
select l.unit_id, l.payer_id, l.first_on, l.last_on from community_lease l
 where l.tenant_id = $1 and l.payer_id is not null and l.counted ? $2
   and l.first_on <= $4 and (l.last_on is null or l.last_on >= $3) order by l.unit_id, l.first_on
"""


async def follow(old: Account, new: Account, on: date) -> None:
    """Let the leases of a unit that passes on go on under the new owner's account."""
    for lease in await Lease.filter(tenant_id=old.tenant_id, account_id=old.id):
        if lease.last_on is not None and lease.last_on < on:
            continue
        await Lease.filter(tenant_id=lease.tenant_id, id=lease.id).update(account_id=new.id)
        if lease.payer_id is not None:
            paid = [UUID(one) for one in lease.fee_item_ids]
            await pauses.write(
                lease.tenant_id, new.id, lease.id, Pause(max(lease.first_on, on), lease.last_on, paid)
            )


async def paying(
    tenant_id: UUID, counted: str, first: date, last: date
) -> Mapping[UUID, list[tuple[UUID, date, date]]]:
    """Return who pays instead of the owner for what is counted in these days: by unit, with their days."""
    found: dict[UUID, list[tuple[UUID, date, date]]] = {}
    for one in await rows(_PAYERS, tenant_id, counted, first, last):
        span = (one["payer_id"], max(one["first_on"], first), min(one["last_on"] or last, last))
        found.setdefault(one["unit_id"], []).append(span)
    return found


Days = tuple[UUID, date, date]
"""An account with its first and last day."""


def instead(owner: Days, leased: Sequence[Days]) -> list[Days]:
    """Return the days of an owner and, in their place where there is a lease, of whoever rents, in their order."""
    account, start, end = owner
    found: list[Days] = []
    for payer, first, last in sorted(leased, key=lambda one: one[1]):
        if last < start or first > end:
            continue
        if first > start:
            found.append((account, start, first - timedelta(days=1)))
        found.append((payer, max(first, start), min(last, end)))
        start = min(last, end) + timedelta(days=1)
    if start <= end:
        found.append((account, start, end))
    return found
