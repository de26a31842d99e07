"""The books of a large institution are read once, whatever PostgreSQL takes it for: no posting for each entry."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from billing.ledger import reading
from billing.ledger.reading import Span
from deploy import database
from tenants.ids import new_id
from tenants.scope import execute, open_scope, rows, tenant_scope

ENTRIES, FEW = 4000, 20
"""How many there are, with two postings each, and how many rows of a table may be read for each of them."""
JULY = Span(date(2026, 7, 1), date(2026, 7, 31), "UTC")
_BOOKED = """
with entry as (
  insert into billing_entry (tenant_id, id, kind, source_id, occurred_at)
  select $1, new_id(), 'bill.issued', new_id(), timestamptz '2026-07-01 08:00Z' + n * interval '1 second'
    from generate_series(1, $2::int) n returning id)
insert into billing_posting (tenant_id, id, entry_id, ledger, currency, amount_minor)
select $1, new_id(), entry.id, ledger, 'SGD', amount
  from entry cross join (values ('receivable', 100), ('income:service', -100)) side (ledger, amount)
"""
_READ = """
select relname::text "table", (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint read
  from pg_stat_xact_user_tables where relname in ('billing_entry', 'billing_posting')
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def large(settings, committed) -> AsyncIterator[UUID]:
    """An institution that has booked so much, as PostgreSQL's statistics know; no other test comes upon it."""
    to = database.credentials(settings.database_superuser_url.get_secret_value())
    name = database.credentials(settings.database_url.get_secret_value())["database"]
    connection = await asyncpg.connect(**{**to, "database": name})
    await connection.execute("set session_replication_role = replica")
    tenant_id = new_id()
    await connection.execute(_BOOKED, tenant_id, ENTRIES)
    await connection.execute("vacuum analyze billing_entry, billing_posting")
    yield tenant_id
    for table in ("billing_posting", "billing_entry"):
        await connection.execute(f"delete from {table} where tenant_id = $1", tenant_id)
    await connection.close()


async def listed(found: AsyncIterator[Any]) -> list[Any]:
    return [each async for each in found]


LOOKS = {
    "trial balance": lambda of: reading.trial(of, JULY.start, JULY.end),
    "page of an account": lambda of: reading.postings(of, replace(JULY, ledger="receivable"), 50, 0),
    "count": lambda of: reading.count_postings(of, JULY),
    "page of the journal": lambda of: reading.entries(of, JULY, 50, 0),
    "file of the journal": lambda of: listed(reading.each_posting(of, JULY)),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("look", LOOKS)
async def test_no_posting_is_held_against_each_entry(db, large, look, mode):
    """As it is planned for whoever comes first, and for everybody who comes after."""
    async with open_scope(tenant_scope(large)):
        await execute("select set_config('plan_cache_mode', $1, true)", mode)
        found = await LOOKS[look](large)
        read = {each["table"]: each["read"] / ENTRIES for each in await rows(_READ)}
    assert found
    assert {table: each for table, each in read.items() if each > FEW} == {}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_what_has_hardly_anything_in_it_is_not_looked_for_in_every_entry(db, large, mode):
    """Control: the way that suits a ledger account with much in it does look there."""
    span, cost = replace(JULY, ledger="suspense"), {}
    for is_few in (True, False):
        async with open_scope(tenant_scope(large)):
            await execute("select set_config('plan_cache_mode', $1, true)", mode)
            before = sum(each["read"] for each in await rows(_READ))
            assert await reading.postings(large, span, 50, 0, is_few=is_few) == []
            cost[is_few] = sum(each["read"] for each in await rows(_READ)) - before
    assert cost[True] <= FEW
    assert cost[False] >= ENTRIES
