"""Pages of now: the director's board, the public one, days for the authority, and closing a time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.names import localized
from scenarios.tourism.board import closing, figures
from scenarios.tourism.models import DayRule, Gate, Order, Redemption, Site, Slot
from scenarios.tourism.planning import days
from scenarios.tourism.planning.services import site_of
from scenarios.tourism.shop.availability import days_left
from scenarios.tourism.shop.public import REASON, ROOT, Shop, in_shop
from scenarios.tourism.words import CHANNEL_WORDS
from tenants.actor import Actor
from tenants.days import day_named, today
from tenants.http import WRITES, path_id, public_route, tenant_route
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.formats import datetime_text, number
from ui.forms import Form, bind
from ui.i18n import LOCALES, N_, gettext, t, use_locale
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_DAYS = 400
SPAN = 31
_ANNOUNCEMENT = N_(
    "{site}: {people} people are on site now, {percent} % of the {cap} that are approved at once. Entry is"
    " slowed down. Please come later, or choose another day."
)
_REPORT = N_(
    "Report to the authority: on {moment}, {people} people were on site at {site}, {percent} % of the {cap} that are"
    " approved at once. It has been announced to visitors, and entry is slowed down."
)


class Closing(BaseModel):
    """Why a time is closed."""

    reason: str = Field("", title=N_("Reason"), max_length=200)


async def now(request: Request, actor: Actor) -> Response:
    """Show who is on site, what passes the gates, and what today's tickets came to."""
    site = await site_of(actor, path_id(request))
    zone = actor.place["timezone"]
    day = min(day_named(request.query_params.get("day", "")) or today(zone), today(zone))
    presence = await figures.presence(site)
    passed = await figures.hours(site, zone, day)
    gates = [
        one.name for one in await Gate.filter(tenant_id=site.tenant_id, site_id=site.id).order_by("name")
    ]
    context: dict[str, Any] = {
        "site": site,
        "day": day,
        "eve": day - timedelta(days=1),
        "is_today": day == today(zone),
        "presence": presence,
        "gates": gates,
        "hours": figures.by_hour(passed, gates),
        "tickets": await figures.tickets(site, day),
        "channels": await figures.channels(site, day),
        "channel_words": CHANNEL_WORDS,
        "pools": await days.pools_of(site, day),
        "rule": await DayRule.get_or_none(tenant_id=site.tenant_id, site_id=site.id, day=day),
        "conflicts": await Redemption.filter(
            tenant_id=site.tenant_id, site_id=site.id, verdict="conflict", settled_at=None
        ).count(),
        "drafts": _drafts(site, presence, zone) if presence.is_alarming and day == today(zone) else [],
        "currency": actor.place["currency"],
        "may_close": actor.may(closing.RIGHT),
        "root": root_of(request),
    }
    return await respond(request, "tourism/board/now.html", context, block="figures")


def _drafts(site: Site, presence: figures.Presence, zone: str) -> list[str]:
    """Return the announcement to visitors and the report to the authority, in each language."""
    made = []
    for locale in LOCALES:
        with use_locale(locale):
            facts = {
                "site": localized(site.names),
                "moment": datetime_text(datetime.now(UTC), zone),
                "people": number(presence.people),
                "percent": presence.percent,
                "cap": number(presence.cap),
            }
            made += [gettext(_ANNOUNCEMENT, **facts), gettext(_REPORT, **facts)]
    return made


async def public(request: Request, shop: Shop) -> Response:
    """The capacity board that everybody may see."""
    day = today(shop.zone)
    (left,) = await days_left(shop.site, shop.zone, day, day)
    context = {"shop": shop, "presence": await figures.presence(shop.site), "left": left, "day": day}
    return await respond(request, "tourism/board/public.html", context)


def _columns() -> tuple[Column, ...]:
    return (
        Column("day", t("Day"), format="date", is_main=True),
        Column("ceiling", t("Cap of the day"), format="number"),
        Column("cap_percent", t("Percent of the approved cap"), format="number"),
        Column("sold", t("Sold"), format="number"),
        Column("entered", t("Came in"), format="number"),
        Column("exited", t("Went out"), format="number"),
        Column("given_back", t("Given back"), format="number"),
        Column("missed", t("Not used"), format="number"),
        Column("weather", t("Weather")),
        Column("reason", t("Remark")),
    )


async def report(request: Request, actor: Actor) -> Response:
    """List days as the authority asks for them, on the page and as a file."""
    site = await site_of(actor, path_id(request))
    columns = _columns()
    query = TableQuery.parse(request, columns=columns, filters=("from", "until"), default_sort="day")
    last = day_named(query.get("until")) or today(actor.place["timezone"])
    first = day_named(query.get("from")) or last - timedelta(days=SPAN)
    first = max(first, last - timedelta(days=MOST_DAYS))
    found = await figures.report(site, first, last)
    if wants_export(request):
        return await export(request, columns, found, f"{site.word}-days")
    shown = found[query.offset : query.offset + query.limit]
    context = {
        "site": site,
        "page": Page.of(query, shown, len(found)),
        "columns": columns,
        "first": first,
        "last": last,
        "root": root_of(request),
    }
    return await respond(request, "tourism/board/report.html", context, block="list")


async def ask_closing(request: Request, actor: Actor) -> Response:
    """Ask why a time is closed, and say what that does."""
    return await _closing(request, await _slot(actor, path_id(request)), Form.blank(Closing))


async def _slot(actor: Actor, slot_id: UUID) -> Slot:
    found = await Slot.get_or_none(tenant_id=actor.tenant_id, id=slot_id)
    if found is None:
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    return found


async def _closing(request: Request, slot: Slot, form: Form[Closing], status: int = 200) -> Response:
    orders = Order.filter(tenant_id=slot.tenant_id, slot_id=slot.id, status__in=("paid", "part_refunded"))
    context = {"slot": slot, "form": form, "orders": await orders.count(), "root": root_of(request)}
    return await respond(request, "tourism/board/closing.html", context, status=status)


async def close(request: Request, actor: Actor) -> Response:
    """Close a time."""
    slot = await _slot(actor, path_id(request))
    form = await bind(request, Closing)
    if form.is_valid:
        try:
            await closing.close_slot(actor, slot.id, reason=form.ok.reason)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            url = f"{root_of(request)}/sites/{slot.site_id}/days/{slot.day.isoformat()}"
            return redirect(request, url, flash=t("The time is closed. Its buyers are being told."))
    return await _closing(request, slot, form, status=422)


ROUTES: list[BaseRoute] = [
    tenant_route("/sites/{id}/now", now, permission="sites.read", name="tourism_now"),
    tenant_route("/sites/{id}/report", report, permission="sites.read", name="tourism_report"),
    tenant_route("/slots/{id}/closing", ask_closing, permission=closing.RIGHT, name="tourism_closing"),
    tenant_route(
        "/slots/{id}/closing", close, permission=closing.RIGHT, methods=WRITES, name="tourism_close"
    ),
]
PUBLIC: list[BaseRoute] = [
    public_route(ROOT + "/now", in_shop(public), reason=REASON, name="tourism_public_now"),
]
