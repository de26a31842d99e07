"""Reads of the vendor's console: how its apps fare, in figures that name no institution and no person."""

from typing import Any
from uuid import UUID

from integrations.apps.models import Vendor
from tenants.kinds import SCENARIOS
from tenants.scope import open_scope, row, rows, tenant_scope

_APPS = """
select a.id, a.name, a.status, a.health, a.health_note, a.listed_version_id, a.client_id,
       (select count(*) from integrations_installation i where i.app_id = a.id and i.status <> 'uninstalled'
           and not i.is_test) installs,
       (select count(*) from integrations_installation i where i.app_id = a.id and i.status = 'uninstalled'
           and i.deleted_at is null and i.delete_after < now()) undeleted,
       (select count(*) from integrations_launch l join integrations_installation i
          on i.tenant_id = l.tenant_id and i.id = l.installation_id
         where i.app_id = a.id and l.created_at > now() - interval '30 days') launches,
       (select v.status from integrations_app_version v where v.app_id = a.id order by v.number desc limit 1) newest
  from integrations_app a where a.vendor_id = $1 order by a.name
"""
_FIGURES = """
select count(*) filter (where l.outcome = 'arrived') arrived,
       count(*) filter (where l.outcome = 'down') down,
       count(*) filter (where l.outcome = 'started' and l.created_at < now() - interval '10 minutes') lost,
       count(*) total
  from integrations_launch l join integrations_installation i on i.tenant_id = l.tenant_id and i.id = l.installation_id
 where i.app_id = $1 and l.created_at > now() - interval '30 days'
"""
_BY_DAY = """
select d::date as day, count(l.id) filter (where l.outcome <> 'down') launches,
       count(l.id) filter (where l.outcome = 'down') failures
  from generate_series(day_in('UTC') - 13, day_in('UTC'), interval '1 day') d
  left join (integrations_launch l join integrations_installation i
    on i.tenant_id = l.tenant_id and i.id = l.installation_id and i.app_id = $1)
    on l.created_at >= d and l.created_at < d + interval '1 day'
 group by 1 order by 1
"""

_NAMED = """
select distinct unnest(n.scenarios) scenario from integrations_app a
  join lateral (select v.scenarios from integrations_app_version v where v.app_id = a.id
                 order by v.number desc limit 1) n on true
 where a.vendor_id = $1
"""


async def apps(vendor_id: UUID) -> list[Any]:
    """Return the vendor's apps with how they fare."""
    return await rows(_APPS, vendor_id)


async def figures(app_id: UUID) -> dict[str, Any]:
    """Return how often an app was opened in 30 days: in all, arrived, lost on the way, not answering."""
    found = await row(_FIGURES, app_id)
    return dict(found) if found else {}


async def launches_by_day(app_id: UUID) -> list[Any]:
    """Return launches and failures of the last fourteen days."""
    return await rows(_BY_DAY, app_id)


async def sandboxes(vendor: Vendor) -> list[dict[str, Any]]:
    """Return the institutions in which the vendor tries its drafts, in the order in which they were opened."""
    found = []
    for tenant_id in vendor.sandbox_tenant_ids:
        async with open_scope(tenant_scope(tenant_id)):
            found += await rows(
                "select slug, short_name, scenarios from tenants_tenant where id = $1", tenant_id
            )
    return [dict(one) for one in found]


async def openable(vendor: Vendor) -> list[str]:
    """Return the scenarios that the vendor's apps are for by their newest versions, and that have no sandbox yet."""
    named = {one["scenario"] for one in await rows(_NAMED, vendor.id)}
    there = {scenario for one in await sandboxes(vendor) for scenario in one["scenarios"]}
    return [key for key in SCENARIOS if key in named - there]
