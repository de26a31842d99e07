"""Who did not come: tickets whose time has passed, strikes against their documents, and blocks after several."""

from datetime import timedelta

from scenarios.tourism.models import Site
from scenarios.tourism.orders.states import TICKET
from tenants.days import today_at
from tenants.ids import new_id
from tenants.scope import execute, rows

BLOCKED_FOR, COUNTED_FOR = timedelta(days=180), timedelta(days=180)
_MISS = """
update tourism_ticket set status = $4
 where tenant_id = $1 and site_id = $2 and status = any ($5) and used = 0 and not is_closed
   and kind <> 'pass' and valid_until < now() and day < $3
returning id, document_key, day
"""
_STRIKE = """
insert into tourism_strike (tenant_id, id, document_key, ticket_id, reason, day)
values ($1, $2, $3, $4, 'no_show', $5)
"""
_BLOCK = """
insert into tourism_block (tenant_id, id, document_key, reason, since, until)
select $1, new_id(), s.document_key, 'no_show', $2, $3 from tourism_strike s
 where s.tenant_id = $1 and s.document_key = any ($4) and s.lifted_at is null and s.day >= $5
   and not exists (select 1 from tourism_block b where b.tenant_id = $1 and b.document_key = s.document_key
                      and b.until >= $2 and b.lifted_at is null)
 group by s.document_key having count(*) >= $6
"""


async def note(site: Site) -> int:
    """Note the tickets of past days that nobody used, and block whoever has done so too often; return how many."""
    now = await today_at(site.tenant_id)
    edge = TICKET.edges["miss"]
    missed = await rows(_MISS, site.tenant_id, site.id, now, edge.target, list(edge.sources))
    named = [one for one in missed if one["document_key"]]
    for one in named:
        await execute(_STRIKE, site.tenant_id, new_id(), one["document_key"], one["id"], one["day"])
    keys = list({bytes(one["document_key"]) for one in named})
    if keys:
        await execute(
            _BLOCK,
            site.tenant_id,
            now,
            now + BLOCKED_FOR,
            keys,
            now - COUNTED_FOR,
            site.no_shows_to_block,
        )
    return len(missed)
