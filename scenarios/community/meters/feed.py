"""Readings by device feed: what meters say by themselves, sent by an app that the estate has let do so.

Each is known by its installation, device and time, so that it counts once however often it is sent; what is odd about
it waits for somebody to look, as with any other reading. Answers keep the order of what was sent, one for each.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.apps.api.entry import Caller
from integrations.apps.api.operations import Operation, offer_operation
from scenarios.community.kinds import METER_KINDS
from scenarios.community.meters import readings
from scenarios.community.meters.readings import Said
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope, value
from ui.errors import AppError, Invalid
from ui.i18n import t

SCOPE, SOURCE = "meter_readings", "device"
MOST = 500
_METER = """
select id from community_meter where tenant_id = $1 and serial = $2 and kind = $3 and removed_on is null
"""


class DeviceReading(BaseModel):
    """What one meter showed at one moment, as its device says."""

    device: str = Field(min_length=1, max_length=80)
    meter: str = Field(min_length=1, max_length=40)
    kind: str
    read_at: AwareDatetime
    value: Annotated[Decimal, Field(ge=0, lt=10**12, decimal_places=3)]


class Feed(BaseModel):
    """Readings as they are sent together."""

    readings: list[DeviceReading] = Field(min_length=1, max_length=MOST)


async def take(request: Request, caller: Caller) -> Response:
    """Take the readings, and say of each how it stands."""
    tenant = await Tenant.get(id=caller.granted.tenant_id)
    sent = await _sent(request)
    actor = Actor(kind="system", name=f"{SOURCE} {caller.granted.client_id}"[:100], tenant_id=tenant.id)
    answers = [await _take(actor, tenant, caller.granted.installation_id, one) for one in sent.readings]
    return JSONResponse({"readings": answers}, headers={"Cache-Control": "no-store"})


async def _sent(request: Request) -> Feed:
    try:
        return Feed.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        text = t(
            "The body is not what it should be: {place} ({what}).", place=place or "-", what=first["msg"]
        )
        raise Invalid("readings.body", text) from error


def key_of(installation: UUID, one: DeviceReading) -> str:
    """Return what a reading is known by: who sends it, its device (which may read several meters), its moment."""
    at = one.read_at.astimezone(ZoneInfo("UTC")).isoformat()
    return (
        "feed-"
        + hashlib.sha256(f"{installation} {one.device} {one.kind} {one.meter} {at}".encode()).hexdigest()
    )


async def _take(actor: Actor, tenant: Tenant, installation: UUID, one: DeviceReading) -> Mapping[str, Any]:
    meter = await value(_METER, tenant.id, one.meter, one.kind) if one.kind in METER_KINDS else None
    if meter is None:
        return {"status": "refused", "code": "reading.no_meter"}
    day = _day(one.read_at, tenant)
    said = Said(day, one.value, SOURCE, key=key_of(installation, one))
    try:
        async with open_scope(tenant_scope(tenant.id)):
            made = await readings.submit(actor, meter, said)
    except AppError as error:
        return {"status": "refused", "code": error.code}
    status = {"submitted": "held"}.get(made.status, made.status)
    return {"status": status, "id": str(made.id), **({"flag": made.flag} if made.flag else {})}


def _day(at: datetime, tenant: Tenant) -> Any:
    return at.astimezone(ZoneInfo(tenant.timezone)).date()


_ANSWER = {
    "type": "object",
    "properties": {
        "readings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "status": {"type": "string", "enum": ["accepted", "held", "rejected", "refused"]},
                    "id": {"type": "string", "format": "uuid"},
                    "flag": {"type": "string"},
                    "code": {"type": "string"},
                },
            },
        }
    },
}
offer_operation(
    Operation(
        "readings",
        "Send what meters show, each once for its device and moment",
        SCOPE,
        Feed.model_json_schema(ref_template="#/$defs/{model}"),
        _ANSWER,
        take,
    )
)
