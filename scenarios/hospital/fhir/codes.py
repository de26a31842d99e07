"""Codes of FHIR R4 (4.0.1) for our words. Data; the tests hold each to the value set that FHIR requires."""

from collections.abc import Mapping
from typing import Any

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
REASON = "http://terminology.hl7.org/CodeSystem/v2-0276"
"""Kinds of appointment (HL7 v2 table 0276)."""
CANCELLATION = f"{TERMINOLOGY}/appointment-cancellation-reason"
ACT = f"{TERMINOLOGY}/v3-ActCode"
ORGANIZATION = f"{TERMINOLOGY}/organization-type"
VISITS: Mapping[str, tuple[str, str]] = {
    "first": ("ROUTINE", "Routine appointment"),
    "return": ("FOLLOWUP", "A follow up visit from a previous appointment"),
    "phone": ("ROUTINE", "Routine appointment"),
    "desk": ("WALKIN", "A previously unscheduled walk-in visit"),
    "reserved": ("ROUTINE", "Routine appointment"),
}
"""Kinds of numbers, and of visits."""
STATUS: Mapping[str, str] = {
    "pending": "pending",
    "booked": "booked",
    "arrived": "arrived",
    "called": "checked-in",
    "fulfilled": "fulfilled",
    "cancelled": "cancelled",
    "stopped": "cancelled",
    "moved": "cancelled",
    "lapsed": "cancelled",
    "noshow": "noshow",
}
"""Appointment.status for each state of ours."""
WHY: Mapping[str, tuple[str, str]] = {
    "cancelled": ("pat", "Patient"),
    "moved": ("pat", "Patient"),
    "stopped": ("prov", "Provider"),
    "lapsed": ("oth-fin", "Other: Financial"),
}
"""Appointment.cancelationReason for each state that frees a number."""
BILLS: Mapping[str, str] = {
    "issued": "issued",
    "part_paid": "issued",
    "paid": "balanced",
    "written_off": "balanced",
    "void": "cancelled",
}
"""Invoice.status for each state of a bill that was issued."""
ORDERS: Mapping[str, str] = {
    "billable": "billable",
    "paying": "billed",
    "confirming": "billed",
    "settled": "billed",
    "returning": "billed",
    "returned": "aborted",
    "aborted": "aborted",
}
"""ChargeItem.status for each state of an order."""
SEXES: Mapping[str, str] = {"female": "female", "male": "male", "other": "other"}


def case(column: str, words: Mapping[str, str], otherwise: str = "null") -> str:
    """Return the SQL that turns our word into FHIR's."""
    lines = " ".join(f"when '{ours}' then '{theirs}'" for ours, theirs in words.items())
    return f"case {column} {lines} else {otherwise} end"


def concept(system: str, code: str, display: str) -> dict[str, Any]:
    """Return one coded concept."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
