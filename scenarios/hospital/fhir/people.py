"""Patient, Practitioner and Organization: as much of each as appointments and bills point to."""

from typing import Any

from scenarios.hospital.fhir.calendar import name_of
from scenarios.hospital.fhir.codes import ORGANIZATION, SEXES, case, concept
from scenarios.hospital.fhir.kinds import Kind, Row, Server, named, to
from scenarios.hospital.kinds import TITLES

_PATIENTS = f"""
select a.id, a.created_at at, a.id patient_id, a.number, a.name, a.is_active,
       {case("p.sex", SEXES, "'unknown'")} sex, p.born_on
  from tenants_account a join hospital_patient p on p.tenant_id = $1 and p.account_id = a.id
 where a.tenant_id = $1 and a.kind = 'patient'
"""
_DOCTORS = """
select d.id, d.created_at at, d.name, d.code, d.title, d.is_active,
       case when d.is_active then 'true' else 'false' end active
  from hospital_doctor d where d.tenant_id = $1
"""
_ORGANIZATIONS = """
select t.id, t.created_at at, jsonb_build_object('en', t.name) names, null::uuid part_of, t.status = 'live' is_active
  from tenants_tenant t where t.id = $1
 union all
select dp.id, dp.created_at, dp.names, dp.tenant_id, dp.is_active from hospital_department dp where dp.tenant_id = $1
"""


def _patient(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    return {
        "identifier": [{"system": server.system("patient"), "value": row["number"]}],
        "active": row["is_active"],
        "name": [{"text": row["name"]}],
        "gender": row["sex"],
        "birthDate": row["born_on"].isoformat(),
        "managingOrganization": to("Organization", server.tenant_id, server.name),
    }


def _doctor(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    return {
        "identifier": [{"system": server.system("practitioner"), "value": row["code"]}],
        "active": row["is_active"],
        "name": [{"text": row["name"]}],
        "qualification": [{"code": {"text": TITLES[row["title"]]}}],
    }


def _organization(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    is_part = row["part_of"] is not None
    type_ = ("dept", "Hospital Department") if is_part else ("prov", "Healthcare Provider")
    return {
        "active": row["is_active"],
        "type": [concept(ORGANIZATION, *type_)],
        "name": name_of(row["names"]) if is_part else server.name,
        "partOf": to("Organization", row["part_of"], server.name) if is_part else None,
    }


PATIENT = Kind(
    "Patient",
    _PATIENTS,
    _patient,
    (named("Patient", "identifier", "token", {"": "number"}, "The patient's number", ids="patient"),),
    scope="accounts",
    of_patients=True,
    is_undated=True,
)
PRACTITIONER = Kind(
    "Practitioner",
    _DOCTORS,
    _doctor,
    (
        named("Practitioner", "identifier", "token", {"": "code"}, "The doctor's code", ids="practitioner"),
        named("Practitioner", "active", "token", {"": "active"}, "Whether the doctor sees patients"),
    ),
    scope="appointments",
    is_undated=True,
)
_PART = {"Organization": "part_of"}
ORGANIZATIONS = Kind(
    "Organization",
    _ORGANIZATIONS,
    _organization,
    (named("Organization", "partof", "reference", _PART, "The hospital whose department it is"),),
    scope="appointments",
    is_undated=True,
)
