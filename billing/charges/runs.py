"""Bill runs: one calculation for many accounts, drafted, looked at, issued once.

Here is what people do to a run; the work itself is in ``run_steps``.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from billing.charges import run_sql
from billing.charges.periods import months_after, today
from billing.charges.states import require_run_move
from billing.models import BillRun, FeeItem, FeeRule
from billing.names import Month, Named
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

DRAFT_JOB, ISSUE_JOB = "billing.draft_run", "billing.issue_run"
EARLIEST, LATEST = -36, 13
"""Months from now for which bills can be made: opening arrears, and a year in advance."""
LATEST_DUE = 4
"""Months after the one billed within which it must fall due, unless it is billed late:"""
NOTICE = timedelta(days=60)
"""Time to pay, from today, that may be given at any rate."""


async def start(
    actor: Actor, *, scenario: str, period: date, due_on: date, fee_item_ids: Sequence[UUID]
) -> BillRun:
    """Begin a run for the month that begins with ``period`` and have it drafted in the background.

    Raises:
        Invalid: nothing to charge, an item without a rule in that month, or a month too far away.
        Conflict: another run of this scenario and month has not been issued or cancelled yet.
    """
    actor.require("runs.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    tenant = await Tenant.get(id=actor.tenant_id)
    items = await _items(tenant, scenario, fee_item_ids)
    await _check(tenant, items, period, due_on)
    run = BillRun(
        id=new_id(),
        tenant_id=tenant.id,
        scenario=scenario,
        period=period,
        due_on=due_on,
        currency=tenant.currency,
        fee_items=[str(item.id) for item in items],
        summary={"as_of": min(today(tenant.timezone), due_on).isoformat()},
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )
    await _begin(run)
    task = await tasks.begin(actor, "bill_run.draft", subject_id=run.id, total=len(items) + 1)
    run.task_id = task.id
    await run.save(update_fields=["task_id"])
    await enqueue(DRAFT_JOB, {"run_id": str(run.id)})
    return run


async def _begin(run: BillRun) -> None:
    taken = t("There already is a bill run for {month}. Issue or cancel it first.", month=Month(run.period))
    try:
        async with open_scope(tenant_scope(run.tenant_id)):
            await run.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("run.open_already", taken) from error


async def _items(tenant: Tenant, scenario: str, ids: Sequence[UUID]) -> list[FeeItem]:
    """Return the chosen items, charges before the late fees that look at what is owed."""
    found = await FeeItem.filter(
        tenant_id=tenant.id, id__in=list(ids), scenario=scenario, currency=tenant.currency, is_active=True
    )
    if not ids or len(found) != len(set(ids)):
        raise Invalid(
            "run.no_items", t("Choose what to charge."), fields={"items": t("Choose what to charge.")}
        )
    return sorted(found, key=lambda item: (item.kind == "late_fee", item.position, item.key))


async def _check(tenant: Tenant, items: Sequence[FeeItem], period: date, due_on: date) -> None:
    now = today(tenant.timezone)
    if period.day != 1 or not months_after(now, EARLIEST) <= period <= months_after(now, LATEST):
        text = t("Choose a month within three years back and one year ahead.")
        raise Invalid("run.period", text, fields={"period": text})
    if not period <= due_on <= max(months_after(period, LATEST_DUE), now + NOTICE):
        text = t("Choose a due day within four months of the month billed.")
        raise Invalid("run.due_on", text, fields={"due_on": text})
    for item in items:
        if await rule_in_force(tenant.id, item.id, period) is None:
            text = t("“{fee}” has no rule in force in {month}.", fee=Named(item.names), month=Month(period))
            raise Invalid("run.no_rule", text, fields={"items": text})


async def rule_in_force(tenant_id: UUID, fee_item_id: UUID, period: date) -> FeeRule | None:
    """Return the version of an item's rule that a bill for ``period`` is computed by, if there is one."""
    return (
        await FeeRule.filter(
            tenant_id=tenant_id, fee_item_id=fee_item_id, status="active", effective_from__lte=period
        )
        .filter(Q(effective_until=None) | Q(effective_until__gte=period))
        .order_by("-effective_from")
        .first()
    )


async def get(actor: Actor, run_id: UUID, *, lock: bool = False) -> BillRun:
    """Return a run of this tenant, locked until the end of the transaction when ``lock``.

    Raises:
        NotFound: there is none, perhaps because it was cancelled.
    """
    actor.require("runs.read")
    query = BillRun.filter(tenant_id=actor.tenant_id, id=run_id)
    run = await (query.select_for_update() if lock else query).first()
    if run is None:
        raise NotFound("run.not_found", t("There is no such bill run. It may have been cancelled."))
    return run


async def request_issue(actor: Actor, run_id: UUID) -> BillRun:
    """Have a drafted run issued in the background; asking again, or after it was issued, changes nothing.

    Raises:
        Conflict: it is still being drafted, or holds no bill.
        StepUp: the sign-in is not fresh and strong; issuing is a money act.
    """
    actor.require("runs.issue")
    run = await get(actor, run_id, lock=True)
    actor.require_fresh()
    if run.status in {"issuing", "issued"}:
        return run
    require_run_move(run.status, "issuing")
    if not run.bill_count:
        raise Conflict("run.empty", t("This run has no bill to issue. Cancel it, or look at its exceptions."))
    run.status = "issuing"
    run.issued_by, run.issued_by_name = actor.person_id, actor.name[:100]
    task = await tasks.begin(actor, "bill_run.issue", subject_id=run.id, total=run.bill_count)
    run.task_id = task.id
    await run.save(update_fields=["status", "issued_by", "issued_by_name", "task_id"])
    await _record(actor, run, "bill_run.issue_requested")
    await enqueue(ISSUE_JOB, {"run_id": str(run.id)})
    return run


async def cancel(actor: Actor, run_id: UUID) -> None:
    """Delete a run that has not been issued, with its draft bills.

    Raises:
        Conflict: it is being issued or was.
    """
    actor.require("runs.write")
    run = await get(actor, run_id, lock=True)
    if run.status not in {"drafting", "drafted"}:
        raise Conflict("run.issued", t("Issued bills cannot be cancelled. Void single bills instead."))
    async with run_sql.in_bulk():
        for statement in run_sql.CANCEL:
            await execute(statement, run.tenant_id, run.id)
    await _record(actor, run, "bill_run.cancelled")


async def _record(actor: Actor, run: BillRun, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="bill_run",
        subject_id=run.id,
        subject_label=f"{run.scenario} {run.period:%Y-%m}",
        after={"bills": run.bill_count, "total_minor": run.total_minor, "currency": run.currency},
    )
