"""Bill runs: one calculation for many accounts, drafted, looked at, approved, issued once.

Here is what people do to a run; the work itself is in ``run_steps``. Everything may be asked for twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from billing.charges import run_settings, spans
from billing.charges.depending import in_order
from billing.charges.periods import months_after
from billing.charges.states import run_after
from billing.models import BillRun, FeeItem, FeeRule
from billing.names import Joined, Month, Named
from billing.rules import Charge, LateFee, parse
from tenants import audit, tasks
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

log = structlog.get_logger(__name__)

DRAFT_JOB, ISSUE_JOB = "billing.draft_run", "billing.issue_run"
CANCEL_JOB, VOID_JOB = "billing.cancel_run", "billing.void_run"
REASON_MAX = 500
EARLIEST, LATEST = -36, 13
"""Months from now for which bills can be made: opening arrears, and a year in advance."""
LATEST_DUE = 4
"""Months after the one billed within which it must fall due, unless it is billed late:"""
NOTICE = timedelta(days=60)
"""Time to pay, from today, that may be given at any rate."""
TIME_TO_PAY = timedelta(days=14)
"""What payers get at least where nobody has said otherwise: two weeks hold one payday of whoever is paid by the
fortnight, and leave time to ask about a bill before it is overdue."""


async def start(
    actor: Actor,
    *,
    scenario: str,
    period: date,
    due_on: date,
    fee_item_ids: Sequence[UUID],
    places: Sequence[str] = (),
    again: str | None = None,
) -> BillRun:
    """Begin a run for the month that begins with ``period`` and have it drafted in the background.

    It is for every account, or only for those in some ``places``: a class, a building. Fees that are paid to several
    accounts of the institution are billed by a run for each; the next begins when the one before has been issued.
    ``again`` is why fees are charged whose last charge still covers the month: empty where nobody has said, nothing
    where that was decided before (late joiners, the run of the next account).

    Raises:
        Invalid: a fee still covers the month and nobody says why it is charged again; nothing to charge, an item
            without a rule in that month, items that wait for each other, or a month too far away.
        Conflict: another run of this scenario and month has not been issued or cancelled yet.
    """
    actor.require("runs.write")
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    tenant = await Tenant.get(id=actor.tenant_id)
    if scenario not in tenant.scenarios:
        text = t("Choose a scenario of this institution.")
        raise Invalid("run.scenario", text, fields={"scenario": text})
    items = await _items(tenant, scenario, fee_item_ids)
    _check_days(tenant, period, due_on)
    items = in_order(items, await _rules(tenant, items, period))
    covered = {} if again is None else await spans.still_covered(tenant.id, items, period)
    twice = _charged_again(items, covered, again or "")
    items, *later = await _by_account(tenant, items)
    run = BillRun(
        id=new_id(),
        tenant_id=tenant.id,
        scenario=scenario,
        period=period,
        due_on=due_on,
        currency=tenant.currency,
        fee_items=[str(item.id) for item in items],
        summary=_beginning(min(today(tenant.timezone), due_on), places, later) | twice,
        jump_percent=(await run_settings.checks_of(tenant.id)).jump_percent,
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )
    await _begin(actor, run)
    if twice:
        await _record(actor, run, "bill_run.charged_again", reason=again or "")
    return run


def _charged_again(
    items: Sequence[FeeItem], covered: Mapping[UUID, date], reason: str
) -> dict[str, dict[str, object]]:
    """Return which fees are charged again though they are still covered, and why, for the run's summary.

    Raises:
        Invalid: nobody has said why. Hundreds of families billed twice is what must not happen by oversight.
    """
    if not covered:
        return {}
    names = [item.names for item in items if item.id in covered]
    if not reason.strip() or len(reason) > REASON_MAX:
        text = t("Still covered by its last charge: {fees}.", fees=Joined([Named(one) for one in names]))
        raise Invalid("run.covered", text, fields={"again": text})
    return {"again": {"reason": reason.strip(), "fees": names}}


def _beginning(as_of: date, places: Sequence[str], later: Sequence[Sequence[FeeItem]]) -> dict[str, object]:
    only = sorted({place for place in places if place})
    waiting = [[str(item.id) for item in group] for group in later]
    said = {"as_of": as_of.isoformat(), "only": only, "later": waiting}
    return {name: value for name, value in said.items() if value}


_STANDING = """
select fee_item_id, bool_or(effective_from <= $2 and lasts(effective_until, $2)) stands
  from billing_fee_rule where tenant_id = $1 and status = 'active' group by fee_item_id
