"""A day file and a bank statement, from their bytes to matched lines, typed breaks and a drained clearing account."""

import pytest

from billing.models import Statement, StatementLine
from tests.billing.reconciliation import papers
from tests.billing.reconciliation.papers import Entry, Trade, books, kinds, paid, take


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
