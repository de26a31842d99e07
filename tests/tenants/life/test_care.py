"""After going live: papers are asked for in time and brought, reviews are due, acted on and decided by two."""

import io
from datetime import timedelta

import pytest

from deploy import composition
from tenants.ids import new_id
from tenants.life import papers, reviews, services
from tenants.life.kinds import KINDS
from tenants.life.reviews import Review
from tenants.models import Application, ApplicationDocument, DocumentRequest, Notice, Tenant, TenantReview
from tenants.onboarding.papers import reason_of
from tenants.scope import bank_scope, open_scope, tenant_scope
from tests import make
from tests.page import inspect
from tests.tenants.onboarding.test_applications import PDF
from ui.errors import Forbidden, Invalid, NotFound
from ui.formats import date_text
from ui.i18n import use_locale
from ui.tables import TableQuery

TODAY = make.today()
SOON, NEXT = TODAY + timedelta(days=20), TODAY + timedelta(days=365)


@pytest.fixture
async def tenant(db, bank):
    return await make.tenant(bank, review_on=TODAY - timedelta(days=3))


@pytest.fixture
async def officer(db, bank):
    return await make.bank_staff(bank, "operations", "Ong")


@pytest.fixture
async def paper(bank, tenant) -> ApplicationDocument:
    """The licence of a live institution, which runs out in twenty days."""
    async with open_scope(bank_scope(bank.id)):
        application = await Application.create(
            id=new_id(), bank_id=bank.id, branch_id=bank.branch_id, number=f"A{make.serial()}",
            status="approved", scenario="community", legal_name=tenant.name, short_name=tenant.short_name,
            kind="company", uscc=tenant.uscc, legal_representative="A", contact_name="A",
            contact_email="a@example.com", contact_phone="1", currency="SGD", timezone="Asia/Singapore",
            locale="en", slug=tenant.slug, settlement_bank_code="HARBSGSG", settlement_account_name="A",
            settlement_account_number="1", created_by_name="A", created_by=new_id(), administrator_name="A",
            administrator_email="a@example.com", approved_tenant_id=tenant.id,
        )  # fmt: skip
        return await ApplicationDocument.create(
            id=new_id(), bank_id=bank.id, application_id=application.id, kind="licence",
            filename="old.pdf", content_type="application/pdf", size=1, sha256="0" * 64, storage_key="x",
            uploaded_by_name="A", expires_on=SOON,
        )  # fmt: skip


async def brought(actor, tenant, asked, **given):
    values = {"filename": "new.pdf", "content_type": "application/pdf", "expires_on": NEXT} | given
    async with open_scope(tenant_scope(tenant.id)):
        return await papers.bring(actor, tenant, asked=asked, content=io.BytesIO(PDF), **values)


async def test_a_paper_that_runs_out_is_asked_for_once_and_brought_by_the_institution(bank, tenant, paper):
    assert await papers.ask_for_expiring(tenant, SOON - timedelta(days=31)) == [], "too early"
    (asked,) = await papers.ask_for_expiring(tenant, TODAY)
    assert await papers.ask_for_expiring(tenant, TODAY) == [], "asked once"
    assert (asked.kind, asked.due_on) == ("licence", SOON)
    for language, day in (("en", date_text(SOON)), ("zh_CN", f"{SOON.year}年{SOON.month}月{SOON.day}日")):
        with use_locale(language):
            assert day in str(reason_of(asked)), "said in the reader's language when it is read"
    chief, reader = await make.staff(tenant), await make.staff(tenant, "reader")
    stranger = await make.staff(await make.tenant(bank))
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Notice.get(template="document_asked")).recipient == tenant.contact_email
    for actor in (reader, stranger):
        with pytest.raises(Forbidden):
            await brought(actor, tenant, asked)
    with pytest.raises(Invalid):
        await brought(chief, tenant, asked, expires_on=TODAY - timedelta(days=1))
    made = await brought(chief, tenant, asked)
    with pytest.raises(NotFound):
        await brought(chief, tenant, asked)
    async with open_scope(bank_scope(bank.id)):
        assert (await DocumentRequest.get(id=asked.id)).document_id == made.id
        assert (await ApplicationDocument.get(id=paper.id)).replaced_at is not None
    assert await papers.ask_for_expiring(tenant, TODAY) == [], "the new one holds"


