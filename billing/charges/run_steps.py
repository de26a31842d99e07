"""How a bill run is worked: drafting in steps, issuing in one.

Each drafting step is its own transaction under a lock on the run, and the task counts those done; a worker that dies
between two steps leaves the rest to whoever comes after. PostgreSQL refuses a second live line for (account, fee
item, period), so that the same step twice, or two workers at once, adds nothing.
"""

from datetime import UTC, date, datetime
from uuid import UUID

from billing.adjustments.issuing import apply_standing
from billing.charges import run_sql
from billing.charges.periods import last_day, months_after
from billing.charges.run_summary import summarise
from billing.charges.runs import rule_in_force
from billing.models import BillRun
from billing.rules import parse
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.jobs import publish
from tenants.models import Task, Tenant
from tenants.scope import execute, open_scope, row, value


async def advance(actor: Actor, run_id: UUID) -> bool:
    """Do the next step of a draft in a transaction of its own; ``False`` when nothing is left to do."""
    async with open_scope(actor.scope()):
        run = await BillRun.filter(tenant_id=actor.tenant_id, id=run_id).select_for_update().first()
        if run is None or run.status != "drafting":
            return False
        task = await Task.get(tenant_id=run.tenant_id, id=run.task_id)
        async with run_sql.in_bulk():
            if task.done < len(run.fee_items):
                await _draft_item(run, UUID(run.fee_items[task.done]))
            else:
                await _finish_draft(run)
        await _count(task, run)
    return True


async def _draft_item(run: BillRun, fee_item_id: UUID) -> None:
    """Add one item's lines for every account that has none yet."""
    rule = await rule_in_force(run.tenant_id, fee_item_id, run.period)
    if rule is None:
        await execute(run_sql.WITHOUT_RULE, run.tenant_id, run.id, run.scenario, fee_item_id)
        return
    await row(
        run_sql.draft_sql(parse(rule.document)),
        run.tenant_id,
        run.id,
        run.scenario,
        fee_item_id,
        run.period,
        last_day(run.period),
        date.fromisoformat(run.summary["as_of"]),
        run.due_on,
        run.currency,
        rule.id,
    )


async def _finish_draft(run: BillRun) -> None:
    before = months_after(run.period, -1)
    items = [UUID(item) for item in run.fee_items]
    await execute(run_sql.NO_HOLDER, run.tenant_id, run.id)
    await execute(run_sql.JUMPED, run.tenant_id, run.id, before, items)
    await summarise(run)
    run.status, run.drafted_at = "drafted", datetime.now(UTC)
    await run.save()


async def _count(task: Task, run: BillRun) -> None:
    task.done += 1
    task.state = "running"
    if run.status == "drafted":
        await _end(task, run)
    await task.save()


async def _end(task: Task, run: BillRun) -> None:
    tenant = await Tenant.get(id=run.tenant_id)
    task.done = task.total
    tasks.end(task, url=f"/t/{tenant.slug}/runs/{run.id}")


async def issue(actor: Actor, run_id: UUID, *, at: datetime | None = None) -> bool:
    """Issue a run in the open transaction: numbers, ledger, event and audit together; ``False`` if it was before.

    ``at`` is when it counts as issued, for bills taken over from another system; else it is now.
    """
    run = await BillRun.filter(tenant_id=actor.tenant_id, id=run_id).select_for_update().first()
    if run is None or run.status != "issuing":
        return False
    now = at or datetime.now(UTC)
    await _number_alone(run)
    async with run_sql.in_bulk():
        prefix = f"{run.period:%Y%m}"
        await execute(run_sql.NUMBER_AND_ISSUE, run.tenant_id, run.id, prefix, run.period, now)
        await execute(run_sql.ISSUE_ENTRIES, run.tenant_id, run.id, now)
        await apply_standing(run.tenant_id, run_id=run.id, at=now)
    run.status, run.issued_at = "issued", now
    await run.save(update_fields=["status", "issued_at"])
    if run.task_id:
        task = await Task.get(tenant_id=run.tenant_id, id=run.task_id)
        await _end(task, run)
        await task.save()
    await publish("bills.issued", {"run_id": str(run.id), "period": run.period.isoformat()})
    await _record_issue(actor, run)
    return True


async def _number_alone(run: BillRun) -> None:
    """Let runs of one tenant and month number their bills one after another, so that no number is given twice."""
    lock = f"bill-number:{run.tenant_id}:{run.period:%Y%m}"
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", lock)


async def _record_issue(actor: Actor, run: BillRun) -> None:
    await audit.record(
        actor,
        "bill_run.issued",
        subject_kind="bill_run",
        subject_id=run.id,
        subject_label=f"{run.scenario} {run.period:%Y-%m}",
        after={
            "bills": run.bill_count,
            "total_minor": run.total_minor,
            "currency": run.currency,
            "asked_by": run.issued_by_name,
        },
    )
