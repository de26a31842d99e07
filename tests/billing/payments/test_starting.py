"""Beginning a payment: what is checked, what is committed, what the channel is told."""

import pytest
from dataclasses import replace

from billing.models import Payment, PaymentPart
from billing.payments.service import offers, start_payment
from tenants.actor import Actor
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Invalid, NotFound


@pytest.mark.parametrize("channel", ["stripe", "bank"])
async def test_a_payer_is_led_to_the_channel_and_the_money_lands(place, outside, channel):
    bill = await world.bill(place, 3000, 2000)
    started = await world.start(place, bill, channel=channel)
    assert started.status == "pending"
    assert started.redirect_url.startswith("http")
    assert bool(started.qr_content) == (channel == "bank")
    outside.pay(await world.attempt(place, started))
    from billing.payments.service import refresh

    seen = await refresh(place.payer, started.payment_id)
    assert (seen.payment.status, seen.is_final) == ("succeeded", True)
    assert seen.receipt_number.startswith("R")
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_offers_are_what_the_institution_has(place, outside):
    assert [offer.key for offer in await offers(place.id, "SGD")] == ["stripe", "bank"]
    assert await offers(place.id, "USD") == []
