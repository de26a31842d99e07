"""Guardians share bills to the cent, each by their own word; a grandparent is let in; leaving stops what is to come."""

import itertools
import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.mandates import proxies
from billing.models import Bill, CreditNote, Instalment, InstalmentPlan
from billing.plans import service as plans
from billing.plans.service import Proposal
from scenarios.education.family import sharing
from scenarios.education.family.children import children_of
from scenarios.education.family.sharing import shares_of
from scenarios.education.models import SchoolSharing
from scenarios.education.year import leaving
from tenants.accounts import services as accounts
from tenants.accounts.forms import HolderForm
from tenants.models import Account, Audit, Notice
from tenants.scope import open_scope, rows, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound

TODAY = make.today()


async def family(bank):
    """A school with a billed pupil, and its mother and father."""
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Child A1")))
    await world.charge(tenant, staff, "books")
    mother = await world.parent(tenant, "A1", name="Tan Mei")
    father = await world.parent(tenant, "A1", name="Tan Wei")
    child = await world.child(mother, (await world.account(tenant, "A1")).id)
    return tenant, staff, mother, father, child


async def test_each_of_sixteen_families_sees_exactly_its_children(db, bank):
    """Every choice of four children at two schools has a guardian; what is over or not confirmed counts for nothing."""
    tenants = [await make.tenant(bank, scenario="education") for _ in range(2)]
    given = {"scenario": "education", "kind": "student", "attributes": {"grade": "3"}}
    known = [await make.account(tenant, n, **given) for tenant in tenants for n in ("A1", "A2")]
    families = []
    for held in itertools.product((True, False), repeat=len(known)):
        who = await make.person(f"Guardian {held}")
        for account, is_theirs in zip(known, held, strict=True):
            if is_theirs:
                await make.holder(account, who, relation="parent")
        families.append((who, {one.id for one, is_theirs in zip(known, held, strict=True) if is_theirs}))
    over, waiting = await make.person("Over"), await make.person("Not confirmed")
    await make.holder(known[0], over, relation="parent", until=TODAY - timedelta(days=1))
    await make.holder(known[1], waiting, relation="parent", confirmed_at=None)
    for who, children in [*families, (over, set()), (waiting, set())]:
        actor = make.payer(who)
        async with open_scope(actor.scope()):
            assert {one.account_id for one in await children_of(actor)} == children
            seen = {one["id"] for one in await rows("select id from tenants_account")}
            assert seen == children or who is over, "not by any other way: who was a guardian keeps the past"


@given(
    net=st.integers(0, 10**9),
    cuts=st.lists(st.integers(0, 100), min_size=1, max_size=4),
)
@settings(deadline=None)
def test_parts_always_are_the_whole(net, cuts):
    edges = [0, *sorted(cuts), 100]
    percents = [b - a for a, b in itertools.pairwise(edges)]
    found = shares_of(net, percents)
    assert sum(found) == net
    assert all(abs(share - net * percent / 100) < 1 for share, percent in zip(found, percents, strict=True))


