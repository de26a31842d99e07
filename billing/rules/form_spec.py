"""What each kind of part has, as a form asks for it: the shape of ``nodes`` and ``terms`` said as data.

A member's ``type`` is a single field (``number``, ``whole``, ``words``, ``attribute``, ``quantity``, ``balance``,
``line``, ``value``, or one of its ``choices``), something inside (``part``, ``condition``, ``operand``, or a group by
name), or, with ``is_list``, several of those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.rules.currency import finest_step
from ui.i18n import N_


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a part: its name in the document, how it is asked for, and its label (an English msgid)."""

    name: str
    type: str
    label: str
    is_optional: bool = False
    is_list: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)


def _one(name: str, kind: str, label: str) -> Member:
    return Member(name, kind, label)


def _maybe(name: str, kind: str, label: str) -> Member:
    return Member(name, kind, label, is_optional=True)


def _several(name: str, kind: str, label: str) -> Member:
    return Member(name, kind, label, is_optional=True, is_list=True)


_OVER = {
    "1": N_("the whole of it"),
    "12": N_("a year, for one month (1/12)"),
    "360": N_("a year, for one day (1/360)"),
    "365": N_("a year, for one day (1/365)"),
}
PARTS: Mapping[str, tuple[str, tuple[Member, ...]]] = {
    "fixed": (N_("A fixed figure"), (_one("amount", "number", N_("Figure")),)),
    "attribute": (N_("A number kept on the account"), (_one("name", "attribute", N_("Which")),)),
    "quantity": (N_("A number of the period"), (_one("name", "quantity", N_("Which")),)),
    "balance": (N_("An earlier balance"), (_one("name", "balance", N_("Which")),)),
    "line": (N_("Another line of the bill"), (_one("name", "line", N_("Which")),)),
    "rate": (
        N_("A price for each unit"),
        (
            _one("rate", "number", N_("Price")),
            _one("per", "part", N_("For each unit of")),
            _several("coefficients", "part", N_("Times")),
        ),
    ),
    "product": (N_("Several multiplied"), (_several("factors", "part", N_("Factor")),)),
    "sum": (N_("Several added"), (_several("parts", "part", N_("Part")),)),
    "percent": (
        N_("A percentage"),
        (
            _one("percent", "number", N_("Percent")),
            Member("over", "whole", N_("Taken"), is_optional=True, choices=_OVER),
            _one("of", "part", N_("Of")),
        ),
    ),
    "bounds": (
        N_("At least, at most"),
        (
            _one("of", "part", N_("Amount")),
            _maybe("minimum", "part", N_("At least")),
            _maybe("maximum", "part", N_("At most")),
        ),
    ),
    "higher": (N_("The highest of several"), (_several("among", "part", N_("One of")),)),
    "lower": (N_("The lowest of several"), (_several("among", "part", N_("One of")),)),
    "excess": (
        N_("By how much one is above another"),
        (_one("of", "part", N_("Number")), _one("over", "part", N_("Above"))),
    ),
    "tiers": (
        N_("Tiers"),
        (
            _one("of", "part", N_("For each unit of")),
            _several("tiers", "tier", N_("Tier")),
            _maybe("after", "part", N_("Counted on from")),
        ),
    ),
    "blocks": (
        N_("A price for every so many units or part of them"),
        (
            _one("of", "part", N_("Units")),
            _one("size", "number", N_("Units in a block")),
            _one("price", "number", N_("Price of a block")),
        ),
    ),
    "table": (
        N_("A table by attributes"),
        (
            _several("by", "attribute", N_("By")),
            _several("rows", "row", N_("Row")),
            _maybe("default", "number", N_("Every other")),
        ),
    ),
    "choose": (
        N_("The first case that fits"),
        (_several("cases", "case", N_("Case")), _maybe("otherwise", "part", N_("Otherwise"))),
    ),
}
CONDITIONS: Mapping[str, tuple[str, tuple[Member, ...]]] = {
    "eq": (
        N_("An attribute is"),
        (_one("attribute", "attribute", N_("Attribute")), _one("value", "value", N_("Is"))),
    ),
    "in": (
        N_("An attribute is one of"),
        (_one("attribute", "attribute", N_("Attribute")), _several("values", "value", N_("One of"))),
    ),
    **{
        kind: (words, (_one("of", "operand", N_("Number")), _one("value", "number", N_("Figure"))))
        for kind, words in (
            ("ge", N_("A number is at least")),
            ("gt", N_("A number is more than")),
            ("le", N_("A number is at most")),
            ("lt", N_("A number is less than")),
        )
    },
    "known": (N_("A fact is known"), (_one("of", "operand", N_("Fact")),)),
    "and": (N_("All of these"), (_several("all", "condition", N_("Condition")),)),
    "or": (N_("One of these"), (_several("any", "condition", N_("Condition")),)),
    "not": (N_("Not"), (_one("condition", "condition", N_("Condition")),)),
}
OPERANDS = {kind: PARTS[kind] for kind in ("attribute", "quantity", "balance", "line")}
KINDS: Mapping[str, Mapping[str, tuple[str, tuple[Member, ...]]]] = {
    "part": PARTS,
    "condition": CONDITIONS,
    "operand": OPERANDS,
}
"""The kinds to choose from, by what is wanted."""
_MODES = {
    "half_up": N_("half up"),
    "half_even": N_("half to even"),
    "up": N_("always up"),
    "down": N_("always down"),
}
_ROUNDING = (
    Member("mode", "words", N_("Round"), choices=_MODES),
    _one("step", "number", N_("To a multiple of")),
)
_EACH = {
    "time": N_("once in each bill run"),
    "month": N_("for each month in arrears"),
    "day": N_("for each day late"),
}
_LATE = (
    _one("amount", "part", N_("Late fee")),
    Member("each", "words", N_("Charged"), choices=_EACH),
    _maybe("after_days", "whole", N_("After how many days")),
    _maybe("after_months", "whole", N_("After how many months")),
    Member(
        "cap",
        "words",
        N_("Together at most"),
        is_optional=True,
        choices={"principal": N_("what is owed itself")},
    ),
    _maybe("at_most_once_months", "whole", N_("At most once in so many months")),
    _maybe("eligible", "condition", N_("Only if")),
    _one("rounding", "rounding", N_("Rounding")),
)
_PERIODS = {
    "once": N_("once"),
    "month": N_("every month"),
    "quarter": N_("every quarter"),
    "half_year": N_("every half-year"),
    "year": N_("every year"),
    "term": N_("every term"),
}
GROUPS: Mapping[str, tuple[Member, ...]] = {
    "tier": (_maybe("up_to", "number", N_("Up to")), _one("rate", "number", N_("Price of each"))),
    "row": (_several("keys", "value", N_("Value")), _maybe("amount", "number", N_("Figure"))),
    "case": (_one("when", "condition", N_("If")), _one("then", "part", N_("Then"))),
    "rounding": _ROUNDING,
    "due": (
        _one("day", "whole", N_("Due on day")),
        _one("months_later", "whole", N_("Months later")),
        _one("grace_days", "whole", N_("Days of grace")),
    ),
    "discount": (
        _one("label", "words", N_("Called")),
        Member(
            "take", "words", N_("Takes"), choices={"percent": N_("a percentage"), "amount": N_("an amount")}
        ),
        _one("value", "part", N_("How much")),
        Member(
            "of",
            "words",
            N_("Of"),
            choices={"rest": N_("what earlier discounts left"), "full": N_("the full amount")},
        ),
        _maybe("when", "condition", N_("Only if")),
    ),
    "late": _LATE,
    "charge": (
        _one("amount", "part", N_("Amount")),
        Member("period", "words", N_("Charged"), choices=_PERIODS),
        Member(
            "proration",
            "words",
            N_("For part of a period"),
            choices={"none": N_("the whole amount"), "by_day": N_("by days")},
        ),
        _maybe("eligible", "condition", N_("Only accounts of which")),
        _several("discounts", "discount", N_("Discount")),
        _one("rounding", "rounding", N_("Rounding")),
        _one("due", "due", N_("When it is due")),
        _maybe("late_fee", "late", N_("Late fee")),
    ),
    "late_fee": _LATE,
}
"""Pieces without kinds of their own, by name; ``charge`` and ``late_fee`` are whole documents."""
FRESH: Mapping[str, dict[str, object]] = {
    "part": {"kind": "fixed", "amount": ""},
    "condition": {"kind": "eq"},
    "operand": {"kind": "attribute"},
    "due": {"day": "1", "months_later": "0", "grace_days": "0"},
    "late": {"each": "month", "amount": {"kind": "fixed"}},
    "discount": {"take": "percent", "of": "rest", "value": {"kind": "fixed"}},
    "case": {"when": {"kind": "eq"}, "then": {"kind": "fixed"}},
}


def fresh_of(member_type: str, currency: str) -> dict[str, object]:
    """Return what a member begins as when it is added, rounded as ``currency`` is; empty when nothing is known."""
    rounding: dict[str, object] = {"mode": "half_up", "step": finest_step(currency)}
    if member_type == "rounding":
        return rounding
    return {**FRESH.get(member_type, {}), **({"rounding": rounding} if member_type == "late" else {})}


def members_of(kind: str, data: Mapping[str, object]) -> tuple[Member, ...]:
    """Return what a piece of this type has; for a part or condition, by the kind that is chosen in ``data``."""
    if kind in KINDS:
        chosen = KINDS[kind].get(str(data.get("kind", "")))
        return chosen[1] if chosen else ()
    return GROUPS[kind]
