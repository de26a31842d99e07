"""A gate's device and its pages, what it is told, and the office that sets gates up and settles conflicts."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import playwright

from scenarios.tourism.gates import listing
from scenarios.tourism.models import Device, Redemption, Ticket
from scenarios.tourism.orders import codes, refunding
from tenants.gates.judging import OFFLINE
from tenants.ids import new_id
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import again, open_now, scan, station

ROOT = Path(__file__).parents[3]


async def test_a_device_comes_in_by_its_key_alone(db, bank, client):
    palace = await world.build(bank)
    at, key = await station(palace)
    _, (ticket,) = await open_now(palace)
    body = {"scans": [{"nonce": "x1", "code": codes.code_of(ticket)}]}
    assert (await client.post("/gate/scans", json=body)).status_code == 401
    shown = {"Authorization": f"Bearer {key}"}
    told = (await client.post("/gate/scans", json=body, headers=shown)).json()["told"]
    assert (told[0]["verdict"], told[0]["is_final"], told[0]["number"]) == ("accepted", True, ticket.number)
    assert (await client.post("/gate/scans", json={"scans": []}, headers=shown)).status_code == 422
    assert (await client.post("/gate/scans", content=b"no", headers=shown)).status_code == 422
    garbage = {"scans": [{"nonce": "x2", "code": 7, "people": "many", "scanned_at": "yesterday"}]}
    assert (await client.post("/gate/scans", json=garbage, headers=shown)).json()["told"][0][
        "reason"
    ] == "unknown"
    async with palace.scope():
        await Device.filter(tenant_id=palace.id).update(revoked_at=datetime.now(UTC))
    assert (await client.post("/gate/scans", json=body, headers=shown)).status_code == 401
    assert at.gate == "North"


async def test_the_page_of_a_device_works_without_script(db, bank, client):
    palace = await world.build(bank)
    _, key = await station(palace)
    _, (ticket,) = await open_now(palace)
    assert (await client.get("/gate")).status_code == 401
    inspect((await client.get(f"/gate/devices/{key}")).text)
    answer = await client.post(f"/gate/devices/{key}")
    client.cookies.set("gate-device", key, domain=client.base_url.host)
    assert answer.headers["location"] == "/gate"
    page = await client.get("/gate")
    assert "camera=(self)" in page.headers["permissions-policy"]
    inspect(page.text)
    told = await client.post("/gate", data={"nonce": "p", "code": ticket.number, "direction": "entry"})
    assert "Come in" in text_of(inspect(told.text))
    again_ = await client.post("/gate", data={"nonce": "p", "code": ticket.number, "direction": "entry"})
    assert "Come in" in text_of(inspect(again_.text))
    script = await client.get("/gate/worker.js")
    assert "/static/tourism/gate-core." in script.text
    assert script.headers["service-worker-allowed"] == "/gate"


async def test_the_list_names_what_is_no_longer_good(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    order, (one, two, three) = await open_now(palace, ("palace", "adult", 3))
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=4000, key=new_id().hex)
        await Ticket.filter(tenant_id=palace.id, id=two.id).update(serial=2)
    await scan(palace, north, three.number)
    async with palace.scope():
        found = await listing.list_for(north)
    assert found["revoked"] == {one.id.hex: 255, two.id.hex: 2}
    assert found["used"] == {three.id.hex: 1}
    assert found["key"] == codes.public_key(palace.id)


async def test_a_typed_number_is_judged_without_network_as_its_code_is(db, bank, client, tmp_path):
    """The gate's own script in a bare JavaScript engine, with the list that a device takes along."""
    palace = await world.build(bank)
    _, key = await station(palace)
    order, (good, back, late) = await open_now(palace, ("palace", "adult", 3))
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [back.id], seen_minor=4000, key=new_id().hex)
        await Ticket.filter(tenant_id=palace.id, id=late.id).update(
            valid_from=datetime.now(UTC) + timedelta(hours=1)
        )
        await Ticket.filter(tenant_id=palace.id, id=good.id).update(serial=3)
    shown = {"Authorization": f"Bearer {key}"}
    kept = (await client.get("/gate/codes.json", headers=shown)).json()
    assert good.number not in json.dumps(kept)
    again_ = await client.get(f"/gate/codes.json?numbers={kept['numbers']['mark']}", headers=shown)
    assert "numbers" not in again_.json(), "what the device has is not sent again"
    typed = [f" {good.number[:4].lower()}-{good.number[4:]}", good.number, late.number, back.number, "7777"]
    script = tmp_path / "gate.mjs"
    script.write_text(
        "".join((ROOT / name).read_text() for name in (
            "ui/static/js/signed-code.js", "scenarios/tourism/static/gate-core.js"))
        + f"const list = {json.dumps(kept)}, kept = [], told = [];"
        + f"for (const text of {json.dumps(typed)}) {{"
        " const now = Date.now() + 300000 * told.length;"
        " const facts = { text, direction: 'entry', people: 0, now, day: '' };"
        " const code = await gateCore.read(text, list);"
        " const found = gateCore.judge(code, list, kept, facts);"
        " if (found.has_let_in) kept.push({ ticket: code.ticket, direction: 'entry', people: 1, at: now });"
        " told.push(found.reason); }"
        " console.log(JSON.stringify(told));"
    )  # fmt: skip
    engine = Path(playwright.__file__).parent / "driver" / "node"
    done = await asyncio.create_subprocess_exec(engine, script, stdout=asyncio.subprocess.PIPE)
    assert json.loads((await done.communicate())[0]) == ["", "used", "not_yet", "refunded", "no_network"]