def given(**more):
    values = {"outcome": "in_order", "risk": "standard", "next_on": NEXT, "note": "Looked at everything."}
    return Review(**(values | more))


async def test_a_review_that_changes_nothing_is_one_persons_act(bank, tenant, officer):
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        listed = await reviews.due(officer, TableQuery(path=""))
        assert next(one for one in listed if one["id"] == tenant.id)["is_late"]
        with pytest.raises(Forbidden):
            await reviews.record(manager, tenant, given())
        with pytest.raises(Invalid):
            await reviews.record(officer, tenant, given(next_on=TODAY))
        with pytest.raises(Invalid):
            await reviews.record(officer, tenant, given(outcome="fine"))
        assert await reviews.record(officer, tenant, given()) is None
        assert (await Tenant.get(id=tenant.id)).review_on == NEXT
        assert tenant.id not in [one["id"] for one in await reviews.due(officer, TableQuery(path=""))]
        every = TableQuery(path="", filters={"due": "all"})
        assert tenant.id in [one["id"] for one in await reviews.due(officer, every)]


async def test_another_grade_of_risk_takes_two(bank, tenant, officer):
    reviewer = await make.bank_staff(bank, "reviewer", "Second")
    async with open_scope(bank_scope(bank.id)):
        asked = await reviews.record(officer, tenant, given(risk="high", outcome="watched"))
        kept = await Tenant.get(id=tenant.id)
        assert (kept.risk, kept.review_on) == ("standard", tenant.review_on), "not decided yet"
        await services.decide(reviewer, asked.id, is_approved=True, reason="I agree.")
        decided = await Tenant.get(id=tenant.id)
        assert (decided.risk, decided.review_on) == ("high", NEXT)
        assert (await TenantReview.get(tenant_id=tenant.id)).request_id == asked.id


def test_workers_know_every_act_that_may_cool_off():
    """A worker opens no page: what it does later has to be known from the modules of jobs alone."""
    assert {"tenants.life.acts", "billing.institution.account_change", "billing.risk.services"} <= set(
        composition.JOB_MODULES
    )
    assert {"suspend", "account", "risk"} <= set(KINDS)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(  # noqa: PLR0917 - fixtures
    client, bank, tenant, officer, paper, language
):
    headers = {"Accept-Language": language}
    await papers.ask_for_expiring(tenant, TODAY)
    root = f"/bank/{bank.slug}"
    await make.sign_in(client, officer.person_id)
    for path in (
        f"{root}/reviews",
        f"{root}/reviews?due=all&risk=standard&q=Inst",
        f"{root}/tenants/{tenant.id}",
    ):
        page = await client.get(path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        inspect(page.text)
    assert tenant.name in (await client.get(f"{root}/reviews?export=csv&due=all")).text
    here = f"{root}/tenants/{tenant.id}/review"
    inspect((await client.get(here, headers=headers)).text)
    assert (await client.post(here, data={"outcome": "in_order"})).status_code == 422
    typed = {
        "outcome": "in_order",
        "risk": "high",
        "next_on": NEXT.isoformat(),
        "note": "Looked at everything.",
    }
    asked = await client.post(here, data=typed)
    assert "/requests/" in asked.headers["location"]
    inspect((await client.get(asked.headers["location"], headers=headers)).text)
    chief = await make.staff(tenant)
    await make.sign_in(client, chief.person_id)
    page = await client.get(f"/t/{tenant.slug}/papers", headers=headers)
    inspect(page.text)
    action = page.text.split(f"/t/{tenant.slug}/papers/")[1].split('"')[0]
    url = f"/t/{tenant.slug}/papers/{action}"
    assert (await client.post(url, data={})).status_code == 422
    sent = await client.post(
        url, data={"expires_on": NEXT.isoformat()}, files={"file": ("new.pdf", PDF, "application/pdf")}
    )
    assert sent.status_code == 303, sent.text[:3000]
    inspect((await client.get(f"/t/{tenant.slug}/papers", headers=headers)).text)
