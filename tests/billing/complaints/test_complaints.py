"""Complaints from a payer, an institution and a caller: who sees and decides what, and what follows when it is late."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.complaints import filing, queries, service
from billing.complaints.escalating import look_after
from billing.complaints.filing import About, Complainant
from billing.complaints.states import COMPLAINT, KINDS
from billing.complaints.telling import DELIVER_JOB, TELL_JOB
from billing.models import Complaint, ComplaintMessage, Payment, Refund
from billing.oversight import board
from billing.oversight.board import Asked, complaint_rate
from billing.payments.refreshing import refresh
from tenants.banks import members as people
from tenants.banks import structure
from tenants.ids import new_id
from tenants.models import Branch, Outbox, Tenant
from tenants.scope import bank_scope, open_scope, person_scope, rows
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.tables import TableQuery

TYPED = {"kind": "taken_twice", "summary": "Paid twice in March", "text": "Please give one of them back."}


@pytest.fixture
async def manager(place, bank):
    return await make.bank_staff(bank, "relationship_manager", "Lin Mei")


@pytest.fixture
async def paid(place, outside) -> Payment:
    started = await world.start(place, await world.bill(place))
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    async with place.scope():
        return await Payment.get(id=started.payment_id)


@pytest.fixture
async def filed(place, paid) -> Complaint:
    about = About(place.id, None, paid.id, paid.number, paid.currency, paid.amount_minor)
    return await file(place, about)


async def file(place, about=None, **typed) -> Complaint:
    who = Complainant("payer", place.payer.name, "ann@example.com", place.payer.person_id)
    async with place.scope():
        return await filing.file(
            place.payer.within(place.id), about or About(place.id), who, **(TYPED | typed)
        )


async def as_bank(bank, act):
    async with open_scope(bank_scope(bank.id)):
        return await act


async def as_payer(place, act):
    async with place.scope():
        return await act


async def test_the_branch_answers_and_the_refund_goes_the_ordinary_way(place, bank, filed, paid, manager):
    assert filed.due_at.date() == (datetime.now(UTC) + timedelta(days=KINDS["taken_twice"].days)).date()
    await as_bank(bank, service.assign(manager, filed.id, to=manager.person_id))
    with pytest.raises(Invalid):
        await as_bank(
            bank, service.answer(manager, filed.id, outcome="upheld", text="Yes.", refund_minor=5001)
        )
    with pytest.raises(Invalid):
        await as_bank(
            bank, service.answer(manager, filed.id, outcome="not_upheld", text="No.", refund_minor=1)
        )
    answered = await as_bank(
        bank, service.answer(manager, filed.id, outcome="upheld", text="You are right.", refund_minor=5000)
    )
    assert (answered.status, answered.refund_id) == ("answered", None)
    reader, finance = (
        await make.staff(place.tenant, "reader"),
        await make.staff(place.tenant, "finance", "Wei"),
    )
    async with place.scope():
        with pytest.raises(Forbidden):
            await service.ask_refund(reader, filed.id)
        asked = await service.ask_refund(finance, filed.id)
        refund = await Refund.get(id=asked.refund_id)
        assert (refund.payment_id, refund.amount_minor, refund.status) == (paid.id, 5000, "approved")
        with pytest.raises(Conflict):
            await service.ask_refund(finance, filed.id)
        assert await Refund.filter(payment_id=paid.id).count() == 1


async def test_an_institution_decides_itself_until_it_has_gone_up(place, bank, filed):
    finance = await make.staff(place.tenant, "finance", "Wei")
    async with place.scope():
        answered = await service.answer(finance, filed.id, outcome="partly", text="Half.", refund_minor=2500)
        assert (await Refund.get(id=answered.refund_id)).amount_minor == 2500
    await as_payer(place, service.reopen(place.payer.within(place.id), filed.id, text="All of it."))
    async with place.scope():
        again = await Complaint.get(id=filed.id)
        assert (again.status, again.reopened, again.escalation) == ("working", 1, 1)
        with pytest.raises(Forbidden):
            await service.answer(finance, filed.id, outcome="upheld", text="Now yes.")


async def test_three_people_see_what_is_theirs(place, bank, filed, manager):
    stranger = make.payer(await make.person("Stranger"))
    elsewhere = await make.staff(await make.tenant(bank), "administrator")
    other_branch = replace(manager, branches=(new_id(),))
    for actor in (stranger, elsewhere, other_branch):
        async with open_scope(actor.scope()):
            with pytest.raises(NotFound):
                await service.get(actor, filed.id)
    async with open_scope(person_scope(place.payer.person_id)):
        assert (await service.get(place.payer, filed.id)).id == filed.id


async def test_a_note_of_the_bank_is_read_by_nobody_else(place, bank, filed, manager):
    await as_bank(bank, service.say(manager, filed.id, text="Call their cashier.", is_internal=True))
    count = ComplaintMessage.filter(complaint_id=filed.id)
    assert await as_bank(bank, count.count()) == 2
    async with place.scope():
        assert await ComplaintMessage.filter(complaint_id=filed.id).count() == 1
    async with open_scope(person_scope(place.payer.person_id)):
        assert [one.text for one in await ComplaintMessage.all()] == [TYPED["text"]]
    chief = await make.staff(place.tenant)
    async with place.scope():
        with pytest.raises(Forbidden):
            await service.say(chief, filed.id, text="Ours", is_internal=True)


async def test_a_question_waits_and_an_answer_goes_on(place, bank, filed, manager):
    await as_bank(bank, service.say(manager, filed.id, text="Which card?", is_question=True))
    async with place.scope():
        assert (await Complaint.get(id=filed.id)).status == "waiting"
        await service.say(place.payer.within(place.id), filed.id, text="The blue one.")
        assert (await Complaint.get(id=filed.id)).status == "working"
        with pytest.raises(Invalid):
            await service.say(place.payer.within(place.id), filed.id, text="  ")


@pytest.fixture
async def branches(place, bank):
    """The institution's branch below a head office, with one person at each."""
    async with open_scope(bank_scope(bank.id)):
        head = await Branch.create(id=new_id(), bank_id=bank.id, code=f"H{make.serial()}", name="Head")
        low = await Branch.create(
            id=new_id(), bank_id=bank.id, code=f"L{make.serial()}", name="Low", parent_id=head.id
        )
        await Tenant.filter(id=place.id).update(branch_id=low.id)
    return head, low


