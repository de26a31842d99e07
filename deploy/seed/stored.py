"""Stored money in the demonstration: a resident's deposit, left at the desk, drawn on once, and asked to be topped up.

Each can be told again after an interruption: what was done is found by its key or its source.
"""

from billing.models import FeeItem
from billing.wallets.kinds import DEPOSIT
from billing.wallets.service import open_wallet, spend
from billing.wallets.topping_up import take_top_up, top_up
from tenants.actor import Actor
from tenants.models import Holder, Tenant
from tenants.scope import open_scope

LEFT_MINOR, USED_MINOR, ASKED_MINOR = 50_000, 8_000, 20_000


async def tell(tenant: Tenant, finance: Actor, cashier: Actor) -> None:
    """Leave a deposit for the first account of a resident who sees it, use a part of it, ask for more."""
    async with open_scope(finance.scope()):
        holder = (
            await Holder.filter(
                tenant_id=tenant.id, confirmed_at__not_isnull=True, person_id__not_isnull=True
            )
            .order_by("name", "created_at")
            .first()
        )
        if holder is None:
            return
        wallet = await open_wallet(tenant.id, holder.account_id, DEPOSIT.key)
        fee = (
            await FeeItem.filter(tenant_id=tenant.id, kind="charge", is_active=True)
            .order_by("position")
            .first()
        )
    await take_top_up(
        cashier,
        wallet_id=wallet.id,
        amount_minor=LEFT_MINOR,
        method="cash",
        key=f"demonstration-{wallet.id}",
        payer_name=holder.name,
    )
    async with open_scope(finance.scope()):
        if fee is not None:
            await spend(
                finance,
                wallet_id=wallet.id,
                amount_minor=USED_MINOR,
                fee_item_id=fee.id,
                source_kind="demonstration",
                source_id=wallet.id,
                note="Cleaning after fitting out",
            )
        await top_up(
            finance, wallet_id=wallet.id, amount_minor=ASKED_MINOR, key=f"demonstration-{wallet.id}-more"
        )
