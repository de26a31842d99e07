"""Finance works a dispute on its page; those without the right read, strangers find nothing."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.models import Attempt, Dispute
from tests import make
from tests.billing.disputes.test_disputes import PDF, paid
from tests.jobs import run_due
from tests.page import inspect, text_of


@pytest.fixture
async def dispute(place):
    _, started = await paid(place)
    return await tell(place, started.attempt_id, "evidence_due")


async def tell(place, attempt_id, state, amount=5000) -> Dispute:
    news = News(
        reference="dp_1",
        payment="pi",
        amount_minor=amount,
        currency="SGD",
        state=state,
        reason="fraudulent",
        is_withdrawn=True,
        fee_minor=1500,
        evidence_due_at=datetime.now(UTC) + timedelta(days=7),
    )
    async with place.scope():
        assert await Attempt.get(tenant_id=place.id, id=attempt_id)
        return await take_news(place.system, attempt_id, news)


async def enter(client, place, role):
    actor = await make.staff(place.tenant, role, f"{role} person")
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)
    return actor


async def shown(client, path, status=200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.text[:2000])
    return text_of(inspect(answer.text))


async def test_the_answer_is_kept_handed_in_and_cannot_be_empty(place, dispute, client):
    root = f"/t/{place.tenant.slug}"
    at = f"{root}/disputes/{dispute.id}"
    await enter(client, place, "finance")
    assert "Disputes to answer" in await shown(client, f"{root}/worklist")
    assert dispute.number in await shown(client, f"{root}/disputes")
    text = await shown(client, at)
    assert "Answer by" in text
    assert "how they signed in" in text
    assert "Held in disputes" in text
    assert dispute.number in (await client.get(f"{root}/disputes?export=csv")).text
    wrong = await client.post(f"{at}/files", data={"purpose": "receipt"}, files={"file": ("a.exe", b"MZ")})
    assert wrong.status_code == 422
    inspect(wrong.text)
    sent = {"purpose": "receipt"}, {"file": ("receipt.pdf", PDF, "application/pdf")}
    assert (await client.post(f"{at}/files", data=sent[0], files=sent[1])).status_code == 303
    assert (
        await client.post(f"{at}/evidence", data={"text": "They live here.", "act": "save"})
    ).status_code == 303
    assert "They live here." in (await client.get(at)).text
    assert "receipt.pdf" in (await client.get(at)).text
    empty = await client.post(f"{at}/evidence", data={"text": " ", "act": "submit"})
    assert empty.status_code == 422
    assert "own words" in text_of(inspect(empty.text))
    done = await client.post(f"{at}/evidence", data={"text": "They live here.", "act": "submit"})
    assert done.status_code == 303
    assert "On its way to the channel" in await shown(client, at)


async def test_a_lost_one_is_decided_on_its_page(place, dispute, client):
    at = f"/t/{place.tenant.slug}/disputes/{dispute.id}"
    await tell(place, dispute.attempt_id, "lost")
    await enter(client, place, "finance")
    assert "decide who bears it" in await shown(client, at)
    wrong = await client.post(f"{at}/decision", data={"decision": "owed", "reason": ""})
    assert wrong.status_code == 422
    inspect(wrong.text)
    await client.post(f"{at}/decision", data={"decision": "owed", "reason": "They do owe it"})
    assert "bills are owed again" in await shown(client, at)
    await run_due(place.id)


async def test_a_reader_reads_a_cashier_acts_not_and_a_stranger_finds_nothing(place, dispute, client, bank):
    at = f"/t/{place.tenant.slug}/disputes/{dispute.id}"
    await enter(client, place, "reader")
    assert "Hand in the answer" not in await shown(client, at)
    for act in ("evidence", "files", "acceptance", "decision", "approval", "rejection"):
        assert (await client.post(f"{at}/{act}")).status_code == 403
    other = await make.staff(await make.tenant(bank), "finance", "Elsewhere")
    client.cookies.clear()
    await make.sign_in(client, other.person_id)
    assert (await client.get(at)).status_code == 404
