"""Passes for who lives here: asked for, shown, revoked."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import nothing, resident_route
from scenarios.community.service.resident_pages import unit_seen
from scenarios.community.visitors import codes, passes
from scenarios.community.visitors.models import VisitorPass
from scenarios.community.visitors.passes import Wish
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

STATES = {
    "good": t("Good now"),
    "early": t("Good later"),
    "used": t("Used up"),
    "over": t("Over"),
    "revoked": t("Revoked"),
}


class PassForm(BaseModel):
    """Who is expected."""

    name: str = Field(title=N_("Who is coming?"), max_length=100)
    plate: str = Field("", title=N_("Number plate"), max_length=20)
    first: Day = Field(title=N_("From"))
    last: Day = Field(title=N_("Until"))
    uses: int = Field(1, title=N_("How many times"))


async def ask_pass(request: Request, actor: Actor) -> Response:
    """Ask who is coming."""
    unit = await unit_seen(actor, path_id(request), "visitors")
    now = (await today_at(unit["tenant_id"])).isoformat()
    return await _ask_pass(request, unit, Form.blank(PassForm, {"first": now, "last": now, "uses": "1"}))


async def _ask_pass(
    request: Request, unit: dict[str, Any], form: Form[PassForm], status: int = 200
) -> Response:
    return await respond(request, "community/visitors/new.html", {"unit": unit, "form": form}, status=status)


async def issue(request: Request, actor: Actor) -> Response:
    """Issue a pass."""
    unit = await unit_seen(actor, path_id(request), "visitors")
    form = await bind(request, PassForm)
    if form.is_valid:
        said, zone = form.ok, (await Tenant.get(id=unit["tenant_id"])).timezone
        wish = Wish(
            said.name, _at(said.first, zone), _at(said.last + timedelta(days=1), zone), said.uses, said.plate
        )
        try:
            async with open_scope(tenant_scope(unit["tenant_id"])):
                made = await passes.issue(actor, unit["tenant_id"], unit["id"], wish)
        except Invalid as error:
            form.fail("last" if "valid_until" in error.fields else next(iter(error.fields)), error.message)
        else:
            return redirect(
                request, f"/my/visitors/{made.id}", flash=t("The pass is ready. Show or send the code.")
            )
    return await _ask_pass(request, unit, form, status=422)


def _at(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


async def _own(request: Request) -> VisitorPass:
    found = await VisitorPass.get_or_none(id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def show(request: Request, actor: Actor) -> Response:
    """Show a pass with its code."""
    del actor
    found = await _own(request)
    state = passes.state_of(found, datetime.now(UTC))
    context = {
        "one": found,
        "letters": codes.letters(found.id),
        "code": codes.signed(found),
        "state": STATES[state],
        "is_good": state in {"good", "early"},
        "tenant": await Tenant.get(id=found.tenant_id),
    }
    return await respond(request, "community/visitors/pass.html", context)


async def revoke(request: Request, actor: Actor) -> Response:
    """Revoke a pass."""
    del actor
    found = await _own(request)
    async with open_scope(tenant_scope(found.tenant_id)):
        await passes.revoke(found.tenant_id, found.id)
    return redirect(request, f"/my/visitors/{found.id}", flash=t("Nobody comes in with it any more."))


ROUTES: list[BaseRoute] = [
    resident_route("/my/units/{id}/visitors/new", ask_pass, name="my_visitor_new"),
    resident_route("/my/units/{id}/visitors", issue, methods=WRITES, name="my_visitor_issue"),
    resident_route("/my/visitors/{id}", show, name="my_visitor"),
    resident_route("/my/visitors/{id}/revocation", revoke, methods=WRITES, name="my_visitor_revoke"),
]
