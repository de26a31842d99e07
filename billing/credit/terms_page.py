"""The form of the terms of credit."""

from typing import Annotated

from pydantic import BaseModel, Field

from billing.credit.terms import CreditTerms, Penalty
from billing.terms_pages import TermsPage, add_terms_page
from ui.errors import Invalid
from ui.fields import MinorAmount
from ui.formats import plain_amount
from ui.i18n import N_, Text, t

PENALTIES: dict[str, Text] = {
    "listed": t("As its line stands on the bill"),
    "first": t("Before everything else"),
    "last": t("After everything else"),
}
Money = Annotated[int, MinorAmount(allow_zero=True)]


class CreditForm(BaseModel):
    """The terms as they are typed."""

    is_automatic: bool = Field(False, title=N_("Credit pays bills by itself"))
    penalty: Penalty = Field(title=N_("When late fees are paid"))
    least: Money = Field(title=N_("Least that can be paid ahead"))
    most: Money = Field(title=N_("Most that can be paid ahead"))


def _shown(terms: CreditTerms, currency: str) -> dict[str, object]:
    return {
        "is_automatic": terms.is_automatic,
        "penalty": terms.penalty,
        "least": plain_amount(terms.prepay_least_minor, currency),
        "most": plain_amount(terms.prepay_most_minor, currency),
    }


def _read(form: CreditForm, currency: str) -> CreditTerms:
    del currency
    if 0 < form.most < form.least or form.least < 1:
        text = t("The most must not be less than the least, and the least is above zero.")
        raise Invalid("terms.span", text, fields={"most": text})
    return CreditTerms(
        is_automatic=form.is_automatic,
        penalty=form.penalty,
        prepay_least_minor=form.least,
        prepay_most_minor=form.most,
    )


def register() -> None:
    """Show the terms of credit among the institution's; safe to call again."""
    add_terms_page(
        TermsPage(
            title=t("Credit"),
            lede=t("How money that is paid ahead, or too much, is used."),
            terms=CreditTerms,
            form=CreditForm,
            template="billing/terms/credit.html",
            shown=_shown,
            read=_read,
        )
    )
