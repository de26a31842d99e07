"""Pools of shared costs: opened for a month, filled with invoices, closed into shares that bill runs charge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges import quantities
from billing.charges.periods import last_day
from billing.charges.quantities import Entry
from billing.rules.currency import decimals
from scenarios.community.common import nothing, refused, spoken, tenant_of
from scenarios.community.estate.paying import Days, instead, paying
from scenarios.community.kinds import METER_KINDS, SHARED_COSTS
from scenarios.community.pools.dividing import divide
from scenarios.community.pools.models import CostPool, PoolInvoice, PoolShare
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, rows, value
from ui.errors import Conflict
from ui.i18n import N_, t

BASES = {
    "area": N_("By billed area"),
    "units": N_("The same for every unit"),
    "floors": N_("By storey: the higher, the more"),
    "usage": N_("By what meters say"),
}
_WEIGHTS = {
    "area": "nullif((a.attributes ->> 'area_sqm')::numeric, 0)",
    "units": "1::numeric",
    "floors": "nullif(greatest(u.storey - 1, 0), 0)::numeric",
    "usage": "(select sum(q.amount) from billing_quantity q where q.tenant_id = $1 and (q.account_id = a.id or"
    " q.account_id in (select l.payer_id from community_lease l where l.tenant_id = $1 and l.unit_id = u.id))"
    " and q.period = $4 and q.name = $5)",
}
_UNITS = """
select a.id, u.id unit_id, a.number, {weight} weight from community_unit u
  join tenants_account a on a.tenant_id = $1 and a.id = u.account_id and a.is_active
 where u.tenant_id = $1 and a.kind <> 'parking' and ($2::uuid[] = '{{}}' or u.building_id = any ($2::uuid[]))
   and a.id <> all ($3::uuid[]) and $4::date is not null and $5::text is not null
 order by a.sort_key, a.number
"""
_TOTAL = """
select coalesce(sum(amount_minor), 0)::bigint from community_pool_invoice where tenant_id = $1 and pool_id = $2
"""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a pool is: for which month, borne by whom, divided by what."""

    names: Mapping[str, str]
    period: date
    basis: str
    usage_of: str = ""
    buildings: Sequence[UUID] = ()
    excluded: Sequence[UUID] = ()
    budget_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Weighed:
    """Who bears a pool by which weight, and who is left out because there is none to go by."""

    weights: dict[UUID, Decimal] = field(default_factory=dict)
    without: Sequence[str] = ()


async def open_pool(actor: Actor, terms: Terms) -> CostPool:
    """Open a pool for a month.

    Raises:
        Invalid: it has no name in any language, or is divided by nothing we know; the field says which.
    """
    actor.require("pools.write")
    if terms.basis not in BASES or (terms.basis == "usage") != (terms.usage_of in METER_KINDS):
        raise refused(
            "pool.basis", "basis", t("Choose what the costs are divided by, and which meters for usage.")
        )
    if not (names := spoken(terms.names)):
        raise refused("pool.name", "name_en", t("Write its name, in one language at least."))
    tenant = await Tenant.get(id=tenant_of(actor))
    made = await CostPool.create(
        id=new_id(),
        tenant_id=tenant.id,
        names=names,
        period=terms.period.replace(day=1),
        basis=terms.basis,
        usage_of=terms.usage_of,
        buildings=[str(one) for one in terms.buildings],
        excluded=[str(one) for one in terms.excluded],
        currency=tenant.currency,
        budget_minor=terms.budget_minor,
        working={},
    )
    await _record(actor, "pool.opened", made)
    return made


