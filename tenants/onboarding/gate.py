"""What has to be seen between approval and going live, and the one click that opens an institution to its payers."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from tenants import audit, notices
from tenants.actor import Actor
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.models import BankPolicy, GateCheck, Tenant
from tenants.onboarding.checklist import REQUIREMENTS
from tenants.runtime import runtime
from tenants.scope import open_scope, secret_scope, switch, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import listed
from ui.i18n import gettext, t

PAGES = {"fees": "/fees", "trial": "/go-live/trial"}
"""Where in the institution's console a step is taken, by the step's key."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the gate as people see it; ``name`` and ``advice`` are msgids."""

    key: str
    name: str
    advice: str
    check: GateCheck

    @property
    def is_done(self) -> bool:
        """Whether somebody has seen it."""
        return self.check.passed_at is not None


async def open_gate(tenant: Tenant, policy: BankPolicy) -> None:
    """Write down what a new institution has to show, in its bank's open scope."""
    for key in policy.before_live:
        await GateCheck.create(id=new_id(), bank_id=tenant.bank_id, tenant_id=tenant.id, key=key)


async def steps(tenant: Tenant) -> list[Step]:
    """Return the gate's lines in their order; none for an institution that went live at its approval."""
    found = {one.key: one for one in await GateCheck.filter(bank_id=tenant.bank_id, tenant_id=tenant.id)}
    return [Step(key, one.name, one.advice, found[key]) for key, one in REQUIREMENTS.items() if key in found]


def missing(found: Sequence[Step]) -> list[Step]:
    """Return what is still to be seen."""
    return [one for one in found if not one.is_done]


async def pass_step(actor: Actor, tenant: Tenant, key: str, note: str = "") -> None:
    """Note, in the institution's open scope, that a step has been seen; a second time changes nothing."""
    check = await GateCheck.select_for_update().get_or_none(
        bank_id=tenant.bank_id, tenant_id=tenant.id, key=key
    )
    if check is None or check.passed_at is not None:
        return
    check.passed_at, check.passed_by_name, check.note = datetime.now(UTC), actor.name[:100], note[:200]
    await check.save(update_fields=["passed_at", "passed_by_name", "note"])
    await audit.record(
        actor,
        "gate.passed",
        subject_kind="gate_check",
        subject_id=check.id,
        subject_label=tenant.name,
        after={"step": key, "note": note},
        tenant_id=tenant.id,
    )


async def send_code(actor: Actor, tenant_id: UUID) -> Tenant:
    """Send the contact a link that only they can open; an older one no longer works."""
    actor.require_work()
    tenant = await tenant_of(actor, tenant_id)
    check = await GateCheck.select_for_update().get_or_none(
        bank_id=tenant.bank_id, tenant_id=tenant.id, key="contact"
    )
    if check is None or check.passed_at is not None:
        raise Conflict("gate.contact", t("The contact need not be proven any more."))
    token = secrets.token_urlsafe(24)
    check.code_hash = sha256(token.encode()).digest()
    await check.save(update_fields=["code_hash"])
    async with open_scope(tenant_scope(tenant.id)):
        await notices.notify(
            actor,
            template="contact_proof",
            channel="email",
            recipient=tenant.contact_email,
            subject=t("Please confirm that this is your address"),
            body=t(
                "You are named as the contact of {name} at the bank. Open this link to confirm it:\n\n{url}",
                name=tenant.name,
                url=f"{runtime().public_url}/contact-proof/{token}",
            ),
        )
    return tenant


async def prove_contact(token: str, *, is_confirmed: bool) -> Tenant:
    """Return whose contact a link proves, and note it when it was confirmed. Call it in a scope of its own.

    Raises:
        NotFound: nothing is behind the link, or it has been used.
    """
    token_hash = sha256(token.encode()).digest()
    async with open_scope(secret_scope(token_hash)):
        check = await GateCheck.get_or_none(code_hash=token_hash, passed_at=None)
        if check is None:
            raise NotFound("gate.link", t("This link is not valid any more."))
        await switch(tenant_scope(check.tenant_id))
        tenant = await Tenant.get(id=check.tenant_id)
        if is_confirmed:
            actor = Actor(kind="staff", name=tenant.contact_name, tenant_id=tenant.id)
            await pass_step(actor, tenant, "contact", tenant.contact_email)
        return tenant


async def tenant_of(actor: Actor, tenant_id: UUID) -> Tenant:
    """Return an institution that this actor of the bank looks after; ``NotFound`` for any other."""
    found = await Tenant.get_or_none(bank_id=bank_of(actor), id=tenant_id)
    if found is None or not await sees_branch(actor, found.branch_id):
        raise NotFound("tenant.not_found", t("There is no such institution."))
    return found


async def go_live(actor: Actor, tenant_id: UUID) -> Tenant:
    """Open an institution to its payers.

    Raises:
        Conflict: it is live already, or something has not been seen yet.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("applications.decide")
    actor.require_fresh()
    await tenant_of(actor, tenant_id)
    tenant = await Tenant.select_for_update().get(bank_id=bank_of(actor), id=tenant_id)
    if tenant.status != "approved":
        raise Conflict("tenant.live", t("This institution is not waiting to go live."))
    still = missing(await steps(tenant))
    if still:
        names = listed(gettext(one.name) for one in still)
        raise Conflict("gate.closed", t("This is still open: {names}.", names=names))
    tenant.status, tenant.live_at, tenant.takes_payments = "live", datetime.now(UTC), True
    await tenant.save(update_fields=["status", "live_at", "takes_payments"])
    await audit.record(
        actor,
        "tenant.live",
        subject_kind="tenant",
        subject_id=tenant.id,
        subject_label=tenant.name,
        before={"status": "approved"},
        after={"status": "live"},
        tenant_id=tenant.id,
    )
    return tenant


async def review_fees(actor: Actor) -> None:
    """Note that somebody of the institution has read what will be charged, in its open scope."""
    actor.require("fees.activate")
    tenant = await Tenant.get(id=actor.tenant_id)
    if tenant.status != "approved":
        raise Invalid("gate.over", t("This institution is not waiting to go live."))
    await pass_step(actor, tenant, "fees")
