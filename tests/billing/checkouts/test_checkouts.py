"""Several institutions in one go: all or none where the bank combines, one after another where it cannot."""

import json
import re
from uuid import UUID

import httpx
import pytest

from billing.answers import service as answers
from billing.channels import bank as rail
from billing.checkouts import combining, service
from billing.checkouts.service import Group
from billing.models import Attempt, Payment
from billing.payments.orders import as_destination
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.asking import HTTP
from tests.billing.payments import world
from tests.billing.payments.world import rail_message
from tests.page import inspect, text_of
from ui.errors import Conflict, Invalid, NotFound

URLS = ("http://cloud.test/my/checkouts/{checkout_id}", "http://cloud.test/my/checkouts/{checkout_id}")


def group(place, *bills) -> Group:
    return Group(place.id, "SGD", tuple((bill.id, bill.total_minor) for bill in bills))


async def begin(place, groups, *, channel="bank", key="", actor=None) -> UUID:
    return await service.begin(
        actor or place.payer, groups=groups, channel=channel, key=key or new_id().hex, urls=URLS
    )


async def payment_in(at, checkout_id) -> Payment:
    async with at.scope():
        found = await Payment.filter(tenant_id=at.id, checkout_id=checkout_id).order_by("created_at")
    return found[-1]


async def attempt_in(at, checkout_id) -> Attempt:
    paid = await payment_in(at, checkout_id)
    async with at.scope():
        return await Attempt.get(tenant_id=at.id, payment_id=paid.id)


@pytest.fixture
async def bills(place, school):
    return await world.bill(place, 3000, 2000), await world.bill(school, 700)


async def test_one_confirmation_pays_both_each_under_its_own_roof(place, school, bills, outside):
    groups = [group(place, bills[0]), group(school, bills[1])]
    assert await service.can_combine(groups)
    checkout_id = await begin(place, groups, key="k")
    assert await begin(place, groups, key="k") == checkout_id
    seen = await service.progress(place.payer, checkout_id)
    assert [step.status for step in seen.steps] == ["pending", "pending"]
    assert len({step.qr_content for step in seen.steps}) == 1
    outside.pay(await attempt_in(school, checkout_id))
    done = await service.look(place.payer, checkout_id)
    assert done.is_done
    for at, bill in ((place, bills[0]), (school, bills[1])):
        assert (await world.fresh(at, bill)).status == "paid"
        paid = await payment_in(at, checkout_id)
        assert (paid.amount_minor, paid.person_id) == (bill.total_minor, place.person.id)
        await world.ledger_is_right(at)


async def test_another_person_sees_and_pays_nothing_of_it(place, school, bills, outside):
    groups = [group(place, bills[0]), group(school, bills[1])]
    checkout_id = await begin(place, groups)
    stranger = make.payer(await make.person("Stranger"))
    with pytest.raises(NotFound):
        await service.progress(stranger, checkout_id)
    with pytest.raises(NotFound):
        await begin(place, groups, actor=stranger)
    with pytest.raises(NotFound):
        await begin(place, groups, actor=school.payer)
    with pytest.raises(Invalid, match="two to"):
        await begin(place, groups[:1])


async def test_the_same_form_with_other_bills_is_refused(place, school, bills, outside):
    groups = [group(place, bills[0]), group(school, bills[1])]
    await begin(place, groups, key="k")
    more = [group(place, bills[0], await world.bill(place, 100)), groups[1]]
    with pytest.raises(Conflict, match="other values"):
        await begin(place, more, key="k")


async def test_where_one_cannot_be_begun_none_is(place, school, bills, outside):
    officer = await make.staff(school.tenant, "cashier", "Cai Shi")
    await world.take(school, officer, (bills[1], 700))
    with pytest.raises(Conflict, match="already paid"):
        await begin(place, [group(place, bills[0]), group(school, bills[1])])
    async with place.scope():
        found = await Payment.filter(tenant_id=place.id)
    assert [each.status for each in found] in ([], ["cancelled"])
    assert await world.count(place, "billing_payment_part", "is_live") == 0
    assert (await world.start(place, bills[0], channel="bank")).status == "pending"


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", ["timeout_after", "timeout_before", "error_after", "drop_after"])
async def test_silence_leaves_all_unknown_and_the_rail_tells_the_end(place, school, bills, outside, fault):
    outside.fault("rail", fault, "combined.create", times=1, seconds=0.6)
    checkout_id = await begin(place, [group(place, bills[0]), group(school, bills[1])])
    seen = await service.progress(place.payer, checkout_id)
    assert [step.status for step in seen.steps] == ["unknown", "unknown"]
    outside.clear()
    if fault == "timeout_before":
        for at in (place, school):
            await world.age(at, (await attempt_in(at, checkout_id)).id, hours=1)
        done = await service.look(place.payer, checkout_id)
        assert [step.status for step in done.steps] == ["failed", "failed"]
        return
    outside.pay_by_reference(place, (await attempt_in(place, checkout_id)).id, "bank")
    assert (await service.look(place.payer, checkout_id)).is_done


