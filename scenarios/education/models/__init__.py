"""The school's own tables. A pupil is an account; what every account has lives in ``tenants.Account``."""

from scenarios.education.models.canteen import (
    SchoolCard,
    SchoolDish,
    SchoolMealRight,
    SchoolRefill,
    SchoolRefillRun,
    SchoolSale,
)
from scenarios.education.models.days import SchoolAttendance, SchoolLeave, SchoolNotice, SchoolReceipt
from scenarios.education.models.enrolment import SchoolApplicant, SchoolRound
from scenarios.education.models.family import SchoolPartner, SchoolSharing, SchoolSharingPart
from scenarios.education.models.offers import SchoolBooking, SchoolConsent, SchoolOffer, SchoolOption
from scenarios.education.models.people import (
    RosterBundle,
    RosterBundlePart,
    SchoolAgent,
    SchoolClass,
    SchoolClassSession,
    SchoolCourse,
    SchoolEnrolment,
    SchoolFee,
    SchoolOrg,
    SchoolRole,
    SchoolSession,
    SchoolUser,
)
from scenarios.education.models.year import SchoolRollOver, SchoolYearException

__all__ = [
    "RosterBundle",
    "RosterBundlePart",
    "SchoolAgent",
    "SchoolApplicant",
    "SchoolAttendance",
    "SchoolBooking",
    "SchoolCard",
    "SchoolClass",
    "SchoolClassSession",
    "SchoolConsent",
    "SchoolCourse",
    "SchoolDish",
    "SchoolEnrolment",
    "SchoolFee",
    "SchoolLeave",
    "SchoolMealRight",
    "SchoolNotice",
    "SchoolOffer",
    "SchoolOption",
    "SchoolOrg",
    "SchoolPartner",
    "SchoolReceipt",
    "SchoolRefill",
    "SchoolRefillRun",
    "SchoolRole",
    "SchoolRollOver",
    "SchoolRound",
    "SchoolSale",
    "SchoolSession",
    "SchoolSharing",
    "SchoolSharingPart",
    "SchoolUser",
    "SchoolYearException",
]
