"""Reading the worklist: one statement for the counts of all kinds, one for a page of their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.worklist.registry import Kind, kind_of, kinds_for
from tenants.actor import Actor
from tenants.scope import rows
from ui.tables import TableQuery

MINE, NOBODY = "mine", "nobody"
FILTERS = ("kind", "owner")
MOST = 10_000
"""Rows that one export holds; more waiting work than that is no list any more."""
_SORTS = {
    "since": "since {way}, work.id",
    "due_at": "due_at {way} nulls last, since, work.id",
    "amount_minor": "amount_minor {way} nulls last, since, work.id",
}


@dataclass(frozen=True, slots=True)
class Count:
    """How much work of one kind waits: rows, the oldest, the next deadline, the sum in the tenant's currency."""

    kind: Kind
    count: int
    oldest: datetime | None
    due_at: datetime | None
    amount_minor: int | None
    mine: int

    @property
    def name(self) -> str:
        """The kind's name, an English msgid."""
        return self.kind.name


def _union(kinds: Sequence[Kind]) -> str:
    """Return all rows of these kinds; the texts are our own constants, keys are checked names."""
    return " union all ".join(
        f"select '{k.key}' kind, {n} position, w{n}.* from ({k.sql}) w{n}" for n, k in enumerate(kinds)
    )


_OWNED = " left join billing_work_owner o on o.tenant_id = $1 and o.kind = work.kind and o.item_id = work.id"


async def counts(actor: Actor, currency: str) -> list[Count]:
    """Return, for each kind this person may work on, how much of it waits; kinds without work included."""
    kinds = kinds_for(actor)
    if not kinds:
        return []
    found = await rows(
        "select work.kind, count(*) n, min(since) oldest, min(due_at) due_at,"
        " sum(amount_minor) filter (where currency = $2)::bigint amount,"
        f" count(*) filter (where o.owner_id = $3) mine from ({_union(kinds)}) work{_OWNED} group by work.kind",
        actor.tenant_id,
        currency,
        actor.person_id,
    )
    by_key = {each["kind"]: each for each in found}
    return [_count(kind, by_key.get(kind.key)) for kind in kinds]


def _count(kind: Kind, found: Any) -> Count:
    if found is None:
        return Count(kind, 0, None, None, None, 0)
    return Count(kind, found["n"], found["oldest"], found["due_at"], found["amount"], found["mine"])


async def waiting(actor: Actor) -> int:
    """Return how much waits that this person may work on, and that nobody else has taken."""
    kinds = kinds_for(actor)
    if not kinds:
        return 0
    found = await rows(
        f"select count(*)::int n from ({_union(kinds)}) work{_OWNED} where {_FREE}",
        actor.tenant_id,
        actor.person_id,
    )
    return int(found[0]["n"])


_FREE = "(o.owner_id is null or o.owner_id = $2)"
_NEXT = """
with work as materialized ({union}), last as (
  select kind, coalesce(due_at, 'infinity') due_at, since, id from work where id = $3)
select work.path from work{owned} where {free} and work.id <> $3
 order by work.kind <> coalesce((select kind from last), $4),
          (coalesce(work.due_at, 'infinity'), work.since, work.id) < (select due_at, since, id from last),
          work.due_at nulls last, work.since, work.id
 limit 1
"""


async def next_path(actor: Actor, kind: str, item_id: UUID) -> str | None:
    """Return where the next thing is that waits, below the tenant's address, after one that was done or passed over.

    More of the same kind comes first, so that whoever has got into it stays in it; what others have taken is theirs.
    """
    kinds = kinds_for(actor)
    if not kinds:
        return None
    sql = _NEXT.format(union=_union(kinds), owned=_OWNED, free=_FREE)
    found = await rows(sql, actor.tenant_id, actor.person_id, item_id, kind)
    return found[0]["path"] if found else None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits, as the list shows it."""

    kind: str
    id: UUID
    since: datetime
    due_at: datetime | None
    amount_minor: int | None
    currency: str
    title: str
    detail: str
    path: str
    owner_id: UUID | None
    owner_name: str

    @property
    def key(self) -> str:
        """What a form names it by."""
        return f"{self.kind}:{self.id}"


async def items(actor: Actor, query: TableQuery, *, limit: int, offset: int) -> tuple[list[Item], int]:
    """Return waiting work by kind, owner and words, the most urgent first, and how much there is."""
    kinds = [k for k in kinds_for(actor) if query.get("kind") in {"", k.key}]
    if not kinds:
        return [], 0
    args: list[Any] = [actor.tenant_id]
    where = _where(actor, query, args)
    base = f"from ({_union(kinds)}) work{_OWNED} where true{where}"
    total = await rows(f"select count(*) n {base}", *args)
    found = await rows(
        "select work.kind, work.id, since, due_at, amount_minor, currency, coalesce(title, '') title,"
        " coalesce(detail, '') detail, path, owner_id, coalesce(owner_name, '') owner_name"
        f" {base} order by {_order(query)} limit {limit:d} offset {offset:d}",
        *args,
    )
    return [_item(each) for each in found], total[0]["n"]


def _where(actor: Actor, query: TableQuery, args: list[Any]) -> str:
    parts = []
    owner = query.get("owner")
    if owner == NOBODY:
        parts.append("o.owner_id is null")
    elif owner:
        args.append(actor.person_id if owner == MINE else _uuid(owner))
        parts.append(f"o.owner_id = ${len(args)}")
    if query.q:
        args.append(f"%{query.q}%")
        parts.append(f"(work.title ilike ${len(args)} or work.detail ilike ${len(args)})")
    return "".join(f" and {part}" for part in parts)


def _uuid(text: str) -> UUID:
    """Return an id of the address; whatever is none is nobody's."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _order(query: TableQuery) -> str:
    """Deadlines come first, then age: without a wish the list begins with what cannot wait."""
    way = "desc" if query.sort.startswith("-") else "asc"
    return _SORTS.get(query.sort.removeprefix("-"), "due_at asc nulls last, since, work.id").format(way=way)


def _item(found: Any) -> Item:
    values = dict(found)
    kind = kind_of(values["kind"])
    assert kind is not None  # noqa: S101 - the row came from its own select
    said = {"title": kind.titled(values["title"]), "detail": kind.said(values["detail"])}
    return Item(**{**values, **said})
