"""A card kept while a bill is paid with it: agreed to on our page, found at Stripe, offered for autopay, let go."""

import pytest

from billing import pay_links
from billing.channels import stripe_cards
from billing.channels.contract import ChannelSilent
from billing.mandates import cards, debiting, saving
from billing.mandates.terms import MandateTerms
from billing.models import Attempt, SavedCard
from billing.payments.service import start_payment
from billing.terms import save_terms
from tenants.actor import Actor
from tenants.ids import new_id
from tests import make
from tests.billing.mandates.test_cards import asked, at_stripe, charges
from tests.billing.mandates.test_mandates import day_comes, only_debit
from tests.billing.mandates.test_proxies import granted
from tests.billing.payments import world
from tests.billing.reminders.test_reminders import due
from tests.billing.town import field_of, hosted, path_of
from tests.page import inspect, text_of
from ui.errors import AppError, Conflict, NotFound

BOX = "If I pay by card, keep the card for automatic payment"


async def pay(place, bill, *, is_saving: bool = True, card: str = "card", actor=None) -> Attempt:
    """Pay a bill at Stripe's page, with leave to keep the card unless told otherwise."""
    started = await start_payment(
        actor or place.payer,
        tenant_id=place.id,
        bills=[(bill.id, bill.total_minor)],
        channel="stripe",
        key=new_id().hex,
        return_url=world.RETURN_URL,
        is_saving=is_saving,
    )
    await hosted(started.redirect_url, card)
    await world.hurry(place)
    return await world.attempt(place, started)


async def kept(place) -> list[SavedCard]:
    async with place.scope():
        return await SavedCard.filter(tenant_id=place.id).order_by("created_at")


async def test_the_card_that_pays_is_kept_and_pays_the_next_bill_by_itself(place, outside):
    bill = await world.bill(place, 5000)
    attempt = await pay(place, bill, card="mastercard")
    assert (await world.fresh(place, bill)).status == "paid"
    (card,) = await kept(place)
    assert (card.person_id, card.last4, card.payment_id) == (place.person.id, "4444", attempt.payment_id)
    intent = at_stripe(place, outside, f"payment_intents/{attempt.channel_payment}")
    assert (intent["payment_method"], intent["customer"]) == (card.method, card.customer)
    mandate = await asked(place, way=f"card:{card.id}")
    assert (mandate.status, mandate.mask) == ("active", "Mastercard **** 4444"), "nobody went to Stripe again"
    await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "paid"
    assert charges(place, outside)[0]["payment_method"] == card.method
    assert await world.ledger_is_right(place)


async def test_without_the_payers_leave_nothing_is_kept(place, outside):
    attempt = await pay(place, await world.bill(place), is_saving=False)
    assert "saver" not in attempt.request
    assert await kept(place) == []
    assert at_stripe(place, outside, "payment_methods?type=card")["data"] == []


async def test_news_told_again_and_a_page_opened_twice_keep_one(place, outside, client):
    attempt = await pay(place, await world.bill(place))
    for event in outside.events(place.settlement.stripe_account):
        assert (await client.post(**world.stripe_message(event))).status_code == 200
    await world.hurry(place)
    await saving.keep_after(place.system, attempt.id)
    await saving.card_of_payment(place.payer, place.id, attempt.payment_id)
    (card,) = await kept(place)
    trail = await world.count(place, "tenants_audit", f"act = 'card.kept' and subject_id = '{card.id}'")
    assert trail == 1


async def test_the_same_card_kept_again_stays_one_and_its_copy_goes(place, outside):
    await pay(place, await world.bill(place))
    second = await pay(place, await world.bill(place))
    (card,) = await kept(place)
    assert card.payment_id == second.payment_id
    methods = at_stripe(place, outside, f"payment_methods?customer={card.customer}&type=card")["data"]
    assert [each["id"] for each in methods] == [card.method]
    await pay(place, await world.bill(place), card="mastercard")
    assert {each.last4 for each in await kept(place)} == {"4242", "4444"}
    assert len({each.customer for each in await kept(place)}) == 1


async def test_a_silent_stripe_is_asked_again_and_the_payment_counts_all_the_same(
    place, outside, monkeypatch
):
    async def silent(_order):
        raise ChannelSilent("gone")

    bill = await world.bill(place)
    with monkeypatch.context() as away:
        away.setattr(stripe_cards, "card_paid_with", silent)
        await pay(place, bill)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await kept(place) == []
    await world.hurry(place)
    assert len(await kept(place)) == 1


async def test_another_way_to_pay_at_stripe_keeps_nothing(place, outside):
    bill = await world.bill(place)
    await pay(place, bill, card="alipay")
    outside.advance(60)
    await world.hurry(place)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await kept(place) == []


