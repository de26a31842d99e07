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
AT_ONCE, MOST_HELD = 20, 10_000
"""How many uses are fetched at once for what is asked often, and for how many askers they are held here."""
_held: dict[tuple[str, str], tuple[int, float]] = {}


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


async def spend_often(purpose: str, who: str, allowed: str) -> None:
    """Do what ``spend`` does for one window, for what is asked many times a second: Redis is asked for twenty at once.

    What one process has fetched and not used is lost to the others for that window, never counted twice.

    Raises:
        TooMany: when the window is full.
    """
    item, now = _item(allowed), time.monotonic()
    left, ends = _held.get((purpose, who), (0, 0.0))
    if not left or ends < now:
        hashed = hashlib.sha256(who.encode()).hexdigest()
        if not await _has_room(item, purpose, hashed) or not await _hit(item, purpose, hashed, AT_ONCE):
            await spend(purpose, who, (allowed,))
            return
        left, ends = AT_ONCE, now + item.get_expiry()
    if len(_held) >= MOST_HELD:
        _held.clear()
    _held[purpose, who] = (left - 1, ends)


async def _has_room(item: RateLimitItem, purpose: str, who: str) -> bool:
    """Tell whether twenty more fit: asking for them where they do not would use the rest up."""
    try:
        return await _shared(runtime().redis_url).test(item, purpose, who, cost=AT_ONCE)
    except (RedisError, OSError):
        return await _local().test(item, purpose, who, cost=AT_ONCE)


async def _hit(item: RateLimitItem, purpose: str, who: str, cost: int = 1) -> bool:
    try:
        return await _shared(runtime().redis_url).hit(item, purpose, who, cost=cost)
    except (RedisError, OSError) as error:
        log.warning("throttle.redis_unreachable", error=type(error).__name__)
        return await _local().hit(item, purpose, who, cost=cost)


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
    _held.clear()
    _shared.cache_clear()
    _local.cache_clear()
