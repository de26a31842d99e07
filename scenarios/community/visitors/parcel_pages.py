"""The parcel desk: taken in, waiting, given out against a code."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, nothing, root_of, tenant_of, unit_named
from scenarios.community.visitors import parcels
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.scope import rows
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

_PARCELS = """
select p.id, p.number, p.carrier, p.note, p.created_at, a.number unit from community_parcel p
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where p.tenant_id = $1 and p.collected_at is null order by p.created_at limit 300
"""


class ParcelForm(BaseModel):
    """A parcel as it comes in."""

    unit: str = Field(title=N_("Unit"), max_length=60)
    carrier: str = Field("", title=N_("Brought by"), max_length=60)
    note: str = Field("", title=N_("Note"), max_length=200)


class FetchForm(BaseModel):
    """Who fetches a parcel."""

    code: str = Field(title=N_("Code"), max_length=10)
    to: str = Field("", title=N_("Fetched by"), max_length=100)


WAITING = (
    Column("unit", t("Unit")),
    Column("carrier", t("Brought by")),
    Column("note", t("Note")),
    Column("created_at", t("Since"), format="datetime"),
)


async def parcel_desk(request: Request, actor: Actor) -> Response:
    """Show the parcels that wait, and take another one in."""
    return await _desk(request, actor, Form.blank(ParcelForm))


async def _desk(request: Request, actor: Actor, form: Form[ParcelForm], status: int = 200) -> Response:
    root = root_of(actor)
    main = Column(
        "number", t("Parcel"), format="code", is_main=True, href=lambda one: f"{root}/parcels/{one['id']}"
    )
    context = {
        "root": root,
        "form": form,
        "parcels": await rows(_PARCELS, tenant_of(actor)),
        "columns": (main, *WAITING),
    }
    return await respond(request, "community/visitors/parcels.html", context, status=status)


async def take_in(request: Request, actor: Actor) -> Response:
    """Take a parcel in."""
    form = await bind(request, ParcelForm)
    if form.is_valid:
        try:
            account = await unit_named(tenant_of(actor), form.ok.unit)
            assert account is not None  # noqa: S101 - the form asks for one
            made = await parcels.take_in(actor, account, carrier=form.ok.carrier, note=form.ok.note)
            flash = t("Parcel {number} is taken in. Who lives there is told.", number=made.number)
            return redirect(request, f"{root_of(actor)}/parcels", flash=flash)
        except Invalid as error:
            form.fail_with(error)
    return await _desk(request, actor, form, status=422)


async def parcel(request: Request, actor: Actor) -> Response:
    """Ask for the code of a parcel."""
    return await _parcel(request, actor, Form.blank(FetchForm))


async def _parcel(request: Request, actor: Actor, form: Form[FetchForm], status: int = 200) -> Response:
    found = await rows(f"select * from ({_PARCELS}) p where p.id = $2", tenant_of(actor), path_id(request))
    if not found:
        raise nothing()
    context = {"root": root_of(actor), "parcel": found[0], "form": form}
    return await respond(request, "community/visitors/parcel.html", context, status=status)


async def give_out(request: Request, actor: Actor) -> Response:
    """Give a parcel out."""
    form = await bind(request, FetchForm)
    if form.is_valid:
        try:
            await parcels.give_out(actor, path_id(request), code=form.ok.code, to=form.ok.to)
            return redirect(request, f"{root_of(actor)}/parcels", flash=t("Given out."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _parcel(request, actor, form, status=422)


ROUTES: list[BaseRoute] = [
    estate_route("/parcels", parcel_desk, permission="gate.work", name="parcels"),
    estate_route("/parcels", take_in, permission="gate.work", methods=WRITES, name="parcel_take_in"),
    estate_route("/parcels/{id}", parcel, permission="gate.work", name="parcel"),
    estate_route("/parcels/{id}", give_out, permission="gate.work", methods=WRITES, name="parcel_give_out"),
]
