"""The pay-link on a printed bill: that bill alone, paid by whoever holds it."""

import pytest

from billing import pay_links
from billing.charges import bills as billing_bills
from billing.models import Payment, Receipt
from billing.payer import links
from billing.payments import refreshing
from tenants import throttle
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.pdf_text import pages
from tests.billing.town import AUGUST, field_of, hosted, path_of
from tests.page import inspect, text_of


@pytest.fixture(autouse=True)
def _ask_at_once(monkeypatch):
    monkeypatch.setattr(refreshing, "ASK_EVERY", refreshing.ASK_EVERY * 0)


@pytest.fixture
def link(town, client) -> str:
    client.cookies.clear()
    return pay_links.make(town.tenant.id, town.bill.id)


async def shown(client, path, status=200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
    return text_of(inspect(answer.text))


async def begin(client, link, town, channel="stripe", **given):
    page = await client.get(f"{link}/checkout")
    assert page.status_code == 200, page.text[:2000]
    inspect(page.text)
    data = {"key": field_of(page.text, "key"), "channel": channel, f"amount-{town.bill.id}": "63.50", **given}
    return await client.post(f"{link}/payments", data=data)


async def test_it_shows_that_one_bill_and_nothing_else(town, client, link):
    await town.bill_month(AUGUST)
    text = await shown(client, link)
    assert "63.50" in text
    assert town.bill.number in text
    assert "Ann Tan" not in text, "no holder's name"
    assert "August" not in text, "no other bill"


async def test_it_is_paid_in_part_and_then_in_full(town, client, link):
    answer = await begin(client, link, town, **{f"amount-{town.bill.id}": "13.50"})
    back = path_of(await hosted(answer.headers["location"], "card"))
    assert back.startswith(f"{link}/payments/")
    assert "Thank you, it is paid" in await shown(client, back)
    assert "50.00" in await shown(client, link)
    answer = await begin(client, link, town, **{f"amount-{town.bill.id}": "50.00"})
    await shown(client, path_of(await hosted(answer.headers["location"], "card")))
    assert "Paid in full" in await shown(client, link)
    assert (await client.get(f"{link}/checkout")).headers["location"] == link


async def test_its_bearer_gets_the_receipt_of_that_payment_only(town, client, link):
    answer = await begin(client, link, town)
    back = path_of(await hosted(answer.headers["location"], "card"))
    await shown(client, back)
    text = await shown(client, f"{back}/receipt")
    assert "Receipt" in text
    assert "Pay-link" not in text, "the bearer has no name"
    pdf = await client.get(f"{back}/receipt/pdf?lang=zh_CN")
    assert "海港银行" in "".join(pages(pdf.content))
    english = "".join(pages((await client.get(f"{back}/receipt/pdf?lang=en")).content))
    assert "served by Harbour Bank" in " ".join(english.split())
    other = pay_links.make(town.tenant.id, town.others_bill.id)
    payment = back.rsplit("/", 1)[1]
    assert (await client.get(f"{other}/payments/{payment}")).status_code == 404
    assert (await client.get(f"{other}/payments/{payment}/receipt")).status_code == 404


@pytest.mark.parametrize(("lang", "said"), [("en", "Pay-link"), ("zh_CN", "缴费链接")])
async def test_the_office_reads_of_its_bearer_in_its_own_language(town, client, link, lang, said):
    client.cookies.set("lang", "en" if lang == "zh_CN" else "zh_CN")
    answer = await begin(client, link, town)
    back = path_of(await hosted(answer.headers["location"], "card"))
    await shown(client, back)
    client.cookies.clear()
    await make.sign_in(client, (await make.staff(town.tenant, "finance", "Somebody")).person_id)
    client.cookies.set("lang", lang)
    assert said in await shown(client, f"/t/{town.tenant.slug}/payments/{back.rsplit('/', 1)[1]}")


async def test_a_payers_own_payment_is_not_open_to_the_link(town, ann, client):
    ann_link = pay_links.make(town.tenant.id, town.bill.id)
    page = await ann.get(f"/my/checkout?bill={town.bill.id}")
    data = {"key": field_of(page.text, "key"), "bill": str(town.bill.id), "channel": "bank"}
    answer = await ann.post("/my/payments", data={**data, f"amount-{town.bill.id}": "63.50"})
    payment = answer.headers["location"].rsplit("/", 1)[1]
    ann.cookies.clear()
    assert (await client.get(f"{ann_link}/payments/{payment}")).status_code == 404
    assert (await client.post(f"{ann_link}/payments/{payment}/cancellation")).status_code == 404


async def test_a_link_cannot_pay_another_bill(town, client, link):
    answer = await begin(client, link, town, bill=str(town.others_bill.id))
    assert answer.status_code == 303
    assert (await town.fresh(town.others_bill)).status == "issued"
    back = path_of(await hosted(answer.headers["location"], "card"))
    await shown(client, back)
    assert (await town.fresh()).status == "paid", "the link's own bill is what was paid"


async def test_a_void_bill_says_that_there_is_nothing_to_pay(town, client, link):
    administrator = await make.staff(town.tenant)
    async with open_scope(tenant_scope(town.tenant.id)):
        await billing_bills.void(administrator, town.bill.id, reason="Sold")
    assert "This bill was cancelled" in await shown(client, link)
    answer = await client.post(f"{link}/payments", data={"key": "k", "channel": "stripe"})
    assert answer.status_code == 303
    assert answer.headers["location"] == link


@pytest.mark.parametrize("wrong", ["x", "A" * 64, "é" * 64])
async def test_a_wrong_link_opens_nothing(town, client, wrong):
    text = await shown(client, f"/pay/{wrong}", 404)
    assert "does not open a bill" in text


async def test_a_changed_link_opens_nothing_and_trying_many_is_stopped(town, client, link, monkeypatch):
    changed = link[:-1] + ("A" if link[-1] != "A" else "B")
    monkeypatch.setattr(links, "BAD_TOKENS", ("3/10 minutes",))
    throttle._local.cache_clear()
    answers = [(await client.get(changed)).status_code for _ in range(5)]
    assert 429 in answers
    assert set(answers) <= {404, 429}
    assert (await client.get(link)).status_code == 200, "a right link is never counted"


async def test_anyone_with_the_code_may_check_a_receipt_and_learns_no_name(town, ann, client):
    page = await ann.get(f"/my/checkout?bill={town.bill.id}")
    data = {"key": field_of(page.text, "key"), "bill": str(town.bill.id), "channel": "stripe"}
    answer = await ann.post("/my/payments", data={**data, f"amount-{town.bill.id}": "63.50"})
    await ann.get(path_of(await hosted(answer.headers["location"], "card")))
    async with open_scope(tenant_scope(town.tenant.id)):
        receipt = await Receipt.get(tenant_id=town.tenant.id)
    ann.cookies.clear()
    code = receipt.document["verification_code"]
    assert receipt.document["verify_url"].endswith(f"/verify/{code}")
    text = await shown(client, f"/verify/{code}")
    assert "Harbour Bank" in text
    assert "This receipt is genuine" in text
    assert "63.50" in text
    assert town.tenant.name in text
    assert "Ann Tan" not in text
    assert "01-101" not in text
    assert "gone back" not in text
    async with open_scope(tenant_scope(town.tenant.id)):
        await Payment.filter(id=receipt.payment_id).update(refunded_minor=1000)
    assert "10.00 has gone back to the payer" in await shown(client, f"/verify/{code}")
    typed = await client.get("/verify", params={"code": code.lower().replace("-", " ")})
    assert typed.headers["location"] == f"/verify/{code}"


async def test_a_made_up_receipt_is_not_genuine(client, db):
    assert "Check a receipt" in await shown(client, "/verify")
    assert "We did not issue this receipt" in await shown(client, "/verify/ABCD-ABCD-ABCD-ABCD", 404)


async def test_history_lists_and_exports_what_one_paid(town, ann):
    assert "No payments yet" in await shown(ann, "/my/payments")
    page = await ann.get(f"/my/checkout?bill={town.bill.id}")
    data = {"key": field_of(page.text, "key"), "bill": str(town.bill.id), "channel": "stripe"}
    answer = await ann.post("/my/payments", data={**data, f"amount-{town.bill.id}": "63.50"})
    await ann.get(path_of(await hosted(answer.headers["location"], "card")))
    text = await shown(ann, "/my/payments")
    assert "63.50" in text
    assert "Paid" in text
    csv = (await ann.get("/my/payments?export=csv")).text
    assert "63.50" in csv
    assert town.tenant.short_name in csv
