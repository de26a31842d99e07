"""The round: one building's meters on one page, made for a phone, and for cellars without network.

The page keeps what is typed on the phone itself and sends it when there is a network again. Each page is one round
with an id of its own, so that sending it twice comes to the same.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import buildings_of, estate_route, nothing, root_of, tenant_of
from scenarios.community.estate.pages import decimal_or_none
from scenarios.community.meters import queries, readings
from scenarios.community.meters.pages import KIND_WORDS, kind_options
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES
from ui.errors import Invalid
from ui.fields import FieldError, parse_day
from ui.flash import Flash
from ui.i18n import gettext, ngettext, t
from ui.render import redirect, respond

FIELD = "value-"
WORKER = """
const KEPT = "round";
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  const page = url.pathname.endsWith("/meters/round"), asset = url.pathname.startsWith("/static/");
  if (!page && !asset) return;
  event.respondWith(
    fetch(event.request)
      .then((answer) => {
        if (answer.ok && !answer.redirected) {
          const copy = answer.clone();
          event.waitUntil(caches.open(KEPT).then((kept) => kept.put(event.request, copy)));
        }
        return answer;
      })
      .catch(() => caches.match(event.request).then((kept) => kept || Response.error())));
});
"""
"""Keeps the last page of a round and its looks for when the network is away; the network always comes first."""


async def ask(request: Request, actor: Actor) -> Response:
    """Show the meters of a building that are still to be read this month."""
    return await _page(request, actor)


async def _page(
    request: Request,
    actor: Actor,
    *,
    typed: dict[str, str] | None = None,
    errors: dict[str, Any] | None = None,
    round_id: str = "",
) -> Response:
    tenant_id = tenant_of(actor)
    buildings = await buildings_of(tenant_id)
    building, kind = _asked(request, buildings)
    now = await today_at(tenant_id)
    found = await queries.to_read(tenant_id, building, kind, now.replace(day=1)) if building else []
    context = {
        "root": root_of(actor),
        "buildings": buildings,
        "building": str(building or ""),
        "kind": kind,
        "kinds": kind_options(),
        "words": KIND_WORDS,
        "meters": found,
        "typed": typed or {},
        "errors": errors or {},
        "day": (typed or {}).get("read_on", now.isoformat()),
        "round": round_id or str(uuid4()),
    }
    return await respond(request, "community/meters/round.html", context, status=422 if errors else 200)


def _asked(request: Request, buildings: list[tuple[str, str]]) -> tuple[UUID | None, str]:
    asked = request.query_params.get("building", "")
    known = {key for key, _ in buildings}
    if asked and asked not in known:
        raise nothing()
    chosen = asked or (buildings[0][0] if buildings else "")
    kind = request.query_params.get("kind", "")
    return (UUID(chosen) if chosen else None), kind if kind in KIND_WORDS else ""


async def send(request: Request, actor: Actor) -> Response:
    """Take what was read on the round; sent again, it changes nothing."""
    form = await request.form()
    typed = {key: text for key, text in form.multi_items() if isinstance(text, str)}
    errors: dict[str, Any] = {}
    values: dict[UUID, Decimal] = {}
    for key, text in typed.items():
        if key.startswith(FIELD) and text.strip():
            _take(key, text, values, errors)
    day = _day(typed.get("read_on", ""), errors)
    round_id = _round(typed.get("round", ""))
    if not errors and day is not None:
        try:
            merged = await readings.merge_round(actor, round_id=round_id, read_on=day, values=values)
        except Invalid as error:
            errors |= error.fields
        else:
            address = f"{root_of(actor)}/meters/round?{request.url.query}"
            return redirect(request, address, flash=_told(merged))
    return await _page(request, actor, typed=typed, errors=errors, round_id=str(round_id))


def _take(key: str, text: str, values: dict[UUID, Decimal], errors: dict[str, Any]) -> None:
    try:
        found = decimal_or_none(text)
        if isinstance(found, Decimal):
            values[UUID(key.removeprefix(FIELD))] = found
    except FieldError:
        errors[key] = t("Enter what the meter shows: a number of zero or more.")
    except ValueError:
        return


def _day(text: str, errors: dict[str, Any]) -> Any:
    try:
        return parse_day(text)
    except (FieldError, ValueError):
        errors["read_on"] = t("Enter a day.")
        return None


def _round(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise nothing() from None


def _told(merged: readings.Merged) -> Flash:
    parts = [
        ngettext("{n} reading accepted.", "{n} readings accepted.", merged.accepted),
        ngettext("{n} waits for a look.", "{n} wait for a look.", merged.held) if merged.held else "",
    ]
    if merged.refused:
        listed = ", ".join(merged.refused)
        parts.append(gettext("Read otherwise on the same day already: {meters}.", meters=listed))
    return Flash(" ".join(filter(None, parts)), tone="warning" if merged.refused else "success")


async def worker(request: Request, actor: Actor) -> Response:
    """Send the script that keeps the round's page for when there is no network."""
    del request
    headers = {"Service-Worker-Allowed": f"{root_of(actor)}/meters/round", "Cache-Control": "no-cache"}
    return Response(WORKER, media_type="text/javascript", headers=headers)


ROUTES: list[BaseRoute] = [
    estate_route("/meters/round", ask, permission="meters.write", name="meter_round"),
    estate_route("/meters/round", send, permission="meters.write", methods=WRITES, name="meter_round_send"),
    estate_route("/meters/round-worker.js", worker, permission="meters.write", name="meter_round_worker"),
]
