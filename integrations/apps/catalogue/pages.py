"""The catalogue, an app's page, installing it, and its settings."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.catalogue import installing, queries
from integrations.apps.catalogue.forms import InstallForm
from integrations.apps.catalogue.installing import Agreed
from integrations.apps.catalogue.queries import Offer
from integrations.apps.scopes import SCOPES, claims_of
from integrations.apps.vendors.forms import NEEDS
from integrations.apps.vendors.shown import shown_version, words
from tenants import kinds
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.navigation import Place, add_tenant_places
from tenants.shortcuts import Shortcut, add_shortcuts
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, Text, current_locale, gettext, t
from ui.render import redirect, respond
from ui.tables import TableQuery

LEVELS = ((1, N_("Any")), (2, N_("Strong")), (3, N_("Strongest")))


def root_of(actor: Actor) -> str:
    """Return where the apps of this institution are."""
    return f"/t/{actor.place['slug']}/apps"


async def apps(request: Request, actor: Actor) -> Response:
    """Show the apps one may open, and the catalogue to those who may look for more."""
    query = TableQuery.parse(request, filters=("scenario", "need"))
    found = [_installed(row) for row in await queries.installed(actor)]
    context: dict[str, Any] = {
        "mine": [one for one in found if one["is_mine"]],
        "installed": found if actor.may("apps.read") else [],
        "ended": await queries.ended(actor) if actor.may("apps.read") else [],
        "catalogue": await _catalogue(actor, query) if actor.may("apps.read") else [],
        "query": query,
        "scenarios": [(key, gettext(kinds.SCENARIOS[key].name)) for key in _scenarios(actor)],
        "needs": [(key, gettext(word)) for key, word in NEEDS.items()],
        "root": root_of(actor),
        "may_read": actor.may("apps.read"),
    }
    return await respond(request, "integrations/apps/catalogue/apps.html", context)


@add_shortcuts
async def my_apps(actor: Actor) -> list[Shortcut]:
    """Return the apps that somebody may open now, for the overview."""
    if not actor.may("apps.open"):
        return []
    found = [_installed(row) for row in await queries.installed(actor) if row["is_mine"]]
    return [
        Shortcut(one["name"], f"{root_of(actor)}/{one['id']}") for one in found if not one["is_suspended"]
    ]


def _scenarios(actor: Actor) -> list[str]:
    return [key for key in actor.place.get("scenarios", ()) if key in kinds.SCENARIOS]


async def _catalogue(actor: Actor, query: TableQuery) -> list[dict[str, Any]]:
    own = _scenarios(actor)
    scenario = query.get("scenario") or (own[0] if len(own) == 1 else "")
    found = await queries.catalogue(actor, scenario=scenario, need=query.get("need"), words=query.q)
    return [
        _card(row) | {"vendor": row["vendor"], "installation_id": row["installation_id"]} for row in found
    ]


def _installed(row: dict[str, Any]) -> dict[str, Any]:
    is_standing = (
        row["app_status"] == "listed"
        and row["listed_status"] == "listed"
        and row["vendor_status"] == "admitted"
    )
    places = json.loads(row["places"] or "{}")
    named = [(key, names.get(current_locale()) or names["en"]) for key, names in places.items()]
    shown = {"id": row["id"], "is_suspended": not (is_standing or row["is_test"]), "places": named}
    return row | _card(row) | shown


def _card(row: Any) -> dict[str, Any]:
    texts = json.loads(row["texts"] or "{}")
    return {
        "id": row["id"],
        "name": words(texts, "name"),
        "summary": words(texts, "summary"),
        "icon": f"/app-icons/{row['version_id']}" if row["icon_type"] else "",
    }


async def show_app(request: Request, actor: Actor) -> Response:
    """Show one app of the catalogue: what it is, what it asks and why, what we measured."""
    offer = await queries.offer_of(actor, path_id(request))
    context = {
        "version": shown_version(offer.version),
        "vendor": offer.vendor,
        "is_test": offer.is_test,
        "installation_id": await queries.installation(actor, offer.app.id),
        "root": root_of(actor),
        "here": f"{root_of(actor)}/catalogue/{offer.app.id}",
        "may_install": actor.may("apps.install"),
    }
    return await respond(request, "integrations/apps/catalogue/app.html", context)


async def ask(request: Request, actor: Actor) -> Response:
    """Show what installing asks the administrator to agree to; everything asked for is ticked."""
    offer = await queries.offer_of(actor, path_id(request))
    first = {
        "scopes": list(offer.version.scopes),
        "claims": list(claims_of(offer.version.scopes)),
        "roles": ["administrator"],
        "min_level": offer.version.min_level,
    }
    return await _ask(request, actor, offer, Form.blank(InstallForm, first))


async def _ask(
    request: Request, actor: Actor, offer: Offer, form: Form[InstallForm], status: int = 200
) -> Response:
    context = {
        "form": form,
        "version": shown_version(offer.version),
        "vendor": offer.vendor,
        "roles": await queries.role_choices(actor, offer.version),
        "levels": [(value, gettext(word)) for value, word in LEVELS if value >= offer.version.min_level],
        "root": root_of(actor),
        "here": f"{root_of(actor)}/catalogue/{offer.app.id}",
    }
    return await respond(request, "integrations/apps/catalogue/install.html", context, status=status)


async def install(request: Request, actor: Actor) -> Response:
    """Install the app as agreed."""
    app_id = path_id(request)
    offer = await queries.offer_of(actor, app_id)
    form = await bind(request, InstallForm)
    form.words |= consent_words() | roles_words(await queries.role_names(actor, offer.version))
    if form.is_valid:
        try:
            made = await installing.install(actor, app_id, agreed_of(form.ok))
        except Invalid as error:
            form.fail_with(error)
        else:
            name = words(offer.version.texts, "name")
            return redirect(
                request, f"{root_of(actor)}/{made.id}/settings", flash=t("{app} is installed.", app=name)
            )
    return await _ask(request, actor, offer, form, status=422)


def consent_words() -> dict[str, Mapping[str, Text | str]]:
    """Return how the form calls what is agreed to, for showing it again once somebody has confirmed with the bank."""
    claims = {name: t(claim.label) for name, claim in claims_of(SCOPES).items()}
    return {"scopes": {key: t(scope.label) for key, scope in SCOPES.items()}, "claims": claims}


def roles_words(roles: Mapping[str, Text]) -> dict[str, Mapping[str, Text | str]]:
    """Return the same for who sees it, and how strongly they sign in."""
    return {"roles": roles, "min_level": {str(value): t(word) for value, word in LEVELS}}


def agreed_of(given: InstallForm) -> Agreed:
    """Return what the form agrees to; claims of scopes that were not ticked fall away."""
    known = claims_of(given.scopes)
    return Agreed(
        frozenset(given.scopes),
        frozenset(name for name in given.claims if name in known),
        frozenset(given.roles),
        given.min_level,
    )


add_tenant_places(Place(N_("Apps"), "/apps", "apps.open", "app", 85))
ONE = "/apps/catalogue/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/apps", apps, permission="apps.open", name="apps"),
    tenant_route(ONE, show_app, permission="apps.read", name="catalogue_app"),
    tenant_route(ONE + "/installation", ask, permission="apps.install", name="app_install_form"),
    tenant_route(
        ONE + "/installation", install, permission="apps.install", methods=WRITES, name="app_install"
    ),
]
