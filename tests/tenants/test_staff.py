"""Staff pages: who works here, roles, and work that failed."""

import pytest

from tenants.models import Membership, Outbox, Role
from tenants.scope import open_scope, tenant_scope
from tests import make


@pytest.fixture
async def place(db, bank):
    tenant = await make.tenant(bank)
    return tenant, await make.staff(tenant, "administrator")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_an_administrator_sees_staff_roles_trail_and_work(client, place, language):
    tenant, admin = place
    await make.sign_in(client, admin.person_id)
    for path in ("/staff", "/audit", "/operations"):
        page = await client.get(f"/t/{tenant.slug}{path}", headers={"Accept-Language": language})
        assert page.status_code == 200, (path, page.text[:3000])


async def test_inviting_and_changing_a_role(client, place):
    tenant, admin = place
    await make.sign_in(client, admin.person_id)
    given = {"name": "Kim Ng", "email": "kim@example.com", "role": "cashier"}
    answer = await client.post(f"/t/{tenant.slug}/staff/invitations", data=given)
    assert answer.status_code == 303, answer.text[:3000]
    assert "kim@example.com" in (await client.get(f"/t/{tenant.slug}/staff")).text
    async with open_scope(tenant_scope(tenant.id)):
        role = await Role.get(tenant_id=tenant.id, key="cashier")
    answer = await client.post(
        f"/t/{tenant.slug}/staff/roles/{role.id}",
        data={
            "permissions": ["bills.read", "payments.take"],
            "refund_limit_minor": "12.50",
            "adjustment_limit_minor": "3",
        },
    )
    assert answer.status_code == 303, answer.text[:3000]
    async with open_scope(tenant_scope(tenant.id)):
        changed = await Role.get(tenant_id=tenant.id, id=role.id)
    assert (changed.permissions, changed.refund_limit_minor) == (["bills.read", "payments.take"], 1250)
    assert changed.adjustment_limit_minor == 300


async def test_the_last_administrator_stays(client, place):
    tenant, admin = place
    other = await make.staff(tenant, "finance", "Other")
    await make.sign_in(client, admin.person_id)
    async with open_scope(tenant_scope(tenant.id)):
        last = await Membership.get(tenant_id=tenant.id, person_id=admin.person_id)
        leaver = await Membership.get(tenant_id=tenant.id, person_id=other.person_id)
    refused = await client.post(f"/t/{tenant.slug}/staff/memberships/{last.id}/ending")
    assert refused.status_code == 409
    assert (await client.post(f"/t/{tenant.slug}/staff/memberships/{leaver.id}/ending")).status_code == 303
    await make.sign_in(client, other.person_id)
    assert (await client.get(f"/t/{tenant.slug}/staff")).status_code == 404


async def test_an_old_sign_in_is_asked_to_confirm_before_changing_rights(client, place):
    tenant, admin = place
    await make.sign_in(client, admin.person_id, level=1)
    given = {"name": "Kim Ng", "email": "kim@example.com", "role": "cashier"}
    answer = await client.post(f"/t/{tenant.slug}/staff/invitations", data=given)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in/confirm?next=%2Fresume%2F")


async def test_failed_work_is_seen_and_tried_again(client, place):
    tenant, admin = place
    await make.sign_in(client, admin.person_id)
    async with open_scope(tenant_scope(tenant.id)):
        from datetime import UTC, datetime  # noqa: PLC0415

        work = await Outbox.create(
            tenant_id=tenant.id,
            job="notices.deliver",
            payload={},
            due_at=datetime.now(UTC),
            tries=7,
            error="the mail server said no",
            failed_at=datetime.now(UTC),
        )
    page = await client.get(f"/t/{tenant.slug}/operations")
    assert "the mail server said no" in page.text
    assert (await client.post(f"/t/{tenant.slug}/operations/{work.id}/retry")).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        again = await Outbox.get(tenant_id=tenant.id, id=work.id)
    assert (again.failed_at, again.tries) == (None, 0)
