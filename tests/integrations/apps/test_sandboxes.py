"""A vendor opens a sandbox of each scenario that its apps are for, and tries a tool on the patient who waits there."""

import pytest

from integrations.apps.models import Vendor
from tenants.models import Account, Audit, Tenant
from tenants.onboarding import queries
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tests import apps, make
from tests.integrations.apps.demo import Stage
from tests.integrations.apps.test_demo_apps import travel
from tests.page import inspect
from ui.tables import TableQuery


@pytest.fixture
def stage(app, tmp_path):
    return Stage("visits", app, tmp_path)


async def offered(stage, bank):
    scopes = ("openid", "profile", "tenant", "accounts", "records")
    facts = {"protocols": ["smart"], "scenarios": ["hospital"], "frame_origins": []}
    first = await make.tenant(bank)
    return await stage.listed(
        await apps.vendor(bank, sandbox_tenant_ids=[first.id]),
        scopes={key: {"en": f"For {key}", "zh_CN": f"为了 {key}"} for key in scopes},
        **facts,
    )


async def test_a_draft_is_tried_on_the_patient_of_its_vendors_sandbox(client, db, bank, stage):
    made = await offered(stage, bank)
    tenant, _ = await apps.sandbox(client, made, "hospital")
    held = await apps.installed(client, tenant, made, roles=["administrator"])
    assert held.is_test
    async with open_scope(tenant_scope(tenant.id)):
        (patient,) = await Account.filter(tenant_id=tenant.id, kind="patient")
    desk = await client.get(f"/t/{tenant.slug}/front-desk/patients/{patient.id}")
    inspect(desk.text)
    path = f"/t/{tenant.slug}/apps/{held.id}?record_kind=account&record_id={patient.id}"
    assert path.replace("&", "&amp;") in desk.text, "the tool stands at the patient"
    async with stage.browser() as browser:
        page = await travel(client, browser, f"http://cloud.test{path}")
        assert page.status_code == 200, page.text
        assert "Pat Example" in page.text
        assert "Vera Ng" in page.text, "the doctor is whoever runs the sandbox"


async def test_each_scenario_that_an_app_is_for_is_offered_once(client, db, bank, stage):
    made = await offered(stage, bank)
    async with open_scope(vendor_scope(made.vendor_id)):
        vendor = await Vendor.get(id=made.vendor_id)
    here = f"/vendor/{vendor.slug}"
    await make.sign_in(client, vendor.created_by)
    page = await client.get(here)
    inspect(page.text)
    assert 'value="hospital"' in page.text
    assert 'value="education"' not in page.text
    for other in ("education", "nothing"):
        assert (await client.post(f"{here}/sandboxes", data={"scenario": other})).status_code == 409
    tenant, _ = await apps.sandbox(client, made, "hospital")
    assert (await client.post(f"{here}/sandboxes", data={"scenario": "hospital"})).status_code == 409
    page = await client.get(here)
    inspect(page.text)
    assert f"/t/{tenant.slug}/apps" in page.text
    assert 'value="hospital"' not in page.text
    async with open_scope(bank_scope(bank.id)):
        assert await Audit.filter(act="vendor.sandbox_opened", subject_id=vendor.id).count() == 1


async def test_the_bank_counts_no_sandbox_among_its_institutions(client, db, bank, stage):
    made = await offered(stage, bank)
    chief = await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        before = await queries.counts(chief)
        assert min(before["recent"], before["live"]) > 0, "others are counted as they go live"
    async with open_scope(vendor_scope(made.vendor_id)):
        vendor = await Vendor.get(id=made.vendor_id)
    await make.sign_in(client, vendor.created_by)
    tenant, _ = await apps.sandbox(client, made, "hospital")
    async with open_scope(bank_scope(bank.id)):
        assert (await Tenant.get(id=tenant.id)).is_sandbox
        assert await queries.counts(chief) == before
        await Tenant.filter(id=tenant.id).update(status="suspended", live_at=None)
        assert await queries.counts(chief) == before, "whatever happens to it later"
        for sought in ("", tenant.name):
            listed = await queries.tenants(chief, TableQuery(path="", per=100, q=sought))
            assert tenant.id not in {row["id"] for row in listed}


async def test_another_vendor_gets_nothing_of_it(client, db, bank, stage):
    made = await offered(stage, bank)
    tenant, _ = await apps.sandbox(client, made, "hospital")
    stranger = await apps.vendor(bank)
    await make.sign_in(client, stranger.created_by)
    async with open_scope(vendor_scope(made.vendor_id)):
        slug = (await Vendor.get(id=made.vendor_id)).slug
    assert (await client.post(f"/vendor/{slug}/sandboxes", data={"scenario": "education"})).status_code == 404
    assert (await client.get(f"/t/{tenant.slug}/apps")).status_code == 404
    async with open_scope(vendor_scope(stranger.id)):
        assert await Tenant.filter(id=tenant.id).count() == 0
    theirs = await apps.listed(stranger, scenarios=["hospital"])
    other, _ = await apps.sandbox(client, theirs, "hospital")
    page = await client.get(f"/t/{other.slug}/apps/catalogue/{made.id}")
    assert page.status_code == 404, "a draft is seen in its own vendor's sandboxes alone"
