"""The gate and the parcel desk for staff; passes for who lives here."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import day_there, estate_route, nothing, root_of, tenant_of, unit_named
from scenarios.community.service.resident_pages import unit_seen
from scenarios.community.visitors import parcels, passes
from scenarios.community.visitors.models import VisitorPass
from scenarios.community.visitors.passes import Wish
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.models import Tenant
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

STATES = {
    "good": t("Good now"),
    "early": t("Good later"),
    "used": t("Used up"),
    "over": t("Over"),
    "revoked": t("Revoked"),
}
_TODAY = """
select p.id, p.name, p.plate, p.valid_from, p.valid_until, p.uses, p.used, a.number from community_visitor_pass p
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where p.tenant_id = $1 and p.revoked_at is null and p.valid_until >= now() and p.valid_from < now() + interval '1 day'
 order by p.valid_from limit 200
"""
_CAME = """
select u.created_at, p.name, a.number, u.by_name from community_pass_use u
  join community_visitor_pass p on p.tenant_id = $1 and p.id = u.pass_id
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where u.tenant_id = $1 order by u.created_at desc limit 20
"""
_PARCELS = """
select p.id, p.number, p.carrier, p.note, p.created_at, a.number unit from community_parcel p
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where p.tenant_id = $1 and p.collected_at is null order by p.created_at limit 300
"""


class GateForm(BaseModel):
    """What somebody shows at the gate."""

    shown: str = Field(title=N_("Code or plate"), max_length=40)
    key: UUID = Field(title=N_("Number of this try"))


class ParcelForm(BaseModel):
    """A parcel as it comes in."""

    unit: str = Field(title=N_("Unit"), max_length=60)
    carrier: str = Field("", title=N_("Brought by"), max_length=60)
    note: str = Field("", title=N_("Note"), max_length=200)


class FetchForm(BaseModel):
    """Who fetches a parcel."""

    code: str = Field(title=N_("Code"), max_length=10)
    to: str = Field("", title=N_("Fetched by"), max_length=100)


class PassForm(BaseModel):
    """Who is expected."""

    name: str = Field(title=N_("Who is coming?"), max_length=100)
    plate: str = Field("", title=N_("Number plate"), max_length=20)
    first: Day = Field(title=N_("From"))
    last: Day = Field(title=N_("Until"))
    uses: int = Field(1, title=N_("How many times"))


EXPECTED = (
    Column("name", t("Who is let in"), is_main=True),
    Column("plate", t("Plate"), format="code"),
    Column("number", t("Unit")),
    Column("valid_from", t("From"), format="datetime"),
    Column("valid_until", t("Until"), format="datetime"),
    Column("left", t("Times left"), format="number", value=lambda one: one["uses"] - one["used"]),
)
CAME = (
    Column("created_at", t("Let in at"), format="datetime", is_main=True),
    Column("name", t("Who is let in")),
    Column("number", t("Unit")),
    Column("by_name", t("By")),
)


async def gate(request: Request, actor: Actor) -> Response:
    """Show the gate: one field, who is expected, who came."""
    return await _gate(request, actor, Form.blank(GateForm))


async def _gate(request: Request, actor: Actor, form: Form[GateForm], **said: Any) -> Response:
    tenant_id = tenant_of(actor)
    context = {
        "root": root_of(actor),
        "form": form,
        "key": str(uuid4()),
        "admitted": said.get("admitted"),
        "refused": said.get("refused"),
        "expected": await rows(_TODAY, tenant_id),
        "expected_columns": EXPECTED,
        "came": await rows(_CAME, tenant_id),
        "came_columns": CAME,
    }
    return await respond(
        request,
        "community/visitors/gate.html",
        context,
        status=422 if said.get("refused") or form.errors else 200,
    )


async def admit(request: Request, actor: Actor) -> Response:
    """Let somebody in, or say why not."""
    form = await bind(request, GateForm)
    if not form.is_valid:
        return await _gate(request, actor, form)
    try:
        one = await passes.admit(actor, form.ok.shown, key=str(form.ok.key))
    except NotFound:
        return await _gate(
            request, actor, form, refused=t("There is no such pass, or it is over or revoked.")
        )
    except Conflict as error:
        return await _gate(request, actor, form, refused=error.message)
    return redirect(
        request,
        f"{root_of(actor)}/gate",
        flash=t("Let in: {name} ({n} of {of}).", name=one.name, n=one.used, of=one.uses),
    )


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


async def ask_pass(request: Request, actor: Actor) -> Response:
    """Ask who is coming."""
    unit = await unit_seen(actor, path_id(request), "visitors")
    now = (await day_there(unit["tenant_id"])).isoformat()
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
        "code": passes.code_of(found.id),
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
    estate_route("/gate", gate, permission="gate.work", name="gate"),
    estate_route("/gate", admit, permission="gate.work", methods=WRITES, name="gate_admit"),
    estate_route("/parcels", parcel_desk, permission="gate.work", name="parcels"),
    estate_route("/parcels", take_in, permission="gate.work", methods=WRITES, name="parcel_take_in"),
    estate_route("/parcels/{id}", parcel, permission="gate.work", name="parcel"),
    estate_route("/parcels/{id}", give_out, permission="gate.work", methods=WRITES, name="parcel_give_out"),
    person_route("/my/units/{id}/visitors/new", ask_pass, name="my_visitor_new"),
    person_route("/my/units/{id}/visitors", issue, methods=WRITES, name="my_visitor_issue"),
    person_route("/my/visitors/{id}", show, name="my_visitor"),
    person_route("/my/visitors/{id}/revocation", revoke, methods=WRITES, name="my_visitor_revoke"),
]
