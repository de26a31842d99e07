"""Pages and a payment with very many institutions against the same with a hundred, in two databases of one server.

They take turns: some rounds in the one, some in the other, so that whatever else the machine does meets both. Beside
the median stands what the quickest quarter of the rounds took, which other work disturbs least: the ratios are of that.
A page that reads nothing of any institution is timed as well, and shows what is left of the machine in them.

What is measured is one institution, its payer, its bank's board and the search for it; payments are taken by another
one, so that what the pages read of their own stays the same. The rest are made as ``institutions`` says. Some is tried
at an institution that is itself large: it must not seem to be as small as the others are.
"""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
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
from deploy.bench.institutions import Patterns, billed, check, fill, patterns
from deploy.bench.scratch import filling, made, superuser, tenant
from deploy.bench.who import manager
from deploy.database import connected
from deploy.seed.bank import the_bank
from deploy.settings import Settings
from tenants import sessions
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Bank, BankMembership, Holder, Membership, Person, Role, Tenant
from tenants.permissions import TENANT_PERMISSIONS
from tenants.provisioning import Settlement
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {"tenants": 160_000, "accounts": 100, "few": 100, "large": 20_000, "rounds": 30}
AIM = 1.2
OWED, _AMOUNT = 3, 5000
"""How many bills the payer owes, and what each comes to."""
_PLANS = {
    "search": "explain select id from tenants_tenant t where t.bank_id = '{bank}' and t.name ilike '%Bench 1%'"
    " and t.id in (select s.tenant_id from tenants_search s where s.bank_id = '{bank}' and s.suffix >= 'bench 1'"
    " and s.suffix < 'bench 1' || chr(1114111))",
    "payer": "explain select id from billing_bill where tenant_id = '{tenant}' and account_id = '{account}'"
    " and status in ('issued', 'part_paid')",
    "board": "explain select sum(paid_minor) from billing_branch_figure where bank_id = '{bank}'"
    " and branch_id = '{branch}' and day > bank_day_of('{bank}') - 30",
}
_SOME = """
(select id from tenants_tenant where slug like 'fill-%' order by id limit $1)
union (select id from tenants_tenant where slug like 'fill-%' order by id desc limit $1)
"""
_FEW, _MANY = "few", "many"
STRETCH = 5
"""Rounds of one place before it is the other's turn."""
CONTROL = "control"
"""A page of the same bank that reads of no institution: what happens to it is the machine, not the tables."""


