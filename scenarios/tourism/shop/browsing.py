"""Choosing: a day of the calendar, a time of the day, how many of what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.charges.periods import last_day, months_after
from billing.names import localized
from scenarios.tourism.calendar.catalogue import Catalogue, on_sale
from scenarios.tourism.calendar.days import sale_of
from scenarios.tourism.calendar.prices import PriceList
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import Product
from scenarios.tourism.orders.wishes import Wish, policy_of
from scenarios.tourism.shop.availability import DayLeft, days_left, slots_left
from scenarios.tourism.shop.public import Shop
from tenants.days import today
from ui.errors import NotFound
from ui.fields import parse_month
from ui.i18n import gettext, t
from ui.render import respond

MONTHS_AHEAD, WEEKS = 12, 5
"""How far ahead the calendar can be turned, and what it shows at first."""
_QUANTITY = re.compile(r"q-(?P<product>[0-9a-f-]{36})-(?P<kind>[a-z]{1,20})")
_MOST_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Offer:
    """A product on a day, with its price by kind of visitor, in their order."""

    product: Product
    prices: Sequence[tuple[str, str, int]]
    tiers: Sequence[Mapping[str, Any]]
    opens_at: datetime | None = None
    """When it goes on sale, where that is still to come."""
    merchant: str = ""
    """Who on site sells it, where that is not the site."""

    @property
    def from_minor(self) -> int:
        """The lowest price that somebody pays for it."""
        return min(price for _, _, price in self.prices)


async def site_page(request: Request, shop: Shop) -> Response:
    """Show the site and its next weeks, or a month of its days; the first page that a visitor sees."""
    now, asked = today(shop.zone), request.query_params.get("month", "")
    month = _month(asked, now)
    first, last = max(month, now), last_day(month)
    if not asked:
        last = now + timedelta(days=7 * WEEKS - now.isoweekday())
    days = await days_left(shop.site, shop.zone, first, last)
    context = {
        "shop": shop,
        "weeks": weeks(days, first.isoweekday() - 1),
        "month": month if asked else None,
        "before": months_after(month, -1) if month > now and months_after(month, -1) > now else None,
        "after": months_after(month, 1) if month < months_after(now, MONTHS_AHEAD) else None,
        "about": localized(shop.site.about),
        "sale": next((one for one in days if one.state == "later"), None),
    }
    return await respond(request, "tourism/shop/site.html", context)


def _month(text: str, now: date) -> date:
    """Return the month asked for, within what is shown; the present one for anything else."""
    found = re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text)
    asked = parse_month(text) if found else now
    month = asked.replace(day=1) if isinstance(asked, date) else now
    return min(max(month, now.replace(day=1)), months_after(now, MONTHS_AHEAD))


def weeks(days: Sequence[DayLeft], lead: int) -> list[list[DayLeft | None]]:
    """Return days as rows of seven, Monday first, with nothing where the month has no day."""
    cells: list[DayLeft | None] = [None] * lead + list(days)
    cells += [None] * (-len(cells) % 7)
    return [cells[place : place + 7] for place in range(0, len(cells), 7)]


def path_day(request: Request) -> date:
    """Return the day in the path; anything that is no day is not there."""
    try:
        return date.fromisoformat(request.path_params["day"])
    except ValueError:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see.")) from None


async def day_page(request: Request, shop: Shop) -> Response:
    """Show the times of a day and what is left of each."""
    day = path_day(request)
    (left,) = await days_left(shop.site, shop.zone, day, day)
    catalogue = await on_sale(shop.site, day)
    context = {
        "shop": shop,
        "day": day,
        "left": left,
        "slots": await slots_left(shop.site, day, zone=shop.zone),
        "offers": offers(shop, day, catalogue),
        "rule": catalogue.rule,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
    }
    return await respond(request, "tourism/shop/day.html", context)


def offers(shop: Shop, day: date, catalogue: Catalogue) -> list[Offer]:
    """Return what is sold on a day and at what price."""
    owners = catalogue.merchants
    made = [
        Offer(
            one,
            _prices(one, catalogue.prices),
            policy_of(one),
            _opens(shop, day, one),
            owners.get(one.id, ""),
        )
        for one in catalogue.products
    ]
    return [one for one in made if one.prices]


def _opens(shop: Shop, day: date, product: Product) -> datetime | None:
    if product.opens_days is None:
        return None
    since = sale_of(shop.site, day, shop.zone, product).since
    return since if since > datetime.now(UTC) else None


def _prices(product: Product, prices: PriceList) -> list[tuple[str, str, int]]:
    listed = []
    for kind, name in VISITOR_KINDS.items():
        price = prices.price(product, kind)
        if price is not None:
            listed.append((kind, gettext(name), price))
    return listed


def wishes_in(values: Mapping[str, Any]) -> list[Wish]:
    """Return the quantities of a form or an address; what is no number counts for nothing."""
    made = []
    for name in values:
        found, text = _QUANTITY.fullmatch(name), str(values[name]).strip()
        if found and text.isdecimal() and len(text) <= _MOST_DIGITS and int(text):
            made.append(Wish(UUID(found["product"]), found["kind"], int(text)))
    return made


def names_of(wishes: Sequence[Wish]) -> dict[str, int]:
    """Return the quantities by the name of their field."""
    return {f"q-{one.product_id}-{one.visitor_kind}": one.quantity for one in wishes}


async def slot_page(request: Request, shop: Shop) -> Response:
    """Ask how many of what."""
    day = path_day(request)
    slots = await slots_left(shop.site, day, zone=shop.zone)
    slot = next((one for one in slots if str(one.id) == request.path_params["slot"]), None)
    if slot is None:
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    context = {
        "shop": shop,
        "day": day,
        "slot": slot,
        "offers": offers(shop, day, await on_sale(shop.site, day)),
        "chosen": names_of(wishes_in(request.query_params)),
        "options": [(n, n) for n in range(shop.site.most_per_order + 1)],
    }
    return await respond(request, "tourism/shop/slot.html", context)