"""
_ACCOUNTS = "select count(*) from tenants_account where tenant_id = $1 and scenario = $2"


async def start_late_joiners(actor: Actor, run_id: UUID) -> BillRun:
    """Draft what an issued run's month still lacks: accounts that came after it, or were left out of it.

    Raises:
        Conflict: the run has not been issued, or another one of its month is open.
    """
    actor.require("runs.write")
    run = await get(actor, run_id)
    if run.status not in {"issued", "void"}:
        raise Conflict("run.not_issued", t("Issue this run first. Its month can be completed afterwards."))
    tenant = await Tenant.get(id=run.tenant_id)
    return await start(
        actor,
        scenario=run.scenario,
        period=run.period,
        due_on=max(run.due_on, today(tenant.timezone) + TIME_TO_PAY),
        fee_item_ids=[UUID(item) for item in run.fee_items],
        places=run.summary.get("only", ()),
    )


async def _begin(actor: Actor, run: BillRun) -> None:
    """Keep a run and have it drafted in the background."""
    taken = t("There already is a bill run for {month}. Issue or cancel it first.", month=Month(run.period))
    try:
        async with open_scope(tenant_scope(run.tenant_id)):
            await run.save(force_create=True)
    except IntegrityError as error:
        raise Conflict("run.open_already", taken) from error
    accounts = await value(_ACCOUNTS, run.tenant_id, run.scenario)
    run.task_id = (await tasks.begin(actor, "bill_run.draft", subject_id=run.id, total=accounts)).id
    await run.save(update_fields=["task_id"])
    await enqueue(DRAFT_JOB, {"run_id": str(run.id)})


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


def _check_days(tenant: Tenant, period: date, due_on: date) -> None:
    now = today(tenant.timezone)
    if period.day != 1 or not months_after(now, EARLIEST) <= period <= months_after(now, LATEST):
        text = t("Choose a month within three years back and one year ahead.")
        raise Invalid("run.period", text, fields={"period": text})
    if not period <= due_on <= max(months_after(period, LATEST_DUE), now + NOTICE):
        text = t("Choose a due day within four months of the month billed.")
        raise Invalid("run.due_on", text, fields={"due_on": text})


async def _rules(tenant: Tenant, items: Sequence[FeeItem], period: date) -> dict[UUID, Charge | LateFee]:
    """Return what each item is charged by in a month."""
    found = {}
    for item in items:
        rule = await rule_in_force(tenant.id, item.id, period)
        if rule is None:
            text = t("“{fee}” has no rule in force in {month}.", fee=Named(item.names), month=Month(period))
            raise Invalid("run.no_rule", text, fields={"items": text})
        found[item.id] = parse(rule.document)
    return found


_FIRST_ACCOUNT = """
select id from billing_settlement_account where tenant_id = $1 and currency = $2 and status = 'active'
 order by created_at, id limit 1
"""


async def _by_account(tenant: Tenant, items: Sequence[FeeItem]) -> list[list[FeeItem]]:
    """Return the fees by the account that they are paid to; one that names none is paid to the first.

    A bill is paid to one account, whatever the channel; fees to several are billed by a run for each.
    """
    first = await value(_FIRST_ACCOUNT, tenant.id, tenant.currency)
    found: dict[UUID | None, list[FeeItem]] = {}
    for item in items:
        found.setdefault(item.settlement_account_id or first, []).append(item)
    return list(found.values())


async def start_later(actor: Actor, run: BillRun) -> BillRun | None:
    """Begin the run of the next account that an issued run's fees are paid to, for whoever began that one."""
    later = run.summary.get("later") or []
    if not later:
        return None
    try:
        return await start(
            replace(actor, person_id=run.created_by, name=run.created_by_name),
            scenario=run.scenario,
            period=run.period,
            due_on=run.due_on,
            fee_item_ids=[UUID(item) for group in later for item in group],
            places=run.summary.get("only", ()),
        )
    except (Conflict, Invalid):
        log.info("later_run_not_begun", run=str(run.id))
        return None


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


async def standing(tenant_id: UUID, period: date) -> dict[UUID, bool]:
    """Return for each item that has ever had a rule whether one is in force for a bill of ``period``."""
    return {one["fee_item_id"]: one["stands"] for one in await rows(_STANDING, tenant_id, period)}


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


