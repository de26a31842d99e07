"""A family's year over two schools, to the cent and for nobody else; brothers and sisters who count at both."""

import html
import re
from datetime import date, timedelta

import pytest

from billing.models import Bill, Payment
from billing.payments import service as payments
from billing.plans.service import Proposal, agree
from scenarios.education.family import statement
from scenarios.education.family.children import Child
from scenarios.education.models import SchoolPartner
from scenarios.education.partners import services as partners
from scenarios.education.year import leaving
from tenants.ids import new_id
from tenants.models import Account, Audit, Person
from tenants.scope import open_scope, person_scope, tenant_scope
from tests import make
from tests.billing.pdf_text import pages
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound

YEAR = make.today().year
MOTHER = {"guardian": "Tan Mei", "email": "mei@mail.example"}


async def school(bank, *rows_):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    await world.bring_in(tenant, staff, world.table(*rows_))
    return tenant, staff


async def paid_by(tenant, who) -> None:
    """Have the school's one payment be somebody's, as one made online is."""
    async with open_scope(tenant_scope(tenant.id)):
        await Payment.filter(tenant_id=tenant.id, person_id=None).update(person_id=who.person_id)


async def two_schools(bank):
    """A mother of two at two schools, who has paid the books of one; the father has paid those of the other."""
    first, staff = await school(bank, pupil("A1", "Elder", **MOTHER))
    second, chief = await school(bank, pupil("B1", "Younger", **MOTHER))
    mother = await world.parent(first, "A1", name="Tan Mei Ling")
    await make.holder(await world.account(second, "B1"), await _person(mother), relation="parent")
    father = await world.parent(second, "B1", name="Tan Wei")
    for tenant, of, who in ((first, staff, mother), (second, chief, father)):
        await world.charge(tenant, of, "books")
        async with open_scope(tenant_scope(tenant.id)):
            bill = await Bill.get(tenant_id=tenant.id)
        await world.pay_at_desk(tenant, bill.id)
        await paid_by(tenant, who)
    return first, second, staff, mother, father


async def _person(actor):
    async with open_scope(person_scope(actor.person_id)):
        return await Person.get(id=actor.person_id)


async def test_a_year_is_every_payment_of_the_family_less_what_went_back(client, db, bank):
    first, second, staff, mother, father = await two_schools(bank)
    async with open_scope(tenant_scope(first.id)):
        total = (await Bill.get(tenant_id=first.id)).total_minor
    found = await statement.read(mother, YEAR)
    assert {one.child.name for one in found.paid} == {"Elder", "Younger"}
    assert found.totals == {"SGD": (2 * total, total)}
    assert {one.child.name for one in found.paid if one.receipt_id} == {"Elder"}, (
        "another's receipt is theirs"
    )
    assert (await statement.read(father, YEAR)).totals == {"SGD": (total, total)}, "his child alone"
    assert (await statement.read(mother, YEAR - 1)).paid == ()
    async with open_scope(tenant_scope(first.id)):
        payment = await Payment.get(tenant_id=first.id)
        refund_id = await payments.request_refund(
            staff,
            payment_id=payment.id,
            amount_minor=1_000,
            reason="Returned",
            key="refund-year-1",
            seen_refundable_minor=payment.amount_minor,
        )
        await payments.approve_refund(await make.staff(first, name="Other"), refund_id=refund_id)
        cash = await make.staff(first, "cashier", name="Cash")
        await payments.pay_out_refund(cash, refund_id=refund_id)
    found = await statement.read(mother, YEAR)
    assert found.totals == {"SGD": (2 * total - 1_000, total - 1_000)}
    await make.sign_in(client, mother.person_id)
    for language in ("en", "zh-CN"):
        page = await client.get("/my/school/statement", headers={"Accept-Language": language})
        inspect(page.text)
    assert 'href="/my/school/statement"' in (await client.get("/my/school")).text
    file = (await client.get("/my/school/statement?export=csv")).text
    assert len(file.strip().splitlines()) == 1 + len(found.paid)
    paper = await client.get("/my/school/statement/pdf?lang=en")
    assert paper.headers["content-type"] == "application/pdf"
    words = "\n".join(pages(paper.content))
    assert f"{(2 * total - 1_000) / 100:,.2f}" in words
    assert first.short_name in words
    assert second.short_name in words
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert "Nothing was paid" in text_of(inspect((await client.get("/my/school/statement?year=no")).text))
    assert (await client.get("/my/school/statement/pdf")).status_code == 404


def test_a_year_reads_from_day_to_day_whichever_school():
    def paid(school: str, day: int) -> statement.Paid:
        child = Child(
            new_id(), new_id(), "Ah", "1", "", "", school, "UTC", "SGD", "",
            standing="open", takes_payments=True, word_to_payers="", is_active=True, relations=("parent",),
        )  # fmt: skip
        return statement.Paid(child, date(2026, 1, day), "Books", "SGD", 100, True, None, "")

    found = statement.in_order([paid("Hill", 3), paid("River", 2), paid("Hill", 1)])
    assert [(one.child.school, one.paid_on.day) for one in found] == [("Hill", 1), ("River", 2), ("Hill", 3)]


