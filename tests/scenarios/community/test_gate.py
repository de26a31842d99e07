"""The gate: passes are good in their window as often as they say, with a network and without one, in any order."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import playwright
import pytest

from scenarios.community.models import PassUse, VisitorPass
from scenarios.community.visitors import codes, passes, scanning
from scenarios.community.visitors.scanning import Asked
from tenants.gates.judging import ACCEPTED, CONFLICT, OFFLINE, REJECTED
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.test_life import NOW, SOON, passed
from ui.errors import Forbidden

ROOT = Path(__file__).parents[3]
GATES = [uuid4(), uuid4()]


async def show(place, code, nonce="", *, actor=None, **given):
    async with place.scope():
        asked = Asked(nonce or str(uuid4()), code, GATES[0], **given)
        return await scanning.scan(actor or place.chief, asked)


def alone(nonce, one, minutes, gate=0, code=""):
    """What a gate without network has let in."""
    at = NOW + timedelta(minutes=minutes)
    return Asked(nonce, code or codes.signed(one), GATES[gate], OFFLINE, at, True, pass_id=one.id)


async def test_a_pass_is_good_in_its_window_as_often_as_it_says_and_a_try_counts_once(place):
    made = await passed(place)
    letters = codes.letters(made.id)
    first = [await show(place, letters.lower().replace("-", " "), "same") for _ in range(2)]
    assert [(one.verdict, one.used) for one in first] == [(ACCEPTED, 1)] * 2
    assert (await show(place, "SGX1234")).used == 2, "the gate knows the car"
    assert (await show(place, codes.signed(made))).reason == "used"
    later = await passed(place, replace(SOON, valid_from=NOW + timedelta(hours=2), plate=""))
    assert (await show(place, codes.letters(later.id))).reason == "not_yet"
    async with place.scope():
        await passes.revoke(place.tenant.id, later.id)
    for wrong, why in (
        (codes.letters(later.id), "revoked"),
        ("AAAAA-AAAAA", "unknown"),
        ("", "unknown"),
        (codes.signed(made)[:-4] + "AAAA", "unknown"),
        ("V1.x", "unknown"),
    ):
        told = await show(place, wrong)
        assert (told.verdict, told.reason) == (REJECTED, why)
    with pytest.raises(Forbidden):
        await show(place, letters, actor=await make.staff(place.tenant, "cashier"))


async def test_two_gates_without_network_come_to_the_same_in_any_order_and_twice(place):
    """Control: the conflict is there in every order, so a gate that forgot the other's scans would be noticed."""
    found, random = set(), Random(9)  # noqa: S311 - an order, the same each time
    for _ in range(6):
        one = await passed(place, replace(SOON, plate=""))
        sent = [
            alone("a", one, 1), alone("b", one, 2, 1), alone("c", one, 3), alone("x", one, -90),
        ]  # fmt: skip
        sent = [replace(each, nonce=f"{each.nonce}-{one.id}") for each in sent]
        order = [*sent, *sent]
        random.shuffle(order)
        async with place.scope():
            for each in order:
                await scanning.scan(place.chief, each)
            verdicts = await scanning.verdicts_of(place.tenant.id, [one.id])
            used = (await VisitorPass.get(tenant_id=place.tenant.id, id=one.id)).used
            assert await PassUse.filter(tenant_id=place.tenant.id, pass_id=one.id).count() == 4
        by_nonce = {each.scan.nonce[0]: (each.verdict, each.reason) for each in verdicts.values()}
        found.add((used, *sorted(by_nonce.items())))
    ((used, *came_to),) = found
    assert used == 2
    assert dict(came_to) == {
        "a": (ACCEPTED, ""), "b": (ACCEPTED, ""), "c": (CONFLICT, "used"), "x": (CONFLICT, "not_yet"),
    }  # fmt: skip


async def test_a_plate_stays_with_the_pass_that_the_gate_took_it_for(place):
    first, second = await passed(place), await passed(place)
    for one in (second, first):
        async with place.scope():
            told = await scanning.scan(place.chief, alone(f"plate-{one.id}", one, 1, code="SGX 1234"))
        assert told.used == 1
    async with place.scope():
        assert [one.used for one in await VisitorPass.filter(tenant_id=place.tenant.id)] == [1, 1]


