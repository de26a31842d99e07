"""Institutions on every stage of their way in, taken there by the bank's own people through the product's services."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fpdf import FPDF

from deploy.seed import people
from deploy.seed.bank import Founded
from deploy.seed.cast import APPLICANTS, MARKET, SEAVIEW, TENGAH, Employee, Institution, every_employee
from tenants import invitations
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import (
    AccountProof,
    Application,
    Bank,
    GateCheck,
    Membership,
    Notice,
    Role,
    Tenant,
)
from tenants.onboarding import findings, gate, papers, services
from tenants.onboarding import people as naming
from tenants.onboarding.checklist import BEFORE_LIVE, DOCUMENT_KINDS, REQUIRED_DOCUMENTS, REQUIRED_PEOPLE
from tenants.onboarding.forms import ApplicationForm
from tenants.scope import bank_scope, open_scope, tenant_scope

BRANCH = "102"
ESTABLISHED = timedelta(days=140)
"""How long ago the institutions with a past were approved."""
RETURNED = (
    "The proof of the settlement account names another holder. Please upload the bank's own confirmation."
)
_PASSPORT = "K1234567N"
_LINK = re.compile(r"/invitations/(\S+)")


async def onboard(bank: Founded, issuer: str) -> None:
    """Bring every institution as far as its story goes, in the bank's open scope."""
    manager, reviewer = bank.staff["relationship_manager"], bank.staff["reviewer"]
    branch = bank.branches[BRANCH]
    for institution in (TENGAH, MARKET, SEAVIEW):
        await _let_in(bank, institution)
    for institution in (TENGAH, MARKET):
        await _employ(bank, institution, issuer)
    await submitted(manager, branch, APPLICANTS["submitted"])
    back = await submitted(manager, branch, APPLICANTS["returned"])
    await services.send_back(reviewer, back.id, back.version, RETURNED)
    draft = await services.create(manager, _form(APPLICANTS["draft"], branch))
    await _add_document(manager, draft, "licence")


async def found_one(bank: Founded, institution: Institution, issuer: str) -> Tenant:
    """Take one institution through its application and its staff through their invitations."""
    await _let_in(bank, institution)
    await _employ(bank, institution, issuer)
    return await Tenant.get(slug=institution.slug)


