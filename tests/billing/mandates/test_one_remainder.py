"""One remainder, shared by all ways of paying: a part by QR, at the desk, by transfer, and the rest by itself."""

from billing.mandates import debiting
from billing.models import Payment, Receipt
from billing.payments.service import refresh
from tests import make
from tests.billing.mandates.test_mandates import authorised, day_comes, only_debit
from tests.billing.mandates.test_transfers import arrives
from tests.billing.payments import world
from tests.billing.reminders.test_reminders import due


async def test_every_way_of_paying_takes_from_the_same_remainder(place, outside):
    await authorised(place, outside)
    bill = await due(place, 10)
    assert await debiting.plan(place.system) == 1
    cashier = await make.staff(place.tenant, "cashier")
    started = await world.start(place, bill, amount=1500, channel="bank")
    reference = (await world.attempt(place, started)).channel_reference
    outside.post(f"rail/orders/{reference}", act="pay")
    await refresh(place.payer.within(place.id), started.payment_id)
    assert (await world.fresh(place, bill)).paid_minor == 1500
    await world.take(place, cashier, (bill, 1000))
    await arrives(place, outside, 700)
    assert (await world.fresh(place, bill)).paid_minor == 3200, "what arrives twice counts once"
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "paid"
    paid = await world.fresh(place, bill)
    assert (paid.status, paid.paid_minor) == ("paid", 5000)
    async with place.scope():
        payments = await Payment.filter(tenant_id=place.id).order_by("amount_minor")
        receipts = await Receipt.filter(tenant_id=place.id).count()
    assert [one.amount_minor for one in payments] == [700, 1000, 1500, 1800]
    assert receipts == 4, "one for each payment"
    assert await world.ledger_is_right(place)
