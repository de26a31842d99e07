"""The end of a cashier's day: what should be there, what was counted, and the report of it."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels.counter import METHODS
from billing.desk import queries
from billing.models import DayClose
from billing.payments.service import close_day, day_close_preview
from tenants.actor import Actor
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import FieldError, parse_minor
from ui.formats import plain_amount
from ui.forms import Form
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

_MOST_EXPORTED = 100_000
NOTE_MAX = 500


class Counting(BaseModel):
    """The note; the counts are named after their methods (``counted-{method}``)."""

    note: str = Field("", title=N_("Why they differ"), max_length=NOTE_MAX)


async def preview(request: Request, actor: Actor) -> Response:
    """What the desk should hold now, and a field for each count."""
    expected = (await day_close_preview(actor, currency=actor.place["currency"])).expected
    zero = plain_amount(0, actor.place["currency"])
    form = Form(Counting, {f"counted-{method}": [zero] for method, due in expected.items() if not due})
    return await _page(request, actor, form)


async def _page(request: Request, actor: Actor, form: Form[Counting], status: int = 200) -> Response:
    currency = actor.place["currency"]
    context = {
        "root": f"/t/{actor.place['slug']}",
        "till": await day_close_preview(actor, currency=currency),
        "form": form,
        "currency": currency,
        "methods": METHODS,
    }
    return await respond(request, "billing/desk/close.html", context, status=status)


async def close(request: Request, actor: Actor) -> Response:
    """Close the day; a difference needs a note."""
    sent = await request.form()
    form = Form(Counting, {name: list(sent.getlist(name)) for name in sent}, is_sent=True)
    counted = _counted(form, actor.place["currency"])
    if len(str(form.value("note"))) > NOTE_MAX:
        form.fail("note", t("Use at most {max_length} characters.", max_length=NOTE_MAX))
    if not form.errors:
        try:
            close_id = await close_day(
                actor, currency=actor.place["currency"], counted=counted, note=str(form.value("note"))
            )
        except (Invalid, Conflict) as refused:
            _take_over(form, refused)
        else:
            url = f"/t/{actor.place['slug']}/desk/closes/{close_id}"
            return redirect(request, url, flash=t("Your day is closed."))
    return await _page(request, actor, form, status=422)


def _counted(form: Form[Counting], currency: str) -> dict[str, int]:
    counted = {}
    for method in METHODS:
        try:
            counted[method] = parse_minor(str(form.value(f"counted-{method}")), currency)
        except FieldError as error:
            form.fail(f"counted-{method}", error.text)
    return counted


def _take_over(form: Form[Counting], refused: Invalid | Conflict) -> None:
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "day", t("Day"), format="date", is_main=True, href=lambda row: f"{root}/desk/closes/{row['id']}"
        ),
        Column("cashier_name", t("Cashier")),
        Column("payment_count", t("Payments"), format="number"),
        Column("expected_minor", t("Expected"), format="money"),
        Column("difference_minor", t("Difference"), format="money"),
        Column("note", t("Note")),
    )


async def closes(request: Request, actor: Actor) -> Response:
    """The days that were closed: one's own, or all for those who read reports."""
    columns, query = _columns(f"/t/{actor.place['slug']}"), TableQuery.parse(request)
    if wants_export(request):
        every, _ = await queries.list_closes(actor, limit=_MOST_EXPORTED, offset=0)
        return await export(request, columns, every, "day-closes")
    found, total = await queries.list_closes(actor, limit=query.limit, offset=query.offset)
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "billing/desk/closes.html", context, block="list")


async def report(request: Request, actor: Actor) -> Response:
    """One closed day, to be printed and filed."""
    found = await DayClose.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None or queries.whose(actor) not in {None, found.cashier_id}:
        raise NotFound("day_close.not_found", t("There is no such day close."))
    context = {
        "root": f"/t/{actor.place['slug']}",
        "institution": actor.place["name"],
        "close": found,
        "methods": METHODS,
        "expected_minor": sum(found.expected.values()),
        "counted_minor": sum(found.counted.values()),
        "payments": await queries.taken_in(found.tenant_id, found.id),
        "refunds": await queries.handed_out_in(found.tenant_id, found.id),
    }
    return await respond(request, "billing/desk/report.html", context)
