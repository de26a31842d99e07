"""The bank's days to answer complaints: a form, and everything that has held before."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.complaints import terms
from billing.complaints.states import KINDS
from billing.complaints.terms import LONGEST, Terms
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

Day = Annotated[int, Field(ge=1, le=LONGEST)]


class Days(BaseModel):
    """Days to an answer, one field for each of ``KINDS``."""

    not_shown: Day
    taken_twice: Day
    money_back: Day
    refund_late: Day
    charge: Day
    conduct: Day
    data: Day
    settlement: Day
    service: Day
    other: Day


class TermsForm(BaseModel):
    """Days as they are typed."""

    days: Days
    closes_after: int = Field(title=N_("Days until an answer counts as accepted"), ge=1, le=LONGEST)
    reopens_within: int = Field(title=N_("Days in which it can be opened again"), ge=1, le=LONGEST)
    escalates_again: int = Field(title=N_("Days between two steps up of what is overdue"), ge=1, le=LONGEST)
    reason: str = Field("", title=N_("Why the days change"), max_length=300)


_FROM = (
    Column("created_at", t("From"), format="datetime", is_main=True),
    Column("set_by_name", t("Set by")),
    Column("reason", t("Reason")),
)
_REST = (
    Column("closes_after", t("Closes after"), format="number"),
    Column("reopens_within", t("Opens again within"), format="number"),
    Column("escalates_again", t("Goes up every"), format="number"),
)


def _each(value: Any, row: Any) -> str:
    del row
    return "; ".join(f"{gettext(KINDS[key].name)}: {value[key]}" for key in KINDS if key in value)


SHOWN = (*_FROM, Column("days", t("Days to an answer, by what it is about"), format=_each), *_REST)
FILED = (
    *_FROM,
    *(Column(f"days.{key}", t(kind.name), format="number") for key, kind in KINDS.items()),
    *_REST,
)
"""On the page the days of all kinds stand in one cell, in a file each has a column."""


async def show(request: Request, actor: Actor) -> Response:
    """Show the days that hold, and those that held before."""
    if wants_export(request):
        return await export(request, FILED, await terms.history(actor), "complaint-days")
    now = await terms.terms_of(bank_of(actor))
    return await _page(request, actor, Form.blank(TermsForm, terms.facts_of(now)))


async def change(request: Request, actor: Actor) -> Response:
    """Let other days hold from now on."""
    form = await bind(request, TermsForm)
    if form.is_valid:
        try:
            given = Terms(**form.ok.model_dump(exclude={"reason"}))
            await terms.set_terms(actor, given, reason=form.ok.reason)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            flash = t("These days hold from now on.")
            return redirect(request, f"/bank/{actor.place['slug']}/complaints/deadlines", flash=flash)
    return await _page(request, actor, form, 422)


async def _page(request: Request, actor: Actor, form: Form[TermsForm], status: int = 200) -> Response:
    context: dict[str, Any] = {
        "form": form,
        "kinds": [(key, gettext(kind.name)) for key, kind in KINDS.items()],
        "history": await terms.history(actor),
        "now": await terms.terms_of(bank_of(actor)),
        "columns": SHOWN,
        "may_set": actor.may("policy.write"),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "billing/complaints/terms.html", context, status=status)


ROUTES: list[BaseRoute] = [
    bank_route("/complaints/deadlines", show, permission="complaints.read", name="complaint_terms"),
    bank_route(
        "/complaints/deadlines", change, permission="policy.write", methods=WRITES, name="complaint_terms_set"
    ),
]
