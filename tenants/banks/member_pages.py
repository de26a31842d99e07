"""One of the bank's people: who takes over when they leave, whose roles end, and who stands in during leave."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks import members
from tenants.http import WRITES, bank_route, path_id
from tenants.models import BankMembership, Branch
from tenants.permissions import BANK_ROLES
from ui.errors import Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond


class HandOverForm(BaseModel):
    """Who takes a leaver's work."""

    to: UUID = Field(title=N_("Taken over by"))


class StandInForm(BaseModel):
    """Who stands in, and when."""

    deputy: UUID = Field(title=N_("Deputy"))
    first: Day = Field(title=N_("First day"))
    last: Day = Field(title=N_("Last day"))


async def member(request: Request, actor: Actor) -> Response:
    """Show somebody's role, who could take over, and who stands in."""
    return await _member(request, actor)


async def hand_over(request: Request, actor: Actor) -> Response:
    """Give a leaver's work to a colleague."""
    form = await bind(request, HandOverForm)
    if form.is_valid:
        try:
            given = await members.hand_over(actor, path_id(request), to=form.ok.to)
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t(
                "Handed over: institutions {tenants}, applications {applications}, other work {others}.",
                tenants=given.institutions,
                applications=given.applications,
                others=given.others,
            )
            return redirect(request, f"{_root(actor)}/staff/{path_id(request)}", flash=words)
    return await _member(request, actor, handing=form, status=422)


async def end(request: Request, actor: Actor) -> Response:
    """Take a role from somebody, and go on to the next that they have."""
    ended = await members.end_role(actor, path_id(request))
    left = await members.roles_of(actor, ended)
    url = f"{_root(actor)}/staff/{left[0].id}" if left else f"{_root(actor)}/staff"
    return redirect(request, url, flash=t("{name} no longer has this role.", name=ended.name))


async def stand_in(request: Request, actor: Actor) -> Response:
    """Let a colleague stand in."""
    form = await bind(request, StandInForm)
    if form.is_valid:
        try:
            made = await members.stand_in(actor, path_id(request), **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t("{name} stands in.", name=made.name)
            return redirect(request, f"{_root(actor)}/staff/{path_id(request)}", flash=words)
    return await _member(request, actor, standing=form, status=422)


async def _member(request: Request, actor: Actor, status: int = 200, **forms: Any) -> Response:
    found = await members.member(actor, path_id(request))
    others = (
        await BankMembership.filter(bank_id=found.bank_id, ended_at=None)
        .exclude(person_id=found.person_id)
        .order_by("name")
    )
    where = {"bank_id": found.bank_id, "ended_at": None, "stands_in_for": found.name, "role": found.role}
    context = {
        "member": found,
        "role": t(BANK_ROLES[found.role].name),
        "load": await members.load_of(found),
        "roles": [await _role(one) for one in await members.roles_of(actor, found)],
        "is_me": found.person_id == actor.person_id,
        "colleagues": [(str(one.id), f"{one.name} ({t(BANK_ROLES[one.role].name)})") for one in others],
        "deputies": await BankMembership.filter(**where).order_by("since"),
        "handing": forms.get("handing") or Form.blank(HandOverForm),
        "standing": forms.get("standing") or Form.blank(StandInForm),
        "root": _root(actor),
    }
    return await respond(request, "tenants/banks/member.html", context, status=status)


async def _role(one: BankMembership) -> tuple[str, Text, Text | str]:
    """Return a role's address, what it is called, and where it holds."""
    branch = await Branch.get_or_none(bank_id=one.bank_id, id=one.branch_id) if one.branch_id else None
    return f"{one.id}/ending", t(BANK_ROLES[one.role].name), branch.name if branch else t("Whole bank")


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


STAFF = "staff.write"
ROUTES: list[BaseRoute] = [
    bank_route("/staff/{id}", member, permission=STAFF, name="bank_member"),
    bank_route("/staff/{id}/hand-over", hand_over, permission=STAFF, methods=WRITES),
    bank_route("/staff/{id}/deputies", stand_in, permission=STAFF, methods=WRITES),
    bank_route("/staff/{id}/ending", end, permission=STAFF, methods=WRITES, name="bank_staff_end"),
]
