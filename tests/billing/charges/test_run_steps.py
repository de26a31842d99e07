"""A run that is worked in stretches: killed anywhere, it goes on without a duplicate, and comes to the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from billing.charges import issue_sql, run_steps, runs
from billing.ledger import verify_ledger
from billing.models import Bill, BillRun, Entry, Posting
from deploy.plans import LARGE
from tenants.actor import system_actor
from tenants.ids import new_id
from tenants.jobs import JOBS
from tenants.models import Task
from tenants.planning import by_stretch
from tenants.scope import execute, open_scope, rows, tenant_scope, value
from tests import make
from tests.billing.charges.conftest import build
from tests.billing.charges.estate import JULY
from tests.jobs import run_due
from ui.errors import NotFound

COUNT = 23
"""More than two stretches of ten, and not a multiple."""


class Killed(BaseException):
    """What ends a worker in the middle of its work."""


@pytest_asyncio.fixture(loop_scope="session")
async def town(committed, bank, monkeypatch):
    monkeypatch.setattr(run_steps, "STRETCH", 10)
    estate = await build(bank)
    for n in range(COUNT):
        key = f"{n % 5}" if n % 2 else ""
        await make.account(estate.tenant, f"{n:03d}", sort_key=key, place=f"Blk {n % 3}")
    return estate


async def reload(estate, run) -> BillRun:
    async with open_scope(tenant_scope(estate.tenant.id)):
        return await BillRun.get(tenant_id=estate.tenant.id, id=run.id)


def killing(monkeypatch, at: int):
    """Have the worker killed inside its ``at``-th step, when its statements have run but nothing is committed."""
    real, count = run_steps._step, 0

    async def step(actor, run_id, status, work, given=None):
        async def fatal(*told):
            nonlocal count
            await work(*told)
            count += 1
            if count == at:
                raise Killed

        return await real(actor, run_id, status, fatal, given)

    monkeypatch.setattr(run_steps, "_step", step)


async def work(estate, job, run) -> None:
    await JOBS[job].handler(system_actor(estate.tenant.id), {"run_id": str(run.id)})


@pytest.mark.parametrize("at", [1, 2, 3, 4])
async def test_a_worker_killed_in_any_step_of_a_run_leaves_no_duplicate_and_no_gap(town, monkeypatch, at):
    run = await town.start()
    for job in (runs.DRAFT_JOB, runs.ISSUE_JOB):
        if job == runs.ISSUE_JOB:
            async with open_scope(tenant_scope(town.tenant.id)):
                await runs.request_issue(town.finance, run.id)
        with monkeypatch.context() as broken:
            killing(broken, at)
            with pytest.raises(Killed):
                await work(town, job, run)
        half = await reload(town, run)
        assert half.status == ("drafting" if job == runs.DRAFT_JOB else "issuing")
        await work(town, job, run)
        await work(town, job, run)
    done = await reload(town, run)
    assert (done.status, done.bill_count, done.total_minor) == ("issued", COUNT, COUNT * 6350)
    await holds_together(town, run)


async def holds_together(estate, run):
    async with open_scope(tenant_scope(estate.tenant.id)):
        bills = await rows(
            "select b.number, a.sort_key, a.number account from billing_bill b join tenants_account a"
            " on a.tenant_id = b.tenant_id and a.id = b.account_id where b.tenant_id = $1 and b.run_id = $2"
            " order by a.sort_key, a.number",
            estate.tenant.id,
            run.id,
        )
        assert [bill["number"] for bill in bills] == [f"202607-{n:06d}" for n in range(1, COUNT + 1)]
        assert await Entry.filter(tenant_id=estate.tenant.id, kind="bill.issued").count() == COUNT
        assert await Posting.filter(tenant_id=estate.tenant.id).count() == 2 * COUNT
        assert await verify_ledger(estate.tenant.id) == []
        task = await Task.get(tenant_id=estate.tenant.id, id=(await BillRun.get(id=run.id)).task_id)
        assert (task.state, task.done, task.total) == ("done", COUNT, COUNT)


async def test_progress_shows_while_it_is_drafted_and_issued(town):
    run = await town.start()
    system, seen = system_actor(town.tenant.id), []
    while await run_steps.advance(system, run.id):
        seen.append((await reload(town, run)).reached_number)
    assert len(seen) == 4
    assert len(set(seen)) == 3
    async with open_scope(tenant_scope(town.tenant.id)):
        await runs.request_issue(town.finance, run.id)
    assert await run_steps.issue_next(system, run.id)
    async with open_scope(tenant_scope(town.tenant.id)):
        task = await Task.get(tenant_id=town.tenant.id, id=(await BillRun.get(id=run.id)).task_id)
        assert (task.done, task.total, task.state) == (10, COUNT, "running")
        assert await Bill.filter(tenant_id=town.tenant.id, status="issued").count() == 10


async def test_an_account_that_moves_behind_the_worker_is_issued_all_the_same(town):
    run = await town.draft()
    async with open_scope(tenant_scope(town.tenant.id)):
        await runs.request_issue(town.finance, run.id)
    system = system_actor(town.tenant.id)
    assert await run_steps.issue_next(system, run.id)
    async with open_scope(tenant_scope(town.tenant.id)):
        await execute(
            "update tenants_account set sort_key = '' where tenant_id = $1 and sort_key = '3'", town.tenant.id
        )
    await run_due(town.tenant.id)
    assert (await reload(town, run)).status == "issued"
    async with open_scope(tenant_scope(town.tenant.id)):
        assert await Bill.filter(tenant_id=town.tenant.id, status="issued").count() == COUNT
        numbers = await value(
            "select count(distinct number) from billing_bill where tenant_id = $1", town.tenant.id
        )
    assert numbers == COUNT


async def test_a_cancelled_draft_is_gone_even_when_the_worker_is_killed(town, monkeypatch):
    run = await town.draft()
    async with open_scope(tenant_scope(town.tenant.id)):
        await runs.cancel(town.finance, run.id)
        await runs.cancel(town.finance, run.id)
    with monkeypatch.context() as broken:
        killing(broken, 2)
        with pytest.raises(Killed):
            await work(town, runs.CANCEL_JOB, run)
    await run_due(town.tenant.id)
    async with open_scope(tenant_scope(town.tenant.id)):
        with pytest.raises(NotFound):
            await runs.get(town.finance, run.id)
        assert await Bill.filter(tenant_id=town.tenant.id).count() == 0
    assert (await town.draft(period=JULY)).bill_count == COUNT


async def test_taking_a_run_back_reverses_what_is_unpaid_and_leaves_what_is_paid(town, monkeypatch):
    run = await town.bill()
    paid, *_ = await town.bills(run)
    async with open_scope(tenant_scope(town.tenant.id)):
        await execute(
            "update billing_bill set paid_minor = 50, status = 'part_paid' where tenant_id = $1 and id = $2",
            town.tenant.id,
            paid.id,
        )
        await runs.request_voiding(town.finance, run.id, reason="The tariff was last year's.")
    with monkeypatch.context() as broken:
        killing(broken, 2)
        with pytest.raises(Killed):
            await work(town, runs.VOID_JOB, run)
    await run_due(town.tenant.id)
    after = await reload(town, run)
    assert after.status == "issued"
    bills = await town.bills(run)
    assert [bill.status for bill in bills if bill.id != paid.id] == ["void"] * (COUNT - 1)
    assert {bill.closed_reason for bill in bills} == {"", "The tariff was last year's."}
    async with open_scope(tenant_scope(town.tenant.id)):
        assert await Entry.filter(tenant_id=town.tenant.id, kind="bill.voided").count() == COUNT - 1
        total = await value(
            "select sum(amount_minor)::bigint from billing_posting where tenant_id = $1 and ledger = 'receivable'",
            town.tenant.id,
        )
        assert total == paid.total_minor
    again = await town.bill()
    assert again.bill_count == COUNT - 1


MANY = (
    "select '(0,1)'::tid place, n from generate_series(1, 20000) n"
    " where $2::uuid is not null and $3::text < $6::text || $7::text || $8::text || $9::text"
)
"""A stretch of which PostgreSQL knows that it is long, while it takes the institution's bills for one."""


async def plan_of(tenant, statement) -> str:
    where = (tenant.id, new_id(), "community", "202607", datetime.now(UTC), "", "", "z", "z")
    async with by_stretch():
        return "\n".join(row[0] for row in await rows(f"explain {statement}", *where))


@pytest.fixture
async def seeming_few(owner) -> AsyncIterator[None]:
    """PostgreSQL takes each institution to have one bill, as it does of itself where most have one."""
    await owner.execute(
        "select pg_restore_attribute_stats('schemaname', 'public', 'relname', 'billing_bill',"
        " 'attname', 'tenant_id', 'inherited', false, 'n_distinct', -1::real)"
    )
    yield
    await owner.execute(LARGE)


async def test_bills_are_found_by_where_they_lie_however_few_postgresql_takes_them_for(estate, seeming_few):
    """The control: joined as they stand, each bill that there is would be held against each place of the stretch."""
    parts = issue_sql._PARTS | {"chosen": MANY}
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert "Tid Scan on billing_bill b" in await plan_of(estate.tenant, issue_sql._ISSUE.format(**parts))
        plain = await plan_of(estate.tenant, issue_sql._ISSUE.format(**parts | {"lying": ""}))
        assert "Tid Scan" not in plain
