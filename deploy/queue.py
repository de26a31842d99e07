"""The queue between web and worker: arq on Redis, carrying nothing but ids."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import orjson
from arq.connections import ArqRedis, RedisSettings
from redis.exceptions import RedisError

from tenants.jobs import LATER

JOB = "run_outbox"


def redis_settings(url: str) -> RedisSettings:
    """Return arq's settings for ``redis://`` and ``unix://`` addresses; it fails fast, since the sweep comes after."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        database = int(parse_qs(parts.query).get("db", ["0"])[0])
        return RedisSettings(
            unix_socket_path=unquote(parts.path), database=database, conn_timeout=1, conn_retries=0
        )
    settings = RedisSettings.from_dsn(url)
    settings.conn_timeout, settings.conn_retries = 1, 0
    return settings


def dumps(value: dict[str, Any]) -> bytes:
    """Write a job as JSON: pickle would let whoever reaches Redis run code."""
    return orjson.dumps(value, default=str)


def loads(data: bytes) -> dict[str, Any]:
    """Read what ``dumps`` wrote."""
    read: dict[str, Any] = orjson.loads(data)
    return read


class RedisQueue:
    """Offers outbox rows to the workers; connects when first needed and again after a failure."""

    def __init__(self, url: str) -> None:
        self._settings = redis_settings(url)
        self._redis: ArqRedis | None = None

    async def offer(self, tenant: UUID, outbox_id: UUID, *, patience: timedelta) -> None:
        """Tell a worker that this row is due; ``OSError`` when Redis is out of reach.

        The queue is sorted by the time since when something is due: what has little patience goes before what has
        more, but for what has waited so long that it has its turn.
        """
        since = datetime.now(UTC) - LATER + patience
        try:
            redis = self._redis or self._connect()
            await redis.enqueue_job(
                JOB, str(tenant), str(outbox_id), _job_id=str(outbox_id), _defer_until=since
            )
        except (RedisError, OSError) as error:
            raise ConnectionError(str(error)) from error

    def _connect(self) -> ArqRedis:
        given = self._settings
        place: dict[str, Any] = (
            {"unix_socket_path": given.unix_socket_path}
            if given.unix_socket_path
            else {"host": given.host, "port": given.port, "username": given.username, "ssl": given.ssl}
        )
        self._redis = ArqRedis(
            db=given.database,
            password=given.password,
            socket_connect_timeout=1,
            socket_timeout=2,
            job_serializer=dumps,
            job_deserializer=loads,
            **place,
        )
        return self._redis

    async def close(self) -> None:
        """Let go of the connection."""
        if self._redis is not None:
            await self._redis.aclose()
