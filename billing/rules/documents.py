"""A fee rule as a document: data, checked when written, with one meaning everywhere.

There are two kinds. A ``charge`` is what an account owes for a period; a ``late_fee`` is what is added
while it stays unpaid. A charge may carry its late fee's terms. A stored document never changes: a rule's
next version is another document with its own dates. JSON Schema: ``json_schema()``.
"""

from functools import cache, cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from billing.rules.currency import decimals, is_currency
from billing.rules.lowering import Core, late_amount
from billing.rules.nodes import Condition, Node, Part, walk
from billing.rules.terms import Discount, Due, LateTerms, Rounding

FORMAT = 1
DEEPEST = 24
LARGEST = 3000


def _known_currency(code: str) -> str:
    if not is_currency(code):
        raise PydanticCustomError("rule_currency", "a currency code such as SGD")
    return code


Currency = Annotated[str, AfterValidator(_known_currency)]


class _Document(Part):
    """What both kinds carry, and the checks that concern a whole document."""

    format: Literal[1] = 1
    currency: Currency

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for size, (part, depth) in enumerate(walk(self)):
            if isinstance(part, LateTerms | Charge):
                place = "rounding.step" if part is self else "late_fee.rounding.step"
                _check_step(part.rounding, self.currency, place)
            if depth > DEEPEST or size > LARGEST:
                raise PydanticCustomError("rule_too_large", "a smaller rule")
        return self


def _check_step(rounding: Rounding, currency: str, path: str) -> None:
    minor = rounding.step.scaleb(decimals(currency))
    if minor != minor.to_integral_value():
        raise PydanticCustomError("rule_step", "a step that the currency has", {"path": path})


class Charge(_Document):
    """What an account owes for one period.

    Order of working: eligibility, ``amount``, discounts, share of the period by days, rounding.
    """

    kind: Literal["charge"] = "charge"
    period: Literal["once", "month", "quarter", "half_year", "year", "term"] = "month"
    proration: Literal["none", "by_day"] = "none"
    amount: Node
    eligible: Condition | None = None
    discounts: Annotated[tuple[Discount, ...], Field(max_length=20)] = ()
    rounding: Rounding
    due: Due = Due()
    late_fee: LateTerms | None = None

    @cached_property
    def core(self) -> Core:
        """Return what both evaluators work on."""
        by_day = self.proration == "by_day"
        return Core(self.currency, self.amount, self.rounding, self.eligible, self.discounts, by_day)


class LateFee(LateTerms, _Document):
    """A late fee as a document of its own, evaluated over an account in arrears."""

    kind: Literal["late_fee"] = "late_fee"

    @cached_property
    def core(self) -> Core:
        """Return what both evaluators work on."""
        return Core(self.currency, late_amount(self), self.rounding, self.eligible)


Document = Annotated[Charge | LateFee, Field(discriminator="kind")]


def late_fee_of(charge: Charge) -> LateFee | None:
    """Return the late fee that a charge carries, as its own document."""
    if charge.late_fee is None:
        return None
    terms = {name: getattr(charge.late_fee, name) for name in LateTerms.model_fields}
    return LateFee(currency=charge.currency, **terms)


@cache
def adapter() -> TypeAdapter[Charge | LateFee]:
    """Return the validator of documents, built once."""
    return TypeAdapter(Document)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a rule document."""
    schema = adapter().json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Fee rule", **schema}


def dump(document: Charge | LateFee) -> dict[str, Any]:
    """Return the document as JSON data, without what is absent, ready to be stored."""
    lean: dict[str, Any] = _without_nulls(adapter().dump_python(document, mode="json"))
    return lean


def _without_nulls(data: Any) -> Any:
    """Drop absent members; the null amount of a table's row stays, for it says "not offered"."""
    if isinstance(data, list):
        return [_without_nulls(item) for item in data]
    if not isinstance(data, dict):
        return data
    return {k: _without_nulls(v) for k, v in data.items() if v is not None or "keys" in data}