async def member_at(bank, branch, name):
    from tenants.models import BankMembership  # noqa: PLC0415

    made = await make.bank_staff(bank, "relationship_manager", name)
    async with open_scope(bank_scope(bank.id)):
        await BankMembership.filter(person_id=made.person_id).update(
            branch_id=branch.id, email=f"{name}@bank.example"
        )
    return replace(made, branches=(branch.id,))


async def test_what_is_overdue_goes_a_branch_up_once(place, bank, branches):
    head, low = branches
    chief, clerk = await member_at(bank, head, "Chief"), await member_at(bank, low, "Clerk")
    filed = await file(place)
    async with open_scope(bank_scope(bank.id)):
        await service.assign(clerk, filed.id, to=clerk.person_id)
        await Complaint.filter(id=filed.id).update(due_at=datetime.now(UTC) - timedelta(hours=1))
    await look_after(place.system)
    await look_after(place.system)
    async with open_scope(bank_scope(bank.id)):
        late = await Complaint.get(id=filed.id)
        assert (late.desk_id, late.escalation, late.assigned_to) == (head.id, 1, None)
        assert (await service.get(clerk, filed.id)).branch_id == low.id, "still read where it came in"
        with pytest.raises(Forbidden):
            await service.answer(clerk, filed.id, outcome="upheld", text="Too late.")
        with pytest.raises(Invalid):
            await service.assign(chief, filed.id, to=clerk.person_id)
        await service.assign(chief, filed.id, to=chief.person_id)
    await world.hurry(place, TELL_JOB)
    async with place.scope():
        letters = [one.payload["letter"] for one in await Outbox.filter(job=DELIVER_JOB)]
    assert "overdue" in letters


async def test_an_answer_without_an_objection_closes_it(place, bank, filed, manager):
    await as_bank(bank, service.answer(manager, filed.id, outcome="not_upheld", text="All in order."))
    async with place.scope():
        await Complaint.filter(id=filed.id).update(answered_at=datetime.now(UTC) - timedelta(days=15))
    await look_after(place.system)
    async with place.scope():
        assert (await Complaint.get(id=filed.id)).status == "closed"
        await Complaint.filter(id=filed.id).update(answered_at=datetime.now(UTC) - timedelta(days=31))
        with pytest.raises(Conflict):
            await service.reopen(place.payer.within(place.id), filed.id, text="No!")


