"""Reminders of unpaid bills: one, or all that are overdue; nobody twice within three days.

A bill is claimed and its message written in one transaction, so that a crash or a second click sends nothing twice.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from billing import pay_links
from billing.charges.bill_list import Selection
from billing.charges.bills import get
from billing.charges.periods import today
from billing.charges.states import OPEN_BILLS
from billing.names import Day, Month, Sum
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.models import Task, Tenant
from tenants.notices import notify
from tenants.scope import open_scope, rows, value
from ui.errors import Conflict
from ui.i18n import N_, t
from ui.tables import TableQuery

REMIND_JOB = "billing.remind_overdue"
TEMPLATE = "bill_reminder"
QUIET_DAYS = 3
_BATCH = 200

LETTER = N_(
    "Dear {holder},\n\nthe bill {number} for {account} and {month} was due on {due}. {amount} is still to be paid.\n\n"
    "You can pay it here:\n{url}\n\nIf you have paid already, please ignore this message.\n\n{institution}"
)
SHORT = N_("{institution}: {amount} for {account}, {month}, was due on {due}. Pay here: {url}")

_HOLDER = """
join lateral (
  select h.name holder, h.email, h.phone, h.person_id from tenants_holder h
   where h.tenant_id = b.tenant_id and h.account_id = b.account_id
     and (h.until is null or h.until >= $2) and (h.email <> '' or h.phone <> '')
   order by h.is_default_payer desc, h.relation = 'owner' desc, h.created_at limit 1
) h on true
"""
_NOT_RECENT = f"(b.reminded_at is null or b.reminded_at < now() - interval '{QUIET_DAYS} days')"
_CLAIM = """
with chosen as (
  select b.id, h.* from billing_bill b {holder}
   where {where} and b.status in ('issued', 'part_paid') and {quiet}
   order by b.account_id, b.period limit {limit} for update of b skip locked
)
update billing_bill b set reminded_at = now() from chosen where b.tenant_id = $1 and b.id = chosen.id
returning b.id, b.account_id, b.number, b.account_number, b.period, b.due_on, b.currency,
          b.total_minor - b.paid_minor - b.adjusted_minor left_minor,
          chosen.holder, chosen.email, chosen.phone, chosen.person_id
"""


async def remind_one(actor: Actor, bill_id: UUID) -> str:
    """Send the holder a reminder of one unpaid bill and return where to.

    Raises:
        Conflict: nothing is owed, it was reminded of within three days, or nobody can be reached.
    """
    actor.require("bills.remind")
    bill = await get(actor, bill_id)
    if bill.status not in OPEN_BILLS:
        raise Conflict("bill.not_owed", t("Nothing is owed on this bill, so there is nothing to remind of."))
    tenant = await Tenant.get(id=bill.tenant_id)
    one = "b.tenant_id = $1 and $2::date is not null and b.id = $3"
    claimed = await _claim(one, [tenant.id, today(tenant.timezone), bill.id], 1)
    if claimed:
        return await _send(actor, tenant, claimed[0])
    if bill.reminded_at and await value(
        f"select not {_NOT_RECENT} from billing_bill b where b.id = $1", bill.id
    ):
        raise Conflict(
            "bill.reminded", t("A reminder went out less than {n} days ago. Give it time.", n=QUIET_DAYS)
        )
    raise Conflict(
        "bill.nobody", t("No holder of this account has an e-mail address or a phone number. Add one first.")
    )


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
    chosen = _overdue(tenant, query.q, query.filters)
    found: int = await value(
        f"select count(*) from billing_bill b {_HOLDER} where {chosen.where} and {_NOT_RECENT}", *chosen.args
    )
    return found


def _overdue(tenant: Tenant, q: str, filters: Any) -> Selection:
    query = TableQuery(path="", q=q, filters={**filters, "overdue": "yes"})
    return Selection(tenant.id, today(tenant.timezone), query)


async def work(actor: Actor, payload: dict[str, Any]) -> None:
    """Remind in batches, each a transaction of its own, until nobody is left."""
    task_id = UUID(payload["task_id"])
    while True:
        async with open_scope(actor.scope()):
            tenant = await Tenant.get(id=actor.tenant_id)
            task = await Task.filter(tenant_id=tenant.id, id=task_id).select_for_update().get()
            if task.state == "done":
                return
            asker = replace(actor, name=task.started_by_name, person_id=task.started_by)
            chosen = _overdue(tenant, payload["q"], payload["filters"])
            claimed = await _claim(chosen.where, chosen.args, _BATCH)
            for one in claimed:
                await _send(asker, tenant, one)
            task.state, task.done = "running", task.done + len(claimed)
            if not claimed:
                tasks.end(task, url=f"/t/{tenant.slug}/bills?overdue=yes", result={"reminded": task.done})
            await task.save()


async def _claim(where: str, args: Sequence[Any], limit: int) -> list[Any]:
    sql = _CLAIM.format(holder=_HOLDER, where=where, quiet=_NOT_RECENT, limit=limit)
    return await rows(sql, *args)


async def _send(actor: Actor, tenant: Tenant, bill: Any) -> str:
    channel = "email" if bill["email"] else "sms"
    recipient: str = bill["email"] or bill["phone"]
    words = {
        "holder": bill["holder"],
        "institution": tenant.short_name,
        "account": bill["account_number"],
        "number": bill["number"],
        "month": Month(bill["period"]),
        "amount": Sum(bill["left_minor"], bill["currency"]),
        "due": Day(bill["due_on"]),
        "url": pay_links.make_url(tenant.id, bill["id"]),
    }
    await notify(
        actor,
        template=TEMPLATE,
        channel=channel,
        recipient=recipient,
        subject=t("{institution}: {amount} is still to be paid for {month}", **words),
        body=t(LETTER if channel == "email" else SHORT, **words),
        person_id=bill["person_id"],
        account_id=bill["account_id"],
    )
    await _record(actor, bill, recipient)
    return recipient


async def _record(actor: Actor, bill: Any, recipient: str) -> None:
    await audit.record(
        actor,
        "bill.reminded",
        subject_kind="bill",
        subject_id=bill["id"],
        subject_label=bill["number"],
        after={"recipient": recipient},
    )
