"""Staff look at payments, give money back with two pairs of eyes, and clear money that has no bill."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.channels.contract import Outcome
from billing.models import Attempt, Payment, Refund, SettlementAccount, Suspense
from billing.payments.service import take_payment
from billing.payments.settling import settle
from tenants.actor import system_actor
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.town import AUGUST, field_of
from tests.page import inspect, text_of


def root(town) -> str:
    return f"/t/{town.tenant.slug}"


async def as_role(client, town, role, name="Somebody"):
    actor = await make.staff(town.tenant, role, name)
    await again(client, actor)
    return actor


async def again(client, actor):
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)


async def shown(client, path, status=200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
    return text_of(inspect(answer.text))


async def ask(client, town, payment_id, amount, reason="Paid too much"):
    path = f"{root(town)}/payments/{payment_id}"
    page = (await client.get(path)).text
    data = {"key": field_of(page, "key"), "seen": field_of(page, "seen"), "amount": amount, "reason": reason}
    return await client.post(f"{path}/refunds", data=data)


async def refund_of(town) -> Refund:
    async with open_scope(tenant_scope(town.tenant.id)):
        return await Refund.get(tenant_id=town.tenant.id)


@pytest.mark.parametrize("query", ["", "?q=ann+tan", "?q=01-101", "?status=succeeded&channel=counter"])
async def test_payments_are_found_by_payer_account_state_and_channel(town, paid, client, query):
    await as_role(client, town, "reader")
    text = await shown(client, f"{root(town)}/payments{query}")
    assert "63.50" in text
    assert "Ann Tan" in text


@pytest.mark.parametrize(
    "query", ["?q=nobody", "?status=failed", "?channel=stripe", "?until=2020-01-01", "?q=%25"]
)
async def test_what_does_not_match_is_not_listed(town, paid, client, query):
    await as_role(client, town, "reader")
    assert "63.50" not in await shown(client, f"{root(town)}/payments{query}")


async def test_money_is_found_by_its_amount_and_added_up_without_what_never_came(town, paid, client):
    cashier = await make.staff(town.tenant, "cashier", "Cai Shi")
    other = town.others_bill
    await take_payment(cashier, bills=[(other.id, 1_000)], method="cash", key="k-2", payer_name="Bo Lim")
    lost = await take_payment(
        cashier, bills=[(other.id, 2_000)], method="cash", key="k-3", payer_name="Cy Ho"
    )
    async with open_scope(tenant_scope(town.tenant.id)):
        await Payment.filter(id=lost).update(status="failed", succeeded_at=None)
    await as_role(client, town, "reader")
    assert "Total received SGD 73.50" in await shown(client, f"{root(town)}/payments")
    found = await shown(client, f"{root(town)}/payments?q=10.00")
    assert "Bo Lim" in found
    assert "Ann Tan" not in found


async def test_closing_an_account_says_which_bills_stay_open(town, client):
    await as_role(client, town, "front_desk")
    text = await shown(client, f"{root(town)}/accounts/{town.bill.account_id}/closing")
    assert "Bills still to be paid: 1, SGD 63.50 in all." in text


async def test_a_day_is_the_institutions_day(town, paid, client):
    await as_role(client, town, "reader")
    there = (datetime.now(UTC) + timedelta(hours=8)).date().isoformat()
    text = await shown(client, f"{root(town)}/payments?from={there}&until={there}")
    assert "63.50" in text


async def test_payments_go_into_a_file(town, paid, client):
    await as_role(client, town, "reader")
    csv = (await client.get(f"{root(town)}/payments?export=csv")).text
    assert "63.50" in csv
    assert "01-101" in csv


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
async def test_a_payment_tells_its_story(town, paid, client, lang):
    await as_role(client, town, "finance")
    client.cookies.set("lang", lang)
    text = await shown(client, f"{root(town)}/payments/{paid}")
    assert "63.50" in text
    assert ("The money arrived" if lang == "en" else "款项到账") in text
    assert town.bill.number in text
    pdf = await client.get(f"{root(town)}/payments/{paid}/receipt?lang=zh_CN")
    assert pdf.content.startswith(b"%PDF")


async def test_within_the_limit_a_refund_is_approved_at_once(town, paid, client):
    await as_role(client, town, "finance", "Fin")
    answer = await ask(client, town, paid, "10.00")
    assert answer.status_code == 303, answer.text[:2000]
    assert (await refund_of(town)).status == "approved"
    assert "I have handed it over" in await shown(client, answer.headers["location"])


async def test_above_the_limit_another_person_decides(town, paid, client):
    await as_role(client, town, "cashier", "Cashier Two")
    answer = await ask(client, town, paid, "10.00")
    refund = answer.headers["location"]
    assert "Another person has to decide" in await shown(client, refund)
    assert (await client.post(f"{refund}/approval")).status_code == 403
    finance = await as_role(client, town, "finance", "Fin")
    assert "Waiting for approval" in await shown(client, f"{root(town)}/refunds")
    assert "Approve the refund" in await shown(client, refund)
    assert (await client.post(f"{refund}/approval")).status_code == 303
    assert "the cashier counts out the cash" in await shown(client, refund), "cash goes nowhere by itself"
    assert (await refund_of(town)).decided_by == finance.person_id
    assert (await client.post(f"{refund}/approval")).headers["location"] == refund
    assert "decided already" in await shown(client, refund)


async def test_a_refund_on_its_way_shows_its_end_by_itself(town, paid, client):
    await as_role(client, town, "finance", "Fin")
    refund = (await ask(client, town, paid, "10.00")).headers["location"]
    still = (await client.get(refund)).text
    assert "every 3s" not in still, "at the desk nothing moves by itself"
    async with open_scope(tenant_scope(town.tenant.id)):
        await Payment.filter(tenant_id=town.tenant.id, id=paid).update(channel="bank")
    moving = (await client.get(refund)).text
    assert f'data-hx-get="{refund}"' in moving
    assert '<meta http-equiv="refresh"' in moving
    async with open_scope(tenant_scope(town.tenant.id)):
        await Refund.filter(tenant_id=town.tenant.id).update(status="succeeded", channel_reference="R-1")
    part = await client.get(refund, headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert "Refunded" in part.text
    assert part.text.lstrip().startswith("<div")
    assert "every 3s" not in part.text


async def test_who_asked_cannot_approve_even_with_the_right(town, paid, client):
    administrator = await as_role(client, town, "administrator", "Admin")
    assert administrator.refund_limit_minor == 0
    refund = (await ask(client, town, paid, "10.00")).headers["location"]
    text = await shown(client, refund)
    assert "Another person has to decide" in text
    assert "Approve the refund" not in text
    assert (await client.post(f"{refund}/approval")).status_code == 403
    assert (await refund_of(town)).status == "requested"


async def test_a_refusal_needs_a_reason_and_frees_the_amount(town, paid, client):
    await as_role(client, town, "administrator", "Admin")
    refund = (await ask(client, town, paid, "63.50")).headers["location"]
    await as_role(client, town, "finance", "Fin")
    answer = await client.post(f"{refund}/rejection", data={"reason": " "})
    assert answer.status_code == 422
    assert any(e.get("id") == "reason-error" for e in inspect(answer.text).iter())
    assert (await client.post(f"{refund}/rejection", data={"reason": "No proof"})).status_code == 303
    assert "No proof" in await shown(client, refund)
    async with open_scope(tenant_scope(town.tenant.id)):
        assert (await Payment.get(tenant_id=town.tenant.id, id=paid)).refunding_minor == 0


@pytest.mark.parametrize(
    "wrong",
    [("63.51", "x", "amount"), ("0", "x", "amount"), ("abc", "x", "amount"), ("1.00", "", "reason")],
)
async def test_a_wrong_refund_is_said_at_its_field(town, paid, client, wrong):
    amount, reason, field = wrong
    await as_role(client, town, "finance")
    answer = await ask(client, town, paid, amount, reason)
    assert answer.status_code == 422
    page = inspect(answer.text)
    assert any(e.get("id") == f"{field}-error" for e in page.iter())
    assert next(e.get("value") for e in page.iter("input") if e.get("name") == "amount") == amount


async def test_two_who_saw_the_same_page_do_not_both_give_it_back(town, paid, client):
    await as_role(client, town, "finance")
    path = f"{root(town)}/payments/{paid}"
    page = (await client.get(path)).text
    await ask(client, town, paid, "20.00")
    stale = {"key": field_of(page, "key"), "seen": field_of(page, "seen"), "amount": "63.50", "reason": "x"}
    answer = await client.post(f"{path}/refunds", data=stale)
    assert answer.status_code == 422
    assert "has changed to" in text_of(inspect(answer.text))


async def test_cash_is_handed_back_at_the_desk(town, paid, client):
    await as_role(client, town, "finance")
    refund = (await ask(client, town, paid, "10.00")).headers["location"]
    await as_role(client, town, "cashier", "Cashier Two")
    assert (await client.post(f"{refund}/payout")).status_code == 303
    assert (await refund_of(town)).status == "succeeded"
    assert (await town.fresh()).paid_minor == 5350
    assert "Cashier Two" in await shown(client, refund)
    assert "-SGD 10.00" in (await shown(client, f"{root(town)}/desk/close")).replace("\u00a0", " ")


async def test_the_receipts_of_a_runs_bills_are_one_file(town, paid, client):
    run = (await town.bill_month(AUGUST)).run_id
    await as_role(client, town, "finance")
    page = await client.get(f"{root(town)}/runs/{run}")
    assert f"/payments/receipts/files?run={run}" in page.text
    text = await shown(client, f"{root(town)}/payments/receipts/files?run={run}")
    assert "0 receipts" in text, "nothing of August is paid"
    own = f"{root(town)}/payments?run={town.bill.run_id}"
    assert "Ann Tan" in await shown(client, own)
    assert "1 receipt of" in await shown(client, own.replace("payments?", "payments/receipts/files?"))
    assert "Ann Tan" not in await shown(client, f"{root(town)}/payments?run=nothing")


@pytest.mark.parametrize("role", ["front_desk"])
async def test_without_the_right_there_are_no_payments(town, paid, client, role):
    await as_role(client, town, role)
    for path in ("/payments", f"/payments/{paid}", "/refunds", "/suspense"):
        assert (await client.get(root(town) + path)).status_code == 403
    assert (await client.post(f"{root(town)}/payments/{paid}/refunds")).status_code == 403


async def test_a_stranger_finds_nothing(town, paid, client):
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    for path in ("/payments", f"/payments/{paid}", "/refunds", "/suspense"):
        assert (await client.get(root(town) + path)).status_code == 404


@pytest.fixture
def held(town, paid):
    """Make unassigned money out of a payment that nobody expected twice."""

    async def make_it() -> Suspense:
        late = await arrive_late(town)
        async with open_scope(tenant_scope(town.tenant.id)):
            return await Suspense.get(tenant_id=town.tenant.id, payment_id=late)

    return make_it


async def arrive_late(town):
    """Let a second success of an online payment arrive on the paid bill, as a late channel would."""
    tenant_id = town.tenant.id
    async with open_scope(tenant_scope(tenant_id)):
        account = await SettlementAccount.filter(tenant_id=tenant_id).first()
        payment = await Payment.create(
            tenant_id=tenant_id,
            number="P-LATE",
            currency="SGD",
            amount_minor=6350,
            channel="bank",
            settlement_account_id=account.id,
            status="pending",
            payer_name="Ann Tan",
        )
        attempt = await Attempt.create(
            tenant_id=tenant_id,
            payment_id=payment.id,
            channel="bank",
            currency="SGD",
            amount_minor=6350,
            status="pending",
            request={"items": [], "return_url": "", "cancel_url": "", "locale": "en", "payer_email": ""},
            expires_at=datetime.now(UTC),
        )
        paid = Outcome(state="succeeded", amount_minor=6350, currency="SGD")
        await settle(system_actor(tenant_id), attempt.id, paid)
    return payment.id


async def test_money_without_a_bill_waits_with_its_reason_and_gets_an_owner(town, held, client):
    money = await held()
    await as_role(client, town, "finance", "Fin")
    text = await shown(client, f"{root(town)}/suspense")
    assert "63.50" in text
    page = f"{root(town)}/suspense/{money.id}"
    assert "Nobody yet" in await shown(client, page)
    assert (await client.post(f"{page}/assignment")).status_code == 303
    assert "Fin" in await shown(client, page)
    assert "Fin" in await shown(client, f"{root(town)}/suspense")


async def test_it_is_put_to_a_bill_found_by_search(town, held, client):
    money = await held()
    await as_role(client, town, "finance")
    page = f"{root(town)}/suspense/{money.id}"
    assert "No open bill" in await shown(client, f"{page}?q=nobody")
    found = (await client.get(f"{page}?q=01-102")).text
    inspect(found)
    data = {"key": field_of(found, "key"), "bill": str(town.others_bill.id), "reason": "", "q": "01-102"}
    refused = await client.post(f"{page}/application", data=data)
    assert refused.status_code == 422
    assert any(e.get("id") == "reason-error" for e in inspect(refused.text).iter())
    answer = await client.post(f"{page}/application", data={**data, "reason": "The payer asked for it"})
    assert answer.status_code == 303, answer.text[:2000]
    assert (await town.fresh(town.others_bill)).paid_minor == 6350
    assert "The payer asked for it" in await shown(client, page)
    assert "63.50" not in await shown(client, f"{root(town)}/suspense")
    assert "63.50" in await shown(client, f"{root(town)}/suspense?status=applied")


async def test_it_is_given_back_in_one_click(town, held, client):
    money = await held()
    await as_role(client, town, "finance")
    page = f"{root(town)}/suspense/{money.id}"
    drawn = (await client.get(page)).text
    data = {"key": field_of(drawn, "key"), "reason": "The bill was paid already"}
    answer = await client.post(f"{page}/refund", data=data)
    assert answer.status_code == 303, answer.text[:2000]
    assert "63.50" in await shown(client, answer.headers["location"])
    async with open_scope(tenant_scope(town.tenant.id)):
        assert (await Suspense.get(tenant_id=town.tenant.id, id=money.id)).status == "refunding"


async def test_another_tenants_money_is_not_there(town, held, client, bank):
    money = await held()
    other = await make.tenant(bank)
    actor = await make.staff(other, "finance")
    await make.sign_in(client, actor.person_id)
    for path in ("", "/assignment", "/application", "/refund"):
        method = "GET" if not path else "POST"
        answer = await client.request(method, f"/t/{other.slug}/suspense/{money.id}{path}")
        assert answer.status_code == 404


@pytest.mark.parametrize("role", ["cashier", "reader", "front_desk"])
async def test_an_accounts_page_shows_its_bills(town, client, role):
    await as_role(client, town, role)
    text = await shown(client, f"{root(town)}/accounts/{town.flat.id}")
    assert town.bill.number in text
    assert ("Take money" in text) is (role == "cashier")
