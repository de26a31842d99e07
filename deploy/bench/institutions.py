"""Very many institutions in a database: two that the product made, copied, with what the product keeps of them all.

Half of the institutions have issued their month, of which some is paid, and half are still looking at their drafts.
What workers have long done and cleared away is left out; the search, counts and sums of branches are worked out
afterwards. ``check`` asks the product itself whether some of the copies are as it would have made them.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from billing import ledger
from billing.oversight.rolling import everything
from billing.payments.service import take_payment
from billing.payments.settlement import settle_tenant
from deploy import verify
from deploy.bench.multiplying import Copies, Pattern, anew, read, write
from deploy.bench.runner import draft, issue
from deploy.bench.scratch import superuser, tenant
from deploy.bench.who import manager
from deploy.settings import Settings
from tenants.actor import system_actor
from tenants.models import Tenant
from tenants.provisioning import Settlement
from tenants.scope import bank_scope, open_scope, rows, tenant_scope

PAID, HELD, SHOWN = 4, 5, 25
"""Bills of an institution that are paid, accounts whose holder signs in, and tables whose sizes are told."""
_NUMBERS = (7, 8)
_PAST_MS = 86_400_000
"""Copies are numbered from a day ago: none of them has the number, and so the id, of what it is made like."""
_CLEARED = ("tenants_outbox", "tenants_task", "tenants_idempotency")
_APART = ("tenants_tenant", "tenants_search")
_FLATS = """
insert into tenants_account (tenant_id, scenario, kind, number, name, place, sort_key, attributes)
select $1, 'community', 'unit', 'A' || lpad(n::text, 6, '0'), '#' || n, 'Blk ' || (n - 1) / 20 + 1,
       lpad(n::text, 6, '0'), '{"flat_type": "4-room", "area_sqm": "90", "is_reduced": false}'
  from generate_series(1, $2::int) n
"""
_HOLDERS = """
insert into tenants_holder (tenant_id, account_id, person_id, relation, name, email, confirmed_at)
select tenant_id, id, case when n <= $2::int then new_id() end, 'owner', 'Holder of ' || name, 'holder@mail.example',
       case when n <= $2::int then now() end
  from (select *, row_number() over (order by number) n from tenants_account where tenant_id = $1) a
"""
_LEFT = "delete from tenants_holder where tenant_id = $1 and person_id is null"
"""Holders who were named and never signed in: a run asks for them, and all of them would be six gigabytes more."""
_TENANTS = """
insert into tenants_tenant
select (jsonb_populate_record(t, jsonb_build_object(
         'id', made.id, 'slug', 'fill-' || n, 'name', 'Institution ' || n || ' of ' || md5(n::text),
         'short_name', 'Inst ' || n, 'uscc', 'F' || lpad(n::text, 17, '0'),
         'live_at', now() - (n % 1825) * interval '1 day'))).*
  from unnest($2::uuid[]) with ordinality made (id, n)
  join tenants_tenant t on t.id = ($1::uuid[])[made.n % cardinality($1::uuid[]) + 1]
"""
_PATTERNS_GO = (
    "delete from tenants_tenant where id = any ($1)",
    *(f"delete from {table} where tenant_id = any ($1)" for table in _CLEARED),
)
_SUMS = ("paid_count", "paid_minor", "failed_count", "refund_count", "refund_minor")
_STOOD = ("accounts", "payers", "mandates", "breaks", "billed_minor", "collected_minor", "arrears_minor")
_AFTER = (
    "truncate billing_branch_figure, billing_branch_standing, tenants_tenant_count, tenants_live_count",
    f"""insert into billing_branch_figure (id, bank_id, branch_id, day, scenario, channel, currency, {", ".join(_SUMS)})
       select new_id(), bank_id, branch_id, day, scenario, channel, currency, {", ".join(f"sum({n})" for n in _SUMS)}
         from billing_day_figure group by 2, 3, 4, 5, 6, 7""",
    f"""insert into billing_branch_standing (id, bank_id, branch_id, scenario, currency, {", ".join(_STOOD)})
       select new_id(), bank_id, branch_id, scenario, currency, {", ".join(f"sum({n})" for n in _STOOD)}
         from billing_standing group by 2, 3, 4, 5""",
    """insert into tenants_tenant_count (id, bank_id, branch_id, scenario, status, n)
       select new_id(), bank_id, branch_id, coalesce(scenarios[1], ''), status, count(*)
         from tenants_tenant group by 2, 3, 4, 5""",
    """insert into tenants_live_count (id, bank_id, branch_id, day, n)
       select new_id(), bank_id, branch_id, (live_at at time zone 'UTC')::date, count(*)
         from tenants_tenant group by 2, 3, 4""",
    """insert into tenants_application (id, created_at, bank_id, branch_id, number, status, legal_name, kind, uscc,
         legal_representative, contact_name, contact_email, contact_phone, administrator_name, administrator_email,
         slug, short_name, scenario, currency, timezone, locale, settlement_bank_code, settlement_account_name,
         settlement_account_number, created_by, created_by_name, submitted_at, decided_at, approved_tenant_id)
       select new_id(), live_at - interval '3 minutes', bank_id, branch_id, 'A' || row_number() over (order by id),
              'approved', name, kind, uscc, legal_representative, contact_name, contact_email, contact_phone,
              contact_name, contact_email, slug, short_name, scenarios[1], currency, timezone, locale, 'HARBSGSG',
              name, '****1122', new_id(), 'Bench', live_at - interval '2 minutes', live_at, id from tenants_tenant""",
    """insert into tenants_person (id, name) select person_id, 'Holder' from tenants_holder""",
)
_SEARCH = """insert into tenants_search (bank_id, tenant_id, suffix)
select t.bank_id, t.id, s from tenants_tenant t, lateral (select distinct s from suffixes(search_words(t)) s) s
"""
_SIZES = """
select relname as name, reltuples::bigint n, pg_table_size(oid) / 1000000 rows_mb,
       pg_indexes_size(oid) / 1000000 index_mb
  from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and reltuples > 0
 order by pg_total_relation_size(oid) desc limit $1
