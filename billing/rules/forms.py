"""Rules as an institution edits them: a flat form of texts, to a document and back.

A form has a ``shape`` (how the amount is worked out) and fields. Every shape has those of ``COMMON`` and, when
``late_kind`` is not ``none``, those of ``billing.rules.form_late``; its own are listed in ``form_shapes``. Fields
of a repeated group end in their numbers: ``row.0``, ``column.1``, ``cell.0.1``. What is typed wrong comes back as
``ui.errors.Invalid`` with a sentence for each field; a document of another shape has no form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.rules.currency import finest_step
from billing.rules.documents import Charge, LateFee
from billing.rules.errors import check, parse
from billing.rules.form_draft import Draft
from billing.rules.form_late import late_fields, read_late
from billing.rules.form_shapes import AMOUNTS, FIELDS
from billing.rules.nodes import Condition, Equals, Key, OneOf, text_of
from ui.errors import Invalid
from ui.i18n import N_, t

SHAPES = {
    "table": N_("A table by one or two attributes"),
    "area": N_("An area rate with a minimum"),
    "fixed": N_("The same for all"),
    "quantity": N_("A rate for each unit, with coefficients"),
    "tiers": N_("A rate that changes in tiers"),
}
COMMON = {
    "currency": "currency",
    "period": "period",
    "proration": "proration",
    "due_day": "due.day",
    "due_months_later": "due.months_later",
    "grace_days": "due.grace_days",
    "rounding_mode": "rounding.mode",
    "rounding_step": "rounding.step",
}
DEFAULTS = {
    "period": "month",
    "proration": "none",
    "due_day": "1",
    "due_months_later": "0",
    "grace_days": "0",
    "rounding_mode": "half_up",
}


@dataclass(frozen=True, slots=True)
class Form:
    """A shape and its fields as texts, ready to be shown."""

    shape: str
    fields: Mapping[str, str]


def from_form(shape: str, fields: Mapping[str, str]) -> Charge:
    """Return the charge that a filled form describes.

    Raises:
        Invalid: ``rule.invalid`` with one sentence for each field that is wrong.
    """
    if shape not in SHAPES:
        raise Invalid("rule.shape", t("Choose how the amount is worked out."))
    draft = Draft(fields)
    data = _common(draft)
    data["amount"] = AMOUNTS[shape](draft)
    late = read_late(draft)
    if late is not None:
        data["late_fee"] = late | {"rounding": data["rounding"]}
    _refuse(draft, data)
    charge = parse(data)
    if not isinstance(charge, Charge):
        raise TypeError("a form describes a charge")
    return charge


def to_form(document: Charge | LateFee) -> Form | None:
    """Return the form in which the rule can be edited; None when no form shows all of it."""
    if not isinstance(document, Charge) or document.discounts:
        return None
    late = late_fields(document)
    eligible = _eligible_fields(document.eligible)
    if late is None or eligible is None:
        return None
    for shape, read in FIELDS.items():
        own = read(document.amount)
        if own is not None:
            return Form(shape, _common_fields(document) | eligible | own | late)
    return None


def _common(draft: Draft) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": "charge", "due": {}, "rounding": {}}
    defaults = DEFAULTS | {"rounding_step": finest_step(draft.fields.get("currency", ""))}
    for field, path in COMMON.items():
        *groups, member = path.split(".")
        place = data[groups[0]] if groups else data
        place[member] = draft.read(field, path, defaults.get(field, ""))
    values = draft.several("eligible_values", "eligible.values")
    if values:
        name = draft.read("eligible_attribute", "eligible.attribute")
        data["eligible"] = {"kind": "in", "attribute": name, "values": values}
    return data


def _refuse(draft: Draft, data: dict[str, Any]) -> None:
    errors = {draft.field_of(error.path): error.message for error in reversed(check(data))}
    if errors:
        raise Invalid("rule.invalid", t("This fee rule cannot be used yet."), fields=errors)


def _common_fields(charge: Charge) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, path in COMMON.items():
        value: Any = charge
        for member in path.split("."):
            value = getattr(value, member)
        found[field] = text_of(value)
    return found


def _eligible_fields(condition: Condition | None) -> dict[str, str] | None:
    match condition:
        case None:
            return {"eligible_attribute": "", "eligible_values": ""}
        case Equals():
            values: tuple[Key, ...] = (condition.value,)
        case OneOf():
            values = condition.values
        case _:
            return None
    listed = [text_of(value) for value in values]
    if any("," in value for value in listed):
        return None
    return {"eligible_attribute": condition.attribute, "eligible_values": ", ".join(listed)}
