"""The school's own tables. A pupil is an account; what every account has lives in ``tenants.Account``."""

from scenarios.education.models.days import SchoolLeave, SchoolNotice, SchoolReceipt
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

__all__ = [
    "RosterBundle",
    "RosterBundlePart",
    "SchoolAgent",
    "SchoolBooking",
    "SchoolClass",
    "SchoolClassSession",
    "SchoolConsent",
    "SchoolCourse",
    "SchoolEnrolment",
    "SchoolFee",
    "SchoolLeave",
    "SchoolNotice",
    "SchoolOffer",
    "SchoolOption",
    "SchoolOrg",
    "SchoolReceipt",
    "SchoolRole",
    "SchoolSession",
    "SchoolUser",
]
