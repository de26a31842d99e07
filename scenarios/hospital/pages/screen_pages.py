"""The waiting room's screen for everybody who has its address, and giving it one."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.hospital import live, pricing, queries, screens
from scenarios.hospital.models import Department
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import SET_UP
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, public_route, tenant_route
from tenants.live import stream
from tenants.scope import open_scope, tenant_scope
from ui.i18n import Text, t
from ui.render import redirect, respond

REASON = "The address is the key; it shows rooms and numbers alone."
NEVER_KEPT = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


async def screen(request: Request) -> Response:
    """Show which numbers are called into which rooms, and which come next; neither names nor doctors."""
    tenant_id, department_id = await screens.of(request.path_params["secret"])
    async with open_scope(tenant_scope(tenant_id)):
        department = await Department.get(tenant_id=tenant_id, id=department_id)
        day = today(await pricing.tenant_zone(tenant_id))
        rooms = await queries.rooms(tenant_id, department_id, day)
    context = {
        "department": localized(department.names),
        "path": request.url.path,
        "rooms": rooms,
        "has_doctors": False,
    }
    answer = await respond(request, "hospital/staff/wall.html", context, block="rooms")
    answer.headers.update(NEVER_KEPT)
    return answer


async def news(request: Request) -> Response:
    """Tell an open screen when somebody is called."""
    tenant_id, department_id = await screens.of(request.path_params["secret"])
    return stream(live.of_department(tenant_id, department_id), f"screen {department_id}")


async def renew(request: Request, actor: Actor) -> Response:
    """Give the screen an address, or another one."""
    require_hospital(actor)
    await screens.renew(actor, path_id(request))
    return _back(
        request, actor, t("The screen has a new address. One that it had before shows nothing any more.")
    )


async def close(request: Request, actor: Actor) -> Response:
    """Take the address away."""
    require_hospital(actor)
    await screens.close(actor, path_id(request))
    return _back(request, actor, t("The screen's address shows nothing any more."))


def _back(request: Request, actor: Actor, flash: Text) -> Response:
    return redirect(request, f"{root_of(actor)}/departments/{path_id(request)}", flash=flash)


_ONE, _OF = f"{screens.ROOT}/{{secret}}", "/departments/{id}/screen"
ROUTES: list[BaseRoute] = [
    public_route(_ONE, screen, reason=REASON, name="public_screen"),
    public_route(f"{_ONE}/news", news, reason=REASON, name="public_screen_news"),
    tenant_route(_OF, renew, permission=SET_UP, methods=WRITES, name="screen_renew"),
    tenant_route(f"{_OF}/closing", close, permission=SET_UP, methods=WRITES, name="screen_close"),
]
