"""Gates: who comes in, who does not and why; without a network the batches merge to one truth in any order."""

import asyncio
import itertools
import random
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.tourism.gates import listing, presence, scanning
from scenarios.tourism.gates.door import station_of
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.gates.staff import annul_scan
from scenarios.tourism.models import Device, Gate, PassHolder, Redemption, Ticket
from scenarios.tourism.orders import changing, codes, placing, refunding
from tenants.codes import hash_token, new_token
from tenants.gates import judging as core
from tenants.gates.judging import ENTRY, EXIT, OFFLINE, ONLINE, Rights
from tenants.ids import new_id
from tenants.scope import NOTHING, open_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from ui.errors import Conflict

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
GATES = [UUID(int=n) for n in range(3)]


async def station(palace, name: str = "North", **gate):
    """A device at a gate of its own, and its key."""
    key = new_token()
    async with palace.scope():
        made = await Gate.create(
            tenant_id=palace.id, site_id=palace.site.id, name=name, **({"products": []} | gate)
        )
        await Device.create(
            tenant_id=palace.id, gate_id=made.id, name=name, key_hash=hash_token(key), added_by_name="Mei"
        )
    return await again(key), key


async def again(key):
    async with open_scope(NOTHING):
        return await station_of(key)


async def open_now(palace, *wanted, **more):
    """Tickets that let in at this moment."""
    order = await world.bought(palace, *wanted, **more)
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id, order_id=order.id).update(
            valid_from=datetime.now(UTC) - timedelta(hours=4),
            valid_until=datetime.now(UTC) + timedelta(hours=4),
        )
    return order, await world.tickets(palace, order)


async def scan(palace, at, code, **more):
    async with palace.scope():
        return await scanning.scan(at, Asked(more.pop("nonce", new_token()), code, **more))


async def fresh(palace, ticket) -> Ticket:
    async with palace.scope():
        return await Ticket.get(tenant_id=palace.id, id=ticket.id)


async def test_a_ticket_lets_in_once_and_its_use_is_kept(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    south, _ = await station(palace, "South")
    _, (ticket,) = await open_now(palace)
    code = codes.code_of(ticket)
    first = await scan(palace, north, code, nonce="n-1")
    assert (first.verdict, first.reason, first.visitor_kind) == ("accepted", "", "adult")
    assert await scan(palace, north, code, nonce="n-1") == first
    once_more = await scan(palace, north, code)
    assert (once_more.verdict, once_more.is_repeat) == ("accepted", True)
    elsewhere = await scan(palace, south, code)
    assert (elsewhere.verdict, elsewhere.reason) == ("rejected", "used")
    after = await fresh(palace, ticket)
    assert (after.status, after.used, after.inside) == ("used", 1, 1)
    async with palace.scope():
        assert await Redemption.filter(tenant_id=palace.id).count() == 3
    out = await scan(palace, south, ticket.number, direction=EXIT)
    assert out.verdict == "accepted"
    assert (await fresh(palace, ticket)).inside == 0


async def test_each_refusal_says_why(db, bank):
    palace, other = await world.build(bank), await world.build(bank)
    north, _ = await station(palace)
    order, (ticket,) = await open_now(palace)
    code = codes.code_of(ticket)

    async def why(at=north, text=code, **more):
        told = await scan(palace, at, text, **more)
        assert told.verdict == "rejected"
        return told.reason

    assert await why(text="T1.nonsense") == "unknown"
    assert await why(text="0000000000") == "unknown"
    _, (theirs,) = await open_now(other)
    assert await why(text=codes.code_of(theirs)) == "unknown"
    exit_only, _ = await station(palace, "Exit", way="exit")
    assert await why(exit_only) == "wrong_way"
    closed, _ = await station(palace, "Closed", is_open=False)
    assert await why(closed) == "gate_closed"
    clocks, _ = await station(palace, "Clocks", products=[str(palace.products["clocks"].id)])
    assert await why(clocks) == "other_gate"
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(valid_until=datetime.now(UTC))
    assert await why() == "expired"
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=datetime.now(UTC) + timedelta(1), valid_until=datetime.now(UTC) + timedelta(2)
        )
    assert await why() == "not_yet"
    second = (await world.slots_of(palace))[1]
    async with palace.scope():
        await changing.change_slot(
            palace.guest, order.id, day=palace.day, slot_id=second.id, key=new_id().hex
        )
        await Ticket.filter(tenant_id=palace.id).update(valid_from=datetime.now(UTC) - timedelta(1))
    assert await why() == "revoked"
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [ticket.id], seen_minor=4000, key=new_id().hex)
    assert await why() == "refunded"
    held = await world.place(palace)
    (unpaid,) = await world.tickets(palace, held)
    assert await why(text=unpaid.number) == "not_paid"


