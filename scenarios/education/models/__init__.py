"""The school's own tables. A pupil is an account; what every account has lives in ``tenants.Account``."""

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
    "SchoolClass",
    "SchoolClassSession",
    "SchoolCourse",
    "SchoolEnrolment",
    "SchoolFee",
    "SchoolOrg",
    "SchoolRole",
    "SchoolSession",
    "SchoolUser",
]
