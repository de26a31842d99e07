"""Appointment: a patient on a number. What is to be paid for it stands beside it as its Invoice."""

from typing import Any

from scenarios.hospital.fhir.calendar import DOCTOR, service_of
from scenarios.hospital.fhir.codes import CANCELLATION, REASON, STATUS, VISITS, WHY, case, concept
from scenarios.hospital.fhir.kinds import Kind, Row, Server, instant, named, to

SYSTEM = "http://hl7.org/fhir/appointmentstatus"
_APPOINTMENTS = f"""
select x.id, x.starts_at at, x.starts_at, x.ends_at, x.created_at, greatest(x.changed_at, s.changed_at) changed_at,
       x.account_id patient_id, x.slot_id, x.session_id, x.service_id, x.reference, x.visit, x.bill_id, x.status state,
       {case("x.status", STATUS)} status, s.doctor_id, s.place, d.name doctor, sv.names service
  from hospital_appointment x
  join hospital_session s on s.tenant_id = $1 and s.id = x.session_id
  join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
  join hospital_service sv on sv.tenant_id = $1 and sv.id = x.service_id
 where x.tenant_id = $1
"""
_VERSIONS = f"""
select x.appointment_id id, x.starts_at at, x.starts_at, x.ends_at, x.booked_at created_at, x.version_at changed_at,
       x.account_id patient_id, x.slot_id, x.session_id, x.service_id, x.reference, x.visit, x.bill_id, x.status state,
       {case("x.status", STATUS)} status, x.doctor_id, x.place, d.name doctor, sv.names service
  from hospital_appointment_version x
  join hospital_doctor d on d.tenant_id = $1 and d.id = x.doctor_id
  join hospital_service sv on sv.tenant_id = $1 and sv.id = x.service_id
 where x.tenant_id = $1
"""
"""Triggers keep a version whenever an appointment, or its session, changes: one for each transaction."""


def _appointment(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    why = WHY.get(row["state"])
    return {
        "identifier": [{"system": server.system("appointment"), "value": row["reference"]}],
        "status": row["status"],
        "cancelationReason": concept(CANCELLATION, *why) if why else None,
        "serviceType": service_of(server, row),
        "appointmentType": concept(REASON, *VISITS[row["visit"]]),
        "supportingInformation": [to("Invoice", row["bill_id"])] if row["bill_id"] else None,
        "start": instant(row["starts_at"]),
        "end": instant(row["ends_at"]),
        "slot": [to("Slot", row["slot_id"])],
        "created": instant(row["created_at"]),
        "participant": [
            {"actor": to("Patient", row["patient_id"]), "required": "required", "status": "accepted"},
            {"actor": to("Practitioner", row["doctor_id"], row["doctor"]), "status": "accepted"},
            {"actor": to("Location", None, row["place"]), "status": "accepted"},
        ],
    }


_WHO = {"Patient": "patient_id", **DOCTOR}
APPOINTMENT = Kind(
    "Appointment",
    _APPOINTMENTS,
    _appointment,
    (
        named("Appointment", "actor", "reference", _WHO, "The patient or the doctor"),
        named("Appointment", "patient", "reference", {"Patient": "patient_id"}, "The patient"),
        named("Appointment", "practitioner", "reference", DOCTOR, "The doctor"),
        named("Appointment", "date", "date", {"": "starts_at"}, "When it begins"),
        named("Appointment", "status", "token", {"": "status"}, "How it stands", system=SYSTEM),
        named("Appointment", "slot", "reference", {"Slot": "slot_id"}, "The number"),
        named("Appointment", "identifier", "token", {"": "reference"}, "Its reference", ids="appointment"),
    ),
    scope="appointments",
    of_patients=True,
    kept=_VERSIONS,
)
