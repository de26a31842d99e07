"""Two at once, and workers that die: nothing twice, nothing half."""

import asyncio
from uuid import UUID

import pytest

from tenants import jobs, tasks
from tenants.imports import services, staging
from tenants.models import Account, Holder, Import, ImportRow, Outbox, Task
from tenants.scope import open_scope, rows, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.tenants.imports.uploads import csv_of, flat


async def uploaded(bank, content: bytes):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    actor.place["scenarios"] = tenant.scenarios
    return actor, await chosen(actor, content)


async def chosen(actor, content: bytes) -> Import:
    async with open_scope(actor.scope()):
        found = await services.upload(actor, kind="community_units", filename="u.csv", content=content)
        match = await services.match(actor, found)
        return await services.choose(actor, found.id, chosen=match.proposed)


async def due(tenant_id: UUID) -> list[UUID]:
    async with open_scope(tenant_scope(tenant_id)):
        found = await rows(
            "select id from tenants_outbox where tenant_id = $1 and done_at is null", tenant_id
        )
    return [one["id"] for one in found]


FLATS = csv_of(*(flat(door=f"{n:02d}-01", holder=f"Holder {n}") for n in range(1, 40)))


async def test_two_imports_of_the_same_units_at_once_add_them_once(committed, bank):
    actor, first = await uploaded(bank, FLATS)
    second = await chosen(actor, FLATS)
    await run_due(actor.tenant_id)
    async with open_scope(actor.scope()):
        await services.apply(actor, first.id)
        await services.apply(actor, second.id)
        await services.apply(actor, second.id)
    waiting = await due(actor.tenant_id)
    assert len(waiting) == 2
    assert all(await asyncio.gather(*(jobs.run(actor.tenant_id, one) for one in waiting)))
    async with open_scope(actor.scope()):
        assert await Account.all().count() == await Holder.all().count() == 39
        counts = sorted((i.counts["added"], i.counts["unchanged"]) for i in await Import.all())
    assert counts == [(0, 39), (39, 0)]


async def test_a_worker_that_dies_in_the_dry_run_leaves_nothing_half(committed, bank, monkeypatch):
    actor, found = await uploaded(bank, FLATS)
    whole, seen = staging._stage, []

    async def dies(*given):
        await whole(*given)
        async with open_scope(actor.scope()):
            seen.append(await ImportRow.filter(import_id=found.id).count())
        raise ConnectionError("the worker is gone")

    monkeypatch.setattr(staging, "_stage", dies)
    (job,) = await due(actor.tenant_id)
    assert not await jobs.run(actor.tenant_id, job)
    assert seen == [1]
    async with open_scope(actor.scope()):
        assert await ImportRow.all().count() == 0
        task = await Task.get(id=found.task_id)
        assert (task.state, (await Import.get(id=found.id)).state) == ("waiting", "checking")
        assert "tried again" in task.error
        await Outbox.all().update(due_at=task.created_at)
    monkeypatch.undo()
    assert await jobs.run(actor.tenant_id, job)
    async with open_scope(actor.scope()):
        checked = await Import.get(id=found.id)
        assert (checked.state, checked.counts["good"]) == ("checked", 39)
        assert (await Task.get(id=found.task_id)).state == "done"


async def test_a_worker_that_dies_while_writing_has_written_nothing(committed, bank, monkeypatch):
    actor, found = await uploaded(bank, FLATS)
    await run_due(actor.tenant_id)
    async with open_scope(actor.scope()):
        await services.apply(actor, found.id)
    (job,) = await due(actor.tenant_id)

    async def dies(*given, **facts):
        raise ConnectionError("the worker is gone")

    monkeypatch.setattr(tasks, "finish", dies)
    assert not await jobs.run(actor.tenant_id, job)
    monkeypatch.undo()
    async with open_scope(actor.scope()):
        assert await Account.all().count() == 0
    assert await jobs.run(actor.tenant_id, job)
    assert not await jobs.run(actor.tenant_id, job)
    async with open_scope(actor.scope()):
        assert await Account.all().count() == 39


async def test_what_is_counted_is_seen_while_the_job_still_runs(committed, bank):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    async with open_scope(actor.scope()):
        task = await tasks.start(
            actor,
            kind="import.check",
            subject_id=None,
            job="imports.check",
            payload={"import_id": str(tenant.id)},
        )
    async with open_scope(actor.scope()):
        async with tasks.shown(task.id):
            await tasks.Progress(task.id, 50).to(10)
        assert await asyncio.create_task(seen(tenant.id, task.id)) == ("running", 10, 50)
        await tasks.finish(task.id, url="/there")
        await asyncio.wait_for(tasks.step(task.id, 20), 5)
    async with open_scope(actor.scope()):
        done = await Task.get(id=task.id)
    assert (done.state, done.done, done.total, done.result) == ("done", 50, 50, {"url": "/there"})


async def seen(tenant_id: UUID, task_id: UUID) -> tuple[str, int, int]:
    async with open_scope(tenant_scope(tenant_id)):
        task = await Task.get(id=task_id)
    return task.state, task.done, task.total


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_of_long_work_waits_leads_on_or_says_why(client, db, bank, language):
    client.headers["Accept-Language"] = language
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    await make.sign_in(client, actor.person_id)
    payload = {"import_id": str(tenant.id)}
    async with open_scope(actor.scope()):
        task = await tasks.start(
            actor, kind="import.apply", subject_id=None, job="imports.apply", payload=payload
        )
    url = f"/t/{tenant.slug}/tasks/{task.id}"
    partial = {"HX-Request": "true", "HX-Request-Type": "partial"}
    waiting = await client.get(url)
    assert "http-equiv" in waiting.text
    assert "<html" not in (await client.get(url, headers=partial)).text
    async with open_scope(actor.scope()):
        await tasks.finish(task.id, url="/there")
    assert (await client.get(url)).headers["location"] == "/there"
    assert (await client.get(url, headers=partial)).headers["HX-Redirect"] == "/there"
