"""What the site types of a contract, and how it reads as facts of a row."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Contract, Product
from scenarios.tourism.planning.forms import MOST_PEOPLE, TIERS
from tenants import uscc
from ui.fields import Day, FieldError, MinorAmount, parse_minor
from ui.formats import plain_amount
from ui.forms import Form
from ui.i18n import N_, t


def _credit_code(value: object) -> object:
    if not isinstance(value, str):
        return value
    code = uscc.normalise(value)
    if wrong := uscc.reason_against(code):
        raise FieldError(wrong)
    return code


class CancelRow(BaseModel):
    """One tier of cancelling; a row without hours counts for nothing."""

    hours: int | None = Field(None, title=N_("Hours before"), ge=-48, le=8760)
    percent: int | None = Field(None, title=N_("Percent not charged"), ge=0, le=100)


class ContractForm(BaseModel):
    """A contract. Prices are fields of their own, named after product and visitor."""

    account_id: UUID | None = Field(None, title=N_("Travel agency"))
    site_id: UUID | None = Field(None, title=N_("Site"))
    uscc: Annotated[str, BeforeValidator(_credit_code)] = Field(title=N_("Credit code of the agency"))
    since: Day = Field(title=N_("Visits from"))
    until: Day = Field(title=N_("Visits until"))
    counts: str = Field("redeemed", title=N_("Billed by"), pattern="^(redeemed|sold)$")
    limit_minor: Annotated[int, MinorAmount(allow_zero=True)] = Field(title=N_("Credit limit"))
    due_days: int = Field(15, title=N_("Days to pay a statement"), ge=0, le=180)
    allotment: int = Field(0, title=N_("Places of each time kept for it"), ge=0, le=MOST_PEOPLE)
    release_days: int = Field(3, title=N_("Given back so many days before"), ge=0, le=60)
    moves_hours: int = Field(24, title=N_("Moved until so many hours before"), ge=0, le=2000)
    tiers: list[CancelRow] = Field(default_factory=list, title=N_("Cancelling"))

    def facts(self, prices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the facts of the row."""
        plain = ("account_id", "site_id", "uscc", "since", "until", "counts", "limit_minor", "due_days")
        more = ("allotment", "release_days", "moves_hours")
        tiers = [one for one in self.tiers if one.hours is not None]
        return {name: getattr(self, name) for name in (*plain, *more)} | {
            "prices": list(prices),
            "cancel_tiers": [
                {"hours": one.hours, "percent": one.percent or 0, "strike": False} for one in tiers
            ],
        }


def price_field(product: Product, kind: str) -> str:
    """Return the name of a price's field."""
    return f"price-{product.id}-{kind}"


def prices_in(form: Form[Any], products: Sequence[Product], currency: str) -> list[dict[str, Any]]:
    """Return the prices that were typed; what is blank is not sold to the agency, what is wrong fails its field."""
    made = []
    for product in products:
        for kind in VISITOR_KINDS:
            name = price_field(product, kind)
            typed = str(form.value(name)).strip()
            if not typed:
                continue
            try:
                price = parse_minor(typed, currency)
            except FieldError as wrong:
                form.fail(name, wrong.text)
                continue
            if price < 0:
                form.fail(name, t("The amount cannot be negative."))
            made.append({"product": str(product.id), "kind": kind, "price_minor": price})
    return made


def values_of(contract: Contract, currency: str) -> dict[str, Any]:
    """Return what the form shows of a contract."""
    names = [name for name in ContractForm.model_fields if hasattr(contract, name)]
    values: dict[str, Any] = {name: getattr(contract, name) for name in names}
    values["limit_minor"] = plain_amount(contract.limit_minor, currency)
    for one in contract.prices:
        values[f"price-{one['product']}-{one['kind']}"] = plain_amount(one["price_minor"], currency)
    return values | {"tiers": tiers_shown(contract.cancel_tiers)}


def tiers_shown(kept: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows of tiers with blank ones at the end."""
    return [*kept, *({"hours": None} for _ in range(max(TIERS - 1 - len(kept), 0)))]
