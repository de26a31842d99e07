"""The overview and the reports, from the rows they summarise."""

import pytest

from billing.charges import fees
from billing.models import FeeRule
from billing.reports.figures import readiness
from tenants.scope import open_scope, tenant_scope
from tests import make


@pytest.fixture
async def staffed(db, bank):
    tenant = await make.tenant(bank)
    return tenant, await make.staff(tenant, "finance")


async def test_a_new_tenant_is_told_what_to_do_first(client, staffed):
    tenant, actor = staffed
    await make.sign_in(client, actor.person_id)
    page = await client.get(f"/t/{tenant.slug}")
    assert page.status_code == 200, page.text[:2000]
    assert "Bring in your accounts" in page.text


async def test_who_sells_tickets_is_told_to_sell_tickets_and_drafts_no_bills(client, db, bank):
    tenant = await make.tenant(bank, scenario="tourism")
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    page = (await client.get(f"/t/{tenant.slug}")).text
    for words in (
        "Say what tickets there are",
        "Plan the first days",
        "Set up a gate",
        "Put your fees into force",
    ):
        assert words in page, words
    for words in ("Draft the first bills", "Bring in your accounts", "Issue them"):
        assert words not in page, words


@pytest.mark.parametrize("status", ["closing", "closed"])
async def test_who_leaves_is_told_nothing_to_begin_with(client, bank, status):
    tenant = await make.tenant(bank, status=status)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    page = await client.get(f"/t/{tenant.slug}")
    assert page.status_code == 200, page.text[:2000]
    assert "Bring in your accounts" not in page.text


async def test_fees_are_done_once_the_institution_has_put_one_into_force_itself(staffed):
    tenant, finance = staffed
    async with open_scope(tenant_scope(tenant.id)):
        assert await FeeRule.exists(tenant_id=tenant.id, status="active"), "the template brings some in force"
        assert not (await readiness(tenant.id)).has_rule
        draft = await FeeRule.filter(tenant_id=tenant.id, status="draft").first()
        await fees.activate(finance, draft.fee_item_id, effective_from=make.today().replace(day=1))
        assert (await readiness(tenant.id)).has_rule


@pytest.mark.parametrize("report", ["", "/takings", "/arrears"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_reports_without_bills_say_so(client, staffed, report, language):
    tenant, actor = staffed
    await make.sign_in(client, actor.person_id)
    page = await client.get(f"/t/{tenant.slug}/reports{report}", headers={"Accept-Language": language})
    assert page.status_code == 200, page.text[:2000]
