"""Branches and the bank's people in them: pages for whoever looks after the bank's own house."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks import structure
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import BankMembership, Branch, TenantMove
from tenants.onboarding import queries
from tenants.onboarding.gate import tenant_of
from tenants.permissions import BANK_ROLES
from ui.errors import Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class MoveForm(BaseModel):
    """Where an institution goes, and why."""

    to_branch: UUID = Field(title=N_("New branch"))
    reason: str = Field(title=N_("Reason"), min_length=5, max_length=300)


class MergeForm(BaseModel):
    """Which branch takes over, and why."""

    into: UUID = Field(title=N_("Taken over by"))
    reason: str = Field(title=N_("Reason"), min_length=5, max_length=300)


class AreasForm(BaseModel):
    """The postal codes a branch looks after."""

    areas: str = Field("", title=N_("Beginnings of postal codes"), max_length=500)


class HandOverForm(BaseModel):
    """Who takes a leaver's work."""

    to: UUID = Field(title=N_("Taken over by"))


class StandInForm(BaseModel):
    """Who stands in, and when."""

    deputy: UUID = Field(title=N_("Deputy"))
    first: Day = Field(title=N_("First day"))
    last: Day = Field(title=N_("Last day"))


async def move_form(request: Request, actor: Actor) -> Response:
    """Show where an institution can go."""
    return await _move(request, actor, Form.blank(MoveForm))


async def move(request: Request, actor: Actor) -> Response:
    """Move an institution."""
    form = await bind(request, MoveForm)
    if form.is_valid:
        try:
            tenant = await structure.move_tenant(actor, path_id(request), **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/tenants/{tenant.id}", flash=t("The institution has moved.")
            )
    return await _move(request, actor, form, status=422)


async def _move(request: Request, actor: Actor, form: Form[MoveForm], status: int = 200) -> Response:
    tenant = await tenant_of(actor, path_id(request))
    branches = await queries.branches(actor)
    names = {branch.id: branch.name for branch in await Branch.filter(bank_id=bank_of(actor))}
    moves = await TenantMove.filter(bank_id=tenant.bank_id, tenant_id=tenant.id).order_by("-moved_on")
    context = {
        "tenant": tenant,
        "form": form,
        "branches": [(str(b.id), b.name) for b in branches if b.id != tenant.branch_id],
        "moves": [(one, names.get(one.from_branch_id, ""), names.get(one.to_branch_id, "")) for one in moves],
        "root": _root(actor),
    }
    return await respond(request, "tenants/banks/move.html", context, status=status)


async def branch(request: Request, actor: Actor) -> Response:
    """Show one branch: its area, and its end."""
    found = await structure.branch_of(actor, path_id(request))
    return await _branch(request, actor, found)


async def set_areas(request: Request, actor: Actor) -> Response:
    """Set what a branch looks after."""
    form = await bind(request, AreasForm)
    found = await structure.set_areas(actor, path_id(request), form.ok.areas)
    return redirect(request, f"{_root(actor)}/branches/{found.id}", flash=t("The branch is changed."))


async def merge(request: Request, actor: Actor) -> Response:
    """Merge a branch into another one."""
    found, form = await structure.branch_of(actor, path_id(request)), await bind(request, MergeForm)
    if form.is_valid:
        try:
            count = await structure.merge(actor, found.id, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/branches", flash=t("{n} institutions have moved.", n=count)
            )
    return await _branch(request, actor, found, merging=form, status=422)


async def _branch(
    request: Request, actor: Actor, found: Branch, merging: Form[MergeForm] | None = None, status: int = 200
) -> Response:
    context = {
        "branch": found,
        "areas": Form.blank(AreasForm, {"areas": " ".join(found.areas)}),
        "merging": merging or Form.blank(MergeForm),
        "others": [(str(b.id), b.name) for b in await queries.branches(actor) if b.id != found.id],
        "root": _root(actor),
        "may_write": actor.may("staff.write"),
    }
    return await respond(request, "tenants/banks/branch.html", context, status=status)


async def member(request: Request, actor: Actor) -> Response:
    """Show somebody's role, who could take over, and who stands in."""
    return await _member(request, actor)


async def hand_over(request: Request, actor: Actor) -> Response:
    """Give a leaver's work to a colleague."""
    form = await bind(request, HandOverForm)
    if form.is_valid:
        try:
            tenants, applications, others = await structure.hand_over(actor, path_id(request), to=form.ok.to)
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t(
                "Handed over: institutions {tenants}, applications {applications}, other work {others}.",
                tenants=tenants,
                applications=applications,
                others=others,
            )
            return redirect(request, f"{_root(actor)}/staff/{path_id(request)}", flash=words)
    return await _member(request, actor, handing=form, status=422)


async def stand_in(request: Request, actor: Actor) -> Response:
    """Let a colleague stand in."""
    form = await bind(request, StandInForm)
    if form.is_valid:
        try:
            made = await structure.stand_in(actor, path_id(request), **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            words = t("{name} stands in.", name=made.name)
            return redirect(request, f"{_root(actor)}/staff/{path_id(request)}", flash=words)
    return await _member(request, actor, standing=form, status=422)


async def _member(request: Request, actor: Actor, status: int = 200, **forms: Any) -> Response:
    found = await structure.member(actor, path_id(request))
    others = (
        await BankMembership.filter(bank_id=found.bank_id, ended_at=None)
        .exclude(person_id=found.person_id)
        .order_by("name")
    )
    where = {"bank_id": found.bank_id, "ended_at": None, "stands_in_for": found.name, "role": found.role}
    context = {
        "member": found,
        "role": t(BANK_ROLES[found.role].name),
        "colleagues": [(str(one.id), f"{one.name} ({t(BANK_ROLES[one.role].name)})") for one in others],
        "deputies": await BankMembership.filter(**where).order_by("since"),
        "handing": forms.get("handing") or Form.blank(HandOverForm),
        "standing": forms.get("standing") or Form.blank(StandInForm),
        "root": _root(actor),
    }
    return await respond(request, "tenants/banks/member.html", context, status=status)


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


STAFF = "staff.write"
ROUTES: list[BaseRoute] = [
    bank_route("/tenants/{id}/move", move_form, permission=STAFF, name="tenant_move_form"),
    bank_route("/tenants/{id}/move", move, permission=STAFF, methods=WRITES, name="tenant_move"),
    bank_route("/branches/{id}", branch, permission="bank.read", name="bank_branch"),
    bank_route("/branches/{id}/areas", set_areas, permission=STAFF, methods=WRITES),
    bank_route("/branches/{id}/merging", merge, permission=STAFF, methods=WRITES),
    bank_route("/staff/{id}", member, permission=STAFF, name="bank_member"),
    bank_route("/staff/{id}/hand-over", hand_over, permission=STAFF, methods=WRITES),
    bank_route("/staff/{id}/deputies", stand_in, permission=STAFF, methods=WRITES),
]
