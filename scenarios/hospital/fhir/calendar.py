"""Schedule and Slot: sessions, and their numbers one by one. Free is a number that an app can have now."""

import json
from typing import Any

from scenarios.hospital.fhir.codes import REASON, VISITS, case, concept
from scenarios.hospital.fhir.kinds import Kind, Row, Server, instant, named, to
from scenarios.hospital.kinds import OPEN_TO
from scenarios.hospital.states import FREEING

FREED = ", ".join(f"'{one}'" for one in FREEING)
OPEN = ", ".join(f"'{one}'" for one in OPEN_TO["api"])
_SCHEDULES = """
select s.id, s.starts_at at, s.starts_at, s.ends_at, s.changed_at, s.doctor_id, s.service_id, s.place, s.status,
       case when s.status = 'planned' then 'true' else 'false' end active, d.name doctor,
       sv.names service, dp.names department
  from hospital_session s
  join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join hospital_service sv on sv.tenant_id = $1 and sv.id = s.service_id
  join hospital_department dp on dp.tenant_id = $1 and dp.id = s.department_id
 where s.tenant_id = $1
"""
_TYPES = {kind: code for kind, (code, _) in VISITS.items()}
_SLOTS = f"""
select l.id, l.starts_at at, l.starts_at, l.ends_at, l.session_id, l.kind, {case("l.kind", _TYPES)} type,
       greatest(l.created_at, s.changed_at, taken.changed_at) changed_at,
       case when taken.is_paying then 'busy-tentative' when taken.is_taken then 'busy'
            when s.status <> 'planned' or s.opens_at > now() or l.ends_at <= now() or l.kind not in ({OPEN})
            then 'busy-unavailable' else 'free' end status
  from hospital_slot l
  join hospital_session s on s.tenant_id = $1 and s.id = l.session_id
  left join lateral (
    select max(x.changed_at) changed_at, coalesce(bool_or(x.status = 'pending'), false) is_paying,
           coalesce(bool_or(x.status not in ({FREED})), false) is_taken
      from hospital_appointment x where x.tenant_id = $1 and x.slot_id = l.id) taken on true
 where l.tenant_id = $1
"""


def name_of(names: str) -> str:
    """Return a name for programs: English, else whichever there is."""
    found: dict[str, str] = json.loads(names)
    return found.get("en") or next(iter(found.values()), "")


def service_of(server: Server, row: Row) -> list[dict[str, Any]]:
    """Return the service that a session or appointment is for."""
    return [concept(server.system("service"), str(row["service_id"]), name_of(row["service"]))]


def _schedule(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    return {
        "active": row["status"] == "planned",
        "serviceType": service_of(server, row),
        "specialty": [{"text": name_of(row["department"])}],
        "actor": [to("Practitioner", row["doctor_id"], row["doctor"]), to("Location", None, row["place"])],
        "planningHorizon": {"start": instant(row["starts_at"]), "end": instant(row["ends_at"])},
    }


def _slot(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del server, more
    return {
        "schedule": to("Schedule", row["session_id"]),
        "status": row["status"],
        "appointmentType": concept(REASON, *VISITS[row["kind"]]),
        "start": instant(row["starts_at"]),
        "end": instant(row["ends_at"]),
    }


DOCTOR = {"Practitioner": "doctor_id"}
SCHEDULE = Kind(
    "Schedule",
    _SCHEDULES,
    _schedule,
    (
        named("Schedule", "active", "token", {"": "active"}, "Whether it takes place"),
        named("Schedule", "actor", "reference", DOCTOR, "The doctor"),
        named("Schedule", "date", "date", {"from": "starts_at", "to": "ends_at"}, "When it takes place"),
    ),
    scope="appointments",
)
SLOT = Kind(
    "Slot",
    _SLOTS,
    _slot,
    (
        named("Slot", "schedule", "reference", {"Schedule": "session_id"}, "The session it is a number of"),
        named("Slot", "start", "date", {"": "starts_at"}, "When it begins"),
        named(
            "Slot",
            "status",
            "token",
            {"": "status"},
            "Whether it can be had",
            system="http://hl7.org/fhir/slotstatus",
        ),
        named("Slot", "appointment-type", "token", {"": "type"}, "First or return visit", system=REASON),
    ),
    scope="appointments",
)
