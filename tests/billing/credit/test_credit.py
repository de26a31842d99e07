"""Credit: paid ahead, too much, unassigned or given back; used once, the oldest first; gone back whence it came."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from billing import ledger
from billing.credit import applying
from billing.credit.applying import apply_to, use_credit
from billing.credit.crediting import credit_suspense
from billing.credit.lots import grant_credit
from billing.credit.prepaying import start_prepayment, take_prepayment
from billing.credit.refunds import refund_credit
from billing.credit.terms import CreditTerms
from billing.models import BillLine, Credit, CreditUse, FeeItem, Receipt, Refund, Suspense
from billing.payments.deciding import pay_out_refund, reject_refund
from billing.payments.refunds import refundable_minor
from billing.terms import save_terms
from tenants.ids import new_id
from tenants.scope import execute, value
from tests import make
from tests.billing.payments import world
from tests.jobs import run_due
from ui.errors import Conflict, Forbidden, Invalid, NotFound


async def ahead(place, amount: int, account=None, **more) -> UUID:
    """Money over the counter for an account."""
    cashier = await make.staff(place.tenant, "cashier")
    facts = {"method": "cash", "key": new_id().hex} | more
    async with place.scope():
        return await take_prepayment(
            cashier, account_id=(account or place.account).id, amount_minor=amount, **facts
        )


async def left(place, account=None) -> int:
    """The account's credit, by its rows and by the journal, which must agree."""
    where = (place.id, (account or place.account).id)
    async with place.scope():
        rows = await value(
            "select coalesce(sum(left_minor), 0) from billing_credit where tenant_id = $1 and account_id = $2",
            *where,
        )
        book = await value(
            "select coalesce(-sum(amount_minor), 0) from billing_posting"
            " where tenant_id = $1 and account_id = $2 and ledger = 'credit'",
            *where,
        )
    assert rows == book
    return int(rows)


async def keep(place, **terms) -> None:
    async with place.scope():
        await save_terms(await make.staff(place.tenant), CreditTerms(**terms))


async def use(place, bill, amount: int, key: str = "") -> int:
    async with place.scope():
        return await use_credit(
            place.payer.within(place.id), bill_id=bill.id, amount_minor=amount, key=key or new_id().hex
        )


async def test_money_paid_ahead_online_is_credit_with_a_receipt_and_pays_the_next_bill(place, outside):
    started = await start_prepayment(
        place.payer,
        tenant_id=place.id,
        account_id=place.account.id,
        amount_minor=8000,
        channel="bank",
        key="ahead-1",
        return_url=world.RETURN_URL,
    )
    outside.pay(await world.attempt(place, started))
    await world.hurry(place, "billing.ask_attempt")
    assert await left(place) == 8000
    async with place.scope():
        receipt = await Receipt.get(tenant_id=place.id, payment_id=started.payment_id)
    assert [line["amount_minor"] for line in receipt.document["lines"]] == [8000]
    bill = await world.bill(place, 3000)
    async with place.scope():
        await applying.apply_to(place.id, [place.account.id])
    paid = await world.fresh(place, bill)
    assert (paid.status, paid.paid_minor) == ("paid", 3000)
    assert await left(place) == 5000
    assert await world.ledger_is_right(place)


async def test_only_a_holder_of_today_pays_ahead_for_an_account(place):
    stranger, was = await make.person("Stranger"), await make.person("Was")
    await make.holder(place.account, was, until=date(2020, 1, 1))
    for who in (stranger, was):
        with pytest.raises(NotFound):
            await start_prepayment(
                make.payer(who),
                tenant_id=place.id,
                account_id=place.account.id,
                amount_minor=500,
                channel="bank",
                key=new_id().hex,
                return_url=world.RETURN_URL,
            )


@pytest.mark.parametrize("amount", [0, -5, 99, 50_001])
async def test_limits_hold_for_money_paid_ahead(place, amount):
    await keep(place, prepay_most_minor=50_000)
    with pytest.raises(Invalid) as refused:
        await ahead(place, amount)
    assert "amount" in refused.value.fields


async def test_where_paying_ahead_is_off_nobody_can(place):
    await keep(place, prepay_most_minor=0)
    with pytest.raises(Conflict):
        await ahead(place, 500)


async def test_bills_issued_later_are_paid_by_themselves_the_oldest_first(place):
    await ahead(place, 3000)
    await ahead(place, 4000)
    first, second, third = [
        await world.bill(place, 2000),
        await world.bill(place, 3000),
        await world.bill(place, 4000),
    ]
    ordered = sorted((first, second, third), key=lambda bill: (bill.due_on, bill.number))
    assert await run_due(place.id) >= 1
    states = [(await world.fresh(place, bill)) for bill in ordered]
    amounts, rest = [], 7000
    for bill in ordered:
        amounts.append(min(rest, bill.total_minor))
        rest -= amounts[-1]
    assert [bill.paid_minor for bill in states] == amounts
    assert await left(place) == 0
    async with place.scope():
        assert await apply_to(place.id, [place.account.id]) == []
    assert await world.ledger_is_right(place)


