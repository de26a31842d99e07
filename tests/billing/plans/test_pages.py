"""Pages of plans, single bills and credit notes, as staff and the payer see them, in both languages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from billing.models import Bill, CreditNote, Instalment, InstalmentPlan
from billing.payer.owed import owed_by
from billing.plans import service
from billing.plans.conditions import later_minor
from billing.plans.service import Proposal
from tenants.scope import open_scope, person_scope, rows
from tests import make
from tests.billing.payments.world import bill, build
from tests.page import inspect, text_of

DUE = make.today() + timedelta(days=20)


@pytest_asyncio.fixture(loop_scope="session")
async def place(db, bank, client):
    made: Any = await build(bank, is_connected=False)
    finance = await make.staff(made.tenant, "finance")
    made.owed, spread = await bill(made, 5000), await bill(made, 700)
    async with made.scope():
        made.plan = await service.agree(finance, Proposal([spread.id], DUE, 2, "month", "last", "As agreed."))
    made.spread, made.root = spread, f"/t/{made.tenant.slug}"
    made.of = f"{made.root}/accounts/{made.account.id}"
    await make.sign_in(client, finance.person_id)
    return made


async def test_paying_a_plan_begins_with_the_instalment(place, client):
    await make.sign_in(client, place.person.id)
    page = (await client.get(f"/my/plans/{place.plan.id}")).text
    asked = f"/my/checkout?bill={place.spread.id}&amount-{place.spread.id}=3.50"
    assert asked.replace("&", "&amp;") in page


async def test_only_the_instalment_counts_as_owed_and_paying_begins_with_it(place, client):
    await make.sign_in(client, place.person.id)
    shown = text_of(inspect((await client.get("/my")).text))
    assert shown.index("53.50") < shown.index("SGD 3.50 more is due later, in instalments.")
    assert "Instalment due" in shown
    assert "57.00" not in shown
    begun = text_of(inspect((await client.get(f"/my/checkout?bill={place.spread.id}")).text))
    assert "You pay SGD 3.50 of SGD 7.00 to pay" in begun
    home = text_of(inspect((await client.get("/my/home")).text))
    assert "53.50" in home
    assert "SGD 3.50 more is due later" in home


async def test_late_instalments_add_up_and_go_to_the_oldest_bills(place, client):
    finance = await make.staff(place.tenant, "finance")
    pair = [await bill(place, 1500), await bill(place, 1500)]
    first, second = sorted(pair, key=lambda one: (one.period, one.number))
    async with place.scope():
        plan = await service.agree(finance, Proposal([first.id, second.id], DUE, 3, "month", "last"))
    assert await due_of(place, first, second) == [1000, 0]
    await make.sign_in(client, place.person.id)
    shown = text_of(inspect((await client.get("/my")).text))
    assert shown.count("Instalment due") == 2, "one of each plan: nothing of the second bill is due yet"
    assert "SGD 15.00 more is due later" in shown
    async with place.scope():
        late = Instalment.filter(tenant_id=place.id, plan_id=plan.id, position__lte=2)
        await late.update(due_on=make.today() - timedelta(days=3))
    assert await due_of(place, first, second) == [1500, 500]
    async with place.scope():
        await Bill.filter(id=first.id).update(paid_minor=1500, status="paid")
    assert await due_of(place, first, second) == [None, 500]
    async with place.scope():
        await service.break_off(finance, plan.id, reason="Missed.")
    assert await due_of(place, first, second) == [None, 1500]


LATER = later_minor("day_of(b.tenant_id)")
LEFT = "b.total_minor - b.paid_minor - b.adjusted_minor"


async def due_of(place, *bills):
    """What of each bill is due, as its payer sees it; nothing of one that is paid."""
    async with open_scope(person_scope(place.person.id)):
        owed = await owed_by(place.person.id)
        said = {
            str(one["id"]): one["left_minor"] - one["later_minor"]
            for one in await rows(f"select b.id, {LATER} later_minor, {LEFT} left_minor from billing_bill b")
        }
    found = {one.id: one.due_minor for group in owed.institutions for a in group.accounts for one in a.bills}
    assert all(said[one] == due for one, due in found.items()), "as statements that only sum have it"
    return [found.get(str(one.id)) for one in bills]


async def test_what_is_held_for_its_payer_is_not_offered_for_a_plan(place, client):
    assert str(place.owed.id) in (await client.get(f"{place.of}/plans/new")).text
    async with place.scope():
        await Bill.filter(id=place.owed.id).update(held_until=datetime.now(UTC) + timedelta(days=1))
    assert str(place.owed.id) not in (await client.get(f"{place.of}/plans/new")).text


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_sound(place, client, language):
    paths = (
        f"{place.root}/plans",
        f"{place.root}/plans?status=missed&q=A",
        f"{place.root}/plans/{place.plan.id}",
        f"{place.root}/plans/{place.plan.id}/breaking",
        f"{place.of}/plans/new",
        f"{place.of}/bills/new",
        f"{place.root}/bills/{place.owed.id}/credit-notes/new",
        f"{place.root}/bills/{place.spread.id}",
        f"{place.root}/bills",
        place.of,
    )
    for path in paths:
        answer = await client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        inspect(answer.text)
    await make.sign_in(client, place.person.id)
    for path in (f"/my/plans/{place.plan.id}", f"/my/bills/{place.spread.id}"):
        answer = await client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        inspect(answer.text)


async def test_a_plan_is_agreed_and_broken_in_forms(place, client):
    form = {
        "bills": [str(place.owed.id)],
        "first_on": DUE.isoformat(),
        "count": "3",
        "step": "month",
        "remainder": "first",
        "note": "",
    }
    wrong = await client.post(f"{place.of}/plans", data={**form, "count": "99"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert "Choose between 2 and 60 instalments." in wrong.text
    assert 'value="99"' in wrong.text
    done = await client.post(f"{place.of}/plans", data=form)
    assert done.status_code == 303
    page = await client.get(done.headers["location"])
    assert "16.68" in page.text
    assert "16.66" in page.text
    assert (
        await client.post(f"{done.headers['location']}/breaking", data={"reason": " "})
    ).status_code == 422
    assert (
        await client.post(f"{done.headers['location']}/breaking", data={"reason": "Missed."})
    ).status_code == 303
    async with place.scope():
        assert (
            await InstalmentPlan.filter(tenant_id=place.id, status="broken", ended_reason="Missed.").count()
            == 1
        )


async def test_a_single_bill_is_issued_in_a_form(place, client):
    form = {
        "key": "one",
        "due_on": DUE.isoformat(),
        "reference": "K-1",
        "lines-0-fee": "",
        "lines-0-name": "Key card",
        "lines-0-amount_minor": "12.5",
        "lines-1-fee": "",
        "lines-1-name": "",
        "lines-1-amount_minor": "",
    }
    wrong = await client.post(f"{place.of}/bills", data={**form, "lines-0-amount_minor": "12.555"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    assert "Key card" in wrong.text
    for _ in range(2):
        assert (await client.post(f"{place.of}/bills", data=form)).status_code == 303
    async with place.scope():
        (made,) = await Bill.filter(tenant_id=place.id, kind="one_off")
    assert (made.total_minor, made.reference) == (1250, "K-1")


async def test_a_credit_note_is_written_in_a_form_and_shown_to_the_payer(place, client):
    path = f"{place.root}/bills/{place.owed.id}/credit-notes"
    form = {"key": "n", "line": "", "amount_minor": "10.00", "reason": "Charged twice."}
    wrong = await client.post(path, data={**form, "amount_minor": "90.00"})
    assert wrong.status_code == 422
    assert "50.00" in wrong.text
    assert (await client.post(path, data=form)).status_code == 303
    async with place.scope():
        note = await CreditNote.get(tenant_id=place.id)
    shown = await client.get(f"{place.root}/bills/{place.owed.id}")
    assert f"Credit note {note.number}: SGD 10.00" in text_of(inspect(shown.text))
    await make.sign_in(client, place.person.id)
    mine = await client.get(f"/my/bills/{place.owed.id}")
    inspect(mine.text)
    assert "Charged twice." in mine.text
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(f"/my/plans/{place.plan.id}")).status_code == 404
