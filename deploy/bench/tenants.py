"""Pages and a payment with very many institutions against the same with a hundred, in one database that is filled up.

The two are measured some minutes apart, in which the machine may have got busier: a page that reads nothing of any
institution is timed in each round, and what became of it is taken out of the ratios. Beside the median stands what
the quickest quarter of the rounds took, which other work disturbs least: the ratios are of that.

What is measured is one institution, its payer, its bank's board and the search for it; payments are taken by another
one, so that what the pages read of their own stays the same. The rest are rows that stand in the same tables: written
in bulk as a superuser, with what the product would have counted counted afterwards, and vacuumed as autovacuum would.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
from starlette.applications import Starlette

from billing.payments.service import take_payment
from billing.payments.settlement import settle_tenant
from billing.plans.single import Charge, issue
from deploy import app as web
from deploy import logs
from deploy.bench.scratch import scratch, tenant
from deploy.bench.who import manager
from deploy.database import credentials
from deploy.seed.bank import the_bank
from deploy.settings import Settings
from tenants import sessions
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Bank, BankMembership, Holder, Membership, Person, Role, Tenant
from tenants.permissions import TENANT_PERMISSIONS
from tenants.provisioning import Settlement
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {"tenants": 160_000, "accounts": 100, "few": 100, "rounds": 30}
AIM = 1.2
OWED, _AMOUNT = 3, 5000
"""How many bills the payer owes, and what each comes to."""
_FILL = (
    """insert into tenants_tenant (id, bank_id, branch_id, slug, name, short_name, kind, uscc, legal_representative,
         contact_name, contact_email, contact_phone, scenarios, currency, timezone, status, live_at)
       select new_id(), $1, $2, 'fill-' || n, 'Institution ' || n || ' of ' || md5(n::text), 'Inst ' || n, 'company',
         'F' || lpad(n::text, 17, '0'), 'A', 'A', 'a@example.com', '1', '{community}', 'SGD', 'Asia/Singapore',
         'live', now() - (n % 1825) * interval '1 day'
         from generate_series($3::int, $4::int) n""",
)
_ROWS = (
    """insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
       select t.id, new_id(), 'community', 'unit', 'A' || n, 'Unit ' || n, 'Blk 1', 'A' || lpad(n::text, 5, '0'), '{}'
         from tenants_tenant t, generate_series(1, $1::int) n where t.slug like 'fill-%' and not exists (
           select 1 from tenants_account a where a.tenant_id = t.id)""",
    """insert into billing_bill (tenant_id, id, account_id, kind, scenario, number, period, due_on, currency,
         total_minor,
         status, account_number, account_name, place, issued_at)
       select a.tenant_id, new_id(), a.id, 'periodic', 'community', 'B' || a.number, date_trunc('month', now())::date,
         day_in(t.timezone) + 14, 'SGD', 5000, 'issued', a.number, a.name, a.place, now()
         from tenants_account a join tenants_tenant t on t.id = a.tenant_id where t.slug like 'fill-%' and not exists (
           select 1 from billing_bill b where b.tenant_id = a.tenant_id)""",
    """insert into billing_day_figure (id, tenant_id, bank_id, branch_id, day, scenario, channel, currency,
         paid_count, paid_minor)
       select new_id(), t.id, t.bank_id, t.branch_id, day_in(t.timezone) - d, 'community', 'bank', 'SGD', 3, 15000
         from tenants_tenant t, generate_series(0, 6) d where t.slug like 'fill-%' on conflict do nothing""",
    """insert into billing_branch_figure as f (id, bank_id, branch_id, day, scenario, channel, currency,
         paid_count, paid_minor)
       select new_id(), bank_id, branch_id, day, scenario, channel, currency, sum(paid_count), sum(paid_minor)
         from billing_day_figure group by 2, 3, 4, 5, 6, 7
         on conflict (bank_id, branch_id, scenario, day, channel, currency)
         do update set paid_count = excluded.paid_count, paid_minor = excluded.paid_minor""",
    """insert into tenants_tenant_count as s (id, bank_id, branch_id, scenario, status, n)
       select new_id(), bank_id, branch_id, coalesce(scenarios[1], ''), status, count(*) from tenants_tenant
        group by 2, 3, 4, 5 on conflict (bank_id, branch_id, scenario, status) do update set n = excluded.n""",
    """insert into tenants_search (bank_id, tenant_id, suffix)
       select t.bank_id, t.id, s from tenants_tenant t, lateral suffixes(search_words(t)) s
        where t.slug like 'fill-%' on conflict do nothing""",
    "vacuum analyze tenants_search, tenants_tenant, tenants_account, billing_bill, billing_day_figure,"
    " billing_branch_figure",
)
_PLANS = {
    "search": "explain select id from tenants_tenant t where t.bank_id = '{bank}' and t.name ilike '%Bench 1%'"
    " and t.id in (select s.tenant_id from tenants_search s where s.bank_id = '{bank}' and s.suffix >= 'bench 1'"
    " and s.suffix < 'bench 1' || chr(1114111))",
    "payer": "explain select id from billing_bill where tenant_id = '{tenant}' and account_id = '{account}'"
    " and status in ('issued', 'part_paid')",
    "board": "explain select sum(paid_minor) from billing_branch_figure where bank_id = '{bank}'"
    " and branch_id = '{branch}' and day > bank_day_of('{bank}') - 30",
}
CONTROL = "control"
"""A page of the same bank that reads of no institution: what happens to it is the machine, not the tables."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds: the median, and the upper end of the quickest quarter."""

    median: float
    quick: float


