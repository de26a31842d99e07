"""The bank behind an institution on its payers' pages and papers, and what the bank says about the institution."""

import io

import pytest
from PIL import Image

from billing import pay_links
from billing.payments.service import take_payment
from tenants.banks import logo
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of


@pytest.fixture
async def branded(town, bank):
    """The bank with a logo; returns its address."""
    out = io.BytesIO()
    Image.new("RGB", (600, 200), "#0b5d7a").save(out, "PNG")
    chief = await make.bank_staff(bank, "administrator")
    async with open_scope(bank_scope(bank.id)):
        made = await logo.set_logo(
            chief, filename="logo.png", content_type="image/png", content=io.BytesIO(out.getvalue())
        )
    return logo.logo_url(bank.slug, made.logo_key)


async def pay(town):
    cashier = await make.staff(town.tenant, "cashier")
    return await take_payment(cashier, bills=[(town.bill.id, 100)], method="cash", key=str(make.serial()))


async def test_payers_see_whose_bank_it_is_on_every_page_of_an_institution(town, client, branded):
    link = pay_links.make(town.tenant.id, town.bill.id)
    for path in (link, f"{link}/checkout"):
        page = await client.get(path)
        inspect(page.text)
        assert branded in page.text, path
        assert 'alt="Logo of Harbour Bank"' in page.text, path
    await make.sign_in(client, town.ann.id)
    for path in (f"/my/bills/{town.bill.id}", f"/my/checkout?bill={town.bill.id}"):
        assert branded in (await client.get(path)).text, path
    assert branded not in (await client.get("/my")).text, "that page is of several institutions and banks"


async def test_papers_carry_it_as_it_is_when_they_are_printed(town, ann, branded, bank):
    door = f"/my/bills/{town.bill.id}/pdf"
    assert b"/Subtype /Image" in (await ann.get(door)).content
    chief = await make.bank_staff(bank, "administrator")
    async with open_scope(bank_scope(bank.id)):
        await logo.remove_logo(chief)
    assert b"/Subtype /Image" not in (await ann.get(door)).content


async def test_a_receipt_carries_it_and_keeps_none_of_it(town, client, branded):
    from billing.models import Receipt  # noqa: PLC0415
    from billing.receipts.service import pdf_of, receipt_of  # noqa: PLC0415

    paid = await pay(town)
    async with open_scope(tenant_scope(town.tenant.id)):
        found = await receipt_of(town.tenant.id, paid)
        assert b"/Subtype /Image" in await pdf_of(*found)
        kept = await Receipt.get(tenant_id=town.tenant.id, payment_id=paid)
    assert "logo" not in kept.document["issuer"]


@pytest.mark.parametrize(
    ("takes", "words"), [(True, "You can pay, or wait"), (False, "You cannot pay here now")]
)
async def test_a_suspended_institution_says_so_where_its_bills_are_listed(town, ann, bank, takes, words):
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=town.tenant.id).update(
            status="suspended", takes_payments=takes, word_to_payers="Its licence has run out."
        )
    page = inspect((await ann.get("/my")).text)
    shown = text_of(page)
    assert "is suspended by its bank" in shown
    assert "Its licence has run out." in shown
    assert words in shown
    assert len([b for b in page.iter("button") if text_of(b).startswith("Pay")]) == takes


@pytest.mark.parametrize(("status", "words"), [("closing", "is being closed"), ("closed", "is closed")])
async def test_a_closing_institution_reads_otherwise_than_a_closed_one(town, ann, bank, status, words):
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=town.tenant.id).update(status=status, takes_payments=False)
    assert words in text_of(inspect((await ann.get("/my")).text))
