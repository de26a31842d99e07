"""What an app may ask for: each scope with its claims, its events and what it opens in the API. Data.

Names follow OpenID Connect where it has one. A tenant agrees to scopes, and inside them to each claim.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ui.i18n import N_


@dataclass(frozen=True, slots=True)
class Claim:
    """One fact that can be told: its English label, and whether the scope means nothing without it."""

    label: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class AppScope:
    """One thing an app can ask for, in words for the tenant's administrator.

    ``events`` are the webhooks it opens, ``about`` whether it tells of the person who signs in, the institution,
    other people, or money.
    """

    key: str
    label: str
    about: str
    claims: Mapping[str, Claim] = field(default_factory=dict)
    events: tuple[str, ...] = ()
    is_always: bool = False


_LIST = (
    AppScope(
        "openid",
        N_("Recognise people who open it, by a number that only this vendor has"),
        "person",
        is_always=True,
    ),
    AppScope(
        "profile",
        N_("The name and language of whoever opens it"),
        "person",
        {"name": Claim(N_("Full name"), is_required=True), "locale": Claim(N_("Language"))},
    ),
    AppScope(
        "email",
        N_("The e-mail address of whoever opens it"),
        "person",
        {"email": Claim(N_("E-mail"), is_required=True)},
    ),
    AppScope(
        "phone",
        N_("The telephone number of whoever opens it"),
        "person",
        {"phone_number": Claim(N_("Telephone"), is_required=True)},
    ),
    AppScope(
        "roles",
        N_("The roles that whoever opens it has here"),
        "person",
        {"roles": Claim(N_("Roles"), is_required=True)},
    ),
    AppScope(
        "tenant",
        N_("Which institution it is"),
        "institution",
        {
            "tenant": Claim(N_("The institution's number"), is_required=True),
            "tenant_name": Claim(N_("Name of the institution")),
            "tenant_scenarios": Claim(N_("Industry")),
            "tenant_locale": Claim(N_("Language, time zone and currency")),
        },
    ),
    AppScope(
        "enterprise",
        N_("The institution's legal facts, as its bank has verified them"),
        "institution",
        {
            "enterprise_name": Claim(N_("Legal name")),
            "enterprise_uscc": Claim(N_("Unified social credit code")),
            "enterprise_legal_representative": Claim(N_("Legal representative")),
            "enterprise_verification": Claim(N_("How strongly the bank verified it")),
        },
    ),
    AppScope(
        "people",
        N_("The directory of staff: names, e-mail addresses, roles"),
        "people",
        events=("membership.created", "membership.ended"),
    ),
    AppScope(
        "provision",
        N_("Keep the staff: add somebody, who is then invited, change what it has noted, let somebody go"),
        "people",
    ),
    AppScope(
        "accounts",
        N_("Accounts: their number, name and place"),
        "people",
    ),
    AppScope(
        "roster",
        N_("Classes and who is in them: pupils, teachers, guardians (OneRoster)"),
        "people",
    ),
    AppScope(
        "roster_demographics",
        N_("Dates of birth of pupils whose guardians have agreed (OneRoster)"),
        "people",
    ),
    AppScope(
        "records",
        N_("The medical record of the patient that it is opened on, to read"),
        "people",
    ),
    AppScope(
        "appointments",
        N_("Sessions and numbers of a hospital, and who has which appointment"),
        "people",
    ),
    AppScope(
        "booking",
        N_("Book and cancel appointments for patients"),
        "people",
    ),
    AppScope(
        "bills",
        N_("Bills and their lines"),
        "money",
        events=("bills.issued", "bill.voided"),
    ),
    AppScope(
        "payments",
        N_("Payments and refunds"),
        "money",
        events=("payment.succeeded", "refund.succeeded"),
    ),
    AppScope(
        "documents",
        N_("Add papers to bills, for whoever pays them"),
        "money",
    ),
    AppScope(
        "meter_readings",
        N_("Send what meters show"),
        "institution",
    ),
    AppScope(
        "grades",
        N_("Give marks for the work that was placed in it"),
        "people",
    ),
    AppScope("offline_access", N_("Go on reading while nobody has it open"), "person"),
)

SCOPES: dict[str, AppScope] = {scope.key: scope for scope in _LIST}
ABOUT: dict[str, str] = {
    "person": N_("About the person who opens it"),
    "institution": N_("About the institution"),
    "people": N_("About other people"),
    "money": N_("About money"),
}


def claims_of(scopes: Iterable[str]) -> dict[str, Claim]:
    """Return every claim of these scopes, in their order."""
    return {
        key: claim
        for scope in SCOPES.values()
        if scope.key in set(scopes)
        for key, claim in scope.claims.items()
    }


def required_claims(scopes: Iterable[str]) -> set[str]:
    """Return the claims that cannot be left out of these scopes."""
    return {key for key, claim in claims_of(scopes).items() if claim.is_required}


def scope_of_event(event: str) -> str:
    """Return the scope that opens an event; empty where no app may hear of it."""
    return next((scope.key for scope in SCOPES.values() if event in scope.events), "")
