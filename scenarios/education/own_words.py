"""What a school keeps about a person, in words: what each kind of row is called, and its facts."""

from collections.abc import Mapping, Sequence
from typing import Any

from scenarios.education.canteen.terms import ALLERGENS
from scenarios.education.days.states import CAUSES
from scenarios.education.days.states import WORDS as LEAVES
from scenarios.education.enrolment.states import WORDS as APPLIED
from scenarios.education.notices.pages import AUDIENCE_WORDS
from scenarios.education.notices.reading import NOTICE_WORDS
from tenants.audit_words import Fact, plain
from tenants.privacy.everything import about_nobody
from tenants.privacy.words import tell_tables
from ui.formats import listed
from ui.i18n import N_

STATE = N_("State")
SHARINGS = {
    "proposed": N_("Proposed"),
    "agreed": N_("Agreed"),
    "refused": N_("Refused"),
    "taken_back": N_("Taken back"),
    "ended": N_("Ended"),
}


def _asked(value: Sequence[Any], _currency: str) -> str:
    return listed(plain(one["labels"]) for one in value)


def _answers(value: Mapping[str, Any], _currency: str) -> str:
    """Return what was answered; the questions are told by the notice or the round itself."""
    return listed(plain(one) for one in value.values())


about_nobody("education_offer", "education_offer_option")
tell_tables(
    {
        "education_applicant": N_("Applications for a place"),
        "education_booking": N_("Bookings"),
        "education_card": N_("School cards"),
        "education_consent": N_("Agreements for school"),
        "education_leave": N_("Leave"),
        "education_notice": N_("Notices of the school"),
        "education_receipt": N_("Acknowledged notices"),
        "education_refill": N_("Automatic refills of the card"),
        "education_refill_run": N_("Times the card was refilled"),
        "education_sale": N_("Canteen purchases"),
        "education_sharing": N_("Who pays which part"),
        "education_sharing_part": N_("Parts of these"),
    },
    {
        "education_applicant.answer_by": Fact(N_("Answer by")),
        "education_applicant.answers": Fact(N_("Answers"), show=_answers),
        "education_applicant.status": Fact(STATE, words=APPLIED),
        "education_card.allergies": Fact(N_("Must not eat"), words=ALLERGENS),
        "education_leave.cause": Fact(N_("Reason"), words=CAUSES),
        "education_leave.status": Fact(STATE, words=LEAVES),
        "education_notice.audience": Fact(N_("For whom"), words=AUDIENCE_WORDS),
        "education_notice.questions": Fact(N_("Questions"), show=_asked),
        "education_notice.status": Fact(STATE, words=NOTICE_WORDS),
        "education_receipt.answers": Fact(N_("Answers"), show=_answers),
        "education_receipt.read_at": Fact(N_("Seen on")),
        "education_refill_run.month": Fact(N_("Month")),
        "education_refill.status": Fact(STATE, words={"active": N_("In use"), "stopped": N_("Stopped")}),
        "education_sharing.status": Fact(STATE, words=SHARINGS),
    },
)
