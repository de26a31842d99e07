"""LTI's own names for what we know under ours.

LTI Core 1.3 and its appendices; Names and Role Provisioning Services 2.0; Deep Linking 2.0; Assignment and Grade
Services 2.0.
"""

from uuid import UUID

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
MEMBERSHIPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
READ_MEMBERSHIPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
CONTAINER = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
GRADES = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
_AGS = "https://purl.imsglobal.org/spec/lti-ags/scope/"
WRITE_ITEMS, READ_ITEMS = f"{_AGS}lineitem", f"{_AGS}lineitem.readonly"
READ_RESULTS, WRITE_SCORES = f"{_AGS}result.readonly", f"{_AGS}score"
GRADE_SCOPES = (WRITE_ITEMS, READ_ITEMS, READ_RESULTS, WRITE_SCORES)
LINE_ITEM = "application/vnd.ims.lis.v2.lineitem+json"
LINE_ITEMS = "application/vnd.ims.lis.v2.lineitemcontainer+json"
SCORE = "application/vnd.ims.lis.v1.score+json"
RESULTS = "application/vnd.ims.lis.v2.resultcontainer+json"
PROTOCOL = "lti"
_PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
_MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_ROLES = {
    "administrator": (f"{_PERSON}Administrator", f"{_MEMBER}Administrator"),
    "class_teacher": (f"{_PERSON}Faculty", f"{_MEMBER}Instructor"),
}
_STAFF = (f"{_PERSON}Staff", f"{_MEMBER}Member")
LEARNER = (f"{_PERSON}Student", f"{_MEMBER}Learner")
MENTOR = (f"{_PERSON}Observer", f"{_MEMBER}Mentor")
INSTRUCTOR = (f"{_PERSON}Faculty", f"{_MEMBER}Instructor")
GROUP = "http://purl.imsglobal.org/vocab/lis/v2/course#Group"


def memberships_url(issuer: str, tenant_id: UUID, installation_id: UUID) -> str:
    """Return where a tool reads who else is in the institution that installed it."""
    return f"{issuer}/lti/{tenant_id}/{installation_id}/memberships"


def record_url(issuer: str, tenant_id: UUID, installation_id: UUID, kind: str, record_id: object) -> str:
    """Return under which address a tool finds what belongs to one record: its roster, its line items."""
    return f"{issuer}/lti/{tenant_id}/{installation_id}/{kind}/{record_id}"


def roles_of(keys: list[str]) -> list[str]:
    """Return LTI's words for the keys of our roles; staff whose role LTI has no word for are members."""
    return sorted({word for key in keys for word in _ROLES.get(key, _STAFF)})
