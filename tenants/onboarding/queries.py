"""What the bank's lists show, always within the actor's branches."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.models import Application, Branch
from tenants.scope import row, rows, value
from tenants.search import containing
from ui.tables import Page, TableQuery

BELOW = (
    "with recursive below as (select id from tenants_branch where bank_id = $1"
    " and (cardinality($2::uuid[]) = 0 or id = any ($2))"
    " union select b.id from tenants_branch b join below on b.parent_id = below.id)"
)
CHANGED = "coalesce(a.decided_at, a.submitted_at, a.created_at)"
APPLICATION_ORDERS = {"number": "a.number", "legal_name": "a.legal_name", "changed_at": CHANGED}
TENANT_ORDERS = {"name": "t.name", "live_at": "t.live_at"}
LATEST = 100
"""Institutions that the time from application to live is worked out from."""
NULLABLE = frozenset({"t.live_at"})
"""Columns that may be empty; to the others nothing is said of it, so that an index is read from either end."""


def order(query: TableQuery, orders: dict[str, str], fallback: str) -> str:
    """Return the ``order by`` for a sort that the list offers."""
    column = orders.get(query.sort.removeprefix("-"), orders[fallback])
    last = " nulls last" if column in NULLABLE else ""
    return f"{column} {'desc' if query.sort.startswith('-') else 'asc'}{last}"


KEPT, MOST_FOUND = 8, 20_000
"""How many characters from each place of a name are kept for the search (``suffixes()`` in PostgreSQL), and how many
institutions are looked up by them; what finds more of them reads them all."""
LAST = chr(0x10FFFF)
"""What sorts behind everything: with it, whatever begins with the words is a range of the key."""
_FOUND = (
    "select distinct tenant_id from tenants_search"
    " where bank_id = $1 and suffix >= $2 and suffix < $2 || $3 limit $4"
)


@dataclass
class _Wanted:
    """A list's ``with``, condition and arguments: only what is asked for stands in it.

    A condition that could mean everything (``$3 = '' or …``) is planned as if it took most rows away, and PostgreSQL
    would then sort every institution instead of reading the first page off an index.
    """

    before: str
    where: str
    args: list[Any]

    def add(self, condition: str, given: Any) -> None:
        """Add a condition, in which ``{}`` stands for the argument."""
        self.args.append(given)
        self.where += " and " + condition.replace("{}", f"${len(self.args)}")


def _wanted(actor: Actor, query: TableQuery, table: str) -> _Wanted:
    found = _Wanted("", f"{table}.bank_id = $1", [bank_of(actor)])
    if actor.branches:
        found.before = BELOW
        found.args.append(list(actor.branches))
        found.where += f" and {table}.branch_id in (select id from below)"
    if status := query.get("status"):
        found.add(f"{table}.status = {{}}", status)
    if branch := query.get("branch"):
        found.add(f"{table}.branch_id::text = {{}}", branch)
    return found


def _sought(actor: Actor, query: TableQuery) -> _Wanted:
    """Return which applications a list is about."""
    wanted = _wanted(actor, query, "a")
    if words := query.q.strip():
        wanted.add("(a.legal_name ilike {} or a.number ilike {} or a.uscc ilike {})", containing(words))
    return wanted


async def applications(actor: Actor, query: TableQuery, *, most: int = 0) -> list[Any]:
    """Return one page of applications (or up to ``most`` for a file), what waits for a decision first.

    As with institutions the page is chosen first: there are as many applications as ever were decided.
    """
    wanted = _sought(actor, query)
    sort = f"(a.status = 'submitted') desc, {order(query, APPLICATION_ORDERS, 'changed_at')}, a.id"
    return await rows(
        f"{wanted.before} select a.id, a.number, a.legal_name, a.scenario, b.name branch, a.created_by_name, a.status,"
        f" {CHANGED} changed_at from (select a.* from tenants_application a where {wanted.where} order by {sort}"
        f" limit {most or query.limit:d} offset {0 if most else query.offset:d}) a"
        f" join tenants_branch b on b.id = a.branch_id order by {sort}",
        *wanted.args,
    )


async def count_applications(actor: Actor, query: TableQuery) -> int:
    """Return how many applications the search finds."""
    wanted = _sought(actor, query)
    counted = f"{wanted.before} select count(*) from tenants_application a where {wanted.where}"
    return int(await value(counted, *wanted.args))


async def _found(actor: Actor, query: TableQuery) -> _Wanted:
    """Return which institutions a list is about.

    Names are found first, by the key, and in a statement of their own: within the other one, whose plan is made for
    all searches, PostgreSQL would read every institution there is.
    """
    wanted, words = _wanted(actor, query, "t"), query.q.strip().lower()
    wanted.where += " and not t.is_sandbox"
    if not words:
        return wanted
    wanted.add("(t.name ilike {} or t.short_name ilike {} or t.uscc ilike {})", containing(query.q.strip()))
    bank_id = bank_of(actor)
    ids = [one["tenant_id"] for one in await rows(_FOUND, bank_id, words[:KEPT], LAST, MOST_FOUND)]
    if len(ids) < MOST_FOUND:
        wanted.add("t.id = any ({}::uuid[])", ids)
    return wanted


async def tenants(actor: Actor, query: TableQuery, *, most: int = 0) -> list[Any]:
    """Return one page of the bank's institutions.

    The page is chosen first and its branches are named afterwards: joined before, PostgreSQL takes the branches'
    wall for something that leaves few institutions, and sorts them all rather than read the page off an index.
    """
    wanted, sort = await _found(actor, query), f"{order(query, TENANT_ORDERS, 'name')}, t.id"
    return await rows(
        f"{wanted.before} select t.id, t.name, t.short_name, t.uscc, t.scenarios, t.status, t.live_at, b.name branch"
        f" from (select t.* from tenants_tenant t where {wanted.where} order by {sort}"
        f" limit {most or query.limit:d} offset {0 if most else query.offset:d}) t"
        f" join tenants_branch b on b.id = t.branch_id order by {sort}",
        *wanted.args,
    )


async def count_tenants(actor: Actor, query: TableQuery) -> int:
    """Return how many institutions the search finds.

    Without words it is read from what is kept branch by branch and state by state, so that nobody counts them all.
    """
    if query.q.strip():
        wanted = await _found(actor, query)
        counted = f"count(*) from tenants_tenant t where {wanted.where}"
    else:
        wanted = _wanted(actor, query, "s")
        counted = f"coalesce(sum(n), 0) from tenants_tenant_count s where {wanted.where}"
    return int(await value(f"{wanted.before} select {counted}", *wanted.args))


async def page_of_tenants(actor: Actor, query: TableQuery) -> Page:
    """Return one page of the bank's institutions, and how many there are; the last page tells that by itself."""
    found = await tenants(actor, query)
    is_last = len(found) <= query.per and (found or query.page == 1)
    total = query.offset + len(found) if is_last else await count_tenants(actor, query)
    return Page.of(query, found, total)


