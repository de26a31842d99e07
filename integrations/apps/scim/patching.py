"""PATCH over a resource as JSON (RFC 7644, 3.5.2): add, replace, remove, by path and filter."""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from integrations.apps.scim import schemas
from integrations.apps.scim.errors import bad
from integrations.apps.scim.filters import Test, parse
from integrations.apps.scim.schemas import Attribute

OPERATION = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MOST = 100
_PATH = re.compile(r"(?P<name>[^\[\].]+)(?:\[(?P<filter>.+)\])?(?:\.(?P<sub>[^\[\].]+))?")
_CORE = f"{schemas.USER}:".lower()


def apply(resource: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """Return the resource after all operations, or none.

    Raises:
        ScimError: 400, saying which rule an operation breaks.
    """
    if not isinstance(body, Mapping) or OPERATION not in (body.get("schemas") or ()):
        raise bad("The body is no PatchOp.", "invalidSyntax")
    operations = next((v for k, v in body.items() if k.lower() == "operations"), None)
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST:
        raise bad("Operations is a list that is not empty.", "invalidSyntax")
    changed = deepcopy(dict(resource))
    for one in operations:
        _operate(changed, one)
    return changed


def _operate(resource: dict[str, Any], operation: Any) -> None:
    op = str(operation.get("op", "")).lower() if isinstance(operation, Mapping) else ""
    if op not in {"add", "replace", "remove"}:
        raise bad("An op is add, replace or remove.", "invalidSyntax")
    path, value = operation.get("path"), operation.get("value")
    if path is None:
        if op == "remove" or not isinstance(value, Mapping):
            raise bad("There is no path.", "noTarget" if op == "remove" else "invalidValue")
        for name, part in value.items():
            _at(resource, op, str(name), part)
        return
    if op != "remove" and "value" not in operation:
        raise bad("There is no value.")
    _at(resource, op, str(path), value)


def _at(resource: dict[str, Any], op: str, path: str, value: Any) -> None:
    plain = path[len(_CORE) :] if path.lower().startswith(_CORE) else path
    found = _PATH.fullmatch(plain)
    attribute = schemas.attribute(found["name"]) if found else None
    if found is None or attribute is None:
        if plain.lower() == "schemas":
            raise bad(f"{path} is read only.", "mutability")
        raise bad(f"There is no {path}.", "invalidPath")
    _check_mutable(attribute, found["sub"], op, is_filtered=bool(found["filter"]))
    if found["filter"]:
        return _filtered(resource, op, attribute, (found["filter"], found["sub"]), value)
    if found["sub"]:
        return _sub(resource, op, attribute, found["sub"], value)
    return _whole(resource, op, attribute, value)


def _check_mutable(attribute: Attribute, sub: str | None, op: str, *, is_filtered: bool) -> None:
    if attribute.mutability == "readOnly":
        raise bad(f"{attribute.name} is read only.", "mutability")
    if sub and attribute.sub(sub) is None:
        raise bad(f"There is no {attribute.name}.{sub}.", "invalidPath")
    if op == "remove" and attribute.is_required and not sub and not is_filtered:
        raise bad(f"{attribute.name} is required.", "mutability")


def _whole(resource: dict[str, Any], op: str, attribute: Attribute, value: Any) -> None:
    name = attribute.name
    if op == "remove":
        resource.pop(name, None)
    elif attribute.is_multi:
        given = value if isinstance(value, list) else [value]
        _set_list(resource, name, given if op == "replace" else [*resource.get(name, []), *given])
    elif attribute.subs and isinstance(value, Mapping):
        resource[name] = {**resource.get(name, {}), **value}
    else:
        resource[name] = value


def _sub(resource: dict[str, Any], op: str, attribute: Attribute, sub: str, value: Any) -> None:
    if attribute.is_multi:
        for one in resource.get(attribute.name, []):
            _change(one, op, attribute, sub, value)
        return
    _change(resource.setdefault(attribute.name, {}), op, attribute, sub, value)


def _change(one: dict[str, Any], op: str, attribute: Attribute, sub: str, value: Any) -> None:
    known = attribute.sub(sub)
    assert known is not None  # noqa: S101 - checked
    if op == "remove":
        one.pop(known.name, None)
    else:
        one[known.name] = value


def _filtered(
    resource: dict[str, Any], op: str, attribute: Attribute, where: tuple[str, str | None], value: Any
) -> None:
    test: Test = parse(where[0])
    held = resource.get(attribute.name, [])
    fitting = [one for one in held if test(one)]
    if not fitting:
        raise bad(f"No {attribute.name} fits the filter.", "noTarget")
    if where[1]:
        for one in fitting:
            _change(one, op, attribute, where[1], value)
    elif op == "remove":
        resource[attribute.name] = [one for one in held if one not in fitting]
    else:
        for one in fitting:
            one.update(value if isinstance(value, Mapping) else {"value": value})
    _set_list(resource, attribute.name, resource[attribute.name], kept=fitting)


def _set_list(resource: dict[str, Any], name: str, values: list[Any], kept: Any = None) -> None:
    """Keep each value once, and at most one primary: the one that came last (RFC 7644, 3.5.2)."""
    plain = [one if isinstance(one, Mapping) else {"value": one} for one in values]
    once = [dict(one) for n, one in enumerate(plain) if one not in plain[:n]]
    primary = [one for one in once if one.get("primary") is True]
    chosen = [one for one in primary if kept and one in kept] or primary
    for one in primary:
        if one is not chosen[-1]:
            one["primary"] = False
    if once:
        resource[name] = once
    else:
        resource.pop(name, None)
