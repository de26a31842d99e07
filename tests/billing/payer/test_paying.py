"""Paying online as a payer does it, without scripts: our form, the channel's own page, and the way back."""

import httpx2
import pytest

from billing.models import Payment, SettlementAccount
from billing.payments import refreshing
from tenants import sessions
from tenants.ids import new_id
from tenants.scope import execute, open_scope, person_scope, tenant_scope
from tests import make
from tests.asking import NOBODY
from tests.billing.town import AUGUST, NORMAL, REDUCED, Town, field_of, hosted, path_of
from tests.page import inspect, text_of


@pytest.fixture(autouse=True)
def _ask_at_once(monkeypatch):
    """Tests are faster than people: every look at the page asks the channel."""
    monkeypatch.setattr(refreshing, "ASK_EVERY", refreshing.ASK_EVERY * 0)


async def form_for(client, *bills) -> dict[str, str | list[str]]:
    """The form as drawn, filled in with its own values."""
    query = "&".join(f"bill={bill.id}" for bill in bills)
    answer = await client.get(f"/my/checkout?{query}")
    assert answer.status_code == 200, answer.text[:2000]
    inspect(answer.text)
    amounts = {f"amount-{bill.id}": field_of_input(answer.text, f"amount-{bill.id}") for bill in bills}
    return {"key": field_of(answer.text, "key"), "bill": [str(bill.id) for bill in bills], **amounts}


def field_of_input(page: str, name: str) -> str:
    found = next(e for e in inspect(page).iter("input") if e.get("name") == name)
    return found.get("value") or ""


async def send(client, form, channel="bank", **given) -> httpx2.Response:
    return await client.post("/my/payments", data={**form, "channel": channel, "act": "pay", **given})


async def shown(client, path) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.text[:2000])
    return text_of(inspect(answer.text))


async def payments(town: Town) -> list[Payment]:
    async with open_scope(tenant_scope(town.tenant.id)):
        return await Payment.filter(tenant_id=town.tenant.id).order_by("created_at")


async def open_at_stripe(client, town: Town) -> str:
    answer = await send(client, await form_for(client, town.bill), "stripe")
    assert answer.status_code == 303, answer.text[:2000]
    assert "/stripe/pay/" in answer.headers["location"]
    return answer.headers["location"]


async def test_a_card_pays_a_bill_and_the_way_back_ends_at_a_receipt(town, ann):
    back = await hosted(await open_at_stripe(ann, town), "card")
    page = await shown(ann, path_of(back))
    assert "Thank you, it is paid" in page
    assert "63.50" in page
    assert (await town.fresh()).status == "paid"
    assert "Nothing to pay" in await shown(ann, "/my")


async def test_a_declined_card_leaves_the_bill_to_pay_and_says_so(town, ann):
    page = await open_at_stripe(ann, town)
    async with httpx2.AsyncClient(verify=NOBODY, trust_env=False) as browser:
        await browser.post(page, data={"act": "declined"})
        back = (await browser.post(page, data={"act": "cancel"})).headers["location"]
    text = await shown(ann, path_of(back))
    assert "You left before paying. Nothing was taken." in text
    assert "Go on to pay" in text
    assert (await town.fresh()).status == "issued"


async def test_a_cancelled_payment_frees_the_bill(town, ann):
    back = path_of(await hosted(await open_at_stripe(ann, town), "cancel"))
    answer = await ann.post(f"{back}/cancellation")
    assert answer.status_code == 303
    text = await shown(ann, back)
    assert "This payment was stopped" in text
    assert "Pay again" in text
    answer = await send(ann, await form_for(ann, town.bill))
    assert answer.status_code == 303


async def test_a_qr_code_is_shown_by_us_and_paid_at_the_bank(town, ann):
    answer = await send(ann, await form_for(ann, town.bill), "bank")
    page = path_of(answer.headers["location"])
    assert page.startswith("/my/payments/")
    raw = (await ann.get(page)).text
    root = inspect(raw)
    assert "Scan to pay" in text_of(root)
    assert any(element.get("class") == "qr" for element in root.iter())
    assert '<noscript><meta http-equiv="refresh"' in raw, "it finds out without scripts"
    cashier = next(a.get("href") for a in root.iter("a") if "/rail/cashier/" in a.get("href", ""))
    await hosted(cashier, "pay")
    done = (await ann.get(page)).text
    assert "Thank you, it is paid" in text_of(inspect(done))
    assert "http-equiv" not in done, "a final page does not refresh itself"


async def test_a_declined_qr_payment_says_what_it_means(town, ann):
    page = path_of((await send(ann, await form_for(ann, town.bill))).headers["location"])
    root = inspect((await ann.get(page)).text)
    cashier = next(a.get("href") for a in root.iter("a") if "/rail/cashier/" in a.get("href", ""))
    await hosted(cashier, "decline")
    text = await shown(ann, page)
    assert "The payment did not go through" in text
    assert "Nothing was taken" in text
    assert "Pay again" in text


