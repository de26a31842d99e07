"""Transfers: found by number or reference, taken once, part and over; unknown ones get an owner."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

from billing.charges import printing
from billing.models import Bill, SettlementAccount, Suspense, Transfer
from billing.payments import notes, orders
from billing.transfers import receiving
from billing.transfers.jobs import ask_for_transfers
from billing.transfers.opening import virtual_account
from tenants.runtime import runtime
from tests import make
from tests.billing.credit.test_credit import left
from tests.billing.payments import world
from tests.billing.payments.test_controls import without
from tests.page import inspect, text_of

NUMBER = "8812 4471 0093"


async def arrives(place, outside, amount: int) -> None:
    """Somebody transfers money to the account's own number, and the rail tells us twice."""
    data = outside.post("rail/transfers", to=await own(place), amount_minor=amount, payer_name="Ann Tan")
    await told(place, data)
    await told(place, data)


async def told(place, data) -> None:
    message = world.rail_message(place, "transfer.credited", data)
    payload = json.loads(message["content"]) | {"merchant": place.settlement.rail_merchant}
    note = notes.read("bank", "transfer.credited", payload, place.id)
    async with place.scope():
        await notes.act(place.system, note)


async def own(place) -> str:
    return await virtual_account(place.payer, tenant_id=place.id, account_id=place.account.id)


async def test_an_accounts_own_number_pays_the_oldest_bill_and_the_rest_is_credit(place, outside):
    first, second = await world.bill(place, 3000), await world.bill(place, 2000)
    assert await own(place) == await own(place)
    await arrives(place, outside, 4000)
    oldest, newest = sorted((first, second), key=lambda bill: (bill.due_on, bill.number))
    assert (await world.fresh(place, oldest)).status == "paid"
    assert (await world.fresh(place, newest)).paid_minor == 4000 - oldest.total_minor
    await arrives(place, outside, 4000)
    assert (await world.fresh(place, newest)).status == "paid"
    assert await left(place) == 3000
    assert await world.count(place, "billing_transfer") == 2
    assert await world.ledger_is_right(place)


async def test_transfers_of_one_account_that_arrive_together_wait_for_each_other(real_place, outside):
    bill = await world.bill(real_place, 3000)
    to = await own(real_place)
    sent = [outside.post("rail/transfers", to=to, amount_minor=1000) for _ in range(6)]
    await asyncio.gather(*(told(real_place, each) for each in sent))
    assert (await world.fresh(real_place, bill)).status == "paid"
    assert await left(real_place) == 3000
    assert await world.ledger_is_right(real_place)


async def test_a_transfer_told_from_many_sides_at_once_is_taken_once_by_its_number(
    real_place, outside, owner, monkeypatch
):
    await world.bill(real_place, 3000)
    to = await own(real_place)
    first, second = (outside.post("rail/transfers", to=to, amount_minor=1000) for _ in range(2))
    await asyncio.gather(*(told(real_place, first) for _ in range(4)))
    assert await world.count(real_place, "billing_payment") == 1
    assert await world.ledger_is_right(real_place)
    monkeypatch.setattr(receiving, "_TAKE", receiving._TAKE.partition(" on conflict")[0])
    async with without(owner, await owner.fetchval(_UNIQUE)) as cleaning:
        table = "billing_transfer"
        cleaning.extend([
            f"alter table {table} no force row level security",
            f"delete from {table} where tenant_id = '{real_place.id}'",
            f"alter table {table} force row level security",
        ])  # fmt: skip
        await asyncio.gather(*(told(real_place, second) for _ in range(4)))
    assert await world.count(real_place, "billing_payment") == 1 + 4, "its uniqueness is what holds"


_UNIQUE = """
select indexname from pg_indexes where tablename = 'billing_transfer'
   and indexdef like 'CREATE UNIQUE INDEX % (tenant_id, settlement_account_id, number)'
"""


