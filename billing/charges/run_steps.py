"""How a bill run is worked: one stretch of the estate after another, each a transaction of its own.

Each step locks the run, does the next stretch, notes how far it has come and commits; so progress shows, locks stay
short, and a worker that dies leaves the rest to whoever comes after. The same step twice adds nothing: what is
noted and what is done commit together, and PostgreSQL refuses a second live line for (account, fee item, period).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.adjustments.issuing import apply_standing
from billing.charges import issue_sql, run_sql
from billing.charges.periods import last_day, months_after
from billing.charges.run_summary import summarise
from billing.charges.runs import rule_in_force, start_later
from billing.charges.spans import charged_in
from billing.charges.states import run_after
from billing.models import BillRun, FeeItem
from billing.rules import parse
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.jobs import publish
from tenants.models import Task, Tenant
from tenants.planning import by_stretch, in_bulk, renew_statistics
from tenants.scope import execute, open_scope, row, rows, value

STRETCH = 50_000
"""Accounts in a step: some seconds of work, and as long a lock on the run."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Accounts that follow each other in the estate: how many, after which place, up to which."""

    accounts: int
    after: tuple[str, str]
    until: tuple[str, str]

    @property
    def ends(self) -> tuple[str, str, str, str]:
        """The four parameters of ``run_sql.stretch``."""
        return (*self.after, *self.until)


async def _next(run: BillRun) -> Stretch | None:
    after = (run.reached_key, run.reached_number)
    async with by_stretch():
        found = await row(run_sql.NEXT_STRETCH, run.tenant_id, run.scenario, *after, STRETCH)
    if found is None or not found["accounts"]:
        return None
    return Stretch(found["accounts"], after, (found["last_key"], found["last_number"]))


Work = Callable[[Actor, BillRun, Task, Any], Awaitable[None]]


async def _step(actor: Actor, run_id: UUID, status: str, work: Work, given: Any = None) -> bool:
    """Do one step in a transaction of its own; ``False`` when the run is not, or no longer, in ``status``."""
    await renew_statistics("billing_bill", "billing_bill_line", "billing_adjustment", "tenants_holder")
    async with open_scope(actor.scope()):
        run = await BillRun.filter(tenant_id=actor.tenant_id, id=run_id).select_for_update().first()
        if run is None or run.status != status:
            return False
        task = await Task.get(tenant_id=run.tenant_id, id=run.task_id)
        task.state = "running"
        await work(actor, run, task, given)
        await task.save()
    return True


async def _reach(run: BillRun, task: Task, stretch: Stretch, done: int) -> None:
    run.reached_key, run.reached_number = stretch.until
    await run.save(update_fields=["reached_key", "reached_number"])
    task.done += done
    task.total = max(task.total, task.done)


async def _end(task: Task, run: BillRun, path: str | None = None) -> None:
    tenant = await Tenant.get(id=run.tenant_id)
    task.done = task.total
    tasks.end(task, url=f"/t/{tenant.slug}/runs" + (f"/{run.id}" if path is None else path))


async def advance(actor: Actor, run_id: UUID) -> bool:
    """Draft the next stretch, or end the draft; ``False`` when nothing is left to do."""
    return await _step(actor, run_id, "drafting", _draft)


async def _draft(_: Actor, run: BillRun, task: Task, __: Any) -> None:
    stretch = await _next(run)
    if stretch is None:
        async with in_bulk():
            await summarise(run)
        run.status, run.drafted_at = run_after(run.status, "draft"), datetime.now(UTC)
        await run.save()
        await _end(task, run)
        return
    async with by_stretch():
        for place, item in enumerate(run.fee_items):
            await _draft_item(run, UUID(item), stretch, is_first=place == 0)
        await _look(run, stretch)
    await _reach(run, task, stretch, stretch.accounts)


async def _draft_item(run: BillRun, fee_item_id: UUID, stretch: Stretch, *, is_first: bool) -> None:
    """Add one item's lines for the stretch's accounts that have none yet."""
    rule = await rule_in_force(run.tenant_id, fee_item_id, run.period)
    if rule is None:
        await execute(run_sql.WITHOUT_RULE, run.tenant_id, run.id, run.scenario, fee_item_id, *stretch.ends)
        return
    await row(
        run_sql.draft_sql(parse(rule.document), is_first=is_first),
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
        *stretch.ends,
    )


async def _look(run: BillRun, stretch: Stretch) -> None:
    """Note what of the stretch needs a look: nobody to bill, or another amount of what was charged last month too."""
    where = (run.tenant_id, run.id, run.scenario, *stretch.ends)
    await execute(run_sql.NO_HOLDER, *where)
    before = months_after(run.period, -1)
    charged = await charged_in(run.tenant_id, before)
    charges = await FeeItem.filter(tenant_id=run.tenant_id, id__in=run.fee_items, kind="charge")
    items = [item.id for item in charges if item.id in charged]
    if items:
        await execute(run_sql.COMPARED, *where, items, run.period, before, run.jump_percent)


