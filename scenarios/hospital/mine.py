"""Whose appointments a person may see and make: the patients they are, care for, or are trusted by.

Everything here runs in the person's own scope, so that row-level security decides; what follows is done in the
hospital's scope only for accounts that were proven here.
"""

from typing import Any, NamedTuple
from uuid import UUID

from scenarios.hospital.kinds import GRANTS, SCENARIO_KEY
from tenants.actor import Actor
from tenants.scope import open_scope, row, rows
from ui.errors import NotFound
from ui.i18n import t

_ALLOWED = """
(h.relation <> 'proxy' or exists (
   select 1 from hospital_grant g where g.tenant_id = h.tenant_id and g.holder_id = h.id and g.ended_at is null
      and ($2 = '' or g.purpose = $2)))
"""
_HELD = f"""
  from tenants_holder h
  join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id
  join tenants_tenant t on t.id = h.tenant_id
 where h.person_id = $1 and h.confirmed_at is not null and lasts(h.until, day_of(h.tenant_id))
   and a.scenario = '{SCENARIO_KEY}' and a.is_active and {_ALLOWED}
"""
_PATIENTS = f"""
select distinct on (t.short_name, a.name, a.id) a.id, a.tenant_id, a.number, a.name, h.relation, t.slug,
       t.name tenant_name, t.short_name, t.timezone, t.currency {_HELD}
 order by t.short_name, a.name, a.id, h.relation = 'proxy'
"""


class Proven(NamedTuple):
    """An account that the person may act for, with its hospital and how they stand to the patient."""

    tenant_id: UUID
    account_id: UUID
    name: str
    relation: str
    slug: str
    timezone: str


async def patients_of(actor: Actor, *, purpose: str = "", slug: str = "") -> list[Any]:
    """Return the patients for whom the person may act, everywhere or at one hospital."""
    async with open_scope(actor.scope()):
        found = await rows(_PATIENTS, actor.person_id, purpose)
    return [one for one in found if not slug or one["slug"] == slug]


async def prove(actor: Actor, account_id: UUID, purpose: str = "visits") -> Proven:
    """Return the account as the person's to act for.

    Raises:
        NotFound: it is not, or not for this purpose.
    """
    assert purpose in GRANTS  # noqa: S101 - a word of ours
    return await _prove(actor, account_id, purpose)


async def prove_any(actor: Actor, account_id: UUID) -> Proven:
    """Return the account as the person's to see something of, whatever was granted.

    Raises:
        NotFound: it is not.
    """
    return await _prove(actor, account_id, "")


async def _prove(actor: Actor, account_id: UUID, purpose: str) -> Proven:
    async with open_scope(actor.scope()):
        found = await row(
            f"select a.tenant_id, a.id, a.name, h.relation, t.slug, t.timezone {_HELD} and a.id = $3"
            " order by h.relation = 'proxy' limit 1",
            actor.person_id,
            purpose,
            account_id,
        )
    if found is None:
        raise NotFound("patient.not_found", t("There is no such patient, or they are not yours to see."))
    return Proven(*found)
