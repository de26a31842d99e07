"""The late fee of a form.

``late_kind`` is ``none``, ``by_attribute`` (late_attribute, late_key.N, late_amount.N), ``flat`` (late_flat) or
``higher`` (late_minimum, late_percent: the higher of a sum and a percentage of the arrears). All but ``none`` have
late_each (``time``, ``month``, ``day``), late_after_days, late_after_months, late_cap (``principal`` or blank) and
late_at_most_once_months (or blank).
"""

from typing import Any

from billing.rules.documents import Charge
from billing.rules.form_draft import Draft
from billing.rules.nodes import Balance, Fixed, Higher, Node, Percent, Table, text_of
from billing.rules.terms import LateTerms
from ui.errors import Invalid
from ui.i18n import N_, t

KINDS = {
    "none": N_("No late fee"),
    "flat": N_("A flat sum"),
    "by_attribute": N_("A flat sum by an attribute"),
    "higher": N_("A percentage of the arrears, with a minimum"),
}


def read_late(draft: Draft) -> dict[str, Any] | None:
    """Return the late fee's terms without their rounding, None for no late fee.

    Raises:
        Invalid: ``rule.invalid`` when the kind is none of ``KINDS``.
    """
    kind = draft.read("late_kind", "late_fee", "none")
    if kind not in KINDS:
        raise Invalid(
            "rule.invalid",
            t("This fee rule cannot be used yet."),
            fields={"late_kind": t("Choose a late fee.")},
        )
    if kind == "none":
        return None
    return {
        "amount": _amount(kind, draft),
        "each": draft.read("late_each", "late_fee.each", "time"),
        "after_days": draft.read("late_after_days", "late_fee.after_days", "0"),
        "after_months": draft.read("late_after_months", "late_fee.after_months", "0"),
        "cap": draft.optional("late_cap", "late_fee.cap"),
        "at_most_once_months": draft.optional("late_at_most_once_months", "late_fee.at_most_once_months"),
    }


def _amount(kind: str, draft: Draft) -> dict[str, Any]:
    path = "late_fee.amount"
    if kind == "flat":
        return {"kind": "fixed", "amount": draft.read("late_flat", f"{path}.amount")}
    if kind == "by_attribute":
        return _by_attribute(draft, path)
    least = draft.read("late_minimum", f"{path}.among.0.amount")
    share = draft.read("late_percent", f"{path}.among.1.percent")
    arrears = {"kind": "balance", "name": "arrears"}
    percent = {"kind": "percent", "percent": share, "of": arrears}
    return {"kind": "higher", "among": [{"kind": "fixed", "amount": least}, percent]}


def _by_attribute(draft: Draft, path: str) -> dict[str, Any]:
    rows = [
        {
            "keys": [draft.key(f"late_key.{number}", f"{path}.rows.{index}.keys.0")],
            "amount": draft.optional(f"late_amount.{number}", f"{path}.rows.{index}.amount"),
        }
        for index, number in enumerate(draft.numbers("late_key", "late_amount"))
    ]
    return {"kind": "table", "by": [draft.read("late_attribute", f"{path}.by.0")], "rows": rows}


def late_fields(charge: Charge) -> dict[str, str] | None:
    """Return the fields of a charge's late fee; None when the form cannot show it."""
    terms = charge.late_fee
    if terms is None:
        return {"late_kind": "none"}
    own = _amount_fields(terms.amount)
    if own is None or terms.eligible is not None or terms.rounding != charge.rounding:
        return None
    return own | _limit_fields(terms)


def _limit_fields(terms: LateTerms) -> dict[str, str]:
    once = terms.at_most_once_months
    return {
        "late_each": terms.each,
        "late_after_days": str(terms.after_days),
        "late_after_months": str(terms.after_months),
        "late_cap": terms.cap or "",
        "late_at_most_once_months": "" if once is None else str(once),
    }


def _amount_fields(node: Node) -> dict[str, str] | None:
    match node:
        case Fixed(label=None):
            return {"late_kind": "flat", "late_flat": text_of(node.amount)}
        case Table(label=None, default=None, by=(name,)):
            fields = {"late_kind": "by_attribute", "late_attribute": name}
            for index, (keys, amount) in enumerate(node.cells.items()):
                shown = "" if amount is None else text_of(amount)
                fields |= {f"late_key.{index}": keys[0], f"late_amount.{index}": shown}
            return fields
        case Higher(label=None, among=(Fixed(label=None) as least, Percent(label=None, over=1) as share)):
            if share.of != Balance(name="arrears"):
                return None
            minimum, percent = text_of(least.amount), text_of(share.percent)
            return {"late_kind": "higher", "late_minimum": minimum, "late_percent": percent}
        case _:
            return None
