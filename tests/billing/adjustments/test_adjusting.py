"""Letting something off an issued bill: by whom, how much, what the books say, and taking it back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from billing import ledger
from billing.adjustments.applying import Off, adjust_bill, restore_bill
from billing.adjustments.queries import let_off
from billing.adjustments.service import (
    Ask,
    adjustable_minor,
    approve_adjustment,
    reject_adjustment,
    request_adjustment,
    reverse_adjustment,
)
from billing.adjustments.words import LET_OFF_WORDS
from billing.charges import bills
from billing.models import Adjustment, AdjustmentPart, Bill, BillLine, FeeItem, Payment, PaymentPart
from tenants.actor import StepUp
from tenants.ids import new_id
from tenants.models import Audit
from tenants.scope import execute, open_scope
from tests import make
from tests.billing.payments import world
from ui.errors import Conflict, Forbidden, Invalid, NotFound


@pytest.fixture
async def place(db, bank):
    return await world.build(bank, is_connected=False)


async def asks(actor, bill, amount, kind="waiver", **given):
    ask = Ask(bill_id=bill.id, kind=kind, amount_minor=amount, reason="Flood in May", **given)
    return await request_adjustment(actor, ask=ask, key=new_id().hex)


async def fresh(place, bill) -> Bill:
    return await Bill.get(tenant_id=place.id, id=bill.id)


async def proven(place) -> None:
    assert await ledger.verify_ledger(place.id) == []


async def test_within_the_limit_it_is_let_off_at_once_over_the_lines_in_order(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 4000, 9000)
    async with place.scope():
        made = await Adjustment.get(tenant_id=place.id, id=await asks(finance, bill, 5000))
        found = await fresh(place, bill)
        lines = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
        acts = await Audit.filter(tenant_id=place.id, subject_id=made.id).order_by("created_at")
        await proven(place)
    assert (made.status, made.decided_by) == ("applied", finance.person_id)
    assert (found.status, found.total_minor, found.adjusted_minor, found.left_minor) == (
        "issued",
        13_000,
        5000,
        8000,
    )
    assert [(line.amount_minor, line.adjusted_minor) for line in lines] == [(4000, 4000), (9000, 1000)]
    assert {act.act for act in acts} == {"adjustment.requested", "adjustment.applied"}


async def test_slices_do_not_get_around_the_limit(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 50_000)
    async with place.scope():
        first, second = await asks(finance, bill, 20_000), await asks(finance, bill, 1)
        states = {one.id: one.status for one in await Adjustment.filter(tenant_id=place.id)}
    assert (states[first], states[second]) == ("applied", "requested")


async def test_above_the_limit_another_person_decides(place, bank):
    finance, other = (
        await make.staff(place.tenant, "finance"),
        await make.staff(place.tenant, "administrator"),
    )
    reader, stranger = (
        await make.staff(place.tenant, "cashier"),
        await make.staff(await make.tenant(bank), "finance"),
    )
    bill = await world.bill(place, 50_000)
    async with place.scope():
        asked = await asks(finance, bill, 30_000, kind="write_off")
        for who in (finance, reader):
            with pytest.raises(Forbidden):
                await approve_adjustment(who, adjustment_id=asked)
        with pytest.raises(Forbidden):
            await asks(reader, bill, 100)
    async with open_scope(stranger.scope()):
        for act in (approve_adjustment(stranger, adjustment_id=asked), asks(stranger, bill, 100)):
            with pytest.raises(NotFound):
                await act
    async with place.scope():
        assert (await fresh(place, bill)).adjusted_minor == 0
        await approve_adjustment(other, adjustment_id=asked)
        with pytest.raises(Conflict):
            await reject_adjustment(other, adjustment_id=asked, reason="Too late")
        found = await fresh(place, bill)
        await proven(place)
    assert (found.adjusted_minor, found.status) == (30_000, "issued")


async def test_a_rejected_one_lets_nothing_off(place):
    finance, other = (
        await make.staff(place.tenant, "finance"),
        await make.staff(place.tenant, "administrator"),
    )
    bill = await world.bill(place, 50_000)
    async with place.scope():
        asked = await asks(finance, bill, 30_000)
        with pytest.raises(Invalid, match="Say why"):
            await reject_adjustment(other, adjustment_id=asked, reason=" ")
        await reject_adjustment(other, adjustment_id=asked, reason="They can pay")
        found = await Adjustment.get(tenant_id=place.id, id=asked)
        assert (found.status, found.decision_reason) == ("rejected", "They can pay")
        assert (await fresh(place, bill)).adjusted_minor == 0
        await proven(place)


async def test_a_bill_that_is_let_off_whole_is_written_off_and_owed_again_when_that_is_reversed(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        asked = await asks(finance, bill, 5000)
        assert (await fresh(place, bill)).status == "written_off"
        with pytest.raises(Conflict):
            await asks(finance, bill, 1)
        await reverse_adjustment(finance, adjustment_id=asked, reason="It was the wrong flat")
        found = await fresh(place, bill)
        parts = await AdjustmentPart.filter(tenant_id=place.id).order_by("created_at")
        await proven(place)
        with pytest.raises(Conflict):
            await reverse_adjustment(finance, adjustment_id=asked, reason="Again")
    assert (found.status, found.adjusted_minor) == ("issued", 0)
    assert sorted(part.amount_minor for part in parts) == [-5000, 5000]


async def test_what_is_paid_and_let_off_together_settle_a_bill(place):
    finance = await make.staff(place.tenant, "finance")
    cashier = await make.staff(place.tenant, "cashier")
    bill = await world.bill(place, 6000)
    await world.take(place, cashier, (bill, 4000))
    async with place.scope():
        asked = await asks(finance, bill, 2000, kind="discount")
        assert (await fresh(place, bill)).status == "paid"
        await reverse_adjustment(finance, adjustment_id=asked, reason="Mistake")
        assert (await fresh(place, bill)).status == "part_paid"
        await asks(finance, bill, 1500, kind="write_off")
    await world.take(place, cashier, (bill, 500))
    async with place.scope():
        found = await fresh(place, bill)
        await proven(place)
    assert (found.status, found.paid_minor, found.adjusted_minor) == ("paid", 4500, 1500)


async def test_a_write_off_of_the_rest_says_so(place):
    finance = await make.staff(place.tenant, "finance")
    cashier = await make.staff(place.tenant, "cashier")
    bill = await world.bill(place, 6000)
    await world.take(place, cashier, (bill, 4000))
    async with place.scope():
        await asks(finance, bill, 2000, kind="write_off")
        assert (await fresh(place, bill)).status == "written_off"
        await proven(place)


async def test_a_late_fee_waiver_touches_late_fees_alone(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 6000, 300)
    async with place.scope():
        line = await BillLine.get(tenant_id=place.id, bill_id=bill.id, position=1)
        await FeeItem.filter(id=line.fee_item_id).update(kind="late_fee")
        assert await adjustable_minor(place.id, bill.id, "late_fee_waiver") == 300
        assert await adjustable_minor(place.id, bill.id, "waiver") == 6000
        with pytest.raises(Invalid, match="At most"):
            await asks(finance, bill, 301, kind="late_fee_waiver")
        await asks(finance, bill, 300, kind="late_fee_waiver")
        await line.refresh_from_db()
        assert line.adjusted_minor == 300
        await proven(place)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 5001}, "amount"),
        ({"amount": 1, "kind": "gift"}, "kind"),
    ],
)
async def test_what_makes_no_adjustment_is_named_at_its_field(place, given, field):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        with pytest.raises(Invalid) as caught:
            await asks(finance, bill, **given)
    assert list(caught.value.fields) == [field]


async def test_it_asks_for_a_fresh_sign_in_and_happens_once_for_one_key(place):
    finance = await make.staff(place.tenant, "finance")
    stale = replace(finance, auth_time=datetime.now(UTC) - timedelta(hours=1))
    bill = await world.bill(place, 5000)
    ask = Ask(bill_id=bill.id, kind="aid", amount_minor=100, reason="Aid")
    async with place.scope():
        with pytest.raises(StepUp):
            await request_adjustment(stale, ask=ask, key="k")
        first = await request_adjustment(finance, ask=ask, key="k")
        assert await request_adjustment(finance, ask=ask, key="k") == first
        with pytest.raises(Conflict):
            await request_adjustment(finance, ask=replace(ask, amount_minor=200), key="k")
        assert (await fresh(place, bill)).adjusted_minor == 100


async def hold(place, bill) -> None:
    """Have somebody pay a bill at this moment."""
    payment = await Payment.create(
        id=new_id(),
        tenant_id=place.id,
        number=f"P{new_id().hex[-8:]}",
        currency=bill.currency,
        amount_minor=bill.total_minor,
        channel="bank",
        settlement_account_id=place.settlement.id,
    )
    await PaymentPart.create(
        tenant_id=place.id, payment_id=payment.id, bill_id=bill.id, amount_minor=bill.total_minor
    )


async def test_a_bill_that_is_being_paid_waits(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        await hold(place, bill)
        with pytest.raises(Conflict, match="paying this bill"):
            await asks(finance, bill, 100)


async def test_what_the_payer_reads_adds_up_whatever_the_cause(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        await asks(finance, bill, 100, kind="aid")
        taken_back = await asks(finance, bill, 50)
        await reverse_adjustment(finance, adjustment_id=taken_back, reason="Mistake")
        off = Off(amount_minor=700)
        await adjust_bill(place.id, bill_id=bill.id, off=off, cause="credit_note", source_id=new_id())
        found = await let_off(place.id, bill.id)
        assert sum(one["amount_minor"] for one in found) == (await fresh(place, bill)).adjusted_minor == 800
    assert sorted(one["kind"] for one in found) == ["aid", "credit_note"]
    assert {one["kind"] for one in found} <= set(LET_OFF_WORDS)


async def test_the_journal_refuses_the_same_adjustment_twice(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        asked = await asks(finance, bill, 100)
    with pytest.raises(asyncpg.UniqueViolationError):
        async with place.scope():
            await ledger.post(place.id, "adjustment.applied", asked, [])


async def test_postgresql_itself_refuses_more_than_was_billed(place):
    bill = await world.bill(place, 5000)
    for sql in (
        "update billing_bill set adjusted_minor = 5001 where id = $1",
        "update billing_bill set paid_minor = 3000, adjusted_minor = 2001 where id = $1",
        "update billing_bill_line set adjusted_minor = 5001 where bill_id = $1",
        "update billing_bill_line set adjusted_minor = -1 where bill_id = $1",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            async with place.scope():
                await execute(sql, bill.id)


async def test_a_void_bill_takes_its_adjustments_with_it(place):
    finance = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 5000)
    async with place.scope():
        asked = await asks(finance, bill, 100)
        await bills.void(finance, bill.id, reason="Wrong account")
        await proven(place)
        with pytest.raises(Conflict):
            await reverse_adjustment(finance, adjustment_id=asked, reason="Mistake")


async def test_other_causes_may_name_exact_lines_and_put_them_back_once(place):
    bill = await world.bill(place, 5000, 700)
    source = new_id()
    async with place.scope():
        lines = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
        off = Off(line_amounts={lines[1].id: 700})
        done = await adjust_bill(place.id, bill_id=bill.id, off=off, cause="credit_note", source_id=source)
        assert [(line.line_id, line.amount_minor) for line in done.lines] == [(lines[1].id, 700)]
        for amounts in ({lines[1].id: 1}, {lines[0].id: 5001}, {new_id(): 1}):
            given = Off(line_amounts=amounts)
            with pytest.raises(Invalid):
                await adjust_bill(place.id, bill_id=bill.id, off=given, cause="credit_note", source_id=source)
        for expected in (-700, 0):
            back = await restore_bill(place.id, bill_id=bill.id, cause="credit_note", source_id=source)
            assert back.amount_minor == expected
        assert (await fresh(place, bill)).adjusted_minor == 0
