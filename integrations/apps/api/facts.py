"""What the API tells of an institution and its people, from the rows that the bank and the institution keep."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from integrations.apps.clients import Granted
from integrations.apps.resources import Heard, Query, Resource, Slice, Told, add_resource, tell_of
from integrations.provider import claims, subjects
from integrations.provider.models import Grant
from tenants.scope import row, rows, tenant_id

NOBODY = UUID(int=0)
"""An app that reads by itself: none of the facts here is about a person who signed in."""
_OF_INSTITUTION = frozenset(
    {"tenant", "tenant_name", "tenant_scenarios", "tenant_locale", "enterprise_name", "enterprise_uscc"}
    | {"enterprise_legal_representative", "enterprise_verification"}
)
_PEOPLE = """
select m.person_id, min(m.name) as name, min(m.email) email, array_agg(distinct r.key order by r.key) roles
  from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
 where m.tenant_id = $1 and m.ended_at is null and m.person_id {compared} $2
 group by m.person_id order by m.person_id limit $3
"""
ACCOUNTS = Query(
    """
    select id, jsonb_build_object('accounts', jsonb_build_object('id', id, 'number', number, 'name', name,
             'kind', kind, 'place', place, 'is_active', is_active)) facts
      from tenants_account where tenant_id = $1
    """,
    "id",
    {"number": "number"},
)


async def institution(granted: Granted) -> dict[str, Any]:
    """Return the agreed facts about the institution, by the same readers that userinfo has."""
    grant = Grant(tenant_id=granted.tenant_id, person_id=NOBODY)
    return await claims.about(grant, granted.claims & _OF_INSTITUTION)


async def _people(asked: Slice, person: UUID | None = None) -> list[tuple[UUID, Told]]:
    sql = _PEOPLE.format(compared="=" if person else ">")
    found = await rows(sql, tenant_id(), person or asked.after or NOBODY, asked.limit)
    return [(one["person_id"], {"people": await _person(one, asked.sector)}) for one in found]


async def _person(one: Mapping[str, Any], sector: str) -> dict[str, Any]:
    """People are known by the subject that the app's vendor knows them by at sign-in, and by no other number."""
    return {
        "id": await subjects.subject(sector, tenant_id(), one["person_id"]),
        "name": one["name"],
        "email": one["email"],
        "roles": list(one["roles"]),
    }


async def _one_person(found: UUID, sector: str) -> Told | None:
    """Nobody is found by an id of ours: apps do not know them."""
    del found, sector
    return None


async def _one_account(account_id: UUID, sector: str) -> Told | None:
    del sector
    return await ACCOUNTS.one(account_id)


async def _membership(payload: Mapping[str, Any], sector: str) -> Heard | None:
    """Tell of somebody who came or left, by the subject that the vendor knows them by."""
    found = await row(
        "select id, person_id, name, email, ended_at from tenants_membership where tenant_id = $1 and id = $2",
        tenant_id(),
        UUID(payload["membership_id"]),
    )
    if found is None:
        return None
    there = await _people(Slice(limit=1, sector=sector), found["person_id"])
    gone = {"id": await subjects.subject(sector, tenant_id(), found["person_id"]), "roles": []}
    return Heard(str(found["id"]), there[0][1] if there else {"people": gone})


_PERSON = {"id": {"type": "string"}, "name": {"type": "string"}, "email": {"type": "string"}}
add_resource(
    Resource(
        name="people",
        scope="people",
        summary="Staff with the keys of their roles; id is the subject of their sign-ins",
        schema={"people": _PERSON | {"roles": {"type": "array", "items": {"type": "string"}}}},
        page=_people,
        one=_one_person,
    )
)
add_resource(
    Resource(
        name="accounts",
        scope="accounts",
        summary="Accounts",
        schema={
            "accounts": {
                name: {"type": "boolean" if name == "is_active" else "string"}
                for name in ("id", "number", "name", "kind", "place", "is_active")
            }
        },
        page=ACCOUNTS.page,
        one=_one_account,
        filters=("number",),
    )
)
for _event in ("membership.created", "membership.ended"):
    tell_of(_event, _membership)
