"""What an application must hold before it may be decided, by kind of institution: data."""

from collections.abc import Mapping
from dataclasses import dataclass

from ui.i18n import N_

INSTITUTION_KINDS: Mapping[str, str] = {
    "company": N_("Company"),
    "sole_trader": N_("Sole trader"),
    "public_institution": N_("Public institution"),
    "government_body": N_("Government body"),
    "social_organisation": N_("Social organisation"),
    "chain_branch": N_("Branch of a chain"),
}
DOCUMENT_KINDS: Mapping[str, str] = {
    "licence": N_("Business licence or registration certificate"),
    "representative_id": N_("Identity document of the legal representative"),
    "authorisation": N_("Authorisation of the agent"),
    "parent_consent": N_("Consent of the parent company"),
    "account_proof": N_("Proof of the settlement account"),
    "other": N_("Other document"),
}
EXPIRING = frozenset({"licence", "representative_id", "authorisation"})
"""Documents that run out; the day is asked for, and watched."""
REQUIRED_DOCUMENTS: Mapping[str, frozenset[str]] = {
    "company": frozenset({"licence", "representative_id", "account_proof"}),
    "sole_trader": frozenset({"licence", "representative_id"}),
    "public_institution": frozenset({"licence", "account_proof"}),
    "government_body": frozenset({"authorisation", "account_proof"}),
    "social_organisation": frozenset({"licence", "representative_id", "account_proof"}),
    "chain_branch": frozenset({"licence", "parent_consent", "account_proof"}),
}
PEOPLE_ROLES: Mapping[str, str] = {
    "representative": N_("Legal representative"),
    "agent": N_("Authorised agent"),
    "owner": N_("Beneficial owner"),
}
REQUIRED_PEOPLE: Mapping[str, frozenset[str]] = {
    "company": frozenset({"representative", "owner"}),
    "sole_trader": frozenset({"representative"}),
    "public_institution": frozenset({"representative"}),
    "government_body": frozenset({"agent"}),
    "social_organisation": frozenset({"representative", "agent"}),
    "chain_branch": frozenset({"agent"}),
}
"""Who has to be named: the legal representative, an authorised agent, and who owns it in the end."""
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


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something a bank may ask for, when it asks, and what the person has to do about it."""

    key: str
    name: str
    is_before_live: bool
    advice: str


REQUIREMENTS: Mapping[str, Requirement] = {
    one.key: one
    for one in (
        Requirement(
            "people", N_("People behind the institution"), False, N_("Name everybody the list asks for.")
        ),
        Requirement(
            "checks",
            N_("Registry, lists and duplicates looked at"),
            False,
            N_("Have the checks run after the last change, and read what they found."),
        ),
        Requirement(
            "account",
            N_("Settlement account proven"),
            False,
            N_("A few cents travel between the bank and the account, in either direction."),
        ),
        Requirement(
            "contact",
            N_("Contact proven"),
            True,
            N_("The contact person confirms the letter that we send to their address."),
        ),
        Requirement(
            "fees",
            N_("Fees looked at"),
            True,
            N_("Somebody of the institution has read what will be charged."),
        ),
        Requirement(
            "trial",
            N_("Test bill paid and given back"),
            True,
            N_("A bill of one unit of money is paid through the bank's rail and refunded."),
        ),
    )
}
BEFORE_APPROVAL = tuple(one.key for one in REQUIREMENTS.values() if not one.is_before_live)
BEFORE_LIVE = tuple(one.key for one in REQUIREMENTS.values() if one.is_before_live)


def missing_documents(kind: str, present: set[str]) -> list[str]:
    """Return the required document kinds that are not there, in the order they are listed."""
    required = REQUIRED_DOCUMENTS[kind]
    return [key for key in DOCUMENT_KINDS if key in required and key not in present]
