"""Slots of days and the pools they draw on, made from templates once and kept in step with what is decided later."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from billing.charges.periods import today
from scenarios.tourism.calendar.days import moment
from scenarios.tourism.models import DayRule, Site, Slot, SlotTemplate
from scenarios.tourism.stock import allotments, pools
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute

AHEAD = 60
"""Days from today for which slots are made."""
_ADD = """
insert into tourism_slot
  (tenant_id, id, site_id, template_id, day, names, starts_at, ends_at, grace_before, grace_after)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (tenant_id, template_id, day) do nothing
"""


async def make_days(site: Site, first: date, count: int = 1) -> int:
    """Make the slots and pools of days that have none yet and set the ceilings of those that do; return the slots.

    Safe to run again: what is there stays, and its tickets with it.
    """
    zone = (await Tenant.get(id=site.tenant_id)).timezone
    templates = await SlotTemplate.filter(tenant_id=site.tenant_id, site_id=site.id)
    last = first + timedelta(days=count - 1)
    rules = await rules_of(site.tenant_id, site.id, first, last)
    made = 0
    for day in (first + timedelta(days=n) for n in range(count)):
        fitting = [one for one in templates if _fits(one, day)]
        made += await _make(site, zone, day, fitting)
        await set_ceilings(site, day, rules.get(day), fitting)
    await allotments.keep(site, today(zone))
    return made


def _fits(template: SlotTemplate, day: date) -> bool:
    is_in_force = template.since <= day and (template.until is None or day <= template.until)
    return is_in_force and day.isoweekday() in template.weekdays


async def rules_of(tenant_id: UUID, site_id: UUID, first: date, last: date) -> dict[date, DayRule]:
    """Return the exceptions of a span of days."""
    found = await DayRule.filter(tenant_id=tenant_id, site_id=site_id, day__gte=first, day__lte=last)
    return {one.day: one for one in found}


async def _make(site: Site, zone: str, day: date, templates: Sequence[SlotTemplate]) -> int:
    made = 0
    for template in templates:
        made += await execute(
            _ADD,
            site.tenant_id,
            new_id(),
            site.id,
            template.id,
            day,
            pools.as_json(template.names),
            moment(day, template.start_minute, zone),
            moment(day, template.end_minute, zone),
            template.grace_before,
            template.grace_after,
        )
    return made


async def set_ceilings(
    site: Site, day: date, rule: DayRule | None, templates: Sequence[SlotTemplate]
) -> None:
    """Set how many a day and its slots take: the approved cap, in percent where the day has a rule, none when shut."""
    percent = 0 if rule and rule.is_shut else rule.cap_percent if rule else 100
    slots = await Slot.filter(tenant_id=site.tenant_id, site_id=site.id, day=day)
    by_id = {one.id: one for one in templates}
    wanted: list[pools.Ceiling] = [pools.Ceiling("day", None, "", site.day_cap * percent // 100)]
    for slot in slots:
        if template := by_id.get(slot.template_id or slot.id):
            wanted += _ceilings(site, slot, template, percent)
    await pools.set_ceilings(site, day, wanted)


def _ceilings(site: Site, slot: Slot, template: SlotTemplate, percent: int) -> list[pools.Ceiling]:
    """A slot never takes more than may be on site at once; a channel's allotment is a part of its slot."""
    most = min(template.capacity, site.instant_cap) * percent // 100
    shares: Mapping[str, Any] = template.allotments
    allotted = [
        pools.Ceiling("channel", slot.id, channel, int(count) * percent // 100)
        for channel, count in shares.items()
    ]
    return [pools.Ceiling("slot", slot.id, "", most), *allotted]
