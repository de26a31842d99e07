"""A bank's terms as they are typed."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from billing.bank_terms.document import ONLINE, WAYS, BankTerms, Limit
from billing.routing.terms import BankFee, Rounding
from tenants.onboarding.checklist import CURRENCIES
from ui.errors import Invalid
from ui.fields import MinorAmount
from ui.formats import plain_amount
from ui.i18n import N_, t

Money = Annotated[int, MinorAmount(currency_field="currency", allow_zero=True)]


class TermsForm(BaseModel):
    """What the bank offers from now on, and why."""

    ways: list[str] = Field([], title=N_("Ways to pay that institutions may offer"))
    currency: str = Field(title=N_("Currency of the amounts"))
    basis_points: int = Field(title=N_("Share in basis points"), ge=0, le=1000)
    fixed: Money = Field(title=N_("Fixed amount for each payment"))
    cap: Money | None = Field(None, title=N_("Cap of the fee"))
    rounding: Rounding = Field(title=N_("Rounded"))
    stripe_least: Money | None = Field(None, title=N_("Lowest payment"))
    stripe_most: Money | None = Field(None, title=N_("Highest payment"))
    bank_least: Money | None = Field(None, title=N_("Lowest payment"))
    bank_most: Money | None = Field(None, title=N_("Highest payment"))
    reason: str = Field(title=N_("Reason"), min_length=10, max_length=1000)


def typed(terms: BankTerms, currency: str) -> dict[str, Any]:
    """Return the form's values for terms; ``currency`` where they name none yet."""
    coin = terms.currency or currency
    values: dict[str, Any] = {
        "ways": [way for way in WAYS if terms.offers(way)],
        "currency": coin,
        "basis_points": terms.fee.basis_points,
        "fixed": plain_amount(terms.fee.fixed_minor, coin),
        "cap": "" if terms.fee.cap_minor is None else plain_amount(terms.fee.cap_minor, coin),
        "rounding": terms.fee.rounding,
    }
    for way in ONLINE:
        limit = terms.limits.get(way, Limit())
        values[f"{way}_least"] = plain_amount(limit.least_minor, coin) if limit.least_minor else ""
        values[f"{way}_most"] = plain_amount(limit.most_minor, coin) if limit.most_minor else ""
    return values


def read(form: TermsForm) -> BankTerms:
    """Return what was typed.

    Raises:
        Invalid: a way or a currency that there is not, or limits the wrong way round.
    """
    if set(form.ways) - set(WAYS):
        raise Invalid(
            "bank_terms.ways", t("Choose from the list."), fields={"ways": t("Choose from the list.")}
        )
    if form.currency not in CURRENCIES:
        text = t("Choose from the list.")
        raise Invalid("bank_terms.currency", text, fields={"currency": text})
    return BankTerms(
        ways=tuple(way for way in WAYS if way in form.ways),
        currency=form.currency,
        fee=BankFee(
            basis_points=form.basis_points,
            fixed_minor=form.fixed,
            cap_minor=form.cap,
            rounding=form.rounding,
        ),
        limits={way: limit for way in ONLINE if (limit := _limit(form, way))},
    )


def _limit(form: TermsForm, way: str) -> Limit | None:
    least, most = getattr(form, f"{way}_least") or None, getattr(form, f"{way}_most") or None
    if least and most and most < least:
        text = t("The most must not be less than the least.")
        raise Invalid("bank_terms.span", text, fields={f"{way}_most": text})
    return Limit(least_minor=least, most_minor=most) if least or most else None
