"""Pages of meters for staff: the list, one meter, putting in and replacing."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import buildings_of, estate_route, nothing, root_of, tenant_of
from scenarios.community.estate.pages import decimal_or_none
from scenarios.community.kinds import METER_KINDS, METER_UNITS, SCENARIO_KEY
from scenarios.community.meters import installing, queries, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.meters.words import SOURCES, STATES, TONES
from tenants.accounts import queries as accounts
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Account
from tenants.scope import rows
from ui import charts
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Day, FieldError
from ui.formats import date_text, number
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


def number_given(value: object) -> object:
    """Return the number that was typed; it must be one."""
    found = decimal_or_none(value)
    if found is None:
        raise FieldError(t("Enter a number of zero or more, like 85.50."))
    return found


Shown = Annotated[Decimal, BeforeValidator(number_given)]


class PlateForm(BaseModel):
    """What stands on a meter."""

    kind: str = Field(title=N_("Measures"))
    serial: str = Field(title=N_("Number on the meter"), max_length=40)
    building: UUID | None = Field(None, title=N_("Building"))
    place: str = Field("", title=N_("Where it is"), max_length=100)
    installed_on: Day = Field(title=N_("Put in on"))
    start_value: Shown = Field(title=N_("It showed"))
    multiplier: Shown = Field(title=N_("Multiplier"))
    digits: int = Field(title=N_("Digits before the point"))


class ReplaceForm(PlateForm):
    """A meter that takes another one's place."""

    last_value: Shown = Field(title=N_("The old meter showed last"))


class ReadingForm(BaseModel):
    """What a meter shows."""

    read_on: Day = Field(title=N_("Read on"))
    value: Shown = Field(title=N_("It shows"))


def kind_options() -> list[tuple[str, str]]:
    """Return what meters measure, as a form offers it."""
    return [(key, f"{gettext(words)} ({METER_UNITS[key]})") for key, words in METER_KINDS.items()]


