"""Finance's worklists: payments by how they stand at the hospital's system, and what differs between the two."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.hospital.models import HisBreak
from scenarios.hospital.orders import matching
from scenarios.hospital.orders.states import BREAKS, TONES, WORDS
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import SEE, WORK
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import Conflict, Invalid, NotFound, Unavailable
from ui.exports import export, wants_export
from ui.fields import parse_day
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_EXPORTED = 50_000
ORDERS = {"created_at": "b.created_at", "amount_minor": "b.amount_minor"}
_FROM = """
  from hospital_basket b join tenants_account a on a.tenant_id = $1 and a.id = b.account_id
 where b.tenant_id = $1 and ($2 = '' or b.status = $2 or ($2 = 'unclear' and not b.is_cleared)
        or ($2 = 'owed' and b.is_tonight and exists (select 1 from billing_bill x where x.tenant_id = $1
           and x.id = b.bill_id and x.status in ('issued', 'part_paid'))))
   and ($3 = '' or b.reference ilike $3 or a.number ilike $3 or a.name ilike $3)
"""
_LIST = f"""
select b.id, b.reference, b.status, b.amount_minor, b.currency, b.paid_at, b.created_at, b.tries, b.problem,
       b.is_cleared, b.his_reference, a.number patient_number, a.id account_id {_FROM}
"""
_BREAKS = """
select id, day, kind, key, ours_minor, theirs_minor, currency, status, reason, closed_by_name
  from hospital_his_break where tenant_id = $1 and ($2 = '' or status = $2) and ($3 = '' or kind = $3)
   and ($4 = '' or day::text = $4)
 order by day desc, id offset $5 limit $6
"""
_STATES = {
    "open": N_("Not settled yet"),
    "closed": N_("Closed by a person"),
    "cleared": N_("Cleared by itself"),
}


async def payments(request: Request, actor: Actor) -> Response:
    """List the payments of orders; those that wait for the hospital first to be filtered."""
    require_hospital(actor)
    root = root_of(actor)
    columns = (
        Column("created_at", t("Begun at"), format="datetime", sortable=True),
        Column(
            "reference",
            t("Number"),
            format="code",
            is_main=True,
            href=lambda one: f"{root}/his-payments/{one['id']}",
        ),
        Column("patient_number", t("Patient's number"), format="code"),
        Column("status", t("State"), format="badge", tones=TONES, words={k: t(w) for k, w in WORDS.items()}),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
        Column("tries", t("Tries"), format="number"),
        Column("problem", t("What the system says")),
        Column("his_reference", t("Number there"), format="code"),
    )
    query = TableQuery.parse(request, columns=columns, filters=("status",), default_sort="-created_at")
    args = (actor.tenant_id, query.get("status"), containing(query.q))
    order = ORDERS[query.sort.removeprefix("-")] + (" desc" if query.sort.startswith("-") else "")
    listed = f"{_LIST} order by {order}, b.id offset $4 limit $5"
    if wants_export(request):
        return await export(request, columns, await rows(listed, *args, 0, MOST_EXPORTED), "his-payments")
    found = await rows(listed, *args, query.offset, query.limit)
    states = [
        *((key, t(words)) for key, words in WORDS.items()),
        ("unclear", t("Given back, not yet clear there")),
        ("owed", t("Treated first, still owed")),
    ]
    context = {
        "page": Page.of(query, found, int(await value(f"select count(*) {_FROM}", *args))),
        "columns": columns,
        "states": states,
        "may_set": actor.may("settings.write"),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/payments.html", context, block="list")


def _break_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("day", t("Day"), format="date"),
        Column("kind", t("What differs"), is_main=True, words={k: t(w) for k, w in BREAKS.items()},
               href=lambda one: f"{root}/his-breaks/{one['id']}"),
        Column("ours_minor", t("Here"), format="money"),
        Column("theirs_minor", t("At the hospital"), format="money"),
        Column("status", t("State"), format="badge", tones={"open": "warning", "closed": "success"},
               words={k: t(w) for k, w in _STATES.items()}),
        Column("reason", t("Reason")),
    )  # fmt: skip


async def breaks(request: Request, actor: Actor) -> Response:
    """List what differs from the hospital's system."""
    require_hospital(actor)
    root = root_of(actor)
    columns = _break_columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("status", "kind", "day"))
    args = (actor.tenant_id, query.get("status"), query.get("kind"), query.get("day"))
    if wants_export(request):
        return await export(request, columns, await rows(_BREAKS, *args, 0, MOST_EXPORTED), "his-breaks")
    context = {
        "page": Page.of(query, await rows(_BREAKS, *args, query.offset, query.limit)),
        "columns": columns,
        "states": [(key, t(words)) for key, words in _STATES.items()],
        "kinds": [(key, t(words)) for key, words in BREAKS.items()],
        "may_work": actor.may(WORK),
        "today": today(str(actor.place["timezone"])).isoformat(),
        "root": root,
    }
    return await respond(request, "hospital/staff/breaks.html", context, block="list")


