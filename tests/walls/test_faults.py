"""What the product does when what it stands on goes away: PostgreSQL restarts, Redis is down."""

import asyncio
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import services
from deploy.queue import RedisQueue
from tenants import jobs, notices
from tenants.models import Account, Outbox
from tenants.scope import open_scope, queue_scope, tenant_scope, value
from tests import make

NOWHERE = "redis://127.0.0.1:1/0"
seen: list[str] = []


@jobs.job("tests.note")
async def note(actor, payload):
    seen.append(payload["word"])


class Remembering:
    def __init__(self):
        self.offered = []

    async def offer(self, tenant, outbox_id, *, patience):
        del patience
        self.offered.append((tenant, outbox_id))


@pytest.fixture
def no_queue():
    yield
    jobs.use_queue(None)


async def test_with_redis_down_the_act_commits_and_the_job_catches_up(committed, bank, no_queue):
    tenant = await make.tenant(bank)
    jobs.use_queue(RedisQueue(NOWHERE))
    word = str(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        await make_something(tenant)
        outbox_id = await jobs.enqueue("tests.note", {"word": word})
    assert word not in seen
    queue = Remembering()
    jobs.use_queue(queue)
    await jobs.sweep()
    assert (tenant.id, outbox_id) not in queue.offered, "a new row is its own commit's to offer"
    async with open_scope(tenant_scope(tenant.id)):
        await Outbox.filter(tenant_id=tenant.id).update(created_at=datetime.now(UTC) - jobs.FRESH)
    while await jobs.sweep():
        pass
    assert (tenant.id, outbox_id) in queue.offered
    assert await jobs.run(tenant.id, outbox_id)
    assert seen.count(word) == 1
    assert not await jobs.run(tenant.id, outbox_id), "a second delivery of the same id runs nothing"
    assert seen.count(word) == 1


async def make_something(tenant):
    await Account.create(
        tenant_id=tenant.id, scenario="community", kind="unit", number="1", name="1", attributes={}
    )


async def test_an_import_that_somebody_looks_at_goes_before_a_letter_and_one_letter_before_many(committed):
    first = ("imports.check", notices.TO_ONE, notices.TO_MANY)
    patience = [jobs.JOBS[name].patience for name in first]
    assert patience == sorted(set(patience))


async def test_two_workers_never_run_one_job_together(committed, bank, no_queue):
    tenant = await make.tenant(bank)
    word = f"once {tenant.id}"
    async with open_scope(tenant_scope(tenant.id)):
        outbox_id = await jobs.enqueue("tests.note", {"word": word})
    ran = await asyncio.gather(*(jobs.run(tenant.id, outbox_id) for _ in range(10)))
    assert sum(ran) == 1
    assert seen.count(word) == 1


async def test_a_job_that_fails_is_tried_again_and_then_waits_for_a_person(db, bank, no_queue):
    tenant = await make.tenant(bank)

    @jobs.job("tests.broken")
    async def broken(actor, payload):
        raise RuntimeError("the printer is on fire")

    async with open_scope(tenant_scope(tenant.id)):
        outbox_id = await jobs.enqueue("tests.broken", {})
    for _ in range(len(jobs.PAUSES) + 1):
        assert not await jobs.run(tenant.id, outbox_id)
    async with open_scope(tenant_scope(tenant.id)):
        row = await Outbox.get(tenant_id=tenant.id, id=outbox_id)
    assert row.failed_at is not None
    assert "the printer is on fire" in row.error


async def test_nothing_is_enqueued_by_a_transaction_that_rolls_back(db, bank, no_queue):
    tenant = await make.tenant(bank)
    queue = Remembering()
    jobs.use_queue(queue)
    with pytest.raises(RuntimeError):
        await enqueue_and_fail(tenant)
    assert queue.offered == []
    async with open_scope(tenant_scope(tenant.id)):
        assert await Outbox.filter(tenant_id=tenant.id, job="tests.note").count() == 0


async def enqueue_and_fail(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        await jobs.enqueue("tests.note", {"word": "never"})
        raise RuntimeError


RESTART = """
import asyncio, sys
from pathlib import Path
import httpx2
from deploy import database, logs, services
from deploy.app import create
from deploy.settings import Settings

folder = Path(sys.argv[1])

async def main():
    settings = Settings(environment="test", data_dir=folder, public_url="http://cloud.test",
        redis_url="redis://127.0.0.1:1/0", secret_key="k" * 40)
    logs.configure(settings)
    services.start_postgres(folder, is_durable=False)
    await database.prepare(settings)
    await database.migrate(settings)
    app = create(settings, has_lifespan=False)
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://cloud.test",
        headers={"Accept": "text/html"}, cookies={"session": "x"})
    async with database.connected(settings.database_url.get_secret_value()):
        print((await client.get("/my")).status_code)
        services.stop_postgres(folder)
        down = await client.get("/my")
        print(down.status_code, down.headers.get("retry-after"), "cannot reach our records" in down.text)
        print((await client.get("/readyz")).status_code, (await client.get("/healthz")).status_code)
        services.start_postgres(folder, is_durable=False)
        print((await client.get("/my")).status_code, (await client.get("/readyz")).status_code)
    services.stop_postgres(folder)

asyncio.run(main())
"""


def test_a_postgres_restart_fails_clearly_and_recovers():
    """In a process of its own, since it takes the database away from everything in the process."""
    with tempfile.TemporaryDirectory(prefix="cloud-restart-") as folder:
        ran = subprocess.run(
            [sys.executable, "-c", RESTART, folder], capture_output=True, text=True, timeout=90, check=False
        )
        services.stop_postgres(Path(folder))
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert ran.stdout.split("\n")[:4] == ["303", "503 30 True", "503 200", "303 200"], ran.stdout


async def test_the_queue_scope_sees_due_work_of_all_tenants_and_none_of_its_rows(db, bank, no_queue):
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        await jobs.enqueue("tests.note", {"word": "x"})
    async with open_scope(queue_scope()):
        assert await value("select count(*) from tenants_outbox where tenant_id = $1", tenant.id) >= 1
        assert await value("select count(*) from tenants_role") == 0
