"""A payment that topped up stored money and paid other bills: what goes back of it, and what a lost dispute takes."""

from types import SimpleNamespace
from uuid import UUID

import pytest

from billing.disputes import deciding
from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.models import CreditNote, Dispute, Suspense, WalletMovement
from billing.payments.service import refundable_minor, request_refund
from billing.wallets.service import close_wallet
from billing.worklist.registry import kind_of
from tenants.ids import new_id
from tenants.scope import rows
from tests import make
from tests.billing.payments import world
from tests.billing.wallets.test_wallets import as_bill, ask, balance, buy, filled, out
from tests.page import inspect, text_of
from ui.errors import Conflict, Invalid


async def mixed(place, outside, stored=5000, owed=3000):
    """One payment for a top-up and an ordinary bill."""
    asked, bill = await ask(place, stored), await world.bill(place, owed)
    started = await world.start(place, as_bill(asked), bill, channel="stripe")
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    return started, bill


async def give_back(place, payment_id, amount, seen):
    finance = await make.staff(place.tenant, "finance")
    async with place.scope():
        refund = await request_refund(
            finance,
            payment_id=payment_id,
            amount_minor=amount,
            seen_refundable_minor=seen,
            reason="Moved out",
            key=new_id().hex,
        )
    await world.hurry(place, "billing.submit_refund")
    return refund


async def heard(place, started, amount, state):
    """What the channel says of one dispute, in the open scope."""
    attempt = await world.attempt(place, started)
    news = News(
        reference=f"dp_{amount}",
        payment=attempt.channel_payment,
        amount_minor=amount,
        currency="SGD",
        state=state,
        is_withdrawn=True,
    )
    return await take_news(place.system, attempt.id, news)


async def lost(place, started, amount):
    """A dispute that is lost and whose bills are owed again; its id."""
    finance = await make.staff(place.tenant, "finance", "Fin Lim")
    async with place.scope():
        dispute = await heard(place, started, amount, "lost")
        await deciding.decide(finance, dispute_id=dispute.id, decision="owed", reason="They do owe it")
    return dispute.id


async def waiting(place):
    kind = kind_of("spent_top_up")
    assert kind is not None
    async with place.scope():
        return await rows(kind.sql, place.id)


async def test_the_other_bills_of_a_payment_are_refunded_and_the_stored_money_stays(place, outside, wallet):
    started, bill = await mixed(place, outside)
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 3000
    with pytest.raises(Invalid, match=r"refund\.too_much"):
        await give_back(place, started.payment_id, 3001, 3000)
    await give_back(place, started.payment_id, 3000, 3000)
    assert (await world.fresh(place, bill)).paid_minor == 0
    assert await balance(place) == 5000
    with pytest.raises(Conflict, match=r"wallet\.refund"):
        await give_back(place, started.payment_id, 1, 0)
    await out(place, await make.staff(place.tenant, "finance"), 5000)
    await world.hurry(place, "billing.submit_refund")
    assert await balance(place) == 0
    assert (await world.payment(place, started.payment_id)).status == "refunded"
    assert await world.ledger_is_right(place)


async def test_a_payout_first_leaves_the_other_bills_refundable(place, outside, wallet):
    started, _ = await mixed(place, outside)
    await out(place, await make.staff(place.tenant, "finance"), 2000)
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 3000
    await world.hurry(place, "billing.submit_refund")
    await give_back(place, started.payment_id, 3000, 3000)
    assert await balance(place) == 3000
    assert await world.ledger_is_right(place)


async def test_the_payments_page_offers_the_bills_and_points_to_the_store(place, outside, wallet, client):
    started, _ = await mixed(place, outside)
    finance = await make.staff(place.tenant, "finance")
    await make.sign_in(client, finance.person_id)
    page = await client.get(f"/t/{place.tenant.slug}/payments/{started.payment_id}")
    shown = text_of(inspect(page.text))
    assert "At most" in shown
    assert "is stored for the account" in shown


