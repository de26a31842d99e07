"""Every act of people and places in the audit trail, in words, and how its facts read."""

from typing import Any

from tenants import kinds
from tenants.accounts.guests import sights_text
from tenants.audit_words import Fact, plain, tell
from tenants.banks.policy import WEIGHTS
from tenants.banks.policy_pages import PolicyForm
from tenants.banks.words import TENANT_STATUSES
from tenants.life.kinds import KINDS
from tenants.life.reviews import OUTCOMES, RISKS
from tenants.offers.kinds import KINDS as OFFERS
from tenants.onboarding.checklist import (
    DOCUMENT_KINDS,
    INSTITUTION_KINDS,
    PEOPLE_ROLES,
    REQUIREMENTS,
    STATUSES,
)
from tenants.onboarding.forms import ApplicationForm
from tenants.permissions import BANK_ROLES, TENANT_PERMISSIONS, every_tenant_role
from tenants.privacy.requests import KINDS as PRIVACY_KINDS
from tenants.support.services import LEVELS
from ui.i18n import N_

ACTS = {
    "guest.invited": N_("Somebody invited by a holder"),
    "guest.changed": N_("What somebody invited may see was changed"),
    "guest.ended": N_("Invitation by a holder ended"),
    "account.added": N_("Account added"),
    "account.changed": N_("Account changed"),
    "account.closed": N_("Account closed"),
    "account.opened": N_("Account opened again"),
    "account_proof.begun": N_("Proof of a settlement account begun"),
    "account_proof.expired": N_("Proof of a settlement account ran out"),
    "account_proof.failed": N_("Proof of a settlement account failed"),
    "account_proof.proven": N_("Settlement account proven"),
    "application.approved": N_("Application approved"),
    "application.checked": N_("Application checked against registry and lists"),
    "application.changed": N_("Application changed"),
    "application.document_added": N_("Document added to an application"),
    "application.document_asked": N_("Document asked for again"),
    "application.document_removed": N_("Document removed from an application"),
    "application.opened": N_("Application opened"),
    "application.person_added": N_("Person named in an application"),
    "application.person_removed": N_("Person taken off an application"),
    "application.rejected": N_("Application rejected"),
    "application.returned": N_("Application returned"),
    "application.submitted": N_("Application submitted for decision"),
    "application.withdrawn": N_("Application withdrawn"),
    "bank_policy.changed": N_("Bank's policy changed"),
    "bank.branded": N_("Bank's name or colour changed"),
    "bank.logo_changed": N_("Bank's logo changed"),
    "bank_offer.dropped": N_("Draft of an offer thrown away"),
    "bank_offer.published": N_("Offer made to the level beneath"),
    "bank_offer.taken": N_("Offer taken"),
    "bank_offer.withdrawn": N_("Offer withdrawn"),
    "bank_membership.deputised": N_("Stand-in named"),
    "bank_membership.handed_over": N_("Work handed over"),
    "bank_request.approved": N_("Request about an institution approved"),
    "bank_request.asked": N_("Request about an institution made"),
    "bank_request.done": N_("Request about an institution carried out"),
    "bank_request.refused": N_("Request about an institution refused"),
    "bank_request.void": N_("Request about an institution void"),
    "bank_request.withdrawn": N_("Request about an institution withdrawn"),
    "branch.changed": N_("Branch changed"),
    "branch.merged": N_("Branch merged"),
    "bulk_file.approved": N_("File of institutions approved"),
    "bulk_file.dropped": N_("File of institutions dropped"),
    "bulk_file.uploaded": N_("File of institutions brought in"),
    "branch.added": N_("Branch added"),
    "consent.given": N_("Consent given"),
    "consent.withdrawn": N_("Consent taken back"),
    "person_request.asked": N_("Request about one's own data made"),
    "person_request.done": N_("Request about one's own data fulfilled"),
    "person_request.refused": N_("Request about one's own data refused"),
    "demonstration.seeded": N_("Demonstration written"),
    "gate.passed": N_("Step before going live done"),
    "holder.added": N_("Holder added"),
    "holder.changed": N_("Holder changed"),
    "holder.confirmation_refused": N_("Holder's confirmation refused"),
    "holder.confirmed": N_("Holder confirmed"),
    "holder.ended": N_("Holder ended"),
    "holder.invited": N_("Holder invited"),
    "import.applied": N_("Import finished"),
    "import.requested": N_("Import begun"),
    "invitation.resent": N_("Invitation sent again"),
    "invitation.revoked": N_("Invitation taken back"),
    "invitation.sent": N_("Invitation sent"),
    "membership.created": N_("Invitation accepted"),
    "membership.ended": N_("Staff membership ended"),
    "role.changed": N_("Role changed"),
    "support.ended": N_("Support access ended"),
    "support.looked": N_("Looked at through support access"),
    "support.opened": N_("Support access opened"),
    "tenant.reviewed": N_("Institution reviewed"),
    "tenant.taken_out": N_("Everything taken out"),
    "tenant.moved": N_("Institution moved to another branch"),
    "tenant.live": N_("Institution gone live"),
    "tenant.approved": N_("Institution approved"),
    "work.run_again": N_("Background work run again"),
}
_METHODS = {"bank": N_("Sign-in at the bank"), "code": N_("One-time code")}
_LANGUAGES = {"en": "English", "zh_CN": "中文"}
_REFUSALS = {
    "holder.taken": N_("Somebody else has confirmed it"),
    "holder.ended": N_("No longer the holder"),
}


