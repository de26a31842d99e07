"""Support access: the bank's form, and the institution's page that shows it live and ends it."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id, tenant_route
from tenants.models import SupportAccess
from tenants.navigation import Place, add_tenant_places
from tenants.onboarding.gate import tenant_of
from tenants.support import services
from ui.errors import AppError
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

add_tenant_places(Place(N_("Support access"), "/support", "people.read", "lock", 92))


class AccessForm(BaseModel):
    """Why, for how long, and how far."""

    reason: str = Field(title=N_("Reason"), min_length=10, max_length=500)
    hours: int = Field(2, title=N_("For hours"), ge=1, le=services.MOST_HOURS)
    level: str = Field("read", title=N_("How far"))
    who: str = Field("", title=N_("Who looks in"))


async def form(request: Request, actor: Actor) -> Response:
    """Show the bank's form, with the accesses that there were."""
    return await _form(request, actor, Form.blank(AccessForm, {"hours": 2, "level": "read"}))


async def open_access(request: Request, actor: Actor) -> Response:
    """Open an access and go in."""
    sent = await bind(request, AccessForm)
    if sent.is_valid:
        try:
            made = await services.open_access(actor, path_id(request), **sent.ok.model_dump())
        except AppError as error:
            if error.status not in {409, 422}:
                raise
            sent.fail_with(error)
        else:
            tenant = await tenant_of(actor, made.tenant_id)
            is_own = made.person_id == actor.person_id
            url = (
                f"/t/{tenant.slug}" if is_own else f"/bank/{actor.place['slug']}/tenants/{tenant.id}/support"
            )
            return redirect(request, url, flash=t("The institution has been told."))
    return await _form(request, actor, sent, status=422)


async def _form(request: Request, actor: Actor, sent: Form[AccessForm], status: int = 200) -> Response:
    tenant = await tenant_of(actor, path_id(request))
    context = {
        "tenant": tenant,
        "form": sent,
        "colleagues": [(str(one.id), one.name) for one in await services.of_union(actor)],
        "me": actor.person_id,
        "levels": [(key, gettext(word)) for key, word in services.LEVELS.items()],
        "found": await SupportAccess.filter(tenant_id=tenant.id).order_by("-id").limit(50),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "tenants/support/open.html", context, status=status)


async def end_by_bank(request: Request, actor: Actor) -> Response:
    """End an access from the bank's side."""
    found = await services.end_access(actor, path_id(request))
    url = f"/bank/{actor.place['slug']}/tenants/{found.tenant_id}/support"
    return redirect(request, url, flash=t("The access is over."))


async def listed(request: Request, actor: Actor) -> Response:
    """Show an institution who of the bank looks in, and what was looked at."""
    found = await services.accesses()
    context = {
        "found": [(one, await services.looked_at(one.id)) for one in found],
        "may_end": actor.may("people.write") and actor.support_id is None,
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "tenants/support/accesses.html", context)


async def end(request: Request, actor: Actor) -> Response:
    """End an access from the institution's side."""
    await services.end_access(actor, path_id(request))
    return redirect(request, f"/t/{actor.place['slug']}/support", flash=t("The access is over."))


BANK = "/tenants/{id}/support"
ROUTES: list[BaseRoute] = [
    bank_route(BANK, form, permission="support.open", name="support_form"),
    bank_route(BANK, open_access, permission="support.open", methods=WRITES, name="support_open"),
    bank_route("/support/{id}/ending", end_by_bank, permission="support.open", methods=WRITES),
    tenant_route("/support", listed, permission="people.read", name="support_accesses"),
    tenant_route("/support/{id}/ending", end, permission="people.write", methods=WRITES, name="support_end"),
]