Try = Callable[[], Awaitable[None]]


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return the worst ratio of many to few, and each page's medians in milliseconds."""
    async with scratch() as settings:
        logs.configure(settings)
        bank, of = await the_bank(), await tenant(1)
        app = web.create(settings, has_lifespan=False)
        tries = await _tries(app, bank, of)
        await _fill(settings, of, options["few"], options["accounts"])
        few = await _timed(tries, options["rounds"])
        filled = time.perf_counter()
        await _fill(settings, of, options["tenants"], options["accounts"])
        seconds = time.perf_counter() - filled
        many = await _timed(tries, options["rounds"])
        plans, size = await _plans(settings, bank, of), await _size(settings)
    load = many[CONTROL].quick / few[CONTROL].quick
    ratios = {name: round(many[name].quick / few[name].quick / load, 2) for name in few if name != CONTROL}
    return {
        "figure": max(ratios.values()),
        "unit": "many / few",
        "aim": f"figure <= {AIM}",
        "is_met": max(ratios.values()) <= AIM,
        "ratios": ratios,
        "load": round(load, 2),
        "few_ms": {name: each.median for name, each in few.items()},
        "many_ms": {name: each.median for name, each in many.items()},
        "few_quick_ms": {name: each.quick for name, each in few.items()},
        "many_quick_ms": {name: each.quick for name, each in many.items()},
        "fill_seconds": round(seconds, 1),
        "database_mb": size,
        "plans": plans,
        **options,
    }


async def _tries(app: Starlette, bank: Bank, of: Tenant) -> dict[str, Try]:
    account = await _account(of)
    staff, clerk, payer = await _employee(of), await _clerk(bank), await _payer(of, account)
    for _ in range(OWED):
        await _bill(of, account)
    return {
        "dashboard": await _page(app, staff, f"/t/{of.slug}"),
        "payer": await _page(app, payer, "/my"),
        "board": await _page(app, clerk, f"/bank/{bank.slug}/board"),
        "console": await _page(app, clerk, f"/bank/{bank.slug}"),
        "list": await _page(app, clerk, f"/bank/{bank.slug}/tenants"),
        "newest": await _page(app, clerk, f"/bank/{bank.slug}/tenants?sort=-live_at&page=3"),
        "search": await _page(app, clerk, f"/bank/{bank.slug}/tenants?q=Bench+1"),
        CONTROL: await _page(app, clerk, f"/bank/{bank.slug}/channels"),
        "payment": await _payment(await tenant(2)),
    }


async def _bill(at: Tenant, account: UUID) -> UUID:
    due_on = today(at.timezone) + timedelta(days=14)
    async with open_scope(tenant_scope(at.id)):
        made = await issue(
            manager(at),
            account_id=account,
            charges=[Charge(_AMOUNT, "x")],
            due_on=due_on,
            key=new_id().hex,
        )
    found: UUID = made.id
    return found


async def _payment(at: Tenant) -> Try:
    """Return a try that issues a bill and takes the money for it at the desk."""
    account = await _account(at)
    async with open_scope(tenant_scope(at.id)):
        await settle_tenant(manager(at), at, Settlement("HARBSGSG", at.name, "77001122", "SGD"))

    async def pay() -> None:
        bill = await _bill(at, account)
        await take_payment(manager(at), bills=[(bill, _AMOUNT)], method="cash", key=new_id().hex)

    return pay


