"""Asking, deciding and doing: two persons, a frozen request, a cooling-off where the kind has one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from tortoise.exceptions import IntegrityError

from tenants import audit, notices
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.life.kinds import KINDS, Kind
from tenants.models import BankRequest, Tenant
from tenants.onboarding.gate import tenant_of
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.states import Edge, Machine
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import gettext, t

DO_JOB = "tenants.do_bank_request"
STANDS = timedelta(days=30)
"""How long a request waits for its decision; what is older is asked for anew, from what is so then."""
REQUEST = Machine(
    "request",
    "asked",
    {
        "approve": Edge(("asked",), "approved", "another person agrees"),
        "refuse": Edge(("asked",), "refused", "another person does not"),
        "withdraw": Edge(
            ("asked", "approved"), "withdrawn", "whoever asked takes it back, also while it cools off"
        ),
        "do": Edge(("approved",), "done", "its days are over and nothing has changed"),
        "void": Edge(
            ("asked", "approved"),
            "void",
            "what it rests on has changed, or nobody decided within thirty days",
        ),
    },
)


async def ask(actor: Actor, tenant_id: UUID, kind: Kind, form: BaseModel, reason: str) -> BankRequest:
    """Ask for an act about an institution; the contact is told at once where the kind says so.

    Raises:
        Conflict: it is not possible now, or the same is asked for already.
        Invalid: something was chosen that this institution has not.
    """
    actor.require("tenants.write")
    actor.require_fresh()
    tenant = await tenant_of(actor, tenant_id)
    if tenant.status not in kind.statuses:
        raise Conflict("request.state", t("This is not possible for the institution as it stands."))
    await _check_choices(tenant, kind, form)
    try:
        async with open_scope(bank_scope(tenant.bank_id)):
            made = await BankRequest.create(
                id=new_id(),
                bank_id=tenant.bank_id,
                tenant_id=tenant.id,
                kind=kind.key,
                facts=kind.freeze(form),
                seen=kind.seen(tenant),
                reason=reason,
                asked_by=actor.person_id,
                asked_by_name=actor.name[:100],
            )
    except IntegrityError:
        raise Conflict("request.twice", t("The same is asked for already, and not decided yet.")) from None
    await _record(actor, made, tenant, "asked")
    if kind.tells_contact:
        await _tell_contact(actor, tenant, kind)
    return made


async def _check_choices(tenant: Tenant, kind: Kind, form: BaseModel) -> None:
    for name, options in (await kind.choices(tenant)).items():
        if options and getattr(form, name) not in {key for key, _ in options}:
            text = t("Choose one of these.")
            raise Invalid("request.choice", text, fields={name: text})


async def decide(actor: Actor, request_id: UUID, *, is_approved: bool, reason: str) -> BankRequest:
    """Approve or refuse what somebody else has asked for; without a cooling-off it is done at once.

    Raises:
        Forbidden: it is the decider's own.
        Conflict: it is decided already. What it rests on has changed, or it is too old: that voids it.
    """
    actor.require("tenants.decide")
    actor.require_fresh()
    found, tenant = await _locked(actor, request_id)
    if found.asked_by == actor.person_id:
        raise Forbidden("request.own", t("Somebody else must decide on what you asked for yourself."))
    _must_be(found, "asked")
    kind = KINDS[found.kind]
    is_old = found.created_at < datetime.now(UTC) - STANDS
    if is_approved and (is_old or found.seen != kind.seen(tenant)):
        return await _move(actor, found, tenant, "void")
    found.decided_by, found.decided_by_name = actor.person_id, actor.name[:100]
    found.decided_at, found.decision_reason = datetime.now(UTC), reason
    if not is_approved:
        return await _move(actor, found, tenant, "refuse")
    days = (await policy_of(found.bank_id)).cooling_days if kind.has_cooling else 0
    found.not_before = datetime.now(UTC) + timedelta(days=days)
    await _move(actor, found, tenant, "approve")
    if days:
        async with open_scope(tenant_scope(tenant.id)):
            await enqueue(DO_JOB, {"request_id": str(found.id)}, delay=timedelta(days=days))
        return found
    return await _do(actor, found, tenant)


async def withdraw(actor: Actor, request_id: UUID) -> BankRequest:
    """Take back what is not done yet; whoever may ask may."""
    actor.require("tenants.write")
    found, tenant = await _locked(actor, request_id)
    if found.status not in {"asked", "approved"}:
        raise Conflict("request.over", t("This is decided already."))
    return await _move(actor, found, tenant, "withdraw")


async def _do(actor: Actor, found: BankRequest, tenant: Tenant) -> BankRequest:
    kind = KINDS[found.kind]
    if found.seen != kind.seen(tenant):
        return await _move(actor, found, tenant, "void")
    await kind.do(actor, tenant, found)
    await tenant.save()
    found.done_at = datetime.now(UTC)
    return await _move(actor, found, tenant, "do")


@job(DO_JOB, is_transactional=False)
async def do_later(actor: Actor, payload: dict[str, Any]) -> None:
    """Do what has cooled off, unless it was withdrawn meanwhile."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        bank_id = (await Tenant.get(id=actor.tenant_id)).bank_id
    system = Actor(kind="bank", name="Scenario Cloud", bank_id=bank_id)
    async with open_scope(bank_scope(bank_id)):
        found = await BankRequest.select_for_update().get(bank_id=bank_id, id=UUID(payload["request_id"]))
        if found.status == "approved" and found.not_before <= datetime.now(UTC):
            tenant = await Tenant.select_for_update().get(bank_id=bank_id, id=found.tenant_id)
            await _do(system, found, tenant)


