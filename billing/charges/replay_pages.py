"""Pages of tariff rehearsals: choosing a past run, and what the draft would have changed, account by account."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees, replay
from billing.charges.fee_words import read_document
from billing.charges.naming import named
from billing.models import FeeItem, Rehearsal
from billing.names import localized
from billing.rules import RuleException, parse
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import each, rows, value
from tenants.search import literal
from ui import charts
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.formats import amount, major, money, month_text, number
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

_SORTS = {
    "account_number": "account_number",
    "before_minor": "before_minor",
    "after_minor": "after_minor",
    "difference_minor": "difference_minor",
}
BIN_COLUMNS = (
    Column("label", t("Difference for an account")),
    Column("accounts", t("Accounts"), format="number"),
    Column("difference_minor", t("Together"), format="money"),
)
CHANGES = {
    "up": (N_("Pay more"), "difference_minor > 0"),
    "down": (N_("Pay less"), "difference_minor < 0"),
    "same": (N_("Pay the same"), "difference_minor = 0"),
    "fresh": (N_("Newly charged"), "before_minor is null"),
    "gone": (N_("No longer charged"), "after_minor is null and before_minor is not null"),
    "odd": (
        N_("No amount can be said"),
        "exception <> '' and split_part(exception, ':', 1) not in ('not_eligible', 'not_active')",
    ),
}


class Choosing(BaseModel):
    """Which past run is worked out once more."""

    run: str = Field(title=N_("Bill run"))


def _why(value: Any, _row: Any) -> str:
    return str(RuleException.parse(value).message) if value else ""


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "account_number",
            t("Account"),
            is_main=True,
            sortable=True,
            href=lambda row: f"{root}/accounts/{row['account_id']}",
        ),
        Column("place", t("Place")),
        Column("before_minor", t("Charged then"), format="money", sortable=True),
        Column("after_minor", t("Under the draft"), format="money", sortable=True),
        Column("difference_minor", t("Difference"), format="money", sortable=True),
        Column("exception", t("Why there is no amount"), format=_why),
    )


async def ask(request: Request, actor: Actor) -> Response:
    """Choose the past run that a draft is rehearsed on; earlier rehearsals are listed."""
    listed = await fees.get_item(actor, path_id(request))
    return await _ask(request, actor, listed, Form.blank(Choosing))


async def _ask(
    request: Request, actor: Actor, listed: fees.Listed, form: Form[Choosing], status: int = 200
) -> Response:
    runs = await replay.runs_of(actor, listed.item)
    context = {
        "form": form,
        "item": listed.item,
        "name": localized(listed.item.names),
        "draft": listed.draft,
        "root": f"/t/{actor.place['slug']}",
        "runs": [(str(run.id), _run_words(run)) for run in runs],
        "earlier": await replay.rehearsals_of(actor, listed.item),
    }
    return await respond(request, "billing/charges/rehearsal_new.html", context, status=status)


def _run_words(run: Any) -> str:
    shown = {"month": month_text(run.period), "bills": number(run.bill_count)}
    return gettext("{month}: {bills} bills, {total}", total=money(run.total_minor, run.currency), **shown)


async def begin(request: Request, actor: Actor) -> Response:
    """Begin a rehearsal and watch it."""
    listed = await fees.get_item(actor, path_id(request))
    form = await bind(request, Choosing)
    if form.is_valid:
        try:
            task = await replay.start(actor, listed.item, listed.draft, _run_id(form.ok.run))
            return redirect(request, f"/t/{actor.place['slug']}/tasks/{task.id}")
        except Conflict as refused:
            form.fail("", refused.message)
        except Invalid as refused:
            form.fail_with(refused)
    return await _ask(request, actor, listed, form, status=422)


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        words = t("Choose one of the runs that charged this fee.")
        raise Invalid("rehearsal.run", words, fields={"run": words}) from None


async def show(request: Request, actor: Actor) -> Response:
    """What the draft would have changed."""
    found = await replay.get(actor, path_id(request, "rehearsal"), of=path_id(request))
    item = await FeeItem.get(tenant_id=found.tenant_id, id=found.fee_item_id)
    root = f"/t/{actor.place['slug']}"
    columns = _columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("change",), default_sort="-difference_minor")
    if wants_export(request):
        return await export(
            request, columns, each(_in_order(found, query), *_where(found, query)[1]), "rehearsal"
        )
    context = {
        "found": found,
        "item": item,
        "name": localized(item.names),
        "root": root,
        "columns": columns,
        "rule": read_document(item, parse(found.document)),
        "changes": [(key, gettext(words)) for key, (words, _) in CHANGES.items()],
        **(await _figures(found, query, columns) if found.status == "done" else {"page": None}),
    }
    return await respond(request, "billing/charges/rehearsal.html", context, block="list")


async def _figures(found: Rehearsal, query: TableQuery, columns: tuple[Column, ...]) -> dict[str, Any]:
    where, args = _where(found, query)
    page = f"{_in_order(found, query)} limit {query.limit:d} offset {query.offset:d}"
    total = int(await value(f"select count(*) from billing_rehearsal_line where {where}", *args))
    return {
        "sums": found.summary,
        "largest": await replay.largest(found),
        "chart": _chart(found),
        "bins": _bins(found.summary["bins"], found.summary["step"], found.currency),
        "bin_columns": BIN_COLUMNS,
        "most_columns": columns[:5],
        "page": Page.of(query, await rows(page, *args), total),
    }


def _where(found: Rehearsal, query: TableQuery) -> tuple[str, list[Any]]:
    args: list[Any] = [found.tenant_id, found.id]
    conditions = ["tenant_id = $1 and rehearsal_id = $2"]
    if query.get("change") in CHANGES:
        conditions.append(CHANGES[query.get("change")][1])
    if query.q:
        args.append(f"%{literal(query.q)}%")
        conditions.append("(account_number ilike $3 or place ilike $3)")
    return " and ".join(conditions), args


def _in_order(found: Rehearsal, query: TableQuery) -> str:
    where, _ = _where(found, query)
    column = _SORTS.get(query.sort.removeprefix("-"), "difference_minor")
    way = "desc nulls last" if query.sort.startswith("-") else "asc nulls last"
    return (
        f"select *, '{found.currency}' currency from billing_rehearsal_line where {where}"
        f" order by {column} {way}, account_number"
    )


def _bins(found: Sequence[dict[str, Any]], step: int, currency: str) -> list[dict[str, Any]]:
    return [
        {
            "short": _short(one["bin"], step, currency),
            "label": gettext("No difference")
            if one["bin"] is None
            else _span(one["bin"] * step, (one["bin"] + 1) * step, currency),
            "accounts": one["accounts"],
            "difference_minor": one["difference"],
            "currency": currency,
        }
        for one in sorted(found, key=_order)
    ]


def _without_gaps(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add the spans between the lowest and the highest that nobody falls into."""
    places = {one["bin"] for one in found if one["bin"] is not None}
    between = range(min(places), max(places)) if places else ()
    return [*found, *({"bin": n, "accounts": 0, "difference": 0} for n in between if n not in places)]