async def test_a_crash_before_sending_is_finished_by_the_same_form_or_ends_by_itself(
    place, school, bills, outside, monkeypatch
):
    groups = [group(place, bills[0]), group(school, bills[1])]
    whole = combining.send_all

    async def crash(*_args: object) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(combining, "send_all", crash)
    with pytest.raises(RuntimeError):
        await begin(place, groups, key="k")
    monkeypatch.setattr(combining, "send_all", whole)
    checkout_id = await begin(place, groups, key="k")
    seen = await service.progress(place.payer, checkout_id)
    assert [step.status for step in seen.steps] == ["pending", "pending"]
    assert [step.tries for step in seen.steps] == [1, 1]


async def test_news_of_one_order_come_late_twice_and_alone(place, school, bills, outside, client):
    checkout_id = await begin(place, [group(place, bills[0]), group(school, bills[1])])
    first, second = await attempt_in(place, checkout_id), await attempt_in(school, checkout_id)
    outside.pay(first)
    answer = _order(outside, place, first)
    for _ in range(2):
        await client.request("POST", **rail_message(place, "order.succeeded", answer))
    assert (await payment_in(place, checkout_id)).status == "succeeded"
    assert (await payment_in(school, checkout_id)).status == "pending"
    await world.hurry(school, "billing.ask_attempt")
    assert (await payment_in(school, checkout_id)).status == "succeeded"
    assert await world.count(place, "billing_receipt") == 1
    del second


async def test_stopping_and_running_out_end_all_of_it(place, school, bills, outside):
    groups = [group(place, bills[0]), group(school, bills[1])]
    stopped = await service.stop(place.payer, await begin(place, groups))
    assert [step.status for step in stopped.steps] == ["cancelled", "cancelled"]
    checkout_id = await begin(place, groups)
    for at in (place, school):
        await world.age(at, (await attempt_in(at, checkout_id)).id, hours=1)
    await world.hurry(place, "billing.ask_attempt")
    assert (await payment_in(place, checkout_id)).status == "expired"
    ended = await service.look(place.payer, checkout_id)
    assert {step.status for step in ended.steps} <= {"expired", "cancelled"}
    outside.post(f"rail/orders/{(await attempt_in(place, checkout_id)).channel_reference}", act="pay")
    for at, bill in ((place, bills[0]), (school, bills[1])):
        await world.hurry(at, "billing.ask_attempt")
        assert (await world.fresh(at, bill)).status == "paid"
        await world.ledger_is_right(at)


