"""The repair fund in the demonstration: an account of its own, and a share of it asked of two residents, one paid."""

from datetime import timedelta
from uuid import UUID

from billing.charges import fees
from billing.models import FeeItem, SettlementAccount
from billing.payments.service import take_payment
from billing.payments.settlement import provision_settlement
from billing.plans import single
from billing.plans.single import Charge
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope

_OWNERS = """
select a.id from tenants_holder h join tenants_account a on a.tenant_id = $1 and a.id = h.account_id
  join community_unit u on u.tenant_id = $1 and u.account_id = a.id
 where h.tenant_id = $1 and h.person_id is not null and h.confirmed_at is not null and h.sees is null
   and h.relation = 'owner' and lasts(h.until, day_of($1)) order by h.created_at, a.number limit 2
"""
SHARE_MINOR = 42_000


async def keep_apart(tenant: Tenant, chief: Actor, finance: Actor, cashier: Actor) -> None:
    """Open the account, have the fund's fee paid into it, and ask two owners for their share; told once."""
    async with open_scope(tenant_scope(tenant.id)):
        if await SettlementAccount.filter(tenant_id=tenant.id).count() > 1:
            return
        made = await provision_settlement(
            chief,
            tenant,
            bank_code="HARBSGSG",
            account_name=f"{tenant.name} — Repair fund",
            account_number="1020077001",
            currency=tenant.currency,
        )
        fund = await FeeItem.get(tenant_id=tenant.id, key="repair_fund")
    async with open_scope(chief.scope()):
        await fees.set_destination(chief, fund.id, settlement_account_id=made.id)
    bills = []
    for owner in await _owners(tenant):
        async with open_scope(finance.scope()):
            bills.append(
                await single.issue(
                    finance,
                    account_id=owner,
                    charges=[Charge(SHARE_MINOR, fee_item_id=fund.id)],
                    due_on=today(tenant.timezone) + timedelta(days=21),
                    key=f"demonstration-fund-{owner}",
                )
            )
    if bills:
        paid = [(bills[-1].id, SHARE_MINOR)]
        await take_payment(cashier, bills=paid, method="cash", key=f"demonstration-{bills[-1].id}")


async def _owners(tenant: Tenant) -> list[UUID]:
    async with open_scope(tenant_scope(tenant.id)):
        return [one["id"] for one in await rows(_OWNERS, tenant.id)]
