"""Pages of the estate: phases and common areas, how a building is run, and handing a unit over."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import buildings_of, estate_route, nothing, root_of, tenant_of
from scenarios.community.estate import handover, phases
from scenarios.community.estate.models import Building
from scenarios.community.kinds import SCENARIO_KEY
from tenants.accounts import queries
from tenants.accounts.forms import HolderForm
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Account
from tenants.onboarding.forms import check_email
from tenants.scope import row
from ui.errors import Conflict, Invalid
from ui.fields import Day, FieldError
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column


def decimal_or_none(value: object) -> object:
    """Return a plain number as typed, ``None`` for a blank field."""
    text = value.strip().replace(",", "") if isinstance(value, str) else value
    if text in {"", None}:
        return None
    try:
        found = Decimal(str(text))
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or not 0 <= found < Decimal(10) ** 9:
        raise FieldError(t("Enter a number of zero or more, like 85.50."))
    return found


class PhaseForm(BaseModel):
    """An estate, or a phase of one."""

    estate: str = Field(title=N_("Estate"), max_length=100)
    name: str = Field("", title=N_("Phase"), max_length=100)


class AreaForm(BaseModel):
    """A common area."""

    name: str = Field(title=N_("Name"), max_length=100)
    building: UUID | None = Field(None, title=N_("Building"))
    area_sqm: Annotated[Decimal | None, BeforeValidator(decimal_or_none)] = Field(None, title=N_("Area"))


class CareForm(BaseModel):
    """How a building is run."""

    phase: UUID | None = Field(None, title=N_("Estate or phase"))
    manager: str = Field("", title=N_("Manager"), max_length=100)
    handed_over_on: Day | None = Field(None, title=N_("Handed over on"))


class HandoverForm(BaseModel):
    """Who a unit passes to, and when."""

    on: Day = Field(title=N_("First day of the new owner"))
    name: str = Field(title=N_("Full name"), max_length=100)
    email: Annotated[str, AfterValidator(check_email)] | None = Field(
        None, title=N_("E-mail"), max_length=200
    )
    phone: str | None = Field(None, title=N_("Phone"), max_length=40)


PHASES = (
    Column("estate", t("Estate"), is_main=True),
    Column("name", t("Phase")),
    Column("buildings", t("Buildings"), format="number"),
    Column("units", t("Units"), format="number"),
    Column("area_sqm", t("Billed area (m²)"), format="number"),
    Column("managers", t("Managers")),
)
AREAS = (
    Column("name", t("Name"), is_main=True),
    Column("building", t("Building")),
    Column("area_sqm", t("Area (m²)"), format="number"),
)


async def estate(request: Request, actor: Actor) -> Response:
    """Show estates, phases and common areas."""
    return await _estate(request, actor)


async def _estate(
    request: Request,
    actor: Actor,
    *,
    phase_form: Form[PhaseForm] | None = None,
    area_form: Form[AreaForm] | None = None,
) -> Response:
    tenant_id = tenant_of(actor)
    context = {
        "root": root_of(actor),
        "phases": await phases.phases(tenant_id),
        "phase_columns": PHASES,
        "areas": await phases.common_areas(tenant_id),
        "area_columns": AREAS,
        "buildings": await buildings_of(tenant_id),
        "may_write": actor.may("accounts.write"),
        "phase_form": phase_form or Form.blank(PhaseForm),
        "area_form": area_form or Form.blank(AreaForm),
    }
    return await respond(
        request, "community/estate.html", context, status=422 if phase_form or area_form else 200
    )


async def add_phase(request: Request, actor: Actor) -> Response:
    """Write down an estate or a phase."""
    form = await bind(request, PhaseForm)
    if form.is_valid:
        try:
            await phases.add_phase(actor, estate=form.ok.estate, name=form.ok.name)
            return redirect(request, f"{root_of(actor)}/estate", flash=t("It is written down."))
        except Invalid as error:
            form.fail_with(error)
    return await _estate(request, actor, phase_form=form)


async def add_area(request: Request, actor: Actor) -> Response:
    """Write down a common area."""
    form = await bind(request, AreaForm)
    if form.is_valid:
        said = form.ok
        await phases.add_common_area(actor, name=said.name, building_id=said.building, area_sqm=said.area_sqm)
        return redirect(request, f"{root_of(actor)}/estate", flash=t("It is written down."))
    return await _estate(request, actor, area_form=form)


async def _building(request: Request, actor: Actor) -> Building:
    found = await Building.get_or_none(tenant_id=tenant_of(actor), id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def care(request: Request, actor: Actor) -> Response:
    """Ask how a building is run."""
    found = await _building(request, actor)
    known = await phases.care_of(found.tenant_id, found.id)
    values = {
        "phase": str(known.phase_id or ""),
        "manager": known.manager,
        "handed_over_on": known.handed_over_on.isoformat() if known.handed_over_on else "",
    }
    return await _care(request, actor, found, Form.blank(CareForm, values))


async def _care(
    request: Request, actor: Actor, found: Building, form: Form[CareForm], status: int = 200
) -> Response:
    known = await phases.phases(found.tenant_id)
    titles = [(str(one["id"]), ", ".join(filter(None, (one["estate"], one["name"])))) for one in known]
    context = {"root": root_of(actor), "building": found, "form": form, "phases": titles}
    return await respond(request, "community/care.html", context, status=status)


async def take_care(request: Request, actor: Actor) -> Response:
    """Keep how a building is run."""
    found = await _building(request, actor)
    form = await bind(request, CareForm)
    if not form.is_valid:
        return await _care(request, actor, found, form, status=422)
    said = form.ok
    await phases.take_care(
        actor, found, phase_id=said.phase, manager=said.manager, handed_over_on=said.handed_over_on
    )
    return redirect(request, f"{root_of(actor)}/buildings/{found.id}", flash=t("Saved."))


async def ask_handover(request: Request, actor: Actor) -> Response:
    """Ask who a unit passes to."""
    found = await queries.account(actor, path_id(request))
    values = {"on": (await today_at(found.tenant_id)).isoformat()}
    return await _handover(request, actor, found, Form.blank(HandoverForm, values))


async def _handover(
    request: Request, actor: Actor, found: Account, form: Form[HandoverForm], status: int = 200
) -> Response:
    context = {"root": root_of(actor), "account": found, "form": form}
    return await respond(request, "community/handover.html", context, status=status)


async def hand_over(request: Request, actor: Actor) -> Response:
    """Let a unit pass to a new owner."""
    found = await queries.account(actor, path_id(request))
    form = await bind(request, HandoverForm)
    if form.is_valid:
        said = form.ok
        holder = HolderForm(
            name=said.name, relation="owner", email=said.email, phone=said.phone, since=said.on
        )
        try:
            new = await handover.hand_over(actor, found.id, on=said.on, holder=holder)
            flash = t(
                "Handed over. Print or send the new owner's code; their part of the month is in the next run."
            )
            return redirect(request, f"{root_of(actor)}/accounts/{new.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _handover(request, actor, found, form, status=422)


_WHERE = """
select b.id, b.code, u.storey, u.door from community_unit u
  join community_building b on b.tenant_id = $1 and b.id = u.building_id
 where u.tenant_id = $1 and u.account_id = $2
