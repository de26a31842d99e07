"""The fee item under which the top-ups of one purpose are billed; it appears in no list of fees."""

from uuid import UUID

from billing.models import FeeItem
from billing.wallets.kinds import WalletKind
from tenants.jsons import dumps
from tenants.models import Tenant
from tenants.scope import execute, value

_MAKE = """
insert into billing_fee_item (tenant_id, scenario, key, kind, names, account_kinds, currency, is_active)
values ($1, $2, $3, 'stored', $4::jsonb, '[]', $5, false) on conflict (tenant_id, key) do nothing
"""
_SETTLEMENT = """
select coalesce($2::uuid, (select id from billing_settlement_account
  where tenant_id = $1 and currency = $3 and status = 'active' order by created_at, id limit 1))
"""


async def item_of(tenant_id: UUID, kind: WalletKind) -> FeeItem:
    """Return the item of a purpose, made on first use; two who ask at once get the same."""
    tenant = await Tenant.get(id=tenant_id)
    names = dumps(dict(kind.names))
    await execute(
        _MAKE, tenant.id, kind.scenario or tenant.scenarios[0], kind.fee_key, names, tenant.currency
    )
    return await FeeItem.get(tenant_id=tenant_id, key=kind.fee_key)


async def settlement_of(item: FeeItem) -> UUID | None:
    """Return the account of the institution at which the money of an item arrives."""
    found: UUID | None = await value(_SETTLEMENT, item.tenant_id, item.settlement_account_id, item.currency)
    return found
