"""Routing as people meet it: the institution's form, the payer's choice, the bank's fee, a channel that is down."""

import pytest

from billing.models import Attempt, Payment
from billing.payments.service import offers
from billing.routing.terms import BankFee, Route, RoutingTerms
from billing.terms import keep_terms, save_terms, terms_of
from tenants.models import Audit
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Forbidden, Invalid


async def keep(place, *routes: Route) -> None:
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    async with place.scope():
        await save_terms(manager, RoutingTerms(routes=routes))


async def test_what_is_offered_is_what_may_be_started(place, outside):
    await keep(
        place, Route(method="stripe.card", most_minor=6000), Route(method="bank", fee_items=("water",))
    )
    bill = await world.bill(place, 5000)
    found = await offers(place.id, "SGD", [bill.id])
    assert [(each.key, each.maximum_minor) for each in found] == [("stripe.card", 6000)]
    with pytest.raises(Invalid, match="how to pay"):
        await world.start(place, bill, channel="bank")
    with pytest.raises(Invalid, match="how to pay"):
        await world.start(place, bill, channel="stripe")
    started = await world.start(place, bill, channel="stripe.card")
    paid = await world.payment(place, started.payment_id)
    assert (paid.channel, paid.method, started.status) == ("stripe", "stripe.card", "pending")
    made = await world.attempt(place, started)
    told = outside.session(made.channel_reference, place.settlement.stripe_account)
    assert told["payment_method_types"] == ["card"]
    with pytest.raises(Invalid, match="at most"):
        await world.start(place, await world.bill(place, 7000), channel="stripe.card")


async def test_the_banks_fee_goes_with_the_direct_charge(place, outside):
    banker = place.system
    async with place.scope():
        await keep_terms(banker, BankFee(basis_points=100, fixed_minor=10), tenant_id=place.id)
    bill = await world.bill(place, 5000)
    started = await world.start(place, bill)
    outside.pay(await world.attempt(place, started))
    async with place.scope():
        attempt = await Attempt.get(tenant_id=place.id, id=started.attempt_id)
    assert attempt.request["application_fee_minor"] == 60


async def test_when_one_channel_is_silent_the_other_is_free_at_once(place, outside):
    outside.fault("stripe", "error_before", "checkout.sessions.create", times=4)
    bill = await world.bill(place, 5000)
    lost = await world.start(place, bill)
    assert lost.status == "unknown"
    assert (await world.start(place, bill, key="again")).attempt_id == lost.attempt_id
    other = await world.start(place, bill, channel="bank")
    assert other.status == "pending"
    assert (await world.payment(place, lost.payment_id)).status == "cancelled"
    outside.pay(await world.attempt(place, other))
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.fresh(place, bill)).status == "paid"
    await world.ledger_is_right(place)


async def test_an_abandoned_try_that_was_paid_after_all_is_never_lost(place, outside):
    outside.fault("stripe", "error_after", "checkout.sessions.create", times=4)
    bill = await world.bill(place, 5000)
    lost = await world.start(place, bill)
    assert lost.status == "unknown"
    outside.clear()
    outside.fault("stripe", "error_before", "*", times=8)
    other = await world.start(place, bill, channel="bank")
    outside.clear()
    outside.pay(await world.attempt(place, other))
    await world.hurry(place, "billing.ask_attempt")
    outside.pay_by_reference(place, lost.attempt_id, "stripe")
    await world.hurry(place, "billing.ask_attempt")
    assert (await world.payment(place, lost.payment_id)).status == "succeeded"
    assert await world.count(place, "billing_suspense", "status = 'open'") == 1
    await world.ledger_is_right(place)


async def test_the_form_keeps_order_limits_and_fees_and_is_audited(place, client):
    manager = await make.staff(place.tenant, "administrator", "Man Tan")
    await make.sign_in(client, manager.person_id)
    at = f"/t/{place.tenant.slug}/settings/terms/routing"
    text = text_of(inspect((await client.get(at)).text))
    assert "1. Card or wallet, any amount, for all fees." in text
    assert "keeps nothing" in text
    sent = {
        "routes-0-method": "stripe", "routes-0-place": "2", "routes-0-is_offered": "1", "routes-0-most": "50.00",
        "routes-1-method": "bank", "routes-1-place": "1", "routes-1-is_offered": "1", "routes-1-fees": "estate",
    }  # fmt: skip
    wrong = await client.post(at, data=sent | {"routes-0-least": "60.00"})
    assert wrong.status_code == 422
    assert "less than the least" in text_of(inspect(wrong.text))
    both = sent | {"routes-2-method": "stripe.card", "routes-2-place": "3", "routes-2-is_offered": "1"}
    assert "but not both" in text_of(inspect((await client.post(at, data=both)).text))
    assert (await client.post(at, data=sent)).status_code == 303
    again = text_of(inspect((await client.get(at)).text))
    assert "1. Bank app (QR code), any amount, only for Service charge." in again
    async with place.scope():
        kept = await terms_of(place.id, RoutingTerms)
        acts = await Audit.filter(tenant_id=place.id, act="terms.changed")
    assert [route.method for route in kept.routes] == ["bank", "stripe"]
    assert acts[-1].before == {"routes": []}


async def test_an_institution_cannot_set_the_banks_fee(place):
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    async with place.scope():
        with pytest.raises(Forbidden):
            await save_terms(cashier, BankFee(basis_points=1))
        assert await Payment.filter(tenant_id=place.id).count() == 0
