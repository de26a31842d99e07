"""Whose a row of the trail is: one place each, whose scope reads it; and how rows are read for sealing."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.scope import Scope, bank_scope, person_scope, rows, tenant_scope

KIND_OF = (
    "case when tenant_id is not null then 'tenant' when bank_id is not null then 'bank' else 'person' end"
)
PLACE_OF = "coalesce(tenant_id, bank_id, person_id)"
_OWN = {
    "tenant": "a.tenant_id = $1",
    "bank": "a.bank_id = $1 and a.tenant_id is null",
    "person": "a.person_id = $1 and a.tenant_id is null and a.bank_id is null",
}
_SELECT = """
select a.id, a.tenant_id, a.bank_id, a.act, a.person_id, a.person_name, a.subject_kind, a.subject_id, a.subject_label,
       a.before::text as before, a.after::text as after, a.ip, a.request_id,
       (extract(epoch from a.created_at) * 1000000)::bigint created_at
  from tenants_audit a
"""
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant, a bank or a person: whoever a chain of seals belongs to."""

    kind: str
    id: UUID

    @property
    def scope(self) -> Scope:
        """The scope that reads this place's rows and seals."""
        return {"tenant": tenant_scope, "bank": bank_scope, "person": person_scope}[self.kind](self.id)

    @property
    def own(self) -> str:
        """The condition on alias ``a`` that a row is this place's (``$1``)."""
        return _OWN[self.kind]


async def unsealed(place: Place, limit: int) -> list[Facts]:
    """Return the oldest rows of a place that are in no seal, in its open scope."""
    found = await rows(
        f"{_SELECT} where {place.own} and not exists (select 1 from tenants_sealed_audit s where s.id = a.id)"
        " order by a.id limit $2",
        place.id,
        limit,
    )
    return [_facts(each) for each in found]


async def by_id(place: Place, ids: list[UUID]) -> dict[UUID, Facts]:
    """Return rows of a place by their id, in its open scope."""
    found = await rows(f"{_SELECT} where {place.own} and a.id = any ($2::uuid[])", place.id, ids)
    return {each["id"]: _facts(each) for each in found}


def _facts(row: Any) -> Facts:
    facts = {name: str(value) if isinstance(value, UUID) else value for name, value in dict(row).items()}
    for name in ("before", "after"):
        facts[name] = json.loads(facts[name]) if facts[name] is not None else None
    return facts
