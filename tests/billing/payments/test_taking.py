"""Money at the desk: recorded at once, with a receipt; an online attempt in its way is stopped first."""

import pytest

from billing.models import Payment, Receipt
from billing.payments.service import change_minor, refresh
from tenants.models import Audit
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Forbidden, Invalid, NotFound


@pytest.fixture
async def cashier(place):
    return await make.staff(place.tenant, "cashier", "Cai Shi")


async def test_cash_pays_at_once_and_gives_change(place, cashier):
    bill = await world.bill(place, 3000)
    payment_id = await world.take(place, cashier, (bill, 3000), tendered_minor=5000, payer_name="Mrs Lim")
    paid = await world.payment(place, payment_id)
    assert (paid.status, paid.channel, paid.counter_method, paid.taken_by_name) == (
        "succeeded",
        "counter",
        "cash",
        "Cai Shi",
    )
    assert change_minor(paid) == 2000
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id, payment_id=payment_id)
        trail = await Audit.get(tenant_id=place.id, act="payment.succeeded")
    assert (receipt.document["payer"], receipt.document["taken_by"]) == ("Mrs Lim", "Cai Shi")
    assert trail.after
    assert (trail.person_id, trail.after["amount_minor"]) == (cashier.person_id, 3000)
    assert await world.ledger_is_right(place)


async def test_a_payment_without_change(place, cashier):
    bill = await world.bill(place, 3000)
    paid = await world.payment(place, await world.take(place, cashier, (bill, 3000)))
    assert (paid.tendered_minor, change_minor(paid)) == (None, 0)


@pytest.mark.parametrize("method", ["card", "cheque", "transfer"])
async def test_what_leaves_a_slip_needs_its_number(place, cashier, method):
    bill = await world.bill(place, 3000)
    for reference in ("", "  ", "x" * 101):
        with pytest.raises(Invalid) as refused:
            await world.take(place, cashier, (bill, 3000), method=method, reference=reference)
        assert "reference" in refused.value.fields
    paid = await world.payment(
        place, await world.take(place, cashier, (bill, 3000), method=method, reference=" 4711 ")
    )
    assert paid.counter_reference == "4711"


@pytest.mark.parametrize(
    ("given", "field"), [({"method": "gold"}, "method"), ({"tendered_minor": 2999}, "tendered")]
)
async def test_a_wrong_method_or_too_little_cash_is_refused(place, cashier, given, field):
    with pytest.raises(Invalid) as refused:
        await world.take(place, cashier, (await world.bill(place, 3000), 3000), **given)
    assert field in refused.value.fields


@pytest.mark.parametrize("status", ["paid", "void", "written_off"])
async def test_closed_bills_take_nothing(place, cashier, status):
    with pytest.raises(Conflict):
        await world.take(place, cashier, (await world.bill(place, 3000, status=status), 3000))


async def test_only_staff_who_may_take_money_do(place, bank):
    bill, other = await world.bill(place, 3000), await make.tenant(bank)
    with pytest.raises(Forbidden):
        await world.take(place, await make.staff(place.tenant, "front_desk"), (bill, 3000))
    with pytest.raises(Forbidden):
        await world.take(place, place.payer, (bill, 3000))
    with pytest.raises(NotFound):
        await world.take(place, await make.staff(other, "cashier"), (bill, 3000))
    assert (await world.fresh(place, bill)).paid_minor == 0


async def test_the_same_form_twice_is_one_payment(place, cashier):
    bill = await world.bill(place, 3000)
    first = await world.take(place, cashier, (bill, 1000), key="form-1")
    assert await world.take(place, cashier, (bill, 1000), key="form-1") == first
    assert (await world.fresh(place, bill)).paid_minor == 1000


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_an_online_attempt_is_stopped_for_the_payer_at_the_desk(place, cashier, outside, channel):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill, channel=channel)
    await world.take(place, cashier, (bill, 3000))
    attempt = await world.attempt(place, started)
    assert attempt.status == "cancelled"
    assert outside.state_of(place, attempt) in {"expired", "closed"}


async def test_a_bill_just_paid_online_is_not_taken_again(place, cashier, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    with pytest.raises(Conflict, match="already paid"):
        await world.take(place, cashier, (bill, 3000))
    assert (await world.payment(place, started.payment_id)).status == "succeeded"


async def test_money_under_way_online_is_waited_for(place, cashier, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill)
    outside.click(started.redirect_url, "alipay")
    with pytest.raises(Conflict, match="on its way"):
        await world.take(place, cashier, (bill, 3000))
    outside.advance(6)
    await world.age(place, started.attempt_id, seconds=5)
    assert (await refresh(place.payer, started.payment_id)).payment.status == "succeeded"


async def test_several_bills_of_one_household(place, cashier):
    bills = [await world.bill(place, 3000), await world.bill(place, 2000)]
    payment_id = await world.take(place, cashier, (bills[0], 3000), (bills[1], 500))
    assert (await world.payment(place, payment_id)).amount_minor == 3500
    assert [(await world.fresh(place, b)).status for b in bills] == ["paid", "part_paid"]
    async with place.scope():
        assert await Payment.filter(tenant_id=place.id).count() == 1
