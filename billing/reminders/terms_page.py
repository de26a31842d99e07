"""The form of the plan of reminders: its steps as rows, channels, quiet hours."""

from pydantic import BaseModel, Field

from billing.reminders.plan import FURTHEST, MOST_STEPS, ReminderTerms, Step
from billing.terms_pages import TermsPage, add_terms_page
from ui.errors import Invalid
from ui.i18n import N_, t


class StepRow(BaseModel):
    """One step: so many days before, on or after the due day. A row without days is left out."""

    days: int | None = Field(None, title=N_("Days"), ge=0, le=FURTHEST)
    when: str = Field("after", title=N_("When"))
    is_final: bool = Field(False, title=N_("Last notice"))


class PlanForm(BaseModel):
    """The plan as it is typed."""

    is_on: bool = Field(False, title=N_("Remind by itself"))
    steps: list[StepRow] = Field(default_factory=list)
    has_email: bool = Field(False, title=N_("By e-mail"))
    has_sms: bool = Field(False, title=N_("By text message, where there is no e-mail address"))
    quiet_from: int = Field(title=N_("Quiet from (hour)"), ge=0, le=23)
    quiet_until: int = Field(title=N_("Quiet until (hour)"), ge=0, le=23)


def shown_plan(terms: ReminderTerms) -> dict[str, object]:
    """Return the plan as its form shows it."""
    steps = [
        {
            "days": abs(s.offset_days),
            "when": "before" if s.offset_days < 0 else "after",
            "is_final": s.is_final,
        }
        for s in terms.steps
    ]
    return {**terms.model_dump(exclude={"steps"}), "steps": steps}


def read_plan(form: PlanForm) -> ReminderTerms:
    """Return the plan that was typed.

    Raises:
        Invalid: two steps on one day, or too many of them.
    """
    steps: dict[int, Step] = {}
    for row in form.steps:
        if row.days is None:
            continue
        offset = -row.days if row.when == "before" else row.days
        if offset in steps:
            raise Invalid("plan.twice", t("Two steps fall on the same day. Take one of them out."))
        steps[offset] = Step(offset_days=offset, is_final=row.is_final)
    if len(steps) > MOST_STEPS:
        raise Invalid("plan.long", t("A plan has at most {n} steps.", n=MOST_STEPS))
    given = {name: getattr(form, name) for name in PlanForm.model_fields if name != "steps"}
    return ReminderTerms(steps=tuple(steps[offset] for offset in sorted(steps)), **given)


def register() -> None:
    """Show the plan among the institution's terms; safe to call again."""
    add_terms_page(
        TermsPage(
            title=t("Reminders"),
            lede=t("When people are reminded of their bills, and when not."),
            terms=ReminderTerms,
            form=PlanForm,
            template="billing/terms/reminders.html",
            shown=lambda terms, _: shown_plan(terms),
            read=lambda form, _: read_plan(form),
        )
    )
