"""A resident reads their own meter: the figure and a photo, which staff look at before anything is billed by it."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from scenarios.community.common import one_of, resident_route
from scenarios.community.meters import readings
from scenarios.community.meters.pages import KIND_WORDS, Shown
from scenarios.community.meters.readings import Said
from scenarios.community.meters.words import STATES, TONES
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid
from ui.fields import Day, Upload
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
MOST_BYTES = 10_000_000
_MINE = """
select m.id, m.tenant_id, m.serial, m.kind, m.start_value, a.number from community_meter m
  join community_unit u on u.tenant_id = m.tenant_id and u.id = m.unit_id
  join tenants_account a on a.tenant_id = u.tenant_id and a.id = u.account_id
 where m.id = $1 and m.removed_on is null
"""
_READINGS = """
select read_on, value, usage, status, reason from community_reading
 where tenant_id = $1 and meter_id = $2 order by read_on desc, created_at desc limit 13
"""


class PhotoForm(BaseModel):
    """What the meter shows, with the proof."""

    read_on: Day = Field(title=N_("Read on"))
    value: Shown = Field(title=N_("It shows"))
    photo: Annotated[UploadFile, Upload(most_bytes=MOST_BYTES, endings=PICTURES)] = Field(title=N_("Photo"))

    model_config = {"arbitrary_types_allowed": True}


COLUMNS = (
    Column("read_on", t("Read on"), format="date", is_main=True),
    Column("value", t("It showed"), format="number"),
    Column("usage", t("Usage"), format="number"),
    Column("status", t("State"), format="badge", tones=TONES, words=STATES),
    Column("reason", t("Why")),
)


async def ask(request: Request, actor: Actor) -> Response:
    """Ask what the meter shows."""
    del actor
    found = await one_of(_MINE, path_id(request))
    now = await today_at(found["tenant_id"])
    return await _page(request, found, Form.blank(PhotoForm, {"read_on": now.isoformat()}))


async def _page(
    request: Request, found: dict[str, Any], form: Form[PhotoForm], status: int = 200
) -> Response:
    listed = await rows(_READINGS, found["tenant_id"], found["id"])
    last = next((one for one in listed if one["status"] == "accepted"), None)
    context = {
        "meter": found,
        "words": KIND_WORDS[found["kind"]],
        "before": last["value"] if last else found["start_value"],
        "form": form,
        "readings": listed,
        "columns": COLUMNS,
    }
    return await respond(request, "community/meters/mine.html", context, status=status)


async def send(request: Request, actor: Actor) -> Response:
    """Take what a resident has read."""
    found = await one_of(_MINE, path_id(request))
    form = await bind(request, PhotoForm)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(found["tenant_id"])):
                await _take(actor, found, form.ok)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
        else:
            flash = t("Thank you. Somebody looks at it before anything is billed by it.")
            return redirect(request, f"/my/meters/{found['id']}", flash=flash)
    return await _page(request, found, form, status=422)


async def _take(actor: Actor, found: dict[str, Any], said: PhotoForm) -> None:
    (kept,) = await keep_files(found["tenant_id"], [said.photo])
    await readings.submit(
        actor.within(found["tenant_id"]),
        found["id"],
        Said(said.read_on, said.value, "photo", photo_key=kept["key"], photo_type=kept["content_type"]),
    )


ROUTES: list[BaseRoute] = [
    resident_route("/my/meters/{id}", ask, name="my_meter"),
    resident_route("/my/meters/{id}/readings", send, methods=WRITES, name="my_meter_read"),
]
