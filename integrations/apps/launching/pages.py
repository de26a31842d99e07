"""The page that an app is opened in, and the tokens that it asks of it."""

from contextlib import suppress
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute

from integrations.apps.catalogue.pages import root_of
from integrations.apps.launching import service, tokens
from integrations.apps.launching.service import Opening, Wish
from tenants.actor import Actor, StepUp
from tenants.http import WRITES, path_id, person_route, tenant_route
from ui.errors import AppError, NotFound
from ui.i18n import t
from ui.render import redirect, respond
from ui.security import allow_frame


async def launch(request: Request, actor: Actor) -> Response:
    """Open an app: in this page where its origin was reviewed for that, else in a page of its own."""
    installation_id, given = path_id(request), request.query_params
    wish = Wish(
        given.get("place", "")[:40],
        given.get("record_kind", "")[:20],
        _id(given.get("record_id", "")),
        _id(given.get("item", "")),
        "picking" in given,
    )
    try:
        opening = await service.open_app(actor, installation_id, wish, is_insisting="anyway" in given)
    except AppError as error:
        if error.code not in {"app.no_role", "app.not_open"}:
            raise
        return await _refused(request, actor, error)
    if not opening.url:
        return await _down(request, actor, installation_id, opening)
    if not opening.origin:
        return RedirectResponse(
            opening.url, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
        )
    allow_frame(request, opening.origin)
    context = {"opening": opening, "here": f"{root_of(actor)}/{installation_id}", "root": root_of(actor)}
    return await respond(request, "integrations/apps/launch/frame.html", context)


async def by_number(request: Request, actor: Actor) -> Response:
    """Lead to an installation's page in the institution where it is, for whoever works there.

    This is the address that an app's own letters name: an app knows its installation, never how we call its tenant.
    """
    assert actor.person_id is not None  # noqa: S101 - the door is for persons
    slug = await service.where(actor.person_id, path_id(request))
    if slug is None:
        raise NotFound("app.not_installed", t("This app is not installed here."))
    query = f"?{request.url.query}" if request.url.query else ""
    return redirect(request, f"/t/{slug}/apps/{path_id(request)}{query}")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _refused(request: Request, actor: Actor, error: AppError) -> Response:
    context = {"words": error.message, "root": root_of(actor), "is_role": error.code == "app.no_role"}
    return await respond(request, "integrations/apps/launch/refused.html", context, status=error.status)


async def _down(request: Request, actor: Actor, installation_id: UUID, opening: Opening) -> Response:
    """Say calmly that the app does not answer; nothing of ours is affected."""
    context = {"opening": opening, "root": root_of(actor), "here": f"{root_of(actor)}/{installation_id}"}
    return await respond(request, "integrations/apps/launch/down.html", context)


async def standing(request: Request, actor: Actor) -> Response:
    """Say to the page around an open app that it may stay: asked every few seconds, so that nothing is signed for it.

    A sign-in that has grown weak with age takes nothing away that is open; the next token asks for a stronger one.
    """
    with suppress(StepUp):
        await service.may_open(actor, path_id(request))
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def session_token(request: Request, actor: Actor) -> Response:
    """Hand the page's app a token for its back end."""
    installation_id = path_id(request)
    token = await tokens.session_token(actor, installation_id)
    form = await request.form(max_files=0, max_fields=5)
    launch_id = _id(str(form.get("launch") or ""))
    if launch_id:
        await service.arrived(actor, launch_id)
    told = {"token": token, "expires_in": tokens.SECONDS}
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


SEE = "apps.open"
ROUTES: list[BaseRoute] = [
    person_route("/launch/{id}", by_number, name="app_by_number"),
    tenant_route("/apps/{id}", launch, permission=SEE, name="app_launch"),
    tenant_route("/apps/{id}/standing", standing, permission=SEE, name="app_standing"),
    tenant_route(
        "/apps/{id}/session-tokens", session_token, permission=SEE, methods=WRITES, name="app_session_token"
    ),
]
