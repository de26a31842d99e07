"""Every act of a school in the audit trail, in words, and how its facts read."""

from scenarios.education.fees.templates import BASES, GROUPS
from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "class.teacher_added": N_("Teacher put to a class"),
    "class.teacher_ended": N_("Class taken from a teacher"),
    "fee.approval_kept": N_("Approval of a fee written down"),
    "consent.given": N_("Consent given"),
    "consent.taken_back": N_("Consent taken back"),
    "leave.approved": N_("Leave approved"),
    "leave.refused": N_("Leave refused"),
    "leave.cancelled": N_("Leave taken back"),
    "leave.requested": N_("Leave asked for"),
    "notice.sent": N_("Notice sent to families"),
    "offer.added": N_("Offer written down"),
    "offer.opened": N_("Offer opened to families"),
    "offer.closed": N_("Offer closed"),
    "offer.cancelled": N_("Offer called off"),
    "offer.places_changed": N_("Number of places changed"),
    "roster.applied": N_("Roster brought in"),
}
FACTS = {
    "roster.added": Fact(N_("Added")),
    "roster.changed": Fact(N_("Changed")),
    "roster.closed": Fact(N_("Ended")),
    "roster.accounts": Fact(N_("Pupils with an account")),
    "fee_item.group": Fact(N_("What it is for"), words=GROUPS),
    "fee_item.basis": Fact(N_("Who sets the price"), words=BASES),
    "purpose": Fact(N_("What for"), words={"offer": N_("An offer"), "health": N_("Health and food")}),
    "first_on": Fact(N_("First day")),
    "last_on": Fact(N_("Last day")),
    "meals_minor": Fact(N_("Meals refunded")),
    "people": Fact(N_("People told")),
    "meal_notice_days": Fact(N_("Days ahead that the kitchen has to know")),
    "meal_least_days": Fact(N_("School days away that are refunded at the least")),
    "places": Fact(N_("Places")),
    "authority": Fact(N_("Authority")),
    "approval_number": Fact(N_("Number of the approval")),
    "approved_on": Fact(N_("Approved on")),
    "teachers_see_payment": Fact(N_("Class teachers see who has paid")),
}


def register() -> None:
    """Tell the audit trail; safe to call again."""
    tell(ACTS, FACTS)
