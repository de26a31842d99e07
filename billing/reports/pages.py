"""The tenant's overview and its reports."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.channels import channel_name
from billing.place_words import in_their_words, place_word
from billing.reports import figures
from billing.reports.first_steps import first_steps
from billing.worklist import queries as work
from tenants.actor import Actor
from tenants.days import today_of
from tenants.http import tenant_route
from tenants.navigation import Place, add_tenant_places
from tenants.scope import tenant_id
from tenants.shortcuts import shortcuts_of
from ui import charts, formats
from ui.exports import export, wants_export
from ui.i18n import N_, gettext, t
from ui.render import respond
from ui.shell import NavItem
from ui.tables import Column, added

add_tenant_places(Place(N_("Reports"), "/reports", "reports.read", "report", 60))
MOST_BARS = 6
TABS = (
    ("collection", "", N_("Collection")),
    ("takings", "/takings", N_("Takings by day")),
    ("arrears", "/arrears", N_("Arrears")),
)
COLLECTION = (
    Column("period", t("Month"), format="month", is_main=True),
    Column("bill_count", t("Bills"), format="number"),
    Column("billed_minor", t("Billed"), format="amount"),
    Column("paid_minor", t("Paid"), format="amount"),
    Column("owed_minor", t("Still owed"), format="amount"),
    Column("share", t("Collected"), format="percent"),
)
TAKINGS = (
    Column("day", t("Day"), format="date", is_main=True),
    Column("payment_count", t("Payments"), format="number"),
    Column("stripe_minor", channel_name("stripe"), format="amount"),
    Column("bank_minor", channel_name("bank"), format="amount"),
    Column("counter_minor", t("Desk"), format="amount"),
    Column("total_minor", t("Taken"), format="amount"),
    Column("refunded_minor", t("Refunded"), format="amount"),
)
ARREARS = (
    Column("place", t("Place"), is_main=True),
    Column("account_count", t("Accounts"), format="number"),
    Column("overdue_minor", t("Overdue"), format="amount"),
    Column("to_30_minor", t("1 to 30 days"), format="amount"),
    Column("to_60_minor", t("31 to 60 days"), format="amount"),
    Column("to_90_minor", t("61 to 90 days"), format="amount"),
    Column("over_90_minor", t("Over 90 days"), format="amount"),
    Column("not_due_minor", t("Not yet due"), format="amount"),
)

ADDED = {
    "collection": ("bill_count", "billed_minor", "paid_minor", "owed_minor"),
    "takings": tuple(column.key for column in TAKINGS[1:]),
    "arrears": tuple(column.key for column in ARREARS[1:]),
}
"""What is added up below each report."""


async def overview(request: Request, actor: Actor) -> Response:
    """Say what to do next, and the figures of the day."""
    currency, zone = actor.place["currency"], actor.place["timezone"]
    ready = await figures.readiness(tenant_id())
    months = await figures.collection(tenant_id(), currency)
    return await respond(
        request,
        "billing/reports/overview.html",
        {
            "tasks": await first_steps(ready, actor),
            "is_starting": not ready.has_payment,
            "totals": await figures.totals(tenant_id(), currency, zone),
            "months": months,
            "chart": _collection_chart(months, currency) if months else None,
            "work": [c for c in await work.counts(actor, currency) if c.count] if _works(actor) else [],
            "apps": await shortcuts_of(actor),
            "root": f"/t/{actor.place['slug']}",
            "currency": currency,
            "may": actor.may,
        },
    )


def _works(actor: Actor) -> bool:
    return actor.may("worklist.read")


def _collection_chart(months: Sequence[figures.Collection], currency: str) -> charts.Chart:
    return charts.stacked(
        gettext("Month"),
        [formats.month_text(m.period) for m in months],
        [
            charts.Series(gettext("Paid"), [m.paid_minor for m in months]),
            charts.Series(gettext("Still owed"), [m.owed_minor for m in months]),
        ],
        lambda minor: formats.money(int(minor), currency),
        lambda minor: formats.compact_money(minor, currency),
        short=[formats.short_month(m.period) for m in months],
    )


async def collection(request: Request, actor: Actor) -> Response:
    """How much of what was billed has come in, month by month."""
    currency = actor.place["currency"]
    months = await figures.collection(tenant_id(), currency, months=24)
    chart = _collection_chart(months[-12:], currency) if months else None
    return await _report(request, actor, "collection", COLLECTION, list(reversed(months)), chart)


async def takings(request: Request, actor: Actor) -> Response:
    """What came in, day by day and channel by channel."""
    currency = actor.place["currency"]
    days = await figures.takings(tenant_id(), currency, actor.place["timezone"])
    chart = charts.stacked(
        gettext("Day"),
        [formats.date_text(d.day, "short") for d in days],
        [
            charts.Series(str(channel_name("stripe")), [d.stripe_minor for d in days]),
            charts.Series(str(channel_name("bank")), [d.bank_minor for d in days]),
            charts.Series(gettext("Desk"), [d.counter_minor for d in days]),
        ],
        lambda minor: formats.money(int(minor), currency),
        lambda minor: formats.compact_money(minor, currency),
        short=[formats.short_day(d.day) for d in days],
    )
    return await _report(request, actor, "takings", TAKINGS, list(reversed(days)), chart)


async def arrears(request: Request, actor: Actor) -> Response:
    """Who owes how much for how long, by building."""
    currency = actor.place["currency"]
    places = await figures.arrears_by_place(tenant_id(), currency, today_of(actor))
    late = [place for place in places if place.overdue_minor][:MOST_BARS]
    chart = charts.stacked(
        str(place_word(actor.place["scenarios"])),
        [place.place for place in late],
        [
            charts.Series(gettext("1 to 30 days"), [p.to_30_minor for p in late]),
            charts.Series(gettext("31 to 60 days"), [p.to_60_minor for p in late]),
            charts.Series(gettext("61 to 90 days"), [p.to_90_minor for p in late]),
            charts.Series(gettext("Over 90 days"), [p.over_90_minor for p in late]),
        ],
        lambda minor: formats.money(int(minor), currency),
        lambda minor: formats.compact_money(minor, currency),
    )
    columns = in_their_words(ARREARS, actor.place["scenarios"])
    return await _report(request, actor, "arrears", columns, places, chart if late else None)


async def _report(  # noqa: PLR0917
    request: Request,
    actor: Actor,
    key: str,
    columns: Sequence[Column],
    rows: Sequence[Any],
    chart: charts.Chart | None,
) -> Response:
    if wants_export(request):
        return await export(request, columns, rows, f"{key}-{today_of(actor).isoformat()}")
    root = f"/t/{actor.place['slug']}/reports"
    tabs = [NavItem(label=t(label), href=root + path, is_current=name == key) for name, path, label in TABS]
    context = {
        "tabs": tabs,
        "columns": columns,
        "rows": rows,
        "totals": added(rows, ADDED[key], actor.place["currency"], t("Total")),
        "chart": chart,
        "title": next(t(label) for name, _, label in TABS if name == key),
        "currency": actor.place["currency"],
    }
    return await respond(request, "billing/reports/report.html", context)


ROUTES: list[BaseRoute] = [
    tenant_route("", overview, permission="dashboard.read", name="tenant_overview"),
    tenant_route("/reports", collection, permission="reports.read"),
    tenant_route("/reports/takings", takings, permission="reports.read"),
    tenant_route("/reports/arrears", arrears, permission="reports.read"),
]
