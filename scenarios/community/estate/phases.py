"""Estates and their phases, how each building is run, and common areas."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.estate.models import Building, BuildingCare, CommonArea, EstatePhase
from tenants import audit
from tenants.actor import Actor
from tenants.scope import execute, open_scope, rows
from ui.i18n import t

_PHASES = """
select p.id, p.estate, p.name, count(distinct c.building_id) buildings, count(u.id) units,
       coalesce(sum((a.attributes ->> 'area_sqm')::numeric), 0) area_sqm,
       string_agg(distinct nullif(c.manager, ''), ', ') managers
  from community_phase p
  left join community_care c on c.tenant_id = $1 and c.phase_id = p.id
  left join community_unit u on u.tenant_id = $1 and u.building_id = c.building_id
  left join tenants_account a on a.tenant_id = $1 and a.id = u.account_id
 where p.tenant_id = $1
 group by p.tenant_id, p.id, p.estate, p.name order by p.estate, p.name
"""
_AREAS = """
select c.id, c.name, c.area_sqm, coalesce(b.code, '') building from community_common_area c
  left join community_building b on b.tenant_id = $1 and b.id = c.building_id
 where c.tenant_id = $1 order by b.code nulls first, c.name
"""


async def phases(tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the phases with what belongs to each."""
    return [dict(one) for one in await rows(_PHASES, tenant_id)]


async def common_areas(tenant_id: UUID) -> list[dict[str, Any]]:
    """Return the common areas, the grounds first."""
    return [dict(one) for one in await rows(_AREAS, tenant_id)]


async def add_phase(actor: Actor, *, estate: str, name: str) -> EstatePhase:
    """Write down an estate, or a phase of one.

    Raises:
        Invalid: it is there already (field ``name``).
    """
    actor.require("accounts.write")
    made = EstatePhase(tenant_id=tenant_of(actor), estate=estate.strip(), name=name.strip())
    try:
        async with open_scope(actor.scope()):
            await made.save(force_create=True)
    except IntegrityError as error:
        raise refused("phase.twice", "name", t("This phase is written down already.")) from error
    await audit.record(
        actor, "phase.added", subject_kind="phase", subject_id=made.id, subject_label=made.title
    )
    return made


async def add_common_area(
    actor: Actor, *, name: str, building_id: UUID | None, area_sqm: Decimal | None
) -> CommonArea:
    """Write down a place that belongs to all."""
    actor.require("accounts.write")
    tenant_id = tenant_of(actor)
    if building_id and not await Building.exists(tenant_id=tenant_id, id=building_id):
        raise nothing()
    made = await CommonArea.create(
        tenant_id=tenant_id, name=name.strip(), building_id=building_id, area_sqm=area_sqm
    )
    await audit.record(
        actor, "common_area.added", subject_kind="common_area", subject_id=made.id, subject_label=made.name
    )
    return made


async def care_of(tenant_id: UUID, building_id: UUID) -> BuildingCare:
    """Return how a building is run; an unsaved one where nobody has said so yet."""
    found = await BuildingCare.get_or_none(tenant_id=tenant_id, building_id=building_id)
    return found or BuildingCare(tenant_id=tenant_id, building_id=building_id, manager="")


async def take_care(
    actor: Actor, building: Building, *, phase_id: UUID | None, manager: str, handed_over_on: Any
) -> None:
    """Say which phase a building belongs to, who runs it, and since when it is handed over."""
    actor.require("accounts.write")
    if phase_id and not await EstatePhase.exists(tenant_id=building.tenant_id, id=phase_id):
        raise nothing()
    before = await care_of(building.tenant_id, building.id)
    facts = (phase_id, manager.strip(), handed_over_on)
    await execute(
        "insert into community_care (tenant_id, building_id, phase_id, manager, handed_over_on)"
        " values ($1, $2, $3, $4, $5) on conflict (tenant_id, building_id) do update"
        " set phase_id = excluded.phase_id, manager = excluded.manager, handed_over_on = excluded.handed_over_on",
        building.tenant_id,
        building.id,
        *facts,
    )
    await audit.record(
        actor,
        "building.changed",
        subject_kind="building",
        subject_id=building.id,
        subject_label=building.code,
        before={"manager": before.manager},
        after={"manager": facts[1]},
    )
