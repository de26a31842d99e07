"""Every page of an estate, as staff and residents see it, in both languages."""

import io
from uuid import uuid4

import pytest
from PIL import Image

from scenarios.community.meters import installing, readings
from scenarios.community.meters.installing import Plate
from scenarios.community.meters.readings import Said
from scenarios.community.models import CostPool, Meter, MeterReading, PoolInvoice
from scenarios.community.pools import service
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import month_back
from tests.tenants.imports.uploads import Desk, csv_of

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh-CN"])


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(out, "PNG")
    return out.getvalue()


async def sound(client, language, *paths):
    for path in paths:
        answer = await client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, (path, answer.status_code)
        if answer.headers["content-type"].startswith("text/html"):
            inspect(answer.text)


@LANGUAGES
async def test_pages_of_the_estate_are_sound(place, client, language):
    await make.sign_in(client, place.chief.person_id)
    root = place.root
    async with place.scope():
        meter = await installing.install(
            place.chief, Plate("water", "W-1", month_back(3)), account_id=place.flats[0].id, building_id=None
        )
        await readings.submit(place.chief, meter.id, Said(month_back(2), 30, "round"))
        await readings.submit(place.chief, meter.id, Said(month_back(1), 60, "round"))
        odd = await readings.submit(place.chief, meter.id, Said(month_back(0), 20, "round"))
    building = f"{root}/buildings/{meter.building_id}"
    await sound(
        client, language, f"{root}/estate", building, f"{building}?by=occupancy", f"{building}?by=work"
    )
    await sound(client, language, f"{building}/care", f"{root}/accounts/{place.flats[0].id}")
    await sound(
        client, language, f"{root}/meters", f"{root}/meters?state=unread&kind=water", f"{root}/meters/new"
    )
    await sound(client, language, f"{root}/meters?export=csv", f"{root}/meters/{meter.id}")
    await sound(
        client,
        language,
        f"{root}/meters/{meter.id}/replacement",
        f"{root}/readings",
        f"{root}/readings/{odd.id}",
    )
    await sound(
        client,
        language,
        f"{root}/meters/round",
        f"{root}/meters/round-worker.js",
        f"{root}/pools",
        f"{root}/pools/new",
    )


async def test_an_estate_is_written_down_in_forms(place, client):
    await make.sign_in(client, place.chief.person_id)
    root = place.root
    for given in ({"estate": "Hill Court", "name": "Phase 1"}, {"estate": "Hill Court", "name": "Phase 2"}):
        assert (await client.post(f"{root}/estate/phases", data=given)).status_code == 303
    twice = await client.post(f"{root}/estate/phases", data={"estate": "Hill Court", "name": "Phase 2"})
    assert twice.status_code == 422
    inspect(twice.text)
    assert (
        await client.post(f"{root}/estate/areas", data={"name": "Hall", "area_sqm": "120.5"})
    ).status_code == 303
    page = inspect((await client.get(f"{root}/estate")).text)
    assert "Phase 2" in text_of(page)
    assert "120.5" in text_of(page)