async def test_one_page_and_one_checkout_for_children_at_two_schools(client, db, bank):
    first, staff = await school(bank, pupil("A1", "Elder", **MOTHER))
    second, chief = await school(bank, pupil("B1", "Younger", **MOTHER))
    mother = await world.parent(first, "A1", name="Tan Mei Ling")
    await make.holder(await world.account(second, "B1"), await _person(mother), relation="parent")
    owed = 0
    for tenant, of in ((first, staff), (second, chief)):
        await world.charge(tenant, of, "books")
        async with open_scope(tenant_scope(tenant.id)):
            owed += (await Bill.get(tenant_id=tenant.id)).left_minor
    await make.sign_in(client, mother.person_id)
    page = (await client.get("/my/school")).text
    shown = text_of(inspect(page))
    assert "To pay for all children" in shown
    assert f"{owed / 100:,.2f}" in shown
    href = html.unescape(re.search(r'href="(/my/checkouts/new[^"]*)"', page).group(1))
    assert href.count("bill=") == 2
    checkout = await client.get(href)
    assert checkout.status_code == 200
    both = text_of(inspect(checkout.text))
    assert first.short_name in both
    assert second.short_name in both
    async with open_scope(tenant_scope(first.id)):
        bill = await Bill.get(tenant_id=first.id)
        spread = Proposal([bill.id], make.today() + timedelta(days=9), 2, "month", "first")
        await agree(staff, spread)
    later, due = bill.left_minor // 2, owed - bill.left_minor // 2
    shown = text_of(inspect((await client.get("/my/school")).text))
    assert f"{due / 100:,.2f}" in shown, "only the instalment counts"
    assert f"{later / 100:,.2f} more is due later, in instalments." in shown
    assert f"{owed / 100:,.2f}" not in shown
    assert f"{due / 100:,.2f}" in text_of(inspect((await client.get(href)).text)), (
        "and only it is paid together"
    )
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.get(href)).status_code == 404, "bills of others are not there"


async def ranks(tenant) -> dict[str, int]:
    async with open_scope(tenant_scope(tenant.id)):
        return {
            one.number: one.attributes["sibling_rank"] for one in await Account.filter(tenant_id=tenant.id)
        }


async def asked(tenant, staff, other):
    async with open_scope(tenant_scope(tenant.id)):
        return await partners.ask(staff, other.uscc)


async def answered(tenant, staff, edge):
    async with open_scope(tenant_scope(tenant.id)):
        row = await SchoolPartner.get(tenant_id=tenant.id)
        return await partners.answer(staff, row.id, edge)


async def test_brothers_and_sisters_count_at_both_schools_while_both_agree(db, bank):
    first, staff = await school(
        bank, pupil("A1", "Elder", grade="6", class_title="6A", **MOTHER), pupil("A2", "Alone")
    )
    second, chief = await school(
        bank,
        pupil("B1", "Younger", grade="1", class_title="1A", **MOTHER),
        pupil("B2", "Youngest", grade="K1", class_title="K1", **MOTHER),
    )
    assert await ranks(second) == {"B1": 1, "B2": 2}
    teacher = await make.staff(first, "class_teacher", name="Teacher")
    with pytest.raises(Forbidden):
        await asked(first, teacher, second)
    for code in ("", "91350100M000000000", first.uscc):
        with pytest.raises(Invalid):
            async with open_scope(tenant_scope(first.id)):
                await partners.ask(staff, code)
    await asked(first, staff, second)
    with pytest.raises(Conflict):
        await asked(second, chief, first)
    with pytest.raises(Conflict):
        await answered(first, staff, "agree")
    assert await ranks(second) == {"B1": 1, "B2": 2}, "not before both agree"
    await answered(second, chief, "agree")
    for tenant in (first, second):
        await run_due(tenant.id)
    assert await ranks(second) == {"B1": 2, "B2": 3}
    assert await ranks(first) == {"A1": 1, "A2": 1}
    async with open_scope(tenant_scope(second.id)):
        names = [one.person_name for one in await Audit.filter(tenant_id=second.id, act="partner.asked")]
    assert names == [first.short_name], "of the other school nobody is named"
    await answered(first, staff, "end")
    for tenant in (first, second):
        await run_due(tenant.id)
    assert await ranks(second) == {"B1": 1, "B2": 2}


async def test_who_leaves_counts_no_more_at_the_other_school(db, bank):
    first, staff = await school(bank, pupil("A1", "Elder", grade="6", class_title="6A", **MOTHER))
    second, chief = await school(bank, pupil("B1", "Younger", grade="1", class_title="1A", **MOTHER))
    await asked(first, staff, second)
    await answered(second, chief, "agree")
    await run_due(second.id)
    assert await ranks(second) == {"B1": 2}
    account = await world.account(first, "A1")
    async with open_scope(tenant_scope(first.id)):
        await leaving.leave(staff, account.id, last_on=make.today())
    await run_due(second.id)
    assert await ranks(second) == {"B1": 1}


async def test_the_page_asks_and_answers_and_shows_nothing_of_the_other_school(client, db, bank):
    first, staff = await school(bank, pupil("A1", "Elder", **MOTHER))
    second, chief = await school(bank, pupil("B1", "Younger", **MOTHER))
    stranger, nobody = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{first.slug}/school-partners"
    assert root in (await client.get(f"/t/{first.slug}/school-fees")).text
    wrong = await client.post(root, data={"code": "nonsense"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert (await client.post(root, data={"code": second.uscc})).status_code == 303
    page = (await client.get(root, headers={"Accept-Language": "zh-CN"})).text
    inspect(page)
    assert second.short_name in page
    assert "Younger" not in page
    await make.sign_in(client, chief.person_id)
    there = f"/t/{second.slug}/school-partners"
    async with open_scope(tenant_scope(second.id)):
        row = await SchoolPartner.get(tenant_id=second.id)
    inspect((await client.get(there)).text)
    assert (await client.post(f"{there}/{row.id}/answer", data={"act": "agree"})).status_code == 303
    assert "Holds" in text_of(inspect((await client.get(there)).text))
    await make.sign_in(client, nobody.person_id)
    assert first.short_name not in (await client.get(f"/t/{stranger.slug}/school-partners")).text
    with pytest.raises(NotFound):
        async with open_scope(tenant_scope(stranger.id)):
            await partners.answer(nobody, row.id, "end")