Try = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Place:
    """One of the databases: what is tried there, and the milliseconds that each try took."""

    settings: Settings
    bank: Bank
    of: Tenant
    tries: Mapping[str, Try]
    taken: dict[str, list[float]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The application's address of it."""
        return self.settings.database_url.get_secret_value()

    def medians(self) -> dict[str, float]:
        """Return what each try took in the middle."""
        return {name: round(median(each), 2) for name, each in self.taken.items()}

    def quick(self) -> dict[str, float]:
        """Return the upper end of each try's quickest quarter."""
        return {name: round(sorted(each)[len(each) // 4], 2) for name, each in self.taken.items()}


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return the worst ratio of many to few, and each page's medians in milliseconds."""
    async with made(_FEW) as few:
        logs.configure(few)
        async with connected(few.database_url.get_secret_value()):
            like = await patterns(few, options["accounts"])
        async with made(_MANY, like=_FEW) as many:
            with filling():
                await fill(few, like, options["few"])
                filled = await fill(many, like, options["tenants"])
            app = web.create(few, has_lifespan=False)
            places = [await _place(app, settings, options["large"]) for settings in (few, many)]
            checked = await _checked(places[1], like)
            await _in_turns(places, options["rounds"])
            plans = await _plans(places[1])
    return _figures(*places) | {"checked": checked, "filled": filled, "plans": plans, **options}


def _figures(few: Place, many: Place) -> dict[str, Any]:
    ratios = {name: round(many.quick()[name] / each, 2) for name, each in few.quick().items()}
    load = ratios.pop(CONTROL)
    worst = max(ratios.values())
    return {
        "figure": worst,
        "unit": "many / few",
        "aim": f"figure <= {AIM}",
        "is_met": worst <= AIM,
        "ratios": ratios,
        "control": load,
        "few_ms": few.medians(),
        "many_ms": many.medians(),
        "few_quick_ms": few.quick(),
        "many_quick_ms": many.quick(),
    }


async def _place(app: Starlette, settings: Settings, large: int) -> Place:
    async with connected(settings.database_url.get_secret_value()):
        bank, of = await the_bank(), await tenant(1)
        tries = await _tries(app, bank, of) | await _large(app, await billed(settings, 3, large))
        return Place(settings, bank, of, tries)


async def _checked(place: Place, like: Patterns) -> Mapping[str, Any]:
    """Have the product look at some of the copies: of each pattern, from the beginning and the end."""
    async with superuser(place.settings) as connection:
        found = await connection.fetch(_SOME, len(like.ids))
    async with connected(place.url):
        return await check(place.bank.id, [row["id"] for row in found])


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
        "payment": await _payment(await _settled(2)),
    }


async def _large(app: Starlette, of: Tenant) -> dict[str, Try]:
    account = await _account(of)
    staff, payer = await _employee(of), await _payer(of, account)
    for _ in range(OWED):
        await _bill(of, account)
    return {
        "large_dashboard": await _page(app, staff, f"/t/{of.slug}"),
        "large_bills": await _page(app, staff, f"/t/{of.slug}/bills"),
        "large_payer": await _page(app, payer, "/my"),
        "large_kept": await _page(app, payer, "/my/privacy/data"),
        "large_payment": await _payment(of),
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
    account = await _account(at, "A2")

    async def pay() -> None:
        bill = await _bill(at, account)
        await take_payment(manager(at), bills=[(bill, _AMOUNT)], method="cash", key=new_id().hex)

    return pay


async def _settled(number: int) -> Tenant:
    of = await tenant(number)
    async with open_scope(tenant_scope(of.id)):
        await settle_tenant(manager(of), of, Settlement("HARBSGSG", of.name, "77001122", "SGD"))
    return of


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


async def _account(of: Tenant, number: str = "A1") -> UUID:
    async with open_scope(tenant_scope(of.id)):
        made = await Account.create(
            tenant_id=of.id, scenario="community", kind="unit", number=number, name=number, attributes={}
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


async def _in_turns(places: Sequence[Place], rounds: int) -> None:
    """Time every try in each place, ``STRETCH`` rounds at a time."""
    for begun in range(0, rounds, STRETCH):
        for place in places:
            async with connected(place.url):
                await _timed(place, min(STRETCH, rounds - begun))


async def _timed(place: Place, rounds: int) -> None:
    """Time every try; every other round goes the other way, and the first, which plans everything, is not counted."""
    for number in range(rounds + 1):
        for name in list(place.tries)[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            await place.tries[name]()
            if number:
                place.taken.setdefault(name, []).append((time.perf_counter() - began) * 1000)


async def _plans(place: Place) -> dict[str, list[str]]:
    async with superuser(place.settings) as connection:
        account = await connection.fetchval(
            "select id from tenants_account where tenant_id = $1 limit 1", place.of.id
        )
        given = {
            "bank": place.bank.id,
            "tenant": place.of.id,
            "branch": place.of.branch_id,
            "account": account,
        }
        return {
            name: await _plan(connection, name, sql.format(**given), given) for name, sql in _PLANS.items()
        }


async def _plan(connection: asyncpg.Connection, name: str, sql: str, given: Mapping[str, Any]) -> list[str]:
    """Return how PostgreSQL reads it as the application's role under its walls, which decide what an index is for."""
    kind, place = ("tenant", given["tenant"]) if name == "payer" else ("bank", given["bank"])
    async with connection.transaction():
        await connection.execute("set local role cloud_app")
        await connection.execute("select scope_set($1, $2)", kind, str(place))
        return [row[0] for row in await connection.fetch(sql)]
