"""The form of the terms of autopay."""

from pydantic import BaseModel, Field

from billing.mandates.terms import MandateTerms
from billing.terms_pages import TermsPage, add_terms_page
from ui.i18n import N_, t


class AutopayForm(BaseModel):
    """The terms as they are typed."""

    is_on: bool = Field(False, title=N_("Payers may have bills taken automatically"))
    has_bank: bool = Field(False, title=N_("From a bank account"))
    has_card: bool = Field(False, title=N_("From a saved card"))
    notice_days: int = Field(title=N_("Days of notice before a debit"), ge=0, le=30)
    retry_days: int = Field(title=N_("Days between two tries"), ge=1, le=30)
    retry_count: int = Field(title=N_("More tries after a failed one"), ge=0, le=5)


def _shown(terms: MandateTerms, currency: str) -> dict[str, object]:
    del currency
    return terms.model_dump()


def _read(form: AutopayForm, currency: str) -> MandateTerms:
    del currency
    return MandateTerms(**form.model_dump())


def register() -> None:
    """Show the terms of autopay among the institution's; safe to call again."""
    add_terms_page(
        TermsPage(
            title=t("Automatic payments"),
            lede=t("How bills are taken from a payer's bank account or card by themselves."),
            terms=MandateTerms,
            form=AutopayForm,
            template="billing/terms/autopay.html",
            shown=_shown,
            read=_read,
        )
    )