async def test_shares_hold_when_everybody_has_agreed_and_another_agreement_takes_their_place(db, bank):
    tenant, _, mother, father, child = await family(bank)
    stranger = await world.parent(tenant, name="Nobody's")
    grandmother = await world.parent(tenant, "A1", name="Grandmother", relation="relative")
    hers = await world.child(grandmother, child.account_id)
    ids = (mother.person_id, father.person_id)

    async def standing():
        async with open_scope(mother.scope()):
            return await sharing.standing(child)

    async with open_scope(tenant_scope(tenant.id)):
        for wrong in ((50, 40), (101, -1)):
            with pytest.raises(Invalid):
                await sharing.propose(mother, child, dict(zip(ids, wrong, strict=True)))
        with pytest.raises(Forbidden):
            await sharing.propose(grandmother, hers, dict(zip(ids, (50, 50), strict=True)))
        first = await sharing.propose(mother, child, dict(zip(ids, (40, 60), strict=True)))
        told = await Notice.filter(tenant_id=tenant.id, template="school.sharing", person_id__isnull=False)
        assert {one.person_id for one in told} == {father.person_id}
        with pytest.raises(NotFound):
            await sharing.agree(stranger, child, first.id)
    assert list(await standing()) == ["proposed"]
    async with open_scope(tenant_scope(tenant.id)):
        await sharing.agree(father, child, first.id)
        await sharing.agree(father, child, first.id)
    assert {part["percent"] for part in (await standing())["agreed"].parts} == {40, 60}
    async with open_scope(tenant_scope(tenant.id)):
        other = await sharing.propose(father, child, dict(zip(ids, (0, 100), strict=True)))
    assert (await standing())["agreed"].id == first.id, "what holds, holds until everybody has agreed anew"
    async with open_scope(tenant_scope(tenant.id)):
        await sharing.agree(mother, child, other.id)
        with pytest.raises(Conflict):
            await sharing.agree(mother, child, first.id)
        assert (await SchoolSharing.get(id=first.id)).status == "ended"
        await sharing.close(mother, child, other.id)
        await sharing.close(mother, child, other.id)
        assert (await SchoolSharing.get(id=other.id)).status == "ended"
        assert await Audit.filter(tenant_id=tenant.id, act="sharing.ended").count() == 1
    assert await standing() == {}


async def test_both_see_the_bill_and_each_is_led_to_paying_their_part(client, db, bank):
    tenant, _, mother, father, child = await family(bank)
    root = f"/my/school/{child.account_id}"
    await make.sign_in(client, mother.person_id)
    assert "Share the bills" in text_of(inspect((await client.get(root)).text))
    page = await client.get(f"{root}/shares")
    inspect(page.text)
    form = {f"percent-{mother.person_id}": "33", f"percent-{father.person_id}": "60"}
    refused = await client.post(f"{root}/shares", data=form)
    assert refused.status_code == 422
    assert "100 per cent" in text_of(inspect(refused.text))
    form[f"percent-{father.person_id}"] = "67"
    assert (await client.post(f"{root}/shares", data=form)).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        made = await SchoolSharing.get(tenant_id=tenant.id, status="proposed")
        bill = await Bill.get(tenant_id=tenant.id)
    await make.sign_in(client, father.person_id)
    assert (await client.post(f"{root}/shares/{made.id}/agreement")).status_code == 303
    page = await client.get(f"{root}/shares", headers={"Accept-Language": "zh-CN"})
    inspect(page.text)
    mine, hers = shares_of(bill.left_minor, [67, 33])
    assert "You have agreed to pay 67 % of it." in text_of(inspect((await client.get("/my/school")).text))
    page = await client.get(f"{root}/shares")
    address = page.text.split('href="/my/checkout?')[1].split('"')[0].replace("&amp;", "&")
    assert f"amount-{bill.id}={mine / 100:.2f}" in address
    checkout = text_of(inspect((await client.get(f"/my/checkout?{address}")).text))
    assert f"{mine / 100:.2f} of" in checkout
    assert mine + hers == bill.left_minor
    too_much = text_of(
        inspect((await client.get(f"/my/checkout?bill={bill.id}&amount-{bill.id}=99999")).text)
    )
    assert re.search(rf"{bill.left_minor / 100:.2f} \w+ \d{{4}} · A1", too_much)
    finance = await make.staff(tenant, "finance")
    async with open_scope(tenant_scope(tenant.id)):
        plan = await plans.agree(finance, plans.Proposal([bill.id], make.today(), 4, "month", "last"))
        (first, *_) = await plans.parts_of(plan)
    page = await client.get(f"{root}/shares")
    due, _ = shares_of(first.amount_minor, [67, 33])
    assert f"amount-{bill.id}={due / 100:.2f}" in page.text, "their part of the instalment, not of the bill"
    assert f"{(mine - due) / 100:.2f} more is due later, in instalments." in text_of(inspect(page.text))
    stranger = await make.person("Stranger")
    await make.sign_in(client, stranger.id)
    assert (await client.get(f"{root}/shares")).status_code == 404
    assert (await client.post(f"{root}/shares/{made.id}/ending")).status_code == 404


