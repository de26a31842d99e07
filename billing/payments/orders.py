"""Rows as the channels want them: an attempt or a refund, with where its money belongs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.channels.contract import Destination, Item, Order, RefundOrder, Saver
from billing.models import Attempt, Payment, Refund, SettlementAccount
from tenants.runtime import runtime

NUMBER = "settlement-account"
"""For what the number of an institution's account is encrypted."""
SECRET = "rail-secret"  # noqa: S105 - the name of a key, not a key


async def destination_of(tenant_id: UUID, settlement_id: UUID) -> Destination:
    """Return the tenant's own account at the channels, its rail secret opened."""
    row = await SettlementAccount.get(tenant_id=tenant_id, id=settlement_id)
    return as_destination(row)


def as_destination(row: SettlementAccount) -> Destination:
    """Return a settlement account as channels know it; a connected account that may not charge counts as none."""
    return Destination(
        id=row.id,
        stripe_account=row.stripe_account if row.is_stripe_ready else "",
        rail_merchant=row.rail_merchant,
        rail_secret=runtime().decrypt(SECRET, bytes(row.rail_secret)) if row.rail_secret else "",
    )


async def order_of(tenant_id: UUID, attempt_id: UUID) -> Order:
    """Return the attempt as its channel is to know it, the same each time."""
    attempt = await Attempt.get(tenant_id=tenant_id, id=attempt_id)
    payment = await Payment.get(tenant_id=tenant_id, id=attempt.payment_id)
    account = await SettlementAccount.get(tenant_id=tenant_id, id=payment.settlement_account_id)
    to = as_destination(account)
    if account.stripe_account and not to.stripe_account:
        to = Destination(account.id, account.stripe_account, to.rail_merchant, to.rail_secret)
    return _order(attempt, payment, to)


def _order(attempt: Attempt, payment: Payment, destination: Destination) -> Order:
    asked = attempt.request
    return Order(
        tenant_id=attempt.tenant_id,
        payment_id=attempt.payment_id,
        attempt_id=attempt.id,
        number=payment.number,
        amount_minor=attempt.amount_minor,
        currency=attempt.currency,
        items=tuple(Item(**item) for item in asked["items"]),
        destination=destination,
        created_at=attempt.created_at,
        expires_at=attempt.expires_at,
        return_url=asked["return_url"],
        cancel_url=asked["cancel_url"],
        locale=asked["locale"],
        payer_email=asked["payer_email"],
        methods=tuple(asked.get("methods") or ()),
        application_fee_minor=int(asked.get("application_fee_minor") or 0),
        reference=attempt.channel_reference,
        channel_payment=attempt.channel_payment,
        mandate=asked.get("mandate", ""),
        instrument=asked.get("instrument", ""),
        saver=saver_of(asked),
    )


def saver_of(asked: Mapping[str, Any]) -> Saver | None:
    """Return the payer who lets their card be kept, as the attempt's request names them."""
    kept = asked.get("saver")
    return Saver(**{**kept, "person_id": UUID(kept["person_id"])}) if kept else None


def request_of(
    *, items: list[Item], return_url: str, cancel_url: str, locale: str, payer_email: str
) -> dict[str, Any]:
    """Return what an attempt keeps of its request, in JSON types."""
    return {
        "items": [{"name": item.name, "amount_minor": item.amount_minor} for item in items],
        "return_url": return_url,
        "cancel_url": cancel_url,
        "locale": locale,
        "payer_email": payer_email,
    }


async def received_attempt(tenant_id: UUID, payment_id: UUID) -> Attempt:
    """Return the attempt by which the payment's money came in."""
    return await Attempt.get(tenant_id=tenant_id, payment_id=payment_id, status="succeeded")


async def refund_order_of(refund: Refund) -> RefundOrder:
    """Return the refund as the channel is to know it, the same each time."""
    attempt = await received_attempt(refund.tenant_id, refund.payment_id)
    return RefundOrder(
        tenant_id=refund.tenant_id,
        payment_id=refund.payment_id,
        refund_id=refund.id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        order=await order_of(refund.tenant_id, attempt.id),
        reference=refund.channel_reference,
    )


def is_past(moment: datetime | None, now: datetime) -> bool:
    """Tell whether a moment has come; none never comes."""
    return moment is not None and moment <= now
