"""Sessions taken over from the hospital's own system: what it plans and we do not have yet.

A session is the same by its doctor and its begin, so that taking over again adds nothing. Sessions that we have stay as
they are: numbers may be booked. Doctors are known by their code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from scenarios.hospital import calendar
from scenarios.hospital.days import days_from, local
from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import His, HisRefused, HisSilent, Planned
from scenarios.hospital.kinds import QUOTAS
from scenarios.hospital.rights import SET_UP
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import open_scope, rows
from ui.errors import Conflict, Unavailable
from ui.i18n import t

DAYS = 14
NOON, EVENING = 12, 18
_DOCTORS = """
select d.code, d.id doctor_id, r.id role_id, r.service_id, r.department_id from hospital_doctor d
  join lateral (select * from hospital_practitioner_role r where r.tenant_id = $1 and r.doctor_id = d.id and r.is_active
                 order by r.id limit 1) r on true
 where d.tenant_id = $1 and d.is_active and d.code = any ($2) order by d.id for update of d
"""
_THERE = "select doctor_id, starts_at from hospital_session where tenant_id = $1 and starts_at >= now()"


@dataclass(frozen=True, slots=True)
class Taken:
    """How many sessions are new, and how many were left out because we do not know their doctor."""

    made: int
    unknown: int


async def take_over(actor: Actor) -> Taken:
    """Take over what the system plans for the next days; outside of any scope, since the system is asked.

    Raises:
        Conflict: the hospital has no system connected, or it refuses.
        Unavailable: it does not answer; nothing was changed.
    """
    actor.require(SET_UP)
    async with open_scope(actor.scope()):
        tenant = await Tenant.get(id=actor.tenant_id)
        his = await his_of(tenant.id)
    if his is None:
        raise Conflict("his.none", t("The hospital has no system of its own connected here."))
    found = await _planned(his, tenant)
    async with open_scope(actor.scope()):
        return await _write(actor, tenant, found)


async def _planned(his: His, tenant: Tenant) -> list[Planned]:
    try:
        return [one for day in days_from(today(tenant.timezone), DAYS) for one in await his.sessions(day)]
    except HisSilent as error:
        advice = t("Nothing was changed. Try again in a few minutes.")
        text = t("The hospital's system does not answer just now.")
        raise Unavailable("his.silent", text, advice=advice) from error
    except HisRefused as error:
        text = t("The hospital's system refuses: {why}", why=str(error)[:100])
        raise Conflict("his.refused", text) from error


async def _write(actor: Actor, tenant: Tenant, found: Sequence[Planned]) -> Taken:
    """Write what is new; the doctors' rows are locked meanwhile, so that two who take over write it once."""
    codes = sorted({one.doctor for one in found})
    doctors = {one["code"]: one for one in await rows(_DOCTORS, tenant.id, codes)}
    there = {(one["doctor_id"], one["starts_at"]) for one in await rows(_THERE, tenant.id)}
    known = [one for one in found if one.doctor in doctors and one.starts_at > datetime.now(UTC)]
    fresh = [one for one in known if (doctors[one.doctor]["doctor_id"], one.starts_at) not in there]
    await calendar.write_sessions([_session(tenant, one, doctors[one.doctor]) for one in fresh])
    done = Taken(len(fresh), sum(one.doctor not in doctors for one in found))
    await audit.record(
        actor,
        "sessions.taken_over",
        subject_kind="session",
        subject_id=None,
        subject_label=tenant.short_name,
        after={"count": done.made, "unknown": done.unknown},
    )
    return done


def _session(tenant: Tenant, one: Planned, doctor: Mapping[str, Any]) -> dict[str, Any]:
    begins = local(one.starts_at, tenant.timezone)
    ids: dict[str, UUID] = {
        name: doctor[name] for name in ("role_id", "doctor_id", "service_id", "department_id")
    }
    return {
        "tenant_id": tenant.id,
        "id": new_id(),
        **ids,
        "place": one.place,
        "day": begins.date(),
        "part": "morning" if begins.hour < NOON else "afternoon" if begins.hour < EVENING else "evening",
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "opens_at": datetime.now(UTC),
        "quotas": {kind: one.quotas[kind] for kind in QUOTAS if one.quotas.get(kind)},
    }
