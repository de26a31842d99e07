"""The cashier's end of day: what was taken, what was counted, once a day."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.models import DayClose, Payment
from billing.payments.service import (
    approve_refund,
    close_day,
    day_close_preview,
    pay_out_refund,
    request_refund,
)
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Forbidden, Invalid


@pytest.fixture
async def cashier(place):
    return await make.staff(place.tenant, "cashier", "Cai Shi")


async def close(place, cashier, counted, note=""):
    async with place.scope():
        return await close_day(cashier, currency="SGD", counted=counted, note=note)


async def preview(place, cashier):
    async with place.scope():
        return await day_close_preview(cashier, currency="SGD")


async def test_it_adds_up_by_method(place, cashier):
    bill = await world.bill(place, 9000)
    await world.take(place, cashier, (bill, 1000))
    await world.take(place, cashier, (bill, 2000))
    await world.take(place, cashier, (bill, 500), method="card", reference="1")
    seen = await preview(place, cashier)
    assert seen.expected == {"cash": 3000, "card": 500, "cheque": 0, "transfer": 0}
    assert (seen.total_minor, seen.payment_count, seen.is_closed) == (3500, 3, False)
    assert seen.day == datetime.now(ZoneInfo("Asia/Singapore")).date()
    close_id = await close(place, cashier, {"cash": 3000, "card": 500})
    async with place.scope():
        kept = await DayClose.get(id=close_id)
        assert await Payment.filter(day_close_id=close_id).count() == 3
    assert (kept.difference_minor, kept.payment_count) == (0, 3)
    assert (await preview(place, cashier)).is_closed


async def test_a_difference_needs_a_word(place, cashier):
    await world.take(place, cashier, (await world.bill(place, 3000), 3000))
    with pytest.raises(Invalid) as refused:
        await close(place, cashier, {"cash": 2900})
    assert "note" in refused.value.fields
    close_id = await close(place, cashier, {"cash": 2900}, "A ten was missing from the float.")
    async with place.scope():
        assert (await DayClose.get(id=close_id)).difference_minor == -100


async def test_differences_that_cancel_out_need_one_too(place, cashier):
    bill = await world.bill(place, 3000)
    await world.take(place, cashier, (bill, 1000))
    await world.take(place, cashier, (bill, 1000), method="card", reference="1")
    with pytest.raises(Invalid):
        await close(place, cashier, {"cash": 1100, "card": 900})


async def test_once_a_day_and_what_comes_later_is_tomorrows(place, cashier):
    bill = await world.bill(place, 3000)
    await world.take(place, cashier, (bill, 1000))
    first = await close(place, cashier, {"cash": 1000})
    await world.take(place, cashier, (bill, 500))
    with pytest.raises(Conflict, match="next day"):
        await close(place, cashier, {"cash": 500})
    assert (await preview(place, cashier)).expected["cash"] == 500
    async with place.scope():
        await DayClose.filter(id=first).update(day=make.today() - timedelta(days=3))
    await close(place, cashier, {"cash": 500})


async def test_each_cashier_closes_their_own(place, cashier):
    other = await make.staff(place.tenant, "cashier", "Other")
    bill = await world.bill(place, 3000)
    await world.take(place, cashier, (bill, 1000))
    await world.take(place, other, (bill, 500))
    assert (await preview(place, other)).expected["cash"] == 500
    await close(place, other, {"cash": 500})
    assert (await preview(place, cashier)).expected["cash"] == 1000


async def test_cash_handed_back_leaves_the_till(place, cashier):
    bill = await world.bill(place, 3000)
    payment_id = await world.take(place, cashier, (bill, 3000))
    manager = await make.staff(place.tenant, "administrator")
    async with place.scope():
        refund_id = await request_refund(
            cashier,
            payment_id=payment_id,
            amount_minor=1000,
            seen_refundable_minor=3000,
            reason="Paid too much",
            key=new_id().hex,
        )
        await approve_refund(manager, refund_id=refund_id)
        await pay_out_refund(cashier, refund_id=refund_id)
    seen = await preview(place, cashier)
    assert (seen.expected["cash"], seen.refund_count) == (2000, 1)
    await close(place, cashier, {"cash": 2000})
    assert (await preview(place, cashier)).refund_count == 0
    assert await world.ledger_is_right(place)


async def test_nothing_taken_is_nothing_to_close(place, cashier):
    with pytest.raises(Conflict, match="nothing to close"):
        await close(place, cashier, {"cash": 0})


@pytest.mark.parametrize("counted", [{"card": -1}, {"gold": 1}, {"cash": 1.5}, {"cash": True}])
async def test_counts_are_whole_amounts_of_known_methods(place, cashier, counted):
    await world.take(place, cashier, (await world.bill(place, 3000), 3000))
    with pytest.raises(Invalid):
        await close(place, cashier, counted)


async def test_only_a_cashier_has_a_till(place):
    with pytest.raises(Forbidden):
        await preview(place, await make.staff(place.tenant, "reader"))
    with pytest.raises(Forbidden):
        await close(place, await make.staff(place.tenant, "front_desk"), {"cash": 0})
