"""How often something may be asked for: counted in Redis, or in this process while Redis is away."""

import hashlib
import time
from collections.abc import Sequence
from functools import cache

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from tenants.runtime import runtime
from ui.errors import TooMany
from ui.i18n import t

log = structlog.get_logger(__name__)


async def spend(purpose: str, who: str, allowed: Sequence[str]) -> None:
    """Count one use by ``who`` (kept as a hash) against every window of ``allowed`` (``"5/10 minutes"``).

    Raises:
        TooMany: when a window is full; ``Retry-After`` says for how many seconds.
    """
    who = hashlib.sha256(who.encode()).hexdigest()
    for item in map(_item, allowed):
        if not await _hit(item, purpose, who):
            wait = await _wait(item, purpose, who)
            message = t("This was asked for too often. Try again in {minutes} min.", minutes=-(-wait // 60))
            raise TooMany("request.too_often", message, headers={"Retry-After": str(wait)})


async def _hit(item: RateLimitItem, purpose: str, who: str) -> bool:
    try:
        return await _shared(runtime().redis_url).hit(item, purpose, who)
    except (RedisError, OSError) as error:
        log.warning("throttle.redis_unreachable", error=type(error).__name__)
        return await _local().hit(item, purpose, who)


async def _wait(item: RateLimitItem, purpose: str, who: str) -> int:
    """Return the seconds until the window opens again."""
    try:
        stats = await _shared(runtime().redis_url).get_window_stats(item, purpose, who)
    except (RedisError, OSError):
        stats = await _local().get_window_stats(item, purpose, who)
    return max(int(stats.reset_time - time.time()) + 1, 1)


@cache
def _item(text: str) -> RateLimitItem:
    return parse(text)


@cache
def _shared(url: str) -> FixedWindowRateLimiter:
    if not url:
        return _local()
    address = "async+" + url.replace("unix://", "redis+unix://", 1)
    return FixedWindowRateLimiter(RedisStorage(address, implementation="redispy", socket_connect_timeout=1))


@cache
def _local() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


def forget() -> None:
    """Start counting anew in this process, as a restart would."""
    _shared.cache_clear()
    _local.cache_clear()
