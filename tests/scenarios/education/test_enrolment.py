"""Enrolment: the school's own form, documents, places that are never given twice, a deposit, and a pupil at the end."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import Bill, Hold
from scenarios.education.enrolment import links, rounds, services
from scenarios.education.enrolment.rounds import RoundAsked
from scenarios.education.enrolment.services import Application
from scenarios.education.models import SchoolApplicant, SchoolEnrolment
from tenants.actor import system_actor
from tenants.ids import new_id
from tenants.models import Account, Holder
from tenants.scope import execute, open_scope, tenant_scope, value
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Invalid

TODAY = make.today()
QUESTION = {
    "key": "q0",
    "labels": {"en": "Language at home"},
    "choices": ["English", "Chinese"],
    "is_required": True,
}
PAPER = {"key": "d0", "labels": {"en": "Birth certificate"}, "is_required": True}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001"
    "e221bc330000000049454e44ae426082"
)


async def opened(bank, **given):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    asked = {
        "titles": {"en": "Grade 1 of next year", "zh_CN": "一年级招生"},
        "texts": {},
        "grade": "1",
        "places": 1,
        "opens_on": TODAY - timedelta(days=1),
        "closes_on": TODAY + timedelta(days=20),
    } | given
    async with open_scope(tenant_scope(tenant.id)):
        made = await rounds.add_round(staff, RoundAsked(**asked))
        made = await rounds.turn(staff, made.id, "open")
    return tenant, staff, made


async def family(name: str = "Lee Mei"):
    return make.payer(await make.person(name))


async def apply(tenant, found, actor, name="Lee Min", **given):
    said = {"child_name": name, "born_on": date(2020, 5, 1), "answers": {}} | given
    async with open_scope(tenant_scope(tenant.id)):
        return await services.apply(actor, found, Application(**said), has_sibling=False)


async def decide(tenant, staff, one, edge, **given):
    async with open_scope(tenant_scope(tenant.id)):
        return await services.decide(staff, one.id, edge, **given)


async def status(tenant, one) -> str:
    async with open_scope(tenant_scope(tenant.id)):
        return (await SchoolApplicant.get(tenant_id=tenant.id, id=one.id)).status


async def accept(tenant, actor, one):
    async with open_scope(tenant_scope(tenant.id)):
        known = await services.applicant_of(tenant.id, one.id)
        return await services.accept(actor, known, key=new_id().hex)


async def test_from_the_form_to_a_pupil_whose_deposit_stays_theirs(db, bank):
    tenant, staff, found = await opened(bank, deposit_minor=20_000)
    actor = await family()
    one = await apply(tenant, found, actor)
    await decide(tenant, staff, one, "offer")
    held = await accept(tenant, actor, one)
    assert held.status == "offered"
    async with open_scope(tenant_scope(tenant.id)):
        hold = await Hold.get(tenant_id=tenant.id, id=held.hold_id)
        applicant = await Account.get(tenant_id=tenant.id, id=held.account_id)
        assert dict(await services.deposit_of(held)) == {"total_minor": 20_000, "paid_minor": 0}
    assert applicant.kind == "applicant", "no fee for pupils reaches it"
    assert (await accept(tenant, actor, one)).hold_id == held.hold_id
    await world.pay_at_desk(tenant, hold.bill_id)
    assert await status(tenant, one) == "accepted"
    async with open_scope(tenant_scope(tenant.id)):
        assert (await services.deposit_of(held))["paid_minor"] == 20_000
        with pytest.raises(Invalid):
            await services.enrol(staff, one.id, number="", class_title="1A")
        account = await services.enrol(staff, one.id, number="N-1", class_title="1A")
        assert (account.id, account.kind, account.number, account.place) == (
            applicant.id,
            "student",
            "N-1",
            "1A",
        )
        assert await SchoolEnrolment.filter(tenant_id=tenant.id, role="student").count() == 1
        assert (await Bill.get(tenant_id=tenant.id, account_id=account.id)).status == "paid"
        assert (await Holder.get(tenant_id=tenant.id, account_id=account.id)).person_id == actor.person_id
    assert await status(tenant, one) == "enrolled"


async def test_places_end_and_those_who_wait_come_next(db, bank):
    tenant, staff, found = await opened(bank)
    first, second = await family("A"), await family("B")
    one, two = await apply(tenant, found, first, "Ah"), await apply(tenant, found, second, "Bee")
    await decide(tenant, staff, one, "offer")
    with pytest.raises(Conflict):
        await decide(tenant, staff, two, "offer")
    await decide(tenant, staff, two, "wait")
    await services.withdraw(first, await _fresh(tenant, one))
    await decide(tenant, staff, two, "offer")
    assert (await accept(tenant, second, two)).status == "accepted"
    three = await apply(tenant, found, first, "Cai")
    with pytest.raises(Invalid):
        await decide(tenant, staff, three, "reject")


async def _fresh(tenant, one):
    async with open_scope(tenant_scope(tenant.id)):
        return await services.applicant_of(tenant.id, one.id)


async def test_an_offer_that_nobody_answers_ends_and_its_deposit_cannot_be_paid_late(db, bank):
    tenant, staff, found = await opened(bank)
    actor = await family()
    one = await apply(tenant, found, actor)
    await decide(tenant, staff, one, "offer")
    async with open_scope(tenant_scope(tenant.id)):
        await services.lapse(system_actor(tenant.id), {"applicant_id": str(one.id)})
        assert (await SchoolApplicant.get(id=one.id)).status == "offered", "its time is not over"
        await execute(
            "update education_applicant set answer_by = now() - interval '1 minute' where id = $1", one.id
        )
        await services.lapse(system_actor(tenant.id), {"applicant_id": str(one.id)})
    assert await status(tenant, one) == "withdrawn"
    with pytest.raises(Conflict):
        await accept(tenant, actor, one)


async def test_what_is_needed_is_asked_for_and_one_child_counts_once(db, bank):
    tenant, _, found = await opened(bank, questions=[QUESTION], papers=[PAPER])
    actor = await family()
    with pytest.raises(Invalid) as refused:
        await apply(tenant, found, actor, answers={"q0": "Klingon"})
    assert {"answer_q0", "paper_d0"} <= set(refused.value.fields)
    file = {"key": "k", "filename": "b.png", "content_type": "image/png", "paper": "d0"}
    await apply(tenant, found, actor, answers={"q0": "English"}, files=[file])
    with pytest.raises(Conflict):
        await apply(tenant, found, actor, "lee  min", answers={"q0": "English"}, files=[file])
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update education_round set closes_at = $2 where id = $1", found.id, datetime.now(UTC))
        found = await rounds.round_of(tenant.id, found.id)
    with pytest.raises(Conflict):
        await apply(tenant, found, actor, "Late", answers={"q0": "English"}, files=[file])


async def test_twenty_offers_at_once_never_give_more_places_than_there_are(committed, bank):
    tenant, staff, found = await opened(bank, places=3)
    actor = await family()
    applied = [await apply(tenant, found, actor, f"Child {n}") for n in range(20)]
    await asyncio.gather(*(decide(tenant, staff, one, "offer") for one in applied), return_exceptions=True)
    async with open_scope(tenant_scope(tenant.id)):
        offered = "select count(*) from education_applicant where tenant_id = $1 and status = 'offered'"
        assert await value(offered, tenant.id) == 3


async def test_the_public_page_the_familys_and_the_offices(client, db, bank):
    tenant, staff, found = await opened(bank, questions=[QUESTION], papers=[PAPER])
    await world.bring_in(tenant, staff, world.table(pupil("A1", "Brother")))
    address = links.url_of(found).removeprefix("http://cloud.test")
    client.cookies.clear()
    page = await client.get(address)
    assert "Sign in" in text_of(inspect(page.text))
    assert (await client.post(address, data={})).headers["location"].startswith("/sign-in")
    assert (await client.get("/enrol/" + "x" * 64)).status_code == 404
    parent = await world.parent(tenant, "A1", name="Lee Mei")
    await make.sign_in(client, parent.person_id)
    inspect((await client.get(address, headers={"Accept-Language": "zh-CN"})).text)
    wrong = await client.post(address, data={"child_name": "Lee Min", "born_on": "2020-05-01"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    data = {"child_name": "Lee Min", "born_on": "2020-05-01", "answer_q0": "English"}
    sent = await client.post(address, data=data, files={"paper_d0": ("birth.png", PNG, "image/png")})
    assert sent.status_code == 303, text_of(inspect(sent.text))
    mine = sent.headers["location"]
    assert "Handed in" in text_of(inspect((await client.get(mine)).text))
    inspect((await client.get("/my/enrolments")).text)
    stranger = await family("Other")
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(mine)).status_code == 404
    assert (await client.post(f"{mine}/withdrawal")).status_code == 404
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/enrolment"
    for path in (root, f"{root}/new", f"{root}/{found.id}"):
        inspect((await client.get(path)).text)
    async with open_scope(tenant_scope(tenant.id)):
        one = await SchoolApplicant.get(tenant_id=tenant.id)
    assert one.has_sibling
    there = f"{root}/{found.id}/applicants/{one.id}"
    assert "Sibling here" in text_of(inspect((await client.get(there)).text))
    assert (await client.get(f"{there}/files/0")).content == PNG
    assert (await client.post(f"{there}/decision", data={"edge": "offer"})).status_code == 303
    late = await client.post(f"{there}/decision", data={"edge": "offer"})
    assert late.status_code == 422
    assert 'role="alert"' in late.text, "a colleague who was slower reads why nothing happened"
    await make.sign_in(client, parent.person_id)
    assert "Accept the place" in text_of(inspect((await client.get(mine)).text))
    assert (await client.post(f"{mine}/acceptance")).status_code == 303
    await make.sign_in(client, staff.person_id)
    enrolled = await client.post(f"{there}/enrolment", data={"number": "N-9", "class_title": "1A"})
    assert enrolled.status_code == 303
    new = {
        "title_en": "K1",
        "grade": "K1",
        "places": "20",
        "opens_on": TODAY.isoformat(),
        "closes_on": TODAY.isoformat(),
    }
    assert (await client.post(root, data=new | {"answer_days": "7"})).status_code == 303
    assert (await client.post(root, data=new | {"grade": "99", "answer_days": "7"})).status_code == 422
