"""Counters that differ from what they count: each difference is work with an owner, until somebody has settled it."""

from datetime import UTC, datetime
from uuid import UUID

from billing.worklist.registry import Kind, add_kind
from scenarios.tourism.models import CounterIncident, Pool
from scenarios.tourism.stock import checks
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

RIGHT = "sites.write"
KIND = "tourism.counter"
_OPEN = """
insert into tourism_incident (tenant_id, id, pool_id, held, sold, held_counted, sold_counted)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (tenant_id, pool_id) where status = 'open' do update
   set held = excluded.held, sold = excluded.sold, held_counted = excluded.held_counted,
       sold_counted = excluded.sold_counted
"""
_RIGHT_AGAIN = """
update tourism_pool set held = $3::int, sold = $4::int, capacity = greatest(ceiling, $3::int + $4::int)
 where tenant_id = $1 and id = $2
"""
_LISTED = """
select i.id, i.pool_id, i.held, i.sold, i.held_counted, i.sold_counted, i.created_at, p.day, p.scope, p.channel,
       s.starts_at, s.ends_at, w.owner_name
  from tourism_incident i join tourism_pool p on p.tenant_id = $1 and p.id = i.pool_id
  left join tourism_slot s on s.tenant_id = $1 and s.id = p.slot_id
  left join billing_work_owner w on w.tenant_id = $1 and w.kind = 'tourism.counter' and w.item_id = i.id
 where i.tenant_id = $1 and p.site_id = $2 and i.status = 'open' order by p.day, i.created_at
"""
add_kind(
    Kind(
        key=KIND,
        name=N_("Counters that differ"),
        permission=RIGHT,
        order=70,
        words={"day": N_("The whole day"), "slot": N_("One time"), "channel": N_("Part of a time")},
        sql="""
select i.id, i.created_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency,
       p.day::text title, p.scope detail, '/sites/' || p.site_id path
  from tourism_incident i join tourism_pool p on p.tenant_id = i.tenant_id and p.id = i.pool_id
 where i.tenant_id = $1 and i.status = 'open'""",
    )
)


async def note(tenant_id: UUID) -> list[checks.Difference]:
    """Open an incident for every pool whose counters differ, and return them; an open one is brought up to date."""
    found = await checks.differences(tenant_id)
    for one in found:
        await execute(
            _OPEN, tenant_id, new_id(), one.pool_id, one.held, one.sold, one.held_counted, one.sold_counted
        )
    return found


async def open_at(tenant_id: UUID, site_id: UUID) -> list[dict[str, object]]:
    """Return the open incidents of a site, with their owner."""
    return [dict(one) for one in await rows(_LISTED, tenant_id, site_id)]


async def settle(actor: Actor, incident_id: UUID, *, reason: str) -> CounterIncident:
    """Set the counters of a pool to what is counted at this moment, and close its incident with the reason.

    Raises:
        NotFound, Conflict: there is no such incident, or it is settled.
        Invalid: no reason.
    """
    actor.require(RIGHT)
    found = (
        await CounterIncident.filter(tenant_id=actor.tenant_id, id=incident_id)
        .select_for_update()
        .get_or_none()
    )
    if found is None:
        raise NotFound("incident.not_found", t("There is no such difference."))
    if found.status != "open":
        raise Conflict("incident.settled", t("This difference has been settled already."))
    if not reason.strip():
        raise Invalid("incident.reason", t("Say why."), fields={"reason": t("Say why.")})
    pool = await Pool.filter(tenant_id=found.tenant_id, id=found.pool_id).select_for_update().get()
    now = next((one for one in await checks.differences(found.tenant_id) if one.pool_id == pool.id), None)
    if now is not None:
        await execute(_RIGHT_AGAIN, pool.tenant_id, pool.id, now.held_counted, now.sold_counted)
    found.status, found.reason, found.settled_by_name = "settled", reason.strip()[:200], actor.name[:100]
    found.settled_at = datetime.now(UTC)
    await found.save(update_fields=["status", "reason", "settled_by_name", "settled_at"])
    await audit.record(
        actor,
        "counter.settled",
        subject_kind="tourism_pool",
        subject_id=pool.id,
        subject_label=pool.day.isoformat(),
        before={"held": pool.held, "sold": pool.sold},
        after={
            "held": now.held_counted if now else pool.held,
            "sold": now.sold_counted if now else pool.sold,
        },
    )
    return found