async def test_a_group_comes_in_by_count(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    _, (ticket,) = await open_now(palace, ("group", "adult", 12))
    first = await scan(palace, north, ticket.number, people=5)
    assert (first.verdict, first.used) == ("accepted", 5)
    assert (await fresh(palace, ticket)).status == "part_used"
    south, _ = await station(palace, "South")
    too_many = await scan(palace, south, ticket.number, people=8)
    assert (too_many.verdict, too_many.reason) == ("rejected", "used")
    rest = await scan(palace, south, ticket.number)
    assert (rest.people, rest.used) == (7, 12)
    after = await fresh(palace, ticket)
    assert (after.status, after.inside) == ("used", 12)


async def test_a_pass_lets_in_once_a_day(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    south, _ = await station(palace, "South")
    _, (ticket,) = await open_now(palace)
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(kind="pass", uses=32000, uses_per_day=1)
        await PassHolder.create(
            tenant_id=palace.id, ticket_id=ticket.id, photo=b"x", photo_type="image/png", status="registered"
        )
    assert (await scan(palace, north, ticket.number)).verdict == "accepted"
    second = await scan(palace, south, ticket.number)
    assert (second.verdict, second.reason) == ("rejected", "used_today")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    async with palace.scope():
        await Redemption.filter(tenant_id=palace.id, verdict="accepted").update(
            day=yesterday.date(), scanned_at=yesterday
        )
    assert (await scan(palace, south, ticket.number)).verdict == "accepted"


async def test_nobody_more_comes_in_than_may_be_on_site(db, bank):
    palace = await world.build(bank)
    async with palace.scope():
        await type(palace.site).filter(tenant_id=palace.id).update(instant_cap=1)
    north, _ = await station(palace)
    _, (one, two) = await open_now(palace, ("palace", "adult", 2))
    assert (await scan(palace, north, one.number)).verdict == "accepted"
    assert (await scan(palace, north, two.number)).reason == "full"
    await scan(palace, north, one.number, direction=EXIT)
    assert (await scan(palace, north, two.number)).verdict == "accepted"


async def test_a_supervisor_annuls_and_the_ticket_is_good_again(db, bank):
    palace = await world.build(bank)
    north, _ = await station(palace)
    _, (ticket,) = await open_now(palace)
    await scan(palace, north, ticket.number)
    chief = await make.staff(palace.tenant, "gate_supervisor")
    async with palace.scope():
        (done,) = await Redemption.filter(tenant_id=palace.id)
        await annul_scan(chief, done.id, "Scanned by mistake")
        with pytest.raises(Conflict):
            await annul_scan(chief, done.id, "Again")
    after = await fresh(palace, ticket)
    assert (after.status, after.used, after.inside) == ("issued", 0, 0)
    assert (await scan(palace, north, ticket.number)).verdict == "accepted"


def batches(tickets, devices, start):
    """Five devices that were alone for two hours and let the same hundred codes in, each at its own times."""
    drawn = random.Random(7)  # noqa: S311 - the same times in every run
    for number, device in enumerate(devices):
        made = []
        for place, ticket in enumerate(tickets):
            when = start + timedelta(seconds=drawn.randrange(7200))
            made.append(
                Asked(
                    f"off-{number}-{place}",
                    codes.code_of(ticket),
                    mode=OFFLINE,
                    scanned_at=when,
                    has_let_in=True,
                )
            )
        drawn.shuffle(made)
        yield device, made


async def merged(palace, order):
    for device, batch in order:
        for asked in batch:
            async with palace.scope():
                await scanning.scan(device, asked)
    async with palace.scope():
        scans = await Redemption.filter(tenant_id=palace.id).order_by("device_id", "nonce")
        tickets = await Ticket.filter(tenant_id=palace.id).order_by("id")
    return (
        [(one.nonce, one.verdict, one.reason, one.is_repeat) for one in scans],
        [(one.used, one.inside, one.status) for one in tickets],
    )


async def test_ten_gates_half_of_them_alone_for_two_hours_with_the_same_hundred_codes(db, bank):
    palace = await world.build(bank, day_cap=100, half=100, most_per_order=100)
    devices = [(await station(palace, f"Gate {n}"))[0] for n in range(10)]
    _, tickets = await open_now(palace, ("palace", "adult", 100))
    start = datetime.now(UTC) - timedelta(hours=2)
    for place in range(30):
        await scan(palace, devices[place % 5], tickets[place].number)
    alone = list(batches(tickets, devices[5:], start))
    first = await merged(palace, alone)
    await merged(palace, alone)
    assert await merged(palace, [(d, list(reversed(b))) for d, b in reversed(alone)]) == first
    verdicts, states = first
    assert states == [(1, 1, "used")] * 100
    offline = [one for one in verdicts if one[0].startswith("off-")]
    accepted = [one for one in offline if one[1] == "accepted" and not one[3]]
    conflicts = [one for one in offline if one[1] == "conflict"]
    assert len(offline) == 500
    assert len(accepted) == 70
    assert len(conflicts) == 430
    async with palace.scope():
        assert await presence.on_site(palace.id, palace.site.id) == 100


async def test_what_comes_in_any_order_is_judged_alike(db, bank):
    palace = await world.build(bank)
    devices = [(await station(palace, f"Gate {n}"))[0] for n in range(3)]
    _, (ticket,) = await open_now(palace)
    start = datetime.now(UTC) - timedelta(hours=1)
    code = codes.code_of(ticket)
    times = [start + timedelta(minutes=9 * n) for n in range(3)]
    made = [
        (device, Asked(f"n{n}", code, mode=OFFLINE, scanned_at=times[n], has_let_in=True))
        for n, device in enumerate(devices)
    ]
    results = set()
    for order in itertools.permutations(made):
        async with palace.scope():
            await Redemption.filter(tenant_id=palace.id).delete()
        results.add(str(await merged(palace, [(device, [asked]) for device, asked in order])))
    assert len(results) == 1


def scans_of(draws):
    return [
        core.Scan(
            UUID(int=n + 100), f"n{n:03}", GATES[gate], (ENTRY, EXIT)[exit_], OFFLINE, people,
            NOW.date(), NOW + timedelta(minutes=minute), let_in, "", annulled,
        )
        for n, (gate, exit_, people, minute, let_in, annulled) in enumerate(draws)
    ]  # fmt: skip


DRAWS = st.lists(
    st.tuples(
        st.integers(0, 2), st.booleans(), st.integers(1, 3), st.integers(0, 90), st.booleans(), st.booleans()
    ),
    max_size=9,
)


@settings(max_examples=150, deadline=None)
@given(DRAWS, st.integers(1, 4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_the_rules_know_no_order_and_never_count_beyond_the_ticket(draws, people, uses, chance):
    rights, scans = Rights(people, uses), scans_of(draws)
    shuffled = list(scans)
    chance.shuffle(shuffled)
    one, two = core.judge(rights, scans), core.judge(rights, shuffled)
    assert {v.scan.id: (v.verdict, v.reason, v.is_repeat) for v in one.verdicts} == {
        v.scan.id: (v.verdict, v.reason, v.is_repeat) for v in two.verdicts
    }
    assert (one.used, one.inside) == (two.used, two.inside)
    assert one.used <= rights.most
    assert 0 <= one.inside <= people


@settings(max_examples=150, deadline=None)
@given(DRAWS, st.integers(1, 3))
def test_online_never_lets_in_beyond_the_ticket(draws, uses):
    rights = Rights(1, uses)
    kept: list[core.Scan] = []
    in_time = sorted(draws, key=lambda one: one[3])
    for scan_ in scans_of([(g, False, 1, m, True, False) for g, _, _, m, _, _ in in_time]):
        asked = core.Scan(**{name: getattr(scan_, name) for name in core.Scan.__slots__} | {"mode": ONLINE})
        told = core.would_accept(rights, kept, asked)
        let_in = told.verdict == core.ACCEPTED
        kept.append(
            core.Scan(**{name: getattr(asked, name) for name in core.Scan.__slots__} | {"has_let_in": let_in})
        )
        counted = [
            v for v in core.judge(rights, kept).verdicts if v.verdict == core.ACCEPTED and not v.is_repeat
        ]
        assert len(counted) <= uses
        assert not [v for v in core.judge(rights, kept).verdicts if v.verdict == core.CONFLICT]


async def test_used_and_given_back_are_never_both(committed, bank):
    """The two contend for one row: raced a thousand times, a ticket that was used never gives money back."""
    palace = await world.build(bank, day_cap=2000, half=2000, instant_cap=2000)
    north, _ = await station(palace)
    slot = (await world.slots_of(palace))[0]
    async with palace.scope():
        free = [
            await placing.place(
                palace.guest, await world.asked(palace, ("palace", "child", 10), slot=slot), key=f"t-{n}"
            )
            for n in range(RACES // 10)
        ]
        await Ticket.filter(tenant_id=palace.id).update(
            valid_from=datetime.now(UTC) - timedelta(hours=1),
            valid_until=datetime.now(UTC) + timedelta(hours=1),
        )
        tickets = await Ticket.filter(tenant_id=palace.id, order_id__in=[one.id for one in free])
    gate = asyncio.Semaphore(12)

    async def use(ticket):
        async with gate, palace.scope():
            return (await scanning.scan(north, Asked(new_token(), ticket.number))).verdict

    async def back(ticket):
        async with gate:
            try:
                async with palace.scope():
                    await refunding.take_back(
                        palace.guest, ticket.order_id, {ticket.id: 0}, reason=refunding.GIVEN_BACK
                    )
            except Conflict:
                return "refused"
            return "given back"

    async def both(n, ticket):
        pair = (use(ticket), back(ticket)) if n % 2 else (back(ticket), use(ticket))
        return set(await asyncio.gather(*pair))

    outcomes = await asyncio.gather(*(both(n, ticket) for n, ticket in enumerate(tickets)))
    assert {frozenset(one) for one in outcomes} == {
        frozenset({"accepted", "refused"}),
        frozenset({"rejected", "given back"}),
    }
    assert await world.all_right(palace)


RACES = 1000


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
    assert not re.search("Way in|To look at|Without network", page)
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
