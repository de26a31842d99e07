"""Whether apps answer: their health address is asked twice a minute, and a page says so instead of hanging."""

import asyncio
from datetime import timedelta
from uuid import UUID

import structlog

from tenants.outbound import OutboundError, call
from tenants.scope import execute, open_scope, queue_scope, rows

log = structlog.get_logger(__name__)
EVERY = timedelta(seconds=30)
LOOK_SECONDS = 5.0
AT_ONCE = 20
DOWN_AFTER = 2
"""Failed looks one after another before an app counts as down."""
_TAKE = """
update integrations_app set checked_at = now() where id in (
  select id from integrations_app where status = 'listed' and (checked_at is null or checked_at < now() - $1::interval)
   order by checked_at nulls first limit $2 for update skip locked)
returning id, (select v.health_uri from integrations_app_version v where v.id = listed_version_id) url
"""
_KEEP = """
update integrations_app set health_failures = case when $2 = '' then 0 else health_failures + 1 end,
       health_note = $2, down_since = case when $2 = '' then null else coalesce(down_since, now()) end,
       health = case when $2 = '' then 'up' when health_failures + 1 >= $3 then 'down' else health end
 where id = $1
"""


async def look() -> int:
    """Ask the apps whose turn it is, several at a time; return how many."""
    async with open_scope(queue_scope()):
        found = await rows(_TAKE, EVERY, AT_ONCE)
    await asyncio.gather(*(_one(each["id"], each["url"]) for each in found if each["url"]))
    return len(found)


async def _one(app_id: UUID, url: str) -> None:
    note = await _ask(url)
    async with open_scope(queue_scope()):
        await execute(_KEEP, app_id, note, DOWN_AFTER)


async def _ask(url: str) -> str:
    """Return what is wrong with the app; nothing when it answers."""
    try:
        answer = await call("GET", url, seconds=LOOK_SECONDS, most_bytes=10_000)
    except OutboundError as error:
        return str(error)[:200]
    return "" if answer.is_success else f"answered {answer.status}"
