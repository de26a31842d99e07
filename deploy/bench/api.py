"""The open API as apps use it, nine reads to one write, beside bare asyncpg answering the same in one statement each.

One process does the work, as one web process would, the application being called as a server would call it; the
database has the other core. Each call shows the token of one of many installations, so that none is throttled.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from billing.models import Bill, BillLine, FeeItem
from deploy import app as product
from deploy import logs, services
from deploy.bench.apps import listed
from deploy.bench.calling import call
from deploy.bench.scratch import scratch, tenant
from deploy.bench.turns import Turns, alternate
from deploy.database import connected, credentials
from deploy.errors import OperatorError
from deploy.open_resources import BILLS
from deploy.settings import Settings
from integrations.apps.api import entry
from integrations.apps.api.facts import ACCOUNTS
from integrations.apps.clients import granted
from integrations.apps.models import App
from integrations.apps.resources import Query
from integrations.apps.tenant_models import Installation
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope

DEFAULTS: Mapping[str, int] = {
    "requests": 4000,
    "at_once": 16,
    "rounds": 3,
    "accounts": 200,
    "installations": 40,
}
AIM = 2315
SCOPES = ["openid", "tenant", "bills", "accounts", "documents", "offline_access"]
CLAIMS = ["tenant", "tenant_name", "tenant_scenarios"]
PDF = b"%PDF-1.4\n" + b"%" * 2000 + b"\n%%EOF\n"
EDGE = "bench"
_TENANT = "select id, short_name, scenarios from tenants_tenant where id = $1"
_DOCUMENT = """
insert into integrations_app_document (tenant_id, id, installation_id, vendor_id, subject_kind, subject_id, kind,
  number, title, filename, content_type, size, sha256, storage_key)
values ($1, new_id(), $2, $3, 'bill', $4, 'invoice', $5, 'Invoice', 'invoice.pdf', 'application/pdf', 1, '', $5)
returning id
"""


@dataclass(frozen=True)
class World:
    """An institution with bills, and the apps that are installed there with their tokens."""

    tenant: Tenant
    bills: Sequence[Bill]
    accounts: Sequence[Account]
    installations: Sequence[Installation]
    tokens: Sequence[str]


@dataclass(frozen=True)
class Call:
    """One request of the mix; ``body`` makes it a write."""

    path: str
    body: bytes = b""
    lane: int = 0


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Return requests a second, with bare asyncpg's as the floor."""
    async with scratch() as settings:
        services.start_redis(settings.data_dir)  # calls are counted there
        try:
            found = await _turns(settings, await _world(await tenant(1), options), options)
        finally:
            services.stop_redis(settings.data_dir)
    return found.figures(AIM, options)


async def _turns(settings: Settings, world: World, options: Mapping[str, int]) -> Turns:
    logs.configure(settings)
    ours = product.create(settings, scenarios=[], has_lifespan=False)
    where = credentials(settings.database_superuser_url.get_secret_value()) | {"database": "cloud"}

    async def works(turn: str, count: int) -> Sequence[Call]:
        return _mix(world, count, turn)

    async with (
        asyncpg.create_pool(**where, min_size=4, max_size=options["at_once"]) as pool,
        connected(settings.database_url.get_secret_value(), pool=options["at_once"]),
    ):
        return await alternate(_asking(ours, world), _asking(_bare(pool, world), world), works, options)


def _mix(world: World, count: int, stretch: str) -> list[Call]:
    """Return the calls of a stretch: of ten, four lists and five single things are read, and one paper is added."""
    return [_call(world, n, stretch) for n in range(count)]


def _call(world: World, n: int, stretch: str) -> Call:
    bill, account = world.bills[n % len(world.bills)], world.accounts[n % len(world.accounts)]
    lane = n % len(world.tokens)
    paths = (
        "bills?limit=20", f"bills/{bill.id}", "accounts?limit=20", f"accounts/{account.id}", "tenant",
        f"bills?number={bill.number}", f"bills/{bill.id}", f"accounts?number={account.number}",
        f"accounts/{account.id}",
    )  # fmt: skip
    if n % 10 < len(paths):
        return Call(f"/api/v1/{paths[n % 10]}", lane=lane)
    return Call(f"/api/v1/bills/{bill.id}/documents", _paper(f"{stretch}-{n}"), lane)


def _paper(number: str) -> bytes:
    fields = {"kind": "invoice", "number": number, "title": "Invoice"}
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()
    ]
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="invoice.pdf"\r\n'
    kind = "Content-Type: application/pdf\r\n\r\n"
    return "".join([*parts, head, kind]).encode() + PDF + f"\r\n--{EDGE}--\r\n".encode()


def _asking(app: ASGIApp, world: World) -> Callable[[Call], Awaitable[None]]:
    headers = [{"authorization": f"Bearer {token}", "accept": "application/json"} for token in world.tokens]
    form = {"content-type": f"multipart/form-data; boundary={EDGE}"}

    async def ask(wanted: Call) -> None:
        path, _, query = wanted.path.partition("?")
        method, told = ("POST", form) if wanted.body else ("GET", {})
        status, body = await call(
            app, method, path, query, body=wanted.body, headers=headers[wanted.lane] | told
        )
        if status not in {200, 201}:
            raise OperatorError(f"What is measured answered {status}: {body[:200]!r}.")

    return ask


