import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from starlette.applications import Starlette

from deploy import health, services
from deploy.settings import Settings


async def fine() -> object:
    return True


async def refused() -> object:
    raise ConnectionRefusedError


async def away() -> object:
    raise RedisConnectionError


async def hanging() -> object:
    await asyncio.sleep(60)
    return True


async def ask(data_dir: Path, path: str, **pings: health.Ping) -> httpx.Response:
    app = Starlette(routes=health.routes(Settings(data_dir=data_dir), **pings))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cloud") as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("database", "queue", "code", "status"),
    [
        (fine, fine, 200, "ready"),
        (fine, away, 200, "degraded"),
        (refused, fine, 503, "unavailable"),
        (refused, away, 503, "unavailable"),
    ],
)
async def test_only_the_database_makes_it_unready(
    data_dir: Path, database: health.Ping, queue: health.Ping, code: int, status: str
) -> None:
    answer = await ask(data_dir, "/readyz", database=database, queue=queue)
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_database_that_hangs_is_down_within_its_second(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    answer = await asyncio.wait_for(ask(data_dir, "/readyz", database=hanging, queue=fine), 2)
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "down", "redis": "up"}


async def test_the_process_lives_whatever_else_is_down(data_dir: Path) -> None:
    answer = await ask(data_dir, "/healthz", database=refused, queue=away)
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_real_servers_are_really_asked(data_dir: Path) -> None:
    """Redis by our own client, PostgreSQL by the given one: each is noticed when it goes and when it is back."""
    services.start_redis(data_dir)
    url = services.start_postgres(data_dir, is_durable=False)

    async def select() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval("select 1")
        finally:
            await connection.close()

    try:
        assert (await ask(data_dir, "/readyz", database=select)).json()["status"] == "ready"
        services.stop_redis(data_dir)
        assert (await ask(data_dir, "/readyz", database=select)).json()["status"] == "degraded"
        services.stop_postgres(data_dir)
        assert (await ask(data_dir, "/readyz", database=select)).status_code == 503
        services.start_postgres(data_dir, is_durable=False)
        assert (await ask(data_dir, "/readyz", database=select)).status_code == 200
    finally:
        services.stop_postgres(data_dir)
        services.stop_redis(data_dir)
