"""What an estate sorts work into, whose shift it is when, and work that comes back by plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from billing.charges.periods import day_in, months_after
from billing.daily import every_day
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.service import assigning, orders
from scenarios.community.service.models import MaintenancePlan, WorkCategory, WorkShift
from scenarios.community.service.orders import Report
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from ui.i18n import t

FIRST: Sequence[tuple[str, str, int]] = (
    ("Water and drains", "给排水", 24),
    ("Electricity and lighting", "电气照明", 24),
    ("Lifts", "电梯", 8),
    ("Doors and locks", "门窗锁具", 48),
    ("Cleaning and rubbish", "保洁清运", 24),
    ("Noise and neighbours", "噪音与邻里", 48),
    ("Something else", "其他", 72),
)
"""What every estate starts with: names and hours."""
MOST_HOURS = 24 * 60
HOURS = 24


async def provision_categories(actor: Actor, tenant: Tenant) -> None:
    """Give a new estate what it can sort work into."""
    del actor
    made = [
        WorkCategory(
            tenant_id=tenant.id, names={"en": english, "zh_CN": chinese}, hours=hours, position=position
        )
        for position, (english, chinese, hours) in enumerate(FIRST)
    ]
    await WorkCategory.bulk_create(made)


async def categories(tenant_id: UUID) -> list[WorkCategory]:
    """Return what work is sorted into, in its order."""
    return await WorkCategory.filter(tenant_id=tenant_id, is_active=True).order_by("position", "created_at")


async def add_category(
    actor: Actor, *, english: str, chinese: str, hours: int, assignee: UUID | None
) -> WorkCategory:
    """Add something that work is sorted into.

    Raises:
        Invalid: the hours cannot be, or nobody of this name works here (field).
    """
    actor.require("service.settings")
    tenant_id = tenant_of(actor)
    if not 1 <= hours <= MOST_HOURS:
        raise refused("category.hours", "hours", t("Enter hours between 1 and {most}.", most=MOST_HOURS))
    name = await _name_of(tenant_id, assignee) if assignee else ""
    made = await WorkCategory.create(
        id=new_id(),
        tenant_id=tenant_id,
        names={"en": english.strip(), "zh_CN": chinese.strip() or english.strip()},
        hours=hours,
        assignee_id=assignee,
        assignee_name=name,
        position=await WorkCategory.filter(tenant_id=tenant_id).count(),
    )
    await _record(actor, "work_category.added", made.id, english)
    return made


async def _name_of(tenant_id: UUID, person_id: UUID) -> str:
    known = {one.person_id: one.name for one in await assigning.workers(tenant_id)}
    if person_id not in known:
        raise refused("work.assignee", "assignee", t("Choose one of your colleagues."))
    return known[person_id]


async def add_shift(
    actor: Actor,
    *,
    person: UUID,
    weekdays: Sequence[int],
    from_hour: int,
    until_hour: int,
    categories: Sequence[UUID] = (),
) -> WorkShift:
    """Write down somebody's hours.

    Raises:
        Invalid: no day, or hours that cannot be (field).
    """
    actor.require("service.settings")
    tenant_id = tenant_of(actor)
    if not weekdays or not set(weekdays) <= set(range(1, 8)):
        raise refused("shift.days", "weekdays", t("Choose at least one day."))
    if not 0 <= from_hour < until_hour <= HOURS:
        raise refused(
            "shift.hours", "until_hour", t("Enter hours from 0 to 24, the end after the beginning.")
        )
    made = await WorkShift.create(
        id=new_id(),
        tenant_id=tenant_id,
        person_id=person,
        person_name=await _name_of(tenant_id, person),
        weekdays=sorted(weekdays),
        from_hour=from_hour,
        until_hour=until_hour,
        categories=[str(one) for one in categories],
    )
    await _record(actor, "work_shift.added", made.id, made.person_name)
    return made


async def drop_shift(actor: Actor, shift_id: UUID) -> None:
    """Take somebody's hours out."""
    actor.require("service.settings")
    found = await WorkShift.get_or_none(tenant_id=tenant_of(actor), id=shift_id)
    if found is None:
        raise nothing()
    await found.delete()
    await _record(actor, "work_shift.removed", found.id, found.person_name)


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What comes back: where, how often, and its steps."""

    name: str
    category_id: UUID
    building_id: UUID | None
    every_months: int
    next_on: date
    steps: Sequence[str]


async def add_plan(actor: Actor, terms: PlanTerms) -> MaintenancePlan:
    """Plan work that comes back.

    Raises:
        Invalid: the months cannot be, or it has no step (field).
    """
    actor.require("service.settings")
    steps = [step.strip() for step in terms.steps if step.strip()]
    if not 1 <= terms.every_months <= 60:  # noqa: PLR2004 - five years
        raise refused("plan.months", "every_months", t("Enter months between 1 and 60."))
    if not steps:
        raise refused("plan.steps", "steps", t("Write down at least one step."))
    made = await MaintenancePlan.create(
        id=new_id(),
        tenant_id=tenant_of(actor),
        name=terms.name.strip(),
        category_id=terms.category_id,
        building_id=terms.building_id,
        every_months=terms.every_months,
        next_on=terms.next_on,
        checklist=steps,
    )
    await _record(actor, "maintenance_plan.added", made.id, made.name)
    return made


async def _record(actor: Actor, act: str, subject: UUID, label: str) -> None:
    await audit.record(actor, act, subject_kind="work", subject_id=subject, subject_label=label)


async def due_plans(actor: Actor) -> int:
    """Make orders of what has come round, each once, and return how many; in the open tenant scope."""
    tenant_id = tenant_of(actor)
    now = await today_at(tenant_id)
    found = (
        await MaintenancePlan.filter(tenant_id=tenant_id, is_active=True, next_on__lte=now)
        .select_for_update()
        .order_by("next_on", "id")
    )
    for plan in found:
        said: dict[str, Any] = {
            "plan_id": plan.id,
            "checklist": plan.checklist,
            "building_id": plan.building_id,
        }
        await orders.report(
            actor, tenant_id, Report(plan.category_id, plan.name, kind="planned", source="plan", **said)
        )
        following = plan.next_on
        while following <= now:
            following = day_in(months_after(following, plan.every_months), plan.next_on.day)
        await MaintenancePlan.filter(tenant_id=tenant_id, id=plan.id).update(next_on=following)
    return len(found)


@every_day
async def plan_day(actor: Actor) -> None:
    """Make orders of planned work in the morning."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        await due_plans(actor)
