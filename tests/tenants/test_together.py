"""What is written together goes as one statement, all of it or nothing, and only what was written is offered."""

import asyncio
from functools import partial

import pytest

from tenants import audit, jobs
from tenants.scope import open_scope, raw, rows, tenant_scope
from tenants.together import together, write
from tests import make

NAME = "tests.together"
_AUDIT = "insert into tenants_outbox (tenant_id, job, payload, due_at) select $1::uuid, $2, '{}', now() where $3::bool"


async def _nothing(actor, payload):
    del actor, payload


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setitem(jobs.JOBS, NAME, jobs.Job(NAME, _nothing, is_transactional=True))


async def _written(tenant):
    found = await rows("select job from tenants_outbox where tenant_id = $1 and job = $2", tenant.id, NAME)
    return len(found)


async def test_a_trail_and_work_go_in_one_statement(db, bank, registered):
    tenant = await make.tenant(bank, "tourism")
    manager = await make.staff(tenant, "planner")
    seen: list[str] = []
    async with open_scope(tenant_scope(tenant.id)):
        logger = lambda record: seen.append(record.query)  # noqa: E731
        raw().add_query_logger(logger)
        try:
            async with together():
                await audit.record(
                    manager, "tests.done", subject_kind="x", subject_id=None, subject_label="$1 of it"
                )
                async with together():
                    await jobs.enqueue(NAME, {"n": 1})
                await jobs.enqueue(NAME, {"n": 2}, where="false")
                await asyncio.sleep(0)
                assert seen == []
            await asyncio.sleep(0)
        finally:
            raw().remove_query_logger(logger)
        assert len(seen) == 1
        assert await _written(tenant) == 1
        trail = await rows("select subject_label from tenants_audit where act = 'tests.done'")
    assert [one["subject_label"] for one in trail] == ["$1 of it"]


async def _failing():
    async with together():
        await jobs.enqueue(NAME, {})
        raise RuntimeError


async def test_nothing_of_a_block_that_fails_is_written(db, bank, registered):
    tenant = await make.tenant(bank, "tourism")
    async with open_scope(tenant_scope(tenant.id)):
        with pytest.raises(RuntimeError):
            await _failing()
        assert await _written(tenant) == 0


@pytest.mark.parametrize("is_together", [True, False])
async def test_only_what_has_written_a_row_says_so(db, bank, is_together):
    tenant = await make.tenant(bank, "tourism")
    said: list[int] = []

    async def both():
        for n, is_written in enumerate((True, False)):
            await write(_AUDIT, tenant.id, NAME, is_written, wrote=partial(said.append, n))

    async with open_scope(tenant_scope(tenant.id)):
        if is_together:
            async with together():
                await both()
        else:
            await both()
    assert said == [0]
