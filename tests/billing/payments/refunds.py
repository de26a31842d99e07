"""A payment that has come in, and asking for some of it back."""

from billing.models import BillLine, Refund
from billing.payments.service import refresh, refundable_minor, request_refund
from tenants.ids import new_id
from tests.billing.payments import world


async def paid(place, outside, *amounts, channel="stripe"):
    bill = await world.bill(place, *(amounts or (3000, 2000)))
    started = await world.start(place, bill, channel=channel)
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    return bill, started


async def ask(place, actor, started, amount, *, seen=None, reason="Moved out", key=""):
    payment_id = getattr(started, "payment_id", started)
    async with place.scope():
        return await request_refund(
            actor,
            payment_id=payment_id,
            amount_minor=amount,
            seen_refundable_minor=await refundable_minor(place.id, payment_id) if seen is None else seen,
            reason=reason,
            key=key or new_id().hex,
        )


async def refund_of(place, refund_id):
    async with place.scope():
        return await Refund.get(tenant_id=place.id, id=refund_id)


async def lines_of(place, bill):
    async with place.scope():
        found = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
    return [line.paid_minor for line in found]