async def test_the_scorecard_and_the_repeat_rate_count_them(place, bank, filed, manager):
    auditor, month = await make.bank_staff(bank, "auditor"), Asked(30, "SGD")

    async def card():
        async with open_scope(bank_scope(bank.id)):
            found = {one["id"]: one for one in await board.scorecard(auditor, month)}
            return found[bank.branch_id], await queries.figures(auditor)

    (before, _), again = await card(), await file(place)
    assert again.repeat_of == filed.id
    after, figures = await card()
    assert after["complaints"] == before["complaints"] + 1
    assert figures["again"] >= 1
    assert figures["repeat"] > 0
    await as_bank(bank, service.answer(manager, again.id, outcome="not_upheld", text="All in order."))
    assert (await card())[0]["complaints"] == before["complaints"], "an unfounded one does not count"
    assert complaint_rate({"complaints": 2, "volume": 4000}) == 0.5
    assert complaint_rate({"complaints": 2, "volume": 0}) == 2


async def test_work_follows_an_institution_and_a_leaver(place, bank, filed, manager, branches):
    _, low = branches
    chief, heir = await make.bank_staff(bank, "administrator"), await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        await service.assign(manager, filed.id, to=manager.person_id)
        await Tenant.filter(id=place.id).update(branch_id=bank.branch_id)
        await structure.move_tenant(chief, place.id, to_branch=low.id, manager=None, reason="Nearer to them.")
        assert (await Complaint.get(id=filed.id)).desk_id == low.id
        members = {
            one["person_id"]: one["id"]
            for one in await rows(
                "select id, person_id from tenants_bank_membership where bank_id = $1", bank.id
            )
        }
        given = await people.hand_over(chief, members[manager.person_id], to=members[heir.person_id])
        assert given.others == 1
        assert (await Complaint.get(id=filed.id)).assigned_to == heir.person_id