async def test_supervisors_set_up_gates_and_settle_conflicts(db, bank, client):
    palace = await world.build(bank)
    chief = await make.staff(palace.tenant, "gate_supervisor")
    await make.sign_in(client, chief.person_id)
    root = f"/t/{palace.tenant.slug}"
    inspect((await client.get(f"{root}/gates")).text)
    inspect((await client.get(f"{root}/sites/{palace.site.id}/gates/new")).text)
    wrong = await client.post(f"{root}/sites/{palace.site.id}/gates", data={"name": ""})
    assert wrong.status_code == 422
    made = await client.post(
        f"{root}/sites/{palace.site.id}/gates", data={"name": "East", "way": "both", "is_open": "1"}
    )
    gate = made.headers["location"]
    shown = await client.post(f"{gate}/devices", data={"device": "Phone 1"})
    key = text_of(inspect(shown.text)).split("/gate/devices/")[1].split()[0]
    assert (
        await client.post(gate, data={"name": "East gate", "way": "entry", "is_open": "1"})
    ).status_code == 303
    at = await again(key)
    assert at.way == "entry"
    _, (ticket,) = await open_now(palace)
    await scan(palace, at, ticket.number)
    later = datetime.now(UTC) - timedelta(hours=1)
    await scan(palace, at, ticket.number, mode=OFFLINE, scanned_at=later, has_let_in=True)
    page = text_of(inspect((await client.get(f"{root}/scans?verdict=conflict")).text))
    assert "Used already" in page
    chinese = {"Accept-Language": "zh-CN"}
    page = text_of(inspect((await client.get(f"{root}/scans?verdict=conflict", headers=chinese)).text))
    assert not re.search("Way in|To look at|Without network|Used already", page)
    assert "1 scan to look at" in text_of(inspect((await client.get(f"{root}/gates")).text))
    async with palace.scope():
        conflict = await Redemption.get(tenant_id=palace.id, verdict="conflict")
    inspect((await client.get(f"{root}/scans/{conflict.id}")).text)
    settled = await client.post(f"{root}/scans/{conflict.id}/settling", data={"reason": "A twin"})
    assert settled.status_code == 303
    assert "A twin" in text_of(inspect((await client.get(f"{root}/scans/{conflict.id}")).text))
    file = await client.get(f"{root}/scans?export=csv")
    assert ticket.number in file.text
    async with palace.scope():
        device = await Device.get(tenant_id=palace.id)
    assert (await client.post(f"{root}/gate-devices/{device.id}/revocation")).status_code == 303