async def test_a_page_begun_without_leave_is_not_gone_on_with_when_leave_is_given(place, outside):
    bill = await world.bill(place)
    first = await world.start(place, bill)
    attempt = await pay(place, bill)
    assert attempt.id != first.attempt_id
    assert (await world.payment(place, first.payment_id)).status == "cancelled"
    assert len(await kept(place)) == 1


async def test_nobody_who_is_not_signed_in_keeps_a_card(place, outside):
    bill = await world.bill(place)
    bearer = Actor(kind="link", name="", tenant_id=place.id, bill_id=bill.id)
    with pytest.raises(Conflict, match=r"card\.nobody"):
        await pay(place, bill, actor=bearer)
    assert await world.count(place, "billing_payment") == 0


async def test_an_institution_without_autopay_keeps_none(place, outside):
    async with place.scope():
        await save_terms(await make.staff(place.tenant), MandateTerms(is_on=False))
    attempt = await pay(place, await world.bill(place))
    assert "saver" not in attempt.request
    assert await kept(place) == []


async def test_a_card_taken_away_is_gone_at_once_and_at_stripe(place, outside):
    await pay(place, await world.bill(place))
    (card,) = await kept(place)
    stranger = make.payer(await make.person("Stranger"))
    with pytest.raises(NotFound, match=r"card\.not_found"):
        await saving.forget(stranger, tenant_id=place.id, card_id=card.id)
    await saving.forget(place.payer, tenant_id=place.id, card_id=card.id)
    await saving.forget(place.payer, tenant_id=place.id, card_id=card.id)
    with pytest.raises(AppError, match=r"mandate\.channel"):
        await asked(place, way=f"card:{card.id}")
    await world.hurry(place, cards.DETACH_JOB)
    assert at_stripe(place, outside, f"payment_methods/{card.method}")["customer"] is None


async def test_a_card_that_pays_by_itself_is_not_taken_away(place, outside):
    await pay(place, await world.bill(place))
    (card,) = await kept(place)
    await asked(place, way=f"card:{card.id}")
    with pytest.raises(Conflict, match=r"card\.in_use"):
        await saving.forget(place.payer, tenant_id=place.id, card_id=card.id)


async def test_a_card_taken_away_at_stripe_is_offered_no_more(place, outside, client):
    await pay(place, await world.bill(place))
    (card,) = await kept(place)
    outside.post(f"stripe/payment_methods/{card.method}", act="detach")
    (event,) = outside.events(place.settlement.stripe_account, "payment_method.detached")
    assert (await client.post(**world.stripe_message(event))).status_code == 200
    await world.hurry(place)
    assert (await kept(place))[0].detached_at is not None


async def test_who_pays_for_somebody_else_is_not_asked(place, outside, client):
    bill = await world.bill(place)
    friend, _, _ = await granted(place)
    await make.sign_in(client, friend.person_id)
    page = await client.get(f"/my/checkout?bill={bill.id}")
    assert page.status_code == 200
    assert BOX not in page.text


async def test_pages_ask_for_leave_offer_autopay_and_take_the_card_away(place, client, outside):
    bill = await world.bill(place, 5000)
    await make.sign_in(client, place.person.id)
    page = (await client.get(f"/my/checkout?bill={bill.id}")).text
    assert BOX in text_of(inspect(page))
    sent = {"key": field_of(page, "key"), "bill": str(bill.id), "channel": "stripe", "act": "pay"}
    gone = await client.post("/my/payments", data={**sent, "keep_card": "1"})
    back = path_of(await hosted(gone.headers["location"], "card"))
    done = await client.get(back)
    text = text_of(inspect(done.text))
    assert "Visa **** 4242 is kept" in text
    link = next(
        a.get("href") for a in inspect(done.text).iter("a") if "autopay?card=" in (a.get("href") or "")
    )
    form = inspect((await client.get(link)).text)
    ways = {
        e.get("value"): e.get("checked") is not None for e in form.iter("input") if e.get("name") == "way"
    }
    (card,) = await kept(place)
    assert ways[f"card:{card.id}"], "the card just kept is chosen"
    url = f"/my/accounts/{place.account.id}/cards/{card.id}/removal"
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.post(url)).status_code == 404
    await make.sign_in(client, place.person.id)
    assert (await client.post(url)).status_code == 303
    assert "Visa **** 4242" not in text_of(inspect((await client.get(link)).text))
    assert "is kept" not in text_of(inspect((await client.get(back)).text))


async def test_the_bearer_of_a_pay_link_is_not_asked(place, client, outside):
    bill = await world.bill(place)
    page = await client.get(f"{pay_links.make(place.id, bill.id)}/checkout")
    assert page.status_code == 200
    assert BOX not in page.text
