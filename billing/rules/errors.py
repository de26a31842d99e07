"""What is wrong with a document, said at the place where it is wrong, in words for a finance officer."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from billing.rules.documents import Charge, LateFee, adapter
from billing.rules.words import joined
from ui.errors import Invalid
from ui.i18n import N_, Text, t

TOO_DEEP = 60
MESSAGES = {
    "rule_number": N_("Enter a plain number of zero or more, such as 63.50, with at most 8 decimals."),
    "rule_key": N_("Enter a short text, a whole number, or yes or no."),
    "rule_currency": N_("Choose a currency."),
    "rule_step": N_("Choose a rounding step that the currency has."),
    "rule_tiers_open": N_("Leave the upper limit of the last tier, and only of the last, empty."),
    "rule_tiers_order": N_("Let each tier end above the one before it."),
    "rule_table_by": N_("Use each attribute once."),
    "rule_table_keys": N_("Give each row one value for each attribute."),
    "rule_table_twice": N_("The same combination appears twice."),
    "rule_too_large": N_("This rule is too large; split it into several fee items."),
    "missing": N_("This is needed."),
    "extra_forbidden": N_("This is not part of a fee rule."),
    "greater_than": N_("Enter a number above {gt}."),
    "greater_than_equal": N_("Enter a number of at least {ge}."),
    "less_than_equal": N_("Enter a number of at most {le}."),
    "too_short": N_("Give at least {min_length}."),
    "too_long": N_("Give at most {max_length}."),
    "literal_error": N_("Choose one of: {expected}."),
    "union_tag_invalid": N_("Choose one of: {expected_tags}."),
    "union_tag_not_found": N_("Say what kind of part this is."),
    "int_parsing": N_("Enter a whole number."),
    "int_type": N_("Enter a whole number."),
    "string_pattern_mismatch": N_("Use a short name without line breaks."),
}
TOO_LARGE = MESSAGES["rule_too_large"]
FALLBACK = N_("This cannot be used here.")
PLACES = {
    "amount": N_("amount"),
    "rate": N_("rate"),
    "rounding": N_("rounding"),
    "step": N_("step"),
    "mode": N_("mode"),
    "currency": N_("currency"),
    "due": N_("due day"),
    "day": N_("day"),
    "grace_days": N_("days of grace"),
    "months_later": N_("months later"),
    "late_fee": N_("late fee"),
    "discounts": N_("discount"),
    "eligible": N_("who it applies to"),
    "tiers": N_("tier"),
    "up_to": N_("upper limit"),
    "rows": N_("row"),
    "keys": N_("value"),
    "by": N_("attribute"),
    "name": N_("name"),
    "label": N_("label"),
    "minimum": N_("minimum"),
    "maximum": N_("maximum"),
    "percent": N_("percentage"),
    "per": N_("quantity"),
    "of": N_("of what"),
    "size": N_("block size"),
    "price": N_("price"),
    "parts": N_("part"),
    "factors": N_("factor"),
    "coefficients": N_("coefficient"),
    "cases": N_("case"),
    "when": N_("condition"),
    "then": N_("result"),
    "otherwise": N_("otherwise"),
    "value": N_("value"),
    "kind": N_("kind"),
}


@dataclass(frozen=True, slots=True)
class RuleError:
    """One thing wrong: its ``path`` (``amount.rows.3.amount``), the same in plain words, and what to do."""

    path: str
    place: object
    message: Text

    @property
    def sentence(self) -> Text:
        """Return place and message together."""
        return t("{place}: {message}", place=self.place, message=self.message) if self.path else self.message


def parse(data: Any) -> Charge | LateFee:
    """Return the document that JSON ``data`` holds.

    Raises:
        Invalid: ``rule.invalid`` with one sentence for each path that is wrong.
    """
    errors = check(data)
    if errors:
        fields = {error.path: error.sentence for error in reversed(errors)}
        raise Invalid("rule.invalid", t("This fee rule cannot be used yet."), fields=fields)
    return adapter().validate_python(data)


def check(data: Any) -> list[RuleError]:
    """Return everything that is wrong with JSON ``data`` as a document; nothing when it is one."""
    if _depth(data) > TOO_DEEP:
        return [RuleError("", "", t(TOO_LARGE))]
    try:
        adapter().validate_python(data)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        return [_rule_error(detail) for detail in details if not _follows(detail, details)]
    return []


def _depth(data: Any, limit: int = TOO_DEEP + 1) -> int:
    """Return how deep the data goes, looking no deeper than ``limit``."""
    if limit == 0 or not isinstance(data, (dict, list)):
        return 0
    inner = data.values() if isinstance(data, dict) else data
    return 1 + max((_depth(item, limit - 1) for item in inner), default=0)


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Tell whether "too few" only counts members that are reported for themselves."""
    at = detail["loc"]
    inside = (other["loc"] for other in details if len(other["loc"]) > len(at))
    return detail["type"] == "too_short" and any(place[: len(at)] == at for place in inside)


def _rule_error(detail: ErrorDetails) -> RuleError:
    context = detail.get("ctx", {})
    within = [int(step) if step.isdecimal() else step for step in context.get("path", "").split(".") if step]
    steps = [*_steps(detail["loc"]), *within]
    message = t(MESSAGES.get(detail["type"], FALLBACK), **context)
    return RuleError(".".join(str(step) for step in steps), joined(_place(steps)), message)


def _steps(location: tuple[int | str, ...]) -> Iterator[int | str]:
    """Leave out the kinds that the validator adds to a path for each union it went through."""
    for index, step in enumerate(location):
        if index == 0 or (step in _KINDS and _holds_a_union(location[:index])):
            continue
        yield step


def _holds_a_union(place: tuple[int | str, ...]) -> bool:
    """Tell whether what stands at ``place`` is one of several kinds."""
    if isinstance(place[-1], int):
        return place[-2] in _UNION_LISTS
    return place[-1] in _UNION_FIELDS


_UNION_LISTS = frozenset({"parts", "factors", "coefficients", "among", "all", "any"})
_UNION_FIELDS = frozenset(
    {
        "amount",
        "per",
        "of",
        "over",
        "minimum",
        "maximum",
        "after",
        "then",
        "otherwise",
        "when",
        "condition",
        "eligible",
        "value",
    }
)
_KINDS = frozenset(
    {
        *("fixed", "attribute", "quantity", "balance", "line", "rate", "product", "sum", "percent", "bounds"),
        *("higher", "lower", "excess", "tiers", "blocks", "table", "choose"),
        *("eq", "in", "ge", "gt", "le", "lt", "known", "and", "or", "not", "bool", "int"),
    }
)


def _place(steps: list[int | str]) -> Iterator[object]:
    for step, following in pairwise([*steps, None]):
        if not isinstance(step, str):
            continue
        words = t(PLACES.get(step, step.replace("_", " ")))
        yield (
            t("{place} {number}", place=words, number=following + 1) if isinstance(following, int) else words
        )
