"""A payer's first page tells what is owed from what is only kept for them, and from what may be declined."""

from billing.models import FeeItem
from billing.payer import queries
from tenants.scope import open_scope, rows
from tests import make
from tests.billing.holds import seats as seating
from tests.billing.mandates.test_proxies import granted
from tests.billing.payments import world
from tests.page import inspect, text_of


async def page(client, path="/my"):
    return inspect((await client.get(path)).text)


async def test_what_is_kept_while_it_is_paid_is_not_owed(place, outside, seats, client):
    await world.bill(place, 6000)
    hold = await seating.take(place)
    await make.sign_in(client, place.person.id)
    root = await page(client)
    shown = text_of(root)
    kept, owed = shown.index("Kept for you, not owed"), shown.index("Everything you owe today")
    assert kept < shown.index("Seat 7") < shown.index("Kept for you until") < shown.index("35.00") < owed
    assert "60.00" in shown[owed:]
    assert "95.00" not in shown
    assert "35.00" not in shown[owed:]
    ticked = [one.get("value") for one in root.iter("input") if one.get("name") == "bill"]
    assert str(hold.bill_id) not in ticked
    assert f"/my/checkout?bill={hold.bill_id}" in [one.get("href") for one in root.iter("a")]
    account = text_of(await page(client, f"/my/accounts/{place.account.id}"))
    assert "60.00" in account
    assert "95.00" not in account


async def test_what_is_kept_is_left_out_of_paying_all(place, school, outside, seats, client):
    bills = [await world.bill(place, 6000), await world.bill(school, 2000)]
    hold = await seating.take(place)
    await make.sign_in(client, place.person.id)
    for query in ("", "?" + "&".join(f"bill={one}" for one in (bills[0].id, bills[1].id, hold.bill_id))):
        root = await page(client, f"/my/checkouts/new{query}")
        offered = {one.get("value") for one in root.iter("input") if one.get("name") == "bill"}
        assert offered == {str(bill.id) for bill in bills}
        assert "80.00" in text_of(root)


async def test_what_is_kept_says_what_it_is_and_opens_for_nobody_who_may_not_pay_all_of_it(
    place, outside, seats, client
):
    hold = await seating.take(place)
    friend, _, _ = await granted(place, bill=2000)
    other, _, _ = await granted(place, bill=5000)
    await make.sign_in(client, other.person_id)
    assert "Seat 7 + Cushion" in (mine := text_of(await page(client)))
    assert "For somebody else, who lets you pay it" in mine
    await make.sign_in(client, friend.person_id)
    assert "Seat 7" not in text_of(await page(client)), "it costs more than they may pay, and is paid whole"
    shown = await page(client, f"/my/checkout?bill={hold.bill_id}")
    assert "This costs more than you may pay" in text_of(shown)
    assert "You may pay SGD 20.00 of it now" in text_of(shown)
    assert not [one for one in shown.iter("input") if one.get("name") == "channel"]
    await make.sign_in(client, place.person.id)
    own = await page(client, f"/my/checkout?bill={hold.bill_id}")
    assert "Seat 7 + Cushion" in text_of(own)
    assert "35.00" in text_of(own)
    assert [one for one in own.iter("input") if one.get("name") == "channel"]


async def test_a_payment_can_be_made_for_as_long_as_its_thing_is_kept_and_says_so(place, outside, seats):
    hold = await seating.take(place, minutes=7)
    started = await world.start(place, seating.bill_of(hold), channel="bank")
    async with open_scope(place.payer.scope()):
        seen = await queries.payment_seen(started.payment_id)
        parts = await queries.parts_seen(seen)
    assert seen.expires_at == hold.until
    assert [part["title"] for part in parts] == ["Seat 7 + Cushion"]


async def test_who_owes_nothing_but_has_something_kept_is_told_so(place, outside, seats, client):
    hold = await seating.take(place)
    await make.sign_in(client, place.person.id)
    shown = text_of(await page(client))
    assert shown.index("Kept for you, not owed") < shown.index("Nothing to pay")
    await seating.over(place, hold)
    assert "Kept for you" not in text_of(await page(client)), "its time is over"
    await seating.end(place, hold)
    bill = await page(client, f"/my/bills/{hold.bill_id}")
    assert "not kept for you any more" in text_of(bill)
    assert f"/seats/{hold.subject_id}" in [one.get("href") for one in bill.iter("a")], (
        "there it can be had again"
    )


async def test_what_is_voluntary_looks_voluntary(place, client):
    mixed, whole = await world.bill(place, 6000, 500), await world.bill(place, 0, 300)
    async with place.scope():
        for bill in (mixed, whole):
            (line,) = await rows(
                "select fee_item_id from billing_bill_line where tenant_id = $1 and bill_id = $2 and position = 1",
                place.id,
                bill.id,
            )
            await FeeItem.filter(tenant_id=place.id, id=line["fee_item_id"]).update(is_voluntary=True)
    await make.sign_in(client, place.person.id)
    shown = text_of(await page(client))
    assert "Everything you owe" not in shown
    assert shown.index("Everything to pay today") < shown.index("68.00")
    assert "8.00 of it is voluntary" in shown
    assert "5.00 of it is voluntary" in shown
    assert shown.count("Voluntary") == 1, "the bill that is nothing else"
