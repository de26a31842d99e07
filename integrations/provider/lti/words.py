"""LTI's own names for what we know under ours (LTI Core 1.3, appendices; Names and Role Provisioning Services 2.0)."""

from uuid import UUID

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
READ_MEMBERSHIPS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
CONTAINER = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
PROTOCOL = "lti"
_PERSON = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#"
_MEMBER = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
_ROLES = {
    "administrator": (f"{_PERSON}Administrator", f"{_MEMBER}Administrator"),
    "class_teacher": (f"{_PERSON}Faculty", f"{_MEMBER}Instructor"),
}
_STAFF = (f"{_PERSON}Staff", f"{_MEMBER}Member")
GROUP = "http://purl.imsglobal.org/vocab/lis/v2/course#Group"


def memberships_url(issuer: str, tenant_id: UUID, installation_id: UUID) -> str:
    """Return where a tool reads who else is in the institution that installed it."""
    return f"{issuer}/lti/{tenant_id}/{installation_id}/memberships"


def roles_of(keys: list[str]) -> list[str]:
    """Return LTI's words for the keys of our roles; staff whose role LTI has no word for are members."""
    return sorted({word for key in keys for word in _ROLES.get(key, _STAFF)})
