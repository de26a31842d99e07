"""Letters about what a bank decided: to the vendor, to the institutions that use an app, and to nobody else."""

import pytest

from integrations.apps.vendors import review, services
from tenants import notices
from tenants.models import Notice, Person, Tenant
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import apps, make
from ui.errors import Invalid


@pytest.fixture
async def stage(db, bank):
    """A vendor with a sandbox whose app one institution uses and another does not."""
    sandbox = await make.tenant(bank, slug="ven-sandbox", locale="zh_CN")
    vendor = await apps.vendor(bank, sandbox_tenant_ids=[sandbox.id], contact_email="dev@vendor.example")
    app = await apps.listed(vendor)
    user, other = await make.tenant(bank), await make.tenant(bank, locale="zh_CN")
    for tenant in (user, other):
        await make.staff(tenant, "administrator")
        await make.staff(tenant, "cashier")
    await apps.install(user, app)
    return vendor, app, sandbox, user, other


async def letters(tenant):
    """The letters in their order: a test is one transaction with one time, but ids tell."""
    async with open_scope(tenant_scope(tenant.id)):
        found = await Notice.filter(tenant_id=tenant.id, template="app_decision").order_by("id")
    return [(one.recipient, one.subject, one.body) for one in found]


async def decide(bank, app, becomes, reasons=""):
    reviewer = await make.bank_staff(bank)
    async with open_scope(bank_scope(bank.id)):
        return await review.decide(reviewer, app.listed_version_id, becomes, reasons=reasons)


async def test_a_suspension_is_told_to_the_vendor_and_to_those_who_use_the_app(stage, bank):
    _, app, sandbox, user, other = stage
    await decide(bank, app, "suspended", "It sent mail to payers.")
    ((recipient, subject, body),) = await letters(sandbox)
    assert (recipient, subject) == ("dev@vendor.example", "E-invoice已被暂停")
    assert "It sent mail to payers." in body
    assert f"/vendor/{stage[0].slug}/apps/{app.id}" in body
    ((recipient, subject, body),) = await letters(user)
    assert (recipient, subject) == ("administrator@example.com", "E-invoice cannot be opened for now")
    assert "It sent mail to payers." not in body, "what the reviewer wrote is for the vendor"
    assert f"/t/{user.slug}/apps/" in body
    assert await letters(other) == []
    await decide(bank, app, "listed")
    assert [one[1] for one in await letters(user)][1:] == ["E-invoice can be opened again"]
    assert [one[1] for one in await letters(sandbox)][1:] == ["E-invoice已恢复"]


async def test_a_suspended_vendor_and_its_users_are_told(stage, bank):
    vendor, _, sandbox, user, other = stage
    reviewer = await make.bank_staff(bank)
    async with open_scope(bank_scope(bank.id)):
        await services.decide(reviewer, vendor.id, "suspended", reasons="No answer for a month.")
    assert "No answer for a month." in (await letters(sandbox))[0][2]
    assert len(await letters(user)) == 1
    assert await letters(other) == []


async def test_nobody_is_told_of_a_decision_that_was_not_made(stage, bank):
    _, app, sandbox, user, _ = stage
    with pytest.raises(Invalid):
        await decide(bank, app, "suspended")
    assert await letters(sandbox) == await letters(user) == []


async def test_a_refused_vendor_reads_why_once_the_decision_stands(db, bank, monkeypatch):
    sent: list[tuple[str, str, str]] = []

    async def send(_channel, recipient, subject, body):
        sent.append((recipient, str(subject), str(body)))

    monkeypatch.setattr(notices, "send", send)
    owner = await make.person("Vera Ng")
    async with open_scope(person_scope(owner.id)):
        await Person.filter(id=owner.id).update(locale="zh_CN")
    given = {"status": "registered", "created_by": owner.id, "contact_email": "vera@vendor.example"}
    vendor, reviewer = await apps.vendor(bank, **given), await make.bank_staff(bank)
    with pytest.raises(Invalid):
        async with open_scope(bank_scope(bank.id)):
            await services.decide(reviewer, vendor.id, "refused")
    async with open_scope(bank_scope(bank.id)):
        await services.decide(reviewer, vendor.id, "refused", reasons="No business licence for software.")
        assert sent == [], "nothing is said before it is so"
    ((recipient, subject, body),) = sent
    assert (recipient, subject) == ("vera@vendor.example", f"{vendor.name} 未获准入")
    assert "No business licence for software." in body
    assert f"/vendor/{vendor.slug}" in body


async def test_an_admission_is_told_in_the_language_of_whoever_registered(db, bank):
    owner = await make.person("Chen Jie")
    async with open_scope(person_scope(owner.id)):
        await Person.filter(id=owner.id).update(locale="zh_CN")
    vendor = await apps.vendor(bank, status="registered", created_by=owner.id)
    reviewer = await make.bank_staff(bank)
    async with open_scope(bank_scope(bank.id)):
        made = await services.decide(reviewer, vendor.id, "admitted")
        sandbox = await Tenant.get(id=made.sandbox_tenant_ids[0])
    assert [one[1] for one in await letters(sandbox)] == [f"{vendor.name} 已获准入"]