async def test_a_grandparent_is_let_in_from_the_childs_page_and_sees_what_may_be_paid(client, db, bank):
    tenant, _, mother, _, child = await family(bank)
    await make.sign_in(client, mother.person_id)
    page = (await client.get(f"/my/school/{child.account_id}")).text
    helpers = f"/my/accounts/{child.account_id}/helpers"
    assert f'href="{helpers}"' in page
    until = (TODAY + timedelta(days=90)).isoformat()
    sent = {"name": "Grandma", "bill_cap": "100", "month_cap": "150", "until": until}
    shown = await client.post(helpers, data=sent)
    assert shown.status_code == 200, text_of(inspect(shown.text))
    _, code = await proxies.grant(
        mother, tenant_id=tenant.id, account_id=child.account_id, name="Grandma", bill_cap_minor=2_000,
        month_cap_minor=2_000, until=TODAY + timedelta(days=90),
    )  # fmt: skip
    grandma = await make.person("Grandma")
    await make.sign_in(client, grandma.id)
    assert (await client.post("/my/helping", data={"code": code})).status_code == 303
    seen = text_of(inspect((await client.get("/my")).text))
    assert "Child A1" in seen
    assert (await client.get(f"/my/school/{child.account_id}")).status_code == 404, "money only"


async def test_leaving_stops_later_instalments_and_nothing_else(db, bank):
    tenant, staff, _, _, child = await family(bank)
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.get(tenant_id=tenant.id)
        total = bill.left_minor
        plan = await plans.agree(staff, Proposal([bill.id], TODAY, 3, "month", "last"))
        first = (await Instalment.get(plan_id=plan.id, position=1)).amount_minor
        account = await Account.get(tenant_id=tenant.id, id=child.account_id)
        await leaving.leave(staff, account.id, last_on=TODAY)
        bill = await Bill.get(tenant_id=tenant.id)
        assert bill.left_minor == first, "what was due stays due"
        assert (
            sum(note.amount_minor for note in await CreditNote.filter(tenant_id=tenant.id)) == total - first
        )
        kept = await InstalmentPlan.get(id=plan.id)
        assert (kept.status, kept.total_minor, bill.due_on) == ("active", first, TODAY)
        assert await Instalment.filter(plan_id=plan.id).count() == 1
    await world.pay_at_desk(tenant, bill.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        assert (await InstalmentPlan.get(id=plan.id)).status == "completed"


async def test_a_guardian_written_down_by_hand_makes_brothers_and_sisters(db, bank):
    tenant, staff = await world.school(bank)
    rows_ = (
        pupil("B1", "Older", grade="6", class_title="6A", guardian="Tan Mei", email="mei@mail.example"),
        pupil("B2", "Younger", grade="1", class_title="1A", guardian="Somebody"),
    )
    await world.bring_in(tenant, staff, world.table(*rows_))
    younger = await world.account(tenant, "B2")
    assert younger.attributes["sibling_rank"] == 1
    async with open_scope(tenant_scope(tenant.id)):
        given = HolderForm(name="Tan Mei", relation="parent", email="mei@mail.example")
        made = await accounts.add_holder(staff, younger.id, given)
    await run_due(tenant.id)
    assert (await world.account(tenant, "B2")).attributes["sibling_rank"] == 2
    async with open_scope(tenant_scope(tenant.id)):
        await accounts.end_holder(staff, younger.id, made.id, until=TODAY - timedelta(days=1))
    await run_due(tenant.id)
    assert (await world.account(tenant, "B2")).attributes["sibling_rank"] == 1