KIND_WORDS = {key: t(words) for key, words in METER_KINDS.items()}


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "serial",
            t("Meter"),
            format="code",
            sortable=True,
            is_main=True,
            href=lambda one: f"{root}/meters/{one['id']}",
        ),
        Column("kind", t("Measures"), value=lambda one: KIND_WORDS[one["kind"]]),
        Column("place", t("Place"), sortable=True),
        Column("read_on", t("Last read"), format="date", sortable=True),
        Column("value", t("It showed"), format="number"),
        Column("usage", t("Usage"), format="number", sortable=True),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List the meters that are in place."""
    tenant_id, root = tenant_of(actor), root_of(actor)
    month = (await today_at(tenant_id)).replace(day=1)
    columns = _columns(root)
    query = TableQuery.parse(request, columns=columns, filters=("kind", "state"), default_sort="place")
    if wants_export(request):
        found = await queries.meters(tenant_id, query, month, most=queries.MOST)
        return await export(request, columns, found, "meters")
    context = {
        "root": root,
        "page": Page.of(
            query, await queries.meters(tenant_id, query, month), await queries.count(tenant_id, query, month)
        ),
        "columns": columns,
        "kinds": kind_options(),
        "states": [("unread", gettext("Not read this month")), ("read", gettext("Read this month"))],
        "held": await queries.held_count(tenant_id),
        "may_write": actor.may("meters.write"),
    }
    return await respond(request, "community/meters/meters.html", context, block="list")


READINGS = (
    Column("read_on", t("Read on"), format="date", is_main=True),
    Column("value", t("It showed"), format="number"),
    Column("usage", t("Usage"), format="number"),
    Column("source", t("Source"), value=lambda one: SOURCES[one["source"]]),
    Column("read_by_name", t("By")),
    Column("status", t("State"), format="badge", tones=TONES, words=STATES),
)


async def show(request: Request, actor: Actor) -> Response:
    """Show one meter with its readings and what was used."""
    return await _show(request, actor, path_id(request), None)


async def _show(request: Request, actor: Actor, meter_id: UUID, form: Form[ReadingForm] | None) -> Response:
    tenant_id = tenant_of(actor)
    found = await queries.meter(tenant_id, meter_id)
    listed = await queries.readings_of(tenant_id, meter_id)
    now = await today_at(tenant_id)
    context = {
        "root": root_of(actor),
        "meter": found,
        "facts": _facts(found),
        "readings": listed,
        "columns": READINGS,
        "chart": _chart(listed, METER_UNITS[found["kind"]]),
        "form": form or Form.blank(ReadingForm, {"read_on": now.isoformat()}),
        "may_write": actor.may("meters.write"),
        "last": next((one for one in listed if one["status"] == "accepted"), None),
    }
    return await respond(request, "community/meters/meter.html", context, status=422 if form else 200)


def _facts(found: dict[str, Any]) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = [
        (gettext("Measures"), f"{KIND_WORDS[found['kind']]} ({METER_UNITS[found['kind']]})"),
        (gettext("Where it is"), ", ".join(filter(None, (found["place_name"], found["place"])))),
        (gettext("Put in on"), date_text(found["installed_on"])),
        (gettext("Multiplier"), number(found["multiplier"].normalize())),
        (gettext("Digits before the point"), found["digits"]),
    ]
    if found["removed_on"]:
        facts.append((gettext("Taken out on"), date_text(found["removed_on"])))
    return facts


def _chart(listed: list[dict[str, Any]], unit: str) -> charts.Chart | None:
    used = [one for one in reversed(listed) if one["usage"] is not None][-12:]
    if len(used) < 2:  # noqa: PLR2004 - one bar says nothing
        return None
    names = [date_text(one["read_on"]) for one in used]
    series = charts.Series(gettext("Usage ({unit})", unit=unit), [one["usage"] for one in used])
    return charts.bar(gettext("Read on"), names, [series])


async def read(request: Request, actor: Actor) -> Response:
    """Write down what a meter shows, at the desk."""
    meter_id = path_id(request)
    await queries.meter(tenant_of(actor), meter_id)
    form = await bind(request, ReadingForm)
    if form.is_valid:
        try:
            made = await readings.submit(actor, meter_id, Said(form.ok.read_on, form.ok.value, "desk"))
            flash = (
                t("Accepted.") if made.status == "accepted" else t("It looks odd, so it waits for a look.")
            )
            return redirect(request, f"{root_of(actor)}/meters/{meter_id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _show(request, actor, meter_id, form)


async def new(request: Request, actor: Actor) -> Response:
    """Ask what stands on a meter; of a unit where the address names its account."""
    now = await today_at(tenant_of(actor))
    form = Form.blank(
        PlateForm, {"installed_on": now.isoformat(), "start_value": "0", "multiplier": "1", "digits": "5"}
    )
    return await _ask(request, actor, form)


async def _ask(
    request: Request, actor: Actor, form: Form[Any], status: int = 200, old: Any = None
) -> Response:
    account = await _account(request, actor)
    root = root_of(actor)
    action = f"{root}/meters" + (f"?account={account.id}" if account else "")
    context = {
        "root": root,
        "form": form,
        "account": account,
        "old": old,
        "action": f"{root}/meters/{old['id']}/replacement" if old else action,
        "kinds": kind_options(),
        "buildings": await buildings_of(tenant_of(actor)),
    }
    return await respond(request, "community/meters/new.html", context, status=status)


async def _account(request: Request, actor: Actor) -> Account | None:
    asked = request.query_params.get("account", "")
    if not asked:
        return None
    try:
        return await accounts.account(actor, UUID(asked))
    except ValueError:
        raise nothing() from None


def _plate(said: PlateForm, kind: str = "") -> Plate:
    return Plate(
        kind or said.kind,
        said.serial,
        said.installed_on,
        said.start_value,
        said.multiplier,
        said.digits,
        said.place,
    )


async def create(request: Request, actor: Actor) -> Response:
    """Write down a meter."""
    account = await _account(request, actor)
    form = await bind(request, PlateForm)
    if form.is_valid:
        try:
            made = await installing.install(
                actor,
                _plate(form.ok),
                account_id=account.id if account else None,
                building_id=form.ok.building,
            )
            return redirect(
                request, f"{root_of(actor)}/meters/{made.id}", flash=t("The meter is written down.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await _ask(request, actor, form, status=422)


async def ask_replacement(request: Request, actor: Actor) -> Response:
    """Ask what the old meter showed last, and what stands on the new one."""
    old = await queries.meter(tenant_of(actor), path_id(request))
    now: date = await today_at(tenant_of(actor))
    values = {
        "kind": old["kind"],
        "installed_on": now.isoformat(),
        "start_value": "0",
        "multiplier": format(old["multiplier"].normalize(), "f"),
        "digits": str(old["digits"]),
        "place": old["place"],
    }
    return await _ask(request, actor, Form.blank(ReplaceForm, values), old=old)


async def replace(request: Request, actor: Actor) -> Response:
    """Put another meter in the old one's place."""
    old = await queries.meter(tenant_of(actor), path_id(request))
    form = await bind(request, ReplaceForm)
    if form.is_valid:
        try:
            made = await installing.replace(
                actor, old["id"], _plate(form.ok, old["kind"]), last_value=form.ok.last_value
            )
            return redirect(request, f"{root_of(actor)}/meters/{made.id}", flash=t("The meter is replaced."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _ask(request, actor, form, status=422, old=old)


async def meters_panel(actor: Actor, account: Account) -> Panel | None:
    """Return a unit's meters."""
    if account.scenario != SCENARIO_KEY or account.kind == "parking":
        return None
    found = await rows(
        "select m.id, m.serial, m.kind from community_meter m"
        " join community_unit u on u.tenant_id = $1 and u.id = m.unit_id"
        " where m.tenant_id = $1 and u.account_id = $2 and m.removed_on is null order by m.kind, m.serial",
        account.tenant_id,
        account.id,
    )
    root = root_of(actor)
    may = actor.may("meters.write") and not account.closed_on
    context = {
        "root": root,
        "meters": [{**dict(one), "words": KIND_WORDS[one["kind"]]} for one in found],
        "new": f"{root}/meters/new?account={account.id}" if may else "",
    }
    return Panel("community/meters/panel.html", context) if found or may else None


add_panel(meters_panel, order=6)
ROUTES: list[BaseRoute] = [
    estate_route("/meters", index, permission="accounts.read", name="meters"),
    estate_route("/meters/new", new, permission="meters.write", name="meter_new"),
    estate_route("/meters", create, permission="meters.write", methods=WRITES, name="meter_create"),
    estate_route("/meters/{id}", show, permission="accounts.read", name="meter"),
    estate_route("/meters/{id}/readings", read, permission="meters.write", methods=WRITES, name="meter_read"),
    estate_route(
        "/meters/{id}/replacement", ask_replacement, permission="meters.write", name="meter_ask_replace"
    ),
    estate_route(
        "/meters/{id}/replacement", replace, permission="meters.write", methods=WRITES, name="meter_replace"
    ),
]
