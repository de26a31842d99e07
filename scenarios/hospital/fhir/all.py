"""All kinds of resources that are told, by their name."""

from scenarios.hospital.fhir import charges, stays  # noqa: F401 - stays adds what it tells
from scenarios.hospital.fhir.calendar import SCHEDULE, SLOT
from scenarios.hospital.fhir.kinds import Kind
from scenarios.hospital.fhir.people import ORGANIZATIONS, PATIENT, PRACTITIONER
from scenarios.hospital.fhir.visits import APPOINTMENT

DATED = ("Schedule", "Slot", "Appointment", "ChargeItem", "Invoice")
"""Kinds whose resources have versions."""
NAMES = (*DATED, "Account", "Patient", "Practitioner", "Organization")


def kinds() -> dict[str, Kind]:
    """Return the kinds as they are now; whoever tells of more has added it while the product was put together."""
    found = (SCHEDULE, SLOT, APPOINTMENT, charges.charge_kind(), charges.account_kind(), charges.INVOICE)
    return {kind.name: kind for kind in (*found, PATIENT, PRACTITIONER, ORGANIZATIONS)}
