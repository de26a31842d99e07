"""Pages of bills: the list, one bill with its working and story, on paper, reminded of, voided."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import bill_list, bills, printing, reminders
from billing.charges.fee_words import root_of
from billing.charges.run_pages import LANGUAGES
from billing.charges.states import BILL_TONES, BILL_WORDS, OPEN_BILLS
from billing.charges.story import story
from billing.models import Bill
from billing.place_words import in_their_words, place_word
from billing.plans.queries import notes_of_bill, plan_of_bill
from billing.reasons import in_words
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Tenant
from tenants.papers import papers_of
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.formats import datetime_text, month_text
from ui.forms import Form, bind
from ui.i18n import LOCALES, N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

WORDS = {key: t(words) for key, words in BILL_WORDS.items()}


class Voiding(BaseModel):
    """Why a bill is taken back."""

    reason: str = Field(title=N_("Reason"), max_length=bills.REASON_MAX)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Number"),
            format="id",
            sortable=True,
            is_main=True,
            href=lambda row: f"{root}/bills/{row['id']}",
        ),
        Column(
            "account_number",
            t("Account"),
            sortable=True,
            value=lambda row: row["account_name"] or row["account_number"],
        ),
        Column("period", t("Month"), format="month", sortable=True),
        Column("due_on", t("Due"), format="date", sortable=True),
        Column("state", t("State"), format="badge", tones=BILL_TONES | {"overdue": "danger"}, words=STATES),
        Column("total_minor", t("Amount"), format="money", sortable=True),
        Column("left_minor", t("Still owed"), format="money", sortable=True),
    )


STATES = WORDS | {"overdue": t("Overdue")}
FILED = (Column("account_number", t("Account number"), format="name"), Column("place", t("Place")))
"""What only the downloaded list says."""


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    number = gettext("Draft") if row["status"] == "draft" else row["number"]
    return {**row, "number": number, "state": "overdue" if row["is_overdue"] else row["status"]}


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download bills."""
    root = root_of(request)
    columns = _columns(root)
    query = TableQuery.parse(
        request, columns=columns, filters=bill_list.FILTERS, default_sort=bill_list.DEFAULT_SORT
    )
    tenant = await Tenant.get(id=actor.tenant_id)
    now = today(tenant.timezone)
    if wants_export(request):
        rows = (_shown(dict(row)) async for row in bill_list.every_bill(actor, query, now))
        return await export(request, in_their_words((*columns, *FILED), tenant.scenarios), rows, "bills")
    found, sums = await bill_list.list_bills(actor, query, now), await bill_list.totals(actor, query, now)
    context = {
        "page": Page.of(query, [_shown(row) for row in found], sums["count"]),
        "columns": columns,
        "root": root,
        "actor": actor,
        "currency": tenant.currency,
        "sums": sums,
        "place_word": place_word(tenant.scenarios),
        **await _filter_options(tenant, bill_list.month_of(query.get("period"))),
    }
    return await respond(request, "billing/charges/bills.html", context, block="results")


async def _filter_options(tenant: Tenant, month: date | None) -> dict[str, Any]:
    known = await bill_list.choices(tenant.id, month)
    return {
        "months": [(f"{month:%Y-%m}", month_text(month)) for month in known["months"]],
        "places": [(place, place) for place in known["places"]],
        "states": [(key, gettext(words)) for key, words in BILL_WORDS.items() if key != "draft"],
    }


async def show(request: Request, actor: Actor) -> Response:
    """Show one bill."""
    bill = await bills.get(actor, path_id(request))
    tenant = await Tenant.get(id=bill.tenant_id)
    root = root_of(request)
    context = {
        "bill": bill,
        "name": gettext("Draft") if bill.status == "draft" else bill.number,
        "left_minor": bill.left_minor if bill.status in OPEN_BILLS else 0,
        "is_overdue": bill.status in OPEN_BILLS and bill.due_on < today(tenant.timezone),
        "state": {"words": WORDS[bill.status], "tone": BILL_TONES[bill.status]},
        "lines": (await bills.lines_of(bill.tenant_id, [bill.id]))[bill.id],
        "story": await story(bill, root, actor),
        "plan_id": await plan_of_bill(bill.tenant_id, bill.id),
        "notes": await notes_of_bill(bill.tenant_id, bill.id),
        "papers": await papers_of(actor, "bill", bill.id),
        "languages": LANGUAGES,
        "in_words": in_words,
        "open": OPEN_BILLS,
        "root": root,
        "actor": actor,
    }
    return await respond(request, "billing/charges/bill.html", context)


