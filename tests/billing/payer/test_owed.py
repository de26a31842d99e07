"""What a payer owes, on one page, and each bill of it."""

from datetime import timedelta

import pytest

from billing.answers import service as answers
from billing.charges import bills as billing_bills
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.pdf_text import pages as text_of_pdf
from tests.billing.town import AUGUST
from tests.page import inspect, text_of


async def page(client, path, status=200):
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
    return inspect(answer.text)


def boxes(root):
    return [e for e in root.iter("input") if e.get("type") == "checkbox" and e.get("name") == "bill"]


@pytest.mark.parametrize(("lang", "words"), [("en", "Everything you owe today"), ("zh_CN", "目前应缴总额")])
async def test_everything_owed_is_on_one_page_total_first(town, ann, lang, words):
    await town.bill_month(AUGUST)
    ann.cookies.set("lang", lang)
    root = await page(ann, "/my")
    shown = text_of(root)
    assert shown.index(words) < shown.index("127.00") < shown.index("63.50")
    assert town.tenant.short_name in shown
    assert "01-102" not in shown, "a neighbour's account"
    assert len(boxes(root)) == 2
    assert all(box.get("checked") is not None for box in boxes(root))


async def test_late_bills_are_marked_and_summed(town, ann):
    shown = text_of(await page(ann, "/my"))
    assert "Overdue" in shown
    assert "All of it is overdue" in shown


async def test_what_was_answered_is_seen_where_it_is_owed(town, ann):
    payer, soon = make.payer(town.ann).within(town.tenant.id), make.today() + timedelta(days=5)
    async with open_scope(tenant_scope(town.tenant.id)):
        here = {"tenant_id": town.tenant.id, "bill_id": town.bill.id}
        await answers.promise(payer, day=soon, **here)
    root = await page(ann, "/my")
    assert "Promised by" in text_of(root)
    assert "verdue" not in text_of(root), "neither the bill nor the sum over it is called so"
    assert chosen(root) == {str(town.bill.id)}
    async with open_scope(tenant_scope(town.tenant.id)):
        await answers.dispute(payer, topic="paid", text="At the desk", files=(), **here)
    root = await page(ann, "/my")
    assert "Being looked at, as you asked" in text_of(root)
    assert chosen(root) == set(), "what is disputed is paid only when it is chosen by hand"


def chosen(root) -> set[str]:
    return {e.get("value") for e in root.iter("input") if e.get("name") == "bill" and "checked" in e.attrib}


async def test_several_institutions_are_paid_one_by_one(town, ann, bank):
    other = await make.tenant(bank, short_name="School")
    account = await make.account(other, "S1")
    await make.holder(account, town.ann)
    root = await page(ann, "/my")
    forms = [f for f in root.iter("form") if f.get("action") == "/my/checkout"]
    assert len(forms) == 1, "nothing is owed at the second one"
    assert forms[0].get("method") == "get"


async def test_who_has_no_account_learns_how_to_add_one(db, bank, client):
    stranger = await make.person("Sam")
    await make.sign_in(client, stranger.id)
    shown = text_of(await page(client, "/my"))
    assert "You have no accounts here yet" in shown
    assert "Enter the code from a bill" in shown


async def test_who_owes_nothing_sees_a_calm_page(db, bank, client):
    tenant = await make.tenant(bank)
    ben = await make.person("Ben")
    await make.holder(await make.account(tenant), ben)
    await make.sign_in(client, ben.id)
    shown = text_of(await page(client, "/my"))
    assert "Nothing to pay" in shown
    assert "You have no accounts" not in shown


async def test_a_bill_says_how_each_line_was_worked_out(town, ann):
    shown = text_of(await page(ann, f"/my/bills/{town.bill.id}"))
    assert "63.50" in shown
    assert "How it was worked out" in shown
    assert "4-room" in shown, "the steps name what decided the amount"
    assert town.bill.number in shown


async def test_a_bill_is_printed_in_the_language_asked_for(town, ann):
    answer = await ann.get(f"/my/bills/{town.bill.id}/pdf?lang=zh_CN")
    assert answer.headers["content-type"] == "application/pdf"
    printed = "".join(text_of_pdf(answer.content))
    assert town.bill.number in printed
    assert "账单" in printed


@pytest.mark.parametrize("path", ["", "/pdf"])
async def test_only_holders_see_a_bill(town, ann, path):
    others = f"/my/bills/{town.others_bill.id}{path}"
    assert (await ann.get(others)).status_code == 404
    ann.cookies.clear()
    answer = await ann.get(others)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_staff_who_hold_nothing_see_nothing_here(town, client):
    finance = await make.staff(town.tenant, "finance", "Fin")
    await make.sign_in(client, finance.person_id)
    assert (await client.get(f"/my/bills/{town.bill.id}")).status_code == 404
    assert "You have no accounts here yet" in text_of(await page(client, "/my"))


async def test_a_void_bill_is_shown_as_cancelled_and_cannot_be_paid(town, ann):
    administrator = await make.staff(town.tenant)
    async with open_scope(tenant_scope(town.tenant.id)):
        await billing_bills.void(administrator, town.bill.id, reason="Sold")
    root = await page(ann, f"/my/bills/{town.bill.id}")
    assert "This bill was cancelled" in text_of(root)
    assert not [a for a in root.iter("a") if "checkout" in a.get("href", "")]
    answer = await ann.get(f"/my/checkout?bill={town.bill.id}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/my/bills/{town.bill.id}"
    assert (await ann.get(f"/my/bills/{town.bill.id}/pdf")).status_code == 409
