"""Staff, roles, audit trail and background work of a tenant."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import invitations
from tenants.actor import Actor
from tenants.audit_list import audit_list
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Role
from tenants.onboarding.forms import check_email
from tenants.permissions import permissions_of
from tenants.scope import tenant_id
from tenants.staff import services
from ui.errors import Invalid
from ui.fields import MinorAmount
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column


class InvitationForm(BaseModel):
    """Whom to invite to which role."""

    name: str = Field(title=N_("Full name"), max_length=100)
    email: Annotated[str, AfterValidator(check_email)] = Field(title=N_("E-mail"), max_length=200)
    role: str = Field(title=N_("Role"))


class RoleForm(BaseModel):
    """What a role may do."""

    permissions: list[str] = Field([], title=N_("Permissions"))
    refund_limit_minor: Annotated[int, MinorAmount(allow_zero=True)] = Field(
        title=N_("May refund alone up to")
    )
    adjustment_limit_minor: Annotated[int, MinorAmount(allow_zero=True)] = Field(
        title=N_("May let off alone up to")
    )


async def staff(request: Request, actor: Actor) -> Response:
    """Show who works here, who is invited, and the roles."""
    return await _staff(request, actor, Form.blank(InvitationForm))


async def _staff(request: Request, actor: Actor, form: Form[InvitationForm], status: int = 200) -> Response:
    held = await services.roles()
    context = {
        "members": await services.members(actor),
        "invitations": await invitations.waiting(actor),
        "roles": held,
        "role_options": [(role.key, gettext(role.name)) for role in held],
        "form": form,
        "root": _root(actor),
        "may_write": actor.may("people.write"),
        "me": actor.person_id,
        "member_columns": (
            Column("name", t("Full name"), is_main=True),
            Column("role", t("Role"), format=lambda value, row: gettext(value)),  # noqa: ARG005
            Column("email", t("E-mail")),
            Column("created_at", t("Since"), format="date"),
        ),
    }
    return await respond(request, "tenants/staff/staff.html", context, status=status)


async def invite(request: Request, actor: Actor) -> Response:
    """Invite somebody to a role."""
    form = await bind(request, InvitationForm)
    if form.is_valid:
        given = form.ok
        try:
            await invitations.invite(actor, role=given.role, name=given.name, email=given.email)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{_root(actor)}/staff", flash=t("{name} is invited.", name=given.name))
    return await _staff(request, actor, form, status=422)


async def invite_again(request: Request, actor: Actor) -> Response:
    """Send an invitation again with a new link."""
    await invitations.resend(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/staff", flash=t("The invitation is on its way again."))


async def take_back(request: Request, actor: Actor) -> Response:
    """Take an invitation back."""
    await invitations.revoke(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/staff", flash=t("The invitation is taken back."))


async def end_membership(request: Request, actor: Actor) -> Response:
    """Take a role from somebody."""
    ended = await services.end_membership(actor, path_id(request))
    return redirect(
        request, f"{_root(actor)}/staff", flash=t("{name} no longer has this role.", name=ended.name)
    )


async def role(request: Request, actor: Actor) -> Response:
    """Show what a role may do."""
    found = await services.role(path_id(request))
    form = Form.blank(
        RoleForm,
        {
            "permissions": found.permissions,
            "refund_limit_minor": _plain(found.refund_limit_minor, actor),
            "adjustment_limit_minor": _plain(found.adjustment_limit_minor, actor),
        },
    )
    return await _role(request, actor, found, form)


async def change_role(request: Request, actor: Actor) -> Response:
    """Keep what a role may do."""
    found = await services.role(path_id(request))
    form = await bind(request, RoleForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        given = form.ok
        try:
            await services.change_role(
                actor,
                found.id,
                permissions=set(given.permissions),
                refund_limit_minor=given.refund_limit_minor,
                adjustment_limit_minor=given.adjustment_limit_minor,
            )
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{_root(actor)}/staff", flash=t("The role is changed."))
    return await _role(request, actor, found, form, status=422)


def _plain(minor: int, actor: Actor) -> str:
    return plain_amount(minor, actor.place["currency"])


async def _role(
    request: Request, actor: Actor, found: Role, form: Form[RoleForm], status: int = 200
) -> Response:
    context = {
        "role": found,
        "form": form,
        "options": [(key, gettext(name)) for key, name in permissions_of(actor.place["scenarios"]).items()],
        "currency": actor.place["currency"],
        "root": _root(actor),
        "may_write": actor.may("people.write"),
    }
    return await respond(request, "tenants/staff/role.html", context, status=status)


async def trail(request: Request, actor: Actor) -> Response:
    """Show what was done in this institution, by its staff or the bank's."""
    return await audit_list(request, "tenant_id", tenant_id(), actor.place["currency"])


async def operations(request: Request, actor: Actor) -> Response:
    """Show background work that is in trouble."""
    columns = (
        Column("created_at", t("Since"), format="datetime"),
        Column("job", t("Work"), format="code", is_main=True),
        Column("tries", t("Tries"), format="number"),
        Column("error", t("What went wrong")),
        Column(
            "due_at",
            t("Next try"),
            format="datetime",
            value=lambda row: None if row.failed_at else row.due_at,
        ),
    )
    context = {
        "found": await services.stuck_work(actor),
        "columns": columns,
        "root": _root(actor),
        "may_write": actor.may("operations.write"),
    }
    return await respond(request, "tenants/staff/operations.html", context)


async def run_again(request: Request, actor: Actor) -> Response:
    """Try failed work again."""
    await services.run_again(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/operations", flash=t("It is tried again in a moment."))


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}"


ROUTES: list[BaseRoute] = [
    tenant_route("/staff", staff, permission="people.read", name="tenant_staff"),
    tenant_route("/staff/invitations", invite, permission="people.write", methods=WRITES),
    tenant_route("/staff/invitations/{id}/renewal", invite_again, permission="people.write", methods=WRITES),
    tenant_route("/staff/invitations/{id}/revocation", take_back, permission="people.write", methods=WRITES),
    tenant_route("/staff/memberships/{id}/ending", end_membership, permission="people.write", methods=WRITES),
    tenant_route("/staff/roles/{id}", role, permission="people.read"),
    tenant_route("/staff/roles/{id}", change_role, permission="people.write", methods=WRITES),
    tenant_route("/audit", trail, permission="audit.read", name="tenant_audit"),
    tenant_route("/operations", operations, permission="operations.read"),
    tenant_route("/operations/{id}/retry", run_again, permission="operations.write", methods=WRITES),
]
