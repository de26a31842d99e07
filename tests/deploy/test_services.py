import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from deploy import processes, services
from deploy.queue import RedisQueue
from deploy.settings import Settings
from tenants import jobs
from tests.deploy.conftest import has_ended

STARTER = """
import sys, time
from pathlib import Path
from deploy import services
services.start_postgres(Path(sys.argv[1]), is_durable=False)
services.start_redis(Path(sys.argv[1]))
print("started", flush=True)
time.sleep(60)
"""


async def test_embedded_servers_run_only_inside_the_block(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    async with services.embedded(settings):
        connection = await asyncpg.connect(settings.database_superuser_url.get_secret_value())
        version = await connection.fetchval("show server_version_num")
        zone = await connection.fetchval("show timezone")
        await connection.close()
        client = Redis.from_url(settings.redis_url.get_secret_value())
        assert await client.ping()
        await client.aclose()
        assert (int(version) // 10000, zone) == (18, "UTC")
    assert not services.is_postgres_running(data_dir)
    assert not services.is_redis_running(data_dir)


async def test_a_second_user_shares_the_servers_and_leaves_them_running(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    async with services.embedded(settings):
        async with services.embedded(settings):
            pass
        assert services.is_postgres_running(data_dir)
        assert services.is_redis_running(data_dir)


async def test_servers_that_are_just_coming_or_going_are_not_touched(data_dir: Path) -> None:
    settings = Settings(data_dir=data_dir)
    with (
        processes.claim(data_dir, "process 4711"),
        pytest.raises(services.ServiceError, match=r"opened or closed by process 4711; try again\.$"),
    ):
        async with services.embedded(settings):
            pass


async def test_data_outlives_a_restart(data_dir: Path) -> None:
    for statement, expected in (("create table kept as select 42 as n", None), ("table kept", 42)):
        connection = await asyncpg.connect(services.start_postgres(data_dir))
        assert await connection.fetchval(statement) == expected
        await connection.close()
        services.stop_postgres(data_dir)
        assert not services.is_postgres_running(data_dir)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_servers_die_with_a_starter_that_is_killed_outright(data_dir: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, data_dir], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        postmaster = int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
        redis = int((data_dir / "run" / "redis.pid").read_text())
        starter.send_signal(signal.SIGKILL)
    assert has_ended(postmaster)
    assert has_ended(redis)


def test_data_of_another_major_version_is_refused_in_words(data_dir: Path) -> None:
    cluster = data_dir / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(services.ServiceError, match="was made by PostgreSQL 16 and this is 18"):
        services.start_postgres(data_dir)


def test_a_server_that_cannot_start_gives_its_reason(data_dir: Path) -> None:
    services.start_postgres(data_dir, is_durable=False)
    services.stop_postgres(data_dir)
    (data_dir / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(
        services.ServiceError, match=r"PostgreSQL stopped while starting[\s\S]*no_such_setting"
    ):
        services.start_postgres(data_dir)


def test_a_claim_is_exclusive_and_ends_with_its_block(data_dir: Path) -> None:
    with (
        processes.claim(data_dir, "first"),
        pytest.raises(processes.InUseError) as caught,
        processes.claim(data_dir, "second"),
    ):
        pass
    assert caught.value.note == "first"
    with processes.claim(data_dir, "third"):
        assert (data_dir / "lock").read_text() == "third"


def test_a_process_that_ended_but_was_not_collected_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not processes.is_alive(child.pid)


async def test_what_somebody_waits_for_goes_before_letters_and_one_letter_before_many(data_dir: Path) -> None:
    address = services.start_redis(data_dir)
    queue = RedisQueue(address)
    many, letter, work = uuid4(), uuid4(), uuid4()
    try:
        await queue.offer(uuid4(), many, patience=jobs.LATER)
        await queue.offer(uuid4(), letter, patience=jobs.SOON)
        await queue.offer(uuid4(), work, patience=jobs.NOW)
        client = Redis.from_url(address)
        order = await client.zrange("arq:queue", 0, -1)
        assert [UUID(one.decode()) for one in order] == [work, letter, many]
        assert max(score for _, score in await client.zrange("arq:queue", 0, -1, withscores=True)) <= (
            time.time() * 1000
        ), "all are due"
        await client.aclose()
    finally:
        await queue.close()
        services.stop_redis(data_dir)