async def test_terms_may_leave_it_to_the_payer(place):
    await keep(place, is_automatic=False)
    await ahead(place, 3000)
    bill = await world.bill(place, 5000)
    await run_due(place.id)
    assert (await world.fresh(place, bill)).paid_minor == 0
    assert await use(place, bill, 1200, "use-1") == 1200
    assert await use(place, bill, 1200, "use-1") == 1200, "the same form again is answered, not done again"
    assert (await world.fresh(place, bill)).paid_minor == 1200
    for amount, error in ((1801, Invalid), (0, Invalid)):
        with pytest.raises(error):
            await use(place, bill, amount)
    assert await use(place, bill, 1800) == 1800
    assert await world.ledger_is_right(place)


@pytest.mark.parametrize(
    ("penalty", "paid"), [("listed", [500, 0]), ("first", [300, 200]), ("last", [500, 0])]
)
async def test_late_fees_are_paid_when_the_terms_say(place, penalty, paid):
    await keep(place, penalty=penalty)
    bill = await world.bill(place, 1000, 200)
    async with place.scope():
        late = await BillLine.get(tenant_id=place.id, bill_id=bill.id, position=1)
        await FeeItem.filter(tenant_id=place.id, id=late.fee_item_id).update(kind="late_fee")
    await ahead(place, 500)
    await run_due(place.id)
    async with place.scope():
        lines = await BillLine.filter(tenant_id=place.id, bill_id=bill.id).order_by("position")
    assert [line.paid_minor for line in lines] == paid
    other = await world.bill(place, 1000, 200)
    async with place.scope():
        late = await BillLine.get(tenant_id=place.id, bill_id=other.id, position=1)
        await FeeItem.filter(tenant_id=place.id, id=late.fee_item_id).update(kind="late_fee")
    await world.take(place, await make.staff(place.tenant, "cashier"), (other, 500))
    async with place.scope():
        lines = await BillLine.filter(tenant_id=place.id, bill_id=other.id).order_by("position")
    assert [line.paid_minor for line in lines] == paid, "money at the desk goes the same way"


async def test_a_bill_somebody_is_paying_is_left_alone_until_that_has_ended(place, outside):
    bill = await world.bill(place, 3000)
    started = await world.start(place, bill, channel="bank")
    await ahead(place, 3000)
    await run_due(place.id)
    assert (await world.fresh(place, bill)).paid_minor == 0
    with pytest.raises(Conflict):
        await use(place, bill, 3000)
    outside.click((await world.attempt(place, started)).redirect_url, "decline")
    await world.hurry(place, "billing.ask_attempt")
    await run_due(place.id)
    assert (await world.fresh(place, bill)).status == "paid"
    assert await world.ledger_is_right(place)


async def test_unassigned_money_becomes_credit_by_a_named_person_with_a_reason(place):
    cashier = await make.staff(place.tenant, "cashier")
    officer = await make.staff(place.tenant, "finance")
    bill = await world.bill(place, 3000)
    payment = await world.take(place, cashier, (bill, 3000))
    async with place.scope():
        await execute(
            "update billing_payment set amount_minor = amount_minor + 700 where tenant_id = $1 and id = $2",
            place.id,
            payment,
        )
        held = await Suspense.create(
            tenant_id=place.id, payment_id=payment, currency="SGD", amount_minor=700, reason="paid_already"
        )
        sides = [ledger.Side("clearing:counter", 700, "SGD"), ledger.Side("suspense", -700, "SGD")]
        await ledger.post(place.id, "payment.succeeded", held.id, sides)
        facts = {"suspense_id": held.id, "account_id": place.account.id, "key": "to-credit"}
        with pytest.raises(Forbidden):
            await credit_suspense(cashier, reason="theirs", **facts)
        with pytest.raises(Invalid):
            await credit_suspense(officer, reason=" ", **facts)
        made = await credit_suspense(officer, reason="theirs", **facts)
        assert await credit_suspense(officer, reason="theirs", **facts) == made
        assert (await Suspense.get(tenant_id=place.id, id=held.id)).status == "credited"
        with pytest.raises(Conflict):
            await credit_suspense(officer, reason="theirs", **{**facts, "key": "again"})
    assert await left(place) == 700
    assert await world.ledger_is_right(place)


