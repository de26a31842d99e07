"""Any rule as one form: each field is named by its path in the document (``amount.parts.0.rate``).

So every rule can be edited, what is wrong is said at its field, and going to the form and back changes nothing.
Adding, taking away and choosing another kind are done to the data between two drawings of the form.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from billing.rules.documents import Charge, LateFee, dump
from billing.rules.errors import check, parse
from billing.rules.form_draft import as_key
from billing.rules.form_spec import GROUPS, KINDS, Member, fresh_of, members_of
from ui.errors import Invalid
from ui.i18n import t

Data = dict[str, Any]
_ABSENT = object()
MOST_IN_LIST = 2000


def to_parts(document: Charge | LateFee) -> dict[str, str]:
    """Return a rule as fields."""
    return dict(flat(dump(document)))


def flat(data: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every single value by its path; nothing is an empty text, yes and no are written out."""
    if isinstance(data, Mapping):
        for name, inner in data.items():
            yield from flat(inner, f"{path}.{name}" if path else name)
    elif isinstance(data, list):
        for index, inner in enumerate(data):
            yield from flat(inner, f"{path}.{index}")
    elif isinstance(data, bool):
        yield path, "true" if data else "false"
    else:
        yield path, "" if data is None else str(data)


def nested(fields: Mapping[str, str]) -> Data:
    """Return fields as they lie inside each other; numbered ones become lists in the order of their numbers."""
    found: Data = {}
    for path, text in fields.items():
        place, *inner = path.split(".")
        here = found
        for step in inner:
            here = here.setdefault(place, {})
            if not isinstance(here, dict):
                return found
            place = step
        here[place] = text
    listed = _listed(found)
    return listed if isinstance(listed, dict) else {}


def _listed(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    inner = {key: _listed(value) for key, value in data.items()}
    if inner and all(key.isdecimal() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)][:MOST_IN_LIST]
    return inner


def from_parts(kind: str, currency: str, fields: Mapping[str, str]) -> Charge | LateFee:
    """Return the rule that the fields describe; ``kind`` is ``charge`` or ``late_fee``.

    Raises:
        Invalid: ``rule.invalid`` with one sentence for each field that is wrong.
    """
    data = {"kind": kind, "currency": currency, **_group(kind, nested(fields))}
    errors = {field_at(error.path, data): error.message for error in reversed(check(data))}
    if errors:
        raise Invalid("rule.invalid", t("This fee rule cannot be used yet."), fields=errors)
    return parse(data)


def field_at(path: str, data: Any) -> str:
    """Return the field at which an error is shown: its own, the kind of the part it concerns, or that around it."""
    here, known = data, ""
    for step in path.split("."):
        inner = _inside(here, step)
        if inner is _ABSENT:
            return path if known == path.rpartition(".")[0] else known
        here, known = inner, f"{known}.{step}" if known else step
    return f"{path}.kind" if isinstance(here, dict) and "kind" in here else path


def _inside(data: Any, step: str) -> Any:
    if isinstance(data, list):
        return data[int(step)] if step.isdecimal() and int(step) < len(data) else _ABSENT
    return data.get(step, _ABSENT) if isinstance(data, dict) else _ABSENT


def _piece(kind: str, data: Any) -> Any:
    """Return a part, condition or operand with the members of its kind alone."""
    if not isinstance(data, dict):
        return {"kind": ""}
    label = {"label": data["label"]} if kind == "part" and str(data.get("label", "")).strip() else {}
    return {"kind": data.get("kind", ""), **label, **_group(kind, data)}


def _group(kind: str, data: Mapping[str, Any]) -> Data:
    found: Data = {}
    for member in members_of(kind, data):
        value = _member(member, data.get(member.name, _ABSENT), kind)
        if value is not _ABSENT:
            found[member.name] = value
    return found


def _member(member: Member, value: Any, around: str) -> Any:
    if member.is_list:
        items = value if isinstance(value, list) else []
        made = [_value(member, item) for item in items]
        return [item for item in made if item != ""] if member.type in {"value", "attribute"} else made
    if value is _ABSENT or value == "":
        if around == "row" and member.name == "amount":
            return None
        has_default = member.is_optional or (value is _ABSENT and (member.choices or member.type in GROUPS))
        return _ABSENT if has_default else _value(member, "")
    return _value(member, value)


def _value(member: Member, value: Any) -> Any:
    if member.type in KINDS:
        return _piece(member.type, value)
    if isinstance(value, dict):
        return _group(member.type, value)
    if not isinstance(value, str):
        return ""
    text = value.strip()
    if member.type == "value":
        return as_key(text)
    return int(text) if member.type == "whole" and text.isdecimal() else text


def changed(kind: str, currency: str, fields: Mapping[str, str], act: str) -> dict[str, str]:
    """Return the fields after one press of a button: ``add:path``, ``drop:path`` or ``choose:path``.

    ``add`` puts a fresh piece at the end of a list, or fills an empty place; ``drop`` takes one away; ``choose`` draws
    a part again after its kind was changed, with what the new kind shares with the old.
    """
    data = nested(fields)
    verb, _, path = act.partition(":")
    *steps, last = path.split(".")
    here: Any = data
    for step in steps:
        here = _inside(here, step)
        if not isinstance(here, dict | list):
            return dict(fields)
    if verb == "add":
        _add(kind, currency, data, here, path)
    elif verb == "drop":
        _drop(here, last)
    return dict(flat(data))


def _add(kind: str, currency: str, data: Data, here: Any, path: str) -> None:
    member, last = member_at(kind, data, path), path.rpartition(".")[2]
    if member is None or not isinstance(here, dict):
        return
    fresh: Any = fresh_of(member.type, currency) or _empty(member, here)
    if member.is_list:
        kept = here.get(last)
        here[last] = [*(kept if isinstance(kept, list) else []), fresh][:MOST_IN_LIST]
    else:
        here[last] = fresh


def _empty(member: Member, around: Data) -> Any:
    """Return an empty row as wide as its table, an empty tier, or an empty text."""
    if member.type == "row":
        by = around.get("by")
        return {"keys": [""] * (len(by) if isinstance(by, list) else 1), "amount": ""}
    return {"up_to": "", "rate": ""} if member.type == "tier" else ""


def _drop(here: Any, last: str) -> None:
    if isinstance(here, list) and last.isdecimal() and int(last) < len(here):
        del here[int(last)]
    elif isinstance(here, dict):
        here.pop(last, None)


def member_at(kind: str, data: Any, path: str) -> Member | None:
    """Return what the form may hold at a path, nothing where a document of this kind has no such place."""
    here, around, found = data, kind, None
    for step in path.split("."):
        if isinstance(here, list):
            here = _inside(here, step)
            continue
        found = next((one for one in members_of(around, here) if one.name == step), None)
        if found is None or not isinstance(here, dict):
            return None
        here, around = here.get(step, {}), found.type
    return found