async def _locked(actor: Actor, request_id: UUID) -> tuple[BankRequest, Tenant]:
    bank_id = bank_of(actor)
    found = await BankRequest.select_for_update().get_or_none(bank_id=bank_id, id=request_id)
    if found is None:
        raise _not_found()
    tenant = await Tenant.select_for_update().get(bank_id=bank_id, id=found.tenant_id)
    if not await sees_branch(actor, tenant.branch_id):
        raise _not_found()
    return found, tenant


def _not_found() -> NotFound:
    return NotFound("request.not_found", t("There is no such request."))


def _must_be(found: BankRequest, status: str) -> None:
    if found.status != status:
        raise Conflict("request.over", t("This is decided already."))


async def _move(actor: Actor, found: BankRequest, tenant: Tenant, edge: str) -> BankRequest:
    found.status = REQUEST.after(found.status, edge)
    await found.save()
    await _record(actor, found, tenant, found.status)
    return found


async def _tell_contact(actor: Actor, tenant: Tenant, kind: Kind) -> None:
    """Tell the contact of record, before anything is changed: an impostor's change is noticed by who is there."""
    async with open_scope(tenant_scope(tenant.id)):
        await notices.notify(
            actor,
            template="bank_request",
            channel="email",
            recipient=tenant.contact_email,
            subject=t("The bank was asked to change something about {name}", name=tenant.name),
            body=t(
                "Somebody has asked the bank for this: {what}. If you know nothing of it, call the bank today.",
                what=gettext(kind.name),
            ),
        )


async def _record(actor: Actor, found: BankRequest, tenant: Tenant, status: str) -> None:
    shown = {k: v for k, v in found.facts.items() if k not in {"secret", "index"}}
    await audit.record(
        actor,
        f"bank_request.{status}",
        subject_kind="bank_request",
        subject_id=found.id,
        subject_label=tenant.name,
        before=found.seen,
        after={"kind": found.kind, "reason": found.decision_reason or found.reason, **shown},
        tenant_id=tenant.id,
    )


async def requests_of(tenant: Tenant) -> list[BankRequest]:
    """Return everything that was asked for about an institution, newest first."""
    return await BankRequest.filter(bank_id=tenant.bank_id, tenant_id=tenant.id).order_by("-id").limit(50)
