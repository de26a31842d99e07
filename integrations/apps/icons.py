"""Pictures of apps, which anyone may look at."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.apps.models import AppVersion
from tenants.http import path_id, public_route
from tenants.scope import open_scope, queue_scope
from ui.errors import NotFound
from ui.i18n import t


async def icon(request: Request) -> Response:
    """Send a version's icon: a PNG that was checked when it came."""
    data = await _icon(path_id(request))
    headers = {"Cache-Control": "private, max-age=3600", "Content-Security-Policy": "default-src 'none'"}
    return Response(data, media_type="image/png", headers=headers)


async def _icon(version_id: UUID) -> bytes:
    async with open_scope(queue_scope()):
        found = await AppVersion.get_or_none(id=version_id).only("id", "icon")
    if found is None or not found.icon:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return bytes(found.icon)


ROUTES: list[BaseRoute] = [
    public_route(
        "/app-icons/{id}", icon, reason="An app's picture says nothing about anybody.", name="app_icon"
    ),
]