async def branches(actor: Actor) -> list[Branch]:
    """Return the branches the actor works in, and all below them."""
    found = await rows(f"{BELOW} select id from below", bank_of(actor), list(actor.branches))
    ids: list[UUID] = [r["id"] for r in found]
    return await Branch.filter(bank_id=bank_of(actor), id__in=ids, closed_at=None).order_by("code")


async def counts(actor: Actor) -> dict[str, int]:
    """Return what waits and what lives, for the bank's overview; none of it is read from all institutions."""
    found = await row(
        f"{BELOW} select"
        " (select count(*) from tenants_application where bank_id = $1 and branch_id in (select id from below)"
        "   and status = 'submitted') submitted,"
        " (select count(*) from tenants_application where bank_id = $1 and branch_id in (select id from below)"
        "   and status in ('draft', 'returned')) open,"
        " (select coalesce(sum(n), 0) from tenants_tenant_count"
        "   where bank_id = $1 and branch_id in (select id from below) and status = 'live') live,"
        " (select coalesce(sum(n), 0) from tenants_live_count where bank_id = $1"
        "   and branch_id in (select id from below) and day > day_in('UTC') - 30) recent",
        bank_of(actor),
        list(actor.branches),
    )
    return {key: int(number) for key, number in dict(found or {}).items()} | {
        "seconds": await _seconds(actor)
    }


async def _seconds(actor: Actor) -> int:
    """Return how many seconds half of the last ``LATEST`` institutions needed from application to live; -1 for none."""
    reach = "and t.branch_id in (select id from below)" if actor.branches else ""
    args = [bank_of(actor), list(actor.branches)] if actor.branches else [bank_of(actor)]
    return int(
        await value(
            f"{BELOW if actor.branches else ''} select coalesce(percentile_cont(0.5) within group"
            " (order by extract(epoch from t.live_at - a.created_at)), -1)"
            " from (select t.id, t.bank_id, t.live_at from tenants_tenant t"
            f"   where t.bank_id = $1 {reach} and t.live_at > now() - interval '90 days' and not t.is_sandbox"
            f"   order by t.live_at desc nulls last, t.id limit {LATEST}) t"
            " join tenants_application a on a.bank_id = t.bank_id and a.approved_tenant_id = t.id",
            *args,
        )
    )


_SPEEDS = """
select b.id, s.median from tenants_branch b cross join lateral (
  select percentile_cont(0.5) within group (order by extract(epoch from t.live_at - a.created_at)) median
    from (select t.id, t.bank_id, t.live_at from tenants_tenant t
           where t.bank_id = $1 and t.branch_id = b.id and t.live_at > now() - interval '1 year' and not t.is_sandbox
           order by t.live_at desc nulls last, t.id limit $2) t
    join tenants_application a on a.bank_id = t.bank_id and a.approved_tenant_id = t.id) s
 where b.bank_id = $1 and s.median is not null
"""


async def speeds_of(actor: Actor) -> dict[UUID, int]:
    """Return the seconds from application to live by branch: half of its last ``LATEST`` of a year were faster.

    However many a bank has brought in, each branch's latest are read off an index.
    """
    return {one["id"]: int(one["median"]) for one in await rows(_SPEEDS, bank_of(actor), LATEST)}


async def is_live(application: Application) -> bool:
    """Tell whether the institution that came of an application has gone live."""
    return bool(
        await value(
            "select exists (select 1 from tenants_tenant where bank_id = $1 and id = $2 and live_at is not null)",
            application.bank_id,
            application.approved_tenant_id,
        )
    )


async def story(application: Application) -> list[dict[str, Any]]:
    """Return what happened to an application, newest first, from the audit trail."""
    found = await rows(
        "select act, person_name, created_at, after->>'reasons' reasons, after->>'file' file from tenants_audit"
        " where bank_id = $1 and subject_id = $2 order by created_at desc, id desc limit 200",
        application.bank_id,
        application.id,
    )
    return [dict(r) for r in found]