def test_the_states_are_data_and_nothing_else_moves():
    assert COMPLAINT.can("received", "answer")
    for status in ("answered", "closed", "withdrawn"):
        assert not COMPLAINT.can(status, "answer")
    assert not COMPLAINT.can("withdrawn", "reopen")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_payers_pages_from_the_payment_on(  # noqa: PLR0917 - fixtures
    client, place, bank, paid, manager, language
):
    headers = {"Accept-Language": language}
    await make.sign_in(client, place.payer.person_id)
    page = await client.get(f"/my/payments/{paid.id}", headers=headers)
    assert f"/my/complaints/new?payment={paid.id}" in page.text
    form = await client.get(f"/my/complaints/new?payment={paid.id}", headers=headers)
    inspect(form.text)
    back = f"/my/complaints/new?payment={paid.id}&kind=money_back"
    assert back.replace("&", "&amp;") in page.text
    wish = (await client.get(back, headers=headers)).text
    assert {"en": "Ask for your money back", "zh-CN": "申请退款"}[language] in text_of(inspect(wish))
    assert re.search(r'value="money_back"[^>]* checked', wish)
    wrong = await client.post(f"/my/complaints?payment={paid.id}", data={"summary": "x", "text": "y"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    for about in ("", f"?payment={new_id()}", "?bill=x"):
        assert (await client.get(f"/my/complaints/new{about}")).status_code == 404
    sent = await client.post(
        f"/my/complaints?payment={paid.id}", data=TYPED, files={"files": ("slip.pdf", b"%PDF-1.4\n%%EOF")}
    )
    assert sent.status_code == 303, sent.text
    here = sent.headers["location"]
    shown = await client.get(here, headers=headers)
    inspect(shown.text)
    files = shown.text.split("/my/complaint-files/")[1].split('"')[0]
    assert (await client.get(f"/my/complaint-files/{files}")).status_code == 200
    assert (await client.post(f"{here}/messages", data={"text": "And soon, please."})).status_code == 303
    found = (await client.get("/my/complaints", headers=headers)).text
    inspect(found)
    assert TYPED["summary"] in found
    complaint_id = here.rsplit("/", 1)[1]
    await as_bank(
        bank, service.answer(manager, complaint_id, outcome="upheld", text="Yes.", refund_minor=100)
    )
    answered = await client.get(here, headers=headers)
    inspect(answered.text)
    assert (await client.post(f"{here}/reopening", data={"text": ""})).status_code == 422
    assert (await client.post(f"{here}/closing")).status_code == 303
    other = await make.person("Stranger")
    await make.sign_in(client, other.id)
    for path in (here, f"/my/complaint-files/{files}"):
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_consoles_pages(  # noqa: PLR0917 - fixtures
    client, place, bank, filed, manager, language
):
    headers, root = {"Accept-Language": language}, f"/bank/{bank.slug}"
    await make.sign_in(client, manager.person_id)
    one = f"{root}/complaints/{filed.id}"
    for path in (
        f"{root}/complaints",
        f"{root}/complaints?state=open&kind=taken_twice&with=me&q=March",
        one,
        f"{root}/complaints/new?tenant={place.id}",
        f"{root}/scorecard",
    ):
        page = await client.get(path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        inspect(page.text)
    export = await client.get(f"{root}/complaints?export=csv")
    assert TYPED["summary"] in export.text
    assert (await client.get(f"{root}/complaints/new")).status_code == 303
    give = {"to": str(manager.person_id)}
    assert (await client.post(f"{one}/assignment", data=give)).status_code == 303
    assert (await client.post(f"{one}/messages", data={"text": "A note.", "act": "note"})).status_code == 303
    assert (await client.post(f"{one}/answer", data={"text": ""})).status_code == 422
    decided = {"outcome": "upheld", "text": "You are right.", "refund_minor": "50.00"}
    assert (await client.post(f"{one}/answer", data=decided)).status_code == 303
    called = {"name": "Mr Ho", "kind": "conduct", "summary": "Shouted at", "text": "At the desk."}
    down = await client.post(f"{root}/complaints?tenant={place.id}", data=called)
    assert down.status_code == 303
    await client.get(down.headers["location"], headers=headers)
    await make.sign_in(client, (await make.bank_staff(bank, "auditor")).person_id)
    assert (await client.post(f"{one}/messages", data={"text": "x"})).status_code == 403
    finance, door = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}/complaints"
    await make.sign_in(client, finance.person_id)
    page = await client.get(f"{door}/{filed.id}", headers=headers)
    assert "A note." not in text_of(inspect(page.text))
    assert (await client.post(f"{door}/{filed.id}/refund")).status_code == 303
    for path in (door, f"{door}/new", f"{door}/{filed.id}", f"{door}?export=xlsx"):
        page = await client.get(path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        if "export" not in path:
            inspect(page.text)
    own = {"kind": "settlement", "summary": "Late money", "text": "Since Monday."}
    sent = await client.post(door, data=own)
    mine = sent.headers["location"]
    inspect((await client.get(mine, headers=headers)).text)
    assert (await client.post(f"{mine}/answer", data={"outcome": "upheld", "text": "x"})).status_code == 403
    assert (await client.post(f"{mine}/closing")).status_code == 303


async def test_a_list_without_an_order_has_what_is_due_first(place, bank, filed, manager):
    await file(place, kind="conduct", summary="Later")
    async with open_scope(bank_scope(bank.id)):
        found = await queries.of_bank(manager, TableQuery(path=""))
    dues = [one["due_at"] for one in found if one["status"] in {"received", "working", "waiting"}]
    assert dues == sorted(dues)


async def test_money_is_asked_for_once_and_the_request_is_called_by_its_name(client, place, paid):
    asked, wish = f"/my/payments/{paid.id}", f"/my/complaints/new?payment={paid.id}&kind=money_back"
    await make.sign_in(client, place.payer.person_id)
    assert "kind=money_back" in (await client.get(asked)).text
    typed = {"kind": "money_back", "summary": "We moved", "text": "We left in May."}
    first = (await client.post(f"/my/complaints?payment={paid.id}", data=typed)).headers["location"]
    shown = (await client.get(asked)).text
    assert "You have asked for your money back" in text_of(inspect(shown))
    assert f'href="{first}"' in shown
    assert "kind=money_back" not in shown
    again = await client.post(f"/my/complaints?payment={paid.id}", data=typed)
    assert {again.headers["location"], (await client.get(wish)).headers["location"]} == {first}
    assert await world.count(place, "billing_complaint") == 1
    own = inspect((await client.get(first, headers={"Accept-Language": "zh-CN"})).text)
    assert text_of(next(own.iter("h1"))).startswith("申请退款")
    assert (await client.post(f"{first}/withdrawal")).status_code == 303
    assert "kind=money_back" in (await client.get(asked)).text, "what was taken back can be asked for again"
