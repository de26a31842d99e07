"""Every morning: what is overdue goes a branch up, and an answer that nobody objects to closes the complaint."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from billing.complaints.filing import note
from billing.complaints.states import COMPLAINT, OPEN
from billing.complaints.telling import tell_bank
from billing.complaints.terms import terms_of
from billing.daily import every_day
from billing.models import Complaint
from tenants.actor import Actor
from tenants.models import Branch, Tenant
from tenants.scope import bank_scope, open_scope, tenant_scope


@every_day
async def look_after(actor: Actor) -> None:
    """Look at an institution's complaints; each step happens once, however often this runs."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    now = datetime.now(UTC)
    async with open_scope(tenant_scope(actor.tenant_id)):
        terms = await terms_of((await Tenant.get(id=actor.tenant_id)).bank_id)
        for found in await _overdue(actor.tenant_id, now, terms.escalates_again):
            await _go_up(actor, found, now)
        for found in await _accepted(actor.tenant_id, now - timedelta(days=terms.closes_after)):
            found.status, found.closed_at = COMPLAINT.after(found.status, "accept"), now
            await found.save(update_fields=["status", "closed_at"])
            await note(actor, found, "closed", {})


async def _overdue(tenant_id: UUID, now: datetime, days: int) -> list[Complaint]:
    late = await Complaint.filter(tenant_id=tenant_id, status__in=OPEN, due_at__lt=now).select_for_update()
    again = now - timedelta(days=days)
    return [
        one
        for one in late
        if one.escalated_at is None or one.escalated_at < one.due_at or one.escalated_at < again
    ]


async def _accepted(tenant_id: UUID, since: datetime) -> list[Complaint]:
    return await Complaint.filter(
        tenant_id=tenant_id, status="answered", answered_at__lt=since
    ).select_for_update()


async def _go_up(actor: Actor, found: Complaint, now: datetime) -> None:
    """Give it to the branch above, whose people have not got it yet; at the top it stays, and is said again."""
    async with open_scope(bank_scope(found.bank_id)):
        desk = await Branch.get(bank_id=found.bank_id, id=found.desk_id)
    if desk.parent_id:
        found.desk_id, found.assigned_to, found.assigned_to_name = desk.parent_id, None, ""
    found.escalation, found.escalated_at = found.escalation + 1, now
    await found.save()
    await note(actor, found, "escalated", {"level": found.escalation})
    await tell_bank(found, "overdue")
