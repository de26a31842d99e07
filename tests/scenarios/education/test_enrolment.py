"""Enrolment: the school's own form, documents, places that are never given twice, a deposit, and a pupil at the end."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import Bill, Hold
from scenarios.education.enrolment import applying, links, rounds, services
from scenarios.education.enrolment.applying import Application
from scenarios.education.enrolment.rounds import RoundAsked
from scenarios.education.models import SchoolApplicant, SchoolEnrolment, SchoolRound
from tenants.actor import system_actor
from tenants.days import day_at
from tenants.files import storage
from tenants.ids import new_id
from tenants.models import Account, Holder, Notice
from tenants.scope import execute, open_scope, tenant_scope, value
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Invalid
from ui.formats import date_text

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
    said = {"child_name": name, "born_on": date(2020, 5, 1), "answers": {}, "agreed": "I agree."} | given
    async with open_scope(tenant_scope(tenant.id)):
        return await applying.apply(actor, found, Application(**said), has_sibling=False)


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


async def test_nothing_of_a_child_is_kept_without_a_guardians_word(db, bank):
    tenant, _, found = await opened(bank)
    actor = await family()
    for do in (applying.apply, applying.keep):
        with pytest.raises(Invalid) as refused:
            async with open_scope(tenant_scope(tenant.id)):
                await do(actor, found, Application("Lee Min", date(2020, 5, 1), {}), has_sibling=False)
        assert set(refused.value.fields) == {"agrees"}
    async with open_scope(tenant_scope(tenant.id)):
        assert not await SchoolApplicant.filter(tenant_id=tenant.id).exists()
    one = await apply(tenant, found, actor, agreed="I agree that the school keeps this.")
    assert (one.words, one.agreed_at is not None) == ("I agree that the school keeps this.", True)


async def test_what_is_begun_is_kept_for_its_family_alone_and_gone_on_with(client, db, bank):
    tenant, staff, found = await opened(bank, questions=[QUESTION], papers=[PAPER])
    address = links.url_of(found).removeprefix("http://cloud.test")
    actor = await family()
    await make.sign_in(client, actor.person_id)
    begun = {"child_name": "Lee Min", "born_on": "2020-05-01", "phone": "91230000", "agrees": "1"}
    kept = await client.post(
        address, data=begun | {"then": "keep"}, files={"paper_d0": ("birth.png", PNG, "image/png")}
    )
    assert kept.status_code == 303, text_of(inspect(kept.text))
    mine = kept.headers["location"]
    page = (await client.get(mine)).text
    assert "Not handed in yet" in text_of(inspect(page))
    draft_id = mine.rpartition("/")[2]
    again = inspect((await client.get(f"{address}?of={draft_id}", headers={"Accept-Language": "en"})).text)
    assert "birth.png is here already" in text_of(again)
    assert 'value="Lee Min"' in (await client.get(f"{address}?of={draft_id}")).text
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/enrolment/{found.id}"
    assert "Lee Min" not in (await client.get(root)).text, "the school sees nothing of it"
    assert (await client.get(f"{root}/applicants/{draft_id}")).status_code == 404
    stranger = await family("Other")
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(f"{address}?of={draft_id}")).status_code == 404
    assert (await client.post(address, data=begun | {"of": draft_id})).status_code == 404
    await make.sign_in(client, actor.person_id)
    lacking = await client.post(address, data=begun | {"of": draft_id})
    assert lacking.status_code == 422
    assert "birth.png is here already" in text_of(inspect(lacking.text)), "nothing that was sent is lost"
    sent = await client.post(address, data=begun | {"of": draft_id, "answer_q0": "Chinese"})
    assert sent.headers["location"] == mine, "it is the same application"
    async with open_scope(tenant_scope(tenant.id)):
        one = await SchoolApplicant.get(tenant_id=tenant.id)
    assert (one.status, len(one.files), one.answers) == ("submitted", 1, {"q0": "Chinese"})
    assert (await client.post(f"{mine}/withdrawal")).headers["location"] == mine
    async with open_scope(tenant_scope(tenant.id)):
        back = await SchoolApplicant.get(tenant_id=tenant.id)
    assert (back.status, back.answers, back.files, back.phone) == ("withdrawn", {}, [], "")
    with pytest.raises(FileNotFoundError):
        storage().open(one.files[0]["key"])
    kept = await client.post(address, data=begun | {"child_name": "Lee Ann", "then": "keep"})
    assert (await client.post(f"{kept.headers['location']}/withdrawal")).headers[
        "location"
    ] == "/my/school/enrolments"
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolApplicant.filter(tenant_id=tenant.id).count() == 1, "of a draft nothing stays"


async def test_a_family_is_told_of_every_decision_and_until_when_to_answer(db, bank):
    tenant, staff, found = await opened(bank, places=2)
    actor = await family()
    offered, waiting, refused = [await apply(tenant, found, actor, name) for name in ("Ah", "Bee", "Cai")]
    await decide(tenant, staff, offered, "offer")
    await decide(tenant, staff, waiting, "wait")
    await decide(tenant, staff, refused, "reject", reason="Too young.")
    await accept(tenant, actor, offered)
    await decide(tenant, staff, waiting, "offer")
    async with open_scope(tenant_scope(tenant.id)):
        await services.enrol(staff, offered.id, number="N-1", class_title="1A")
        await execute("update education_applicant set answer_by = now() where id = $1", waiting.id)
        await services.lapse(system_actor(tenant.id), {"applicant_id": str(waiting.id)})
        told = await Notice.filter(tenant_id=tenant.id, channel="in_app").order_by("created_at", "id")
        day = date_text(offered_by(found), "long")
    assert [one.subject for one in told] == [
        "A place for Ah",
        "Bee is on the waiting list",
        "No place for Cai",
        "A place for Bee",
        "Ah is a pupil now",
        "The offer for Bee has ended",
    ]
    assert {one.person_id for one in told} == {actor.person_id}
    assert f"Answer by {day}" in told[0].body
    assert "Too young." in told[2].body
    assert f"/my/school/enrolments/{offered.id}" in told[0].body


def offered_by(found) -> date:
    """The day on which an offer of today ends, where the school is."""
    return day_at(datetime.now(UTC) + timedelta(days=found.answer_days), "Asia/Singapore")


async def offers_at_once(bank, *, many: int) -> int:
    """Offer three places to so many at once; return how many have one."""
    tenant, staff, found = await opened(bank, places=3)
    actor = await family()
    applied = [await apply(tenant, found, actor, f"Child {n}") for n in range(many)]
    await asyncio.gather(*(decide(tenant, staff, one, "offer") for one in applied), return_exceptions=True)
    async with open_scope(tenant_scope(tenant.id)):
        offered = "select count(*) from education_applicant where tenant_id = $1 and status = 'offered'"
        return await value(offered, tenant.id)


async def test_twenty_offers_at_once_never_give_more_places_than_there_are(committed, bank):
    assert await offers_at_once(bank, many=20) == 3


async def test_without_the_rounds_lock_they_would(committed, bank, monkeypatch):
    """The control: the same offers without the lock give more than three places."""

    async def unlocked(tenant_id, round_id, *, lock=False):
        found = await rounds.round_of(tenant_id, round_id)
        await asyncio.sleep(0.02 * lock)
        return found

    monkeypatch.setattr(services, "round_of", unlocked)
    assert await offers_at_once(bank, many=8) > 3


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
    data = {"child_name": "Lee Min", "born_on": "2020-05-01", "answer_q0": "English", "agrees": "1"}
    sent = await client.post(address, data=data, files={"paper_d0": ("birth.png", PNG, "image/png")})
    assert sent.status_code == 303, text_of(inspect(sent.text))
    mine = sent.headers["location"]
    assert "Handed in" in text_of(inspect((await client.get(mine)).text))
    inspect((await client.get("/my/school/enrolments")).text)
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


async def test_the_office_opens_a_round_of_a_grade_that_there_is(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/enrolment"
    new = {
        "title_en": "K1",
        "grade": "K1",
        "places": "20",
        "opens_on": TODAY.isoformat(),
        "closes_on": TODAY.isoformat(),
    }
    assert (await client.post(root, data=new | {"answer_days": "7"})).status_code == 303
    assert (await client.post(root, data=new | {"grade": "99", "answer_days": "7"})).status_code == 422


async def test_a_school_writes_its_form_in_its_own_language_alone(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    day = TODAY.isoformat()
    data = {
        "title_zh": "幼儿园",
        "grade": "K1",
        "places": "20",
        "opens_on": day,
        "closes_on": day,
        "answer_days": "7",
    }
    data |= {"questions-0-label_zh": "语言", "questions-0-choices": "中文，英文、马来文, 泰米尔文"}
    made = await client.post(f"/t/{tenant.slug}/enrolment", data=data)
    assert made.status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        said = await SchoolRound.get(tenant_id=tenant.id)
    assert said.questions[0]["choices"] == ["中文", "英文", "马来文", "泰米尔文"], "by whichever comma"
