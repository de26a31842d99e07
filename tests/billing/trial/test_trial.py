"""The test before going live: a real bill through the sandbox's rail and back; nothing else is paid meanwhile."""

import pytest

from billing.models import Bill, Refund
from billing.payments.refreshing import refresh
from billing.reports import figures
from billing.trial import service
from tenants.models import Account, GateCheck, Tenant
from tenants.onboarding import gate
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.payments import world
from tests.jobs import run_due
from tests.page import inspect
from ui.errors import Conflict

BACK = "http://cloud.test/t/x/go-live/trial"


@pytest.fixture
async def waiting(place, bank):
    """The institution before it is live, with the gate's step open."""
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(status="approved", takes_payments=False)
        await GateCheck.create(bank_id=bank.id, tenant_id=place.id, key="trial")
    return place


async def test_a_unit_of_money_goes_through_the_rail_and_comes_back(waiting, outside):
    chief = await make.staff(waiting.tenant)
    left = await service.begin(chief, return_url=BACK, key="one")
    started = await service.begin(chief, return_url=BACK, key="two")
    async with waiting.scope():
        assert await Bill.filter(tenant_id=waiting.id, reference="TRIAL").count() == 1
    assert (await world.payment(waiting, left.payment_id)).status == "cancelled"
    outside.pay(await world.attempt(waiting, started))
    await refresh(chief, started.payment_id)
    async with waiting.scope():
        assert (await service.trial_of(waiting.id)).payment.status == "succeeded"
        assert (await figures.totals(waiting.id, "SGD", "Asia/Singapore")).today_minor == 0, "no takings"
        assert not any(
            day.payment_count for day in await figures.takings(waiting.id, "SGD", "Asia/Singapore")
        )
        await service.give_back(chief, key="one")
    await run_due(waiting.id)
    outside.post("clock", advance_seconds=10)
    async with waiting.scope():
        refund = await Refund.get(tenant_id=waiting.id)
    await world.hurry(waiting)
    async with waiting.scope():
        assert (await Refund.get(id=refund.id)).status == "succeeded"
        step = next(one for one in await gate.steps(await Tenant.get(id=waiting.id)) if one.key == "trial")
        assert step.is_done
        bill = await Bill.get(tenant_id=waiting.id, reference="TRIAL")
        assert bill.status == "void", "nobody owes it"
        assert not (await Account.get(tenant_id=waiting.id, id=bill.account_id)).is_active
    assert await world.ledger_is_right(waiting)


async def test_nothing_but_the_test_bill_is_paid_before_going_live(waiting):
    bill = await world.bill(waiting)
    with pytest.raises(Conflict, match="no_payments"):
        await world.start(waiting, bill)


async def test_a_suspended_institution_takes_payments_or_not_as_the_bank_says(place, bank):
    bill = await world.bill(place)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(
            status="suspended", takes_payments=False, word_to_payers="Ask the bank."
        )
    with pytest.raises(Conflict, match="Ask the bank"):
        await world.start(place, bill)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(takes_payments=True)
    assert (await world.start(place, bill)).status == "pending"


async def test_the_page_says_what_is_next_and_a_live_institution_needs_no_test(client, waiting, bank):
    chief = await make.staff(waiting.tenant)
    await make.sign_in(client, chief.person_id)
    here = f"/t/{waiting.tenant.slug}/go-live"
    for path in (here, f"{here}/trial"):
        page = await client.get(path)
        inspect(page.text)
        assert "Not live yet" in page.text
    desk = await make.staff(waiting.tenant, "cashier")
    await make.sign_in(client, desk.person_id)
    assert (await client.post(f"{here}/trial", data={"key": "x"})).status_code == 403
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=waiting.id).update(status="live", takes_payments=True)
    with pytest.raises(Conflict, match="live"):
        await service.begin(chief, return_url=BACK, key="three")
