"""Invitations: a link, a company login that matches, one membership; everybody else is told what is wrong."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenants import invitations, jobs, models
from tenants.actor import Actor, StepUp
from tenants.navigation import start_of
from tenants.scope import open_scope, person_scope, rows, tenant_scope
from tests import make
from tests.page import inspect
from ui.errors import Conflict, Forbidden, Invalid, NotFound


def company_of(tenant: models.Tenant, **changed: str) -> dict[str, str]:
    return {
        "bank_id": str(tenant.bank_id),
        "enterprise_id": "ent-1",
        "name": tenant.name,
        "uscc": tenant.uscc,
        "legal_representative": "Chen Wei",
        "operator_role": "authoriser",
    } | changed


async def invited(tenant: models.Tenant, role: str = "cashier", email: str = "kim@example.com"):
    admin = await make.staff(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        found = await invitations.invite(admin, role=role, name="Kim Ng", email=email)
    return admin, found, found.url.rsplit("/", 1)[1]


async def operator(tenant: models.Tenant, **changed: str) -> Actor:
    who = await make.person("Kim Ng")
    return replace(make.payer(who), method="bank", company=company_of(tenant, **changed))


async def accept(actor: Actor, token: str) -> invitations.Offer:
    async with open_scope(person_scope(actor.person_id)):
        return await invitations.accept(actor, token)


async def memberships(tenant: models.Tenant, person_id) -> int:
    async with open_scope(tenant_scope(tenant.id)):
        return await models.Membership.filter(tenant_id=tenant.id, person_id=person_id).count()


async def test_accepting_makes_the_member_once_with_a_trail_and_an_event(db, bank, monkeypatch):
    announced = []

    async def listen(event, payload):
        announced.append((event, payload))

    monkeypatch.setattr(jobs, "publish", listen)
    tenant = await make.tenant(bank)
    admin, _, token = await invited(tenant)
    kim = await operator(tenant)
    offer = await accept(kim, token)
    assert offer.tenant.slug == tenant.slug
    async with open_scope(tenant_scope(tenant.id)):
        member = await models.Membership.get(tenant_id=tenant.id, person_id=kim.person_id)
        role = await models.Role.get(tenant_id=tenant.id, id=member.role_id)
        trail = await rows("select act, person_id from tenants_audit order by created_at, id")
    assert (role.key, member.email) == ("cashier", "kim@example.com")
    assert announced == [("membership.created", {"membership_id": str(member.id)})]
    assert [(row["act"], row["person_id"]) for row in trail][-2:] == [
        ("invitation.sent", admin.person_id),
        ("membership.created", kim.person_id),
    ]
    with pytest.raises(Conflict):
        await accept(kim, token)
    assert await memberships(tenant, kim.person_id) == 1


@pytest.mark.parametrize(
    ("changed", "obstacle"),
    [({"uscc": "91350100M000100Y43"}, "other_company"), ({"bank_id": "another"}, "other_bank")],
)
async def test_another_company_or_bank_is_refused(db, bank, changed, obstacle):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant)
    stranger = await operator(tenant, **changed)
    assert invitations.obstacle(await invitations.look(token), stranger) == obstacle
    with pytest.raises(Forbidden):
        await accept(stranger, token)
    assert await memberships(tenant, stranger.person_id) == 0


async def test_an_e_mail_address_makes_nobody_a_member(db, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant, email="ann@example.com")
    ann = replace(make.payer(await make.person("Ann", email="ann@example.com")), email="ann@example.com")
    for actor in (ann, replace(ann, method="code", company=company_of(tenant))):
        with pytest.raises(Forbidden):
            await accept(actor, token)
    assert await memberships(tenant, ann.person_id) == 0


async def test_a_weak_sign_in_is_asked_to_step_up(db, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant)
    with pytest.raises(StepUp):
        await accept(replace(await operator(tenant), level=1), token)


async def test_revoked_expired_and_unknown_links_open_nothing(db, bank):
    tenant = await make.tenant(bank)
    admin, found, token = await invited(tenant)
    kim = await operator(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await models.Invitation.filter(tenant_id=tenant.id).update(
            expires_at=datetime.now(UTC) - timedelta(seconds=1)
        )
    with pytest.raises(Conflict):
        await accept(kim, token)
    async with open_scope(tenant_scope(tenant.id)):
        renewed = await invitations.resend(admin, found.invitation.id)
    assert await invitations.look(token) is None
    async with open_scope(tenant_scope(tenant.id)):
        await invitations.revoke(admin, found.invitation.id)
    assert (await invitations.look(renewed.url.rsplit("/", 1)[1])).state == "revoked"
    with pytest.raises(Conflict):
        await accept(kim, renewed.url.rsplit("/", 1)[1])
    with pytest.raises(NotFound):
        await accept(kim, "unknown")


async def test_only_those_with_the_right_invite_in_their_own_institution(db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    admin, found, _ = await invited(tenant)
    cashier, stranger = await make.staff(tenant, "cashier"), await make.staff(other)
    async with open_scope(tenant_scope(tenant.id)):
        for act in (
            invitations.invite(cashier, role="cashier", name="x", email="x@example.com"),
            invitations.resend(cashier, found.invitation.id),
            invitations.revoke(cashier, found.invitation.id),
            invitations.waiting(cashier),
        ):
            with pytest.raises(Forbidden):
                await act
        with pytest.raises(StepUp):
            await invitations.invite(replace(admin, level=1), role="cashier", name="x", email="x@example.com")
        assert [row["email"] for row in await invitations.waiting(admin)] == ["kim@example.com"]
    async with open_scope(tenant_scope(other.id)):
        with pytest.raises(NotFound):
            await invitations.revoke(stranger, found.invitation.id)
        assert await invitations.waiting(stranger) == []


async def test_the_bank_s_reviewer_invites_the_first_administrator(db, bank):
    tenant, reviewer = await make.tenant(bank), await make.bank_staff(bank, "reviewer")
    manager = await make.bank_staff(bank, "relationship_manager")
    async with open_scope(tenant_scope(tenant.id)):
        await invitations.invite(
            reviewer.within(tenant.id), role="administrator", name="A", email="a@x.example"
        )
        with pytest.raises(Forbidden):
            await invitations.invite(manager, role="administrator", name="B", email="b@x.example")


async def test_what_cannot_be_invited_is_said_at_its_field(db, bank):
    tenant = await make.tenant(bank)
    admin, _, _ = await invited(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        with pytest.raises(Invalid) as twice:
            await invitations.invite(admin, role="cashier", name="Kim", email="KIM@example.com")
        assert list(twice.value.fields) == ["email"]
        with pytest.raises(Invalid) as role:
            await invitations.invite(admin, role="emperor", name="Kim", email="k@example.com")
        assert list(role.value.fields) == ["role"]
        await invitations.invite(admin, role="reader", name="Kim", email="kim@example.com")


async def test_the_page_says_what_stands_in_the_way(db, client, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant)
    path = f"/invitations/{token}"
    page = await client.get(path)
    inspect(page.text)
    assert tenant.uscc in page.text
    assert "company login" in page.text
    kim = await make.person("Kim Ng")
    wants = {
        "You are signed in for yourself": {},
        "You are signed in for another company": {"company": company_of(tenant, uscc="91350100M000100Y43")},
        "You are signed in at another bank": {"company": company_of(tenant, bank_id="another")},
        "One more step": {"company": company_of(tenant), "level": 1},
        "Accept the invitation": {"company": company_of(tenant)},
    }
    for words, given in wants.items():
        await make.sign_in(client, kim.id, **given)
        page = await client.get(path)
        inspect(page.text)
        assert words in page.text
        assert page.text.count("Accept the invitation") == (words == "Accept the invitation")
    answer = await client.post(f"{path}/acceptance")
    assert (answer.status_code, answer.headers["location"]) == (303, start_of(tenant.slug))
    used = await client.get(path)
    assert used.status_code == 410
    assert "taken up" in used.text
    inspect(used.text)
    assert (await client.get("/invitations/unknown")).status_code == 404
    assert (await client.post(f"{path}/acceptance")).status_code == 409


async def test_an_old_invitation_says_whom_to_ask(db, client, bank):
    tenant = await make.tenant(bank)
    admin, _, token = await invited(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await models.Invitation.filter(tenant_id=tenant.id).update(expires_at=datetime.now(UTC))
    page = await client.get(f"/invitations/{token}")
    assert page.status_code == 410
    assert f"Ask {admin.name} to send it again" in page.text
    inspect(page.text)


async def test_one_link_used_twice_at_once_makes_one_member(committed, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant)
    actors = [await operator(tenant) for _ in range(4)]
    results = await asyncio.gather(*(accept(actor, token) for actor in actors), return_exceptions=True)
    assert sum(isinstance(result, invitations.Offer) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


async def test_who_works_for_somebody_else_comes_in_by_a_bank_login_of_their_own(db, app, client, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant, role="shopkeeper")
    kim = await make.person("Kim Ng")
    own = company_of(tenant, uscc="91350100M000100Y43", bank_id="another")
    path = f"/invitations/{token}"
    assert "at your bank, for yourself or for your own company" in (await client.get(path)).text
    for words, given in (
        ("One more step", {"level": 1}),
        ("Accept the invitation", {}),
        ("Accept the invitation", {"company": own}),
    ):
        await make.sign_in(client, kim.id, **given)
        page = await client.get(path)
        inspect(page.text)
        assert words in page.text
    offer = await invitations.look(token)
    assert invitations.obstacle(offer, replace(make.payer(kim), method="code")) == "not_bank", (
        "no letter is enough"
    )
    answer = await client.post(f"{path}/acceptance")
    assert answer.status_code == 303
    assert await memberships(tenant, kim.id) == 1


async def test_a_role_for_outsiders_that_was_given_more_is_one_for_insiders(db, app, bank):
    tenant = await make.tenant(bank)
    _, _, token = await invited(tenant, role="shopkeeper")
    async with open_scope(tenant_scope(tenant.id)):
        role = await models.Role.get(tenant_id=tenant.id, key="shopkeeper")
        role.permissions = [*role.permissions, "bills.read"]
        await role.save()
    kim = replace(make.payer(await make.person("Kim Ng")), method="bank")
    with pytest.raises(Forbidden) as refused:
        await accept(kim, token)
    assert refused.value.code == "invitation.not_company"
