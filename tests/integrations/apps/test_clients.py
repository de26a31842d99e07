"""What the provider and the API read of an app: as it stands now, and only what the tenant agreed to."""

from datetime import UTC, datetime

import pytest
import pytest_asyncio

from integrations.apps.clients import client, granted
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.tenant_models import Installation
from tenants.ids import new_id
from tenants.models import Membership
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope, vendor_scope
from tests import apps, make


@pytest_asyncio.fixture(loop_scope="session")
async def vendor(db, bank):
    return await apps.vendor(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def app(vendor):
    return await apps.listed(vendor)


async def test_an_app_is_found_by_its_client_id_with_what_its_listed_version_says(app, vendor):
    found = await client(app.client_id)
    assert found.app_id == app.id
    assert found.status == "active"
    assert found.sector == str(vendor.id)
    assert found.redirect_uris == ("https://app.example/callback",)
    assert found.scopes >= {"openid", "payments"}
    assert not found.is_test
    assert await client("app_unknown") is None


async def test_a_secret_is_known_and_the_former_one_only_for_its_time(app, vendor):
    found = await client(app.client_id)
    assert found.knows_secret(apps.SECRET)
    assert not found.knows_secret("another")
    assert not found.knows_secret("")


@pytest.mark.parametrize("what", ["vendor", "app", "version"])
async def test_a_suspended_vendor_app_or_version_ends_client_and_grant_at_the_next_look(
    bank, app, vendor, what
):
    tenant = await make.tenant(bank)
    await apps.install(tenant, app)
    assert await granted(app.client_id, tenant.id) is not None
    async with open_scope(bank_scope(bank.id)):
        model, row = {"vendor": (Vendor, vendor.id), "app": (App, app.id)}.get(
            what, (AppVersion, app.listed_version_id)
        )
        await model.filter(id=row).update(status="suspended")
    assert (await client(app.client_id)).status == "suspended"
    assert await granted(app.client_id, tenant.id) is None


async def test_what_is_granted_is_what_was_agreed_and_names_the_roles_of_the_person(bank, app):
    tenant = await make.tenant(bank)
    admin, reader = await make.staff(tenant), await make.staff(tenant, "reader")
    made = await apps.install(tenant, app, scopes=("openid", "profile"), claims=["name"], min_level=2)
    found = await granted(app.client_id, tenant.id, person_id=admin.person_id)
    assert (found.installation_id, found.scopes, found.claims) == (made.id, {"openid", "profile"}, {"name"})
    assert found.person_roles == {"administrator"}
    assert found.min_level == 2
    assert (await granted(app.client_id, tenant.id, person_id=reader.person_id)).person_roles == frozenset()
    async with open_scope(tenant_scope(tenant.id)):
        await Membership.filter(tenant_id=tenant.id, person_id=admin.person_id).update(
            ended_at=datetime.now(UTC)
        )
    assert (await granted(app.client_id, tenant.id, person_id=admin.person_id)).person_roles == frozenset()


@pytest.mark.parametrize("change", [{"status": "paused"}, {"is_test": True}])
async def test_nothing_is_granted_where_it_is_paused_or_not_this_client(bank, app, change):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    made = await apps.install(tenant, app)
    assert await granted(app.client_id, other.id) is None
    async with open_scope(tenant_scope(tenant.id)):
        await Installation.filter(tenant_id=tenant.id, id=made.id).update(**change)
    assert await granted(app.client_id, tenant.id) is None


async def test_the_test_client_knows_the_draft_and_the_sandbox_alone(bank, app, vendor):
    sandbox = await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        await Vendor.filter(id=vendor.id).update(sandbox_tenant_ids=[sandbox.id])
    await apps.install(sandbox, app, is_test=True)
    assert (await client(app.test_client_id)).is_test
    assert await granted(app.test_client_id, sandbox.id) is not None
    assert await granted(app.client_id, sandbox.id) is None


async def test_the_scope_that_asks_stays_what_it_was(bank, app):
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        await granted(app.client_id, tenant.id)
        assert await Membership.filter(tenant_id=tenant.id).exists() is False
        assert await App.filter(id=app.id).exists()


async def test_vendors_see_their_own_and_nobody_elses(bank, app, vendor):
    other = await apps.vendor(bank)
    async with open_scope(vendor_scope(other.id)):
        assert await App.all().count() == 0
        assert await Vendor.all().count() == 1
        assert await Installation.all().count() == 0
    ann = await make.person("Ann")
    async with open_scope(person_scope(ann.id)):
        assert await Vendor.all().count() == 0
    async with open_scope(bank_scope(new_id())):
        assert await Vendor.all().count() == 0
