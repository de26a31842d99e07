"""A run reads a few rows for each account, whatever PostgreSQL takes the tables for: never all of them for each."""

import json
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from billing.adjustments import issuing
from billing.charges import fees, replay, run_steps, runs
from billing.models import BillRun, Rehearsal, Reminder
from billing.reminders import claiming
from billing.reminders.service import remind_by_plan
from deploy import database
from tenants.actor import system_actor
from tenants.days import today
from tenants.planning import by_stretch, in_bulk
from tenants.scope import execute, open_scope, rows, tenant_scope
from tests.billing.charges.conftest import service_charge
from tests.billing.charges.estate import AUGUST, JULY, Estate

COUNT = 200
FEW = 60
"""Rows of one table that any step may read for an account. A look at the whole table for each reads 200 of them, an
index that finds the institution's instead of the one row half of these."""
_OTHERS = """
with other as (select n, new_id() tenant_id from generate_series(1, $2::int) n)
insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
select tenant_id, new_id(), 'community', 'unit', 'X' || a, '', 'Blk ' || a, lpad(a::text, 5, '0'), '{}'
  from generate_series(1, $1::int) a join other on n = 1 + a % $2::int returning tenant_id
"""
_FORGOTTEN = """
select pg_clear_relation_stats('public', relname::text) from pg_class
 where relkind = 'r' and relnamespace = 'public'::regnamespace and relname ~ '^(billing|tenants)_'
"""
"""What another test's rows came to is known of a table even when they have been rolled back."""
_ACCOUNTS = """
insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
select $1, new_id(), $2, 'unit', 'R' || n, 'Flat ' || n, 'Blk ' || n % 9, lpad(n::text, 5, '0'),
       '{"flat_type": "4-room", "is_reduced": true}' from generate_series($3::int, $4::int) n
"""
_HOLDERS = """
insert into tenants_holder (tenant_id, account_id, relation, name, email)
select $1, id, 'owner', 'Holder', 'holder@mail.example' from tenants_account a
 where tenant_id = $1 and not exists (select 1 from tenants_holder h where h.account_id = a.id)
"""
_LASTING = """
insert into billing_standing_adjustment (tenant_id, number, account_id, kind, percent, currency, effective_from, reason,
                                         evidence, status, requested_by_name)
select $1, 'L-' || number, id, 'discount', 10, 'SGD', '2025-01-01', 'Agreed', '{}', 'approved', 'Somebody'
  from tenants_account a
 where tenant_id = $1 and not exists (select 1 from billing_standing_adjustment s where s.account_id = a.id)
"""
_READ = """
select relname::text "table", (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint read
  from pg_stat_xact_user_tables
"""


async def move_in(estate: Estate, first: int, last: int) -> None:
    async with open_scope(tenant_scope(estate.tenant.id)):
        await execute(_ACCOUNTS, estate.tenant.id, estate.tenant.scenarios[0], first, last)
        for statement in (_HOLDERS, _LASTING):
            await execute(statement, estate.tenant.id)


async def read_by(estate: Estate, work: Awaitable[object]) -> dict[str, float]:
    """Return how many rows of each table the work reads for an account."""
    found = []
    for step in (None, work):
        if step is not None:
            await step
        async with open_scope(tenant_scope(estate.tenant.id)):
            found.append({one["table"]: one["read"] for one in await rows(_READ)})
    before, after = found
    return {table: (read - before.get(table, 0)) / COUNT for table, read in after.items()}


async def drafted(estate: Estate, period, **given) -> BillRun:
    run = await estate.start("service", "late", period=period, **given)
    while await run_steps.advance(system_actor(estate.tenant.id), run.id):
        continue
    return run


async def cancelled(estate: Estate, run: BillRun) -> None:
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.cancel(estate.finance, run.id)
    while await run_steps.cancel_next(system_actor(estate.tenant.id), run.id):
        continue


async def issued(estate: Estate, run: BillRun) -> None:
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.request_issue(estate.finance, run.id)
    await run_steps.issue(system_actor(estate.tenant.id), run.id)


async def voided(estate: Estate, run: BillRun) -> None:
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.request_voiding(estate.finance, run.id, reason="The tariff was last year's.")
    while await run_steps.void_next(system_actor(estate.tenant.id), run.id):
        continue


async def a_month(estate: Estate, period) -> dict[str, float]:
    """Bill a month with all that may happen to a run, and return the most rows that a step read for an account."""
    most: dict[str, float] = {}

    async def note(work: Awaitable[object]) -> None:
        for table, read in (await read_by(estate, work)).items():
            most[table] = max(read, most.get(table, 0))

    await note(drafted(estate, period))
    await note(cancelled(estate, await BillRun.get(tenant_id=estate.tenant.id, period=period)))
    run = await drafted(estate, period)
    await note(issued(estate, run))
    late = await runs.start_late_joiners(estate.finance, run.id)
    await cancelled(estate, late)
    await note(voided(estate, run))
    await issued(estate, await drafted(estate, period))
    return most


async def grown(estate: Estate) -> dict[str, float]:
    """Bill three flats, so that every plan is made for so few; then let the others move in, and bill a month."""
    async with open_scope(tenant_scope(estate.tenant.id)):
        await move_in(estate, 1, 3)
        await a_month(estate, JULY)
        await move_in(estate, 4, COUNT)
        return await a_month(estate, AUGUST)


