"""Readings by device feed: only with the estate's consent, each once for its device and moment, odd ones held."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from integrations.apps.scopes import SCOPES
from scenarios.community.meters import installing
from scenarios.community.meters.installing import Plate
from scenarios.community.models import MeterReading
from tenants import throttle
from tests import apps
from tests.integrations.apps.test_api import ASKED, bearer
from tests.scenarios.community.estate import TODAY, build

MINE = ("openid", "tenant", "meter_readings", "offline_access")
NOON = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0) - timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="session")
async def listed(db, bank):
    throttle.forget()
    return await apps.listed(await apps.vendor(bank), **ASKED)


@pytest.fixture
async def metered(place):
    async with place.scope():
        for number, flat in enumerate(place.flats[:2]):
            plate = Plate("water", f"W-{number}", TODAY - timedelta(days=30), start_value=Decimal(100))
            await installing.install(place.chief, plate, account_id=flat.id, building_id=None)
    return place


def reading(meter="W-0", value="110.5", at=NOON, device="dev-1", kind="water"):
    return {"device": device, "meter": meter, "kind": kind, "read_at": at.isoformat(), "value": value}


async def send(client, headers, *found):
    return await client.post("/api/v1/readings", json={"readings": list(found)}, headers=headers)


async def kept(place):
    async with place.scope():
        return await MeterReading.filter(tenant_id=place.tenant.id).order_by("created_at")


async def test_each_counts_once_and_odd_ones_wait(client, metered, listed):
    installation = await apps.install(metered.tenant, listed, scopes=MINE)
    headers = await bearer(client, listed, installation)
    sent = (
        reading(),
        reading("W-1", "90"),
        reading("W-9"),
        reading(kind="steam"),
        reading(at=NOON + timedelta(days=9)),
    )
    answer = await send(client, headers, *sent)
    assert answer.status_code == 200, answer.text
    said = answer.json()["readings"]
    assert [one["status"] for one in said] == ["accepted", "held", "refused", "refused", "refused"]
    assert said[1]["flag"] == "below"
    again = (await send(client, headers, *sent)).json()["readings"]
    assert again == said, "sent again it is the same answer"
    found = await kept(metered)
    assert [(one.value, one.status, one.source) for one in found] == [
        (Decimal("110.500"), "accepted", "device"),
        (Decimal("90.000"), "submitted", "device"),
    ]


async def test_only_who_was_let_and_only_there(client, metered, listed, bank):
    without = await apps.install(metered.tenant, listed, scopes=("openid", "tenant", "offline_access"))
    refused = await send(client, await bearer(client, listed, without), reading())
    assert refused.status_code == 403
    assert "meter_readings" in refused.headers["www-authenticate"]
    assert (await send(client, {}, reading())).status_code == 401
    elsewhere = await build(bank)
    other = await apps.listed(await apps.vendor(bank), **ASKED)
    installation = await apps.install(elsewhere.tenant, other, scopes=MINE)
    answer = await send(client, await bearer(client, other, installation), reading())
    assert answer.json()["readings"] == [{"status": "refused", "code": "reading.no_meter"}]
    assert await kept(metered) == []


async def test_a_body_that_is_none_says_where(client, metered, listed):
    installation = await apps.install(metered.tenant, listed, scopes=MINE)
    headers = await bearer(client, listed, installation)
    for wrong in (
        [],
        [reading(value="-1")],
        [reading(value="x")],
        [reading() | {"read_at": "2026-01-01T00:00:00"}],
    ):
        answer = await send(client, headers, *wrong)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
    assert await kept(metered) == []


async def test_the_document_describes_it(client):
    told = (await client.get("/api/v1/openapi.json")).json()["paths"]["/api/v1/readings"]["post"]
    assert "meter_readings" in told["description"]
    assert set(SCOPES) >= set(MINE)
