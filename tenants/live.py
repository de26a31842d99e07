"""News for pages that are open: something has changed, look again. Never what: whoever looks sees what they may see.

``announce`` wakes everybody who listens to a topic once the transaction has committed: in this process at once, in
others through Redis. While Redis is away, listeners are told to look at every beat instead, so that nobody waits for
news that cannot come. Streams are bounded, end after a while and are opened again by the browser, who is asked anew
who they are.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextvars import Context
from uuid import UUID, uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.responses import StreamingResponse

from tenants.runtime import runtime
from tenants.scope import after_commit
from ui.errors import Unavailable
from ui.i18n import t

log = structlog.get_logger(__name__)
CHANNEL = "cloud:live"
CHANGED = b"event: changed\ndata: \n\n"
STILL_HERE = b": still here\n\n"
BEAT, LIFE, PAUSE, GATHER = 15.0, 300.0, 5.0, 0.2
"""Seconds between two signs of life, of a stream, before Redis is tried again, and in which news becomes one."""
MOST, MOST_EACH = 2000, 6
"""Streams of this process, and of one person or screen."""


class Hub:
    """Who listens in this process, and its ear to the others."""

    def __init__(self) -> None:
        self.name = uuid4().hex
        self.listeners: dict[str, set[asyncio.Event]] = {}
        self.each: Counter[str] = Counter()
        self.is_deaf = False
        self.is_closed = False
        self._redis: Redis | None = None
        self._ear: asyncio.Task[None] | None = None
        self._silent_until = 0.0

    def wake(self, topic: str) -> None:
        """Tell everybody here who listens to a topic."""
        for event in self.listeners.get(topic, ()):
            event.set()

    async def tell(self, topic: str) -> None:
        """Tell everybody, here and in other processes; what Redis does not take is found at the next beat."""
        self.wake(topic)
        if not runtime().redis_url or time.monotonic() < self._silent_until:
            return
        try:
            await self._connected().publish(CHANNEL, f"{self.name} {topic}")
        except (RedisError, OSError) as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("live.redis_unreachable", error=type(error).__name__)

    def _connected(self) -> Redis:
        if self._redis is None:
            self._redis = Redis.from_url(runtime().redis_url, socket_connect_timeout=1)
        return self._redis

    async def listen(self, topic: str, who: str) -> AsyncIterator[bytes]:
        """Give a stream of what to send: that it has changed, each time it has, and signs of life between."""
        self._open_ear()
        event = asyncio.Event()
        self.listeners.setdefault(topic, set()).add(event)
        self.each[who] += 1
        try:
            yield b"retry: 3000\n\n" + CHANGED
            ends = time.monotonic() + LIFE
            while time.monotonic() < ends and not self.is_closed:
                yield await self._next(event)
        finally:
            self._leave(topic, event, who)

    async def _next(self, event: asyncio.Event) -> bytes:
        try:
            async with asyncio.timeout(BEAT):
                await event.wait()
        except TimeoutError:
            return CHANGED if self.is_deaf else STILL_HERE
        await asyncio.sleep(GATHER)
        event.clear()
        return CHANGED

    def _leave(self, topic: str, event: asyncio.Event, who: str) -> None:
        there = self.listeners[topic]
        there.discard(event)
        if not there:
            del self.listeners[topic]
        self.each -= Counter([who])

    def _open_ear(self) -> None:
        if runtime().redis_url and (self._ear is None or self._ear.done()):
            self._ear = asyncio.create_task(self._hear(), context=Context())  # of no request in particular

    async def _hear(self) -> None:
        """Pass on what other processes tell, for as long as this one lives."""
        while not self.is_closed:
            try:
                await self._hear_until_it_breaks()
            except (RedisError, OSError) as error:
                if not self.is_deaf:
                    log.warning("live.deaf", error=type(error).__name__)
                self.is_deaf = True
                await asyncio.sleep(PAUSE)

    async def _hear_until_it_breaks(self) -> None:
        redis = Redis.from_url(runtime().redis_url, socket_connect_timeout=1)
        async with redis, redis.pubsub(ignore_subscribe_messages=True) as ear:
            await ear.subscribe(CHANNEL)
            self.is_deaf = False
            async for message in ear.listen():
                origin, _, topic = message["data"].decode().partition(" ")
                if origin != self.name:
                    self.wake(topic)

    async def close(self) -> None:
        """End every stream and hear no more."""
        self.is_closed = True
        for topic in self.listeners:
            self.wake(topic)
        if self._ear is not None:
            self._ear.cancel()
        if self._redis is not None:
            await self._redis.aclose()


_hub = Hub()


def hub() -> Hub:
    """Return this process's hub."""
    return _hub


def topic(tenant_id: UUID, kind: str, subject_id: UUID) -> str:
    """Return the name of what pages of one institution listen to."""
    return f"{tenant_id}:{kind}:{subject_id}"


def announce(*topics: str) -> None:
    """Have everybody who listens look again, once the open transaction has committed."""
    for one in topics:
        after_commit(lambda one=one: _hub.tell(one))  # type: ignore[misc]


def stream(topic: str, who: str) -> StreamingResponse:
    """Return the news of a topic as server-sent events, for somebody who has been let in by now.

    ``who`` names the person or screen, of whose streams there may be a few.

    Raises:
        Unavailable: there are as many streams as this process, or one person, may have; the page looks by itself.
    """
    if _hub.each.total() >= MOST or _hub.each[who] >= MOST_EACH:
        text = t("There are too many open pages. This one looks for news by itself.")
        raise Unavailable("live.full", text, headers={"Retry-After": "60"})
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_hub.listen(topic, who), media_type="text/event-stream", headers=headers)