async def _let_in(bank: Founded, institution: Institution) -> None:
    """Take an institution through everything that the bank asks for, until its payers can pay."""
    tenant = await approved(bank, institution)
    contact = Actor(kind="staff", name=institution.administrator, tenant_id=tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        for key in BEFORE_LIVE:
            await gate.pass_step(contact, tenant, key)
    await gate.go_live(bank.staff["reviewer"], tenant.id)


async def approved(bank: Founded, institution: Institution) -> Tenant:
    """Take an institution up to the gate: handed in, its account proven, looked at, and approved."""
    manager, reviewer = bank.staff["relationship_manager"], bank.staff["reviewer"]
    made = await submitted(manager, bank.branches[BRANCH], institution)
    await prove(made)
    await findings.run_checks(reviewer, made.id)
    return await services.approve(reviewer, made.id, made.version)


async def prove(found: Application) -> None:
    """Have the account of an application be proven by the cents that came from it, unless it is."""
    if await AccountProof.exists(bank_id=found.bank_id, application_id=found.id):
        return
    now = datetime.now(UTC)
    await AccountProof.create(
        id=new_id(),
        bank_id=found.bank_id,
        application_id=found.id,
        direction="in",
        status="proven",
        reference=f"AP{found.id.hex[-10:].upper()}",
        currency=found.currency,
        amount_minor=37,
        account_hash=found.account_hash,
        account_mask=found.settlement_account_number,
        until=now + timedelta(days=7),
        begun_by_name=found.created_by_name,
        proven_at=now,
    )


async def submitted(manager: Actor, branch: UUID, institution: Institution) -> Application:
    """Open an institution's application with its people and documents, and hand it in."""
    made = await services.create(manager, _form(institution, branch))
    await _name_people(manager, made)
    for kind in DOCUMENT_KINDS:
        if kind in REQUIRED_DOCUMENTS[institution.kind]:
            await _add_document(manager, made, kind)
    return await services.submit(manager, made.id, made.version)


async def _name_people(manager: Actor, found: Application) -> None:
    """Name everybody whom the list asks for; one person is all of them, as in many small firms."""
    for role in sorted(REQUIRED_PEOPLE[found.kind]):
        await naming.add(
            manager,
            found.id,
            naming.PersonForm(
                role=role, name=found.legal_representative, id_kind="passport", id_number=_PASSPORT,
                id_expires_on=None, share_percent=100 if role == "owner" else None,
            ),
        )  # fmt: skip


def _form(institution: Institution, branch: UUID) -> ApplicationForm:
    digits = sum(institution.slug.encode()) * 7_919 % 10_000_000
    return ApplicationForm(
        branch_id=branch,
        legal_name=institution.legal_name,
        short_name=institution.short_name,
        slug=institution.slug,
        kind=institution.kind,
        uscc=institution.uscc,
        legal_representative=institution.representative,
        contact_name=institution.administrator,
        contact_email=institution.email,
        contact_phone=institution.phone,
        administrator_name=institution.administrator,
        administrator_email=institution.email,
        scenario=institution.scenario,
        currency="SGD",
        timezone="Asia/Singapore",
        locale="en",
        settlement_bank_code="HARBSGSG",
        settlement_account_name=institution.legal_name,
        settlement_account_number=f"102{digits:07d}",
    )


async def _add_document(manager: Actor, application: Application, kind: str) -> None:
    await papers.add_document(
        manager,
        application.id,
        kind=kind,
        filename=f"{application.slug}-{kind.replace('_', '-')}.pdf",
        content_type="application/pdf",
        content=io.BytesIO(paper(DOCUMENT_KINDS[kind], application.legal_name, application.uscc)),
    )


def paper(title: str, name: str, code: str) -> bytes:
    """Return a one-page PDF that stands for a document of the demonstration."""
    pdf = FPDF()
    pdf.add_page()
    for size, text in ((18, title), (14, name), (12, code), (10, "A document of the demonstration.")):
        pdf.set_font("Helvetica", size=size)
        pdf.cell(text=text.replace("’", "'"), new_x="LMARGIN", new_y="NEXT", h=12)
    return bytes(pdf.output())


async def _employ(bank: Founded, institution: Institution, issuer: str) -> None:
    """Have everybody of the institution take up an invitation: the administrator the bank's, the others theirs."""
    tenant = await Tenant.get(slug=institution.slug)
    chief: Actor | None = None
    for one in (each for each in every_employee() if each.institution is institution):
        actor = people.actor("payer", one.name, await people.employee(one, issuer), one.email)
        if chief is None:
            await _take_up(actor, await _sent_to(tenant, institution.email), institution, bank.bank)
            chief = await staff_actor(tenant, one)
            continue
        async with open_scope(tenant_scope(tenant.id)):
            invited = await invitations.invite(chief, role=one.role, name=one.name, email=one.email)
        await _take_up(actor, _token(invited.url), institution, bank.bank)


async def _sent_to(tenant: Tenant, email: str) -> str:
    """Return the token of the invitation that the approval has sent; only the message has it."""
    async with open_scope(tenant_scope(tenant.id)):
        sent = await Notice.get(tenant_id=tenant.id, template="invitation", recipient=email)
    return _token(sent.body)


def _token(text: str) -> str:
    found = _LINK.search(text)
    if found is None:
        raise ValueError("an invitation without its link")
    return found[1]


async def _take_up(actor: Actor, token: str, institution: Institution, bank: Bank) -> None:
    await invitations.accept(replace(actor, company=people.company(institution, bank.id)), token)


async def staff_actor(tenant: Tenant, one: Employee) -> Actor:
    """Return an employee who has just signed in, with the rights of their role."""
    async with open_scope(tenant_scope(tenant.id)):
        role = await Role.get(tenant_id=tenant.id, key=one.role)
        held = await Membership.filter(
            tenant_id=tenant.id, role_id=role.id, name=one.name, ended_at=None
        ).get()
    return people.actor(
        "staff",
        one.name,
        held.person_id,
        one.email,
        tenant_id=tenant.id,
        permissions=frozenset(role.permissions),
        roles=(role.name,),
        refund_limit_minor=role.refund_limit_minor,
        adjustment_limit_minor=role.adjustment_limit_minor,
        place={"slug": tenant.slug, "scenarios": tenant.scenarios, "timezone": tenant.timezone},
    )


async def age(bank: Bank, tenants: Sequence[Tenant]) -> None:
    """Let the institutions with a past have been there all the time."""
    since = datetime.now(UTC) - ESTABLISHED
    ids = [tenant.id for tenant in tenants]
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id__in=ids).update(created_at=since, live_at=since)
        await GateCheck.filter(bank_id=bank.id, tenant_id__in=ids).update(passed_at=since)
        approved = Application.filter(bank_id=bank.id, approved_tenant_id__in=ids)
        await approved.update(
            created_at=since - timedelta(days=9), submitted_at=since - timedelta(days=6), decided_at=since
        )
