"""Branches and the bank's people in them: pages for whoever looks after the bank's own house."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks import structure
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Branch, TenantMove
from tenants.onboarding import queries
from tenants.onboarding.gate import tenant_of
from ui.errors import Invalid
from ui.formats import listed
from ui.forms import Form, bind
from ui.i18n import N_, ngettext, t
from ui.render import redirect, respond


class MoveForm(BaseModel):
    """Where an institution goes, who looks after it there, and why."""

    to_branch: UUID = Field(title=N_("Branch"))
    manager: UUID | Literal["nobody"] = Field(title=N_("Looked after by"))
    reason: str = Field(title=N_("Reason"), min_length=5, max_length=300)


class MergeForm(BaseModel):
    """Which branch takes over, and why."""

    into: UUID = Field(title=N_("Goes into"))
    reason: str = Field(title=N_("Reason"), min_length=5, max_length=300)


class AreasForm(BaseModel):
    """The postal codes a branch looks after."""

    areas: str = Field("", title=N_("Beginnings of postal codes"), max_length=500)


async def move_form(request: Request, actor: Actor) -> Response:
    """Show where an institution can go."""
    tenant = await tenant_of(actor, path_id(request))
    return await _move(request, actor, Form.blank(MoveForm, {"to_branch": str(tenant.branch_id)}))


async def move(request: Request, actor: Actor) -> Response:
    """Move an institution."""
    form = await bind(request, MoveForm)
    if form.is_valid:
        try:
            said = form.ok.model_dump() | ({"manager": None} if form.ok.manager == "nobody" else {})
            tenant = await structure.move_tenant(actor, path_id(request), **said)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/tenants/{tenant.id}", flash=t("The institution is in other hands.")
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
        "branches": [(str(b.id), b.name) for b in branches],
        "keepers": [
            (str(one.id), listed(filter(None, (one.name, names.get(one.branch_id) if one.branch_id else ""))))
            for one in await structure.keepers(actor)
        ],
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
            return redirect(request, f"{_root(actor)}/branches", flash=_moved(count))
    return await _branch(request, actor, found, merging=form, status=422)


def _moved(count: int) -> str:
    return ngettext("{n} institution has moved.", "{n} institutions have moved.", count)


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


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


STAFF = "staff.write"
ROUTES: list[BaseRoute] = [
    bank_route("/tenants/{id}/move", move_form, permission=STAFF, name="tenant_move_form"),
    bank_route("/tenants/{id}/move", move, permission=STAFF, methods=WRITES, name="tenant_move"),
    bank_route("/branches/{id}", branch, permission="bank.read", name="bank_branch"),
    bank_route("/branches/{id}/areas", set_areas, permission=STAFF, methods=WRITES),
    bank_route("/branches/{id}/merging", merge, permission=STAFF, methods=WRITES),
]