async def test_a_round_is_walked_and_sent_twice(place, client):
    await make.sign_in(client, (await make.staff(place.tenant, "technician")).person_id)
    async with place.scope():
        meters = [
            await installing.install(
                place.chief, Plate("water", f"W-{n}", month_back(3)), account_id=flat.id, building_id=None
            )
            for n, flat in enumerate(place.flats)
        ]
    address = f"{place.root}/meters/round"
    page = await client.get(address)
    inspect(page.text)
    form = {"round": str(uuid4()), "read_on": month_back(0).isoformat()}
    form |= {f"value-{one.id}": str(10 + n) for n, one in enumerate(meters)}
    wrong = await client.post(address, data={**form, f"value-{meters[0].id}": "ten"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    for _ in range(2):
        assert (await client.post(address, data=form)).status_code == 303
    async with place.scope():
        assert await MeterReading.filter(tenant_id=place.tenant.id, status="accepted").count() == 3
    left = await client.get(address)
    assert "Nothing left to read here" in left.text


async def test_a_resident_sends_a_photo_and_staff_look_at_it(place, client):
    ann = await make.person("Ann")
    await make.holder(place.flats[0], ann)
    async with place.scope():
        meter = await installing.install(
            place.chief, Plate("water", "W-1", month_back(3)), account_id=place.flats[0].id, building_id=None
        )
    await make.sign_in(client, ann.id)
    address = f"/my/meters/{meter.id}"
    inspect((await client.get(address)).text)
    photo = {"photo": ("meter.png", picture(), "image/png")}
    form = {"read_on": month_back(0).isoformat(), "value": "12"}
    assert (await client.post(f"{address}/readings", data=form)).status_code == 422
    assert (await client.post(f"{address}/readings", data=form, files=photo)).status_code == 303
    await make.sign_in(client, (await make.person("Stranger")).id)
    assert (await client.get(address)).status_code == 404
    await make.sign_in(client, place.chief.person_id)
    async with place.scope():
        sent = await MeterReading.get(tenant_id=place.tenant.id, meter_id=meter.id)
    page = f"{place.root}/readings/{sent.id}"
    assert (await client.get(f"{page}/content")).content == picture()
    assert (await client.post(page, data={"decision": "accept"})).status_code == 303
    async with place.scope():
        assert (await MeterReading.get(tenant_id=place.tenant.id, id=sent.id)).usage == 12


async def test_meters_and_readings_come_in_from_files_and_the_same_file_changes_nothing(place, client):
    await make.sign_in(client, place.chief.person_id)
    head = ("Number on the meter", "Measures", "Unit or building", "Put in on", "It showed")
    meters = csv_of(
        ("W-1", "water", place.flats[0].number, month_back(3).isoformat(), "5"),
        ("P-1", "power", "9 Hill St", month_back(3).isoformat(), ""),
        ("W-2", "water", "Nowhere #1", month_back(3).isoformat(), ""),
        header=head,
    )
    desk = Desk(client, place.tenant, "community_meters")
    found = await desk.bring_in(meters, "meters.csv")
    assert (found.counts["rows"], found.counts["good"]) == (3, 2)
    columns = ("Number on the meter", "Measures", "Read on", "It shows")
    content = csv_of(
        ("W-1", "water", month_back(2).isoformat(), "15"),
        ("W-1", "water", month_back(1).isoformat(), "27.5"),
        ("W-7", "water", month_back(1).isoformat(), "27.5"),
        header=columns,
    )
    desk = Desk(client, place.tenant, "community_readings")
    await desk.bring_in(content, "readings.csv")
    again = await desk.check(content, "readings.csv")
    assert (again.counts["added"], again.counts["unchanged"]) == (0, 2)
    async with place.scope():
        assert await Meter.filter(tenant_id=place.tenant.id).count() == 2
        found_readings = await MeterReading.filter(tenant_id=place.tenant.id).order_by("read_on")
    assert [float(one.usage or 0) for one in found_readings] == [10, 12.5]


async def test_a_pool_is_filled_divided_and_seen_by_its_payers(place, client):
    ann = await make.person("Ann")
    await make.holder(place.flats[0], ann)
    await make.sign_in(client, place.chief.person_id)
    form = {"name_en": "Cleaning", "name_zh_CN": "保洁", "period": f"{month_back(0):%Y-%m}", "basis": "area"}
    assert (
        await client.post(f"{place.root}/pools", data={**form, "name_en": "", "name_zh_CN": " "})
    ).status_code == 422
    form["budget_minor"] = "100.00"
    wrong = await client.post(f"{place.root}/pools", data={**form, "excluded": "Nowhere"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    made = await client.post(f"{place.root}/pools", data=form)
    address = made.headers["location"]
    invoice = {"supplier": "Clean & Co", "invoiced_on": month_back(0).isoformat(), "amount_minor": "100.01"}
    invoice |= {"note_en": "Stairs", "note_zh_CN": "楼梯保洁"}
    paper = {"paper": ("bill.png", picture(), "image/png")}
    assert (await client.post(f"{address}/invoices", data=invoice, files=paper)).status_code == 303
    assert (
        await client.post(f"{address}/invoices", data={**invoice, "amount_minor": "x"})
    ).status_code == 422
    inspect((await client.get(address)).text)
    assert (await client.post(f"{address}/closing")).status_code == 303
    inspect((await client.get(address)).text)
    assert (await client.get(f"{address}?export=csv")).status_code == 200
    async with place.scope():
        pool = await CostPool.get(tenant_id=place.tenant.id)
        paper_of = await PoolInvoice.get(tenant_id=place.tenant.id)
        assert (await service.share_of(pool, place.flats[0].id)).amount_minor > 0
    await make.sign_in(client, ann.id)
    mine = await client.get(f"/my/pools/{pool.id}", headers={"Accept-Language": "zh-CN"})
    assert "楼梯保洁" in text_of(inspect(mine.text))
    mine = await client.get(f"/my/pools/{pool.id}", headers={"Accept-Language": "en"})
    assert "Stairs" in text_of(inspect(mine.text))
    assert "100.01" in mine.text
    for path in (f"/my/pools/{pool.id}", "/my/home"):
        read = [(await client.get(path, headers={"Accept-Language": one})).text for one in ("en", "zh-CN")]
        assert ["Cleaning" in text for text in read] == [True, False]
        assert ["保洁" in text for text in read] == [False, True]
    content = await client.get(f"/my/pools/{pool.id}/invoices/{paper_of.id}/content")
    assert content.content == picture()
    await make.sign_in(client, (await make.person("Stranger")).id)
    assert (await client.get(f"/my/pools/{pool.id}")).status_code == 404
