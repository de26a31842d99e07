"""The forms of sharing: a receiver, a rule, the day from which it holds; from what is typed to a document."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from billing.splits.documents import MOST_RECEIVERS, SplitDocument
from ui.errors import Invalid
from ui.fields import Day, FieldError, parse_minor
from ui.i18n import N_, Text, t

HOW = {
    "percent": N_("Percent of what is paid"),
    "after_fees": N_("Percent of what is left after the channel's fee"),
    "amount": N_("A fixed amount of each payment"),
}
_HUNDRED = 100


class NewReceiver(BaseModel):
    """A receiver to add."""

    name: str = Field(title=N_("Name"), max_length=120)
    kind: str = Field("merchant", title=N_("What they are"))
    rail_merchant: str = Field(title=N_("Their account at the bank's rail"), max_length=60)


class PartRow(BaseModel):
    """What one receiver gets, as typed."""

    receiver: str | None = Field(None, title=N_("Receiver"))
    how: str | None = Field(None, title=N_("Gets"))
    value: str | None = Field(None, title=N_("How much"), max_length=30)
    cap: str | None = Field(None, title=N_("At most"), max_length=30)


class RuleForm(BaseModel):
    """A rule as typed."""

    fee: str = Field(title=N_("Fee"))
    parts: list[PartRow] = Field(default_factory=list)


class Start(BaseModel):
    """From which day a rule holds."""

    effective_from: Annotated[Day, Field(title=N_("In force from"))]


def document_of(form: RuleForm, currency: str) -> SplitDocument:
    """Return the document that was typed.

    Raises:
        Invalid: with a sentence for each field that is wrong.
    """
    wrong: dict[str, Text] = {}
    parts = [_part(row, place, currency, wrong) for place, row in enumerate(form.parts)]
    _together(parts, wrong)
    if wrong:
        raise Invalid("split.fields", next(iter(wrong.values())), fields=wrong)
    try:
        return SplitDocument.model_validate({"parts": parts})
    except ValidationError:
        text = t("This rule does not hold together. Look at each line again.")
        raise Invalid("split.document", text) from None


def _together(parts: list[dict[str, Any]], wrong: dict[str, Text]) -> None:
    if not parts:
        wrong["parts-0-receiver"] = t("Choose at least one receiver.")
    if len(parts) > MOST_RECEIVERS:
        wrong[f"parts-{MOST_RECEIVERS}-receiver"] = t("At most {n} receivers.", n=MOST_RECEIVERS)
    seen: set[UUID] = set()
    for place, part in enumerate(parts):
        if part.get("receiver") in seen:
            wrong.setdefault(f"parts-{place}-receiver", t("Each receiver once."))
        seen.add(part.get("receiver") or UUID(int=place))
    if sum(part.get("rate", 0) for part in parts) > _HUNDRED * _HUNDRED:
        wrong.setdefault(f"parts-{len(parts) - 1}-value", t("Together they get more than 100 %."))


def _part(row: PartRow, place: int, currency: str, wrong: dict[str, Text]) -> dict[str, Any]:
    at = f"parts-{place}-"
    part: dict[str, Any] = {"receiver": _receiver(row, at, wrong)}
    if row.how not in HOW:
        wrong[f"{at}how"] = t("Choose how their part is reckoned.")
        return part
    if row.how == "amount":
        if row.cap:
            wrong[f"{at}cap"] = t("A fixed amount has no upper bound. Leave this empty.")
        return part | {"kind": "amount", "amount_minor": _amount(row.value, f"{at}value", currency, wrong)}
    base = "gross" if row.how == "percent" else "after_fees"
    cap = _amount(row.cap, f"{at}cap", currency, wrong) if row.cap else None
    return part | {
        "kind": "percent",
        "rate": _rate(row.value, f"{at}value", wrong),
        "base": base,
        "cap_minor": cap,
    }


def _receiver(row: PartRow, at: str, wrong: dict[str, Text]) -> UUID | None:
    try:
        return UUID(row.receiver or "")
    except ValueError:
        wrong[f"{at}receiver"] = t("Choose a receiver.")
        return None


def _amount(text: str | None, name: str, currency: str, wrong: dict[str, Text]) -> int:
    try:
        amount = parse_minor(text or "", currency)
    except FieldError as error:
        wrong[name] = error.text
        return 0
    if amount <= 0:
        wrong[name] = t("Enter an amount above zero.")
    return amount


def _rate(text: str | None, name: str, wrong: dict[str, Text]) -> int:
    try:
        percent = Decimal((text or "").strip().rstrip("%％").strip())
        rate = percent * _HUNDRED
        is_right = rate == rate.to_integral_value() and 0 < percent <= _HUNDRED
    except ArithmeticError:
        is_right = False
    if not is_right:
        wrong[name] = t("Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.")
        return 0
    return int(rate)