async def pdf(request: Request, actor: Actor) -> Response:
    """Send a bill as a PDF in the language asked for."""
    bill = await bills.get(actor, path_id(request))
    tenant = await Tenant.get(id=bill.tenant_id)
    asked = request.query_params.get("lang", tenant.locale)
    content = await printing.print_one(actor, bill, asked if asked in LOCALES else tenant.locale)
    headers = {"Content-Disposition": f'inline; filename="{bill.number}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


async def ask_voiding(request: Request, actor: Actor) -> Response:
    """Ask why a bill is taken back."""
    bill = await bills.get(actor, path_id(request))
    return await _voiding(request, bill, Form.blank(Voiding))


async def _voiding(request: Request, bill: Bill, form: Form[Voiding], status: int = 200) -> Response:
    context = {"form": form, "bill": bill, "root": root_of(request), "can": bill.status == "issued"}
    return await respond(request, "billing/charges/bill_void.html", context, status=status)


async def void(request: Request, actor: Actor) -> Response:
    """Take a bill back."""
    bill = await bills.get(actor, path_id(request))
    form = await bind(request, Voiding)
    if form.is_valid:
        try:
            await bills.void(actor, bill.id, reason=form.ok.reason)
            return redirect(request, f"{root_of(request)}/bills/{bill.id}", flash=t("The bill is void."))
        except (Invalid, Conflict) as error:
            form.fail("" if isinstance(error, Conflict) else "reason", error.message)
    return await _voiding(request, bill, form, status=422)


async def remind(request: Request, actor: Actor) -> Response:
    """Remind the holder of one bill."""
    bill = await bills.get(actor, path_id(request))
    try:
        recipient = await reminders.remind_one(actor, bill.id)
        if waits := await reminders.waits_until(bill.tenant_id):
            words = t(
                "The reminder goes to {recipient} when the quiet hours end: {moment}.",
                recipient=recipient,
                moment=datetime_text(waits, str(waits.tzinfo)),
            )
        else:
            words = t("A reminder is on its way to {recipient}.", recipient=recipient)
        flash = Flash(words)
    except Conflict as error:
        flash = Flash(error.message, "warning")
    return redirect(request, f"{root_of(request)}/bills/{bill.id}", flash=flash)


def _narrowed(request: Request) -> TableQuery:
    return TableQuery.parse(request, filters=("period", "place", "run"))


async def ask_reminding(request: Request, actor: Actor) -> Response:
    """Say how many reminders would go out for what the list shows."""
    query = _narrowed(request)
    count, root = await reminders.count_due(actor, query), root_of(request)
    words = {
        "title": t("Remind of overdue bills"),
        "lede": t(
            "{n} overdue bills have a holder who can be reached and were not reminded of within {days} days. Each of"
            " them gets a message with a link to pay.",
            n=count,
            days=reminders.QUIET_DAYS,
        ),
        "action": query.url(),
        "label": t("Send {n} reminders", n=count),
        "cancel": f"{root}/bills?overdue=yes",
    }
    return await respond(request, "ui/confirm.html", words)


async def remind_overdue(request: Request, actor: Actor) -> Response:
    """Have all overdue bills reminded of in the background."""
    task_id = await reminders.remind_overdue(actor, _narrowed(request))
    return redirect(request, f"{root_of(request)}/tasks/{task_id}")


ROUTES: list[BaseRoute] = [
    tenant_route("/bills", index, permission="bills.read", name="bills"),
    tenant_route("/bills/reminders", ask_reminding, permission="bills.remind", name="bills_ask_remind"),
    tenant_route(
        "/bills/reminders", remind_overdue, permission="bills.remind", methods=WRITES, name="bills_remind"
    ),
    tenant_route("/bills/{id}", show, permission="bills.read", name="bill"),
    tenant_route("/bills/{id}/pdf", pdf, permission="bills.read", name="bill_pdf"),
    tenant_route("/bills/{id}/voiding", ask_voiding, permission="bills.write", name="bill_ask_void"),
    tenant_route("/bills/{id}/voiding", void, permission="bills.write", methods=WRITES, name="bill_void"),
    tenant_route(
        "/bills/{id}/reminders", remind, permission="bills.remind", methods=WRITES, name="bill_remind"
    ),
]