async def test_a_bills_number_as_reference_finds_its_account_exactly(place, outside):
    bill = await world.bill(place, 3000)
    number = await own(place)
    data = outside.post(
        "rail/transfers", to=number, amount_minor=3000, reference=f"Bill {bill.number.lower()}, thanks"
    )
    await told(place, data | {"account_number": ""})
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_the_number_that_is_shown_and_printed_takes_a_transfer_with_a_bills_reference(
    place, client, outside
):
    bill, kept = await world.bill(place, 3000), await world.bill(place, 90000)
    outside.post(
        "merchants", id=place.settlement.rail_merchant, name=place.tenant.name, account_number=NUMBER
    )
    async with place.scope():
        hidden = runtime().encrypt(orders.NUMBER, NUMBER)
        await SettlementAccount.filter(id=place.settlement.id).update(account_number=hidden)
        await Bill.filter(id=kept.id).update(held_until=datetime.now(UTC) + timedelta(days=1))
        paper, of_kept = await printing.documents_of(place.id, [bill.id, kept.id], "en")
    assert f"account {NUMBER}. Write {bill.number} as the reference" in str(paper.notes[0])
    assert of_kept.notes == (), "it is paid on its own page, in time"
    await make.sign_in(client, place.person.id)
    shown = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/transfer")).text))
    assert NUMBER in shown
    assert bill.number in shown
    assert kept.number not in shown
    data = outside.post("rail/transfers", to=NUMBER, amount_minor=3000, reference=bill.number)
    await told(place, data)
    assert (await world.fresh(place, bill)).status == "paid"
    async with place.scope():
        (paper,) = await printing.documents_of(place.id, [bill.id], "en")
    assert paper.notes == ()


async def test_no_number_is_given_where_the_bank_would_not_tell_of_a_transfer(place, client):
    bill = await world.bill(place, 3000)
    async with place.scope():
        await SettlementAccount.filter(id=place.settlement.id).update(rail_merchant="")
        (paper,) = await printing.documents_of(place.id, [bill.id], "en")
    assert paper.notes == ()
    await make.sign_in(client, place.person.id)
    shown = text_of(inspect((await client.get(f"/my/accounts/{place.account.id}/transfer")).text))
    assert "Or with a reference" not in shown


async def test_an_unknown_reference_is_unassigned_money_with_an_owner(place, outside):
    officer = await make.staff(place.tenant, "finance", "Fay Officer")
    await world.bill(place, 3000)
    number = await own(place)
    data = outside.post("rail/transfers", to=number, amount_minor=3000, reference="for the flat")
    await told(place, data | {"account_number": ""})
    async with place.scope():
        held = await Suspense.get(tenant_id=place.id)
        transfer = await Transfer.get(tenant_id=place.id)
    assert (held.reason, held.owner_id) == ("unknown_reference", officer.person_id)
    assert transfer.account_id is None
    assert await world.ledger_is_right(place)


async def test_news_that_was_lost_is_asked_for(place, outside):
    bill = await world.bill(place, 3000)
    outside.post("rail/transfers", to=await own(place), amount_minor=3000)
    await ask_for_transfers(place.system)
    await ask_for_transfers(place.system)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.count(place, "billing_payment") == 1


async def test_pages_say_where_to_send_and_what_arrived(place, client, outside):
    await world.bill(place, 3000)
    await make.sign_in(client, place.person.id)
    path = f"/my/accounts/{place.account.id}/transfer"
    assert "Get my account number" in (await client.get(path)).text
    assert (await client.post(path)).status_code == 303
    assert await own(place) in text_of(inspect((await client.get(path)).text))
    await arrives(place, outside, 1000)
    officer = await make.staff(place.tenant, "finance")
    await make.sign_in(client, officer.person_id)
    page = await client.get(f"/t/{place.tenant.slug}/transfers?state=known")
    assert place.account.number in text_of(inspect(page.text))
