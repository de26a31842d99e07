"""Who hears of a complaint: the desk that has to work it, the institution it is about, and whoever complains."""

from typing import Any
from uuid import UUID

from billing.models import Complaint
from tenants import notices
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.messages import NotSent, send
from tenants.models import Bank, BankMembership, Tenant
from tenants.permissions import BANK_ROLES
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, tenant_scope
from ui.formats import date_text
from ui.i18n import N_, gettext, t, use_locale

TELL_JOB, DELIVER_JOB = "billing.tell_bank_of_complaint", "billing.deliver_to_bank"
WORKERS = frozenset(key for key, role in BANK_ROLES.items() if "complaints.work" in role.permissions)
LETTERS = {
    "filed": (N_("New complaint {number}"), N_("{name} complains: {summary} Answer by {day}.")),
    "overdue": (
        N_("Complaint {number} is overdue"),
        N_("{name} complained: {summary} An answer was due on {day}. It is with your branch now."),
    ),
    "reopened": (
        N_("Complaint {number} is open again"),
        N_("{name} does not agree with the answer: {summary} Answer by {day}."),
    ),
}
"""Kept apart from institutions' messages: those are read by their staff, and these go to the bank's people."""


async def tell_bank(found: Complaint, letter: str) -> None:
    """Have the people of the desk hear of it after the commit; whose it is alone, once somebody has it."""
    async with open_scope(tenant_scope(found.tenant_id)):
        await enqueue(TELL_JOB, {"complaint_id": str(found.id), "letter": letter})


@job(TELL_JOB)
async def tell_desk(actor: Actor, payload: dict[str, Any]) -> None:
    """Have a letter sent to each of the desk's people, each tried again for itself."""
    found = await Complaint.get(tenant_id=actor.tenant_id, id=UUID(payload["complaint_id"]))
    async with open_scope(bank_scope(found.bank_id)):
        members = await _desk(found)
    for member in members:
        await enqueue(DELIVER_JOB, {**payload, "member_id": str(member.id)})


async def _desk(found: Complaint) -> list[BankMembership]:
    members = await BankMembership.filter(bank_id=found.bank_id, ended_at=None, role__in=sorted(WORKERS))
    if found.assigned_to:
        mine = [one for one in members if one.person_id == found.assigned_to]
    else:
        mine = [one for one in members if one.branch_id in {None, found.desk_id}]
    return list({one.email: one for one in mine if one.email}.values())


@job(DELIVER_JOB, is_transactional=False)
async def deliver_to_bank(actor: Actor, payload: dict[str, Any]) -> None:
    """Send one letter; an address that is refused for good is left."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        found = await Complaint.get(tenant_id=actor.tenant_id, id=UUID(payload["complaint_id"]))
        locale = (await Tenant.get(id=actor.tenant_id)).locale
    async with open_scope(bank_scope(found.bank_id)):
        member = await BankMembership.get(bank_id=found.bank_id, id=UUID(payload["member_id"]))
        slug = (await Bank.get(id=found.bank_id)).slug
    link = f"{runtime().public_url}/bank/{slug}/complaints/{found.id}"
    with use_locale(locale):
        subject, body = (gettext(words, **_facts(found)) for words in LETTERS[payload["letter"]])
    try:
        await send("email", member.email, subject, f"{body}\n\n{link}")
    except NotSent as error:
        if not error.is_final:
            raise


def _facts(found: Complaint) -> dict[str, str]:
    day = date_text(found.due_at)
    return {"number": found.number, "name": found.person_name, "summary": found.summary, "day": day}


async def tell_institution(actor: Actor, found: Complaint) -> None:
    """Tell the institution's contact that somebody complains about it, or what the bank has decided."""
    tenant = await Tenant.get(id=found.tenant_id)
    async with open_scope(tenant_scope(found.tenant_id)):
        await notices.notify(
            actor,
            template="complaint",
            channel="email",
            recipient=tenant.contact_email,
            subject=t("Complaint {number}", number=found.number),
            body=t(
                "{summary} Read it and answer here: {link}",
                summary=found.summary,
                link=f"{runtime().public_url}/t/{tenant.slug}/complaints/{found.id}",
            ),
        )


async def tell_complainant(actor: Actor, found: Complaint) -> None:
    """Tell whoever complains that there is something new to read."""
    if found.by == "tenant":
        await tell_institution(actor, found)
        return
    link = f"{runtime().public_url}/my/complaints/{found.id}"
    body = (
        t("There is something new about your complaint “{summary}”: {link}", summary=found.summary, link=link)
        if found.person_id
        else t(
            "There is something new about your complaint “{summary}”. The bank calls you.",
            summary=found.summary,
        )
    )
    async with open_scope(tenant_scope(found.tenant_id)):
        if found.person_id:
            await _notify(actor, found, "in_app", "", body)
        if "@" in found.contact:
            await _notify(actor, found, "email", found.contact, body)


async def _notify(actor: Actor, found: Complaint, channel: str, recipient: str, body: Any) -> None:
    await notices.notify(
        actor,
        template="complaint",
        channel=channel,
        recipient=recipient,
        subject=t("Your complaint {number}", number=found.number),
        body=body,
        person_id=found.person_id,
    )
