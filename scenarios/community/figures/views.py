"""The views of the figures: what each asks, its columns, its chart."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.charges.periods import months_after
from scenarios.community.common import named, tenant_of
from scenarios.community.figures import queries
from scenarios.community.service import queries as work
from tenants.actor import Actor
from tenants.days import today_at
from ui import charts
from ui.formats import compact_money, money, month_text, number
from ui.i18n import N_, gettext, t
from ui.tables import Column

BACK = 12
"""Months that figures look back."""
VIEWS = {
    "buildings": N_("By building"),
    "managers": N_("By manager"),
    "months": N_("By month"),
    "arrears": N_("Arrears by age"),
    "pools": N_("Shared costs"),
    "work": N_("Work"),
    "energy": N_("Energy"),
}
_KEYS = {"buildings": "building", "managers": "manager", "months": "month"}
_HEADS = {"buildings": t("Building"), "managers": t("Manager"), "months": t("Month")}
COLLECTED = (
    Column("bills", t("Bills"), format="number"),
    Column("billed_minor", t("Billed"), format="money"),
    Column("paid_minor", t("Money that came in"), format="money"),
    Column("left_minor", t("Still owed"), format="money"),
    Column(
        "share",
        t("Collected"),
        format="percent",
        value=lambda one: _share(one["paid_minor"], one["billed_minor"]),
    ),
)


def _band(one: Any) -> str:
    return f"{one['least']}–{one['most']}" if one["most"] < 1000 else f"> {one['least'] - 1}"  # noqa: PLR2004


AGES = (
    Column("band", t("Days overdue"), is_main=True, value=_band),
    Column("bills", t("Bills"), format="number"),
    Column("left_minor", t("Still owed"), format="money"),
    Column("share", t("Came in within 30 days, of what was owed so long"), format="percent"),
    Column("expected_minor", t("Expected within 30 days"), format="money"),
)
POOLS = (
    Column("name", t("Name"), is_main=True),
    Column("period", t("Month"), format="month"),
    Column("budget_minor", t("Budget"), format="money"),
    Column("total_minor", t("Costs"), format="money"),
    Column("over_minor", t("Above the budget"), format="money"),
)
WORK = (
    Column("category", t("About"), is_main=True),
    Column("n", t("Reported"), format="number"),
    Column("done", t("Done"), format="number"),
    Column("in_time", t("In time"), format="number"),
    Column("hours", t("Hours until it was done"), format="number", value=lambda one: _rounded(one["hours"])),
    Column("rating", t("Rating"), format="number", value=lambda one: _rounded(one["rating"])),
)
ENERGY = (
    Column("name", t("Building"), is_main=True),
    Column("period", t("Month"), format="month"),
    Column("used", t("Usage"), format="number"),
    Column("sqm", t("Billed area (m²)"), format="number"),
    Column("per_sqm", t("For each m²"), format="number"),
)


def _share(paid: int, billed: int) -> Decimal:
    return Decimal(paid) / billed if billed else Decimal(0)


def _rounded(value: Any) -> Any:
    return None if value is None else round(Decimal(value), 1)


Shown = tuple[tuple[Column, ...], list[Any], charts.Chart | None]
"""The columns of a view, its rows, its chart."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whose figures, until which day, since which month, in which currency."""

    tenant_id: UUID
    now: date
    since: date
    currency: str

    def cash(self, value: charts.Number) -> str:
        """Return an amount as a chart says it."""
        return money(int(value), self.currency)

    def axis(self, value: charts.Number) -> str:
        """Return an amount as it stands beside an axis."""
        return compact_money(int(value), self.currency)


async def view_of(actor: Actor, view: str) -> Shown:
    """Return one view of the figures."""
    tenant_id = tenant_of(actor)
    now = await today_at(tenant_id)
    window = Window(tenant_id, now, months_after(now, -BACK), actor.place["currency"])
    if view in _KEYS:
        return await _collected(window, view)
    return await _OTHERS[view](window)


async def _collected(of: Window, view: str) -> Shown:
    found = await queries.collected(of.tenant_id, of.since, of.currency, _KEYS[view])
    is_month = view == "months"
    head = Column("name", _HEADS[view], format="month" if is_month else "text", is_main=True)
    names = [month_text(one["name"]) if is_month else one["name"] for one in found]
    series = [
        charts.Series(gettext("Money that came in"), [one["paid_minor"] for one in found]),
        charts.Series(gettext("Still owed"), [one["left_minor"] for one in found]),
    ]
    chart = charts.stacked(gettext(VIEWS[view]), names, series, of.cash, of.axis)
    return (head, *COLLECTED), found, chart


async def _arrears(of: Window) -> Shown:
    ages = await queries.ages(of.tenant_id, of.now, of.currency)
    series = [
        charts.Series(gettext("Still owed"), [one["left_minor"] for one in ages]),
        charts.Series(gettext("Expected within 30 days"), [one["expected_minor"] or 0 for one in ages]),
    ]
    names = [_band(one) for one in ages]
    return AGES, ages, charts.bar(gettext("Days overdue"), names, series, of.cash, of.axis)


async def _pools(of: Window) -> Shown:
    found = named(await queries.pools(of.tenant_id, of.since))
    series = [
        charts.Series(gettext("Budget"), [one["budget_minor"] or 0 for one in found]),
        charts.Series(gettext("Costs"), [one["total_minor"] for one in found]),
    ]
    names = [f"{one['name']}, {month_text(one['period'])}" for one in found]
    short = [one["name"] for one in found]
    return POOLS, found, charts.bar(gettext("Name"), names, series, of.cash, of.axis, short=short)


async def _work(of: Window) -> Shown:
    orders = await work.figures(of.tenant_id, of.since)
    series = [
        charts.Series(gettext("Reported"), [one["n"] for one in orders]),
        charts.Series(gettext("Done"), [one["done"] for one in orders]),
    ]
    return WORK, orders, charts.bar(gettext("About"), [one["category"] for one in orders], series)


async def _energy(of: Window) -> Shown:
    found = await queries.energy(of.tenant_id, of.since)
    latest = max((one["period"] for one in found), default=None)
    shown = [one for one in found if one["period"] == latest]
    series = [charts.Series(gettext("For each m²"), [one["per_sqm"] or Decimal(0) for one in shown])]
    return ENERGY, found, charts.bar(gettext("Building"), [one["name"] for one in shown], series, number)


_OTHERS: Mapping[str, Callable[[Window], Awaitable[Shown]]] = {
    "arrears": _arrears,
    "pools": _pools,
    "work": _work,
    "energy": _energy,
}
"""The views that are not about what was collected."""
