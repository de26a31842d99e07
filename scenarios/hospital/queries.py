"""Reading visits: a person's own, a session's register, a department's choices."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.hospital.models import Appointment
from tenants.actor import Actor
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.errors import NotFound
from ui.i18n import t

_MINE = """
select x.tenant_id, x.id from hospital_appointment x
 where x.status in ('pending', 'booked', 'arrived', 'called') and x.ends_at > now() - interval '12 hours'
 order by x.starts_at limit 50
"""
_PAST = """
select x.tenant_id, x.id from hospital_appointment x where x.account_id = $1
 order by x.starts_at desc limit 100
"""
_VISIT = """
select x.id, x.tenant_id, x.account_id, x.session_id, x.slot_id, x.reference, x.code, x.visit, x.status, x.day,
       x.starts_at, x.ends_at, x.price_minor, x.kept_minor, x.currency, x.bill_id, x.hold_id, x.queued_at, x.calls,
       x.end_reason, x.version, s.place, s.doctor_id, s.department_id, s.status session_status, l.number,
       d.name doctor, d.title, sv.names service, dp.names department, a.name patient, a.number patient_number,
       t.slug, t.short_name, t.name tenant_name, t.timezone, t.contact_phone
  from hospital_appointment x
  join hospital_session s on s.tenant_id = $1 and s.id = x.session_id
  join hospital_slot l on l.tenant_id = $1 and l.id = x.slot_id
  join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join hospital_service sv on sv.tenant_id = $1 and sv.id = x.service_id
  join hospital_department dp on dp.tenant_id = $1 and dp.id = x.department_id
  join tenants_account a on a.tenant_id = $1 and a.id = x.account_id
  join tenants_tenant t on t.id = $1
 where x.tenant_id = $1 and x.id = any ($2)
 order by x.starts_at, x.id
"""
_DEPARTMENTS = """
select d.id, d.code, d.names,
       (select count(*) from hospital_session s where s.tenant_id = $1 and s.department_id = d.id
           and s.status = 'planned' and s.ends_at > now()) sessions
  from hospital_department d where d.tenant_id = $1 and d.is_active order by d.position, d.code
"""
_REGISTER = """
select x.id, x.reference, x.status, x.visit, x.channel, x.starts_at, x.queued_at, x.arrived_at, x.calls, l.number,
       a.name patient, a.number patient_number, a.id account_id, p.sex, p.born_on
  from hospital_appointment x
  join hospital_slot l on l.tenant_id = $1 and l.id = x.slot_id
  join tenants_account a on a.tenant_id = $1 and a.id = x.account_id
  left join hospital_patient p on p.tenant_id = $1 and p.account_id = x.account_id
 where x.tenant_id = $1 and x.session_id = $2 and x.status <> 'lapsed'
 order by x.status not in ('called'), x.status not in ('arrived'), x.queued_at, x.starts_at, x.id
"""


_ROOMS = """
select s.id, s.place, d.name doctor,
       (select json_agg(l.number order by x.called_at desc) from hospital_appointment x
          join hospital_slot l on l.tenant_id = $1 and l.id = x.slot_id
         where x.tenant_id = $1 and x.session_id = s.id and x.status = 'called') now,
       (select json_agg(n.number) from (select l.number from hospital_appointment x
          join hospital_slot l on l.tenant_id = $1 and l.id = x.slot_id
         where x.tenant_id = $1 and x.session_id = s.id and x.status = 'arrived'
         order by x.queued_at, x.id limit 4) n) next
  from hospital_session s join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
 where s.tenant_id = $1 and s.department_id = $2 and s.day = $3 and s.status = 'planned'
   and s.ends_at > now() - interval '4 hours'
 order by s.place, s.starts_at
"""


async def rooms(tenant_id: UUID, department_id: UUID, day: date) -> list[dict[str, Any]]:
    """Return the rooms of a department's waiting room with the numbers that are called, and that come next."""
    found = await rows(_ROOMS, tenant_id, department_id, day)
    return [
        {**dict(one), "now": json.loads(one["now"] or "[]"), "next": json.loads(one["next"] or "[]")}
        for one in found
    ]


