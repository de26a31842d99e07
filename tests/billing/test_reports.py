"""The overview and the reports, from the rows they summarise."""

import pytest

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


@pytest.mark.parametrize("status", ["closing", "closed"])
async def test_who_leaves_is_told_nothing_to_begin_with(client, bank, status):
    tenant = await make.tenant(bank, status=status)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    page = await client.get(f"/t/{tenant.slug}")
    assert page.status_code == 200, page.text[:2000]
    assert "Bring in your accounts" not in page.text


@pytest.mark.parametrize("report", ["", "/takings", "/arrears"])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_reports_without_bills_say_so(client, staffed, report, language):
    tenant, actor = staffed
    await make.sign_in(client, actor.person_id)
    page = await client.get(f"/t/{tenant.slug}/reports{report}", headers={"Accept-Language": language})
    assert page.status_code == 200, page.text[:2000]
