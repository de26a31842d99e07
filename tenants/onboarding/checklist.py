"""What an application must hold before it may be decided, by kind of institution: data."""

from collections.abc import Mapping

from ui.i18n import N_

INSTITUTION_KINDS: Mapping[str, str] = {
    "company": N_("Company"),
    "sole_trader": N_("Sole trader"),
    "public_institution": N_("Public institution"),
    "government_body": N_("Government body"),
    "social_organisation": N_("Social organisation"),
}
DOCUMENT_KINDS: Mapping[str, str] = {
    "licence": N_("Business licence or registration certificate"),
    "representative_id": N_("Identity document of the legal representative"),
    "authorisation": N_("Authorisation of the agent"),
    "account_proof": N_("Proof of the settlement account"),
    "other": N_("Other document"),
}
REQUIRED_DOCUMENTS: Mapping[str, frozenset[str]] = {
    "company": frozenset({"licence", "representative_id", "account_proof"}),
    "sole_trader": frozenset({"licence", "representative_id"}),
    "public_institution": frozenset({"licence", "account_proof"}),
    "government_body": frozenset({"authorisation", "account_proof"}),
    "social_organisation": frozenset({"licence", "representative_id", "account_proof"}),
}
STATUSES: Mapping[str, str] = {
    "draft": N_("Draft"),
    "submitted": N_("To be decided"),
    "returned": N_("Returned"),
    "approved": N_("Approved"),
    "rejected": N_("Rejected"),
    "withdrawn": N_("Withdrawn"),
}
MOVES: Mapping[tuple[str, str], str] = {
    ("draft", "submit"): "submitted",
    ("returned", "submit"): "submitted",
    ("submitted", "return"): "returned",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("draft", "withdraw"): "withdrawn",
    ("returned", "withdraw"): "withdrawn",
}
"""(status, act) → status; every other move is refused."""
CURRENCIES = ("SGD", "CNY", "HKD", "MYR", "USD", "EUR", "JPY")
TIMEZONES = (
    "Asia/Singapore",
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Asia/Kuala_Lumpur",
    "Asia/Tokyo",
    "Europe/Berlin",
)


def missing_documents(kind: str, present: set[str]) -> list[str]:
    """Return the required document kinds that are not there, in the order they are listed."""
    required = REQUIRED_DOCUMENTS[kind]
    return [key for key in DOCUMENT_KINDS if key in required and key not in present]