@pytest_asyncio.fixture(loop_scope="session", params=[(0, 1), (40, 40), (400, 400)])
async def others(request, settings, committed) -> AsyncIterator[None]:
    """So many accounts of so many institutions, of which PostgreSQL's statistics know; nobody else comes upon them."""
    to = database.credentials(settings.database_superuser_url.get_secret_value())
    name = database.credentials(settings.database_url.get_secret_value())["database"]
    connection = await asyncpg.connect(**{**to, "database": name})
    await connection.execute("set session_replication_role = replica")
    tenants = [each["tenant_id"] for each in await connection.fetch(_OTHERS, *request.param)]
    await connection.execute(_FORGOTTEN)
    if tenants:
        await connection.execute("vacuum analyze tenants_account")
    yield
    await connection.execute("delete from tenants_account where tenant_id = any ($1::uuid[])", tenants)
    await connection.close()


async def test_no_step_of_a_run_reads_a_table_for_each_account(others, estate):
    assert {table: read for table, read in (await grown(estate)).items() if read > FEW} == {}


async def test_nobody_is_reminded_by_reading_every_reminder_that_went_out(estate):
    async with open_scope(tenant_scope(estate.tenant.id)):
        await move_in(estate, 1, COUNT)
        now = today(estate.tenant.timezone)
        await issued(estate, await drafted(estate, now.replace(day=1), due_on=now))
        await remind_by_plan(system_actor(estate.tenant.id))
        assert await Reminder.filter(tenant_id=estate.tenant.id).count() == COUNT
        again = await read_by(estate, remind_by_plan(system_actor(estate.tenant.id)))
    assert again["billing_reminder"] < FEW


async def test_a_rehearsal_reads_no_table_for_each_account(estate):
    async with open_scope(tenant_scope(estate.tenant.id)):
        await move_in(estate, 1, 3)
        await issued(estate, await drafted(estate, JULY))
        await move_in(estate, 4, COUNT)
        run = await drafted(estate, AUGUST)
        await issued(estate, run)
        await fees.save_draft(estate.finance, estate.items["service"].id, service_charge())
        listed = await fees.get_item(estate.finance, estate.items["service"].id)
        await replay.start(estate.finance, listed.item, listed.draft, run.id)
        found = await Rehearsal.get(tenant_id=estate.tenant.id)
        read = await read_by(estate, replay.advance(estate.finance, found.id))
    assert {table: n for table, n in read.items() if n > FEW} == {}


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


async def planned(sql: str, *args: Any, analyze: bool = False) -> list[dict[str, Any]]:
    """Return all steps of a statement's plan; ``analyze`` has it done."""
    (found,) = await rows(f"explain (format json, costs off{', analyze' if analyze else ''}) {sql}", *args)
    return list(nodes_of(json.loads(found["QUERY PLAN"])[0]["Plan"]))


async def test_lasting_adjustments_meet_their_own_accounts_lines_alone(estate):
    """As many rows come out of any step as there are lines; joined by the currency alone they would be the square."""
    async with open_scope(tenant_scope(estate.tenant.id)):
        await move_in(estate, 1, lines := 60)
        run = await drafted(estate, JULY)
        own = "account_id = b.account_id"
        assert own in issuing._PREVIEW
        for sql, is_own in ((issuing._PREVIEW, True), (issuing._PREVIEW.replace(own, "true"), False)):
            async with in_bulk():
                steps = await planned(sql, estate.tenant.id, run.id, None, analyze=True)
            most = max(step["Actual Rows"] * step["Actual Loops"] for step in steps)
            assert (most < 3 * lines) is is_own, most


@pytest.mark.parametrize("sql", [issuing._LESS_OF_LINES, issuing._LESS_OF_BILLS])
async def test_what_lasting_adjustments_change_is_found_where_it_lies(estate, sql):
    """Joined with what is to be changed, all that the institution has of it would be read for each stretch."""
    looks = []
    async with open_scope(tenant_scope(estate.tenant.id)):
        for planning in (by_stretch, in_bulk):
            async with planning():
                steps = await planned(sql, [(0, 1)] * 50_000, [1] * 50_000)
            table = steps[0]["Relation Name"]
            looks.append([each["Node Type"] for each in steps if each.get("Relation Name") == table][1:])
    assert looks[0] == ["Tid Scan"] != looks[1]


async def test_a_batch_of_reminders_begins_behind_the_one_before(estate, monkeypatch):
    """By an index, without sorting: however many were reminded before, they are not read again."""
    plans = []

    async def told(sql: str, *args: Any) -> list[Any]:
        plans.append(await planned(sql, *args))
        return []

    monkeypatch.setattr(claiming, "rows", told)
    async with open_scope(tenant_scope(estate.tenant.id)):
        await remind_by_plan(system_actor(estate.tenant.id))
    assert plans
    for steps in plans:
        (first,) = [step for step in steps if "ROW(due_on, id) >" in step.get("Index Cond", "")]
        assert first["Index Name"] == "billing_bill_status_due_on_idx"
        assert not [step for step in steps if "b.due_on" in step.get("Sort Key", ())]
