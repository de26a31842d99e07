"""Annual passes: a holder looked at once and known again at the gate; lent, stopped, appealed against, renewed."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from scenarios.tourism.gates import faces, listing, scanning
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.models import Block, PassHolder, Product, Ticket
from scenarios.tourism.orders import access, codes
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.passes import likeness, services
from tenants.ids import new_id
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import world
from tests.scenarios.tourism.gates import station
from tests.scenarios.tourism.test_agency_pages import make_response
from tests.scenarios.tourism.test_shop import form_of
from ui.errors import Conflict, Invalid, NotFound

LI = Visitor("Li Hua", "11010519491231002X")
FACE = b"\xff\xd8\xff\xe0 a face"


async def bought(palace):
    """A pass that is paid and lets in from now on."""
    async with palace.scope():
        item = (await Product.get(tenant_id=palace.id, key="palace")).fee_item_id
        palace.products["year"] = await Product.create(
            tenant_id=palace.id, site_id=palace.site.id, fee_item_id=item, key="year", kind="pass",
            names={"en": "Annual pass"}, about={}, parts=[], refund_tiers=[], visitor_kinds=["adult"],
            real_name="each", is_slotted=False, valid_days=365, uses_per_day=1,
        )  # fmt: skip
    order = await world.bought(palace, ("year", "adult", 1), visitors=(LI,))
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id).update(valid_from=datetime.now(UTC) - timedelta(hours=1))
        return order, await Ticket.get(tenant_id=palace.id)


async def scanned(palace, at, ticket, **more):
    async with palace.scope():
        return await scanning.scan(at, Asked(new_id().hex, codes.code_of(ticket), **more))


async def test_a_pass_lets_in_once_its_holder_was_looked_at(db, bank):
    palace = await world.build(bank)
    _, ticket = await bought(palace)
    at, _ = await station(palace)
    clerk = await make.staff(palace.tenant, "ticket_clerk")
    assert (await scanned(palace, at, ticket)).reason == "not_registered"
    async with palace.scope():
        with pytest.raises(Invalid):
            await services.register(ticket, b"%PDF-1.4")
        holder = await services.register(ticket, FACE)
        assert (await listing.list_for(at))["revoked"] == {ticket.id.hex: listing.NEVER}
    assert (await scanned(palace, at, ticket)).reason == "not_registered"
    async with palace.scope():
        with pytest.raises(Invalid):
            await services.decide(clerk, holder.id, is_good=False)
        await services.decide(clerk, holder.id, is_good=True)
        with pytest.raises(Conflict):
            await services.register(ticket, FACE)
        assert FACE not in bytes((await PassHolder.get(tenant_id=palace.id)).photo)
        assert (await listing.list_for(at))["revoked"] == {}
    told = await scanned(palace, at, ticket)
    assert (told.verdict, told.holder, told.document) == ("accepted", "Li Hua", "…002X")
    north, _ = await station(palace, "South")
    assert (await scanned(palace, north, ticket)).reason == "used_today"


async def registered(palace):
    order, ticket = await bought(palace)
    clerk = await make.staff(palace.tenant, "gate_supervisor")
    async with palace.scope():
        holder = await services.register(ticket, FACE)
        await services.decide(clerk, holder.id, is_good=True)
    return order, ticket, holder, clerk


class Eyes:
    """Compares pictures byte by byte."""

    async def compare(self, kept: bytes, seen: bytes):
        return "same" if kept == seen else "different"


async def test_a_gate_with_a_camera_refuses_somebody_else(db, bank, client, monkeypatch):
    monkeypatch.setattr(likeness, "_check", Eyes())
    palace = await world.build(bank)
    _, ticket, *_ = await registered(palace)
    _, key = await station(palace)
    headers = {"Authorization": f"Bearer {key}"}
    for face, expected in ((b"\xff\xd8\xff another", "other_person"), (FACE, "")):
        scan = {"nonce": new_id().hex, "code": codes.code_of(ticket), "face": base64.b64encode(face).decode()}
        answer = await client.post("/gate/scans", json={"scans": [scan]}, headers=headers)
        assert answer.json()["told"][0]["reason"] == expected
    photo = await client.get(answer.json()["told"][0]["photo"], headers=headers)
    assert photo.content == FACE
    assert (await client.get(f"/gate/photos/{ticket.id}")).status_code == 401


async def test_a_keeper_who_doubts_stops_the_pass_until_staff_let_it_in_again(db, bank):
    palace = await world.build(bank)
    _, ticket, holder, clerk = await registered(palace)
    at, _ = await station(palace)
    told = await scanned(palace, at, ticket)
    async with palace.scope():
        await faces.doubt(at, told.nonce)
        assert (await Ticket.get(tenant_id=palace.id)).inside == 0
        with pytest.raises(NotFound):
            await faces.doubt(at, "another")
    assert (await scanned(palace, at, ticket)).reason == "stopped"
    async with palace.scope():
        await services.decide(clerk, holder.id, is_good=True)
    assert (await scanned(palace, at, ticket)).verdict == "accepted"


async def test_a_pass_that_was_lent_is_blocked_for_three_years_at_every_gate(db, bank):
    palace = await world.build(bank)
    _, ticket, holder, clerk = await registered(palace)
    at, _ = await station(palace)
    async with palace.scope():
        block = await services.block_lent(clerk, holder.id)
        assert (block.until - block.since).days == 1095
        assert ticket.id.hex in (await listing.list_for(at))["revoked"]
    assert (await scanned(palace, at, ticket)).reason == "blocked"
    with pytest.raises(Conflict, match="lent"):
        await world.place(palace, ("named", "adult", 1), visitors=(LI,))


async def test_a_renewal_begins_when_the_pass_ends_and_needs_no_new_photograph(db, bank):
    palace = await world.build(bank)
    _, ticket, *_ = await registered(palace)
    async with palace.scope():
        order = await services.renew(palace.guest, ticket, key="r")
        again = await services.renew(palace.guest, ticket, key="r")
    assert (order.id, order.channel) == (again.id, "renewal")
    await world.pay(palace, order)
    async with palace.scope():
        following = await Ticket.get(tenant_id=palace.id, order_id=order.id)
        assert following.valid_from == ticket.valid_until
        assert (await services.holder_of(palace.id, following.id)).status == "registered"


async def test_the_pages_of_the_buyer_and_the_office(db, bank, client):
    palace = await world.build(bank)
    order, ticket = await bought(palace)
    path = access.path_of(order)
    client.cookies.set(*make_response(order), domain=client.base_url.host, path=path)
    assert "Register who holds the pass" in (await client.get(path)).text
    inspect((await client.get(f"{path}/holder/{ticket.id}")).text)
    for content, status in ((b"nothing", 422), (FACE, 303)):
        files = {"photo": ("me.jpg", content, "image/jpeg")}
        assert (await client.post(f"{path}/holder/{ticket.id}", files=files)).status_code == status
    clerk = await make.staff(palace.tenant, "gate_supervisor")
    await make.sign_in(client, clerk.person_id)
    root = f"/t/{palace.tenant.slug}/passes"
    assert ticket.number in text_of(inspect((await client.get(f"{root}?status=waiting")).text))
    async with palace.scope():
        holder = await PassHolder.get(tenant_id=palace.id)
    one = f"{root}/{holder.id}"
    assert LI.document in text_of(inspect((await client.get(one)).text))
    assert (await client.get(f"{one}/content")).content == FACE
    assert (await client.post(f"{one}/refusal", data={"reason": ""})).status_code == 422
    assert (await client.post(f"{one}/refusal", data={"reason": "Too dark"})).status_code == 303
    assert "Too dark" in (await client.get(f"{path}/holder/{ticket.id}")).text
    assert (await client.post(f"{one}/registration")).status_code == 303
    page = inspect((await client.get(path)).text)
    answer = await client.post(f"{path}/renewal/{ticket.id}", data=form_of(page, f"/renewal/{ticket.id}"))
    assert answer.status_code == 303
    assert (await client.post(f"{one}/lending")).status_code == 303
    async with palace.scope():
        assert (await Block.get(tenant_id=palace.id)).reason == "lent"
    assert "Lent" not in (await client.get(f"{root}?export=csv")).text