async def test_the_part_of_the_page_that_waits_leaves_when_the_state_changes(town, ann):
    page = path_of((await send(ann, await form_for(ann, town.bill))).headers["location"])
    asks = {"HX-Request": "true", "HX-Request-Type": "partial"}
    waiting = await ann.get(f"{page}?seen=pending", headers=asks)
    inspect(waiting.text, fragment=True)
    assert "Waiting for your bank" in waiting.text
    moved = await ann.get(f"{page}?seen=unknown", headers=asks)
    assert moved.headers["HX-Redirect"] == page


async def test_part_now_and_the_rest_later_are_two_receipts(town, ann):
    name = f"amount-{town.bill.id}"
    first = await send(ann, await form_for(ann, town.bill), "stripe", **{name: "20.00"})
    await shown(ann, path_of(await hosted(first.headers["location"], "card")))
    assert (await town.fresh()).status == "part_paid"
    form = await form_for(ann, town.bill)
    assert form[name] == "43.50"
    second = await send(ann, form, "stripe")
    await shown(ann, path_of(await hosted(second.headers["location"], "card")))
    assert (await town.fresh()).status == "paid"
    history = await shown(ann, "/my/payments")
    assert "20.00" in history
    assert "43.50" in history
    bill = inspect((await ann.get(f"/my/bills/{town.bill.id}")).text)
    assert len([a for a in bill.iter("a") if a.get("href", "").startswith("/my/receipts/")]) == 2


async def test_several_bills_are_paid_at_once(town, ann):
    august = await town.bill_month(AUGUST)
    answer = await send(ann, await form_for(ann, town.bill, august), "stripe")
    text = await shown(ann, path_of(await hosted(answer.headers["location"], "card")))
    assert "127.00" in text
    assert {(await town.fresh()).status, (await town.fresh(august)).status} == {"paid"}


async def test_two_flats_are_two_accounts_on_one_page_and_one_payment(town, ann):
    await make.holder(town.other, town.ann)
    page = await shown(ann, "/my")
    assert "142.50" in page, "what both flats owe"
    assert all(flat.number in page for flat in (town.flat, town.other))
    form = await form_for(ann, town.bill, town.others_bill)
    answer = await send(ann, form, "stripe")
    assert "142.50" in await shown(ann, path_of(await hosted(answer.headers["location"], "card")))
    assert [one.amount_minor for one in await payments(town)] == [REDUCED + NORMAL]
    paid = [await town.fresh(bill) for bill in (town.bill, town.others_bill)]
    assert [(bill.status, bill.account_id) for bill in paid] == [
        ("paid", town.flat.id),
        ("paid", town.other.id),
    ]


async def test_the_total_is_worked_out_without_scripts(town, ann):
    form = await form_for(ann, town.bill)
    answer = await send(ann, form, act="total", **{f"amount-{town.bill.id}": "10"})
    assert answer.status_code == 200
    root = inspect(answer.text)
    assert "10.00" in text_of(root)
    assert await payments(town) == []


async def test_a_total_is_never_more_than_what_is_left(town, ann):
    name = f"amount-{town.bill.id}"
    answer = await send(ann, await form_for(ann, town.bill), act="total", **{name: "999"})
    assert answer.status_code == 422
    root = inspect(answer.text)
    assert "Only SGD 63.50 is left to pay" in text_of(
        next(e for e in root.iter() if e.get("id") == f"{name}-error")
    )
    total = next(e for e in root.iter() if "amount__value" in (e.get("class") or ""))
    assert text_of(total).strip() == "SGD 63.50"
    assert field_of_input(answer.text, name) == "999"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("63.51", "is left to pay"),
        ("0", "above zero"),
        ("-5", "cannot be negative"),
        ("1.234", "at most 2 decimals"),
        ("ten", "in figures"),
    ],
)
async def test_a_wrong_amount_is_said_at_its_field_and_kept(town, ann, typed, said):
    name = f"amount-{town.bill.id}"
    answer = await send(ann, await form_for(ann, town.bill), **{name: typed})
    assert answer.status_code == 422
    root = inspect(answer.text)
    error = next(e for e in root.iter() if e.get("id") == f"{name}-error")
    assert said in text_of(error)
    assert field_of_input(answer.text, name) == typed
    assert await payments(town) == []


async def test_the_same_form_sent_twice_is_one_payment(town, ann):
    form = await form_for(ann, town.bill)
    first, second = [await send(ann, form) for _ in range(2)]
    assert first.headers["location"] == second.headers["location"]
    assert len(await payments(town)) == 1


async def test_two_tabs_end_in_one_open_payment(town, ann):
    one, two = await form_for(ann, town.bill), await form_for(ann, town.bill)
    assert one["key"] != two["key"]
    first = await send(ann, one, "stripe")
    second = await send(ann, two, "bank")
    assert first.status_code == second.status_code == 303
    open_ = [p for p in await payments(town) if p.status == "pending"]
    assert len(open_) == 1
    assert open_[0].channel == "bank", "the later choice counts; the earlier one was withdrawn at its channel"


