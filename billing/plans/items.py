"""The fee items that every institution has for what no rule charges; they appear in no list of fees."""

from billing.models import FeeItem
from tenants.jsons import dumps
from tenants.models import Tenant
from tenants.scope import execute

KIND = "single"
SINGLE, OPENING = "single_charge", "opening_balance"
NAMES = {
    SINGLE: {"en": "Single charge", "zh_CN": "单项收费"},
    OPENING: {"en": "Balance brought over", "zh_CN": "期初余额"},
}
_MAKE = """
insert into billing_fee_item (tenant_id, scenario, key, kind, names, account_kinds, currency, is_active)
select $1, $2, $3::text, 'single', $4::jsonb, '[]', $5, false
 where not exists (select 1 from billing_fee_item where tenant_id = $1 and key = $3::text)
on conflict (tenant_id, key) do nothing
"""


async def item_named(tenant: Tenant, key: str) -> FeeItem:
    """Return one of them, made on first use; two who ask at once get the same."""
    names = dumps(NAMES[key])
    await execute(_MAKE, tenant.id, tenant.scenarios[0], key, names, tenant.currency)
    return await FeeItem.get(tenant_id=tenant.id, key=key)