"""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The institutions that all others are made like, and all their rows."""

    ids: Sequence[UUID]
    rows: Sequence[Pattern]


async def patterns(settings: Settings, accounts: int) -> Patterns:
    """Have the product make them, in the open connection."""
    issued = await billed(settings, _NUMBERS[0], accounts)
    drafted = await _made(settings, _NUMBERS[1], accounts)
    await draft(drafted)
    for of in (issued, drafted):
        async with open_scope(tenant_scope(of.id)):
            await everything(system_actor(of.id))
    async with superuser(settings) as connection:
        for of in (issued, drafted):
            await connection.execute(_LEFT, of.id)
        found = [await read(connection, of.id, (*_CLEARED, *_APART)) for of in (issued, drafted)]
    return Patterns((issued.id, drafted.id), found)


async def billed(settings: Settings, number: int, accounts: int) -> Tenant:
    """Have the product make an institution that has issued its month, and been paid a little of it."""
    of = await _made(settings, number, accounts)
    await issue(of, await draft(of))
    await _pay(of)
    return of


async def _made(settings: Settings, number: int, accounts: int) -> Tenant:
    of = await tenant(number)
    async with open_scope(tenant_scope(of.id)):
        await settle_tenant(manager(of), of, Settlement("HARBSGSG", of.name, "77001122", "SGD"))
    async with superuser(settings) as connection:
        await connection.execute(_FLATS, of.id, accounts)
        await connection.execute(_HOLDERS, of.id, HELD)
    return of


async def _pay(of: Tenant) -> None:
    async with open_scope(tenant_scope(of.id)):
        found = await rows(
            "select id, total_minor from billing_bill where tenant_id = $1 order by number desc limit $2",
            of.id,
            PAID,
        )
    for bill in found:
        await take_payment(
            manager(of), bills=[(bill["id"], bill["total_minor"])], method="cash", key=bill["id"].hex
        )


async def fill(settings: Settings, like: Patterns, wanted: int) -> dict[str, Any]:
    """Write as many institutions in place of the patterns, and return the seconds, rows and sizes."""
    begun = time.perf_counter()
    copies = Copies(like.rows, time.time_ns() // 1_000_000 - _PAST_MS - wanted, wanted)
    async with superuser(settings) as connection:
        await connection.execute("set session_replication_role = replica")
        spent = await write(connection, copies)
        await _institutions(connection, like, copies)
        await connection.execute("vacuum analyze")
        sizes = await connection.fetch(_SIZES, SHOWN)
        total = await connection.fetchval("select pg_database_size(current_database()) / 1000000")
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "database_mb": total,
        "tables": {
            row["name"]: [row["n"], row["rows_mb"], row["index_mb"], spent.get(row["name"], 0)]
            for row in sizes
        },
    }


async def _institutions(connection: asyncpg.Connection, like: Patterns, copies: Copies) -> None:
    turned = [like.ids[(copies.first + at) % len(like.ids)] for at in range(len(like.ids))]
    await connection.execute(_TENANTS, [turned[-1], *turned[:-1]], copies.ids())
    for sql in _PATTERNS_GO:
        await connection.execute(sql, list(like.ids))
    for sql in _AFTER:
        await connection.execute(sql)
    async with anew(connection, "tenants_search"):
        await connection.execute(_SEARCH)


async def check(bank_id: UUID, ids: Sequence[UUID]) -> dict[str, Any]:
    """Return what the product checked of these institutions, in the open connection, and how much of it is wrong."""
    found, differences = Counter[str](), list[Any]()
    async with open_scope(bank_scope(bank_id)):
        kept, chosen = await _kept(), await Tenant.filter(bank_id=bank_id, id__in=ids)
    for of in chosen:
        await verify.bills_of(of, found, differences)
        async with open_scope(tenant_scope(of.id)):
            found["faults"] += len(await ledger.verify_ledger(of.id))
            await everything(system_actor(of.id))
    async with open_scope(bank_scope(bank_id)):
        found["sums_changed"] = int(kept != await _kept())
    names = ("lines", "without_rule", "differences", "faults", "sums_changed")
    return {"institutions": len(chosen), **{name: found[name] for name in names}}


async def _kept() -> list[Any]:
    """Return what the roll-ups of branches come to."""
    return [
        *await rows(
            f"select branch_id, day, channel, {', '.join(_SUMS)} from billing_branch_figure order by 1, 2, 3"
        ),
        *await rows(
            f"select branch_id, scenario, {', '.join(_STOOD)} from billing_branch_standing order by 1, 2"
        ),
    ]