async def test_amount_and_payee_come_from_the_server_alone(town, ann):
    """What a browser adds to the form is not read; what it changes is held against the bill."""
    more = {f"amount-{town.bill.id}": "63.51"}
    assert (await send(ann, await form_for(ann, town.bill) | more)).status_code == 422
    assert not await payments(town), "more than is owed is refused"
    forged = {
        "amount_minor": "1",
        "total_minor": "1",
        "currency": "USD",
        "tenant_id": str(new_id()),
        "settlement_account_id": str(new_id()),
        "stripe_account": "acct_forged",
        "return_url": "https://elsewhere.test/",
        f"amount-{town.others_bill.id}": "0.01",
    }
    answer = await send(ann, await form_for(ann, town.bill), **forged)
    (made,) = await payments(town)
    async with open_scope(tenant_scope(town.tenant.id)):
        own = await SettlementAccount.get(tenant_id=town.tenant.id)
    assert (made.amount_minor, made.currency, made.settlement_account_id) == (REDUCED, "SGD", own.id)
    assert answer.headers["location"] == f"/my/payments/{made.id}"


async def test_a_second_tab_after_paying_says_that_nothing_is_left(town, ann):
    late = await form_for(ann, town.bill)
    await shown(ann, path_of(await hosted(await open_at_stripe(ann, town), "card")))
    answer = await send(ann, late)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/my/bills/{town.bill.id}"
    assert "Nothing is left to pay" in await shown(ann, answer.headers["location"])


async def test_a_housemate_who_is_paying_is_not_disturbed(town, ann, app):
    ben = await make.person("Ben")
    await make.holder(town.flat, ben, relation="resident")
    await open_at_stripe(ann, town)
    ann.cookies.clear()
    await make.sign_in(ann, ben.id)
    answer = await send(ann, await form_for(ann, town.bill))
    assert answer.status_code == 422
    assert "Somebody is just paying this bill" in text_of(inspect(answer.text))


async def test_a_silent_channel_is_unknown_and_never_failed(town, ann, control):
    fault = {"surface": "rail", "kind": "error_after", "operation": "orders.*", "status": 500}
    control.post("/faults", json=fault).raise_for_status()
    answer = await send(ann, await form_for(ann, town.bill))
    assert answer.status_code == 303
    page = path_of(answer.headers["location"])
    text = await shown(ann, page)
    assert "We are asking what became of your payment" in text
    assert "Your money is safe" in text
    assert "You can pay another way at once" in text
    assert "do not pay again" not in text, "one page cannot say both"
    control.delete("/faults").raise_for_status()
    assert "Scan to pay" in await shown(ann, page)


async def test_a_payment_out_of_time_says_what_it_means_for_the_money(town, ann, control):
    page = path_of((await send(ann, await form_for(ann, town.bill))).headers["location"])
    async with open_scope(tenant_scope(town.tenant.id)):
        await execute(
            "update billing_attempt set expires_at = now() - interval '1 minute' where tenant_id = $1",
            town.tenant.id,
        )
    text = await shown(ann, page)
    assert "The time for this payment is over" in text
    assert "nothing was taken" in text
    assert "Pay again" in text


async def test_bills_of_different_institutions_are_not_mixed(town, ann, bank, control):
    answer = await ann.get(f"/my/checkout?bill={town.bill.id}&bill={town.others_bill.id}")
    assert answer.status_code == 404, "one of them is a neighbour's"
    answer = await ann.get("/my/checkout?bill=nonsense")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/my"


async def test_an_unknown_way_to_pay_is_asked_again(town, ann):
    answer = await send(ann, await form_for(ann, town.bill), "seashells")
    assert answer.status_code == 422
    assert "Choose how to pay." in text_of(inspect(answer.text))


async def test_an_expired_session_keeps_the_form_and_pays_nothing(town, ann):
    form = await form_for(ann, town.bill)
    assert ann.cookies.get(sessions.COOKIE)
    async with open_scope(person_scope(town.ann.id)):
        await execute(
            "update tenants_session set expires_at = now() - interval '1 second' where person_id = $1",
            town.ann.id,
        )
    answer = await send(ann, form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2Fresume%2F")
    assert await payments(town) == []


async def test_only_the_payer_sees_a_payment_and_its_receipt(town, ann):
    back = path_of(await hosted(await open_at_stripe(ann, town), "card"))
    await shown(ann, back)
    root = inspect((await ann.get(back)).text)
    receipt = next(a.get("href") for a in root.iter("a") if a.get("href", "").startswith("/my/receipts/"))
    assert (await ann.get(receipt)).status_code == 200
    housemate = await make.person("Ben")
    await make.holder(town.flat, housemate, relation="resident")
    for other in (housemate.id, (await make.staff(town.tenant, "finance", "Fin")).person_id):
        ann.cookies.clear()
        await make.sign_in(ann, other)
        for path in (back, receipt, f"{receipt}/pdf"):
            assert (await ann.get(path)).status_code == 404, path
        assert (await ann.post(f"{back}/cancellation")).status_code == 404


async def test_amounts_are_the_published_tariff(town):
    assert (town.bill.total_minor, town.others_bill.total_minor) == (REDUCED, NORMAL)
