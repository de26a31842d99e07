"""Autopay by saved card: agreed to at Stripe, charged with nobody there, declined in every way, then forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from billing.mandates import cards, debiting, life
from billing.mandates.life import Wish
from billing.mandates.terms import MandateTerms
from billing.models import Debit, Mandate, SavedCard
from billing.payments import starting
from billing.terms import save_terms
from tenants.days import today
from tenants.models import Notice, Tenant
from tenants.scope import bank_scope, execute, open_scope, value
from tests import make
from tests.asking import HTTP
from tests.billing.mandates.test_mandates import BACK, day_comes, fresh, only_debit
from tests.billing.payments import world
from tests.billing.reminders.test_reminders import due
from tests.page import inspect, text_of
from ui.errors import Conflict, Invalid


async def asked(place, account=None, *, way: str = "card", ceiling: int = 10_000) -> Mandate:
    wish = Wish(way, ceiling, "bill")
    target = account or place.account
    return await life.set_up(
        place.payer, tenant_id=place.id, account_id=target.id, wish=wish, return_url=BACK
    )


async def saved(place, outside, card: str = "visa", **more) -> Mandate:
    mandate = await asked(place, **more)
    outside.click(mandate.authorise_url, card)
    return await life.present(place.payer.within(place.id), mandate.id)


async def kept(place) -> SavedCard:
    async with place.scope():
        return await SavedCard.get(tenant_id=place.id)


async def notices(place) -> str:
    async with place.scope():
        found = await Notice.filter(tenant_id=place.id, template="autopay", channel="in_app")
    return "\n".join(f"{n.subject}: {n.body}" for n in found)


def at_stripe(place, outside, path: str):
    headers = {"Authorization": "Bearer sk_test_123", "Stripe-Account": place.settlement.stripe_account}
    return HTTP.get(f"{outside.url}/stripe/v1/{path}", headers=headers).json()


def charges(place, outside) -> list[dict]:
    """What Stripe has really taken."""
    found = at_stripe(place, outside, "charges?limit=100")["data"]
    return [each for each in found if each["status"] == "succeeded"]


async def test_a_card_is_saved_at_stripe_and_charged_with_nobody_there(place, outside):
    mandate = await asked(place)
    assert mandate.status == "authorising"
    assert "/stripe/pay/" in mandate.authorise_url
    outside.click(mandate.authorise_url, "mastercard")
    mandate = await life.present(place.payer.within(place.id), mandate.id)
    assert (mandate.status, mandate.mask) == ("active", "Mastercard **** 4444")
    card = await kept(place)
    assert (card.person_id, card.method, card.last4) == (place.person.id, mandate.instrument, "4444")
    bill = await due(place, 3)
    await debiting.plan(place.system)
    assert "is charged to Mastercard **** 4444 on" in await notices(place)
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "paid"
    assert (await world.fresh(place, bill)).status == "paid"
    (charge,) = charges(place, outside)
    assert charge["customer"] == mandate.reference
    assert charge["payment_method_details"]["card"]["last4"] == "4444"
    assert await world.ledger_is_right(place)


async def test_the_webhook_alone_brings_a_saved_card_home(place, outside, client):
    mandate = await asked(place)
    outside.click(mandate.authorise_url, "visa")
    for event in outside.events(place.settlement.stripe_account):
        for _ in range(2):
            message = world.stripe_message(event)
            assert (await client.post(**message)).status_code == 200
    await world.hurry(place)
    assert (await fresh(place, mandate)).status == "active"
    assert await world.count(place, "billing_saved_card") == 1


@pytest.mark.parametrize("card", ["lost"])
async def test_a_hard_decline_is_never_tried_again(place, outside, card):
    mandate = await saved(place, outside, card)
    await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.error, debit.tries) == ("failed", "lost_card", 1)
    paused = await fresh(place, mandate)
    assert (paused.status, paused.word) == ("paused", "card_refused")
    assert "blocked by its bank" in await notices(place)
    await day_comes(place, outside)
    assert await world.count(place, "billing_attempt") == 1


async def test_pages_promise_no_debit_that_is_not_taken(place, client, outside, bank):
    mandate = await saved(place, outside)
    await due(place, 3)
    await debiting.plan(place.system)
    await make.sign_in(client, place.person.id)
    assert "Paid by itself on" in text_of(inspect((await client.get("/my")).text))
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(status="suspended", takes_payments=False)
    shown = text_of(inspect((await client.get("/my")).text))
    assert "Paid by itself on" not in shown
    assert "takes no payments" in shown
    path = f"/my/accounts/{place.account.id}/autopay"
    assert f"pays {place.account.number} automatically" in text_of(inspect((await client.get(path)).text))
    async with place.scope():
        await Mandate.filter(id=mandate.id).update(status="paused", word="card_refused")
    shown = text_of(inspect((await client.get(path)).text))
    assert f"pays {place.account.number} automatically" not in shown
    assert f"Paused: it does not pay {place.account.number} nowChoose another card" in shown


async def test_a_soft_decline_is_tried_again_by_the_plan(place, outside):
    async with place.scope():
        await save_terms(await make.staff(place.tenant), MandateTerms(retry_count=1, retry_days=4))
    mandate = await saved(place, outside, "empty")
    bill = await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.error) == ("waiting", "insufficient_funds")
    assert debit.due_on == today(place.tenant.timezone) + timedelta(days=4)
    outside.post(f"stripe/payment_methods/{mandate.instrument}", decline="")
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "paid"
    assert (await world.fresh(place, bill)).status == "paid"
    assert len(charges(place, outside)) == 1
    assert await world.ledger_is_right(place)


async def test_a_bank_that_asks_for_the_payer_sends_them_a_link_and_nothing_is_paused(place, outside):
    mandate = await saved(place, outside, "asks")
    bill = await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, debit.error) == ("failed", "authentication_required")
    assert (await fresh(place, mandate)).status == "active"
    assert "Please confirm the payment" in await notices(place)
    assert "/pay/" in await notices(place)
    for intent in at_stripe(place, outside, "payment_intents?limit=100")["data"]:
        assert intent["status"] == "canceled", "what was declined can never be confirmed behind our back"
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    await world.hurry(place)
    assert (await world.fresh(place, bill)).status == "paid"


@pytest.mark.parametrize("kind", ["timeout_after", "drop_after", "error_after"])
async def test_an_answer_that_is_lost_is_asked_for_and_charged_once(place, outside, hasty, kind):
    await saved(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)
    outside.fault("stripe", kind, "payment_intents.create", times=3, seconds=1)
    await day_comes(place, outside)
    assert (await world.fresh(place, bill)).status == "paid"
    assert (await only_debit(place)).status == "paid"
    assert len(charges(place, outside)) == 1
    assert await world.ledger_is_right(place)


async def test_a_charge_that_never_reached_stripe_is_unknown_then_tried_again(place, outside, hasty):
    await saved(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)
    outside.fault("stripe", "drop_before", "payment_intents.create")
    outside.fault("stripe", "drop_before", "payment_intents.list")
    await day_comes(place, outside)
    debit = await only_debit(place)
    assert (debit.status, (await world.payment(place, debit.payment_id)).status) == ("trying", "unknown")
    assert await debiting.take_due(place.system) == 0, "what is unknown is not sent again"
    outside.clear()
    async with place.scope():
        attempt_id = await value("select id from billing_attempt where tenant_id = $1", place.id)
    await world.wait_since_sending(place, attempt_id, 600)
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "waiting"
    await day_comes(place, outside)
    assert (await world.fresh(place, bill)).status == "paid"
    assert len(charges(place, outside)) == 1


async def test_a_process_that_dies_after_the_charge_finds_it_and_charges_once(place, outside, monkeypatch):
    class Died(BaseException):
        pass

    async def dies(*_: object) -> None:
        raise Died

    await saved(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)
    debit = await only_debit(place)
    with monkeypatch.context() as dying:
        dying.setattr(starting, "_keep", dies)
        with pytest.raises(Died):
            await debiting.take(place.system, debit.id)
    assert len(charges(place, outside)) == 1, "Stripe has it, and we know nothing of it"
    await debiting.take(place.system, debit.id)
    await day_comes(place, outside)
    assert len(charges(place, outside)) == 1
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_one_debit_in_two_hands_is_charged_once(real_place, outside):
    await saved(real_place, outside)
    bill = await due(real_place, 0)
    await debiting.plan(real_place.system)
    async with real_place.scope():
        await execute(
            "update billing_debit set due_on = day_of(tenant_id) where tenant_id = $1", real_place.id
        )
    debit = await only_debit(real_place)
    await asyncio.gather(*(debiting.take(real_place.system, debit.id) for _ in range(4)))
    assert len(charges(real_place, outside)) == 1
    assert (await world.fresh(real_place, bill)).status == "paid"
    assert await world.count(real_place, "billing_attempt") == 1


async def test_money_that_is_under_way_is_waited_for(place, outside):
    await saved(place, outside)
    bill = await due(place, 0)
    await debiting.plan(place.system)
    outside.fault("stripe", "late_success", "payment_intents.charge", times=1, seconds=60)
    await day_comes(place, outside)
    assert (await only_debit(place)).status == "trying"
    outside.advance(120)
    await day_comes(place, outside)
    assert (await world.fresh(place, bill)).status == "paid"
    assert len(charges(place, outside)) == 1


async def test_the_same_card_pays_a_second_account_without_going_to_stripe_again(place, outside):
    first = await saved(place, outside)
    other = await make.account(place.tenant)
    await make.holder(other, place.person)
    card = await kept(place)
    second = await asked(place, other, way=f"card:{card.id}")
    assert (second.status, second.instrument) == ("active", first.instrument)
    async with place.scope():
        await life.stop(place.payer.within(place.id), mandate_id=first.id)
    await world.hurry(place, cards.DETACH_JOB)
    assert (await kept(place)).detached_at is None, "it still pays the other account"
    async with place.scope():
        await life.stop(place.payer.within(place.id), mandate_id=second.id)
    await world.hurry(place, cards.DETACH_JOB)
    assert (await kept(place)).detached_at is not None
    method = at_stripe(place, outside, f"payment_methods/{first.instrument}")
    assert method["customer"] is None, "Stripe has forgotten it too"
    with pytest.raises(Invalid, match=r"mandate\.channel"):
        await asked(place, way=f"card:{card.id}")


async def test_nobody_chooses_a_card_that_is_not_theirs(place, outside):
    await saved(place, outside)
    card = await kept(place)
    stranger = await make.person("Stranger")
    account = await make.account(place.tenant)
    await make.holder(account, stranger)
    for way in (f"card:{card.id}", "card:nothing", "cash"):
        with pytest.raises(Invalid, match=r"mandate\.channel"):
            await life.set_up(
                make.payer(stranger),
                tenant_id=place.id,
                account_id=account.id,
                wish=Wish(way, 5000, "bill"),
                return_url=BACK,
            )


async def test_another_card_takes_the_place_of_one_that_was_refused(place, outside):
    mandate = await saved(place, outside, "lost")
    bill = await due(place, 0)
    await debiting.plan(place.system)
    await day_comes(place, outside)
    changing = await life.change_card(place.payer.within(place.id), mandate_id=mandate.id)
    outside.click(changing.authorise_url, "visa")
    changed = await life.present(place.payer.within(place.id), mandate.id)
    assert (changed.status, changed.mask) == ("active", "Visa **** 4242")
    assert changed.instrument != mandate.instrument
    await world.hurry(place, cards.DETACH_JOB)
    assert at_stripe(place, outside, f"payment_methods/{mandate.instrument}")["customer"] is None
    await debiting.plan(place.system)
    await day_comes(place, outside)
    assert (await world.fresh(place, bill)).status == "paid"


async def test_a_page_that_nobody_used_leaves_nothing_behind(place, outside):
    mandate = await asked(place)
    reference = mandate.authorise_url.rsplit("/", 1)[-1]
    outside.post(f"stripe/sessions/{reference}", act="expire")
    gone = await life.present(place.payer.within(place.id), mandate.id)
    assert (gone.status, gone.word) == ("declined", "no_card")
    assert (await asked(place)).status == "authorising"


async def test_a_silent_stripe_sets_up_nothing_twice(place, outside, hasty):
    outside.fault("stripe", "timeout_after", "checkout.sessions.create", times=2, seconds=1)
    with pytest.raises(Conflict, match=r"mandate\.silent"):
        await asked(place)
    async with place.scope():
        waiting = await Mandate.get(tenant_id=place.id)
    mandate = await life.present(place.payer.within(place.id), waiting.id)
    assert mandate.status == "authorising"
    sessions = at_stripe(place, outside, f"checkout/sessions?customer={mandate.reference}")["data"]
    assert len(sessions) == 1


async def test_a_card_about_to_expire_is_told_of_once(place, outside):
    await saved(place, outside, "ending")
    assert await cards.warn(place.system) == 1
    assert await cards.warn(place.system) == 0
    assert "Visa **** 1117 expires soon" in await notices(place)


async def test_a_card_that_its_network_renews_goes_on(place, outside, client):
    mandate = await saved(place, outside, "ending")
    year = datetime.now(UTC).year + 4
    outside.post(f"stripe/payment_methods/{mandate.instrument}", exp_month=5, exp_year=year)
    (event,) = outside.events(place.settlement.stripe_account, "payment_method.automatically_updated")
    assert (await client.post(**world.stripe_message(event))).status_code == 200
    await world.hurry(place)
    card = await kept(place)
    assert (card.exp_month, card.exp_year) == (5, year)
    assert await cards.warn(place.system) == 0


async def test_a_card_taken_away_at_stripe_ends_it(place, outside, client):
    mandate = await saved(place, outside)
    outside.post(f"stripe/payment_methods/{mandate.instrument}", act="detach")
    (event,) = outside.events(place.settlement.stripe_account, "payment_method.detached")
    assert (await client.post(**world.stripe_message(event))).status_code == 200
    await world.hurry(place)
    gone = await fresh(place, mandate)
    assert (gone.status, gone.word) == ("revoked", "card_gone")


async def test_a_debit_whose_mandate_is_stopped_meanwhile_does_not_hold_the_bill(place, outside):
    mandate = await saved(place, outside, "empty")
    await due(place, 0)
    await debiting.plan(place.system)
    debit = await only_debit(place)
    async with place.scope():
        await Debit.filter(id=debit.id).update(status="trying", tries=1)
        await life.stop(place.payer.within(place.id), mandate_id=mandate.id)
        await debiting._refused(place.system, debit.id, "insufficient_funds")
    assert (await only_debit(place)).status == "failed"
    await saved(place, outside)
    assert await debiting.plan(place.system) == 1


async def test_pages_offer_bank_and_card_and_show_the_card(place, client, outside):
    await make.sign_in(client, place.person.id)
    path = f"/my/accounts/{place.account.id}/autopay"
    first = text_of(inspect((await client.get(path)).text))
    assert "My bank account" in first
    assert "A credit or debit card" in first
    wrong = await client.post(path, data={"way": "cash", "ceiling": "55", "schedule": "bill", "day": "1"})
    assert wrong.status_code == 422
    assert "Choose from what it is taken." in text_of(inspect(wrong.text))
    assert 'value="55"' in wrong.text
    gone = await client.post(path, data={"way": "card", "ceiling": "100", "schedule": "bill", "day": "1"})
    outside.click(gone.headers["location"], "ending")
    shown = text_of(inspect((await client.get(path)).text))
    assert "Visa **** 1117" in shown
    assert "expires at the end of" in shown
    other = await client.post(f"{path}/card")
    assert "/stripe/pay/" in other.headers["location"]
    reader, root = await make.staff(place.tenant, "reader"), f"/t/{place.tenant.slug}"
    await make.sign_in(client, reader.person_id)
    assert "Saved card" in (await client.get(f"{root}/mandates?from=stripe&export=csv")).text
    async with place.scope():
        mandate = await Mandate.get(tenant_id=place.id)
    assert "Visa **** 1117" in text_of(inspect((await client.get(f"{root}/mandates/{mandate.id}")).text))
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.post(f"{path}/card")).status_code == 404


async def test_an_institution_says_from_what_it_takes(place, client, outside):
    async with place.scope():
        await save_terms(await make.staff(place.tenant), MandateTerms(has_card=False))
    await make.sign_in(client, place.person.id)
    shown = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/autopay")).text))
    assert "A credit or debit card" not in shown
    with pytest.raises(Conflict, match=r"mandate\.no_account"):
        await asked(place)
