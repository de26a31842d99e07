"""Who has taken what is offered: a bank's institutions by name, a union's member banks by what they have come to."""

from typing import Any

from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.onboarding.queries import BELOW
from tenants.scope import rows, value
from tenants.search import containing
from ui.tables import TableQuery

_NEWEST = (
    "(select max(n.number) from tenants_bank_offer n where n.bank_id = $1 and n.kind = {0}.kind and n.key = {0}.key"
    " and n.status = 'published')"
)
_INSTITUTIONS = f"""
{BELOW}, found as (
  select k.id, t.id tenant_id, t.name, b.name branch, k.offer_id, k.kind, k.names, k.number, k.created_at taken_at,
         k.taken_by_name, k.number < {_NEWEST.format("k")} is_behind
    from tenants_offer_taking k join tenants_tenant t on t.bank_id = k.bank_id and t.id = k.tenant_id
    join tenants_branch b on b.id = t.branch_id
   where k.bank_id = $1 and k.replaced_at is null and t.branch_id in (select id from below)
     and ($3 = '' or t.name ilike $3 or t.short_name ilike $3) and ($4 = '' or k.kind || ':' || k.key = $4))
"""
_MEMBERS = f"""
with found as (
  select r.id, m.name, m.name_en, o.id offer_id, o.kind, o.names, o.number, r.created_at taken_at, r.offered_at,
         r.institutions, o.number < {_NEWEST.format("o")} is_behind
    from tenants_offer_reach r join tenants_bank_offer o on o.id = r.offer_id and o.bank_id = $1
    join tenants_bank m on m.id = r.bank_id and m.union_id = $1
   where cardinality($2::uuid[]) = 0 and ($3 = '' or m.name ilike $3 or m.name_en ilike $3)
     and ($4 = '' or o.kind || ':' || o.key = $4))
"""
"""Somebody of a union looks at all of it: a union has no branches of its own that takers belong to."""
_SHOWN = "from found where ($5 = '' or is_behind = ($5 = 'older'))"
ORDERS = {"name": "name", "taken_at": "taken_at", "number": "number"}


def _args(actor: Actor, query: TableQuery) -> tuple[Any, ...]:
    return (
        bank_of(actor),
        list(actor.branches),
        containing(query.q),
        query.get("offer"),
        query.get("state"),
    )


async def listed(actor: Actor, query: TableQuery, *, is_union: bool, most: int = 0) -> list[Any]:
    """Return one page of takers (or up to ``most`` for a file): the version each has now, and since when."""
    column = ORDERS.get(query.sort.removeprefix("-"), "taken_at")
    direction = "asc" if query.sort and not query.sort.startswith("-") else "desc"
    return await rows(
        f"{_MEMBERS if is_union else _INSTITUTIONS} select * {_SHOWN} order by {column} {direction}, id"
        " limit $6 offset $7",
        *_args(actor, query),
        most or query.limit,
        0 if most else query.offset,
    )


async def count(actor: Actor, query: TableQuery, *, is_union: bool) -> int:
    """Return how many takers the search finds."""
    found = await value(
        f"{_MEMBERS if is_union else _INSTITUTIONS} select count(*) {_SHOWN}", *_args(actor, query)
    )
    return int(found)
