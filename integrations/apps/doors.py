"""The vendor's door: routes at ``/vendor/{vendor}…``, opened by a membership of that vendor."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import wraps
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenants import sessions
from tenants.actor import Actor
from tenants.days import bank_zone
from tenants.http import READS, Endpoint, person_route
from tenants.navigation import MENU, named
from tenants.scope import adopt, once, value
from ui.errors import Forbidden, NotFound
from ui.formats import listed
from ui.i18n import N_, gettext, t
from ui.shell import NavGroup, NavItem, Shell

PERMISSIONS: dict[str, str] = {
    "vendor.read": N_("See the vendor's apps"),
    "vendor.write": N_("Draft and submit versions, send webhooks again"),
    "vendor.keys": N_("Make new secrets"),
    "vendor.people": N_("Invite colleagues"),
}
ROLES: dict[str, tuple[str, frozenset[str]]] = {
    "owner": (N_("Owner"), frozenset(PERMISSIONS)),
    "developer": (N_("Developer"), frozenset({"vendor.read", "vendor.write"})),
    "reader": (N_("Read only"), frozenset({"vendor.read"})),
}
"""What somebody may do for a vendor: the English name and the permissions of each role."""
PLACES = (
    (N_("Apps"), "", "app"),
    (N_("Colleagues"), "/people", "people"),
)


def vendor_route(
    path: str,
    endpoint: Endpoint,
    *,
    permission: str,
    methods: Sequence[str] = READS,
    name: str | None = None,
    is_transactional: bool = True,
) -> Route:
    """A page or act of a vendor's people at ``/vendor/{vendor}…``; anyone else finds nothing there (404)."""

    @wraps(endpoint)
    async def inside(request: Request, person: Actor) -> Response:
        actor = await _actor(request, person, is_transactional=is_transactional)
        if permission not in actor.permissions:
            raise Forbidden("permission.missing", t("You do not have the right to do this."))
        request.state.actor, request.state.shell = actor, shell_for(actor)
        return await endpoint(request, actor)

    route = person_route(
        "/vendor/{vendor}" + path, inside, methods=methods, name=name, is_transactional=is_transactional
    )
    route.door, route.permission = "vendor", permission  # type: ignore[attr-defined]
    return route


async def _actor(request: Request, person: Actor, *, is_transactional: bool) -> Actor:
    hashed = sessions.hash_of(request.cookies.get(sessions.COOKIE, ""))
    ask = "select enter_vendor($1, $2)"
    slug = request.path_params["vendor"]
    found = await (value(ask, hashed, slug) if is_transactional else once(ask, hashed, slug))
    facts: dict[str, Any] = json.loads(found or "{}")
    if "vendor" not in facts:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    actor = vendor_actor(person, facts["vendor"], facts["role"])
    if is_transactional:
        adopt(actor.scope())
    return actor


def vendor_actor(person: Actor, vendor: dict[str, Any], role: str) -> Actor:
    """Return the person as somebody of this vendor."""
    return replace(
        person,
        kind="vendor",
        vendor_id=UUID(vendor["id"]),
        bank_id=UUID(vendor["bank_id"]),
        place=vendor,
        roles=(ROLES[role][0],),
        permissions=ROLES[role][1],
    )


def shell_for(actor: Actor) -> Shell:
    """Return the surroundings of the vendor's console."""
    place, root = actor.place, f"/vendor/{actor.place['slug']}"
    return Shell(
        face="console",
        title=place["name"],
        brand=named(place, "bank_name"),
        accent=place["bank_accent"].lstrip("#"),
        home=root,
        nav=(
            NavGroup([NavItem(label=t(label), href=root + path, icon=icon) for label, path, icon in PLACES]),
        ),
        person_hint=listed(gettext(role) for role in actor.roles),
        zone=bank_zone(place["bank_country"]),
        person_name=actor.name,
        menu=MENU,
        sign_out="/sign-out",
    )