def _read(found: Any) -> dict[str, Any]:
    return {
        **dict(found),
        **{name: json.loads(found[name]) for name in ("service", "department") if name in found},
    }


async def mine_coming(actor: Actor) -> list[dict[str, Any]]:
    """Return what is coming for everybody the person may act for, soonest first."""
    async with open_scope(actor.scope()):
        found = await rows(_MINE)
    return await _visits([(one["tenant_id"], one["id"]) for one in found])


async def mine_of_patient(actor: Actor, account_id: UUID) -> list[dict[str, Any]]:
    """Return all visits of one patient of the person's, latest first."""
    async with open_scope(actor.scope()):
        found = await rows(_PAST, account_id)
    seen = await _visits([(one["tenant_id"], one["id"]) for one in found])
    return sorted(seen, key=lambda one: one["starts_at"], reverse=True)


async def _visits(ids: Sequence[tuple[UUID, UUID]]) -> list[dict[str, Any]]:
    """Return visits that were seen in their person's scope, with what only the hospital's scope shows."""
    seen: list[dict[str, Any]] = []
    for tenant_id in dict.fromkeys(tenant for tenant, _ in ids):
        async with open_scope(tenant_scope(tenant_id)):
            wanted = [one for tenant, one in ids if tenant == tenant_id]
            seen += [_read(one) for one in await rows(_VISIT, tenant_id, wanted)]
    return sorted(seen, key=lambda one: one["starts_at"])


async def mine_visit(actor: Actor, appointment_id: UUID) -> dict[str, Any]:
    """Return one visit of the person's.

    Raises:
        NotFound: it is not theirs, or no longer theirs to see.
    """
    async with open_scope(actor.scope()):
        found = await Appointment.get_or_none(id=appointment_id)
    if found is None:
        raise NotFound("visit.not_found", t("There is no such appointment, or it is not yours to see."))
    return (await _visits([(found.tenant_id, found.id)]))[0]


async def visit(tenant_id: UUID, appointment_id: UUID) -> dict[str, Any]:
    """Return one visit of the hospital, in its scope.

    Raises:
        NotFound: there is none.
    """
    found = await row(_VISIT, tenant_id, [appointment_id])
    if found is None:
        raise NotFound("visit.not_found", t("There is no such appointment, or it is not yours to see."))
    return _read(found)


async def departments(tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the hospital's departments with how many sessions each holds from now on."""
    found = await rows(_DEPARTMENTS, tenant_id)
    return [{**dict(one), "names": json.loads(one["names"])} for one in found]


async def register(tenant_id: UUID, session_id: UUID) -> list[Any]:
    """Return everybody of a session: called, waiting by their place, to come, and gone."""
    return list(await rows(_REGISTER, tenant_id, session_id))


_WAITS = """
select w.id, w.status, w.offered_until, s.day, a.name patient, t.short_name, t.slug, w.session_id, w.account_id, w.visit
  from hospital_waiting w join hospital_session s on s.tenant_id = w.tenant_id and s.id = w.session_id
  join tenants_account a on a.tenant_id = w.tenant_id and a.id = w.account_id
  join tenants_tenant t on t.id = w.tenant_id
 where w.status in ('waiting', 'offered') and s.ends_at > now() order by s.starts_at limit 50
"""


async def mine_waiting(actor: Actor) -> list[dict[str, Any]]:
    """Return the numbers that the person's patients wait for, the soonest first."""
    ids = "select id, tenant_id, session_id from hospital_waiting where status in ('waiting', 'offered') limit 50"
    async with open_scope(actor.scope()):
        seen = await rows(ids)
    found: list[dict[str, Any]] = []
    for tenant_id in {one["tenant_id"] for one in seen}:
        own = {one["id"] for one in seen if one["tenant_id"] == tenant_id}
        async with open_scope(tenant_scope(tenant_id)):
            found += [dict(one) for one in await rows(_WAITS) if one["id"] in own]
    return sorted(found, key=lambda one: one["day"])