# ---- the floor


def _narrowed(query: Query, limit: int, number: str) -> str:
    """Return what the API asks for such a list."""
    condition = f" and {query.columns['number']} = $2" if number else ""
    return f"{query.text}{condition} order by {query.key} limit {limit}"


def _bare(pool: Any, world: World) -> Starlette:
    """Return the bare application: the same statements, without walls, tokens, consent or a trail."""
    of = world.tenant.id

    def said(rows: Sequence[Any]) -> Response:
        return Response(
            orjson.dumps([orjson.loads(row["facts"]) for row in rows]), media_type="application/json"
        )

    async def bills(request: Request) -> Response:
        given = request.query_params
        limit, number = int(given.get("limit", 50)) + 1, given.get("number", "")
        return said(await pool.fetch(_narrowed(BILLS, limit, number), of, *([number] if number else ())))

    async def bill(request: Request) -> Response:
        return said(await pool.fetch(f"{BILLS.text} and b.id = $2", of, request.path_params["id"]))

    async def accounts(request: Request) -> Response:
        given = request.query_params
        limit, number = int(given.get("limit", 50)) + 1, given.get("number", "")
        return said(await pool.fetch(_narrowed(ACCOUNTS, limit, number), of, *([number] if number else ())))

    async def account(request: Request) -> Response:
        return said(await pool.fetch(f"{ACCOUNTS.text} and id = $2", of, request.path_params["id"]))

    async def institution(request: Request) -> Response:
        del request
        found = await pool.fetchrow(_TENANT, of)
        return Response(orjson.dumps({k: str(v) for k, v in found.items()}), media_type="application/json")

    async def paper(request: Request) -> Response:
        form = await request.form()
        given = (of, world.installations[0].id, world.installations[0].vendor_id, request.path_params["id"])
        return Response(str(await pool.fetchval(_DOCUMENT, *given, f"bare {form['number']}")), 201)

    root = "/api/v1"
    return Starlette(
        routes=[
            Route(f"{root}/bills", bills),
            Route(f"{root}/bills/{{id:uuid}}", bill),
            Route(f"{root}/accounts", accounts),
            Route(f"{root}/accounts/{{id:uuid}}", account),
            Route(f"{root}/tenant", institution),
            Route(f"{root}/bills/{{id:uuid}}/documents", paper, methods=["POST"]),
        ]
    )


# ---- what is measured on


async def _world(at: Tenant, options: Mapping[str, int]) -> World:
    apps = await listed(at, options["installations"], SCOPES)
    async with open_scope(tenant_scope(at.id)):
        accounts, bills = await _charged(at, options["accounts"])
        installations = [await _installed(at, app) for app in apps]
    tokens = []
    for app in apps:
        found = await granted(app.client_id, at.id)
        assert found is not None  # noqa: S101 - installed a moment ago
        tokens.append(entry.issue(found))
    return World(at, bills, accounts, installations, tokens)


async def _charged(at: Tenant, count: int) -> tuple[list[Account], list[Bill]]:
    """Make accounts with five bills of two lines each."""
    item = await FeeItem.filter(tenant_id=at.id).first()
    assert item is not None  # noqa: S101 - every institution begins with fees
    common = {
        "tenant_id": at.id,
        "scenario": "community",
        "kind": "unit",
        "place": "1 Market St",
        "attributes": {},
    }
    accounts = [
        Account(id=new_id(), number=f"#{n:04d}", name=f"Holder {n}", sort_key=f"{n:04d}", **common)
        for n in range(count)
    ]
    await Account.bulk_create(accounts)
    bills = [_bill(account, n, month) for n, account in enumerate(accounts) for month in range(1, 6)]
    await Bill.bulk_create(bills)
    await BillLine.bulk_create([_line(bill, item, position) for bill in bills for position in range(2)])
    return accounts, bills


def _bill(account: Account, n: int, month: int) -> Bill:
    return Bill(
        id=new_id(), tenant_id=account.tenant_id, account_id=account.id, scenario="community",
        number=f"2026{month:02d}-{n:06d}", period=date(2026, month, 1), due_on=date(2026, month, 15), currency="SGD",
        total_minor=6350, status="issued", account_number=account.number, account_name=account.name,
        place=account.place,         issued_at=datetime.now(UTC),
    )  # fmt: skip


def _line(bill: Bill, item: FeeItem, position: int) -> BillLine:
    return BillLine(
        tenant_id=bill.tenant_id, bill_id=bill.id, account_id=bill.account_id, fee_item_id=item.id, period=bill.period,
        currency="SGD", amount_minor=3175, names={"en": "Charge", "zh_CN": "收费"}, inputs={}, position=position,
        is_periodic=False,
    )  # fmt: skip


async def _installed(at: Tenant, app: App) -> Installation:
    return await Installation.create(
        id=new_id(), tenant_id=at.id, vendor_id=app.vendor_id, app_id=app.id, version_id=app.listed_version_id,
        scopes=SCOPES, claims=CLAIMS, roles=["administrator"], installed_by_name="Bench",
    )  # fmt: skip