async def test_a_paid_bill_gives_credit_that_stays_tied_to_its_payments(place):
    cashier = await make.staff(place.tenant, "cashier")
    officer = await make.staff(place.tenant, "finance")
    await keep(place, is_automatic=False)
    bill = await world.bill(place, 3000)
    first = await world.take(place, cashier, (bill, 1000))
    second = await world.take(place, cashier, (bill, 2000))
    async with place.scope():
        note = new_id()
        made = await grant_credit(
            officer, bill_id=bill.id, amount_minor=2500, source="credit_note", source_id=note
        )
        kept = await Credit.filter(tenant_id=place.id, id__in=made)
        assert {(each.payment_id, each.amount_minor) for each in kept} == {(second, 2000), (first, 500)}
        with pytest.raises(Invalid):
            await grant_credit(
                officer, bill_id=bill.id, amount_minor=501, source="credit_note", source_id=new_id()
            )
        assert await refundable_minor(place.id, second) == 0
        assert await refundable_minor(place.id, first) == 500
    assert (await world.fresh(place, bill)).paid_minor == 500
    assert await left(place) == 2500
    assert await world.ledger_is_right(place)


async def test_credit_goes_back_to_its_payment_within_what_is_left(place):
    officer, cashier = await make.staff(place.tenant, "finance"), await make.staff(place.tenant, "cashier")
    await ahead(place, 3000)
    async with place.scope():
        credit = await Credit.get(tenant_id=place.id)
        for amount in (0, 3001):
            with pytest.raises(Invalid):
                await refund_credit(
                    officer, credit_id=credit.id, amount_minor=amount, reason="moved", key=new_id().hex
                )
        refund = await refund_credit(
            officer, credit_id=credit.id, amount_minor=1000, reason="moved", key="back"
        )
        assert (
            await refund_credit(officer, credit_id=credit.id, amount_minor=1000, reason="moved", key="back")
            == refund
        )
    bill = await world.bill(place, 5000)
    await run_due(place.id)
    assert (await world.fresh(place, bill)).paid_minor == 2000, "what is being refunded is not used"
    async with place.scope():
        await pay_out_refund(cashier, refund_id=refund)
    assert await left(place) == 0
    assert await world.ledger_is_right(place)


async def test_a_rejected_refund_frees_the_credit(place):
    clerk, officer = await make.staff(place.tenant, "cashier"), await make.staff(place.tenant, "finance")
    await ahead(place, 3000)
    async with place.scope():
        credit = await Credit.get(tenant_id=place.id)
        refund = await refund_credit(
            clerk, credit_id=credit.id, amount_minor=3000, reason="moved", key="back"
        )
        assert (await Refund.get(tenant_id=place.id, id=refund)).status == "requested"
        await reject_refund(officer, refund_id=refund, reason="stays")
        assert (await Credit.get(tenant_id=place.id)).refunding_minor == 0
    assert await world.ledger_is_right(place)


async def both(place) -> list[Any]:
    """Two who use the same credit at once: the second begins while the first has not committed."""
    has_applied = asyncio.Event()

    async def first() -> list[applying.Applied]:
        async with place.scope():
            done = await apply_to(place.id, [place.account.id])
            has_applied.set()
            await asyncio.sleep(0.5)
            return done

    async def second() -> list[applying.Applied]:
        await has_applied.wait()
        async with place.scope():
            return await apply_to(place.id, [place.account.id])

    return list(await asyncio.gather(first(), second(), return_exceptions=True))


async def test_credit_is_used_once_however_many_ask(real_place):
    bill = await world.bill(real_place, 4000)
    await ahead(real_place, 3000)
    first, second = await both(real_place)
    assert [each.amount_minor for each in first] == [3000]
    assert second == []
    assert (await world.fresh(real_place, bill)).paid_minor == 3000
    assert await world.count(real_place, "billing_credit_use") == 1
    assert await world.ledger_is_right(real_place)


async def test_without_the_locks_both_would_use_it(real_place, monkeypatch):
    """The control: unlocked, the second one spends what is gone, and only the constraint on what is left stops it."""
    unlocked = "select 1 where $1::uuid is not null and $2::uuid[] is not null"
    monkeypatch.setattr(applying, "_CREDIT", unlocked)
    monkeypatch.setattr(applying, "_BILLS", f"{unlocked} and $3::uuid is null")
    await world.bill(real_place, 9000)
    await ahead(real_place, 3000)
    _, second = await both(real_place)
    assert isinstance(second, asyncpg.CheckViolationError)


async def test_a_run_of_many_accounts_is_one_statement(place):
    accounts = [await make.account(place.tenant) for _ in range(6)]
    for account in accounts:
        await ahead(place, 2500, account)
        await world.bill(place, 1000, 500, account=account)
        await world.bill(place, 2000, account=account)
    await run_due(place.id)
    async with place.scope():
        uses = await CreditUse.filter(tenant_id=place.id)
    assert sum(use.amount_minor for use in uses) == 6 * 2500
    assert [await left(place, account) for account in accounts] == [0] * 6
    assert await world.ledger_is_right(place)
