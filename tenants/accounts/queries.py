"""Reading accounts: the list with its holders, one account, its holders and its story."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

from tenants import kinds
from tenants.actor import Actor
from tenants.kinds import AccountKind
from tenants.models import Account, Holder
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import NotFound
from ui.i18n import t
from ui.tables import TableQuery

ORDERS = {"number": "a.sort_key", "name": "a.name", "place": "a.place", "kind": "a.kind"}
PIECE = 2_000
MOST_EXPORTED = 200_000
MOST_ACTS = 30
_WHERE = """
 from tenants_account a
where a.tenant_id = $1 and ($2 = '' or a.kind = $2) and ($3 = '' or a.is_active = ($3 = 'active'))
  and ($4 = '' or a.number ilike $4 or a.name ilike $4 or a.place ilike $4 or exists (
      select 1 from tenants_holder h where h.tenant_id = $1 and h.account_id = a.id
         and (h.name ilike $4 or h.email ilike $4 or h.phone ilike $4)))
"""
_HOLDERS = """
left join lateral (
  select string_agg(h.name, ', ' order by h.created_at, h.id) names,
         count(*) filter (where h.confirmed_at is not null) confirmed, count(*) held
    from tenants_holder h
   where h.tenant_id = $1 and h.account_id = p.id and lasts(h.until, day_of(h.tenant_id))
) held on true
"""


async def accounts(
    actor: Actor, query: TableQuery, *, offset: int | None = None, limit: int | None = None
) -> list[dict[str, Any]]:
    """Return one page of accounts with their present holders."""
    actor.require("accounts.read")
    sort = query.sort or "number"
    order = ORDERS[sort.removeprefix("-")] + (" desc" if sort.startswith("-") else "")
    page = f"select a.*, {order.split()[0]} as sorted {_WHERE} order by {order}, a.id offset $5 limit $6"
    way = "desc" if sort.startswith("-") else "asc"
    found = await rows(
        f"with p as materialized ({page}) select p.id, p.number, p.name, p.place, p.kind, p.is_active, p.attributes,"
        f" coalesce(held.names, '') holders, held.confirmed, held.held from p {_HOLDERS} order by p.sorted {way}, p.id",
        *_args(actor, query),
        query.offset if offset is None else offset,
        limit or query.limit,
    )
    return [{**dict(one), "attributes": json.loads(one["attributes"])} for one in found]


async def count(actor: Actor, query: TableQuery) -> int:
    """Return how many accounts the list has."""
    return int(await value(f"select count(*) {_WHERE}", *_args(actor, query)))


async def every(actor: Actor, query: TableQuery) -> AsyncIterator[dict[str, Any]]:
    """Yield all accounts of the list, a piece at a time."""
    for offset in range(0, MOST_EXPORTED, PIECE):
        found = await accounts(actor, query, offset=offset, limit=PIECE)
        for one in found:
            yield one
        if len(found) < PIECE:
            return


def _args(actor: Actor, query: TableQuery) -> tuple[Any, ...]:
    return actor.tenant_id, query.get("kind"), query.get("state"), containing(query.q)


async def account(actor: Actor, account_id: UUID, *, lock: bool = False) -> Account:
    """Return one account of the actor's tenant; ``NotFound`` for any other."""
    actor.require("accounts.read")
    query = Account.filter(tenant_id=actor.tenant_id, id=account_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("account.not_found", t("There is no such account, or it is not yours to see."))
    return found


async def holder(actor: Actor, account_id: UUID, holder_id: UUID, *, lock: bool = False) -> Holder:
    """Return one holder of an account of the actor's tenant; ``NotFound`` for any other."""
    query = Holder.filter(tenant_id=actor.tenant_id, account_id=account_id, id=holder_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("holder.not_found", t("There is no such holder, or they are not yours to see."))
    return found


async def holders(actor: Actor, account_id: UUID) -> list[Holder]:
    """Return the account's holders: those of today first, then those of the past, latest first."""
    found = await Holder.filter(tenant_id=actor.tenant_id, account_id=account_id).order_by("created_at", "id")
    return sorted(found, key=lambda one: -one.until.toordinal() if one.until else -date.max.toordinal())


async def story(actor: Actor, account_id: UUID) -> list[dict[str, Any]]:
    """Return what was done to the account and its holders, latest first."""
    found = await rows(
        "select act, created_at, person_name, subject_label from tenants_audit where tenant_id = $1 and subject_id in"
        " (select $2::uuid union select id from tenants_holder where tenant_id = $1 and account_id = $2)"
        " order by created_at desc limit $3",
        actor.tenant_id,
        account_id,
        MOST_ACTS,
    )
    return [dict(one) for one in found]


def kind_of(found: Account) -> AccountKind:
    """Return the account's kind, or one without attributes where the scenario no longer has it."""
    known = kinds.account_kind(found.scenario, found.kind) if found.scenario in kinds.SCENARIOS else None
    return known or AccountKind(found.kind, found.kind, found.kind)


def kinds_of(actor: Actor) -> list[AccountKind]:
    """Return the kinds of account that the actor's institution has."""
    scenarios = [key for key in actor.place.get("scenarios", ()) if key in kinds.SCENARIOS]
    return [kind for key in scenarios for kind in kinds.SCENARIOS[key].account_kinds]


def relations_of(found: Account) -> dict[str, str]:
    """Return how people may stand to the account: relation → English msgid."""
    return dict(kinds.SCENARIOS[found.scenario].relations) if found.scenario in kinds.SCENARIOS else {}