async def test_a_sub_order_that_its_merchant_did_not_sign_is_refused(place, school, bills, outside):
    lead, other = as_destination(place.settlement), as_destination(school.settlement)
    order = json.dumps(
        {"merchant_order_no": new_id().hex, "amount_minor": 1, "currency": "SGD", "description": "x"}
    )
    subs = [
        {
            "merchant": to.rail_merchant,
            "order": order,
            "timestamp": "1",
            "nonce": "n",
            "signature": rail.signature(lead.rail_secret, "1", "n", order),
        }
        for to in (lead, other)
    ]
    body = json.dumps({"combined_no": "c", "sub_orders": subs})
    headers = rail.signed_headers(body, merchant=lead.rail_merchant, secret=lead.rail_secret)
    answer = _sent(f"{outside.url}/rail/combined-orders", body, headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature")


async def test_a_queue_leads_from_one_institution_to_the_next(place, school, bills, outside):
    checkout_id = await begin(place, [group(place, bills[0]), group(school, bills[1])], channel="stripe")
    seen = await service.progress(place.payer, checkout_id)
    assert (seen.paid_count, seen.next.name) == (0, place.tenant.short_name)
    for at in (place, school):
        started = await service.pay_next(place.payer, checkout_id, urls=URLS)
        assert started is not None
        assert await service.pay_next(place.payer, checkout_id, urls=URLS) is None
        outside.pay(await attempt_in(at, checkout_id))
        await world.wait_since_sending(at, started.attempt_id, 30)
        seen = await service.look(place.payer, checkout_id)
    assert seen.is_done
    assert await service.pay_next(place.payer, checkout_id, urls=URLS) is None


async def test_what_is_paid_is_said_while_the_next_is_being_paid(place, school, bills, outside, client):
    checkout_id = await begin(place, [group(place, bills[0]), group(school, bills[1])], channel="stripe")
    started = await service.pay_next(place.payer, checkout_id, urls=URLS)
    outside.pay(await attempt_in(place, checkout_id))
    await world.wait_since_sending(place, started.attempt_id, 30)
    await service.look(place.payer, checkout_id)
    await service.pay_next(place.payer, checkout_id, urls=URLS)
    await make.sign_in(client, place.person.id)
    page = inspect((await client.get(f"/my/checkouts/{checkout_id}")).text)
    assert "1 of 2 paid" in text_of(page)
    assert "Go on to pay" in text_of(page)


async def test_what_is_disputed_is_left_out_until_it_is_chosen(place, bills, client):
    async with place.scope():
        said = {"topic": "paid", "text": "At the desk", "files": ()}
        await answers.dispute(place.payer, tenant_id=place.id, bill_id=bills[0].id, **said)
    await make.sign_in(client, place.person.id)
    for query, wanted in (("", bills[1:]), ("?" + "&".join(f"bill={bill.id}" for bill in bills), bills)):
        root = inspect((await client.get(f"/my/checkouts/new{query}")).text)
        boxes = [box for box in root.iter("input") if box.get("name") == "bill"]
        assert len(boxes) == len(bills)
        assert {b.get("value") for b in boxes if "checked" in b.attrib} == {str(b.id) for b in wanted}
        assert "Being looked at, as you asked" in text_of(root)


async def test_the_pages_choose_combine_show_and_queue(place, school, bills, outside, client):
    await make.sign_in(client, place.person.id)
    owed = (await client.get("/my")).text
    assert "Pay all of it together" in text_of(inspect(owed))
    answer = await client.get("/my/checkouts/new")
    page = answer.text
    assert "to 2 institutions" in text_of(inspect(page))
    assert "57.00" in text_of(inspect(page))
    sent = {"key": "k", "bill": [str(bill.id) for bill in bills], "channel": "bank"}
    made = await client.post("/my/checkouts", data=sent)
    assert made.status_code == 303
    shown = (await client.get(made.headers["location"])).text
    assert "Scan to pay" in text_of(inspect(shown))
    part = re.findall(r"/my/payments/[0-9a-f-]{36}", shown)[0]
    assert (await client.get(part)).headers["location"] == made.headers["location"], (
        "its code asks for all of it"
    )
    stopped = await client.post(made.headers["location"] + "/cancellation")
    assert "Nothing was taken" in text_of(inspect((await client.get(stopped.headers["location"])).text))
    typed = [f"amount-{bill.id}" for bill in bills]
    wrong = await client.post("/my/checkouts", data=sent | {"key": "w", typed[0]: "60", typed[1]: "1,2x"})
    root = inspect(wrong.text)
    assert wrong.status_code == 422
    assert "Only SGD 50.00 is left to pay" in text_of(root)
    kept = {box.get("name"): box.get("value") for box in root.iter("input")}
    assert [kept[name] for name in typed] == ["60", "1,2x"], "as it was typed"
    total = await client.post("/my/checkouts", data=sent | {"act": "total", typed[0]: "20", typed[1]: "3.50"})
    assert "You pay now SGD 23.50" in text_of(inspect(total.text))
    part = await client.post("/my/checkouts", data=sent | {"key": "p", typed[0]: "20", typed[1]: "3.50"})
    seen = await service.progress(place.payer, UUID(part.headers["location"].rsplit("/", 1)[1]))
    assert {step.amount_minor for step in seen.steps} == {2000, 350}, "one order, a part of each"
    assert seen.checkout.is_combined
    await client.post(part.headers["location"] + "/cancellation")
    again = (await client.get(part.headers["location"])).text
    assert f"{typed[0]}=20.00" in again, "paid again, it begins with the same parts"
    queue = await client.post("/my/checkouts", data=sent | {"key": "q", "channel": "stripe"})
    text = text_of(inspect((await client.get(queue.headers["location"])).text))
    assert "0 of 2 paid" in text
    going = await client.post(queue.headers["location"] + "/payments")
    assert going.headers["location"].startswith(outside.url)
    one = await client.post("/my/checkouts", data=sent | {"key": "o", "bill": [str(bills[0].id)]})
    assert one.headers["location"].startswith("/my/checkout?")
    alone = await client.post(
        "/my/checkouts", data=sent | {"key": "o", "bill": [str(bills[0].id)], typed[0]: "7"}
    )
    assert alone.headers["location"].endswith(f"{typed[0]}=7.00"), "what was typed goes along"
    none = await client.post("/my/checkouts", data={"key": "n", "channel": "bank"})
    assert none.status_code == 422
    inspect(none.text)


def _order(outside, place, attempt) -> dict:
    to = as_destination(place.settlement)
    headers = rail.signed_headers("", merchant=to.rail_merchant, secret=to.rail_secret)
    address = f"{outside.url}/rail/orders/{attempt.channel_reference}"
    found: dict = HTTP.get(address, headers=headers).json()
    return found


def _sent(url, body, headers) -> httpx.Response:
    return HTTP.post(url, content=body, headers=headers)


async def test_what_a_bank_has_suspended_is_left_out_of_paying_together(place, school, bills, client, bank):
    await make.sign_in(client, place.person.id)
    assert "Pay all of it together" in (await client.get("/my")).text
    async with open_scope(bank_scope(bank.id)):
        closed = {
            "status": "suspended",
            "takes_payments": False,
            "word_to_payers": "The account is being checked.",
        }
        await Tenant.filter(id=school.id).update(**closed)
    page = (await client.get("/my")).text
    inspect(page)
    assert "together" not in page, "there is only one left to pay"
    assert (await client.get("/my/checkouts/new")).headers["location"].startswith("/my/checkout?bill=")
    seen = (await client.get(f"/my/bills/{bills[1].id}")).text
    assert "You cannot pay here now" in seen
    assert "Next you choose how to pay" not in seen
