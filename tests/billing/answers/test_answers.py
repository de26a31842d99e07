"""Answers to bills: promised, disputed as a case, declined; and what each of them stops."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.answers import service
from billing.answers.jobs import end_answers
from billing.answers.terms import AnswerTerms
from billing.credit.applying import apply_to
from billing.models import Answer, BillLine, FeeItem
from billing.payments.states import diagram, table
from billing.terms import save_terms
from billing.worklist.registry import kind_of
from tenants.days import today
from tenants.scope import execute, rows
from tests import make
from tests.billing.credit.test_credit import ahead
from tests.billing.payments import world
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)


def soon(place, days: int):
    return today(place.tenant.timezone) + timedelta(days=days)


async def promise(place, bill, days: int):
    async with place.scope():
        return await service.promise(place.payer, tenant_id=place.id, bill_id=bill.id, day=soon(place, days))


async def dispute(place, bill, **given):
    facts = {"topic": "amount", "text": "I was away", "files": []} | given
    async with place.scope():
        return await service.dispute(place.payer, tenant_id=place.id, bill_id=bill.id, **facts)


async def test_a_promise_lies_within_the_limit_and_ends_by_itself(place):
    async with place.scope():
        await save_terms(await make.staff(place.tenant), AnswerTerms(promise_days_most=10))
    kept, broken = await world.bill(place, 1000), await world.bill(place, 1000)
    for days in (0, 11):
        with pytest.raises(Invalid):
            await promise(place, kept, days)
    await promise(place, kept, 5)
    await promise(place, kept, 10)
    with pytest.raises(Conflict):
        await promise(place, kept, 7)
    await promise(place, broken, 3)
    await world.take(place, await make.staff(place.tenant, "cashier"), (kept, 1000))
    async with place.scope():
        await execute(
            "update billing_answer set promised_on = promised_on - 30 where tenant_id = $1 and bill_id = $2",
            place.id,
            broken.id,
        )
    await end_answers(place.system)
    async with place.scope():
        states = {a.status for a in await Answer.filter(tenant_id=place.id, bill_id=kept.id)}
        assert states == {"withdrawn", "kept"}
        assert (await Answer.get(tenant_id=place.id, bill_id=broken.id)).status == "broken"


async def test_a_dispute_is_worked_as_a_case_by_those_who_may(place):
    bill = await world.bill(place, 1000)
    answer = await dispute(place, bill)
    with pytest.raises(Conflict):
        await dispute(place, bill)
    officer, cashier = await make.staff(place.tenant, "finance"), await make.staff(place.tenant, "cashier")
    own = {"tenant_id": place.id, "answer_id": answer}
    async with place.scope():
        with pytest.raises(Forbidden):
            await service.say(cashier, text="no", **own)
        await service.say(officer, text="Which days?", **own)
        assert (await service.find(place.id, answer)).status == "answered"
        await service.say(place.payer, text="All of May", **own)
        assert (await service.find(place.id, answer)).status == "opened"
        with pytest.raises(Invalid):
            await service.decide(officer, answer_id=answer, is_accepted=True, outcome="", text="Right")
        with pytest.raises(Forbidden):
            await service.decide(cashier, answer_id=answer, is_accepted=False, outcome="", text="No")
        await service.decide(officer, answer_id=answer, is_accepted=True, outcome="void", text="Right")
        with pytest.raises(Conflict):
            await service.withdraw(place.payer, **own)
    assert await dispute(place, bill), "a new dispute may follow one that is closed"


async def test_credit_leaves_a_disputed_bill_alone(place):
    bill = await world.bill(place, 1000)
    answer = await dispute(place, bill)
    await ahead(place, 1000)
    async with place.scope():
        assert await apply_to(place.id, [place.account.id]) == []
        await service.withdraw(place.payer, tenant_id=place.id, answer_id=answer)
        assert [each.amount_minor for each in await apply_to(place.id, [place.account.id])] == [1000]


async def test_what_was_accepted_stays_disputed_until_the_bill_has_been_put_right(place, client):
    bill, other = await world.bill(place, 1000), await world.bill(place, 700)
    officer, root = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}"
    for each, outcome in ((bill, "adjustment"), (other, "explained")):
        answer = await dispute(place, each)
        async with place.scope():
            await service.decide(officer, answer_id=answer, is_accepted=True, outcome=outcome, text="Right")
            await Answer.filter(id=answer).update(closed_at=datetime.now(UTC) - timedelta(minutes=1))
    await ahead(place, 1000)
    async with place.scope():
        assert [one.bill_id for one in await apply_to(place.id, [place.account.id])] == [other.id]
        assert [one["title"] for one in await rows(kind_of("righting").sql, place.id)] == [bill.number]
        case = await Answer.get(tenant_id=place.id, bill_id=bill.id)
    await make.sign_in(client, place.person.id)
    assert "Being looked at, as you asked" in text_of(inspect((await client.get("/my")).text))
    await make.sign_in(client, officer.person_id)
    page = inspect((await client.get(f"{root}/answers/{case.id}")).text)
    remedy = next(a.get("href") for a in page.iter("a") if text_of(a) == "Put the bill right")
    assert "SGD 10.00" in text_of(inspect((await client.get(remedy)).text)), "the form to let some of it off"
    form = {"kind": "discount", "amount": "4.00", "reason": "As disputed", "key": "k"}
    assert (await client.post(remedy, data=form)).status_code == 303
    async with place.scope():
        await execute("update billing_answer set closed_at = now() where id = $1", case.id)
        assert await rows(kind_of("righting").sql, place.id) == []
        assert [one.bill_id for one in await apply_to(place.id, [place.account.id])] == [bill.id]
    assert "It has been done." in (await client.get(f"{root}/answers/{case.id}")).text


async def test_a_voluntary_item_comes_off_by_a_linked_reversal(place):
    bill = await world.bill(place, 1000, 300)
    async with place.scope():
        fixed, extra = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
        await FeeItem.filter(tenant_id=place.id, id=extra.fee_item_id).update(is_voluntary=True)
        facts = {"tenant_id": place.id, "bill_id": bill.id}
        with pytest.raises(Conflict):
            await service.decline(place.payer, line_id=fixed.id, **facts)
        await service.decline(place.payer, line_id=extra.id, **facts)
        with pytest.raises(Conflict):
            await service.decline(place.payer, line_id=extra.id, **facts)
    after = await world.fresh(place, bill)
    assert (after.total_minor, after.adjusted_minor, after.status) == (1300, 300, "issued")
    assert await world.ledger_is_right(place)
    await world.take(place, await make.staff(place.tenant, "cashier"), (bill, 1000))
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_pages_ask_one_plain_question_and_keep_files_private(place, client):
    bill = await world.bill(place, 1000)
    await make.sign_in(client, place.person.id)
    page = text_of(inspect((await client.get(f"/my/bills/{bill.id}/answers")).text))
    assert "What would you like to do?" in page
    late = await client.post(f"/my/bills/{bill.id}/promises", data={"day": "2031-01-01"})
    assert late.status_code == 422
    assert "Choose a day within the next" in text_of(inspect(late.text))
    files = {"files": ("meter.png", PNG, "image/png")}
    wrong = await client.post(f"/my/bills/{bill.id}/disputes", data={"topic": "", "text": "no"}, files=files)
    assert "Choose what is wrong." in wrong.text
    sent = await client.post(
        f"/my/bills/{bill.id}/disputes", data={"topic": "amount", "text": "no"}, files=files
    )
    assert sent.status_code == 303, text_of(inspect(sent.text))
    async with place.scope():
        answer = await Answer.get(tenant_id=place.id, kind="dispute")
    assert f"/my/answers/{answer.id}" in (await client.get(f"/my/bills/{bill.id}")).text, (
        "its bill says so too"
    )
    own = await client.get(f"/my/answers/{answer.id}")
    address = next(
        link.get("href") for link in inspect(own.text).iter("a") if "answer-files" in (link.get("href") or "")
    )
    got = await client.get(address)
    assert got.content == PNG
    assert got.headers["content-disposition"].startswith("attachment")
    await make.sign_in(client, (await make.person("Stranger")).id)
    for path in (address, f"/my/answers/{answer.id}", f"/my/bills/{bill.id}/answers"):
        assert (await client.get(path)).status_code == 404
    officer, root = await make.staff(place.tenant, "finance"), f"/t/{place.tenant.slug}"
    await make.sign_in(client, officer.person_id)
    assert bill.number in (await client.get(f"{root}/answers?kind=dispute")).text
    inspect((await client.get(f"{root}/answers/{answer.id}")).text)
    assert (await client.get(address.replace("/my", root))).content == PNG
    done = await client.post(f"{root}/answers/{answer.id}/notes", data={"text": "It stands", "act": "reject"})
    assert done.status_code == 303
    admin = await client.get(f"{root}/answers?state=rejected&export=csv")
    assert bill.number in admin.text


def test_the_documentation_shows_how_answers_live():
    from pathlib import Path  # noqa: PLC0415

    from billing.answers.states import ANSWERS  # noqa: PLC0415

    text = (Path(service.__file__).parent / "README.md").read_text()
    for machine in ANSWERS:
        assert table(machine) in text
        assert diagram(machine) in text
