"""The form of the terms of answers."""

from pydantic import BaseModel, Field

from billing.answers.terms import AnswerTerms
from billing.terms_pages import TermsPage, add_terms_page
from ui.i18n import N_, t


class AnswersForm(BaseModel):
    """The terms as they are typed."""

    days: int = Field(title=N_("Days a promise may lie ahead"), ge=0, le=180)
    most: int = Field(title=N_("Promises for one bill"), ge=1, le=10)
    has_disputes: bool = Field(False, title=N_("Payers may dispute a bill here"))


def _shown(terms: AnswerTerms, currency: str) -> dict[str, object]:
    del currency
    return {
        "days": terms.promise_days_most,
        "most": terms.promises_most,
        "has_disputes": terms.has_disputes,
    }


def _read(form: AnswersForm, currency: str) -> AnswerTerms:
    del currency
    return AnswerTerms(promise_days_most=form.days, promises_most=form.most, has_disputes=form.has_disputes)


def register() -> None:
    """Show the terms of answers among the institution's; safe to call again."""
    add_terms_page(
        TermsPage(
            title=t("Answers"),
            lede=t("What payers may answer to a bill instead of paying it at once."),
            terms=AnswerTerms,
            form=AnswersForm,
            template="billing/terms/answers.html",
            shown=_shown,
            read=_read,
        )
    )