async def test_a_lost_top_up_takes_its_stored_money_back_and_nothing_is_owed(place, outside, wallet):
    started = await filled(place, outside, 5000)
    dispute_id = await lost(place, started, 5000)
    assert await balance(place) == 0
    async with place.scope():
        note = await CreditNote.get(tenant_id=place.id)
        moved = await WalletMovement.get(tenant_id=place.id, kind="charge_back")
        assert (await Dispute.get(id=dispute_id)).reopened_minor == 5000
    assert (note.amount_minor, moved.amount_minor) == (5000, -5000)
    assert await waiting(place) == []
    assert await world.ledger_is_right(place)


async def test_what_was_spent_meanwhile_is_owed_and_somebody_has_to_work_it(place, outside, wallet, client):
    started = await filled(place, outside, 5000)
    await buy(place, 1200)
    await lost(place, started, 5000)
    assert await balance(place) == 0
    (item,) = await waiting(place)
    assert (item["amount_minor"], item["currency"]) == (1200, "SGD")
    assert item["path"].startswith("/bills/")
    assert await world.ledger_is_right(place)
    finance = await make.staff(place.tenant, "finance")
    await make.sign_in(client, finance.person_id)
    work = text_of(inspect((await client.get(f"/t/{place.tenant.slug}/worklist")).text))
    assert "Stored money lost in a dispute and spent already" in work
    cashier = await make.staff(place.tenant, "cashier")
    owed = SimpleNamespace(id=UUID(item["path"].removeprefix("/bills/")))
    await world.take(place, cashier, (owed, 1200))
    assert await waiting(place) == []
    assert await world.ledger_is_right(place)


async def test_a_partly_lost_payment_takes_no_more_than_it_lost(place, outside, wallet):
    started, bill = await mixed(place, outside)
    await lost(place, started, 6000)
    there, owed = await balance(place), await world.fresh(place, bill)
    assert 5000 - there + (3000 - owed.paid_minor) == 6000
    assert await world.ledger_is_right(place)


async def won(place, started, amount):
    """The same dispute, won after all."""
    async with place.scope():
        return await heard(place, started, amount, "won")


async def unassigned(place):
    async with place.scope():
        return [held.amount_minor for held in await Suspense.filter(tenant_id=place.id, status="open")]


async def test_a_lost_top_up_that_is_won_after_all_is_stored_again(place, outside, wallet):
    started = await filled(place, outside, 5000)
    await lost(place, started, 5000)
    await won(place, started, 5000)
    await won(place, started, 5000)
    assert await balance(place) == 5000
    assert await unassigned(place) == []
    assert (await world.payment(place, started.payment_id)).status == "succeeded"
    assert await world.ledger_is_right(place)
    await out(place, await make.staff(place.tenant, "finance"), 5000)
    await world.hurry(place, "billing.submit_refund")
    assert await balance(place) == 0
    assert (await world.payment(place, started.payment_id)).status == "refunded"
    assert await world.ledger_is_right(place)


@pytest.mark.parametrize(("is_paid", "waits"), [(False, []), (True, [1200])])
async def test_what_was_spent_pays_its_bill_first_and_only_the_taken_is_stored(
    place, outside, wallet, is_paid, waits
):
    started = await filled(place, outside, 5000)
    await buy(place, 1200)
    await lost(place, started, 5000)
    (item,) = await waiting(place)
    owed = SimpleNamespace(id=UUID(item["path"].removeprefix("/bills/")))
    if is_paid:
        await world.take(place, await make.staff(place.tenant, "cashier"), (owed, 1200))
    await won(place, started, 5000)
    assert await balance(place) == 3800
    assert await unassigned(place) == waits
    assert await waiting(place) == []
    assert await world.ledger_is_right(place)


async def test_money_won_back_for_a_closed_store_waits_for_a_person(place, outside, wallet):
    started = await filled(place, outside, 5000)
    await lost(place, started, 5000)
    async with place.scope():
        await close_wallet(await make.staff(place.tenant, "finance"), wallet.id)
    await won(place, started, 5000)
    assert await unassigned(place) == [5000]
    assert await world.ledger_is_right(place)
