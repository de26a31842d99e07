"""Deposits: asked for, paid like a bill, owed by the institution while they are held, given back less what is kept."""

import pytest

from billing.holds import ending
from billing.models import Bill, Hold, Refund
from billing.payments.service import take_payment
from scenarios.community.leaving import deposits
from scenarios.community.leaving.deposits import DepositTerms
from tests import make
from tests.billing.payments import world
from tests.billing.wallets.conftest import outside, place, sandbox
from ui.errors import Conflict, Forbidden, Invalid

__all__ = ["outside", "place", "sandbox"]
CARD = DepositTerms("access_card", 5000, "Card 17")


@pytest.fixture
async def chief(place):
    return await make.staff(place.tenant, "administrator")


async def asked(place, chief, key="one"):
    async with place.scope():
        made = await deposits.ask(chief, place.account.id, CARD, key=key)
        return made, (await deposits.one_of(place.id, made.id))["bill_id"]


async def state(place, made) -> str:
    async with place.scope():
        return (await deposits.one_of(place.id, made.id))["status"]


async def test_it_is_asked_once_paid_held_and_comes_back_less_what_is_kept(place, outside, chief):
    made, bill = await asked(place, chief)
    assert (await asked(place, chief))[0].id == made.id
    assert await state(place, made) == "asked"
    cashier = await make.staff(place.tenant, "cashier")
    await take_payment(cashier, bills=[(bill, 5000)], method="cash", key="k1")
    assert await state(place, made) == "held"
    assert await world.ledger_is_right(place)
    for kept, reason, error in ((6000, "x", Invalid), (1000, "", Invalid)):
        with pytest.raises(error):
            async with place.scope():
                await deposits.give_back(chief, made.id, kept_minor=kept, reason=reason)
    reader = await make.staff(place.tenant, "reader")
    async with place.scope():
        with pytest.raises(Forbidden):
            await deposits.give_back(reader, made.id, kept_minor=0, reason="")
        await deposits.give_back(chief, made.id, kept_minor=1000, reason="The card is broken")
    with pytest.raises(Conflict):
        async with place.scope():
            await deposits.give_back(chief, made.id, kept_minor=0, reason="")
    async with place.scope():
        assert [one.amount_minor for one in await Refund.filter(tenant_id=place.id)] == [4000]
    assert await state(place, made) == "returned"
    assert await world.ledger_is_right(place)


async def test_not_paid_in_time_it_lapses(place, outside, chief):
    made, bill = await asked(place, chief)
    async with place.scope():
        hold = await Hold.get(tenant_id=place.id, bill_id=bill)
    await ending.cancel(place.system, hold.id)
    assert await state(place, made) == "lapsed"
    async with place.scope():
        assert (await Bill.get(tenant_id=place.id, id=bill)).status == "void"


async def test_its_payer_finds_it_beside_the_bills_until_it_is_paid(place, outside, chief, client):
    _, bill = await asked(place, chief)
    await make.sign_in(client, place.person.id)
    assert f'href="/my/checkout?bill={bill}"' in (await client.get("/my")).text
    cashier = await make.staff(place.tenant, "cashier")
    await take_payment(cashier, bills=[(bill, 5000)], method="cash", key="k1")
    assert str(bill) not in (await client.get("/my")).text
