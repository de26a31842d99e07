"""Slots of days and the pools they draw on, made from templates once and kept in step with what is decided later."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from scenarios.tourism.calendar.days import moment
from scenarios.tourism.models import DayRule, Site, Slot, SlotTemplate
from scenarios.tourism.stock import allotments, pools
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import execute

AHEAD = 60
"""Days from today for which slots are made."""
_ADD = """
insert into tourism_slot
  (tenant_id, id, site_id, template_id, day, names, starts_at, ends_at, grace_before, grace_after)
select $1, new_id(), $2, s.* from unnest(
  $3::uuid[], $4::date[], $5::jsonb[], $6::timestamptz[], $7::timestamptz[], $8::int[], $9::int[]) s
on conflict (tenant_id, template_id, day) do nothing
"""


async def make_days(site: Site, first: date, count: int = 1) -> int:
    """Make the slots and pools of days that have none yet and set the ceilings of those that do; return the slots.

    Safe to run again: what is there stays, and its tickets with it.
    """
    zone = (await Tenant.get(id=site.tenant_id)).timezone
    templates = await SlotTemplate.filter(tenant_id=site.tenant_id, site_id=site.id)
    days = [first + timedelta(days=n) for n in range(count)]
    fitting = {day: [one for one in templates if _fits(one, day)] for day in days}
    made = await _make(site, zone, fitting)
    await pools.set_ceilings(site, await _wanted(site, fitting))
    await allotments.keep(site, today(zone))
    return made


def _fits(template: SlotTemplate, day: date) -> bool:
    is_in_force = template.since <= day and (template.until is None or day <= template.until)
    return is_in_force and day.isoweekday() in template.weekdays


async def rules_of(tenant_id: UUID, site_id: UUID, first: date, last: date) -> dict[date, DayRule]:
    """Return the exceptions of a span of days."""
    found = await DayRule.filter(tenant_id=tenant_id, site_id=site_id, day__gte=first, day__lte=last)
    return {one.day: one for one in found}


Fitting = Mapping[date, Sequence[SlotTemplate]]
"""The templates of each day, in the order of days."""


async def _make(site: Site, zone: str, fitting: Fitting) -> int:
    made = [
        (
            one.id,
            day,
            pools.as_json(one.names),
            moment(day, one.start_minute, zone),
            moment(day, one.end_minute, zone),
            one.grace_before,
            one.grace_after,
        )
        for day, templates in fitting.items()
        for one in templates
    ]
    return await execute(_ADD, site.tenant_id, site.id, *map(list, zip(*made, strict=True))) if made else 0


async def _wanted(site: Site, fitting: Fitting) -> list[pools.Ceiling]:
    """Return how many days and their slots take: the approved cap, or the part of it that a day's rule leaves."""
    first, last = min(fitting), max(fitting)
    rules = await rules_of(site.tenant_id, site.id, first, last)
    slots = await Slot.filter(tenant_id=site.tenant_id, site_id=site.id, day__gte=first, day__lte=last)
    percents = {day: _percent(rules.get(day)) for day in fitting}
    wanted = [
        pools.Ceiling(day, "day", None, "", site.day_cap * percent // 100)
        for day, percent in percents.items()
    ]
    by_id = {(day, one.id): one for day, templates in fitting.items() for one in templates}
    for slot in slots:
        if template := by_id.get((slot.day, slot.template_id or slot.id)):
            wanted += _ceilings(site, slot, template, percents[slot.day])
    return wanted


def _percent(rule: DayRule | None) -> int:
    if rule is None:
        return 100
    return 0 if rule.is_shut else rule.cap_percent


def _ceilings(site: Site, slot: Slot, template: SlotTemplate, percent: int) -> list[pools.Ceiling]:
    """A slot never takes more than may be on site at once; a channel's allotment is a part of its slot."""
    most = min(template.capacity, site.instant_cap) * percent // 100
    shares: Mapping[str, Any] = template.allotments
    allotted = [
        pools.Ceiling(slot.day, "channel", slot.id, channel, int(count) * percent // 100)
        for channel, count in shares.items()
    ]
    return [pools.Ceiling(slot.day, "slot", slot.id, "", most), *allotted]
