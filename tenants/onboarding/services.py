"""An application's way: opened by one person of the bank, decided by another, ending in a tenant."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from tenants import audit, invitations
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.reach import bank_of, sees_branch
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.models import Application, ApplicationDocument, BankPolicy, Branch, BulkFile, Tenant
from tenants.onboarding.accounts import columns_of, number_of
from tenants.onboarding.checklist import MOVES
from tenants.onboarding.completeness import check_before_approval, check_before_submit
from tenants.onboarding.forms import ApplicationForm
from tenants.onboarding.gate import open_gate
from tenants.onboarding.snapshots import snapshot
from tenants.provisioning import Settlement, provision
from tenants.scope import bank_scope, open_scope, row, tenant_scope, value
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

OPEN = ("draft", "returned")
NOBODY = UUID(int=0)
"""Who opened what came in from outside: nobody of the bank."""
MONTH = 30
"""Days."""


async def get(actor: Actor, application_id: UUID) -> Application:
    """Return one application of the actor's bank; ``NotFound`` for any other."""
    found = await Application.get_or_none(bank_id=bank_of(actor), id=application_id)
    if found is None or not await sees_branch(actor, found.branch_id):
        raise NotFound("application.not_found", t("There is no such application."))
    return found


async def editable(actor: Actor, application_id: UUID) -> Application:
    """Return an application that may still be changed by this actor; ``Conflict`` once it is out of their hands."""
    actor.require("applications.write")
    found = await get(actor, application_id)
    if found.status not in OPEN:
        raise Conflict("application.closed", t("This application can no longer be changed."))
    return found


async def create(actor: Actor, given: ApplicationForm, **more: Any) -> Application:
    """Open an application as a draft; ``more`` says where it comes from when nobody of the bank has typed it."""
    actor.require("applications.write")
    await _check_place(actor, given)
    try:
        async with open_scope(bank_scope(bank_of(actor))):
            made = await Application.create(
                id=new_id(),
                bank_id=bank_of(actor),
                number=await _next_number(bank_of(actor)),
                created_by=actor.person_id or NOBODY,
                created_by_name=actor.name,
                **columns_of(given),
                **more,
            )
    except IntegrityError:
        raise _already_open() from None
    await record(actor, made, "application.opened", after=_facts(made))
    return made


async def update(actor: Actor, application_id: UUID, version: int, given: ApplicationForm) -> Application:
    """Change a draft or returned application; refused when somebody else changed it meanwhile."""
    actor.require("applications.write")
    found = await _locked(actor, application_id, version)
    if found.status not in OPEN:
        raise Conflict("application.closed", t("This application can no longer be changed."))
    await _check_place(actor, given)
    before = _facts(found)
    found.update_from_dict(columns_of(given))
    found.version += 1
    found.checked_at = None
    try:
        async with open_scope(bank_scope(bank_of(actor))):
            await found.save()
    except IntegrityError:
        raise _already_open() from None
    await record(actor, found, "application.changed", before=before, after=_facts(found))
    return found


async def document(actor: Actor, application_id: UUID, document_id: UUID) -> ApplicationDocument:
    """Return one document of an application the actor may see."""
    found = await get(actor, application_id)
    made = await ApplicationDocument.get_or_none(
        bank_id=found.bank_id, application_id=found.id, id=document_id
    )
    if made is None:
        raise NotFound("document.not_found", t("There is no such document."))
    return made


async def submit(actor: Actor, application_id: UUID, version: int) -> Application:
    """Hand a complete application to the reviewers."""
    actor.require("applications.write")
    found = await _locked(actor, application_id, version)
    await check_before_submit(found)
    found.submitted_at = datetime.now(UTC)
    found.earlier_facts, found.sent_facts = found.sent_facts, await snapshot(found)
    return await _move(actor, found, "submit")


async def withdraw(actor: Actor, application_id: UUID, version: int) -> Application:
    """End an application that goes no further."""
    actor.require("applications.write")
    return await _move(actor, await _locked(actor, application_id, version), "withdraw")


async def send_back(actor: Actor, application_id: UUID, version: int, reasons: str) -> Application:
    """Return a submitted application to its applicant with reasons."""
    return await _move(actor, await _to_decide(actor, application_id, version), "return", reasons)


async def reject(actor: Actor, application_id: UUID, version: int, reasons: str) -> Application:
    """End a submitted application with reasons."""
    return await _move(actor, await _to_decide(actor, application_id, version), "reject", reasons)


async def approve(actor: Actor, application_id: UUID, version: int) -> Tenant:
    """Make the tenant, everything it needs on its first day and its administrator's invitation, all or nothing.

    The approver is another person than the applicant, has signed in strongly and recently, and approves exactly
    the version they have read.
    """
    found = await _to_decide(actor, application_id, version)
    actor.require_fresh()
    return await _become(actor, found, await check_before_approval(found))


async def _become(actor: Actor, found: Application, policy: BankPolicy) -> Tenant:
    """Make the tenant of an application that was looked at, in one transaction."""
    try:
        async with open_scope(bank_scope(bank_of(actor))):
            tenant = await _make_tenant(found, policy)
            await open_gate(tenant, policy)
    except IntegrityError:
        raise Conflict(
            "tenant.slug_taken",
            t(
                "The name “{slug}” is taken in addresses. Return the application and choose another.",
                slug=found.slug,
            ),
        ) from None
    found.approved_tenant_id = tenant.id
    await _move(actor, found, "approve")
    async with open_scope(tenant_scope(tenant.id)):
        await provision(actor, tenant, _settlement(found))
        await invitations.invite(
            actor.within(tenant.id),
            role="administrator",
            name=found.administrator_name,
            email=found.administrator_email,
        )
        await audit.record(
            actor,
            "tenant.approved",
            subject_kind="tenant",
            subject_id=tenant.id,
            subject_label=tenant.name,
            after={"application": found.number, "scenarios": tenant.scenarios},
            tenant_id=tenant.id,
        )
    return tenant


