"""Bills of one institution to several of its accounts: one thing to pay, one payment for each account."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from billing.checkouts import service
from billing.models import Attempt, FeeItem, Payment, SettlementAccount
from billing.payments import settlement
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of


@pytest.fixture
async def bills(place):
    """A bill to the first account, and one whose fee is paid to a second."""
    async with place.scope():
        second = await settlement.provision_settlement(
            place.system, place.tenant, bank_code="HRBRSGSG", account_name="Canteen",
            account_number="0123 4567 8999", currency="SGD",
        )  # fmt: skip
    await settlement.connect(place.system, second.id)
    first = await world.bill(place, 3000)
    async with place.scope():
        other = await FeeItem.create(
            tenant_id=place.id, scenario="community", key="canteen", names={"en": "Canteen"},
            account_kinds=["unit"], currency="SGD", settlement_account_id=second.id,
        )  # fmt: skip
    was, place.fee = place.fee, other
    try:
        return first, await world.bill(place, 700)
    finally:
        place.fee = was


async def paid_to(place, checkout_id) -> dict[int, UUID]:
    async with place.scope():
        found = await Payment.filter(tenant_id=place.id, checkout_id=checkout_id)
    return {each.amount_minor: each.settlement_account_id for each in found}


async def accounts(place) -> list[UUID]:
    async with place.scope():
        found = await SettlementAccount.filter(tenant_id=place.id).order_by("id")
    return [each.id for each in found]


async def pay_on_the_page(client, place, bills, channel: str, amount: str = ""):
    await make.sign_in(client, place.person.id)
    query = "&".join(f"bill={bill.id}" for bill in bills)
    page = (await client.get(f"/my/checkout?{query}")).text
    inspect(page)
    data = {"key": page.split('name="key" value="')[1].split('"')[0], "channel": channel, "act": "pay"}
    data |= {"bill": [str(bill.id) for bill in bills]}
    data |= {f"amount-{bills[0].id}": amount} if amount else {}
    return page, await client.post("/my/payments", data=data)


async def test_the_bank_takes_both_as_one_payment_each_to_its_account(client, place, bills, outside):
    page, answer = await pay_on_the_page(client, place, bills, "bank", amount="20.00")
    assert "Your bank takes them as one payment" in page
    assert answer.status_code == 303, text_of(inspect(answer.text))
    checkout_id = UUID(answer.headers["location"].rsplit("/", 1)[1])
    first, second = await accounts(place)
    assert await paid_to(place, checkout_id) == {2000: first, 700: second}
    async with place.scope():
        attempt = await Attempt.filter(tenant_id=place.id).order_by("created_at").first()
    outside.pay(attempt)
    done = await service.look(place.payer, checkout_id)
    assert done.is_done, [step.status for step in done.steps]
    inspect((await client.get(f"/my/checkouts/{checkout_id}")).text)
    assert (await world.fresh(place, bills[0])).status == "part_paid"
    assert (await world.fresh(place, bills[1])).status == "paid"
    await world.ledger_is_right(place)


async def test_by_card_one_after_the_other(client, place, bills, outside):
    page, answer = await pay_on_the_page(client, place, bills, "stripe")
    assert "one after the other" in page
    checkout_id = UUID(answer.headers["location"].rsplit("/", 1)[1])
    for n in (1, 2):
        started = await service.pay_next(
            place.payer, checkout_id, urls=("http://cloud.test/x", "http://cloud.test/x")
        )
        async with place.scope():
            attempt = await Attempt.get(tenant_id=place.id, id=started.attempt_id)
        outside.pay(attempt)
        assert (await service.look(place.payer, checkout_id)).paid_count == n
    first, second = await accounts(place)
    assert await paid_to(place, checkout_id) == {3000: first, 700: second}
    assert await service.pay_next(place.payer, checkout_id, urls=("x", "x")) is None


async def test_one_bill_stays_on_its_own_page(client, place, bills, outside):
    _, answer = await pay_on_the_page(client, place, bills[1:], "bank")
    assert urlsplit(answer.headers["location"]).path.startswith("/my/payments/")
    assert not parse_qs(urlsplit(answer.headers["location"]).query)