async def match(request: Request, actor: Actor) -> Response:
    """Compare a day with the hospital's system (outside of any scope: the system is asked)."""
    require_hospital(actor)
    form = await request.form()
    here = f"{root_of(actor)}/his-breaks"
    try:
        day = parse_day(str(form.get("day", "")))
        assert isinstance(day, date)  # noqa: S101 - what is no day was refused
        count = await matching.match_day(actor, day)
    except ValueError:
        return redirect(request, here, flash=Flash(t("Enter a day like 2026-03-31."), tone="warning"))
    except Unavailable as error:
        return redirect(request, here, flash=Flash(error.message, tone="warning"))
    return redirect(request, here, flash=t("The day is matched: {n} differences.", n=count))


_DAYS = """
select id, day, ours_minor, theirs_minor, bank_minor, waiting_minor, currency, open_count, matched_at, matched_by_name
  from hospital_his_day where tenant_id = $1 order by day desc offset $2 limit $3
"""


async def days(request: Request, actor: Actor) -> Response:
    """List the matched days: the three sums beside each other, and how much is still open."""
    require_hospital(actor)
    root = root_of(actor)
    columns = (
        Column("day", t("Day"), format="date", is_main=True, href=lambda one: f"{root}/his-breaks?day={one['day']}"),
        Column("ours_minor", t("Paid here"), format="money"),
        Column("theirs_minor", t("At the hospital"), format="money"),
        Column("bank_minor", t("Seen by the bank"), format="money"),
        Column("waiting_minor", t("Waits for a statement"), format="money"),
        Column("open_count", t("Open differences"), format="number"),
        Column("matched_at", t("Matched at"), format="datetime"),
    )  # fmt: skip
    if wants_export(request):
        return await export(
            request, columns, await rows(_DAYS, actor.tenant_id, 0, MOST_EXPORTED), "his-days"
        )
    query = TableQuery.parse(request, columns=columns)
    found = await rows(_DAYS, actor.tenant_id, query.offset, query.limit)
    count = int(await value("select count(*) from hospital_his_day where tenant_id = $1", actor.tenant_id))
    context = {"page": Page.of(query, found, count), "columns": columns, "root": root}
    return await respond(request, "hospital/staff/his_days.html", context, block="list")


MENDS = {
    "paid_not_posted": t("Tell the system again"),
    "refund_one_side": t("Tell the system again"),
    "cut_off": t("Tell the system again"),
    "posted_not_paid": t("Have the system take it back"),
}
"""What can be done about a difference besides closing it with a reason."""


class Closing(BaseModel):
    """Why a difference is closed."""

    reason: str = Field(title=N_("Why"), max_length=matching.REASON_MAX)


async def one_break(request: Request, actor: Actor) -> Response:
    """Show one difference."""
    return await _break(request, actor, Form.blank(Closing))


async def _break(request: Request, actor: Actor, form: Form[Closing], status: int = 200) -> Response:
    found: Any = await HisBreak.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("break.not_found", t("There is no such difference."))
    context = {
        "found": found,
        "words": t(BREAKS[found.kind]),
        "state": t(_STATES[found.status]),
        "form": form,
        "may_work": actor.may(WORK),
        "mends": MENDS.get(found.kind),
        "root": root_of(actor),
    }
    return await respond(request, "hospital/staff/break.html", context, status=status)


async def close(request: Request, actor: Actor) -> Response:
    """Close a difference with a reason."""
    form = await bind(request, Closing)
    if form.is_valid:
        try:
            await matching.close(actor, break_id=path_id(request), reason=form.ok.reason)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"{root_of(actor)}/his-breaks", flash=t("The difference is closed."))
    return await _break(request, actor, form, 422)


async def mend(request: Request, actor: Actor) -> Response:
    """Tell the system again, or have it take back what nobody paid (outside of any scope: the system is asked)."""
    require_hospital(actor)
    here = f"{root_of(actor)}/his-breaks"
    try:
        await matching.mend(actor, path_id(request))
    except (Conflict, Unavailable) as refused:
        return redirect(request, f"{here}/{path_id(request)}", flash=Flash(refused.message, tone="warning"))
    return redirect(request, here, flash=t("Done at the hospital's system. The day is matched anew."))


ROUTES: list[BaseRoute] = [
    tenant_route("/his-days", days, permission=SEE, name="his_days"),
    tenant_route(
        "/his-breaks/{id}/mending",
        mend,
        permission=WORK,
        methods=WRITES,
        name="his_mend",
        is_transactional=False,
    ),
    tenant_route("/his-payments", payments, permission=SEE, name="his_payments"),
    tenant_route("/his-breaks", breaks, permission=SEE, name="his_breaks"),
    tenant_route(
        "/his-breaks", match, permission=WORK, methods=WRITES, name="his_match", is_transactional=False
    ),
    tenant_route("/his-breaks/{id}", one_break, permission=SEE, name="his_break"),
    tenant_route("/his-breaks/{id}", close, permission=WORK, methods=WRITES, name="his_break_close"),
]
