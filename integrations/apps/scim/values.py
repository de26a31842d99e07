"""What programs write, held against the schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.apps.scim.errors import bad
from integrations.apps.scim.schemas import Attribute

LONGEST, MOST = 200, 10


def checked(given: Mapping[str, Any], attributes: Sequence[Attribute]) -> dict[str, Any]:
    """Return what is there of these attributes, by their own names; what we do not know is left out.

    Raises:
        ScimError: 400 ``invalidValue`` for a value of another kind, or a required one that is missing.
    """
    by_name = {str(name).lower(): value for name, value in given.items()}
    found = {}
    for one in attributes:
        value = by_name.get(one.name.lower())
        if value is None or value in ([], {}):
            if one.is_required:
                raise bad(f"{one.name} is missing.")
            continue
        found[one.name] = _value(one, value)
    return found


def _value(attribute: Attribute, value: Any) -> Any:
    if not attribute.is_multi:
        return _single(attribute, value)
    if not isinstance(value, list) or len(value) > MOST:
        raise bad(f"{attribute.name} is a list of at most {MOST}.")
    return [_single(attribute, one) for one in value]


def _single(attribute: Attribute, value: Any) -> Any:
    if attribute.kind == "complex":
        if not isinstance(value, Mapping):
            raise bad(f"{attribute.name} is an object.")
        return checked(value, attribute.subs)
    if attribute.kind == "boolean":
        return _boolean(attribute, value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise bad(f"{attribute.name} is a text of at most {LONGEST} letters.")
    return value


def _boolean(attribute: Attribute, value: Any) -> bool:
    """Some directories write booleans as texts."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise bad(f"{attribute.name} is true or false.")
