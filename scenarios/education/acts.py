"""Every act of a school in the audit trail, in words, and how its facts read."""

from scenarios.education.fees.templates import BASES, GROUPS
from scenarios.education.offers.states import BOOKING_WORDS, OFFER_WORDS
from scenarios.education.offers.states import KINDS as OFFER_KINDS
from tenants.audit_words import Fact, tell
from tenants.privacy.words import tell_tables
from ui.i18n import N_

ACTS = {
    "class.teacher_added": N_("Teacher put to a class"),
    "class.teacher_ended": N_("Class taken from a teacher"),
    "fee.approval_kept": N_("Approval of a fee written down"),
    "consent.given": N_("Consent given"),
    "consent.taken_back": N_("Consent taken back"),
    "sharing.proposed": N_("Shares of bills proposed"),
    "sharing.agreed": N_("Shares of bills agreed to"),
    "sharing.refused": N_("Shares of bills refused"),
    "sharing.taken_back": N_("Proposal of shares taken back"),
    "sharing.ended": N_("Shares of bills ended"),
    "partner.asked": N_("Counting brothers and sisters of another school asked for"),
    "partner.agreed": N_("Counting brothers and sisters of another school agreed"),
    "partner.refused": N_("Counting brothers and sisters of another school refused"),
    "partner.taken_back": N_("Counting brothers and sisters of another school taken back"),
    "partner.ended": N_("Counting brothers and sisters of another school ended"),
    "attendance.taken": N_("Days attended taken for billing"),
    "refill.set_up": N_("Canteen card set to be filled by itself"),
    "refill.stopped": N_("Canteen card no longer filled by itself"),
    "card.set": N_("Canteen card set by the family"),
    "dish.kept": N_("Dish kept"),
    "meal_right.requested": N_("Meal right asked for"),
    "meal_right.approved": N_("Meal right approved"),
    "meal_right.refused": N_("Meal right refused"),
    "meal_right.ended": N_("Meal right ended"),
    "round.added": N_("Round of enrolment written down"),
    "round.opened": N_("Round of enrolment opened"),
    "round.closed": N_("Round of enrolment closed"),
    "applicant.draft": N_("Application begun"),
    "applicant.submitted": N_("Application handed in"),
    "applicant.offered": N_("Place offered to an applicant"),
    "applicant.waiting": N_("Applicant put on the waiting list"),
    "applicant.rejected": N_("Application refused"),
    "applicant.accepted": N_("Place accepted by the family"),
    "applicant.withdrawn": N_("Application taken back"),
    "applicant.enrolled": N_("Applicant enrolled"),
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
    "year.closed": N_("School year closed"),
    "roster.applied": N_("Roster brought in"),
}
FACTS = {
    "roster.added": Fact(N_("Added")),
    "roster.changed": Fact(N_("Changed")),
    "roster.closed": Fact(N_("Ended")),
    "roster.accounts": Fact(N_("Pupils with an account")),
    "fee_item.group": Fact(N_("What it is for"), words=GROUPS),
    "fee_item.basis": Fact(N_("Who sets the price"), words=BASES),
    "purpose": Fact(
        N_("What for"),
        words={
            "offer": N_("An offer"),
            "health": N_("Health and food"),
            "tools": N_("Learning tools at home"),
            "names": N_("Name to learning apps"),
            "demographics": N_("Date of birth to apps"),
        },
    ),
    "first_on": Fact(N_("First day")),
    "last_on": Fact(N_("Last day")),
    "meals_minor": Fact(N_("Meals refunded")),
    "is_blocked": Fact(N_("Block the card")),
    "limit_minor": Fact(N_("At most in a day")),
    "price_minor": Fact(N_("Price")),
    "meal_right.percent": Fact(N_("The school bears, in per cent")),
    "promoted": Fact(N_("Went up")),
    "graduated": Fact(N_("Left")),
    "refund_groups": Fact(N_("What is refunded by days when a pupil leaves"), words=GROUPS),
    "term_months": Fact(N_("Months of a term")),
    "people": Fact(N_("People told")),
    "booking.status": Fact(N_("State"), words=BOOKING_WORDS),
    "offer.kind": Fact(N_("Kind"), words=OFFER_KINDS),
    "offer.status": Fact(N_("State"), words=OFFER_WORDS),
    "meal_notice_days": Fact(N_("Days ahead that the kitchen has to know")),
    "meal_least_days": Fact(N_("School days away that are refunded at the least")),
    "shares": Fact(N_("Parts")),
    "school_days": Fact(N_("School days")),
    "pupils": Fact(N_("Pupils")),
    "places": Fact(N_("Places")),
    "authority": Fact(N_("Authority")),
    "approval_number": Fact(N_("Number of the approval")),
    "approved_on": Fact(N_("Approved on")),
    "teachers_see_payment": Fact(N_("Class teachers see who has paid")),
}


def register() -> None:
    """Tell the audit trail; safe to call again."""
    tell(ACTS, FACTS)


tell_tables(
    {
        "education_applicant": N_("Applications for a place"),
        "education_booking": N_("Bookings"),
        "education_card": N_("School cards"),
        "education_consent": N_("Agreements for school"),
        "education_leave": N_("Leave"),
        "education_notice": N_("Notices of the school"),
        "education_offer": N_("Trips, clubs and sales"),
        "education_offer_option": N_("Choices of these"),
        "education_receipt": N_("Acknowledged notices"),
        "education_refill": N_("Automatic refills of the card"),
        "education_sale": N_("Canteen purchases"),
        "education_sharing": N_("Who pays which part"),
        "education_sharing_part": N_("Parts of these"),
    }
)