def _order(one: dict[str, Any]) -> float:
    """Put no difference between less and more."""
    return -0.5 if one["bin"] is None else float(one["bin"])


def _span(low: int, high: int, currency: str) -> str:
    shown = {"low": amount(low, currency), "high": amount(high, currency)}
    return gettext("{low} to {high}", **shown)


def _short(place: int | None, step: int, currency: str) -> str:
    """Return the span's whole units for below the drawing, where there is little room."""
    if place is None:
        return "0"
    low, high = (number(major(each * step, currency).normalize()) for each in (place, place + 1))
    return f"{low}…{high}"


def _chart(found: Rehearsal) -> charts.Chart:
    bins = _bins(_without_gaps(found.summary["bins"]), found.summary["step"], found.currency)
    counts = charts.Series(gettext("Accounts"), [one["accounts"] for one in bins])
    names, short = [one["label"] for one in bins], [one["short"] for one in bins]
    return charts.bar(gettext("Difference for an account"), names, [counts], short=short)


ROUTES: list[BaseRoute] = [
    tenant_route("/fees/{id}/rehearsals", named(ask), permission="fees.read", name="rehearsal_new"),
    tenant_route(
        "/fees/{id}/rehearsals", begin, permission="fees.write", methods=WRITES, name="rehearsal_begin"
    ),
    tenant_route("/fees/{id}/rehearsals/{rehearsal}", named(show), permission="fees.read", name="rehearsal"),
]
