"""A day file and a bank statement, from their bytes to matched lines, typed breaks and a drained clearing account."""

from datetime import timedelta

import pytest

from billing.models import Payment, Statement, StatementLine
from billing.reconciliation import queries
from tests import make
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import DAY, Entry, Trade, at, books, kinds, paid, take


@pytest.fixture
async def own(db, bank):
    return await books(bank)


async def test_a_day_is_matched_paid_out_and_found_at_the_bank(own):
    ids = [await paid(own, 5000 + n) for n in range(3)]
    await take(own, papers.fund_file(15003 - 57, fees=57))
    done = await take(own, papers.trade_file(*(Trade(str(id_), 5000 + n) for n, id_ in enumerate(ids))))
    assert (done.matched, done.breaks) == (3, 0)
    assert await papers.balance(own, "clearing:bank") == 15003 - 57
    assert await papers.balance(own, "fees:bank") == 57
    await take(own, papers.camt(Entry(15003 - 57, reference="S20260310")))
    assert await papers.balance(own, "clearing:bank") == 0
    assert await papers.balance(own, "settlement") == 15003 - 57
    assert await kinds(own) == []
    assert await papers.books_are_right(own)


async def test_the_same_file_twice_adds_nothing(own):
    content = papers.trade_file(Trade(str(await paid(own))))
    first, again = await take(own, content), await take(own, content, name="other name.csv")
    assert (first.is_new, again.is_new, again.statement.id) == (True, False, first.statement.id)
    async with own.scope():
        assert await StatementLine.filter(tenant_id=own.id).count() == 1
        assert await Statement.filter(tenant_id=own.id).count() == 1
    assert await papers.balance(own, "fees:bank") == 19


async def test_what_we_say_of_a_day_is_of_the_institutions_own_day_whatever_became_of_the_money(own):
    await paid(own, 100, at(0, 5))
    await paid(own, 200, at(23, 55))
    await paid(own, 400, at(0, 5, DAY + timedelta(days=1)))
    officer = await make.staff(own.tenant, "finance")
    async with own.scope():
        await Payment.filter(tenant_id=own.id, amount_minor=200).update(status="charged_back")
        (day,) = await queries.days(officer, own.account.id, DAY, DAY, "Asia/Singapore")
    assert (day["ours_minor"], day["ours_count"]) == (300, 2)
