"""Words of a hospital that are data: patients and who stands by them, titles, numbers, parts of the day."""

from collections.abc import Mapping

from tenants.kinds import AccountKind, Attribute
from ui.i18n import N_

SCENARIO_KEY = "hospital"
RELATIONS = {
    "self": N_("The patient"),
    "child": N_("Parent of a child"),
    "parent": N_("Child of a parent"),
    "guardian": N_("Guardian"),
    "proxy": N_("Trusted person"),
}
"""How a person stands to a patient; a trusted person sees only what the patient has granted."""
GRANTS = {
    "visits": N_("Book, change and see appointments"),
    "stays": N_("See a stay in hospital and pay its deposit"),
    "reports": N_("Read released reports"),
}
CONSENTS = {
    "insurance": N_("The hospital may put what a stay costs to the health insurer"),
    "reports": N_("The hospital may show released reports here"),
}
"""What a patient agrees to by itself, besides the care that registering is for."""
TITLES = {
    "chief": N_("Chief physician"),
    "associate": N_("Associate chief physician"),
    "attending": N_("Attending physician"),
    "resident": N_("Resident physician"),
}
QUOTAS = {
    "first": N_("First visit"),
    "return": N_("Return visit"),
    "phone": N_("By phone"),
    "desk": N_("At the desk"),
    "reserved": N_("Reserved"),
}
"""Kinds of numbers. Each number of a session is of one kind, so that no kind is ever booked beyond its quota."""
OPEN_TO: Mapping[str, tuple[str, ...]] = {
    "web": ("first", "return"),
    "api": ("first", "return"),
    "phone": ("phone", "first", "return"),
    "desk": ("desk", "first", "return", "reserved"),
}
"""Which kinds of numbers each way of booking may take, in this order; of first and return, only the visit's own."""
PARTS = {
    "morning": N_("Morning clinic"),
    "afternoon": N_("Afternoon clinic"),
    "evening": N_("Evening clinic"),
}
DAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
SEXES = {"female": N_("Female"), "male": N_("Male"), "other": N_("Other")}
DOCUMENTS = {
    "identity_card": N_("Identity card"),
    "passport": N_("Passport"),
    "permit": N_("Residence permit"),
    "birth_certificate": N_("Birth certificate"),
}
VISITS = {"first": N_("First visit"), "return": N_("Return visit")}

PATIENT = AccountKind(
    "patient",
    N_("Patient"),
    N_("Patients"),
    (Attribute("is_insured", N_("Insured"), "boolean"),),
    is_by_hand=False,
)
VISIT = AccountKind(
    "visit",
    N_("Visit"),
    N_("Visits"),
    (
        Attribute("title", N_("Doctor's title"), "choice", TITLES),
        Attribute("is_insured", N_("Insured"), "boolean"),
        Attribute("part", N_("Part of the day"), "choice", PARTS),
        Attribute("visit", N_("Kind of visit"), "choice", VISITS),
        Attribute("is_weekend", N_("At a weekend"), "boolean"),
        Attribute("days_since", N_("Days since the last visit to this service"), "integer"),
        Attribute("hours_before", N_("Hours before the appointment"), "decimal"),
        Attribute("price", N_("Price paid"), "decimal"),
    ),
    is_by_hand=False,
)
"""What a registration fee and a cancellation fee go by; nobody's account."""
ACCOUNT_KINDS = (PATIENT, VISIT)
