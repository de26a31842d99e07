"""The tariff put into force, and a month billed as of its first day, by the services that people use."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from billing.charges import fees, run_steps, runs
from billing.charges.periods import months_after
from billing.models import Bill, BillRun
from billing.rules import builders as b
from deploy.seed.work import Statistics, work_off
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope

COUNT = 3
DUE_DAY = 15
_PARKING = {"car": "110.00", "motorcycle": "17.00", "heavy": "185.00"}
_OPENING = time(8, 30)


@dataclass(frozen=True, slots=True)
class Month:
    """One month that is billed; ``is_latest`` for the running one."""

    first: date
    issued_at: datetime
    is_latest: bool
    due_day: date | None = None
    """The day to pay by, where it is not the usual one."""

    @property
    def due_on(self) -> date:
        """Return the day by which the month's bills are to be paid."""
        return self.due_day or self.first.replace(day=DUE_DAY)


def months(zone: str) -> list[Month]:
    """Return the running month and those before it, oldest first, as of now in the institution's zone."""
    this, now = today(zone).replace(day=1), datetime.now(UTC)
    firsts = [months_after(this, back) for back in range(1 - COUNT, 1)]
    opening = [datetime.combine(first, _OPENING, ZoneInfo(zone)).astimezone(UTC) for first in firsts]
    return [
        Month(first, min(at, now - timedelta(minutes=2)), first == this)
        for first, at in zip(firsts, opening, strict=True)
    ]


async def set_tariff(author: Actor, actor: Actor, since: date, keys: Collection[str] = ()) -> None:
    """Put drafted rules into force from ``since`` on, among them the street's own parking charge by ``author``.

    ``keys`` are the fees; all of them where none is named.
    """
    for listed in await fees.list_items(actor):
        if keys and listed.item.key not in keys:
            continue
        draft = listed.draft
        if draft is None and listed.current is None and listed.item.key == "parking_charge":
            document = b.charge(listed.item.currency, b.table("vehicle", _PARKING, label="Season parking"))
            draft = await fees.save_draft(author, listed.item.id, document)
        if draft is not None:
            await fees.activate(actor, listed.item.id, effective_from=since)


async def bill(  # noqa: PLR0917 - who, where, when and what
    actor: Actor,
    approver: Actor,
    tenant: Tenant,
    month: Month,
    statistics: Statistics,
    keys: Collection[str] = (),
    places: Sequence[str] = (),
) -> int:
    """Draft, approve and issue the month's bills as of its first day, from wherever that stands; return how many.

    ``keys`` are the fees to bill, all that are in force where none is named; ``places`` narrow who is billed.
    """
    run = await _run(actor, tenant, month, keys, places)
    if run.status == "drafting":
        await _draft(run, statistics)
    if run.status != "issued":
        async with open_scope(tenant_scope(tenant.id)):
            await runs.approve(approver, run.id)
            run = await runs.request_issue(actor, run.id)
            await run_steps.issue(system_actor(tenant.id), run.id, at=month.issued_at)
            await _age(run, month)
    await work_off(tenant.id, runs.ISSUE_JOB)
    return int(run.bill_count)


async def _run(
    actor: Actor, tenant: Tenant, month: Month, keys: Collection[str], places: Sequence[str]
) -> BillRun:
    async with open_scope(tenant_scope(tenant.id)):
        in_force = [one for one in await fees.list_items(actor) if one.current is not None]
        in_force = [one for one in in_force if not keys or one.item.key in keys]
        wanted = {str(one.item.id) for one in in_force}
        for begun in await BillRun.filter(tenant_id=tenant.id, period=month.first):
            if set(begun.fee_items) == wanted:
                return begun
        return await runs.start(
            actor,
            scenario=tenant.scenarios[0],
            period=month.first,
            due_on=month.due_on,
            fee_item_ids=[one.item.id for one in in_force],
            places=places,
        )


async def _draft(run: BillRun, statistics: Statistics) -> None:
    """Draft as the job would, telling PostgreSQL of thousands of new bills before they are summed up."""
    system = system_actor(run.tenant_id)
    await run_steps.advance(system, run.id)
    await statistics.of_bills()
    await work_off(run.tenant_id, runs.DRAFT_JOB)


async def _age(run: BillRun, month: Month) -> None:
    drafted = month.issued_at - timedelta(minutes=25)
    await BillRun.filter(tenant_id=run.tenant_id, id=run.id).update(
        created_at=drafted, drafted_at=drafted, approved_at=month.issued_at
    )
    await Bill.filter(tenant_id=run.tenant_id, run_id=run.id).update(created_at=month.issued_at)