async def take_on(actor: Actor, file: BulkFile, given: ApplicationForm) -> tuple[Application, Tenant]:
    """Take one row of a file on that another person has approved; it is live at once, its file being its gate."""
    made = await create(actor, given, source="file")
    made.created_by, made.created_by_name = file.uploaded_by, file.uploaded_by_name
    made.status, made.submitted_at = "submitted", datetime.now(UTC)
    policy = await policy_of(made.bank_id)
    policy.before_live = []
    tenant = await _become(actor, made, policy)
    made.decided_by, made.decided_by_name = file.decided_by, file.decided_by_name
    await made.save(update_fields=["decided_by", "decided_by_name"])
    return made, tenant


async def _make_tenant(found: Application, policy: BankPolicy) -> Tenant:
    now = datetime.now(UTC)
    is_live = not policy.before_live
    return await Tenant.create(
        id=new_id(),
        bank_id=found.bank_id,
        branch_id=found.branch_id,
        slug=found.slug,
        name=found.legal_name,
        short_name=found.short_name,
        kind=found.kind,
        uscc=found.uscc,
        legal_representative=found.legal_representative,
        contact_name=found.contact_name,
        contact_email=found.contact_email,
        contact_phone=found.contact_phone,
        scenarios=[found.scenario],
        currency=found.currency,
        timezone=found.timezone,
        locale=found.locale,
        status="live" if is_live else "approved",
        live_at=now if is_live else None,
        takes_payments=is_live,
        manager_id=None if found.created_by == NOBODY else found.created_by,
        manager_name="" if found.created_by == NOBODY else found.created_by_name,
        review_on=await today_at_bank(found.bank_id) + timedelta(days=policy.review_months * MONTH),
    )


def _settlement(found: Application) -> Settlement:
    return Settlement(
        bank_code=found.settlement_bank_code,
        account_name=found.settlement_account_name,
        account_number=number_of(found),
        currency=found.currency,
    )


async def _to_decide(actor: Actor, application_id: UUID, version: int) -> Application:
    actor.require("applications.decide")
    found = await _locked(actor, application_id, version)
    if found.created_by == actor.person_id:
        raise Forbidden(
            "application.own", t("Somebody else must decide on an application you opened yourself.")
        )
    return found


async def _locked(actor: Actor, application_id: UUID, version: int) -> Application:
    await get(actor, application_id)
    found = await Application.select_for_update().get(bank_id=bank_of(actor), id=application_id)
    if found.version != version:
        raise Conflict(
            "application.moved_on",
            t("Somebody changed this application while you had it open. Look at it again, then decide."),
        )
    return found


async def _move(actor: Actor, found: Application, act: str, reasons: str = "") -> Application:
    target = MOVES.get((found.status, act))
    if target is None:
        raise Conflict("application.state", t("This is not possible any more: the application has moved on."))
    before = found.status
    found.status, found.reasons = target, reasons
    found.version += 1
    if act in {"return", "approve", "reject"}:
        found.decided_by, found.decided_by_name = actor.person_id, actor.name
        found.decided_at = datetime.now(UTC)
    await found.save()
    after: dict[str, Any] = {"status": target} | ({"reasons": reasons} if reasons else {})
    await record(actor, found, f"application.{target}", before={"status": before}, after=after)
    return found


async def _check_place(actor: Actor, given: ApplicationForm) -> None:
    there = await Branch.exists(bank_id=bank_of(actor), id=given.branch_id)
    if not there or not await sees_branch(actor, given.branch_id):
        raise Invalid(
            "application.branch",
            t("Choose one of your branches."),
            fields={"branch_id": t("Choose one of your branches.")},
        )


async def _next_number(bank_id: UUID) -> str:
    """Return the next number of the year, one at a time per bank."""
    found = await row(
        "select pg_advisory_xact_lock(hashtextextended($1::text, 7)), to_char(now(), 'YYYY') as year",
        str(bank_id),
    )
    year = found["year"] if found else ""
    last = await value(
        "select max(number) from tenants_application where bank_id = $1 and number like $2",
        bank_id,
        f"{year}-%",
    )
    return f"{year}-{int(str(last).split('-')[1]) + 1 if last else 1:05d}"


def _already_open() -> Invalid:
    text = t("There is already an open application with this credit code for the same industry cloud.")
    return Invalid("application.duplicate", text, fields={"uscc": text})


def _facts(found: Application) -> dict[str, Any]:
    """Return what the audit trail keeps; the settlement account only by its last digits."""
    facts = {name: getattr(found, name) for name in ApplicationForm.model_fields}
    return facts | {"branch_id": str(found.branch_id)}


async def record(
    actor: Actor,
    found: Application,
    act: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an act on an application into the trail."""
    await audit.record(
        actor,
        act,
        subject_kind="application",
        subject_id=found.id,
        subject_label=f"{found.number} {found.legal_name}",
        before=before,
        after=after,
    )
