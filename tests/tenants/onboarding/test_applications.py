"""An institution's application, from a draft to a tenant that is ready."""

import io

import pytest

from tenants.ids import new_id
from tenants.models import Application, Audit, Invitation, Role, Tenant
from tenants.onboarding import papers, services
from tenants.onboarding.forms import ApplicationForm
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.uscc import make as make_uscc
from tests import make
from ui.errors import AppError, Conflict, Forbidden, Invalid

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def facts(bank, **given):
    n = make.serial()
    return {
        "branch_id": str(bank.branch_id),
        "legal_name": "Green Court Management Pte Ltd",
        "short_name": "Green Court",
        "slug": f"green-court-{n}-{new_id().hex[-6:]}",
        "kind": "company",
        "uscc": make_uscc(f"91350100MB0{n:06d}"),
        "legal_representative": "Chen Wei",
        "contact_name": "Lee Hua",
        "contact_email": "lee@green.example",
        "contact_phone": "+65 6123 4567",
        "administrator_name": "Mei Lim",
        "administrator_email": "mei@green.example",
        "scenario": "community",
        "currency": "SGD",
        "timezone": "Asia/Singapore",
        "locale": "en",
        "settlement_bank_code": "HARBSGSG",
        "settlement_account_name": "Green Court Management Pte Ltd",
        "settlement_account_number": "001-234567-8",
    } | given


async def bring(manager, made, kind):
    """Add a paper of a kind to an application, in the bank's open scope."""
    await papers.add_document(
        manager,
        made.id,
        kind=kind,
        filename=f"{kind}.pdf",
        content_type="application/pdf",
        content=io.BytesIO(PDF),
    )


async def submitted(bank, manager, **given) -> Application:
    async with open_scope(bank_scope(bank.id)):
        made = await services.create(manager, ApplicationForm.model_validate(facts(bank, **given)))
        for kind in ("licence", "representative_id", "account_proof"):
            await bring(manager, made, kind)
        return await services.submit(manager, made.id, made.version)


async def test_approval_makes_everything_or_nothing(bank, people):
    manager, reviewer = people
    application = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        tenant = await services.approve(reviewer, application.id, application.version)
        assert (await Application.get(id=application.id)).status == "approved"
        assert await Audit.filter(bank_id=bank.id, subject_id=application.id).count() >= 5
    async with open_scope(tenant_scope(tenant.id)):
        roles = [role.key for role in await Role.filter(tenant_id=tenant.id)]
        general = ["administrator", "cashier", "finance", "front_desk", "reader"]
        assert sorted(roles) == sorted([*general, "technician", "gate", "shopkeeper"])
        assert (await Invitation.get(tenant_id=tenant.id)).email == "mei@green.example"


async def test_nobody_decides_on_their_own_application(bank, people):
    manager, _ = people
    both = await make.bank_staff(bank, "reviewer", "Both")
    both = type(both)(**{**_fields(both), "permissions": both.permissions | manager.permissions})
    application = await submitted(bank, both)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden, match=r"application\.own"):
            await services.approve(both, application.id, application.version)


def _fields(actor):
    return {name: getattr(actor, name) for name in actor.__dataclass_fields__}


async def test_the_colleague_without_the_right_and_the_stranger_cannot_decide(bank, people):
    manager, _ = people
    application = await submitted(bank, manager)
    colleague = await make.bank_staff(bank, "relationship_manager", "Colleague")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await services.approve(colleague, application.id, application.version)
    stranger = await make.staff(await make.tenant(bank))
    async with open_scope(tenant_scope(stranger.tenant_id)):
        with pytest.raises(AppError):
            await services.get(stranger, application.id)


async def test_a_changed_application_is_not_decided_blindly(bank, people):
    manager, reviewer = people
    application = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Conflict, match="moved_on"):
            await services.approve(reviewer, application.id, application.version - 1)


async def test_returned_with_reasons_and_submitted_again(bank, people):
    manager, reviewer = people
    application = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        returned = await services.send_back(
            reviewer, application.id, application.version, "The licence is cut off."
        )
        assert (returned.status, returned.reasons) == ("returned", "The licence is cut off.")
        again = await services.submit(manager, returned.id, returned.version)
        assert again.status == "submitted"


async def test_an_incomplete_application_names_what_is_missing(bank, people):
    manager, _ = people
    async with open_scope(bank_scope(bank.id)):
        made = await services.create(manager, ApplicationForm.model_validate(facts(bank)))
        with pytest.raises(Invalid, match="licence"):
            await services.submit(manager, made.id, made.version)


async def test_a_program_dressed_as_a_document_is_refused(bank, people):
    manager, _ = people
    async with open_scope(bank_scope(bank.id)):
        made = await services.create(manager, ApplicationForm.model_validate(facts(bank)))
        with pytest.raises(Invalid):
            await papers.add_document(
                manager,
                made.id,
                kind="licence",
                filename="licence.pdf",
                content_type="application/pdf",
                content=io.BytesIO(b"MZ\x90\x00 program"),
            )


async def test_one_open_application_per_institution_and_cloud(bank, people):
    manager, _ = people
    application = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid, match="duplicate"):
            await services.create(manager, ApplicationForm.model_validate(facts(bank, uscc=application.uscc)))


async def test_a_failing_part_leaves_no_tenant_behind(bank, people, monkeypatch):
    manager, reviewer = people
    application = await submitted(bank, manager)

    async def fail(*args, **kwargs):
        raise RuntimeError("provisioning broke")

    monkeypatch.setattr(services, "provision", fail)
    with pytest.raises(RuntimeError):
        async with open_scope(bank_scope(bank.id)):
            await services.approve(reviewer, application.id, application.version)
    async with open_scope(bank_scope(bank.id)):
        assert not await Tenant.exists(slug=application.slug)
        assert (await Application.get(id=application.id)).status == "submitted"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_form_keeps_what_was_typed_and_names_the_field(client, bank, people, language):
    manager, _ = people
    await make.sign_in(client, manager.person_id)
    typed = facts(bank, uscc="91350100M000100Y4Z", contact_email="nonsense")
    page = await client.post(
        f"/bank/{bank.slug}/applications", data=typed, headers={"Accept-Language": language}
    )
    assert page.status_code == 422
    assert 'value="Green Court Management Pte Ltd"' in page.text
    assert 'href="#uscc"' in page.text
    assert 'href="#contact_email"' in page.text


async def test_the_whole_way_through_the_pages(client, bank, people):
    manager, reviewer = people
    await make.sign_in(client, manager.person_id)
    base = f"/bank/{bank.slug}"
    made = await client.post(f"{base}/applications", data=facts(bank))
    assert made.status_code == 303, made.text[:3000]
    address = made.headers["location"]
    for kind in ("licence", "representative_id", "account_proof"):
        sent = await client.post(
            f"{address}/documents",
            data={"kind": kind},
            files={"file": (f"{kind}.pdf", PDF, "application/pdf")},
        )
        assert sent.status_code == 303, sent.text[:3000]
    page = await client.get(address)
    assert "licence.pdf" in page.text
    assert (await client.post(f"{address}/submission", data={"version": 1})).status_code == 303
    await make.sign_in(client, reviewer.person_id)
    page = await client.get(address)
    assert "Approve" in page.text
    answer = await client.post(f"{address}/approval", data={"version": 2})
    assert answer.status_code == 303, answer.text[:3000]
    page = await client.get(answer.headers["location"])
    assert "Green Court" in page.text
    for path in ("", "/applications", "/tenants", "/branches", "/staff", "/audit"):
        listed = await client.get(base + path)
        assert listed.status_code == 200, (path, listed.text[:2000])
