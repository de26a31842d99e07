"""Installing, agreeing anew, pausing, uninstalling, as a tenant's administrator does it; and what stays recorded."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from integrations.apps.catalogue import installing, leaving
from integrations.apps.catalogue.installing import Agreed
from integrations.apps.clients import granted
from integrations.apps.models import App, AppVersion, Vendor
from integrations.apps.tenant_models import AppConsent, AppMessage, Installation
from tenants.actor import StepUp
from tenants.audit_words import changes, has_label
from tenants.models import Audit, Outbox, Role
from tenants.scope import bank_scope, open_scope, tenant_scope, vendor_scope
from tests import apps, make
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import use_locale

ALL = frozenset({"openid", "profile", "email", "tenant", "payments", "offline_access"})


@pytest_asyncio.fixture(loop_scope="session")
async def listed(db, bank):
    return await apps.listed(await apps.vendor(bank))


@pytest_asyncio.fixture(loop_scope="session")
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest_asyncio.fixture(loop_scope="session")
async def chief(tenant):
    return await make.staff(tenant)


def agreed(**given):
    return Agreed(**{"scopes": frozenset({"openid", "profile"}), "claims": frozenset({"name"})} | given)


async def installed(chief, listed, **given) -> Installation:
    async with open_scope(chief.scope()):
        return await installing.install(chief, listed.id, agreed(roles=frozenset({"administrator"}), **given))


async def test_the_catalogue_is_browsed_and_an_app_is_installed_with_what_is_ticked(
    client, listed, tenant, chief
):
    await make.sign_in(client, chief.person_id)
    root = f"/t/{tenant.slug}/apps"
    page = await client.get(root)
    inspect(page.text)
    assert "E-invoice" in page.text
    assert "E-invoice" not in (await client.get(f"{root}?need=learning")).text
    inspect((await client.get(f"{root}/catalogue/{listed.id}")).text)
    inspect((await client.get(f"{root}/catalogue/{listed.id}/installation")).text)
    ticked = {
        "scopes": ["profile", "payments"],
        "claims": ["name", "email"],
        "roles": ["administrator"],
        "min_level": "1",
    }
    answer = await client.post(f"{root}/catalogue/{listed.id}/installation", data=ticked)
    assert answer.status_code == 303, answer.text
    found = await granted(listed.client_id, tenant.id, person_id=chief.person_id)
    assert found.scopes == {"openid", "profile", "payments"}
    assert found.claims == {"name"}, "a claim of a scope that was not ticked is not told"
    settings = await client.get(answer.headers["location"])
    inspect(settings.text)
    async with open_scope(tenant_scope(tenant.id)):
        consent = await AppConsent.get(tenant_id=tenant.id, installation_id=found.installation_id)
        assert (set(consent.scopes), consent.person_id, consent.level) == (found.scopes, chief.person_id, 3)
        assert consent.reasons["payments"]["en"] == "Because of payments"
        created = await AppMessage.get(tenant_id=tenant.id, event="installation.created")
        assert "tenant" not in created.body["data"], "which institution it is was not agreed to"


async def test_without_a_role_nothing_is_installed(client, listed, tenant, chief):
    await make.sign_in(client, chief.person_id)
    answer = await client.post(
        f"/t/{tenant.slug}/apps/catalogue/{listed.id}/installation", data={"scopes": ["profile"]}
    )
    assert answer.status_code == 422
    inspect(answer.text)


async def test_installing_takes_the_right_and_the_strongest_login_and_happens_once(listed, tenant, chief):
    finance = await make.staff(tenant, "finance")
    with pytest.raises(Forbidden):
        await installed(finance, listed)
    weak = await make.staff(tenant, level=2)
    with pytest.raises(StepUp):
        await installed(weak, listed)
    await installed(chief, listed)
    with pytest.raises(Conflict):
        await installed(chief, listed)


async def terms(client, path, language="en") -> dict[str, str]:
    """What a page lists, term by term."""
    root = inspect((await client.get(path, headers={"Accept-Language": language})).text)
    found = [["".join(one.itertext()).strip() for one in root.iter(tag)] for tag in ("dt", "dd")]
    return dict(zip(*found, strict=True))


async def test_a_consent_that_waits_for_a_stronger_sign_in_comes_back_in_the_words_of_its_form(
    client, listed, tenant, chief
):
    await make.sign_in(client, chief.person_id, level=2)
    ticked = {
        "scopes": ["profile", "payments"],
        "claims": ["name"],
        "roles": ["administrator"],
        "min_level": "2",
    }
    answer = await client.post(f"/t/{tenant.slug}/apps/catalogue/{listed.id}/installation", data=ticked)
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert asked["level"] == ["3"]
    said = await terms(client, asked["next"][0])
    assert said["What it gets"] == "The name and language of whoever opens it, Payments and refunds"
    assert said["Roles that see it"] == "Administrator"
    assert said["Level of sign-in it needs"] == "Strong"
    chinese = await terms(client, asked["next"][0], "zh-CN")
    assert chinese["可见角色"] == "管理员"
    page = inspect((await client.get(asked["next"][0])).text)
    kept = [(one.get("name"), one.get("value")) for one in page.iter("input") if one.get("type") == "hidden"]
    assert {("scopes", "profile"), ("claims", "name"), ("min_level", "2")} <= set(kept)
    assert ("scopes", "payments") in kept


async def test_no_more_can_be_agreed_to_than_is_asked_for(listed, chief):
    with pytest.raises(Invalid):
        await installed(chief, listed, scopes=frozenset({"people"}))
    with pytest.raises(Invalid):
        await installed(chief, listed, claims=frozenset({"email"}))


async def test_a_suspended_app_is_not_in_the_catalogue(listed, chief, bank):
    async with open_scope(bank_scope(bank.id)):
        await Vendor.filter(id=listed.vendor_id).update(status="suspended")
    with pytest.raises(NotFound):
        await installed(chief, listed)


async def test_what_a_new_version_asks_in_addition_is_not_given_until_it_is_agreed_to(
    client, listed, tenant, chief, bank
):
    made = await installed(chief, listed)
    async with open_scope(vendor_scope(listed.vendor_id)):
        await AppVersion.filter(id=listed.listed_version_id).update(status="replaced")
        facts = apps._version(await Vendor.get(id=listed.vendor_id))
        facts["scopes"] = facts["scopes"] | {"people": {"en": "To know who works here", "zh_CN": "了解员工"}}
        newer = await AppVersion.create(app_id=listed.id, **facts | {"number": 2})
        await App.filter(id=listed.id).update(listed_version_id=newer.id)
    assert "people" not in (await granted(listed.client_id, tenant.id)).scopes
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    page = await client.get(f"{here}/settings")
    inspect(page.text)
    assert "To know who works here" in page.text
    assert "Asks for more" in (await client.get(f"/t/{tenant.slug}/apps")).text
    inspect((await client.get(f"{here}/consent")).text)
    await client.post(f"{here}/consent", data={"scopes": ["profile", "people"], "claims": ["name"]})
    assert "people" in (await granted(listed.client_id, tenant.id)).scopes
    async with open_scope(tenant_scope(tenant.id)):
        assert await AppConsent.filter(tenant_id=tenant.id, installation_id=made.id).count() == 2


async def test_roles_that_lose_an_app_lose_it_at_once(client, listed, tenant, chief):
    made = await installed(chief, listed)
    clerk = await make.staff(tenant, "cashier")
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    await client.post(f"{here}/roles", data={"roles": ["administrator", "cashier"], "min_level": "2"})
    assert (await granted(listed.client_id, tenant.id, person_id=clerk.person_id)).person_roles == {"cashier"}
    await client.post(f"{here}/roles", data={"roles": ["administrator"], "min_level": "2"})
    assert (await granted(listed.client_id, tenant.id, person_id=clerk.person_id)).person_roles == frozenset()
    assert (await client.post(f"{here}/roles", data={"roles": ["nobody"]})).status_code == 422


async def test_pausing_and_resuming(client, listed, tenant, chief):
    made = await installed(chief, listed)
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    await client.post(f"{here}/pausing")
    assert await granted(listed.client_id, tenant.id) is None
    assert (await client.post(f"{here}/pausing")).status_code == 409
    await client.post(f"{here}/resumption")
    assert await granted(listed.client_id, tenant.id) is not None


async def test_uninstalling_ends_everything_and_has_the_rest_deleted_after_two_days(
    client, listed, tenant, chief
):
    made = await installed(chief, listed)
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    inspect((await client.get(f"{here}/uninstalling")).text)
    await client.post(f"{here}/uninstalling")
    assert await granted(listed.client_id, tenant.id) is None
    inspect((await client.get(f"{here}/settings")).text)
    async with open_scope(tenant_scope(tenant.id)):
        consents = await AppConsent.filter(tenant_id=tenant.id, installation_id=made.id)
        assert sorted(one.scopes for one in consents) == [[], ["openid", "profile"]]
        due = await Outbox.get(tenant_id=tenant.id, job="apps.deletion_due")
        assert timedelta(hours=47) < due.due_at - datetime.now(UTC) < timedelta(hours=49)
        await leaving.deletion_due(chief, due.payload)
        assert await AppMessage.filter(tenant_id=tenant.id, event="installation.deletion_due").count() == 1
        found = await Audit.filter(tenant_id=tenant.id, subject_kind="installation")
    facts = {name for one in found for name in {**(one.before or {}), **(one.after or {})}}
    assert {one.act for one in found} == {"app.installed", "app.uninstalled"}
    assert [name for name in facts if not has_label("installation", name)] == []
    with use_locale("zh_CN"):
        told = changes("installation", {}, {"roles": ["administrator", "class_teacher", "family"]})
    assert told == ["可见角色：管理员、班主任、学生及其监护人（在家使用）"]
    again = await installed(chief, listed)
    assert again.id != made.id


async def test_the_colleague_without_the_right_and_the_stranger(client, listed, tenant, chief, bank):
    made = await installed(chief, listed)
    here = f"/t/{tenant.slug}/apps/{made.id}"
    finance, stranger = await make.staff(tenant, "finance"), await make.staff(await make.tenant(bank))
    await make.sign_in(client, finance.person_id)
    page = await client.get(f"{here}/settings")
    assert page.status_code == 200
    is_led = f'href="{here}"' in page.text
    assert is_led == ((await client.get(here)).status_code == 200), "who may not open it is not led to it"
    assert (await client.post(f"{here}/pausing")).status_code == 403
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(f"{here}/settings")).status_code == 404
    assert (await client.post(f"{here}/pausing")).status_code == 404


async def test_a_vendors_sandbox_shows_its_drafts_and_nobody_elses(client, listed, tenant, chief, bank):
    async with open_scope(bank_scope(bank.id)):
        await Vendor.filter(id=listed.vendor_id).update(sandbox_tenant_ids=[tenant.id])
        await App.filter(id=listed.id).update(status="draft", listed_version_id=None)
        await AppVersion.filter(app_id=listed.id).update(status="draft")
    made = await installed(chief, listed)
    assert made.is_test
    assert await granted(listed.test_client_id, tenant.id) is not None
    other = await make.tenant(bank)
    with pytest.raises(NotFound):
        await installed(await make.staff(other), listed)
    async with open_scope(tenant_scope(other.id)):
        assert await App.filter(id=listed.id).count() == 0
        assert await Role.filter(tenant_id=tenant.id).count() == 0