async def issue_next(actor: Actor, run_id: UUID, *, at: datetime | None = None) -> bool:
    """Issue the next stretch's bills with their numbers and entries, or end the issue; ``False`` when it has ended.

    ``at`` is when they count as issued, for bills taken over from another system; else it is now.
    """
    return await _step(actor, run_id, "issuing", _issue, at)


async def issue(actor: Actor, run_id: UUID, *, at: datetime | None = None) -> bool:
    """Issue all that is left of a run; ``False`` if it was done before."""
    has_worked = False
    while await issue_next(actor, run_id, at=at):
        has_worked = True
    return has_worked


async def _issue(actor: Actor, run: BillRun, task: Task, at: datetime | None) -> None:
    now, stretch = at or datetime.now(UTC), await _next(run)
    where = (run.tenant_id, run.id, run.scenario, f"{run.period:%Y%m}", now)
    async with by_stretch():
        if stretch is not None:
            issued = await row(issue_sql.ISSUE_STRETCH, *where, *stretch.ends)
        else:
            issued = await row(issue_sql.ISSUE_LEFT, *where, STRETCH)
    assert issued is not None  # noqa: S101 - an aggregate always answers
    await apply_standing(run.tenant_id, at=now, bill_ids=issued["ids"] or [], are_many=True)
    if stretch is not None:
        await _reach(run, task, stretch, issued["bills"])
    elif issued["bills"]:
        task.done += issued["bills"]
    else:
        await _end_issue(actor, run, task, now)


async def _end_issue(actor: Actor, run: BillRun, task: Task, now: datetime) -> None:
    run.status, run.issued_at = run_after(run.status, "end_issue"), now
    await run.save(update_fields=["status", "issued_at"])
    await _end(task, run)
    await publish("bills.issued", {"run_id": str(run.id), "period": run.period.isoformat()})
    await _record(actor, run, "bill_run.issued", {"asked_by": run.issued_by_name})
    await start_later(actor, run)


async def cancel_next(actor: Actor, run_id: UUID) -> bool:
    """Delete the next stretch's drafts, or at last the run itself; ``False`` when it is gone."""
    return await _step(actor, run_id, "cancelling", _cancel)


async def _cancel(_: Actor, run: BillRun, task: Task, __: Any) -> None:
    stretch = await _next(run)
    async with by_stretch():
        if stretch is not None:
            for statement in run_sql.CANCEL:
                await execute(statement, run.tenant_id, run.id, run.scenario, *stretch.ends)
            await _reach(run, task, stretch, 0)
            return
        for statement in run_sql.CANCEL_LEFT:
            await execute(statement, run.tenant_id, run.id)
    await _end(task, run, "")


async def void_next(actor: Actor, run_id: UUID) -> bool:
    """Take the next unpaid bills back, or end it; ``False`` when it has ended."""
    return await _step(actor, run_id, "voiding", _void)


async def _void(actor: Actor, run: BillRun, task: Task, __: Any) -> None:
    stretch = await _next(run)
    async with by_stretch():
        if stretch is not None:
            found = await rows(issue_sql.VOIDABLE, run.tenant_id, run.id, run.scenario, *stretch.ends)
        else:
            found = await rows(issue_sql.VOIDABLE_LEFT, run.tenant_id, run.id, STRETCH)
        ids = [one["id"] for one in await rows(issue_sql.LOCK, [one["id"] for one in found])]
        if ids:
            who = (run.voided_by, run.voided_by_name)
            await row(issue_sql.VOID_BILLS, run.tenant_id, ids, run.void_reason, datetime.now(UTC), *who)
    for bill_id in ids:
        await publish("bill.voided", {"bill_id": str(bill_id)})
    if stretch is not None:
        await _reach(run, task, stretch, len(ids))
    elif found:
        task.done += len(ids)
    else:
        await _end_void(actor, run, task)


async def _end_void(actor: Actor, run: BillRun, task: Task) -> None:
    left: int = await value(_STANDING, run.tenant_id, run.id)
    run.status = run_after(run.status, "end_void" if left else "end_void_all")
    await run.save(update_fields=["status"])
    voided = task.done
    await _end(task, run)
    facts = {"voided": voided, "left": left, "reason": run.void_reason, "asked_by": run.voided_by_name}
    await _record(actor, run, "bill_run.voided", facts)


_STANDING = "select count(*) from billing_bill where tenant_id = $1 and run_id = $2 and status <> 'void'"


async def _record(actor: Actor, run: BillRun, act: str, more: dict[str, Any]) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="bill_run",
        subject_id=run.id,
        subject_label=f"{run.scenario} {run.period:%Y-%m}",
        after={
            "bills": run.bill_count,
            "total_minor": run.total_minor,
            "currency": run.currency,
            **more,
        },
    )
