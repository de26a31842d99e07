"""What is said on a running repair, and what it may cost: nothing is charged that was not agreed to, line by line."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.models import Bill, BillLine
from scenarios.community.models import WorkMaterial, WorkNote, WorkOrder, WorkQuote
from scenarios.community.service import finishing, orders, quotes, talking
from tenants.models import Notice
from tenants.scope import open_scope, person_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.test_pages import picture
from tests.scenarios.community.test_service import ann, do, reported
from ui.errors import Conflict, Forbidden, Invalid, NotFound

__all__ = ["ann"]


async def asked(place, who, made, *, is_agreed):
    async with place.scope():
        return await quotes.answer_quote(make.payer(who), place.tenant.id, made.id, is_agreed=is_agreed)


async def used(place, made, name="Hinge", price=1250, *, is_charged=True, quantity="2"):
    return await do(
        place, quotes.add_material, made, name=name, quantity=Decimal(quantity), price_minor=price,
        is_charged=is_charged,
    )  # fmt: skip


async def billed(place):
    async with place.scope():
        found = await BillLine.filter(tenant_id=place.tenant.id, account_id=place.flats[0].id).order_by(
            "position"
        )
        return [(one.names["en"], one.amount_minor) for one in found]


async def test_home_office_and_technician_see_the_same_story_and_what_waits_for_an_answer(place, ann):
    made = await reported(place, ann)
    raj, reader = (
        await make.staff(place.tenant, "technician", "Raj"),
        await make.staff(place.tenant, "cashier"),
    )
    async with place.scope():
        await talking.write(make.payer(ann), place.tenant.id, made.id, text="It is worse now")
        first = (await WorkOrder.get(id=made.id)).unanswered_since
        await talking.write(make.payer(ann), place.tenant.id, made.id, text="Hello?")
        assert (await WorkOrder.get(id=made.id)).unanswered_since == first, "the first that waits counts"
        with pytest.raises(Forbidden):
            await talking.answer(reader, made.id, text="No")
        for text in (" ", "x" * 2001):
            with pytest.raises(Invalid):
                await talking.answer(raj, made.id, text=text)
        await talking.answer(raj, made.id, text="I come at three")
        assert (await WorkOrder.get(id=made.id)).unanswered_since is None
        told = await Notice.filter(tenant_id=place.tenant.id, person_id=ann.id)
        assert made.number in told[0].subject
        await orders.note(raj, made, "note", "Bring the ladder", is_internal=True)
    async with open_scope(person_scope(ann.id)):
        seen = [note.text for note in await WorkNote.all().order_by("created_at", "id")]
    assert seen[1:] == ["It is worse now", "Hello?", "I come at three"]
    async with open_scope(person_scope((await make.person("Stranger")).id)):
        with pytest.raises(NotFound):
            await talking.write(make.payer(ann), place.tenant.id, made.id, text="x")
    await do(place, finishing.finish, made, text="")
    async with place.scope():
        await finishing.confirm(make.payer(ann), place.tenant.id, made.id, rating=5, text="")
        for act in (
            talking.write(make.payer(ann), place.tenant.id, made.id, text="x"),
            talking.answer(raj, made.id, text="x"),
        ):
            with pytest.raises(Conflict):
                await act


async def test_a_common_area_has_nobody_to_write_to(place):
    made = await reported(place, account_id=None)
    with pytest.raises(Conflict):
        await do(place, talking.answer, made, text="x")
    with pytest.raises(Conflict):
        await used(place, made)
    await used(place, made, is_charged=False)


async def test_the_bill_is_the_quote_line_by_line(place, ann):
    made = await reported(place, ann)
    await used(place, made)
    await used(place, made, "Screws", 40, is_charged=False)
    await do(place, quotes.quote, made, amount_minor=4000, text="An hour of work")
    await asked(place, ann, made, is_agreed=True)
    await do(place, finishing.finish, made, text="")
    assert await billed(place) == [("2 × Hinge", 2500), ("An hour of work", 4000)]


async def test_material_that_was_not_agreed_to_is_never_charged(place, ann):
    made = await reported(place, ann)
    await used(place, made)
    await do(place, quotes.quote, made, amount_minor=0, text="")
    await asked(place, ann, made, is_agreed=True)
    lock = await used(place, made, "Lock", 9000, quantity="1")
    with pytest.raises(Conflict):
        await do(place, finishing.finish, made, text="")
    order = await do(place, quotes.quote, made, amount_minor=0, text="")
    assert order.charge_minor == 11500
    with pytest.raises(Conflict):
        await do(place, quotes.bear, made, lock.id)
    order = await asked(place, ann, made, is_agreed=False)
    assert (order.charge_minor, order.consent) == (2500, "agreed"), "what was agreed to before holds"
    with pytest.raises(Conflict):
        await do(place, finishing.finish, made, text="")
    await do(place, quotes.bear, made, lock.id)
    await do(place, finishing.finish, made, text="")
    assert await billed(place) == [("2 × Hinge", 2500)]
    with pytest.raises(Conflict):
        await used(place, made, "More")


async def test_one_quote_waits_at_a_time_and_can_be_taken_back(place, ann):
    made = await reported(place, ann)
    for amount, text in ((0, ""), (10, " "), (-5, "x")):
        with pytest.raises(Invalid):
            await do(place, quotes.quote, made, amount_minor=amount, text=text)
    for amount in (100, 200):
        await do(place, quotes.quote, made, amount_minor=amount, text="Work")
    async with place.scope():
        found = await WorkQuote.filter(tenant_id=place.tenant.id).order_by("created_at")
    assert [one.status for one in found] == ["withdrawn", "asked"]
    order = await do(place, quotes.withdraw_quote, made)
    assert (order.charge_minor, order.consent) == (0, "")
    with pytest.raises(Conflict):
        await asked(place, ann, made, is_agreed=True)


@given(st.decimals("0.001", "999", places=3), st.integers(0, 10**6))
def test_material_costs_what_it_costs_to_the_cent(quantity, price):
    exact = WorkMaterial(quantity=quantity, price_minor=price).total_minor - quantity * price
    assert abs(exact) <= Decimal("0.5")


async def test_a_photo_and_an_answer_go_over_the_pages(place, ann, client):
    made = await reported(place, ann)
    await make.sign_in(client, ann.id)
    mine, work = f"/my/repairs/{made.id}", f"{place.root}/work/{made.id}"
    assert (await client.post(mine, data={"act": "message", "text": " "})).status_code == 422
    sent = await client.post(
        mine, data={"act": "message", "text": "Look"}, files={"files": ("leak.png", picture(), "image/png")}
    )
    assert sent.status_code == 303
    page = inspect((await client.get(mine)).text)
    photo = next(img for img in page.iter("img") if "/files/" in str(img.get("src")))
    assert (await client.get(photo.get("src"))).content == picture()
    raj = await make.staff(place.tenant, "technician", "Raj")
    await make.sign_in(client, raj.person_id)
    for path in (work, f"{place.root}/work/board"):
        assert "Waits for an answer" in text_of(inspect((await client.get(path)).text))
    material = {
        "act": "material",
        "name": "Hinge",
        "quantity": "2",
        "amount_minor": "12.50",
        "is_charged": "1",
    }
    assert (await client.post(work, data=material)).status_code == 303
    assert (await client.post(work, data={"act": "answer", "text": "Coming"})).status_code == 303
    assert (await client.post(work, data={"act": "quote", "text": "", "amount_minor": ""})).status_code == 303
    shown = text_of(inspect((await client.get(work)).text))
    assert "2 × Hinge" in shown
    assert "Waits for an answer" not in shown
    await make.sign_in(client, ann.id)
    shown = text_of(inspect((await client.get(mine)).text))
    assert "Coming" in shown
    assert "25.00" in shown
    assert (await client.post(mine, data={"act": "agree"})).status_code == 303
    await make.sign_in(client, raj.person_id)
    assert (await client.post(work, data={"act": "finish", "text": "Done"})).status_code == 303
    async with place.scope():
        assert await Bill.filter(tenant_id=place.tenant.id, reference=made.number).count() == 1
