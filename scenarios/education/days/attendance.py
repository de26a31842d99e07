"""Days attended: a month's school days less approved leave, taken once the month is over, for fees by the day."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges import quantities
from billing.charges.periods import last_day
from billing.charges.quantities import Entry
from scenarios.education.days.meals import school_days
from scenarios.education.kinds import DAYS_ATTENDED, SCENARIO_KEY
from scenarios.education.models import SchoolAttendance
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, rows
from ui.errors import Conflict, Invalid
from ui.i18n import t

SOURCE = "attendance"
_COUNTED = """
with begun as materialized (
  select u.account_id, min(coalesce(e.begins_on, '-infinity'::date)) first_on
    from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id
   where e.tenant_id = $1 and e.role = 'student' group by u.account_id),
away as materialized (
  select account_id, first_on, last_on from education_leave where tenant_id = $1 and status = 'approved'
     and first_on <= $5 and last_on >= $4)
select a.id, count(d.day)::int days
  from tenants_account a left join begun b on b.account_id = a.id cross join unnest($3::date[]) d (day)
 where a.tenant_id = $1 and a.scenario = $2 and a.kind = 'student' and lasts(a.closed_on, d.day)
   and (b.first_on is null or b.first_on <= d.day)
   and not exists (select 1 from away l where l.account_id = a.id and d.day between l.first_on and l.last_on)
 group by a.id order by a.id
"""
"""Who was there how often. Since when a pupil is here and who was away are read once, not for each pupil and day."""


def days_of(month: date, closed: Collection[date]) -> list[date]:
    """Return the school days of a month: Monday to Friday, less the days on which the school was closed."""
    return [day for day in school_days(month, last_day(month)) if day not in set(closed)]


async def counted(tenant_id: UUID, month: date, closed: Collection[date]) -> dict[UUID, int]:
    """Return how many school days of a month each pupil was there, in the open tenant scope; leave is no attendance."""
    days = days_of(month, closed)
    found = await rows(_COUNTED, tenant_id, SCENARIO_KEY, days, month, last_day(month))
    return {one["id"]: one["days"] for one in found}


async def take(actor: Actor, month: date, closed: Collection[date]) -> SchoolAttendance:
    """Take a month's days attended, for fees by the day; taken again, they replace those before until one is billed.

    Raises:
        Invalid: the month is not over, or a day on which the school was closed lies outside it.
        Conflict: a bill that stands charges by them.
    """
    actor.require("classes.write")
    tenant = await Tenant.get(id=actor.tenant_id)
    _check(month, closed, today(tenant.timezone))
    await execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"attendance {tenant.id} {month}")
    await _forget(tenant.id, month)
    days = await counted(tenant.id, month, closed)
    made = await SchoolAttendance.create(
        id=new_id(),
        tenant_id=tenant.id,
        month=month,
        closed_days=[day.isoformat() for day in sorted(set(closed))],
        school_days=len(days_of(month, closed)),
        pupils=len(days),
        taken_by_name=actor.name[:100],
        taken_at=datetime.now(UTC),
    )
    entries = [Entry(account, month, Decimal(count), made.id) for account, count in days.items()]
    await quantities.put(tenant.id, DAYS_ATTENDED, SOURCE, entries)
    await _record(actor, made)
    return made


def _check(month: date, closed: Collection[date], now: date) -> None:
    if month.day != 1 or last_day(month) >= now:
        text = t("Days attended are taken once the month is over.")
        raise Invalid("attendance.month", text, fields={"month": text})
    if any(day.replace(day=1) != month for day in closed):
        text = t("Each day on which the school was closed lies in this month.")
        raise Invalid("attendance.closed", text, fields={"closed": text})


async def _forget(tenant_id: UUID, month: date) -> None:
    before = await SchoolAttendance.get_or_none(tenant_id=tenant_id, month=month)
    if before is None:
        return
    if await quantities.is_billed(tenant_id, [before.id]):
        text = t(
            "Days of this month are on bills already. Take the run's bills back first, or write credit notes."
        )
        raise Conflict("attendance.billed", text)
    await quantities.take_back(tenant_id, [before.id])
    await before.delete()


async def _record(actor: Actor, made: SchoolAttendance) -> None:
    facts: dict[str, Any] = {"school_days": made.school_days, "pupils": made.pupils}
    await audit.record(
        actor,
        "attendance.taken",
        subject_kind="attendance",
        subject_id=made.id,
        subject_label=made.month.strftime("%Y-%m"),
        after=facts,
    )
