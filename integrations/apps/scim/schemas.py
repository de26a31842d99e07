"""What there is in our SCIM: schemas, resource types and what the service can do, as data (RFC 7643)."""

from dataclasses import dataclass
from typing import Any

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
MOST_RESULTS = 200


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: what it is called and how it may be used."""

    name: str
    about: str
    kind: str = "string"
    subs: tuple["Attribute", ...] = ()
    is_multi: bool = False
    is_required: bool = False
    is_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    values: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()

    def sub(self, name: str) -> "Attribute | None":
        """Return a part of it by its name, whatever its letter case."""
        return next((one for one in self.subs if one.name.lower() == name.lower()), None)

    def shown(self) -> dict[str, Any]:
        """Return its definition (RFC 7643, 7)."""
        told: dict[str, Any] = {
            "name": self.name,
            "type": self.kind,
            "multiValued": self.is_multi,
            "description": self.about,
            "required": self.is_required,
            "mutability": self.mutability,
            "returned": self.returned,
        }
        if self.kind in {"string", "reference"}:
            told |= {"caseExact": self.is_exact, "uniqueness": self.uniqueness}
        if self.subs:
            told["subAttributes"] = [one.shown() for one in self.subs]
        if self.values:
            told["canonicalValues"] = list(self.values)
        if self.refers:
            told["referenceTypes"] = list(self.refers)
        return told


def _read(name: str, about: str, kind: str = "string", **further: Any) -> Attribute:
    return Attribute(name, about, kind, mutability="readOnly", **further)


_OF_USER = (
    Attribute("userName", "The name by which the directory knows somebody: their address at work.", is_required=True,
              uniqueness="server"),
    Attribute("externalId", "The directory's own number.", is_exact=True),
    Attribute("displayName", "The name as it is shown."),
    Attribute("name", "The parts of the name.", "complex", subs=(
        Attribute("formatted", "The whole name."),
        Attribute("familyName", "Family name."),
        Attribute("givenName", "Given name."),
    )),
    Attribute("emails", "E-mail addresses; an invitation goes to the primary one.", "complex", is_multi=True, subs=(
        Attribute("value", "The address."),
        Attribute("type", "What it is for.", values=("work", "other")),
        Attribute("primary", "Whether it is the main one.", "boolean"),
    )),
    Attribute("active", "Whether they work here, or are to.", "boolean"),
    _read("groups", "The roles that they have here; given by the institution, not by programs.", "complex",
          is_multi=True, subs=(
              _read("value", "The role's id."),
              _read("$ref", "Its address.", "reference", refers=("Group",)),
              _read("display", "Its name."),
              _read("type", "Always direct.", values=("direct",)),
          )),
)  # fmt: skip
_OF_GROUP = (
    _read("displayName", "The role's name."),
    _read("externalId", "The role's key.", is_exact=True),
    _read("members", "Who has the role.", "complex", is_multi=True, subs=(
        _read("value", "The id of somebody.", is_exact=True),
        _read("$ref", "Their address.", "reference", refers=("User",)),
        _read("display", "Their name."),
        _read("type", "Always User.", values=("User",)),
    )),
)  # fmt: skip
_SUPPORTED = (_read("supported", "Whether it is.", "boolean", is_required=True),)
_OF_CONFIG = (
    _read("documentationUri", "Where it is described.", "reference", refers=("external",)),
    *(_read(name, "Whether this can be done.", "complex", is_required=True, subs=_SUPPORTED)
      for name in ("patch", "changePassword", "sort", "etag")),
    _read("bulk", "Many at once.", "complex", is_required=True, subs=(
        *_SUPPORTED, _read("maxOperations", "How many.", "integer", is_required=True),
        _read("maxPayloadSize", "How large.", "integer", is_required=True))),
    _read("filter", "Filters.", "complex", is_required=True, subs=(
        *_SUPPORTED, _read("maxResults", "How many at once.", "integer", is_required=True))),
    _read("authenticationSchemes", "How programs prove themselves.", "complex", is_multi=True, is_required=True, subs=(
        *(_read(name, "What it is.", is_required=True) for name in ("type", "name", "description")),)),
)  # fmt: skip
_OF_TYPE = (
    _read("id", "Its id."),
    _read("name", "Its name.", is_required=True),
    _read("description", "What it is."),
    _read("endpoint", "Where it is.", "reference", is_required=True, refers=("uri",)),
    _read("schema", "Its schema.", "reference", is_required=True, refers=("uri",), is_exact=True),
    _read("schemaExtensions", "Further schemas.", "complex", is_multi=True, subs=(
        _read("schema", "Which.", "reference", is_required=True, refers=("uri",), is_exact=True),
        _read("required", "Whether it has to be there.", "boolean", is_required=True))),
)  # fmt: skip
_PART = (
    *(
        _read(name, "As RFC 7643, 7 has it.")
        for name in ("name", "type", "description", "mutability", "returned")
    ),
    *(_read(name, "As RFC 7643, 7 has it.", "boolean") for name in ("multiValued", "required", "caseExact")),
    _read("uniqueness", "As RFC 7643, 7 has it."),
    *(_read(name, "As RFC 7643, 7 has it.", is_multi=True) for name in ("canonicalValues", "referenceTypes")),
)
_OF_SCHEMA = (
    _read("id", "Its URN.", is_required=True),
    _read("name", "Its name."),
    _read("description", "What it describes."),
    _read("attributes", "What it has.", "complex", is_multi=True, is_required=True,
          subs=(*_PART, _read("subAttributes", "Parts.", "complex", is_multi=True, subs=_PART))),
)  # fmt: skip
SCHEMAS: dict[str, tuple[str, str, tuple[Attribute, ...]]] = {
    USER: ("User", "Staff of the institution", _OF_USER),
    GROUP: ("Group", "Roles of the institution", _OF_GROUP),
    f"{_CORE}ServiceProviderConfig": ("ServiceProviderConfig", "What the service can do", _OF_CONFIG),
    f"{_CORE}ResourceType": ("ResourceType", "A kind of resource", _OF_TYPE),
    f"{_CORE}Schema": ("Schema", "A schema", _OF_SCHEMA),
}
_TYPES = {"User": ("/Users", USER), "Group": ("/Groups", GROUP)}


def attribute(name: str) -> Attribute | None:
    """Return an attribute of users by its name, whatever its letter case."""
    return next((one for one in _OF_USER if one.name.lower() == name.lower()), None)


def writable() -> tuple[Attribute, ...]:
    """Return what programs may write of somebody."""
    return tuple(one for one in _OF_USER if one.mutability == "readWrite")


def schema(urn: str, base: str) -> dict[str, Any]:
    """Return one schema."""
    name, about, parts = SCHEMAS[urn]
    return {
        "schemas": [f"{_CORE}Schema"],
        "id": urn,
        "name": name,
        "description": about,
        "attributes": [one.shown() for one in parts],
        "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{urn}"},
    }


def resource_type(name: str, base: str) -> dict[str, Any]:
    """Return one resource type."""
    endpoint, urn = _TYPES[name]
    return {
        "schemas": [f"{_CORE}ResourceType"],
        "id": name,
        "name": name,
        "description": SCHEMAS[urn][1],
        "endpoint": endpoint,
        "schema": urn,
        "schemaExtensions": [],
        "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
    }


def configuration(base: str, docs: str) -> dict[str, Any]:
    """Return what the service can do."""
    yes, no = {"supported": True}, {"supported": False}
    bearer = {
        "type": "oauthbearertoken",
        "name": "Bearer",
        "description": "A token of the installation",
        "primary": True,
    }
    return {
        "schemas": [f"{_CORE}ServiceProviderConfig"],
        "documentationUri": docs,
        "patch": yes,
        "bulk": no | {"maxOperations": 0, "maxPayloadSize": 0},
        "filter": yes | {"maxResults": MOST_RESULTS},
        "changePassword": no,
        "sort": yes,
        "etag": yes,
        "authenticationSchemes": [bearer],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


RESOURCE_TYPES = tuple(_TYPES)
