"""What the bank offers an institution: the list, one offer beside what was taken of it, taking it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import BankOffer, OfferTaking, Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.offers import services
from tenants.offers.kinds import KINDS, called, changes
from tenants.offers.words import from_words
from tenants.scope import open_scope
from ui.errors import Conflict, Invalid
from ui.flash import Flash
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

add_tenant_places(Place(N_("Ready from the bank"), "/bank-offers", "fees.read", "app", 84))
TONES: dict[str, Any] = {"new": "info", "newer": "warning", "taken": "success"}
STATES = {"new": t("Not taken"), "newer": t("A newer version"), "taken": t("Already taken")}


def _state(offer: BankOffer, taken: OfferTaking | None) -> str:
    if taken is None:
        return "new"
    return "taken" if taken.offer_id == offer.id else "newer"


async def listed(request: Request, actor: Actor) -> Response:
    """Show what the bank offers, and what was taken of it."""
    tenant, root = await Tenant.get(id=actor.tenant_id), _root(actor)
    taken = await services.takings(tenant.id)
    found = [_row(one, taken.get((one.kind, one.key))) for one in await services.of_bank(tenant)]
    offered = {(one["kind"], one["key"]) for one in found}
    kept = [one for name, one in taken.items() if name not in offered]
    columns = (
        Column("name", t("Name"), is_main=True, href=lambda row: f"{root}/{row['id']}"),
        Column("kind", t("Kind"), format=lambda value, _: gettext(KINDS[value].name)),
        Column("number", t("Version"), format="number"),
        Column("taken", t("Taken version"), format="number"),
        Column("state", t("State"), format="badge", tones=TONES, words=STATES),
    )
    context = {
        "found": found,
        "columns": columns,
        "kept": [(called(one.names), gettext(KINDS[one.kind].name), from_words(one.origin)) for one in kept],
    }
    return await respond(request, "tenants/offers/tenant.html", context)


def _row(one: BankOffer, taken: OfferTaking | None) -> dict[str, object]:
    return {
        "id": one.id,
        "name": called(one.names),
        "kind": one.kind,
        "key": one.key,
        "number": one.number,
        "taken": taken.number if taken else None,
        "state": _state(one, taken),
    }


async def show(request: Request, actor: Actor) -> Response:
    """Show what an offer says, and what is other than in the version that was taken."""
    found = await services.offer_of(actor, path_id(request))
    kind = services.kind_of(found)
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    taken = (await services.takings(actor.tenant_id)).get((found.kind, found.key))
    lines = kind.lines(found.content)
    path, words = kind.leads(taken.result) if taken else ("", "")
    state = _state(found, taken)
    context = {
        "offer": found,
        "name": called(found.names),
        "kind": gettext(kind.name),
        "hint": gettext(kind.hint),
        "lines": lines,
        "taken": taken,
        "origin": from_words(taken.origin) if taken else "",
        "changes": changes(kind.lines(taken.content), lines) if taken and state == "newer" else [],
        "state": STATES[state],
        "tone": TONES[state],
        "leads": f"/t/{actor.place['slug']}{path}" if path else "",
        "leads_words": words,
        "may_take": actor.may(kind.permission) and state != "taken",
        "root": _root(actor),
    }
    return await respond(request, "tenants/offers/taking.html", context)


async def take(request: Request, actor: Actor) -> Response:
    """Take it, or its newer version; what stands in the way is said where it was asked, and nothing of it is kept."""
    offer_id = path_id(request)
    try:
        async with open_scope(actor.scope()):
            made = await services.take(actor, offer_id)
    except (Conflict, Invalid) as refused:
        return redirect(request, f"{_root(actor)}/{offer_id}", flash=Flash(refused.message, tone="warning"))
    path, _ = services.kind_of(made).leads(made.result)
    words = t("It is taken: a copy of your own, with where it comes from.")
    return redirect(request, f"/t/{actor.place['slug']}{path}" if path else _root(actor), flash=words)


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}/bank-offers"


READ = "fees.read"
ROUTES: list[BaseRoute] = [
    tenant_route("/bank-offers", listed, permission=READ, name="taken_offers"),
    tenant_route("/bank-offers/{id}", show, permission=READ, name="taken_offer"),
    tenant_route("/bank-offers/{id}/taking", take, permission=READ, methods=WRITES, name="taken_offer_take"),
]