def role_text(value: Any, _currency: str) -> str:
    """Roles are kept by key, and in older acts by name."""
    roles = (*BANK_ROLES.values(), *every_tenant_role())
    return plain(value, {word: role.name for role in roles for word in (role.key, role.name)})


def _scenarios(value: Any, _currency: str) -> str:
    return plain(value, {key: scenario.name for key, scenario in kinds.SCENARIOS.items()})


def _relation(value: Any, _currency: str) -> str:
    return plain(
        value, {k: word for scenario in kinds.SCENARIOS.values() for k, word in scenario.relations.items()}
    )


def _kind(value: Any, _currency: str) -> str:
    every = (kind for scenario in kinds.SCENARIOS.values() for kind in scenario.account_kinds)
    return plain(value, {kind.key: kind.name for kind in every})


def _table(value: Any, _currency: str) -> str:
    found = kinds.import_spec(str(value))
    return plain(value, {str(value): found.name} if found else {})


_TYPED = {
    f"application.{name}": Fact(str(field.title)) for name, field in ApplicationForm.model_fields.items()
}
_STEPS = {key: one.name for key, one in REQUIREMENTS.items()}
_ALERTS = {
    "open": N_("Open"),
    "assigned": N_("Being looked into"),
    "confirmed": N_("Confirmed"),
    "false": N_("Cleared"),
}
FACTS: dict[str, Fact] = {
    "accent": Fact(N_("Colour")),
    "account": Fact(N_("Account")),
    "account_name": Fact(N_("Name on the settlement account")),
    "account_number": Fact(N_("Number of the settlement account")),
    "applications": Fact(N_("Applications")),
    "areas": Fact(N_("Beginnings of postal codes")),
    "branch": Fact(N_("Branch")),
    "contact_email": Fact(N_("Contact's e-mail")),
    "export_sha256": Fact(N_("Fingerprint (SHA-256) of the exported ledger")),
    "for": Fact(N_("Stands in for")),
    "sees": Fact(N_("May see and do"), show=lambda value, _: sights_text(value)),
    "good": Fact(N_("Good rows")),
    "handed_over": Fact(N_("What was handed over to whom")),
    "institutions": Fact(N_("Institutions")),
    "other_work": Fact(N_("Other work")),
    "logo": Fact(N_("Logo")),
    "bank_offer.kind": Fact(
        N_("Kind"), show=lambda value, _: plain(value, {key: one.name for key, one in OFFERS.items()})
    ),
    "bank_offer.number": Fact(N_("Version")),
    "bank_offer.origin": Fact(N_("Comes from")),
    "bank_offer.note": Fact(N_("What is new in it")),
    "legal_representative": Fact(N_("Legal representative")),
    "manager": Fact(N_("Looked after by")),
    "name_en": Fact(N_("Name in English")),
    "rows": Fact(N_("Rows")),
    "takes_payments": Fact(N_("Payers can go on paying")),
    "to": Fact(N_("Taken over by")),
    "until": Fact(N_("Until")),
    "word_to_payers": Fact(N_("What its payers read")),
    "wrong": Fact(N_("Refused rows")),
    "holds_refunds": Fact(N_("Refunds wait while an alert is open")),
    "holds_payouts": Fact(N_("Payouts are put on hold at once")),
    "alerts_tried": Fact(N_("Alerts in a year")),
    "is_on": Fact(N_("Watch for it")),
    "wording": Fact(N_("Wording")),
    "person_request.kind": Fact(N_("What"), words=PRIVACY_KINDS),
    "risk_alert.status": Fact(N_("State"), words=_ALERTS),
    "bank_request.kind": Fact(
        N_("What"), show=lambda value, _: plain(value, {k: one.name for k, one in KINDS.items()})
    ),
    "bank_request.status": Fact(N_("State"), words=TENANT_STATUSES),
    "support_access.level": Fact(N_("How far"), words=LEVELS),
    "before_approval": Fact(N_("Before approval"), words=_STEPS),
    "before_live": Fact(N_("Before going live"), words=_STEPS),
    "cooling_days": Fact(N_("Days before a new settlement account counts")),
    "direction": Fact(N_("Direction"), words={"out": N_("From the bank"), "in": N_("To the bank")}),
    "due_on": Fact(N_("Wanted by")),
    "expires_on": Fact(N_("Runs out on")),
    "findings": Fact(""),
    "note": Fact(N_("Note")),
    "review_months": Fact(N_("Look at each institution again after months")),
    "score": Fact(N_("Score")),
    "score_to_refuse": Fact(N_("Take nobody whose score is from")),
    "share_percent": Fact(N_("Share in percent")),
    "step": Fact(N_("Step"), words=_STEPS),
    "weights": Fact(
        N_("Weights"), words={name: str(PolicyForm.model_fields[name].title) for name in WEIGHTS}
    ),
    "application_person.role": Fact(N_("Role"), words=PEOPLE_ROLES),
    "application_person.number": Fact(N_("Identity document")),
    "risk": Fact(N_("Grade of risk"), words=RISKS),
    "outcome": Fact(N_("Outcome"), words=OUTCOMES),
    "review_on": Fact(N_("Next review")),
    "next_on": Fact(N_("Looked at again on")),
    "tenant.status": Fact(N_("State"), words=TENANT_STATUSES),
    "application": Fact(N_("Application")),
    "asked_by": Fact(N_("Asked by")),
    "currency": Fact(""),
    "code": Fact(N_("Code")),
    "email": Fact(N_("E-mail")),
    "file": Fact(N_("File"), DOCUMENT_KINDS),
    "invitation": Fact(""),
    "invited_by": Fact(N_("Invited by")),
    "is_active": Fact(N_("In use")),
    "kind": Fact(N_("Kind"), show=_kind),
    "level": Fact(N_("Level of assurance")),
    "method": Fact(N_("How they signed in"), words=_METHODS),
    "name": Fact(N_("Name")),
    "names": Fact(N_("Name")),
    "number": Fact(N_("Number")),
    "permissions": Fact(N_("Permissions"), words=TENANT_PERMISSIONS),
    "phone": Fact(N_("Phone")),
    "place": Fact(N_("Place")),
    "reason": Fact(N_("Reason"), words=_REFUSALS),
    "reasons": Fact(N_("Reasons")),
    "refund_limit_minor": Fact(N_("May refund alone up to")),
    "relation": Fact(N_("Relation"), show=_relation),
    "role": Fact(N_("Role"), show=role_text),
    "scenarios": Fact(N_("Industry cloud"), show=_scenarios),
    "sha256": Fact(N_("Fingerprint of the file")),
    "since": Fact(N_("Since")),
    "status": Fact(N_("State"), words=STATUSES),
    "account.until": Fact(N_("Last day")),
    "holder.until": Fact(N_("Last day")),
    "branch_id": Fact(""),
    "parent_id": Fact(""),
    **_TYPED,
    "application.branch_id": Fact(""),
    "application.kind": Fact(N_("Kind of institution"), words=INSTITUTION_KINDS),
    "application.scenario": Fact(N_("Industry cloud"), show=_scenarios),
    "application.locale": Fact(N_("Language of messages"), words=_LANGUAGES),
    "import.kind": Fact(N_("Table"), show=_table),
    "import.rows": Fact(N_("Rows")),
    "import.good": Fact(N_("Good rows")),
    "import.refused": Fact(N_("Refused rows")),
    "import.warned": Fact(N_("Rows with a warning")),
    "import.added": Fact(N_("Added")),
    "import.changed": Fact(N_("Changed")),
    "import.unchanged": Fact(N_("Unchanged")),
    "import.holders": Fact(N_("Holders")),
}

tell(ACTS, FACTS)
