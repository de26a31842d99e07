"""People of a home: whom its holder has let in, what each may see and do, and how that ends."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import nothing, resident_route
from scenarios.community.service.resident_pages import unit_seen
from tenants.accounts import guests
from tenants.accounts.guests import SIGHTS, Guest, sights_text
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.models import Holder
from tenants.onboarding.forms import check_email
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

RELATIONS = {
    "family": N_("Family member"),
    "resident": N_("Somebody who rents"),
    "proxy": N_("A proxy, who votes for you and sees nothing else"),
}


class GuestForm(BaseModel):
    """Who is invited, as what, and to what."""

    name: str = Field(title=N_("Full name"), max_length=100)
    email: Annotated[str, AfterValidator(check_email)] = Field(title=N_("E-mail"), max_length=200)
    relation: str = Field("family", title=N_("Who is it?"))
    sees: list[str] = Field([], title=N_("What may they see and do?"))


class SightForm(BaseModel):
    """What a guest may see and do."""

    sees: list[str] = Field([], title=N_("What may they see and do?"))


def sights() -> list[tuple[str, str]]:
    """Return what somebody may be given, as a form offers it."""
    return [(key, gettext(words)) for key, words in SIGHTS.items()]


async def _unit(request: Request, actor: Actor) -> dict[str, Any]:
    unit = await unit_seen(actor, path_id(request))
    if unit["is_guest"]:
        raise nothing()
    return unit


async def people(request: Request, actor: Actor) -> Response:
    """Show whom the holder has let in, and let them invite somebody."""
    unit = await _unit(request, actor)
    return await _people(request, unit, Form.blank(GuestForm, {"relation": "family"}))


async def _people(
    request: Request, unit: dict[str, Any], form: Form[GuestForm], status: int = 200
) -> Response:
    async with open_scope(tenant_scope(unit["tenant_id"])):
        found = await guests.guests_of(unit["tenant_id"], unit["id"])
    context = {
        "unit": unit,
        "form": form,
        "guests": [(one, sights_text(one.sees or [])) for one in found],
        "relations": [(key, gettext(words)) for key, words in RELATIONS.items()],
        "sights": sights(),
    }
    return await respond(request, "community/household/people.html", context, status=status)


async def invite(request: Request, actor: Actor) -> Response:
    """Invite somebody."""
    unit = await _unit(request, actor)
    form = await bind(request, GuestForm)
    if form.is_valid:
        said = form.ok
        relation = said.relation if said.relation in RELATIONS else "family"
        try:
            async with open_scope(tenant_scope(unit["tenant_id"])):
                wish = Guest(said.name, said.email, relation, said.sees)
                await guests.invite(actor, unit["tenant_id"], unit["id"], wish)
        except Invalid as error:
            form.fail_with(error)
        else:
            flash = t("Invited. They get a code by e-mail, and see nothing before they have used it.")
            return redirect(request, f"/my/units/{unit['id']}/people", flash=flash)
    return await _people(request, unit, form, status=422)


async def _guest(request: Request, unit: dict[str, Any]) -> Holder:
    guest_id: UUID = path_id(request, "guest")
    async with open_scope(tenant_scope(unit["tenant_id"])):
        for one in await guests.guests_of(unit["tenant_id"], unit["id"]):
            if one.id == guest_id:
                return one
    raise nothing()


async def one(request: Request, actor: Actor) -> Response:
    """Show what a guest may see and do."""
    unit = await _unit(request, actor)
    guest = await _guest(request, unit)
    return await _one(request, unit, guest, Form.blank(SightForm, {"sees": guest.sees}))


async def _one(
    request: Request, unit: dict[str, Any], guest: Holder, form: Form[SightForm], status: int = 200
) -> Response:
    context = {"unit": unit, "guest": guest, "form": form, "sights": sights()}
    return await respond(request, "community/household/guest.html", context, status=status)


async def allow(request: Request, actor: Actor) -> Response:
    """Change what a guest may see and do."""
    unit = await _unit(request, actor)
    guest = await _guest(request, unit)
    form = await bind(request, SightForm)
    try:
        async with open_scope(tenant_scope(unit["tenant_id"])):
            await guests.allow(actor, unit["tenant_id"], unit["id"], guest.id, sees=form.ok.sees)
    except Invalid as error:
        form.fail_with(error)
        return await _one(request, unit, guest, form, status=422)
    return redirect(request, f"/my/units/{unit['id']}/people", flash=t("Saved. It holds from now on."))


async def end(request: Request, actor: Actor) -> Response:
    """End what a guest may see."""
    unit = await _unit(request, actor)
    guest = await _guest(request, unit)
    async with open_scope(tenant_scope(unit["tenant_id"])):
        await guests.end(actor, unit["tenant_id"], unit["id"], guest.id)
    flash = t("{name} sees nothing of this home any more.", name=guest.name)
    return redirect(request, f"/my/units/{unit['id']}/people", flash=flash)


async def leave(request: Request, actor: Actor) -> Response:
    """Let a guest go."""
    unit = await unit_seen(actor, path_id(request))
    async with open_scope(tenant_scope(unit["tenant_id"])):
        await guests.leave(actor, unit["tenant_id"], unit["id"])
    return redirect(request, "/my", flash=t("You have left. You see nothing of this home any more."))


_PEOPLE = "/my/units/{id}/people"
ROUTES: list[BaseRoute] = [
    resident_route(_PEOPLE, people, name="my_people"),
    resident_route(_PEOPLE, invite, methods=WRITES, name="my_guest_invite"),
    resident_route(_PEOPLE + "/{guest}", one, name="my_guest"),
    resident_route(_PEOPLE + "/{guest}", allow, methods=WRITES, name="my_guest_allow"),
    resident_route(_PEOPLE + "/{guest}/end", end, methods=WRITES, name="my_guest_end"),
    resident_route("/my/units/{id}/leaving", leave, methods=WRITES, name="my_guest_leave"),
]