async def approve(actor: Actor, run_id: UUID) -> BillRun:
    """Agree to a drafted run; approving again, or after it was issued, changes nothing.

    Raises:
        Conflict: it is still being drafted, holds no bill, or asks for another person than its drafter.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("runs.approve")
    run = await get(actor, run_id, lock=True)
    actor.require_fresh()
    if run.status in {"approved", "issuing", "issued"}:
        return run
    after = run_after(run.status, "approve")
    if not run.bill_count:
        raise Conflict("run.empty", t("This run has no bill to issue. Cancel it, or look at its exceptions."))
    if not await run_settings.may_approve(actor, run):
        raise Conflict(
            "run.needs_another",
            t(
                "You have drafted this run, so somebody else approves it. Ask a colleague who may approve bill runs."
            ),
        )
    run.status = after
    run.approved_by, run.approved_by_name = actor.person_id, actor.name[:100]
    run.approved_at = datetime.now(UTC)
    await run.save(update_fields=["status", "approved_by", "approved_by_name", "approved_at"])
    await _record(actor, run, "bill_run.approved")
    return run


async def withdraw(actor: Actor, run_id: UUID) -> BillRun:
    """Take an approval back, so that the draft can be worked on again.

    Raises:
        Conflict: it is not approved, or is being issued already.
    """
    actor.require("runs.approve")
    run = await get(actor, run_id, lock=True)
    run.status = run_after(run.status, "withdraw")
    run.approved_by, run.approved_by_name, run.approved_at = None, "", None
    await run.save(update_fields=["status", "approved_by", "approved_by_name", "approved_at"])
    await _record(actor, run, "bill_run.approval_withdrawn")
    return run


async def request_issue(actor: Actor, run_id: UUID) -> BillRun:
    """Have a run issued in the background; asking again, or after it was issued, changes nothing.

    Whoever may approve the run approves it by this, unless it has been.

    Raises:
        Conflict: it is still being drafted, holds no bill, or asks for another person's approval.
        StepUp: the sign-in is not fresh and strong; issuing is a money act.
    """
    actor.require("runs.issue")
    run = await get(actor, run_id, lock=True)
    actor.require_fresh()
    if run.status in {"issuing", "issued"}:
        return run
    if run.status == "drafted":
        run = await approve(actor, run_id)
    run.status = run_after(run.status, "issue")
    run.issued_by, run.issued_by_name = actor.person_id, actor.name[:100]
    await _set_to_work(actor, run, "bill_run.issue", ISSUE_JOB, run.bill_count)
    await _record(actor, run, "bill_run.issue_requested")
    return run


async def _set_to_work(actor: Actor, run: BillRun, kind: str, job: str, total: int) -> None:
    """Save the run and have a worker go through the estate from its beginning."""
    task = await tasks.begin(actor, kind, subject_id=run.id, total=total)
    run.task_id, run.reached_key, run.reached_number = task.id, "", ""
    await run.save()
    await enqueue(job, {"run_id": str(run.id)})


async def cancel(actor: Actor, run_id: UUID) -> None:
    """Have a run that has not been issued deleted with its draft bills, in the background.

    Raises:
        Conflict: it is being issued or was.
    """
    actor.require("runs.write")
    run = await get(actor, run_id, lock=True)
    if run.status == "cancelling":
        return
    if run.status not in {"drafting", "drafted", "approved"}:
        raise Conflict("run.issued", t("Issued bills cannot be cancelled. Take them back instead."))
    run.status = run_after(run.status, "cancel")
    await _set_to_work(actor, run, "bill_run.cancel", CANCEL_JOB, run.bill_count)
    await _record(actor, run, "bill_run.cancelled")


async def request_voiding(actor: Actor, run_id: UUID, *, reason: str) -> BillRun:
    """Have all unpaid bills of an issued run taken back in the background, each by a reversal in the books.

    Bills that are paid in whole or part, are being paid, or are spread by a plan, stay. Asking again while it is
    being done changes nothing.

    Raises:
        Invalid: no reason was given.
        Conflict: the run has not been issued.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("bills.write")
    run = await get(actor, run_id, lock=True)
    actor.require_fresh()
    if run.status == "voiding":
        return run
    after = run_after(run.status, "void")
    if not reason.strip() or len(reason) > REASON_MAX:
        text = t("Say why in at most {n} characters; the person billed may ask.", n=REASON_MAX)
        raise Invalid("run.no_reason", text, fields={"reason": text})
    run.status, run.void_reason = after, reason.strip()
    run.voided_by, run.voided_by_name = actor.person_id, actor.name[:100]
    await _set_to_work(actor, run, "bill_run.void", VOID_JOB, run.bill_count)
    await _record(actor, run, "bill_run.voiding_requested")
    return run


async def _record(actor: Actor, run: BillRun, act: str, reason: str = "") -> None:
    facts = {"bills": run.bill_count, "total_minor": run.total_minor, "currency": run.currency}
    await audit.record(
        actor,
        act,
        subject_kind="bill_run",
        subject_id=run.id,
        subject_label=f"{run.scenario} {run.period:%Y-%m}",
        after=facts | ({"reason": why} if (why := reason or run.void_reason) else {}),
    )
