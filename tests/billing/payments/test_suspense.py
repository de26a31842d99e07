"""Money that belongs to no bill is worked by a named person with a reason, to the last cent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing import ledger
from billing.channels.contract import Outcome
from billing.models import Refund, Suspense
from billing.payments.service import (
    SUSPENSE_REASONS,
    apply_suspense,
    approve_refund,
    assign_suspense,
    refresh,
    refund_suspense,
    refundable_minor,
    reject_refund,
)
from billing.payments.settling import settle
from tenants.actor import StepUp
from tenants.ids import new_id
from tenants.models import Audit
from tests import make
from tests.billing.payments import world
from tests.billing.payments.refunds import ask
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound


async def twice_paid(place, outside, amount=3000):
    """A payment that found its bill paid, and its unassigned money."""
    bill = await world.bill(place, amount)
    started = await world.start(place, bill)
    async with place.scope():
        await settle(place.system, started.attempt_id, Outcome(state="expired"))
    await world.take(place, await make.staff(place.tenant, "cashier"), (bill, amount))
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    async with place.scope():
        return started, await Suspense.get(tenant_id=place.id, payment_id=started.payment_id)


async def balance(place):
    async with place.scope():
        found = await ledger.trial_balance(place.id)
    return {each.ledger: each.balance_minor for each in found}


async def test_it_goes_back_in_one_click(place, outside, officer):
    started, held = await twice_paid(place, outside)
    async with place.scope():
        assert await refundable_minor(place.id, started.payment_id) == 0
        refund_id = await refund_suspense(officer, suspense_id=held.id, reason="Paid twice", key="k")
        assert await refund_suspense(officer, suspense_id=held.id, reason="Paid twice", key="k") == refund_id
        assert (await Suspense.get(id=held.id)).status == "refunding"
    await run_due(place.id)
    async with place.scope():
        assert (await Refund.get(id=refund_id)).status == "succeeded"
        worked = await Suspense.get(id=held.id)
    assert (worked.status, worked.resolution, worked.refund_id) == ("refunded", "Paid twice", refund_id)
    assert worked.resolved_at
    assert outside.refunded(place, await world.attempt(place, started)) == 3000
    assert (await balance(place))["suspense"] == 0
    assert await world.ledger_is_right(place)


async def test_above_the_limit_it_waits_and_a_refusal_opens_it_again(place, outside, officer):
    _, held = await twice_paid(place, outside, 60_000)
    manager = await make.staff(place.tenant, "administrator")
    async with place.scope():
        refund_id = await refund_suspense(officer, suspense_id=held.id, reason="Paid twice", key="k")
        assert (await Refund.get(id=refund_id)).status == "requested"
        with pytest.raises(Forbidden):
            await approve_refund(officer, refund_id=refund_id)
        await reject_refund(manager, refund_id=refund_id, reason="Put it to next month")
        again = await Suspense.get(id=held.id)
    assert (again.status, again.refund_id) == ("open", None)
    assert await world.ledger_is_right(place)


async def test_a_refund_that_fails_opens_it_again(place, outside, officer):
    started, held = await twice_paid(place, outside)
    outside.fault("stripe", "refund_fail", "refunds", times=1)
    async with place.scope():
        await refund_suspense(officer, suspense_id=held.id, reason="Paid twice", key="k")
    await run_due(place.id)
    outside.advance(6)
    await world.hurry(place, "billing.ask_refund")
    async with place.scope():
        assert (await Suspense.get(id=held.id)).status == "open"
        await refund_suspense(officer, suspense_id=held.id, reason="Once more", key="k2")
    await run_due(place.id)
    assert outside.refunded(place, await world.attempt(place, started)) == 3000
    assert await world.ledger_is_right(place)


async def test_it_pays_another_bill_and_what_is_over_stays(place, outside, officer):
    started, held = await twice_paid(place, outside)
    next_month = await world.bill(place, 2000)
    async with place.scope():
        given = {"suspense_id": held.id, "bill_id": next_month.id, "reason": "The payer agreed", "key": "k"}
        assert await apply_suspense(officer, **given) == 2000
        assert await apply_suspense(officer, **given) == 2000
        rest = await Suspense.get(tenant_id=place.id, status="open")
        applied = await Suspense.get(id=held.id)
        assert await refundable_minor(place.id, started.payment_id) == 2000
        assert await Audit.exists(tenant_id=place.id, act="suspense.applied", subject_id=held.id)
    assert (applied.status, applied.amount_minor, rest.amount_minor) == ("applied", 2000, 1000)
    assert (await world.fresh(place, next_month)).status == "paid"
    assert (await balance(place))["suspense"] == -1000
    assert await world.ledger_is_right(place)


async def test_applied_and_then_refunded_opens_that_bill(place, outside, officer):
    started, held = await twice_paid(place, outside)
    next_month = await world.bill(place, 3000)
    async with place.scope():
        await apply_suspense(officer, suspense_id=held.id, bill_id=next_month.id, reason="Agreed", key="k")
    await ask(place, officer, started, 3000)
    await run_due(place.id)
    assert (await world.fresh(place, next_month)).status == "issued"
    assert await world.ledger_is_right(place)


async def test_it_can_only_go_to_a_bill_that_is_owed_in_its_currency(place, outside, officer, bank):
    _, held = await twice_paid(place, outside)
    paid_bill = await world.bill(place, 100, status="paid")
    other = await world.build(bank)
    theirs = await world.bill(other, 100)
    wrong = [(paid_bill.id, Conflict), (theirs.id, NotFound), (new_id(), NotFound)]
    async with place.scope():
        for bill_id, error in wrong:
            with pytest.raises(error):
                await apply_suspense(
                    officer, suspense_id=held.id, bill_id=bill_id, reason="x", key=new_id().hex
                )
        await Suspense.filter(id=held.id).update(currency="USD")
    bill = await world.bill(place, 100)
    async with place.scope():
        with pytest.raises(Invalid, match="another currency"):
            await apply_suspense(officer, suspense_id=held.id, bill_id=bill.id, reason="x", key=new_id().hex)
        with pytest.raises(Invalid):
            await apply_suspense(officer, suspense_id=held.id, bill_id=bill.id, reason=" ", key=new_id().hex)


async def test_it_is_worked_once(place, outside, officer):
    _, held = await twice_paid(place, outside)
    bill = await world.bill(place, 3000)
    async with place.scope():
        await apply_suspense(officer, suspense_id=held.id, bill_id=bill.id, reason="x", key="k1")
        with pytest.raises(Conflict):
            await refund_suspense(officer, suspense_id=held.id, reason="x", key="k2")
        with pytest.raises(Conflict):
            await assign_suspense(officer, suspense_id=held.id, person_id=officer.person_id)


async def test_it_has_an_owner(place, outside, officer):
    _, held = await twice_paid(place, outside)
    async with place.scope():
        await assign_suspense(officer, suspense_id=held.id, person_id=officer.person_id)
        assert (await Suspense.get(id=held.id)).owner_name == "Fin Lim"
        with pytest.raises(Invalid):
            await assign_suspense(officer, suspense_id=held.id, person_id=place.person.id)
        await assign_suspense(officer, suspense_id=held.id, person_id=None)
        assert (await Suspense.get(id=held.id)).owner_id is None


async def test_only_those_with_the_right_and_a_fresh_sign_in(place, outside, officer, bank):
    _, held = await twice_paid(place, outside)
    bill = await world.bill(place, 3000)
    stale = replace(officer, auth_time=datetime.now(UTC) - timedelta(hours=1))
    reader = await make.staff(place.tenant, "reader")
    cashier = await make.staff(place.tenant, "cashier")
    async with place.scope():
        for actor, error in ((stale, StepUp), (reader, Forbidden), (cashier, Forbidden)):
            with pytest.raises(error):
                await refund_suspense(actor, suspense_id=held.id, reason="x", key=new_id().hex)
            with pytest.raises(error):
                await apply_suspense(
                    actor, suspense_id=held.id, bill_id=bill.id, reason="x", key=new_id().hex
                )
        with pytest.raises(NotFound):
            await refund_suspense(officer, suspense_id=new_id(), reason="x", key=new_id().hex)


async def test_every_reason_has_words(place, outside):
    _, held = await twice_paid(place, outside)
    assert held.reason in SUSPENSE_REASONS
    assert (await refresh(place.payer, held.payment_id)).is_received
