"""What came in during a month: planned, made known to the channels, and written into the books."""

from collections.abc import Sequence

from billing.models import SettlementAccount
from deploy.seed import books
from deploy.seed.books import Desk
from deploy.seed.months import Month
from deploy.seed.outside import Outside
from deploy.seed.past import Past, payments
from tenants.actor import Actor
from tenants.models import Bank, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope, value


async def desk_of(tenant: Tenant, bank: Bank, cashier: Actor) -> Desk:
    """Return whose books are written."""
    async with open_scope(tenant_scope(tenant.id)):
        account = await SettlementAccount.get(tenant_id=tenant.id, currency=tenant.currency)
    return Desk(tenant, bank, account, cashier)


_IS_TAKEN = """
select exists (select 1 from billing_bill where tenant_id = $1 and period = $2 and paid_minor > 0)
"""


async def is_taken(tenant: Tenant, month: Month) -> bool:
    """Tell whether a month's payments were written before a seeding was killed."""
    async with open_scope(tenant_scope(tenant.id)):
        return bool(await value(_IS_TAKEN, tenant.id, month.first))


async def take(desk: Desk, month: Month, outside: Outside) -> int:
    """Write what came in during the month and return how many payments there are."""
    async with open_scope(tenant_scope(desk.tenant.id)):
        owing = await books.payers(desk.tenant)
        past = sorted(payments(owing, month, desk.tenant.timezone), key=lambda paid: paid.at)
        await _tell(desk, past, outside)
        await books.write(desk, past)
    return len(past)


async def _tell(desk: Desk, past: Sequence[Past], outside: Outside) -> None:
    """Have the channels know what was paid through them, so that it can be asked after and given back."""
    good = [paid for paid in past if paid.state == "succeeded"]
    by_bank = [paid for paid in good if paid.channel == "bank"]
    by_card = [paid for paid in good if paid.channel == "stripe"]
    orders = await outside.past_orders(desk.account.rail_merchant, [_order(paid, desk) for paid in by_bank])
    for paid, order in zip(by_bank, orders, strict=True):
        paid.told = {"reference": order["order_id"], "payment": order["transaction_no"]}
    sessions = await outside.past_sessions(desk.account.stripe_account, [_session(p, desk) for p in by_card])
    for paid, session in zip(by_card, sessions, strict=True):
        paid.told = {"reference": session["id"], "payment": session["payment_intent"]}


def _order(paid: Past, desk: Desk) -> dict[str, object]:
    return {
        "merchant_order_no": str(paid.attempt_id),
        "amount_minor": paid.amount_minor,
        "currency": desk.tenant.currency,
        "description": " · ".join(item.name for item in books.items(paid))[:127],
        "paid_at": paid.at.isoformat(),
    }


def _session(paid: Past, desk: Desk) -> dict[str, object]:
    ids = {"tenant_id": desk.tenant.id, "payment_id": paid.id, "attempt_id": paid.attempt_id}
    metadata = {name: str(value) for name, value in ids.items()}
    lines = [
        {
            "quantity": 1,
            "price_data": {
                "currency": desk.tenant.currency.lower(),
                "unit_amount": item.amount_minor,
                "product_data": {"name": item.name},
            },
        }
        for item in books.items(paid)
    ]
    return {
        "mode": "payment",
        "client_reference_id": str(paid.attempt_id),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": lines,
        "success_url": runtime().public_url,
        "paid_at": paid.at.isoformat(),
    }
