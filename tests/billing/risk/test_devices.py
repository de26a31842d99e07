"""A browser that pays keeps a random number; institutions see other marks of it, and the most crowded one counts."""

from datetime import UTC, datetime, timedelta

from billing.models import Attempt, DayFigure, Payment
from billing.oversight import rolling
from billing.payments import devices
from billing.payments.refreshing import refresh
from tenants.ids import new_id
from tenants.privacy import retention
from tenants.privacy.requests import erase
from tenants.scope import execute
from tests import make
from tests.billing.payments import world


async def pay(client, place, person, bill):
    """Pay one bill as a payer does, on the page; return the payment."""
    await make.sign_in(client, person.id)
    form = {"bill": str(bill.id), "channel": "stripe", "key": new_id().hex, "act": "pay"}
    assert (await client.post("/my/payments", data=form)).status_code == 303
    async with place.scope():
        return await Payment.filter(tenant_id=place.id).order_by("-id").first()


async def test_a_browser_gets_its_number_by_paying_and_two_institutions_cannot_compare(
    client, place, outside, bank
):
    await make.sign_in(client, place.person.id)
    await client.get("/my")
    assert devices.COOKIE not in client.cookies, "nobody is marked who only looks"
    one = await pay(client, place, place.person, await world.bill(place))
    assert len(client.cookies[devices.COOKIE]) == 22
    two = await pay(client, place, place.person, await world.bill(place))
    assert one.device_mark == two.device_mark is not None
    other = await world.build(bank)
    account = other.account
    await make.holder(account, place.person)
    three = await pay(client, other, place.person, await world.bill(other))
    assert three.device_mark not in {None, one.device_mark}
    client.cookies.delete(devices.COOKIE)
    four = await pay(client, place, place.person, await world.bill(place))
    assert four.device_mark not in {None, one.device_mark}


async def test_the_most_payers_of_one_device_are_counted_by_day(client, place, outside):
    people = [place.person, await make.person("Bo"), await make.person("Chi")]
    for person in people[1:]:
        await make.holder(place.account, person)
    for person in (*people, place.person):
        payment = await pay(client, place, person, await world.bill(place))
        async with place.scope():
            attempt = await Attempt.get(tenant_id=place.id, payment_id=payment.id)
        outside.pay(attempt)
        await refresh(make.payer(person), payment.id)
    async with place.scope():
        await rolling.everything(place.system)
        figure = await DayFigure.get(tenant_id=place.id, channel="stripe")
    assert (figure.device_payers, figure.device_minor, figure.paid_count) == (3, 4 * 5000, 4)


async def test_marks_are_taken_off_after_ninety_days(place, outside, client):
    payment = await pay(client, place, place.person, await world.bill(place))
    async with place.scope():
        assert (await retention.keep_to_rules())["devices"] == 0
        past = datetime.now(UTC) - timedelta(days=91)
        await execute("update billing_payment set created_at = $2 where tenant_id = $1", place.id, past)
        assert (await retention.keep_to_rules())["devices"] == 1
        kept = await Payment.get(tenant_id=place.id, id=payment.id)
    assert kept.device_mark is None, "and the payment stays"


async def test_whoever_is_erased_leaves_no_device_and_no_address_with_payments(place, outside, client):
    payment = await pay(client, place, place.person, await world.bill(place))
    async with place.scope():
        await Payment.filter(tenant_id=place.id).update(payer_email="ann@example.com")
        erased = (await erase(place.person.id))["erased"]
        assert erased["addresses and devices of payments"] == 1
        kept = await Payment.get(tenant_id=place.id, id=payment.id)
        assert (kept.device_mark, kept.payer_email, kept.amount_minor) == (None, "", payment.amount_minor)
        assert (await erase(place.person.id))["erased"]["addresses and devices of payments"] == 0
