"""A weekly session changes or ends from a day on. What is booked already is shown first, and dealt with once.

Sessions that nobody has touched are taken out. Those with appointments stay as they are, or are stopped: then each
patient is moved into the new session at the same price where a number is left, else refunded, and told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from scenarios.hospital import calendar, setup, stopping
from scenarios.hospital.models import ClinicSession, ScheduleTemplate
from scenarios.hospital.rights import SET_UP
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.scope import execute, rows, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import gettext, t

WEEK = timedelta(days=7)
_AFFECTED = """
select s.id, s.day, s.place, s.starts_at, s.ends_at,
       (select count(*) from hospital_appointment x where x.tenant_id = $1 and x.session_id = s.id
           and x.status in ('pending', 'booked', 'arrived', 'called'))::int booked,
       exists (select 1 from hospital_appointment x where x.tenant_id = $1 and x.session_id = s.id)
         or exists (select 1 from hospital_waiting w where w.tenant_id = $1 and w.session_id = s.id) is_touched
  from hospital_session s
 where s.tenant_id = $1 and s.template_id = $2 and s.day >= $3 and s.status = 'planned' and s.ends_at > now()
 order by s.day
"""
_LOCK = "select id from hospital_session where tenant_id = $1 and id = any ($2) order by id for update"
_OUT = ("delete from hospital_slot where tenant_id = $1 and session_id = any ($2)",
        "delete from hospital_session where tenant_id = $1 and id = any ($2)")  # fmt: skip
_INSTEAD = """
select id from hospital_session where tenant_id = $1 and template_id = $2 and day between $3 and $4
   and status = 'planned' order by day limit 1
"""


@dataclass(frozen=True, slots=True)
class Booked:
    """What becomes of those who have booked: they keep their session, or it is stopped for a reason."""

    is_kept: bool
    reason: str = ""
    seen: int = 0
    """How many appointments were shown to whoever decides."""


@dataclass(frozen=True, slots=True)
class Changed:
    """How many sessions are new, were taken out, stay as booked, and are stopped."""

    made: int
    removed: int
    kept: int
    stopped: int


async def affected(tenant_id: UUID, template_id: UUID, since: date) -> list[Any]:
    """Return the sessions of a weekly session from a day on, each with how many have booked it."""
    return list(await rows(_AFFECTED, tenant_id, template_id, since))


async def change(
    actor: Actor,
    *,
    template_id: UUID,
    since: date,
    booked: Booked,
    role_id: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Changed:
    """Let a weekly session be another one from a day on, or with no ``facts`` come no more; in one transaction.

    Raises:
        Conflict: it has ended by then already, or somebody has booked since it was shown.
        Invalid: the day is not to come, or a fact of the new one is wrong.
        Forbidden: sessions are to be stopped, and the actor may not.
    """
    tenant, found = await _locked(actor, template_id)
    _check(found, since, today(tenant.timezone))
    there = await affected(tenant.id, found.id, since)
    await rows(_LOCK, tenant.id, [one["id"] for one in there])
    there = await affected(tenant.id, found.id, since)
    if sum(one["booked"] for one in there) != booked.seen:
        text = t("Somebody has booked or cancelled since you opened the page. Please look again.")
        raise Conflict("template.booked", text)
    new_one = None
    if facts is not None:
        fresh = {**facts, "since": since}
        new_one = await setup.save_template(
            actor, template_id=None, role_id=role_id or found.role_id, facts=fresh
        )
    found.until = since - timedelta(days=1)
    await found.save(update_fields=["until"])
    done = await _deal(actor, tenant, there, booked, new_one)
    await _record(actor, found, done, is_over=new_one is None)
    return done


async def _locked(actor: Actor, template_id: UUID) -> tuple[Tenant, ScheduleTemplate]:
    actor.require(SET_UP)
    found = (
        await ScheduleTemplate.filter(tenant_id=actor.tenant_id, id=template_id)
        .select_for_update()
        .get_or_none()
    )
    if found is None:
        raise NotFound("template.not_found", t("There is no such weekly session."))
    return await Tenant.get(id=actor.tenant_id), found


def _check(found: ScheduleTemplate, since: date, now: date) -> None:
    if since <= now:
        text = t("Choose a day to come.")
        raise Invalid("template.since", text, fields={"since": text})
    if found.until is not None and found.until < since:
        raise Conflict("template.ended", t("This weekly session has ended by then already."))


async def _deal(
    actor: Actor, tenant: Tenant, there: Sequence[Any], booked: Booked, new_one: ScheduleTemplate | None
) -> Changed:
    """Take out what nobody touched; what is booked becomes the new one's, or makes room for it."""
    untouched = [one["id"] for one in there if not one["is_touched"]]
    for sql in _OUT:
        await execute(sql, tenant.id, untouched)
    touched = [one for one in there if one["is_touched"]]
    kept = [one for one in touched if booked.is_kept and one["booked"]]
    if new_one is not None:
        await ClinicSession.filter(tenant_id=tenant.id, id__in=[one["id"] for one in kept]).update(
            template_id=new_one.id
        )
    made = await calendar.make_sessions(tenant) if new_one is not None else 0
    for one in (each for each in touched if each not in kept):
        if one["booked"]:
            instead = await _instead(tenant.id, new_one, one["day"])
            await stopping.stop(actor, session_id=one["id"], reason=booked.reason, instead_id=instead)
        else:
            session = await ClinicSession.get(tenant_id=tenant.id, id=one["id"])
            await stopping.close(actor, session, gettext("The weekly session has changed"))
    return Changed(made, len(untouched), len(kept), len(touched) - len(kept))


async def _instead(tenant_id: UUID, new_one: ScheduleTemplate | None, day: date) -> UUID | None:
    """Return the new session of that day, else the next within a week."""
    if new_one is None:
        return None
    found: UUID | None = await value(_INSTEAD, tenant_id, new_one.id, day, day + WEEK)
    return found


async def _record(actor: Actor, found: ScheduleTemplate, done: Changed, *, is_over: bool) -> None:
    assert found.until is not None  # noqa: S101 - just set
    facts = {"made": done.made, "removed": done.removed, "kept": done.kept, "stopped": done.stopped}
    await audit.record(
        actor,
        "template.ended" if is_over else "template.changed",
        subject_kind="template",
        subject_id=found.id,
        subject_label=found.place,
        after={"until": found.until.isoformat(), **facts},
    )
