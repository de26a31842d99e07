"""Somebody of the bank inside an institution: only with an access, only as far as it goes, seen and ended by it."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from tenants.models import Audit, Notice, SupportAccess
from tenants.permissions import support_permissions
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.support import services
from tests import make
from tests.page import inspect
from tests.unions import over
from ui.errors import Conflict, Forbidden, Invalid, NotFound

WHY = "They asked why a bill is missing."


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def union(bank, settings, migrated):
    async with over(bank, settings) as made:
        yield made


@pytest.fixture
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest.fixture
async def officer(db, bank):
    return await make.bank_staff(bank, "operations", "Ong Kai Xin")


async def opened(bank, officer, tenant, level="read"):
    async with open_scope(bank_scope(bank.id)):
        return await services.open_access(officer, tenant.id, reason=WHY, hours=2, level=level)


async def test_an_access_opens_one_institution_to_one_person_and_to_reading(client, bank, officer, tenant):
    other = await make.tenant(bank)
    colleague = await make.bank_staff(bank, "operations", "Colleague")
    await make.sign_in(client, officer.person_id)
    here = f"/t/{tenant.slug}"
    assert (await client.get(here)).status_code == 404
    await opened(bank, officer, tenant)
    page = await client.get(here)
    assert page.status_code == 200
    inspect(page.text)
    assert "bank looks in" in page.text
    assert (await client.get(f"{here}/accounts")).status_code == 200
    assert (await client.post(f"{here}/accounts", data={})).status_code == 403
    assert (await client.get(f"{here}/desk")).status_code == 403
    assert (await client.get(f"/t/{other.slug}")).status_code == 404
    await make.sign_in(client, colleague.person_id)
    assert (await client.get(here)).status_code == 404


async def test_every_look_is_in_the_trail_and_on_the_institutions_page(client, bank, officer, tenant):
    chief = await make.staff(tenant)
    account = await make.account(tenant)
    made = await opened(bank, officer, tenant)
    async with open_scope(tenant_scope(tenant.id)):
        assert WHY in (await Notice.get(template="support")).body
    await make.sign_in(client, officer.person_id)
    address = f"/t/{tenant.slug}/accounts/{account.id}"
    assert (await client.get(address)).status_code == 200
    await client.get(f"/t/{tenant.slug}/accounts?q=Tan")
    async with open_scope(tenant_scope(tenant.id)):
        looks = await Audit.filter(tenant_id=tenant.id, act="support.looked").order_by("id")
        assert [one.subject_label for one in looks] == [address, f"/t/{tenant.slug}/accounts?q=Tan"]
        assert {one.subject_id for one in looks} == {made.id}
    await make.sign_in(client, chief.person_id)
    page = await client.get(f"/t/{tenant.slug}/support")
    inspect(page.text)
    assert address in page.text
    assert WHY in page.text
    assert "bank looks in" in (await client.get(f"/t/{tenant.slug}")).text


async def test_the_institution_ends_it_at_once(client, bank, officer, tenant):
    chief, reader = await make.staff(tenant), await make.staff(tenant, "reader")
    made = await opened(bank, officer, tenant)
    here = f"/t/{tenant.slug}"
    await make.sign_in(client, reader.person_id)
    assert (await client.post(f"{here}/support/{made.id}/ending")).status_code == 403
    await make.sign_in(client, chief.person_id)
    assert (await client.post(f"{here}/support/{made.id}/ending")).status_code == 303
    await make.sign_in(client, officer.person_id)
    assert (await client.get(here)).status_code == 404


async def test_an_access_ends_by_itself(client, bank, officer, tenant):
    made = await opened(bank, officer, tenant)
    async with open_scope(bank_scope(bank.id)):
        await SupportAccess.filter(id=made.id).update(until=datetime.now(UTC) - timedelta(seconds=1))
    await make.sign_in(client, officer.person_id)
    assert (await client.get(f"/t/{tenant.slug}")).status_code == 404


async def test_setting_up_moves_no_money_and_gives_no_rights(client, bank, officer, tenant):
    await opened(bank, officer, tenant, "write")
    allowed = support_permissions("write")
    assert not {
        p for p in allowed if p.startswith(("refunds", "payments.take", "people.write", "runs.issue"))
    }
    await make.sign_in(client, officer.person_id)
    assert (await client.get(f"/t/{tenant.slug}/imports")).status_code == 200


async def test_who_may_open_one(bank, tenant, officer):
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await services.open_access(manager, tenant.id, reason=WHY, hours=1, level="read")
    await opened(bank, officer, tenant)
    with pytest.raises(Conflict):
        await opened(bank, officer, tenant)


async def test_somebody_of_the_union_looks_in_only_by_an_access_of_the_bank(
    client, bank, officer, tenant, union
):
    """Three people: the supervisor for whom it is opened, a colleague of the union, and somebody of another bank."""
    supervisor = await make.bank_staff(union, "union_supervisor", "Qiao Hui")
    other = await make.bank_staff(union, "union_supervisor", "Somebody Else")
    clerk = await make.bank_staff(union, "relationship_manager", "No Supervisor")
    async with open_scope(bank_scope(bank.id)):
        found = {one.name: str(one.id) for one in await services.of_union(officer)}
        assert set(found) == {"Qiao Hui", "Somebody Else"}
        with pytest.raises(Invalid, match="looks only"):
            await services.open_access(
                officer, tenant.id, reason=WHY, hours=1, level="write", who=found["Qiao Hui"]
            )
        with pytest.raises(Invalid, match="from the list"):
            await services.open_access(
                officer, tenant.id, reason=WHY, hours=1, level="read", who=str(clerk.person_id)
            )
    here = f"/t/{tenant.slug}"
    await make.sign_in(client, supervisor.person_id)
    assert (await client.get(here)).status_code == 404
    await make.sign_in(client, officer.person_id)
    sent = {"reason": WHY, "hours": "2", "level": "read", "who": found["Qiao Hui"]}
    door = f"/bank/{bank.slug}/tenants/{tenant.id}/support"
    inspect((await client.get(door)).text)
    assert (await client.post(door, data=sent)).headers["location"] == door
    assert (await client.get(here)).status_code == 404, "it is not the officer's"
    await make.sign_in(client, supervisor.person_id)
    assert (await client.get(f"{here}/accounts")).status_code == 200
    assert (await client.post(f"{here}/accounts", data={})).status_code == 403
    assert (await client.get(f"/bank/{bank.slug}/tenants/{tenant.id}")).status_code == 404
    assert here in (await client.get("/home")).text
    async with open_scope(tenant_scope(tenant.id)):
        looks = await Audit.filter(tenant_id=tenant.id, act="support.looked")
        assert {one.person_name for one in looks} == {"Qiao Hui"}
        assert "Provincial Union" in (await Notice.get(template="support")).body
    await make.sign_in(client, other.person_id)
    assert (await client.get(here)).status_code == 404


async def test_a_stranger_institution_ends_nobody_elses(bank, officer, tenant):
    made = await opened(bank, officer, tenant)
    stranger = await make.staff(await make.tenant(bank))
    async with open_scope(tenant_scope(stranger.tenant_id)):
        with pytest.raises(NotFound):
            await services.end_access(stranger, made.id)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_banks_form(client, bank, officer, tenant, language):
    await make.sign_in(client, officer.person_id)
    here = f"/bank/{bank.slug}/tenants/{tenant.id}/support"
    inspect((await client.get(here, headers={"Accept-Language": language})).text)
    wrong = await client.post(here, data={"reason": "short", "hours": "2", "level": "read"})
    assert wrong.status_code == 422
    sent = await client.post(here, data={"reason": WHY, "hours": "2", "level": "read"})
    assert sent.headers["location"] == f"/t/{tenant.slug}"
    page = await client.get(here, headers={"Accept-Language": language})
    inspect(page.text)
