"""The files of a OneRoster 1.2 bundle as data: their columns, which of them a row needs, and what they point at.

Source: 1EdTech OneRoster 1.2 CSV Binding. Columns that this house has no use for are read over; a password never
leaves the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ui.i18n import N_

Type = Literal["text", "day", "choice", "reference", "references", "yes_no", "grade", "year"]
Missing = Literal["refuse", "warn"]
STATUSES = {"active": "active", "tobedeleted": "over"}
"""What a row may say of itself; anything else is kept as over and told."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name in the file, ours, what it holds; ``to`` is the file a reference points into."""

    name: str
    key: str
    type: Type = "text"
    is_required: bool = False
    longest: int = 200
    choices: frozenset[str] = frozenset()
    to: str = ""
    missing: Missing = "warn"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bundle."""

    name: str
    title: str
    fields: tuple[Field, ...]
    ignored: frozenset[str] = frozenset()


def _text(name: str, key: str, longest: int = 200, *, required: bool = False) -> Field:
    return Field(name, key, is_required=required, longest=longest)


def _day(name: str, key: str, *, required: bool = False) -> Field:
    return Field(name, key, "day", is_required=required)


def _choice(name: str, key: str, *choices: str) -> Field:
    return Field(name, key, "choice", is_required=True, choices=frozenset(choices), longest=40)


def _to(file: str, name: str, key: str, *, required: bool = False) -> Field:
    return Field(name, key, "reference", required, to=file, missing="refuse" if required else "warn")


_ORG_KINDS = ("department", "school", "district", "local", "state", "national")
_SESSION_KINDS = ("gradingPeriod", "semester", "schoolYear", "term")
ROLES = (
    "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative",
    "siteAdministrator", "student", "systemAdministrator", "teacher",
)  # fmt: skip
_ALWAYS = frozenset({"sourcedId", "status", "dateLastModified"})
FILES: Mapping[str, File] = {
    file.name: file
    for file in (
        File(
            "orgs",
            N_("Schools and campuses"),
            (
                _text("name", "name", required=True),
                _choice("type", "kind", *_ORG_KINDS),
                _text("identifier", "identifier", 100),
                _to("orgs", "parentSourcedId", "parent"),
            ),
        ),
        File(
            "academicSessions",
            N_("School years and terms"),
            (
                _text("title", "title", required=True),
                _choice("type", "kind", *_SESSION_KINDS),
                _day("startDate", "starts_on", required=True),
                _day("endDate", "ends_on", required=True),
                _to("academicSessions", "parentSourcedId", "parent"),
                Field("schoolYear", "school_year", "year"),
            ),
        ),
        File(
            "courses",
            N_("Courses"),
            (
                _text("title", "title", required=True),
                _text("courseCode", "code", 100),
                _text("grades", "grades", 100),
            ),
            frozenset({"schoolYearSourcedId", "orgSourcedId", "subjects", "subjectCodes"}),
        ),
        File(
            "classes",
            N_("Classes"),
            (
                _text("title", "title", 100, required=True),
                _text("grades", "grades", 100),
                _to("courses", "courseSourcedId", "course"),
                _text("classCode", "code", 60),
                _choice("classType", "kind", "homeroom", "scheduled"),
                _text("location", "location", 100),
                _to("orgs", "schoolSourcedId", "org", required=True),
                Field("termSourcedIds", "sessions", "references", to="academicSessions"),
            ),
            frozenset({"subjects", "subjectCodes", "periods"}),
        ),
        File(
            "users",
            N_("People"),
            (
                Field("enabledUser", "is_enabled", "yes_no"),
                _text("username", "username", 100),
                _text("givenName", "given_name", 100, required=True),
                _text("familyName", "family_name", 100, required=True),
                _text("middleName", "middle_name", 100),
                _text("identifier", "number", 60),
                _text("email", "email"),
                _text("phone", "phone", 40),
                _text("sms", "sms", 40),
                Field("agentSourcedIds", "agents", "references", to="users"),
                Field("grades", "grade", "grade"),
                _text("preferredGivenName", "preferred_name", 100),
            ),
            frozenset(
                {
                    "userIds",
                    "userMasterIdentifier",
                    "preferredMiddleName",
                    "preferredFamilyName",
                    "primaryOrgSourcedId",
                    "pronouns",
                    "password",
                    "resourceSourcedIds",
                }
            ),
        ),
        File(
            "roles",
            N_("Roles"),
            (
                _to("users", "userSourcedId", "user", required=True),
                _choice("roleType", "kind", "primary", "secondary"),
                _choice("role", "role", *ROLES),
                _day("beginDate", "begins_on"),
                _day("endDate", "ends_on"),
                _to("orgs", "orgSourcedId", "org", required=True),
            ),
            frozenset({"userProfileSourcedId"}),
        ),
        File(
            "demographics",
            N_("Dates of birth"),
            (_day("birthDate", "born_on"),),
            frozenset(
                {
                    "sex",
                    "americanIndianOrAlaskaNative",
                    "asian",
                    "blackOrAfricanAmerican",
                    "white",
                    "nativeHawaiianOrOtherPacificIslander",
                    "demographicRaceTwoOrMoreRaces",
                    "hispanicOrLatinoEthnicity",
                    "countryOfBirthCode",
                    "stateOfBirthAbbreviation",
                    "cityOfBirth",
                    "publicSchoolResidenceStatus",
                }
            ),
        ),
        File(
            "enrollments",
            N_("Enrolments"),
            (
                _to("classes", "classSourcedId", "class", required=True),
                _to("users", "userSourcedId", "user", required=True),
                _choice("role", "role", "administrator", "proctor", "student", "teacher"),
                Field("primary", "is_primary", "yes_no"),
                _day("beginDate", "begins_on"),
                _day("endDate", "ends_on"),
            ),
            frozenset({"schoolSourcedId"}),
        ),
    )
}
"""In the order in which they are brought in."""


def columns_of(file: File) -> frozenset[str]:
    """Return every column name that the standard gives a file."""
    return _ALWAYS | file.ignored | {field.name for field in file.fields}