"""


async def unit_panel(actor: Actor, account: Account) -> Panel | None:
    """Return where a unit is and who owned it before."""
    if account.scenario != SCENARIO_KEY:
        return None
    found = await row(_WHERE, account.tenant_id, account.id)
    if found is None:
        return None
    root = root_of(actor)
    facts: list[Any] = [
        (gettext("Building"), found["code"], f"{root}/buildings/{found['id']}"),
        (gettext("Storey"), found["storey"]),
    ]
    may = actor.may("accounts.write") and actor.may("credit_notes.write") and account.is_active
    context = {
        "root": root,
        "facts": facts,
        "earlier": await handover.earlier_owners(account.tenant_id, account.id),
        "hand_over": f"{root}/accounts/{account.id}/handover" if may else "",
        "reshape": f"{root}/accounts/{account.id}/reshaping" if may else "",
        "deposit": f"{root}/accounts/{account.id}/deposits/new" if actor.may("facilities.write") else "",
        "move_out": f"{root}/accounts/{account.id}/moving-out" if actor.may("bills.single") else "",
        "prepaid": f"{root}/accounts/{account.id}/prepaid" if actor.may("accounts.write") else "",
        "payer": f"{root}/accounts/{account.id}/payer" if actor.may("accounts.write") else "",
    }
    return Panel("community/unit_panel.html", context)


add_panel(unit_panel, order=5)
ROUTES: list[BaseRoute] = [
    estate_route("/estate", estate, permission="accounts.read", name="estate"),
    estate_route("/estate/phases", add_phase, permission="accounts.write", methods=WRITES, name="phase_add"),
    estate_route("/estate/areas", add_area, permission="accounts.write", methods=WRITES, name="area_add"),
    estate_route("/buildings/{id}/care", care, permission="accounts.write", name="building_care"),
    estate_route(
        "/buildings/{id}/care",
        take_care,
        permission="accounts.write",
        methods=WRITES,
        name="building_take_care",
    ),
    estate_route(
        "/accounts/{id}/handover", ask_handover, permission="credit_notes.write", name="unit_ask_handover"
    ),
    estate_route(
        "/accounts/{id}/handover",
        hand_over,
        permission="credit_notes.write",
        methods=WRITES,
        name="unit_hand_over",
    ),
]