async def test_what_the_gate_takes_along_and_sends(place, client):
    made, gone = await passed(place), await passed(place, replace(SOON, plate=""))
    far = await passed(
        place, replace(SOON, valid_from=NOW + timedelta(days=9), valid_until=NOW + timedelta(days=10))
    )
    async with place.scope():
        await passes.revoke(place.tenant.id, gone.id)
    guard = await make.staff(place.tenant, "gate", "Guard")
    await make.sign_in(client, guard.person_id)
    gate = f"{place.root}/gate"
    kept = (await client.get(f"{gate}/passes.json")).json()
    assert set(kept["passes"]) == {made.id.hex}
    assert kept["revoked"] == [gone.id.hex]
    script = await client.get(f"{gate}/worker.js")
    assert f'const PAGE = "{gate}"' in script.text
    assert "/static/community/gate-core." in script.text
    assert (await client.post(f"{gate}/scans", content="no")).status_code == 422
    assert (await client.post(f"{gate}/scans", json={"scans": [{}]})).status_code == 422
    scan = {
        "nonce": "n1",
        "code": codes.signed(far),
        "mode": "offline",
        "has_let_in": True,
        "scanned_at": "x",
    }
    answer = await client.post(f"{gate}/scans", json={"scans": [scan], "device": "?"})
    assert answer.json()["told"][0]["verdict"] == CONFLICT
    page = await client.get(gate)
    assert "Look at this one" in text_of(inspect(page.text))
    assert "camera=(self)" in page.headers["permissions-policy"]


async def test_the_page_judges_by_the_rules_of_the_server(place, tmp_path):
    """The gate's own script, in a bare JavaScript engine: the same answers as from the server for the same passes."""
    good, gone = await passed(place), await passed(place, replace(SOON, plate=""))
    early = await passed(place, replace(SOON, valid_from=NOW + timedelta(hours=3), plate=""))
    async with place.scope():
        await passes.revoke(place.tenant.id, gone.id)
        kept = await scanning.list_for(place.chief)
    after = await passed(place, replace(SOON, uses=1, plate=""))
    shown = [
        codes.signed(good), codes.letters(good.id), "sgx-1234", codes.signed(gone), codes.letters(early.id),
        codes.signed(after), codes.signed(after), codes.signed(after)[:-4] + "AAAA", codes.letters(after.id), "",
    ]  # fmt: skip
    script = tmp_path / "gate.mjs"
    script.write_text(
        "".join((ROOT / name).read_text() for name in (
            "ui/static/js/signed-code.js", "scenarios/community/static/gate-core.js"))
        + f"const list = {json.dumps(kept)}, kept = [], told = [];"
        + f"for (const text of {json.dumps(shown)}) {{"
        " const code = await gateCore.read(text, list);"
        " const found = gateCore.judge(code, list, kept, { now: Date.now() });"
        " if (found.has_let_in) kept.push({ ticket: code.ticket }); told.push(found.reason); }"
        " const plain = await signedCode.verifyPlainly("
        f" signedCode.fromBase64(list.key), ...(() => {{ const raw = signedCode.fromBase64({json.dumps(shown[0][3:])});"
        " return [raw.subarray(25), raw.subarray(0, 25)]; })());"
        " console.log(JSON.stringify([told, plain]));"
    )  # fmt: skip
    engine = Path(playwright.__file__).parent / "driver" / "node"
    done = await asyncio.create_subprocess_exec(engine, script, stdout=asyncio.subprocess.PIPE)
    told, plain = json.loads((await done.communicate())[0])
    assert told == ["", "", "used", "revoked", "not_yet", "", "used", "unknown", "unknown", "unknown"]
    assert plain, "the arithmetic for browsers without Ed25519"


async def test_short_words_say_in_chinese_what_they_mean_here_not_in_the_forms_of_fees(place, client):
    """Words are one for all pages: `Until` was the month a fee's rule ends, and `Round` how cents are rounded."""
    await passed(place)
    await make.sign_in(client, place.chief.person_id)
    for page, word, foreign in (("gate", "截止", "终止月份"), ("meters/round", "抄表", "舍入方式")):
        answer = await client.get(f"{place.root}/{page}", headers={"Accept-Language": "zh-CN"})
        shown = text_of(inspect(answer.text))
        assert word in shown, page
        assert foreign not in shown, page
