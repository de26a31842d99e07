"""The bank's staff page."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from integrations.bank_staff import services
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route
from tenants.models import BankMembership, Branch
from tenants.onboarding import queries
from tenants.onboarding.forms import check_email
from tenants.permissions import BANK_ROLES
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

MOST = 1000


class StaffForm(BaseModel):
    """Who gets which role where."""

    staff_number: str = Field(title=N_("Staff number at the bank"), max_length=100)
    name: str = Field(title=N_("Full name"), max_length=100)
    email: Annotated[str, AfterValidator(check_email)] = Field(title=N_("E-mail"), max_length=200)
    role: str = Field(title=N_("Role"))
    branch_id: UUID | None = Field(None, title=N_("Branch"))


async def staff(request: Request, actor: Actor) -> Response:
    """List the bank's own people and what they may do."""
    return await _staff(request, actor, Form.blank(StaffForm))


async def _staff(request: Request, actor: Actor, form: Form[StaffForm], status: int = 200) -> Response:
    bank_id = bank_of(actor)
    branches = {branch.id: branch.name for branch in await Branch.filter(bank_id=bank_id)}
    found = await BankMembership.filter(bank_id=bank_id, ended_at=None).order_by("name", "role").limit(MOST)
    people = [
        {
            "membership": one,
            "role": t(BANK_ROLES[one.role].name),
            "branch": branches[one.branch_id] if one.branch_id else t("Whole bank"),
        }
        for one in found
    ]
    context = {
        "people": people,
        "form": form,
        "roles": [(key, gettext(role.name)) for key, role in BANK_ROLES.items()],
        "branches": [(str(b.id), b.name) for b in await queries.branches(actor)],
        "root": f"/bank/{actor.place['slug']}",
        "may_write": actor.may("staff.write"),
        "me": actor.person_id,
    }
    return await respond(request, "integrations/bank_staff/staff.html", context, status=status)


async def add(request: Request, actor: Actor) -> Response:
    """Give somebody of the bank a role here."""
    form = await bind(request, StaffForm)
    if form.is_valid:
        try:
            await services.add(actor, **form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            url = f"/bank/{actor.place['slug']}/staff"
            return redirect(request, url, flash=t("{name} can sign in now.", name=form.ok.name))
    return await _staff(request, actor, form, status=422)


ROUTES: list[BaseRoute] = [
    bank_route("/staff", staff, permission="bank.read", name="bank_staff"),
    bank_route("/staff", add, permission="staff.write", methods=WRITES, name="bank_staff_add"),
]
