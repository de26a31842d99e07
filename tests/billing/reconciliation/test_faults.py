"""Each kind of fault is found and named when the paper that shows it arrives, and clears when its cause is gone."""

from datetime import timedelta

import pytest

from billing.models import Payment, Refund, StatementLine, StatementSource, Suspense
from billing.payments.refunding import book_refund
from billing.reconciliation import hands
from tenants.ids import new_id
from tests import make
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import DAY, Entry, Trade, at, breaks, kinds, paid, take, trade_file
from ui.errors import Invalid

NEXT = DAY + timedelta(days=1)


@pytest.fixture
async def own(db, bank):
    made = await papers.books(bank)
    async with made.scope():
        await StatementSource.create(
            tenant_id=made.id, settlement_account_id=made.account.id, kind="rail", settings={}, fee_bps=38
        )
    return made


async def found(own, *expected):
    assert await breaks(own) == list(expected)
    assert await papers.books_are_right(own)


async def test_a_payment_that_the_channel_does_not_have(own):
    await paid(own, 5000, at(10))
    await take(own, trade_file())
    await found(own, ("ours_only", 5000, None))


async def test_a_payment_that_we_do_not_have(own):
    await take(own, trade_file(Trade("unknown-order")))
    await found(own, ("theirs_only", None, 5000))


async def test_a_refund_that_we_do_not_have(own):
    await take(own, trade_file(Trade("unknown-order", -700, 0, refund="r-1")))
    await found(own, ("theirs_only", None, -700))


async def test_another_amount(own):
    await take(own, trade_file(Trade(str(await paid(own, 5000)), 5100)))
    await found(own, ("amount", 5000, 5100))


async def test_another_currency(own):
    await take(own, trade_file(Trade(str(await paid(own, 5000)), 5000, currency="USD")))
    await found(own, ("currency", 5000, 5000))


async def test_the_same_payment_twice(own):
    trade = Trade(str(await paid(own, 5000)))
    await take(own, trade_file(trade, trade.but(tx="tx-again")))
    await found(own, ("duplicate", None, 5000))


async def test_the_same_payment_again_in_a_later_file(own):
    trade = Trade(str(await paid(own, 5000)))
    await take(own, trade_file(trade))
    await take(own, trade_file(trade.but(when=at(9, day=NEXT)), day=NEXT))
    assert await kinds(own) == ["duplicate"]


async def test_another_fee(own):
    await take(own, trade_file(Trade(str(await paid(own, 5000)), 5000, fee=25)))
    await found(own, ("fee", 19, 25))


async def test_a_line_that_comes_days_late(own):
    attempt = await paid(own, 5000, at(10))
    await take(own, trade_file())
    assert await kinds(own) == ["ours_only"]
    later = DAY + timedelta(days=2)
    await take(own, trade_file(Trade(str(attempt), when=at(10, day=later)), day=later))
    await found(own, ("late", 5000, 5000))
    assert await kinds(own, "cleared") == ["ours_only"]


async def test_a_payout_that_the_bank_does_not_have(own):
    await take(own, papers.fund_file(4981, fees=19))
    await take(own, trade_file(Trade(str(await paid(own, 5000)))))
    await take(own, papers.camt(Entry(99, text="something else", day=NEXT)))
    assert sorted(await kinds(own)) == ["late", "theirs_only"]
    await take(own, papers.camt(Entry(4981, text="S20260310", day=NEXT + timedelta(days=1)), id="S2"))
    assert await kinds(own) == ["theirs_only"]
    assert await kinds(own, "cleared") == ["late"]


async def test_around_midnight_it_clears_by_itself_the_next_day(own):
    attempt = await paid(own, 5000, at(23, 59))
    await take(own, trade_file())
    await found(own, ("cut_off", 5000, None))
    await take(own, trade_file(Trade(str(attempt), when=at(0, 0, day=NEXT)), day=NEXT))
    assert await kinds(own) == []
    assert await kinds(own, "cleared") == ["cut_off"]


