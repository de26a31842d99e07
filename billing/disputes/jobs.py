"""Background work of disputes: sending answers, reminding finance before the day, asking when a channel is quiet."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.disputes import answering
from billing.disputes.settling import ASK_JOB, REMIND_JOB
from billing.disputes.states import OPEN
from billing.models import Dispute
from billing.names import Sum
from tenants.actor import Actor
from tenants.jobs import enqueue, job
from tenants.models import Tenant
from tenants.notices import notify
from tenants.runtime import runtime
from tenants.scope import open_scope, rows, tenant_scope
from ui.formats import datetime_text
from ui.i18n import t

BEFORE = (timedelta(days=3), timedelta(days=1), timedelta(hours=4))
"""How long before the last day finance is reminded, besides at once when a dispute opens."""
ASK_EVERY = timedelta(days=1)

_FINANCE = """
select distinct m.person_id, m.email from tenants_membership m
  join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and 'disputes.work' = any (r.permissions) and m.email <> ''
 order by m.email limit 50
"""


@job(answering.SEND_JOB, is_transactional=False)
async def send_dispute(actor: Actor, payload: dict[str, Any]) -> None:
    """Hand the answer to the channel."""
    await answering.send(actor, UUID(payload["dispute_id"]), int(payload["version"]))


@job(ASK_JOB, is_transactional=False)
async def ask_dispute(actor: Actor, payload: dict[str, Any]) -> None:
    """Ask how a dispute stands, once a day while it is open."""
    dispute_id = UUID(payload["dispute_id"])
    await answering.ask(actor, dispute_id)
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        dispute = await Dispute.get(tenant_id=actor.tenant_id, id=dispute_id)
        if dispute.status in OPEN:
            await enqueue(ASK_JOB, payload, delay=ASK_EVERY)


@job(REMIND_JOB)
async def remind_dispute(actor: Actor, payload: dict[str, Any]) -> None:
    """Tell finance of a dispute that waits for an answer, and again before its day is over."""
    n = int(payload["n"])
    dispute = await Dispute.get(tenant_id=actor.tenant_id, id=UUID(payload["dispute_id"]))
    if n == 0:
        await enqueue(ASK_JOB, {"dispute_id": str(dispute.id)}, delay=ASK_EVERY)
    if dispute.status != "evidence_due" or dispute.evidence_due_at is None:
        return
    await _write(actor, dispute)
    now, due = datetime.now(UTC), dispute.evidence_due_at
    later = [before for before in BEFORE[n:] if due - before > now]
    if later:
        ids = {"dispute_id": str(dispute.id), "n": BEFORE.index(later[0]) + 1}
        await enqueue(REMIND_JOB, ids, delay=due - later[0] - now)


async def _write(actor: Actor, dispute: Dispute) -> None:
    tenant = await Tenant.get(id=dispute.tenant_id)
    due = datetime_text(dispute.evidence_due_at, tenant.timezone) if dispute.evidence_due_at else ""
    url = f"{runtime().public_url.rstrip('/')}/t/{tenant.slug}/disputes/{dispute.id}"
    subject = t("Dispute {number}: answer by {due}", number=dispute.number, due=due)
    body = t(
        "A payer's bank has taken {amount} back. Answer by {due}, or the money is lost.\n\n{url}",
        amount=Sum(dispute.amount_minor, dispute.currency),
        due=due,
        url=url,
    )
    for found in await rows(_FINANCE, tenant.id):
        await notify(
            actor,
            template="dispute",
            channel="email",
            recipient=found["email"],
            subject=subject,
            body=body,
            person_id=found["person_id"],
        )
