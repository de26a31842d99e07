"""Whoever leaves, alone or with the last class: the card goes back, places go to others, and the family is told."""

import pytest

from billing.models import Bill, Refund
from scenarios.education.canteen import refill
from scenarios.education.days import services as days
from scenarios.education.models import SchoolBooking, SchoolRefill
from scenarios.education.offers import services as offers
from scenarios.education.year import leaving, rolling
from scenarios.education.year.proposing import Closing, propose
from tenants.accounts import services as accounts
from tenants.models import Notice
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import test_refill, world
from tests.scenarios.education.test_canteen import canteen, fill, left
from ui.errors import Conflict

TODAY = make.today()


async def head(tenant):
    staff = await make.staff(tenant, name="Head")
    staff.place.update(
        {"scenarios": tenant.scenarios, "timezone": tenant.timezone, "currency": tenant.currency}
    )
    return staff


async def leave(tenant, staff, number):
    account = await world.account(tenant, number)
    async with open_scope(tenant_scope(tenant.id)):
        await leaving.leave(staff, account.id, last_on=TODAY)
    await run_due(tenant.id)
    return account


async def test_who_leaves_with_the_class_gets_the_card_back_and_nothing_fills_it_again(db, bank):
    tenant, _, _, wallet, parent, child = await test_refill.family(bank)
    await test_refill.autopay(tenant, child, parent)
    await test_refill.set_up(tenant, parent, child)
    staff = await head(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        titles = {step.class_id: step.next_title for step in await propose(tenant.id)}
        await rolling.roll(staff, Closing(2026, TODAY, titles), now=TODAY)
    await run_due(tenant.id)
    assert await left(tenant, wallet) == 0
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Refund.get(tenant_id=tenant.id)).amount_minor == 1_400
        ended = await SchoolRefill.get(tenant_id=tenant.id)
        assert (ended.status, ended.word) == ("stopped", "left")
        assert await refill.look(tenant.id, wallet) is None
        assert await Bill.filter(tenant_id=tenant.id, status="issued").count() == 0, "no top-up is asked for"


async def test_a_card_of_an_account_that_was_only_closed_is_not_filled(db, bank):
    tenant, _, _, wallet, parent, child = await test_refill.family(bank)
    await test_refill.autopay(tenant, child, parent)
    await test_refill.set_up(tenant, parent, child)
    await test_refill.spend(tenant, wallet, 100)
    staff = await head(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await accounts.close(staff, child.account_id, on=TODAY)
    assert await test_refill.look(tenant, wallet) is None
    with pytest.raises(Conflict):
        await test_refill.set_up(tenant, parent, await world.child(parent, child.account_id))


async def test_a_place_that_cost_nothing_goes_to_the_next_and_the_family_is_told(client, db, bank):
    tenant, staff, _, _, _ = await canteen(bank, "A1", "A2")
    await fill(tenant, "A1", 3_000)
    _, option = await world.offer(tenant, staff, places=1, price=0, kind="club")
    parents = {number: await world.parent(tenant, number, name=f"Parent {number}") for number in ("A1", "A2")}
    for number, parent in parents.items():
        child = await world.child(parent, (await world.account(tenant, number)).id)
        async with open_scope(tenant_scope(tenant.id)):
            await offers.book(parent, child, option.id, 1, has_signed=True, key=number)
    await make.sign_in(client, staff.person_id)
    first = await world.account(tenant, "A1")
    preview = await client.get(f"/t/{tenant.slug}/classes/pupils/{first.id}/leaving")
    said = text_of(inspect(preview.text))
    assert "On the canteen card: SGD 30.00" in said
    assert "Zoo: goes to the next who waits" in said
    account = await leave(tenant, staff, "A1")
    async with open_scope(tenant_scope(tenant.id)):
        states = {one.account_id: one.status for one in await SchoolBooking.filter(tenant_id=tenant.id)}
        told = await Notice.get(tenant_id=tenant.id, template="school.left", channel="in_app")
    assert states.pop(account.id) == "cancelled"
    assert list(states.values()) == ["offered"]
    assert "By the school" not in told.body, "no fees were charged"
    assert "30.00 from the canteen card" in told.body
    page = text_of(inspect((await client.get(f"/t/{tenant.slug}/accounts/{account.id}")).text))
    assert "Has left the school; the last day was" in page
    await _the_family_sees_it(client, tenant, parents["A1"], account)


async def _the_family_sees_it(client, tenant, parent, account):
    """They see that the child has left; nothing of the school's is begun any more."""
    await make.sign_in(client, parent.person_id)
    assert "has left the school" in text_of(inspect((await client.get("/my/school")).text))
    root = f"/my/school/{account.id}"
    page = (await client.get(root)).text
    assert "has left the school" in text_of(inspect(page))
    assert f"{root}/leave" not in page
    assert "On offer" not in page
    card = (await client.get(f"{root}/canteen")).text
    inspect(card)
    assert "Put on the card" not in card
    refused = await client.post(f"{root}/canteen/top-ups", data={"amount_minor": "10.00", "key": "k"})
    assert refused.status_code == 422
    child = await world.child(parent, account.id)
    with pytest.raises(Conflict):
        async with open_scope(tenant_scope(tenant.id)):
            await days.ask(parent, child, TODAY, TODAY, "family", "")
