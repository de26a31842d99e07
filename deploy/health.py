"""Whether this process lives (``/healthz``) and whether it should be sent requests (``/readyz``).

A process without Redis stays ready: money acts commit, and the outbox is drained when Redis is back. Without
the database nothing can be done.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException

from deploy.settings import Settings

PATIENCE = 1.0
"""Seconds that each of the two may take to answer."""

Ping = Callable[[], Awaitable[object]]
FAILURES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    BaseORMException,
    RedisError,
)


def routes(settings: Settings, *, database: Ping | None = None, queue: Ping | None = None) -> list[Route]:
    """Return ``GET /healthz`` and ``GET /readyz``.

    ``database`` and ``queue`` replace the questions put to PostgreSQL (through the process's own pool, which
    may be what is broken) and Redis; a question fails by raising.
    """
    ask_database = database or _ask_database
    ask_queue = queue or _redis_question(settings.redis_url.get_secret_value())

    async def readyz(request: Request) -> Response:
        del request
        has_database, has_queue = await asyncio.gather(_answers(ask_database), _answers(ask_queue))
        status = ("ready" if has_queue else "degraded") if has_database else "unavailable"
        parts = {"database": _state(has_database), "redis": _state(has_queue)}
        return _json({"status": status} | parts, 200 if has_database else 503)

    return [Route("/healthz", healthz, name="healthz"), Route("/readyz", readyz, name="readyz")]


async def healthz(request: Request) -> Response:
    """Answer that the event loop turns; it asks nothing else, so that no outage elsewhere restarts us."""
    del request
    return _json({"status": "alive"}, 200)


async def _ask_database() -> object:
    return await get_connection("default").execute_query("select 1")


def _redis_question(url: str) -> Ping:
    """Keep one client for all questions; connections are made anew when Redis was away."""
    client = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    async def ask() -> object:
        return await client.ping()

    return ask


async def _answers(ask: Ping) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await ask()
    except FAILURES:
        return False
    return True


def _state(is_up: bool) -> str:
    return "up" if is_up else "down"


def _json(body: dict[str, str], status: int) -> JSONResponse:
    return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