async def get(actor: Actor, pool_id: UUID, *, lock: bool = False) -> CostPool:
    """Return a pool of the institution; ``NotFound`` when there is none."""
    query = CostPool.filter(tenant_id=tenant_of(actor), id=pool_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise nothing()
    return found


async def _open(actor: Actor, pool_id: UUID) -> CostPool:
    actor.require("pools.write")
    found = await get(actor, pool_id, lock=True)
    if found.status != "open":
        raise Conflict("pool.closed", t("This pool is closed. Open it again before changing anything in it."))
    return found


async def add_invoice(
    actor: Actor,
    pool_id: UUID,
    *,
    supplier: str,
    number: str,
    invoiced_on: date,
    amount_minor: int,
    notes: Mapping[str, str] | None = None,
    file: dict[str, Any] | None = None,
) -> PoolInvoice:
    """Put an invoice into an open pool, with its paper.

    Raises:
        Conflict: the pool is closed.
        Invalid: the amount is not above zero (field ``amount_minor``).
    """
    pool = await _open(actor, pool_id)
    if amount_minor <= 0:
        raise refused("pool.amount", "amount_minor", t("Enter an amount above zero."))
    made = await PoolInvoice.create(
        id=new_id(),
        tenant_id=pool.tenant_id,
        pool_id=pool.id,
        supplier=supplier.strip(),
        number=number.strip(),
        invoiced_on=invoiced_on,
        amount_minor=amount_minor,
        notes={key: text.strip() for key, text in (notes or {}).items() if text.strip()},
        file_key=file["key"] if file else "",
        file_name=file["filename"] if file else "",
        file_type=file["content_type"] if file else "",
    )
    await _total(pool)
    return made


async def drop_invoice(actor: Actor, pool_id: UUID, invoice_id: UUID) -> None:
    """Take an invoice out of an open pool."""
    pool = await _open(actor, pool_id)
    await PoolInvoice.filter(tenant_id=pool.tenant_id, pool_id=pool.id, id=invoice_id).delete()
    await _total(pool)


async def _total(pool: CostPool) -> None:
    pool.total_minor = int(await value(_TOTAL, pool.tenant_id, pool.id))
    await CostPool.filter(tenant_id=pool.tenant_id, id=pool.id).update(total_minor=pool.total_minor)


async def weigh(pool: CostPool) -> Weighed:
    """Return who would bear the pool, in the order of the estate, and who has nothing to be weighed by."""
    found = await rows(
        _UNITS.format(weight=_WEIGHTS[pool.basis]),
        pool.tenant_id,
        [UUID(one) for one in pool.buildings],
        [UUID(one) for one in pool.excluded],
        pool.period,
        pool.usage_of,
    )
    first, last = pool.period, last_day(pool.period)
    leased = await paying(pool.tenant_id, SHARED_COSTS, first, last)
    weights: dict[UUID, Decimal] = {}
    for one in found:
        if one["weight"] and one["weight"] > 0:
            parts = instead((one["id"], first, last), leased.get(one["unit_id"], []))
            weights |= _by_days(one["weight"], parts)
    return Weighed(weights, [one["number"] for one in found if not one["weight"] or one["weight"] <= 0])


def _by_days(weight: Decimal, parts: Sequence[Days]) -> dict[UUID, Decimal]:
    """Return a unit's weight as those bear it who pay for it, by their days."""
    days = {account: Decimal(0) for account, _, _ in parts}
    for account, first, last in parts:
        days[account] += (last - first).days + 1
    whole = sum(days.values(), Decimal(0))
    return {account: weight * count / whole for account, count in days.items()}


async def close(actor: Actor, pool_id: UUID) -> CostPool:
    """Divide a pool among its units to the cent, for the next bill run of its month to charge.

    Raises:
        Conflict: it is closed already, has no invoice, or nobody has a weight to bear it by.
    """
    pool = await _open(actor, pool_id)
    if not pool.total_minor:
        raise Conflict("pool.empty", t("There is no invoice in this pool yet."))
    weights = (await weigh(pool)).weights
    if not weights:
        raise Conflict("pool.weights", t("No unit has what these costs are divided by."))
    shares = divide(pool.total_minor, weights)
    await _write(pool, weights, shares)
    whole = sum(weights.values(), Decimal(0))
    facts = {
        "status": "closed",
        "working": {"units": len(shares), "weight": format(whole.normalize(), "f")},
        "closed_by_name": actor.name[:100],
        "closed_at": datetime.now(UTC),
    }
    await CostPool.filter(tenant_id=pool.tenant_id, id=pool.id).update(**facts)
    await _record(actor, "pool.closed", pool)
    return await get(actor, pool_id)


async def _write(pool: CostPool, weights: dict[UUID, Decimal], shares: dict[UUID, int]) -> None:
    await execute(
        "insert into community_pool_share (tenant_id, pool_id, account_id, weight, amount_minor)"
        " select $1, $2, s.* from unnest($3::uuid[], $4::numeric[], $5::bigint[]) s",
        pool.tenant_id,
        pool.id,
        list(shares),
        [weights[key] for key in shares],
        list(shares.values()),
    )
    scale = Decimal(10) ** decimals(pool.currency)
    entries = [Entry(key, pool.period, amount / scale, pool.id) for key, amount in shares.items() if amount]
    await quantities.put(pool.tenant_id, SHARED_COSTS, "pool", entries)


async def reopen(actor: Actor, pool_id: UUID) -> CostPool:
    """Take a pool's shares back, as long as no bill stands that charges one of them.

    Raises:
        Conflict: it is open, or it has been billed.
    """
    actor.require("pools.write")
    pool = await get(actor, pool_id, lock=True)
    if pool.status != "closed" or await quantities.is_billed(pool.tenant_id, [pool.id]):
        text = t("Shares of this pool are on bills already. Take the run's bills back first.")
        raise Conflict("pool.billed", text)
    await quantities.take_back(pool.tenant_id, [pool.id])
    await execute(
        "delete from community_pool_share where tenant_id = $1 and pool_id = $2", pool.tenant_id, pool.id
    )
    await CostPool.filter(tenant_id=pool.tenant_id, id=pool.id).update(
        status="open", working={}, closed_by_name="", closed_at=None
    )
    await _record(actor, "pool.reopened", pool)
    return await get(actor, pool_id)


async def share_of(pool: CostPool, account_id: UUID) -> PoolShare | None:
    """Return an account's share of a pool, as far as the open scope sees it."""
    return await PoolShare.get_or_none(tenant_id=pool.tenant_id, pool_id=pool.id, account_id=account_id)


async def _record(actor: Actor, act: str, pool: CostPool) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="pool",
        subject_id=pool.id,
        subject_label=pool.name,
        after={
            "period": pool.period.isoformat(),
            "total_minor": pool.total_minor,
            "currency": pool.currency,
        },
    )