async def _page(app: Starlette, person: UUID, path: str) -> Try:
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "en"}
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://bench.test", headers=headers
    )
    async with open_scope(person_scope(person)):
        signed = sessions.SignedIn(person_id=person, method="bank", level=3, auth_time=datetime.now(UTC))
        client.cookies.set(sessions.COOKIE, await sessions.start(signed), domain="bench.test")

    async def get() -> None:
        answer = await client.get(path)
        if answer.status_code != 200:  # noqa: PLR2004 - a page
            raise RuntimeError(f"{path} answered {answer.status_code}")

    return get


async def _account(of: Tenant) -> UUID:
    async with open_scope(tenant_scope(of.id)):
        made = await Account.create(
            tenant_id=of.id, scenario="community", kind="unit", number="A1", name="A1", attributes={}
        )
    found: UUID = made.id
    return found


async def _person() -> UUID:
    person = new_id()
    async with open_scope(person_scope(person)):
        await Person.create(id=person, name="Bench")
    return person


async def _employee(of: Tenant) -> UUID:
    who = await _person()
    async with open_scope(tenant_scope(of.id)):
        role = await Role.create(tenant_id=of.id, key="all", name="All", permissions=list(TENANT_PERMISSIONS))
        await Membership.create(
            tenant_id=of.id, person_id=who, role_id=role.id, name="B", email="b@example.com"
        )
    return who


async def _clerk(bank: Bank) -> UUID:
    who = await _person()
    async with open_scope(bank_scope(bank.id)):
        await BankMembership.create(
            id=new_id(), bank_id=bank.id, person_id=who, role="auditor", name="B", email="b@example.com"
        )
    return who


async def _payer(of: Tenant, account: UUID) -> UUID:
    who = await _person()
    async with open_scope(tenant_scope(of.id)):
        await Holder.create(
            tenant_id=of.id,
            account_id=account,
            person_id=who,
            relation="owner",
            name="B",
            confirmed_at=datetime.now(UTC),
        )
    return who


async def _timed(tries: Mapping[str, Try], rounds: int) -> dict[str, Taken]:
    """Return what each try took; every other round goes the other way, and the first is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in tries}
    for number in range(rounds + 1):
        for name in list(tries)[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            await tries[name]()
            if number:
                taken[name].append((time.perf_counter() - began) * 1000)
    return {
        name: Taken(round(median(each), 2), round(quantiles(each, n=4)[0], 2)) for name, each in taken.items()
    }


async def _connect(settings: Settings) -> asyncpg.Connection:
    given = credentials(settings.database_superuser_url.get_secret_value()) | {"database": "cloud"}
    return await asyncpg.connect(**given)


async def _fill(settings: Settings, of: Tenant, wanted: int, accounts: int) -> None:
    connection = await _connect(settings)
    try:
        await connection.execute("set session_replication_role = replica")
        there = await connection.fetchval("select count(*) from tenants_tenant")
        await connection.execute(_FILL[0], of.bank_id, of.branch_id, there, wanted)
        for sql in _ROWS:
            await (connection.execute(sql, accounts) if "$1" in sql else connection.execute(sql))
    finally:
        await connection.close()


async def _size(settings: Settings) -> int:
    """Return the database's size in megabytes."""
    connection = await _connect(settings)
    try:
        return int(await connection.fetchval("select pg_database_size(current_database()) / 1000000"))
    finally:
        await connection.close()


async def _plans(settings: Settings, bank: Bank, of: Tenant) -> dict[str, list[str]]:
    connection = await _connect(settings)
    try:
        account = await connection.fetchval(
            "select id from tenants_account where tenant_id = $1 limit 1", of.id
        )
        given = {"bank": bank.id, "tenant": of.id, "branch": of.branch_id, "account": account}
        return {
            name: await _plan(connection, name, sql.format(**given), given) for name, sql in _PLANS.items()
        }
    finally:
        await connection.close()


async def _plan(connection: asyncpg.Connection, name: str, sql: str, given: Mapping[str, Any]) -> list[str]:
    """Return how PostgreSQL reads it as the application's role under its walls, which decide what an index is for."""
    kind, place = ("tenant", given["tenant"]) if name == "payer" else ("bank", given["bank"])
    async with connection.transaction():
        await connection.execute("set local role cloud_app")
        await connection.execute("select scope_set($1, $2)", kind, str(place))
        return [row[0] for row in await connection.fetch(sql)]
