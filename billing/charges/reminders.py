"""Reminders by hand from the pages of bills: one, or all that are overdue (the mechanism is ``billing.reminders``)."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from billing.charges.bills import get
from billing.charges.states import OPEN_BILLS
from billing.reminders.claiming import Place, claim_all
from billing.reminders.plan import ReminderTerms, may_send_at
from billing.reminders.service import NOT_RECENT, QUIET_DAYS, count_by_hand, overdue, remind_now
from billing.terms import terms_of
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.days import today
from tenants.jobs import enqueue
from tenants.models import Task, Tenant
from tenants.planning import renew_statistics
from tenants.scope import open_scope, value
from ui.errors import Conflict
from ui.i18n import t
from ui.tables import TableQuery

REMIND_JOB = "billing.remind_overdue"
_BATCH = 200
__all__ = ["QUIET_DAYS", "REMIND_JOB", "count_due", "remind_one", "remind_overdue", "waits_until", "work"]


async def remind_one(actor: Actor, bill_id: UUID) -> str:
    """Send the holder a reminder of one unpaid bill and return where to.

    Raises:
        Conflict: nothing is owed, it was reminded of within three days, it is disputed or promised, or nobody can
            be reached.
    """
    actor.require("bills.remind")
    bill = await get(actor, bill_id)
    if bill.status not in OPEN_BILLS:
        raise Conflict("bill.not_owed", t("Nothing is owed on this bill, so there is nothing to remind of."))
    tenant = await Tenant.get(id=bill.tenant_id)
    if not tenant.takes_payments:
        raise Conflict("bill.unpayable", t("Payers cannot pay here now, so nobody is reminded."))
    one = "b.tenant_id = $1 and $2::date is not null and b.id = $3 and b.due_on = $4"
    args = [tenant.id, today(tenant.timezone), bill.id, bill.due_on]
    claimed = await remind_now(actor, tenant, one, args, 1, bill.status)
    if claimed:
        await _record(actor, claimed[0])
        return str(claimed[0]["recipient"] or claimed[0]["holder"])
    if bill.reminded_at and await value(
        f"select not {NOT_RECENT} from billing_bill b where b.id = $1", bill.id
    ):
        raise Conflict(
            "bill.reminded", t("A reminder went out less than {n} days ago. Give it time.", n=QUIET_DAYS)
        )
    raise Conflict(
        "bill.nobody",
        t(
            "Nobody can be reminded of this bill: it is disputed, promised or paid by itself, or no holder can be"
            " reached or wants reminders."
        ),
    )


async def waits_until(tenant_id: UUID) -> datetime | None:
    """Return, in the institution's zone, the end of its quiet hours, until which a reminder sent now waits."""
    tenant, now = await Tenant.get(id=tenant_id), datetime.now(UTC)
    at = may_send_at(now, tenant.timezone, await terms_of(tenant.id, ReminderTerms))
    return at if at > now else None


async def remind_overdue(actor: Actor, query: TableQuery) -> UUID:
    """Have all overdue bills that the list shows reminded of, in the background; return the task."""
    actor.require("bills.remind")
    tenant = await Tenant.get(id=actor.tenant_id)
    task = await Task.create(
        tenant_id=tenant.id,
        kind="bills.remind",
        total=await count_due(actor, query),
        started_by=actor.person_id,
        started_by_name=actor.name[:100],
    )
    payload = {"task_id": str(task.id), "q": query.q, "filters": dict(query.filters)}
    await enqueue(REMIND_JOB, payload)
    return task.id


async def count_due(actor: Actor, query: TableQuery) -> int:
    """Return how many bills a reminder to all overdue ones that the list shows would go out for."""
    tenant = await Tenant.get(id=actor.tenant_id)
    chosen = overdue(tenant, query.q, query.filters)
    return await count_by_hand(chosen.where, chosen.args)


async def work(actor: Actor, payload: dict[str, Any]) -> None:
    """Remind in batches, each a transaction of its own, until nobody is left; a worker that dies begins anew."""
    if await _is_done(actor, payload):
        return
    await claim_all(partial(_one_batch, actor, payload))
    async with open_scope(actor.scope()):
        tenant, task = await Tenant.get(id=actor.tenant_id), await _task(actor, payload)
        tasks.end(task, url=f"/t/{tenant.slug}/bills?overdue=yes", result={"reminded": task.done})
        await task.save()


async def _is_done(actor: Actor, payload: dict[str, Any]) -> bool:
    async with open_scope(actor.scope()):
        return (await _task(actor, payload)).state == "done"


async def _task(actor: Actor, payload: dict[str, Any]) -> Task:
    """Return the task under its lock."""
    return await Task.filter(tenant_id=actor.tenant_id, id=UUID(payload["task_id"])).select_for_update().get()


async def _one_batch(actor: Actor, payload: dict[str, Any], status: str, after: Place) -> list[Any]:
    await renew_statistics("billing_reminder")
    async with open_scope(actor.scope()):
        tenant, task = await Tenant.get(id=actor.tenant_id), await _task(actor, payload)
        asker = replace(actor, name=task.started_by_name, person_id=task.started_by)
        chosen = overdue(tenant, payload["q"], payload["filters"])
        claimed = await remind_now(asker, tenant, chosen.where, chosen.args, _BATCH, status, after)
        task.state, task.done = "running", task.done + len(claimed)
        await task.save()
    return claimed


async def _record(actor: Actor, bill: Any) -> None:
    await audit.record(
        actor,
        "bill.reminded",
        subject_kind="bill",
        subject_id=bill["id"],
        subject_label=bill["number"],
        after={"recipient": bill["recipient"] or bill["holder"]},
    )
