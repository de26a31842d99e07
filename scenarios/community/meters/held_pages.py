"""Readings that wait for a look: the list, one of them beside what was before, and the decision."""

from urllib.parse import quote

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, nothing, root_of, tenant_of
from scenarios.community.kinds import METER_UNITS
from scenarios.community.meters import queries, readings
from scenarios.community.meters.models import Meter, MeterReading
from scenarios.community.meters.pages import KIND_WORDS
from scenarios.community.meters.words import FLAG_TEXTS
from tenants.actor import Actor
from tenants.files import storage
from tenants.http import WRITES, path_id
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column


class DecisionForm(BaseModel):
    """What becomes of a reading that was held."""

    decision: str = Field(title=N_("Decision"))
    is_rollover: bool = Field(False, title=N_("The meter has begun again at zero"))
    reason: str = Field("", title=N_("Reason"), max_length=200)


HELD = (
    Column("place", t("Place"), is_main=True),
    Column("kind", t("Measures"), value=lambda one: KIND_WORDS[one["kind"]]),
    Column("read_on", t("Read on"), format="date"),
    Column("before", t("Before"), format="number"),
    Column("value", t("It shows"), format="number"),
    Column("flag", t("What is odd"), value=lambda one: FLAG_TEXTS.get(one["flag"], "")),
    Column("read_by_name", t("By")),
)


async def held(request: Request, actor: Actor) -> Response:
    """List the readings that wait for a look."""
    root = root_of(actor)
    main = Column("place", t("Place"), is_main=True, href=lambda one: f"{root}/readings/{one['id']}")
    context = {"root": root, "readings": await queries.held(tenant_of(actor)), "columns": (main, *HELD[1:])}
    return await respond(request, "community/meters/held.html", context)


async def _reading(request: Request, actor: Actor) -> MeterReading:
    found = await MeterReading.get_or_none(tenant_id=tenant_of(actor), id=path_id(request))
    if found is None:
        raise nothing()
    return found


async def look(request: Request, actor: Actor) -> Response:
    """Show a reading that was held, with its photo, and ask what becomes of it."""
    found = await _reading(request, actor)
    return await _look(request, actor, found, Form.blank(DecisionForm))


async def _look(
    request: Request, actor: Actor, found: MeterReading, form: Form[DecisionForm], status: int = 200
) -> Response:
    meter = await queries.meter(found.tenant_id, found.meter_id)
    known = await readings.before(
        await Meter.get(tenant_id=found.tenant_id, id=found.meter_id), found.read_on
    )
    context = {
        "root": root_of(actor),
        "reading": found,
        "meter": meter,
        "unit": METER_UNITS[meter["kind"]],
        "known": known,
        "flag": FLAG_TEXTS.get(found.flag, ""),
        "form": form,
    }
    return await respond(request, "community/meters/reading.html", context, status=status)


async def decide(request: Request, actor: Actor) -> Response:
    """Accept, reject or take back a reading."""
    found = await _reading(request, actor)
    form = await bind(request, DecisionForm)
    if form.is_valid:
        try:
            await _decide(actor, found, form.ok)
            return redirect(request, f"{root_of(actor)}/meters/{found.meter_id}", flash=t("Done."))
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _look(request, actor, found, form, status=422)


async def _decide(actor: Actor, found: MeterReading, said: DecisionForm) -> None:
    if said.decision == "accept":
        await readings.accept(actor, found.id, is_rollover=said.is_rollover)
    elif said.decision == "take_back":
        await readings.take_back(actor, found.id)
    else:
        await readings.reject(actor, found.id, reason=said.reason)


async def photo(request: Request, actor: Actor) -> Response:
    """Send the photo of a reading."""
    return send_photo(await _reading(request, actor))


def send_photo(found: MeterReading) -> Response:
    """Return a reading's photo; ``NotFound`` where there is none."""
    if not found.photo_key:
        raise nothing()
    try:
        content = storage().open(found.photo_key).read()
    except FileNotFoundError:
        raise nothing() from None
    headers = {
        "Content-Disposition": f"inline; filename*=UTF-8''{quote('meter')}",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=found.photo_type, headers=headers)


ROUTES: list[BaseRoute] = [
    estate_route("/readings", held, permission="meters.write", name="readings_held"),
    estate_route("/readings/{id}", look, permission="meters.write", name="reading"),
    estate_route("/readings/{id}", decide, permission="meters.write", methods=WRITES, name="reading_decide"),
    estate_route("/readings/{id}/content", photo, permission="meters.write", name="reading_photo"),
]