async def test_around_midnight_and_not_there_the_next_day_either(own):
    await paid(own, 5000, at(23, 59))
    await take(own, trade_file())
    await take(own, trade_file(day=NEXT))
    await found(own, ("ours_only", 5000, None))


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (Entry(4900, reference="S20260310"), [("amount", 4981, 4900), ("late", 4981, None)]),
        (
            Entry(4981, reference="S20260310", currency="USD"),
            [("currency", 4981, 4981), ("late", 4981, None)],
        ),
        (Entry(-300, text="Account fee"), [("late", 4981, None), ("theirs_only", None, -300)]),
    ],
)
async def test_the_banks_credit_is_not_the_payout(own, entry, expected):
    await take(own, papers.fund_file(4981, fees=19))
    await take(own, trade_file(Trade(str(await paid(own, 5000)))))
    await take(own, papers.camt(entry))
    assert await breaks(own) == expected


async def test_the_bank_credits_twice(own):
    await take(own, papers.fund_file(4981, fees=19))
    await take(own, trade_file(Trade(str(await paid(own, 5000)))))
    await take(own, papers.camt(Entry(4981, reference="S20260310"), Entry(4981, reference="S20260310")))
    assert await breaks(own) == [("duplicate", None, 4981)]
    assert await papers.balance(own, "clearing:bank") == 0


async def test_the_payout_is_not_the_sum_of_its_day(own):
    await take(own, papers.fund_file(4900, taken=5000, fees=100))
    await take(own, trade_file(Trade(str(await paid(own, 5000)))))
    assert await breaks(own) == [("amount", 4981, 4900)]


async def test_three_payouts_in_one_credit(own):
    for n in range(3):
        day = DAY + timedelta(days=n)
        await take(own, papers.fund_file(1000 + n, day=day))
    await take(own, papers.camt(Entry(3003, text="weekend", day=DAY + timedelta(days=3))))
    assert await papers.balance(own, "settlement") == 3003
    assert await kinds(own) == []


async def test_a_transfer_that_the_desk_took_is_found_by_its_slip(own):
    await paid(own, 8800, at(12), channel="counter", method="transfer", reference="SLIP-77123")
    await take(own, papers.camt(Entry(8800, text="Ann Tan SLIP-77123")))
    assert await papers.balance(own, "clearing:counter") == 0
    assert await kinds(own) == []
    assert await papers.books_are_right(own)


async def transferred(own) -> str:
    """A payment of which all went back by a transfer from the own account; its attempt's id."""
    attempt_id = await paid(own, 5000, at(10))
    async with own.scope():
        held = await Suspense.get(tenant_id=own.id)
        payment = await Payment.get(tenant_id=own.id)
        held.status, payment.refunding_minor = "refunding", 5000
        await held.save()
        refund = await Refund.create(
            id=new_id(), tenant_id=own.id, payment_id=payment.id, number="F-1", currency="SGD", amount_minor=5000,
            suspense_id=held.id, reason="Moved out", status="succeeded", way="transfer",
            transfer_reference="FT 4711 0815",
        )  # fmt: skip
        await book_refund(own.system, refund, payment)
        await Refund.filter(id=refund.id).update(succeeded_at=at(11))
    return str(attempt_id)


async def test_a_refund_that_was_transferred_is_missed_at_no_channel_and_found_at_the_bank(own):
    await take(own, trade_file(Trade(await transferred(own))))
    assert await kinds(own) == []
    await take(own, papers.camt(Entry(-5000, text="Refund FT 4711 0815 Ann")))
    await found(own)


async def test_one_whose_debit_names_nothing_is_matched_by_its_number(own):
    await transferred(own)
    officer = await make.staff(own.tenant, "finance")
    await take(own, papers.camt(Entry(-5000), Entry(-700)))
    async with own.scope():
        other, line = await StatementLine.filter(tenant_id=own.id).order_by("-amount_minor")
        with pytest.raises(Invalid, match="same amount"):
            await hands.match(officer, line_id=other.id, number="F-1", reason="Look")
        await hands.match(officer, line_id=line.id, number="F-1", reason="The payer's account")
    await found(own, ("theirs_only", None, -700))
